//! RFC 7517, JSON Web Key, and the algorithms of RFC 7518.

use std::collections::HashSet;

use serde_json::json;

use crate::harness::Setup;

#[tokio::test]
async fn section_5_the_key_set_has_public_members_only() {
    for (algorithm, kind, public) in [
        ("ES256", "EC", &["crv", "x", "y"][..]),
        ("ES384", "EC", &["crv", "x", "y"]),
        ("EdDSA", "OKP", &["crv", "x"]),
        ("RS256", "RSA", &["n", "e"]),
    ] {
        let service = Setup::of(&format!("token = {{ algorithm = \"{algorithm}\" }}\n")).start();
        let answer = service.get("/oauth2/jwks").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
        let set = answer.json();
        let [key] = set["keys"].as_array().unwrap().as_slice() else {
            panic!("one key: {set}")
        };
        let members: HashSet<_> = key
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let expected: HashSet<_> = ["kty", "use", "alg", "kid"]
            .iter()
            .chain(public)
            .copied()
            .collect();
        assert_eq!(members, expected, "none of d, p, q, dp, dq, qi, k");
        assert_eq!(
            (&key["kty"], &key["use"], &key["alg"]),
            (&json!(kind), &json!("sig"), &json!(algorithm))
        );
    }
}

#[tokio::test]
async fn section_4_5_a_key_keeps_its_kid_over_a_restart() {
    let service = Setup::empty().start();
    let before = service.get("/oauth2/jwks").await.text;
    let service = service.stop().start();
    assert_eq!(service.get("/oauth2/jwks").await.text, before);
    let listed = service
        .setup
        .run(&["key", "list", "--output", "json"])
        .ok()
        .json();
    let set: serde_json::Value = serde_json::from_str(&before).unwrap();
    assert_eq!(listed[0]["kid"], set["keys"][0]["kid"]);
    assert_eq!(listed[0]["state"], "signing");
}
