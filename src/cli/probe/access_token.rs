//! Checks the access token itself. D1 only carries it, and resource servers read it. The signature
//! is not checked, because D1 has no keys: `token verify` checks it.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::report::{Field, Report, Verdict, or_none};
use crate::token::decoded_part;

/// RFC 6750 5.3 recommends an hour at most.
const LONGEST_SECONDS: i64 = 60 * 60;
/// How far `exp` may differ from `expires_in`, because the server may round one of them.
const TOLERANCE_SECONDS: i64 = 5;

/// Checks the member `access_token` of a reply that was made at `now` and gives the token
/// `lifetime` seconds.
pub(super) fn check(
    report: &mut Report,
    value: Option<&Value>,
    now: Timestamp,
    lifetime: Option<i64>,
) {
    let field = Field {
        name: "access_token",
        expected: "a string that can stand after `Bearer `",
        source: "D1's document; RFC 6750 2.1",
    };
    let Some(token) = value.and_then(Value::as_str) else {
        report.add(
            &field,
            Verdict::Wrong,
            if value.is_some() { "no string" } else { "none" },
        );
        return;
    };
    let verdict = Verdict::Wrong.unless(is_bearer_token(token));
    report.add(
        &field,
        verdict,
        format!("a string of {} characters", token.chars().count()),
    );
    let field = Field {
        name: "its form",
        expected: "a JWT, which resource servers can check by themselves",
        source: "RFC 9068 2",
    };
    let Some((header, claims)) = parts(token) else {
        report.add(&field, Verdict::Differs, "no JWT");
        return;
    };
    report.add(&field, Verdict::Ok, "a JWT");
    check_header(report, &header);
    check_claims(report, &claims);
    check_time(report, &claims, now, lifetime);
}

fn check_header(report: &mut Report, header: &Map<String, Value>) {
    let text = |name: &str| header.get(name).and_then(Value::as_str).unwrap_or_default();
    let typ = text("typ").to_ascii_lowercase();
    let field = Field {
        name: "typ",
        expected: r#""at+jwt""#,
        source: "RFC 9068 2.1",
    };
    let holds = ["at+jwt", "application/at+jwt"].contains(&typ.as_str());
    report.add(
        &field,
        Verdict::Differs.unless(holds),
        or_none(header.get("typ")),
    );
    let alg = text("alg");
    let is_signed = !alg.is_empty() && !alg.eq_ignore_ascii_case("none");
    let is_public = is_signed && !alg.starts_with("HS");
    let field = Field {
        name: "alg",
        expected: "a signature that anyone can check and only the server can make",
        source: "RFC 9068 2.1",
    };
    let verdict = match (is_signed, is_public) {
        (false, _) => Verdict::Wrong,
        (true, false) => Verdict::Differs,
        (true, true) => Verdict::Ok,
    };
    report.add(&field, verdict, or_none(header.get("alg")));
    let field = Field {
        name: "kid",
        expected: "the name of a published key",
        source: "RFC 7515 4.1.4",
    };
    report.add(
        &field,
        Verdict::Differs.unless(!text("kid").is_empty()),
        or_none(header.get("kid")),
    );
}

fn check_claims(report: &mut Report, claims: &Map<String, Value>) {
    for (name, expected) in [
        ("iss", "the server's issuer"),
        ("sub", "the client"),
        ("client_id", "the client"),
        ("jti", "a unique text"),
    ] {
        let holds = claims
            .get(name)
            .is_some_and(|value| value.as_str().is_some_and(|text| !text.is_empty()));
        let field = Field {
            name,
            expected,
            source: "RFC 9068 2.2",
        };
        report.add(
            &field,
            Verdict::Differs.unless(holds),
            or_none(claims.get(name)),
        );
    }
    let holds = match claims.get("aud") {
        Some(Value::String(audience)) => !audience.is_empty(),
        Some(Value::Array(audiences)) => {
            !audiences.is_empty() && audiences.iter().all(Value::is_string)
        }
        _ => false,
    };
    let field = Field {
        name: "aud",
        expected: "the API that it is for: without aud, every API would have to accept it",
        source: "RFC 9068 2.2; RFC 6750 5.2",
    };
    report.add(
        &field,
        Verdict::Differs.unless(holds),
        or_none(claims.get("aud")),
    );
}

fn check_time(
    report: &mut Report,
    claims: &Map<String, Value>,
    now: Timestamp,
    lifetime: Option<i64>,
) {
    let number = |name: &str| claims.get(name).and_then(Value::as_i64);
    let issued = number("iat");
    let field = Field {
        name: "iat",
        expected: "now, by the server's clock",
        source: "RFC 9068 2.2",
    };
    let holds = issued
        .is_some_and(|issued| issued.abs_diff(now.as_second()) <= TOLERANCE_SECONDS.unsigned_abs());
    report.add(
        &field,
        Verdict::Differs.unless(holds),
        or_none(claims.get("iat")),
    );
    let left = number("exp").map(|expires| expires.saturating_sub(now.as_second()));
    let (expected, verdict) = match (left, lifetime) {
        (None, _) => ("seconds since 1970".to_owned(), Verdict::Differs),
        (Some(left), Some(lifetime)) => {
            let expected = format!("expires_in ({lifetime} s) from now");
            // If `exp` is too early, D1 uses a token that is refused. If it is too late, D1 only
            // asks too often.
            let verdict = match left.saturating_sub(lifetime) {
                off if off < -TOLERANCE_SECONDS => Verdict::Wrong,
                off => Verdict::Differs.unless(off <= TOLERANCE_SECONDS),
            };
            (expected, verdict)
        }
        (Some(left), None) => (
            "a time in the future".to_owned(),
            Verdict::Wrong.unless(left > 0),
        ),
    };
    let field = Field {
        name: "exp",
        expected: &expected,
        source: "RFC 9068 2.2; RFC 6749 5.1",
    };
    report.add(&field, verdict, or_none(claims.get("exp")));
    let field = Field {
        name: "lifetime",
        expected: "an hour at most",
        source: "RFC 6750 5.3",
    };
    if let Some(lifetime) = left.or(lifetime) {
        report.add(
            &field,
            Verdict::Differs.unless(lifetime <= LONGEST_SECONDS),
            format!("{lifetime} s"),
        );
    }
}

/// `b64token` of RFC 6750 2.1.
fn is_bearer_token(token: &str) -> bool {
    let body = token.trim_end_matches('=');
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    !body.is_empty() && body.bytes().all(allowed)
}

fn parts(token: &str) -> Option<(Map<String, Value>, Map<String, Value>)> {
    let mut parts = token.split('.');
    let mut object = || decoded_part(parts.next()?);
    let (header, claims) = (object()?, object()?);
    (parts.count() == 1).then_some((header, claims))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_fits_in_its_header() {
        assert!(is_bearer_token("aZ09-._~+/==") && is_bearer_token("a.b.c"));
        for other in ["", "=", "a b", "a=b", "a\r\nb", "é"] {
            assert!(!is_bearer_token(other), "{other:?}");
        }
    }

    #[test]
    fn a_jwt_has_two_objects_and_a_signature() {
        assert!(parts("e30.e30.").is_some() && parts("e30.e30.x").is_some());
        for other in ["", "e30", "e30.e30", "e30.e30.x.y", "e30.!.x", "W10.e30.x"] {
            assert!(parts(other).is_none(), "{other:?}");
        }
    }
}
