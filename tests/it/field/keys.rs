//! Reports about keys, names and texts of clients.

mod names;
mod published;

use serde_json::{Value, json};

use crate::harness::signer::{Signer, claims};
use crate::harness::{Answer, GRANT, Service, Setup, basic};

/// "A long text makes `client list` panic": each way in refuses a text that is too long.
#[test]
fn a_long_text_is_refused_where_it_comes_in() {
    let setup = Setup::with_d1();
    let long = "N".repeat(65_536);
    for (option, field) in [
        ("--name", "name"),
        ("--contact", "contact"),
        ("--note", "note"),
        ("--certificate-name", "certificate_name"),
    ] {
        let long = match option {
            "--certificate-name" => format!("dns:{long}"),
            _ => long.clone(),
        };
        let said = setup
            .run(&["client", "add", "--id", "n", option, &long])
            .fails(2, field);
        assert!(said.stderr.len() < 500, "the text isn't repeated: {said:?}");
        setup
            .run(&["client", "set", "is_tbank01", option, &long])
            .fails(2, field);
        let column = field.replace("certificate_name", "note");
        let file = format!("client_id,{column}\nok,x\nn,{long}\n");
        let import = ["client", "import", "-"];
        let said = setup.run_with(&import, &file).fails(1, "-:3: ");
        assert!(said.stderr.contains(&column), "{said:?}");
    }
    let networks: Vec<_> = (0..300)
        .map(|it| format!("10.0.{}.0/24", it % 256))
        .collect();
    let mut set = vec!["client", "set", "is_tbank01"];
    for network in &networks {
        set.extend(["--network", network]);
    }
    setup.run(&set).fails(2, "networks");
    let listed = setup.run(&["client", "list"]).ok().stdout;
    assert_eq!(listed.lines().count(), 2, "{listed}");
}

/// "A long text makes `client list` panic": a store may already have such a text.
#[tokio::test]
async fn a_store_that_holds_a_long_text_is_listed_and_shown() {
    let setup = Setup::with_d1();
    let long = "N".repeat(70_000);
    let url = format!("sqlite:{}", setup.folder().join("store.db").display());
    sqlx::any::install_default_drivers();
    let store = sqlx::AnyPool::connect(&url).await.unwrap();
    for column in ["name", "note", "contact", "scope"] {
        let update = format!("UPDATE clients SET {column} = $1");
        let update = sqlx::query(sqlx::AssertSqlSafe(update)).bind(&long);
        update.execute(&store).await.unwrap();
    }
    store.close().await;
    let listed = setup.run(&["client", "list"]).ok().stdout;
    assert!(listed.contains(&long));
    let shown = setup.run(&["client", "show", "is_tbank01"]).ok().stdout;
    assert!(shown.contains(&long));
}

/// "Tokens too large to be withdrawn"
#[tokio::test]
async fn each_token_that_is_issued_can_be_introspected_and_revoked() {
    let setup = Setup::empty();
    let scope = |number: usize| {
        let tokens: Vec<_> = (0..number).map(|it| format!("scope:{it:05}")).collect();
        tokens.join(" ")
    };
    let id = "i".repeat(128);
    let add = |id: &str, number: usize| {
        let scope = scope(number);
        let add = ["client", "add", "--id", id, "--scope", &scope];
        setup.run_with(&[&add[..], &["--secret-stdin"]].concat(), "123")
    };
    add(&id, 1_400).fails(2, "scope, audiences");
    // Finds the largest number of scopes that the import accepts.
    let (mut fits, mut too_many) = (1, 1_400);
    while too_many - fits > 1 {
        let middle = (fits + too_many) / 2;
        let said = setup.run_with(
            &["client", "import", "-", "--dry-run"],
            &format!("client_id,scope\n{id},{}\n", scope(middle)),
        );
        match said.code {
            0 => fits = middle,
            _ => too_many = middle,
        }
    }
    assert!(fits > 300, "{fits}");
    add(&id, fits).ok();
    setup.add("api", "123", &["--allow", "introspect"]);
    // The client is at the limit and can't get further audiences.
    let audience = format!("https://{}.example", "a".repeat(200));
    let set = ["client", "set", &id, "--audience", &audience];
    setup
        .run(&[&set[..], &["--audience", &format!("{audience}/b")]].concat())
        .fails(2, "scope, audiences");
    let service = setup.start();
    let owner = basic(&id, "123");
    let token = service.token(&owner, GRANT).await.granted();
    let token = token["access_token"].as_str().unwrap();
    assert!(token.len() > 5_000, "{}", token.len());
    let api = basic("api", "123");
    assert_eq!(service.introspect(&api, token).await.json()["active"], true);
    assert_eq!(service.revoke(&owner, token).await.status, 200);
    assert_eq!(
        service.introspect(&api, token).await.json()["active"],
        false
    );
}

/// Asks for a token with an assertion.
async fn assert_as(service: &Service, assertion: &str) -> Answer {
    let form = [
        ("grant_type", "client_credentials"),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", assertion),
    ];
    Answer::of(service.post().form(&form)).await
}

