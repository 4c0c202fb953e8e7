//! The machine on which figures were measured, and how busy it was.

use serde::Serialize;
use std::fs;

/// The machine.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// Cores that this process may use.
    pub cores: usize,
    /// How many processes wanted to run, as a mean over the last minute. More than a few tenths
    /// disturbs wall times and, a little, CPU times.
    pub load: f64,
    /// `rustc --version`
    pub rustc: String,
}

impl Machine {
    /// The machine as it is now.
    pub fn now() -> Self {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let version = std::process::Command::new(rustc).arg("--version").output();
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            load: load(),
            rustc: version.map_or_else(
                |_| "unknown".to_owned(),
                |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
            ),
        }
    }

    /// The machine in one line.
    pub fn text(&self) -> String {
        format!(
            "{} cores, load {:.1} at the start, {}",
            self.cores, self.load, self.rustc
        )
    }
}

fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let first = text.split_whitespace().next();
    first
        .and_then(|number| number.parse().ok())
        .unwrap_or(f64::NAN)
}
