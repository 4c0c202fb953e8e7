//! Decides which client certificates are accepted: those that the authorities vouch for, and that
//! have an allowed name if there are such names.
//!
//! Each handshake proves anew that the caller has the certificate's key. What the authorities say
//! of a certificate is the same for all handshakes within a second, the unit in which certificates
//! and lists count time. So they are asked once a second.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::HandshakeSignatureValid;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, UnixTime};

use crate::identity::{CertificateName, ClientCertificate};

/// How many chains are remembered at a time. D1 has few. A caller with thousands of good chains
/// must not take up memory with them.
const REMEMBERED: usize = 16;

/// Accepts certificates that are good and have one of the names, if there are any.
#[derive(Debug)]
pub(super) struct CallerVerifier {
    authorities: Arc<dyn ClientCertVerifier>,
    names: Vec<CertificateName>,
    taken: Mutex<Taken>,
}

/// The chains that were accepted within one second.
#[derive(Debug, Default)]
struct Taken {
    second: u64,
    chains: Vec<Vec<CertificateDer<'static>>>,
}

impl CallerVerifier {
    pub(super) fn new(
        authorities: Arc<dyn ClientCertVerifier>,
        names: Vec<CertificateName>,
    ) -> Self {
        Self {
            authorities,
            names,
            taken: Mutex::default(),
        }
    }

    fn check(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = (self.authorities).verify_client_cert(end_entity, intermediates, now)?;
        if self.names.is_empty() {
            return Ok(verified);
        }
        let certificate = ClientCertificate::from_der(end_entity)
            .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
        if self.names.iter().any(|name| certificate.has(name)) {
            Ok(verified)
        } else {
            // The caller gets the alert `access_denied`: its certificate is good, but not allowed
            // here.
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }
}

impl Taken {
    fn has(&self, second: u64, chain: &[&CertificateDer<'_>]) -> bool {
        let same = |taken: &Vec<CertificateDer<'_>>| taken.iter().eq(chain.iter().copied());
        self.second == second && self.chains.iter().any(same)
    }

    fn add(&mut self, second: u64, chain: &[&CertificateDer<'_>]) {
        if self.second != second {
            self.second = second;
            self.chains.clear();
        }
        if self.chains.len() < REMEMBERED && !self.has(second, chain) {
            let chain = chain.iter().map(|it| (*it).clone().into_owned());
            self.chains.push(chain.collect());
        }
    }
}

impl ClientCertVerifier for CallerVerifier {
    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let chain: Vec<_> = [end_entity].into_iter().chain(intermediates).collect();
        let second = now.as_secs();
        let taken = || self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken().has(second, &chain) {
            return Ok(ClientCertVerified::assertion());
        }
        let verified = self.check(end_entity, intermediates, now)?;
        taken().add(second, &chain);
        Ok(verified)
    }

    fn client_auth_mandatory(&self) -> bool {
        self.authorities.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.authorities.root_hint_subjects()
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authorities.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_remembered_byte_by_byte_and_for_a_second() {
        let mut taken = Taken::default();
        let all = [&[1, 1][..], &[1, 2], &[1, 1, 0], &[7]].map(CertificateDer::from);
        let [one, other, longer, issuer] = &all;
        taken.add(5, &[one]);
        assert!(taken.has(5, &[one]));
        for chain in [&[other][..], &[longer], &[one, issuer], &[issuer, one], &[]] {
            assert!(!taken.has(5, chain), "{chain:?}");
        }
        assert!(!taken.has(4, &[one]) && !taken.has(6, &[one]));
        taken.add(6, &[one, issuer]);
        assert!(taken.has(6, &[one, issuer]) && !taken.has(6, &[one]));
        assert!(!taken.has(5, &[one]));
    }

    #[test]
    fn no_more_are_remembered_than_there_is_room_for() {
        let mut taken = Taken::default();
        for number in 0..=u8::MAX {
            let certificate = CertificateDer::from(vec![number]);
            taken.add(5, &[&certificate]);
            taken.add(5, &[&certificate]);
        }
        assert_eq!(taken.chains.len(), REMEMBERED);
        assert!(taken.has(5, &[&CertificateDer::from(vec![0])]));
    }
}