/// "One key that can't sign refuses a whole JWK set"
#[tokio::test]
async fn keys_for_something_else_are_passed_by_while_one_is_left() {
    let signer = Signer::es256();
    let good = signer.jwk.clone();
    let rsa = Signer::rsa("RS256").jwk;
    let with = |jwk: &Value, name: &str, value: Value| {
        let mut jwk = jwk.clone();
        jwk[name] = value;
        jwk
    };
    let others = [
        with(&rsa, "use", json!("enc")),
        with(&rsa, "key_ops", json!(["wrapKey"])),
        with(&rsa, "alg", json!("RSA-OAEP-256")),
        with(&rsa, "n", json!("AQAB")),
        with(&good, "alg", json!("ECDH-ES+A128KW")),
        with(&good, "crv", json!("secp256k1")),
        json!({ "kty": "OKP", "crv": "X25519", "x": "AAAA", "use": "enc" }),
        json!({ "kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA" }),
        json!({ "kty": "oct", "k": "AAAA", "kid": "s" }),
        json!({ "kty": "EC" }),
        good.clone(),
    ];
    let setup = Setup::empty();
    for (number, other) in others.iter().enumerate() {
        let id = format!("c{number}");
        let jwks = json!({ "keys": [other, good] }).to_string();
        let add = [
            "client", "add", "--id", &id, "--scope", "cards", "--jwks", "-",
        ];
        let said = setup.run_with(&add, &jwks).ok();
        assert!(said.stderr.contains("ignored: key"), "{other}: {said:?}");
        let set = ["client", "set-keys", &id, "--jwks", "-"];
        let said = setup.run_with(&set, &format!("\u{feff}{jwks}")).ok();
        assert!(said.stderr.contains("ignored: key"), "{other}: {said:?}");
        let row = json!([{ "client_id": format!("i{number}"), "jwks": { "keys": [other, good] } }]);
        let import = ["client", "import", "-", "--format", "json"];
        let said = setup.run_with(&import, &row.to_string()).ok();
        assert!(said.stderr.contains("ignored: key"), "{other}: {said:?}");
    }
    // RFC 7517 4.5: keys of two types may have the same `kid`.
    let both = json!({ "keys": [with(&good, "kid", json!("1")), with(&rsa, "kid", json!("1"))] });
    let set = ["client", "set-keys", "c0", "--jwks", "-"];
    let said = setup.run_with(&set, &both.to_string()).ok();
    assert_eq!(said.stderr, "");
    // The set has no usable key.
    let none = json!({ "keys": [others[0], others[7]] }).to_string();
    setup
        .run_with(&set, &none)
        .fails(2, "none of its keys can be used");
    let service = setup.start();
    for id in ["c0", "c1", "c10", "i3"] {
        let assertion = signer.with_header(&json!({ "alg": "ES256", "kid": "1" }), &claims(id));
        assert_as(&service, &assertion).await.granted();
    }
}

/// "Algorithms of other banks' keys (missing)"
#[tokio::test]
async fn an_assertion_is_signed_with_any_algorithm_of_rfc_7518_and_rfc_9864() {
    let setup = Setup::empty();
    let signers = [
        ("ES512", Signer::es512()),
        ("Ed25519", Signer::ed25519()),
        ("EdDSA", Signer::ed25519()),
        ("RS384", Signer::rsa("RS384")),
        ("RS512", Signer::rsa("RS512")),
        ("PS384", Signer::rsa("PS384")),
        ("PS512", Signer::rsa("PS512")),
    ];
    for (alg, signer) in &signers {
        for (id, named) in [(*alg, true), (&*format!("any-{alg}"), false)] {
            let mut jwk = signer.jwk.clone();
            if named {
                jwk["alg"] = json!(alg);
            }
            let add = ["client", "add", "--id", id, "--jwks", "-"];
            let said = setup.run_with(&add, &jwk.to_string()).ok();
            assert_eq!(said.stderr, "", "{alg}");
            setup.run(&["client", "show", id]).ok();
        }
    }
    let service = setup.start();
    let metadata = "/.well-known/oauth-authorization-server/authz/d1/v1";
    let metadata = service.get_at(service.api, metadata).await.json();
    for (alg, signer) in &signers {
        for id in [*alg, &format!("any-{alg}")] {
            let header = json!({ "alg": alg, "typ": "JWT" });
            assert_as(&service, &signer.with_header(&header, &claims(id)))
                .await
                .granted();
        }
        // The service accepts the key with no other algorithm.
        let header = json!({ "alg": "RS256" });
        let refused = assert_as(&service, &signer.with_header(&header, &claims(alg))).await;
        refused.refused(401, "invalid_client");
        for endpoint in ["token", "introspection", "revocation"] {
            let name = format!("{endpoint}_endpoint_auth_signing_alg_values_supported");
            let said = metadata[name].as_array().unwrap();
            assert!(said.contains(&json!(alg)), "{alg}: {said:?}");
        }
    }
}
