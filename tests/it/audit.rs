//! The audit trail from outside: its records, and how `audit verify` finds changes to it.

#![allow(clippy::type_complexity)]

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{self, D1, GRANT, Service, Setup, basic};

/// The files of a chain.
fn files(setup: &Setup, chain: &str) -> Vec<PathBuf> {
    let folder = std::fs::read_dir(setup.folder().join("audit")).unwrap();
    let paths = folder.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths
        .filter(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with(chain) && name.ends_with(".jsonl")
        })
        .collect();
    files.sort();
    files
}

/// A trail of some tokens and refusals, from a service that stopped normally.
async fn trail(more: &str) -> Setup {
    let setup = Setup::of(more);
    setup.add("is_tbank01", "123", &["--scope", "cards pin"]);
    let service = setup.start();
    for number in 0..20 {
        service.token(D1, GRANT).await.granted();
        service
            .token(&basic(&format!("c{number}"), "x"), GRANT)
            .await;
    }
    service.stop()
}

fn verify(setup: &Setup) -> harness::Run {
    setup.run(&["audit", "verify"])
}

/// Changes the lines of a file.
fn tamper(file: &PathBuf, change: impl FnOnce(&mut Vec<String>)) {
    let text = std::fs::read_to_string(file).unwrap();
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    change(&mut lines);
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(file, text).unwrap();
}

#[tokio::test]
async fn a_trail_that_nobody_touched_is_good() {
    let setup = trail("").await;
    let run = verify(&setup).ok();
    assert!(
        run.stdout.starts_with("decisions: records 1 to "),
        "{run:?}"
    );
    assert!(run.stdout.contains("\nchanges: records 1 to "), "{run:?}");
    assert!(!run.stdout.contains("note"), "{run:?}");
    let report = setup.run(&["audit", "verify", "--output", "json"]).ok();
    let report = report.json();
    assert_eq!(
        (&report["valid"], &report["chains"][0]["unsigned"]),
        (&true.into(), &0.into())
    );
}

#[tokio::test]
async fn what_was_done_to_it_is_named_with_its_place() {
    let setup = trail("").await;
    let file = &files(&setup, "decisions")[0];
    let good = std::fs::read(file).unwrap();
    let name = file.display();
    let cases: [(&dyn Fn(&mut Vec<String>), String); 5] = [
        (
            &|lines| lines[6] = lines[6].replace("token.", "tokem."),
            format!("{name}:7: record 7 was altered"),
        ),
        (
            &|lines| drop(lines.remove(6)),
            format!("{name}:7: record 7 was removed before this line"),
        ),
        (
            &|lines| lines.insert(6, lines[2].clone()),
            format!("{name}:7: a record was inserted, numbered 3"),
        ),
        (
            &|lines| lines.swap(6, 9),
            format!("{name}:7: reordered: record 10 stands where record 7 should"),
        ),
        (
            &|lines| lines.truncate(lines.len() - 3),
            "truncated: the trail ends with record".to_owned(),
        ),
    ];
    for (change, message) in cases {
        tamper(file, change);
        verify(&setup).fails(1, &message);
        let json = setup.run(&["audit", "verify", "--output", "json"]);
        assert_eq!((json.code, &json.json()["valid"]), (1, &false.into()));
        std::fs::write(file, &good).unwrap();
    }
    verify(&setup).ok();
}

