//! The conformance test of generated services. A driver plays the caller of each operation: it
//! makes requests from the document and sends them to a real server.
//!
//! The other side is the module `echo`, which the generator adds on demand. Its handlers report
//! what they got, and give the answers that the driver asks for. The driver tests three things for
//! each operation:
//!
//! | What | Module |
//! |---|---|
//! | valid requests reach the handler unchanged | `attempts`, `attempt`, `converse`, `compare` |
//! | every declared reply comes as the document says | `replies` |
//! | a request that breaks one rule gets a 4xx that names the place | `refuse`, `violate` |
//!
//! `sample`, `scalar` and `pattern` make values by the rules that `facts` gathers from a schema.
//! `judge` checks the values with a validator that knows nothing of the generator. `wire`, `body`
//! and `credentials` write them. The report counts the values that can't be made.

mod attempt;
mod attempts;
mod body;
mod client;
mod compare;
mod converse;
mod credentials;
mod document;
mod drive;
pub mod echo;
mod facts;
mod judge;
mod pattern;
mod refuse;
mod replies;
mod report;
mod sample;
mod scalar;
mod violate;
mod wire;

pub use drive::{Subject, drive};
pub use report::{Count, OperationReport, Report, Totals};

use std::process::ExitCode;

/// The `main` of a program that drives several services. It prints their reports as JSON.
#[must_use]
pub fn main(subjects: &[Subject]) -> ExitCode {
    let reports: Vec<serde_json::Value> = subjects
        .iter()
        .map(|subject| drive(subject).summary())
        .collect();
    match serde_json::to_writer(std::io::stdout().lock(), &reports) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: the report can't be written: {error}");
            ExitCode::FAILURE
        }
    }
}
