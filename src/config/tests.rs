//! Loads real files with real environment variables. figment's jail runs one test at a time, as
//! variables and the working folder belong to the whole process.

#![expect(
    clippy::result_large_err,
    reason = "the jail's closures return figment's error"
)]

mod connections;
mod memory;
mod store;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use figment::Jail;

use super::*;
use crate::token::{Algorithm, Lifetime};

const WHOLE: &str = r#"
issuer = "https://bank.example/authz/d1/v1"
[listen]
api = "0.0.0.0:8443"
ops = "127.0.0.1:9191"
[store]
url = "sqlite:store.db"
migrate = false
[token]
lifetime = "10m"
algorithm = "EdDSA"
audience = "https://api.bank.example"
[keys]
master_key_file = "secrets/master.key"
[audit]
path = "audit"
durability = "buffered"
"#;

/// Writes this text to a file in a new folder, and loads it with these environment variables set.
fn load(text: &str, variables: &[(&str, &str)]) -> (PathBuf, Result<Config, ConfigErrors>) {
    let mut outcome = None;
    Jail::expect_with(|jail| {
        jail.clear_env();
        for (name, value) in variables {
            jail.set_env(name, value);
        }
        jail.create_dir("etc")?;
        jail.create_file("etc/d1-authz.toml", text)?;
        let folder = fs::canonicalize(jail.directory()).unwrap();
        outcome = Some((folder, Config::load(Some(Path::new("etc/d1-authz.toml")))));
        Ok(())
    });
    outcome.unwrap()
}

fn errors(text: &str, variables: &[(&str, &str)]) -> String {
    load(text, variables).1.unwrap_err().to_string()
}

fn without(key: &str) -> String {
    WHOLE
        .lines()
        .filter(|line| !line.starts_with(key))
        .fold(String::new(), |text, line| text + line + "\n")
}

#[test]
fn a_whole_file_is_read() {
    let (folder, config) = load(WHOLE, &[]);
    let config = config.unwrap();
    assert_eq!(config.issuer.as_str(), "https://bank.example/authz/d1/v1");
    assert_eq!(config.listen.api, "0.0.0.0:8443".parse().unwrap());
    assert_eq!(config.listen.ops, "127.0.0.1:9191".parse().unwrap());
    assert!(!config.store.migrate);
    assert_eq!(config.token.lifetime, Lifetime::from_secs(600).unwrap());
    assert_eq!(config.token.algorithm, Algorithm::EdDsa);
    assert_eq!(
        config.token.audience.unwrap().as_str(),
        "https://api.bank.example"
    );
    assert_eq!(config.audit.durability, Durability::Buffered);
    // Paths are relative to the file that names them, not to the working folder.
    assert_eq!(
        config.store.url,
        StoreUrl::Sqlite(folder.join("etc/store.db"))
    );
    assert_eq!(
        config.keys.master_key_file,
        folder.join("etc/secrets/master.key")
    );
    assert_eq!(config.audit.path, folder.join("etc/audit"));
}

#[test]
fn what_can_be_left_out_has_a_default() {
    let text = [
        "ops",
        "migrate",
        "lifetime",
        "algorithm",
        "audience",
        "durability",
    ]
    .iter()
    .fold(WHOLE.to_owned(), |text, key| {
        text.lines()
            .filter(|line| !line.starts_with(key))
            .fold(String::new(), |text, line| text + line + "\n")
    });
    let config = load(&text, &[]).1.unwrap();
    assert_eq!(config.listen.ops, "127.0.0.1:9090".parse().unwrap());
    assert!(config.store.migrate);
    assert_eq!(config.token, TokenConfig::default());
    assert_eq!(config.audit.durability, Durability::Fsync);
}

#[test]
fn the_environment_wins_and_every_value_knows_where_it_came_from() {
    let variables = [
        ("D1_AUTHZ_TOKEN__LIFETIME", "5m"),
        ("D1_AUTHZ_AUDIT__PATH", "elsewhere"),
        ("D1_AUTHZ_CONFIG", "x"),
    ];
    let (folder, config) = load(&without("algorithm"), &variables);
    let config = config.unwrap();
    assert_eq!(config.token.lifetime, Lifetime::from_secs(300).unwrap());
    assert_eq!(
        config.audit.path,
        folder.join("elsewhere"),
        "a variable is relative to the working folder"
    );
    let origin = |key| {
        let setting = config
            .settings
            .iter()
            .find(|setting| setting.key == key)
            .unwrap();
        (
            setting.value.as_str(),
            setting.origin.rsplit('/').next().unwrap(),
        )
    };
    assert_eq!(origin("token.lifetime"), ("5m", "D1_AUTHZ_TOKEN__LIFETIME"));
    assert_eq!(origin("listen.api"), ("0.0.0.0:8443", "d1-authz.toml:4"));
    assert_eq!(origin("token.algorithm"), ("ES256", "default"));
}

