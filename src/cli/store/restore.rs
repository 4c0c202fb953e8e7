//! `store restore`: replaces the store with a backup.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use super::progress;
use crate::admin::{Installation, StartError, believe, check_master_key, leave_record};
use crate::audit::Event;
use crate::cli::error::Error;
use crate::cli::output::Output;
use crate::clock::SystemClock;
use crate::config::{Config, StoreUrl};
use crate::store::{Difference, Migrate, SqlStore, Staged, Store, StoreError};
use crate::token::ClientId;

/// Replace the store with a backup, with the service stopped
///
/// First checks that the backup is whole, that this release can use it, and that the master key
/// opens it. Then replaces all of the store at once. The old store is kept beside the new one. The
/// command reports what is newer than the backup and lost: clients and secrets that are as they
/// were before, and revoked tokens that are active again. On PostgreSQL, the database must be
/// empty.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  d1-authz store restore --config d1-authz.toml --from /backup/d1-authz-2026-11-28.db --dry-run\n  d1-authz store restore --config d1-authz.toml --from /backup/d1-authz-2026-11-28.db"
)]
pub(in crate::cli) struct Arguments {
    /// The backup, as `store backup` made it
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// Check the backup, report what would be lost, and replace nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Restored {
    from: PathBuf,
    store: String,
    replaced: bool,
    /// The file of the replaced store.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept_as: Option<PathBuf>,
    clients: u64,
    signing_keys: usize,
    last_change: i64,
    /// What the replaced store has and the backup doesn't. `None` if the replaced store doesn't
    /// exist or can't be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    lost: Option<Difference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unread: Option<String>,
}

pub(super) async fn run(
    arguments: &Arguments,
    config: &Config,
    output: Output,
) -> Result<(), Error> {
    let migrate = config.store.migrate.into();
    let restored: Restored = match &config.store.url {
        StoreUrl::Sqlite(path) => in_file(arguments, path, config, migrate).await?,
        StoreUrl::Postgres(_) => in_database(arguments, config, migrate).await?,
    };
    if restored.replaced
        && let Err(why) = write_record(config).await
    {
        eprintln!("warning: the audit trail has no record of this until a service starts: {why}");
    }
    output.print(&restored, || restored.text())
}

async fn write_record(config: &Config) -> Result<(), StartError> {
    let installation = Installation::open(config, Arc::new(SystemClock)).await?;
    installation.accept_earlier_state().await?;
    installation.write_waiting_records().await;
    for warning in installation.take_warnings() {
        eprintln!("warning: {warning}");
    }
    installation.store().close().await;
    Ok(())
}

async fn in_file(
    arguments: &Arguments,
    path: &Path,
    config: &Config,
    migrate: Migrate,
) -> Result<Restored, Error> {
    let staged = Staged::prepare(&arguments.from, path, migrate).await?;
    let found = look(arguments, &staged, config).await;
    let mut restored = match found {
        Ok(restored) if !arguments.dry_run => restored,
        other => {
            staged.abandon().await;
            return other;
        }
    };
    restored.record(staged.store()).await?;
    restored.kept_as = staged.replace(Timestamp::now()).await?;
    restored.replaced = true;
    Ok(restored)
}

/// Describes the backup, and what is lost if it replaces the store.
async fn look(arguments: &Arguments, staged: &Staged, config: &Config) -> Result<Restored, Error> {
    let mut restored = Restored::of(arguments, staged.store(), config).await?;
    match SqlStore::open_file(staged.path(), Migrate::No).await {
        Ok(store) => {
            let lost = Difference::between(&store, staged.store(), Timestamp::now()).await;
            store.close().await;
            match lost {
                Ok(lost) => restored.lost = Some(lost),
                Err(error) => restored.unread = Some(error.to_string()),
            }
        }
        Err(StoreError::File { .. }) if !staged.path().exists() => {}
        Err(error) => restored.unread = Some(error.to_string()),
    }
    Ok(restored)
}

