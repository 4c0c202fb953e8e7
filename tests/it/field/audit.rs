//! Reports about the audit trail.

mod tampering;

use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::{self, D1, GRANT, Run, Service, Setup, eventually, is_root, run};

/// A user who isn't root.
const SERVICE: u32 = 65_534;

/// The files of a chain, in order.
fn files(setup: &Setup, chain: &str) -> Vec<PathBuf> {
    let folder = std::fs::read_dir(setup.folder().join("audit")).unwrap();
    let paths = folder.map(|entry| entry.unwrap().path());
    let is_of = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with(chain) && name.ends_with(".jsonl")
    };
    let mut files: Vec<_> = paths.filter(is_of).collect();
    files.sort();
    files
}

fn verify(setup: &Setup) -> Run {
    setup.run(&["audit", "verify"])
}

/// Cuts this many lines off the end of a file.
fn cut(file: &Path, lines: usize) {
    let text = std::fs::read_to_string(file).unwrap();
    let kept: Vec<_> = text.split_inclusive('\n').collect();
    std::fs::write(file, kept[..kept.len() - lines].concat()).unwrap();
}

/// The message of `/readyz` about the trail, once there is one.
async fn told(service: &Service) -> String {
    let problem = async || {
        let said = service.get_at(service.ops, "/readyz").await;
        assert_eq!(said.status, 200, "tokens are recorded in the next trail");
        let problems = said.json()["problems"].clone();
        let problems = problems.as_array().unwrap().iter();
        let of_audit: Vec<_> = problems.filter(|it| it["part"] == "audit").collect();
        of_audit
            .last()
            .map(|it| it["message"].as_str().unwrap().to_owned())
    };
    eventually("told", problem, Option::is_some).await.unwrap()
}

async fn tokens(service: &Service, number: usize) {
    for _ in 0..number {
        service.token(D1, GRANT).await.granted();
    }
}

/// "A trail whose end was cut is whole again after a start"
#[tokio::test]
async fn a_trail_that_was_cut_is_told_and_never_whole_again() {
    let service = Setup::with_d1().start();
    tokens(&service, 50).await;
    let setup = service.stop();
    cut(files(&setup, "decisions").last().unwrap(), 30);
    verify(&setup).fails(1, "truncated");

    let service = setup.start();
    let said = told(&service).await;
    assert!(said.contains("decisions") && said.contains("cut"), "{said}");
    assert_eq!(service.metric("d1_authz_audit_gaps_total").await, 1);
    let log = async || service.log();
    eventually("logged", log, |log| log.contains("was cut")).await;
    tokens(&service, 5).await;
    let setup = service.stop();
    verify(&setup).fails(1, "truncated: the trail ends with record");
    let records = setup.audit();
    let began = records.iter().find(|it| it["event"] == "audit.began");
    assert_eq!(began.unwrap()["reason"], "truncated");
    let setup = setup.start().stop();
    verify(&setup).fails(1, "truncated");
}

/// The same report: a command notices it too, in the trail of administrators' changes.
#[tokio::test]
async fn a_command_that_comes_upon_a_trail_that_was_cut_tells_it() {
    let setup = Setup::with_d1();
    for status in ["disable", "enable"] {
        setup.run(&["client", status, "is_tbank01"]).ok();
    }
    cut(files(&setup, "changes").last().unwrap(), 2);
    verify(&setup).fails(1, "truncated");
    let added = setup.run(&["client", "add", "--id", "more"]).ok();
    assert!(added.stderr.contains("was cut"), "{added:?}");
    let added = setup.run(&["client", "add", "--id", "another"]).ok();
    assert!(!added.stderr.contains("was cut"), "once: {added:?}");
    verify(&setup).fails(1, "truncated");
    let changes = setup.changes();
    let began = changes.iter().position(|it| it["event"] == "audit.began");
    assert_eq!(changes[began.unwrap() + 1]["client_id"], "more");
}

/// "A deleted trail is no failure"
#[tokio::test]
async fn a_known_trail_that_is_missing_makes_verify_fail() {
    let service = Setup::with_d1().start();
    tokens(&service, 5).await;
    // `audit verify` doesn't mistake a replica's trail in another folder for a missing one.
    let replica = service.setup.replica().start();
    tokens(&replica, 5).await;
    let replica = replica.stop();
    let setup = service.stop();
    let run = verify(&setup).ok();
    assert!(
        run.stdout
            .contains("it is in the folder where it was written"),
        "{run:?}"
    );
    let place = replica.folder().join("audit");
    assert!(run.stdout.contains(place.to_str().unwrap()), "{run:?}");

    for file in files(&setup, "decisions") {
        std::fs::remove_file(file).unwrap();
    }
    verify(&setup).fails(1, "missing");
    let json = setup.run(&["audit", "verify", "--output", "json"]);
    let report = json.json();
    assert_eq!(
        (json.code, &report["valid"], &report["missing"][0]["chain"]),
        (1, &false.into(), &"decisions".into())
    );
    let service = setup.start();
    assert!(told(&service).await.contains("missing"));
    let setup = service.stop();
    verify(&setup).fails(1, "missing");

    std::fs::remove_dir_all(setup.folder().join("audit")).unwrap();
    verify(&setup).fails(1, "missing");
    let setup = setup.start().stop();
    verify(&setup).fails(1, "of changes");
    verify(&replica).fails(1, "missing: it was written on this machine");
}

