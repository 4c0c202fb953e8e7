//! `cargo xtask bench token` measures tokens per second, against a form endpoint of Dropshot alone.
//!
//! `quickstart` sets the service up, and its one client sends the requests: once with each
//! durability of the audit trail. Another build of the service can be measured beside this one, in
//! the same rounds.

use super::load::{self, Candidate, Comparison, Effort};
use super::machine::Machine;
use super::program::{Program, listening, on_core};
use super::quickstart::{self, Quickstart, serving};
use super::{Outcome, progress};
use std::path::{Path, PathBuf};

/// Loads the token endpoint, and a form endpoint of Dropshot alone, in turns.
#[derive(clap::Args)]
#[group(id = "token")]
pub struct Arguments {
    #[command(flatten)]
    pub load: load::Arguments,
    /// Another build of `d1-authz` to measure in the same rounds, such as that of the commit
    /// before.
    #[arg(long, value_name = "PROGRAM")]
    beside: Option<PathBuf>,
}

/// Measures as the arguments say.
pub fn compared(arguments: &Arguments) -> Outcome<Comparison> {
    measured(arguments.load.effort, arguments.beside.as_deref())
}

/// Measures this build alone.
pub fn run(effort: Effort) -> Outcome<Comparison> {
    measured(effort, None)
}

fn measured(effort: Effort, beside: Option<&Path>) -> Outcome<Comparison> {
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
    let this = load::release("d1-authz");
    let mut candidates = vec![
        form,
        service("tokens, buffered", &this, "buffered", folder.path())?,
        service("tokens, fsync", &this, "fsync", folder.path())?,
    ];
    if let Some(other) = beside {
        let folder = folder.path().join("beside");
        candidates.extend([
            service("beside, buffered", other, "buffered", &folder)?,
            service("beside, fsync", other, "fsync", &folder)?,
        ]);
    }
    Comparison::of(machine, &candidates, effort)
}

/// A service with its own folder, and a token request from the client of that folder.
fn service(
    name: &'static str,
    program: &Path,
    durability: &str,
    folder: &Path,
) -> Outcome<Candidate> {
    let quickstart = Quickstart::in_folder(program, &folder.join(durability))?;
    let mut serve = on_core(0, program);
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