async fn in_database(
    arguments: &Arguments,
    config: &Config,
    migrate: Migrate,
) -> Result<Restored, Error> {
    // A copy in the temporary folder: checking migrates it, and the backup must stay unchanged.
    let aside = std::env::temp_dir().join(format!("d1-authz-{}.db", uuid::Uuid::new_v4()));
    let staged = Staged::prepare(&arguments.from, &aside, migrate).await?;
    let done = async {
        let mut restored = Restored::of(arguments, staged.store(), config).await?;
        if arguments.dry_run {
            return Ok(restored);
        }
        restored.record(staged.store()).await?;
        let target = SqlStore::open(&config.store, migrate).await?;
        let copied = staged.store().copy_to(&target, progress::lines()).await;
        target.close().await;
        copied.map_err(|error| match error {
            StoreError::NotEmpty => Error::failed(
                "the database of store.url holds a store already, and nothing was replaced; make an empty database \
                 (createdb), name it in store.url, run this again, and start the services with it",
            ),
            error => error.into(),
        })?;
        restored.replaced = true;
        Ok(restored)
    };
    let done = done.await;
    staged.abandon().await;
    done
}

impl Restored {
    async fn of(arguments: &Arguments, backup: &dyn Store, config: &Config) -> Result<Self, Error> {
        check_master_key(backup, &config.keys.master_key_file).await?;
        match believe(backup, config, Migrate::No).await {
            // A backup of an earlier release: its rows have no MAC to check.
            Ok(()) | Err(StartError::Downgraded(_) | StartError::Store(StoreError::NotAdopted)) => {
            }
            Err(error) => return Err(error.into()),
        }
        Ok(Self {
            from: arguments.from.clone(),
            store: config.store.url.to_string(),
            replaced: false,
            kept_as: None,
            clients: backup.number_of_clients().await?,
            signing_keys: backup.signing_keys().await?.len(),
            last_change: backup.last_change().await?.sequence,
            lost: None,
            unread: None,
        })
    }

    /// Leaves the audit record in the restored store. The next writer of the trail takes it from
    /// there.
    async fn record(&self, backup: &dyn Store) -> Result<(), Error> {
        let event = Event::StoreRestored {
            from: self.from.display().to_string().into(),
            last_change: self.last_change,
            // Only numbers: a list of all lost clients may be too long for a line of the trail.
            lost: self.lost.as_ref().map(Difference::numbers),
        };
        Ok(leave_record(backup, event, Timestamp::now()).await?)
    }

    fn text(&self) -> String {
        let done = if self.replaced {
            "is restored from"
        } else {
            "would be restored from"
        };
        let mut text = format!(
            "{} {done} {}: {} clients, {} signing keys, last change {}\n",
            self.store,
            self.from.display(),
            self.clients,
            self.signing_keys,
            self.last_change,
        );
        if let Some(kept) = &self.kept_as {
            text += &format!("the old store is kept as {}\n", kept.display());
        }
        if let Some(why) = &self.unread {
            text += &format!(
                "the old store can't be read, so it was not compared with the backup: {why}\n"
            );
        }
        match &self.lost {
            Some(lost) if lost.is_empty() => text += "nothing was newer than the backup\n",
            Some(lost) => text += &told(lost),
            None => {}
        }
        text
    }
}

/// The most names that the text shows. The JSON has all of them.
const SHOWN: usize = 20;

fn told(lost: &Difference) -> String {
    let mut text = "Newer than the backup, and lost:\n".to_owned();
    let clients = [
        ("clients added, which are gone", &lost.clients_added),
        ("clients removed, which work again", &lost.clients_removed),
        ("clients disabled, which work again", &lost.clients_disabled),
        (
            "clients with new secrets: the secrets before work again, and the new ones do not",
            &lost.secrets_changed,
        ),
        (
            "clients changed, which are as they were",
            &lost.clients_changed,
        ),
    ];
    for (what, ids) in clients {
        text += &list(what, ids.iter().map(ClientId::as_str));
    }
    if lost.tokens_revoked > 0 {
        text += &format!(
            "  tokens revoked, which are active again until they expire: {}\n",
            lost.tokens_revoked
        );
    }
    let keys = [
        (
            "signing keys made: their tokens can't be verified",
            &lost.keys_made,
        ),
        (
            "signing keys revoked, which are published again",
            &lost.keys_revoked,
        ),
    ];
    for (what, ids) in keys {
        text += &list(what, ids.iter().map(String::as_str));
    }
    for head in &lost.audit_heads {
        let then = head
            .then
            .map_or("nothing".to_owned(), |then| format!("{then}"));
        text += &format!(
            "  audit trail {}: known up to record {}, in the backup up to {then}\n",
            head.trail, head.now
        );
    }
    text
}

fn list<'a>(what: &str, names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let number = names.len();
    if number == 0 {
        return String::new();
    }
    let shown: Vec<_> = names.take(SHOWN).collect();
    let more = if number > SHOWN { ", ..." } else { "" };
    format!("  {what}: {number} ({}{more})\n", shown.join(", "))
}
