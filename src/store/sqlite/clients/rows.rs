//! Clients and their secrets read from rows.

use std::collections::{BTreeSet, HashMap};

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqlitePool};
use uuid::Uuid;

use crate::keys::ClientKeys;
use crate::store::sqlite::{optional_timestamp, timestamp};
use crate::store::{ClientRecord, StoreError};
use crate::token::{
    Algorithm, Audience, CertificateName, Client, ClientId, GrantType, Lifetime, Network, Rate,
    Scope, SecretHash, SecretId, Status, StoredSecret, UnknownAuthMethod, UnknownBinding,
};

pub(in crate::store::sqlite) async fn all(
    pool: &SqlitePool,
) -> Result<Vec<ClientRecord>, StoreError> {
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

pub(in crate::store::sqlite) async fn one(
    pool: &SqlitePool,
    id: &str,
) -> Result<Option<ClientRecord>, StoreError> {
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

pub(in crate::store::sqlite) async fn token_algorithms(
    pool: &SqlitePool,
) -> Result<BTreeSet<Algorithm>, StoreError> {
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
    let networks: &str = row.try_get("networks")?;
    let networks = networks.split_terminator(' ').map(str::parse::<Network>);
    let rate: Option<&str> = row.try_get("rate")?;
    let auth_method: &str = row.try_get("auth_method")?;
    let certificate_name: Option<&str> = row.try_get("certificate_name")?;
    let binding: &str = row.try_get("certificate_binding")?;
    let keys: Option<&str> = row.try_get("jwks")?;
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
            auth_method: auth_method
                .parse()
                .map_err(|error: UnknownAuthMethod| corrupt(error.to_string()))?,
            certificate_name: certificate_name
                .map(str::parse::<CertificateName>)
                .transpose()
                .map_err(|error| corrupt(error.to_string()))?,
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
            certificate_binding: binding
                .parse()
                .map_err(|error: UnknownBinding| corrupt(error.to_string()))?,
            networks: networks
                .collect::<Result<_, _>>()
                .map_err(|error| corrupt(error.to_string()))?,
            rate: rate
                .map(str::parse::<Rate>)
                .transpose()
                .map_err(|error| corrupt(error.to_string()))?,
            expires_at: optional_timestamp(row.try_get("expires_at")?, &name)?,
            token_lifetime: lifetime
                .transpose()
                .map_err(|error| corrupt(error.to_string()))?,
            token_algorithm: algorithm
                .transpose()
                .map_err(|error| corrupt(error.to_string()))?,
            contact: row.try_get("contact")?,
            note: row.try_get("note")?,
        },
        keys: keys
            .map(ClientKeys::parse)
            .transpose()
            .map_err(|error| corrupt(error.to_string()))?,
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
