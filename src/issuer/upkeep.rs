//! The service's work beside answering requests.

use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep};

use super::Issuer;
use crate::admin::{key_changed, stored_head};
use crate::audit::{AuditError, Event, Head, Record};
use crate::store::StoreError;

/// How often the change feed is read. A client that is disabled elsewhere gets no token after this
/// time.
const POLL: Duration = Duration::from_millis(200);
/// The pause between two checks of the store's rows is this many times as long as one check takes,
/// within the bounds below. Some thousand clients are checked every few seconds, and a million
/// every ten minutes.
const PAUSES_OF_CHECKS: u32 = 50;
const SHORTEST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// The pause between two attempts to read clients before they ask.
const BEFORE_FILLING_AGAIN: Duration = Duration::from_secs(5);
/// How many polls pass between two reports of when secrets were last used.
const POLLS_BETWEEN_USES: u32 = 25;
/// How many polls pass between two looks at the trail's files. The trail's head is noted in the
/// store as often. Within that time, an attacker who cuts off the trail's end and also sets back
/// its mark is not noticed.
const POLLS_BETWEEN_LOOKS: u32 = 5;
/// How many polls pass between two looks at the key schedule.
const POLLS_BETWEEN_SCHEDULES: u32 = 5;
/// How many polls pass between two checkpoints of a trail to which little is added, and between two
/// searches for revoked tokens that have expired.
const POLLS_BETWEEN_CHECKPOINTS: u32 = 300;
/// How many polls pass between such a search and the next count of the clients. Clients that matter
/// no more are forgotten then as well.
const POLLS_BEFORE_COUNTING: u32 = 150;

/// Does the work beside answering requests, until the future is dropped. If a task fails, it is
/// tried again. [`Issuer::readiness`] shows the failures that matter.
pub(super) async fn follow(issuer: &Issuer) {
    // The tasks run apart. A key that takes long to make, or a PKCS#11 token or a disk that hangs,
    // doesn't delay the news of a revocation.
    tokio::join!(
        follow_changes(issuer),
        keep_house(issuer),
        keep_full(issuer),
        check_rows(issuer)
    );
}

/// Applies the store's changes: when the store says that there are some, and at each poll.
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

/// Checks again and again that all rows of the store are those that this service wrote. The longer
/// a check takes, the longer is the pause after it.
async fn check_rows(issuer: &Issuer) {
    let mut before = issuer.store.findings();
    loop {
        let begun = Instant::now();
        let _later = issuer.store.check_rows(None).await;
        let findings = issuer.store.findings();
        if findings != before {
            // Data in memory may come from a row that an attacker put back, and the feed may lack a
            // change.
            let _later = issuer.directory.read_again(issuer.clock.now()).await;
            before = issuer.store.findings();
        }
        let pause = begun.elapsed() * PAUSES_OF_CHECKS;
        sleep(pause.clamp(SHORTEST_PAUSE, LONGEST_PAUSE)).await;
    }
}

/// Reads clients before they ask, at the start and whenever all clients have to be read again.
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
        // Not at the start: the store takes some time to count a million clients.
        POLLS_BEFORE_COUNTING => {
            issuer.throttle.forget_idle();
            issuer.directory.accounts.forget_old(now);
            let _later = issuer.directory.renew_algorithms().await;
            let _later = issuer.directory.count_clients().await;
        }
        _ => {}
    }
}

/// Notes in the witness file, which lies beside the trail, which version the store has.
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

/// Does what the key schedule says, for example makes the next signing key when it is due. A
/// replica that may not write leaves that to the others.
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

/// Tries a PKCS#11 token that failed again. While the service isn't ready, no request tries it.
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

/// Records changed keys, whoever changed them: each replica says in its own trail which keys it
/// signs with from now on. A request doesn't do this, because its work may be dropped halfway.
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

/// Replaces another server's hashes of secrets that were used with this service's own hashes.
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

/// Puts the stop into the audit trail, and writes down what has only been noted. Call it when no
/// request is in flight any more.
///
/// # Errors
/// [`AuditError`]: not all records are on the disk.
pub(super) async fn stopped(issuer: &Issuer) -> Result<(), AuditError> {
    // It is worth a try to write when secrets were last used. A failure is no error.
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
    // A failure of these two is no error either: the trail itself is whole.
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
