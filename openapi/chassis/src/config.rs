//! The reader of configurations, and the sections that every service has.
//!
//! A configuration is a TOML file, and environment variables that override it. [`Reader`] reads it
//! key by key and collects all mistakes, each with its place. [`StandardConfig`] has all sections
//! that the chassis reads. A service adds its own sections.

mod environment;
mod error;
mod gateway;
mod limits;
mod lines;
mod listen;
mod log;
mod period;
mod program;
mod reader;
mod requests;
mod size;
mod standard;
mod tls;

pub use error::{ConfigError, ConfigErrors};
pub use gateway::{AddressHeader, CertificateHeader, GatewayConfig, GatewaySecret};
pub use limits::{ConnectionLimits, LimitsConfig};
pub use listen::ListenConfig;
pub use log::{LogConfig, LogFormat, LogLevel};
pub use period::Period;
pub use program::Program;
pub use reader::{Reader, Setting, flag};
pub use requests::RequestLimits;
pub use size::Size;
pub use standard::StandardConfig;
pub use tls::{ClientCertificates, TlsConfig};
