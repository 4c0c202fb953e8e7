//! A service behind a gateway: which callers it believes, and which headers.

use crate::harness::{Answer, Authority, D1, GATEWAY, GRANT, Service, Setup};

fn service(lines: &str) -> (Service, String) {
    let setup = Setup::of(lines);
    setup.add("is_tbank01", "123", &["--scope", "cards pin"]);
    let thales = Authority::new(setup.folder(), "thales");
    let d1 = thales.issue("d1", "/C=FR/O=Thales/CN=d1", "DNS:d1.example");
    (setup.start(), d1.client_cert())
}

async fn ask(service: &Service, headers: &[(&str, &str)]) -> Answer {
    let request = service
        .post()
        .header("authorization", D1)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(GRANT);
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    Answer::of(request).await
}

#[tokio::test]
async fn the_gateway_says_who_asks() {
    let (service, certificate) = service(GATEWAY);
    let headers = [
        ("x-forwarded-for", "6.6.6.6, 192.0.2.7"),
        ("client-cert", certificate.as_str()),
    ];
    ask(&service, &headers).await.granted();
    ask(&service, &[]).await.granted();
    for headers in [
        [("x-forwarded-for", "somebody")],
        [("client-cert", "MIIB")],
        [("client-cert", ":MIIB:")],
    ] {
        assert_eq!(ask(&service, &headers).await.status, 400, "{headers:?}");
    }
    let audit = service.stop().audit();
    let issued: Vec<_> = audit
        .iter()
        .filter(|record| record["event"] == "token.issued")
        .collect();
    assert_eq!(issued.len(), 2);
    assert_eq!(issued[0]["source"], "192.0.2.7");
    assert_eq!(issued[0]["certificate"].as_str().unwrap().len(), 43);
    assert_eq!(issued[1]["source"], "127.0.0.1", "a request of its own");
    assert!(issued[1]["certificate"].is_null());
}

#[tokio::test]
async fn who_goes_around_the_gateway_is_refused() {
    let (service, certificate) = service(&GATEWAY.replace("127.0.0.1", "192.0.2.1"));
    let headers = [
        ("x-forwarded-for", "192.0.2.1"),
        ("client-cert", certificate.as_str()),
    ];
    assert_eq!(ask(&service, &headers).await.status, 403);
    assert_eq!(ask(&service, &[]).await.status, 403);
    for path in ["/oauth2/jwks", "/openapi.json"] {
        assert_eq!(service.get(path).await.status, 403, "{path}");
    }
}

#[tokio::test]
async fn without_a_gateway_its_headers_say_nothing() {
    let (service, certificate) = service("");
    let headers = [
        ("x-forwarded-for", "192.0.2.7"),
        ("client-cert", certificate.as_str()),
    ];
    ask(&service, &headers).await.granted();
    let audit = service.stop().audit();
    let issued = audit
        .iter()
        .find(|record| record["event"] == "token.issued")
        .unwrap();
    assert_eq!(issued["source"], "127.0.0.1");
    assert!(issued["certificate"].is_null());
}
