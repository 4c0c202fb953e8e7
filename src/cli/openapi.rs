//! `openapi`: the served document.

use clap::{Args, ValueEnum};

use super::error::Error;
use super::output;
use super::source::Source;
use crate::http::Document;

/// Print the OpenAPI document that the service serves
///
/// With a configuration, the document has the issuer's addresses, as at /openapi.json. Without one,
/// it has the vendor's placeholder.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  d1-authz openapi --config d1-authz.toml > openapi.json\n  d1-authz openapi --format yaml"
)]
pub(super) struct Arguments {
    /// The form of the document
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Byte for byte as it is served
    Json,
    /// The same in YAML
    Yaml,
}

pub(super) fn run(arguments: &Arguments, source: &Source) -> Result<(), Error> {
    let document = match source.load_if_any()? {
        Some(config) => Document::served(&config.issuer),
        None => Document::generic(),
    };
    match arguments.format {
        Format::Json => output::print(&String::from_utf8_lossy(document.json())),
        Format::Yaml => output::print(&document.yaml()),
    }
}
