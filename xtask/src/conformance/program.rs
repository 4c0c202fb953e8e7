//! The programs that the services are compiled into: one package outside the workspace, with the workspace's lock file,
//! profile and target folder, so that nothing that they depend on is compiled twice.
//!
//! Several small documents share a program, since linking takes longer than compiling them. A document that does not compile
//! is taken out, and the others are compiled again without it.

use super::subject::{Report, State, Subject};
use crate::workspace;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Operations that one program has, if it has several documents.
const OPERATIONS: usize = 80;

/// A package of programs.
pub struct Program {
    root: PathBuf,
    patience: Duration,
}

/// Documents that share a program, by index.
type Chunk = Vec<usize>;

impl Program {
    /// The package `name` in the target folder.
    pub fn new(name: &str, patience: Duration) -> Self {
        Self {
            root: target().join("conformance").join(name),
            patience,
        }
    }

    /// Compiles and drives all documents that have been generated.
    ///
    /// # Errors
    /// The package can't be written, or cargo can't be run.
    pub fn drive(&self, subjects: &mut [Subject]) -> Result<(), String> {
        let mut chunks = chunks(subjects);
        loop {
            self.write(subjects, &chunks)
                .map_err(|error| format!("{}: {error}", self.root.display()))?;
            if chunks.is_empty() {
                return Ok(());
            }
            let errors = self.build()?;
            let broken: Vec<usize> = errors
                .keys()
                .copied()
                .filter(|index| *index < subjects.len())
                .collect();
            for index in &broken {
                subjects[*index].state = State::NotCompiled(errors[index].clone());
            }
            match errors.get(&usize::MAX) {
                Some(error) if broken.is_empty() => return Err(error.clone()),
                _ if broken.is_empty() => break,
                _ => chunks
                    .iter_mut()
                    .for_each(|chunk| chunk.retain(|index| !broken.contains(index))),
            }
            chunks.retain(|chunk| !chunk.is_empty());
        }
        for (number, chunk) in chunks.iter().enumerate() {
            let reports = self.run(number);
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

    /// Writes what differs from what is there, so that cargo compiles no more than that.
    fn write(&self, subjects: &[Subject], chunks: &[Chunk]) -> io::Result<()> {
        let source = self.root.join("src/bin");
        if source.exists() {
            for entry in fs::read_dir(&source)? {
                let path = entry?.path();
                let number = path
                    .file_name()
                    .and_then(|name| name.to_str()?.strip_prefix("chunk")?.parse::<usize>().ok());
                if number.is_none_or(|number| number >= chunks.len()) {
                    fs::remove_dir_all(path)?;
                }
            }
        }
        write(&self.root.join("Cargo.toml"), &manifest()?)?;
        if !self.root.join("Cargo.lock").exists() {
            fs::copy(
                workspace::root().join("Cargo.lock"),
                self.root.join("Cargo.lock"),
            )?;
        }
        for (number, chunk) in chunks.iter().enumerate() {
            let folder = source.join(format!("chunk{number}"));
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

    /// Compiles; the first error of each document, and under the greatest number one that is none of theirs.
    fn build(&self) -> Result<BTreeMap<usize, String>, String> {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args([
            "build",
            "--bins",
            "--keep-going",
            "--message-format=json",
            "--quiet",
        ]);
        cargo
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", target());
        let output = cargo
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| format!("cargo: {error}"))?;
        let mut errors = BTreeMap::new();
        for line in output.stdout.split(|byte| *byte == b'\n') {
            let Ok(Message {
                message: Some(message),
            }) = serde_json::from_slice(line)
            else {
                continue;
            };
            if message.level != "error" {
                continue;
            }
            let file = message
                .spans
                .first()
                .map(|span| span.file_name.as_str())
                .unwrap_or_default();
            let index = file
                .rsplit('/')
                .nth(1)
                .and_then(|folder| folder.strip_prefix('d')?.parse().ok());
            let line = message.spans.first().map_or(0, |span| span.line_start);
            errors
                .entry(index.unwrap_or(usize::MAX))
                .or_insert(format!("{} (api.rs:{line})", message.message));
        }
        if !output.status.success() && errors.is_empty() {
            return Err("cargo build failed".to_owned());
        }
        Ok(errors)
    }

    /// Runs a program; its reports.
    fn run(&self, number: usize) -> Result<Vec<Value>, String> {
        let mut child = Command::new(target().join("debug").join(format!("chunk{number}")))
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

/// As cargo and the compiler report.
#[derive(Deserialize)]
struct Message {
    message: Option<Diagnostic>,
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    message: String,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    line_start: usize,
}

fn broken_report(error: &serde_json::Error) -> Report {
    Report {
        totals: super::subject::Totals::default(),
        failures: vec![format!("the report can't be read: {error}")],
        not_generated: Vec::new(),
    }
}

/// The documents that are to be compiled, in programs of a size.
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

fn manifest() -> io::Result<String> {
    let root = workspace::root();
    let text = fs::read_to_string(root.join("Cargo.toml"))?;
    // The profile decides whether what is compiled for the workspace can be used here.
    let mut profile = String::new();
    let mut within = false;
    for line in text.lines() {
        if line.starts_with('[') {
            within = line.starts_with("[profile.");
        }
        if within {
            let _ = writeln!(profile, "{line}");
        }
    }
    let path = |folder: &str| root.join("openapi").join(folder).display().to_string();
    Ok(format!(
        "[package]\nname = \"conformance-run\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n[workspace]\n\n\
         [dependencies]\ndropshot-conformance = {{ path = {:?} }}\ndropshot-contract = {{ path = {:?} }}\n\n{profile}",
        path("conformance"),
        path("runtime")
    ))
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if fs::read_to_string(path).is_ok_and(|known| known == text) {
        return Ok(());
    }
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    fs::write(path, text)
}
