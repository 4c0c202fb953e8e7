//! What the service does beside answering requests.

use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep};

use super::Issuer;
use crate::admin::{key_changed, stored_head};
use crate::audit::{AuditError, Event, Head, Record};
use crate::store::StoreError;

/// How often the change feed is read: a client that is disabled elsewhere gets no token after
/// this time.
const POLL: Duration = Duration::from_millis(200);
/// Between two checks of the store's rows: so many times as long as one takes, within bounds.
/// Some thousand clients are checked every few seconds, and a million every ten minutes.
const PAUSES_OF_CHECKS: u32 = 50;
const SHORTEST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// Between two attempts to read clients before they ask.
const BEFORE_FILLING_AGAIN: Duration = Duration::from_secs(5);
/// How many polls pass between two reports of when secrets were last used.
const POLLS_BETWEEN_USES: u32 = 25;
/// How many between two looks at the trail's files, and two notes in the store of how far it
/// goes: its end can be cut off unseen for so long, where the mark is set back as well.
const POLLS_BETWEEN_LOOKS: u32 = 5;
/// How many between two looks at the key schedule.
const POLLS_BETWEEN_SCHEDULES: u32 = 5;
/// The same between two checkpoints of a trail to which little is added, and between two looks
/// for revoked tokens that have expired.
const POLLS_BETWEEN_CHECKPOINTS: u32 = 300;
/// Between such a look, and the next time that clients are counted and forgotten that matter no
/// more.
const POLLS_BEFORE_COUNTING: u32 = 150;

/// Does what has to be done beside answering requests, until the future is dropped. What fails
/// is tried again, and shows in [`Issuer::readiness`] where it matters.
pub(super) async fn follow(issuer: &Issuer) {
    // Apart: a key that takes long to be made, a token or a disk that hangs, keeps nobody from
    // hearing of a revocation.
    tokio::join!(
        follow_changes(issuer),
        keep_house(issuer),
        keep_full(issuer),
        check_rows(issuer)
    );
}

/// Applies the store's changes, when it says that there are some, and otherwise now and then.
async fn follow_changes(issuer: &Issuer) {
    let mut ticks = polls();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = issuer.store.changed() => {}
        }
        while let Ok(true) = issuer.directory.refresh(issuer.clock.now()).await {}
    }
}

/// Checks now and then that all rows of the store are those that this service wrote. How often
/// is by how long it takes.
async fn check_rows(issuer: &Issuer) {
    let mut before = issuer.store.findings();
    loop {
        let begun = Instant::now();
        let _later = issuer.store.check_rows(None).await;
        let findings = issuer.store.findings();
        if findings != before {
            // What is in memory may come from a row that was put back, and a change may not
            // have been told.
            let _later = issuer.directory.read_again(issuer.clock.now()).await;
            before = issuer.store.findings();
        }
        let pause = begun.elapsed() * PAUSES_OF_CHECKS;
        sleep(pause.clamp(SHORTEST_PAUSE, LONGEST_PAUSE)).await;
    }
}

/// Reads clients before they ask, at the start and whenever all has to be read again.
async fn keep_full(issuer: &Issuer) {
    let mut ticks = polls();
    loop {
        ticks.tick().await;
        if issuer.directory.fill(issuer.clock.now()).await.is_err() {
            sleep(BEFORE_FILLING_AGAIN).await;
        }
    }
}

/// Carries out the key schedule, writes down when secrets were used and how far the trail goes,
/// tries again what could not be written, and forgets what is over.
async fn keep_house(issuer: &Issuer) {
    let mut ticks = polls();
    let mut pinned = None;
    for poll in (0..POLLS_BETWEEN_CHECKPOINTS).cycle() {
        ticks.tick().await;
        keep_up(issuer, poll, &mut pinned).await;
    }
}

async fn keep_up(issuer: &Issuer, poll: u32, pinned: &mut Option<Head>) {
    let now = issuer.clock.now();
    record_changed_keys(issuer).await;
    if issuer.records.trail.fault().is_some() {
        let _shown = issuer.records.trail.flush(now).await;
    }
    if poll.is_multiple_of(POLLS_BETWEEN_LOOKS) {
        let _shown = issuer.records.trail.look(now).await;
        issuer
            .records
            .sampling
            .set_scarce(issuer.records.scarcity().is_some());
        for record in issuer.records.sampling.due(now) {
            issuer.records.trail.note(record).await;
        }
        issuer.changes.follow(now).await;
        let _later = note_head(issuer, pinned).await;
    }
    if poll.is_multiple_of(POLLS_BETWEEN_SCHEDULES) {
        test_failed_token(issuer).await;
        let _later = note_version(issuer).await;
        let _shown = keep_key_schedule(issuer).await;
    }
    if poll.is_multiple_of(POLLS_BETWEEN_USES) {
        let _later = issuer.directory.uses.write(&*issuer.store).await;
        let _later = upgrade_hashes(issuer).await;
    }
    match poll {
        0 => {
            let _shown = issuer.records.trail.checkpoint(now).await;
            let _later = issuer.directory.revocations.forget_expired(now).await;
        }
        // Not at the start: with a million clients, to count them takes the store some time.
        POLLS_BEFORE_COUNTING => {
            issuer.throttle.forget_idle();
            issuer.directory.accounts.forget_old(now);
            let _later = issuer.directory.renew_algorithms().await;
            let _later = issuer.directory.count_clients().await;
        }
        _ => {}
    }
}

