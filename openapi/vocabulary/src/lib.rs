//! The words of OpenAPI 3.0 that the generator and the run time share.
//!
//! The generator reads these values from a document and writes them into Rust as
//! `rt::Location::Query`; the run time acts on them. Each has one definition, here, and one
//! text form. The crate has no dependencies, so that a build script and a service can both afford
//! it. What is read, what is enforced and what is emitted is the business of the other crates.
//!
//! ```
//! use dropshot_vocabulary::{Location, Style, pointer};
//!
//! assert_eq!(Location::of_parameter("query"), Some(Location::Query));
//! assert_eq!(Location::Query.styles()[0], Style::Form);
//! assert_eq!(pointer::join("/paths", "/pets"), "/paths/~1pets");
//! ```

mod location;
mod media;
pub mod pointer;
mod status;

pub use location::{Location, Style};
pub use media::MediaKind;
pub use status::Status;
