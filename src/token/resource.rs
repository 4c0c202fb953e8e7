//! Resource indicators, RFC 8707: which of a client's audiences a token is asked for.

use std::sync::Arc;

use super::Audience;

/// A `resource` that no token can be issued for; `invalid_target` to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResourceError {
    /// It is not an absolute URI without a fragment (RFC 8707 2).
    #[error("resource is not an absolute URI without a fragment (RFC 8707 2)")]
    Malformed,
    /// It is not one of the client's audiences.
    #[error("resource is none of the client's audiences")]
    NotAllowed,
}

/// The audiences of a token for a client with the audiences `own` that names these values of
/// `resource`. If it names none, these are all of `own`; else the named ones, without repetitions.
/// A value must equal an audience character by character (RFC 3986 6.2.1). If two URIs that a
/// resource server tells apart counted as one, the wrong server would get a token.
///
/// # Errors
/// [`ResourceError`]
pub fn narrowed_audiences(
    own: &Arc<[Audience]>,
    resources: &[String],
) -> Result<Arc<[Audience]>, ResourceError> {
    // RFC 6749 3.2: an empty parameter is an absent one.
    let named = || resources.iter().filter(|resource| !resource.is_empty());
    if named().next().is_none() {
        return Ok(own.clone());
    }
    // The syntax is checked first, so that the error doesn't depend on the order of the values.
    if !named().all(|resource| is_absolute_uri(resource)) {
        return Err(ResourceError::Malformed);
    }
    let mut narrowed: Vec<Audience> = Vec::new();
    for resource in named() {
        let audience = own.iter().find(|audience| audience.as_str() == resource);
        let audience = audience.ok_or(ResourceError::NotAllowed)?;
        if !narrowed.contains(audience) {
            narrowed.push(audience.clone());
        }
    }
    Ok(narrowed.into())
}

/// RFC 3986 4.3: a scheme, and something after it, without a fragment.
fn is_absolute_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let in_scheme = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let in_uri =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=%".contains(&byte);
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(in_scheme)
        && !rest.is_empty()
        && rest.bytes().all(in_uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARDS: &str = "https://cards.bank.example/v2";
    const PIN: &str = "urn:bank:pin";

    fn narrowed(resources: &[&str]) -> Result<Vec<String>, ResourceError> {
        let own = [CARDS, PIN, "cards"].map(|text| Audience::parse(text).unwrap());
        let resources: Vec<String> = resources.iter().map(ToString::to_string).collect();
        let narrowed = narrowed_audiences(&own.into(), &resources)?;
        Ok(narrowed.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn who_names_nothing_gets_all_and_who_names_some_gets_those() {
        for nothing in [&[][..], &[""], &["", ""]] {
            assert_eq!(narrowed(nothing).unwrap(), [CARDS, PIN, "cards"]);
        }
        assert_eq!(narrowed(&[PIN]).unwrap(), [PIN]);
        assert_eq!(narrowed(&[PIN, "", CARDS, PIN]).unwrap(), [PIN, CARDS]);
    }

    #[test]
    fn another_uri_is_not_allowed_however_alike() {
        for resource in [
            "https://cards.bank.example/v2/",
            "https://cards.bank.example",
            "https://CARDS.bank.example/v2",
            "https://cards.bank.example:443/v2",
            "urn:bank:pi%6E",
        ] {
            let refused = Err(ResourceError::NotAllowed);
            assert_eq!(narrowed(&[resource]), refused, "{resource}");
            assert_eq!(narrowed(&[PIN, resource]), refused, "{resource}");
        }
    }

    #[test]
    fn what_is_no_absolute_uri_is_malformed_and_that_is_told_first() {
        for resource in [
            "cards",
            "/v2",
            "//cards.bank.example/v2",
            "https://cards.bank.example/v2#top",
            "https://cards.bank.example/v2#",
            "1https://x",
            ":x",
            "https:",
            "https://a b",
            "https://é",
        ] {
            let refused = Err(ResourceError::Malformed);
            assert_eq!(narrowed(&[resource]), refused, "{resource}");
            assert_eq!(narrowed(&["urn:other", resource]), refused, "{resource}");
        }
    }
}
