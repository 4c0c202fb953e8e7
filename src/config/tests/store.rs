//! `[store]`: its URL.

use super::*;

#[test]
fn a_database_is_named_and_its_password_never_shown() {
    let text = WHOLE.replace("sqlite:store.db", "postgres://user:hunter2@db/authz");
    let config = load(&text, &[]).1.unwrap();
    assert!(matches!(config.store.url, StoreUrl::Postgres(_)));
    assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
    let shown = config.settings.iter().find(|it| it.key == "store.url");
    assert_eq!(shown.unwrap().value, "postgres://user:***@db/authz");

    let wrong = WHOLE.replace("sqlite:store.db", "postgres://user:hunter2@db");
    let message = errors(&wrong, &[]);
    assert!(message.contains("store.url: must be"), "{message}");
    assert!(!message.contains("hunter2"), "{message}");
    let file = ("D1_AUTHZ_STORE__PASSWORD_FILE", "db.password");
    let message = errors(WHOLE, &[file]);
    assert!(
        message.contains("store.password_file: is only for PostgreSQL"),
        "{message}"
    );
    for connections in ["0", "101", "x"] {
        let message = errors(&text, &[("D1_AUTHZ_STORE__CONNECTIONS", connections)]);
        assert!(message.contains("store.connections: must be"), "{message}");
    }
}

#[test]
fn a_store_url_names_a_file() {
    let url = |value: &str| load(&without("url"), &[("D1_AUTHZ_STORE__URL", value)]).1;
    assert_eq!(
        url("sqlite:///a/b.db").unwrap().store.url,
        StoreUrl::Sqlite("/a/b.db".into())
    );
    for value in [
        "sqlite:",
        "sqlite:a?mode=ro",
        "sqlite::memory:",
        "mysql://x",
        "a.db",
    ] {
        assert!(
            url(value)
                .unwrap_err()
                .to_string()
                .contains("store.url: must"),
            "{value}"
        );
    }
}
