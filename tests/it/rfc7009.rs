//! RFC 7009, OAuth 2.0 Token Revocation.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Answer, D1, GRANT, Service, Setup, basic, eventually};

async fn token(service: &Service) -> String {
    service.token(D1, GRANT).await.access_token()
}

async fn is_active(service: &Service, token: &str) -> bool {
    let answer = service.introspect(&basic("cards-api", "123"), token).await;
    answer.granted()["active"] == true
}

#[tokio::test]
async fn section_2_1_post_only() {
    let service = Setup::with_resource_server().start();
    let token = token(&service).await;
    let path = format!("/oauth2/revoke?token={token}");
    service.takes_post_alone(&path, D1).await;
    assert!(is_active(&service, &token).await);
}

#[tokio::test]
async fn section_2_1_the_token_is_required_once_in_a_form() {
    let service = Setup::with_resource_server().start();
    let token = token(&service).await;
    for form in [
        String::new(),
        "token=".into(),
        "token_type_hint=access_token".into(),
        format!("token={token}&token={token}"),
        "token=%zz".into(),
    ] {
        let answer = service.form("/oauth2/revoke", D1, &form).await;
        answer.refused(400, "invalid_request");
    }
    let as_json = reqwest::Client::new()
        .post(service.url("/oauth2/revoke"))
        .header("authorization", D1)
        .json(&json!({ "token": token }));
    Answer::of(as_json).await.refused(415, "invalid_request");
    assert!(is_active(&service, &token).await);
}

#[tokio::test]
async fn section_2_1_a_hint_changes_nothing() {
    let service = Setup::with_resource_server().start();
    for hint in ["access_token", "refresh_token", "nonsense", ""] {
        let token = token(&service).await;
        let form = format!("token={token}&token_type_hint={hint}&unknown=x");
        service.form("/oauth2/revoke", D1, &form).await.revoked();
        assert!(!is_active(&service, &token).await, "{hint}");
    }
}

#[tokio::test]
async fn section_2_1_the_client_authenticates() {
    let service = Setup::with_resource_server().start();
    let token = token(&service).await;
    let url = service.url("/oauth2/revoke");
    let bare = reqwest::Client::new().post(&url).form(&[("token", &token)]);
    Answer::of(bare).await.refused(401, "invalid_client");
    for wrong in [basic("is_tbank01", "124"), basic("nobody", "123")] {
        let answer = service.revoke(&wrong, &token).await;
        answer.refused(401, "invalid_client");
    }
    let form = format!("token={token}&client_secret=123");
    let answer = service.form("/oauth2/revoke", D1, &form).await;
    answer.refused(400, "invalid_request");
    assert!(is_active(&service, &token).await);
}

#[tokio::test]
async fn section_2_1_only_the_owner_revokes() {
    let setup = Setup::with_resource_server();
    setup.add("other", "123", &["--allow", "introspect"]);
    let service = setup.start();
    let token = token(&service).await;
    for other in ["other", "cards-api"] {
        let answer = service.revoke(&basic(other, "123"), &token).await;
        answer.refused(400, "unauthorized_client");
        assert!(is_active(&service, &token).await);
    }
    service.revoke(D1, &token).await.revoked();
    assert!(!is_active(&service, &token).await);
    let audit = service.stop().audit();
    let reasons: Vec<_> = audit
        .iter()
        .filter(|record| record["event"] == "revocation.refused")
        .map(|record| (&record["client_id"], &record["reason"]))
        .collect();
    assert_eq!(
        reasons,
        [
            (&json!("other"), &json!("not_the_owner")),
            (&json!("cards-api"), &json!("not_the_owner"))
        ]
    );
}

