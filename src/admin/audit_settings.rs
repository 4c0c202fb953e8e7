//! From the configuration to the settings of audit trails.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::StartError;
use super::trails::{known_trails, stored_head};
use crate::audit::{Chain, Copies, Mark, Place, Settings, Trail};
use crate::config::Config;
use crate::keys::Vault;
use crate::store::Store;

/// The settings of audit trails. Makes the key of their checkpoints if the store has none.
pub(super) async fn audit_settings(
    config: &Config,
    store: &dyn Store,
    vault: &Vault,
) -> Result<Settings, StartError> {
    let kept = match store.audit_key().await? {
        Some(kept) => kept,
        None => {
            let made = vault.generate_audit_key()?;
            store.keep_first_audit_key(&made).await?;
            // Another process that also starts for the first time may have been faster.
            store.audit_key().await?.unwrap_or(made)
        }
    };
    Ok(Settings {
        folder: config.audit.path.clone(),
        beside: Mark::beside(&config.store).map(Path::to_owned),
        max_file_size: config.audit.max_file_size,
        key: Arc::new(vault.open_audit_key(&kept)?),
    })
}

/// Opens the service's trail, and tells the store of it before its first record. An attacker can't
/// take away a trail that the store knows without being noticed.
pub(super) async fn open_trail(
    settings: Settings,
    config: &Config,
    store: &dyn Store,
    now: Timestamp,
) -> Result<Trail, StartError> {
    let known = known_trails(store).await?;
    let folder = &config.audit.path;
    let host = Place::here(Chain::Decisions, folder).host;
    let copies = Copies::open(config.audit.stdout, config.audit.syslog.clone(), &host)?;
    let trail = Trail::open(settings, known, config.audit.durability, copies)?;
    if let Some(head) = trail.head().filter(|_| !store.is_read_only()) {
        let head = stored_head(&head, trail.place(), now);
        store.note_audit_head(&head).await?;
    }
    Ok(trail)
}
