//! `[policy]`: rules for all clients, which take precedence over a client's own settings.

use dropshot_chassis::config::Reader;

use crate::token::CertificateBinding;

/// Rules for all clients. They are checked when a client is added or changed, and at each of its
/// requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyConfig {
    /// Whether clients may authenticate with a secret, by `client_secret_basic`.
    pub client_secret_basic: bool,
    /// Whether an administrator may choose a client's secret, instead of having it generated.
    pub chosen_secrets: bool,
    /// The fewest characters that a chosen secret may have.
    pub secret_length: usize,
    /// Which tokens must be bound to a certificate at least, whatever the client's own setting
    /// says.
    pub certificate_binding: CertificateBinding,
}

impl Default for PolicyConfig {
    fn default() -> Self {
        Self {
            client_secret_basic: true,
            chosen_secrets: true,
            secret_length: 1,
            certificate_binding: CertificateBinding::Off,
        }
    }
}

impl PolicyConfig {
    pub(super) const CERTIFICATE_BINDING: &str = "policy.certificate_binding";

    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let default = Self::default();
        let client_secret_basic = reader.or(
            "policy.client_secret_basic",
            default.client_secret_basic,
            truth,
        );
        let chosen_secrets = reader.or("policy.chosen_secrets", default.chosen_secrets, truth);
        let secret_length =
            reader.or(
                "policy.secret_length",
                default.secret_length,
                |text| match text.parse() {
                    Ok(length @ 1..=512) => Ok(length),
                    _ => Err("must be a number of characters between 1 and 512"),
                },
            );
        let certificate_binding = reader.or(
            Self::CERTIFICATE_BINDING,
            default.certificate_binding,
            str::parse,
        );
        Some(Self {
            client_secret_basic: client_secret_basic?,
            chosen_secrets: chosen_secrets?,
            secret_length: secret_length?,
            certificate_binding: certificate_binding?,
        })
    }

    /// Whether an administrator may choose this secret.
    #[must_use]
    pub fn allows_chosen(&self, secret: &str) -> bool {
        self.chosen_secrets && self.is_long_enough(secret)
    }

    /// Whether a chosen secret is long enough.
    #[must_use]
    pub fn is_long_enough(&self, secret: &str) -> bool {
        secret.chars().count() >= self.secret_length
    }
}

fn truth(text: &str) -> Result<bool, &'static str> {
    text.parse()
        .map_err(|_| "must be true or false, without quotes")
}
