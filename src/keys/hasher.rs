//! Makes the hashes of client secrets that the store keeps, and checks secrets against them.
//!
//! Both kinds of hash are keyed. An attacker with a stolen store alone can't use it to
//! authenticate, and can't guess secrets with it, not even `123`. The key is random. The store
//! keeps it, sealed under the master key. When the master key changes, the key is sealed again, and
//! every hash stays valid.

mod imported;

use std::fmt;

use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version};
use aws_lc_rs::{constant_time, hmac, rand};
use zeroize::Zeroizing;

use super::master::derive;
use crate::token::{ClientSecret, Effort, SecretHash};

/// Makes and checks the hashes of client secrets.
pub struct SecretHasher {
    keyed: hmac::Key,
    argon2_key: Zeroizing<[u8; 32]>,
    decoy: String,
}

/// The keyed HMAC-SHA-256 of a secret. Comparing one takes about a microsecond.
#[derive(Clone, Copy)]
pub struct SecretDigest([u8; 32]);

impl SecretHasher {
    /// The hasher with the store's secret key.
    pub(super) fn new(secret_key: &[u8; 32]) -> Self {
        let mut hasher = Self {
            keyed: hmac::Key::new(
                hmac::HMAC_SHA256,
                &*derive(secret_key, "client secrets, generated"),
            ),
            argon2_key: derive(secret_key, "client secrets, chosen"),
            decoy: String::new(),
        };
        hasher.decoy = hasher.argon2id(&ClientSecret::generate());
        hasher
    }

    /// The digest that [`SecretHash::Keyed`] holds. The service also remembers checked chosen
    /// secrets by it.
    #[must_use]
    pub fn digest(&self, secret: &ClientSecret) -> SecretDigest {
        let tag = hmac::sign(&self.keyed, secret.expose().as_bytes());
        let mut digest = [0; 32];
        digest.copy_from_slice(tag.as_ref());
        SecretDigest(digest)
    }

    /// The hash to keep of a generated secret.
    #[must_use]
    pub fn hash_generated(&self, secret: &ClientSecret) -> SecretHash {
        SecretHash::Keyed(self.digest(secret).0)
    }

    /// The hash to keep of a secret that an administrator chose. It takes about 20 ms and 19 MiB on
    /// purpose.
    #[must_use]
    pub fn hash_chosen(&self, secret: &ClientSecret) -> SecretHash {
        SecretHash::Argon2id(self.argon2id(secret))
    }

    /// Whether the PHC string is a hash of `secret`. As costly as [`Self::hash_chosen`].
    fn verify_argon2id(&self, secret: &ClientSecret, phc: &str) -> bool {
        let Ok(hash) = PasswordHash::new(phc) else {
            return false;
        };
        self.argon2()
            .verify_password(secret.expose().as_bytes(), &hash)
            .is_ok()
    }

    /// Whether `hash` is a hash of `secret`.
    #[must_use]
    pub fn verify(&self, secret: &ClientSecret, hash: &SecretHash) -> bool {
        match hash {
            SecretHash::Keyed(kept) => self.digest(secret).matches(kept),
            SecretHash::Argon2id(phc) => self.verify_argon2id(secret, phc),
            SecretHash::Imported(hash) => imported::verify(secret, hash),
        }
    }

    /// Does as much work as `effort` says, without a result. Thus a client without such a secret
    /// takes as long as a client with one.
    pub fn verify_decoys(&self, secret: &ClientSecret, mut effort: Effort) {
        while effort.argon2 >= Effort::OWN.argon2 {
            std::hint::black_box(self.verify_argon2id(secret, &self.decoy));
            effort = effort.minus(Effort::OWN);
        }
        imported::spend(secret, effort);
    }

    fn argon2id(&self, secret: &ClientSecret) -> String {
        let mut salt = [0; 16];
        rand::fill(&mut salt).expect("AWS-LC aborts the process rather than return no randomness");
        self.argon2()
            .hash_password_with_salt(secret.expose().as_bytes(), &salt)
            .expect("512 bytes of secret and 16 of salt are within Argon2's limits")
            .to_string()
    }

    /// The parameters that OWASP recommends first, which are the library's default: 19 MiB, two
    /// passes, one lane.
    fn argon2(&self) -> Argon2<'_> {
        Argon2::new_with_secret(
            &*self.argon2_key,
            Algorithm::Argon2id,
            Version::V0x13,
            Params::DEFAULT,
        )
        .expect("a key of 32 bytes is within Argon2's limits")
    }
}

impl SecretDigest {
    /// Whether both are equal. The time doesn't depend on where they differ.
    #[must_use]
    pub fn matches(&self, kept: &[u8; 32]) -> bool {
        constant_time::verify_slices_are_equal(&self.0, kept).is_ok()
    }

    /// The bytes to keep.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 32] {
        self.0
    }
}

impl fmt::Debug for SecretHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHasher(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> ClientSecret {
        ClientSecret::parse(text).unwrap()
    }

    #[test]
    fn a_generated_secret_matches_its_own_digest_only() {
        let hasher = SecretHasher::new(&[1; 32]);
        let one = ClientSecret::generate();
        let SecretHash::Keyed(kept) = hasher.hash_generated(&one) else {
            panic!("keyed")
        };
        assert!(hasher.digest(&one).matches(&kept));
        assert!(!hasher.digest(&ClientSecret::generate()).matches(&kept));
        assert!(
            !SecretHasher::new(&[2; 32]).digest(&one).matches(&kept),
            "another store's key"
        );
    }

    #[test]
    fn a_chosen_secret_is_argon2id_with_a_salt_and_a_key() {
        let hasher = SecretHasher::new(&[1; 32]);
        let SecretHash::Argon2id(kept) = hasher.hash_chosen(&secret("123")) else {
            panic!("argon2id")
        };
        assert!(
            kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{kept}"
        );
        assert_ne!(
            SecretHash::Argon2id(kept.clone()),
            hasher.hash_chosen(&secret("123")),
            "salted"
        );
        assert!(hasher.verify_argon2id(&secret("123"), &kept));
        assert!(!hasher.verify_argon2id(&secret("124"), &kept));
        assert!(!hasher.verify_argon2id(&secret("123"), "$argon2id$nonsense"));
        assert!(
            !SecretHasher::new(&[2; 32]).verify_argon2id(&secret("123"), &kept),
            "a stolen store proves nothing"
        );
    }
}
