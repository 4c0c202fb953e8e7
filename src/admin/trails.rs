//! What the store knows of audit trails, in the types of the trails' writers and verifiers.

use jiff::Timestamp;

use crate::audit::{Chain, Head, Known, KnownTrail, Place};
use crate::store::{AuditHead, AuditPlace, Store, StoreError};

/// Everything that the store knows of audit trails.
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

/// A chain's end, in the form that the store keeps.
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

/// The place of a trail. `None` if a later release added its chain.
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
