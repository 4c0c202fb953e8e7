//! The command line: results, errors and exit statuses.

use serde_json::json;

use crate::harness::{D1, GRANT, Setup, binary, d1_authz, run};

#[test]
fn client_add_prints_the_secret_this_once() {
    let setup = Setup::empty();
    let add = [
        "client",
        "add",
        "--name",
        "Thales D1",
        "--scope",
        "a b",
        "--audience",
        "x",
        "--output",
        "json",
    ];
    let new = setup.run(&add).ok().json();
    let (id, secret) = (
        new["client_id"].as_str().unwrap(),
        new["client_secret"].as_str().unwrap(),
    );
    assert!(
        id.starts_with("d1c_") && secret.starts_with("d1s_"),
        "{new}"
    );
    assert_eq!(
        (&new["scope"], &new["audiences"]),
        (&json!("a b"), &json!(["x"]))
    );
    let text = setup.run(&["client", "show", id]).ok().stdout;
    assert!(
        text.contains("Thales D1") && !text.contains(secret),
        "{text}"
    );
    let shown = setup
        .run(&["client", "show", id, "--output", "json"])
        .ok()
        .json();
    assert_eq!(shown["name"], "Thales D1");
    assert_eq!(shown["secrets"][0]["kind"], "hmac-sha256");
}

#[test]
fn a_chosen_secret_comes_from_standard_input() {
    let setup = Setup::empty();
    let add = [
        "client",
        "add",
        "--id",
        "is_tbank01",
        "--secret-stdin",
        "--output",
        "json",
    ];
    let added = setup.run_with(&add, "123\n").ok();
    assert_eq!(added.json()["client_secret"], "123");
    assert!(
        added.stderr.contains("warning"),
        "a weak one is taken, with a warning: {added:?}"
    );
    setup
        .run_with(&["client", "add", "--secret-stdin"], "")
        .fails(2, "client secret");
    setup
        .run_with(&add, "another-secret")
        .fails(1, "is_tbank01");
}

#[test]
fn clients_are_listed_changed_and_removed() {
    let setup = Setup::empty();
    assert_eq!(
        setup.run(&["client", "list", "--output", "json"]).code,
        1,
        "there is no store yet"
    );
    setup.add("a", "123", &["--name", "one"]);
    setup.add("b", "123", &[]);
    let status = |id: &str| {
        let list = setup
            .run(&["client", "list", "--output", "json"])
            .ok()
            .json();
        let clients = list.as_array().unwrap().clone();
        let client = clients.into_iter().find(|client| client["client_id"] == id);
        client.map(|client| client["status"].as_str().unwrap().to_owned())
    };
    assert_eq!(status("a").as_deref(), Some("enabled"));
    let done = setup
        .run(&["client", "disable", "a", "--output", "json"])
        .ok()
        .json();
    assert_eq!(done, json!({ "client_id": "a", "status": "disabled" }));
    assert_eq!(status("a").as_deref(), Some("disabled"));
    setup.run(&["client", "enable", "a"]).ok();
    assert_eq!(status("a").as_deref(), Some("enabled"));
    assert_eq!(
        setup.run(&["client", "remove", "a"]).ok().stdout,
        "a is removed\n"
    );
    assert_eq!(status("a"), None);
    for command in ["show", "disable", "enable", "remove", "rotate-secret"] {
        setup
            .run(&["client", command, "a"])
            .fails(1, "there is no client a");
    }
    let table = setup.run(&["client", "list"]).ok().stdout;
    assert!(
        table.starts_with("ID  STATUS   LAST USED  SCOPE  NAME\nb   enabled  -"),
        "{table}"
    );
}

#[test]
fn wrong_usage_is_told_from_failure() {
    let setup = Setup::empty();
    for arguments in [
        &["nonsense"][..],
        &["client", "add", "--scope", "a  b"],
        &["client", "add", "--id", "a:b"],
        &["client", "add", "--audience", ""],
        &["client", "add", "--lifetime", "15"],
        &["client", "add", "--secret", "x"],
        &["client", "add", "--network", "10.0.0.1/8"],
        &["client", "add", "--rate", "20"],
        &["client", "add", "--grant", "password"],
        &["client", "add", "--allow", "everything"],
        &["client", "add", "--contact", ""],
        &["client", "add", "--jwks", "x", "--secret-stdin"],
        &["client", "set", "a", "--auth-method", "tls"],
        &["client", "show"],
        &["client", "list", "--output", "xml"],
        &["client", "rotate-secret", "a", "--overlap", "-1h"],
        &["openapi", "--format", "toml"],
    ] {
        let run = setup.run(arguments);
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (2, ""),
            "{arguments:?}: {}",
            run.stderr
        );
    }
    setup.add("a", "123", &[]);
    let rotate = ["client", "rotate-secret", "a", "--overlap", "2161h"];
    setup.run(&rotate).fails(1, "90 days");
}

#[test]
fn help_has_examples_and_no_colour_in_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    for command in [
        &["quickstart"][..],
        &["serve"],
        &["client", "add"],
        &["client", "list"],
        &["client", "show"],
        &["client", "rotate-secret"],
        &["client", "set"],
        &["client", "import"],
        &["client", "set-keys"],
        &["client", "disable"],
        &["client", "enable"],
        &["client", "remove"],
        &["key", "list"],
        &["key", "rotate"],
        &["key", "revoke"],
        &["key", "rotate-master"],
        &["token", "verify"],
        &["config", "check"],
        &["config", "show"],
        &["openapi"],
        &["healthcheck"],
        &["store", "migrate"],
        &["store", "status"],
    ] {
        let help = d1_authz(folder.path(), command.iter().chain(&["--help"]), "").ok();
        assert!(
            help.stdout.contains("Examples:\n  "),
            "{command:?}: {}",
            help.stdout
        );
        assert!(!help.stdout.contains('\u{1b}'));
    }
    let bare = d1_authz(folder.path(), &[] as &[&str], "");
    assert_eq!(bare.code, 2);
}

