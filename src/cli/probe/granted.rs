//! Checks the reply with a token as D1 reads it, a line for each field. If D1's own request is
//! refused, reports the refusal.

use jiff::Timestamp;
use serde_json::Value;

use super::access_token;
use super::endpoint::Reply;
use super::report::{Field, Report, Verdict, or_none};

/// How far two times of one reply may differ, because the server may round one of them.
const TOLERANCE_SECONDS: u64 = 5;

/// Checks a reply with status 200 to a request for `scope`.
pub(super) fn check(report: &mut Report, reply: &Reply, scope: Option<&str>) {
    status(report, reply);
    headers(report, reply);
    let field = Field {
        name: "body",
        expected: "a JSON object",
        source: "RFC 6749 5.1",
    };
    let Some(body) = reply.object() else {
        let seen = String::from_utf8_lossy(&reply.body);
        report.add(&field, Verdict::Wrong, format!("no JSON object: {seen}"));
        return;
    };
    token_type(report, body.get("token_type"));
    let lifetime = expires_in(report, body.get("expires_in"));
    let now = server_time(reply);
    expires_at(report, body.get("expires_at"), now, lifetime);
    granted_scope(report, body.get("scope"), scope);
    access_token::check(report, body.get("access_token"), now, lifetime);
}

/// Reports the refusal of D1's own request.
pub(super) fn refusal(report: &mut Report, reply: &Reply) {
    status(report, reply);
    let body = reply.object().unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let seen = match (text("error"), text("error_description")) {
        (Some(error), Some(description)) => format!("{error}: {description}"),
        (Some(error), None) => error.to_owned(),
        (None, _) => String::from_utf8_lossy(&reply.body).into_owned(),
    };
    let field = Field {
        name: "error",
        expected: "a token",
        source: "RFC 6749 5.2",
    };
    report.add(&field, Verdict::Wrong, seen);
}

fn status(report: &mut Report, reply: &Reply) {
    let field = Field {
        name: "status",
        expected: "200",
        source: "D1's document; RFC 6749 5.1",
    };
    report.add(
        &field,
        Verdict::Wrong.unless(reply.status == 200),
        reply.status.as_u16().to_string(),
    );
}

fn headers(report: &mut Report, reply: &Reply) {
    let content_type = reply.header("content-type");
    let media_type = content_type
        .as_deref()
        .and_then(|value| value.split(';').next());
    let is_json =
        media_type.is_some_and(|name| name.trim().eq_ignore_ascii_case("application/json"));
    let field = Field {
        name: "Content-Type",
        expected: "application/json",
        source: "D1's document; RFC 6749 5.1",
    };
    report.add(
        &field,
        Verdict::Wrong.unless(is_json),
        or_none(content_type),
    );
    let cache_control = reply.header("cache-control");
    let field = Field {
        name: "Cache-Control",
        expected: "no-store",
        source: "RFC 6749 5.1",
    };
    report.add(
        &field,
        Verdict::Wrong.unless(has_no_store(reply)),
        or_none(cache_control),
    );
    let pragma = reply.header("pragma");
    let is_no_cache = pragma
        .as_deref()
        .is_some_and(|value| value.eq_ignore_ascii_case("no-cache"));
    let field = Field {
        name: "Pragma",
        expected: "no-cache",
        source: "RFC 6749 5.1",
    };
    report.add(
        &field,
        Verdict::Differs.unless(is_no_cache),
        or_none(pragma),
    );
}

/// Whether the reply says `no-store`.
pub(super) fn has_no_store(reply: &Reply) -> bool {
    let value = reply.header("cache-control").unwrap_or_default();
    value
        .split(',')
        .any(|word| word.trim().eq_ignore_ascii_case("no-store"))
}

fn token_type(report: &mut Report, value: Option<&Value>) {
    let field = Field {
        name: "token_type",
        expected: r#""Bearer""#,
        source: "D1's document, an enum of one",
    };
    let holds = value.is_some_and(|value| value == "Bearer");
    report.add(&field, Verdict::Wrong.unless(holds), or_none(value));
}

