//! `client list` and `client show`

use jiff::Timestamp;
use jsonwebtoken::jwk::ThumbprintHash;

use crate::cli::error::Error;
use crate::cli::output::Output;
use crate::cli::table::{fields, table};
use crate::keys::Jwk;
use crate::store::{ClientRecord, Store, StoreError};
use crate::token::{Audience, AuthMethod, ClientId, GrantType, Status, StoredSecret};

pub(super) async fn all(store: &dyn Store, output: Output) -> Result<(), Error> {
    let records = store.clients().await?;
    output.print(&records, || {
        let rows: Vec<_> = records
            .iter()
            .map(|record| {
                let client = &record.client;
                [
                    client.id.to_string(),
                    status(client.status).to_owned(),
                    last_used(record).map_or_else(|| "-".to_owned(), second),
                    client.scope.to_string(),
                    client.name.clone(),
                ]
            })
            .collect();
        table(["ID", "STATUS", "LAST USED", "SCOPE", "NAME"], &rows)
    })
}

pub(super) async fn one(store: &dyn Store, id: &ClientId, output: Output) -> Result<(), Error> {
    let record = store
        .client(id.as_str())
        .await?
        .ok_or_else(|| StoreError::NoSuchClient(id.clone()))?;
    output.print(&record, || text(&record))
}

fn text(record: &ClientRecord) -> String {
    let client = &record.client;
    let or_default = |text: Option<String>| text.unwrap_or_else(|| "as configured".to_owned());
    let mut rows = vec![
        ("client_id", client.id.to_string()),
        ("name", client.name.clone()),
        ("status", status(client.status).to_owned()),
        ("auth method", client.auth_method.to_string()),
        ("scope", client.scope.to_string()),
        (
            "audiences",
            or_default(listed(client.audiences.iter().map(Audience::as_str))),
        ),
        (
            "grants",
            listed(client.grants.iter().map(|grant: &GrantType| grant.as_str()))
                .unwrap_or_else(|| "none".to_owned()),
        ),
        ("expires_in as", client.expires_in_as.as_str().to_owned()),
        (
            "lifetime",
            or_default(client.token_lifetime.map(|lifetime| lifetime.to_string())),
        ),
        (
            "algorithm",
            or_default(
                client
                    .token_algorithm
                    .map(|algorithm| algorithm.to_string()),
            ),
        ),
        ("may introspect", client.may_introspect.to_string()),
        ("binds tokens", client.certificate_binding.to_string()),
        (
            "networks",
            listed(client.networks.iter().map(ToString::to_string))
                .unwrap_or_else(|| "any".to_owned()),
        ),
        ("rate", or_default(client.rate.map(|rate| rate.to_string()))),
    ];
    rows.extend(
        client
            .certificate_name
            .as_ref()
            .map(|name| ("certificate", name.to_string())),
    );
    rows.extend(
        client
            .jwks_uri
            .as_ref()
            .map(|uri| ("keys at", uri.to_string())),
    );
    rows.extend(client.expires_at.map(|end| ("expires", second(end))));
    rows.extend(client.contact.clone().map(|contact| ("contact", contact)));
    rows.extend(client.note.clone().map(|note| ("note", note)));
    rows.extend(
        record
            .tokens_not_before
            .map(|time| ("revoked", format!("tokens issued before {time:.0}"))),
    );
    if record.keeps_tokens {
        rows.push(("tokens", "valid until they expire".to_owned()));
    }
    if client.auth_method == AuthMethod::PrivateKeyJwt {
        let audience = client.assertion_audience.to_string();
        rows.push(("assertions for", audience));
    }
    let used = last_used(record).map(|time| match record.last_used_from {
        Some(from) if record.last_used_at == Some(time) => format!("{time:.0} from {from}"),
        _ => second(time),
    });
    rows.push(("last used", used.unwrap_or_else(|| "-".to_owned())));
    rows.push(("added", second(record.created_at)));
    rows.push(("changed", second(record.changed_at)));
    let mut text = fields(&rows);
    if !record.secrets.is_empty() {
        let heading = ["SECRET", "KIND", "MADE", "UNTIL", "LAST USED", "FROM"];
        let secrets: Vec<_> = record.secrets.iter().map(secret).collect();
        text.push_str(&format!("\n{}", table(heading, &secrets)));
    }
    if let Some(keys) = &record.keys {
        let keys: Vec<_> = keys.jwks().keys.iter().map(key).collect();
        let table = table(["KEY", "ALGORITHM", "THUMBPRINT"], &keys);
        text.push_str(&format!("\n{table}"));
    }
    text
}

/// When the client last proved itself, by any method. Earlier releases noted it for each secret
/// alone.
fn last_used(record: &ClientRecord) -> Option<Timestamp> {
    let of_secrets = record.secrets.iter().map(|secret| secret.last_used_at);
    of_secrets.chain([record.last_used_at]).flatten().max()
}

fn key(jwk: &Jwk) -> [String; 3] {
    let algorithm = jwk.common.key_algorithm.map(|name| name.to_string());
    let thumbprint = jwk.thumbprint(ThumbprintHash::SHA256);
    [
        jwk.common.key_id.clone().unwrap_or_else(|| "-".to_owned()),
        algorithm.unwrap_or_else(|| "any of its type".to_owned()),
        thumbprint.unwrap_or_default(),
    ]
}

fn secret(secret: &StoredSecret) -> [String; 6] {
    let time = |time: Option<Timestamp>| time.map_or_else(|| "-".to_owned(), second);
    [
        secret.id.to_string(),
        secret.hash.kind().to_owned(),
        second(secret.created_at),
        time(secret.expires_at),
        time(secret.last_used_at),
        secret
            .last_used_from
            .map_or_else(|| "-".to_owned(), |from| from.to_string()),
    ]
}

fn listed(texts: impl Iterator<Item = impl Into<String>>) -> Option<String> {
    let texts: Vec<String> = texts.map(Into::into).collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Enabled => "enabled",
        Status::Disabled => "disabled",
    }
}

fn second(time: Timestamp) -> String {
    format!("{time:.0}")
}
