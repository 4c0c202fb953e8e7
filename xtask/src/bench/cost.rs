//! What a child process costs, all of its own children included.
//!
//! The kernel adds up what the children of a process have used, not what one of them has. So each command that is measured
//! runs below a process of its own, which has no other child: this program again, as the hidden subcommand `measured`. It
//! stands between cargo and rustc, too, and so tells the user's crate from its dependencies.

use super::Outcome;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, killpg};
use nix::sys::time::{TimeVal, TimeValLike};
use nix::unistd::getpgrp;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// Runs a command and appends what it cost to a file.
#[derive(clap::Args)]
#[command(hide = true)]
pub struct Arguments {
    /// The file; a line of JSON is added.
    #[arg(long)]
    log: PathBuf,
    /// Stop the command, and all that it started, as soon as standard input ends: when whoever measures stops it, or is gone.
    #[arg(long)]
    leash: bool,
    /// The command.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

/// What a command took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// From start to end.
    pub wall_s: f64,
    /// CPU time, user and system.
    pub cpu_s: f64,
    /// The resident set of its largest process at its largest, in MB of 1,000,000 bytes.
    pub peak_mb: f64,
}

impl Cost {
    /// One after the other.
    pub fn then(self, next: Self) -> Self {
        Self {
            wall_s: self.wall_s + next.wall_s,
            cpu_s: self.cpu_s + next.cpu_s,
            peak_mb: self.peak_mb.max(next.peak_mb),
        }
    }
}

/// A line of the log.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    /// What rustc was asked to compile.
    crate_name: Option<String>,
    cost: Cost,
}

/// Runs the command: its exit code, or 1 when it could not run.
pub fn run(arguments: &Arguments) -> ExitCode {
    match measured(arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}: {error}", arguments.log.display());
            ExitCode::FAILURE
        }
    }
}

fn measured(arguments: &Arguments) -> io::Result<ExitCode> {
    let Some((program, rest)) = arguments.command.split_first() else {
        return Ok(ExitCode::from(2));
    };
    if arguments.leash {
        std::thread::spawn(|| {
            let _ = io::copy(&mut io::stdin(), &mut io::sink());
            // The group is this process's own: see `Meter`.
            killpg(getpgrp(), Signal::SIGKILL)
        });
    }
    let start = Instant::now();
    let status = Command::new(program)
        .args(rest)
        .stdin(Stdio::null())
        .status()?;
    let wall_s = start.elapsed().as_secs_f64();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let seconds = |time: TimeVal| time.num_microseconds() as f64 / 1e6;
    let named = rest.iter().position(|argument| argument == "--crate-name");
    let crate_name = named.and_then(|at| rest.get(at + 1));
    let entry = Entry {
        crate_name: crate_name.map(|name| name.to_string_lossy().into_owned()),
        cost: Cost {
            wall_s,
            cpu_s: seconds(usage.user_time()) + seconds(usage.system_time()),
            // Linux counts kibibytes.
            peak_mb: usage.max_rss() as f64 * 1024.0 / 1e6,
        },
    };
    let mut log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&arguments.log)?;
    log.write_all(format!("{}\n", serde_json::json!(entry)).as_bytes())?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Measures commands.
pub struct Meter {
    program: PathBuf,
    log: PathBuf,
    output: PathBuf,
    wrapper: PathBuf,
    time_limit: Duration,
}

impl Meter {
    /// Keeps its files in `folder`. A command that takes longer than `time_limit` is stopped, and what it started with it.
    pub fn new(folder: &Path, time_limit: Duration) -> Outcome<Self> {
        let program =
            std::env::current_exe().map_err(|error| format!("this program's own path: {error}"))?;
        let meter = Self {
            log: folder.join("costs.jsonl"),
            output: folder.join("output.txt"),
            wrapper: folder.join("rustc"),
            program,
            time_limit,
        };
        let script = format!(
            "#!/bin/sh\nexec {:?} bench measured --log {:?} -- \"$@\"\n",
            meter.program, meter.log
        );
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&meter.wrapper, script))
            .and_then(|()| fs::set_permissions(&meter.wrapper, fs::Permissions::from_mode(0o755)))
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(meter)
    }

    /// Runs a command to its successful end.
    pub fn run(&self, command: &Command) -> Outcome<Cost> {
        self.entries(command)?
            .pop()
            .map(|entry| entry.cost)
            .ok_or_else(|| format!("{}: no cost was written", self.log.display()))
    }

    /// Runs cargo; beside its own cost, that of compiling `crate_name`, library and binaries, linker included.
    pub fn run_cargo(&self, cargo: &mut Command, crate_name: &str) -> Outcome<(Cost, Cost)> {
        cargo.env("RUSTC_WORKSPACE_WRAPPER", &self.wrapper);
        let mut entries = self.entries(cargo)?;
        let whole = entries.pop().map(|entry| entry.cost).unwrap_or_default();
        let own = entries
            .iter()
            .filter(|entry| entry.crate_name.as_deref() == Some(crate_name));
        Ok((
            whole,
            own.fold(Cost::default(), |sum, entry| sum.then(entry.cost)),
        ))
    }

    fn entries(&self, command: &Command) -> Outcome<Vec<Entry>> {
        let shown = format!("{command:?}");
        let entries = self
            .run_below(command)
            .map_err(|error| format!("{shown}: {error}"))?;
        entries.ok_or_else(|| {
            let output = fs::read_to_string(&self.output).unwrap_or_default();
            let tail: Vec<_> = output.lines().rev().take(30).collect();
            let tail: Vec<_> = tail.into_iter().rev().collect();
            format!(
                "{shown} failed, or took longer than {} s:\n{}",
                self.time_limit.as_secs(),
                tail.join("\n")
            )
        })
    }

    /// None when the command failed or was stopped.
    fn run_below(&self, command: &Command) -> io::Result<Option<Vec<Entry>>> {
        File::create(&self.log)?;
        let output = File::create(&self.output)?;
        let mut below = Command::new(&self.program);
        below
            .args(["bench", "measured", "--leash", "--log"])
            .arg(&self.log)
            .arg("--");
        below.arg(command.get_program()).args(command.get_args());
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => below.env(key, value),
                None => below.env_remove(key),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            below.current_dir(folder);
        }
        // A group of its own, so that cargo's children can be stopped with it.
        below
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output);
        let mut child = below.spawn()?;
        let end = Instant::now() + self.time_limit;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if Instant::now() > end {
                drop(child.stdin.take());
                child.wait()?;
                return Ok(None);
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let log = fs::read_to_string(&self.log)?;
        let entries: Result<Vec<Entry>, _> = log.lines().map(serde_json::from_str).collect();
        Ok(if status.success() {
            Some(entries?)
        } else {
            None
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_add_up_and_peaks_do_not() {
        let one = Cost {
            wall_s: 1.0,
            cpu_s: 2.0,
            peak_mb: 30.0,
        };
        let other = Cost {
            wall_s: 0.5,
            cpu_s: 0.25,
            peak_mb: 20.0,
        };
        assert_eq!(
            one.then(other),
            Cost {
                wall_s: 1.5,
                cpu_s: 2.25,
                peak_mb: 30.0
            }
        );
    }
}
