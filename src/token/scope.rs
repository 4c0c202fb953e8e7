//! Scopes, RFC 6749 3.3: their syntax, and what a request may ask for.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// A list of scope tokens as RFC 6749 3.3 writes it: separated by one space, none twice, in order
/// of first appearance. May be empty. Cloning costs a reference count.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Scope(Arc<str>);

/// Why a scope can't be granted, or isn't one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// Not `scope-token *( SP scope-token )`.
    #[error(
        "a scope is a list of tokens separated by single spaces, of printable ASCII without '\"' and '\\'"
    )]
    Malformed,
    /// A token that the client doesn't have.
    #[error("the scope asks for more than the client may have")]
    NotAllowed,
}

impl Scope {
    /// Reads a scope; the empty text is the empty scope.
    ///
    /// # Errors
    /// [`ScopeError::Malformed`] when the text isn't RFC 6749 3.3's `scope`.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        let mut kept = String::with_capacity(text.len());
        if !text.is_empty() {
            for token in text.split(' ') {
                append(&mut kept, checked(token)?);
            }
        }
        Ok(Self(kept.into()))
    }

    /// The scope that a client with this scope gets when it asks for `requested`. If it asks for
    /// nothing, it gets all of its own (RFC 6749 3.3 leaves the default to the server). Else it
    /// gets what it asks for, without repetitions.
    ///
    /// # Errors
    /// [`ScopeError`], both of whose cases are `invalid_scope` to the client.
    pub fn narrowed_to(&self, requested: Option<&str>) -> Result<Self, ScopeError> {
        let requested = match requested {
            None | Some("") => return Ok(self.clone()),
            Some(text) if *text == *self.0 => return Ok(self.clone()),
            Some(text) => text,
        };
        // The syntax is checked first, so that the error doesn't depend on the order of the tokens.
        // The result is not longer than the client's own scope, so a long list of repetitions costs
        // one scan and no memory.
        requested
            .split(' ')
            .try_for_each(|token| checked(token).map(drop))?;
        let mut kept = String::with_capacity(self.0.len());
        for token in requested.split(' ') {
            if !self.contains(token) {
                return Err(ScopeError::NotAllowed);
            }
            append(&mut kept, token);
        }
        Ok(Self(kept.into()))
    }

    /// Whether `token` is one of the scope's tokens.
    #[must_use]
    pub fn contains(&self, token: &str) -> bool {
        contains(&self.0, token)
    }

    /// The tokens, in order.
    pub fn tokens(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ').filter(|token| !token.is_empty())
    }

    /// The scope as the wire carries it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is no token at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )`
fn checked(token: &str) -> Result<&str, ScopeError> {
    let allowed = |byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    if !token.is_empty() && token.bytes().all(allowed) {
        Ok(token)
    } else {
        Err(ScopeError::Malformed)
    }
}

fn append(list: &mut String, token: &str) {
    if contains(list, token) {
        return;
    }
    if !list.is_empty() {
        list.push(' ');
    }
    list.push_str(token);
}

fn contains(list: &str, token: &str) -> bool {
    !token.is_empty() && list.split(' ').any(|own| own == token)
}

impl Default for Scope {
    fn default() -> Self {
        Self("".into())
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scope({:?})", self.as_str())
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scope(text: &str) -> Scope {
        Scope::parse(text).unwrap()
    }

    #[test]
    fn a_scope_keeps_its_order_and_drops_repetitions() {
        assert_eq!(scope("b a b c a").as_str(), "b a c");
        assert_eq!(scope("").tokens().count(), 0);
        assert_eq!(
            scope("cards:read pin").tokens().collect::<Vec<_>>(),
            ["cards:read", "pin"]
        );
    }

    #[test]
    fn what_rfc_6749_3_3_does_not_allow_is_malformed() {
        for text in [
            " ", " a", "a ", "a  b", "a\tb", "a\"b", "a\\b", "ä", "a\u{7f}", "a\nb", "a,\u{0}",
        ] {
            assert_eq!(Scope::parse(text), Err(ScopeError::Malformed), "{text:?}");
        }
    }

    #[test]
    fn asking_for_nothing_grants_everything() {
        assert_eq!(scope("a b").narrowed_to(None).unwrap(), scope("a b"));
        assert_eq!(scope("a b").narrowed_to(Some("")).unwrap(), scope("a b"));
        assert!(scope("").narrowed_to(None).unwrap().is_empty());
    }

    #[test]
    fn a_request_may_narrow_and_never_widen() {
        let own = scope("a b c");
        assert_eq!(own.narrowed_to(Some("c a c")).unwrap().as_str(), "c a");
        assert_eq!(own.narrowed_to(Some("a d")), Err(ScopeError::NotAllowed));
        assert_eq!(own.narrowed_to(Some("A")), Err(ScopeError::NotAllowed));
        assert_eq!(
            scope("").narrowed_to(Some("a")),
            Err(ScopeError::NotAllowed)
        );
    }

    #[test]
    fn bad_syntax_is_told_before_what_is_not_allowed() {
        assert_eq!(
            scope("a").narrowed_to(Some("zzz  a")),
            Err(ScopeError::Malformed)
        );
        assert_eq!(
            scope("a").narrowed_to(Some(" ")),
            Err(ScopeError::Malformed)
        );
    }

    proptest! {
        #[test]
        fn what_is_granted_is_a_scope_within_the_clients_and_within_the_request(
            own in "[a-d]( [a-d]){0,5}", requested in "[a-f ]{0,12}",
        ) {
            let own = scope(&own);
            if let Ok(granted) = own.narrowed_to(Some(&requested)) {
                prop_assert_eq!(&Scope::parse(granted.as_str()).unwrap(), &granted);
                prop_assert!(granted.tokens().all(|token| own.contains(token)));
                prop_assert!(requested.is_empty() || granted.tokens().all(|token| requested.split(' ').any(|asked| asked == token)));
            }
        }
    }
}
