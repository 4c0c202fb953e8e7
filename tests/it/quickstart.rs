//! The first minute with the service.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::harness::{self, d1_authz, signal};

/// A running quickstart and its output until it served.
pub struct Quickstart {
    child: Child,
    pub printed: String,
}

impl Quickstart {
    fn start(folder: &Path) -> Self {
        Self::start_with(folder, &["--data", "data"])
    }

    /// Starts on a free port. Another test may take one of the two ports just before the service
    /// does. The service then ends with an error and is started again. If it was a first start, the
    /// data folder is removed before.
    pub fn start_with(folder: &Path, arguments: &[&str]) -> Self {
        let data = folder.join(arguments.last().unwrap_or(&"d1-authz-data"));
        let is_first = !data.exists();
        for _ in 0..5 {
            let started = Self::try_start(folder, arguments);
            if started.printed.contains("rotate-secret") {
                return started;
            }
            drop(started);
            if is_first {
                let _removed = std::fs::remove_dir_all(&data);
            }
        }
        panic!("none of five starts serves")
    }

    fn try_start(folder: &Path, arguments: &[&str]) -> Self {
        let mut child = harness::binary(folder)
            .args(["quickstart", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut printed = String::new();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for line in lines.map_while(Result::ok) {
            printed.push_str(&line);
            printed.push('\n');
            if line.contains("rotate-secret") {
                break;
            }
        }
        Self { child, printed }
    }

    /// The first printed line that contains `text`.
    pub fn line(&self, text: &str) -> &str {
        let line = self.printed.lines().find(|line| line.contains(text));
        line.unwrap_or_else(|| panic!("{text}: {}", self.printed))
            .trim()
    }

    pub fn stop(mut self) {
        assert!(signal(self.child.id(), "TERM"));
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Quickstart {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a printed line in another shell and another folder.
fn paste(line: &str) -> harness::Run {
    let mut command = Command::new("sh");
    command.args(["-c", line]).current_dir("/");
    harness::run(&mut command, "")
}

/// The credential in the file that curl reads, and the URL of the line.
fn asked_without_curl(line: &str) -> (String, String) {
    let words: Vec<_> = line.split(' ').collect();
    let at = words.iter().position(|word| *word == "-K").unwrap();
    let file = std::fs::read_to_string(words[at + 1]).unwrap();
    let user = file
        .lines()
        .find_map(|line| line.strip_prefix("user = \""))
        .unwrap();
    let (id, secret) = user.strip_suffix('"').unwrap().split_once(':').unwrap();
    (
        harness::basic(id, secret),
        words.last().unwrap().to_string(),
    )
}

#[tokio::test]
async fn the_printed_lines_work_when_pasted() {
    let folder = tempfile::tempdir().unwrap();
    let quickstart = Quickstart::start(folder.path());
    let curl = quickstart.line("curl -sS");
    let (credential, url) = asked_without_curl(curl);
    let request = reqwest::Client::new()
        .post(&url)
        .header("authorization", credential)
        .form(&[("grant_type", "client_credentials")]);
    let reply = harness::Answer::of(request).await.granted();
    assert_eq!(reply["scope"], "cards pin");
    let verify = ["token", "verify", "-", "--config", "data/d1-authz.toml"];
    let verified = d1_authz(folder.path(), verify, &reply.to_string()).ok();
    assert!(
        verified.stdout.starts_with("The token is valid."),
        "{verified:?}"
    );
    // If the machine has curl, the test runs the line itself.
    if Command::new("curl").arg("--version").output().is_ok() {
        assert_eq!(paste(curl).ok().json()["token_type"], "Bearer");
        let verified = paste(quickstart.line("token verify")).ok();
        assert!(
            verified.stdout.starts_with("The token is valid."),
            "{verified:?}"
        );
    }
    quickstart.stop();
}

#[tokio::test]
async fn a_second_start_serves_the_same_client_and_keys() {
    let folder = tempfile::tempdir().unwrap();
    let keys = async |quickstart: &Quickstart| {
        let (_, url) = asked_without_curl(quickstart.line("curl -sS"));
        let url = url.replace("/token", "/jwks");
        harness::Answer::of(reqwest::Client::new().get(url))
            .await
            .text
    };
    let first = Quickstart::start(folder.path());
    let (credential, _) = asked_without_curl(first.line("curl -sS"));
    let first_keys = keys(&first).await;
    assert!(first.line("client ").contains("(new)"));
    first.stop();

    let second = Quickstart::start(folder.path());
    assert!(second.line("client ").contains("(the same as before)"));
    assert_eq!(keys(&second).await, first_keys);
    let (same, url) = asked_without_curl(second.line("curl -sS"));
    assert_eq!(same, credential);
    let request = reqwest::Client::new()
        .post(&url)
        .header("authorization", same)
        .form(&[("grant_type", "client_credentials")]);
    harness::Answer::of(request).await.granted();
    let list = [
        "client",
        "list",
        "--output",
        "json",
        "--config",
        "data/d1-authz.toml",
    ];
    let clients = d1_authz(folder.path(), list, "").ok().json();
    assert_eq!(clients.as_array().unwrap().len(), 1);
    second.stop();
}

#[test]
fn nothing_in_the_folder_is_for_others() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    Quickstart::start(folder.path()).stop();
    let data = folder.path().join("data");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o077;
    assert_eq!(mode(&data), 0);
    for entry in std::fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0, "{}", path.display());
    }
}
