//! A running service.

use std::io::{BufRead, BufReader, ErrorKind};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, Once};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::answer::Answer;
use super::command::{self, Run};
use super::{ISSUER, d1_authz};

/// A folder with a configuration, before or between starts.
pub struct Setup {
    folder: TempDir,
}

impl Setup {
    /// A configuration with ports of the system's choice, and no client.
    pub fn empty() -> Self {
        Self::of("")
    }

    /// The same, with more lines of configuration.
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
             {more}"
        );
        std::fs::write(setup.config(), config).unwrap();
        setup
    }

    /// With every record on the disk before its token leaves; the default of the service, too slow for every test.
    pub fn with_durable_audit(self) -> Self {
        let config = std::fs::read_to_string(self.config()).unwrap();
        std::fs::write(self.config(), config.replace("buffered", "fsync")).unwrap();
        self
    }

    /// With D1's example client, which has the scopes `cards` and `pin`.
    pub fn with_d1() -> Self {
        let setup = Self::empty();
        setup.add("is_tbank01", "123", &["--scope", "cards pin"]);
        setup
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn config(&self) -> PathBuf {
        self.folder().join("d1-authz.toml")
    }

    /// Runs a command with this configuration.
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, "")
    }

    /// The same, with something on its standard input.
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

    /// The decisions so far, one JSON object each.
    pub fn audit(&self) -> Vec<serde_json::Value> {
        self.records("decisions-")
    }

    /// What commands changed so far.
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

    /// A second one on this one's store and keys, with a trail of its own.
    pub fn replica(&self) -> Self {
        let replica = Self::empty();
        let ours = |name: &str| self.folder().join(name).display().to_string();
        let config = std::fs::read_to_string(self.config()).unwrap();
        let config = config
            .replace("sqlite:store.db", &format!("sqlite:{}", ours("store.db")))
            .replace("\"master.key\"", &format!("{:?}", ours("master.key")));
        std::fs::write(replica.config(), config).unwrap();
        replica
    }

    pub fn start(self) -> Service {
        let mut command = command::command(self.folder());
        command.args(["serve", "--config", "d1-authz.toml"]);
        Service::spawn(self, command)
    }
}

/// A running service; killed when it is dropped.
pub struct Service {
    pub setup: Setup,
    pub api: SocketAddr,
    pub ops: SocketAddr,
    child: Child,
    log: Arc<Mutex<String>>,
    client: reqwest::Client,
}

impl Service {
    /// Starts the process and waits until it serves.
    pub fn spawn(setup: Setup, mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (send, serving) = std::sync::mpsc::channel();
        std::thread::spawn({
            let log = log.clone();
            move || {
                for line in lines.map_while(Result::ok) {
                    log.lock().unwrap().push_str(&format!("{line}\n"));
                    if let Ok(event) = serde_json::from_str::<serde_json::Value>(&line)
                        && event["msg"] == "serving"
                    {
                        let address = |name: &str| event[name].as_str()?.parse().ok();
                        let _ = send.send((address("api"), address("ops")));
                    }
                }
            }
        });
        match serving.recv_timeout(Duration::from_secs(30)) {
            Ok((Some(api), Some(ops))) => Self {
                setup,
                api,
                ops,
                child,
                log,
                client: reqwest::Client::new(),
            },
            _ => panic!("it does not serve: {}", log.lock().unwrap()),
        }
    }

    /// The URL of a path below the issuer's.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/authz/d1/v1{path}", self.api)
    }

    /// A GET of a path below the issuer's.
    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.client.get(self.url(path))).await
    }

    /// A GET of a path at the root of a listener.
    pub async fn get_at(&self, address: SocketAddr, path: &str) -> Answer {
        Answer::of(self.client.get(format!("http://{address}{path}"))).await
    }

    /// A POST to the token endpoint, yet without headers and body.
    pub fn post(&self) -> reqwest::RequestBuilder {
        self.client.post(self.url("/oauth2/token"))
    }

    /// Asks for a token as D1 does: a credential and a form.
    pub async fn token(&self, authorization: &str, form: &str) -> Answer {
        self.form("/oauth2/token", authorization, form).await
    }

    /// Asks what a token says.
    pub async fn introspect(&self, authorization: &str, token: &str) -> Answer {
        let form = format!("token={token}");
        self.form("/oauth2/introspect", authorization, &form).await
    }

    /// Has a token revoked.
    pub async fn revoke(&self, authorization: &str, token: &str) -> Answer {
        let form = format!("token={token}");
        self.form("/oauth2/revoke", authorization, &form).await
    }

    /// A form to a path below the issuer's, with a credential.
    pub async fn form(&self, path: &str, authorization: &str, form: &str) -> Answer {
        let request = self
            .client
            .post(self.url(path))
            .header("authorization", authorization)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.to_owned());
        Answer::of(request).await
    }

    /// The process' id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What its descriptors lead to. The process lets nobody read its memory, which leaves the list to root: for anyone else
    /// there is none, and that is said.
    pub fn descriptors(&self) -> Option<Vec<PathBuf>> {
        static SAID: Once = Once::new();
        match std::fs::read_dir(format!("/proc/{}/fd", self.id())) {
            // One that is closed meanwhile leads nowhere.
            Ok(links) => Some(
                links
                    .filter_map(|link| std::fs::read_link(link.unwrap().path()).ok())
                    .collect(),
            ),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                SAID.call_once(|| {
                    eprintln!(
                        "only root may look at the service's descriptors: they are not tested"
                    );
                });
                None
            }
            Err(error) => panic!("the service's descriptors: {error}"),
        }
    }

    /// What is on standard error so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Sends a signal, by its number's name: `TERM`, `KILL`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([format!("-{name}"), self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Waits for the end of the process.
    #[track_caller]
    pub fn ended(&mut self) -> ExitStatus {
        let patience = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < patience, "it does not end: {}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Stops it, and keeps its folder for another start.
    pub fn stop(mut self) -> Setup {
        self.signal("TERM");
        assert!(self.ended().success(), "{}", self.log());
        self.into_setup()
    }

    /// Kills it as a power cut would, and keeps its folder for another start.
    pub fn kill(mut self) -> Setup {
        self.signal("KILL");
        assert!(!self.ended().success());
        self.into_setup()
    }

    fn into_setup(mut self) -> Setup {
        let elsewhere = Setup {
            folder: tempfile::tempdir().unwrap(),
        };
        std::mem::replace(&mut self.setup, elsewhere)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
