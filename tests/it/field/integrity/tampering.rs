//! An attacker alters, removes, replaces and puts back rows at random places, with the service
//! stopped, killed and running. The service or `store verify` notices each change.

use std::path::{Path, PathBuf};

use super::{Somebody, problems};
use crate::harness::{D1, GRANT, Setup, eventually};

const PLACES: u64 = 20;
const TABLES: [(&str, &str); 7] = [
    ("clients", "id"),
    ("client_secrets", "id"),
    ("signing_keys", "id"),
    ("revoked_tokens", "jti"),
    ("meta", "name"),
    ("changes", "sequence"),
    ("manifest", "part"),
];

/// A store with rows in every table, whose service is stopped or killed; and a backup from some
/// changes before.
async fn store(killed: bool) -> (Setup, PathBuf) {
    let setup = Setup::with_d1();
    for number in 0..6 {
        setup.add(&format!("c{number}"), "123", &["--note", "a note"]);
    }
    let service = setup.start();
    let mut tokens = Vec::new();
    for _ in 0..6 {
        tokens.push(service.token(D1, GRANT).await.access_token());
    }
    for token in &tokens[..3] {
        service.revoke(D1, token).await.revoked();
    }
    let before = service.setup.folder().join("before.db");
    let backup = ["store", "backup", "--to", "before.db"];
    service.setup.run(&backup).ok();
    for token in &tokens[3..] {
        service.revoke(D1, token).await.revoked();
    }
    service.setup.run(&["client", "disable", "c0"]).ok();
    service.setup.run(&["client", "rotate-secret", "c1"]).ok();
    service
        .setup
        .run(&["client", "set", "c2", "--scope", "less"])
        .ok();
    service.setup.run(&["key", "rotate", "--now"]).ok();
    let setup = if killed {
        service.kill()
    } else {
        service.stop()
    };
    (setup, before)
}

/// A copy of the store and the files beside it.
fn copied(setup: &Setup) -> Setup {
    let copy = Setup::empty();
    for name in ["store.db", "store.db-wal", "store.db-shm", "master.key"] {
        let from = setup.folder().join(name);
        if from.exists() {
            std::fs::copy(from, copy.folder().join(name)).unwrap();
        }
    }
    copy
}

/// Numbers that differ from place to place and are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        // The algorithm splitmix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % end as u64).unwrap()
    }
}

/// Tampers with the store once; the number determines how and where. Gives the statement.
async fn tamper(file: &Path, before: &Path, place: u64) -> String {
    let mut dice = Dice(place);
    let mut somebody = Somebody::at(file).await;
    somebody
        .tries(&format!("ATTACH '{}' AS before", before.display()))
        .await
        .unwrap();
    loop {
        let (table, key) = TABLES[dice.below(TABLES.len())];
        let kind = place % 4;
        let statement = match kind {
            0 => altered(&mut somebody, &mut dice, table, key).await,
            1 => {
                let row = row(&mut dice, table, key);
                Some(format!("DELETE FROM {table} WHERE {key} = {row}"))
            }
            2 => replaced(&mut somebody, &mut dice, table, key).await,
            _ => put_back(&mut somebody, &mut dice, table, key).await,
        };
        let Some(statement) = statement else { continue };
        if somebody.tries(&statement).await.is_ok_and(|rows| rows > 0) {
            somebody.leaves().await;
            return statement;
        }
    }
}

/// Chooses a row.
fn row(dice: &mut Dice, table: &str, key: &str) -> String {
    let number = dice.below(64);
    format!(
        "(SELECT {key} FROM {table} ORDER BY {key} LIMIT 1 OFFSET {number} % (SELECT count(*) FROM {table}))"
    )
}

/// Chooses a column, except those of the last use, which no decision depends on.
async fn column(somebody: &mut Somebody, dice: &mut Dice, table: &str) -> String {
    let columns = format!(
        "SELECT group_concat(name) FROM pragma_table_info('{table}') WHERE name NOT LIKE 'last_used%'"
    );
    let columns = somebody.reads(&columns).await;
    let columns: Vec<&str> = columns.split(',').collect();
    columns[dice.below(columns.len())].to_owned()
}

