//! Clients as rows: what is written. Reading is in [`rows`].

pub(super) mod removed;
pub(super) mod rows;
pub(super) mod secrets;
pub(super) mod uses;

use std::collections::HashSet;

use jiff::Timestamp;
use sqlx::any::AnyArguments;
use sqlx::{Any, AssertSqlSafe, Row, Transaction};

use removed::Removed;

use super::insert::{ROWS, insert};
use super::{feed, millis, timestamp};
use crate::store::{ClientRecord, ClientUpdate, StoreError, TokensThen};
use crate::token::{Algorithm, ClientId, JwksUri, Status, TokenTerms};

/// What a change can set, in the order of [`bind_settings`].
const SETTINGS: [&str; 20] = [
    "name",
    "auth_method",
    "assertion_audience",
    "certificate_name",
    "jwks",
    "jwks_uri",
    "scope",
    "audiences",
    "grants",
    "expires_in_as",
    "may_introspect",
    "certificate_binding",
    "networks",
    "rate",
    "expires_at",
    "token_lifetime_seconds",
    "token_algorithm",
    "contact",
    "note",
    "changed_at",
];

type Query<'q> = sqlx::query::Query<'q, Any, AnyArguments>;

/// Adds as many as one statement takes.
pub(super) async fn add(
    transaction: &mut Transaction<'static, Any>,
    records: &[ClientRecord],
    removed: &Removed,
) -> Result<(), StoreError> {
    let columns = [
        "id",
        "enabled",
        "created_at",
        "registered_at",
        "tokens_not_before",
        "keeps_tokens",
    ];
    let columns = [&columns[..], &SETTINGS].concat();
    let statement = insert("clients", &columns, records.len());
    // Nothing in it is from outside.
    let mut query = sqlx::query(AssertSqlSafe(format!(
        "{statement} ON CONFLICT DO NOTHING RETURNING id"
    )));
    for record in records {
        query = query
            .bind(record.client.id.as_str())
            .bind(i64::from(record.client.status == Status::Enabled))
            .bind(millis(record.created_at))
            .bind(millis(record.registered_at))
            .bind(removed.tokens_not_before(record).map(millis))
            .bind(i64::from(record.keeps_tokens));
        query = bind_settings(query, record)?;
    }
    let added = query.fetch_all(&mut **transaction).await?;
    let ids = added.iter().map(|row| row.try_get("id"));
    let mut added: HashSet<&str> = ids.collect::<Result<_, _>>()?;
    for ClientRecord { client, .. } in records {
        if !added.remove(client.id.as_str()) {
            return Err(StoreError::ClientExists(client.id.clone()));
        }
    }
    let secrets = records.iter().flat_map(|record| {
        let secrets = record.secrets.iter();
        secrets.map(|secret| (&record.client.id, secret))
    });
    let secrets: Vec<_> = secrets.collect();
    for secrets in secrets.chunks(ROWS) {
        secrets::add(transaction, secrets).await?;
    }
    Ok(())
}

pub(super) async fn change(
    transaction: &mut Transaction<'static, Any>,
    record: &ClientRecord,
) -> Result<(), StoreError> {
    let places = (1..).zip(SETTINGS);
    let places: Vec<_> = places
        .map(|(place, name)| format!("{name} = ${place}"))
        .collect();
    let statement = format!(
        "UPDATE clients SET {} WHERE id = ${}",
        places.join(", "),
        SETTINGS.len() + 1
    );
    // Nothing in it is from outside.
    let query = bind_settings(sqlx::query(AssertSqlSafe(statement)), record)?;
    let id = &record.client.id;
    let done = query.bind(id.as_str()).execute(&mut **transaction).await?;
    expect_client(done.rows_affected(), id)
}

/// All that an import changes of a client, with its entry in the feed.
pub(super) async fn update(
    transaction: &mut Transaction<'static, Any>,
    update: &ClientUpdate,
) -> Result<(), StoreError> {
    let ClientRecord {
        client, changed_at, ..
    } = &update.record;
    change(transaction, &update.record).await?;
    if update.sets_status {
        let tokens = match client.status {
            Status::Enabled => TokensThen::Kept,
            Status::Disabled => TokensThen::Revoked,
        };
        set_status(transaction, &client.id, client.status, tokens, *changed_at).await?;
    }
    if let Some(new) = &update.secret {
        secrets::rotate(
            transaction,
            &client.id,
            &new.secret,
            new.previous_until,
            false,
        )
        .await?;
    }
    let subject = (client.id.as_str(), *changed_at);
    feed::append(transaction, feed::CLIENT, &[subject]).await?;
    Ok(())
}