#[test]
fn the_environment_alone_is_enough() {
    Jail::expect_with(|jail| {
        jail.clear_env();
        jail.set_env("D1_AUTHZ_ISSUER", "https://bank.example");
        jail.set_env("D1_AUTHZ_LISTEN__API", "[::1]:80");
        jail.set_env("D1_AUTHZ_STORE__URL", "sqlite:/var/store.db");
        jail.set_env("D1_AUTHZ_KEYS__MASTER_KEY_FILE", "/etc/master.key");
        jail.set_env("D1_AUTHZ_AUDIT__PATH", "/var/audit");
        let config = Config::load(None).unwrap();
        assert_eq!(config.store.url, StoreUrl::Sqlite("/var/store.db".into()));
        Ok(())
    });
}

#[test]
fn unknown_keys_are_refused_with_the_nearest_known_one_and_their_place() {
    let text = format!("{WHOLE}\n[tokens]\nlifetime = \"1m\"\n").replace("ops =", "opps =");
    let message = errors(&text, &[("D1_AUTHZ_STORE__ULR", "x")]);
    assert!(
        message.contains("d1-authz.toml:5: listen.opps: unknown key; did you mean listen.ops?"),
        "{message}"
    );
    assert!(
        message.contains("d1-authz.toml:19: tokens: unknown key; did you mean token?"),
        "{message}"
    );
    assert!(
        message.contains("D1_AUTHZ_STORE__ULR: store.ulr: unknown key; did you mean store.url?"),
        "{message}"
    );
    assert!(
        errors(&format!("zzz = 1\n{WHOLE}"), &[])
            .contains("d1-authz.toml:1: zzz: unknown key; the sample")
    );
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = r#"
issuer = "http://bank.example"
[listen]
api = "localhost"
[token]
lifetime = "2h"
algorithm = "none"
[audit]
durability = "sometimes"
path = { a = 1 }
"#;
    let message = errors(text, &[]);
    for line in [
        "d1-authz.toml:2: issuer: must begin with https://",
        "d1-authz.toml:4: listen.api: must be an IP address and a port",
        "d1-authz.toml:6: token.lifetime: a token lives between 1s and 1h",
        "d1-authz.toml:7: token.algorithm: the algorithms are ES256",
        "d1-authz.toml:9: audit.durability: must be \"fsync\" or \"buffered\"",
        "d1-authz.toml:10: audit.path: must be a single value",
        "d1-authz.toml: store.url: is missing; set it in the file, or as D1_AUTHZ_STORE__URL",
        "d1-authz.toml: keys.master_key_file: is missing",
    ] {
        assert!(message.contains(line), "{line}\nnot in\n{message}");
    }
    assert_eq!(message.lines().count(), 8, "{message}");
}

#[test]
fn a_lifetime_has_a_unit_and_ends_at_an_hour() {
    let lifetime =
        |value: &str| load(&without("lifetime"), &[("D1_AUTHZ_TOKEN__LIFETIME", value)]).1;
    for (value, seconds) in [("900s", 900), ("1h", 3600), ("1m 30s", 90), ("PT5M", 300)] {
        assert_eq!(
            lifetime(value).unwrap().token.lifetime,
            Lifetime::from_secs(seconds).unwrap(),
            "{value}"
        );
    }
    for value in ["900", "-5m", "61m", "0s", "1.5s", "soon"] {
        assert!(
            lifetime(value)
                .unwrap_err()
                .to_string()
                .contains("token.lifetime"),
            "{value}"
        );
    }
}

