//! What the service does beside answering requests.

use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep};

use super::Issuer;
use crate::admin::{key_changed, stored_head};
use crate::audit::{AuditError, Event, Head, Record, Scarcity};
use crate::store::StoreError;

impl Issuer {
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
    /// is tried again, and shows in [`Self::readiness`] where it matters.
    pub async fn follow(&self) {
        // Apart: a key that takes long to be made, a token or a disk that hangs, keeps nobody from
        // hearing of a revocation.
        tokio::join!(
            self.follow_changes(),
            self.keep_house(),
            self.keep_full(),
            self.check_rows()
        );
    }

    /// Applies the store's changes, when it says that there are some, and otherwise now and then.
    async fn follow_changes(&self) {
        let mut ticks = polls();
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.store.changed() => {}
            }
            while let Ok(true) = self.directory.refresh(self.clock.now()).await {}
        }
    }

    /// Checks now and then that all rows of the store are those that this service wrote. How often
    /// is by how long it takes.
    async fn check_rows(&self) {
        let mut before = self.store.findings();
        loop {
            let begun = Instant::now();
            let _later = self.store.check_rows(None).await;
            let findings = self.store.findings();
            if findings != before {
                // What is in memory may come from a row that was put back, and a change may not
                // have been told.
                let _later = self.directory.read_again(self.clock.now()).await;
                before = self.store.findings();
            }
            let pause = begun.elapsed() * Self::PAUSES_OF_CHECKS;
            sleep(pause.clamp(Self::SHORTEST_PAUSE, Self::LONGEST_PAUSE)).await;
        }
    }

    /// Reads clients before they ask, at the start and whenever all has to be read again.
    async fn keep_full(&self) {
        let mut ticks = polls();
        loop {
            ticks.tick().await;
            if self.directory.fill(self.clock.now()).await.is_err() {
                sleep(Self::BEFORE_FILLING_AGAIN).await;
            }
        }
    }

    /// Carries out the key schedule, writes down when secrets were used and how far the trail goes,
    /// tries again what could not be written, and forgets what is over.
    async fn keep_house(&self) {
        let mut ticks = polls();
        let mut pinned = None;
        for poll in (0..Self::POLLS_BETWEEN_CHECKPOINTS).cycle() {
            ticks.tick().await;
            self.keep_up(poll, &mut pinned).await;
        }
    }

    async fn keep_up(&self, poll: u32, pinned: &mut Option<Head>) {
        let now = self.clock.now();
        self.record_changed_keys().await;
        if self.trail.fault().is_some() {
            let _shown = self.trail.flush(now).await;
        }
        if poll.is_multiple_of(Self::POLLS_BETWEEN_LOOKS) {
            let _shown = self.trail.look(now).await;
            self.sampling.set_scarce(self.scarcity().is_some());
            for record in self.sampling.due(now) {
                self.trail.note(record).await;
            }
            self.changes.follow(now).await;
            let _later = self.note_head(pinned).await;
        }
        if poll.is_multiple_of(Self::POLLS_BETWEEN_SCHEDULES) {
            self.test_failed_token().await;
            let _later = self.note_version().await;
            let _shown = self.keep_key_schedule().await;
        }
        if poll.is_multiple_of(Self::POLLS_BETWEEN_USES) {
            let _later = self.directory.uses.write(&*self.store).await;
            let _later = self.upgrade_hashes().await;
        }
        match poll {
            0 => {
                let _shown = self.trail.checkpoint(now).await;
                let _later = self.directory.revocations.forget_expired(now).await;
            }
            // Not at the start: with a million clients, to count them takes the store some time.
            Self::POLLS_BEFORE_COUNTING => {
                self.throttle.forget_idle();
                self.directory.accounts.forget_old(now);
                let _later = self.directory.renew_algorithms().await;
                let _later = self.directory.count_clients().await;
            }
            _ => {}
        }
    }

    /// Notes beside the trail which version the store has.
    async fn note_version(&self) -> Result<(), StoreError> {
        let seen = self.store.version().await?;
        let mut witnessed = self
            .witnessed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if *witnessed != Some(seen) && self.witness.note(seen).is_ok() {
            *witnessed = Some(seen);
        }
        Ok(())
    }

    /// Tells the store how far the trail goes, if that is farther than `before`.
    async fn note_head(&self, before: &mut Option<Head>) -> Result<(), StoreError> {
        let end = self.trail.head();
        if let Some(head) = &end
            && end != *before
            && !self.store.is_read_only()
        {
            let head = stored_head(head, self.trail.place(), self.clock.now());
            self.store.note_audit_head(&head).await?;
        }
        *before = end;
        Ok(())
    }

    /// Applies the store's changes now.
    ///
    /// # Errors
    /// Why they can't be read.
    pub async fn refresh(&self) -> Result<(), String> {
        let done = self.directory.refresh(self.clock.now()).await;
        done.map(drop).map_err(|error| error.to_string())
    }

    /// Makes the next signing key if it is time, and what else the schedule says; a replica that
    /// may not write leaves that to others.
    ///
    /// # Errors
    /// Why it can't be done.
    pub async fn keep_key_schedule(&self) -> Result<(), String> {
        if self.store.is_read_only() {
            return Ok(());
        }
        let view = self.directory.view();
        let wanted = view.wanted(self.algorithm);
        let now = self.clock.now();
        if self.keys.keep(view.ring.set(), &wanted, now).await? {
            self.refresh().await?;
        }
        Ok(())
    }

    /// Tries a token that failed again: as long as the service isn't ready, no request does.
    async fn test_failed_token(&self) {
        let Some((token, _)) = self.directory.failed_token() else {
            return;
        };
        let view = self.directory.view();
        for algorithm in view.wanted(self.algorithm).all() {
            let key = view.ring.signer(Some(algorithm), self.clock.now());
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
    pub(super) async fn record_changed_keys(&self) {
        for key in self.directory.take_changed_keys() {
            self.trail
                .note(self.own_record(key_changed(key, None)))
                .await;
        }
    }

    /// Puts the start of the service into the audit trail.
    ///
    /// # Errors
    /// [`AuditError`]: the trail can't be written, so no token could be issued.
    pub async fn started(&self) -> Result<(), AuditError> {
        let (version, issuer) = (env!("CARGO_PKG_VERSION"), self.name.as_str().into());
        self.trail
            .write(self.own_record(Event::ServiceStarted { version, issuer }))
            .await?;
        self.record_changed_keys().await;
        Ok(())
    }

    /// Puts this service's own hashes in the place of those of another server, of secrets that were
    /// used.
    async fn upgrade_hashes(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let upgraded = self.directory.upgrades.write(&*self.store, now).await;
        for upgrade in upgraded? {
            let event = Event::SecretUpgraded {
                client_id: upgrade.client,
                secret_id: upgrade.secret,
                previous_kind: upgrade.seen.kind(),
                secret_kind: upgrade.own.kind(),
            };
            self.trail.note(self.own_record(event)).await;
        }
        Ok(())
    }

    /// To be called when no request is in flight any more: puts the stop into the audit trail, and
    /// writes down what has only been noted.
    ///
    /// # Errors
    /// [`AuditError`]: not all records are on the disk.
    pub async fn stopped(&self) -> Result<(), AuditError> {
        // When secrets were last used is worth a try, and not an error.
        let _lost = self.directory.uses.write(&*self.store).await;
        let _lost = self.upgrade_hashes().await;
        self.record_changed_keys().await;
        for record in self.sampling.rest() {
            self.trail.note(record).await;
        }
        self.trail
            .note(self.own_record(Event::ServiceStopped))
            .await;
        self.trail.checkpoint(self.clock.now()).await?;
        if let Some(copies) = self.trail.copies().cloned() {
            let _collectors_are_too_slow =
                tokio::task::spawn_blocking(move || copies.flush()).await;
        }
        // As is this: the trail itself is whole.
        let _not_noted = self.note_head(&mut None).await;
        let _not_noted = self.note_version().await;
        Ok(())
    }

    /// Whether the trail's disk has room for decisions alone.
    pub(super) fn scarcity(&self) -> Option<Scarcity> {
        Scarcity::of(&self.trail.place().path, self.reserve)
    }

    fn own_record(&self, event: Event) -> Record {
        Record::of(self.clock.now(), event)
    }
}

fn polls() -> Interval {
    let mut ticks = interval(Issuer::POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
