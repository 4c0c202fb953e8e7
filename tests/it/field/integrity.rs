//! Reports about a store that another process writes.

mod tampering;

use std::path::Path;

use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, SqliteConnection};

use crate::harness::signer::{Signer, claims, now};
use crate::harness::{D1, GRANT, ISSUER, Service, Setup, basic, eventually};

/// An attacker that can write to the database and has no master key.
struct Somebody(SqliteConnection);

impl Somebody {
    async fn at(file: &Path) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .foreign_keys(false);
        Self(options.connect().await.unwrap())
    }

    async fn of(setup: &Setup) -> Self {
        Self::at(&setup.folder().join("store.db")).await
    }

    /// Runs a statement. Gives the number of changed rows.
    async fn tries(&mut self, statement: &str) -> Result<u64, sqlx::Error> {
        let statement = sqlx::query(AssertSqlSafe(statement.to_owned()));
        Ok(statement.execute(&mut self.0).await?.rows_affected())
    }

    async fn writes(&mut self, statement: &str) {
        let rows = self.tries(statement).await;
        assert!(
            rows.as_ref().is_ok_and(|rows| *rows > 0),
            "{statement}: {rows:?}"
        );
    }

    /// The first column of the first row, as text.
    async fn reads(&mut self, statement: &str) -> String {
        let query = sqlx::query_scalar(AssertSqlSafe(statement.to_owned()));
        query.fetch_one(&mut self.0).await.unwrap()
    }

    async fn tells_of(&mut self, kind: &str, subject: &str) {
        self.writes(&format!(
            "INSERT INTO changes (mark, kind, subject, at) VALUES (1, '{kind}', '{subject}', 0)"
        ))
        .await;
    }

    async fn leaves(self) {
        self.0.close().await.unwrap();
    }
}

/// The messages of `/readyz` about the store.
async fn problems(service: &Service) -> String {
    let answer = service.get_at(service.ops, "/readyz").await.json();
    let problems = answer["problems"].as_array().cloned().unwrap_or_default();
    let of_store = problems.iter().filter(|problem| problem["part"] == "store");
    let messages = of_store.filter_map(|problem| problem["message"].as_str());
    messages.collect::<Vec<_>>().join("\n")
}

async fn doubts(service: &Service, kind: &str) -> u64 {
    let series = format!("d1_authz_store_doubts{{kind=\"{kind}\"}}");
    service.metric(&series).await
}

/// Puts the attacker's key beside the service's, as one that signed until a while ago. Gives its
/// JWK.
async fn publish(somebody: &mut Somebody, signer: &Signer) -> Value {
    let mut jwk = signer.jwk.clone();
    let parsed: Jwk = serde_json::from_value(jwk.clone()).unwrap();
    let kid = parsed.thumbprint(ThumbprintHash::SHA256).unwrap();
    jwk["kid"] = json!(kid);
    jwk["use"] = json!("sig");
    jwk["alg"] = json!("ES256");
    let far = (now() + 86_400) * 1000;
    somebody
        .tries("CREATE TEMP TABLE forged AS SELECT * FROM signing_keys LIMIT 1")
        .await
        .unwrap();
    somebody
        .writes(&format!(
            "UPDATE forged SET id = '{kid}', public_jwk = '{jwk}', signs_until = 1, published_until = {far}"
        ))
        .await;
    somebody
        .writes("INSERT INTO signing_keys SELECT * FROM forged")
        .await;
    somebody.tells_of("signing_key", &kid).await;
    jwk
}

