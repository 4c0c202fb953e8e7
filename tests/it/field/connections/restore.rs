//! A restored backup, and a store file that another process replaced.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use serde_json::{Value, json};

use crate::harness::{D1, GRANT, Postgres, Service, Setup, basic, eventually};

fn listed(setup: &Setup) -> Value {
    let list = ["client", "list", "--output", "json"];
    let keys = ["key", "list", "--output", "json"];
    json!([setup.run(&list).ok().json(), setup.run(&keys).ok().json()])
}

fn backed_up(setup: &Setup, name: &str) -> Value {
    setup.run(&["store", "backup", "--to", name]).ok();
    listed(setup)
}

fn restore(from: &str) -> [&str; 6] {
    ["store", "restore", "--from", from, "--output", "json"]
}

async fn token_of(service: &Service, id: &str) -> u16 {
    service
        .token(&basic(id, "123"), GRANT)
        .await
        .status
        .as_u16()
}

/// Report: "A backup copied over a crashed store gives something else". Whatever files lie beside
/// the store, a restore gives exactly the backup, and lists what is newer than it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_gives_exactly_the_backup_and_tells_what_is_lost() {
    let setup = Setup::with_resource_server();
    for id in ["removed", "rotated", "disabled"] {
        setup.add(id, "123", &[]);
    }
    // This start makes the signing keys of the tokens below.
    let setup = setup.start().stop();
    let before = backed_up(&setup, "b.db");
    let service = setup.start();
    let token = service.token(D1, GRANT).await.access_token();
    service.revoke(D1, &token).await.revoked();
    let many = (0..2_000).map(|number| format!("later-{number}\n"));
    let many = "client_id\n".to_owned() + &many.collect::<String>();
    std::fs::write(service.setup.folder().join("many.csv"), many).unwrap();
    for command in [
        &["client", "import", "many.csv"][..],
        &["client", "remove", "removed"],
        &["client", "rotate-secret", "rotated", "--overlap", "0s"],
        &["client", "disable", "disabled"],
    ] {
        service.setup.run(command).ok();
    }
    let busy = service.setup.run(&restore("b.db"));
    busy.fails(1, "is in use; stop the service");

    // A power cut leaves a WAL too.
    let setup = service.kill();
    let at = |name: &str| setup.folder().join(name);
    assert!(at("store.db-wal").metadata().unwrap().len() > 0);
    std::fs::set_permissions(at("store.db"), PermissionsExt::from_mode(0o640)).unwrap();
    let mut dry = restore("b.db").to_vec();
    dry.push("--dry-run");
    let told = setup.run(&dry).ok().json();
    assert_eq!(told["replaced"], false);
    assert_eq!(
        told["lost"]["clients_added"].as_array().unwrap().len(),
        2_000
    );
    assert!(!at("store.db.restoring").exists());

    let told = setup.run(&restore("b.db")).ok().json();
    let lost = &told["lost"];
    assert_eq!(lost["clients_removed"], json!(["removed"]));
    assert_eq!(lost["clients_disabled"], json!(["disabled"]));
    assert_eq!(lost["secrets_changed"], json!(["rotated"]));
    assert_eq!(lost["tokens_revoked"], 1);
    assert!(
        !lost["audit_heads"].as_array().unwrap().is_empty(),
        "{lost}"
    );
    assert_eq!(listed(&setup), before);
    assert_eq!(at("store.db").metadata().unwrap().mode() & 0o777, 0o640);
    let kept = told["kept_as"].as_str().unwrap();
    let copy = setup.replica();
    let ours = format!("sqlite:{}", at("store.db").display());
    copy.configure(&ours, &format!("sqlite:{kept}"));
    let clients = copy
        .run(&["client", "list", "--output", "json"])
        .ok()
        .json();
    assert_eq!(
        clients.as_array().unwrap().len(),
        2_004,
        "what was replaced is whole"
    );

    let text = setup.run(&restore("b.db")[..4]).ok().stdout;
    assert!(!text.contains("again") && !text.contains("gone"), "{text}");
    let service = setup.start();
    for (id, status) in [("removed", 200), ("disabled", 200), ("later-1", 401)] {
        assert_eq!(token_of(&service, id).await, status, "{id}");
    }
    let recorded = async || {
        let changes = service.setup.changes();
        let restored = |it: &&Value| it["event"] == "store.restored";
        changes.iter().filter(restored).cloned().collect::<Vec<_>>()
    };
    let records = eventually("recorded", recorded, |it| it.len() == 2).await;
    assert_eq!(records[0]["lost"]["clients_disabled"], 1);
    let again = service.introspect(&basic("cards-api", "123"), &token).await;
    assert_eq!(again.json()["active"], true, "as it was told");
}