#[test]
fn config_check_names_every_mistake_and_the_nearest_known_key() {
    let setup =
        Setup::of("[tokn]\nlifetime = \"15m\"\n[tls]\ncertificate = \"x\"\n[listn]\napi = 1\n");
    let run = setup
        .run(&["config", "check"])
        .fails(2, "did you mean token");
    for part in [
        "d1-authz.toml:7: tokn",
        "d1-authz.toml:9: tls",
        "did you mean listen",
    ] {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
    let mut command = binary(setup.folder());
    command
        .args(["config", "check"])
        .env("D1_AUTHZ_LISTEN__APY", "127.0.0.1:1");
    run_fails(&mut command, "D1_AUTHZ_LISTEN__APY");
    let good = Setup::empty();
    assert_eq!(
        good.run(&["config", "check"]).ok().stdout,
        "the configuration is valid\n"
    );
    d1_authz(good.folder(), ["serve"], "").fails(2, "--config");
    d1_authz(
        good.folder(),
        ["config", "check", "--config", "missing.toml"],
        "",
    )
    .fails(2, "missing.toml");
}

fn run_fails(command: &mut std::process::Command, why: &str) {
    run(command, "").fails(2, why);
}

#[test]
fn config_show_says_where_each_value_came_from() {
    let setup = Setup::empty();
    let mut command = binary(setup.folder());
    command
        .args(["config", "show", "--output", "json"])
        .env("D1_AUTHZ_CONFIG", "d1-authz.toml")
        .env("D1_AUTHZ_TOKEN__LIFETIME", "5m");
    let settings = run(&mut command, "").ok().json();
    let of = |key: &str| {
        let all = settings.as_array().unwrap();
        let setting = all.iter().find(|setting| setting["key"] == key).unwrap();
        let text = |name: &str| setting[name].as_str().unwrap().to_owned();
        (text("value"), text("origin"))
    };
    assert_eq!(
        of("token.lifetime"),
        ("5m".into(), "D1_AUTHZ_TOKEN__LIFETIME".into())
    );
    assert_eq!(of("token.algorithm"), ("ES256".into(), "default".into()));
    assert!(
        of("issuer").1.ends_with("d1-authz.toml:1"),
        "{:?}",
        of("issuer")
    );
}

#[tokio::test]
async fn token_verify_names_the_check_that_failed() {
    let service = Setup::with_d1().start();
    let reply = service.token(D1, GRANT).await.granted();
    let jwks = service.get("/oauth2/jwks").await.text;
    let setup = &service.setup;
    std::fs::write(setup.folder().join("jwks.json"), jwks).unwrap();
    std::fs::write(
        setup.folder().join("token"),
        reply["access_token"].as_str().unwrap(),
    )
    .unwrap();
    let verified = setup
        .run(&["token", "verify", "token", "--output", "json"])
        .ok()
        .json();
    assert_eq!(verified["claims"]["client_id"], "is_tbank01");
    let offline = ["token", "verify", "token", "--jwks", "jwks.json"];
    d1_authz(setup.folder(), offline, "").ok();
    let whole = setup
        .run_with(&["token", "verify"], &reply.to_string())
        .ok();
    assert!(whole.stdout.contains("is_tbank01"), "{whole:?}");
    for (arguments, why) in [
        (&["--issuer", "https://other.example"][..], "iss is"),
        (&["--audience", "other"], "aud does not contain"),
    ] {
        let arguments = [&["token", "verify", "token"], arguments].concat();
        setup.run(&arguments).fails(1, why);
    }
    setup
        .run_with(&["token", "verify"], "a.b.c")
        .fails(1, "not a JWT");
    setup
        .run_with(&["token", "verify"], r#"{"error":"invalid_client"}"#)
        .fails(1, "invalid_client");
    setup
        .run(&["token", "verify", "missing"])
        .fails(1, "missing");
    d1_authz(setup.folder(), ["token", "verify", "token"], "").fails(2, "--config");
    let other = Setup::empty().start();
    let token = reply["access_token"].as_str().unwrap();
    other
        .setup
        .run_with(&["token", "verify"], token)
        .fails(1, "not in the JWK set");
}

#[test]
fn the_store_is_brought_up_to_date_where_that_is_allowed() {
    let setup = Setup::empty();
    setup.run(&["store", "status"]).fails(1, "store.db");
    let migrated = setup
        .run(&["store", "migrate", "--output", "json"])
        .ok()
        .json();
    assert_eq!(migrated["current"], true);
    assert_eq!(
        setup
            .run(&["store", "status", "--output", "json"])
            .ok()
            .json(),
        migrated
    );
    let frozen = Setup::of("");
    frozen.configure(
        "url = \"sqlite:store.db\"",
        "url = \"sqlite:store.db\", migrate = false",
    );
    frozen.run(&["serve"]).fails(1, "store");
    assert!(
        !frozen.folder().join("store.db").exists(),
        "it is not made either"
    );
}
