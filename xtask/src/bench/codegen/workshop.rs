//! Makes crates of both layouts and measures their compilation.

use super::{document, macro_layout};
use crate::bench::cost::Cost;
use crate::bench::meter::Meter;
use crate::bench::{Outcome, progress};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{fmt, fs, io};

/// How the operations are written as Rust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// As the generator writes them.
    Generated,
    /// As a developer writes them by hand: the baseline.
    ApiDescription,
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Generated => "generated",
            Self::ApiDescription => "api_description",
        })
    }
}

/// A crate that serves a document.
pub struct Made {
    pub layout: Layout,
    pub operations: usize,
    pub folder: PathBuf,
    pub name: String,
    /// The cost of writing the crate. `None` for the baseline, which no generator writes.
    pub generated: Option<Cost>,
}

/// What cargo should do.
#[derive(Clone, Copy)]
pub enum Verb {
    Check,
    Build,
    Release,
}

/// The folder in which crates are made and compiled. All share the artifacts of their dependencies.
pub struct Workshop {
    folder: PathBuf,
    target: PathBuf,
    meter: Meter,
}

impl Workshop {
    /// A workshop in `folder`.
    pub fn new(folder: &Path, time_limit: Duration) -> Outcome<Self> {
        Ok(Self {
            target: folder.join("target"),
            meter: Meter::new(&folder.join("meter"), time_limit)?,
            folder: folder.to_owned(),
        })
    }

    /// Writes a crate of this many operations, and removes an older one first.
    pub fn make(&self, layout: Layout, operations: usize) -> Outcome<Made> {
        let name = format!(
            "{}-{operations}",
            if layout == Layout::Generated {
                "ours"
            } else {
                "macro"
            }
        );
        let folder = self.folder.join(&name);
        let failed = |error: io::Error| format!("{}: {error}", folder.display());
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let generated = match layout {
            Layout::ApiDescription => {
                macro_layout::write(&folder, &name, operations).map_err(failed)?;
                None
            }
            Layout::Generated => {
                let spec = self.folder.join(format!("{name}.json"));
                fs::write(&spec, document::document(operations).to_string()).map_err(failed)?;
                let program = std::env::current_exe().map_err(failed)?;
                let mut scaffold = Command::new(program);
                scaffold
                    .args(["scaffold", "--crates", "path", "--spec"])
                    .arg(&spec)
                    .arg("--out")
                    .arg(&folder);
                Some(self.meter.run(&scaffold)?)
            }
        };
        Ok(Made {
            layout,
            operations,
            folder,
            name,
            generated,
        })
    }

    /// Compiles a crate in its folder and returns two costs. The first is that of cargo and
    /// everything that it starts. The second is that of the crate's library and program, with the
    /// linker and without the build script.
    pub fn compile(&self, made: &Made, verb: Verb) -> Outcome<(Cost, Cost)> {
        progress(&format!(
            "cargo {verb} of {} operations, {}",
            made.operations, made.layout
        ));
        let mut cargo = self.cargo(made);
        match verb {
            Verb::Check => cargo.arg("check"),
            Verb::Build => cargo.arg("build"),
            Verb::Release => cargo.args(["build", "--release"]),
        };
        self.meter
            .run_cargo(&mut cargo, &made.name.replace('-', "_"))
    }

    /// Removes what was compiled of a crate. What was compiled of its dependencies stays.
    pub fn forget(&self, made: &Made) -> Outcome<()> {
        let mut cargo = self.cargo(made);
        cargo.args(["clean", "--quiet", "--package", &made.name]);
        self.meter.run(&cargo).map(drop)
    }

    /// The program that was built.
    pub fn program(&self, made: &Made, verb: Verb) -> PathBuf {
        let profile = if matches!(verb, Verb::Release) {
            "release"
        } else {
            "debug"
        };
        self.target.join(profile).join(&made.name)
    }

    fn cargo(&self, made: &Made) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .current_dir(&made.folder)
            .env("CARGO_TARGET_DIR", &self.target);
        cargo
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Check => "check",
            Self::Build => "build",
            Self::Release => "build --release",
        })
    }
}
