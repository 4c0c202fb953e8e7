//! Decides whether a token request gets a token, and which one, in the order of RFC 6749 4.4.2.

use std::sync::Arc;

use jiff::Timestamp;

use super::lifespan::{Ends, Lifespan};
use super::sign::{Granted, sign};
use super::{IssuedToken, Issuer, Origin, TokenRequest, client};
use crate::keys::{KeyRing, SigningKey};
use crate::token::{
    CertificateBinding, Client, Confirmation, GrantType, Reason, narrowed_audiences,
};

/// Decides about a token request (RFC 6749 4.4.2) with the data in memory. The phases are those of
/// the RFC. The seventh phase, the audit record, is in [`Issuer::issue`].
pub(super) async fn decide(
    issuer: &Issuer,
    request: &TokenRequest<'_>,
    now: Timestamp,
) -> Result<IssuedToken, Reason> {
    // 1. Authenticate the client, and 2. throttle it.
    let account = client::authenticated(issuer, &request.asker, now).await?;
    let view = issuer.directory.view();
    let client = &account.client;

    // 3. The grant: RFC 6749 4.4.2 and 5.2.
    let grant = request.grant_type.ok_or(Reason::GrantMissing)?;
    let grant: GrantType = grant.parse().map_err(|_| Reason::GrantUnknown)?;
    if !client.grants.contains(&grant) {
        return Err(Reason::GrantNotAllowed);
    }

    // 4. The scope, RFC 6749 3.3, and the audience, RFC 8707 2.
    let scope = client.scope.narrowed_to(request.scope)?;
    let audiences = narrowed_audiences(issuer.audiences_of(&account), request.resources)?;

    // 5. The certificate that the token is bound to: RFC 8705 3.
    let confirmation = {
        let binding = client
            .certificate_binding
            .max(issuer.policy.certificate_binding);
        confirmation(binding, request.asker.origin)?
    };

    // 6. Sign: RFC 9068 2.
    let key = signer(issuer, &view.ring, client, now);
    let key = key.ok_or(Reason::NoSigningKey)?;
    let lifetime = client.token_lifetime.unwrap_or(issuer.lifetime);
    let ends = Ends {
        certificate: request
            .asker
            .origin
            .certificate
            .filter(|_| confirmation.is_some()),
        key: view.ring.published_until(key),
    };
    let granted = Granted {
        grant_type: grant,
        scope,
        audiences,
        confirmation,
        lifespan: Lifespan::of(&account, lifetime, ends, now)?,
    };
    sign(&issuer.name, key, client, granted).await
}

/// The key for a client's tokens. If there is no key of a new default algorithm yet, the key of the
/// previous algorithm goes on signing.
fn signer<'a>(
    issuer: &Issuer,
    ring: &'a KeyRing,
    client: &Client,
    now: Timestamp,
) -> Option<&'a Arc<SigningKey>> {
    match client.token_algorithm {
        Some(algorithm) => ring.signer(Some(algorithm), now),
        None => ring
            .signer(Some(issuer.algorithm), now)
            .or_else(|| ring.signer(None, now)),
    }
}

/// The certificate that the token is bound to. `None` if the token is bound to no certificate.
fn confirmation(
    binding: CertificateBinding,
    origin: Origin<'_>,
) -> Result<Option<Confirmation>, Reason> {
    let shown = origin.certificate.map(|certificate| Confirmation {
        thumbprint: certificate.thumbprint(),
    });
    match (binding, shown) {
        (CertificateBinding::Off, _) | (CertificateBinding::WhenPresented, None) => Ok(None),
        (CertificateBinding::Required, None) => Err(Reason::CertificateMissing),
        (_, Some(shown)) => Ok(Some(shown)),
    }
}
