//! RFC 6749, The OAuth 2.0 Authorization Framework: the parts about the token endpoint.

use crate::harness::{Answer, Connection, D1, GRANT, Setup, basic, header, status};

#[tokio::test]
async fn section_2_3_one_way_of_authenticating_in_a_request() {
    let service = Setup::with_d1().start();
    for second in [
        "client_secret=123",
        "client_assertion=x",
        "client_id=is_tbank01&client_secret=123",
    ] {
        let answer = service.token(D1, &format!("{GRANT}&{second}")).await;
        answer.refused(400, "invalid_request");
    }
}

#[tokio::test]
async fn section_2_3_1_credentials_may_be_form_encoded() {
    let setup = Setup::empty();
    setup.add("a@bank.example", "pässword 100% +:", &["--scope", "cards"]);
    let service = setup.start();
    let encoded = "p%C3%A4ssword+100%25+%2B%3A";
    for (id, secret) in [
        ("a@bank.example", "pässword 100% +:"),
        ("a%40bank.example", encoded),
        ("a@bank.example", encoded),
    ] {
        service.token(&basic(id, secret), GRANT).await.granted();
    }
    let half = basic("a%40bank.example", "pässword 100% +:");
    service
        .token(&half, GRANT)
        .await
        .refused(401, "invalid_client");
}

#[tokio::test]
async fn section_2_3_1_a_client_id_in_the_form_is_the_authenticated_one() {
    let service = Setup::with_d1().start();
    let own = service
        .token(D1, &format!("{GRANT}&client_id=is_tbank01"))
        .await;
    own.granted();
    let other = service
        .token(D1, &format!("{GRANT}&client_id=is_tbank02"))
        .await;
    other.refused(400, "invalid_request");
}

#[tokio::test]
async fn section_3_2_post_only() {
    let service = Setup::with_d1().start();
    let path = format!("/oauth2/token?{GRANT}");
    service.takes_post_alone(&path, D1).await;
    let head = reqwest::Client::new().head(service.url("/oauth2/token"));
    let head = Answer::of(head).await;
    assert_eq!((head.status.as_u16(), head.text.as_str()), (405, ""));
}

#[tokio::test]
async fn section_3_2_the_parameters_are_in_the_body() {
    let service = Setup::with_d1().start();
    let url = service.url(&format!("/oauth2/token?{GRANT}"));
    let request = reqwest::Client::new().post(url).header("authorization", D1);
    Answer::of(request).await.refused(400, "invalid_request");
}

#[tokio::test]
async fn section_3_2_the_body_is_a_form() {
    let service = Setup::with_d1().start();
    let json = r#"{"grant_type":"client_credentials"}"#;
    for (media_type, body) in [
        ("application/json", json),
        ("text/plain", GRANT),
        ("multipart/form-data; boundary=x", GRANT),
        ("application/x-www-form-urlencoded-not", GRANT),
        ("nonsense", GRANT),
    ] {
        let request = service
            .post()
            .header("authorization", D1)
            .header("content-type", media_type)
            .body(body);
        Answer::of(request).await.refused(415, "invalid_request");
    }
    let untyped = service.post().header("authorization", D1).body(GRANT);
    Answer::of(untyped).await.refused(415, "invalid_request");
    let spelled = service
        .post()
        .header("authorization", D1)
        .header(
            "content-type",
            "Application/X-WWW-Form-Urlencoded; Charset=UTF-8",
        )
        .body(GRANT);
    Answer::of(spelled).await.granted();
}

#[tokio::test]
async fn section_3_2_unknown_parameters_are_ignored() {
    let service = Setup::with_d1().start();
    let form = format!("audience=x&{GRANT}&foo=%F0%9F%A6%80&=&bar");
    assert_eq!(
        service.token(D1, &form).await.granted()["scope"],
        "cards pin"
    );
}

#[tokio::test]
async fn section_3_2_no_parameter_twice() {
    let service = Setup::with_d1().start();
    for form in [
        format!("{GRANT}&{GRANT}"),
        format!("{GRANT}&scope=cards&scope=cards"),
        format!("{GRANT}&scope=&scope=cards"),
        format!("{GRANT}&scope=cards&%73cope=pin"),
        format!("{GRANT}&client_id=is_tbank01&client_id=is_tbank01"),
    ] {
        service
            .token(D1, &form)
            .await
            .refused(400, "invalid_request");
    }
}

#[tokio::test]
async fn section_3_2_a_parameter_without_a_value_is_omitted() {
    let service = Setup::with_d1().start();
    for form in [
        format!("{GRANT}&scope="),
        format!("{GRANT}&scope"),
        format!("{GRANT}&client_id=&client_secret=&client_assertion="),
    ] {
        assert_eq!(
            service.token(D1, &form).await.granted()["scope"],
            "cards pin"
        );
    }
    for form in ["grant_type=", "grant_type", "scope=cards"] {
        service
            .token(D1, form)
            .await
            .refused(400, "invalid_request");
    }
}

