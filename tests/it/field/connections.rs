//! Reports about connections to a database and about restored backups.

mod failover;
mod pooler;
mod restore;

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::harness::{D1, GRANT, Postgres, Setup, eventually};

/// Writes a file that only its owner may read.
fn private(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// A configuration with the database password in `file`.
fn with_password(url: &str, file: &Path) -> Setup {
    let setup = Setup::on(url);
    let named = format!("store = {{ password_file = {file:?}, url");
    setup.configure("store = { url", &named);
    setup
}

/// Report: "A rotated database password is not read again". The operator writes into the file,
/// renames a new file, or swaps a link to the file or to its folder.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotated_database_password_is_used_for_the_next_connection() {
    let server = Postgres::start_with("scram-sha-256", &[]);
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    for version in ["v1", "v2"] {
        std::fs::create_dir(at(version)).unwrap();
    }
    let swap = |to: &str, link: &Path| {
        let new = at("new");
        symlink(to, &new).unwrap();
        std::fs::rename(&new, link).unwrap();
    };
    type Renew<'a> = Box<dyn Fn(&str) + 'a>;
    let ways: [(_, _, Renew); 4] = [
        ("in place", at("a"), Box::new(|new| private(&at("a"), new))),
        (
            "by a rename",
            at("b"),
            Box::new(|new| {
                private(&at("b.new"), new);
                std::fs::rename(at("b.new"), at("b")).unwrap();
            }),
        ),
        (
            "a link to the file",
            at("c"),
            Box::new(|new| {
                let version = if new == "old" { "v1" } else { "v2" };
                private(&at(version).join("c"), new);
                swap(&format!("{version}/c"), &at("c"));
            }),
        ),
        (
            "a link to the folder",
            at("d").join("password"),
            Box::new(|new| {
                let version = if new == "old" { "v1" } else { "v2" };
                private(&at(version).join("password"), new);
                swap(version, &at("d"));
            }),
        ),
    ];
    for (number, (way, file, renew)) in ways.into_iter().enumerate() {
        server.sql("postgres", "ALTER ROLE authz PASSWORD 'old'");
        renew("old");
        let database = format!("way{number}");
        let setup = with_password(&server.database(&database), &file);
        setup.add("is_tbank01", "123", &[]);
        let service = setup.start();
        service.token(D1, GRANT).await.granted();

        server.sql("postgres", "ALTER ROLE authz PASSWORD 'new'");
        renew("new");
        let of_it = format!("FROM pg_stat_activity WHERE datname = '{database}'");
        server.sql(
            "postgres",
            &format!("SELECT pg_terminate_backend(pid) {of_it}"),
        );
        service.setup.run(&["client", "disable", "is_tbank01"]).ok();
        let status = async || service.token(D1, GRANT).await.status.as_u16();
        eventually(way, status, |status| *status == 401).await;
        let listening = async || {
            let asked = format!("SELECT count(*) {of_it} AND query LIKE 'LISTEN%'");
            server.sql("postgres", &asked)
        };
        eventually(way, listening, |number| number == "1").await;
        let readiness = service.get_at(service.ops, "/readyz").await;
        assert_eq!(readiness.json()["problems"], serde_json::json!([]), "{way}");
    }
}

/// Report: "Files that hold a secret are cut at 128 bytes without a word".
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_used_whole_or_refused() {
    let server = Postgres::start_with("scram-sha-256", &[]);
    let url = server.database("long");
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("db.password");
    for length in [129, 2_048, 4_096] {
        let password = "a".repeat(length);
        server.sql(
            "postgres",
            &format!("ALTER ROLE authz PASSWORD '{password}'"),
        );
        private(&file, &password);
        let setup = with_password(&url, &file);
        setup.run(&["store", "status"]).ok();
        // The service uses the last bytes of the file too.
        private(&file, &format!("{}b", &password[1..]));
        let refused = setup.run(&["store", "status"]);
        refused.fails(1, "password authentication failed");
    }
    let setup = with_password(&url, &file);
    for (text, why) in [
        ("a".repeat(4_097), "more than 4096 bytes"),
        (
            format!("{}\nmore", "a".repeat(4_096)),
            "more than 4096 bytes",
        ),
        ("a\nmore".to_owned(), "more than one line"),
    ] {
        private(&file, &text);
        setup.run(&["store", "status"]).fails(1, why);
        let source = Setup::with_d1();
        let name = file.display().to_string();
        let copy = ["store", "copy", "--to", &url, "--password-file", &name];
        source.run(&copy).fails(1, why);
    }
    private(&file, " blanks are of it \n");
    server.sql("postgres", "ALTER ROLE authz PASSWORD ' blanks are of it '");
    setup.run(&["store", "status"]).ok();

    let setup = Setup::with_d1();
    let key = setup.folder().join("master.key");
    let good = std::fs::read_to_string(&key).unwrap();
    for (behind, why) in [
        (format!("{}more", " ".repeat(100)), "does not hold 32 bytes"),
        (" ".repeat(2_000), "more than 1024 bytes"),
    ] {
        private(&key, &format!("{}{behind}", good.trim()));
        let list = setup.run(&["client", "add", "--id", "other"]);
        list.fails(1, why);
    }
}

/// Report: "Revocations fail under another default isolation". Databases and roles have other
/// defaults too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_default_of_a_database_makes_a_difference() {
    let server = Postgres::start();
    for (number, defaults) in [
        &["default_transaction_isolation = 'serializable'"][..],
        &["default_transaction_isolation = 'repeatable read'"],
        &[
            "default_transaction_read_only = on",
            "default_transaction_deferrable = on",
            "bytea_output = 'escape'",
            "standard_conforming_strings = off",
            "datestyle = 'SQL, DMY'",
            "timezone = 'Asia/Kathmandu'",
            "statement_timeout = '500ms'",
            "lock_timeout = '1ms'",
            "idle_in_transaction_session_timeout = '1ms'",
            "synchronous_commit = off",
        ],
    ]
    .into_iter()
    .enumerate()
    {
        let database = format!("defaults{number}");
        let url = server.database(&database);
        for default in defaults {
            server.sql(
                "postgres",
                &format!("ALTER DATABASE {database} SET {default}"),
            );
        }
        let setup = Setup::on(&url);
        setup.add("is_tbank01", "123", &["--scope", "cards pin"]);
        setup.add("cards-api", "123", &["--allow", "introspect"]);
        setup.run(&["key", "rotate"]).ok();
        let replica = setup.replica().start();
        let service = setup.start();
        let revoke = async || {
            for _ in 0..15 {
                let token = service.token(D1, GRANT).await.access_token();
                replica.revoke(D1, &token).await.revoked();
                let token = replica.token(D1, GRANT).await.access_token();
                service.revoke(D1, &token).await.revoked();
            }
        };
        tokio::join!(revoke(), revoke(), revoke(), revoke());
        let readiness = service.get_at(service.ops, "/readyz").await;
        assert_eq!(
            readiness.json()["problems"],
            serde_json::json!([]),
            "{defaults:?}"
        );
    }
}
