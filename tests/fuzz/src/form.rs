//! The body of a token request: the run time reads it, and the generated code decodes it with the
//! service's settings.
//!
//! Another form parser finds the same parameters in an accepted body, each once. So a gateway or a
//! reader of its log sees the same request as the service. An accepted form that is written again
//! reads as the same form.

use std::borrow::Cow;

use bytes::Bytes;
use d1_authz::api::{operations, types::Auth2Request};
use d1_authz::http::fuzzing;
use d1_authz::token::Credential;
use dropshot_contract::{Decode as _, Rejection, testing};
use http::{Request, header};

pub fn check(body: &[u8]) {
    let Ok(Some(form)) = read(body) else {
        return;
    };
    assert!(body.len() <= fuzzing::reading().body_bytes);
    let pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> = form_urlencoded::parse(body).collect();
    let values = |name: &str| -> Vec<&str> {
        let named = pairs.iter().filter(|(own, _)| own == name);
        named.map(|(_, value)| &**value).collect()
    };
    for (name, value) in fields(&form) {
        match value {
            Some(value) => assert_eq!(values(name), [value], "{name}"),
            None => assert!(matches!(values(name)[..], [] | [""]), "{name}"),
        }
    }
    let resources = form.resource.as_deref().unwrap_or_default();
    let seen = values("resource");
    assert!(seen == resources || resources.is_empty() && seen == [""]);

    let again = read(written(&form).as_bytes());
    let again = again.unwrap_or_else(|rejection| panic!("{form:?}: {rejection:?}"));
    assert_eq!(format!("{again:?}"), format!("{:?}", Some(&form)));

    // Without a header and a certificate, an assertion is the only possible credential.
    if let Ok(credential) = fuzzing::credential(None, &form, None) {
        assert!(matches!(credential, Credential::Assertion(_)));
        assert_eq!(form.client_secret, None);
    }
}

fn read(body: &[u8]) -> Result<Option<Auth2Request>, Rejection> {
    let request = Request::post("/oauth2/token")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Bytes::copy_from_slice(body))
        .expect("method, path and header are fixed, and good");
    let operation = &operations::GET_ACCESS_TOKEN;
    testing::received(operation, request, &fuzzing::reading())?.optional_body(Auth2Request::decode)
}

/// All parameters but `resource`, which a form may repeat.
fn fields(form: &Auth2Request) -> [(&'static str, Option<&str>); 6] {
    let Auth2Request {
        grant_type,
        scope,
        client_id,
        client_secret,
        client_assertion_type,
        client_assertion,
        resource: _,
    } = form;
    [
        ("grant_type", Some(grant_type.as_str())),
        ("scope", scope.as_deref()),
        ("client_id", client_id.as_deref()),
        ("client_secret", client_secret.as_deref()),
        ("client_assertion_type", client_assertion_type.as_deref()),
        ("client_assertion", client_assertion.as_deref()),
    ]
}

fn written(form: &Auth2Request) -> String {
    let mut out = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields(form) {
        out.extend_pairs(value.map(|value| (name, value)));
    }
    let resources = form.resource.iter().flatten();
    out.extend_pairs(resources.map(|resource| ("resource", resource)));
    out.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A parameter arrives as the client wrote it, and an empty one counts as absent (RFC 6749
    /// 3.2).
    fn parameter() -> impl Strategy<Value = Option<String>> {
        proptest::option::of(".{1,40}")
    }

    proptest! {
        #[test]
        fn what_a_client_writes_is_what_is_read(
            scope in parameter(), client_id in parameter(), client_secret in parameter(),
            client_assertion_type in parameter(), client_assertion in parameter(),
            resource in proptest::option::of(proptest::collection::vec(".{1,40}", 1..4)),
        ) {
            let grant_type = read(b"grant_type=client_credentials").unwrap().unwrap().grant_type;
            let form = Auth2Request {
                grant_type, scope, client_id, client_secret, client_assertion_type, client_assertion, resource,
            };
            let read = read(written(&form).as_bytes()).unwrap();
            prop_assert_eq!(format!("{read:?}"), format!("{:?}", Some(form)));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            check(&bytes);
        }

        /// The service refuses a parameter that appears twice, at any place and with any value (RFC
        /// 6749 3.2).
        #[test]
        fn a_repeated_parameter_is_refused(one in "[a-z]{0,5}", other in "[a-z]{0,5}", name in 0_usize..5) {
            let names = ["scope", "client_id", "client_secret", "client_assertion_type", "client_assertion"];
            let name = names[name];
            let body = format!("{name}={one}&grant_type=client_credentials&{name}={other}");
            prop_assert!(read(body.as_bytes()).is_err());
        }
    }
}
