//! `[keys]`: what protects the keys, and when they change.

use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use dropshot_chassis::config::{Period, Reader};

/// The keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysConfig {
    /// The file of the master key. The service makes it on first use, but only while the store
    /// holds no key.
    pub master_key_file: PathBuf,
    /// Where the private halves of new signing keys are made and kept.
    pub provider: Provider,
    /// The token that keeps private keys, or has kept them before.
    pub pkcs11: Option<Pkcs11Config>,
    /// How long a key signs before the next one does.
    pub rotation: Duration,
    /// How long a key is in the JWK set before it signs.
    pub publish_ahead: Duration,
}

/// Where private keys are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// In the store, sealed under the master key; in the service's memory while it runs.
    Local,
    /// In a PKCS#11 token.
    Pkcs11,
}

/// `[keys.pkcs11]`: a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pkcs11Config {
    /// The vendor's module, a shared library.
    pub module: PathBuf,
    /// The token's label.
    pub token: String,
    /// The file of the user's PIN.
    pub pin_file: PathBuf,
}

impl KeysConfig {
    pub(super) const MASTER_KEY: &str = "keys.master_key_file";
    const ROTATION: Period = Period::days(90);
    const PUBLISH_AHEAD: Period = Period::days(1);

    /// The keys under this master key, with the default of everything else.
    pub(super) fn new(master_key_file: PathBuf) -> Self {
        Self {
            master_key_file,
            provider: Provider::Local,
            pkcs11: None,
            rotation: Self::ROTATION.0,
            publish_ahead: Self::PUBLISH_AHEAD.0,
        }
    }

    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        const FILE: &str = KeysConfig::MASTER_KEY;
        const ROTATION: &str = "keys.rotation";
        const AHEAD: &str = "keys.publish_ahead";
        let file = reader.required(FILE, |text| Ok::<_, Infallible>(PathBuf::from(text)));
        let seconds = |seconds| Period(Duration::from_secs(seconds));
        let rotation = reader.or(
            ROTATION,
            Self::ROTATION,
            Period::within(seconds(10)..=Period::days(3650)),
        );
        let ahead = reader.or(
            AHEAD,
            Self::PUBLISH_AHEAD,
            Period::within(seconds(1)..=Period::days(90)),
        );
        let provider = reader.or("keys.provider", Provider::Local, str::parse);
        let pkcs11 = Pkcs11Config::read(reader, provider);
        let (rotation, ahead) = (rotation?, ahead?);
        // Otherwise each key would be published before the previous one signs, and ever more keys
        // would be published.
        if rotation.0 < 2 * ahead.0 {
            reader.mistake(
                ROTATION,
                &format!("must be at least twice as long as {AHEAD}, which is {ahead}"),
            );
        }
        Some(Self {
            master_key_file: reader.absolute(FILE, Path::new(&file?)),
            provider: provider?,
            pkcs11: pkcs11?,
            rotation: rotation.0,
            publish_ahead: ahead.0,
        })
    }
}

impl Pkcs11Config {
    pub(super) const PIN_FILE: &str = "keys.pkcs11.pin_file";

    /// Reads all three settings, or none. All three are required if new keys are made in the token.
    fn read(reader: &mut Reader, provider: Option<Provider>) -> Option<Option<Self>> {
        const MODULE: &str = "keys.pkcs11.module";
        const TOKEN: &str = "keys.pkcs11.token";
        const PIN_FILE: &str = Pkcs11Config::PIN_FILE;
        let text = |text: &str| Ok::<_, Infallible>(text.to_owned());
        let module = reader.optional(MODULE, text)?;
        let token = reader.optional(TOKEN, text)?;
        let pin_file = reader.optional(PIN_FILE, text)?;
        let is_missing = [module.is_none(), token.is_none(), pin_file.is_none()];
        if let (Some(module), Some(token), Some(pin_file)) = (module, token, pin_file) {
            return Some(Some(Self {
                module: reader.absolute(MODULE, Path::new(&module)),
                token,
                pin_file: reader.absolute(PIN_FILE, Path::new(&pin_file)),
            }));
        }
        if is_missing == [true; 3] && provider == Some(Provider::Local) {
            return Some(None);
        }
        for (key, is_missing) in [MODULE, TOKEN, PIN_FILE].into_iter().zip(is_missing) {
            if is_missing {
                reader.mistake(
                    key,
                    "is missing: a PKCS#11 token needs a module, a label and a PIN",
                );
            }
        }
        None
    }
}

impl FromStr for Provider {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "local" => Ok(Self::Local),
            "pkcs11" => Ok(Self::Pkcs11),
            _ => Err("must be \"local\" or \"pkcs11\""),
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "local",
            Self::Pkcs11 => "pkcs11",
        })
    }
}
