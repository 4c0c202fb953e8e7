//! The manifest as a transaction changes it. The transaction writes it together with its rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, Row, Transaction};

use super::manifest::{BucketAddress, Leaf, Part, Root};
use super::{Suspects, Vouching, leaf_name};
use crate::keys::RowKeys;
use crate::store::StoreError;
use crate::store::sql::tables::{
    AUDIT_OUTBOX, CHANGES, MAC, REMOVED_CLIENTS, Table, Value, Values,
};

pub(in crate::store::sql) const ROOT: &str = "root";

/// The manifest within a transaction. One transaction writes at a time.
#[derive(Debug)]
pub(in crate::store::sql) struct Ledger {
    /// `None` if nothing vouches for the store's rows.
    keys: Option<Arc<RowKeys>>,
    root: Root,
    /// The leaves that the transaction has read or changed.
    leaves: BTreeMap<usize, Leaf>,
    suspects: Suspects,
}

impl Ledger {
    pub(in crate::store::sql) async fn load(
        transaction: &mut Transaction<'static, Any>,
        vouching: &Vouching,
    ) -> Result<Self, StoreError> {
        let sealed = part(transaction, ROOT).await?;
        let root = match (vouching.keys(), &sealed) {
            (None, None) => Root::default(),
            (None, Some(_)) => return Err(StoreError::NotEntrusted),
            (Some(keys), sealed) => open_root(keys, sealed.as_deref())?,
        };
        Ok(Self {
            suspects: vouching.suspects(),
            ..Self::of(vouching.keys().cloned(), root)
        })
    }

    /// For a store whose rows nothing vouches for, or for a copy, whose rows bring their MACs
    /// along.
    pub(in crate::store::sql) fn without_keys() -> Self {
        Self::of(None, Root::default())
    }

    pub(in crate::store::sql) fn of(keys: Option<Arc<RowKeys>>, root: Root) -> Self {
        Self {
            keys,
            root,
            leaves: BTreeMap::new(),
            suspects: Suspects::default(),
        }
    }

    /// The store's version once the transaction is done.
    pub(in crate::store::sql) fn version(&self) -> i64 {
        match self.keys {
            Some(_) => i64::try_from(self.root.version + 1).unwrap_or(i64::MAX),
            None => 0,
        }
    }

    /// Counts a row with this content, which the transaction writes. Gives its MAC.
    pub(in crate::store::sql) async fn vouch(
        &mut self,
        connection: &mut AnyConnection,
        (part, id): (Part, &str),
        content: &[u8],
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(keys) = self.keys.clone() else {
            return Ok(None);
        };
        let mac = keys.mac(content);
        let BucketAddress { leaf, bucket } = part.place(id);
        let weight = keys.weight(part.name(id).as_bytes(), &mac);
        self.leaf(connection, leaf).await?.add(bucket, weight);
        Ok(Some(mac))
    }

    /// Counts a row as [`vouch`](Self::vouch) does, and adds its MAC to its values.
    pub(in crate::store::sql) async fn vouch_row(
        &mut self,
        connection: &mut AnyConnection,
        row: (Part, &str),
        table: &Table,
        values: &mut Values,
    ) -> Result<(), StoreError> {
        let content = table.content(values);
        let mac = self.vouch(connection, row, &content).await?;
        values.push((MAC, Value::Bytes(mac)));
        Ok(())
    }

    /// Stops counting the row with this MAC, which the transaction removes or writes anew. The
    /// caller has checked the MAC, or an administrator removes the row.
    pub(in crate::store::sql) async fn withdraw(
        &mut self,
        connection: &mut AnyConnection,
        (part, id): (Part, &str),
        mac: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        if let (Some(keys), Some(mac)) = (self.keys.clone(), mac) {
            let BucketAddress { leaf, bucket } = part.place(id);
            let weight = keys.weight(part.name(id).as_bytes(), mac);
            self.leaf(connection, leaf).await?.subtract(bucket, weight);
        }
        Ok(())
    }

    /// As [`withdraw`](Self::withdraw), if the MAC is right. Otherwise the manifest still counts
    /// the original row as missing.
    pub(in crate::store::sql) async fn withdraw_genuine(
        &mut self,
        connection: &mut AnyConnection,
        row: (Part, &str),
        content: &[u8],
        mac: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        if self.is_genuine(content, mac) {
            self.withdraw(connection, row, mac).await?;
        }
        Ok(())
    }

    /// Whether a row is as this service wrote it.
    pub(in crate::store::sql) fn is_genuine(&self, content: &[u8], mac: Option<&[u8]>) -> bool {
        match (&self.keys, mac) {
            (Some(keys), Some(mac)) => keys.is_genuine(content, mac),
            (Some(_), None) => false,
            (None, _) => true,
        }
    }

    /// Counts a row that has no MAC, by its content.
    pub(in crate::store::sql) async fn count(
        &mut self,
        connection: &mut AnyConnection,
        part: Part,
        row: &AnyRow,
    ) -> Result<(), StoreError> {
        self.tally(connection, part, row, Leaf::add).await
    }

