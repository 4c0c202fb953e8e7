//! A guesser, with a clock that the tests set.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use super::*;

const START: i64 = 1_700_000_000_000;
const MINUTE: i64 = 60_000;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(START + millis).unwrap()
}

fn source(number: u32) -> Source {
    IpAddr::from(number.to_be_bytes()).into()
}

fn throttle() -> Throttle {
    Throttle::new(&ThrottleConfig::default())
}

/// Guesses as fast as the throttle allows, for `millis`. Gives the number of guesses that were
/// looked at.
fn guesses(throttle: &Throttle, caller: impl Fn(u32) -> ClientAtSource, millis: i64) -> u32 {
    let (mut now, mut looked_at) = (0, 0);
    while now <= millis {
        match throttle.may_try(caller(looked_at), false, at(now)) {
            Ok(()) => {
                throttle.failed(caller(looked_at), at(now));
                looked_at += 1;
            }
            Err(Reason::TooManyFailures { wait, .. }) => {
                now += i64::try_from(wait.as_millis()).unwrap();
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    looked_at
}

#[test]
fn ten_failures_are_free_and_then_each_doubles_the_wait() {
    let throttle = throttle();
    let caller = throttle.caller(Some("d1"), source(1));
    for _ in 0..10 {
        throttle.may_try(caller, false, at(0)).unwrap();
        throttle.failed(caller, at(0));
    }
    let mut now = 0;
    // From here on, a wait takes about as long as it takes until one failure is forgiven.
    for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 256] {
        throttle.may_try(caller, false, at(now)).unwrap();
        throttle.failed(caller, at(now));
        for turned_away in 1..4 {
            let refused = Err(Reason::TooManyFailures {
                wait: Duration::from_secs(seconds),
                turned_away,
            });
            assert_eq!(throttle.may_try(caller, false, at(now)), refused);
        }
        now += i64::try_from(seconds).unwrap() * 1000;
        let wait = throttle.may_try(caller, false, at(now - 1)).unwrap_err();
        assert!(matches!(wait, Reason::TooManyFailures { wait, .. } if wait.as_secs() == 1));
    }
    throttle.succeeded(caller, at(now));
    for _ in 0..10 {
        throttle.failed(caller, at(now));
        throttle
            .may_try(caller, false, at(now))
            .expect("all forgotten");
    }
}

#[test]
fn a_source_does_not_suffer_for_another() {
    let throttle = throttle();
    for number in 0..10_000 {
        throttle.failed(throttle.caller(Some("d1"), source(number % 50)), at(0));
    }
    for number in 0..50 {
        let guesser = throttle.caller(Some("d1"), source(number));
        throttle.may_try(guesser, false, at(0)).unwrap_err();
    }
    let d1 = throttle.caller(Some("d1"), source(9_999));
    throttle.may_try(d1, false, at(0)).unwrap();
}

#[test]
fn a_source_has_twenty_times_as_much_over_all_clients() {
    let throttle = throttle();
    let names: Vec<_> = (0..1000).map(|name| format!("client {name}")).collect();
    let caller = |guess: u32| {
        let name = &names[guess as usize % names.len()];
        throttle.caller(Some(name), source(1))
    };
    for guess in 0..=200 {
        throttle.may_try(caller(guess), false, at(0)).unwrap();
        throttle.failed(caller(guess), at(0));
    }
    throttle.may_try(caller(999), false, at(0)).unwrap_err();
    throttle
        .may_try(caller(999), true, at(0))
        .expect("a client at home there is counted alone");
    let unnamed = throttle.caller((), source(1));
    throttle.may_try(unnamed, false, at(0)).unwrap_err();
}

#[test]
fn over_a_day_a_guesser_gets_hundreds_of_guesses_and_pausing_gives_no_more() {
    const DAY: i64 = 24 * 60 * MINUTE;
    let throttle = throttle();
    let pair = throttle.caller(Some("d1"), source(1));
    let without_pause = guesses(&throttle, |_| pair, DAY);
    assert!((280..320).contains(&without_pause), "{without_pause}");
    for _ in 0..11 {
        throttle.may_try(pair, false, at(3 * DAY)).unwrap();
        throttle.failed(pair, at(3 * DAY));
    }
    let after_a_pause = throttle.may_try(pair, false, at(3 * DAY));
    after_a_pause.expect_err("no more than what is free at first");

    let names: Vec<_> = (0..100_000).map(|name| name.to_string()).collect();
    let spraying = |guess: u32| throttle.caller(Some(&names[guess as usize]), source(2));
    let sprayed = guesses(&throttle, spraying, DAY);
    assert!((5_000..7_000).contains(&sprayed), "{sprayed}");
}

#[test]
fn a_failure_now_and_then_never_makes_a_client_wait() {
    let throttle = throttle();
    let caller = throttle.caller(Some("d1"), source(1));
    for failure in 0..10_000 {
        let now = at(failure * 5 * MINUTE);
        throttle.may_try(caller, false, now).unwrap();
        throttle.failed(caller, now);
    }
}

#[test]
fn a_clock_that_is_set_back_locks_nobody_out() {
    let throttle = throttle();
    let caller = throttle.caller(Some("d1"), source(1));
    for _ in 0..20 {
        throttle.failed(caller, at(1_000 * MINUTE));
    }
    throttle
        .may_try(caller, false, at(1_000 * MINUTE))
        .unwrap_err();
    throttle.may_try(caller, false, at(0)).unwrap();
    throttle.failed(caller, at(0));
    throttle
        .may_try(caller, false, at(5 * MINUTE))
        .expect("after the longest wait");
}

#[test]
fn a_hundred_thousand_sources_are_forgotten_before_one_that_waits_long() {
    let throttle = throttle();
    let stubborn = throttle.caller(Some("d1"), source(0));
    for _ in 0..19 {
        throttle.failed(stubborn, at(0));
    }
    for number in 1..=100_000 {
        throttle.failed(throttle.caller(Some("d1"), source(number)), at(0));
    }
    throttle.may_try(stubborn, false, at(0)).unwrap_err();
}

#[test]
fn switched_off_it_stops_nobody() {
    let throttle = Throttle::new(&ThrottleConfig {
        enabled: false,
        ..ThrottleConfig::default()
    });
    let caller = throttle.caller(Some("d1"), source(1));
    for _ in 0..1000 {
        throttle.failed(caller, at(0));
        throttle.may_try(caller, false, at(0)).unwrap();
    }
}

#[test]
fn a_client_has_its_rate_and_its_burst_for_itself() {
    let rate = ClientRate {
        per_second: NonZeroU32::MIN,
        burst: NonZeroU32::new(3).unwrap(),
    };
    let throttle = Throttle::new(&ThrottleConfig {
        client_rate: Some(rate),
        ..ThrottleConfig::default()
    });
    let [one, two] = ["one", "two"].map(|id| ClientId::parse(id).unwrap());
    for _ in 0..3 {
        throttle.pace(&one, at(0), None).unwrap();
    }
    let wait = Duration::from_secs(1);
    assert_eq!(
        throttle.pace(&one, at(0), None),
        Err(Reason::TooManyRequests { wait })
    );
    throttle.pace(&two, at(0), None).unwrap();
    throttle
        .pace(&one, at(1), None)
        .expect("a new client of the same id");
}
