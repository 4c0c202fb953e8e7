//! The life of signing keys, from the view of administrators and of verifiers.

use std::time::{Duration, Instant};

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::Value;

use crate::harness::{D1, GRANT, ISSUER, Service, Setup, basic};

/// Keys rotate every ten seconds and are published five seconds before.
const FAST: &str = "rotation = \"10s\"\npublish_ahead = \"5s\"";

fn with_keys(keys: &str) -> Setup {
    let setup = Setup::with_d1();
    let inline = keys.replace('\n', ", ");
    setup.configure("\"master.key\" }", &format!("\"master.key\", {inline} }}"));
    setup
}

pub async fn token(service: &Service, authorization: &str) -> String {
    let answer = service.token(authorization, GRANT).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

pub async fn key_set(service: &Service) -> JwkSet {
    serde_json::from_str(&service.get("/oauth2/jwks").await.text).unwrap()
}

/// Verifies a token as a resource server does that uses this library and knows nothing of the
/// service.
pub fn check(token: &str, set: &JwkSet) -> Result<Value, String> {
    let header = jsonwebtoken::decode_header(token).map_err(|error| error.to_string())?;
    let kid = header.kid.unwrap_or_default();
    let key = set.find(&kid).ok_or(format!("unknown kid {kid}"))?;
    let alg = key.common.key_algorithm.unwrap().to_string();
    let mut validation = Validation::new(alg.parse().unwrap());
    validation.set_audience(&[ISSUER]);
    validation.set_issuer(&[ISSUER]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    let key = DecodingKey::from_jwk(key).map_err(|error| error.to_string())?;
    let decoded = jsonwebtoken::decode::<Value>(token, &key, &validation);
    Ok(decoded.map_err(|error| error.to_string())?.claims)
}

pub fn kid(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}

/// Asks until the answer is as wanted, for 20 seconds at most.
async fn within_a_second<F: Future<Output = bool>>(mut wanted: impl FnMut() -> F) {
    let patience = Instant::now() + Duration::from_secs(20);
    while !wanted().await {
        assert!(Instant::now() < patience, "not in force");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn every_algorithm_is_verified_by_another_library() {
    let setup = Setup::with_d1();
    let algorithms = ["ES256", "ES384", "EdDSA", "RS256", "PS256"];
    for name in algorithms {
        setup.add(name, "a long enough secret", &["--algorithm", name]);
    }
    let service = setup.start();
    let set = key_set(&service).await;
    assert_eq!(set.keys.len(), algorithms.len());
    for name in algorithms {
        let token = token(&service, &basic(name, "a long enough secret")).await;
        let header = jsonwebtoken::decode_header(&token).unwrap();
        assert_eq!(
            format!("{:?}", header.alg).to_uppercase(),
            name.to_uppercase()
        );
        let claims = check(&token, &set).unwrap();
        assert_eq!(claims["client_id"], name);
        // A verifier notices an altered signature.
        let (message, signature) = token.rsplit_once('.').unwrap();
        let other = if signature.starts_with('A') { "B" } else { "A" };
        let altered = format!("{message}.{other}{}", &signature[1..]);
        check(&altered, &set).unwrap_err();
        let verified = service
            .setup
            .run_with(&["token", "verify", "-", "--output", "json"], &token)
            .ok()
            .json();
        assert_eq!(verified["alg"], name);
    }
    service
        .setup
        .run(&["client", "add", "--algorithm", "HS256"])
        .fails(2, "ES256");
}

#[tokio::test]
async fn a_client_added_to_a_running_service_has_its_key_at_once() {
    let service = Setup::with_d1().start();
    service
        .setup
        .add("rsa", "a long enough secret", &["--algorithm", "RS256"]);
    let authorization = basic("rsa", "a long enough secret");
    within_a_second(async || service.token(&authorization, GRANT).await.status == 200).await;
    let token = token(&service, &authorization).await;
    check(&token, &key_set(&service).await).unwrap();
}

#[tokio::test]
async fn a_rotated_key_is_announced_and_with_now_it_signs_at_once() {
    let service = Setup::with_d1().start();
    let first = kid(&token(&service, D1).await);
    let changed = service
        .setup
        .run(&["key", "rotate", "--output", "json"])
        .ok()
        .json();
    assert_eq!(changed[0]["kid"], first.as_str());
    assert_eq!(changed[1]["state"], "published");
    assert_eq!(changed[0]["signs_until"], changed[1]["signs_from"]);
    let next = changed[1]["kid"].as_str().unwrap().to_owned();
    within_a_second(async || key_set(&service).await.find(&next).is_some()).await;
    assert_eq!(
        kid(&token(&service, D1).await),
        first,
        "verifiers come first"
    );
    service
        .setup
        .run(&["key", "rotate"])
        .fails(1, "is published already");

    service.setup.run(&["key", "rotate", "--now"]).ok();
    within_a_second(async || kid(&token(&service, D1).await) == next).await;
    let set = key_set(&service).await;
    assert!(set.find(&first).is_some(), "for the tokens that it signed");
    let listed = service.setup.run(&["key", "list"]).ok().stdout;
    assert!(
        listed.contains("retained") && listed.contains("signing"),
        "{listed}"
    );
}

#[tokio::test]
async fn a_revoked_key_leaves_within_a_second_and_another_signs() {
    let service = Setup::with_d1().start();
    let issued = token(&service, D1).await;
    let leaked = kid(&issued);
    let revoke = ["key", "revoke", &leaked, "--reason", "backup lost"];
    service.setup.run(&revoke).ok();
    within_a_second(async || key_set(&service).await.find(&leaked).is_none()).await;
    let another = token(&service, D1).await;
    assert_ne!(kid(&another), leaked);
    let set = key_set(&service).await;
    check(&another, &set).unwrap();
    assert!(check(&issued, &set).unwrap_err().contains("unknown kid"));
    service
        .setup
        .run_with(&["token", "verify", "-"], &issued)
        .fails(1, "not in the JWK set");
    service.setup.run(&revoke).fails(1, "was revoked at");
    service
        .setup
        .run(&["key", "revoke", "-nobody"])
        .fails(1, "there is no signing key -nobody");
    let listed = service.setup.run(&["key", "list"]).ok().stdout;
    assert!(
        listed.contains("revoked") && listed.contains("backup lost"),
        "{listed}"
    );

    let setup = service.stop();
    let audit = setup.audit();
    let revoked = audit
        .iter()
        .find(|record| record["event"] == "key.changed" && record["state"] == "revoked");
    assert_eq!(revoked.unwrap()["kid"], leaked.as_str());
    assert_eq!(revoked.unwrap()["reason"], "backup lost");
}

#[tokio::test]
async fn the_master_key_changes_under_a_running_service() {
    let service = Setup::with_d1().start();
    let first = kid(&token(&service, D1).await);
    let rotate = ["key", "rotate-master", "--new-file", "new.key"];
    let done = service.setup.run(&rotate).ok().stdout;
    assert!(
        done.contains("1 of them signing keys") && done.contains("mv new.key"),
        "{done}"
    );
    let done = service.setup.run(&rotate).ok().stdout;
    assert!(done.contains("already"), "{done}");
    service
        .setup
        .run(&["client", "add"])
        .fails(1, "sealed under");
    token(&service, D1).await;
    let setup = service.stop();
    std::fs::rename(
        setup.folder().join("new.key"),
        setup.folder().join("master.key"),
    )
    .unwrap();
    let service = setup.start();
    assert_eq!(kid(&token(&service, D1).await), first);
}

/// Verifiers cache the JWK set for as long as they may, while keys rotate under load, in real time.
/// It takes 12 seconds, or what `D1_TEST_ROTATION_SECONDS` says: acceptance asks for a minute.
#[tokio::test]
async fn no_token_is_refused_while_keys_rotate_under_load() {
    let service = with_keys(FAST).start();
    let answer = service.get("/oauth2/jwks").await;
    assert_eq!(answer.header("cache-control"), Some("public, max-age=5"));
    let end = Instant::now() + Duration::from_secs(seconds());
    let caller = async || {
        let mut fetched = Instant::now();
        let mut set = key_set(&service).await;
        let (mut checked, mut kids) = (0_u32, std::collections::BTreeSet::new());
        while Instant::now() < end {
            if fetched.elapsed() >= Duration::from_secs(5) {
                fetched = Instant::now();
                set = key_set(&service).await;
            }
            let token = token(&service, D1).await;
            check(&token, &set).unwrap();
            kids.insert(kid(&token));
            checked += 1;
        }
        (checked, kids.len())
    };
    let (one, two, three) = tokio::join!(caller(), caller(), caller());
    for (checked, kids) in [one, two, three] {
        assert!(checked > 10 && kids >= 2, "{checked} tokens, {kids} keys");
    }
    eprintln!("{} tokens of {} keys", one.0 + two.0 + three.0, one.1);
}

fn seconds() -> u64 {
    let asked = std::env::var("D1_TEST_ROTATION_SECONDS");
    asked.ok().and_then(|text| text.parse().ok()).unwrap_or(12)
}
