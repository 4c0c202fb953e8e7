//! The rows of `meta` that pin audit trails: the key of their checkpoints, and how far each trail
//! goes.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::{Any, AnyConnection, Transaction};

use super::meta;
use super::vouching::{Ledger, Vouching};
use crate::keys::StoredAuditKey;
use crate::store::{AuditHead, StoreError};

const KEY: &str = "audit_key";
const HEAD: &str = "audit_head:";
/// The first name that sorts after all names that begin with [`HEAD`].
const AFTER_HEADS: &str = "audit_head;";

pub(super) async fn key(
    connection: &mut AnyConnection,
) -> Result<Option<StoredAuditKey>, StoreError> {
    let value = meta::value(connection, KEY).await?;
    value.map(|value| read(&value)).transpose()
}

pub(super) async fn keep_first_key(
    transaction: &mut Transaction<'static, Any>,
    ledger: &mut Ledger,
    key: &StoredAuditKey,
) -> Result<bool, StoreError> {
    if meta::value(transaction, KEY).await?.is_some() {
        return Ok(false);
    }
    meta::put(transaction, ledger, KEY, &written(key)?).await?;
    Ok(true)
}

pub(super) async fn heads(
    connection: &mut AnyConnection,
    vouching: &Vouching,
) -> Result<Vec<AuditHead>, StoreError> {
    let values = meta::between(connection, vouching, HEAD, AFTER_HEADS).await?;
    values.iter().map(|value| read(value)).collect()
}

pub(super) async fn note_head(
    transaction: &mut Transaction<'static, Any>,
    ledger: &mut Ledger,
    head: &AuditHead,
) -> Result<(), StoreError> {
    let name = format!("{HEAD}{}", head.trail);
    let noted = meta::value(transaction, &name).await?;
    let noted: Option<AuditHead> = noted.map(|value| read(&value)).transpose()?;
    if noted.is_some_and(|noted| noted.sequence > head.sequence) {
        return Ok(());
    }
    meta::put(transaction, ledger, &name, &written(head)?).await
}

fn written(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|error| StoreError::corrupt("audit key or head", &error))
}

fn read<T: DeserializeOwned>(value: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(value).map_err(|error| StoreError::corrupt("audit key or head", &error))
}
