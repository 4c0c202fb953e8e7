//! Secrets that come as a hash.

use serde_json::json;

use super::{import, refused, show};
use crate::harness::{GRANT, Setup, basic, eventually};

/// Hashes of `password`, made by crypt(3), by Python's hashlib in the formats of Hydra, Django and
/// Werkzeug, and by the reference implementation of Argon2.
const HASHES: [&str; 7] = [
    "$2b$05$N9qo8uLOickgx2ZMRZoMyehyooCgIc.diOceO4YlhUtKMqpzuLfbW",
    "{bcrypt}$2a$05$N9qo8uLOickgx2ZMRZoMyehyooCgIc.diOceO4YlhUtKMqpzuLfbW",
    "$pbkdf2-sha256$i=1000,l=32$c29tZXNhbHQ$j4Aa14inUtOh7Sg/D7hH54ohymuHNQD4+ccfhepGWAY",
    "pbkdf2_sha256$1000$somesalt$j4Aa14inUtOh7Sg/D7hH54ohymuHNQD4+ccfhepGWAY=",
    "pbkdf2:sha256:1000$somesalt$8f801ad788a752d3a1ed283f0fb847e78a21ca6b873500f8f9c71f85ea465806",
    "$pbkdf2-sha512$1000$c29tZXNhbHQ$pArTsT8AahzxmI5OZcxKNw2o4l9qiKwc5zbWR8bo8900Q7MYRcodIEijxiztL4hDlWTfVLTSRiLheMi39WU5Yw",
    "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
];

/// "A hash is taken for the secret."
#[test]
fn a_hash_that_can_not_be_checked_is_refused_with_the_way_out() {
    for hash in [
        "$1$salt$qJH7.N4xYta3aEG/dfqo/0",
        "$apr1$salt$Xxd1irWT9ycqoYxGFn4cb.",
        "$5$rounds=5000$salt$hash",
        "$6$salt$hash",
        "$y$j9T$salt$hash",
        "$scrypt$ln=16,r=8,p=1$aM15$hash",
        "{SSHA}DkMTwBl+a/3DQTxCYEApdUtNXGgdUac3",
        "{scrypt}$e0801$8bWJaSu2IKSn9Z9kM$bh4",
        "sha1$salt$59f06e0a3cf5e9fbd12d1b6a3bd6d2a6",
        "$argon2i$v=19$m=4096,t=3,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG",
        "$2b$31$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
        "$2b$12$N9qo8uLOickgx2ZMRZoMyeIj",
    ] {
        refused(
            &json!([{"client_id": "p", "client_secret": hash}]),
            &[
                "c.json:1: client_secret: it is the hash of a secret",
                "to give the client a new one",
            ],
        );
    }
    for column in [
        "client_secret_hash",
        "hashed_secret",
        "secretHash",
        "ClientSecretDigest",
        "encrypted_password",
    ] {
        for value in [
            "5e884898da28047151d0e56f8dc62927",
            "**********",
            "{SSHA}DkMTwBl+a/3DQTxCYEApdUtNXGgdUac3",
        ] {
            let client = json!([{"client_id": "p", column: value}]);
            refused(
                &client,
                &["c.json:1: client_secret_hash: ", "leave it empty"],
            );
        }
    }
}

/// "A hash is taken for the secret": the service checks secrets against the hash, and replaces the
/// hash by its own at the first use.
#[tokio::test]
async fn a_hash_is_imported_as_a_hash_and_replaced_at_its_first_use() {
    let setup = Setup::empty();
    let client = |(number, hash): (usize, &&str)| match number {
        0 => json!({"client_id": "c0", "hashed_secret": hash}),
        _ => json!({"client_id": format!("c{number}"), "client_secret": hash}),
    };
    let clients: Vec<_> = HASHES.iter().enumerate().map(client).collect();
    let clients = json!(clients).to_string();
    let report = import(&setup, "h.json", &clients, &["--output", "json"])
        .ok()
        .json();
    for line in report["clients"].as_array().unwrap() {
        assert_eq!(line["secret"], "hash", "{line}");
    }
    let kind = show(&setup, "c0")["secrets"][0]["kind"].clone();
    assert_eq!(kind, "imported-bcrypt");
    let service = setup.start();
    for (number, hash) in HASHES.iter().enumerate() {
        let id = format!("c{number}");
        let itself = service.token(&basic(&id, hash), GRANT).await;
        itself.refused(401, "invalid_client");
        let other = service.token(&basic(&id, "passwort"), GRANT).await;
        other.refused(401, "invalid_client");
        service
            .token(&basic(&id, "password"), GRANT)
            .await
            .granted();
    }
    let kinds = async || {
        let ids = (0..HASHES.len()).map(|number| format!("c{number}"));
        let kinds = ids.map(|id| show(&service.setup, &id)["secrets"][0]["kind"].clone());
        kinds.collect::<Vec<_>>()
    };
    let all_are_own = |kinds: &Vec<_>| kinds.iter().all(|kind| kind == "argon2id");
    eventually("the service keeps hashes of its own", kinds, all_are_own).await;
    service
        .token(&basic("c1", "password"), GRANT)
        .await
        .granted();
    let again = import(
        &service.setup,
        "h.json",
        &clients,
        &["--update", "--output", "json"],
    );
    for line in again.ok().json()["clients"].as_array().unwrap() {
        assert_eq!(line["outcome"], "unchanged", "{line}");
    }
    let setup = service.stop();
    let service = setup.start();
    service
        .token(&basic("c6", "password"), GRANT)
        .await
        .granted();
    let itself = service.token(&basic("c0", HASHES[0]), GRANT).await;
    itself.refused(401, "invalid_client");
}