/// "Records go on into a file that is gone"
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trail_that_is_taken_away_while_serving_is_noticed_within_seconds() {
    type Way = fn(&Path);
    let removed = |file: &Path| std::fs::remove_file(file).unwrap();
    let renamed = |file: &Path| std::fs::rename(file, file.with_extension("old")).unwrap();
    let emptied = |file: &Path| std::fs::write(file, "").unwrap();
    let replaced = |file: &Path| {
        let text = std::fs::read(file).unwrap();
        std::fs::remove_file(file).unwrap();
        std::fs::write(file, &text[..text.len() / 2]).unwrap();
    };
    let gone = |file: &Path| std::fs::remove_dir_all(file.parent().unwrap()).unwrap();
    let ways: [(&str, Way); 5] = [
        ("removed", removed),
        ("renamed", renamed),
        ("emptied", emptied),
        ("replaced", replaced),
        ("gone", gone),
    ];
    let one = async |name: &str, way: Way, chain: &str| {
        let service = Setup::with_d1().start();
        tokens(&service, 5).await;
        let right = async || service.get_at(service.ops, "/readyz").await.json();
        let said = right().await;
        assert_eq!(said["problems"], serde_json::json!([]), "{name}");
        // The service has already looked at the chain of changes once.
        let metric = async || service.metric("d1_authz_audit_gaps_total").await;
        assert_eq!(metric().await, 0);
        way(files(&service.setup, chain).last().unwrap());
        let what = format!("{chain} {name}");
        eventually(&what, metric, |gaps| *gaps >= 1).await;
        told(&service).await;
        let token = service.token(D1, GRANT).await.access_token();
        let [_, claims] = harness::parts(&token);
        let recorded = async || {
            let records = service.setup.audit();
            records.iter().any(|it| it["jti"] == claims["jti"])
        };
        eventually("recorded in a file that is there", recorded, |is| *is).await;
        assert_eq!(verify(&service.stop()).code, 1, "{what}");
    };
    for (name, way) in ways {
        tokio::join!(one(name, way, "decisions"), one(name, way, "changes"));
    }
}

/// "An administrator's command may write another trail"
#[tokio::test]
async fn a_change_ends_up_in_the_stores_trail_whatever_the_environment_says() {
    let setup = Setup::with_d1();
    let elsewhere = |setup: &Setup, id: &str| {
        let mut command = harness::binary(setup.folder());
        command.env("D1_AUTHZ_AUDIT__PATH", setup.folder().join("elsewhere"));
        command.args(["client", "add", "--id", id, "--config", "d1-authz.toml"]);
        let added = run(&mut command, "").ok();
        let folder = setup.folder().join("audit");
        assert!(
            added.stderr.contains("warning: audit.path is "),
            "{added:?}"
        );
        assert!(added.stderr.contains(folder.to_str().unwrap()), "{added:?}");
    };
    let recorded = |setup: &Setup, id: &str| setup.changes().iter().any(|it| it["client_id"] == id);
    elsewhere(&setup, "one");
    assert!(!setup.folder().join("elsewhere").exists());
    // The next command that uses the store's trail writes the change into it. The service does so
    // too.
    setup.run(&["client", "disable", "is_tbank01"]).ok();
    assert!(recorded(&setup, "one"));
    let service = setup.start();
    elsewhere(&service.setup, "two");
    let there = async || recorded(&service.setup, "two");
    eventually("written by the service", there, |is| *is).await;
    let setup = service.stop();
    verify(&setup).ok();
    let changes = setup.changes();
    let two = changes.iter().find(|it| it["client_id"] == "two").unwrap();
    assert!(
        two["actor"]["uid"].is_u64() && two["change"].is_u64(),
        "{two}"
    );
}

