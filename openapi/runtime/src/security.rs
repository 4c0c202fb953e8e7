//! Reads credentials from a request into types. It doesn't check them.
//!
//! The service decides whether a password or a token is right. No value here prints its secret, and
//! each is wiped from memory when it is dropped.

use std::borrow::Cow;
use std::fmt;

use http::header::AUTHORIZATION;
use zeroize::Zeroizing;

use crate::operation::Location;
use crate::received::Received;
use crate::{Decode, Invalid, Node, Reason, Rejection, base64};

/// `http` scheme `basic` (RFC 7617).
#[derive(Clone, PartialEq, Eq)]
pub struct Basic {
    /// `user-id ":" password`
    text: Zeroizing<String>,
    colon: usize,
}

impl Basic {
    /// The user-id.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.text[..self.colon]
    }

    /// The password. A secret.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.text[self.colon + 1..]
    }
}

impl fmt::Debug for Basic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Basic {{ username: {:?}, password: … }}",
            self.username()
        )
    }
}

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(Zeroizing<String>);

        impl $name {
            /// The text. A secret.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

secret! {
    /// `http` scheme `bearer` (RFC 6750), and the access tokens of `oauth2` and `openIdConnect`.
    Bearer
}
secret! {
    /// `apiKey`, from a header, the query or a cookie.
    ApiKey
}
secret! {
    /// The text after the scheme's name in `Authorization`, for `http` schemes without a type of
    /// their own.
    HttpCredentials
}
secret! {
    /// The whole value of a header parameter called `Authorization`.
    Authorization
}

impl Decode for Authorization {
    fn decode(node: Node) -> Result<Self, Invalid> {
        String::decode(node).map(|text| Self(text.into()))
    }
}

impl Received {
    /// Reads credentials of the `http` scheme `basic`. `None` if the request has none of that
    /// scheme.
    ///
    /// # Errors
    /// [`Reason::Credentials`] if they are malformed, [`Reason::RepeatedParameter`] for two
    /// `Authorization` headers.
    pub fn basic(&mut self, scheme: &str) -> Result<Option<Basic>, Rejection> {
        self.ask("Basic realm=\"api\", charset=\"UTF-8\"");
        let Some(encoded) = self.authorization("basic")? else {
            return Ok(None);
        };
        let text =
            base64::decode_credential(encoded).and_then(|bytes| String::from_utf8(bytes).ok());
        let basic = text.map(Zeroizing::new).and_then(|text| {
            let colon = text.find(':')?;
            Some(Basic { text, colon })
        });
        match basic {
            Some(basic) => Ok(Some(basic)),
            None => Err(self.malformed(scheme, "base64 of \"user:password\"")),
        }
    }

    /// Reads a token of the `http` scheme `bearer`. `None` if the request has none.
    ///
    /// # Errors
    /// [`Reason::Credentials`] if it is malformed, [`Reason::RepeatedParameter`] for two
    /// `Authorization` headers.
    pub fn bearer(&mut self, scheme: &str) -> Result<Option<Bearer>, Rejection> {
        self.ask("Bearer realm=\"api\"");
        let Some(token) = self.authorization("bearer")? else {
            return Ok(None);
        };
        // RFC 6750, 2.1: b64token
        let trimmed = token.trim_end_matches('=');
        if trimmed.is_empty()
            || !trimmed
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
        {
            return Err(self.malformed(scheme, "one bearer token"));
        }
        Ok(Some(Bearer(token.to_owned().into())))
    }

    /// Reads credentials of any other `http` scheme: the text after the scheme's name in
    /// `Authorization`.
    ///
    /// # Errors
    /// [`Reason::RepeatedParameter`] for two `Authorization` headers.
    pub fn http(
        &mut self,
        http_scheme: &str,
        _scheme: &str,
    ) -> Result<Option<HttpCredentials>, Rejection> {
        self.ask(format!("{http_scheme} realm=\"api\""));
        Ok(self
            .authorization(http_scheme)?
            .map(|text| HttpCredentials(text.to_owned().into())))
    }

    /// Reads a key from a header, the query or a cookie.
    ///
    /// # Errors
    /// [`Reason::RepeatedParameter`], [`Reason::MalformedEncoding`]
    pub fn api_key(
        &mut self,
        location: Location,
        name: &str,
        _scheme: &str,
    ) -> Result<Option<ApiKey>, Rejection> {
        // `ApiKey` is no registered scheme, but RFC 9110, 11.6.1 wants a challenge with every 401.
        self.ask(format!(
            "ApiKey realm=\"api\", in=\"{}\", name=\"{name}\"",
            location.as_str()
        ));
        self.optional(location, name, String::decode)
            .map(|key| key.map(|key| ApiKey(key.into())))
    }

    /// The refusal of a request whose credentials meet none of the operation's alternatives: 401,
    /// with a challenge for each scheme that was asked for.
    #[must_use]
    pub fn unauthenticated(&self) -> Rejection {
        self.refuse_credentials("credentials are missing".to_owned())
    }

    fn ask(&mut self, challenge: impl Into<Cow<'static, str>>) {
        let challenge = challenge.into();
        if !self.challenges.contains(&challenge) {
            self.challenges.push(challenge);
        }
    }

    /// The text after the scheme's name in `Authorization`. Two such headers are refused, as
    /// readers along the way could choose different ones.
    fn authorization(&self, http_scheme: &str) -> Result<Option<&str>, Rejection> {
        let mut lines = self.parts.headers.get_all(AUTHORIZATION).iter();
        let Some(line) = lines.next() else {
            return Ok(None);
        };
        if lines.next().is_some() {
            let location = Some(Location::Header);
            let message = "is given more than once";
            return Err(Rejection::new(
                self.operation,
                Reason::RepeatedParameter,
                location,
                "Authorization",
                message,
            ));
        }
        let Ok(text) = std::str::from_utf8(line.as_bytes()) else {
            return Err(self.refuse_credentials("the credentials are not text".to_owned()));
        };
        let (sent, credentials) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        Ok(sent
            .eq_ignore_ascii_case(http_scheme)
            .then(|| credentials.trim_start_matches(' ')))
    }

    fn malformed(&self, scheme: &str, wanted: &str) -> Rejection {
        self.refuse_credentials(format!(
            "the credentials for {scheme} are malformed: not {wanted}"
        ))
    }

    fn refuse_credentials(&self, message: String) -> Rejection {
        Rejection::new(self.operation, Reason::Credentials, None, "", message)
            .challenge(self.challenges.join(", "))
    }
}
