//! Checks a client that is added or changed against the configuration's policy.

use crate::config::PolicyConfig;
use crate::store::ClientRecord;
use crate::token::{AuthMethod, CertificateBinding, ClientId, ClientSecret};

/// A client that the policy does not allow.
#[derive(Debug, thiserror::Error)]
pub enum AgainstPolicy {
    /// The client would authenticate with a secret.
    #[error(
        "client {0} may not authenticate with a secret (policy.client_secret_basic is false); give it keys (--jwks) or the name \
         of its certificate (--certificate-name)"
    )]
    Secret(ClientId),
    /// Somebody chose the client's secret.
    #[error(
        "client {0} may not have a chosen secret (policy.chosen_secrets is false); leave the secret out to have one made"
    )]
    ChosenSecret(ClientId),
    /// The secret is too short.
    #[error(
        "the secret has fewer than {0} characters (policy.secret_length); choose a longer one, or leave it out to \
         have one made"
    )]
    ShortSecret(usize),
    /// The client's tokens would not be bound to a certificate.
    #[error(
        "the tokens of client {0} must be bound to its certificate (policy.certificate_binding is {1}); add --bind-certificate {1}"
    )]
    Binding(ClientId, CertificateBinding),
}

/// Checks a secret that somebody chose.
pub(super) fn check_secret(
    policy: &PolicyConfig,
    secret: &ClientSecret,
) -> Result<(), AgainstPolicy> {
    match policy.is_long_enough(secret.expose()) {
        true => Ok(()),
        false => Err(AgainstPolicy::ShortSecret(policy.secret_length)),
    }
}

/// Checks what a change makes new. A setting that the client had before the policy doesn't stop
/// changes of other settings.
pub(super) fn check(
    policy: &PolicyConfig,
    record: &ClientRecord,
    before: Option<&ClientRecord>,
) -> Result<(), AgainstPolicy> {
    let (client, before) = (&record.client, before.map(|before| &before.client));
    let id = || client.id.clone();
    let is_new_method = before.is_none_or(|before| before.auth_method != client.auth_method);
    let by_secret = client.auth_method == AuthMethod::ClientSecretBasic;
    if by_secret && is_new_method && !policy.client_secret_basic {
        return Err(AgainstPolicy::Secret(id()));
    }
    let is_chosen = record.secrets.iter().any(|it| it.hash.is_chosen());
    if by_secret && is_new_method && is_chosen && !policy.chosen_secrets {
        return Err(AgainstPolicy::ChosenSecret(id()));
    }
    let (binding, least) = (client.certificate_binding, policy.certificate_binding);
    let is_new = before.is_none_or(|before| before.certificate_binding != binding);
    if is_new && binding < least {
        return Err(AgainstPolicy::Binding(id(), least));
    }
    Ok(())
}
