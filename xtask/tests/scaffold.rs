//! Tests a service that `cargo xtask scaffold` makes, from outside: it is compiled, configured,
//! called, looked at by operators, and stopped.

#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};

const DOCUMENT: &str = r##"{
  "openapi": "3.0.3",
  "info": {"title": "Greetings \"of\" a \\ kind", "version": "1"},
  "servers": [{"url": "https://api.example/v1"}],
  "paths": {"/greetings/{name}": {"get": {
    "operationId": "greet",
    "parameters": [{"name": "name", "in": "path", "required": true, "schema": {"type": "string", "maxLength": 20}}],
    "responses": {"200": {"description": "A greeting", "content": {"application/json": {"schema": {
      "type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}}}}}
  }}}
}"##;

/// What a developer writes for the one operation.
const HANDLER: &str = r#"match _request.name.as_str() {
            "fail" => Err(Failure::internal("the greeter is away")),
            "panic" => panic!("a bug"),
            _ => Err(Failure::not_implemented("greet")),
        }"#;

#[test]
fn a_scaffolded_service_is_one_that_operators_can_run() {
    // Always the same folder, so that what was compiled before is replaced.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scaffold");
    let _may_be_missing = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let root = scaffold(&folder);
    nothing_is_of_this_checkout(&root);
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    assert!(read("src/main.rs").lines().count() < 40);
    assert!(succeeds(
        Command::new("cargo")
            .args(["fmt", "--check"])
            .current_dir(&root)
    ));

    let skeleton = "Err(Failure::not_implemented(\"greet\"))";
    let handlers = read("src/handlers.rs").replace(skeleton, HANDLER);
    fs::write(root.join("src/handlers.rs"), handlers).unwrap();
    let mut cargo = Command::new("cargo");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    cargo
        .args(["build", "--tests", "--bins", "--offline"])
        .env("CARGO_TARGET_DIR", target);
    assert!(succeeds(cargo.current_dir(&root)));
    let program = target.join("debug/greet-all");

    the_configuration_is_checked(&program, &root);
    let mut service = Service::start(&program, &root);
    assert_eq!(service.call("/v1/greetings/world").0, 501);
    assert_eq!(service.call("/v1/greetings/fail").0, 500);
    assert_eq!(service.call("/v1/greetings/panic").0, 500);
    assert_eq!(service.call("/v1/greetings/of-more-than-20-letters").0, 400);
    assert_eq!(service.call("/elsewhere").0, 404);

    let causes: BTreeSet<String> = (0..3)
        .map(|_| service.line("a request failed")["cause"].to_string())
        .collect();
    let expected = [
        "\"the greeter is away\"",
        "\"the handler panicked: a bug\"",
        "null",
    ];
    assert_eq!(causes, expected.map(str::to_owned).into());

    assert_eq!(service.look("/healthz").0, 200);
    assert_eq!(service.look("/readyz").0, 200);
    assert!(service.look("/docs").1.contains("greet"));
    let metrics = service.look("/metrics").1;
    for line in [
        "greet_all_requests_total{operation=\"greet\",status=\"500\"} 2",
        "greet_all_requests_total{operation=\"greet\",status=\"501\"} 1",
        "greet_all_requests_total{operation=\"greet\",status=\"400\"} 1",
        "greet_all_requests_total{operation=\"unknown\",status=\"404\"} 1",
        "greet_all_request_duration_seconds_count{operation=\"greet\"} 4",
        "greet_all_ready 1",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
    service.stop();
}

/// Makes the crate, whose name has to be made of the folder's.
fn scaffold(folder: &Path) -> PathBuf {
    let spec = folder.join("greetings.json");
    fs::write(&spec, DOCUMENT).unwrap();
    let root = folder.join("Greet all");
    let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
    xtask.args(["scaffold", "--spec"]).arg(&spec);
    assert!(succeeds(xtask.arg("--out").arg(&root)));
    root
}

/// No file names this checkout, so the crate builds wherever it is taken.
fn nothing_is_of_this_checkout(root: &Path) {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut left = vec![root.to_owned()];
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(fs::read_dir(&path).unwrap().map(|it| it.unwrap().path()));
        } else {
            let text = fs::read_to_string(&path).unwrap();
            let names_it = text.contains(checkout.to_str().unwrap());
            assert!(!names_it, "{}", path.display());
        }
    }
    assert!(root.join("vendor/dropshot-chassis/LICENSE-MIT").exists());
}

fn the_configuration_is_checked(program: &Path, root: &Path) {
    let run = |arguments: &[&str]| {
        let mut command = Command::new(program);
        command.current_dir(root).args(arguments).output().unwrap()
    };
    // The sample is found, is valid, and has every key.
    assert!(run(&["config", "check"]).status.success());
    let shown = String::from_utf8(run(&["config", "show"]).stdout).unwrap();
    let sample = fs::read_to_string(root.join("greet-all.toml")).unwrap();
    for line in shown.lines() {
        let key = line.split(" = ").next().unwrap();
        let (_, name) = key.rsplit_once('.').unwrap();
        assert!(sample.contains(&format!("{name} = ")), "{key}");
    }
    // All mistakes are told at once, each with its place.
    let wrong = root.join("wrong.toml");
    fs::write(
        &wrong,
        "[listen]\napi = \"nowhere\"\n[log]\nlevel = \"loud\"\n",
    )
    .unwrap();
    let refused = run(&["serve", "--config", "wrong.toml"]);
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        said.contains(":2: listen.api:") && said.contains(":4: log.level:"),
        "{said}"
    );
    assert_eq!(run(&["sing"]).status.code(), Some(2));
}

/// A running service.
struct Service {
    process: Child,
    log: BufReader<ChildStderr>,
    api: SocketAddr,
    ops: SocketAddr,
}

impl Service {
    fn start(program: &Path, root: &Path) -> Self {
        let mut command = Command::new(program);
        command.arg("serve").current_dir(root);
        let anywhere = "127.0.0.1:0";
        command
            .env("GREET_ALL_LISTEN__API", anywhere)
            .env("GREET_ALL_LISTEN__OPS", anywhere)
            .env("GREET_ALL_LIMITS__DRAIN_TIME", "1s");
        let mut process = command.stderr(Stdio::piped()).spawn().unwrap();
        let stderr = process.stderr.take().unwrap();
        let mut service = Self {
            process,
            log: BufReader::new(stderr),
            api: anywhere.parse().unwrap(),
            ops: anywhere.parse().unwrap(),
        };
        let serving = service.line("serving");
        service.api = serving["api"].as_str().unwrap().parse().unwrap();
        service.ops = serving["ops"].as_str().unwrap().parse().unwrap();
        service
    }

    /// The next line of the log with this message.
    fn line(&mut self, message: &str) -> Value {
        loop {
            let mut line = String::new();
            let length = self.log.read_line(&mut line).unwrap();
            assert!(length > 0, "the log ends without {message:?}");
            // The words of a panic are no line of the log.
            let Ok(line) = serde_json::from_str::<Value>(&line) else {
                continue;
            };
            if line["msg"] == message {
                return line;
            }
        }
    }

    fn call(&self, path: &str) -> (u16, String) {
        get(self.api, path)
    }

    fn look(&self, path: &str) -> (u16, String) {
        get(self.ops, path)
    }

    /// Stops the service, which still serves while it says that it is not ready.
    fn stop(mut self) {
        let own = nix::unistd::Pid::from_raw(self.process.id().try_into().unwrap());
        nix::sys::signal::kill(own, nix::sys::signal::Signal::SIGTERM).unwrap();
        self.line("draining");
        assert_eq!(self.look("/readyz").0, 503);
        assert_eq!(self.call("/v1/greetings/world").0, 501);
        self.line("stopped");
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _may_have_ended = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The status and the text of an answer.
fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let mut connection = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

fn succeeds(command: &mut Command) -> bool {
    command.status().unwrap().success()
}
