//! Reads the client of a row, and notes every mistake.

use std::time::Duration;

use serde_json::Value;

use super::Finding;
use super::columns::{Row, Values, column, is_empty, plain};
use super::marks::{self, Standing, standing};
use super::proof::proof;
use super::servers;
use crate::admin::{ClientToImport, Edit};
use crate::cli::duration;
use crate::store::ClientRecord;
use crate::token::{Client, ClientId, GrantType, Lifetime, Scope, Status};

/// The result of reading a row.
pub(super) enum Outcome {
    /// A client.
    Client(Box<ClientToImport>),
    /// The row is left out, for this reason.
    LeftOut(String),
    /// The row has mistakes, which are noted.
    Wrong,
}

/// The id of a row. `None` if it is missing or not valid.
pub(super) fn id(row: &Row) -> Option<ClientId> {
    row.value("client_id").and_then(Value::as_str)?.parse().ok()
}

/// Reads the client of a row. `known` is the client with this id in the store.
pub(super) fn client(
    row: &Row,
    known: Option<&ClientRecord>,
    findings: &mut Vec<Finding>,
    warnings: &mut Vec<Finding>,
) -> Outcome {
    let is_own = row.values.get("grants").is_some_and(Value::is_array)
        && row.values.contains_key("expires_in_as")
        && row.values.contains_key("certificate_binding");
    let mut values = Values {
        row,
        is_own,
        findings: Vec::new(),
        warnings: Vec::new(),
    };
    let outcome = read(&mut values, known);
    let good = values.findings.is_empty();
    findings.append(&mut values.findings);
    match outcome {
        Outcome::Client(client) if good => {
            warnings.append(&mut values.warnings);
            Outcome::Client(client)
        }
        Outcome::LeftOut(why) => Outcome::LeftOut(why),
        _ => Outcome::Wrong,
    }
}

fn read(values: &mut Values<'_>, known: Option<&ClientRecord>) -> Outcome {
    let standing = match standing(values.row) {
        Ok(Standing::LeftOut(why)) => return Outcome::LeftOut(why),
        Ok(standing) => standing,
        Err(why) => {
            values.findings.push(Finding {
                line: values.row.line,
                message: why,
            });
            Standing::Taken
        }
    };
    let grants = match grants(values) {
        Ok(grants) => grants,
        Err(why) => return Outcome::LeftOut(why),
    };
    warn_of_left_out(values);
    let id = values.parsed::<ClientId>("client_id");
    if values.row.value("client_id").is_none() {
        values.wrong("client_id", &"it is missing: every client needs one");
    }
    let proof = proof(values, known);
    let mut edits: Vec<Edit> = Vec::new();
    if values.is_own {
        // A setting that this row leaves out gets its default.
        edits.push(Box::new(|client: &mut Client| {
            *client = Client::new(client.id.clone(), client.id.as_str(), Scope::default());
        }));
    }
    if let Some(grants) = grants {
        edits.push(Box::new(move |client| client.grants.clone_from(&grants)));
    }
    status(values, standing, known.is_none(), &mut edits);
    if let Some(method) = proof.method {
        edits.push(Box::new(move |client| client.auth_method = method));
    }
    if let Some(uri) = proof.jwks_uri {
        edits.push(Box::new(move |client| client.jwks_uri = Some(uri.clone())));
    }
    if let Some(audience) = values.parsed("assertion_audience") {
        edits.push(Box::new(move |client| client.assertion_audience = audience));
    }
    if let Some(name) = proof.certificate_name {
        edits.push(Box::new(move |client| {
            client.certificate_name = Some(name.clone());
        }));
    }
    settings(values, &mut edits);
    let created_at = values.text("created_at");
    let created_at = created_at.and_then(|_| {
        let told = values.findings.len();
        let read = values.time("created_at");
        // A wrong time in the export of another server is no reason to refuse the row.
        values
            .findings
            .truncate(if values.is_own { usize::MAX } else { told });
        read
    });
    let secret_until = values.time("client_secret_expires_at");
    let Some(id) = id else {
        return Outcome::Wrong;
    };
    let import = ClientToImport {
        id,
        edits,
        secret: proof.secret,
        secret_until,
        keys: proof.keys,
        created_at,
    };
    let before = known.map(|known| &known.client);
    let new = || Client::new(import.id.clone(), import.id.as_str(), Scope::default());
    let mut client = before.cloned().unwrap_or_else(new);
    import.edit(&mut client);
    if let Err(error) = client.check_limits(before) {
        values.findings.push(Finding {
            line: values.row.line,
            message: error.to_string(),
        });
    }
    Outcome::Client(Box::new(import))
}

