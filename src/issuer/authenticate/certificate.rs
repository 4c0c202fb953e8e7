//! `tls_client_auth`, RFC 8705 2.1: whether the certificate of the connection has the client's
//! name. That its authority is trusted, and its key the caller's, the handshake has shown.

use std::net::IpAddr;

use dropshot_chassis::identity::Source;
use jiff::Timestamp;

use super::{Authenticator, Named};
use crate::directory::Authenticated;
use crate::token::{AuthMethod, CertificateCredential, Reason};

impl Authenticator {
    /// A certificate can't be guessed, so a right one is taken at any time; which ids exist could
    /// be, so that failures are counted like those of secrets.
    pub(super) fn check_certificate(
        &self,
        named: Named<'_>,
        credential: &CertificateCredential,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<Authenticated, Reason> {
        let id = credential.client_id();
        let caller = self.caller(named, id, Source::from(address));
        let refused = match named.known() {
            Err(reason) => reason,
            Ok(account) => {
                let name = account.client.certificate_name.as_ref();
                match account.barred(AuthMethod::TlsClientAuth, address, now) {
                    Some(barred) => barred,
                    None if name.is_some_and(|name| credential.certificate().has(name)) => {
                        self.throttle.succeeded(caller, now);
                        return Ok(Authenticated {
                            account: account.clone(),
                            secret: None,
                        });
                    }
                    None => Reason::WrongCertificate,
                }
            }
        };
        Err(self.failed(named, caller, refused, now))
    }
}
