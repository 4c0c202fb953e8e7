//! Credentials, over HTTP.

use dropshot_contract as rt;

use crate::harness::{Answer, Server, send};
use crate::replies::{PET, Service, server};

async fn put(server: &Server<Service>, headers: &[(&str, &str)]) -> Answer {
    let request = server
        .request("PUT", "/v1/pets/1")
        .header("content-type", "application/json")
        .body(PET);
    send(headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    }))
    .await
}

#[tokio::test]
async fn alternatives_and_combinations() {
    let server = server(rt::Options::default());
    for headers in [
        &[("authorization", "Basic dXNlcjpwYXNzOndvcmQ=")][..],
        &[("authorization", "basic  dXNlcjpwYXNzOndvcmQ=")],
        &[
            ("authorization", "bearer abc.d_e~f+/="),
            ("x-api-key", "key"),
        ],
    ] {
        assert_eq!(put(&server, headers).await.status, 200, "{headers:?}");
    }
    for headers in [
        &[][..],
        &[("x-api-key", "key")],
        &[("authorization", "Bearer abc")],
        &[("authorization", "Digest username=x")],
        &[("authorization", "")],
    ] {
        let answer = put(&server, headers).await;
        assert_eq!(answer.refusal(), "401 credentials ", "{headers:?}");
        let challenge = answer.header("www-authenticate").unwrap();
        assert_eq!(
            challenge,
            "Basic realm=\"api\", charset=\"UTF-8\", ApiKey realm=\"api\", in=\"header\", name=\"X-Api-Key\", \
             Bearer realm=\"api\""
        );
    }
}

#[tokio::test]
async fn malformed_credentials() {
    let server = server(rt::Options::default());
    for (value, word) in [
        ("Basic !", "base64"),
        ("Basic", "base64"),
        ("Basic dXNlcg==", "user:password"),
        ("Basic dXNlcjpwYXNz dXNlcjpwYXNz", "base64"),
        ("Basic dXNlcjr/", "base64"),
        ("Bearer a b", "bearer token"),
        ("Bearer ", "bearer token"),
    ] {
        let answer = put(&server, &[("authorization", value), ("x-api-key", "key")]).await;
        assert_eq!(answer.refusal(), "401 credentials ", "{value}");
        assert!(
            answer.json()["message"].as_str().unwrap().contains(word),
            "{value}: {}",
            answer.text
        );
        assert!(
            answer
                .header("www-authenticate")
                .unwrap()
                .starts_with("Basic "),
            "{value}"
        );
    }
    let basic = ("authorization", "Basic dXNlcjpwYXNz");
    let answer = put(&server, &[basic, basic]).await;
    assert_eq!(
        answer.refusal(),
        "400 repeated_parameter header/Authorization"
    );
    let answer = put(&server, &[("x-api-key", "a"), ("x-api-key", "b")]).await;
    assert_eq!(answer.refusal(), "400 repeated_parameter header/X-Api-Key");
}

#[tokio::test]
async fn credentials_do_not_print_their_secrets() {
    let server = server(rt::Options::default());
    let answer = put(
        &server,
        &[
            ("authorization", "Basic dXNlcjpzZWNyZXQ="),
            ("x-debug", "1"),
        ],
    )
    .await;
    assert_eq!(
        answer.text,
        "Basic(Basic { username: \"user\", password: … })"
    );
    let answer = put(
        &server,
        &[
            ("authorization", "Bearer secret"),
            ("x-api-key", "secret"),
            ("x-debug", "1"),
        ],
    )
    .await;
    assert_eq!(answer.text, "Key { key: ApiKey(…), token: Bearer(…) }");
}
