//! Copies a whole store into an empty one, row by row, as of one moment, and between any of the two
//! databases.

use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Row, Transaction};

use super::insert::{ROWS, insert};
use super::tables::Column::{Bytes, Number, Text};
use super::tables::{TABLES, Table};
use super::vouching::Ledger;
use super::{Engine, SqlStore};
use crate::store::StoreError;

/// The number of rows that one statement reads.
const PAGE: usize = 1_000;

/// The progress of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// The table that is copied now.
    pub table: &'static str,
    /// The number of rows so far, of all tables.
    pub rows: u64,
}

impl SqlStore {
    /// Copies the whole store, as of one moment, into another store, which is empty and whose
    /// schema is up to date. Copies everything or nothing. Calls `progress` after each page. Gives
    /// the number of rows.
    ///
    /// # Errors
    /// [`StoreError::NotEmpty`], or an error of one of the databases.
    pub async fn copy_to(
        &self,
        other: &Self,
        progress: impl Fn(Copied) + Send + Sync,
    ) -> Result<u64, StoreError> {
        let mut source = self.read_moment().await?;
        let mut target = other.begin().await?;
        let mut rows = 0;
        for table in TABLES {
            if !table.page(&mut target, None, 1).await?.is_empty() {
                return Err(StoreError::NotEmpty);
            }
            let mut last = None;
            loop {
                let page = table.page(&mut source, last.as_ref(), PAGE).await?;
                for rows in page.chunks(ROWS) {
                    table.put(&mut target, rows).await?;
                }
                rows += page.len() as u64;
                progress(Copied {
                    table: table.name,
                    rows,
                });
                if page.len() < PAGE {
                    break;
                }
                last = page.into_iter().next_back();
            }
        }
        if other.engine == Engine::Postgres {
            // The copied rows kept their numbers. This makes the next number come after them.
            sqlx::query(
                "SELECT setval(pg_get_serial_sequence('changes', 'sequence'), max(sequence)) FROM changes",
            )
            .execute(&mut *target)
            .await?;
            sqlx::query(
                "SELECT setval(pg_get_serial_sequence('audit_outbox', 'number'), max(number)) FROM audit_outbox",
            )
            .execute(&mut *target)
            .await?;
        }
        other.publish(target, Ledger::without_keys()).await?;
        other.analyze().await;
        Ok(rows)
    }
}

impl Table {
    /// The rows after `after`, ordered by primary key.
    pub(super) async fn page(
        &self,
        from: &mut Transaction<'static, Any>,
        after: Option<&AnyRow>,
        most: usize,
    ) -> Result<Vec<AnyRow>, StoreError> {
        let (columns, table) = (self.names().join(", "), self.name);
        let key = self.columns[0];
        let name = key.name();
        let from_there = after.map_or(String::new(), |_| format!("WHERE {name} > $1"));
        let statement =
            format!("SELECT {columns} FROM {table} {from_there} ORDER BY {name} LIMIT {most}");
        // No part of the statement comes from outside the program.
        let mut query = sqlx::query(AssertSqlSafe(statement));
        if let Some(row) = after {
            query = match key {
                Number(name) => query.bind(row.try_get::<i64, _>(name)?),
                Text(name) | Bytes(name) => query.bind(row.try_get::<String, _>(name)?),
            };
        }
        Ok(query.fetch_all(&mut **from).await?)
    }

    async fn put(
        &self,
        into: &mut Transaction<'static, Any>,
        rows: &[AnyRow],
    ) -> Result<(), StoreError> {
        let statement = insert(self.name, &self.names(), rows.len());
        // No part of the statement comes from outside the program.
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for row in rows {
            for column in self.columns {
                query = match *column {
                    Text(name) => query.bind(row.try_get::<Option<String>, _>(name)?),
                    Number(name) => query.bind(row.try_get::<Option<i64>, _>(name)?),
                    Bytes(name) => query.bind(row.try_get::<Option<Vec<u8>>, _>(name)?),
                };
            }
        }
        query.execute(&mut **into).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::store::Migrate;

    /// If a migration adds a column and [`TABLES`] lacks it, a copy loses its values.
    #[tokio::test]
    async fn every_column_of_every_table_is_copied() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqlStore::open_file(&folder.path().join("store.db"), Migrate::Yes).await;
        let columns = sqlx::query(
            "SELECT m.name || '.' || c.name AS name FROM sqlite_schema m JOIN pragma_table_info(m.name) c \
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE '_sqlx%' AND m.name <> 'leases'",
        );
        let rows = columns
            .fetch_all(store.unwrap().connections.pool())
            .await
            .unwrap();
        let there: BTreeSet<String> = rows.iter().map(|row| row.get("name")).collect();
        let copied = TABLES.iter().flat_map(|table| {
            let columns = table.columns.iter();
            columns.map(|column| format!("{}.{}", table.name, column.name()))
        });
        assert_eq!(there, copied.collect());
    }
}