/// A similar report: an auditor sees the values before and after a change.
#[tokio::test]
async fn a_change_is_recorded_with_the_values_before_and_after() {
    let setup = Setup::with_d1();
    for arguments in [
        &["client", "set", "is_tbank01", "--scope", "cards"][..],
        &["client", "disable", "is_tbank01"],
        &["client", "rotate-secret", "is_tbank01"],
        &["client", "remove", "is_tbank01"],
    ] {
        setup.run(arguments).ok();
    }
    let changes = setup.changes();
    let of = |event: &str| -> &Value {
        let mut of = changes.iter().filter(|it| it["event"] == event);
        of.next().unwrap()
    };
    assert_eq!(of("client.added")["settings"]["scope"], "cards pin");
    let changed = of("client.changed");
    assert_eq!(changed["from"]["scope"], "cards pin", "{changed}");
    assert_eq!(changed["to"], serde_json::json!({ "scope": "cards" }));
    assert_eq!(of("client.disabled")["was"], "enabled");
    let first = &of("client.added")["secret_id"];
    assert_eq!(&of("secret.rotated")["previous"][0], first);
    assert_eq!(of("client.removed")["was"]["scope"], "cards");
}

/// "A large import is called tampering"
#[tokio::test]
async fn an_import_of_any_size_verifies() {
    let setup = Setup::with_d1();
    let rows: String = (0..4_500).map(|row| format!("client-{row}\n")).collect();
    std::fs::write(
        setup.folder().join("many.csv"),
        format!("client_id\n{rows}"),
    )
    .unwrap();
    setup.run(&["client", "import", "many.csv"]).ok();
    verify(&setup).ok();
    let added = setup.changes();
    let added = added.iter().filter(|it| it["event"] == "client.added");
    assert_eq!(added.count(), 4_501);
    setup.run(&["client", "remove", "client-7"]).ok();
    verify(&setup).ok();
}

/// "After root's command the service can't write its trail"
#[tokio::test]
async fn what_root_makes_belongs_to_the_services_user() {
    if !is_root() {
        println!("not tested: only root makes files that are another user's");
        return;
    }
    let setup = Setup::empty();
    setup.configure("\"buffered\"", "\"buffered\", max_file_size = \"64KiB\"");
    for path in [setup.folder().to_owned(), setup.config()] {
        chown(path, Some(SERVICE), Some(SERVICE)).unwrap();
    }
    let as_service = |arguments: &[&str]| {
        let mut command = harness::binary(setup.folder());
        command.uid(SERVICE).gid(SERVICE).args(arguments);
        run(command.args(["--config", "d1-authz.toml"]), "")
    };
    // Root runs the very first command, and the one that begins the next file of changes.
    setup.run(&["client", "add", "--id", "one"]).ok();
    as_service(&["client", "add", "--id", "two"]).ok();
    let rows: String = (0..300).map(|row| format!("client-{row}\n")).collect();
    std::fs::write(
        setup.folder().join("many.csv"),
        format!("client_id\n{rows}"),
    )
    .unwrap();
    setup.run(&["client", "import", "many.csv"]).ok();
    setup.run(&["client", "add", "--id", "three"]).ok();
    setup.run(&["store", "backup", "--to", "backup.db"]).ok();
    assert!(files(&setup, "changes").len() > 1);
    let audit = std::fs::read_dir(setup.folder().join("audit")).unwrap();
    let all = std::fs::read_dir(setup.folder()).unwrap().chain(audit);
    for entry in all.map(Result::unwrap) {
        let owner = entry.metadata().unwrap().uid();
        let is_ours = entry.file_name() == "many.csv";
        assert!(
            is_ours || owner == SERVICE,
            "{:?} is {owner}'s",
            entry.path()
        );
    }
    as_service(&["key", "rotate", "--now"]).ok();
    as_service(&["audit", "verify"]).ok();
}

/// A similar report: the service needn't own a file of the trail to go on.
#[tokio::test]
async fn a_trail_that_became_another_users_is_told_and_a_new_one_begins() {
    if !is_root() {
        println!("not tested: only root takes files from another user");
        return;
    }
    let setup = Setup::with_d1();
    let start = |setup: Setup| {
        let all = std::fs::read_dir(setup.folder()).unwrap();
        let audit = std::fs::read_dir(setup.folder().join("audit")).unwrap();
        for entry in all.chain(audit).map(Result::unwrap) {
            chown(entry.path(), Some(SERVICE), Some(SERVICE)).unwrap();
        }
        chown(setup.folder(), Some(SERVICE), Some(SERVICE)).unwrap();
        if let Some(file) = files(&setup, "decisions").pop() {
            chown(file, Some(0), Some(0)).unwrap();
        }
        let mut command = harness::binary(setup.folder());
        command.uid(SERVICE).gid(SERVICE);
        command.args(["serve", "--config", "d1-authz.toml"]);
        Service::spawn(setup, command)
    };
    let service = start(setup);
    tokens(&service, 5).await;
    let service = start(service.stop());
    assert!(told(&service).await.contains("can't be read"));
    tokens(&service, 5).await;
    let setup = service.stop();
    let issued = setup.audit();
    let issued = issued.iter().filter(|it| it["event"] == "token.issued");
    assert_eq!(issued.count(), 10);
    // Root can read the file, and sees that nothing is missing.
    let run = verify(&setup).ok();
    assert!(run.stdout.contains("it follows a trail"), "{run:?}");
}