#[test]
fn the_policy_forbids_nothing_unless_it_is_set() {
    let config = load(WHOLE, &[]).1.unwrap();
    assert_eq!(config.policy, PolicyConfig::default());
    let text = format!(
        "{WHOLE}\n[policy]\nclient_secret_basic = false\nchosen_secrets = false\nsecret_length = 32\n"
    );
    let policy = load(&text, &[]).1.unwrap().policy;
    assert!(!policy.client_secret_basic && !policy.chosen_secrets);
    assert!(policy.is_long_enough(&"x".repeat(32)) && !policy.is_long_enough(&"ä".repeat(31)));
    for (line, why) in [
        ("chosen_secrets = 1", "must be true or false"),
        ("secret_length = 0", "between 1 and 512"),
        ("certificate_binding = \"on\"", "\"off\""),
        (
            "certificate_binding = \"required\"",
            "gateway.certificate_header",
        ),
    ] {
        let message = errors(&format!("{WHOLE}\n[policy]\n{line}\n"), &[]);
        assert!(
            message.contains(": policy.") && message.contains(why),
            "{message}"
        );
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn callers_are_throttled_unless_it_is_switched_off() {
    let config = load(WHOLE, &[]).1.unwrap();
    assert_eq!(config.throttle, ThrottleConfig::default());
    assert!(config.throttle.enabled);
    let text = format!(
        "{WHOLE}\n[throttle]\nenabled = false\nfree_failures = 3\nmax_delay = \"1h\"\nrequests = 100\nclient_rate = 50\n"
    );
    let config = load(&text, &[]).1.unwrap();
    let rate = ClientRate {
        per_second: 50.try_into().unwrap(),
        burst: 50.try_into().unwrap(),
    };
    let expected = ThrottleConfig {
        enabled: false,
        free_failures: 3,
        max_delay: Duration::from_secs(3600),
        requests: 100,
        client_rate: Some(rate),
    };
    assert_eq!(config.throttle, expected);
    let wrong = [
        ("enabled = 1", "must be true or false"),
        ("free_failures = 0", "between 1 and 1000"),
        ("max_delay = \"25h\"", "between 1s and 24h"),
        ("max_delay = 300", "with its unit"),
        ("requests = 15", "between 16 and 1000000"),
        ("client_rate = 0", "above 0"),
        (
            "client_burst = 5",
            "no meaning without throttle.client_rate",
        ),
    ];
    for (line, why) in wrong {
        let message = errors(&format!("{WHOLE}\n[throttle]\n{line}\n"), &[]);
        assert!(message.contains("d1-authz.toml:20: throttle."), "{message}");
        assert!(message.contains(why), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn a_file_that_is_absent_or_no_toml_is_told() {
    let absent = Config::load(Some(Path::new("/nonexistent/d1.toml")))
        .unwrap_err()
        .to_string();
    assert!(absent.starts_with("/nonexistent/d1.toml: "), "{absent}");
    let broken = errors("issuer = \n", &[]);
    assert!(
        broken.contains("d1-authz.toml") && broken.contains("line 1"),
        "{broken}"
    );
    assert!(errors("store = 1\n", &[]).contains("store: is a section"));
}

#[test]
fn quickstart_needs_no_file() {
    let config = Config::quickstart(
        Path::new("/data"),
        "0.0.0.0:8080".parse().unwrap(),
        "/authz/d1/v1",
    )
    .unwrap();
    assert_eq!(config.issuer.as_str(), "http://127.0.0.1:8080/authz/d1/v1");
    assert_eq!(config.store.url, StoreUrl::Sqlite("/data/store.db".into()));
}

#[test]
fn keys_are_published_long_enough_before_they_sign() {
    let keys = |lines: &str| {
        let text = WHOLE.replace("[audit]", &format!("{lines}\n[audit]"));
        load(&text, &[]).1.map(|config| config.keys)
    };
    let default = keys("").unwrap();
    assert_eq!(default.rotation, Duration::from_secs(90 * 24 * 3600));
    assert_eq!(default.publish_ahead, Duration::from_secs(24 * 3600));
    let fast = keys("rotation = \"10s\"\npublish_ahead = \"5s\"").unwrap();
    assert_eq!(fast.rotation, Duration::from_secs(10));
    for (lines, message) in [
        (
            "rotation = \"40h\"",
            "keys.rotation: must be at least twice as long as keys.publish_ahead, which is 1d",
        ),
        (
            "rotation = \"9s\"",
            "keys.rotation: must be a period between 10s and 3650d",
        ),
        (
            "publish_ahead = \"0s\"",
            "keys.publish_ahead: must be a period between 1s and 90d",
        ),
    ] {
        let error = keys(lines).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn a_token_is_named_whole_or_not_at_all() {
    let keys = |lines: &str| {
        let text = WHOLE.replace("[audit]", &format!("{lines}\n[audit]"));
        let (folder, config) = load(&text, &[]);
        (folder, config.map(|config| config.keys))
    };
    const TOKEN: &str =
        "[keys.pkcs11]\nmodule = \"/lib/hsm.so\"\ntoken = \"d1\"\npin_file = \"hsm.pin\"";
    let (folder, config) = keys(&format!("provider = \"pkcs11\"\n{TOKEN}"));
    let config = config.unwrap();
    assert_eq!(config.provider, Provider::Pkcs11);
    let token = config.pkcs11.unwrap();
    assert_eq!(token.pin_file, folder.join("etc/hsm.pin"));
    assert_eq!(
        (token.module, token.token.as_str()),
        ("/lib/hsm.so".into(), "d1")
    );
    let (_, config) = keys(TOKEN);
    let config = config.unwrap();
    assert!(config.provider == Provider::Local && config.pkcs11.is_some());

    let missing = |lines: &str| keys(lines).1.unwrap_err().to_string();
    assert_eq!(missing("provider = \"pkcs11\"").lines().count(), 3);
    let error = missing(&TOKEN.replace("token", "# token"));
    assert!(error.contains("keys.pkcs11.token: is missing"), "{error}");
    let error = missing("provider = \"vault\"");
    assert!(error.contains("must be \"local\" or \"pkcs11\""), "{error}");
}
