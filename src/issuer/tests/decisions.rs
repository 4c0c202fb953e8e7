//! What a request gets, and what the trail says about it.

use super::*;

#[tokio::test]
async fn a_good_request_gets_a_token_that_verifies() {
    let service = Service::start().await;
    let issued = service.ask("d1", &service.secret).await.unwrap();
    assert_eq!(issued.expires_in, Lifetime::DEFAULT);
    assert_eq!(
        issued.expires_at.to_string(),
        "2023-11-14T22:28:20Z",
        "the second the request came in, and 900 more"
    );
    assert_eq!(
        (issued.scope.as_str(), issued.expires_in_as),
        ("a b", ExpiresInAs::String)
    );
    let name = "http://127.0.0.1:8080/authz/d1/v1";
    let expected = Expected {
        issuer: Some(name),
        audience: Some(name),
        now: service.clock.now(),
    };
    let verified = verify(&issued.access_token, &service.issuer.jwks(), &expected).unwrap();
    assert_eq!(verified.claims["sub"], "d1");
    assert_eq!(verified.claims["client_id"], "d1");
    assert_eq!(verified.claims["scope"], "a b");
    assert_eq!(verified.claims["iat"], NOW);
    assert_eq!(verified.claims["exp"], issued.expires_at.as_second());
    let later = Expected {
        now: issued.expires_at,
        ..expected
    };
    assert!(matches!(
        verify(&issued.access_token, &service.issuer.jwks(), &later),
        Err(VerifyError::Expired(_))
    ));

    let again = service.ask("d1", &service.secret).await.unwrap();
    assert_ne!(again.token_id, issued.token_id, "jti is unique");
    assert!(!format!("{issued:?}").contains(&issued.access_token));
}

#[tokio::test]
async fn what_a_client_is_set_to_shows_in_its_tokens() {
    let service = Service::start().await;
    let mut set = client("set");
    set.audiences = vec![
        "https://one.example".parse().unwrap(),
        "https://two.example".parse().unwrap(),
    ];
    set.token_lifetime = Some(Lifetime::from_secs(60).unwrap());
    set.expires_in_as = ExpiresInAs::Number;
    let secret = service.add(set, None).await;
    let issued = service.ask("set", &secret).await.unwrap();
    assert_eq!(
        (issued.expires_in.as_secs(), issued.expires_in_as),
        (60, ExpiresInAs::Number)
    );
    let expected = Expected {
        issuer: None,
        audience: Some("https://two.example"),
        now: service.clock.now(),
    };
    let verified = verify(&issued.access_token, &service.issuer.jwks(), &expected).unwrap();
    assert_eq!(
        verified.claims["aud"],
        serde_json::json!(["https://one.example", "https://two.example"])
    );
}

#[tokio::test]
async fn every_refusal_has_the_error_of_rfc_6749_and_its_true_reason() {
    let service = Service::start().await;
    let mut no_grant = client("no-grant");
    no_grant.grants = Vec::new();
    let no_grant_secret = service.add(no_grant, None).await;
    let good = || request("d1", &service.secret);
    let cases = [
        (
            without(CredentialError::Missing, good()),
            ErrorCode::InvalidClient,
            "no_credential",
        ),
        (
            without(CredentialError::Repeated, good()),
            ErrorCode::InvalidRequest,
            "repeated_authorization_header",
        ),
        (
            without(CredentialError::TwoMethods, good()),
            ErrorCode::InvalidRequest,
            "two_authentication_methods",
        ),
        (
            request("d2", &service.secret),
            ErrorCode::InvalidClient,
            "unknown_client",
        ),
        (
            request("d1", "wrong"),
            ErrorCode::InvalidClient,
            "wrong_secret",
        ),
        (
            request("D1", &service.secret),
            ErrorCode::InvalidClient,
            "unknown_client",
        ),
        (
            naming("d2", good()),
            ErrorCode::InvalidRequest,
            "client_id_mismatch",
        ),
        (
            TokenRequest {
                grant_type: None,
                ..good()
            },
            ErrorCode::InvalidRequest,
            "grant_missing",
        ),
        (
            TokenRequest {
                grant_type: Some("password"),
                ..good()
            },
            ErrorCode::UnsupportedGrantType,
            "grant_unknown",
        ),
        (
            request("no-grant", &no_grant_secret),
            ErrorCode::UnauthorizedClient,
            "grant_not_allowed",
        ),
        (
            TokenRequest {
                scope: Some("a c"),
                ..good()
            },
            ErrorCode::InvalidScope,
            "scope_not_allowed",
        ),
        (
            TokenRequest {
                scope: Some("a  b"),
                ..good()
            },
            ErrorCode::InvalidScope,
            "scope_malformed",
        ),
    ];
    for (request, code, name) in cases {
        let refusal = service.issuer.issue(request).await.unwrap_err();
        assert_eq!((refusal.code(), refusal.reason.name()), (code, name));
        let record = service.records().await.pop().unwrap();
        assert_eq!(
            (&record["event"], &record["reason"]),
            (&"token.refused".into(), &name.into())
        );
        assert_eq!(record["error"], code.as_str());
    }
    let narrowed = TokenRequest {
        scope: Some("b"),
        ..naming("d1", good())
    };
    assert_eq!(
        service.issuer.issue(narrowed).await.unwrap().scope.as_str(),
        "b"
    );
}

#[tokio::test]
async fn the_trail_names_the_token_and_holds_neither_it_nor_a_secret() {
    let service = Service::start().await;
    let issued = service.ask("d1", &service.secret).await.unwrap();
    service.ask("d1", "a-wrong-secret").await.unwrap_err();
    service.ask(&service.secret, "x").await.unwrap_err();
    let records = service.records().await;
    assert_eq!(records[0]["jti"], *issued.token_id);
    assert_eq!(
        records[0]["kid"],
        service.issuer.jwks().keys[0].common.key_id.clone().unwrap()
    );
    assert_eq!(
        (&records[0]["source"], &records[0]["correlation_id"]),
        (&"192.0.2.7".into(), &"corr-1".into())
    );
    let text = format!("{records:?}");
    for secret in [
        issued.access_token.as_str(),
        &service.secret,
        "a-wrong-secret",
    ] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn form_encoded_chosen_secrets_work_and_never_name_another_client() {
    let service = Service::start().await;
    service.add(client("bank@example"), Some("s+/= ü")).await;
    for (id, secret) in [
        ("bank@example", "s+/= ü"),
        ("bank%40example", "s%2B%2F%3D+%C3%BC"),
        ("bank%40example", "s%2B/=%20ü"),
    ] {
        service
            .ask(id, secret)
            .await
            .unwrap_or_else(|refusal| panic!("{id} {secret}: {refusal:?}"));
    }
    assert_eq!(
        service.reason(request("bank%40example", "s+/= ü")).await,
        Reason::WrongSecret,
        "decoded, it is another"
    );
}

#[tokio::test]
async fn without_its_record_no_token_leaves() {
    let mut service = Service::start().await;
    service.issuer.records.trail = Trail::stopped();
    let refusal = service.ask("d1", &service.secret).await.unwrap_err();
    assert_eq!(
        (refusal.code(), refusal.reason),
        (ErrorCode::TemporarilyUnavailable, Reason::AuditUnavailable)
    );
    assert!(retry_after(&refusal).is_some());
    assert_eq!(
        service.reason(request("d1", "wrong")).await,
        Reason::WrongSecret
    );
}
