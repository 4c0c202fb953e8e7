//! Which of several servers a connection reaches, and how recent that server's data is.

use std::time::Duration;

use crate::harness::{D1, GRANT, Postgres, Proxy, Service, Setup, eventually};

async fn problems(service: &Service) -> String {
    let readiness = service.get_at(service.ops, "/readyz").await;
    readiness.json()["problems"].to_string()
}

/// The age of the service's data from the store, in seconds.
async fn age(service: &Service) -> f64 {
    let metrics = service.get_at(service.ops, "/metrics").await.text;
    let mut lines = metrics.lines().filter_map(|line| line.split_once(' '));
    let (_, age) = lines
        .find(|(name, _)| name.ends_with("store_read_age_seconds"))
        .unwrap();
    age.parse().unwrap()
}

/// Report: "After a failover the service stays with the old primary".
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_failover_the_service_finds_the_new_primary() {
    let mut old = Postgres::start();
    old.database("failover");
    let proxy = Proxy::to(old.address()).await;
    let through = format!("postgres://authz@{}/failover", proxy.address);
    let setup = Setup::on(&through);
    setup.add("is_tbank01", "123", &["--scope", "cards pin"]);
    setup.add("other", "123", &[]);
    let service = setup.start();
    let token = service.token(D1, GRANT).await.access_token();

    old.crash();
    let new = old.copy();
    old.demote();
    old.run();
    let problem = async || problems(&service).await;
    eventually("told", problem, |said| said.contains("store is read-only")).await;
    assert_eq!(service.revoke(D1, &token).await.status, 503);
    let age = async || age(&service).await;
    eventually("it gets old", age, |age| *age > 1.0).await;
    let refused = service.setup.run(&["client", "disable", "other"]);
    refused.fails(1, "store is read-only");

    proxy.lead_to(new.address());
    eventually("well again", problem, |said| said == "[]").await;
    service.revoke(D1, &token).await.revoked();
    let direct = service.setup.replica();
    direct.configure(&through, &new.url("failover"));
    direct.run(&["client", "disable", "is_tbank01"]).ok();
    let status = async || service.token(D1, GRANT).await.status.as_u16();
    eventually("disabled there", status, |status| *status == 401).await;
}

/// The same report, about a read-only replica: a standby that stopped replaying or was cut off is
/// stale. A standby of an idle primary is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_stopped_replaying_is_stale() {
    let mut primary = Postgres::start_with("trust", &["wal_retrieve_retry_interval=200ms"]);
    let writer = Setup::on(&primary.database("stale"));
    writer.add("is_tbank01", "123", &["--scope", "cards pin"]);
    // A service with write access makes the keys at its start.
    let writer = writer.start().stop();
    let standby = primary.standby();
    let reader = writer.replica();
    reader.configure(&primary.url("stale"), &standby.url("stale"));
    let settings = "store = { read_only = true, max_staleness = \"5s\", url";
    reader.configure("store = { url", settings);
    let reader = reader.start();
    reader.token(D1, GRANT).await.granted();
    // The primary gets no writes.
    tokio::time::sleep(Duration::from_secs(6)).await;
    reader.token(D1, GRANT).await.granted();
    assert_eq!(problems(&reader).await, "[]");

    standby.sql("postgres", "SELECT pg_wal_replay_pause()");
    writer.run(&["client", "disable", "is_tbank01"]).ok();
    let status = async || reader.token(D1, GRANT).await.status.as_u16();
    eventually("too old", status, |status| *status == 503).await;
    standby.sql("postgres", "SELECT pg_wal_replay_resume()");
    eventually("replayed", status, |status| *status == 401).await;
    writer.run(&["client", "enable", "is_tbank01"]).ok();
    eventually("replayed", status, |status| *status == 200).await;

    primary.crash();
    eventually("cut off", status, |status| *status == 503).await;
    primary.run();
    eventually("joined again", status, |status| *status == 200).await;
}

/// Report: "On a hot standby, LISTEN fails every second for ever".
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hot_standby_is_followed_without_an_error_each_second() {
    let primary = Postgres::start_with("trust", &["log_connections=on"]);
    let writer = Setup::on(&primary.database("hot"));
    writer.add("is_tbank01", "123", &["--scope", "cards pin"]);
    let writer = writer.start().stop();
    primary.sql(
        "postgres",
        "ALTER DATABASE hot SET default_transaction_isolation = 'serializable'",
    );
    let standby = primary.standby();
    let reader = writer.replica();
    reader.configure(&primary.url("hot"), &standby.url("hot"));
    reader.configure("store = { url", "store = { read_only = true, url");
    let reader = reader.start();
    reader.token(D1, GRANT).await.granted();
    writer.run(&["client", "disable", "is_tbank01"]).ok();
    let status = async || reader.token(D1, GRANT).await.status.as_u16();
    eventually("followed", status, |status| *status == 401).await;
    let before = standby.log().matches("connection authorized").count();
    tokio::time::sleep(Duration::from_secs(6)).await;
    let log = standby.log();
    assert!(!log.contains("LISTEN during recovery"), "{log}");
    let since = log.matches("connection authorized").count() - before;
    assert!(since <= 6, "{since} connections in 6 s: {log}");
    let told = reader.log().matches("found only by polls").count();
    assert_eq!(told, 1, "{}", reader.log());
    assert_eq!(problems(&reader).await, "[]");

    standby.sql("postgres", "SELECT pg_promote()");
    let listening =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = 'hot' AND query LIKE 'LISTEN%'";
    let number = async || standby.sql("postgres", listening);
    eventually("it listens", number, |number| number == "1").await;
    let told = async || reader.log().matches("announced again").count();
    eventually("told once", told, |times| *times == 1).await;
}
