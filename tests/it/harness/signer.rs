//! The key of a client, and the assertions that it signs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::ISSUER;

/// A key, with its public half as the client registers it.
pub struct Signer {
    pub jwk: Value,
    algorithm: &'static str,
    pair: Pair,
}

enum Pair {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl Signer {
    pub fn es256() -> Self {
        Self::ecdsa(
            "ES256",
            "P-256",
            &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        )
    }

    pub fn es384() -> Self {
        Self::ecdsa(
            "ES384",
            "P-384",
            &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
        )
    }

    pub fn es512() -> Self {
        Self::ecdsa(
            "ES512",
            "P-521",
            &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
        )
    }

    fn ecdsa(
        algorithm: &'static str,
        curve: &str,
        signing: &'static EcdsaSigningAlgorithm,
    ) -> Self {
        let pair = EcdsaKeyPair::generate(signing).unwrap();
        // The uncompressed point of SEC 1: a byte 4 and the two coordinates.
        let coordinates = &pair.public_key().as_ref()[1..];
        let (x, y) = coordinates.split_at(coordinates.len() / 2);
        Self {
            jwk: json!({ "kty": "EC", "crv": curve, "x": text(x), "y": text(y), "kid": "1" }),
            algorithm,
            pair: Pair::Ec(pair),
        }
    }

    pub fn ed25519() -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let x = text(pair.public_key().as_ref());
        Self {
            jwk: json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "use": "sig" }),
            algorithm: "EdDSA",
            pair: Pair::Ed(pair),
        }
    }

    pub fn rsa(algorithm: &'static str) -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let der = pair.public_key();
        let key = jsonwebtoken::DecodingKey::from_rsa_der(der.as_ref());
        let jwk = jsonwebtoken::jwk::Jwk::from_decoding_key(&key, None).unwrap();
        Self {
            jwk: serde_json::to_value(jwk).unwrap(),
            algorithm,
            pair: Pair::Rsa(Box::new(pair)),
        }
    }

    /// Signs an assertion with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        self.with_header(&json!({ "alg": self.algorithm, "typ": "JWT" }), claims)
    }

    /// The same with any header.
    pub fn with_header(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", text(header.to_string()), text(claims.to_string()));
        let random = SystemRandom::new();
        let signature = match &self.pair {
            Pair::Ec(pair) => pair
                .sign(&random, message.as_bytes())
                .unwrap()
                .as_ref()
                .to_vec(),
            Pair::Ed(pair) => pair.sign(message.as_bytes()).as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let padding = match self.algorithm {
                    "PS256" => &signature::RSA_PSS_SHA256,
                    "PS384" => &signature::RSA_PSS_SHA384,
                    "PS512" => &signature::RSA_PSS_SHA512,
                    "RS384" => &signature::RSA_PKCS1_SHA384,
                    "RS512" => &signature::RSA_PKCS1_SHA512,
                    _ => &signature::RSA_PKCS1_SHA256 as &dyn signature::RsaEncoding,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message.as_bytes(), &mut signature)
                    .unwrap();
                signature
            }
        };
        format!("{message}.{}", text(signature))
    }
}

/// Good claims with a unique `jti`.
pub fn claims(client_id: &str) -> Value {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let jti = NEXT.fetch_add(1, Ordering::Relaxed);
    json!({
        "iss": client_id,
        "sub": client_id,
        "aud": ISSUER,
        "iat": now(),
        "exp": now() + 60,
        "jti": format!("{jti}"),
    })
}

/// The time, in seconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
