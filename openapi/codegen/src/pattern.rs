//! Translates a schema's `pattern` (ECMA 262) into a pattern of the `fancy-regex` crate.
//!
//! The two differ in the meaning of `\d`, `\w` and `\s`, in the escapes inside a class, and in `$`.
//! A pattern that can't be translated is an error: the document keeps it, but it is not enforced.

/// The translated pattern.
///
/// # Errors
/// The reason why it can't be enforced, usually the regular-expression engine's own message.
pub fn translate(ecma: &str) -> Result<String, String> {
    let mut out = String::with_capacity(ecma.len() + 8);
    let mut chars = ecma.chars().peekable();
    let mut class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                None => return Err("it ends in a backslash".to_owned()),
                Some('d') => out.push_str(if class { "0-9" } else { "[0-9]" }),
                Some('D') if !class => out.push_str("[^0-9]"),
                Some('w') => out.push_str(if class { "0-9A-Za-z_" } else { "[0-9A-Za-z_]" }),
                Some('W') if !class => out.push_str("[^0-9A-Za-z_]"),
                // ECMA's white space includes the byte order mark, Unicode's does not.
                Some('s') => out.push_str(if class {
                    r"\s\x{FEFF}"
                } else {
                    r"[\s\x{FEFF}]"
                }),
                Some('c') => match chars.next().filter(char::is_ascii_alphabetic) {
                    Some(letter) => out.push_str(&format!(r"\x{:02X}", (letter as u8) & 0x1f)),
                    None => return Err(r"\c without a letter".to_owned()),
                },
                Some('u') => {
                    if chars.peek() == Some(&'{') {
                        out.push_str(r"\u");
                    } else {
                        let digits: String = chars.by_ref().take(4).collect();
                        out.push_str(&format!(r"\u{{{digits}}}"));
                    }
                }
                Some('0') if !chars.peek().is_some_and(char::is_ascii_digit) => {
                    out.push_str(r"\x00");
                }
                Some(other) if other.is_ascii_alphanumeric() => {
                    out.push('\\');
                    out.push(other);
                }
                Some(other) => push_literal(&mut out, other),
            },
            '[' if !class => {
                class = true;
                out.push('[');
                if chars.peek() == Some(&'^') {
                    chars.next();
                    out.push('^');
                }
                if chars.peek() == Some(&']') {
                    // ECMA: `[]` matches nothing and `[^]` anything.
                    chars.next();
                    class = false;
                    let anything = out.ends_with('^');
                    out.truncate(out.len() - if anything { 2 } else { 1 });
                    out.push_str(if anything { r"[\s\S]" } else { r"[^\s\S]" });
                }
            }
            // In a class of Rust these characters begin set operations. In ECMA they are literals.
            '[' | '&' | '~' if class => {
                out.push('\\');
                out.push(c);
            }
            ']' if class => {
                class = false;
                out.push(']');
            }
            // Without flags, Rust's `$` equals ECMA's. In ECMA a brace that is no quantifier is a
            // literal.
            '{' if !class && !quantifier(chars.clone()) => out.push_str(r"\{"),
            _ => out.push(c),
        }
    }
    match fancy_regex::Regex::new(&out) {
        Ok(_) => Ok(out),
        Err(error) => Err(error.to_string()),
    }
}

fn push_literal(out: &mut String, c: char) {
    if c.is_ascii_punctuation() {
        out.push('\\');
    }
    out.push(c);
}

/// Whether the text after an opening brace makes a quantifier: `{n}`, `{n,}` or `{n,m}`.
fn quantifier(rest: impl Iterator<Item = char>) -> bool {
    let mut digits = false;
    for c in rest {
        match c {
            '0'..='9' => digits = true,
            ',' if digits => {}
            '}' => return digits,
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::translate;

    #[test]
    fn ecma_patterns_mean_the_same() {
        for (pattern, matching, other) in [
            (r"^[a-z]+$", "abc", "ab1"),
            (r"^\d{3}$", "123", "١٢٣"),
            (r"^(?!x)[\w-]+$", "a-b", "xa"),
            (r"^[\[\]&&]+$", "[&]", "a"),
            (r"^\/a\/$", "/a/", "a"),
            (r"^a{$", "a{", "a"),
            (r"^[^]$", "\n", ""),
            (r"^\u0041$", "A", "B"),
            (r"^[[a]$", "[", "]"),
        ] {
            let translated =
                translate(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
            let regex = fancy_regex::Regex::new(&translated).expect("translate has compiled it");
            assert!(regex.is_match(matching).unwrap(), "{pattern} on {matching}");
            assert!(!regex.is_match(other).unwrap(), "{pattern} on {other}");
        }
        assert!(translate("(").is_err());
        assert!(translate("\\").is_err());
    }
}
