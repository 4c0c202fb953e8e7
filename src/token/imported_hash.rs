//! The hash of a secret that another server wrote: bcrypt, PBKDF2 or Argon2id, with limited
//! parameters.
//!
//! [`super::written_hash`] decides which texts are hashes. [`crate::keys`] checks a secret against
//! one.

use std::fmt;

use base64::Engine;
use base64::alphabet::BCRYPT;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD_NO_PAD};

use super::{Effort, PrfHash};

/// A hash that can be checked. The store keeps it as it was written, until its client has used the
/// secret.
#[derive(Clone, PartialEq, Eq)]
pub struct ImportedHash {
    text: String,
    scheme: Scheme,
}

/// The algorithm and the parameters of a hash.
#[derive(Clone, PartialEq, Eq)]
pub enum Scheme {
    /// bcrypt, of `$2a$`, `$2b$` and `$2y$`.
    Bcrypt {
        /// The logarithm of the number of rounds.
        cost: u32,
        /// Its salt.
        salt: [u8; 16],
        /// The hash. bcrypt leaves out its last byte.
        hash: [u8; 23],
    },
    /// PBKDF2, RFC 8018 5.2.
    Pbkdf2 {
        /// The hash function of its HMAC.
        prf: PrfHash,
        /// The number of iterations.
        iterations: u32,
        /// Its salt.
        salt: Vec<u8>,
        /// The hash.
        hash: Vec<u8>,
    },
    /// Argon2id, RFC 9106, without a key.
    Argon2id {
        /// Whether it is of version 1.3; otherwise of 1.0.
        is_current: bool,
        /// Memory in KiB.
        memory: u32,
        /// Passes.
        passes: u32,
        /// Lanes.
        lanes: u32,
        /// Its salt.
        salt: Vec<u8>,
        /// The hash.
        hash: Vec<u8>,
    },
}

/// Why a hash can't be checked here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnusableHash {
    /// It was made with another algorithm.
    #[error("it is made in a way that this service can't check")]
    OtherScheme,
    /// It is cut off or damaged.
    #[error("it is not whole")]
    Malformed,
    /// Each check of a wrong secret would take too long.
    #[error(
        "a check would take too long: bcrypt has a cost of {} at most, PBKDF2 {} iterations, Argon2id {} KiB and {} KiB times passes",
        ImportedHash::MOST_COST,
        ImportedHash::MOST_ITERATIONS,
        ImportedHash::MOST_MEMORY,
        ImportedHash::MOST_ARGON2
    )]
    TooCostly,
}

impl ImportedHash {
    /// The highest cost of bcrypt. A check takes about a quarter of a second.
    pub const MOST_COST: u32 = 12;
    /// The most iterations of PBKDF2, over all blocks. A check takes a quarter of a second, too.
    pub const MOST_ITERATIONS: u32 = 2_000_000;
    /// The most memory of Argon2id in KiB: 128 MiB, because two checks run at once.
    pub const MOST_MEMORY: u32 = 128 * 1024;
    /// The most work of Argon2id, in KiB times passes.
    pub const MOST_ARGON2: u32 = 256 * 1024;
    /// The greatest length of a salt or a hash, in bytes.
    const LONGEST: usize = 128;
    /// The least length of a hash, in bytes. A wrong secret could match a shorter one by chance.
    const SHORTEST: usize = 16;

    /// Reads a hash in its plain form: `$2b$…`, `$argon2id$…` or `$pbkdf2-sha256$…`.
    ///
    /// # Errors
    /// [`UnusableHash`]
    pub fn parse(text: &str) -> Result<Self, UnusableHash> {
        let parts: Vec<&str> = text.split('$').collect();
        let scheme = match *parts.as_slice() {
            ["", "2a" | "2b" | "2y", cost, rest] => bcrypt(cost, rest)?,
            ["", "argon2id", version, parameters, salt, hash] => {
                argon2id(version, parameters, salt, hash)?
            }
            ["", "argon2id", parameters, salt, hash] => argon2id("v=16", parameters, salt, hash)?,
            ["", name, parameters, salt, hash] if name.starts_with("pbkdf2") => {
                let prf = match name.strip_prefix("pbkdf2-") {
                    None => PrfHash::Sha1,
                    Some(name) => PrfHash::of(name).ok_or(UnusableHash::OtherScheme)?,
                };
                pbkdf2(prf, parameters, decoded(salt)?, decoded(hash)?)?
            }
            _ if ["$2a$", "$2b$", "$2y$", "$argon2id$", "$pbkdf2"]
                .iter()
                .any(|start| text.starts_with(start)) =>
            {
                return Err(UnusableHash::Malformed);
            }
            _ => return Err(UnusableHash::OtherScheme),
        };
        Ok(Self {
            text: text.to_owned(),
            scheme,
        })
    }

    /// A hash of PBKDF2 that a server wrote in a form of its own.
    pub(super) fn of_pbkdf2(
        prf: PrfHash,
        iterations: &str,
        salt: &[u8],
        hash: &[u8],
    ) -> Result<Self, UnusableHash> {
        let encoded = |bytes| STANDARD_NO_PAD.encode(bytes);
        Self::parse(&format!(
            "$pbkdf2-{}$i={iterations}${}${}",
            prf.as_str(),
            encoded(salt),
            encoded(hash)
        ))
    }

