//! Checking a secret against the hash of another server.

use std::hint::black_box;
use std::num::NonZeroU32;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::{constant_time, pbkdf2};
use zeroize::Zeroizing;

use crate::token::{ClientSecret, Effort, ImportedHash, PrfHash, Scheme};

/// How many bytes of a secret bcrypt reads, including the zero byte at its end.
const READ_BY_BCRYPT: usize = 72;

/// Whether `hash` is a hash of `secret`. Takes as long as [`ImportedHash::effort`] says.
pub(super) fn verify(secret: &ClientSecret, hash: &ImportedHash) -> bool {
    let secret = secret.expose().as_bytes();
    match hash.scheme() {
        Scheme::Bcrypt { cost, salt, hash } => {
            let made = bcrypt(secret, *cost, *salt);
            constant_time::verify_slices_are_equal(&made[..hash.len()], hash).is_ok()
        }
        Scheme::Pbkdf2 {
            prf,
            iterations,
            salt,
            hash,
        } => NonZeroU32::new(*iterations).is_some_and(|iterations| {
            pbkdf2::verify(algorithm(*prf), iterations, salt, secret, hash).is_ok()
        }),
        Scheme::Argon2id {
            is_current,
            memory,
            passes,
            lanes,
            salt,
            hash,
        } => {
            let version = match is_current {
                true => Version::V0x13,
                false => Version::V0x10,
            };
            let mut made = Zeroizing::new(vec![0; hash.len()]);
            let done = Params::new(*memory, *passes, *lanes, Some(hash.len())).map(|params| {
                Argon2::new(Algorithm::Argon2id, version, params)
                    .hash_password_into(secret, salt, &mut made)
            });
            let same = constant_time::verify_slices_are_equal(&made, hash).is_ok();
            matches!(done, Ok(Ok(()))) && same
        }
    }
}

/// Does as much work as `effort` says, without a result.
pub(super) fn spend(secret: &ClientSecret, effort: Effort) {
    let secret = secret.expose().as_bytes();
    // bcrypt does a power of two of rounds. Each binary digit of the number is one run, and all
    // runs together do that many rounds.
    for cost in (4..=31).filter(|cost| effort.bcrypt >> cost & 1 == 1) {
        black_box(bcrypt(secret, cost, [0; 16]));
    }
    for (prf, iterations) in PrfHash::ALL.into_iter().zip(effort.pbkdf2) {
        let iterations = u32::try_from(iterations).unwrap_or(u32::MAX);
        if let Some(iterations) = NonZeroU32::new(iterations) {
            let mut made = vec![0; prf.block()];
            pbkdf2::derive(algorithm(prf), iterations, &[0; 16], secret, &mut made);
            black_box(made);
        }
    }
    // The rest is less than one run with this service's own parameters.
    let memory = u32::try_from(effort.argon2).unwrap_or(u32::MAX);
    if memory >= Params::MIN_M_COST
        && let Ok(params) = Params::new(memory, 1, 1, None)
    {
        let mut made = [0; 32];
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        black_box(
            argon2
                .hash_password_into(secret, &[0; 16], &mut made)
                .is_ok(),
        );
        black_box(made);
    }
}

fn bcrypt(secret: &[u8], cost: u32, salt: [u8; 16]) -> [u8; 24] {
    let mut read = Zeroizing::new(secret.to_vec());
    read.push(0);
    read.truncate(READ_BY_BCRYPT);
    ::bcrypt::bcrypt(cost, salt, &read)
}

fn algorithm(prf: PrfHash) -> pbkdf2::Algorithm {
    match prf {
        PrfHash::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
        PrfHash::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
        PrfHash::Sha384 => pbkdf2::PBKDF2_HMAC_SHA384,
        PrfHash::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hashes of `password` were made by Python's hashlib, by crypt(3), and by the reference
    /// implementation of Argon2.
    #[test]
    fn hashes_of_other_servers_are_checked() {
        for text in HASHES {
            let hash = ImportedHash::parse(text).unwrap();
            let secret = |text: &str| ClientSecret::parse(text).unwrap();
            assert!(verify(&secret("password"), &hash), "{text}");
            assert!(!verify(&secret("passwore"), &hash), "{text}");
            assert!(!verify(&secret(text), &hash), "{text}");
            spend(&secret("password"), hash.effort());
        }
    }

    const HASHES: [&str; 7] = [
        "$2b$05$N9qo8uLOickgx2ZMRZoMyehyooCgIc.diOceO4YlhUtKMqpzuLfbW",
        "$pbkdf2-sha1$i=1000$c29tZXNhbHQ$nhpKdz3UCE/OUeC0aLwb8Rne5X8",
        "$pbkdf2-sha256$i=1000,l=32$c29tZXNhbHQ$j4Aa14inUtOh7Sg/D7hH54ohymuHNQD4+ccfhepGWAY",
        "$pbkdf2-sha256$1000$c29tZXNhbHQ$j4Aa14inUtOh7Sg/D7hH54ohymuHNQD4+ccfhepGWAYlN5e9NePWGg8WNn3vI4As4jSSLlDcF4xI1FLb/y1tQw",
        "$pbkdf2-sha384$i=1000$c29tZXNhbHQ$LyEd3HrKpcpjY2KUm6RyvXMv3EsGUEbmlgLS0IUXStJtBs98YPA2ddpZPPwXsqKI",
        "$pbkdf2-sha512$i=1000$c29tZXNhbHQ$pArTsT8AahzxmI5OZcxKNw2o4l9qiKwc5zbWR8bo8900Q7MYRcodIEijxiztL4hDlWTfVLTSRiLheMi39WU5Yw",
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
    ];
}
