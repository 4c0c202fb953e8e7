//! `[keys]`: what protects the keys, and when they change.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::period::Period;
use super::reader::Reader;

/// The keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysConfig {
    /// The file of the master key; made on first use only while the store holds no key yet.
    pub master_key_file: PathBuf,
    /// How long a key signs before the next one does.
    pub rotation: Duration,
    /// How long a key is in the JWK set before it signs.
    pub publish_ahead: Duration,
}

impl KeysConfig {
    const ROTATION: Period = Period::days(90);
    const PUBLISH_AHEAD: Period = Period::days(1);

    /// With the default of everything else.
    pub(super) fn new(master_key_file: PathBuf) -> Self {
        Self {
            master_key_file,
            rotation: Self::ROTATION.0,
            publish_ahead: Self::PUBLISH_AHEAD.0,
        }
    }

    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        const FILE: &str = "keys.master_key_file";
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
        let (rotation, ahead) = (rotation?, ahead?);
        // Else a key would be published before the one before it signs, and more and more of them.
        if rotation.0 < 2 * ahead.0 {
            reader.mistake(
                ROTATION,
                &format!("must be at least twice as long as {AHEAD}, which is {ahead}"),
            );
        }
        Some(Self {
            master_key_file: reader.absolute(FILE, Path::new(&file?)),
            rotation: rotation.0,
            publish_ahead: ahead.0,
        })
    }
}
