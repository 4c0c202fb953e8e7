//! What is due at which time, and that over years no verifier with an old JWK set lacks a key.

use super::*;
use crate::keys::{MasterKey, StoredKey, Vault};

const DAY: Duration = Duration::from_secs(24 * 3600);
const SCHEDULE: Schedule = Schedule {
    rotation: Duration::from_secs(100),
    publish_ahead: Duration::from_secs(18),
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn only(default: Algorithm) -> Wanted {
    Wanted {
        default,
        clients: BTreeSet::new(),
    }
}

/// A set of keys, and the vault that makes them.
struct Keys {
    set: KeySet,
    vault: Vault,
}

impl Keys {
    fn none() -> Self {
        Self {
            set: KeySet::default(),
            vault: Vault::create(&MasterKey::random()).0,
        }
    }

    fn apply(&mut self, steps: &[Step], now: Timestamp) {
        for step in steps {
            let make = |algorithm, from| self.vault.generate_signing_key(algorithm, now, from);
            self.set.apply(step, now, make).unwrap();
        }
    }

    /// Carries out what is due. Returns the number of steps.
    fn keep(&mut self, schedule: &Schedule, wanted: &Wanted, now: Timestamp) -> usize {
        let due = schedule.due(&self.set, wanted, now);
        self.apply(&due, now);
        assert_eq!(schedule.due(&self.set, wanted, now), [], "done is done");
        due.len()
    }

    fn signer(&self, algorithm: Algorithm, now: Timestamp) -> Option<&StoredKey> {
        self.set
            .of(algorithm)
            .filter(|key| key.state(now) == KeyState::Signing)
            .max_by_key(|key| key.signs_from)
    }

    fn published(&self, now: Timestamp) -> Vec<String> {
        let set = crate::keys::published(self.set.iter(), now);
        set.keys
            .into_iter()
            .filter_map(|key| key.common.key_id)
            .collect()
    }
}

#[test]
fn the_next_key_is_made_ahead_and_the_last_one_retained_and_forgotten() {
    let (mut keys, wanted) = (Keys::none(), only(Algorithm::Es256));
    assert_eq!(keys.keep(&SCHEDULE, &wanted, at(0)), 1);
    let first = keys.set.last(Algorithm::Es256).unwrap().clone();
    assert_eq!(
        (first.signs_from, first.signs_until),
        (at(0), None),
        "the very first signs at once"
    );
    assert_eq!(keys.keep(&SCHEDULE, &wanted, at(79)), 0);
    assert_eq!(
        keys.keep(&SCHEDULE, &wanted, at(80)),
        1,
        "18 s and a margin of 2 before its end"
    );
    let next = keys.set.last(Algorithm::Es256).unwrap().clone();
    assert_eq!(
        (next.created_at, next.signs_from, next.signs_until),
        (at(80), at(100), None)
    );
    let first = keys.set.get(&first.id).unwrap().clone();
    assert_eq!(
        (first.signs_until, first.published_until),
        (Some(at(100)), Some(at(100 + 3600 + 300)))
    );
    assert_eq!(keys.keep(&SCHEDULE, &wanted, at(180)), 1, "and so on");
    assert!(keys.set.get(&first.id).unwrap().private_half.is_some());
    keys.keep(&SCHEDULE, &wanted, at(400));
    let first = keys.set.get(&first.id).unwrap();
    assert_eq!(
        first.private_half, None,
        "gone as soon as no clock can be that slow"
    );
    assert!(keys.published(at(400)).contains(&first.id));
    assert!(!keys.published(at(4000)).contains(&first.id));
}

#[test]
fn a_service_that_was_away_makes_up_for_it_without_a_gap() {
    let (mut keys, wanted) = (Keys::none(), only(Algorithm::Es256));
    keys.keep(&SCHEDULE, &wanted, at(0));
    let first = keys.signer(Algorithm::Es256, at(0)).unwrap().id.clone();
    keys.keep(&SCHEDULE, &wanted, at(5000));
    assert_eq!(keys.signer(Algorithm::Es256, at(5019)).unwrap().id, first);
    assert_ne!(keys.signer(Algorithm::Es256, at(5020)).unwrap().id, first);
}

#[test]
fn another_default_takes_over_when_verifiers_know_its_key_and_the_old_one_ends_with_its_rotation() {
    let mut keys = Keys::none();
    keys.keep(&SCHEDULE, &only(Algorithm::Es256), at(0));
    let wanted = only(Algorithm::EdDsa);
    assert_eq!(keys.keep(&SCHEDULE, &wanted, at(10)), 1);
    assert!(keys.signer(Algorithm::EdDsa, at(29)).is_none());
    assert!(keys.signer(Algorithm::EdDsa, at(30)).is_some());
    assert_eq!(keys.keep(&SCHEDULE, &wanted, at(99)), 0);
    assert_eq!(keys.keep(&SCHEDULE, &wanted, at(100)), 1);
    assert!(keys.signer(Algorithm::Es256, at(100)).is_none());
    assert_eq!(keys.set.iter().count(), 2, "and nothing follows it");
}

#[test]
fn a_client_that_takes_one_algorithm_only_gets_its_key_at_once() {
    let mut keys = Keys::none();
    keys.keep(&SCHEDULE, &only(Algorithm::Es256), at(0));
    let clients = BTreeSet::from([Algorithm::Es384]);
    let wanted = Wanted {
        clients,
        ..only(Algorithm::Es256)
    };
    keys.keep(&SCHEDULE, &wanted, at(10));
    assert!(keys.signer(Algorithm::Es384, at(10)).is_some());

    // This holds as well if the key exists and would sign later.
    let mut keys = Keys::none();
    keys.keep(&SCHEDULE, &only(Algorithm::Es256), at(0));
    keys.keep(&SCHEDULE, &only(Algorithm::Es384), at(10));
    assert!(keys.signer(Algorithm::Es384, at(11)).is_none());
    keys.keep(&SCHEDULE, &wanted, at(11));
    assert!(keys.signer(Algorithm::Es384, at(11)).is_some());
}

#[test]
fn rotating_announces_the_next_key_unless_it_must_sign_at_once() {
    let (mut keys, wanted) = (Keys::none(), only(Algorithm::Es256));
    keys.keep(&SCHEDULE, &wanted, at(0));
    let first = keys.signer(Algorithm::Es256, at(0)).unwrap().id.clone();
    let steps = SCHEDULE.rotate(&keys.set, &wanted.all(), false, at(10));
    keys.apply(&steps.unwrap(), at(10));
    let next = keys.set.next(Algorithm::Es256, at(10)).unwrap().id.clone();
    assert_eq!(keys.signer(Algorithm::Es256, at(29)).unwrap().id, first);
    assert_eq!(keys.signer(Algorithm::Es256, at(30)).unwrap().id, next);
    let error = SCHEDULE.rotate(&keys.set, &wanted.all(), false, at(11));
    assert!(
        matches!(error, Err(ScheduleError::AlreadyRotating { id, .. }) if id == next),
        "one at a time"
    );

    let steps = SCHEDULE.rotate(&keys.set, &wanted.all(), true, at(12));
    keys.apply(&steps.unwrap(), at(12));
    assert_eq!(keys.signer(Algorithm::Es256, at(12)).unwrap().id, next);
    assert_eq!(
        keys.set.get(&first).unwrap().signs_until,
        Some(at(12)),
        "the published one is brought forward"
    );
    let steps = SCHEDULE.rotate(&keys.set, &wanted.all(), true, at(13));
    keys.apply(&steps.unwrap(), at(13));
    assert_eq!(keys.set.iter().count(), 3);
    assert_eq!(
        keys.signer(Algorithm::Es256, at(13)).unwrap().created_at,
        at(13)
    );
}

#[test]
fn a_revoked_key_is_followed_at_once_by_the_published_one_or_by_a_new_one() {
    let (mut keys, wanted) = (Keys::none(), only(Algorithm::Es256));
    keys.keep(&SCHEDULE, &wanted, at(0));
    keys.keep(&SCHEDULE, &wanted, at(85));
    let revoke = |keys: &mut Keys, id: &str, now| {
        let steps = Schedule::revoke(&keys.set, &wanted, id, Some("leaked"), now).unwrap();
        keys.apply(&steps, now);
    };
    let first = keys.signer(Algorithm::Es256, at(85)).unwrap().id.clone();
    let next = keys.set.next(Algorithm::Es256, at(85)).unwrap().id.clone();
    revoke(&mut keys, &first, at(86));
    assert_eq!(keys.signer(Algorithm::Es256, at(86)).unwrap().id, next);
    assert_eq!(keys.published(at(86)), [next.as_str()], "it left at once");
    let revoked = keys.set.get(&first).unwrap();
    assert_eq!(
        (revoked.state(at(86)), &revoked.private_half),
        (KeyState::Revoked, &None)
    );
    assert_eq!(revoked.revocation_reason.as_deref(), Some("leaked"));

    revoke(&mut keys, &next, at(87));
    let third = keys.signer(Algorithm::Es256, at(87)).unwrap().id.clone();
    assert!(third != first && third != next);
    let again = Schedule::revoke(&keys.set, &wanted, &next, None, at(88));
    assert!(matches!(again, Err(ScheduleError::AlreadyRevoked { .. })));
    let unknown = Schedule::revoke(&keys.set, &wanted, "x", None, at(88));
    assert_eq!(unknown, Err(ScheduleError::NoSuchKey("x".into())));
}

#[test]
fn the_next_key_can_be_revoked_before_it_signs() {
    let (mut keys, wanted) = (Keys::none(), only(Algorithm::Es256));
    keys.keep(&SCHEDULE, &wanted, at(0));
    let first = keys.signer(Algorithm::Es256, at(0)).unwrap().id.clone();
    keys.keep(&SCHEDULE, &wanted, at(85));
    let next = keys.set.next(Algorithm::Es256, at(85)).unwrap().id.clone();
    let steps = Schedule::revoke(&keys.set, &wanted, &next, None, at(90)).unwrap();
    keys.apply(&steps, at(90));
    assert_eq!(keys.set.get(&first).unwrap().signs_until, None);
    keys.keep(&SCHEDULE, &wanted, at(90));
    assert_eq!(keys.signer(Algorithm::Es256, at(109)).unwrap().id, first);
    let another = keys.signer(Algorithm::Es256, at(110)).unwrap();
    assert!(another.id != first && another.id != next);
}

/// A verifier checks a token with a JWK set that it fetched up to `publish_ahead` before the token
/// was signed, or up to the token's whole life after. Both sets must have the key, whatever the
/// service does in between, and however long it is down.
#[test]
fn over_years_no_verifier_misses_a_key() {
    let schedule = Schedule {
        rotation: 90 * DAY,
        publish_ahead: DAY,
    };
    let (mut keys, wanted) = (Keys::none(), only(Algorithm::Es256));
    let hour = Duration::from_secs(3600);
    let mut history = Vec::new();
    let mut now = at(1_700_000_000);
    let mut signers = BTreeSet::new();
    // The test runs for 800 days. The service is down for ten days at a time.
    for step in 0..24 * 800 {
        now = after(now, hour);
        let is_down = (step / 240) % 7 == 3;
        if !is_down {
            keys.keep(&schedule, &wanted, now);
        }
        let signer = keys.signer(Algorithm::Es256, now).expect("never a gap");
        signers.insert(signer.id.clone());
        history.push(keys.published(now));
        assert!(
            history.last().unwrap().len() <= 2,
            "at most next or last beside it"
        );
        if let Some(day_ago) = history.len().checked_sub(25) {
            assert!(history[day_ago].contains(&signer.id), "{now}");
        }
        if let Some(before) = keys.signer(Algorithm::Es256, now - hour) {
            let published = &history[history.len() - 1];
            assert!(
                published.contains(&before.id),
                "its tokens still live at {now}"
            );
        }
    }
    assert!((8..=10).contains(&signers.len()), "{}", signers.len());
    let private = keys.set.iter().filter(|key| key.private_half.is_some());
    assert!(private.count() <= 2);
}
