//! Reports about keys, names and texts that clients register.

use crate::harness::{GRANT, Setup, basic};

/// "A long text makes `client list` panic": a limit where it comes in.
#[test]
fn a_long_text_is_refused_where_it_comes_in() {
    let setup = Setup::with_d1();
    let long = "N".repeat(65_536);
    for (option, field) in [
        ("--name", "name"),
        ("--contact", "contact"),
        ("--note", "note"),
        ("--certificate-name", "certificate_name"),
    ] {
        let long = match option {
            "--certificate-name" => format!("dns:{long}"),
            _ => long.clone(),
        };
        let said = setup
            .run(&["client", "add", "--id", "n", option, &long])
            .fails(2, field);
        assert!(said.stderr.len() < 500, "the text isn't repeated: {said:?}");
        setup
            .run(&["client", "set", "is_tbank01", option, &long])
            .fails(2, field);
        let column = field.replace("certificate_name", "note");
        let file = format!("client_id,{column}\nok,x\nn,{long}\n");
        let import = ["client", "import", "-"];
        let said = setup.run_with(&import, &file).fails(1, "-:3: ");
        assert!(said.stderr.contains(&column), "{said:?}");
    }
    let networks: Vec<_> = (0..300)
        .map(|it| format!("10.0.{}.0/24", it % 256))
        .collect();
    let mut set = vec!["client", "set", "is_tbank01"];
    for network in &networks {
        set.extend(["--network", network]);
    }
    setup.run(&set).fails(2, "networks");
    let listed = setup.run(&["client", "list"]).ok().stdout;
    assert_eq!(listed.lines().count(), 2, "{listed}");
}

/// "A long text makes `client list` panic": stores that hold such a text already.
#[tokio::test]
async fn a_store_that_holds_a_long_text_is_listed_and_shown() {
    let setup = Setup::with_d1();
    let long = "N".repeat(70_000);
    let url = format!("sqlite:{}", setup.folder().join("store.db").display());
    sqlx::any::install_default_drivers();
    let store = sqlx::AnyPool::connect(&url).await.unwrap();
    for column in ["name", "note", "contact", "scope"] {
        let update = format!("UPDATE clients SET {column} = $1");
        let update = sqlx::query(sqlx::AssertSqlSafe(update)).bind(&long);
        update.execute(&store).await.unwrap();
    }
    store.close().await;
    let listed = setup.run(&["client", "list"]).ok().stdout;
    assert!(listed.contains(&long));
    let shown = setup.run(&["client", "show", "is_tbank01"]).ok().stdout;
    assert!(shown.contains(&long));
}

/// "Tokens too large to be withdrawn"
#[tokio::test]
async fn each_token_that_is_issued_can_be_introspected_and_revoked() {
    let setup = Setup::empty();
    let scope = |number: usize| {
        let tokens: Vec<_> = (0..number).map(|it| format!("scope:{it:05}")).collect();
        tokens.join(" ")
    };
    let id = "i".repeat(128);
    let add = |id: &str, number: usize| {
        let scope = scope(number);
        let add = ["client", "add", "--id", id, "--scope", &scope];
        setup.run_with(&[&add[..], &["--secret-stdin"]].concat(), "123")
    };
    add(&id, 1_400).fails(2, "scope, audiences");
    // The most that is taken.
    let (mut fits, mut too_many) = (1, 1_400);
    while too_many - fits > 1 {
        let middle = (fits + too_many) / 2;
        let said = setup.run_with(
            &["client", "import", "-", "--dry-run"],
            &format!("client_id,scope\n{id},{}\n", scope(middle)),
        );
        match said.code {
            0 => fits = middle,
            _ => too_many = middle,
        }
    }
    assert!(fits > 300, "{fits}");
    add(&id, fits).ok();
    setup.add("api", "123", &["--allow", "introspect"]);
    // A client that has more already keeps it, and gets no more.
    let audience = format!("https://{}.example", "a".repeat(200));
    let set = ["client", "set", &id, "--audience", &audience];
    setup
        .run(&[&set[..], &["--audience", &format!("{audience}/b")]].concat())
        .fails(2, "scope, audiences");
    let service = setup.start();
    let owner = basic(&id, "123");
    let token = service.token(&owner, GRANT).await.granted();
    let token = token["access_token"].as_str().unwrap();
    assert!(token.len() > 5_000, "{}", token.len());
    let api = basic("api", "123");
    assert_eq!(service.introspect(&api, token).await.json()["active"], true);
    assert_eq!(service.revoke(&owner, token).await.status, 200);
    assert_eq!(
        service.introspect(&api, token).await.json()["active"],
        false
    );
}
