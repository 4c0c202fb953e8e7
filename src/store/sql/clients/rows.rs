//! Reads clients and their secrets from rows.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::LazyLock;

use dropshot_chassis::identity::{CertificateName, Network};
use futures_util::TryStreamExt;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};
use uuid::Uuid;

use crate::keys::ClientKeys;
use crate::store::sql::tables::{CLIENT_SECRETS, CLIENTS, MAC, joined};
use crate::store::sql::vouching::{Part, Vouching};
use crate::store::sql::{optional_timestamp, timestamp};
use crate::store::{ClientRecord, StoreError};
use crate::token::{
    Algorithm, Audience, Client, ClientId, GrantType, ImportedHash, JwksUri, Lifetime, Rate, Scope,
    SecretHash, SecretId, Status, StoredSecret, UnknownAuthMethod, UnknownBinding,
};

/// The columns are named one by one: a prepared `SELECT *` fails, or reads columns that it doesn't
/// know, once a later release has added one. The columns of clients come first, then those of
/// secrets, each in the order of its table.
static COLUMNS: LazyLock<String> = LazyLock::new(|| {
    let clients = CLIENTS.names().into_iter().map(|name| format!("c.{name}"));
    let secrets = CLIENT_SECRETS.names().into_iter();
    let secrets = secrets.map(|name| format!("s.{name} AS secret_{name}"));
    let uses = [
        "u.last_used_at AS client_used_at",
        "u.last_used_from AS client_used_from",
    ];
    let uses = uses.into_iter().map(str::to_owned);
    let columns = clients.chain(secrets).chain(uses);
    columns.collect::<Vec<_>>().join(", ")
});
/// The `hash_kind` of a generated secret.
const KEYED: &str = "hmac-sha256";
/// The `hash_kind` of a chosen secret.
const COSTLY: &str = "argon2id";
/// The prefix of a hash that another server made.
const IMPORTED: &str = "imported:";
/// The most clients that one statement asks for by id.
const NAMES: usize = 400;

/// A client with its secrets as the database has them, whether this service wrote them or not.
pub(in crate::store::sql) struct ClientRows(Vec<AnyRow>);

impl ClientRows {
    pub(in crate::store::sql) fn id(&self) -> Result<&str, StoreError> {
        Ok(self.0[0].try_get("id")?)
    }

    pub(in crate::store::sql) fn mac(&self) -> Result<Option<&[u8]>, StoreError> {
        Ok(self.0[0].try_get(MAC)?)
    }

    /// The content that the MAC covers.
    pub(in crate::store::sql) fn content(&self) -> Result<Vec<u8>, StoreError> {
        let client = CLIENTS.content_of(&self.0[0], 0)?;
        let mut secrets = Vec::new();
        for row in &self.0 {
            if row.try_get::<Option<&str>, _>("secret_id")?.is_some() {
                secrets.push(CLIENT_SECRETS.content_of(row, CLIENTS.columns.len())?);
            }
        }
        Ok(joined(&client, secrets))
    }

    pub(in crate::store::sql) fn record(&self) -> Result<ClientRecord, StoreError> {
        let secrets = self.0.iter().map(secret).filter_map(Result::transpose);
        record(&self.0[0], secrets.collect::<Result<_, _>>()?)
    }

    /// The client; `None` if it is not as this service wrote it last. `before` is the highest
    /// version of the store that was seen when the reading began.
    pub(in crate::store::sql) fn believed(
        &self,
        vouching: &Vouching,
        before: u64,
    ) -> Result<Option<ClientRecord>, StoreError> {
        let (id, version) = (self.id()?, self.0[0].try_get("version")?);
        if vouching.keys().is_some()
            && !(vouching.is_genuine((Part::Clients, id), &self.content()?, self.mac()?)
                && vouching.is_current(id, version, before))
        {
            return Ok(None);
        }
        self.record().map(Some)
    }
}

/// The next believed clients after `last`, ordered by id; none after the last one.
pub(in crate::store::sql) async fn after(
    connection: &mut AnyConnection,
    vouching: &Vouching,
    last: Option<&ClientId>,
    most: usize,
) -> Result<Vec<ClientRecord>, StoreError> {
    // No id is empty, so all ids sort after the empty text.
    let mut last = last.map_or("", ClientId::as_str).to_owned();
    loop {
        let before = vouching.version();
        let page = page(connection, &last, most).await?;
        let found = believed(&page, vouching, before)?;
        match page.last() {
            Some(rows) if found.is_empty() => rows.id()?.clone_into(&mut last),
            _ => return Ok(found),
        }
    }
}

/// The next clients after an id, whether they are believed or not.
pub(in crate::store::sql) async fn page(
    connection: &mut AnyConnection,
    after: &str,
    most: usize,
) -> Result<Vec<ClientRows>, StoreError> {
    let which =
        format!("WHERE c.id IN (SELECT id FROM clients WHERE id > $1 ORDER BY id LIMIT {most})");
    rows(connection, &which, &[after]).await
}

