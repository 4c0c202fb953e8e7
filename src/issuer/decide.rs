//! Decides whether a token request gets a token, and which one, in the order of RFC 6749 4.4.2.

use std::sync::Arc;

use jiff::Timestamp;

use super::lifespan::Lifespan;
use super::{IssuedToken, Issuer, Origin, TokenRequest, client};
use crate::keys::{KeyRing, SignError, SigningKey};
use crate::token::{
    CertificateBinding, Claims, Client, Confirmation, GrantType, Reason, TokenId, UnsignedToken,
    narrowed_audiences,
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
    let certificate = request.asker.origin.certificate;
    let bound_to = certificate.filter(|_| confirmation.is_some());
    let key_ends = view.ring.published_until(key);
    let lifespan = Lifespan::of(&account, lifetime, bound_to, key_ends, now)?;
    let expires_at = Timestamp::from_second(lifespan.expires_at);
    let token_id = TokenId::generate().map_err(|_| Reason::SigningFailed)?;
    let claims = Claims {
        issuer: issuer.name.as_str(),
        subject: &client.id,
        client_id: &client.id,
        audiences: &audiences,
        expires_at: lifespan.expires_at,
        issued_at: lifespan.issued_at,
        token_id: &token_id,
        confirmation: confirmation.as_ref(),
        scope: &scope,
    };
    let token = UnsignedToken::new(key.header(), &claims);
    let signed = key.sign(token).await.map_err(|error| match error {
        SignError::Token(_) => Reason::NoSigningKey,
        SignError::BadKey(_) | SignError::Failed(_) => Reason::SigningFailed,
    });
    Ok(IssuedToken {
        access_token: signed?,
        expires_in: lifespan.expires_in,
        expires_at: expires_at.map_err(|_| Reason::SigningFailed)?,
        expires_in_as: client.expires_in_as,
        client_id: client.id.clone(),
        grant_type: grant,
        audiences,
        token_id,
        key_id: key.shared_id(),
        algorithm: key.algorithm(),
        scope,
    })
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
