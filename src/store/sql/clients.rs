//! Clients and their secrets as rows: what is written. Reading is in [`rows`].

pub(super) mod rows;

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use sqlx::any::AnyArguments;
use sqlx::{Any, AssertSqlSafe, Row, Transaction};

use super::insert::{ROWS, insert, values};
use super::millis;
use crate::store::{ClientRecord, SecretUse, StoreError};
use crate::token::{Algorithm, ClientId, SecretHash, SecretId, Status, StoredSecret};

/// What a change can set, in the order of [`bind_settings`].
const SETTINGS: [&str; 18] = [
    "name",
    "auth_method",
    "certificate_name",
    "jwks",
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
) -> Result<(), StoreError> {
    let columns = [&["id", "enabled", "created_at"][..], &SETTINGS].concat();
    let statement = insert("clients", &columns, records.len());
    // Nothing in it is from outside.
    let mut query = sqlx::query(AssertSqlSafe(format!(
        "{statement} ON CONFLICT DO NOTHING RETURNING id"
    )));
    for record in records {
        query = query
            .bind(record.client.id.as_str())
            .bind(i64::from(record.client.status == Status::Enabled))
            .bind(millis(record.created_at));
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
        add_secrets(transaction, secrets).await?;
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

fn bind_settings<'q>(query: Query<'q>, record: &'q ClientRecord) -> Result<Query<'q>, StoreError> {
    let client = &record.client;
    let json = |error| StoreError::corrupt(format!("client {}", client.id), &error);
    let audiences = serde_json::to_string(&client.audiences).map_err(json)?;
    let keys = record.keys.as_ref().map(serde_json::to_string);
    Ok(query
        .bind(&client.name)
        .bind(client.auth_method.as_str())
        .bind(client.certificate_name.as_ref().map(ToString::to_string))
        .bind(keys.transpose().map_err(json)?)
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
    now: Timestamp,
) -> Result<(), StoreError> {
    let done = sqlx::query("UPDATE clients SET enabled = $1, changed_at = $2 WHERE id = $3")
        .bind(i64::from(status == Status::Enabled))
        .bind(millis(now))
        .bind(id.as_str())
        .execute(&mut **transaction)
        .await?;
    expect_client(done.rows_affected(), id)
}

pub(super) async fn rotate_secret(
    transaction: &mut Transaction<'static, Any>,
    id: &ClientId,
    secret: &StoredSecret,
    overlap_until: Timestamp,
) -> Result<(), StoreError> {
    let now = millis(secret.created_at);
    let done = sqlx::query("UPDATE clients SET changed_at = $1 WHERE id = $2")
        .bind(now)
        .bind(id.as_str())
        .execute(&mut **transaction)
        .await?;
    expect_client(done.rows_affected(), id)?;
    // First all but the newest that works: had its end been set before, one that is older could outlive it.
    sqlx::query(
        "DELETE FROM client_secrets WHERE client_id = $1 AND id IS DISTINCT FROM \
         (SELECT id FROM client_secrets WHERE client_id = $1 AND (expires_at IS NULL OR expires_at > $2) \
          ORDER BY created_at DESC, id DESC LIMIT 1)",
    )
    .bind(id.as_str())
    .bind(now)
    .execute(&mut **transaction)
    .await?;
    sqlx::query(
        "UPDATE client_secrets SET expires_at = $2 WHERE client_id = $1 AND (expires_at IS NULL OR expires_at > $2)",
    )
    .bind(id.as_str())
    .bind(millis(overlap_until))
    .execute(&mut **transaction)
    .await?;
    sqlx::query("DELETE FROM client_secrets WHERE client_id = $1 AND expires_at <= $2")
        .bind(id.as_str())
        .bind(now)
        .execute(&mut **transaction)
        .await?;
    add_secrets(transaction, &[(id, secret)]).await
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

pub(super) async fn record_uses(
    transaction: &mut Transaction<'static, Any>,
    uses: &[SecretUse],
) -> Result<(), StoreError> {
    // Of a secret, a statement can set one.
    let mut latest: HashMap<SecretId, &SecretUse> = HashMap::new();
    for used in uses {
        let one = latest.entry(used.secret).or_insert(used);
        if one.at < used.at {
            *one = used;
        }
    }
    let uses: Vec<&SecretUse> = latest.into_values().collect();
    for uses in uses.chunks(ROWS) {
        // Several replicas report; the latest use wins.
        let statement = format!(
            "UPDATE client_secrets SET last_used_at = used.column2, last_used_from = used.column3 FROM ({}) AS used \
             WHERE id = used.column1 AND coalesce(last_used_at, 0) < used.column2",
            values(3, uses.len())
        );
        // Nothing in it is from outside.
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for used in uses {
            query = query
                .bind(used.secret.to_string())
                .bind(millis(used.at))
                .bind(used.from.to_string());
        }
        query.execute(&mut **transaction).await?;
    }
    Ok(())
}

async fn add_secrets(
    transaction: &mut Transaction<'static, Any>,
    secrets: &[(&ClientId, &StoredSecret)],
) -> Result<(), StoreError> {
    let columns = [
        "id",
        "client_id",
        "hash_kind",
        "hash",
        "created_at",
        "expires_at",
    ];
    let statement = insert("client_secrets", &columns, secrets.len());
    // Nothing in it is from outside.
    let mut query = sqlx::query(AssertSqlSafe(statement));
    for (client, secret) in secrets {
        let hash = match &secret.hash {
            SecretHash::Keyed(digest) => digest.as_slice(),
            SecretHash::Argon2id(phc) => phc.as_bytes(),
        };
        query = query
            .bind(secret.id.to_string())
            .bind(client.as_str())
            .bind(secret.hash.kind())
            .bind(hash)
            .bind(millis(secret.created_at))
            .bind(secret.expires_at.map(millis));
    }
    query.execute(&mut **transaction).await?;
    Ok(())
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