/// One client, whether it is believed or not.
pub(in crate::store::sql) async fn one(
    connection: &mut AnyConnection,
    id: &str,
) -> Result<Option<ClientRows>, StoreError> {
    Ok(rows(connection, "WHERE c.id = $1", &[id]).await?.pop())
}

pub(in crate::store::sql) async fn named(
    connection: &mut AnyConnection,
    vouching: &Vouching,
    ids: &[ClientId],
) -> Result<Vec<ClientRecord>, StoreError> {
    let mut found = Vec::new();
    for ids in ids.chunks(NAMES) {
        let places: Vec<_> = (1..=ids.len()).map(|place| format!("${place}")).collect();
        let which = format!("WHERE c.id IN ({})", places.join(", "));
        let ids: Vec<_> = ids.iter().map(ClientId::as_str).collect();
        let before = vouching.version();
        let rows = rows(connection, &which, &ids).await?;
        found.extend(believed(&rows, vouching, before)?);
    }
    Ok(found)
}

pub(in crate::store::sql) async fn with_chosen_secrets(
    connection: &mut AnyConnection,
    vouching: &Vouching,
    after: Option<&ClientId>,
    most: usize,
) -> Result<Vec<ClientRecord>, StoreError> {
    let which = format!(
        "WHERE c.id IN (SELECT DISTINCT client_id FROM client_secrets WHERE hash_kind = 'argon2id' AND client_id > $1 \
         ORDER BY client_id LIMIT {most})"
    );
    let mut last = after.map_or("", ClientId::as_str).to_owned();
    loop {
        let before = vouching.version();
        let page = rows(connection, &which, &[&last]).await?;
        let found = believed(&page, vouching, before)?;
        match page.last() {
            Some(rows) if found.is_empty() => rows.id()?.clone_into(&mut last),
            _ => return Ok(found),
        }
    }
}

fn believed(
    page: &[ClientRows],
    vouching: &Vouching,
    before: u64,
) -> Result<Vec<ClientRecord>, StoreError> {
    let records = page.iter().map(|rows| rows.believed(vouching, before));
    records.filter_map(Result::transpose).collect()
}

/// Reads clients with their secrets in one statement, and so as of one moment. With two statements,
/// a client that is added in between would seem to have no secrets.
async fn rows(
    connection: &mut AnyConnection,
    which: &str,
    ids: &[&str],
) -> Result<Vec<ClientRows>, StoreError> {
    let statement = format!(
        "SELECT {} FROM clients c LEFT JOIN client_secrets s ON s.client_id = c.id \
         LEFT JOIN client_uses u ON u.client_id = c.id {which} ORDER BY c.id, s.created_at, s.id",
        *COLUMNS
    );
    // No part of the statement comes from outside the program.
    let mut query = sqlx::query(AssertSqlSafe(statement));
    for id in ids {
        query = query.bind((*id).to_owned());
    }
    let mut rows = query.fetch(connection);
    let mut clients: Vec<ClientRows> = Vec::new();
    while let Some(row) = rows.try_next().await? {
        let id: &str = row.try_get("id")?;
        match clients.last_mut() {
            Some(last) if last.id()? == id => last.0.push(row),
            _ => clients.push(ClientRows(vec![row])),
        }
    }
    Ok(clients)
}

pub(in crate::store::sql) async fn number(
    connection: &mut AnyConnection,
) -> Result<u64, StoreError> {
    let row = sqlx::query("SELECT count(*) AS number FROM clients");
    let number: i64 = row.fetch_one(&mut *connection).await?.try_get("number")?;
    Ok(number.unsigned_abs())
}

pub(in crate::store::sql) async fn token_algorithms(
    connection: &mut AnyConnection,
) -> Result<BTreeSet<Algorithm>, StoreError> {
    // Finds each name through the index, one after the other. For DISTINCT, both databases may read
    // a million clients.
    const NEXT: &str =
        "SELECT min(token_algorithm) AS name FROM clients WHERE token_algorithm > $1";
    let (mut algorithms, mut last) = (BTreeSet::new(), String::new());
    loop {
        let row = sqlx::query(NEXT)
            .bind(last)
            .fetch_one(&mut *connection)
            .await?;
        let Some(name) = row.try_get::<Option<String>, _>("name")? else {
            return Ok(algorithms);
        };
        let algorithm = name.parse();
        algorithms.insert(algorithm.map_err(|error| StoreError::corrupt("client", &error))?);
        last = name;
    }
}

