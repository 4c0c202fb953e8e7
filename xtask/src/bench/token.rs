//! `cargo xtask bench token`: tokens a second, against a form endpoint of Dropshot alone.
//!
//! The service is set up as `quickstart` does, and asked by its one client; once with each durability of the audit trail.

use super::load::{self, Candidate, Comparison, Effort};
use super::machine::Machine;
use super::program::{Program, listening, on_core};
use super::quickstart::{self, Quickstart, serving};
use super::{Outcome, progress};
use std::path::Path;

/// Measures.
pub fn run(effort: Effort) -> Outcome<Comparison> {
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
    Comparison::of(machine, &candidates, effort)
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
