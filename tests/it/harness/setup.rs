//! A folder with a configuration and clients, in which a service runs.

mod service;

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::command::{self, Run};
use super::{ISSUER, d1_authz};

pub use service::Service;

/// A folder with a configuration, before or between starts of a service.
pub struct Setup {
    pub(super) folder: TempDir,
}

impl Setup {
    /// A configuration with ports that the system chooses, and no client.
    pub fn empty() -> Self {
        Self::of("")
    }

    /// The same with more lines of configuration.
    pub fn of(more: &str) -> Self {
        let setup = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let config = format!(
            "issuer = \"{ISSUER}\"\n\
             listen = {{ api = \"127.0.0.1:0\", ops = \"127.0.0.1:0\" }}\n\
             store = {{ url = \"sqlite:store.db\" }}\n\
             keys = {{ master_key_file = \"master.key\" }}\n\
             audit = {{ path = \"audit\", durability = \"buffered\" }}\n\
             {}{more}",
            // `D1_AUTHZ_BINARY` may name an older build, which doesn't know this key.
            if command::is_this_build() {
                "limits.drain_time = \"0s\"\n"
            } else {
                ""
            }
        );
        std::fs::write(setup.config(), config).unwrap();
        setup
    }

    /// A configuration with the store at this URL.
    pub fn on(url: &str) -> Self {
        let setup = Self::empty();
        setup.configure("sqlite:store.db", url);
        setup
    }

    /// Replaces a text of the configuration.
    #[track_caller]
    pub fn configure(&self, this: &str, instead: &str) {
        let config = std::fs::read_to_string(self.config()).unwrap();
        assert!(config.contains(this), "{this} is not in {config}");
        std::fs::write(self.config(), config.replace(this, instead)).unwrap();
    }

    /// Writes each audit record to the disk before its token leaves. This is the service's default,
    /// and too slow for every test.
    pub fn with_durable_audit(self) -> Self {
        self.configure("buffered", "fsync");
        self
    }

    /// A setup with D1's example client, which has the scopes `cards` and `pin`.
    pub fn with_d1() -> Self {
        let setup = Self::empty();
        setup.add("is_tbank01", "123", &["--scope", "cards pin"]);
        setup
    }

    /// A setup with D1's client and the resource server `cards-api`, which may introspect and has
    /// the secret 123.
    pub fn with_resource_server() -> Self {
        let setup = Self::with_d1();
        setup.add("cards-api", "123", &["--allow", "introspect"]);
        setup
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn config(&self) -> PathBuf {
        self.folder().join("d1-authz.toml")
    }

    /// Runs a command with this setup's configuration.
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, "")
    }

    /// The same with text on standard input.
    pub fn run_with(&self, arguments: &[&str], stdin: &str) -> Run {
        let arguments = arguments
            .iter()
            .copied()
            .chain(["--config", "d1-authz.toml"]);
        d1_authz(self.folder(), arguments, stdin)
    }

    /// Adds a client with this secret.
    #[track_caller]
    pub fn add(&self, id: &str, secret: &str, more: &[&str]) {
        let mut arguments = vec!["client", "add", "--id", id, "--secret-stdin"];
        arguments.extend(more);
        self.run_with(&arguments, secret).ok();
    }

    /// Adds a client with the scope `cards` that proves itself with a certificate for `ID.example`.
    #[track_caller]
    pub fn add_by_certificate(&self, id: &str) {
        let name = format!("dns:{id}.example");
        let client = ["client", "add", "--id", id, "--scope", "cards"];
        let by = ["--certificate-name", &name];
        self.run(&[&client[..], &by[..]].concat()).ok();
    }

    /// The decisions so far, one JSON object each.
    pub fn audit(&self) -> Vec<serde_json::Value> {
        self.records("decisions-")
    }

    /// The reasons of all refusals so far.
    pub fn reasons(&self) -> Vec<String> {
        let of = |record: serde_json::Value| record["reason"].as_str().map(str::to_owned);
        self.audit().into_iter().filter_map(of).collect()
    }

    /// The changes that commands made so far.
    pub fn changes(&self) -> Vec<serde_json::Value> {
        self.records("changes-")
    }

    /// The records of a chain, without its checkpoints.
    fn records(&self, chain: &str) -> Vec<serde_json::Value> {
        let mut files: Vec<_> = std::fs::read_dir(self.folder().join("audit"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| {
                let name = path.file_name().unwrap().to_str().unwrap();
                name.starts_with(chain) && name.ends_with(".jsonl")
            })
            .collect();
        files.sort();
        let text: String = files
            .iter()
            .map(|file| std::fs::read_to_string(file).unwrap())
            .collect();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .filter(|record: &serde_json::Value| record["event"] != "audit.checkpoint")
            .collect()
    }

    /// A second setup on the store and keys of this one, with its own audit trail.
    pub fn replica(&self) -> Self {
        let replica = Self::empty();
        let ours = |name: &str| self.folder().join(name).display().to_string();
        let config = std::fs::read_to_string(self.config()).unwrap();
        // The URL of a PostgreSQL store needs no change.
        let config = config
            .replace("sqlite:store.db", &format!("sqlite:{}", ours("store.db")))
            .replace("\"master.key\"", &format!("{:?}", ours("master.key")));
        std::fs::write(replica.config(), config).unwrap();
        replica
    }

    /// Copies the master key of another setup, which has the same store.
    pub fn with_master_key_of(self, other: &Self) -> Self {
        std::fs::copy(
            other.folder().join("master.key"),
            self.folder().join("master.key"),
        )
        .unwrap();
        self
    }

    /// Starts the service with this many descriptors as a hard limit.
    pub fn start_within(self, descriptors: usize) -> Service {
        self.start_after(&format!("ulimit -n {descriptors}"))
    }

    /// Starts the service from a shell that runs this command first.
    pub fn start_after(self, first: &str) -> Service {
        let mut shell = std::process::Command::new("sh");
        let script = format!("{first} && exec \"$0\" serve --config d1-authz.toml");
        let binary = command::command(self.folder());
        shell
            .current_dir(self.folder())
            .env_remove("D1_AUTHZ_BINARY")
            .args(["-c", &script])
            .arg(binary.get_program());
        Service::spawn(self, shell)
    }

    pub fn start(self) -> Service {
        let mut command = command::command(self.folder());
        command.args(["serve", "--config", "d1-authz.toml"]);
        Service::spawn(self, command)
    }
}
