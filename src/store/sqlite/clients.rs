//! Clients and their secrets as rows.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, SqlitePool, Transaction};
use uuid::Uuid;

use super::{millis, optional_timestamp, timestamp};
use crate::store::{ClientRecord, SecretUse, StoreError};
use crate::token::{
    Algorithm, Audience, Client, ClientId, GrantType, Lifetime, Scope, SecretHash, SecretId,
    Status, StoredSecret,
};

pub(super) async fn all(pool: &SqlitePool) -> Result<Vec<ClientRecord>, StoreError> {
    // In one transaction: a client that is added between the two reads would seem to have no secret.
    let mut transaction = pool.begin().await?;
    let clients = sqlx::query("SELECT * FROM clients ORDER BY id")
        .fetch_all(&mut *transaction)
        .await?;
    let secrets = sqlx::query("SELECT * FROM client_secrets ORDER BY created_at, id");
    let mut by_client: HashMap<String, Vec<StoredSecret>> = HashMap::new();
    for row in secrets.fetch_all(&mut *transaction).await? {
        by_client
            .entry(row.try_get("client_id")?)
            .or_default()
            .push(secret(&row)?);
    }
    clients
        .iter()
        .map(|row| {
            record(
                row,
                by_client
                    .remove(row.try_get::<&str, _>("id")?)
                    .unwrap_or_default(),
            )
        })
        .collect()
}

pub(super) async fn one(pool: &SqlitePool, id: &str) -> Result<Option<ClientRecord>, StoreError> {
    let mut transaction = pool.begin().await?;
    let client = sqlx::query("SELECT * FROM clients WHERE id = ?").bind(id);
    let Some(row) = client.fetch_optional(&mut *transaction).await? else {
        return Ok(None);
    };
    let secrets =
        sqlx::query("SELECT * FROM client_secrets WHERE client_id = ? ORDER BY created_at, id")
            .bind(id);
    let secrets = secrets.fetch_all(&mut *transaction).await?;
    let secrets = secrets.iter().map(secret).collect::<Result<_, _>>()?;
    record(&row, secrets).map(Some)
}

pub(super) async fn token_algorithms(pool: &SqlitePool) -> Result<BTreeSet<Algorithm>, StoreError> {
    let rows = sqlx::query(
        "SELECT DISTINCT token_algorithm AS name FROM clients WHERE token_algorithm IS NOT NULL",
    );
    let algorithm = |row: &SqliteRow| {
        let name: &str = row.try_get("name")?;
        name.parse()
            .map_err(|error| StoreError::corrupt("client", &error))
    };
    rows.fetch_all(pool).await?.iter().map(algorithm).collect()
}

