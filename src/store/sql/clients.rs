//! Writes clients as rows. Reading is in [`rows`].

pub(super) mod removed;
pub(super) mod rows;
pub(super) mod secrets;
pub(super) mod uses;

use std::collections::HashSet;

use jiff::Timestamp;
use sqlx::{Any, AssertSqlSafe, Row, Transaction};

use removed::Removed;

use super::insert::{ROWS, insert};
use super::tables::{CLIENT_SECRETS, CLIENTS, MAC, Value, Values, bind, joined};
use super::vouching::{Ledger, Part};
use super::{feed, millis};
use crate::store::{ClientRecord, ClientUpdate, StoreError, TokensThen};
use crate::token::{Algorithm, Client, ClientId, Status, TokenTerms};

/// The rows of a client and of its secrets.
struct Written {
    client: Values,
    secrets: Vec<Values>,
}

/// Adds clients, as many as one statement takes.
pub(super) async fn add(
    transaction: &mut Transaction<'static, Any>,
    ledger: &mut Ledger,
    records: &[ClientRecord],
    removed: &Removed,
) -> Result<(), StoreError> {
    let mut written = Vec::new();
    for record in records {
        let new = ClientRecord {
            tokens_not_before: removed.tokens_not_before(record),
            ..record.clone()
        };
        written.push(vouched(transaction, ledger, &new).await?);
    }
    let Some(first) = written.first() else {
        return Ok(());
    };
    let columns: Vec<_> = first.client.iter().map(|(name, _)| *name).collect();
    let statement = insert("clients", &columns, written.len());
    // No part of the statement comes from outside the program.
    let mut query = sqlx::query(AssertSqlSafe(format!(
        "{statement} ON CONFLICT DO NOTHING RETURNING id"
    )));
    for (_, value) in written.iter().flat_map(|rows| &rows.client) {
        query = bind(query, value);
    }
    let added = query.fetch_all(&mut **transaction).await?;
    let ids = added.iter().map(|row| row.try_get("id"));
    let mut added: HashSet<&str> = ids.collect::<Result<_, _>>()?;
    for ClientRecord { client, .. } in records {
        if !added.remove(client.id.as_str()) {
            return Err(StoreError::ClientExists(client.id.clone()));
        }
    }
    let secrets: Vec<&Values> = written.iter().flat_map(|rows| &rows.secrets).collect();
    for secrets in secrets.chunks(ROWS) {
        secrets::add(transaction, secrets).await?;
    }
    Ok(())
}

pub(super) async fn change(
    transaction: &mut Transaction<'static, Any>,
    ledger: &mut Ledger,
    changed: &ClientRecord,
) -> Result<(), StoreError> {
    let edit = |before: ClientRecord| {
        Ok(ClientRecord {
            client: Client {
                status: before.client.status,
                ..changed.client.clone()
            },
            keys: changed.keys.clone(),
            changed_at: changed.changed_at,
            ..before
        })
    };
    replace(transaction, ledger, &changed.client.id, edit)
        .await
        .map(drop)
}

/// Makes all changes of an import to one client, with the entry in the feed.
pub(super) async fn update(
    transaction: &mut Transaction<'static, Any>,
    ledger: &mut Ledger,
    update: &ClientUpdate,
) -> Result<(), StoreError> {
    let ClientRecord {
        client, changed_at, ..
    } = &update.record;
    change(transaction, ledger, &update.record).await?;
    if update.sets_status {
        let tokens = match client.status {
            Status::Enabled => TokensThen::Kept,
            Status::Disabled => TokensThen::Revoked,
        };
        let standing = (client.status, tokens);
        set_status(transaction, ledger, &client.id, standing, *changed_at).await?;
    }
    if let Some(new) = &update.secret {
        let overlap = (new.previous_until, false);
        secrets::rotate(transaction, ledger, &client.id, &new.secret, overlap).await?;
    }
    let subject = (client.id.as_str(), *changed_at);
    feed::append(transaction, ledger, feed::CLIENT, &[subject]).await?;
    Ok(())
}

