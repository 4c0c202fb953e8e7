//! The commands of `store`: the status, a backup in one file, and a copy from one database to
//! another.

use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::harness::{D1, GRANT, Postgres, Setup, basic};

/// The clients and keys of the store, as the commands list them.
fn listed(setup: &Setup) -> serde_json::Value {
    let list = ["client", "list", "--output", "json"];
    let keys = ["key", "list", "--output", "json"];
    serde_json::json!([setup.run(&list).ok().json(), setup.run(&keys).ok().json()])
}

/// A setup of the same folder with its store at another URL.
fn moved(setup: &Setup, url: &str) -> Setup {
    let moved = setup.replica();
    let store = format!("sqlite:{}", setup.folder().join("store.db").display());
    moved.configure(&store, url);
    moved
}

#[test]
fn its_state_is_shown_also_when_it_is_behind() {
    let setup = Setup::with_d1();
    let status = setup.run(&["store", "status", "--output", "json"]).ok();
    let status = status.json();
    assert_eq!(status["current"], true, "{status}");
    assert_eq!(status["clients"], 1);
    assert_eq!(status["version"], status["latest"]);

    let postgres = Postgres::start();
    let behind = Setup::on(&postgres.database("behind"));
    let status = behind.run(&["store", "status"]).ok().stdout;
    assert!(
        status.contains("0 of ") && status.contains("store migrate"),
        "{status}"
    );
    assert!(!status.contains("clients"), "{status}");
    let migrated = behind.run(&["store", "migrate", "--output", "json"]).ok();
    assert_eq!(migrated.json()["current"], true);
}

/// A backup of a store under load has the state of one moment. A service can run on the backup file
/// alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_is_restored_by_copying_one_file() {
    let service = Setup::with_d1().start();
    let over = AtomicBool::new(false);
    let load = async {
        let mut tokens = 0;
        while !over.load(Ordering::Relaxed) {
            service.token(D1, GRANT).await.granted();
            tokens += 1;
        }
        tokens
    };
    let operator = async {
        tokio::task::block_in_place(|| {
            for number in 0..6 {
                let id = format!("client-{number}");
                service.setup.add(&id, "123", &[]);
                if number == 3 {
                    let backup = ["store", "backup", "--to", "backup.db", "--output", "json"];
                    let written = service.setup.run(&backup).ok().json();
                    assert_eq!(written["file"], "backup.db");
                }
            }
        });
        over.store(true, Ordering::Relaxed);
    };
    let (tokens, ()) = tokio::join!(load, operator);
    assert!(tokens > 0);
    let setup = service.stop();
    let backup = setup.folder().join("backup.db");
    assert_eq!(
        backup.metadata().unwrap().permissions().mode() & 0o777,
        0o600
    );
    let again = setup.run(&["store", "backup", "--to", "backup.db"]);
    again.fails(1, "backup.db: ");

    let restored = setup.replica();
    let file = restored.folder().join("restored.db");
    std::fs::copy(&backup, &file).unwrap();
    let url = format!("sqlite:{}", setup.folder().join("store.db").display());
    restored.configure(&url, &format!("sqlite:{}", file.display()));
    let restored = restored.start();
    restored.token(D1, GRANT).await.granted();
    restored
        .token(&basic("client-3", "123"), GRANT)
        .await
        .granted();
    assert_eq!(
        restored
            .token(&basic("client-4", "123"), GRANT)
            .await
            .status,
        401
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_moves_to_postgresql_and_back() {
    let postgres = Postgres::start();
    let url = postgres.database("moved");
    let setup = Setup::with_d1();
    setup.add(
        "other",
        "456",
        &["--algorithm", "PS256", "--network", "127.0.0.0/8"],
    );
    // More clients than a copy reads or writes at a time.
    let many = (0..1_100).map(|number| format!("many-{number}\n"));
    let many = "client_id\n".to_owned() + &many.collect::<String>();
    std::fs::write(setup.folder().join("many.csv"), many).unwrap();
    setup.run(&["client", "import", "many.csv"]).ok();
    setup.run(&["key", "rotate"]).ok();
    let token = setup.start();
    let issued = token.token(D1, GRANT).await.access_token();
    token.revoke(D1, &issued).await.revoked();
    let setup = token.stop();

    let copy = setup
        .run(&["store", "copy", "--to", &url, "--output", "json"])
        .ok();
    assert!(copy.json()["rows"].as_u64() > Some(3_300), "{copy:?}");
    let twice = setup.run(&["store", "copy", "--to", &url]);
    twice.fails(1, "is not empty");
    let moved = moved(&setup, &url);
    assert_eq!(listed(&moved), listed(&setup));
    assert!(postgres.knows("moved", "client_secrets"));

    // The service goes on with the copy: a new change gets a new number.
    moved.run(&["client", "disable", "other"]).ok();
    let service = moved.start();
    service.token(D1, GRANT).await.granted();
    assert_eq!(
        service.token(&basic("other", "456"), GRANT).await.status,
        401
    );
    service.introspect(D1, &issued).await;
    let moved = service.stop();

    let file = format!("sqlite:{}", moved.folder().join("back.db").display());
    moved.run(&["store", "copy", "--to", &file]).ok();
    let backup = ["store", "backup", "--to", "backup.db"];
    moved.run(&backup).ok();
    let backup = format!("sqlite:{}", moved.folder().join("backup.db").display());
    for url in [file, backup] {
        let back = moved.replica();
        back.configure(&postgres.url("moved"), &url);
        assert_eq!(listed(&back), listed(&moved), "{url}");
        let back = back.start();
        back.token(D1, GRANT).await.granted();
    }
}
