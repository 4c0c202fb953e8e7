//! RFC 7662, OAuth 2.0 Token Introspection.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::harness::{
    Answer, Connection, D1, GRANT, ISSUER, Service, Setup, basic, eventually, parts, status,
};
use crate::keys::kid;

fn resource_server() -> String {
    basic("cards-api", "123")
}

async fn token(service: &Service) -> String {
    service.token(D1, GRANT).await.access_token()
}

/// Introspects with this form.
async fn ask(service: &Service, form: &str) -> Answer {
    let path = "/oauth2/introspect";
    service.form(path, &resource_server(), form).await
}

/// Asks until the token is inactive, as long as a change may take to come into force.
async fn becomes_inactive(service: &Service, token: &str) {
    let ask = async || service.introspect(&resource_server(), token).await;
    let is_inactive = |answer: &Answer| answer.granted()["active"] == false;
    let answer = eventually("it becomes inactive", ask, is_inactive).await;
    answer.inactive();
}

#[tokio::test]
async fn section_2_1_post_only() {
    let service = Setup::with_resource_server().start();
    let path = "/oauth2/introspect?token=x";
    service.takes_post_alone(path, &resource_server()).await;
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
        format!("token={token}&token="),
        "token=%zz".into(),
    ] {
        ask(&service, &form).await.refused(400, "invalid_request");
    }
    let (client, caller) = (reqwest::Client::new(), resource_server());
    let in_query = service.url(&format!("/oauth2/introspect?token={token}"));
    let in_query = client.post(in_query).header("authorization", &caller);
    Answer::of(in_query).await.refused(400, "invalid_request");
    let as_json = client
        .post(service.url("/oauth2/introspect"))
        .header("authorization", &caller)
        .json(&json!({ "token": token }));
    Answer::of(as_json).await.refused(415, "invalid_request");
    let too_large = "x".repeat(16 * 1024);
    let answer = service.introspect(&caller, &too_large).await;
    answer.refused(413, "invalid_request");
}

#[tokio::test]
async fn section_2_1_a_hint_changes_nothing() {
    let service = Setup::with_resource_server().start();
    let token = token(&service).await;
    for hint in ["access_token", "refresh_token", "nonsense", ""] {
        let form = format!("token={token}&token_type_hint={hint}&unknown=x");
        let answer = ask(&service, &form).await;
        assert_eq!(answer.granted()["active"], true, "{hint}");
    }
}

