//! A client assertion (RFC 7523 3), read, checked, and its signature verified with the client's
//! keys.
//!
//! A parsed assertion has one spelling: message and signature joined again are the input text. An
//! accepted assertion names its client as issuer and subject, is only for this service, expires
//! within minutes, and has a signature of the client's key.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use d1_authz::keys::ClientKeys;
use d1_authz::token::{AssertionAudience, ClientAssertion, ClientId};
use jiff::Timestamp;

use crate::signer::{self, ISSUER, KEY_ID, NOW};

static KEYS: LazyLock<ClientKeys> = LazyLock::new(|| {
    ClientKeys::parse(&signer::jwks().to_string()).expect("the signer's set is a client's")
});

pub fn check(bytes: &[u8]) {
    let text = signer::jwt(bytes);
    let Ok(assertion) = ClientAssertion::parse(&text) else {
        return;
    };
    assert!(text.len() <= ClientAssertion::MAX_LENGTH);
    let (message, signature) = (assertion.message(), assertion.signature());
    let again = format!(
        "{}.{}",
        String::from_utf8_lossy(message),
        URL_SAFE_NO_PAD.encode(signature)
    );
    assert_eq!(again, text, "two texts of one assertion");
    assert!((1..=255).contains(&assertion.id().len()));

    let parts = signer::parts(&text);
    let key_fits = assertion.key_id().is_none_or(|id| id == KEY_ID);
    // RFC 9864 2.2: the algorithm has two names.
    let algorithm_fits = assertion.algorithm().is("EdDSA");
    let expected = algorithm_fits && key_fits && signer::signed(message, signature);
    let verified = KEYS.verify(
        assertion.algorithm(),
        assertion.key_id(),
        message,
        signature,
    );
    assert_eq!(verified, expected, "its signature");

    let now = Timestamp::from_second(NOW).expect("a second of this century");
    let endpoint = format!("{ISSUER}/oauth2/token");
    if let Ok(audience) = assertion.check(ISSUER, &endpoint, now) {
        let subject = parts.text("sub").unwrap_or_default();
        assert_eq!(parts.text("iss"), Some(subject));
        assert_eq!(assertion.client_id(), Some(subject));
        assert!(ClientId::parse(subject).is_ok(), "{subject}");
        match audience {
            AssertionAudience::Issuer => assert_eq!(parts.audiences(), [ISSUER]),
            AssertionAudience::TokenEndpoint => {
                let own = |name: &&str| **name == *ISSUER || **name == *endpoint;
                assert!(parts.audiences().iter().all(|name| own(&&**name)));
            }
        }
        let longest = ClientAssertion::MAX_LIFETIME + ClientAssertion::LEEWAY + 1;
        let left = assertion.expires_at(audience) - NOW;
        assert!((1..=longest).contains(&left), "{left} s");
    }
}
