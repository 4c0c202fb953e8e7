//! JSON pointers (RFC 6901), as text.

use std::borrow::Cow;

/// A token, escaped for a pointer.
#[must_use]
pub fn escape(token: &str) -> Cow<'_, str> {
    if token.contains(['~', '/']) {
        token.replace('~', "~0").replace('/', "~1").into()
    } else {
        token.into()
    }
}

/// The pointer to a member of what another pointer leads to.
#[must_use]
pub fn join(pointer: &str, token: &str) -> String {
    format!("{pointer}/{}", escape(token))
}

/// Lengthens a pointer by a token.
pub fn push(pointer: &mut String, token: &str) {
    pointer.push('/');
    pointer.push_str(&escape(token));
}

/// The tokens of a pointer, unescaped. The empty pointer has none.
pub fn tokens(pointer: &str) -> impl Iterator<Item = String> {
    let tokens = pointer.split('/').skip(1);
    tokens.map(|token| token.replace("~1", "/").replace("~0", "~"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6901, 3 and 4: `~` is escaped first and unescaped last.
    #[test]
    fn tokens_come_back_as_they_were_written() {
        for token in ["", "a", "a/b", "m~n", "~1", "~01", "/", "é"] {
            let pointer = join("/x", token);
            assert_eq!(tokens(&pointer).collect::<Vec<_>>(), ["x", token]);
            let mut pushed = "/x".to_owned();
            push(&mut pushed, token);
            assert_eq!(pushed, pointer);
        }
        assert_eq!(join("", "a/b~c"), "/a~1b~0c");
        assert_eq!(tokens("").count(), 0);
    }
}