#[tokio::test]
async fn section_2_1_the_caller_authenticates() {
    let service = Setup::with_resource_server().start();
    let token = token(&service).await;
    let url = service.url("/oauth2/introspect");
    let client = reqwest::Client::new();
    let form = [("token", token.as_str())];
    let bare = Answer::of(client.post(&url).form(&form)).await;
    bare.refused(401, "invalid_client");
    let bearer = client.post(&url).bearer_auth(&token).form(&form);
    Answer::of(bearer).await.refused(401, "invalid_client");
    for caller in [basic("cards-api", "124"), basic("nobody", "123")] {
        let answer = service.introspect(&caller, &token).await;
        answer.refused(401, "invalid_client");
    }
    for second in ["client_secret=123", "client_assertion=x"] {
        let form = format!("token={token}&{second}");
        ask(&service, &form).await.refused(400, "invalid_request");
    }
    let other = format!("token={token}&client_id=is_tbank01");
    ask(&service, &other).await.refused(400, "invalid_request");
    let twice = format!(
        "POST /authz/d1/v1/oauth2/introspect HTTP/1.1\r\nHost: x\r\nAuthorization: {0}\r\nAuthorization: {0}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n\r\ntoken=x",
        resource_server()
    );
    let answer = Connection::exchange(service.api, twice).await;
    assert_eq!(status(&answer), 400, "{answer}");
    let refused: Vec<_> = service
        .stop()
        .audit()
        .into_iter()
        .filter(|record| record["event"] == "introspection.refused")
        .map(|record| record["reason"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        refused,
        [
            "no_credential",
            "unsupported_scheme",
            "wrong_secret",
            "unknown_client",
            "two_authentication_methods",
            "two_authentication_methods",
            "client_id_mismatch",
            "repeated_authorization_header",
        ]
    );
}

#[tokio::test]
async fn section_2_2_what_an_active_token_says() {
    let service = Setup::with_resource_server().start();
    let token = token(&service).await;
    let answer = service.introspect(&resource_server(), &token).await;
    let [_, claims] = parts(&token);
    assert_eq!(
        answer.granted(),
        json!({
            "active": true,
            "scope": "cards pin",
            "client_id": "is_tbank01",
            "token_type": "Bearer",
            "exp": claims["exp"],
            "iat": claims["iat"],
            "sub": "is_tbank01",
            "aud": [ISSUER],
            "iss": ISSUER,
            "jti": claims["jti"],
        })
    );
}

#[tokio::test]
async fn section_2_2_what_is_no_token_is_not_active_and_nothing_more() {
    let service = Setup::with_resource_server().start();
    let good = token(&service).await;
    let [_, claims] = parts(&good);
    let parts: Vec<_> = good.split('.').collect();
    let encoded = |json: &str| URL_SAFE_NO_PAD.encode(json);
    let other = if parts[2].starts_with('A') { "B" } else { "A" };
    let unsigned = encoded(r#"{"alg":"none","typ":"at+jwt"}"#);
    let longer = claims.to_string().replace("is_tbank01", "cards-api");
    for token in [
        "x",
        "..",
        "a.b.c",
        "%00",
        "caf%C3%A9",
        &good[..good.len() - 1],
        &format!("{good}A"),
        &format!("{good}."),
        &format!("{}.{}.", parts[0], parts[1]),
        &format!("{unsigned}.{}.", parts[1]),
        &format!("{}.{}.{other}{}", parts[0], parts[1], &parts[2][1..]),
        &format!("{}.{}.{}", parts[0], encoded(&longer), parts[2]),
        &"x".repeat(16_000),
    ] {
        service
            .introspect(&resource_server(), token)
            .await
            .inactive();
    }
    let answer = service.introspect(&resource_server(), &good).await;
    assert_eq!(answer.granted()["active"], true);
}

#[tokio::test]
async fn section_2_2_another_issuers_token_is_not_active() {
    let other = Setup::with_d1().start();
    let service = Setup::with_resource_server().start();
    let foreign = token(&other).await;
    let answer = service.introspect(&resource_server(), &foreign).await;
    answer.inactive();

    // A token with a key of this service but another issuer is inactive too.
    let replica = service.setup.replica();
    replica.configure(ISSUER, "https://other.example/authz/d1/v1");
    let replica = replica.start();
    let foreign = token(&replica).await;
    let answer = service.introspect(&resource_server(), &foreign).await;
    answer.inactive();
    let answer = replica.introspect(&resource_server(), &foreign).await;
    assert_eq!(answer.granted()["active"], true);
}

#[tokio::test]
async fn section_2_2_an_expired_token_is_not_active() {
    let setup = Setup::with_resource_server();
    setup.add("brief", "123", &["--lifetime", "2s"]);
    let service = setup.start();
    let brief = service.token(&basic("brief", "123"), GRANT).await;
    let brief = brief.access_token();
    becomes_inactive(&service, &brief).await;
    let [_, claims] = parts(&brief);
    let end = claims["exp"].as_i64().unwrap();
    assert!(jiff::Timestamp::now().as_second() >= end);
}

#[tokio::test]
async fn section_2_2_a_token_of_a_key_that_was_rotated_is_active_and_of_one_that_was_revoked_is_not()
 {
    let service = Setup::with_resource_server().start();
    let token = token(&service).await;
    service.setup.run(&["key", "rotate", "--now"]).ok();
    let signs = async || kid(&self::token(&service).await);
    eventually("another key signs", signs, |signs| *signs != kid(&token)).await;
    let answer = service.introspect(&resource_server(), &token).await;
    assert_eq!(answer.granted()["active"], true, "its key is retained");
    service.setup.run(&["key", "revoke", &kid(&token)]).ok();
    becomes_inactive(&service, &token).await;
}

#[tokio::test]
async fn section_2_2_the_tokens_of_a_client_that_was_disabled_or_removed_are_not_active() {
    let setup = Setup::with_resource_server();
    setup.add("gone", "123", &[]);
    let service = setup.start();
    let token = token(&service).await;
    let gone = service.token(&basic("gone", "123"), GRANT).await;
    service.setup.run(&["client", "disable", "is_tbank01"]).ok();
    service.setup.run(&["client", "remove", "gone"]).ok();
    becomes_inactive(&service, &token).await;
    becomes_inactive(&service, &gone.access_token()).await;
    service.setup.run(&["client", "enable", "is_tbank01"]).ok();
    let ask = async || service.token(D1, GRANT).await;
    let is_granted = |answer: &Answer| answer.status == 200;
    let new = eventually("it gets tokens again", ask, is_granted).await;
    let new = service
        .introspect(&resource_server(), &new.access_token())
        .await;
    assert_eq!(new.granted()["active"], true);
    let old = service.introspect(&resource_server(), &token).await;
    old.inactive();
}

#[tokio::test]
async fn section_4_the_caller_must_be_allowed() {
    let service = Setup::with_resource_server().start();
    let token = token(&service).await;
    for token in [token.as_str(), "x"] {
        let answer = service.introspect(D1, token).await;
        answer.refused(403, "unauthorized_client");
    }
    let refused = service.stop().audit();
    let refused = refused.last_chunk::<2>().unwrap();
    assert_eq!(refused[0]["event"], "introspection.refused");
    assert_eq!(refused[0]["reason"], "introspection_not_allowed");
    assert_eq!(refused[0]["client_id"], "is_tbank01");
}

#[tokio::test]
async fn section_4_a_resource_server_sees_what_its_audience_lets_it_see() {
    let setup = Setup::with_resource_server();
    let (cards, pin) = ("https://cards.bank.example", "https://pin.bank.example");
    setup.add("both", "123", &["--audience", cards, "--audience", pin]);
    setup.add("pin", "123", &["--audience", pin]);
    let may = ["--allow", "introspect", "--audience"];
    setup.add("pin-api", "123", &[&may[..], &[pin]].concat());
    setup.add(
        "other-api",
        "123",
        &[&may[..], &["https://other.example"]].concat(),
    );
    let service = setup.start();
    for (client, sees) in [
        ("is_tbank01", [true, false, false]),
        ("both", [false, true, false]),
        ("pin", [false, true, false]),
    ] {
        let credential = if client == "is_tbank01" {
            D1.to_owned()
        } else {
            basic(client, "123")
        };
        let token = service.token(&credential, GRANT).await.access_token();
        for (caller, sees) in ["cards-api", "pin-api", "other-api"].into_iter().zip(sees) {
            let answer = service.introspect(&basic(caller, "123"), &token).await;
            if sees {
                assert_eq!(answer.granted()["client_id"], client, "{caller}");
            } else {
                answer.inactive();
            }
        }
    }
}

#[tokio::test]
async fn section_4_who_guesses_is_slowed_down() {
    let service = Setup::with_resource_server().start();
    for guess in 0..11 {
        let guess = basic("cards-api", &format!("guess {guess}"));
        let answer = service.introspect(&guess, "x").await;
        answer.refused(401, "invalid_client");
    }
    let answer = service.introspect(&basic("cards-api", "again"), "x").await;
    answer.refused(429, "temporarily_unavailable");
    assert!(answer.header("retry-after").is_some());
}
