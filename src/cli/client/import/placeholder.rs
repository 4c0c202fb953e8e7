//! What servers write in place of a secret: masks, words for "hidden" and "none", and names such as
//! "secret goes here".

/// Characters that mask others.
const MASKS: &[char] = &[
    '*', '•', '●', '∙', '·', '○', '◦', '█', '■', '▪', '░', '▒', '▓', '×', '＊', '✱', '⁎', '…',
];

/// Words for a hidden or missing secret: their letters and digits, in lower case.
const WORDS: [&str; 56] = [
    "null",
    "nil",
    "none",
    "undefined",
    "na",
    "nan",
    "notavailable",
    "notapplicable",
    "unavailable",
    "unknown",
    "empty",
    "blank",
    "unset",
    "notset",
    "missing",
    "absent",
    "nosecret",
    "hidden",
    "secrethidden",
    "hiddensecret",
    "valuehidden",
    "hiddenvalue",
    "hiddenforsecurity",
    "redacted",
    "secretredacted",
    "redactedsecret",
    "masked",
    "secretmasked",
    "maskedsecret",
    "obscured",
    "obfuscated",
    "censored",
    "concealed",
    "removed",
    "omitted",
    "stripped",
    "deleted",
    "filtered",
    "scrubbed",
    "sanitized",
    "sanitised",
    "suppressed",
    "withheld",
    "confidential",
    "sensitive",
    "protected",
    "encrypted",
    "notshown",
    "notdisplayed",
    "notexported",
    "notreturned",
    "placeholder",
    "changeme",
    "changeit",
    "replaceme",
    "todo",
];

/// Names that stand in place of a secret.
const NAMES: [&str; 9] = [
    "clientsecret",
    "yourclientsecret",
    "yoursecret",
    "yoursecrethere",
    "mysecrethere",
    "secrethere",
    "secretgoeshere",
    "insertsecrethere",
    "enteryoursecret",
];

/// What encloses the name of a variable or of a vault's entry, or an encrypted value.
const ENCLOSED: [(&str, &str); 14] = [
    ("${", "}"),
    ("$(", ")"),
    ("{{", "}}"),
    ("#{", "}"),
    ("<", ">"),
    ("[", "]"),
    ("(", ")"),
    ("%", "%"),
    ("__", "__"),
    ("@", "@"),
    ("ENC(", ")"),
    ("ENC[", "]"),
    ("vault:", ""),
    ("arn:aws:secretsmanager:", ""),
];

/// Why a text is no secret. `None` if it may be one.
pub(super) fn placeholder(text: &str) -> Option<&'static str> {
    let text = text.trim();
    let mut characters = text.chars();
    let first = characters.next()?;
    let number = text.chars().count();
    let is_one = characters.all(|character| character == first);
    if is_one && (number >= 3 || !first.is_alphanumeric()) {
        return Some("it is one repeated character, which is a mask");
    }
    let run = |masks: &[char], least: usize| {
        let mut length = 0;
        text.chars().any(|character| {
            length = if masks.contains(&character) {
                length + 1
            } else {
                0
            };
            length >= least
        })
    };
    if run(&['*'], 3) || run(&MASKS[1..], 1) || run(&['.'], 3) {
        return Some("a part of it is masked");
    }
    let enclosed = ENCLOSED.iter().any(|(start, end)| {
        let rest = text.strip_prefix(start);
        rest.is_some_and(|rest| rest.len() > end.len() && rest.ends_with(end))
    });
    if enclosed {
        return Some("it is a placeholder, not the secret itself");
    }
    let letters = text.chars().filter(|character| character.is_alphanumeric());
    let word: String = letters.flat_map(char::to_lowercase).collect();
    if WORDS.contains(&word.as_str()) {
        return Some("the word says that the secret is missing or hidden");
    }
    if NAMES.contains(&word.as_str()) {
        return Some("it is a placeholder, not the secret itself");
    }
    is_of_spreadsheet(text)
        .then_some("a spreadsheet has changed it: format the column as text, and export it again")
}

/// Whether a spreadsheet changed the text, to an error such as `#NAME?` or to a short number such
/// as `1.23457E+15`.
fn is_of_spreadsheet(text: &str) -> bool {
    let is_error = text.starts_with('#') && (text.ends_with('!') || text.ends_with('?'));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = text.split_once("E+").is_some_and(|(number, power)| {
        let (whole, part) = number.split_once(['.', ',']).unwrap_or((number, "0"));
        digits(whole) && digits(part) && digits(power)
    });
    is_error || is_number || text == "#N/A"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_and_words_for_them_are_no_secrets() {
        for text in [
            "**********",
            "********",
            "*",
            "-",
            "•••",
            "xxxxxxxx",
            "XXXXXX",
            "......",
            "----------",
            "REDACTED",
            "<hidden>",
            "null",
            "NULL",
            "(none)",
            "[masked]",
            "N/A",
            "n.a.",
            "#####",
            "not set",
            "<redacted>",
            "***REDACTED***",
            "--hidden--",
            "'null'",
            "abc****",
            "****wxyz",
            "●●●●●●●●",
            "ab…yz",
            "abcd...wxyz",
            "${vault.client}",
            "$(env:SECRET)",
            "{{ secret }}",
            "<client secret>",
            "%SECRET%",
            "__SECRET__",
            "ENC(G6N718UuyPE5bHyWKyuLQSm02auQPUtm)",
            "your-client-secret",
            "CHANGE_ME",
            "vault:secret/data/x#y",
            "#NAME?",
            "1.23457E+15",
            "Hidden for security",
            "undefined",
            "▒▒▒▒",
            " ******** ",
            "\"\"",
            "000000",
        ] {
            assert!(placeholder(text).is_some(), "{text}");
        }
    }

    #[test]
    fn secrets_are_none_of_these() {
        for text in [
            "123",
            "x",
            "11",
            "secret",
            "password",
            "a**b",
            "another secret of 32 characters ..",
            "nullable",
            "hidden treasure",
            "d1s_4kZ",
            "(abc",
            "100%",
            "1E+",
            "pa.ss..word",
            "9f86d081884c7d65",
        ] {
            assert_eq!(placeholder(text), None, "{text}");
        }
    }
}
