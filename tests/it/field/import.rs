//! Reports about importing the clients of another server.

mod hashes;
mod round_trip;
mod servers;

use serde_json::{Value, json};

use crate::harness::{GRANT, Run, Setup, basic};

/// Imports a file with these bytes.
fn import(setup: &Setup, name: &str, bytes: impl AsRef<[u8]>, more: &[&str]) -> Run {
    std::fs::write(setup.folder().join(name), bytes).unwrap();
    setup.run(&[&["client", "import", name], more].concat())
}

/// Imports clients from JSON. The import must fail with all of these words and leave no client
/// behind.
#[track_caller]
fn refused(clients: &Value, words: &[&str]) {
    let setup = Setup::empty();
    let run = import(&setup, "c.json", clients.to_string(), &[]).fails(1, "nothing was imported");
    for word in words {
        assert!(run.stderr.contains(word), "{word}: {}", run.stderr);
    }
    assert_eq!(list(&setup), json!([]));
}

fn list(setup: &Setup) -> Value {
    let all = ["client", "list", "--output", "json"];
    setup.run(&all).ok().json()
}

fn show(setup: &Setup, id: &str) -> Value {
    let show = ["client", "show", id, "--output", "json"];
    setup.run(&show).ok().json()
}

/// The ids of all clients.
fn ids(setup: &Setup) -> Vec<String> {
    let all = list(setup);
    let ids = all.as_array().unwrap().iter();
    ids.map(|client| client["client_id"].as_str().unwrap().to_owned())
        .collect()
}

/// "A mask is taken for the secret."
#[test]
fn a_mask_is_never_taken_for_the_secret() {
    let masks = [
        "**********",
        "********",
        "REDACTED",
        "<hidden>",
        "null",
        "••••••",
        "xxxxxxxx",
        "[masked]",
        "(none)",
        "N/A",
        "${vault.batch}",
        "abcd****",
        "--------",
        "not set",
        "#NAME?",
    ];
    let clients = masks.iter().enumerate().map(|(number, mask)| {
        json!({"clientId": format!("c{number}"), "secret": mask, "serviceAccountsEnabled": true})
    });
    let setup = Setup::empty();
    let clients: Vec<String> = clients.map(|client| client.to_string()).collect();
    let text = format!("[{}]", clients.join(",\n"));
    let run = import(&setup, "k.json", text, &[]).fails(1, "nothing was imported");
    for line in 1..=masks.len() {
        let told = format!("k.json:{line}: client_secret: ");
        assert!(run.stderr.contains(&told), "{told}: {}", run.stderr);
    }
    assert!(
        run.stderr
            .contains("leave it empty to give the client a new one")
    );
    assert!(
        !run.stderr.contains("abcd****"),
        "no value is told: {}",
        run.stderr
    );
    let lines = masks.map(|mask| format!("c,\"{mask}\"\n"));
    for line in lines {
        let text = format!("client_id,client_secret\n{line}");
        import(&setup, "k.csv", text, &[]).fails(1, "k.csv:2: client_secret: ");
    }
    assert_eq!(ids(&setup), [""; 0]);
}