#[tokio::test]
async fn section_3_2_a_missing_body() {
    let service = Setup::with_d1().start();
    let bare = service.post().header("authorization", D1);
    Answer::of(bare).await.refused(400, "invalid_request");
    service.token(D1, "").await.refused(400, "invalid_request");
    let chunked = format!(
        "POST /authz/d1/v1/oauth2/token HTTP/1.1\r\nHost: x\r\nAuthorization: {D1}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    );
    assert_eq!(
        status(&Connection::exchange(service.api, chunked).await),
        400
    );
}

#[tokio::test]
async fn section_3_2_a_form_that_is_no_form() {
    let service = Setup::with_d1().start();
    for form in [
        format!("{GRANT}&scope=%"),
        format!("{GRANT}&scope=%4"),
        format!("{GRANT}&scope=%zz"),
        format!("{GRANT}&scope=%FF"),
        format!("{GRANT}&%FFscope=x"),
        format!("{GRANT}&foo=%zz"),
    ] {
        service
            .token(D1, &form)
            .await
            .refused(400, "invalid_request");
    }
    let request = service
        .post()
        .header("authorization", D1)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(b"grant_type=client_credentials&scope=\xff".to_vec());
    Answer::of(request).await.refused(400, "invalid_request");
    service.token(D1, GRANT).await.granted();
}

#[tokio::test]
async fn section_3_3_a_request_may_narrow_the_scope_and_is_told_what_it_got() {
    let service = Setup::with_d1().start();
    for (asked, got) in [
        ("", "cards pin"),
        ("&scope=cards+pin", "cards pin"),
        ("&scope=pin%20cards", "pin cards"),
        ("&scope=pin", "pin"),
        ("&scope=pin+pin", "pin"),
    ] {
        let reply = service
            .token(D1, &format!("{GRANT}{asked}"))
            .await
            .granted();
        assert_eq!(reply["scope"], got, "{asked}");
    }
}

#[tokio::test]
async fn section_3_3_and_never_widen_it() {
    let service = Setup::with_d1().start();
    for scope in [
        "other",
        "cards+other",
        "Cards",
        "cards++pin",
        "+cards",
        "%22",
        "caf%C3%A9",
        "a%0Ab",
    ] {
        let answer = service.token(D1, &format!("{GRANT}&scope={scope}")).await;
        answer.refused(400, "invalid_scope");
    }
}

#[tokio::test]
async fn section_4_4_3_a_client_without_scopes_gets_a_token_without() {
    let setup = Setup::empty();
    setup.add("plain", "123", &[]);
    let service = setup.start();
    let plain = basic("plain", "123");
    let reply = service.token(&plain, GRANT).await.granted();
    assert_eq!(reply.get("scope"), None);
    let asked = service.token(&plain, &format!("{GRANT}&scope=cards")).await;
    asked.refused(400, "invalid_scope");
}

#[tokio::test]
async fn section_5_1_a_token_reply() {
    let service = Setup::with_d1().start();
    let reply = service.token(D1, GRANT).await.granted();
    let members: Vec<_> = reply.as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        members,
        [
            "access_token",
            "expires_in",
            "scope",
            "token_type",
            "expires_at"
        ]
    );
    assert_eq!(reply["token_type"], "Bearer");
}

#[tokio::test]
async fn section_5_2_no_way_not_to_be_a_client_differs_from_another() {
    let setup = Setup::with_d1();
    setup.add("off", "123", &[]);
    setup.run(&["client", "disable", "off"]).ok();
    let service = setup.start();
    let mut answers = Vec::new();
    for (id, secret) in [
        ("is_tbank01", "124"),
        ("nobody", "123"),
        ("off", "123"),
        ("off", "124"),
    ] {
        let answer = service.token(&basic(id, secret), GRANT).await;
        answer.refused(401, "invalid_client");
        answers.push(answer.text);
    }
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
    let reasons: Vec<_> = service
        .stop()
        .audit()
        .iter()
        .filter_map(|record| record["reason"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(
        reasons,
        [
            "wrong_secret",
            "unknown_client",
            "client_disabled",
            "client_disabled"
        ]
    );
}

#[tokio::test]
async fn section_5_2_401_challenges_with_basic() {
    let service = Setup::with_d1().start();
    let challenge = Some("Basic realm=\"d1-authz\", charset=\"UTF-8\"");
    for credential in [
        basic("nobody", "x"),
        "Bearer abc".into(),
        "Basic !!!".into(),
        "Basic".into(),
    ] {
        let answer = service.token(&credential, GRANT).await;
        answer.refused(401, "invalid_client");
        assert_eq!(answer.header("www-authenticate"), challenge);
    }
    let none = Answer::of(service.post().form(&[("grant_type", "client_credentials")])).await;
    none.refused(401, "invalid_client");
    assert_eq!(none.header("www-authenticate"), challenge);
}

#[tokio::test]
async fn section_5_2_two_authorization_headers() {
    let service = Setup::with_d1().start();
    for other in [D1, "Basic AAAA", "Bearer x"] {
        let request = format!(
            "POST /authz/d1/v1/oauth2/token HTTP/1.1\r\nHost: x\r\nAuthorization: {D1}\r\nauthorization: {other}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{GRANT}",
            GRANT.len()
        );
        let answer = Connection::exchange(service.api, request).await;
        assert_eq!(status(&answer), 400, "{answer}");
        assert!(answer.contains("invalid_request"), "{answer}");
        assert_eq!(header(&answer, "cache-control"), Some("no-store"));
    }
}

#[tokio::test]
async fn section_5_2_an_unknown_grant() {
    let service = Setup::with_d1().start();
    for grant in [
        "password",
        "authorization_code",
        "CLIENT_CREDENTIALS",
        "client_credentials+",
        "%20",
    ] {
        let answer = service.token(D1, &format!("grant_type={grant}")).await;
        answer.refused(400, "unsupported_grant_type");
    }
}
