//! The credentials that a caller shows for a security scheme.

use base64::Engine as _;
use dropshot_contract::{Location, Value};

/// The credentials for one scheme.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    /// The scheme's name in the document.
    pub(crate) scheme: String,
    /// The secret as the handler gets it.
    pub(crate) secret: String,
    pub(crate) location: Location,
    /// The name of the header, query parameter or cookie.
    pub(crate) name: String,
    /// The text of the header, query parameter or cookie.
    pub(crate) text: String,
}

impl Shown {
    /// Whether both put the same text in the same place.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.is_beside(other) && self.text == other.text
    }

    fn is_beside(&self, other: &Self) -> bool {
        self.location == other.location && self.name.eq_ignore_ascii_case(&other.name)
    }
}

/// The credentials for a scheme. `None` if no part of a request can show them.
pub(crate) fn shown(name: &str, scheme: &Value) -> Option<Shown> {
    let text = |keyword: &str| {
        scheme
            .get(keyword)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let authorization = |secret: &str, text: String| Shown {
        scheme: name.to_owned(),
        secret: secret.to_owned(),
        location: Location::Header,
        name: "Authorization".to_owned(),
        text,
    };
    let http = text("scheme").to_ascii_lowercase();
    Some(match (text("type"), http.as_str()) {
        ("http", "basic") => {
            let secret = "an user:pass:wörd";
            let encoded = base64::engine::general_purpose::STANDARD.encode(secret);
            authorization(secret, format!("Basic {encoded}"))
        }
        ("http", "bearer") | ("oauth2" | "openIdConnect", _) => {
            authorization("a.token-_~+/1==", "Bearer a.token-_~+/1==".to_owned())
        }
        ("http", scheme) => authorization("some=\"thing\"", format!("{scheme} some=\"thing\"")),
        ("apiKey", _) => {
            let location = Location::of_parameter(text("in")).unwrap_or(Location::Header);
            let secret = format!("key-of-{name}");
            Shown {
                scheme: name.to_owned(),
                text: secret.clone(),
                secret,
                location,
                name: text("name").to_owned(),
            }
        }
        _ => return None,
    })
}

/// The credentials for all schemes of an alternative.
///
/// # Errors
/// A scheme can't be shown in a request, or two schemes need different text in the same place.
pub(crate) fn together(alternative: &[(&str, &Value)]) -> Result<Vec<Shown>, String> {
    let mut all: Vec<Shown> = Vec::new();
    for (name, scheme) in alternative {
        let shown = shown(name, scheme)
            .ok_or_else(|| format!("security scheme {name} is shown by no part of a request"))?;
        // One token may serve two schemes.
        if all
            .iter()
            .any(|other| other.is_beside(&shown) && !other.is_same(&shown))
        {
            return Err(format!(
                "security scheme {name} wants the same place as another"
            ));
        }
        all.push(shown);
    }
    Ok(all)
}
