//! The programs that `cargo xtask ci peers` installed, and programs that run beside a test.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::forgery::AUDIENCE;
use crate::harness::{ISSUER, Service, Setup, free_address};

/// The folder of the installed programs.
pub fn folder() -> PathBuf {
    let folder = repository().join("target/peers");
    assert!(folder.exists(), "run: cargo xtask ci peers");
    folder
}

/// The workspace's folder.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A program of the environment for Python packages.
pub fn python(name: &str) -> Command {
    Command::new(folder().join("venv/bin").join(name))
}

/// An example of this workspace.
pub fn example(name: &str) -> Command {
    let beside = Path::new(env!("CARGO_BIN_EXE_d1-authz")).parent().unwrap();
    Command::new(beside.join("examples").join(name))
}

/// A client `own` with tokens for the API of the tests, and a client `other` with tokens for
/// another API.
pub fn setup_with_own_and_other() -> Setup {
    let setup = Setup::empty();
    let own = ["--scope", "cards pin", "--audience", AUDIENCE];
    setup.add("own", "123", &own);
    setup.add("other", "123", &["--audience", "https://bank.example/pin"]);
    setup
}

/// Starts a service whose issuer is its own address. Callers that look up an address in the
/// metadata or the document then reach it.
pub fn start_at_the_address_of_its_issuer(setup: Setup) -> Service {
    let address = free_address();
    let config = std::fs::read_to_string(setup.config()).unwrap();
    let config = config
        .replace(ISSUER, &format!("http://{address}/authz/d1/v1"))
        .replace("api = \"127.0.0.1:0\"", &format!("api = \"{address}\""));
    std::fs::write(setup.config(), config).unwrap();
    setup.start()
}

/// A program that answers each line with a line. The test kills it on drop.
pub struct Dialogue {
    child: Child,
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
}

impl Dialogue {
    pub fn with(mut command: Command) -> Self {
        let program = command.get_program().to_owned();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let (to, from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self {
            child,
            to,
            from: BufReader::new(from).lines(),
        }
    }

    pub fn answer(&mut self, line: &str) -> String {
        writeln!(self.to, "{line}").unwrap();
        self.from.next().expect("it ended").unwrap()
    }
}

impl Drop for Dialogue {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server. The test kills it on drop.
pub struct Server(Child);

impl Server {
    pub fn start(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::null()).spawn().unwrap())
    }

    #[track_caller]
    pub fn still_runs(&mut self) {
        let ended = self.0.try_wait().unwrap();
        assert!(ended.is_none(), "it ended: {ended:?}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
