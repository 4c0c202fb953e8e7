//! RFC 9700, Best Current Practice for OAuth 2.0 Security: places that must have no secrets.

use std::path::Path;
use std::process::Command;

use crate::harness::{Answer, GRANT, Setup, basic};

const SECRET: &str = "Tr0ub4dor-and-a-horse-battery-staple";

/// The contents of all files of a folder, with their paths.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(contents(&path));
        } else {
            all.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    all
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn section_2_4_no_secret_is_stored_logged_or_sent_back() {
    let setup = Setup::empty();
    setup.add("chosen", SECRET, &[]);
    let made = setup
        .run(&["client", "add", "--id", "made", "--output", "json"])
        .ok()
        .json();
    let generated = made["client_secret"].as_str().unwrap().to_owned();
    let service = setup.start();
    let mut sent_back = String::new();
    for (id, secret) in [
        ("chosen", SECRET),
        ("made", generated.as_str()),
        ("nobody", SECRET),
    ] {
        let credential = basic(id, secret);
        for form in [
            GRANT.to_owned(),
            format!("{GRANT}&client_secret={secret}"),
            format!("{GRANT}&scope={secret}"),
            format!("grant_type={secret}"),
            format!("{GRANT}&{secret}=%zz"),
        ] {
            sent_back.push_str(&service.token(&credential, &form).await.text);
        }
        let url = service.url(&format!("/oauth2/token?client_secret={secret}"));
        let in_url = reqwest::Client::new().post(url).body(secret.to_owned());
        sent_back.push_str(&Answer::of(in_url).await.text);
    }
    let token = service
        .token(&basic("made", &generated), GRANT)
        .await
        .granted();
    let token = token["access_token"].as_str().unwrap().to_owned();
    let made_by = basic("made", &generated);
    service.introspect(&made_by, &token).await;
    service.revoke(&made_by, &token).await.revoked();
    for (id, secret) in [("chosen", SECRET), ("made", generated.as_str())] {
        assert!(!sent_back.contains(secret), "{sent_back}");
        let shown = service
            .setup
            .run(&["client", "show", id, "--output", "json"])
            .ok()
            .stdout;
        assert!(
            !shown.contains(secret) && !shown.contains("argon2id$"),
            "{shown}"
        );
    }
    let log = service.log();
    let setup = service.stop();
    for text in [SECRET, generated.as_str(), token.as_str()] {
        assert!(!log.contains(text), "{log}");
        for (file, bytes) in contents(setup.folder()) {
            assert!(!holds(&bytes, text), "{text} is in {file}");
        }
    }
}

#[tokio::test]
async fn section_2_4_no_secret_is_in_the_list_of_processes() {
    let service = Setup::with_d1().start();
    let list = Command::new("ps")
        .args(["axww", "-o", "args"])
        .output()
        .unwrap();
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    assert!(list.contains("serve --config d1-authz.toml"), "{list}");
    let help = service.setup.run(&["client", "add", "--help"]).ok().stdout;
    assert!(
        !help.contains("--secret "),
        "a secret would be an argument: {help}"
    );
}

#[test]
fn section_2_4_key_material_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let setup = Setup::with_d1();
    for file in ["master.key", "store.db"] {
        let metadata = std::fs::metadata(setup.folder().join(file)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o077, 0, "{file}");
    }
}
