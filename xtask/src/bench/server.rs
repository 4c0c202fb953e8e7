//! `cargo xtask bench server` compares a generated operation with the same one written by hand for
//! Dropshot.
//!
//! Both have a path, a query and a JSON body, give the same answer, and run in the same program.

use super::load::{self, Candidate, Comparison, Effort};
use super::machine::Machine;
use super::program::{Program, listening, on_core};
use super::{Outcome, progress};

/// Runs the measurement.
pub fn run(effort: Effort) -> Outcome<Comparison> {
    load::build(&["bench-servers"])?;
    let machine = Machine::now();
    let start = |name| -> Outcome<Candidate> {
        let program = Program::start(
            on_core(0, &load::servers()).args([name, "127.0.0.1:0"]),
            listening,
        )?;
        Ok(Candidate {
            name,
            program,
            request: request(),
            certificates: None,
        })
    };
    let candidates = [start("handwritten")?, start("generated")?];
    let answers: Vec<_> = candidates
        .iter()
        .map(|it| it.program.ask(&it.request))
        .collect::<Outcome<_>>()?;
    if answers[0] != answers[1] {
        return Err(format!("the two answer differently: {answers:?}"));
    }
    progress("a warm-up of one second each");
    Comparison::of(machine, &candidates, effort)
}

fn request() -> Vec<u8> {
    let body = r#"{"name":"a name of a thing","count":17,"note":"a note that is a little longer than the name","flag":true,"shared":{"id":"0f8fad5b-d9cb-469f-a165-70867728950e","created":"2026-11-24T12:00:00Z","labels":["one","two"]}}"#;
    format!(
        "POST /projects/alpha/things/12345?limit=20&sort=name&verbose=true HTTP/1.1\r\nHost: localhost\r\n\
         User-Agent: bench\r\nAccept: application/json\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