/// "Clients that could get no tokens there get tokens here."
#[test]
fn clients_that_could_get_no_tokens_there_get_none_here() {
    let secret = "a secret of thirty-two characters";
    let left_out = json!([
        {"clientId": "web", "secret": secret, "serviceAccountsEnabled": false},
        {"clientId": "bo", "secret": secret, "bearerOnly": true},
        {"clientId": "account", "publicClient": true},
        {"client_id": "spa", "app_type": "spa"},
        {"client_id": "app", "client_secret": secret, "app_type": "native"},
        {"client_id": "none", "token_endpoint_auth_method": "none"},
        {"client_id": "code", "client_secret": secret, "grant_types": ["authorization_code"]},
        {"client_id": "saml", "client_secret": secret, "protocol": "saml"},
        {"client_id": "oauth", "client_secret": secret, "client_type": "public"},
    ]);
    let off = json!([
        {"clientId": "off", "secret": secret, "enabled": false},
        {"clientId": "inactive", "secret": secret, "status": "INACTIVE"},
        {"clientId": "locked", "secret": secret, "locked": true},
        {"client_id": "nothing", "client_secret": secret, "grant_types": []},
    ]);
    let setup = Setup::empty();
    let run = import(
        &setup,
        "out.json",
        left_out.to_string(),
        &["--output", "json"],
    )
    .ok();
    assert_eq!(ids(&setup), [""; 0]);
    let report = run.json();
    for (client, told) in left_out
        .as_array()
        .unwrap()
        .iter()
        .zip(report["left_out"].as_array().unwrap())
    {
        let id = client.get("clientId").or(client.get("client_id")).unwrap();
        assert_eq!(&told["client_id"], id);
        let named = format!("left out: client {}: ", id.as_str().unwrap());
        assert!(run.stderr.contains(&named), "{named}: {}", run.stderr);
    }
    let run = import(&setup, "off.json", off.to_string(), &[]).ok();
    for client in list(&setup).as_array().unwrap() {
        assert_eq!(client["status"], "disabled", "{client}");
    }
    assert_eq!(ids(&setup).len(), 4);
    assert!(
        run.stderr.contains("the client is imported as disabled"),
        "{}",
        run.stderr
    );
    refused(
        &json!([{"clientId": "x", "publicClient": "perhaps"}]),
        &["c.json:1: publicClient: "],
    );
}

/// "Quoted blanks of a secret are cut, spreadsheets' files are not known."
#[tokio::test]
async fn blanks_within_quotes_are_part_of_a_secret() {
    let setup = Setup::empty();
    let text = "client_id,client_secret\na,\" lead and trail \"\nb,\"\u{a0}x\u{3000}\"\n";
    import(&setup, "s.csv", text, &[]).ok();
    import(
        &setup,
        "t.csv",
        "client_id,client_secret\n\nc, bare \n",
        &[],
    )
    .fails(1, "t.csv:3: client_secret: there is a blank");
    let service = setup.start();
    for (id, secret) in [("a", " lead and trail "), ("b", "\u{a0}x\u{3000}")] {
        service.token(&basic(id, secret), GRANT).await.granted();
        let cut = basic(id, secret.trim());
        service
            .token(&cut, GRANT)
            .await
            .refused(401, "invalid_client");
    }
}

/// "Quoted blanks of a secret are cut, spreadsheets' files are not known."
#[test]
fn every_form_of_a_spreadsheet_is_read_or_named() {
    let utf16 = |text: &str| -> Vec<u8> {
        let units = text.encode_utf16();
        let bytes = units.flat_map(u16::to_le_bytes);
        [0xff, 0xfe].into_iter().chain(bytes).collect()
    };
    let setup = Setup::empty();
    for (name, bytes) in [
        ("sep.csv", b"sep=;\r\nclient_id;name\r\nsep;Z\r\n".to_vec()),
        ("tabs.csv", b"client_id\tname\ntabs\tZ\n".to_vec()),
        (
            "comma.csv",
            b"name;\"note, more\";client_id\nZ;n;comma\n".to_vec(),
        ),
        ("bare.csv", b"client_id;note, more\nbare;n\n".to_vec()),
        ("bom.csv", "\u{feff}client_id,name\nbom,Z\n".into()),
        ("utf16.csv", utf16("client_id\tname\nutf16\tZürich\n")),
    ] {
        import(&setup, name, bytes, &[]).ok();
    }
    assert_eq!(
        ids(&setup),
        ["bare", "bom", "comma", "sep", "tabs", "utf16"]
    );
    assert_eq!(show(&setup, "utf16")["name"], "Zürich");
    let latin = b"client_id,name\na,b\nc,Z\xfcrich\n";
    import(&setup, "latin.csv", latin, &[]).fails(1, "latin.csv:3: byte 0xfc is not UTF-8");
    import(&setup, "sheet.csv", b"PK\x03\x04\x14\0", &[])
        .fails(1, "sheet.csv:1: the file is a spreadsheet");
    import(&setup, "no.csv", "a:b\n", &[]).fails(1, "no.csv:1: client_id: it is missing");
}