pub(super) async fn add(
    transaction: &mut Transaction<'static, Sqlite>,
    client: &Client,
    secret: &StoredSecret,
) -> Result<(), StoreError> {
    let audiences = serde_json::to_string(&client.audiences)
        .map_err(|error| StoreError::corrupt(format!("client {}", client.id), &error))?;
    let grants: Vec<_> = client.grants.iter().map(|grant| grant.as_str()).collect();
    let added = sqlx::query(
        "INSERT INTO clients (id, name, enabled, scope, audiences, grants, expires_in_as, may_introspect, \
         token_lifetime_seconds, token_algorithm, contact, note, created_at, changed_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(client.id.as_str())
    .bind(&client.name)
    .bind(client.status == Status::Enabled)
    .bind(client.scope.as_str())
    .bind(audiences)
    .bind(grants.join(" "))
    .bind(client.expires_in_as.as_str())
    .bind(client.may_introspect)
    .bind(client.token_lifetime.map(Lifetime::as_secs))
    .bind(client.token_algorithm.map(Algorithm::as_str))
    .bind(&client.contact)
    .bind(&client.note)
    .bind(millis(secret.created_at))
    .bind(millis(secret.created_at))
    .execute(&mut **transaction)
    .await?;
    if added.rows_affected() == 0 {
        return Err(StoreError::ClientExists(client.id.clone()));
    }
    add_secret(transaction, &client.id, secret).await
}

pub(super) async fn set_status(
    transaction: &mut Transaction<'static, Sqlite>,
    id: &ClientId,
    status: Status,
    now: Timestamp,
) -> Result<(), StoreError> {
    let done = sqlx::query("UPDATE clients SET enabled = ?, changed_at = ? WHERE id = ?")
        .bind(status == Status::Enabled)
        .bind(millis(now))
        .bind(id.as_str())
        .execute(&mut **transaction)
        .await?;
    expect_client(done.rows_affected(), id)
}

pub(super) async fn rotate_secret(
    transaction: &mut Transaction<'static, Sqlite>,
    id: &ClientId,
    secret: &StoredSecret,
    overlap_until: Timestamp,
) -> Result<(), StoreError> {
    let now = millis(secret.created_at);
    let done = sqlx::query("UPDATE clients SET changed_at = ? WHERE id = ?")
        .bind(now)
        .bind(id.as_str())
        .execute(&mut **transaction)
        .await?;
    expect_client(done.rows_affected(), id)?;
    // First all but the newest that works: had its end been set before, one that is older could outlive it.
    sqlx::query(
        "DELETE FROM client_secrets WHERE client_id = ?1 AND id IS NOT \
         (SELECT id FROM client_secrets WHERE client_id = ?1 AND (expires_at IS NULL OR expires_at > ?2) \
          ORDER BY created_at DESC, id DESC LIMIT 1)",
    )
    .bind(id.as_str())
    .bind(now)
    .execute(&mut **transaction)
    .await?;
    sqlx::query("UPDATE client_secrets SET expires_at = min(coalesce(expires_at, ?2), ?2) WHERE client_id = ?1")
        .bind(id.as_str())
        .bind(millis(overlap_until))
        .execute(&mut **transaction)
        .await?;
    sqlx::query("DELETE FROM client_secrets WHERE client_id = ? AND expires_at <= ?")
        .bind(id.as_str())
        .bind(now)
        .execute(&mut **transaction)
        .await?;
    add_secret(transaction, id, secret).await
}

pub(super) async fn remove(
    transaction: &mut Transaction<'static, Sqlite>,
    id: &ClientId,
) -> Result<(), StoreError> {
    let done = sqlx::query("DELETE FROM clients WHERE id = ?")
        .bind(id.as_str())
        .execute(&mut **transaction)
        .await?;
    expect_client(done.rows_affected(), id)
}

pub(super) async fn record_uses(
    transaction: &mut Transaction<'static, Sqlite>,
    uses: &[SecretUse],
) -> Result<(), StoreError> {
    for used in uses {
        // Several replicas report; the latest use wins.
        sqlx::query(
            "UPDATE client_secrets SET last_used_at = ?1, last_used_from = ?2 \
             WHERE id = ?3 AND coalesce(last_used_at, 0) < ?1",
        )
        .bind(millis(used.at))
        .bind(used.from.to_string())
        .bind(used.secret.to_string())
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}

async fn add_secret(
    transaction: &mut Transaction<'static, Sqlite>,
    client: &ClientId,
    secret: &StoredSecret,
) -> Result<(), StoreError> {
    let hash = match &secret.hash {
        SecretHash::Keyed(digest) => digest.as_slice(),
        SecretHash::Argon2id(phc) => phc.as_bytes(),
    };
    sqlx::query(
        "INSERT INTO client_secrets (id, client_id, hash_kind, hash, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(secret.id.to_string())
    .bind(client.as_str())
    .bind(secret.hash.kind())
    .bind(hash)
    .bind(millis(secret.created_at))
    .bind(secret.expires_at.map(millis))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

fn expect_client(rows: u64, id: &ClientId) -> Result<(), StoreError> {
    if rows == 0 {
        Err(StoreError::NoSuchClient(id.clone()))
    } else {
        Ok(())
    }
}

fn record(row: &SqliteRow, secrets: Vec<StoredSecret>) -> Result<ClientRecord, StoreError> {
    let id: &str = row.try_get("id")?;
    let name = format!("client {id:?}");
    let corrupt = |why: String| StoreError::corrupt(&name, &why);
    let audiences: Vec<String> = serde_json::from_str(row.try_get("audiences")?)
        .map_err(|error| corrupt(error.to_string()))?;
    let audiences = audiences.iter().map(|audience| Audience::parse(audience));
    let grants: &str = row.try_get("grants")?;
    // A grant type of a later release, which may share the store during an upgrade, is one that this release doesn't give.
    let grants = grants
        .split(' ')
        .filter_map(|grant| grant.parse::<GrantType>().ok());
    let lifetime: Option<i64> = row.try_get("token_lifetime_seconds")?;
    let lifetime = lifetime.map(|seconds| Lifetime::from_secs(u64::try_from(seconds).unwrap_or(0)));
    let algorithm: Option<&str> = row.try_get("token_algorithm")?;
    let algorithm = algorithm.map(str::parse::<Algorithm>);
    let expires_in_as: &str = row.try_get("expires_in_as")?;
    Ok(ClientRecord {
        client: Client {
            id: ClientId::parse(id).map_err(|error| corrupt(error.to_string()))?,
            name: row.try_get("name")?,
            status: if row.try_get("enabled")? {
                Status::Enabled
            } else {
                Status::Disabled
            },
            scope: Scope::parse(row.try_get("scope")?)
                .map_err(|error| corrupt(error.to_string()))?,
            audiences: audiences
                .collect::<Result<_, _>>()
                .map_err(|error| corrupt(error.to_string()))?,
            grants: grants.collect(),
            expires_in_as: expires_in_as
                .parse()
                .map_err(|error: &str| corrupt(error.to_owned()))?,
            may_introspect: row.try_get("may_introspect")?,
            token_lifetime: lifetime
                .transpose()
                .map_err(|error| corrupt(error.to_string()))?,
            token_algorithm: algorithm
                .transpose()
                .map_err(|error| corrupt(error.to_string()))?,
            contact: row.try_get("contact")?,
            note: row.try_get("note")?,
        },
        secrets,
        created_at: timestamp(row.try_get("created_at")?, &name)?,
        changed_at: timestamp(row.try_get("changed_at")?, &name)?,
    })
}

fn secret(row: &SqliteRow) -> Result<StoredSecret, StoreError> {
    let id: &str = row.try_get("id")?;
    let name = format!("client secret {id}");
    let hash: Vec<u8> = row.try_get("hash")?;
    let hash = match row.try_get("hash_kind")? {
        "argon2id" => String::from_utf8(hash).ok().map(SecretHash::Argon2id),
        _ => hash.try_into().ok().map(SecretHash::Keyed),
    };
    let from: Option<&str> = row.try_get("last_used_from")?;
    Ok(StoredSecret {
        id: SecretId(Uuid::parse_str(id).map_err(|error| StoreError::corrupt(&name, &error))?),
        hash: hash.ok_or_else(|| StoreError::corrupt(&name, &"its hash is not of its kind"))?,
        created_at: timestamp(row.try_get("created_at")?, &name)?,
        expires_at: optional_timestamp(row.try_get("expires_at")?, &name)?,
        last_used_at: optional_timestamp(row.try_get("last_used_at")?, &name)?,
        last_used_from: from.and_then(|from| from.parse().ok()),
    })
}
