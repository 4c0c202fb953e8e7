//! The store on a real PostgreSQL server: it behaves as on SQLite. Some tests are about faults that
//! only a database on a network has.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::{Duration, Instant};

use d1_authz::config::{StoreConfig, StoreUrl};
use d1_authz::store::{
    ClientRecord, Migrate, News, Position, SqlStore, Store as _, StoreError, TokensThen,
    conformance,
};
use d1_authz::token::{Client, ClientId, Scope, Status};
use jiff::Timestamp;

use crate::harness::{Authority, D1, GRANT, Postgres, Setup, eventually, give};

fn config(url: &str) -> StoreConfig {
    StoreConfig::new(StoreUrl::from_str(url).unwrap())
}

async fn open(url: &str) -> Result<SqlStore, StoreError> {
    SqlStore::open(&config(url), Migrate::Yes).await
}

fn client(id: &str) -> ClientRecord {
    let client = Client::new(ClientId::parse(id).unwrap(), id, Scope::default());
    ClientRecord::new(client, Timestamp::UNIX_EPOCH)
}

async fn changes(store: &SqlStore, after: Position) -> Vec<Position> {
    match store.changes_after(after).await.unwrap() {
        News::Changes(changes) => changes.iter().map(|change| change.position).collect(),
        News::OtherHistory => panic!("{after:?} is in the history"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_conforms() {
    let server = Postgres::start();
    conformance::check(&open(&server.database("suite")).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_replicas_start_at_once_on_an_empty_database() {
    let server = Postgres::start();
    let url = server.database("empty");
    let absent = SqlStore::open(&config(&url), Migrate::No).await;
    assert!(
        matches!(absent, Err(StoreError::SchemaTooOld { found: 0, .. })),
        "{absent:?}"
    );
    let starts: Vec<_> = (0..6)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move { open(&url).await.map(drop) })
        })
        .collect();
    for start in starts {
        start.await.unwrap().unwrap();
    }
    server.sql(
        "empty",
        "INSERT INTO _sqlx_migrations VALUES (9999, 'later', now(), true, '', 0)",
    );
    let later = open(&url).await;
    assert!(
        matches!(later, Err(StoreError::SchemaTooNew { found: 9999, .. })),
        "{later:?}"
    );
    server.sql("empty", "DELETE FROM _sqlx_migrations WHERE version = 9999");
    server.sql(
        "empty",
        "UPDATE _sqlx_migrations SET checksum = 'x' WHERE version = 1",
    );
    let other = open(&url).await.unwrap_err().to_string();
    assert!(
        other.contains("schema can't be brought up to date"),
        "{other}"
    );
}

/// If a transaction got its number before its place in the order, a follower could see change 6
/// before 5 and never read 5.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_misses_no_change_of_several_writers() {
    let server = Postgres::start();
    let url = server.database("feed");
    let store = open(&url).await.unwrap();
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let url = url.clone();
            tokio::spawn(async move {
                let store = open(&url).await.unwrap();
                for number in 0..25 {
                    let record = client(&format!("{writer}-{number}"));
                    store.add_clients(&[record]).await.unwrap();
                }
            })
        })
        .collect();
    let mut seen = Vec::new();
    while seen.len() < 100 {
        let after = seen.last().copied().unwrap_or_default();
        seen.extend(changes(&store, after).await);
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let last = store.last_change().await.unwrap();
    assert_eq!(seen.len(), 100);
    assert_eq!(seen.last(), Some(&last), "all of it");
    let numbers: BTreeSet<_> = seen.iter().map(|position| position.sequence).collect();
    assert_eq!(numbers.len(), 100, "each once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_wakes_the_others_also_after_their_connections_were_cut() {
    let server = Postgres::start();
    let url = server.database("news");
    let (one, two) = (open(&url).await.unwrap(), open(&url).await.unwrap());
    // The first message says that the listener listens.
    let woken = || tokio::time::timeout(Duration::from_secs(20), two.changed());
    woken().await.unwrap();
    for round in ["before", "after"] {
        let began = Instant::now();
        one.add_clients(&[client(round)]).await.unwrap();
        woken().await.unwrap();
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "{:?}",
            began.elapsed()
        );
        server.sql(
            "postgres",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'news'",
        );
        // A reconnected listener also wakes its reader, because the reader may have missed a
        // notification.
        woken().await.unwrap();
        assert!(two.client(round).await.unwrap().is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_gone_or_frozen_is_told_and_comes_back() {
    let mut server = Postgres::start();
    let store = open(&server.database("gone")).await.unwrap();
    store.add_clients(&[client("one")]).await.unwrap();
    server.freeze();
    let began = Instant::now();
    let frozen = store.client("one").await.unwrap_err().to_string();
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
    assert!(
        frozen.contains("doesn't answer") || frozen.contains("timed out"),
        "{frozen}"
    );
    server.thaw();
    let there = async || store.client("one").await.ok().flatten();
    eventually("thawed", there, Option::is_some).await;

    server.crash();
    assert!(store.client("one").await.is_err());
    let refused = open(&server.url("gone")).await.unwrap_err().to_string();
    assert!(refused.contains("refused"), "{refused}");
    server.run();
    eventually("started again", there, Option::is_some).await;
    store
        .set_status(
            &ClientId::parse("one").unwrap(),
            Status::Disabled,
            TokensThen::Revoked,
            Timestamp::now(),
        )
        .await
        .unwrap();
}

/// The database authenticates by a certificate, and the service by a password from a file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_and_a_password() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "bank");
    let other = Authority::new(folder.path(), "other");
    let issued = authority.issue("db", "/CN=db", "IP:127.0.0.1");
    let place = tempfile::tempdir().unwrap();
    give(place.path());
    let files = [(&issued.certificate, "db.pem"), (&issued.key, "db.key")].map(|(from, name)| {
        let to = place.path().join(name);
        std::fs::copy(from, &to).unwrap();
        give(&to);
        to
    });
    let [certificate, key] = files.map(|file| file.display().to_string());
    let server = Postgres::start_with(
        "scram-sha-256",
        &[
            "ssl=on",
            &format!("ssl_cert_file={certificate}"),
            &format!("ssl_key_file={key}"),
        ],
    );
    server.sql("postgres", "ALTER ROLE authz PASSWORD 'a/b c@d'");
    let url = server.database("safe");
    let with = |authority: &Authority| {
        let root = authority.certificate();
        config(&format!(
            "{url}?sslmode=verify-full&sslrootcert={}",
            root.display()
        ))
    };
    let password = folder.path().join("password");
    std::fs::write(&password, "a/b c@d\n").unwrap();
    let open = async |config: &StoreConfig| SqlStore::open(config, Migrate::Yes).await;

    let mut safe = with(&authority);
    let nameless = open(&safe).await.unwrap_err().to_string();
    assert!(nameless.contains("password"), "{nameless}");
    safe.password_file = Some(password.clone());
    let exposed = open(&safe).await.unwrap_err().to_string();
    assert!(
        exposed.contains("store.password_file") && exposed.contains("chmod 600"),
        "{exposed}"
    );
    private(&password);
    let store = open(&safe).await.unwrap();
    store.add_clients(&[client("one")]).await.unwrap();
    let encrypted = server.sql(
        "safe",
        "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE datname = 'safe' AND client_port > 0",
    );
    assert_eq!(encrypted, "t");

    // The service works too, although it can only open files that its configuration names.
    let root = authority.certificate();
    let setup = Setup::on(&format!(
        "{url}?sslmode=verify-full&sslrootcert={}",
        root.display()
    ));
    let file = format!("store = {{ password_file = {password:?}, url");
    setup.configure("store = { url", &file);
    setup.add("is_tbank01", "123", &[]);
    setup.start().token(D1, GRANT).await.granted();

    let mut strange = with(&other);
    strange.password_file = Some(password);
    let refused = open(&strange).await.unwrap_err().to_string();
    assert!(refused.contains("certificate"), "{refused}");
    assert!(!refused.contains("a/b c@d") && !format!("{safe:?}{store:?}").contains("a/b c@d"));
}

fn private(file: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// A replica whose role may only read. It issues tokens, learns of changes, and changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_only_reads() {
    let server = Postgres::start();
    let writer = Setup::on(&server.database("shared"));
    writer.add("is_tbank01", "123", &["--scope", "cards pin"]);
    let writer = writer.start();
    server.sql(
        "shared",
        "CREATE ROLE reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader",
    );
    let reader = writer.setup.replica();
    reader.configure(&server.url("shared"), &server.url_of("reader", "shared"));
    reader.configure("store = { url", "store = { read_only = true, url");
    let reader = reader.start();
    assert_eq!(reader.token(D1, GRANT).await.status, 200);
    let refused = reader.setup.run(&["client", "disable", "is_tbank01"]);
    refused.fails(1, "may not write to the store (store.read_only)");

    writer.setup.run(&["client", "disable", "is_tbank01"]).ok();
    let status = async || reader.token(D1, GRANT).await.status.as_u16();
    eventually("disabled there too", status, |status| *status == 401).await;
    let log = reader.log();
    assert!(
        !log.contains("\"level\":40") && !log.contains("may not write"),
        "{log}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_clients_are_read_in_pages() {
    let server = Postgres::start();
    let store = open(&server.database("many")).await.unwrap();
    let records: Vec<_> = (0..5_500)
        .map(|number| client(&format!("c{number:05}")))
        .collect();
    let adding = async {
        for some in records.chunks(2_500) {
            store.add_clients(some).await.unwrap();
        }
    };
    let (first, ()) = tokio::join!(store.clients(), adding);
    assert!(first.unwrap().len() <= 5_500);
    assert_eq!(store.clients().await.unwrap(), records);
    assert_eq!(store.number_of_clients().await.unwrap(), 5_500);
    assert!(server.knows("many", "clients"));
}

/// After a failover, the standby reuses the numbers of changes that the old primary lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_without_the_last_changes_is_noticed() {
    let server = Postgres::start();
    let setup = Setup::on(&server.database("failover"));
    setup.add("is_tbank01", "123", &["--scope", "cards pin"]);
    let service = setup.start();
    service.token(D1, GRANT).await.granted();
    let status = async || service.token(D1, GRANT).await.status.as_u16();
    // The data that the standby has.
    let tables = ["clients", "client_secrets", "changes", "manifest", "meta"];
    for table in tables {
        server.sql(
            "failover",
            &format!("CREATE TABLE standby_{table} AS TABLE {table}"),
        );
    }
    service.setup.run(&["client", "disable", "is_tbank01"]).ok();
    eventually("disabled", status, |status| *status == 401).await;
    let number = || server.sql("failover", "SELECT max(sequence) FROM changes");
    let lost = number();

    // Restores that data. The next change then gets the number of the lost one.
    let emptied = tables
        .iter()
        .rev()
        .map(|table| format!("DELETE FROM {table}; "));
    let filled = tables
        .iter()
        .map(|table| format!("INSERT INTO {table} TABLE standby_{table}; "));
    let back: String = emptied.chain(filled).collect();
    let next =
        "SELECT setval(pg_get_serial_sequence('changes', 'sequence'), max(sequence)) FROM changes";
    server.sql("failover", &format!("BEGIN; {back} {next}; COMMIT"));
    service.setup.add("other", "123", &[]);
    assert_eq!(number(), lost);
    eventually("as the standby has it", status, |status| *status == 200).await;
}
