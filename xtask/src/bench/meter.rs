//! Runs commands to their end, and returns what they cost.
//!
//! [`super::cost`] also stands between cargo and rustc, and so tells the cost of a crate from that
//! of its dependencies.

use super::Outcome;
use super::cost::{Cost, Entry};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Measures commands.
pub struct Meter {
    program: PathBuf,
    log: PathBuf,
    output: PathBuf,
    wrapper: PathBuf,
    time_limit: Duration,
}

impl Meter {
    /// A meter that keeps its files in `folder`. It stops a command that takes longer than
    /// `time_limit`, with all that the command started.
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

    /// Runs cargo. Returns its cost, and that of compiling `crate_name`: library and binaries, with
    /// the linker.
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

    /// `None` if the command failed or was stopped.
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
        // The process group lets cargo's children be stopped with cargo.
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
