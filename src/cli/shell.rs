//! Quoting for printed commands that the operator pastes into a shell.

use std::path::Path;

/// Quotes a word for a POSIX shell.
pub(super) fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// Quotes a path for a POSIX shell.
pub(super) fn path(path: &Path) -> String {
    word(&path.to_string_lossy())
}

/// The name of this program if the shell finds it in `PATH`, else its path.
pub(super) fn program() -> String {
    const NAME: &str = "d1-authz";
    let Ok(own) = std::env::current_exe() else {
        return NAME.to_owned();
    };
    let found = std::env::var_os("PATH").and_then(|folders| {
        std::env::split_paths(&folders)
            .map(|folder| folder.join(NAME))
            .find(|candidate| candidate.is_file())
    });
    let is_own = |found: &Path| matches!((found.canonicalize(), own.canonicalize()), (Ok(one), Ok(other)) if one == other);
    if found.as_deref().is_some_and(is_own) {
        NAME.to_owned()
    } else {
        path(&own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_take_apart_is_quoted() {
        assert_eq!(word("/a/b-c.d"), "/a/b-c.d");
        assert_eq!(word("a b"), "'a b'");
        assert_eq!(word("it's $x"), r"'it'\''s $x'");
        assert_eq!(word(""), "''");
    }
}
