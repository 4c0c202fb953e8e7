//! Tries one target for a while, and reads what libFuzzer reports.

use super::corpus;
use crate::workspace;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// An input that takes longer than this many seconds is a crash too: an attacker could send many.
const LONGEST: &str = "-timeout=20";

/// The result of a trial.
#[derive(Debug, Serialize)]
pub struct Trial {
    /// The target.
    pub target: String,
    /// How long the trial took, with start and end, in seconds.
    pub seconds: f64,
    /// How many inputs were tried.
    pub executions: u64,
    /// How many places of the code the inputs reached, as libFuzzer counts them.
    pub coverage: u64,
    /// The inputs that broke something.
    pub crashes: Vec<PathBuf>,
}

/// Tries a target for this long, or until its first crash.
///
/// # Errors
/// The target can't be run.
pub fn run(program: &Path, target: &str, time: Duration) -> Result<Trial, String> {
    let folder = workspace::root().join("target/fuzz").join(target);
    let (tried, found) = (folder.join("corpus"), folder.join("crashes"));
    for folder in [&tried, &found] {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let before = files(&found);
    let mut command = Command::new(program);
    command
        .env("FUZZ_TARGET", target)
        .arg(format!("-max_total_time={}", time.as_secs()))
        .arg(format!("-artifact_prefix={}/", found.display()))
        .args(["-print_final_stats=1", LONGEST])
        // libFuzzer writes new inputs into the first folder.
        .args([&tried, &corpus().join(target)])
        .stdin(Stdio::null());
    let dictionary = workspace::root().join(format!("tests/fuzz/dictionaries/{target}.dict"));
    if dictionary.exists() {
        command.arg(format!("-dict={}", dictionary.display()));
    }
    let start = Instant::now();
    let output = command
        .output()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    let seconds = start.elapsed().as_secs_f64();
    let said = String::from_utf8_lossy(&output.stderr);
    let crashes: Vec<_> = files(&found).difference(&before).cloned().collect();
    if !output.status.success() {
        // The last lines say what broke, and with which input.
        let last: Vec<_> = said.lines().rev().take(40).collect();
        last.iter().rev().for_each(|line| eprintln!("{line}"));
        if crashes.is_empty() {
            return Err(format!("libFuzzer ended with {}", output.status));
        }
    }
    Ok(Trial {
        target: target.to_owned(),
        seconds,
        executions: number(&said, "stat::number_of_executed_units:"),
        coverage: number(&said, " cov:"),
        crashes,
    })
}

fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// The number after the last mention of a name. 0 if the name is not mentioned.
fn number(text: &str, name: &str) -> u64 {
    let behind = text.rsplit_once(name).map(|(_, behind)| behind);
    let word = behind.and_then(|behind| behind.split_whitespace().next());
    word.and_then(|word| word.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn the_last_figures_are_read() {
        let said = "#2\tINITED cov: 12 ft: 13\n#9\tDONE   cov: 345 ft: 1 corp: 1/1b\n\
                    stat::number_of_executed_units: 678\nstat::average_exec_per_sec:     9\n";
        assert_eq!(number(said, " cov:"), 345);
        assert_eq!(number(said, "stat::number_of_executed_units:"), 678);
        assert_eq!(number(said, "none:"), 0);
    }
}