/// "Who can write the database publishes a key of his own (audit)"
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_somebody_else_wrote_is_not_published_and_no_token_of_it_is_believed() {
    let service = Setup::with_resource_server().start();
    let signer = Signer::es256();
    let mut somebody = Somebody::of(&service.setup).await;
    let jwk = publish(&mut somebody, &signer).await;
    let kid = jwk["kid"].as_str().unwrap();
    let told = eventually(
        "told",
        async || problems(&service).await,
        |it| it.contains(kid),
    );
    assert!(told.await.contains("not written by this service"));
    eventually("logged", async || service.log(), |it| it.contains(kid)).await;
    assert!(doubts(&service, "altered").await > 0);

    let mut claims = claims("is_tbank01");
    claims["aud"] = json!(ISSUER);
    claims["client_id"] = json!("is_tbank01");
    let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": kid });
    let forged = signer.with_header(&header, &claims);
    let genuine = service.token(D1, GRANT).await.access_token();
    let check = async |service: &Service| {
        let keys = service.get("/oauth2/jwks").await.json();
        assert!(!keys.to_string().contains(kid), "{keys}");
        let answer = service
            .introspect(&basic("cards-api", "123"), &forged)
            .await;
        assert_eq!(answer.json()["active"], false);
        let verify = |token: &str| service.setup.run_with(&["token", "verify", "-"], token);
        assert_ne!(verify(&forged).code, 0);
        verify(&genuine).ok();
        let list = service.setup.run(&["key", "list", "--output", "json"]).ok();
        assert!(
            !list.stdout.contains(kid) && list.stderr.contains(kid),
            "{list:?}"
        );
        let status = service.setup.run(&["store", "status"]).ok().stdout;
        assert!(status.contains(kid), "{status}");
        let verified = service.setup.run(&["store", "verify"]);
        verified.fails(1, kid);
    };
    check(&service).await;
    let service = service.stop().start();
    assert!(
        problems(&service).await.contains(kid),
        "from the first moment"
    );
    check(&service).await;
}

/// A similar report: the attacker alters a public key or its times.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signing_key_that_somebody_else_altered_signs_no_more_and_another_does() {
    let setup = Setup::with_d1();
    let service = setup.start();
    let before = service.token(D1, GRANT).await.access_token();
    let setup = service.stop();
    let mut somebody = Somebody::of(&setup).await;
    somebody
        .writes("UPDATE signing_keys SET created_at = created_at + 1")
        .await;
    somebody.leaves().await;
    let service = setup.start();
    assert!(problems(&service).await.contains("signing key"));
    let after = service.token(D1, GRANT).await.access_token();
    let verify = |token: &str| service.setup.run_with(&["token", "verify", "-"], token);
    verify(&after).ok();
    verify(&before).fails(1, "not valid");
}

