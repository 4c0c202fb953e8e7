//! The life of a process: its requests to the system, its start, its drain and its end.

mod chassis;
pub mod confinement;
mod error;
pub mod log;
pub mod process;
mod server;
mod stop;

pub use chassis::{Chassis, Sections};
pub use error::ServeError;
pub use server::{Addresses, Server};
pub use stop::StopSignal;