/// The same report: an unusable backup replaces nothing. A good one replaces a damaged or lost
/// store.
#[test]
fn only_a_whole_backup_of_this_store_replaces_it() {
    let setup = Setup::with_d1();
    let before = backed_up(&setup, "b.db");
    let at = |name: &str| setup.folder().join(name);
    let whole = std::fs::read(at("b.db")).unwrap();
    let mut damaged = whole.clone();
    damaged[8_192..12_288].fill(7);
    std::fs::write(at("damaged.db"), damaged).unwrap();
    std::fs::write(at("cut.db"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(at("text.db"), "no database").unwrap();
    std::fs::write(at("empty.db"), "").unwrap();
    for name in ["damaged.db", "cut.db", "text.db", "empty.db", "none.db"] {
        let refused = setup.run(&restore(name));
        refused.fails(1, name);
        assert_eq!(listed(&setup), before, "{name}");
    }
    let stranger = Setup::with_d1();
    std::fs::copy(at("b.db"), stranger.folder().join("b.db")).unwrap();
    let refused = stranger.run(&restore("b.db"));
    refused.fails(1, "the master key is not the one");

    // A damaged file with another file's WAL beside it.
    setup.add("later", "123", &[]);
    std::fs::write(at("store.db"), vec![7; 100_000]).unwrap();
    std::fs::write(at("store.db-wal"), vec![7; 100_000]).unwrap();
    let told = setup.run(&restore("b.db")).ok().json();
    assert!(told["unread"].is_string(), "{told}");
    assert_eq!(listed(&setup), before);
    std::fs::remove_file(at("store.db")).unwrap();
    setup.run(&restore("b.db")).ok();
    assert_eq!(listed(&setup), before);
    assert_eq!(at("store.db").metadata().unwrap().mode() & 0o777, 0o600);
}

/// The same report, on PostgreSQL: a restore only works into an empty database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_restored_into_an_empty_database() {
    let server = Postgres::start();
    let setup = Setup::on(&server.database("one"));
    setup.add("is_tbank01", "123", &[]);
    let before = backed_up(&setup, "b.db");
    let full = setup.run(&restore("b.db"));
    full.fails(1, "createdb");
    assert_eq!(listed(&setup), before);
    let url = server.database("two");
    setup.configure(&server.url("one"), &url);
    setup.run(&restore("b.db")).ok();
    assert_eq!(listed(&setup), before);
    setup.start().token(D1, GRANT).await.granted();
}

/// The same report: the service goes on with a deleted file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_file_that_is_replaced_under_the_service_is_noticed() {
    for way in ["removed", "renamed", "replaced"] {
        let setup = Setup::with_d1();
        setup.run(&["store", "backup", "--to", "b.db"]).ok();
        let service = setup.start();
        let token = service.token(D1, GRANT).await.access_token();
        let at = |name: &str| service.setup.folder().join(name);
        match way {
            "removed" => std::fs::remove_file(at("store.db")).unwrap(),
            "renamed" => std::fs::rename(at("store.db"), at("elsewhere.db")).unwrap(),
            _ => std::fs::rename(at("b.db"), at("store.db")).unwrap(),
        }
        let problem = async || {
            let readiness = service.get_at(service.ops, "/readyz").await;
            readiness.json()["problems"].to_string()
        };
        eventually(way, problem, |said| said.contains("removed or replaced")).await;
        let log = async || service.log();
        eventually(way, log, |log| log.contains("removed or replaced")).await;
        assert_eq!(service.revoke(D1, &token).await.status, 503, "{way}");
        // Otherwise a command would make another store, or read this one with the other's WAL.
        let command = service.setup.run(&["client", "add", "--id", "new"]);
        command.fails(1, "store.db");
    }
}
