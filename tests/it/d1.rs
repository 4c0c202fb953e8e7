//! Thales D1 as the caller: its published example, and the differences between its contract and the
//! RFCs.

use jiff::Timestamp;

use crate::harness::{Answer, Connection, D1, GRANT, Setup, basic, header, status};

#[tokio::test]
async fn the_published_example() {
    let service = Setup::with_d1().start();
    let request = "POST /authz/d1/v1/oauth2/token HTTP/1.1\r\nHost: bank.example\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nAuthorization: Basic aXNfdGJhbmswMToxMjM=\r\n\
         Content-Length: 29\r\n\r\ngrant_type=client_credentials";
    let answer = Connection::exchange(service.api, request).await;
    assert_eq!(status(&answer), 200, "{answer}");
    assert_eq!(header(&answer, "cache-control"), Some("no-store"));
}

#[tokio::test]
async fn expires_in_is_a_string_of_seconds_and_expires_at_the_same_moment() {
    let service = Setup::with_d1().start();
    let reply = service.token(D1, GRANT).await.granted();
    assert_eq!(reply["expires_in"], "900");
    let text = reply["expires_at"].as_str().unwrap();
    assert_eq!(text.len(), "2023-06-06T05:05:59.711Z".len(), "{text}");
    assert!(text.ends_with(".000Z"), "{text}");
    let at: Timestamp = text.parse().unwrap();
    let left = at.as_second() - Timestamp::now().as_second();
    assert!((895..=900).contains(&left), "{left}");
}

#[tokio::test]
async fn expires_in_is_a_number_for_a_client_that_is_set_so() {
    let setup = Setup::empty();
    setup.add("strict", "123", &["--expires-in-as", "number"]);
    let service = setup.start();
    let request = service
        .post()
        .header("authorization", basic("strict", "123"))
        .header("x-correlation-id", "abc")
        .form(&[("grant_type", "client_credentials")]);
    let answer = Answer::of(request).await;
    let reply = answer.granted();
    assert_eq!(reply["expires_in"], 900);
    assert_eq!(reply["token_type"], "Bearer");
    assert_eq!(answer.header("x-correlation-id"), Some("abc"));
}

#[tokio::test]
async fn a_correlation_id_is_echoed_and_recorded_when_it_has_its_form() {
    let service = Setup::with_d1().start();
    let long = "x".repeat(65);
    for (sent, expected) in [
        (&["abc_DEF-123"][..], Some("abc_DEF-123")),
        (&["a b"], None),
        (&[""], None),
        (&[long.as_str()], None),
        (&["a", "b"], None),
    ] {
        for (credential, code) in [(D1, 200), ("Basic AAAA", 401)] {
            let mut request = service.post().header("authorization", credential);
            for id in sent {
                request = request.header("x-correlation-id", *id);
            }
            let answer = Answer::of(request.form(&[("grant_type", "client_credentials")])).await;
            assert_eq!(answer.status, code, "it is no reason to refuse");
            assert_eq!(answer.header("x-correlation-id"), expected);
        }
    }
    let recorded: Vec<_> = service
        .stop()
        .audit()
        .iter()
        .filter_map(|record| {
            Some((
                record["event"].clone(),
                record["correlation_id"].as_str()?.to_owned(),
            ))
        })
        .collect();
    let id = "abc_DEF-123".to_owned();
    assert_eq!(
        recorded,
        [
            ("token.issued".into(), id.clone()),
            ("token.refused".into(), id)
        ]
    );
}

#[tokio::test]
async fn changes_to_a_client_are_in_force_within_a_second() {
    let service = Setup::with_d1().start();
    service.token(D1, GRANT).await.granted();
    let eventually = async |expected: u16| {
        for _ in 0..40 {
            if service.token(D1, GRANT).await.status == expected {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("not {expected} within a second");
    };
    service.setup.run(&["client", "disable", "is_tbank01"]).ok();
    eventually(401).await;
    service.setup.run(&["client", "enable", "is_tbank01"]).ok();
    eventually(200).await;
    service.setup.run(&["client", "remove", "is_tbank01"]).ok();
    eventually(401).await;
}

#[tokio::test]
async fn a_rotated_secret_works_beside_the_one_before_until_its_end() {
    let service = Setup::with_d1().start();
    let rotate = ["client", "rotate-secret", "is_tbank01", "--output", "json"];
    let new = service.setup.run(&rotate).ok().json();
    assert!(new["previous_secret_until"].is_string(), "{new}");
    let second = basic("is_tbank01", new["client_secret"].as_str().unwrap());
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    for credential in [D1, second.as_str()] {
        service.token(credential, GRANT).await.granted();
    }
    let leaked = [
        "client",
        "rotate-secret",
        "is_tbank01",
        "--force",
        "--overlap",
        "0s",
        "--output",
        "json",
    ];
    let new = service.setup.run(&leaked).ok().json();
    let third = basic("is_tbank01", new["client_secret"].as_str().unwrap());
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    service.token(&third, GRANT).await.granted();
    for credential in [D1, second.as_str()] {
        service
            .token(credential, GRANT)
            .await
            .refused(401, "invalid_client");
    }
}
