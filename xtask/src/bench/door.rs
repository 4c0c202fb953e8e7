//! `cargo xtask bench door` measures a token behind the front door, against Dropshot's own TLS.
//!
//! Both serve the same operations to callers that show a certificate: once on connections that are
//! kept, and once with a new connection for each token. The baseline is the least that TLS with
//! Dropshot can cost: it does not know whose certificate it was, and has no limits.

mod certificates;

use super::load::{self, Candidate, Certificates, Connections, Effort, Served};
use super::machine::Machine;
use super::program::{Program, listening, on_core};
use super::quickstart::{Quickstart, serving};
use super::table::{figure, table};
use super::{Outcome, progress};
use certificates::Authority;
use serde::Serialize;
use std::path::Path;
use std::process::Command;

/// The figures.
#[derive(Debug, Serialize)]
pub struct Report {
    machine: Machine,
    effort: Effort,
    /// The figures on connections that are kept.
    kept: Vec<Served>,
    /// The figures with a new connection for each token.
    new: Vec<Served>,
}

/// Runs the measurement.
pub fn run(effort: Effort) -> Outcome<Report> {
    load::build(&["bench-servers", "d1-authz"])?;
    let machine = Machine::now();
    let folder = tempfile::tempdir().map_err(|error| format!("a temporary folder: {error}"))?;
    let authority = Authority::new(folder.path())?;
    let at = |name: &str| folder.path().join(name);
    let (servers, service) = (load::servers(), load::release("d1-authz"));
    progress("a quickstart for each server");
    let candidates = [
        start("Dropshot's own TLS", &at("own"), &authority, |config| {
            let mut command = on_core(0, &servers);
            command.arg("dropshot-tls").arg(config);
            Program::start(settings(&mut command, &authority), listening)
        })?,
        start("front door", &at("door"), &authority, |config| {
            let mut command = on_core(0, &service);
            command.args(["serve", "--config"]).arg(config);
            Program::start(settings(&mut command, &authority), serving)
        })?,
    ];
    progress("connections that are kept");
    let kept = load::compare_on(Connections::Kept, &candidates, effort)?;
    progress("a connection for each token");
    let new = load::compare_on(Connections::New, &candidates, effort)?;
    Ok(Report {
        machine,
        effort,
        kept,
        new,
    })
}

fn start(
    name: &'static str,
    folder: &Path,
    authority: &Authority,
    program: impl FnOnce(&Path) -> Outcome<Program>,
) -> Outcome<Candidate> {
    let Quickstart { config, request } = Quickstart::in_folder(&load::release("d1-authz"), folder)?;
    Ok(Candidate {
        name,
        program: program(&config)?,
        request,
        certificates: Some(Certificates {
            authority: authority.certificate(),
            certificate: authority.client.certificate.clone(),
            key: authority.client.key.clone(),
        }),
    })
}

/// The audit trail costs as little as it can here, so that the door has the largest possible part.
fn settings<'c>(command: &'c mut Command, authority: &Authority) -> &'c mut Command {
    command
        .env("D1_AUTHZ_AUDIT__DURABILITY", "buffered")
        .env("D1_AUTHZ_LISTEN__OPS", "127.0.0.1:0")
        .env("D1_AUTHZ_TLS__CERTIFICATE", &authority.server.certificate)
        .env("D1_AUTHZ_TLS__KEY", &authority.server.key)
        .env("D1_AUTHZ_TLS__CLIENT_CA", authority.certificate())
}

impl super::Report for Report {
    fn text(&self) -> String {
        let rows = |connections: &str, served: &[Served]| -> Vec<_> {
            let row = |it: &Served| {
                let (least, most) = it.cpu_range;
                [
                    format!("{}, {connections}", it.name),
                    figure(it.cpu_us),
                    // This column compares CPU time, of which less is better, so the ratio is
                    // turned round.
                    format!(
                        "{:.3} ({:.2} to {:.2})",
                        1.0 / it.cpu_ratio,
                        1.0 / most,
                        1.0 / least
                    ),
                    figure(it.requests_per_s),
                    figure(it.median_us),
                    figure(it.p99_us),
                ]
            };
            served.iter().map(row).collect()
        };
        let all = [rows("kept", &self.kept), rows("new", &self.new)].concat();
        let head = [
            "server, connections",
            "CPU us",
            "CPU ratio",
            "tokens/s",
            "median us",
            "p99 us",
        ];
        format!(
            "{}\n{}; TLS 1.3, a client certificate, no resumption\n\
             Ratios of CPU time to Dropshot's own TLS, less is better\n\n{}",
            self.machine.text(),
            load::turns(self.effort),
            table(head, &all)
        )
    }
}
