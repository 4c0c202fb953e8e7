//! What authentication costs, and what its time tells.

use super::*;

#[tokio::test]
async fn a_chosen_secret_is_costly_once_and_then_as_fast_as_any() {
    let service = Service::start().await;
    service.add(client("is_tbank01"), Some("123")).await;
    let view = || service.issuer.directory.view();
    let now = service.clock.now();
    assert_eq!(view().costly_checks(now), 1);
    assert_eq!(
        service.reason(request("is_tbank01", "124")).await,
        Reason::WrongSecret
    );
    assert_eq!(
        service.reason(request("nobody", "123")).await,
        Reason::UnknownClient
    );
    assert_eq!(view().costly_checks(now), 1, "nobody has proven it yet");
    service.ask("is_tbank01", "123").await.unwrap();
    assert_eq!(view().costly_checks(now), 0);
    service.ask("is_tbank01", "123").await.unwrap();
    assert_eq!(
        service.reason(request("is_tbank01", "124")).await,
        Reason::WrongSecret
    );

    let id = ClientId::parse("is_tbank01").unwrap();
    let clients = service.installation.clients();
    clients
        .rotate_secret(
            &id,
            Some(ClientSecret::parse("456").unwrap()),
            Duration::from_secs(9),
        )
        .await
        .unwrap();
    service.issuer.refresh().await.unwrap();
    assert_eq!(view().costly_checks(now), 1, "the proven one stays proven");
    service.ask("is_tbank01", "123").await.unwrap();
    service.ask("is_tbank01", "456").await.unwrap();
    assert_eq!(view().costly_checks(now), 0);

    clients
        .add(client("idle"), Some(ClientSecret::parse("789").unwrap()))
        .await
        .unwrap();
    clients
        .disable(&ClientId::parse("idle").unwrap())
        .await
        .unwrap();
    service.issuer.refresh().await.unwrap();
    assert_eq!(
        view().costly_checks(now),
        0,
        "one that can't be used costs nobody anything"
    );

    let mut brief = client("brief");
    brief.expires_at = Some(now + Duration::from_secs(60));
    service.add(brief, Some("789")).await;
    let checks = |seconds| view().costly_checks(now + Duration::from_secs(seconds));
    assert_eq!(
        (checks(59), checks(60)),
        (1, 0),
        "nor does one after its end"
    );
}

#[tokio::test]
async fn who_fails_learns_nothing_from_the_time_it_takes() {
    let service = Service::start_with(|config| config.throttle.enabled = false).await;
    let disabled = service.add(client("disabled"), None).await;
    service
        .installation
        .clients()
        .disable(&"disabled".parse().unwrap())
        .await
        .unwrap();
    service.issuer.refresh().await.unwrap();
    let wrong = ClientSecret::generate();
    let cases = [
        ("nobody", wrong.expose()),
        ("d1", wrong.expose()),
        ("disabled", disabled.as_str()),
    ];
    // In turns, so that what disturbs the machine disturbs all three.
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..1_000 {
        for (times, (id, secret)) in times.iter_mut().zip(cases) {
            let request = request(id, secret);
            let start = std::time::Instant::now();
            service.issuer.issue(request).await.unwrap_err();
            times.push(start.elapsed());
        }
    }
    let medians = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2].as_nanos()
    });
    println!("{medians:?}");
    let (least, most) = (medians.iter().min().unwrap(), medians.iter().max().unwrap());
    assert!(most - least <= least / 5, "{medians:?} ns");
}
