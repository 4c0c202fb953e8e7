//! Makes text that matches a pattern.
//!
//! The text is written from the pattern's syntax tree. It is kept only if the pattern matches it.
//! The tree has no look-around, so the text is written without it, but the match includes it.

use fancy_regex::Regex;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

/// The characters that are taken from a class first. They are of many kinds, so that a text soon
/// has one of each kind that it needs.
const PREFERRED: &[char] = &[
    'a', 'B', '3', '-', 'c', 'D', '7', '_', 'e', 'F', '0', '.', 'g', 'H', '9', ' ', '@', ':', '/',
    '+', '!', '#', '$',
];

/// The most times that an open repetition is repeated.
const LONGEST: u32 = 80;

/// A text of `min` to `max` characters that each pattern matches. Another `salt` gives another
/// text.
pub(crate) fn matching(patterns: &[&str], min: u64, max: u64, salt: usize) -> Option<String> {
    let regexes: Option<Vec<Regex>> = patterns
        .iter()
        .map(|pattern| Regex::new(pattern).ok())
        .collect();
    let regexes = regexes?;
    let fits = |text: &str| {
        let length = text.chars().count() as u64;
        (min..=max).contains(&length)
            && regexes
                .iter()
                .all(|regex| regex.is_match(text).unwrap_or(false))
    };
    for pattern in patterns {
        let tree = parse(pattern)?;
        for extra in 0..LONGEST {
            for seed in salt..salt + 6 {
                let mut text = Text {
                    text: String::new(),
                    seed,
                    extra,
                };
                text.write(&tree);
                if fits(&text.text) {
                    return Some(text.text);
                }
            }
        }
    }
    None
}

/// Whether a pattern matches. A pattern that can't be read counts as matching: the validator
/// decides.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    Regex::new(pattern).map_or(true, |regex| regex.is_match(text).unwrap_or(false))
}

/// A text that a pattern does not match.
pub(crate) fn not_matching(pattern: &str, like: &str) -> Option<String> {
    let regex = Regex::new(pattern).ok()?;
    let candidates = [
        format!("{like}~\u{7}"),
        format!("\u{7}{like}"),
        "~".repeat(like.chars().count().max(1)),
        String::new(),
        "\n".to_owned(),
    ];
    candidates
        .into_iter()
        .find(|text| regex.is_match(text).is_ok_and(|matches| !matches))
}

fn parse(pattern: &str) -> Option<Hir> {
    let plain = without_look_around(pattern);
    ParserBuilder::new().build().parse(&plain).ok()
}

/// Removes look-around: `^(?!x)[a-z]` becomes `^[a-z]`.
fn without_look_around(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(next) = rest.chars().next() {
        let opens = ["(?=", "(?!", "(?<=", "(?<!"]
            .iter()
            .any(|opening| rest.starts_with(opening));
        let length = match next {
            '\\' => next.len_utf8() + rest[1..].chars().next().map_or(0, char::len_utf8),
            '[' => closing(rest, '[', ']'),
            '(' if opens => {
                rest = &rest[closing(rest, '(', ')')..];
                continue;
            }
            _ => next.len_utf8(),
        };
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    out
}

/// The length of the bracket expression at the start of `text`.
fn closing(text: &str, open: char, close: char) -> usize {
    let (mut depth, mut escaped) = (0, false);
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == open && (open == '(' || at == 0) {
            depth += 1;
        } else if c == close {
            depth -= 1;
            if depth == 0 {
                return at + c.len_utf8();
            }
        }
    }
    text.len()
}

struct Text {
    text: String,
    seed: usize,
    /// How often a repetition is repeated beyond its minimum.
    extra: u32,
}

impl Text {
    fn write(&mut self, tree: &Hir) {
        match tree.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => self.text.push_str(&String::from_utf8_lossy(&literal.0)),
            HirKind::Class(class) => self.text.extend(self.character(class)),
            HirKind::Capture(capture) => self.write(&capture.sub),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.write(part)),
            HirKind::Alternation(branches) => self.write(&branches[self.seed % branches.len()]),
            HirKind::Repetition(repetition) => {
                let most = repetition.max.unwrap_or(u32::MAX);
                let times = (repetition.min + self.extra)
                    .min(most)
                    .min(repetition.min.max(LONGEST));
                (0..times).for_each(|_| self.write(&repetition.sub));
            }
        }
    }

    /// A character of the class, a preferred one if possible. Another position gives another
    /// character.
    fn character(&self, class: &Class) -> Option<char> {
        let Class::Unicode(class) = class else {
            return None;
        };
        let ranges = class.ranges();
        let holds = |c: char| {
            ranges
                .iter()
                .any(|range| (range.start()..=range.end()).contains(&c))
        };
        let known: Vec<char> = PREFERRED.iter().copied().filter(|c| holds(*c)).collect();
        let turn = self.seed + self.text.len();
        match known.as_slice() {
            [] => ranges
                .get(turn % ranges.len().max(1))
                .map(regex_syntax::hir::ClassUnicodeRange::start),
            known => Some(known[turn % known.len()]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_for_patterns_as_documents_have_them() {
        for pattern in [
            "^[a-z]+$",
            "^(?![0-9a-fA-F]{8}-)[a-z]([a-zA-Z0-9-]*[a-zA-Z0-9]+)?$",
            "^(?=.*[A-Z])(?=.*[0-9]).{8,}$",
            r"^\d{3}-\d{2}$",
            "^(([0-9]|1[0-9]{2})\\.){3}(24[0-9])/[0-9]{2}$",
            "a|b",
            r"^\p{L}+$",
            "^[^\\]/]+$",
        ] {
            let text =
                matching(&[pattern], 0, 64, 0).unwrap_or_else(|| panic!("nothing for {pattern}"));
            assert!(
                Regex::new(pattern)
                    .expect(pattern)
                    .is_match(&text)
                    .expect(pattern),
                "{pattern}: {text}"
            );
        }
    }

    #[test]
    fn length_and_salt_count() {
        let text = matching(&["^[a-z]*$"], 20, 30, 0).expect("a text");
        assert!((20..=30).contains(&text.len()), "{text}");
        assert_ne!(
            matching(&["^[a-z]{4}$"], 0, 9, 0),
            matching(&["^[a-z]{4}$"], 0, 9, 1)
        );
        assert_eq!(matching(&["^a$", "^b$"], 0, 9, 0), None);
    }

    #[test]
    fn text_against_a_pattern() {
        let text = not_matching("^[a-z]+$", "abc").expect("a text");
        assert!(
            !Regex::new("^[a-z]+$")
                .expect("a pattern")
                .is_match(&text)
                .expect("an answer"),
            "{text}"
        );
        assert_eq!(not_matching(".*", "abc"), None);
    }
}
