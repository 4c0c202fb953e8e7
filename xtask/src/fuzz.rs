//! `cargo xtask fuzz` lets libFuzzer look for inputs that break a promise (see `tests/fuzz`).
//!
//! This module chooses the targets and the time, and prints the results. The command needs a stable
//! Rust compiler and a C++ compiler.

mod build;
mod trial;

use crate::output::{Output, print};
use crate::workspace;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use trial::Trial;

/// Look for inputs that break a promise of the service or its generator.
#[derive(clap::Args)]
#[command(
    after_help = "Inputs that were tried are kept in target/fuzz, and the next run goes on from there. An input that breaks something \
                  is named; once that is mended, keep it in tests/fuzz/corpus.\n\n\
                  Examples:\n  cargo xtask fuzz\n  cargo xtask fuzz form basic --seconds 3600\n\n\
                  Exit codes: 0 nothing found, 1 something found or nothing run, 2 wrong usage"
)]
pub struct Arguments {
    /// The targets; all by default.
    targets: Vec<String>,
    /// How long each target is tried, in seconds.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> ExitCode {
    let targets = match chosen(&arguments.targets) {
        Ok(targets) => targets,
        Err(message) => {
            eprintln!("error: {message}");
            return ExitCode::from(2);
        }
    };
    let done = build::program().and_then(|program| {
        let seconds = Duration::from_secs(arguments.seconds);
        let trials = targets.iter().map(|target| {
            eprintln!("fuzzing {target} for {} s", arguments.seconds);
            trial::run(&program, target, seconds)
        });
        trials.collect::<Result<Vec<_>, _>>()
    });
    let trials = match done {
        Ok(trials) => trials,
        Err(message) => {
            eprintln!("error: {message}");
            return ExitCode::FAILURE;
        }
    };
    let text = match arguments.output {
        Output::Text => text(&trials),
        Output::Json => format!("{:#}\n", serde_json::json!({ "targets": trials })),
    };
    match print(&text) {
        Ok(()) if trials.iter().all(|trial| trial.crashes.is_empty()) => ExitCode::SUCCESS,
        Ok(()) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: the result can't be written: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The folders of kept inputs, one for each target.
fn corpus() -> PathBuf {
    workspace::root().join("tests/fuzz/corpus")
}

fn chosen(named: &[String]) -> Result<Vec<String>, String> {
    let unreadable = |error| format!("{}: {error}", corpus().display());
    let folders = corpus().read_dir().map_err(unreadable)?;
    let all: BTreeSet<String> = folders
        .filter_map(|folder| folder.ok()?.file_name().into_string().ok())
        .collect();
    match named.iter().find(|name| !all.contains(*name)) {
        Some(unknown) => Err(format!(
            "there is no target {unknown}; there are: {}",
            all.into_iter().collect::<Vec<_>>().join(" ")
        )),
        None if named.is_empty() => Ok(all.into_iter().collect()),
        None => Ok(named.to_vec()),
    }
}

fn text(trials: &[Trial]) -> String {
    let mut text = format!(
        "{:20}{:>9}{:>14}{:>10}{:>10}\n",
        "target", "seconds", "executions", "coverage", "crashes"
    );
    for trial in trials {
        let _to_memory = writeln!(
            text,
            "{:20}{:>9.1}{:>14}{:>10}{:>10}",
            trial.target,
            trial.seconds,
            trial.executions,
            trial.coverage,
            trial.crashes.len()
        );
    }
    for crash in trials.iter().flat_map(|trial| &trial.crashes) {
        let _to_memory = writeln!(text, "crash: {}", workspace::shown(crash).display());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_those_that_have_inputs() {
        let all = chosen(&[]).unwrap();
        assert!(all.contains(&"form".to_owned()), "{all:?}");
        assert_eq!(chosen(&["form".to_owned()]).unwrap(), ["form"]);
        let unknown = chosen(&["form".to_owned(), "poem".to_owned()]).unwrap_err();
        assert!(unknown.starts_with("there is no target poem"), "{unknown}");
    }

    #[test]
    fn crashes_are_named() {
        let trial = Trial {
            target: "form".to_owned(),
            seconds: 1.0,
            executions: 12,
            coverage: 3,
            crashes: vec!["crash-1".into()],
        };
        let text = text(&[trial]);
        assert!(
            text.lines().count() == 3 && text.ends_with("crash: crash-1\n"),
            "{text}"
        );
    }
}
