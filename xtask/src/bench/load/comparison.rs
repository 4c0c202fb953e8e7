//! The arguments of measurements under load, and the result of those that only keep connections.

use super::{Candidate, Effort, Served, compare, setting, text};
use crate::bench::machine::Machine;
use crate::bench::{Outcome, Report};
use crate::output::Output;
use serde::Serialize;

/// How hard to measure, and how to print the result.
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
pub struct Comparison {
    machine: Machine,
    effort: Effort,
    served: Vec<Served>,
}

impl Comparison {
    /// Measures the candidates. The first is the baseline.
    pub fn of(machine: Machine, candidates: &[Candidate], effort: Effort) -> Outcome<Self> {
        Ok(Self {
            machine,
            effort,
            served: compare(candidates, effort)?,
        })
    }
}

impl Report for Comparison {
    fn text(&self) -> String {
        format!(
            "{}\n{}\n\n{}",
            self.machine.text(),
            setting(self.effort),
            text(&self.served)
        )
    }
}