/// "A client with `jwks_uri` becomes one with a new secret (missing)."
#[test]
fn a_client_whose_keys_are_elsewhere_gets_no_other_way_instead() {
    for client in [
        json!({"clientId": "j", "clientAuthenticatorType": "client-jwt", "secret": "**********",
               "attributes": {"jwt.credential.certificate": "MIIC"}}),
        json!({"client_id": "j", "client_authentication_methods": {"private_key_jwt": {"credentials": [{"id": "cred_1"}]}}}),
        json!({"client_id": "j", "token_endpoint_auth_method": "private_key_jwt", "jwks": {}}),
    ] {
        refused(&json!([client]), &["c.json:1: jwks: "]);
    }
    refused(
        &json!([{"clientId": "x", "clientAuthenticatorType": "client-x509"}]),
        &["c.json:1: certificate_name: ", "subject:"],
    );
    for method in ["client_secret_jwt", "self_signed_tls_client_auth", "magic"] {
        refused(
            &json!([{"client_id": "m", "token_endpoint_auth_method": method}]),
            &[
                "token_endpoint_auth_method: ",
                method,
                "use client_secret_basic",
            ],
        );
    }
    for other in [
        "ClientSecrets",
        "public_key_pem",
        "client_credential",
        "x509_certificate",
    ] {
        refused(
            &json!([{"client_id": "o", other: [{"Value": "K7gNU3sdo+OL"}]}]),
            &[other, "give client_secret"],
        );
    }
    let setup = Setup::empty();
    let keys = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]});
    let clients = json!([
        {"clientId": "k", "clientAuthenticatorType": "client-jwt", "serviceAccountsEnabled": true,
         "attributes": {"use.jwks.string": "true", "jwks.string": keys.to_string()}},
        {"client_id": "t", "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "d1.example",
         "tls_client_certificate_bound_access_tokens": true},
    ]);
    let report = import(&setup, "k.json", clients.to_string(), &["--output", "json"])
        .ok()
        .json();
    assert_eq!(report["clients"][0]["secret"], "none");
    assert_eq!(
        show(&setup, "k")["token_endpoint_auth_method"],
        "private_key_jwt"
    );
    for (id, client) in [
        (
            "u",
            json!({"client_id": "u", "jwks_uri": "https://client.example/jwks", "scope": "cards"}),
        ),
        (
            "v",
            json!({"clientId": "v", "clientAuthenticatorType": "client-jwt", "serviceAccountsEnabled": true,
               "attributes": {"use.jwks.url": "true", "jwks.url": "https://client.example/jwks"}}),
        ),
    ] {
        import(&setup, "u.json", client.to_string(), &[]).ok();
        let by_uri = show(&setup, id);
        assert_eq!(by_uri["token_endpoint_auth_method"], "private_key_jwt");
        assert_eq!(by_uri["jwks_uri"], "https://client.example/jwks");
        assert_eq!(by_uri["secrets"], json!([]));
    }
    refused(
        &json!([{"client_id": "h", "jwks_uri": "http://client.example/jwks"}]),
        &["jwks_uri: ", "https://"],
    );
    let by_name = show(&setup, "t");
    assert_eq!(by_name["certificate_name"], "dns:d1.example");
    assert_eq!(by_name["certificate_binding"], "required");
    assert_eq!(by_name["secrets"], json!([]));
}

/// "Rows with `client_secret_post` stop an import (missing)."
#[tokio::test]
async fn client_secret_post_is_taken_as_basic_with_a_warning() {
    let setup = Setup::empty();
    let secret = "a secret of thirty-two characters";
    let text = format!(
        "client_id,client_secret,token_endpoint_auth_method\nx,{secret},client_secret_post\n"
    );
    let run = import(&setup, "m.csv", text, &[]).ok();
    let told = "m.csv:2: client_secret_basic replaces client_secret_post";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    let service = setup.start();
    service.token(&basic("x", secret), GRANT).await.granted();
}
