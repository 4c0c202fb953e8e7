//! The programs into which the services are compiled. They are one package outside the workspace.
//! It has the workspace's lock file, profile and target folder, so that no dependency is compiled
//! twice.
//!
//! Several small documents share a program, because linking takes longer than compiling them. If a
//! document does not compile, it is taken out and the others are compiled again.

use super::cargo;
use super::subject::{Report, State, Subject};
use crate::workspace;
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How many operations a program of several documents has at most.
const OPERATIONS: usize = 80;

/// A package of programs.
pub struct Program {
    name: String,
    root: PathBuf,
    patience: Duration,
}

/// Documents that share a program, by index.
type Chunk = Vec<usize>;

impl Program {
    /// The package `name` in the target folder.
    pub fn new(name: &str, patience: Duration) -> Self {
        Self {
            name: name.to_owned(),
            root: target().join("conformance").join(name),
            patience,
        }
    }

    /// Compiles and drives all generated documents.
    ///
    /// # Errors
    /// The package can't be written, or cargo can't be run.
    pub fn drive(&self, subjects: &mut [Subject]) -> Result<(), String> {
        let mut chunks = chunks(subjects);
        let programs = loop {
            self.write(subjects, &chunks)
                .map_err(|error| format!("{}: {error}", self.root.display()))?;
            if chunks.is_empty() {
                return Ok(());
            }
            let built = cargo::build(&self.root, &target())?;
            if built.errors.is_empty() {
                break built.programs;
            }
            for (index, error) in built.errors {
                subjects[index].state = State::NotCompiled(error);
            }
            let generated = |index: &usize| matches!(subjects[*index].state, State::Generated(_));
            chunks.iter_mut().for_each(|chunk| chunk.retain(generated));
            chunks.retain(|chunk| !chunk.is_empty());
        };
        for (number, chunk) in chunks.iter().enumerate() {
            let program = programs.get(&self.program(number));
            let reports = program.map_or_else(
                || Err("cargo made no program".to_owned()),
                |program| self.run(program),
            );
            for (place, index) in chunk.iter().enumerate() {
                subjects[*index].state = match &reports {
                    Ok(reports) => reports.get(place).map_or_else(
                        || State::NotDriven("the program has no report of it".to_owned()),
                        |report| {
                            State::Driven(
                                serde_json::from_value(report.clone())
                                    .unwrap_or_else(|error| broken_report(&error)),
                            )
                        },
                    ),
                    Err(error) => State::NotDriven(error.clone()),
                };
            }
        }
        Ok(())
    }

    /// The name of a program. All runs share the target folder, so the name has that of the run.
    fn program(&self, number: usize) -> String {
        format!("conformance_{}_{number}", self.name)
    }

    /// Writes only the files that changed, so that cargo compiles no more than those.
    fn write(&self, subjects: &[Subject], chunks: &[Chunk]) -> io::Result<()> {
        let source = self.root.join("src/bin");
        if source.exists() {
            for entry in fs::read_dir(&source)? {
                let path = entry?.path();
                let number = path
                    .file_name()
                    .and_then(|name| name.to_str()?.rsplit('_').next()?.parse::<usize>().ok());
                if number.is_none_or(|number| number >= chunks.len()) {
                    fs::remove_dir_all(path)?;
                }
            }
        }
        write(&self.root.join("Cargo.toml"), &self.manifest()?)?;
        if !self.root.join("Cargo.lock").exists() {
            fs::copy(
                workspace::root().join("Cargo.lock"),
                self.root.join("Cargo.lock"),
            )?;
        }
        for (number, chunk) in chunks.iter().enumerate() {
            let folder = source.join(self.program(number));
            let mut main = "//! Generated services to be driven.\n\n".to_owned();
            let mut list = String::new();
            for index in chunk {
                let subject = &subjects[*index];
                let State::Generated(made) = &subject.state else {
                    continue;
                };
                write(&folder.join(format!("d{index}/api.rs")), &made.code)?;
                write(
                    &folder.join(format!("d{index}/openapi.json")),
                    &made.document,
                )?;
                let unenforced: Vec<&str> = made
                    .carried
                    .iter()
                    .map(|finding| finding.pointer.as_str())
                    .collect();
                let _ = writeln!(main, "#[path = \"d{index}/api.rs\"]\nmod d{index};");
                let _ = writeln!(
                    list,
                    "        dropshot_conformance::Subject {{ name: {:?}, document: d{index}::DOCUMENT, base_path: d{index}::BASE_PATH, \
                     operations: d{index}::operations::ALL, service: d{index}::api_description::<d{index}::echo::Echo>, unenforced: &{unenforced:?} }},",
                    subject.name()
                );
            }
            let _ = writeln!(
                main,
                "\nfn main() -> std::process::ExitCode {{\n    dropshot_conformance::main(&[\n{list}    ])\n}}"
            );
            write(&folder.join("main.rs"), &main)?;
        }
        Ok(())
    }

