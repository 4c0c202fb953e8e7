//! Checks access tokens of d1-authz with the crate `jsonwebtoken`.
//!
//! Reads tokens, one a line, in the place of requests to an API, and says of each whose it is, or
//! why it is refused.

use std::io::BufRead;
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

type Refusal = Box<dyn std::error::Error>;

/// What an API needs of the claims; the rest is checked and left.
#[derive(Deserialize)]
struct Claims {
    client_id: String,
    #[serde(default)]
    scope: String,
}

struct Verifier {
    keys: Keys,
    issuer: String,
    audience: String,
}

impl Verifier {
    /// The claims of a good token.
    async fn verify(&mut self, token: &str) -> Result<Claims, Refusal> {
        let header = decode_header(token)?;
        let typ = header.typ.unwrap_or_default().to_ascii_lowercase();
        if !["at+jwt", "application/at+jwt"].contains(&typ.as_str()) {
            return Err(format!("typ is {typ:?}: no access token").into());
        }
        let jwk = self.keys.find(&header.kid.ok_or("no kid")?).await?;
        // The key says what it is for, not the token.
        let named = jwk.common.key_algorithm.ok_or("a key without alg")?;
        let mut validation = Validation::new(named.to_string().parse()?);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["iss", "exp", "aud", "sub"]);
        validation.leeway = 0;
        Ok(decode::<Claims>(token, &DecodingKey::from_jwk(jwk)?, &validation)?.claims)
    }
}

/// The published keys, kept for five minutes; a key that isn't among them is asked for, once a
/// second at most.
struct Keys {
    uri: String,
    set: JwkSet,
    asked: Option<Instant>,
}

impl Keys {
    const KEPT: Duration = Duration::from_secs(300);
    const PAUSE: Duration = Duration::from_secs(1);

    async fn find(&mut self, kid: &str) -> Result<&jsonwebtoken::jwk::Jwk, Refusal> {
        let patience = match self.set.find(kid) {
            Some(_) => Self::KEPT,
            None => Self::PAUSE,
        };
        if self.asked.is_none_or(|asked| asked.elapsed() > patience) {
            let answer = reqwest::get(&self.uri).await?.error_for_status()?;
            self.set = answer.json().await?;
            self.asked = Some(Instant::now());
        }
        self.set
            .find(kid)
            .ok_or_else(|| "no published key has this kid".into())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Refusal> {
    let issuer = std::env::var("ISSUER")?;
    let uri = std::env::var("JWKS_URI").unwrap_or_else(|_| format!("{issuer}/oauth2/jwks"));
    let mut verifier = Verifier {
        keys: Keys {
            uri,
            set: JwkSet { keys: Vec::new() },
            asked: None,
        },
        issuer,
        audience: std::env::var("AUDIENCE")?,
    };
    for line in std::io::stdin().lock().lines() {
        match verifier.verify(line?.trim()).await {
            Ok(claims) => println!("valid {} {}", claims.client_id, claims.scope),
            Err(refusal) => println!("refused: {refusal}"),
        }
    }
    Ok(())
}
