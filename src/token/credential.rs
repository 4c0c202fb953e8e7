//! The credential with which a request proves which client sent it: RFC 6749 2.3.

mod assertion;
mod basic;

use dropshot_chassis::identity::ClientCertificate;

pub use assertion::{
    AssertionAlgorithm, AssertionError, ClientAssertion, UnknownAssertionAlgorithm,
};
pub use basic::BasicCredential;

use super::ClientId;

/// A credential, read but not believed.
#[derive(Debug, Clone)]
pub enum Credential {
    /// `client_secret_basic`
    Basic(BasicCredential),
    /// `private_key_jwt`
    Assertion(ClientAssertion),
    /// `tls_client_auth`
    Certificate(CertificateCredential),
}

/// A client that a form names, and the certificate of its connection.
#[derive(Debug, Clone)]
pub struct CertificateCredential {
    client_id: Option<Box<str>>,
    certificate: ClientCertificate,
}

/// Why a request holds no readable credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// The request has no credential.
    #[error("no credential")]
    Missing,
    /// The request has more than one `Authorization` header. A proxy and this service might believe
    /// different ones.
    #[error("more than one Authorization header")]
    Repeated,
    /// A header and a form parameter (RFC 6749 2.3: one method in a request).
    #[error("two ways of authenticating at once")]
    TwoMethods,
    /// `Bearer` or the like.
    #[error("the Authorization scheme is not Basic")]
    UnsupportedScheme,
    /// It is longer than any credential that this service could have given out.
    #[error("the credential is too long")]
    TooLong,
    /// It is base64 in neither alphabet.
    #[error("the credential is not base64")]
    NotBase64,
    /// Its bytes are not UTF-8.
    #[error("the credential is not UTF-8")]
    NotUtf8,
    /// It lacks the colon that ends the id.
    #[error("the credential has no colon")]
    NoColon,
    /// It has control characters, which RFC 7617 2 forbids, or a text that can't be a secret.
    #[error("the credential has control characters or an empty secret")]
    BadSecret,
    /// A `client_assertion` without its `client_assertion_type`, or the other way round (RFC 7521
    /// 4.2).
    #[error("client_assertion and client_assertion_type belong together")]
    HalfAnAssertion,
    /// An assertion that proves nothing.
    #[error("{}", .0.description())]
    Assertion(AssertionError),
}

impl Credential {
    /// Reads the value of an `Authorization` header.
    ///
    /// # Errors
    /// [`CredentialError`], see [`BasicCredential::from_basic`].
    pub fn from_basic(value: &[u8]) -> Result<Self, CredentialError> {
        BasicCredential::from_basic(value).map(Self::Basic)
    }

    /// Reads the two parameters of RFC 7521 4.2.
    ///
    /// # Errors
    /// [`CredentialError::HalfAnAssertion`] or [`CredentialError::Assertion`].
    pub fn from_assertion(
        assertion_type: Option<&str>,
        assertion: Option<&str>,
    ) -> Result<Self, CredentialError> {
        let (Some(assertion_type), Some(assertion)) = (assertion_type, assertion) else {
            return Err(CredentialError::HalfAnAssertion);
        };
        if assertion_type != ClientAssertion::TYPE {
            return Err(AssertionError::UnknownType.into());
        }
        Ok(Self::Assertion(ClientAssertion::parse(assertion)?))
    }

    /// The form's `client_id`, which RFC 8705 2 requires, and the connection's certificate.
    #[must_use]
    pub fn from_certificate(client_id: &str, certificate: &ClientCertificate) -> Self {
        Self::Certificate(CertificateCredential {
            client_id: ClientId::is_valid(client_id).then(|| client_id.into()),
            certificate: certificate.clone(),
        })
    }

    /// The client that it names; `None` if no client can have this name.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        match self {
            Self::Basic(basic) => basic.client_id(),
            Self::Assertion(assertion) => assertion.client_id(),
            Self::Certificate(certificate) => certificate.client_id(),
        }
    }
}

impl CertificateCredential {
    /// The client that it names; `None` if no client can have this name.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }

    /// The certificate that proves it.
    #[must_use]
    pub fn certificate(&self) -> &ClientCertificate {
        &self.certificate
    }
}

impl From<AssertionError> for CredentialError {
    fn from(error: AssertionError) -> Self {
        Self::Assertion(error)
    }
}
