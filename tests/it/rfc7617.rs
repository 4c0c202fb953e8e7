//! RFC 7617, The 'Basic' HTTP Authentication Scheme.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use crate::harness::{D1, GRANT, Setup, basic};

#[tokio::test]
async fn section_2_the_scheme_is_in_any_case() {
    let service = Setup::with_d1().start();
    for scheme in ["Basic", "basic", "BASIC", "bAsIc"] {
        let credential = D1.replacen("Basic", scheme, 1);
        service.token(&credential, GRANT).await.granted();
    }
    service
        .token(&D1.replacen(' ', "   ", 1), GRANT)
        .await
        .granted();
}

#[tokio::test]
async fn section_2_the_id_ends_at_the_first_colon() {
    let setup = Setup::empty();
    setup.add("id", "a:b:c", &[]);
    let service = setup.start();
    service.token(&basic("id", "a:b:c"), GRANT).await.granted();
    let without = format!("Basic {}", STANDARD.encode("id"));
    service
        .token(&without, GRANT)
        .await
        .refused(401, "invalid_client");
}

#[tokio::test]
async fn section_2_no_control_characters() {
    let service = Setup::with_d1().start();
    for (id, secret) in [
        ("is_tbank01", "12\u{0}3"),
        ("is_tbank01\n", "123"),
        ("is_tbank01", "123\r\n"),
    ] {
        let answer = service.token(&basic(id, secret), GRANT).await;
        answer.refused(401, "invalid_client");
    }
}

#[tokio::test]
async fn section_2_1_the_credential_is_utf_8() {
    let setup = Setup::empty();
    setup.add("id", "pässwörd", &[]);
    let service = setup.start();
    service
        .token(&basic("id", "pässwörd"), GRANT)
        .await
        .granted();
    let latin_1 = format!("Basic {}", STANDARD.encode(b"id:p\xe4ssw\xf6rd"));
    service
        .token(&latin_1, GRANT)
        .await
        .refused(401, "invalid_client");
}

/// The vendor's contract says base64url, but its example is base64 with padding.
#[tokio::test]
async fn base64_is_read_in_both_alphabets_with_or_without_padding() {
    let setup = Setup::empty();
    // The base64 has `+` and `/`, which base64url doesn't have, and two characters of padding.
    let secret = "??>>~~??>>~~~";
    setup.add("id", secret, &[]);
    let service = setup.start();
    let text = format!("id:{secret}");
    let encoded = [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD]
        .map(|engine| engine.encode(&text));
    assert!(
        encoded[0].contains(['+', '/']) && encoded[0].ends_with('='),
        "{encoded:?}"
    );
    assert!(
        encoded
            .iter()
            .collect::<std::collections::HashSet<_>>()
            .len()
            == 4
    );
    for credential in encoded {
        service
            .token(&format!("Basic {credential}"), GRANT)
            .await
            .granted();
    }
}

#[tokio::test]
async fn what_is_no_base64_is_refused() {
    let service = Setup::with_d1().start();
    for credential in [
        "!!!!",
        "aXNfdGJhbmswMToxMjM=aXNf",
        "aXNf dGJhbmswMToxMjM=",
        // The same bytes with other unused bits at the end: a second spelling of the credential.
        "aXNfdGJhbmswMToxMjN=",
        "====",
    ] {
        let answer = service.token(&format!("Basic {credential}"), GRANT).await;
        answer.refused(401, "invalid_client");
    }
    service
        .token(&format!("Basic {}", "A".repeat(6000)), GRANT)
        .await
        .refused(401, "invalid_client");
    service.token(D1, GRANT).await.granted();
}
