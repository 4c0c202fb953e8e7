//! Tokens that the service would never sign, under a key of the test that the verifier trusts. They
//! show the checks that come after the signature check.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};

use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use crate::harness::ISSUER;
use crate::harness::signer::Signer;

/// An issuer with a key of its own, which isn't the service.
pub struct Forger {
    signer: Signer,
    jwks: String,
}

/// The audience of the forged tokens.
pub const AUDIENCE: &str = "https://bank.example/cards";

impl Forger {
    pub fn new() -> Self {
        let signer = Signer::es256();
        let of_a_verifier = json!({ "use": "sig", "alg": "ES256", "kid": "forged" });
        let jwk = changed(signer.jwk.clone(), &of_a_verifier);
        Self {
            signer,
            jwks: json!({ "keys": [jwk] }).to_string(),
        }
    }

    /// The public keys of the forger, as a JWK set.
    pub fn jwks(&self) -> &str {
        &self.jwks
    }

    /// Serves the keys until the test ends.
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

    /// A good token with these changes to its header and claims. A null removes the member.
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
        let token = self.signer.with_header(&header, &claims);
        let (message, signature) = token.rsplit_once('.').unwrap();
        let signature = match header["alg"].as_str() {
            Some("none") => String::new(),
            // The classic attack on JWTs: the public key, which everybody has, serves as the secret
            // of an HMAC.
            Some("HS256") => {
                let key = EncodingKey::from_secret(self.jwks.as_bytes());
                jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap()
            }
            _ => signature.to_owned(),
        };
        format!("{message}.{signature}")
    }

    /// Tokens that every verifier must refuse, each with its fault. Only the verifier's own checks
    /// can find the fault.
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