#[tokio::test]
async fn section_2_2_what_is_no_token_is_as_good_as_revoked() {
    let service = Setup::with_resource_server().start();
    let foreign = token(&Setup::with_d1().start()).await;
    let own = token(&service).await;
    for token in ["x", "a.b.c", "%00", &foreign, &own[..own.len() - 1]] {
        service.revoke(D1, token).await.revoked();
    }
    assert!(is_active(&service, &own).await);
    let audit = service.stop().audit();
    let revoked = audit
        .iter()
        .find(|record| record["event"] == "token.revoked");
    assert_eq!(revoked, None, "nothing happened");
}

#[tokio::test]
async fn section_2_2_an_expired_token_is_as_good_as_revoked() {
    let setup = Setup::with_resource_server();
    setup.add("brief", "123", &["--lifetime", "1s"]);
    let service = setup.start();
    let brief = basic("brief", "123");
    let token = service.token(&brief, GRANT).await.access_token();
    let is_active = async || is_active(&service, &token).await;
    eventually("it expires", is_active, |active| !active).await;
    service.revoke(&brief, &token).await.revoked();
}

#[tokio::test]
async fn section_2_2_a_revoked_token_is_no_more_and_no_other_token_is_touched() {
    let service = Setup::with_resource_server().start();
    let (one, two) = (token(&service).await, token(&service).await);
    assert!(is_active(&service, &one).await);
    service.revoke(D1, &one).await.revoked();
    assert!(!is_active(&service, &one).await, "at once");
    assert!(is_active(&service, &two).await);
    service.revoke(D1, &one).await.revoked();
    assert!(is_active(&service, &token(&service).await).await);

    let verify = ["token", "verify", "-"];
    let said = service.setup.run_with(&verify, &one);
    said.fails(1, "it was revoked");
    service.setup.run_with(&verify, &two).ok();
    let setup = service.stop();
    let audit = setup.audit();
    let revoked: Vec<_> = audit
        .iter()
        .filter(|record| record["event"] == "token.revoked")
        .collect();
    assert_eq!(revoked.len(), 2, "as often as it was asked for");
    assert_eq!(revoked[0]["client_id"], "is_tbank01");
    let issued = audit
        .iter()
        .find(|record| record["event"] == "token.issued");
    assert_eq!(revoked[0]["jti"], issued.unwrap()["jti"]);
    assert_eq!(revoked[0]["expires_at"], issued.unwrap()["expires_at"]);
    assert!(!audit.iter().any(|record| record.to_string().contains(&one)));
}

#[tokio::test]
async fn section_2_2_a_revocation_outlasts_a_power_cut() {
    let service = Setup::with_resource_server().with_durable_audit().start();
    let token = token(&service).await;
    service.revoke(D1, &token).await.revoked();
    let service = service.kill().start();
    assert!(!is_active(&service, &token).await);
}

#[tokio::test]
async fn section_2_2_a_revocation_reaches_every_replica() {
    let service = Setup::with_resource_server().start();
    let replica = service.setup.replica().start();
    let mut longest = Duration::ZERO;
    for _ in 0..10 {
        let token = token(&service).await;
        assert!(is_active(&replica, &token).await);
        service.revoke(D1, &token).await.revoked();
        let revoked = Instant::now();
        while is_active(&replica, &token).await {
            assert!(revoked.elapsed() < Duration::from_secs(20), "not in force");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        longest = longest.max(revoked.elapsed());
    }
    eprintln!("in force on another process after {longest:?} at most");
}

/// When several callers revoke a token at once, the store decides which one is the first. The
/// service answers all of them that the token is revoked.
#[tokio::test]
async fn section_2_2_many_may_revoke_at_once() {
    let service = Setup::with_resource_server().start();
    let replica = service.setup.replica().start();
    let token = token(&service).await;
    let revoke = async |service: &Service| {
        for _ in 0..10 {
            service.revoke(D1, &token).await.revoked();
        }
    };
    tokio::join!(
        revoke(&service),
        revoke(&replica),
        revoke(&service),
        revoke(&replica)
    );
    assert!(!is_active(&service, &token).await && !is_active(&replica, &token).await);
}
