//! All of a store into another, empty one: row by row, the same on both databases, as of one
//! moment.

use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Row, Transaction};

use super::insert::{ROWS, insert};
use super::tables::Column::{Bytes, Number, Text};
use super::tables::{TABLES, Table};
use super::vouching::Ledger;
use super::{Engine, SqlStore};
use crate::store::StoreError;

/// How many rows are read in one statement.
const PAGE: usize = 1_000;

/// How far a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// The table it is at.
    pub table: &'static str,
    /// Rows so far, of all tables.
    pub rows: u64,
}

impl SqlStore {
    /// Copies all that lasts into another store, whose schema is up to date and which holds
    /// nothing: all of it, as of one moment, or nothing. Says after each page how far it is. Gives
    /// the number of rows.
    ///
    /// # Errors
    /// [`StoreError::NotEmpty`], or what the databases say.
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
            // The numbers were given, not drawn: the next one drawn comes after them.
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
    /// The rows after one, by primary key.
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
        // Nothing in it is from outside.
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
        // Nothing in it is from outside.
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

    /// A column that a migration adds, and nobody copies, would be lost.
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
