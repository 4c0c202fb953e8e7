//! Rust names for OpenAPI names. They are idiomatic, valid, unique in their scope, and the same on
//! every run.

use heck::{ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};
use std::collections::HashSet;

/// The names in use in one Rust scope, such as a module's types, a struct's fields or an enum's
/// variants.
#[derive(Debug, Default, Clone)]
pub struct Scope {
    taken: HashSet<String>,
}

impl Scope {
    /// A scope in which the reserved names are in use.
    pub fn with(reserved: &[&str]) -> Self {
        Self {
            taken: reserved.iter().map(ToString::to_string).collect(),
        }
    }

    /// Whether no name is in use.
    pub fn is_empty(&self) -> bool {
        self.taken.is_empty()
    }

    /// Takes `wanted`, or the first free name of `wanted2`, `wanted3`, ….
    pub fn take(&mut self, wanted: &str) -> String {
        if self.taken.insert(wanted.to_owned()) {
            return wanted.to_owned();
        }
        let separator = if wanted.ends_with(|c: char| c.is_ascii_digit()) {
            "_"
        } else {
            ""
        };
        (2..)
            .map(|n| format!("{wanted}{separator}{n}"))
            .find(|name| self.taken.insert(name.clone()))
            .expect("the numbers do not end before the names do")
    }
}

/// The name of a type or an enum's variant: `UpperCamelCase`.
pub fn type_name(name: &str) -> String {
    let camel = spelled(name).to_upper_camel_case();
    match camel.chars().next() {
        None => "Empty".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("N{camel}"),
        Some(_) if camel == "Self" => "SelfValue".to_owned(),
        Some(_) => camel,
    }
}

/// The name of a field, method or module: `snake_case`. A keyword gets an underscore at its end.
pub fn field_name(name: &str) -> String {
    let snake = spelled(name).to_snake_case();
    match snake.chars().next() {
        None => "empty".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("n{snake}"),
        Some(_) if KEYWORDS.contains(&snake.as_str()) => format!("{snake}_"),
        Some(_) => snake,
    }
}

/// The name of a static: `SHOUTY_SNAKE_CASE`.
pub fn static_name(name: &str) -> String {
    let shouty = spelled(name).to_shouty_snake_case();
    match shouty.chars().next() {
        None => "EMPTY".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("N{shouty}"),
        Some(_) => shouty,
    }
}

/// Replaces each character that a Rust name can't hold by a space, and a leading sign by its word.
/// GitHub's `+1` and `-1` so get different names.
fn spelled(name: &str) -> String {
    let mut words = String::with_capacity(name.len());
    let mut chars = name.chars().peekable();
    if let Some(word) = chars.peek().copied().and_then(sign) {
        let alone = name.chars().count() == 1;
        let before_number = name.chars().nth(1).is_some_and(|c| c.is_ascii_digit());
        if alone || before_number || matches!(name.chars().next(), Some('!' | '<' | '>' | '=')) {
            words.push_str(word);
            words.push(' ');
            chars.next();
        }
    }
    for c in chars {
        if c.is_ascii_alphanumeric() || c == '_' || (!c.is_ascii() && c.is_alphanumeric()) {
            words.push(c);
        } else {
            words.push(' ');
        }
    }
    if words.trim().trim_matches('_').is_empty() {
        return name.chars().filter_map(sign).collect::<Vec<_>>().join(" ");
    }
    words
}

fn sign(c: char) -> Option<&'static str> {
    Some(match c {
        '+' => "plus",
        '-' => "minus",
        '*' => "star",
        '/' => "slash",
        '$' => "dollar",
        '@' => "at",
        '%' => "percent",
        '&' => "and",
        '|' => "or",
        '!' => "not",
        '<' => "less",
        '>' => "greater",
        '=' => "equal",
        '#' => "hash",
        '~' => "tilde",
        '.' => "dot",
        ',' => "comma",
        ':' => "colon",
        ';' => "semicolon",
        '?' => "question",
        '^' => "caret",
        '_' => "underscore",
        ' ' => "space",
        _ => return None,
    })
}

/// Every strict and reserved keyword of edition 2024, and weak keywords such as `union` that read
/// badly as fields.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_rust_names() {
        for (name, field, ty) in [
            ("petId", "pet_id", "PetId"),
            ("type", "type_", "Type"),
            ("self", "self_", "SelfValue"),
            ("2fa", "n2fa", "N2fa"),
            ("+1", "plus_1", "Plus1"),
            ("-1", "minus_1", "Minus1"),
            ("", "empty", "Empty"),
            ("*", "star", "Star"),
            ("X-Rate-Limit", "x_rate_limit", "XRateLimit"),
            (
                "issues/list-for-org",
                "issues_list_for_org",
                "IssuesListForOrg",
            ),
            ("größe", "größe", "Größe"),
            ("$ref", "ref_", "Ref"),
        ] {
            assert_eq!(field_name(name), field, "{name}");
            assert_eq!(type_name(name), ty, "{name}");
        }
    }

    #[test]
    fn a_scope_never_gives_a_name_twice() {
        let mut scope = Scope::with(&["Pet"]);
        assert_eq!(scope.take("Pet"), "Pet2");
        assert_eq!(scope.take("Pet"), "Pet3");
        assert_eq!(scope.take("Pet2"), "Pet2_2");
    }
}