/// Reads the settings of a row.
fn settings(values: &mut Values<'_>, edits: &mut Vec<Edit>) {
    if let Some(name) = values.text("name") {
        edits.push(Box::new(move |client| client.name.clone_from(&name)));
    }
    if let Some(items) = values.items("scope") {
        match Scope::parse(&items.join(" ")) {
            Ok(scope) => edits.push(Box::new(move |client| client.scope = scope.clone())),
            Err(error) => values.wrong("scope", &error),
        }
    }
    if let Some(audiences) = values.list("audiences") {
        edits.push(Box::new(move |client| {
            client.audiences.clone_from(&audiences);
        }));
    }
    if let Some(networks) = values.list("networks") {
        edits.push(Box::new(move |client| {
            client.networks.clone_from(&networks);
        }));
    }
    if let Some(binding) = values.parsed("certificate_binding") {
        edits.push(Box::new(move |client| client.certificate_binding = binding));
    }
    let rate = values.parsed("rate");
    if rate.is_some() {
        edits.push(Box::new(move |client| client.rate = rate));
    }
    let lifetime = values.read("lifetime", |text| {
        match text.trim().parse().map(Duration::from_secs) {
            Ok(seconds) => Lifetime::try_from(seconds).map_err(|error| error.to_string()),
            Err(_) => duration::lifetime(text),
        }
    });
    if lifetime.is_some() {
        edits.push(Box::new(move |client| client.token_lifetime = lifetime));
    }
    let algorithm = values.parsed("algorithm");
    if algorithm.is_some() {
        edits.push(Box::new(move |client| client.token_algorithm = algorithm));
    }
    if let Some(may) = values.truth("may_introspect") {
        edits.push(Box::new(move |client| client.may_introspect = may));
    }
    if let Some(kind) = values.parsed("expires_in_as") {
        edits.push(Box::new(move |client| client.expires_in_as = kind));
    }
    let end = values.time("expires_at");
    if end.is_some() {
        edits.push(Box::new(move |client| client.expires_at = end));
    }
    if let Some(contact) = contact(values) {
        edits.push(Box::new(move |client| {
            client.contact = Some(contact.clone());
        }));
    }
    if let Some(note) = values.text("note") {
        edits.push(Box::new(move |client| client.note = Some(note.clone())));
    }
}

fn contact(values: &Values<'_>) -> Option<String> {
    match values.row.value("contact")? {
        Value::Array(people) => {
            let people: Vec<_> = people.iter().map(plain).collect();
            Some(people.join(", "))
        }
        one => Some(plain(one)),
    }
}

/// The grants of a row that this service has. If there are none, the error says why the row is left
/// out.
fn grants(values: &mut Values<'_>) -> Result<Option<Vec<GrantType>>, String> {
    let Some(items) = values.items("grants") else {
        // In this service's own list, an empty value means that the client has no grant.
        let has_none = values.is_own && values.row.values.get("grants").is_some_and(is_empty);
        return Ok(has_none.then(Vec::new));
    };
    let parsed = |item: &String| {
        let name = item.to_ascii_lowercase().replace('-', "_");
        name.parse::<GrantType>()
    };
    let (known, others): (Vec<_>, Vec<_>) = items.iter().partition(|item| parsed(item).is_ok());
    let others: Vec<&str> = others.into_iter().map(String::as_str).collect();
    let grants: Vec<_> = known.iter().filter_map(|item| parsed(item).ok()).collect();
    if grants.is_empty() && values.row.heading("grants") == Some("grants") {
        // Only this service calls the column `grants`, so an operator wrote the row.
        values.wrong(
            "grants",
            &"client_credentials is the only grant of this service: write that, or remove the row",
        );
    } else if grants.is_empty() {
        return Err(format!(
            "its grants are {}, without client_credentials",
            others.join(", ")
        ));
    }
    if !others.is_empty() {
        values.warn(format!("left out: the grants {}", others.join(", ")));
    }
    Ok(Some(grants))
}

/// Enables or disables the client as the row says. A new client is disabled if another server gave
/// it no grant.
fn status(values: &mut Values<'_>, standing: Standing, is_new: bool, edits: &mut Vec<Edit>) {
    let of_grants = values.row.values.iter().find(|(heading, value)| {
        let is_list = value.as_array().is_some_and(Vec::is_empty);
        is_list && column(heading) == Some("grants") && !values.is_own
    });
    let why = match standing {
        Standing::Disabled(why) => Some(why),
        _ if is_new => of_grants.map(|(heading, _)| {
            format!(
                "{heading} is empty, so the client has no grant; `client enable` lets it get tokens"
            )
        }),
        _ => None,
    };
    if let Some(why) = why {
        if !values.is_own {
            values.warn(format!("the client is imported as disabled: {why}"));
        }
        edits.push(Box::new(|client| client.status = Status::Disabled));
    } else if ["enabled", "status"]
        .iter()
        .any(|name| values.row.value(name).is_some())
    {
        edits.push(Box::new(|client| client.status = Status::Enabled));
    }
}

/// Warns of members that the import ignores.
fn warn_of_left_out(values: &mut Values<'_>) {
    let row = values.row;
    let members = row
        .values
        .iter()
        .filter(|(_, value)| !marks::says_nothing(value));
    let members = members.map(|(heading, _)| heading.as_str());
    let is_left_out = |heading: &&str| match column(heading) {
        Some("jwks_uri") => row.value("jwks").is_some(),
        Some(name) => row.heading(name) != Some(heading),
        None => !marks::is_mark(heading) && !servers::is_read(heading),
    };
    let mut left_out: Vec<&str> = members.filter(is_left_out).collect();
    if !left_out.is_empty() {
        left_out.sort_unstable();
        values.warn(format!("left out: {}", left_out.join(", ")));
    }
}
