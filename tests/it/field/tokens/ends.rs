//! The expiry of tokens.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::harness::signer::now;
use crate::harness::{Authority, GATEWAY, Term, parts};

/// The `exp` of a reply's token. Panics if `expires_in` or `expires_at` differ from it.
#[track_caller]
fn end(reply: &Value) -> i64 {
    let [_, claims] = parts(&access_token(reply));
    let (issued_at, end) = (claims["iat"].as_i64().unwrap(), claims["exp"].as_i64());
    let end = end.unwrap();
    let expires_in = match &reply["expires_in"] {
        Value::String(text) => text.parse::<i64>().unwrap(),
        number => number.as_i64().unwrap(),
    };
    assert_eq!(issued_at + expires_in, end, "{reply}");
    let expires_at: Timestamp = reply["expires_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(expires_at.as_second(), end, "{reply}");
    end
}

/// "Tokens outlive their client's end".
#[tokio::test]
async fn a_token_ends_with_its_client_at_the_latest() {
    let ends_at = now() + 60;
    let text = Timestamp::from_second(ends_at).unwrap().to_string();
    let setup = Setup::with_resource_server();
    setup.add("brief", "123", &["--expires", &text]);
    setup.add(
        "number",
        "123",
        &["--expires", &text, "--expires-in-as", "number"],
    );
    let uneven_end = Timestamp::now() + SignedDuration::from_secs(90);
    setup.add("uneven", "123", &["--expires", &uneven_end.to_string()]);
    let service = setup.start();
    for id in ["brief", "number"] {
        let reply = granted(&service, &basic(id, "123")).await;
        assert_eq!(end(&reply), ends_at, "{id}");
        assert!(is_active(&service, &access_token(&reply)).await);
    }
    let uneven = granted(&service, &basic("uneven", "123")).await;
    assert_eq!(end(&uneven), uneven_end.as_second());
    assert!(end(&granted(&service, D1).await) > now() + 800);

    // A later change of the client's end applies to new tokens.
    let set = ["client", "set", "is_tbank01", "--expires", &text];
    service.setup.run(&set).ok();
    let ask = async || end(&granted(&service, D1).await);
    eventually("the new end", ask, |end| *end == ends_at).await;
}

/// "Tokens outlive their client's end": nor does a token outlive the certificate that it is bound
/// to.
#[tokio::test]
async fn a_bound_token_ends_with_its_certificate_at_the_latest() {
    let setup = Setup::of(GATEWAY);
    setup.add("bound", "123", &["--bind-certificate", "required"]);
    setup.add("free", "123", &[]);
    let authority = Authority::new(setup.folder(), "thales");
    let soon = Timestamp::now() + Duration::from_secs(120);
    let term = Term::Until(soon);
    let brief = authority.issue_for("brief", "/CN=d1", "DNS:d1.example", term);
    let past = authority.issue_for("past", "/CN=d1", "DNS:d1.example", Term::Past);
    let service = setup.start();
    let ask = async |id: &str, certificate: &str| {
        let request = service
            .post()
            .header("authorization", basic(id, "123"))
            .header("client-cert", certificate)
            .form(&[("grant_type", "client_credentials")]);
        Answer::of(request).await
    };
    let reply = ask("bound", &brief.client_cert()).await.granted();
    assert_eq!(end(&reply), soon.as_second());
    let reply = ask("free", &brief.client_cert()).await.granted();
    assert!(end(&reply) > now() + 800, "it depends on no certificate");
    let expired = ask("bound", &past.client_cert()).await;
    expired.refused(400, "invalid_request");
    let reasons = service.stop().reasons();
    assert_eq!(reasons, ["certificate_expired"]);
}