/// A similar report: the attacker gives a client other rights, another secret, or its former
/// rights.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_somebody_else_altered_or_put_back_gets_no_token() {
    let setup = Setup::with_d1();
    for id in ["altered", "secret", "back", "gone"] {
        setup.add(id, "123", &[]);
    }
    let mut somebody = Somebody::of(&setup).await;
    somebody
        .tries("CREATE TABLE before AS SELECT * FROM clients WHERE id = 'back'")
        .await
        .unwrap();
    setup.run(&["client", "disable", "back"]).ok();
    let service = setup.start();
    let status = async |id: &str| {
        let answer = service.token(&basic(id, "123"), GRANT).await;
        answer.status.as_u16()
    };
    for id in ["altered", "secret", "gone"] {
        assert_eq!(status(id).await, 200);
    }
    somebody
        .writes("UPDATE clients SET scope = 'everything' WHERE id = 'altered'")
        .await;
    somebody
        .writes("UPDATE client_secrets SET hash = (SELECT hash FROM client_secrets WHERE client_id = 'is_tbank01') WHERE client_id = 'secret'")
        .await;
    somebody
        .writes("DELETE FROM clients WHERE id = 'back'")
        .await;
    somebody
        .writes("INSERT INTO clients SELECT * FROM before")
        .await;
    somebody
        .writes("DELETE FROM clients WHERE id = 'gone'")
        .await;
    for id in ["altered", "secret", "back", "gone"] {
        somebody.tells_of("client", id).await;
    }
    for id in ["altered", "secret", "back", "gone"] {
        eventually(id, async || status(id).await, |it| *it == 401).await;
    }
    let told = async || problems(&service).await;
    for id in ["client altered", "client secret", "client back"] {
        eventually(id, told, |it| it.contains(id)).await;
    }
    eventually(
        "removed",
        async || doubts(&service, "removed").await,
        |it| *it > 0,
    )
    .await;
    service.token(D1, GRANT).await.granted();

    // A new process hasn't seen the later row, and refuses the old one from its first moment on.
    let service = service.kill().start();
    for id in ["altered", "secret", "back", "gone"] {
        let answer = service.token(&basic(id, "123"), GRANT).await;
        answer.refused(401, "invalid_client");
    }
    service.token(D1, GRANT).await.granted();
    service
        .setup
        .run(&["client", "enable", "back"])
        .fails(1, "client back");

    // An administrator looks at the rows and accepts them.
    let accept = ["store", "verify", "--accept", "--output", "json"];
    assert_eq!(service.setup.run(&accept).ok().json()["accepted"], true);
    eventually("well", async || problems(&service).await, String::is_empty).await;
    service.setup.run(&["store", "verify"]).ok();
    let changes = service.setup.changes();
    let accepted = changes
        .iter()
        .find(|record| record["event"] == "store.accepted");
    assert!(
        accepted.unwrap()["rows"]
            .to_string()
            .contains("client altered")
    );
    let answer = service.token(&basic("altered", "123"), GRANT).await;
    answer.refused(401, "invalid_client");
    service.setup.run(&["client", "enable", "altered"]).ok();
    let status = async || service.token(&basic("altered", "123"), GRANT).await.status;
    eventually("enabled", status, |status| *status == 200).await;
}

/// A similar report: the attacker makes the store forget a revoked token, or puts the whole
/// database back to an earlier state.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_was_put_back_as_a_whole_is_told_until_an_administrator_accepts_it() {
    let service = Setup::with_resource_server().start();
    service
        .setup
        .run(&["store", "backup", "--to", "then.db"])
        .ok();
    let token = service.token(D1, GRANT).await.access_token();
    service.revoke(D1, &token).await.revoked();
    let setup = service.stop();
    let folder = setup.folder();
    std::fs::copy(folder.join("then.db"), folder.join("store.db")).unwrap();
    let service = setup.start();
    assert!(problems(&service).await.contains("earlier state"));
    let service = service.stop().start();
    assert!(problems(&service).await.contains("earlier state"), "again");
    assert_eq!(doubts(&service, "earlier").await, 1);
    let ready = service.get_at(service.ops, "/readyz").await;
    assert_eq!(ready.status, 200, "a standby that took over serves");
    service
        .setup
        .run(&["store", "verify"])
        .fails(1, "earlier state");
    service.setup.run(&["store", "verify", "--accept"]).ok();
    eventually("well", async || problems(&service).await, String::is_empty).await;
    let service = service.stop().start();
    assert_eq!(problems(&service).await, "");
}

/// A similar report: the key that checks audit trails, and the list of the store's rows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_else_gives_rights_is_under_the_master_key_as_well() {
    for (write, why) in [
        (
            "UPDATE meta SET value = CAST(replace(CAST(value AS TEXT), '\"x\":\"', '\"x\":\"A') AS BLOB) WHERE name = 'audit_key'",
            "audit",
        ),
        (
            "DELETE FROM meta WHERE name = 'sealed_secret_key'",
            "no secret key",
        ),
        ("DELETE FROM manifest", "list of the store's rows"),
        (
            "DELETE FROM manifest WHERE part = 'root'",
            "list of the store's rows",
        ),
    ] {
        let setup = Setup::with_d1();
        setup.start().stop();
        let setup = Setup::with_d1();
        let mut somebody = Somebody::of(&setup).await;
        somebody.writes(write).await;
        somebody.leaves().await;
        setup.run(&["serve"]).fails(1, why);
    }
}
