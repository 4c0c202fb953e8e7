//! `tls_client_auth`, RFC 8705 2.1: checks that the certificate of the connection has the client's
//! name. The handshake has shown that the certificate's authority is trusted, and that the caller
//! has the certificate's key.

use std::net::IpAddr;

use dropshot_chassis::identity::Source;
use jiff::Timestamp;

use super::{Authenticator, Named};
use crate::directory::Authenticated;
use crate::token::{AuthMethod, CertificateCredential, Reason};

impl Authenticator {
    /// Checks the certificate. A certificate can't be guessed, so a right one is accepted at any
    /// time. A caller could guess which client ids exist, so failures are counted like those of
    /// secrets.
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
