//! Marks: members of an export that say that a client gets no tokens by `client_credentials`. It is
//! public, has another purpose, or is disabled. Such a client gets no tokens here either.

use serde_json::Value;

use super::columns::{Row, column, folded, is_empty, plain, truth};

/// What a row's marks say about its client.
pub(super) enum Standing {
    /// The client is imported.
    Taken,
    /// The client is imported and disabled, for this reason.
    Disabled(String),
    /// The client is left out, for this reason.
    LeftOut(String),
}

/// With this value, the client can't keep a secret, or asks for no tokens of its own.
const LEFT_OUT: [(&str, bool); 13] = [
    ("publicclient", true),
    ("ispublic", true),
    ("public", true),
    ("confidential", false),
    ("isconfidential", false),
    ("beareronly", true),
    ("serviceaccountsenabled", false),
    ("serviceaccountenabled", false),
    ("clientcredentialsenabled", false),
    ("clientcredentialsgrantenabled", false),
    ("allowclientcredentials", false),
    ("global", true),
    ("deleted", true),
];

/// With this value, the client is disabled.
const OFF: [(&str, bool); 12] = [
    ("enabled", false),
    ("isenabled", false),
    ("active", false),
    ("isactive", false),
    ("disabled", true),
    ("isdisabled", true),
    ("inactive", true),
    ("suspended", true),
    ("locked", true),
    ("blocked", true),
    ("revoked", true),
    ("archived", true),
];

/// The kinds of clients that can't keep a secret, and the members that name a client's kind.
const PUBLIC: [&str; 5] = ["public", "spa", "native", "browser", "useragentbased"];
const KINDS: [&str; 4] = ["apptype", "applicationtype", "clienttype", "clientprofile"];

/// Reads the marks of a row. Fails if a mark is neither true nor false.
pub(super) fn standing(row: &Row) -> Result<Standing, String> {
    let given = row.values.iter().filter(|(_, value)| !is_empty(value));
    let mut off = None;
    for (heading, value) in given {
        let name = folded(heading);
        let marks = LEFT_OUT.iter().chain(&OFF);
        if let Some((_, bad)) = marks.clone().find(|(mark, _)| *mark == name) {
            let is_bad =
                truth(value).ok_or(format!("{heading}: it must be true or false"))? == *bad;
            let why = format!("{heading} is {}", plain(value));
            match LEFT_OUT.iter().any(|(mark, _)| *mark == name) {
                true if is_bad => return Ok(Standing::LeftOut(why)),
                false if is_bad => off = Some(why),
                _ => {}
            }
        }
        let text = folded(&plain(value));
        if KINDS.contains(&name.as_str()) && PUBLIC.contains(&text.as_str()) {
            return Ok(Standing::LeftOut(format!("{heading} is {}", plain(value))));
        }
        if name == "protocol"
            && !["openidconnect", "oauth2", "oidc", "oauth"].contains(&text.as_str())
        {
            return Ok(Standing::LeftOut(format!("{heading} is {}", plain(value))));
        }
        if column(heading) == Some("status") {
            match text.as_str() {
                "enabled" | "active" => {}
                "deleted" => {
                    return Ok(Standing::LeftOut(format!("{heading} is {}", plain(value))));
                }
                // Disabled, inactive, staged, suspended, or a word that is not known.
                _ => off = Some(format!("{heading} is {}", plain(value))),
            }
        }
    }
    if let Some(value) = row.value("token_endpoint_auth_method")
        && ["none", "public"].contains(&folded(&plain(value)).as_str())
    {
        let why = "it is public: its authentication method is none".to_owned();
        return Ok(Standing::LeftOut(why));
    }
    Ok(off.map_or(Standing::Taken, Standing::Disabled))
}

/// Whether a heading is a mark. The import doesn't warn of marks.
pub(super) fn is_mark(heading: &str) -> bool {
    let name = folded(heading);
    let mut marks = LEFT_OUT.iter().chain(&OFF);
    marks.any(|(mark, _)| *mark == name) || KINDS.contains(&name.as_str())
}

/// Whether a value is empty or false, as most values of an export are.
pub(super) fn says_nothing(value: &Value) -> bool {
    is_empty(value) || *value == Value::Bool(false)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(values: Value) -> String {
        let Value::Object(values) = values else {
            panic!("an object")
        };
        match standing(&Row { line: 1, values }) {
            Ok(Standing::Taken) => "taken".to_owned(),
            Ok(Standing::Disabled(why)) => format!("disabled: {why}"),
            Ok(Standing::LeftOut(why)) => format!("left out: {why}"),
            Err(why) => format!("refused: {why}"),
        }
    }

    #[test]
    fn marks_of_every_server_are_known() {
        for values in [
            json!({"publicClient": true}),
            json!({"bearerOnly": "true", "enabled": true}),
            json!({"serviceAccountsEnabled": false}),
            json!({"protocol": "saml"}),
            json!({"app_type": "spa"}),
            json!({"app_type": "native"}),
            json!({"application_type": "browser"}),
            json!({"client_type": "public"}),
            json!({"token_endpoint_auth_method": "none"}),
            json!({"client_authentication_methods": ["none"]}),
            json!({"global": true}),
        ] {
            assert!(of(values.clone()).starts_with("left out: "), "{values}");
        }
        for values in [
            json!({"enabled": "no"}),
            json!({"status": "INACTIVE"}),
            json!({"status": "disabled"}),
            json!({"active": 0}),
            json!({"Disabled": true}),
        ] {
            assert!(of(values.clone()).starts_with("disabled: "), "{values}");
        }
        for values in [
            json!({"publicClient": false, "serviceAccountsEnabled": true, "enabled": true}),
            json!({"app_type": "non_interactive", "global": false}),
            json!({"application_type": "service", "status": "ACTIVE"}),
            json!({"protocol": "openid-connect", "bearerOnly": null}),
        ] {
            assert_eq!(of(values.clone()), "taken", "{values}");
        }
        assert!(of(json!({"publicClient": "perhaps"})).starts_with("refused: "));
    }
}
