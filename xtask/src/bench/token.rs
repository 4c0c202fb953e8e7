//! `cargo xtask bench token`: tokens a second, against a form endpoint of Dropshot alone.
//!
//! The service is set up as `quickstart` does, and asked by its one client; once with each durability of the audit trail.

use super::load::{self, Candidate, Effort, Served};
use super::machine::Machine;
use super::program::{Program, listening, on_core};
use super::quickstart::{self, Quickstart, serving};
use super::{Outcome, progress};
use crate::output::Output;
use serde::Serialize;
use std::path::Path;

/// Loads the token endpoint, and a form endpoint of Dropshot alone, in turns.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    pub effort: Effort,
    /// How figures are printed.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

/// The figures.
#[derive(Debug, Serialize)]
pub struct Report {
    machine: Machine,
    effort: Effort,
    served: Vec<Served>,
}

/// Measures.
pub fn run(effort: Effort) -> Outcome<Report> {
    load::build(&["bench-servers", "d1-authz"])?;
    let machine = Machine::now();
    let form = Candidate {
        name: "form endpoint",
        program: Program::start(
            on_core(0, &load::servers()).args(["form", "127.0.0.1:0"]),
            listening,
        )?,
        request: quickstart::request("/token", ""),
        certificates: None,
    };
    let folder = tempfile::tempdir().map_err(|error| format!("a temporary folder: {error}"))?;
    progress("a quickstart for each durability");
    let candidates = [
        form,
        service("tokens, buffered", "buffered", folder.path())?,
        service("tokens, fsync", "fsync", folder.path())?,
    ];
    let served = load::compare(&candidates, effort)?;
    Ok(Report {
        machine,
        effort,
        served,
    })
}

/// The service with a folder of its own, and a request for a token of the folder's client.
fn service(name: &'static str, durability: &str, folder: &Path) -> Outcome<Candidate> {
    let quickstart = Quickstart::in_folder(&folder.join(durability))?;
    let mut serve = on_core(0, &load::release("d1-authz"));
    serve.args(["serve", "--config"]).arg(&quickstart.config);
    serve
        .env("D1_AUTHZ_AUDIT__DURABILITY", durability)
        .env("D1_AUTHZ_LISTEN__OPS", "127.0.0.1:0");
    Ok(Candidate {
        name,
        program: Program::start(&mut serve, serving)?,
        request: quickstart.request,
        certificates: None,
    })
}

impl super::Report for Report {
    fn text(&self) -> String {
        let Self {
            machine,
            effort,
            served,
        } = self;
        format!(
            "{}\n{}\n\n{}",
            machine.text(),
            load::setting(*effort),
            load::text(served)
        )
    }
}
