//! `[store]`: how much of it is kept in memory, and for how long.

use super::*;

fn store(lines: &str) -> Result<StoreConfig, ConfigErrors> {
    let text = WHOLE.replace("[token]", &format!("{lines}\n[token]"));
    load(&text, &[]).1.map(|config| config.store)
}

#[test]
fn ten_minutes_and_fifty_thousand_clients_by_default() {
    let config = store("").unwrap();
    assert_eq!(config.max_staleness, Duration::from_secs(600));
    assert_eq!(config.cached_clients, 50_000);
    let config = store("max_staleness = \"1h\"\ncached_clients = 100").unwrap();
    assert_eq!(config.max_staleness, Duration::from_secs(3600));
    assert_eq!(config.cached_clients, 100);
}

#[test]
fn neither_is_without_an_end() {
    for (line, why) in [
        ("max_staleness = \"4s\"", "between 5s and 7d"),
        ("max_staleness = \"8d\"", "between 5s and 7d"),
        ("cached_clients = 99", "between 100 and 10000000"),
        ("cached_clients = 10000001", "between 100 and 10000000"),
        ("cached_clients = \"all\"", "between 100 and 10000000"),
    ] {
        let message = store(line).unwrap_err().to_string();
        assert!(message.contains(why), "{line}: {message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}