fn bind_settings<'q>(query: Query<'q>, record: &'q ClientRecord) -> Result<Query<'q>, StoreError> {
    let client = &record.client;
    let json = |error| StoreError::corrupt(format!("client {}", client.id), &error);
    let audiences = serde_json::to_string(&client.audiences).map_err(json)?;
    let keys = record.keys.as_ref().map(serde_json::to_string);
    Ok(query
        .bind(&client.name)
        .bind(client.auth_method.as_str())
        .bind(client.assertion_audience.as_str())
        .bind(client.certificate_name.as_ref().map(ToString::to_string))
        .bind(keys.transpose().map_err(json)?)
        .bind(client.jwks_uri.as_ref().map(JwksUri::as_str))
        .bind(client.scope.as_str())
        .bind(audiences)
        .bind(spaced(&client.grants))
        .bind(client.expires_in_as.as_str())
        .bind(i64::from(client.may_introspect))
        .bind(client.certificate_binding.as_str())
        .bind(spaced(&client.networks))
        .bind(client.rate.map(|rate| rate.to_string()))
        .bind(client.expires_at.map(millis))
        .bind(client.token_lifetime.map(|it| i64::from(it.as_secs())))
        .bind(client.token_algorithm.map(Algorithm::as_str))
        .bind(&client.contact)
        .bind(&client.note)
        .bind(millis(record.changed_at)))
}

pub(super) async fn set_status(
    transaction: &mut Transaction<'static, Any>,
    id: &ClientId,
    status: Status,
    tokens: TokensThen,
    now: Timestamp,
) -> Result<(), StoreError> {
    let keeps_tokens = status == Status::Disabled && tokens == TokensThen::Kept;
    let done = sqlx::query(
        "UPDATE clients SET enabled = $1, keeps_tokens = $2, changed_at = $3 WHERE id = $4",
    )
    .bind(i64::from(status == Status::Enabled))
    .bind(i64::from(keeps_tokens))
    .bind(millis(now))
    .bind(id.as_str())
    .execute(&mut **transaction)
    .await?;
    expect_client(done.rows_affected(), id)?;
    match tokens {
        TokensThen::Kept => Ok(()),
        TokensThen::Revoked => revoke_tokens(transaction, id, now).await.map(drop),
    }
}

/// Gives the time before which they are revoked.
pub(super) async fn revoke_tokens(
    transaction: &mut Transaction<'static, Any>,
    id: &ClientId,
    now: Timestamp,
) -> Result<Timestamp, StoreError> {
    // As `ClientRecord::revoking_tokens_until`.
    let row = sqlx::query(
        "UPDATE clients SET changed_at = $1, tokens_not_before = \
         CASE WHEN tokens_not_before >= $2 THEN tokens_not_before + 1000 ELSE $2 END \
         WHERE id = $3 RETURNING tokens_not_before",
    )
    .bind(millis(now))
    .bind(millis(TokenTerms::revoking_until(now)))
    .bind(id.as_str())
    .fetch_optional(&mut **transaction)
    .await?;
    let row = row.ok_or_else(|| StoreError::NoSuchClient(id.clone()))?;
    timestamp(row.try_get("tokens_not_before")?, id.as_str())
}

pub(super) async fn remove(
    transaction: &mut Transaction<'static, Any>,
    id: &ClientId,
) -> Result<(), StoreError> {
    let done = sqlx::query("DELETE FROM clients WHERE id = $1")
        .bind(id.as_str())
        .execute(&mut **transaction)
        .await?;
    expect_client(done.rows_affected(), id)
}

fn expect_client(rows: u64, id: &ClientId) -> Result<(), StoreError> {
    if rows == 0 {
        Err(StoreError::NoSuchClient(id.clone()))
    } else {
        Ok(())
    }
}

/// A list of what has no space in it.
fn spaced(list: &[impl ToString]) -> String {
    let texts: Vec<_> = list.iter().map(ToString::to_string).collect();
    texts.join(" ")
}
