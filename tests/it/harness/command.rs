//! The command line as a script calls it.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The output of a command and its exit status.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// Parses standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Checks that the command succeeded.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    /// Checks that the command ended with this status, with its reason on standard error and
    /// nothing on standard output.
    #[track_caller]
    pub fn fails(self, code: i32, why: &str) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        assert_eq!(self.stdout, "", "a failure has no result");
        assert!(
            self.stderr.contains(why),
            "{why:?} is not in {}",
            self.stderr
        );
        self
    }
}

/// The binary under test. `D1_AUTHZ_BINARY` can name another, such as a release or the build of
/// another commit.
pub fn program() -> PathBuf {
    let named = std::env::var_os("D1_AUTHZ_BINARY");
    named.map_or_else(|| env!("CARGO_BIN_EXE_d1-authz").into(), PathBuf::from)
}

/// Whether the binary under test is this build's.
pub fn is_this_build() -> bool {
    std::env::var_os("D1_AUTHZ_BINARY").is_none()
}

/// A command that runs the binary in `folder`. Of the developer's environment it only has the path
/// of programs and of coverage profiles.
pub fn command(folder: &Path) -> Command {
    let mut command = Command::new(program());
    command.current_dir(folder).env_clear();
    for name in ["PATH", "LLVM_PROFILE_FILE"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// Sends a signal such as `TERM` or `KILL` to a process. Gives whether the process exists.
pub fn signal(process: u32, name: &str) -> bool {
    let mut kill = Command::new("kill");
    kill.args([format!("-{name}"), process.to_string()]);
    run(&mut kill, "").code == 0
}

/// Whether the tests run as root.
pub fn is_root() -> bool {
    user_id(&["-u"]) == 0
}

/// A user or group id, as `id` prints it.
pub fn user_id(arguments: &[&str]) -> u32 {
    let said = run(Command::new("id").args(arguments), "").ok();
    said.stdout.trim().parse().unwrap()
}

/// Runs the binary and waits for its end.
pub fn d1_authz<I>(folder: &Path, arguments: I, stdin: &str) -> Run
where
    I: IntoIterator,
    I::Item: AsRef<OsStr>,
{
    run(command(folder).args(arguments), stdin)
}

/// Runs a command and waits for its end.
pub fn run(command: &mut Command, stdin: &str) -> Run {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The command may end before it reads its input.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
