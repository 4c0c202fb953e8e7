//! The requests after the first: D1's own in other spellings, which a server should accept, and
//! wrong ones, which it must refuse.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};

use super::credential::{Alphabet, Credential};
use super::endpoint::{Endpoint, Request};
use super::refused::{self, Refusal};
use super::report::{Field, Report, Verdict};

const GRANT: &str = "grant_type=client_credentials";

/// Sends all requests, one after another.
pub(super) async fn check(
    report: &mut Report,
    endpoint: &Endpoint,
    credential: &Credential,
    scope: Option<&str>,
) {
    spellings(report, endpoint, credential, scope).await;
    let own = || credential.header();
    let with_more = Request::form(own(), format!("{GRANT}&d1_probe=1"));
    let field = Field {
        name: "unknown parameter",
        expected: "to be ignored: 200",
        source: "RFC 6749 3.2",
    };
    accepted(report, endpoint, &field, Verdict::Wrong, with_more).await;

    let requests = [
        (&refused::NO_GRANT, Request::form(own(), String::new())),
        (
            &refused::OTHER_GRANT,
            Request::form(own(), "grant_type=d1_probe".to_owned()),
        ),
        (
            &refused::TWICE,
            Request::form(own(), format!("{GRANT}&{GRANT}")),
        ),
        (&refused::JSON, json(own())),
        (&refused::GET, get(own())),
        // Last, because a server may delay the requests after it.
        (
            &refused::WRONG_SECRET,
            Request::form(credential.with_wrong_secret(), GRANT.to_owned()),
        ),
    ];
    for (refusal, request) in requests {
        refuses(report, endpoint, refusal, request).await;
    }
}

/// The right credential in every way that clients in the field write it.
async fn spellings(
    report: &mut Report,
    endpoint: &Endpoint,
    credential: &Credential,
    scope: Option<&str>,
) {
    let base64 = |alphabet| credential.header_in(alphabet);
    let document = "D1's document: base64url";
    let example = "D1's published example";
    let unpadded = "RFC 4648 3.2: some leave it out";
    for (name, header, otherwise, source) in [
        (
            "standard base64",
            base64(Alphabet::Standard),
            Verdict::Wrong,
            example,
        ),
        (
            "base64url",
            base64(Alphabet::UrlSafe),
            Verdict::Wrong,
            document,
        ),
        (
            "standard base64 without =",
            base64(Alphabet::StandardUnpadded),
            Verdict::Differs,
            unpadded,
        ),
        (
            "base64url without =",
            base64(Alphabet::UrlSafeUnpadded),
            Verdict::Differs,
            unpadded,
        ),
        (
            "form-encoded first",
            credential.form_encoded(),
            Verdict::Differs,
            "RFC 6749 2.3.1",
        ),
        (
            "scheme in lower case",
            credential.in_lower_case(),
            Verdict::Differs,
            "RFC 7617 2",
        ),
    ] {
        let field = Field {
            name,
            expected: "200",
            source,
        };
        if header == credential.header() {
            report.add(&field, Verdict::Ok, "the same text as in the first request");
            continue;
        }
        let request = Request::for_token(header, scope);
        accepted(report, endpoint, &field, otherwise, request).await;
    }
}

async fn accepted(
    report: &mut Report,
    endpoint: &Endpoint,
    field: &Field<'_>,
    otherwise: Verdict,
    request: Request,
) {
    match endpoint.send(request).await {
        Ok(reply) => {
            let verdict = otherwise.unless(reply.status == 200);
            report.add(field, verdict, refused::shown(&reply));
        }
        Err(error) => report.add(field, Verdict::Wrong, error),
    }
}

async fn refuses(report: &mut Report, endpoint: &Endpoint, refusal: &Refusal, request: Request) {
    match endpoint.send(request).await {
        Ok(reply) => refused::check(report, &reply, refusal),
        Err(error) => report.add(&refusal.field(), Verdict::Wrong, error),
    }
}

/// The parameters as JSON, which only some servers accept.
fn json(authorization: HeaderValue) -> Request {
    let body = r#"{"grant_type":"client_credentials"}"#;
    let mut request = Request::form(authorization, body.to_owned());
    let json = HeaderValue::from_static("application/json");
    request.headers.insert(CONTENT_TYPE, json);
    request
}

/// A GET request. It has no parameters, because they would have to be in the URL.
fn get(authorization: HeaderValue) -> Request {
    let mut request = Request::form(authorization, String::new());
    request.method = Method::GET;
    request.headers.remove(CONTENT_TYPE);
    request
}
