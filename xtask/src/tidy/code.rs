//! Separates Rust into code, comments and texts, so that a rule does not take one for the other.

/// The code of a file. Comments, strings and characters become spaces. Line breaks stay.
pub fn only(source: &str) -> String {
    part(source, Part::Code)
}

/// The comments of a file. Everything else becomes spaces. Line breaks stay.
pub fn comments(source: &str) -> String {
    part(source, Part::Comment)
}

/// The closing brace of the opening brace at `open`, in code without comments and texts.
pub fn closing(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, next) in code[open..].char_indices() {
        match next {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if depth == 0 {
            return Some(open + at);
        }
    }
    None
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Code,
    Comment,
    /// A string or a character.
    Text,
}

fn part(source: &str, wanted: Part) -> String {
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while let Some(next) = source[at..].chars().next() {
        let (part, length) = piece(source, at).unwrap_or((Part::Code, next.len_utf8()));
        let end = source.len().min(at + length);
        let piece = &source[at..end];
        if part == wanted {
            out.push_str(piece);
        } else {
            out.extend(piece.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        }
        at = end;
    }
    out
}

/// The comment or text that begins at a position, with its length in bytes.
fn piece(source: &str, at: usize) -> Option<(Part, usize)> {
    let rest = &source[at..];
    if rest.starts_with("//") {
        return Some((Part::Comment, rest.find('\n').unwrap_or(rest.len())));
    }
    if rest.starts_with("/*") {
        return Some((Part::Comment, block_comment(rest)));
    }
    if rest.starts_with('"') {
        return Some((Part::Text, quoted(rest)));
    }
    if rest.starts_with('\'') {
        return character(rest).map(|length| (Part::Text, length));
    }
    let in_name = source[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let raw = if in_name { None } else { raw(rest) };
    raw.map(|length| (Part::Text, length))
}

/// The length of a block comment. Block comments nest.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        let here = &text[at..];
        if here.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if here.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                break;
            }
        } else {
            at += here.chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

/// The length of a text in double quotes.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, next) in text.char_indices().skip(1) {
        match next {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a character. `None` for a lifetime, which has no closing quote after its first
/// letter.
fn character(text: &str) -> Option<usize> {
    let mut inside = text.char_indices().skip(1);
    let (_, first) = inside.next()?;
    if first == '\\' {
        let (at, escape) = inside.next()?;
        return text[at + escape.len_utf8()..]
            .find('\'')
            .map(|end| at + escape.len_utf8() + end + 1);
    }
    let (at, second) = inside.next()?;
    (second == '\'').then_some(at + 1)
}

/// The length of `r"…"` or `r#"…"#`, which may have `b` or `c` before it.
fn raw(text: &str) -> Option<usize> {
    let prefix = ["r", "br", "cr"].into_iter().find(|prefix| {
        let rest = text.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.trim_start_matches('#').starts_with('"'))
    })?;
    let rest = &text[prefix.len()..];
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    let open = prefix.len() + hashes + 1;
    let close = format!("\"{}", "#".repeat(hashes));
    let end = text[open..].find(&close);
    Some(end.map_or(text.len(), |end| open + end + close.len()))
}

#[cfg(test)]
mod tests {
    use super::{comments, only};

    #[test]
    fn comments_and_texts_go_and_lines_stay() {
        let source = concat!(
            "//! dbg!\n",
            "use a; // dbg!\n",
            "/* dbg! /* dbg! */ dbg! */ let b = \"dbg!\\\" dbg!\\\n dbg!\";\n",
            "let c = r#\"dbg! \" dbg!\"#; let d = br\"dbg!\\\"; dbg!(1)\n",
        );
        let code = only(source);
        assert_eq!(code.matches("dbg!").count(), 1);
        assert_eq!(code.lines().count(), source.lines().count());
        assert_eq!(code.lines().nth(1).map(str::trim_end), Some("use a;"));
        assert_eq!(code.len(), source.len());
    }

    #[test]
    fn characters_are_told_from_lifetimes() {
        let code =
            only("fn f<'a>(x: &'a str) { x.find('\"'); x.find('\\''); x.find('\\u{22}'); todo }");
        assert!(code.contains("<'a>(x: &'a str)"), "{code}");
        assert!(!code.contains('"') && code.contains("todo"), "{code}");
    }

    #[test]
    fn a_name_that_ends_in_r_opens_no_raw_text() {
        let code = only("for_!(r\"Q\"); var\"Q\"; r#type");
        assert!(!code.contains('Q') && code.contains("r#type"), "{code}");
    }

    #[test]
    fn comments_are_told_from_texts() {
        let source = "let a = \"// Q\"; // b \"c\"\n/* d */ e";
        let comments = comments(source);
        assert_eq!(comments.trim(), "// b \"c\"\n/* d */");
        assert_eq!(comments.len(), source.len());
    }

    #[test]
    fn what_never_ends_is_blank_to_the_end() {
        for source in ["\"abc", "/* abc", "r#\"abc\"", "// abc", "'\\"] {
            assert!(!only(source).contains("abc"), "{source}");
        }
    }
}
