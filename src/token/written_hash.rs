//! Tells which texts are the hash of a secret, in the forms that servers write, and which of them
//! can be checked.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{ImportedHash, PrfHash, UnusableHash};

/// What a text that stands for a secret is.
#[derive(Debug, PartialEq, Eq)]
pub enum Written<'a> {
    /// A text that is no known hash.
    Plain(&'a str),
    /// The secret itself behind a mark, such as Spring's `{noop}`.
    Marked(&'a str),
    /// A hash.
    Hash(Result<ImportedHash, UnusableHash>),
}

/// Names of algorithms with which a hash may begin, in any form: `sha256:…`, `pbkdf2_sha256$…`,
/// `SCRAM-SHA-256$…`.
const ALGORITHMS: [&str; 25] = [
    "argon2",
    "bcrypt",
    "blake2",
    "blake3",
    "hmac-",
    "hmac_",
    "hmacsha",
    "md4",
    "md5",
    "ntlm",
    "pbkdf",
    "phpass",
    "ripemd",
    "scram-",
    "scrypt",
    "sha-",
    "sha1",
    "sha2",
    "sha3",
    "sha5",
    "smd5",
    "ssha",
    "unsalted_",
    "whirlpool",
    "yescrypt",
];

/// Finds out what a text that stands for a secret is.
#[must_use]
pub fn written(text: &str) -> Written<'_> {
    let trimmed = text.trim();
    if let Some((scheme, rest)) = braced(trimmed) {
        return match scheme.to_ascii_lowercase().as_str() {
            "noop" | "clear" | "cleartext" | "plain" | "plaintext" => Written::Marked(rest),
            scheme => Written::Hash(of_scheme(scheme, rest)),
        };
    }
    if let Some(read) = of_django(trimmed).or_else(|| of_werkzeug(trimmed)) {
        return Written::Hash(read);
    }
    if is_modular(trimmed) || is_named(trimmed) || is_of_mysql(trimmed) {
        return Written::Hash(ImportedHash::parse(trimmed));
    }
    Written::Plain(text)
}

/// `{scheme}rest`, as LDAP (RFC 2307 5.3) and Spring write it.
fn braced(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.strip_prefix('{')?.split_once('}')?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@/".contains(&byte);
    let is_scheme = (1..=64).contains(&scheme.len()) && scheme.bytes().all(is_name);
    (is_scheme && !rest.is_empty()).then_some((scheme, rest))
}

fn of_scheme(scheme: &str, rest: &str) -> Result<ImportedHash, UnusableHash> {
    let prf = scheme
        .strip_prefix("pbkdf2-")
        .map_or((scheme == "pbkdf2").then_some(PrfHash::Sha1), PrfHash::of);
    match (prf, rest.split('$').collect::<Vec<_>>().as_slice()) {
        // OpenLDAP writes iterations, salt and hash.
        (Some(prf), [iterations, salt, hash]) => ImportedHash::parse(&format!(
            "$pbkdf2-{}${iterations}${salt}${hash}",
            prf.as_str()
        )),
        // Spring, Dovecot and crypt write a whole hash in its own form.
        (_, ["", _, ..]) => ImportedHash::parse(rest),
        _ => Err(UnusableHash::OtherScheme),
    }
}

/// `pbkdf2_sha256$iterations$salt$hash`, and other forms after their name.
fn of_django(text: &str) -> Option<Result<ImportedHash, UnusableHash>> {
    for name in ["bcrypt$", "argon2$"] {
        if let Some(rest) = text.strip_prefix(name) {
            let rest = format!("${}", rest.trim_start_matches('$'));
            return Some(ImportedHash::parse(&rest));
        }
    }
    let (name, rest) = text.strip_prefix("pbkdf2_")?.split_once('$')?;
    Some(match *rest.split('$').collect::<Vec<_>>().as_slice() {
        [iterations, salt, hash] => {
            let prf = PrfHash::of(name).ok_or(UnusableHash::OtherScheme);
            let hash = STANDARD.decode(hash).map_err(|_| UnusableHash::Malformed);
            prf.and_then(|prf| ImportedHash::of_pbkdf2(prf, iterations, salt.as_bytes(), &hash?))
        }
        _ => Err(UnusableHash::Malformed),
    })
}

/// `pbkdf2:sha256:iterations$salt$hash` with the hash in hexadecimal.
fn of_werkzeug(text: &str) -> Option<Result<ImportedHash, UnusableHash>> {
    let (method, rest) = text.strip_prefix("pbkdf2:")?.split_once('$')?;
    let (name, iterations) = method.split_once(':')?;
    let (salt, hash) = rest.split_once('$')?;
    let prf = PrfHash::of(name).ok_or(UnusableHash::OtherScheme);
    let hash = unhexed(hash).ok_or(UnusableHash::Malformed);
    Some(prf.and_then(|prf| ImportedHash::of_pbkdf2(prf, iterations, salt.as_bytes(), &hash?)))
}

fn unhexed(text: &str) -> Option<Vec<u8>> {
    let pairs = (0..text.len()).step_by(2);
    let bytes = pairs.map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok());
    bytes.collect()
}

/// `$id$…` of crypt(3) and of PHC strings.
fn is_modular(text: &str) -> bool {
    let Some((id, rest)) = text.strip_prefix('$').and_then(|rest| rest.split_once('$')) else {
        return false;
    };
    let is_id = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.,=".contains(&byte);
    (1..=40).contains(&id.len()) && id.bytes().all(is_id) && !rest.is_empty()
}