pub(super) async fn set_status(
    transaction: &mut Transaction<'static, Any>,
    ledger: &mut Ledger,
    id: &ClientId,
    (status, tokens): (Status, TokensThen),
    now: Timestamp,
) -> Result<(), StoreError> {
    let edit = |mut record: ClientRecord| {
        record.client.status = status;
        record.keeps_tokens = status == Status::Disabled && tokens == TokensThen::Kept;
        record.changed_at = now;
        if tokens == TokensThen::Revoked {
            record.tokens_not_before = Some(record.revoking_tokens_until(now));
        }
        Ok(record)
    };
    replace(transaction, ledger, id, edit).await.map(drop)
}

/// Revokes a client's tokens. Gives the time before which tokens are revoked.
pub(super) async fn revoke_tokens(
    transaction: &mut Transaction<'static, Any>,
    ledger: &mut Ledger,
    id: &ClientId,
    now: Timestamp,
) -> Result<Timestamp, StoreError> {
    let edit = |mut record: ClientRecord| {
        record.tokens_not_before = Some(record.revoking_tokens_until(now));
        record.changed_at = now;
        Ok(record)
    };
    let after = replace(transaction, ledger, id, edit).await?;
    Ok(after.tokens_not_before.unwrap_or(now))
}

/// Disables a client whose row is not as this service wrote it.
pub(super) async fn disable_unchecked(
    transaction: &mut Transaction<'static, Any>,
    id: &str,
) -> Result<(), StoreError> {
    let disable = sqlx::query("UPDATE clients SET enabled = 0 WHERE id = $1");
    disable.bind(id).execute(&mut **transaction).await?;
    Ok(())
}

/// Removes a client. Gives the time before which its tokens are revoked.
pub(super) async fn remove(
    transaction: &mut Transaction<'static, Any>,
    ledger: &mut Ledger,
    id: &ClientId,
    now: Timestamp,
) -> Result<Timestamp, StoreError> {
    let before = rows::one(transaction, id.as_str()).await?;
    let before = before.ok_or_else(|| StoreError::NoSuchClient(id.clone()))?;
    let not_before = match before.record() {
        Ok(record) => record.revoking_tokens_until(now),
        // A row that somebody else wrote may not be readable. An administrator can still remove it.
        Err(_) => TokenTerms::revoking_until(now),
    };
    let row = (Part::Clients, id.as_str());
    ledger.withdraw(transaction, row, before.mac()?).await?;
    sqlx::query("DELETE FROM clients WHERE id = $1")
        .bind(id.as_str())
        .execute(&mut **transaction)
        .await?;
    Ok(not_before)
}

/// Applies `edit` to a client's record and writes the client's rows anew. Fails with
/// [`StoreError::Altered`] if the rows are not as this service wrote them. Gives the new record.
async fn replace(
    transaction: &mut Transaction<'static, Any>,
    ledger: &mut Ledger,
    id: &ClientId,
    edit: impl FnOnce(ClientRecord) -> Result<ClientRecord, StoreError>,
) -> Result<ClientRecord, StoreError> {
    let before = rows::one(transaction, id.as_str()).await?;
    let before = before.ok_or_else(|| StoreError::NoSuchClient(id.clone()))?;
    let row = (Part::Clients, id.as_str());
    let is_genuine = ledger.is_genuine(&before.content()?, before.mac()?);
    if !is_genuine || ledger.is_suspect(id.as_str()) {
        return Err(StoreError::Altered(format!("client {id}")));
    }
    ledger.withdraw(transaction, row, before.mac()?).await?;
    let before = before.record()?;
    let after = edit(before.clone())?;
    let written = vouched(transaction, ledger, &after).await?;

    let settings = written.client.iter().filter(|(name, _)| *name != "id");
    let settings: Vec<_> = settings.collect();
    let places = (1..).zip(&settings);
    let places: Vec<_> = places
        .map(|(place, (name, _))| format!("{name} = ${place}"))
        .collect();
    let statement = format!(
        "UPDATE clients SET {} WHERE id = ${}",
        places.join(", "),
        settings.len() + 1
    );
    // No part of the statement comes from outside the program.
    let mut query = sqlx::query(AssertSqlSafe(statement));
    for (_, value) in settings {
        query = bind(query, value);
    }
    query.bind(id.as_str()).execute(&mut **transaction).await?;

    secrets::replace(transaction, id, &before.secrets, &after.secrets).await?;
    Ok(after)
}

