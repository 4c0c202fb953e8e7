//! Poolers between the service and its database.

use crate::harness::{D1, GRANT, PgBouncer, Postgres, Setup, eventually};

/// JDBC's driver needs this setting too.
const IGNORED: &str = "ignore_startup_parameters = extra_float_digits";

/// Report: "Behind a transaction pooler, one process makes everybody read-only". The service
/// refuses such a pooler, and leaves no setting behind in its sessions.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_of_transactions_is_refused_and_keeps_nothing_of_it() {
    let server = Postgres::start();
    let direct = Setup::on(&server.database("pooled"));
    direct.add("is_tbank01", "123", &[]);
    let settings = "SELECT string_agg(name || setting, ' ' ORDER BY name) FROM pg_settings \
        WHERE name IN ('default_transaction_read_only', 'statement_timeout', 'lock_timeout', 'bytea_output', \
        'idle_in_transaction_session_timeout', 'tcp_user_timeout', 'default_transaction_isolation')";
    let plain = server.sql("pooled", settings);
    for more in [
        format!("{IGNORED}\nserver_reset_query ="),
        format!("{IGNORED}\nserver_round_robin = 1\nmin_pool_size = 3"),
        format!("{IGNORED}\ndefault_pool_size = 1"),
    ] {
        let pooler = PgBouncer::before(&server, "transaction", &more);
        let setup = direct.replica();
        setup.configure(&server.url("pooled"), &pooler.url("pooled"));
        for command in ["status", "migrate"] {
            let refused = setup.run(&["store", command]);
            refused.fails(1, "session pooling only");
        }
        setup.run(&["serve"]).fails(1, "session pooling only");
        setup.configure("store = { url", "store = { read_only = true, url");
        setup.run(&["store", "status"]).fails(1, "docs/store.md");
        let left = "SELECT (SELECT count(*) FROM pg_prepared_statements) + (SELECT count(*) FROM pg_listening_channels())";
        for _ in 0..3 {
            assert_eq!(pooler.sql("pooled", settings), plain, "{more}");
            assert_eq!(pooler.sql("pooled", left), "0", "{more}");
        }
    }
    let pooler = PgBouncer::before(&server, "session", "");
    let setup = direct.replica();
    setup.configure(&server.url("pooled"), &pooler.url("pooled"));
    let refused = setup.run(&["store", "status"]);
    refused.fails(1, "ignore_startup_parameters = extra_float_digits");
}

/// The same report: a session pooler works, and the service leaves no setting behind even if the
/// pooler resets nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_of_sessions_works() {
    let server = Postgres::start();
    server.database("pooled");
    let untidy = format!("{IGNORED}\nserver_reset_query =");
    let pooler = PgBouncer::before(&server, "session", &untidy);
    let setup = Setup::on(&pooler.url("pooled"));
    setup.run(&["store", "migrate"]).ok();
    setup.add("is_tbank01", "123", &["--scope", "cards pin"]);
    let reader = setup.replica();
    reader.configure("store = { url", "store = { read_only = true, url");
    let reader = reader.start();
    let service = setup.start();
    service.token(D1, GRANT).await.granted();
    reader.token(D1, GRANT).await.granted();
    let token = service.token(D1, GRANT).await.access_token();
    service.revoke(D1, &token).await.revoked();
    let listening =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = 'pooled' AND query LIKE 'LISTEN%'";
    let number = async || server.sql("postgres", listening);
    eventually("both listen", number, |number| number == "2").await;
    service.setup.run(&["client", "disable", "is_tbank01"]).ok();
    let status = async || reader.token(D1, GRANT).await.status.as_u16();
    eventually("disabled", status, |status| *status == 401).await;
    let setup = service.stop();
    drop(reader);
    for _ in 0..10 {
        let read_only = pooler.sql("pooled", "SHOW default_transaction_read_only");
        assert_eq!(read_only, "off");
        setup.run(&["client", "enable", "is_tbank01"]).ok();
    }
}
