//! The result of the probe: a line for each field, with its verdict.

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};
use zeroize::Zeroizing;

use super::credential::Credential;
use crate::cli::table::visible;

/// Longer values are cut. The beginning of an HTML page says enough.
const SHOWN_CHARS: usize = 160;

/// All lines so far.
pub(super) struct Report {
    url: String,
    checks: Vec<Check>,
    /// The secrets that an answer may echo, and that no line may show.
    secrets: Vec<Zeroizing<String>>,
}

/// One field of an answer, or one further request.
#[derive(Serialize)]
struct Check {
    name: String,
    verdict: Verdict,
    seen: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<String>,
    /// The document that expects it.
    source: &'static str,
}

/// What a field means to D1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    /// As D1 wants it.
    Ok,
    /// D1 goes on, though a standard recommends something else.
    Differs,
    /// Against D1's document, or against a MUST of a standard.
    Wrong,
}

/// A field, and what is expected of it.
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    /// What is expected, in words.
    pub(super) expected: &'a str,
    /// The document that expects it, and the section.
    pub(super) source: &'static str,
}

impl Report {
    pub(super) fn new(url: &str, credential: &Credential) -> Self {
        Self {
            url: url.to_owned(),
            checks: Vec::new(),
            secrets: credential.secrets(),
        }
    }

    /// Adds a line.
    pub(super) fn add(&mut self, field: &Field<'_>, verdict: Verdict, seen: impl Into<String>) {
        self.checks.push(Check {
            name: field.name.to_owned(),
            verdict,
            seen: self.shown(seen.into()),
            expected: (verdict != Verdict::Ok).then(|| field.expected.to_owned()),
            source: field.source,
        });
    }

    /// Whether D1 could work with this.
    pub(super) fn content(&self) -> bool {
        self.count(Verdict::Wrong) == 0
    }

    /// The result in a sentence.
    pub(super) fn summary(&self) -> String {
        let (wrong, differs) = (self.count(Verdict::Wrong), self.count(Verdict::Differs));
        match wrong {
            0 => format!("D1 would accept this ({differs} differ from what is recommended)"),
            _ => format!(
                "D1 would not accept this: {wrong} wrong, {differs} differ from what is recommended"
            ),
        }
    }

    pub(super) fn text(&self) -> String {
        let width = self.checks.iter().map(|check| check.name.len()).max();
        let width = width.unwrap_or(0);
        let mut text = format!("{}\n\n", visible(&self.url));
        for check in &self.checks {
            let Check { name, seen, .. } = check;
            let verdict = check.verdict.word();
            text.push_str(&format!("{verdict:7}  {name:width$}  {}", visible(seen)));
            if let Some(expected) = &check.expected {
                text.push_str(&format!(
                    "; expected {} ({})",
                    visible(expected),
                    check.source
                ));
            }
            text.push('\n');
        }
        if self.content() {
            text.push_str(&format!("\n{}\n", self.summary()));
        }
        text
    }

    fn count(&self, verdict: Verdict) -> usize {
        let same = self.checks.iter().filter(|check| check.verdict == verdict);
        same.count()
    }

    fn shown(&self, mut seen: String) -> String {
        for secret in &self.secrets {
            seen = seen.replace(secret.as_str(), "(secret)");
        }
        if let Some((end, _)) = seen.char_indices().nth(SHOWN_CHARS) {
            seen.truncate(end);
            seen.push('…');
        }
        seen
    }
}

/// A value as text, or `none`.
pub(super) fn or_none(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| value.to_string())
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut report = serializer.serialize_struct("Report", 3)?;
        report.serialize_field("url", &self.url)?;
        report.serialize_field("content", &self.content())?;
        report.serialize_field("checks", &self.checks)?;
        report.end()
    }
}

impl Verdict {
    /// `Ok` if it holds, else this verdict.
    pub(super) fn unless(self, holds: bool) -> Self {
        if holds { Self::Ok } else { self }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Differs => "differs",
            Self::Wrong => "wrong",
        }
    }
}