/// `name$rounds$salt$hash`, or an algorithm's name before `$`, `:`, `;`, `|` or `=`.
fn is_named(text: &str) -> bool {
    let Some((name, rest)) = text.split_once(['$', ':', ';', '|', '=']) else {
        return false;
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    if name.is_empty() || name.len() > 40 || !name.bytes().all(is_name) || rest.len() < 16 {
        return false;
    }
    let lower = name.to_ascii_lowercase();
    let after_name = text.as_bytes()[name.len()];
    let parts: Vec<&str> = rest.split('$').collect();
    let has_rounds = after_name == b'$'
        && parts.len() >= 3
        && !parts[0].is_empty()
        && parts[0].bytes().all(|byte| byte.is_ascii_digit());
    has_rounds
        || ALGORITHMS
            .iter()
            .any(|algorithm| lower.starts_with(algorithm))
}

/// `*` and 40 digits, as MySQL's `PASSWORD()` writes it.
fn is_of_mysql(text: &str) -> bool {
    let digits = text.strip_prefix('*').unwrap_or_default();
    digits.len() == 40 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From hashlib, from passlib's documentation, and from the servers themselves.
    const USABLE: [&str; 12] = [
        "$2b$12$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
        "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
        "$2y$05$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
        "{bcrypt}$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
        "{CRYPT}$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
        "bcrypt$$2b$12$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
        "$pbkdf2-sha256$i=25000,l=32$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$pbkdf2-sha256$6400$.6UI/S.nXIk8jcbdHx3Fhg$98jZicV16ODfEsEZeYPGHU3kbrUrvUEXOPimVSQDD44",
        "{PBKDF2-SHA512}10000$BQb0xFGRSmPVKkgPqNW9Yg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "pbkdf2_sha256$1000000$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "pbkdf2:sha256:600000$salt$00112233445566778899aabbccddeeff",
        "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG",
    ];

    #[test]
    fn hashes_that_can_be_checked_are_read() {
        for text in USABLE {
            assert!(
                matches!(written(text), Written::Hash(Ok(_))),
                "{text}: {:?}",
                written(text)
            );
            let Written::Hash(Ok(hash)) = written(text) else {
                continue;
            };
            assert_eq!(ImportedHash::parse(hash.as_str()), Ok(hash), "{text}");
        }
    }

    #[test]
    fn other_hashes_are_known_as_such() {
        for (text, why) in [
            ("$1$salt$qJH7.N4xYta3aEG/dfqo/0", UnusableHash::OtherScheme),
            (
                "$apr1$salt$Xxd1irWT9ycqoYxGFn4cb.",
                UnusableHash::OtherScheme,
            ),
            ("$5$rounds=5000$salt$hash", UnusableHash::OtherScheme),
            ("$6$salt$hash", UnusableHash::OtherScheme),
            ("$y$j9T$salt$hash", UnusableHash::OtherScheme),
            ("$scrypt$ln=16,r=8,p=1$aM15$hash", UnusableHash::OtherScheme),
            (
                "$argon2i$v=19$m=4096,t=3,p=1$c2FsdA$hash",
                UnusableHash::OtherScheme,
            ),
            (
                "$2x$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
                UnusableHash::OtherScheme,
            ),
            (
                "$P$984478476IagS59wHZvyQMArzfx58u.",
                UnusableHash::OtherScheme,
            ),
            (
                "{SSHA}DkMTwBl+a/3DQTxCYEApdUtNXGgdUac3",
                UnusableHash::OtherScheme,
            ),
            (
                "{sha256}97cde38028ad898ebc02e690819fa220",
                UnusableHash::OtherScheme,
            ),
            (
                "{scrypt}$e0801$8bWJaSu2IKSn9Z9kM$bh4",
                UnusableHash::OtherScheme,
            ),
            (
                "{pbkdf2}5d923b44a6d129f3ddf3e3c8d29412723dcbde72",
                UnusableHash::OtherScheme,
            ),
            (
                "sha1$salt$59f06e0a3cf5e9fbd12d1b6a3bd6d2a6",
                UnusableHash::OtherScheme,
            ),
            (
                "bcrypt_sha256$$2b$12$N9qo8uLOickgx2ZMRZoMyeIjZAgcf",
                UnusableHash::OtherScheme,
            ),
            (
                "scrypt:32768:8:1$salt$00112233445566778899",
                UnusableHash::OtherScheme,
            ),
            (
                "SCRAM-SHA-256$4096:c2FsdA==$stored:server",
                UnusableHash::OtherScheme,
            ),
            ("mine$100$salt$0123456789abcdef", UnusableHash::OtherScheme),
            (
                "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19",
                UnusableHash::OtherScheme,
            ),
            ("$2b$12$N9qo8uLOick", UnusableHash::Malformed),
            (
                "$pbkdf2-sha256$i=1000,l=32$c2FsdA$AAAA",
                UnusableHash::Malformed,
            ),
            (
                "$2b$13$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
                UnusableHash::TooCostly,
            ),
            (
                "$argon2id$v=19$m=1048576,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG",
                UnusableHash::TooCostly,
            ),
            (
                "pbkdf2_sha256$4000000$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                UnusableHash::TooCostly,
            ),
        ] {
            assert_eq!(written(text), Written::Hash(Err(why)), "{text}");
        }
    }

    #[test]
    fn secrets_are_none() {
        for text in [
            "123",
            "d1s_abc",
            "pa$$word",
            "a:b=c",
            "$ecret",
            "{curly",
            "shadow:x",
            "correct horse battery staple",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        ] {
            assert_eq!(written(text), Written::Plain(text), "{text}");
        }
        assert_eq!(written("{noop}secret"), Written::Marked("secret"));
    }
}