    fn manifest(&self) -> io::Result<String> {
        let path = |folder: &str| {
            let folder = workspace::root().join("openapi").join(folder);
            folder.display().to_string()
        };
        Ok(format!(
            "[package]\nname = \"conformance-{}\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n[workspace]\n\n\
             [dependencies]\ndropshot-conformance = {{ path = {:?} }}\ndropshot-contract = {{ path = {:?} }}\n\n{}",
            self.name,
            path("conformance"),
            path("runtime"),
            profiles()?
        ))
    }

    /// Runs a program and returns its reports.
    fn run(&self, program: &Path) -> Result<Vec<Value>, String> {
        let mut child = Command::new(program)
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let stdout = child.stdout.take();
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            stdout
                .map_or(Ok(0), |mut stdout| stdout.read_to_string(&mut text))
                .map(|_| text)
        });
        let start = Instant::now();
        let status = loop {
            match child.try_wait().map_err(|error| error.to_string())? {
                Some(status) => break status,
                None if start.elapsed() > self.patience => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(format!("not done after {} s", self.patience.as_secs()));
                }
                None => std::thread::sleep(Duration::from_millis(50)),
            }
        };
        let text = reader
            .join()
            .map_err(|_| "its output can't be read".to_owned())?;
        let text = text.map_err(|error| error.to_string())?;
        serde_json::from_str(&text).map_err(|error| format!("{status}: {error}"))
    }
}

fn broken_report(error: &serde_json::Error) -> Report {
    Report {
        totals: super::subject::Totals::default(),
        failures: vec![format!("the report can't be read: {error}")],
        not_generated: Vec::new(),
    }
}

/// Groups the generated documents into programs of about the same size.
fn chunks(subjects: &[Subject]) -> Vec<Chunk> {
    let mut chunks: Vec<Chunk> = Vec::new();
    let mut room = 0;
    for (index, subject) in subjects.iter().enumerate() {
        if !matches!(subject.state, State::Generated(_)) {
            continue;
        }
        match chunks.last_mut() {
            Some(chunk) if room >= subject.operations => chunk.push(index),
            _ => {
                chunks.push(vec![index]);
                room = OPERATIONS;
            }
        }
        room = room.saturating_sub(subject.operations);
    }
    chunks
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| workspace::root().join("target"), PathBuf::from)
}

/// The profiles of the workspace. Only with the same profiles can its compiled crates be used here.
fn profiles() -> io::Result<String> {
    let text = fs::read_to_string(workspace::root().join("Cargo.toml"))?;
    let mut profiles = String::new();
    let mut within = false;
    for line in text.lines() {
        if line.starts_with('[') {
            within = line.starts_with("[profile.");
        }
        if within {
            let _ = writeln!(profiles, "{line}");
        }
    }
    Ok(profiles)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if fs::read_to_string(path).is_ok_and(|known| known == text) {
        return Ok(());
    }
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    fs::write(path, text)
}
