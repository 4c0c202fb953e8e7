//! Imports clients of another server with `client import`: all of them or none.

use serde_json::{Value, json};

use crate::harness::{D1, GRANT, Setup, basic};

const CSV: &str = "\
client_id,name,client_secret,jwks,scope,audiences,grants,networks,rate,lifetime,algorithm,may_introspect,expires_in_as,enabled,note
is_tbank01,Thales D1,123,,cards pin,https://a.example https://b.example,,127.0.0.0/8,20/s,5m,,,number,,\"from the old server, 2026\"
fresh,,,,cards,,,,,,,,,,
batch,Batch,,\"{\"\"keys\"\":[{\"\"kty\"\":\"\"OKP\"\",\"\"crv\"\":\"\"Ed25519\"\",\"\"x\"\":\"\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"\"}]}\",,,,,,900,ES384,yes,,,
off,,a long enough secret of another server,,,,,,,,,,,false,
";

fn import(setup: &Setup, name: &str, text: &str, more: &[&str]) -> crate::harness::Run {
    std::fs::write(setup.folder().join(name), text).unwrap();
    setup.run(&[&["client", "import", name], more].concat())
}

fn show(setup: &Setup, id: &str) -> Value {
    let show = ["client", "show", id, "--output", "json"];
    setup.run(&show).ok().json()
}