#[tokio::test]
async fn what_is_changed_by_commands_is_in_it_with_who_did_it() {
    let setup = Setup::with_d1();
    for arguments in [
        &["client", "rotate-secret", "is_tbank01"][..],
        &["client", "disable", "is_tbank01"],
        &["client", "enable", "is_tbank01"],
        &["client", "remove", "is_tbank01"],
        &["key", "rotate", "--now"],
    ] {
        setup.run(arguments).ok();
    }
    setup
        .run(&["client", "remove", "nobody"])
        .fails(1, "nobody");
    let changes = setup.changes();
    let events: Vec<_> = changes
        .iter()
        .map(|it| it["event"].as_str().unwrap())
        .collect();
    let clients = [
        "client.added",
        "secret.rotated",
        "client.disabled",
        "client.enabled",
        "client.removed",
    ];
    assert_eq!(events[..5], clients, "and nothing that didn't happen");
    assert!(events[5..].iter().all(|event| *event == "key.changed") && events.len() > 5);
    for change in &changes {
        assert!(change["actor"]["uid"].is_u64(), "{change}");
    }
    assert_eq!(changes[0]["client_id"], "is_tbank01");
    assert_eq!(changes[0]["secret_kind"], "argon2id");
    verify(&setup).ok();
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_changed() {
    let setup = Setup::with_d1();
    let audit = setup.folder().join("audit");
    std::fs::rename(&audit, setup.folder().join("elsewhere")).unwrap();
    std::fs::write(&audit, "in the way").unwrap();
    setup
        .run(&["client", "remove", "is_tbank01"])
        .fails(1, "nothing was changed");
    std::fs::remove_file(&audit).unwrap();
    std::fs::rename(setup.folder().join("elsewhere"), &audit).unwrap();
    setup.run(&["client", "show", "is_tbank01"]).ok();
}

#[tokio::test]
async fn the_chain_survives_sigkill_and_goes_on_over_files() {
    let mut setup = Setup::of("").with_durable_audit();
    setup.configure("\"fsync\"", "\"fsync\", max_file_size = \"64KiB\"");
    setup.add("is_tbank01", "123", &["--scope", "cards pin"]);
    let mut tokens = 0;
    for _ in 0..4 {
        let service = setup.start();
        for _ in 0..80 {
            service.token(D1, GRANT).await.granted();
            tokens += 1;
        }
        setup = service.kill();
        let torn = files(&setup, "decisions").pop().unwrap();
        let mut bytes = std::fs::read(&torn).unwrap();
        bytes.extend_from_slice(b"{\"trail\":\"");
        std::fs::write(&torn, bytes).unwrap();
        let run = verify(&setup).ok();
        assert!(run.stdout.contains("half a record follows"), "{run:?}");
    }
    assert!(files(&setup, "decisions").len() > 1);
    let records = setup_after_restart(setup).await;
    let issued = records.iter().filter(|it| it["event"] == "token.issued");
    assert_eq!(issued.count(), tokens);
}

/// Starts and stops the service, which cuts off a torn record. Gives all records.
async fn setup_after_restart(setup: Setup) -> Vec<Value> {
    let setup = setup.start().stop();
    let run = verify(&setup).ok();
    assert!(!run.stdout.contains("note"), "{run:?}");
    setup.audit()
}

#[tokio::test]
async fn tail_shows_the_last_and_follows_those_that_come() {
    let setup = trail("").await;
    let last = setup.run(&["audit", "tail", "-n", "3"]).ok();
    let lines: Vec<_> = last.stdout.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[1].contains("service.stopped"), "{lines:?}");
    assert!(lines[2].contains("audit.checkpoint"), "{lines:?}");

    let shown = setup.folder().join("shown");
    let mut child = harness::binary(setup.folder())
        .args(["audit", "tail", "-f", "-n", "0", "--output", "json"])
        .args(["--config", "d1-authz.toml"])
        .stdout(std::fs::File::create(&shown).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // `tail` may start later than a change. So the test makes changes until `tail` shows one.
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        setup.run(&["client", "disable", "is_tbank01"]).ok();
        let text = std::fs::read_to_string(&shown).unwrap();
        if let Some(line) = text.lines().find(|line| line.contains("client.disabled")) {
            let record: Value = serde_json::from_str(line).unwrap();
            assert_eq!(record["client_id"], "is_tbank01");
            break;
        }
        assert!(Instant::now() < end, "{text}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn export_gives_a_period_of_both_chains_as_json_and_csv() {
    let setup = trail("").await;
    let all = setup.run(&["audit", "export"]).ok().json();
    let all = all.as_array().unwrap();
    let of = |event: &str| all.iter().filter(|it| it["event"] == event).count();
    assert_eq!((of("token.issued"), of("client.added")), (20, 1));
    let times: Vec<_> = all.iter().map(|it| it["time"].as_str().unwrap()).collect();
    assert_eq!(
        all[0]["event"], "client.added",
        "before the service started"
    );

    let (from, to) = (times[times.len() / 2], times[times.len() - 1]);
    let part = setup
        .run(&["audit", "export", "--from", from, "--to", to])
        .ok()
        .json();
    let expected = times
        .iter()
        .filter(|time| (from..to).contains(*time))
        .count();
    assert_eq!(part.as_array().unwrap().len(), expected);
    let none = setup.run(&["audit", "export", "--to", "2020-01-01"]).ok();
    assert_eq!(none.json(), serde_json::json!([]));

    let csv = setup
        .run(&["audit", "export", "--format", "csv"])
        .ok()
        .stdout;
    let lines: Vec<_> = csv.split("\r\n").filter(|line| !line.is_empty()).collect();
    assert!(lines[0].starts_with("time,event,client_id,source,"));
    assert_eq!(lines.len(), all.len() + 1);
    setup
        .run(&["audit", "export", "--from", "yesterday"])
        .fails(2, "a day as 2026-11-24");
}

/// A limit on the size of its files acts on a process like a full disk, and a test can set one.
#[tokio::test]
async fn a_full_disk_stops_tokens_and_says_so_until_there_is_room() {
    let setup = Setup::of("").with_durable_audit();
    setup.add("is_tbank01", "123", &[]);
    let mut command = Command::new("sh");
    // Without the trap, the system would end the process. A program inherits the signals that its
    // shell ignores.
    let program = harness::binary(setup.folder());
    let program = program.get_program().to_str().unwrap().to_owned();
    command
        .args([
            "-c",
            "trap '' XFSZ; exec \"$0\" serve --config d1-authz.toml",
        ])
        .arg(program)
        .current_dir(setup.folder());
    let service = Service::spawn(setup, command);
    let limit = |size: &str| {
        let process = service.id().to_string();
        let mut prlimit = Command::new("prlimit");
        prlimit.args(["--pid", &process, &format!("--fsize={size}:")]);
        prlimit.status().is_ok_and(|status| status.success())
    };
    let ready = async || service.get_at(service.ops, "/readyz").await;
    service.token(D1, GRANT).await.granted();
    if !limit("1") {
        println!("not tested: this machine has no prlimit");
        return;
    }
    let answer = service.token(D1, GRANT).await;
    answer.refused(503, "temporarily_unavailable");
    assert!(answer.header("retry-after").is_some());
    // The record of this request waits behind that of the first refusal. The trail has lost that
    // one by the time of the answer.
    let answer = service.token(D1, GRANT).await;
    answer.refused(503, "temporarily_unavailable");
    let said = ready().await;
    assert_eq!(said.status, 503);
    let problems = said.json()["problems"].clone();
    let problems = problems.as_array().unwrap();
    let is_audit = |problem: &&Value| problem["part"] == "audit";
    let problem = problems.iter().find(is_audit).unwrap();
    assert!(problem["message"].as_str().unwrap().contains("decisions-"));

    assert!(limit("unlimited"));
    let end = Instant::now() + Duration::from_secs(30);
    while ready().await.status != 200 {
        assert!(Instant::now() < end, "{}", service.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    service.token(D1, GRANT).await.granted();
    let setup = service.stop();
    let records = setup.audit();
    let resumed = records.iter().find(|it| it["event"] == "audit.resumed");
    assert!(resumed.unwrap()["lost"].as_u64().unwrap() >= 1);
    let issued = records.iter().filter(|it| it["event"] == "token.issued");
    assert_eq!(issued.count(), 2);
    verify(&setup).ok();
}
