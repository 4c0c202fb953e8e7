//! What identifies a caller: an address, a network, a source, a certificate and its names.
//!
//! This module has types only. [`crate::config`] reads them from a configuration.

mod certificate;
mod distinguished_name;
mod network;
mod source;

pub use certificate::{
    CertificateName, ClientCertificate, InvalidCertificate, InvalidCertificateName, Thumbprint,
};
pub use distinguished_name::{DistinguishedName, InvalidName};
pub use network::{InvalidNetwork, Network};
pub use source::Source;
