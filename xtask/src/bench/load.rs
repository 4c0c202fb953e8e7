//! Measures servers under load, in turns. The server has one core, and the load has the other.

mod comparison;

use super::program::{Program, can_pin, on_core, said};
use super::table::{figure, median, table};
use super::{Outcome, progress};
pub use comparison::{Arguments, Comparison};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

/// How many connections send requests at the same time.
const CONNECTIONS: usize = 16;

/// How long and how often each server is measured.
#[derive(Debug, Clone, Copy, clap::Args, Serialize)]
pub struct Effort {
    /// How often each server is measured; the servers take turns.
    #[arg(long, default_value_t = Self::default().rounds, value_parser = clap::value_parser!(u16).range(1..=99))]
    rounds: u16,
    /// How long a server is measured each time, in seconds.
    #[arg(long, default_value_t = Self::default().seconds, value_parser = clap::value_parser!(u16).range(1..=600))]
    seconds: u16,
}

impl Default for Effort {
    fn default() -> Self {
        Self {
            rounds: 7,
            seconds: 5,
        }
    }
}

/// A server and the requests to it.
pub struct Candidate {
    pub name: &'static str,
    pub program: Program,
    /// The request. Several requests have a NUL between them, and are sent in turns.
    pub request: Vec<u8>,
    /// What callers need for TLS. `None` for a server of plain HTTP.
    pub certificates: Option<Certificates>,
}

/// Names of PEM files.
#[derive(Debug, Clone)]
pub struct Certificates {
    /// The authority that callers trust for the server.
    pub authority: PathBuf,
    /// The callers' own certificate.
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// How long a caller keeps a connection.
#[derive(Debug, Clone, Copy)]
pub enum Connections {
    /// As long as the load runs.
    Kept,
    /// For one request.
    New,
}

/// What a server did, as medians over the rounds. Each ratio is the median of the ratios within a
/// round, because a disturbance of the machine affects measurements that are close in time alike.
#[derive(Debug, Serialize)]
pub struct Served {
    pub name: &'static str,
    pub requests_per_s: f64,
    /// CPU time of the server's process for each request.
    pub cpu_us: f64,
    /// The time from request to answer.
    pub median_us: f64,
    pub p99_us: f64,
    /// Requests per second, divided by those of the baseline; 1 for the baseline itself.
    pub speed_ratio: f64,
    /// Requests for the same CPU time, divided by those of the baseline.
    pub cpu_ratio: f64,
    /// The least and the greatest `speed_ratio` of a round.
    pub speed_range: (f64, f64),
    /// The least and the greatest `cpu_ratio` of a round.
    pub cpu_range: (f64, f64),
}

/// The figures of one server in one round.
struct Turn {
    requests_per_s: f64,
    cpu_us: f64,
    median_us: f64,
    p99_us: f64,
}

/// Measures the candidates in turns on connections that are kept. The first is the baseline.
pub fn compare(candidates: &[Candidate], effort: Effort) -> Outcome<Vec<Served>> {
    compare_on(Connections::Kept, candidates, effort)
}

/// As [`compare`], on connections of this kind.
pub fn compare_on(
    connections: Connections,
    candidates: &[Candidate],
    effort: Effort,
) -> Outcome<Vec<Served>> {
    let folder = super::folder();
    for candidate in candidates {
        write(&folder, candidate).map_err(|error| format!("{}: {error}", folder.display()))?;
        // This fails if an answer is not 200.
        turn(&folder, candidate, connections, 1)?;
    }
    let mut rounds: Vec<Vec<Turn>> = Vec::new();
    for round in 1..=effort.rounds {
        progress(&format!("round {round} of {}", effort.rounds));
        let turns = candidates
            .iter()
            .map(|candidate| turn(&folder, candidate, connections, effort.seconds));
        rounds.push(turns.collect::<Outcome<_>>()?);
    }
    Ok(candidates
        .iter()
        .enumerate()
        .map(|(index, candidate)| served(candidate.name, &rounds, index))
        .collect())
}

fn served(name: &'static str, rounds: &[Vec<Turn>], index: usize) -> Served {
    let middle = |of: &dyn Fn(&Vec<Turn>) -> f64| median(rounds.iter().map(of)).unwrap_or(f64::NAN);
    let speed = |turns: &Vec<Turn>| turns[index].requests_per_s / turns[0].requests_per_s;
    let cpu = |turns: &Vec<Turn>| turns[0].cpu_us / turns[index].cpu_us;
    let range = |of: &dyn Fn(&Vec<Turn>) -> f64| {
        let all = rounds.iter().map(of);
        (
            all.clone().fold(f64::INFINITY, f64::min),
            all.fold(0.0, f64::max),
        )
    };
    Served {
        name,
        requests_per_s: middle(&|turns| turns[index].requests_per_s),
        cpu_us: middle(&|turns| turns[index].cpu_us),
        median_us: middle(&|turns| turns[index].median_us),
        p99_us: middle(&|turns| turns[index].p99_us),
        speed_ratio: middle(&speed),
        cpu_ratio: middle(&cpu),
        speed_range: range(&speed),
        cpu_range: range(&cpu),
    }
}

fn turn(
    folder: &Path,
    candidate: &Candidate,
    connections: Connections,
    seconds: u16,
) -> Outcome<Turn> {
    #[derive(Deserialize)]
    struct Figures {
        requests: u64,
        seconds: f64,
        median_us: f64,
        p99_us: f64,
    }
    let mut load = on_core(1, &servers());
    load.args([
        "load",
        match connections {
            Connections::Kept => "kept",
            Connections::New => "new",
        },
        &candidate.program.address.to_string(),
        &CONNECTIONS.to_string(),
        &seconds.to_string(),
    ]);
    load.arg(request_file(folder, candidate));
    if let Some(files) = &candidate.certificates {
        load.args([&files.authority, &files.certificate, &files.key]);
    }
    let before = candidate.program.cpu_s()?;
    let said = said(&mut load).map_err(|error| format!("{}: {error}", candidate.name))?;
    let cpu_s = candidate.program.cpu_s()? - before;
    let figures: Figures =
        serde_json::from_slice(&said).map_err(|error| format!("the load's figures: {error}"))?;
    let requests = figures.requests as f64;
    Ok(Turn {
        requests_per_s: requests / figures.seconds,
        cpu_us: cpu_s * 1e6 / requests,
        median_us: figures.median_us,
        p99_us: figures.p99_us,
    })
}

fn request_file(folder: &Path, candidate: &Candidate) -> PathBuf {
    folder.join(format!("request-{}", candidate.name.replace(' ', "-")))
}

fn write(folder: &Path, candidate: &Candidate) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(request_file(folder, candidate), &candidate.request)
}

