//! What authentication costs, and what the time of an answer tells the caller.

use super::*;

#[tokio::test]
async fn a_chosen_secret_is_costly_once_and_then_as_fast_as_any() {
    let service = Service::start().await;
    service.add(client("is_tbank01"), Some("123")).await;
    let accounts = &service.issuer.directory.accounts;
    let now = service.clock.now();
    assert_eq!(runs(accounts.costly_checks(now)), 1);
    assert_eq!(
        service.reason(request("is_tbank01", "124")).await,
        Reason::WrongSecret
    );
    assert_eq!(
        service.reason(request("nobody", "123")).await,
        Reason::UnknownClient
    );
    assert_eq!(
        runs(accounts.costly_checks(now)),
        1,
        "nobody has proven it yet"
    );
    service.ask("is_tbank01", "123").await.unwrap();
    assert_eq!(runs(accounts.costly_checks(now)), 0);
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
            true,
        )
        .await
        .unwrap();
    service.issuer.refresh().await.unwrap();
    assert_eq!(
        runs(accounts.costly_checks(now)),
        1,
        "the proven one stays proven"
    );
    service.ask("is_tbank01", "123").await.unwrap();
    service.ask("is_tbank01", "456").await.unwrap();
    assert_eq!(runs(accounts.costly_checks(now)), 0);

    clients
        .add(client("idle"), Some(ClientSecret::parse("789").unwrap()))
        .await
        .unwrap();
    clients
        .disable(&ClientId::parse("idle").unwrap(), TokensThen::Revoked)
        .await
        .unwrap();
    service.issuer.refresh().await.unwrap();
    assert_eq!(
        runs(accounts.costly_checks(now)),
        0,
        "one that can't be used costs nobody anything"
    );

    let mut brief = client("brief");
    brief.expires_at = Some(now + Duration::from_secs(60));
    service.add(brief, Some("789")).await;
    let checks = |seconds| runs(accounts.costly_checks(now + Duration::from_secs(seconds)));
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
        .disable(&"disabled".parse().unwrap(), TokensThen::Revoked)
        .await
        .unwrap();
    service.issuer.refresh().await.unwrap();
    let wrong = ClientSecret::generate();
    let cases = [
        ("nobody", wrong.expose()),
        ("d1", wrong.expose()),
        ("disabled", disabled.as_str()),
    ];
    let cases = cases.map(|(id, secret)| (vec![id.to_owned(); 300], secret));
    assert_alike(&service, cases).await;
}

#[tokio::test]
async fn nor_which_clients_are_in_memory() {
    let service = Service::start_with(|config| {
        config.throttle.enabled = false;
        config.store.cached_clients = 100;
    });
    let service = service.await;
    let new = |number| to_import(client(&format!("c{number}")));
    let registry = service.installation.clients();
    registry
        .import((0..400).map(new).collect(), false, false)
        .await
        .unwrap();
    service.issuer.refresh().await.unwrap();
    let accounts = &service.issuer.directory.accounts;
    let ids = (0..400).map(|number| format!("c{number}"));
    let (cached, others): (Vec<_>, Vec<_>) =
        ids.partition(|id| accounts.contains(&id.parse().unwrap()));
    let made_up: Vec<_> = (0..80).map(|number| format!("nobody{number}")).collect();
    let some = |ids: &[String]| ids[..80].to_vec();
    let wrong = ClientSecret::generate();
    let cases = [some(&made_up), some(&cached), some(&others)];
    assert_alike(&service, cases.map(|ids| (ids, wrong.expose()))).await;
}

/// Asserts that the time of a refusal doesn't tell which of three kinds of clients was named.
async fn assert_alike(service: &Service, cases: [(Vec<String>, &str); 3]) {
    // The cases take turns, so that what disturbs the machine disturbs all three.
    let mut times = [const { Vec::new() }; 3];
    for turn in 0..cases[0].0.len() {
        for (times, (ids, secret)) in times.iter_mut().zip(&cases) {
            // No request then waits for the look before it. Such a wait would hide the time of the
            // request itself.
            tokio::time::sleep(Duration::from_millis(6)).await;
            let request = request(&ids[turn], secret);
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
