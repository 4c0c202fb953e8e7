//! `[policy]`: what no client may do, whatever it is set to.

use dropshot_chassis::config::Reader;

use crate::token::CertificateBinding;

/// Rules for all clients: when they are added and changed, and when they ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyConfig {
    /// Whether clients may prove themselves with a secret, by `client_secret_basic`.
    pub client_secret_basic: bool,
    /// Whether a secret may be one that somebody chose.
    pub chosen_secrets: bool,
    /// How many characters such a secret must have.
    pub secret_length: usize,
    /// Which tokens are bound at least, whatever their client is set to.
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

    /// Whether this may be a secret that somebody chose.
    #[must_use]
    pub fn allows_chosen(&self, secret: &str) -> bool {
        self.chosen_secrets && self.is_long_enough(secret)
    }

    /// Whether a secret that somebody chose is long enough.
    #[must_use]
    pub fn is_long_enough(&self, secret: &str) -> bool {
        secret.chars().count() >= self.secret_length
    }
}

fn truth(text: &str) -> Result<bool, &'static str> {
    text.parse()
        .map_err(|_| "must be true or false, without quotes")
}
