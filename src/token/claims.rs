//! The claims of an access token, RFC 9068 2.2.

use serde::{Serialize, Serializer};

use super::{Audience, ClientId, Confirmation, Scope};

/// The payload of a JWT access token. It always has all claims that RFC 9068 2.2 requires. Times
/// are seconds since 1970.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Claims<'a> {
    /// This service's identifier.
    #[serde(rename = "iss")]
    pub issuer: &'a str,
    /// The client: in the client credentials grant it is its own subject.
    #[serde(rename = "sub")]
    pub subject: &'a ClientId,
    /// The client.
    pub client_id: &'a ClientId,
    /// The resource servers the token is for.
    #[serde(rename = "aud", serialize_with = "one_or_many")]
    pub audiences: &'a [Audience],
    /// When the token expires.
    #[serde(rename = "exp")]
    pub expires_at: i64,
    /// When it was issued.
    #[serde(rename = "iat")]
    pub issued_at: i64,
    /// Its unique name, by which it is audited and can be revoked.
    #[serde(rename = "jti")]
    pub token_id: &'a str,
    /// The certificate that it is bound to.
    #[serde(rename = "cnf", skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<&'a Confirmation>,
    /// The scope that it allows; left out if the scope is empty.
    #[serde(skip_serializing_if = "is_empty")]
    pub scope: &'a Scope,
}

/// RFC 7519 4.1.3 allows a string or an array; verifiers in the field handle the string best when
/// there is one.
fn one_or_many<S: Serializer>(audiences: &&[Audience], serializer: S) -> Result<S::Ok, S::Error> {
    match audiences {
        [one] => one.serialize(serializer),
        many => many.serialize(serializer),
    }
}

fn is_empty(scope: &&Scope) -> bool {
    scope.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_claim_of_rfc_9068_is_present() {
        let (client, scope) = (ClientId::parse("c").unwrap(), Scope::parse("a b").unwrap());
        let mut audiences = vec![Audience::parse("https://api.example").unwrap()];
        let json = |audiences: &[Audience], scope: &Scope| {
            let claims = Claims {
                issuer: "https://as.example",
                subject: &client,
                client_id: &client,
                audiences,
                expires_at: 1900,
                issued_at: 1000,
                token_id: "id",
                confirmation: None,
                scope,
            };
            serde_json::to_string(&claims).unwrap()
        };
        assert_eq!(
            json(&audiences, &scope),
            r#"{"iss":"https://as.example","sub":"c","client_id":"c","aud":"https://api.example","exp":1900,"iat":1000,"jti":"id","scope":"a b"}"#
        );
        audiences.push(Audience::parse("urn:two").unwrap());
        assert_eq!(
            json(&audiences, &Scope::default()),
            r#"{"iss":"https://as.example","sub":"c","client_id":"c","aud":["https://api.example","urn:two"],"exp":1900,"iat":1000,"jti":"id"}"#
        );
    }
}