/// The rows of a client, with the MAC over all of them.
async fn vouched(
    transaction: &mut Transaction<'static, Any>,
    ledger: &mut Ledger,
    record: &ClientRecord,
) -> Result<Written, StoreError> {
    let id = &record.client.id;
    let mut client = client_values(record, ledger.version())?;
    let secrets = record.secrets.iter();
    let secrets: Vec<Values> = secrets.map(|secret| secrets::values(id, secret)).collect();
    let contents = secrets.iter().map(|values| CLIENT_SECRETS.content(values));
    let content = joined(&CLIENTS.content(&client), contents.collect());
    let row = (Part::Clients, id.as_str());
    let mac = ledger.vouch(transaction, row, &content).await?;
    client.push((MAC, Value::Bytes(mac)));
    Ok(Written { client, secrets })
}

fn client_values(record: &ClientRecord, version: i64) -> Result<Values, StoreError> {
    let client = &record.client;
    let json = |error| StoreError::corrupt(format!("client {}", client.id), &error);
    let audiences = serde_json::to_string(&client.audiences).map_err(json)?;
    let keys = record.keys.as_ref().map(serde_json::to_string);
    let certificate_name = client.certificate_name.as_ref().map(ToString::to_string);
    let algorithm = client.token_algorithm.map(Algorithm::as_str);
    Ok(vec![
        ("id", client.id.as_str().into()),
        ("name", client.name.as_str().into()),
        (
            "enabled",
            i64::from(client.status == Status::Enabled).into(),
        ),
        ("auth_method", client.auth_method.as_str().into()),
        (
            "assertion_audience",
            client.assertion_audience.as_str().into(),
        ),
        ("certificate_name", certificate_name.into()),
        ("jwks", keys.transpose().map_err(json)?.into()),
        (
            "jwks_uri",
            client
                .jwks_uri
                .as_ref()
                .map(|uri| uri.as_str().to_owned())
                .into(),
        ),
        ("scope", client.scope.as_str().into()),
        ("audiences", audiences.as_str().into()),
        ("grants", spaced(&client.grants).as_str().into()),
        ("expires_in_as", client.expires_in_as.as_str().into()),
        ("may_introspect", i64::from(client.may_introspect).into()),
        (
            "certificate_binding",
            client.certificate_binding.as_str().into(),
        ),
        ("networks", spaced(&client.networks).as_str().into()),
        ("rate", client.rate.map(|rate| rate.to_string()).into()),
        ("expires_at", client.expires_at.map(millis).into()),
        (
            "token_lifetime_seconds",
            client
                .token_lifetime
                .map(|it| i64::from(it.as_secs()))
                .into(),
        ),
        ("token_algorithm", algorithm.map(str::to_owned).into()),
        ("contact", client.contact.clone().into()),
        ("note", client.note.clone().into()),
        ("created_at", millis(record.created_at).into()),
        ("changed_at", millis(record.changed_at).into()),
        ("registered_at", millis(record.registered_at).into()),
        (
            "tokens_not_before",
            record.tokens_not_before.map(millis).into(),
        ),
        ("keeps_tokens", i64::from(record.keeps_tokens).into()),
        ("version", version.into()),
    ])
}

/// Joins values that contain no space.
fn spaced(list: &[impl ToString]) -> String {
    let texts: Vec<_> = list.iter().map(ToString::to_string).collect();
    texts.join(" ")
}