fn record(row: &AnyRow, secrets: Vec<StoredSecret>) -> Result<ClientRecord, StoreError> {
    let id: &str = row.try_get("id")?;
    let name = format!("client {id:?}");
    let corrupt = |why: String| StoreError::corrupt(&name, &why);
    let audiences: Vec<String> = serde_json::from_str(row.try_get("audiences")?)
        .map_err(|error| corrupt(error.to_string()))?;
    let audiences = audiences.iter().map(|audience| Audience::parse(audience));
    let grants: &str = row.try_get("grants")?;
    // A later release may share the store during an upgrade. Its grant types are left out, because
    // this release can't carry them out.
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
    let jwks_uri: Option<&str> = row.try_get("jwks_uri")?;
    let lifetime: Option<i64> = row.try_get("token_lifetime_seconds")?;
    let lifetime = lifetime.map(|seconds| Lifetime::from_secs(u64::try_from(seconds).unwrap_or(0)));
    let algorithm: Option<&str> = row.try_get("token_algorithm")?;
    let algorithm = algorithm.map(str::parse::<Algorithm>);
    let expires_in_as: &str = row.try_get("expires_in_as")?;
    let assertion_audience: &str = row.try_get("assertion_audience")?;
    let created_at = timestamp(row.try_get("created_at")?, &name)?;
    let registered_at = optional_timestamp(row.try_get("registered_at")?, &name)?;
    Ok(ClientRecord {
        client: Client {
            id: ClientId::parse(id).map_err(|error| corrupt(error.to_string()))?,
            name: row.try_get("name")?,
            status: if row.try_get::<i64, _>("enabled")? != 0 {
                Status::Enabled
            } else {
                Status::Disabled
            },
            auth_method: auth_method
                .parse()
                .map_err(|error: UnknownAuthMethod| corrupt(error.to_string()))?,
            assertion_audience: assertion_audience
                .parse()
                .map_err(|error: &str| corrupt(error.to_owned()))?,
            certificate_name: certificate_name
                .map(str::parse::<CertificateName>)
                .transpose()
                .map_err(|error| corrupt(error.to_string()))?,
            jwks_uri: jwks_uri
                .map(str::parse::<JwksUri>)
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
            may_introspect: row.try_get::<i64, _>("may_introspect")? != 0,
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
        created_at,
        changed_at: timestamp(row.try_get("changed_at")?, &name)?,
        registered_at: registered_at.unwrap_or(created_at),
        tokens_not_before: optional_timestamp(row.try_get("tokens_not_before")?, &name)?,
        keeps_tokens: row.try_get::<i64, _>("keeps_tokens")? != 0,
        last_used_at: optional_timestamp(row.try_get("client_used_at")?, &name)?,
        last_used_from: address(row.try_get("client_used_from")?),
    })
}

/// The kind and the bytes of a hash in its row. A hash of another server has the kind of chosen
/// secrets, and a prefix. An earlier release that doesn't know the prefix refuses the secret. With
/// an unknown kind, it could read no client at all.
pub(in crate::store::sql) fn kept(hash: &SecretHash) -> (&'static str, Vec<u8>) {
    match hash {
        SecretHash::Keyed(digest) => (KEYED, digest.to_vec()),
        SecretHash::Argon2id(phc) => (COSTLY, phc.as_bytes().to_vec()),
        SecretHash::Imported(hash) => {
            let text = format!("{IMPORTED}{}", hash.as_str());
            (COSTLY, text.into_bytes())
        }
    }
}

fn costly(text: String) -> Option<SecretHash> {
    match text.strip_prefix(IMPORTED) {
        None => Some(SecretHash::Argon2id(text)),
        Some(hash) => ImportedHash::parse(hash).ok().map(SecretHash::Imported),
    }
}

/// The secret of a row; `None` if the client has no secret.
fn secret(row: &AnyRow) -> Result<Option<StoredSecret>, StoreError> {
    let Some(id) = row.try_get::<Option<&str>, _>("secret_id")? else {
        return Ok(None);
    };
    let name = format!("client secret {id}");
    let hash: Vec<u8> = row.try_get("secret_hash")?;
    let hash = match row.try_get("secret_hash_kind")? {
        COSTLY => String::from_utf8(hash).ok().and_then(costly),
        _ => hash.try_into().ok().map(SecretHash::Keyed),
    };
    Ok(Some(StoredSecret {
        id: SecretId(Uuid::parse_str(id).map_err(|error| StoreError::corrupt(&name, &error))?),
        hash: hash.ok_or_else(|| StoreError::corrupt(&name, &"its hash is not of its kind"))?,
        created_at: timestamp(row.try_get("secret_created_at")?, &name)?,
        expires_at: optional_timestamp(row.try_get("secret_expires_at")?, &name)?,
        last_used_at: optional_timestamp(row.try_get("secret_last_used_at")?, &name)?,
        last_used_from: address(row.try_get("secret_last_used_from")?),
    }))
}

fn address(text: Option<&str>) -> Option<IpAddr> {
    text.and_then(|text| text.parse().ok())
}
