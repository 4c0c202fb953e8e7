//! Copies settings that servers nest in other members to columns: Keycloak's attributes, Okta's and
//! Spring's settings, RFC 8705's names of certificates.

use serde_json::{Map, Value, json};

use super::columns::{Row, is_empty, plain, truth};

type Members = Map<String, Value>;

/// Members that are read here, or that are no settings of a client.
const READ: [&str; 20] = [
    "attributes",
    "clientAuthenticatorType",
    "credentials",
    "settings",
    "client_settings",
    "token_settings",
    "client_authentication_methods",
    "label",
    "tls_client_auth_subject_dn",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
    "tls_client_certificate_bound_access_tokens",
    "changed_at",
    "tokens_not_before",
    "keeps_tokens",
    "last_used_at",
    "last_used_from",
    "secrets",
];

/// Whether a member is in `READ`.
pub(super) fn is_read(heading: &str) -> bool {
    READ.contains(&heading)
}

/// Copies the nested settings of a row to columns.
pub(super) fn lift(row: &mut Row) {
    let values = &mut row.values;
    for list in values.values_mut() {
        unwrap_values(list);
    }
    of_okta(values);
    of_keycloak(values);
    of_spring(values);
    of_auth0(values);
    of_rfc8705(values);
}

/// Unwraps `[{"value": "client_credentials"}]`, which Spring writes with Jackson.
fn unwrap_values(list: &mut Value) {
    let Value::Array(items) = list else { return };
    for item in items {
        if let Some(value) = item.get("value").filter(|value| value.is_string()).cloned() {
            *item = value;
        }
    }
}

/// Reads `credentials.oauthClient` and `settings.oauthClient` of Okta's Apps API.
fn of_okta(values: &mut Members) {
    let mut inner = Members::new();
    for outer in ["settings", "credentials"] {
        if let Some(Value::Object(members)) = values.get(outer).and_then(|it| it.get("oauthClient"))
        {
            inner.extend(members.clone());
        }
    }
    if inner.is_empty() {
        return;
    }
    if let Some(label) = values.get("label").cloned() {
        inner.insert("name".to_owned(), label);
    }
    values.extend(inner);
}

fn of_keycloak(values: &mut Members) {
    let attributes = match values.get("attributes") {
        Some(Value::Object(attributes)) => attributes.clone(),
        _ => Members::new(),
    };
    let attribute = |name: &str| {
        attributes
            .get(name)
            .filter(|value| !is_empty(value))
            .map(plain)
    };
    let is_set = |name: &str| attributes.get(name).and_then(truth) == Some(true);
    let is_public = ["publicClient", "bearerOnly"].iter().any(|mark| {
        let mark = values.get(*mark).and_then(truth);
        mark == Some(true)
    });
    if let Some(kind) = values.get("clientAuthenticatorType").map(plain)
        && !is_public
    {
        let method = match kind.as_str() {
            "client-secret" => "client_secret_basic",
            "client-jwt" => "private_key_jwt",
            "client-secret-jwt" => "client_secret_jwt",
            "client-x509" => "tls_client_auth",
            other => other,
        };
        put(values, "token_endpoint_auth_method", method);
    }
    if let Some(keys) = attribute("jwks.string").filter(|_| is_set("use.jwks.string")) {
        put(values, "jwks", keys);
    }
    if let Some(url) = attribute("jwks.url").filter(|_| is_set("use.jwks.url")) {
        put(values, "jwks_uri", url);
    }
    if let Some(name) = attribute("x509.subjectdn")
        && !is_set("x509.allow.regex.pattern.comparison")
    {
        put(values, "certificate_name", format!("subject:{name}"));
    }
    if is_set("tls.client.certificate.bound.access.tokens") {
        put(values, "certificate_binding", "required");
    }
    if let Some(seconds) = attribute("access.token.lifespan") {
        put_lifetime(values, seconds);
    }
}

/// Reads the JSON texts in which Spring Authorization Server keeps its settings.
fn of_spring(values: &mut Members) {
    let settings = |name: &str| match values.get(name)? {
        Value::String(text) => serde_json::from_str::<Members>(text).ok(),
        Value::Object(members) => Some(members.clone()),
        _ => None,
    };
    let client = settings("client_settings").unwrap_or_default();
    let token = settings("token_settings").unwrap_or_default();
    if let Some(url) = client
        .get("settings.client.jwk-set-url")
        .filter(|url| !is_empty(url))
    {
        put(values, "jwks_uri", plain(url));
    }
    let subject = client.get("settings.client.x509-certificate-subject-dn");
    if let Some(name) = subject.filter(|name| !is_empty(name)) {
        put(
            values,
            "certificate_name",
            format!("subject:{}", plain(name)),
        );
    }
    let bound = token.get("settings.token.x509-certificate-bound-access-tokens");
    if bound.and_then(truth) == Some(true) {
        put(values, "certificate_binding", "required");
    }
    let lifetime = match token.get("settings.token.access-token-time-to-live") {
        // Jackson writes the name of the number's class before it.
        Some(Value::Array(parts)) => parts.get(1).and_then(Value::as_f64),
        Some(number) => number.as_f64(),
        None => None,
    };
    if let Some(seconds) = lifetime {
        put_lifetime(values, format!("{seconds:.0}"));
    }
}

/// Auth0's `client_authentication_methods` is an object with a member for the method.
fn of_auth0(values: &mut Members) {
    if let Some(Value::Object(methods)) = values.get("client_authentication_methods")
        && let Some(method) = methods.keys().next().cloned()
    {
        values.shift_remove("client_authentication_methods");
        put(values, "token_endpoint_auth_method", method);
    }
}

fn of_rfc8705(values: &mut Members) {
    for (member, kind) in [
        ("tls_client_auth_subject_dn", "subject"),
        ("tls_client_auth_san_dns", "dns"),
        ("tls_client_auth_san_uri", "uri"),
        ("tls_client_auth_san_ip", "ip"),
        ("tls_client_auth_san_email", "email"),
    ] {
        if let Some(name) = values.get(member).filter(|name| !is_empty(name)).map(plain) {
            put(values, "certificate_name", format!("{kind}:{name}"));
        }
    }
    let bound = values.get("tls_client_certificate_bound_access_tokens");
    if bound.and_then(truth) == Some(true) {
        put(values, "certificate_binding", "required");
    }
}

/// Sets the lifetime if it is at most an hour. A longer one is dropped, so the configuration's
/// lifetime applies.
fn put_lifetime(values: &mut Members, seconds: String) {
    if seconds
        .parse()
        .is_ok_and(|seconds: u64| (1..=3600).contains(&seconds))
    {
        put(values, "lifetime", seconds);
    }
}

/// Sets a column, unless the export has a value for it.
fn put(values: &mut Members, column: &str, value: impl Into<String>) {
    if values.get(column).is_none_or(is_empty) {
        values.insert(column.to_owned(), json!(value.into()));
    }
}
