//! The reader of configurations, and the sections that every service has.
//!
//! A configuration is a TOML file with the environment above it. [`Reader`] reads it key by key and
//! collects all mistakes, each with its place. A service puts its own sections beside [`ListenConfig`],
//! [`TlsConfig`], [`GatewayConfig`] and [`LimitsConfig`].

mod environment;
mod error;
mod gateway;
mod limits;
mod lines;
mod listen;
mod period;
mod program;
mod reader;
mod size;
mod tls;

pub use error::{ConfigError, ConfigErrors};
pub use gateway::{AddressHeader, CertificateHeader, GatewayConfig, GatewaySecret};
pub use limits::{ConnectionLimits, LimitsConfig};
pub use listen::ListenConfig;
pub use period::Period;
pub use program::Program;
pub use reader::{Reader, Setting, flag};
pub use size::Size;
pub use tls::{ClientCertificates, TlsConfig};
