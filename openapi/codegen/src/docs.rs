//! Writes a document's descriptions as doc comments.
//!
//! OpenAPI descriptions are Markdown. rustdoc would run their code blocks as tests, so each block
//! gets the language `text`.

use std::fmt::Write;

/// Writes the paragraphs as `///` lines, with a blank line between two. Writes nothing if all are
/// empty.
pub fn write(out: &mut String, indent: &str, paragraphs: &[&str]) {
    let mut first = true;
    for paragraph in paragraphs
        .iter()
        .map(|p| p.trim())
        .filter(|p| !p.is_empty())
    {
        if !first {
            let _ = writeln!(out, "{indent}///");
        }
        first = false;
        let mut fenced = false;
        for line in paragraph.lines() {
            let line = line.trim_end().replace('\t', "    ");
            // rustc refuses bare carriage returns and bidirectional control characters in comments.
            let line = line.replace(|c: char| c.is_control() || is_turn(c), "\u{fffd}");
            let bare = line.trim_start();
            if bare.is_empty() {
                let _ = writeln!(out, "{indent}///");
            } else if let Some(language) = bare.strip_prefix("```") {
                fenced = !fenced;
                let language = language.trim();
                let rust = language.is_empty() || language.starts_with("rust");
                let _ = writeln!(
                    out,
                    "{indent}/// ```{}",
                    if fenced && rust {
                        "text"
                    } else if fenced {
                        language
                    } else {
                        ""
                    }
                );
            } else if fenced {
                let _ = writeln!(out, "{indent}/// {line}");
            } else {
                // rustdoc would run a line indented by four spaces as a code block.
                let depth = (line.len() - bare.len()).min(3);
                let _ = writeln!(out, "{indent}/// {:depth$}{bare}", "");
            }
        }
        if fenced {
            let _ = writeln!(out, "{indent}/// ```");
        }
    }
}

/// Whether a character changes the direction of text (Unicode Bidirectional Algorithm, 2). It can
/// make code look different from what the compiler reads.
fn is_turn(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    #[test]
    fn code_blocks_are_never_rust() {
        let mut out = String::new();
        super::write(
            &mut out,
            "",
            &["Hi\r\n\n    indented()\n```\ncode\n```", "", "```json\n{}"],
        );
        assert_eq!(
            out,
            "/// Hi\n///\n///    indented()\n/// ```text\n/// code\n/// ```\n///\n/// ```json\n/// {}\n/// ```\n"
        );
    }

    #[test]
    fn nothing_leaves_a_comment_or_turns_it_around() {
        let mut out = String::new();
        super::write(&mut out, "", &["a\rb\u{202e}c\0\nfn main() {}"]);
        assert_eq!(out, "/// a\u{fffd}b\u{fffd}c\u{fffd}\n/// fn main() {}\n");
    }
}