/// The lifetime in seconds. `None` if the value can't be read as seconds.
fn expires_in(report: &mut Report, value: Option<&Value>) -> Option<i64> {
    let field = Field {
        name: "expires_in",
        expected: r#"a string of digits, as "900""#,
        source: "D1's document",
    };
    let (verdict, seconds) = match value {
        Some(Value::String(text)) => {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let seconds = text.parse().ok().filter(|_| digits);
            (Verdict::Wrong.unless(seconds.is_some()), seconds)
        }
        Some(other) => (Verdict::Wrong, other.as_i64()),
        // D1's document doesn't require it, RFC 6749 recommends it.
        None => (Verdict::Differs, None),
    };
    let seen = match value {
        Some(number @ Value::Number(_)) => format!("{number}, a number"),
        other => or_none(other),
    };
    report.add(&field, verdict, seen);
    seconds
}

fn expires_at(report: &mut Report, value: Option<&Value>, now: Timestamp, lifetime: Option<i64>) {
    let form = Field {
        name: "expires_at",
        expected: r#"RFC 3339 in UTC with milliseconds, as "2023-06-06T05:05:59.711Z""#,
        source: "D1's published example",
    };
    let Some(value) = value else {
        report.add(&form, Verdict::Differs, or_none(None::<Value>));
        return;
    };
    let time = value.as_str().filter(|text| has_d1s_form(text));
    let Some(time) = time.and_then(|text| text.parse::<Timestamp>().ok()) else {
        report.add(&form, Verdict::Wrong, value.to_string());
        return;
    };
    let (expected, holds) = match lifetime {
        Some(lifetime) => {
            let off = time
                .as_second()
                .abs_diff(now.as_second().saturating_add(lifetime));
            (
                format!("expires_in ({lifetime} s) from now"),
                off <= TOLERANCE_SECONDS,
            )
        }
        None => ("a time in the future".to_owned(), time > now),
    };
    let consistent = Field {
        expected: &expected,
        ..form
    };
    report.add(&consistent, Verdict::Wrong.unless(holds), value.to_string());
}

/// Whether a text has exactly the form of `2023-06-06T05:05:59.711Z`.
fn has_d1s_form(text: &str) -> bool {
    let pattern = "0000-00-00T00:00:00.000Z";
    text.len() == pattern.len()
        && text
            .bytes()
            .zip(pattern.bytes())
            .all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                other => byte == other,
            })
}

fn granted_scope(report: &mut Report, value: Option<&Value>, asked: Option<&str>) {
    let mut field = Field {
        name: "scope",
        expected: "a string",
        source: "D1's document; RFC 6749 5.1",
    };
    let words = |text: &str| {
        let mut words: Vec<_> = text.split(' ').map(str::to_owned).collect();
        words.sort();
        words
    };
    let verdict = match (value, asked) {
        (Some(Value::String(got)), Some(asked)) => {
            field.expected = asked;
            Verdict::Differs.unless(words(got) == words(asked))
        }
        // A scope that is left out is the one that was asked for.
        (Some(Value::String(_)), None) | (None, _) => Verdict::Ok,
        (Some(_), _) => Verdict::Wrong,
    };
    report.add(&field, verdict, or_none(value));
}

/// The time of the server's `Date` header, else this machine's. A wrong clock of this machine must
/// not count against the server.
fn server_time(reply: &Reply) -> Timestamp {
    let date = reply.header("date");
    let date = date.and_then(|text| jiff::fmt::rfc2822::parse(&text).ok());
    date.map_or(reply.arrived, |date| date.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_the_form_of_d1s_example() {
        assert!(has_d1s_form("2023-06-06T05:05:59.711Z"));
        for other in [
            "2023-06-06T05:05:59Z",
            "2023-06-06T05:05:59.711+00:00",
            "2023-06-06 05:05:59.711Z",
            "2023-06-06T05:05:59.711123Z",
            "1686027959",
        ] {
            assert!(!has_d1s_form(other), "{other}");
        }
    }
}
