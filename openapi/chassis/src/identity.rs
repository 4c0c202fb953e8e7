//! What a caller is known by: an address, a network, a source, a certificate and its names.
//!
//! Types alone. [`crate::config`] reads them from a configuration.

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
