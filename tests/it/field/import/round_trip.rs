//! A list of this service can be imported again, and a file can be applied twice.

use serde_json::{Value, json};

use super::{ids, import, list, show};
use crate::harness::{GRANT, Setup, basic};

const KEYS: &str =
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// "Its own list does not come back whole, and no file can be applied twice."
#[tokio::test]
async fn its_own_list_comes_back_whole() {
    let setup = Setup::empty();
    std::fs::write(setup.folder().join("keys.json"), KEYS).unwrap();
    for arguments in [
        "add --id full --name 'Full,name' --scope 'cards,x pin' --audience https://a.example --audience urn:b --expires-in-as number \
         --allow introspect --bind-certificate when-presented --network 127.0.0.0/8 --network ::1 --rate 20/s --lifetime 90s \
         --algorithm RS256 --expires 2099-01-01T00:00:00Z --contact ops@bank.example --note one,two",
        "add --id nogrant --grant client_credentials",
        "set nogrant --grant ''",
        "add --id off --scope cards",
        "disable off",
        "add --id signs --jwks keys.json --assertion-audience token-endpoint",
        "add --id publishes --jwks-uri https://client.example/jwks",
        "add --id shows --certificate-name subject:CN=d1,O=bank --bind-certificate required",
    ] {
        let words = shell_words(arguments);
        let words: Vec<&str> = std::iter::once("client")
            .chain(words.iter().map(String::as_str))
            .collect();
        setup.run(&words).ok();
    }
    let listed = list(&setup);
    let other = Setup::empty();
    let run = import(
        &other,
        "all.json",
        listed.to_string(),
        &["--output", "json"],
    )
    .ok();
    // A list has no secrets, and the other removed members depend on them.
    let settings = |clients: Value| -> Vec<Value> {
        let Value::Array(mut clients) = clients else {
            panic!()
        };
        for client in &mut clients {
            let client = client.as_object_mut().unwrap();
            client.remove("secrets");
            client.remove("changed_at");
            client.remove("tokens_not_before");
        }
        clients
    };
    assert_eq!(settings(list(&other)), settings(listed.clone()));
    let secrets = |id: &str| show(&other, id)["secrets"].as_array().unwrap().len();
    assert_eq!(
        (secrets("full"), secrets("signs"), secrets("shows")),
        (1, 0, 0)
    );
    let again = import(
        &other,
        "all.json",
        listed.to_string(),
        &["--update", "--output", "json"],
    );
    for line in again.ok().json()["clients"].as_array().unwrap() {
        assert_eq!(line["outcome"], "unchanged", "{line}");
    }
    let report = run.json();
    let new = |id: &str| {
        let lines = report["clients"].as_array().unwrap().iter();
        let mut lines = lines.filter(|line| line["client_id"] == id);
        lines.next().unwrap()["client_secret"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let service = other.start();
    service
        .token(&basic("full", &new("full")), GRANT)
        .await
        .granted();
    let off = service.token(&basic("off", &new("off")), GRANT).await;
    off.refused(401, "invalid_client");
}

/// "Its own list does not come back whole": a client whose secrets have expired gets no new one.
#[test]
fn a_client_without_a_live_secret_in_the_list_gets_none() {
    let setup = Setup::empty();
    setup.run(&["client", "add", "--id", "a"]).ok();
    let mut listed = list(&setup);
    for (secrets, number) in [
        (json!([]), 0),
        (
            json!([{"kind": "argon2id", "expires_at": "2020-01-01T00:00:00Z"}]),
            0,
        ),
        (
            json!([{"kind": "argon2id", "expires_at": "2099-01-01T00:00:00Z"}]),
            1,
        ),
    ] {
        listed[0]["secrets"] = secrets;
        let other = Setup::empty();
        import(&other, "all.json", listed.to_string(), &[]).ok();
        let secrets = show(&other, "a")["secrets"].clone();
        assert_eq!(secrets.as_array().unwrap().len(), number, "{secrets}");
        if number == 1 {
            assert_eq!(secrets[0]["expires_at"], "2099-01-01T00:00:00Z");
        }
    }
}

/// "Its own list does not come back whole, and no file can be applied twice."
#[tokio::test]
async fn an_update_changes_what_differs_and_leaves_the_rest_alone() {
    let setup = Setup::empty();
    let secret = "a secret of thirty-two characters";
    let file = |scope: &str, more: &str| {
        format!("client_id,client_secret,scope\na,{secret},{scope}\nb,,cards\n{more}")
    };
    import(&setup, "a.csv", file("cards", ""), &[]).ok();
    let set = [
        "client",
        "set",
        "a",
        "--network",
        "127.0.0.0/8",
        "--rate",
        "9/s",
    ];
    setup.run(&set).ok();
    let more = file("pin", "c,,cards\n");
    import(&setup, "a.csv", &more, &[]).fails(
        1,
        "a.csv:2: client a exists already: remove the row, or give --update",
    );
    assert_eq!(ids(&setup), ["a", "b"]);
    let before = list(&setup);
    let dry = import(
        &setup,
        "a.csv",
        &more,
        &["--update", "--dry-run", "--output", "json"],
    )
    .ok()
    .json();
    assert_eq!(list(&setup), before);
    let update = import(&setup, "a.csv", &more, &["--update", "--output", "json"])
        .ok()
        .json();
    for report in [&dry, &update] {
        let outcomes = report["clients"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| &line["outcome"]);
        assert_eq!(
            outcomes.collect::<Vec<_>>(),
            ["changed", "unchanged", "added"]
        );
        assert_eq!(report["clients"][0]["changed"], json!(["scope"]));
    }
    let changed = show(&setup, "a");
    assert_eq!(changed["scope"], "pin");
    assert_eq!(
        (&changed["rate"], &changed["networks"]),
        (&json!("9/s"), &json!(["127.0.0.0/8"]))
    );
    assert_eq!(changed["secrets"].as_array().unwrap().len(), 1);
    let before = list(&setup);
    let again = import(&setup, "a.csv", &more, &["--update"]).ok();
    assert!(
        again.stdout.contains("0 clients differ"),
        "{}",
        again.stdout
    );
    assert_eq!(list(&setup), before);
    // The new secret works beside the one before, as after `client rotate-secret`.
    let other = "another secret of thirty-two chars";
    let rotated = more.replace(secret, other);
    import(&setup, "a.csv", &rotated, &["--update"]).ok();
    let third = more.replace(secret, "a third secret of thirty-two chars");
    import(&setup, "a.csv", third, &["--update"]).fails(1, "client a has two secrets that work");
    let all = setup.changes();
    let events = |event: &str| all.iter().filter(|change| change["event"] == event).count();
    assert_eq!((events("client.added"), events("secret.rotated")), (3, 1));
    let service = setup.start();
    for secret in [secret, other] {
        service.token(&basic("a", secret), GRANT).await.granted();
    }
}

/// Splits a text into words as a shell does, with single quotes.
fn shell_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (number, part) in text.split('\'').enumerate() {
        match number % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}
