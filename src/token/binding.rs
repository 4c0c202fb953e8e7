//! Whether tokens are bound to the certificate of the request for them, RFC 8705 3. A thief without
//! the certificate's key can't use such a token.

use std::fmt;
use std::str::FromStr;

use dropshot_chassis::identity::Thumbprint;
use serde::{Deserialize, Serialize, Serializer};

/// Which of a client's tokens are bound, from the fewest to all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CertificateBinding {
    /// None.
    Off,
    /// Those that were asked for with a certificate.
    WhenPresented,
    /// All. Without a certificate, the client gets no token.
    Required,
}

/// A text that names no binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("tokens are bound to certificates \"off\", \"when-presented\" or \"required\"")]
pub struct UnknownBinding;

/// The `cnf` claim, RFC 8705 3.1: the caller that shows the token must show this certificate too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation<T = Thumbprint> {
    /// Its thumbprint.
    #[serde(rename = "x5t#S256")]
    pub thumbprint: T,
}

impl CertificateBinding {
    const ALL: [Self; 3] = [Self::Off, Self::WhenPresented, Self::Required];

    /// What is written in the store and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::WhenPresented => "when-presented",
            Self::Required => "required",
        }
    }
}

impl FromStr for CertificateBinding {
    type Err = UnknownBinding;

    fn from_str(text: &str) -> Result<Self, UnknownBinding> {
        let mut all = Self::ALL.into_iter();
        all.find(|binding| binding.as_str() == text)
            .ok_or(UnknownBinding)
    }
}

impl fmt::Display for CertificateBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for CertificateBinding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
