//! The run time of the code that `dropshot-codegen` generates.
//!
//! Generated code describes an API as static data ([`Operation`]), types ([`Decode`], [`Reply`])
//! and routes ([`Route`]). This crate serves the API with Dropshot.
//!
//! # Features
//!
//! - Routing by the document's templates, with HEAD and 405 by the rules of HTTP (RFC 9110).
//! - Parameters in every style of OpenAPI 3.0, forms, multipart bodies and JSON, each decoded with
//!   the constraints of its schema. A refusal ([`Rejection`]) names the place.
//! - Credentials, read from the request as the document's `security` says ([`Basic`], [`Bearer`],
//!   [`ApiKey`], [`HttpCredentials`]).
//! - A report of each answer, for metrics and logs ([`Answered`]). A handler's panic becomes a 500,
//!   with its message for the log.
//! - Limits on the head's size, and on the body's size, nesting and time ([`Options`]).
//! - With the Cargo feature `testing`, a module of that name for a service's own tests. They check
//!   that each operation is reached, and that the document round-trips through Dropshot.
//!
//! # Non-features
//!
//! - Checks of credentials: a handler makes them.
//! - XML: a handler gets the text.
//! - Checks of responses against their schemas while the service runs. Their types can only say
//!   what the document declares.
//!
//! # How a request is served
//!
//! | Step of a request | Module |
//! |---|---|
//! | choose the operation | `route`, `template`; registered by `mount`, `endpoint`; asked by `service` |
//! | check its head | `head` |
//! | read the request | `receive`, `media`, `multipart` |
//! | turn parameters, body and credentials into [`Node`]s | `received`, `parameters`, `style`, `pairs`, `percent`, `form`, `security` |
//! | turn nodes into values, by the schema's rules | `decode`, `types`, `object`, `text`, `number`, `count`, `format`, `union`, `schema` |
//! | answer a refusal | [`Invalid`], [`Rejection`] |
//! | write the handler's reply | [`reply`], [`Failure`] |
//!
//! # Example
//!
//! Generated code does this for each operation of the document:
//!
//! ```
//! use dropshot_contract::{
//!     BoxFuture, Decode, Location, Operation, Options, Received, Rejection, RequestContext,
//!     Response, Route, mount, reply,
//! };
//!
//! static GREET: Operation = Operation::get("greet", "/greet/{name}");
//!
//! fn greet(rqctx: RequestContext<()>, mut request: Box<Received>) -> BoxFuture<Response> {
//!     Box::pin(async move {
//!         match request.required(Location::Path, "name", String::decode) {
//!             Ok(name) => reply::text(200, "text/plain", format!("Hello, {name}!")),
//!             Err(rejection) => rejection.into_response(&rqctx.request_id),
//!         }
//!     })
//! }
//!
//! fn rejected(rqctx: RequestContext<()>, rejection: Rejection) -> BoxFuture<Response> {
//!     Box::pin(async move { rejection.into_response(&rqctx.request_id) })
//! }
//!
//! let routes = vec![Route { operation: &GREET, call: greet }];
//! let api = mount(routes, "/v1", Options::default(), rejected)?;
//! # let _: dropshot_contract::dropshot::ApiDescription<()> = api;
//! # Ok::<(), dropshot_contract::MountError>(())
//! ```
//!
//! A schema's rules are `const` values. Decoding applies them:
//!
//! ```
//! use dropshot_contract::{Integer, Node};
//!
//! static AGE: Integer = Integer::new().min(0).max(150);
//!
//! assert_eq!(Node::Integer(42).integer::<u8>(&AGE).ok(), Some(42));
//! let refused = Node::Integer(151).integer::<u8>(&AGE).unwrap_err();
//! assert_eq!(refused.to_string(), "must be at most 150");
//! ```

mod answered;
mod base64;
mod binary;
mod composed;
mod context;
mod count;
mod decode;
mod endpoint;
mod failure;
mod form;
mod format;
mod head;
mod invalid;
mod macros;
mod media;
mod mount;
mod multipart;
mod node;
mod number;
mod object;
mod operation;
mod options;
mod pairs;
mod parameters;
mod percent;
mod receive;
mod received;
mod rejection;
pub mod reply;
pub mod route;
mod schema;
mod security;
mod service;
mod style;
mod template;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
mod types;
mod unbroken;
mod union;

pub use bytes::{self, Bytes};
pub use chrono;
pub use dropshot;
pub use http::{self, StatusCode};
pub use serde;
pub use serde_json;
pub use uuid;

pub use chrono::NaiveDate as Date;
pub use serde_json::Value;
pub use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
pub use uuid::Uuid;

pub use crate::answered::Answered;
pub use crate::base64::Base64;
pub use crate::binary::Binary;
pub use crate::composed::serialize_merged;
pub use crate::context::{Admitted, RequestContext};
pub use crate::count::{Items, Properties};
pub use crate::decode::Decode;
pub use crate::failure::Failure;
pub use crate::format::Format;
pub use crate::invalid::{Invalid, Reason};
pub use crate::mount::{MountError, mount};
pub use crate::node::{MAX_DEPTH, Members, Node};
pub use crate::number::{Float, Integer, Number};
pub use crate::object::Object;
pub use crate::operation::{
    Declared, DeclaredHeader, Field, Location, Media, MediaKind, Operation, Parameter, RequestBody,
    Shape, Status, Style,
};
pub use crate::options::{Admit, FullPath, Observe, Options, Rejected, Route};
pub use crate::received::Received;
pub use crate::rejection::Rejection;
pub use crate::reply::{Payload, Reply, respond};
pub use crate::schema::{Schema, Schemas};
pub use crate::security::{ApiKey, Authorization, Basic, Bearer, HttpCredentials};
pub use crate::text::Text;
pub use crate::union::{any_of, any_of_objects, one_of};

/// A `date-time` (RFC 3339).
pub type DateTime = chrono::DateTime<chrono::Utc>;

/// An HTTP response.
pub type Response = http::Response<dropshot::Body>;

/// A future on the heap, which a route's function returns.
pub type BoxFuture<T> = futures_util::future::BoxFuture<'static, T>;
