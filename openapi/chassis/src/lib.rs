//! What a Dropshot service needs whatever its document says.
//!
//! | Module | Owns |
//! |---|---|
//! | [`life`] | the life of a process: start, drain, end, log, confinement |
//! | `ops` | the operators' listener: health, readiness, metrics, the reference |
//! | [`Admission`] | what is asked of each request: who sent it, and whether there is room |
//! | [`caller`] | who sent a request: by the connection, PROXY, or a gateway's headers |
//! | [`door`] | the listeners: TLS, PROXY, limits of connections |
//! | `guard` | what keeps one source from taking all that there is |
//! | [`config`] | the reader of configurations, and the sections that every service has |
//! | [`identity`] | what a caller is known by: its source, its certificate, their names |
//! | [`private_file`] | files that hold a secret |

mod admission;
pub mod caller;
pub mod config;
pub mod door;
#[doc(hidden)]
pub mod fuzzing;
mod guard;
pub mod identity;
pub mod life;
mod ops;
pub mod private_file;
mod readiness;
mod service;

pub use admission::Admission;
pub use caller::Caller;
pub use life::{Addresses, Chassis, Sections, ServeError, Server, StopSignal};
pub use ops::Page;
pub use readiness::{Problem, Readiness};
pub use service::{Service, ServiceError};