    /// Stops counting a row that has no MAC.
    pub(in crate::store::sql) async fn discount(
        &mut self,
        connection: &mut AnyConnection,
        part: Part,
        row: &AnyRow,
    ) -> Result<(), StoreError> {
        self.tally(connection, part, row, Leaf::subtract).await
    }

    async fn tally(
        &mut self,
        connection: &mut AnyConnection,
        part: Part,
        row: &AnyRow,
        change: fn(&mut Leaf, usize, u128),
    ) -> Result<(), StoreError> {
        if let Some(keys) = self.keys.clone() {
            let (place, weight) = counted(&keys, part, row)?;
            let leaf = self.leaf(connection, place.leaf).await?;
            change(leaf, place.bucket, weight);
        }
        Ok(())
    }

    /// Whether the last check of all rows found that a client may have been put back to an earlier
    /// state.
    pub(in crate::store::sql) fn is_suspect(&self, id: &str) -> bool {
        self.suspects.include(id)
    }

    /// Writes the manifest as it is now.
    pub(in crate::store::sql) async fn save(
        self,
        connection: &mut AnyConnection,
    ) -> Result<(), StoreError> {
        let Self {
            keys: Some(keys),
            mut root,
            leaves,
            ..
        } = self
        else {
            return Ok(());
        };
        root.version += 1;
        for (number, mut leaf) in leaves {
            leaf.version = root.version;
            root.set_leaf(number, root.version);
            let name = leaf_name(number);
            put(connection, &name, &keys.seal(&name, &leaf.encode())).await?;
        }
        put(connection, ROOT, &keys.seal(ROOT, &root.encode())).await
    }

    async fn leaf(
        &mut self,
        connection: &mut AnyConnection,
        number: usize,
    ) -> Result<&mut Leaf, StoreError> {
        if let (false, Some(keys)) = (self.leaves.contains_key(&number), &self.keys) {
            let version = self.root.leaf(number);
            let leaf = match version {
                0 => Leaf::empty(),
                _ => {
                    let name = leaf_name(number);
                    let sealed = part(connection, &name).await?;
                    open_leaf(keys, &name, sealed.as_deref(), version)?
                }
            };
            self.leaves.insert(number, leaf);
        }
        Ok(self.leaves.entry(number).or_insert_with(Leaf::empty))
    }
}

/// The tables of rows without MACs.
pub(in crate::store::sql) static COUNTED: [(Part, &Table); 3] = [
    (Part::Changes, &CHANGES),
    (Part::Outbox, &AUDIT_OUTBOX),
    (Part::Removed, &REMOVED_CLIENTS),
];

/// The bucket in which such a row is counted, and its weight.
pub(in crate::store::sql) fn counted(
    keys: &RowKeys,
    part: Part,
    row: &AnyRow,
) -> Result<(BucketAddress, u128), StoreError> {
    let (table, id) = match part {
        Part::Removed => (&REMOVED_CLIENTS, row.try_get::<String, _>(0)?),
        Part::Outbox => (&AUDIT_OUTBOX, row.try_get::<i64, _>(0)?.to_string()),
        _ => (&CHANGES, row.try_get::<i64, _>(0)?.to_string()),
    };
    let content = table.content_of(row, 0)?;
    let weight = keys.weight(part.name(&id).as_bytes(), &content);
    Ok((part.place(&id), weight))
}

pub(in crate::store::sql) fn open_root(
    keys: &RowKeys,
    sealed: Option<&[u8]>,
) -> Result<Root, StoreError> {
    let sealed = sealed.ok_or(StoreError::Manifest("is gone"))?;
    let opened = keys.open(ROOT, sealed).ok();
    let root = opened.and_then(|bytes| Root::decode(&bytes));
    root.ok_or(StoreError::Manifest("was altered"))
}

pub(in crate::store::sql) fn open_leaf(
    keys: &RowKeys,
    name: &str,
    sealed: Option<&[u8]>,
    version: u64,
) -> Result<Leaf, StoreError> {
    let sealed = sealed.ok_or(StoreError::Manifest("lacks a part"))?;
    let opened = keys.open(name, sealed).ok();
    let leaf = opened.and_then(|bytes| Leaf::decode(&bytes));
    let leaf = leaf.ok_or(StoreError::Manifest("was altered"))?;
    if leaf.version == version {
        Ok(leaf)
    } else {
        Err(StoreError::Manifest(
            "was put back to an earlier state in part",
        ))
    }
}

pub(in crate::store::sql) async fn part(
    connection: &mut AnyConnection,
    name: &str,
) -> Result<Option<Vec<u8>>, StoreError> {
    let row = sqlx::query("SELECT value FROM manifest WHERE part = $1").bind(name);
    let row = row.fetch_optional(connection).await?;
    Ok(row.map(|row| row.try_get("value")).transpose()?)
}

async fn put(connection: &mut AnyConnection, name: &str, sealed: &[u8]) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO manifest (part, value) VALUES ($1, $2) \
         ON CONFLICT (part) DO UPDATE SET value = excluded.value",
    )
    .bind(name)
    .bind(sealed)
    .execute(connection)
    .await?;
    Ok(())
}
