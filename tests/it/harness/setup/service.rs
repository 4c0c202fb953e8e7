//! A running service.

use std::io::{BufRead, BufReader, ErrorKind};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, Once};
use std::time::{Duration, Instant};

use super::Setup;
use crate::harness::answer::Answer;
use crate::harness::command::signal;

/// A running service. The test kills it on drop.
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

    /// The URL of a path below the issuer.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/authz/d1/v1{path}", self.api)
    }

    /// Sends a GET for a path below the issuer.
    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.client.get(self.url(path))).await
    }

    /// Sends a GET for a path at the root of a listener.
    pub async fn get_at(&self, address: SocketAddr, path: &str) -> Answer {
        Answer::of(self.client.get(format!("http://{address}{path}"))).await
    }

    /// The value of a series of `/metrics`, by its name and labels.
    pub async fn metric(&self, series: &str) -> u64 {
        let metrics = self.get_at(self.ops, "/metrics").await.text;
        let mut lines = metrics.lines().filter_map(|line| line.rsplit_once(' '));
        let line = lines.find(|(name, _)| *name == series);
        let (_, figure) = line.unwrap_or_else(|| panic!("{series} is not in {metrics}"));
        figure.parse().unwrap()
    }

    /// A POST to the token endpoint, still without headers and body.
    pub fn post(&self) -> reqwest::RequestBuilder {
        self.client.post(self.url("/oauth2/token"))
    }

    /// Asks for a token as D1 does, with a credential and a form.
    pub async fn token(&self, authorization: &str, form: &str) -> Answer {
        self.form("/oauth2/token", authorization, form).await
    }

    /// Introspects a token.
    pub async fn introspect(&self, authorization: &str, token: &str) -> Answer {
        let form = format!("token={token}");
        self.form("/oauth2/introspect", authorization, &form).await
    }

    /// Revokes a token.
    pub async fn revoke(&self, authorization: &str, token: &str) -> Answer {
        let form = format!("token={token}");
        self.form("/oauth2/revoke", authorization, &form).await
    }

    /// Posts a form with a credential to a path below the issuer.
    pub async fn form(&self, path: &str, authorization: &str, form: &str) -> Answer {
        let request = self
            .client
            .post(self.url(path))
            .header("authorization", authorization)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.to_owned());
        Answer::of(request).await
    }

    /// RFC 9110 15.5.6: a path below the issuer refuses other methods, and names the one that it
    /// takes.
    pub async fn takes_post_alone(&self, path_and_query: &str, authorization: &str) {
        for method in ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            let request = self
                .client
                .request(method.parse().unwrap(), self.url(path_and_query))
                .header("authorization", authorization);
            let answer = Answer::of(request).await;
            answer.refused(405, "invalid_request");
            assert_eq!(answer.header("allow"), Some("POST"), "{method}");
        }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The targets of the process's descriptors. The process lets no other user read its memory, so
    /// the kernel shows the list to root alone. `None`, with a printed note, for other users.
    pub fn descriptors(&self) -> Option<Vec<PathBuf>> {
        static SAID: Once = Once::new();
        match std::fs::read_dir(format!("/proc/{}/fd", self.id())) {
            // A descriptor that is closed meanwhile has no target.
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

    /// A memory figure of the process from the kernel, in KiB: `VmRSS`, `VmHWM`.
    pub fn kib(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name));
        let figure = line.unwrap().split_whitespace().nth(1).unwrap();
        figure.parse().unwrap()
    }

    /// Standard error so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Sends a signal such as `TERM` or `KILL`.
    pub fn signal(&self, name: &str) {
        assert!(signal(self.id(), name));
    }

    /// Waits until the process ends.
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

    /// Stops the service, and keeps its folder for another start.
    pub fn stop(mut self) -> Setup {
        self.signal("TERM");
        assert!(self.ended().success(), "{}", self.log());
        self.into_setup()
    }

    /// Kills the service as a power cut would, and keeps its folder for another start.
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