/// Builds packages of the workspace in the release profile.
pub fn build(packages: &[&str]) -> Outcome<()> {
    progress(&format!("cargo build --release of {}", packages.join(", ")));
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(crate::workspace::root()).args([
        "build",
        "--release",
        "--quiet",
        "--target-dir",
        "target",
    ]);
    for package in packages {
        cargo.args(["--package", package]);
    }
    match cargo.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{cargo:?}: {status}")),
        Err(error) => Err(format!("{cargo:?}: {error}")),
    }
}

/// The program with the baselines and the load.
pub fn servers() -> PathBuf {
    release("bench-servers")
}

/// A program of the workspace that was built in the release profile.
pub fn release(name: &str) -> PathBuf {
    crate::workspace::root().join("target/release").join(name)
}

/// The lines above the figures: how they were measured, and how to read the ratios.
pub fn setting(effort: Effort) -> String {
    format!(
        "{}\nRatios to the first line, more is better",
        turns(effort)
    )
}

/// How the figures were measured.
pub fn turns(effort: Effort) -> String {
    let cores = if can_pin() {
        "server and load on a core each"
    } else {
        "server and load on any core, since taskset is missing: ratios mean little"
    };
    format!(
        "{CONNECTIONS} connections, {} rounds of {} s in turns, {cores}",
        effort.rounds, effort.seconds
    )
}

/// The figures in columns.
fn text(served: &[Served]) -> String {
    let rows: Vec<_> = (served.iter())
        .map(|it| {
            let (least, most) = it.speed_range;
            [
                it.name.to_owned(),
                figure(it.requests_per_s),
                figure(it.cpu_us),
                figure(it.median_us),
                figure(it.p99_us),
                format!("{:.3} ({least:.2} to {most:.2})", it.speed_ratio),
                format!("{:.3}", it.cpu_ratio),
            ]
        })
        .collect();
    table(
        [
            "server",
            "requests/s",
            "CPU us",
            "median us",
            "p99 us",
            "speed ratio",
            "CPU ratio",
        ],
        &rows,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_taken_within_a_round() {
        let turn = |requests_per_s, cpu_us| Turn {
            requests_per_s,
            cpu_us,
            median_us: 1.0,
            p99_us: 2.0,
        };
        let rounds = [
            vec![turn(100.0, 10.0), turn(90.0, 20.0)],
            vec![turn(10.0, 100.0), turn(9.5, 100.0)],
            vec![turn(100.0, 10.0), turn(80.0, 40.0)],
        ];
        let served = served("x", &rounds, 1);
        assert_eq!((served.speed_ratio, served.cpu_ratio), (0.9, 0.5));
        assert_eq!(served.speed_range, (0.8, 0.95));
        assert_eq!(served.cpu_range, (0.25, 1.0));
        assert_eq!(served.requests_per_s, 80.0);
    }
}
