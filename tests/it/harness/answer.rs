//! An answer of the service, and checks that every answer of the token endpoint passes.

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// A complete answer.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        Self {
            status: response.status(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        }
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(
            self.header("content-type"),
            Some("application/json"),
            "{self:?}"
        );
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The value of a header. Panics if the header appears twice.
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next();
        assert!(values.next().is_none(), "{name} is there twice: {self:?}");
        value.map(|value| value.to_str().unwrap())
    }

    /// RFC 6749 5.1: the answer has a token, and caches must not store it.
    #[track_caller]
    pub fn granted(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.is_not_stored();
        self.json()
    }

    /// The granted token.
    #[track_caller]
    pub fn access_token(&self) -> String {
        let reply = self.granted();
        reply["access_token"].as_str().unwrap().to_owned()
    }

    /// RFC 7662 2.2: for an invalid token, the answer only says that it is inactive.
    #[track_caller]
    pub fn inactive(&self) {
        assert_eq!(self.granted(), serde_json::json!({ "active": false }));
    }

    /// RFC 7009 2.2: the token is revoked or was invalid; both answers are the same.
    #[track_caller]
    pub fn revoked(&self) {
        assert_eq!(
            (self.status.as_u16(), self.text.as_str()),
            (200, ""),
            "{self:?}"
        );
        self.is_not_stored();
    }

    /// RFC 6749 5.2: the answer has this status and error and no token, and caches must not store
    /// it.
    #[track_caller]
    pub fn refused(&self, status: u16, error: &str) -> &Self {
        let body = self.json();
        assert_eq!(
            (self.status.as_u16(), body["error"].as_str()),
            (status, Some(error)),
            "{self:?}"
        );
        self.is_not_stored();
        let members: Vec<_> = body.as_object().unwrap().keys().collect();
        assert_eq!(members, ["error", "error_description"]);
        let description = body["error_description"].as_str().unwrap();
        let allowed = |byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(
            !description.is_empty() && description.bytes().all(allowed),
            "{description:?}"
        );
        assert_eq!(
            self.header("www-authenticate").is_some(),
            status == 401,
            "a challenge belongs to 401 and to nothing else: {self:?}"
        );
        self
    }

    #[track_caller]
    fn is_not_stored(&self) {
        assert_eq!(self.header("cache-control"), Some("no-store"), "{self:?}");
        assert_eq!(self.header("pragma"), Some("no-cache"), "{self:?}");
    }
}
