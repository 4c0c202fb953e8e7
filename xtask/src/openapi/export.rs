//! `cargo xtask openapi export` writes the served document to a file or to standard output.

use super::{Contract, refused};
use crate::output::{self, Output};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

/// Writes the served document: the vendor's, with the overlay applied.
#[derive(clap::Args)]
#[command(
    after_help = "To bring the committed document up to date:\n  cargo xtask openapi export --out openapi/served.json"
)]
pub struct Arguments {
    /// The format of the document.
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
    /// The file to write; standard output by default.
    #[arg(long)]
    out: Option<PathBuf>,
    /// How findings are printed if the document is refused.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// The formats of OpenAPI documents.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Json,
    Yaml,
}

/// Runs the command. Exit code 0: written. Exit code 1: refused, or the file can't be written.
pub fn run(arguments: &Arguments, contract: &Contract) -> ExitCode {
    let (loaded, generated) = match contract.generate() {
        Ok(generated) => generated,
        Err(findings) => return refused(&findings, arguments.output),
    };
    let text = match arguments.format {
        Format::Json => Ok(generated.document),
        Format::Yaml => yaml(&loaded.document.value),
    };
    let text = match text {
        Ok(text) => text,
        Err(message) => {
            eprintln!("error: the document as YAML: {message}");
            return ExitCode::FAILURE;
        }
    };
    match &arguments.out {
        Some(file) => output::finished(&file.display().to_string(), fs::write(file, text)),
        None => output::finished("standard output", output::print(&text)),
    }
}

fn yaml(document: &Value) -> Result<String, String> {
    serde_saphyr::to_string(document).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use dropshot_codegen::load::load_bytes;
    use std::path::Path;

    /// The generator's own reader checks the YAML: it reads YAML 1.2 with the types of JSON alone.
    #[test]
    fn yaml_says_what_json_says() {
        let text = |text: &str| Value::String(text.to_owned());
        let awkward = [
            "no",
            "~",
            "null",
            "0x1F",
            "1e3",
            "012",
            "1_000",
            ".5",
            "-",
            "- a",
            "a: b",
            "a #b",
            "#",
            "&a",
            "*a",
            "!t",
            "%",
            "@",
            "`",
            "|",
            ">",
            "?",
            "[",
            "{",
            "'",
            "\"",
            "",
            " ",
            " a",
            "a ",
            "a\nb",
            "a\n\nb\n",
            "\n",
            "\ta",
            "a\r\nb",
            "é",
            "\u{2028}",
            "\u{7f}",
            "\u{0}",
            "\u{feff}",
            "2023-06-06T05:05:59.711Z",
            "---",
            "...",
            "=",
            "<<",
            "y",
            "on",
            "😀",
            "^[\\x20\\x21]*$",
            "a\\b",
        ];
        let mut document = serde_json::json!({
            "openapi": "3.0.0",
            "info": {"title": "t", "version": "1"},
            "paths": {},
            "x-numbers": [0, -1, 1.5, 1e300, u64::MAX, i64::MIN, true, null, {}, [], [[]], [{}]],
        });
        document["x-texts"] = awkward.iter().map(|t| text(t)).collect();
        document["x-keys"] = awkward.iter().map(|t| ((*t).to_owned(), text(t))).collect();
        let yaml = yaml(&document).unwrap();
        let read = load_bytes(Path::new("d.yaml"), yaml.as_bytes(), None)
            .unwrap_or_else(|findings| panic!("{findings}\n{yaml}"));
        assert_eq!(read.document.value, document, "{yaml}");
    }

    #[test]
    fn the_served_document_is_the_same_in_both_languages() {
        let (loaded, generated) = Contract::of_workspace().generate().unwrap();
        let json: Value = serde_json::from_str(&generated.document).unwrap();
        let yaml = yaml(&loaded.document.value).unwrap();
        let read = load_bytes(Path::new("served.yaml"), yaml.as_bytes(), None).unwrap();
        assert_eq!(read.document.value, json);
    }
}