    /// The text that the store keeps.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its algorithm and parameters.
    #[must_use]
    pub const fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// The name of its kind on the command line.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self.scheme {
            Scheme::Bcrypt { .. } => "imported-bcrypt",
            Scheme::Pbkdf2 { .. } => "imported-pbkdf2",
            Scheme::Argon2id { .. } => "imported-argon2id",
        }
    }

    /// How much work a check takes.
    #[must_use]
    pub fn effort(&self) -> Effort {
        let mut effort = Effort::default();
        match &self.scheme {
            Scheme::Bcrypt { cost, .. } => effort.bcrypt = 1 << cost,
            Scheme::Pbkdf2 {
                prf,
                iterations,
                hash,
                ..
            } => {
                let blocks = hash.len().div_ceil(prf.block()) as u64;
                effort.pbkdf2[*prf as usize] = blocks * u64::from(*iterations);
            }
            Scheme::Argon2id { memory, passes, .. } => {
                effort.argon2 = u64::from(*memory) * u64::from(*passes);
            }
        }
        effort
    }
}

fn bcrypt(cost: &str, rest: &str) -> Result<Scheme, UnusableHash> {
    const ENGINE: GeneralPurpose = engine(&BCRYPT);
    let (salt, hash) = rest.split_at_checked(22).ok_or(UnusableHash::Malformed)?;
    let cost = number(cost)?;
    if !(4..=31).contains(&cost) {
        return Err(UnusableHash::Malformed);
    }
    if cost > ImportedHash::MOST_COST {
        return Err(UnusableHash::TooCostly);
    }
    let decode = |text| ENGINE.decode(text).map_err(|_| UnusableHash::Malformed);
    Ok(Scheme::Bcrypt {
        cost,
        salt: exactly(decode(salt)?)?,
        hash: exactly(decode(hash)?)?,
    })
}

/// Reads parameters such as `i=25000,l=32`, or the number of iterations alone.
fn pbkdf2(
    prf: PrfHash,
    parameters: &str,
    salt: Vec<u8>,
    hash: Vec<u8>,
) -> Result<Scheme, UnusableHash> {
    let (mut iterations, mut length) = (None, None);
    for parameter in parameters.split(',') {
        match parameter.split_once('=') {
            None | Some(("i", _)) => iterations = Some(number(parameter.trim_start_matches("i="))?),
            Some(("l", value)) => length = Some(number(value)? as usize),
            Some(_) => return Err(UnusableHash::Malformed),
        }
    }
    let iterations = iterations
        .filter(|it| *it > 0)
        .ok_or(UnusableHash::Malformed)?;
    if length.is_some_and(|length| length != hash.len()) || hash.len() < ImportedHash::SHORTEST {
        return Err(UnusableHash::Malformed);
    }
    let blocks = hash.len().div_ceil(prf.block()) as u64;
    if blocks * u64::from(iterations) > ImportedHash::MOST_ITERATIONS.into() {
        return Err(UnusableHash::TooCostly);
    }
    Ok(Scheme::Pbkdf2 {
        prf,
        iterations,
        salt,
        hash,
    })
}

fn argon2id(
    version: &str,
    parameters: &str,
    salt: &str,
    hash: &str,
) -> Result<Scheme, UnusableHash> {
    let (mut memory, mut passes, mut lanes) = (None, None, None);
    for parameter in parameters.split(',') {
        let (name, value) = parameter.split_once('=').ok_or(UnusableHash::Malformed)?;
        let place = match name {
            "m" => &mut memory,
            "t" => &mut passes,
            "p" => &mut lanes,
            // A key, or associated data, which only the other server has.
            _ => return Err(UnusableHash::OtherScheme),
        };
        *place = Some(number(value)?);
    }
    let is_current = match version {
        "v=19" => true,
        "v=16" => false,
        _ => return Err(UnusableHash::Malformed),
    };
    let (Some(memory), Some(passes), Some(lanes)) = (memory, passes, lanes) else {
        return Err(UnusableHash::Malformed);
    };
    if memory > ImportedHash::MOST_MEMORY
        || memory.saturating_mul(passes) > ImportedHash::MOST_ARGON2
    {
        return Err(UnusableHash::TooCostly);
    }
    let (salt, hash) = (decoded(salt)?, decoded(hash)?);
    let memory_of_lanes = lanes
        .checked_mul(8)
        .filter(|least| *least > 0 && *least <= memory);
    let is_short = salt.len() < 8 || hash.len() < ImportedHash::SHORTEST;
    if memory_of_lanes.is_none() || passes == 0 || is_short {
        return Err(UnusableHash::Malformed);
    }
    Ok(Scheme::Argon2id {
        is_current,
        memory,
        passes,
        lanes,
        salt,
        hash,
    })
}

/// Decodes base64 with or without padding, and with `.` for `+`, as passlib writes it.
fn decoded(text: &str) -> Result<Vec<u8>, UnusableHash> {
    const ENGINE: GeneralPurpose = engine(&base64::alphabet::STANDARD);
    let bytes = ENGINE.decode(text.replace('.', "+"));
    let bytes = bytes.map_err(|_| UnusableHash::Malformed)?;
    match bytes.len() {
        1..=ImportedHash::LONGEST => Ok(bytes),
        _ => Err(UnusableHash::Malformed),
    }
}

const fn engine(alphabet: &base64::alphabet::Alphabet) -> GeneralPurpose {
    // Some servers don't clear the unused last bits.
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(alphabet, config)
}

fn exactly<const N: usize>(bytes: Vec<u8>) -> Result<[u8; N], UnusableHash> {
    bytes.try_into().map_err(|_| UnusableHash::Malformed)
}

fn number(text: &str) -> Result<u32, UnusableHash> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        return Err(UnusableHash::Malformed);
    }
    text.parse().map_err(|_| UnusableHash::TooCostly)
}

impl fmt::Debug for ImportedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ImportedHash({})", self.kind())
    }
}
