//! Draws findings for people with miette: the message, the marked source lines, and the remedy.
//!
//! Owns the adapter to miette's traits, so that the findings stay plain data.

use super::{Finding, Severity, Snippet};
use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError,
    MietteSpanContents, SourceCode, SourceSpan, SpanContents,
};
use std::fmt;

/// Whether findings are drawn in colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Plain text, for files and pipes.
    Never,
    /// ANSI colours, for a terminal.
    Always,
}

/// Renders the findings as text, in their order.
pub(super) fn render(findings: &[Finding], colour: Colour) -> String {
    let theme = match colour {
        Colour::Never => GraphicalTheme::unicode_nocolor(),
        Colour::Always => GraphicalTheme::unicode(),
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_links(false)
        .with_width(120);
    let mut text = String::new();
    for finding in findings {
        let drawn = Drawn {
            finding,
            source: finding
                .snippet
                .as_ref()
                .map(|snippet| Source { finding, snippet }),
        };
        // Writing to a `String` can't fail, and the snippet accepts every span. Only a defect of
        // miette could fail here.
        if handler.render_report(&mut text, &drawn).is_err() {
            text.push_str(&finding.to_string());
        }
        text.push('\n');
    }
    text
}

/// A finding in miette's terms.
struct Drawn<'f> {
    finding: &'f Finding,
    source: Option<Source<'f>>,
}

/// The lines of a finding, numbered as in their file.
struct Source<'f> {
    finding: &'f Finding,
    snippet: &'f Snippet,
}

impl fmt::Display for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.finding.message)?;
        if !self.finding.pointer.is_empty() {
            write!(f, "\nat {}", self.finding.pointer)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Drawn<'_> {}

impl Diagnostic for Drawn<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.finding.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.finding.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Carried => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        if self.source.is_some() {
            return Some(Box::new(&self.finding.help));
        }
        // Without source lines miette does not name the file, so the help does.
        Some(Box::new(format!(
            "{} ({})",
            self.finding.help,
            self.finding.file.display()
        )))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let snippet = self.finding.snippet.as_ref()?;
        let label = LabeledSpan::new_primary_with_span(
            Some("here".to_owned()),
            (snippet.offset, snippet.length),
        );
        Some(Box::new(std::iter::once(label)))
    }
}

impl SourceCode for Source<'_> {
    fn read_span<'a>(
        &'a self,
        _: &SourceSpan,
        lines_before: usize,
        _: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let Finding { line, column, .. } = self.finding;
        let text = &self.snippet.text;
        // If miette asks for no surrounding lines, it wants the place itself, for the header.
        let (line, column) = match lines_before {
            0 => (*line, *column),
            _ => (self.snippet.first_line, 1),
        };
        Ok(Box::new(MietteSpanContents::new_named(
            self.finding.file.display().to_string(),
            text.as_bytes(),
            (0, text.len()).into(),
            line.saturating_sub(1),
            column.saturating_sub(1),
            text.lines().count(),
        )))
    }
}