#[tokio::test]
async fn clients_of_a_csv_file_go_on_with_their_secrets() {
    let setup = Setup::empty();
    let run = import(&setup, "clients.csv", CSV, &["--output", "json"]).ok();
    assert!(
        run.stderr.contains("clients.csv:2: this secret is short"),
        "{}",
        run.stderr
    );
    let report = run.json();
    let lines: Vec<_> = report["clients"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            (
                line["line"].as_u64().unwrap(),
                line["client_id"].as_str().unwrap(),
                line["secret"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        (2, "is_tbank01", "brought"),
        (3, "fresh", "new"),
        (4, "batch", "none"),
        (5, "off", "brought"),
    ];
    assert_eq!(lines, expected);
    let d1 = show(&setup, "is_tbank01");
    for (name, value) in [
        ("name", json!("Thales D1")),
        (
            "audiences",
            json!(["https://a.example", "https://b.example"]),
        ),
        ("grants", json!(["client_credentials"])),
        ("networks", json!(["127.0.0.0/8"])),
        ("rate", json!("20/s")),
        ("token_lifetime", json!(300)),
        ("expires_in_as", json!("number")),
        ("note", json!("from the old server, 2026")),
        ("status", json!("enabled")),
    ] {
        assert_eq!(d1[name], value, "{name}");
    }
    assert_eq!(d1["secrets"][0]["kind"], "argon2id");
    let batch = show(&setup, "batch");
    assert_eq!(batch["token_endpoint_auth_method"], "private_key_jwt");
    assert_eq!(
        (&batch["may_introspect"], &batch["token_algorithm"]),
        (&json!(true), &json!("ES384"))
    );
    assert_eq!(batch["jwks"]["keys"][0]["crv"], "Ed25519");
    assert_eq!(show(&setup, "off")["status"], "disabled");
    let added = setup.changes();
    assert_eq!(
        added
            .iter()
            .filter(|change| change["event"] == "client.added")
            .count(),
        4
    );

    let service = setup.start();
    service.token(D1, GRANT).await.granted();
    let fresh = report["clients"][1]["client_secret"].as_str().unwrap();
    service.token(&basic("fresh", fresh), GRANT).await.granted();
    let off = basic("off", "a long enough secret of another server");
    service
        .token(&off, GRANT)
        .await
        .refused(401, "invalid_client");
}

#[test]
fn exports_of_other_servers_are_read_by_their_names() {
    let setup = Setup::empty();
    let keycloak = json!([{
        "clientId": "k",
        "name": "Of Keycloak",
        "description": "Nightly",
        "enabled": true,
        "secret": "a secret of thirty-two characters",
        "protocol": "openid-connect",
    }, {
        "client_id": "a",
        "client_secret": "another secret of 32 characters ..",
        "grant_types": ["client_credentials"],
        "jwks": null,
    }]);
    let run = import(&setup, "export.json", &keycloak.to_string(), &[]).ok();
    assert!(
        run.stderr.contains("left out: protocol"),
        "what has no place here is told: {run:?}"
    );
    assert!(
        run.stdout.contains("2 clients are imported"),
        "{}",
        run.stdout
    );
    let shown = show(&setup, "k");
    assert_eq!(
        (&shown["name"], &shown["note"]),
        (&json!("Of Keycloak"), &json!("Nightly"))
    );
}

/// Several headings can mean one column. A fixed order decides which value counts, and the command
/// names the other headings.
#[test]
fn of_several_headings_for_one_column_the_own_name_counts() {
    let setup = Setup::empty();
    let text = "aud,audience,audiences,Client ID,client_id,clientId,id,granttypes,grant\n\
                a,b,c,w,own,x,y,client_credentials,password\n\
                a,b,,,,,second,,\n";
    let run = import(&setup, "clients.csv", text, &[]).ok();
    for line in [
        "clients.csv:2: left out: Client ID, aud, audience, clientId, grant, id\n",
        "clients.csv:3: left out: aud\n",
    ] {
        assert!(run.stderr.contains(line), "{line}: {}", run.stderr);
    }
    let own = show(&setup, "own");
    assert_eq!(own["audiences"], json!(["c"]));
    assert_eq!(own["grants"], json!(["client_credentials"]));
    assert_eq!(show(&setup, "second")["audiences"], json!(["b"]));
    let twice = "id,scope,scope\none,cards,pin\n";
    import(&setup, "twice.csv", twice, &[]).fails(1, "twice.csv:1: the heading has scope");
    let comma = "[\n{\"id\": \"one\"},\n]";
    import(&setup, "comma.json", comma, &[]).fails(1, "comma.json:2: nothing follows the comma");
}

#[test]
fn every_mistake_is_told_and_nothing_is_imported() {
    let setup = Setup::with_d1();
    let text = "id,secret,scope,grants,network,rate,jwks\n\
                one,,cards,,,,\n\
                one,,cards,,,,\n\
                a:b,,,,,,\n\
                ,,,,,,\n\
                is_tbank01,,,,,,\n\
                two,,,password,10.0.0.1/8,20,\n\
                three,,,,,,{}\n";
    let run = import(&setup, "clients.csv", text, &[]).fails(1, "nothing was imported");
    for part in [
        "clients.csv:3: client one is on line 2 as well",
        "clients.csv:4: client_id: ",
        "clients.csv:5: client_id: it is missing",
        "clients.csv:6: client is_tbank01 exists already",
        "clients.csv:7: grants: ",
        "clients.csv:7: networks: ",
        "clients.csv:7: rate: ",
        "clients.csv:8: jwks: ",
    ] {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
    assert!(!run.stderr.contains("clients.csv:2:"), "{}", run.stderr);
    let list = ["client", "list", "--output", "json"];
    assert_eq!(setup.run(&list).ok().json().as_array().unwrap().len(), 1);
    import(&setup, "a.csv", "id,scope\none\n", &[]).fails(1, "a.csv:2: it has 1 values");
    import(&setup, "a.json", "[\n{\"id\": }]", &[]).fails(1, "a.json:2: ");
    setup
        .run(&["client", "import", "missing.csv"])
        .fails(1, "missing.csv");
}

#[test]
fn a_dry_run_changes_nothing_and_finds_the_same() {
    let setup = Setup::with_d1();
    let run = import(&setup, "clients.csv", "id\nnew\n", &["--dry-run"]).ok();
    assert!(
        run.stdout.contains("1 clients would be imported"),
        "{}",
        run.stdout
    );
    setup
        .run(&["client", "show", "new"])
        .fails(1, "there is no client new");
    import(&setup, "taken.csv", "id\nis_tbank01\n", &["--dry-run"]).fails(1, "already");
    let text = "[{\"id\":\"new\"}]";
    let piped = ["client", "import", "-", "--format", "json"];
    setup.run_with(&piped, text).ok();
    setup.run(&["client", "show", "new"]).ok();
}
