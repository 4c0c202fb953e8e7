//! What a child process costs, with all of its own children.
//!
//! The kernel adds up the use of all children of a process, and does not tell them apart. So each
//! measured command runs below a process that has no other child: this program again, with the
//! hidden subcommand `measured`. [`super::meter`] starts it and reads what it writes.

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, killpg};
use nix::sys::time::{TimeVal, TimeValLike};
use nix::unistd::getpgrp;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

/// Runs a command and appends what it cost to a file.
#[derive(clap::Args)]
#[command(hide = true)]
pub struct Arguments {
    /// The file; a line of JSON is added.
    #[arg(long)]
    log: PathBuf,
    /// Stop the command and all that it started as soon as standard input ends. It ends when the
    /// process that measures closes it or is gone.
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
    /// The largest resident set of its largest process, in MB of 1,000,000 bytes.
    pub peak_mb: f64,
}

impl Cost {
    /// The cost of two commands, one after the other.
    pub fn then(self, next: Self) -> Self {
        Self {
            wall_s: self.wall_s + next.wall_s,
            cpu_s: self.cpu_s + next.cpu_s,
            peak_mb: self.peak_mb.max(next.peak_mb),
        }
    }
}

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
pub struct Entry {
    /// The crate that rustc was asked to compile.
    pub crate_name: Option<String>,
    /// The cost of the command.
    pub cost: Cost,
}

/// Runs the command. Returns its exit code, or 1 if it could not run.
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
            // The group belongs to this process, as long as `Meter` started it.
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
