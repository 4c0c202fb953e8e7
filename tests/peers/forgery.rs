//! Tokens that the service would never sign, under a key of the test's own that the verifier believes: for what only shows
//! behind a good signature.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use rcgen::{KeyPair, PublicKeyData};
use serde_json::{Value, json};

use crate::harness::ISSUER;

/// An issuer that is none.
pub struct Forger {
    key: EncodingKey,
    jwks: String,
}

/// What forged tokens are for.
pub const AUDIENCE: &str = "https://bank.example/cards";

impl Forger {
    pub fn new() -> Self {
        let pair = KeyPair::generate().unwrap();
        // RFC 5480 2.2: 4, x, y.
        let point = pair.der_bytes();
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let jwk = json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "forged",
            "x": part(&point[1..33]), "y": part(&point[33..65]),
        });
        Self {
            key: EncodingKey::from_ec_der(&pair.serialize_der()),
            jwks: json!({ "keys": [jwk] }).to_string(),
        }
    }

    /// The keys that verify them, as a file would hold it.
    pub fn jwks(&self) -> &str {
        &self.jwks
    }

    /// Serves the keys for as long as the test runs.
    pub fn serve_jwks(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
            self.jwks.len(),
            self.jwks
        );
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                let lines = BufReader::new(&connection).lines();
                let head = lines
                    .map_while(Result::ok)
                    .take_while(|line| !line.is_empty());
                let _ = (head.count(), connection.write_all(answer.as_bytes()));
            }
        });
        address
    }

    /// A token with these changes to a good one's header and claims; null takes a member out.
    pub fn token(&self, header: &Value, claims: &Value) -> String {
        let now = jiff::Timestamp::now().as_second();
        let good = json!({ "typ": "at+jwt", "alg": "ES256", "kid": "forged" });
        let header = changed(good, header);
        let claims = changed(
            json!({
                "iss": ISSUER, "aud": AUDIENCE, "sub": "forger", "client_id": "forger", "scope": "cards",
                "iat": now, "exp": now + 900, "jti": "j",
            }),
            claims,
        );
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&header), part(&claims));
        let signature = match header["alg"].as_str() {
            Some("none") => String::new(),
            // The classic: the public key, which everybody has, taken for the secret of an HMAC.
            Some("HS256") => {
                let key = EncodingKey::from_secret(self.jwks.as_bytes());
                signed(&message, &key, Algorithm::HS256)
            }
            _ => signed(&message, &self.key, Algorithm::ES256),
        };
        format!("{message}.{signature}")
    }

    /// Tokens that nobody may take, each with what is wrong with it; and none other than the verifier's own checks finds out.
    pub fn bad_tokens(&self) -> Vec<(&'static str, String)> {
        let now = jiff::Timestamp::now().as_second();
        let none = json!({});
        [
            ("expired", none.clone(), json!({ "exp": now - 60 })),
            ("without exp", none.clone(), json!({ "exp": null })),
            (
                "of another issuer",
                none.clone(),
                json!({ "iss": "https://other.example" }),
            ),
            (
                "for another audience",
                none.clone(),
                json!({ "aud": ["https://bank.example/pin"] }),
            ),
            ("without aud", none.clone(), json!({ "aud": null })),
            ("an ID token", json!({ "typ": "JWT" }), none.clone()),
            ("without typ", json!({ "typ": null }), none.clone()),
            ("unsigned", json!({ "alg": "none" }), none.clone()),
            (
                "signed with what is public",
                json!({ "alg": "HS256" }),
                none.clone(),
            ),
            ("of an unknown key", json!({ "kid": "other" }), none.clone()),
        ]
        .map(|(what, header, claims)| (what, self.token(&header, &claims)))
        .into()
    }
}

fn signed(message: &str, key: &EncodingKey, algorithm: Algorithm) -> String {
    jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap()
}

fn changed(mut value: Value, changes: &Value) -> Value {
    let members = value.as_object_mut().unwrap();
    for (name, change) in changes.as_object().unwrap() {
        match change {
            Value::Null => drop(members.remove(name)),
            change => drop(members.insert(name.clone(), change.clone())),
        }
    }
    value
}
