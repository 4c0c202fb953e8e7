//! Checks a refusal: the status first, then the name of the error and the headers.

use serde_json::Value;

use super::endpoint::Reply;
use super::granted::has_no_store;
use super::report::{Field, Report, Verdict, or_none};

/// The refusal that a wrong request should get.
pub(super) struct Refusal {
    name: &'static str,
    status: u16,
    error: &'static str,
    source: &'static str,
    /// Whether any other refusal is against a MUST.
    is_required: bool,
    /// Whether a server may grant the request without harm.
    may_grant: bool,
}

pub(super) const WRONG_SECRET: Refusal = Refusal {
    name: "wrong secret",
    status: 401,
    error: "invalid_client",
    source: "RFC 6749 5.2",
    is_required: true,
    may_grant: false,
};

pub(super) const NO_GRANT: Refusal = Refusal {
    name: "no grant_type",
    status: 400,
    error: "invalid_request",
    source: "RFC 6749 5.2",
    is_required: true,
    may_grant: false,
};

pub(super) const OTHER_GRANT: Refusal = Refusal {
    name: "unknown grant_type",
    error: "unsupported_grant_type",
    ..NO_GRANT
};

pub(super) const TWICE: Refusal = Refusal {
    name: "a parameter twice",
    source: "RFC 6749 3.2",
    is_required: false,
    may_grant: true,
    ..NO_GRANT
};

pub(super) const JSON: Refusal = Refusal {
    name: "JSON body",
    status: 415,
    source: "RFC 6749 3.2; RFC 9110 15.5.16",
    ..TWICE
};

pub(super) const GET: Refusal = Refusal {
    name: "GET",
    status: 405,
    source: "RFC 6749 3.2; RFC 9110 15.5.6",
    is_required: false,
    ..NO_GRANT
};

impl Refusal {
    pub(super) const fn field(&self) -> Field<'static> {
        Field {
            name: self.name,
            expected: "a refusal",
            source: self.source,
        }
    }
}

/// Checks an answer that should be a refusal.
pub(super) fn check(report: &mut Report, reply: &Reply, refusal: &Refusal) {
    let expected = format!("{} {}", refusal.status, refusal.error);
    let field = Field {
        expected: &expected,
        ..refusal.field()
    };
    let is_as_expected =
        reply.status == refusal.status && error_of(reply).as_deref() == Some(refusal.error);
    let is_harmless = match reply.status.is_client_error() {
        true => !refusal.is_required,
        false => refusal.may_grant && reply.status == 200,
    };
    let verdict = match is_harmless {
        true => Verdict::Differs,
        false => Verdict::Wrong,
    };
    let verdict = verdict.unless(is_as_expected);
    report.add(&field, verdict, shown(reply));
    if reply.status == 200 {
        return;
    }
    let field = Field {
        name: &format!("{}: Cache-Control", refusal.name),
        expected: "no-store",
        source: "RFC 6749 5.2, its example",
    };
    let verdict = Verdict::Differs.unless(has_no_store(reply));
    report.add(&field, verdict, or_none(reply.header("cache-control")));
    match refusal.status {
        401 => challenge(report, reply),
        405 => allow(report, reply),
        _ => {}
    }
}

fn challenge(report: &mut Report, reply: &Reply) {
    let seen = reply.header("www-authenticate");
    let field = Field {
        name: "wrong secret: WWW-Authenticate",
        expected: r#"Basic realm="…""#,
        source: "RFC 6749 5.2; RFC 7617 2",
    };
    let is_basic = seen.as_deref().is_some_and(|value| {
        let value = value.to_ascii_lowercase();
        value.contains("basic") && value.contains("realm=")
    });
    report.add(&field, Verdict::Wrong.unless(is_basic), or_none(seen));
}

fn allow(report: &mut Report, reply: &Reply) {
    let seen = reply.header("allow");
    let field = Field {
        name: "GET: Allow",
        expected: "POST",
        source: "RFC 9110 15.5.6",
    };
    let names_post = seen
        .as_deref()
        .is_some_and(|value| value.split(',').any(|method| method.trim() == "POST"));
    report.add(&field, Verdict::Differs.unless(names_post), or_none(seen));
}

/// The status and the error of an answer.
pub(super) fn shown(reply: &Reply) -> String {
    match error_of(reply) {
        Some(error) => format!("{} {error}", reply.status.as_u16()),
        None => reply.status.as_u16().to_string(),
    }
}

fn error_of(reply: &Reply) -> Option<String> {
    let body = reply.object()?;
    body.get("error").and_then(Value::as_str).map(str::to_owned)
}
