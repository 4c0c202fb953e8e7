//! Builds the program with libFuzzer and all targets, with a stable compiler.
//!
//! The build has the features and the profile of the workspace's tests, and so uses the same
//! libraries. `tests/fuzz/rustc.sh` compiles only the workspace's own packages again, so that
//! libFuzzer sees what code an input reaches.

use crate::workspace;
use serde::Deserialize;
use std::path::PathBuf;
use std::process::{Command, Stdio};

const PROGRAM: &str = "libfuzzer";

#[derive(Deserialize)]
struct Message {
    target: Option<Target>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Compiles the program.
///
/// # Errors
/// The program can't be compiled. The compilers have printed more.
pub fn program() -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["test", "--workspace", "--locked", "--no-run"])
        .args(["--features", "d1-authz-fuzz/libfuzzer", "--test", PROGRAM])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(workspace::root())
        .env(
            "RUSTC_WORKSPACE_WRAPPER",
            workspace::root().join("tests/fuzz/rustc.sh"),
        )
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo: {error}"))?;
    let messages = output.stdout.split(|byte| *byte == b'\n');
    let mut built = messages.filter_map(|line| {
        let message: Message = serde_json::from_slice(line).ok()?;
        let of_program = message.target?.name == PROGRAM;
        message.executable.filter(|_| of_program)
    });
    match built.next() {
        Some(program) if output.status.success() => Ok(program),
        _ => Err(
            "the fuzzer can't be built; it takes a C++ compiler, such as Debian's g++".to_owned(),
        ),
    }
}