async fn altered(
    somebody: &mut Somebody,
    dice: &mut Dice,
    table: &str,
    key: &str,
) -> Option<String> {
    let (row, column) = (row(dice, table, key), column(somebody, dice, table).await);
    let number = dice.below(1000);
    Some(format!(
        "UPDATE {table} SET {column} = CASE typeof({column}) WHEN 'integer' THEN abs({column} - 1) \
         WHEN 'text' THEN {column} || 'x' WHEN 'blob' THEN randomblob({number} % 64) \
         ELSE (SELECT coalesce(created_at, 1) FROM clients LIMIT 1) END WHERE {key} = {row}"
    ))
}

async fn replaced(
    somebody: &mut Somebody,
    dice: &mut Dice,
    table: &str,
    key: &str,
) -> Option<String> {
    let (one, other) = (row(dice, table, key), row(dice, table, key));
    let columns = format!(
        "SELECT group_concat(name) FROM pragma_table_info('{table}') WHERE name <> '{key}'"
    );
    let columns = somebody.reads(&columns).await;
    let differs: Vec<_> = columns
        .split(',')
        .map(|column| format!("o.{column} IS NOT {table}.{column}"))
        .filter(|column| !column.contains("last_used"))
        .collect();
    let sets: Vec<_> = columns
        .split(',')
        .filter(|column| *column != "change")
        .map(|column| format!("{column} = o.{column}"))
        .collect();
    Some(format!(
        "UPDATE {table} SET {} FROM {table} o WHERE {table}.{key} = {one} AND o.{key} = {other} AND o.{key} <> {table}.{key} AND ({})",
        sets.join(", "),
        differs.join(" OR ")
    ))
}

async fn put_back(
    somebody: &mut Somebody,
    dice: &mut Dice,
    table: &str,
    key: &str,
) -> Option<String> {
    let columns = format!(
        "SELECT group_concat(name) FROM pragma_table_info('{table}') WHERE name NOT LIKE 'last_used%'"
    );
    let columns = somebody.reads(&columns).await;
    let same: Vec<_> = columns
        .split(',')
        .map(|column| format!("o.{column} IS {table}.{column}"))
        .collect();
    let row = row(dice, &format!("before.{table}"), key);
    Some(format!(
        "INSERT OR REPLACE INTO {table} SELECT * FROM before.{table} o WHERE o.{key} = {row} \
         AND NOT EXISTS (SELECT 1 FROM main.{table} AS {table} WHERE {})",
        same.join(" AND ")
    ))
}

/// Tampers at each place, with five places at a time.
async fn at_every_place(killed: bool, what: impl AsyncFn(Setup, PathBuf, u64) -> String) {
    let (original, before) = store(killed).await;
    copied(&original).run(&["store", "verify"]).ok();
    for places in (0..PLACES).collect::<Vec<_>>().chunks(5) {
        let tries = places
            .iter()
            .map(|place| what(copied(&original), before.clone(), *place));
        for done in futures_util::future::join_all(tries).await {
            println!("noticed: {done}");
        }
    }
}

async fn is_noticed_by_a_command(setup: Setup, before: PathBuf, place: u64) -> String {
    let done = tamper(&setup.folder().join("store.db"), &before, place).await;
    tokio::task::block_in_place(|| {
        let verified = setup.run(&["store", "verify"]);
        assert_eq!(verified.code, 1, "unnoticed: {done}: {verified:?}");
    });
    done
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_somebody_else_did_while_the_service_was_stopped_is_noticed() {
    at_every_place(false, is_noticed_by_a_command).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_somebody_else_did_after_the_service_was_killed_is_noticed() {
    at_every_place(true, is_noticed_by_a_command).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_somebody_else_does_while_the_service_runs_is_noticed_by_it() {
    at_every_place(false, async |setup, before, place| {
        let service = tokio::task::block_in_place(|| setup.start());
        assert_eq!(problems(&service).await, "");
        let done = tamper(&service.setup.folder().join("store.db"), &before, place).await;
        let seen = async || problems(&service).await;
        eventually(&done, seen, |problems| !problems.is_empty()).await;
        done
    })
    .await;
}
