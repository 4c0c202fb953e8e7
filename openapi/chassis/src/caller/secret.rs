//! The secret by which a gateway proves itself. It is read from a file, read again when the file
//! changes, and compared in constant time.

use std::fmt;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use http::{HeaderMap, HeaderName};
use slog::{Logger, error, info};
use tokio::time::{MissedTickBehavior, interval};
use zeroize::Zeroizing;

use crate::config::GatewaySecret;
use crate::private_file::read_private;

/// How often the service reads the file.
const EVERY: Duration = Duration::from_secs(1);
/// The size in bytes that the file must stay below.
const FILE_BYTES: usize = 4096;
/// The fewest characters that a secret may have: half of what `openssl rand -hex 16` prints.
const LEAST: usize = 16;

/// The secrets that the gateway may show.
pub(super) struct Secret {
    config: GatewaySecret,
    lines: RwLock<Zeroizing<String>>,
}

/// A file of secrets that can't be used.
#[derive(Debug, thiserror::Error)]
#[error("gateway.secret_file = {}: {message}", .file.display())]
pub struct GatewaySecretError {
    file: std::path::PathBuf,
    message: String,
}

/// Checks that the file that the configuration names exists, and has a secret.
///
/// # Errors
/// [`GatewaySecretError`]
pub fn check_gateway_secret(config: &GatewaySecret) -> Result<(), GatewaySecretError> {
    read(config).map(drop)
}

impl Secret {
    pub(super) fn open(config: &GatewaySecret) -> Result<Self, GatewaySecretError> {
        Ok(Self {
            config: config.clone(),
            lines: RwLock::new(read(config)?),
        })
    }

    /// Whether the request shows one of the secrets in exactly one line of the header. There are
    /// two lines if the gateway adds its line to the caller's.
    pub(super) fn is_shown(&self, headers: &HeaderMap) -> bool {
        let mut shown = headers.get_all(self.header()).iter();
        let (Some(shown), None) = (shown.next(), shown.next()) else {
            return false;
        };
        let lines = self.lines.read().unwrap_or_else(PoisonError::into_inner);
        // Every secret is compared, so that the time doesn't tell which one matched.
        secrets(&lines).fold(false, |found, secret| {
            found | verify_slices_are_equal(secret.as_bytes(), shown.as_bytes()).is_ok()
        })
    }

    /// The header in which the gateway shows the secret.
    pub(super) fn header(&self) -> &HeaderName {
        &self.config.header
    }

    /// Takes the file's secrets again whenever they change, until the future is dropped. If the
    /// file can't be used, the secrets of before stay in force.
    pub(super) async fn follow(&self, log: &Logger) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut told = None;
        loop {
            ticks.tick().await;
            match read(&self.config) {
                Ok(lines) => {
                    let mut own = self.lines.write().unwrap_or_else(PoisonError::into_inner);
                    if *own != lines {
                        *own = lines;
                        info!(log, "the gateway's secret was read again and is in force");
                    }
                    told = None;
                }
                Err(wrong) => {
                    let wrong = wrong.to_string();
                    if told.as_ref() != Some(&wrong) {
                        error!(log, "the gateway's secret can't be read again; the one before stays in force";
                            "error" => &wrong);
                    }
                    told = Some(wrong);
                }
            }
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret(in {})", self.config.header)
    }
}

fn read(config: &GatewaySecret) -> Result<Zeroizing<String>, GatewaySecretError> {
    let wrong = |message: String| GatewaySecretError {
        file: config.file.clone(),
        message,
    };
    let text = read_private(&config.file, FILE_BYTES).map_err(|error| wrong(error.to_string()))?;
    check(&text).map_err(wrong)?;
    Ok(text)
}

fn check(text: &str) -> Result<(), String> {
    if text.len() >= FILE_BYTES {
        return Err(format!(
            "is longer than {FILE_BYTES} bytes; keep a secret or two in it"
        ));
    }
    let is_good =
        |secret: &str| secret.len() >= LEAST && secret.bytes().all(|byte| byte.is_ascii_graphic());
    match secrets(text).next() {
        None => Err("has no secret; make one with: openssl rand -hex 32".to_owned()),
        Some(_) if !secrets(text).all(is_good) => Err(format!(
            "must have a secret a line, of at least {LEAST} printable ASCII characters without blanks; make one with: \
             openssl rand -hex 32"
        )),
        Some(_) => Ok(()),
    }
}

/// The secrets, one a line. There are two while the operator renews the secret.
fn secrets(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(str::trim_ascii)
        .filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_secret_is_one_of_the_files_lines() {
        let header = HeaderName::from_static("x-gateway-secret");
        let secret = Secret {
            config: GatewaySecret {
                file: "secret".into(),
                header: header.clone(),
            },
            lines: RwLock::new(Zeroizing::new(
                "0123456789abcdef0\n\n  fedcba9876543210 \r\n".to_owned(),
            )),
        };
        let is_shown = |lines: &[&'static str]| {
            let lines = lines
                .iter()
                .map(|line| (header.clone(), HeaderValue::from_static(line)));
            secret.is_shown(&lines.collect())
        };
        assert!(is_shown(&["0123456789abcdef0"]) && is_shown(&["fedcba9876543210"]));
        for lines in [
            &[][..],
            &[""],
            &["0123456789abcdef"],
            &["0123456789abcdef00"],
            &["fedcba9876543210", "fedcba9876543210"],
            &["fedcba9876543210", "x"],
        ] {
            assert!(!is_shown(lines), "{lines:?}");
        }
        assert_eq!(format!("{secret:?}"), "Secret(in x-gateway-secret)");
    }

    #[test]
    fn a_file_without_a_good_secret_is_refused() {
        assert_eq!(check("0123456789abcdef\n"), Ok(()));
        assert_eq!(check("0123456789abcdef\nfedcba9876543210"), Ok(()));
        let long = "x".repeat(FILE_BYTES);
        for (text, why) in [
            ("", "no secret"),
            (" \n\n", "no secret"),
            ("0123456789abcde", "at least 16"),
            ("0123456789abcdef\nshort", "at least 16"),
            ("0123456789 abcdef", "without blanks"),
            (&long, "longer than"),
        ] {
            let error = check(text).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
