//! The service slows down guesses, and no other requests (RFC 6749 2.3.1).

use std::net::{IpAddr, Ipv4Addr};

use crate::harness::{Answer, D1, GRANT, Service, Setup, basic};

/// A caller at another address of this machine.
fn caller_at(last: u8) -> reqwest::Client {
    let address = IpAddr::from(Ipv4Addr::new(127, 0, 0, last));
    reqwest::Client::builder()
        .local_address(address)
        .build()
        .unwrap()
}

async fn token(service: &Service, caller: &reqwest::Client, authorization: &str) -> Answer {
    let request = caller
        .post(service.url("/oauth2/token"))
        .header("authorization", authorization)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(GRANT);
    Answer::of(request).await
}

#[tokio::test]
async fn a_guesser_gets_429_and_when_to_come_back_and_the_client_at_home_goes_on() {
    let service = Setup::with_d1().start();
    let guesser = caller_at(66);
    service.token(D1, GRANT).await.granted();
    for guess in 0..11 {
        let wrong = basic("is_tbank01", &format!("guess {guess}"));
        token(&service, &guesser, &wrong)
            .await
            .refused(401, "invalid_client");
    }
    let turned_away = token(&service, &guesser, D1).await;
    assert_eq!(turned_away.header("retry-after"), Some("1"));
    assert_eq!(turned_away.header("www-authenticate"), None);
    turned_away.refused(429, "temporarily_unavailable");
    service.token(D1, GRANT).await.granted();
    tokio::time::sleep(std::time::Duration::from_millis(1_050)).await;
    token(&service, &guesser, D1).await.granted();
}

#[tokio::test]
async fn a_client_that_tries_two_encodings_each_time_is_not_slowed_down() {
    let setup = Setup::empty();
    setup.add("bank", "s+/=", &[]);
    let service = setup.start();
    for _ in 0..30 {
        let other = service.token(&basic("bank", "s%252B%2F%3D"), GRANT).await;
        other.refused(401, "invalid_client");
        service.token(&basic("bank", "s+/="), GRANT).await.granted();
    }
}

#[tokio::test]
async fn ten_thousand_guesses_cost_the_client_nothing_and_no_memory() {
    let service = Setup::with_d1().start();
    // D1 makes its first request while the guesser guesses.
    let guesser = caller_at(66);
    let mut before = 0;
    for guess in 0..10_000 {
        let wrong = basic("is_tbank01", &format!("guess {guess}"));
        let answer = token(&service, &guesser, &wrong).await;
        assert!([401, 429].contains(&answer.status.as_u16()), "{answer:?}");
        if guess % 500 == 0 {
            service.token(D1, GRANT).await.granted();
        }
        if guess == 1_000 {
            before = service.kib("VmRSS");
        }
    }
    let more = service.kib("VmRSS").saturating_sub(before);
    assert!(more < 4 * 1024, "{more} KiB more");
    let records = service.stop().audit();
    let count = |reason: &str| {
        let of = records.iter().filter(|record| record["reason"] == reason);
        of.count()
    };
    let (wrong, turned_away) = (count("wrong_secret"), count("too_many_failures"));
    assert!((11..40).contains(&wrong), "{wrong} were looked at");
    assert!((10..200).contains(&turned_away), "{turned_away} records");
}

#[tokio::test]
async fn a_rate_holds_for_each_client() {
    let setup = Setup::of("throttle = { client_rate = 1, client_burst = 2 }\n");
    setup.add("is_tbank01", "123", &[]);
    setup.add("other", "456", &[]);
    let service = setup.start();
    for _ in 0..2 {
        service.token(D1, GRANT).await.granted();
    }
    let answer = service.token(D1, GRANT).await;
    assert_eq!(answer.header("retry-after"), Some("1"));
    answer.refused(429, "temporarily_unavailable");
    service.token(&basic("other", "456"), GRANT).await.granted();
}

#[tokio::test]
async fn switched_off_every_guess_is_looked_at() {
    let setup = Setup::of("throttle = { enabled = false }\n");
    setup.add("is_tbank01", "123", &[]);
    let service = setup.start();
    service.token(D1, GRANT).await.granted();
    for _ in 0..50 {
        let wrong = service.token(&basic("is_tbank01", "124"), GRANT).await;
        wrong.refused(401, "invalid_client");
    }
}
