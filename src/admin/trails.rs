//! What the store knows of audit trails, as the trails' writers and verifiers take it; and how the
//! configuration has them written.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::StartError;
use crate::audit::{Chain, Copies, Head, Known, KnownTrail, Mark, Place, Settings, Trail};
use crate::config::Config;
use crate::keys::Vault;
use crate::store::{AuditHead, AuditPlace, Store, StoreError};

/// All that the store knows of them.
///
/// # Errors
/// [`StoreError`]
pub async fn known_trails(store: &dyn Store) -> Result<Known, StoreError> {
    let (key, heads) = (store.audit_key().await?, store.audit_heads().await?);
    let trail = |stored: &AuditHead| -> Result<KnownTrail, StoreError> {
        let hash = stored.hash.parse();
        let corrupt = |why: &str| StoreError::Corrupt {
            row: "audit head".to_owned(),
            why: why.to_owned(),
        };
        Ok(KnownTrail {
            head: Head {
                trail: stored.trail.as_str().into(),
                sequence: stored.sequence,
                hash: hash.map_err(corrupt)?,
            },
            place: stored.place.as_ref().and_then(place),
        })
    };
    Ok(Known {
        keys: key.into_iter().collect(),
        trails: heads.iter().map(trail).collect::<Result<_, _>>()?,
    })
}

/// How audit trails are written; makes the key of their checkpoints when the store has none.
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
            // Another process that starts for the first time as well may have been faster.
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

/// Opens the service's trail, and makes it known to the store before its first record: one that is
/// known can't be taken away unseen.
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

/// A chain's end as the store keeps it.
pub(crate) fn stored_head(head: &Head, place: &Place, at: Timestamp) -> AuditHead {
    AuditHead {
        trail: head.trail.as_ref().into(),
        sequence: head.sequence,
        hash: head.hash.to_string(),
        at,
        place: Some(AuditPlace {
            chain: place.chain.as_str().to_owned(),
            host: place.host.clone(),
            path: place.path.to_string_lossy().into_owned(),
            uid: place.uid,
        }),
    }
}

/// `None` of a chain that a later release has.
fn place(stored: &AuditPlace) -> Option<Place> {
    let chain = Chain::ALL
        .into_iter()
        .find(|it| it.as_str() == stored.chain)?;
    Some(Place {
        chain,
        host: stored.host.clone(),
        path: stored.path.as_str().into(),
        uid: stored.uid,
    })
}
