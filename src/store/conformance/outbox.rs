//! Audit records of changes, written in the transaction of the change.

use super::{at, client, record, secret};
use crate::store::{AuditHead, ChangeRecords, Store, StoreError, WaitingRecords};
use crate::token::ClientId;

fn records(trail: Option<&str>, lines: usize) -> ChangeRecords {
    ChangeRecords {
        trail: trail.map(str::to_owned),
        lines: (0..lines)
            .map(|line| format!("{{\"line\":{line}}}"))
            .collect(),
        at: at(1_000),
    }
}

fn lines(taken: &[WaitingRecords]) -> Vec<String> {
    let lines = taken.iter().flat_map(|records| &records.lines);
    lines.cloned().collect()
}

pub(super) async fn records_are_kept_with_their_change_until_a_trail_has_them(store: &dyn Store) {
    let take = async |trail: &str, left_before| {
        let taken = store.take_waiting_records(trail, at(left_before)).await;
        taken.expect("taken")
    };
    assert!(!store.has_waiting_records().await.expect("read"));
    let recording = store.recording(records(Some("one"), 40));
    let nobody = ClientId::parse("nobody").expect("an id");
    let failed = recording.remove_client(&nobody, at(1)).await;
    assert!(matches!(failed, Err(StoreError::NoSuchClient(_))));
    assert!(
        !store.has_waiting_records().await.expect("read"),
        "nothing has happened"
    );

    let added = client("recorded");
    let new = record(&added, &secret(1));
    recording.add_clients(&[new]).await.expect("added");
    assert!(store.has_waiting_records().await.expect("read"));
    assert_eq!(take("another", 1_000).await, [], "they are one's own");
    let taken = take("one", 1_000).await;
    assert_eq!(lines(&taken), records(None, 40).lines);
    let numbers: Vec<_> = taken.iter().map(|it| it.number).collect();
    assert!(numbers.is_sorted() && numbers.len() > 1);
    let again = take("another", 1_001).await;
    assert_eq!(lines(&again), lines(&taken), "left for too long");

    let head = AuditHead {
        trail: "another".to_owned(),
        sequence: 1,
        hash: "00".to_owned(),
        at: at(1),
        place: None,
    };
    let noted = store.note_written_records(&again, &head).await;
    noted.expect("noted");
    assert!(!store.has_waiting_records().await.expect("read"));
    let heads = store.audit_heads().await.expect("read");
    assert!(heads.contains(&head));

    let recording = store.recording(records(None, 1));
    recording
        .remove_client(&added.id, at(2))
        .await
        .expect("removed");
    let taken = take("any", 0).await;
    assert_eq!(taken.len(), 1);
    assert_eq!(take("any", 0).await, taken, "until they are written");
    let noted = store.note_written_records(&taken, &head).await;
    noted.expect("noted");
}