/// Notes beside the trail which version the store has.
async fn note_version(issuer: &Issuer) -> Result<(), StoreError> {
    let seen = issuer.store.version().await?;
    let mut witnessed = issuer
        .witnessed
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if *witnessed != Some(seen) && issuer.witness.note(seen).is_ok() {
        *witnessed = Some(seen);
    }
    Ok(())
}

/// Tells the store how far the trail goes, if that is farther than `before`.
async fn note_head(issuer: &Issuer, before: &mut Option<Head>) -> Result<(), StoreError> {
    let end = issuer.records.trail.head();
    if let Some(head) = &end
        && end != *before
        && !issuer.store.is_read_only()
    {
        let head = stored_head(head, issuer.records.trail.place(), issuer.clock.now());
        issuer.store.note_audit_head(&head).await?;
    }
    *before = end;
    Ok(())
}

/// Makes the next signing key if it is time, and what else the schedule says; a replica that
/// may not write leaves that to others.
///
/// # Errors
/// Why it can't be done.
pub(super) async fn keep_key_schedule(issuer: &Issuer) -> Result<(), String> {
    if issuer.store.is_read_only() {
        return Ok(());
    }
    let view = issuer.directory.view();
    let wanted = view.wanted(issuer.algorithm);
    let now = issuer.clock.now();
    if issuer.keys.keep(view.ring.set(), &wanted, now).await? {
        issuer.refresh().await?;
    }
    Ok(())
}

/// Tries a token that failed again: as long as the service isn't ready, no request does.
async fn test_failed_token(issuer: &Issuer) {
    let Some((token, _)) = issuer.directory.failed_token() else {
        return;
    };
    let view = issuer.directory.view();
    for algorithm in view.wanted(issuer.algorithm).all() {
        let key = view.ring.signer(Some(algorithm), issuer.clock.now());
        if let Some(key) = key
            && key.test().await.is_err()
        {
            return;
        }
    }
    token.forgive();
}

/// Whoever changed a key, and with which process: each replica says in its trail what it signs
/// with from now on. Not a request's work, which may be dropped halfway.
pub(super) async fn record_changed_keys(issuer: &Issuer) {
    for key in issuer.directory.take_changed_keys() {
        issuer
            .records
            .trail
            .note(own_record(issuer, key_changed(key, None)))
            .await;
    }
}

/// Puts the start of the service into the audit trail.
///
/// # Errors
/// [`AuditError`]: the trail can't be written, so no token could be issued.
pub(super) async fn started(issuer: &Issuer) -> Result<(), AuditError> {
    let event = Event::ServiceStarted {
        version: env!("CARGO_PKG_VERSION"),
        issuer: issuer.name.as_str().into(),
    };
    let record = own_record(issuer, event);
    issuer.records.trail.write(record).await?;
    record_changed_keys(issuer).await;
    Ok(())
}

/// Puts this service's own hashes in the place of those of another server, of secrets that were
/// used.
async fn upgrade_hashes(issuer: &Issuer) -> Result<(), StoreError> {
    let now = issuer.clock.now();
    let upgraded = issuer.directory.upgrades.write(&*issuer.store, now).await;
    for upgrade in upgraded? {
        let event = Event::SecretUpgraded {
            client_id: upgrade.client,
            secret_id: upgrade.secret,
            previous_kind: upgrade.seen.kind(),
            secret_kind: upgrade.own.kind(),
        };
        issuer.records.trail.note(own_record(issuer, event)).await;
    }
    Ok(())
}

/// To be called when no request is in flight any more: puts the stop into the audit trail, and
/// writes down what has only been noted.
///
/// # Errors
/// [`AuditError`]: not all records are on the disk.
pub(super) async fn stopped(issuer: &Issuer) -> Result<(), AuditError> {
    // When secrets were last used is worth a try, and not an error.
    let _lost = issuer.directory.uses.write(&*issuer.store).await;
    let _lost = upgrade_hashes(issuer).await;
    record_changed_keys(issuer).await;
    for record in issuer.records.sampling.rest() {
        issuer.records.trail.note(record).await;
    }
    issuer
        .records
        .trail
        .note(own_record(issuer, Event::ServiceStopped))
        .await;
    issuer.records.trail.checkpoint(issuer.clock.now()).await?;
    if let Some(copies) = issuer.records.trail.copies().cloned() {
        let _collectors_are_too_slow = tokio::task::spawn_blocking(move || copies.flush()).await;
    }
    // As is this: the trail itself is whole.
    let _not_noted = note_head(issuer, &mut None).await;
    let _not_noted = note_version(issuer).await;
    Ok(())
}

fn own_record(issuer: &Issuer, event: Event) -> Record {
    Record::of(issuer.clock.now(), event)
}

fn polls() -> Interval {
    let mut ticks = interval(POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
