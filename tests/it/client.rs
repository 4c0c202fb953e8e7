//! Another generator makes a client of the served document. The document says enough to call the
//! service, and the service answers as it says.

use crate::harness::{D1, Service, Setup, basic};

progenitor::generate_api!(spec = "openapi/served.json", interface = Positional);

use types::{Auth2Request, Auth2RequestGrantType, PresentedToken, TokenErrorCode};

fn client(service: &Service) -> Client {
    Client::new(&service.url(""))
}

fn asked(scope: Option<&str>) -> Auth2Request {
    Auth2Request {
        grant_type: Auth2RequestGrantType::ClientCredentials,
        scope: scope.map(str::to_owned),
        client_id: None,
        client_secret: None,
        client_assertion: None,
        client_assertion_type: None,
        resource: Vec::new(),
    }
}

#[tokio::test]
async fn a_token_is_of_the_documents_type() {
    let service = Setup::with_d1().start();
    let reply = client(&service)
        .get_access_token(D1, &asked(Some("pin")))
        .await
        .unwrap();
    assert_eq!(reply.headers()["cache-control"], "no-store");
    let reply = reply.into_inner();
    assert_eq!(reply.expires_in.as_deref(), Some("900"));
    assert_eq!(reply.scope.as_deref(), Some("pin"));
    assert_eq!(reply.access_token.split('.').count(), 3);
}

#[tokio::test]
async fn errors_are_of_the_documents_type() {
    let service = Setup::with_d1().start();
    let client = client(&service);
    for (credential, scope, status, error) in [
        (
            basic("nobody", "x"),
            None,
            401,
            TokenErrorCode::InvalidClient,
        ),
        (
            D1.to_owned(),
            Some("other"),
            400,
            TokenErrorCode::InvalidScope,
        ),
    ] {
        match client.get_access_token(&credential, &asked(scope)).await {
            Err(progenitor::progenitor_client::Error::ErrorResponse(answer)) => {
                assert_eq!(answer.status(), status);
                assert_eq!(answer.into_inner().error, error);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn what_a_token_says_is_of_the_documents_type() {
    let setup = Setup::with_d1();
    setup.add("cards-api", "123", &["--allow", "introspect"]);
    let service = setup.start();
    let as_client = |authorization: &str| {
        let headers = [(
            reqwest::header::AUTHORIZATION,
            authorization.parse().unwrap(),
        )];
        let http = reqwest::Client::builder().default_headers(headers.into_iter().collect());
        Client::new_with_client(&service.url(""), http.build().unwrap())
    };
    let (owner, server) = (as_client(D1), as_client(&basic("cards-api", "123")));
    let reply = client(&service).get_access_token(D1, &asked(None)).await;
    let token = PresentedToken {
        token: reply.unwrap().access_token.parse().unwrap(),
        token_type_hint: None,
        client_id: None,
        client_secret: None,
        client_assertion_type: None,
        client_assertion: None,
    };
    let said = server.introspect_token(&token).await.unwrap().into_inner();
    assert!(said.active && said.client_id.as_deref() == Some("is_tbank01"));
    owner.revoke_token(&token).await.unwrap();
    let said = server.introspect_token(&token).await.unwrap().into_inner();
    assert!(!said.active && said.client_id.is_none());
    match owner.introspect_token(&token).await {
        Err(progenitor::progenitor_client::Error::ErrorResponse(answer)) => {
            assert_eq!(answer.status(), 403);
            assert_eq!(answer.error, TokenErrorCode::UnauthorizedClient);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn keys_and_document_are_of_the_documents_types() {
    let service = Setup::empty().start();
    let client = client(&service);
    let keys = client
        .get_json_web_key_set()
        .await
        .unwrap()
        .into_inner()
        .keys;
    assert_eq!(keys.len(), 1);
    assert_eq!(keys[0].alg, "ES256");
    let document = client.get_open_api_document().await.unwrap().into_inner();
    assert_eq!(document["openapi"], "3.0.0");
}
