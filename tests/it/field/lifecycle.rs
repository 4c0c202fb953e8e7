//! Reports about the configuration, the files that it names, and the life of the process.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use crate::harness::{self, D1, GRANT, Service, Setup, d1_authz};
use crate::quickstart::Quickstart;

/// "A Kubernetes Service called d1-authz keeps it from starting"
#[tokio::test]
async fn what_kubernetes_makes_of_services_names_is_no_configuration() {
    let setup = Setup::with_d1();
    let links = [
        ("SERVICE_HOST", "10.96.0.7"),
        ("SERVICE_PORT", "8443"),
        ("SERVICE_PORT_HTTPS", "8443"),
        ("PORT", "tcp://10.96.0.7:8443"),
        ("PORT_8443_TCP", "tcp://10.96.0.7:8443"),
        ("PORT_8443_TCP_PROTO", "tcp"),
        ("PORT_8443_TCP_PORT", "8443"),
        ("PORT_8443_TCP_ADDR", "10.96.0.7"),
        ("PORT_53_UDP", "udp://[fd00::7]:53"),
    ];
    let with_links = |mut command: Command| {
        for service in ["", "OPS_", "OPS_2_"] {
            for (name, value) in links {
                command.env(format!("D1_AUTHZ_{service}{name}"), value);
            }
        }
        command
    };
    let mut command = with_links(harness::binary(setup.folder()));
    command.args(["serve", "--config", "d1-authz.toml"]);
    let service = Service::spawn(setup, command);
    service.token(D1, GRANT).await.granted();

    // The service still refuses a mistyped key beside them, and names the place of the list of
    // keys.
    let setup = service.stop();
    for typo in [
        "D1_AUTHZ_LISTEN__APY",
        "D1_AUTHZ_LISTEN_PORT",
        "D1_AUTHZ_ISUER",
    ] {
        let mut command = with_links(harness::binary(setup.folder()));
        command.args(["config", "check", "--config", "d1-authz.toml"]);
        command.env(typo, "127.0.0.1:8443");
        let said = harness::run(&mut command, "").fails(2, typo);
        assert_eq!(said.stderr.lines().count(), 1, "{said:?}");
    }
    // These variables alone are no configuration.
    let elsewhere = tempfile::tempdir().unwrap();
    let mut command = with_links(harness::binary(elsewhere.path()));
    harness::run(command.args(["client", "list"]), "").fails(2, "there is no configuration");
}

/// "Odd issuers are valid, and then panic"
#[test]
fn an_issuer_that_clients_would_read_otherwise_is_refused() {
    let setup = Setup::empty();
    for (path, why) in [
        ("//b", "empty part"),
        ("/a//b", "empty part"),
        ("/a%2Fb", "character"),
        ("/a%20b", "character"),
        ("/a/../b", "\"..\""),
        ("/a/.", "\"..\""),
        ("/{x}", "character"),
        ("/ä", "character"),
        ("/a|b", "character"),
        ("/.well-known/a", "well-known"),
        (&format!("/{}", "a".repeat(250)), "255"),
    ] {
        let mut command = harness::binary(setup.folder());
        command.args(["config", "check", "--config", "d1-authz.toml"]);
        command.env("D1_AUTHZ_ISSUER", format!("https://bank.example{path}"));
        harness::run(&mut command, "").fails(2, why);
    }
}

/// "quickstart writes a configuration that nothing can read"
#[test]
fn quickstart_in_a_folder_of_any_name_is_found_by_the_other_commands() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "q?2",
        "a#b",
        "a%20b",
        "it's \"q\"",
        "a\\b",
        "a\tb",
        "ä b",
        "${x}",
    ] {
        let data = folder.path().join(name);
        Quickstart::start_with(folder.path(), &["--data", name]).stop();
        let config = data.join("d1-authz.toml");
        let config = config.to_str().unwrap();
        let list = ["client", "list", "--output", "json", "--config", config];
        let clients = d1_authz(folder.path(), list, "").ok().json();
        assert_eq!(clients.as_array().unwrap().len(), 1, "{name}");
        let verify = ["audit", "verify", "--config", config];
        d1_authz(folder.path(), verify, "").ok();
    }
}

/// "quickstart writes a configuration that nothing can read": quickstart refuses a name that is not
/// UTF-8 before it makes anything.
#[test]
fn quickstart_refuses_a_folder_that_can_not_be_written_down() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let data = OsStr::from_bytes(b"q\xff");
    let arguments = [OsStr::new("quickstart"), OsStr::new("--data"), data];
    d1_authz(folder.path(), arguments, "").fails(2, "UTF-8");
    assert!(!folder.path().join(data).exists());
}

/// Places the master key as a Secret volume of Kubernetes does: links by way of `..data`, and this
/// mode.
fn with_secret_volume(setup: &Setup, mode: u32) {
    let at = |path: &str| setup.folder().join(path);
    let written = at("secret/..2026_11_30_18_00_00.123");
    fs::create_dir_all(&written).unwrap();
    fs::rename(at("master.key"), written.join("master.key")).unwrap();
    symlink("..2026_11_30_18_00_00.123", at("secret/..data")).unwrap();
    symlink("..data/master.key", at("secret/master.key")).unwrap();
    set_mode(&at("secret/master.key"), mode);
    setup.configure("\"master.key\"", "\"secret/master.key\"");
}

fn set_mode(file: &Path, mode: u32) {
    fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
}

/// "`config check` does not look at the master key; its messages don't fit Kubernetes"
#[tokio::test]
async fn a_master_key_in_a_secret_volume_is_taken_and_what_is_unsafe_about_it_is_told() {
    for (mode, is_told) in [(0o400, false), (0o444, true), (0o644, true)] {
        let setup = Setup::with_d1();
        with_secret_volume(&setup, mode);
        let checked = setup.run(&["config", "check"]).ok();
        let service = setup.start();
        service.token(D1, GRANT).await.granted();
        for told in [&checked.stderr, &service.log()] {
            let names_the_fix = told.contains("defaultMode") && told.contains("fsGroup");
            assert_eq!(names_the_fix, is_told, "{mode:o}: {told}");
        }
    }
}

/// "`config check` does not look at the master key; its messages don't fit Kubernetes"
#[test]
fn a_master_key_that_serve_refuses_is_refused_by_config_check() {
    let setup = Setup::with_d1();
    let key = setup.folder().join("master.key");
    let text = fs::read_to_string(&key).unwrap();
    let refused = |why: &str| {
        setup.run(&["serve"]).fails(1, why);
        let checked = setup.run(&["config", "check"]).fails(2, why);
        assert!(
            checked.stderr.contains("keys.master_key_file"),
            "{checked:?}"
        );
    };
    set_mode(&key, 0o644);
    refused("chmod 600");
    set_mode(&key, 0o662);
    refused("chmod 600");
    set_mode(&key, 0o600);
    fs::write(&key, "no key").unwrap();
    refused("does not hold 32 bytes");
    fs::write(&key, "A".repeat(43) + "=\n").unwrap();
    refused("the master key is not the one");
    fs::remove_file(&key).unwrap();
    refused("does not exist");
    fs::create_dir(&key).unwrap();
    refused("master key file");
    fs::remove_dir(&key).unwrap();
    fs::write(&key, text).unwrap();
    set_mode(&key, 0o600);
    setup.run(&["config", "check"]).ok();
}

/// "`config check` does not look at the master key": it checks each file and folder that the
/// configuration names.
#[test]
fn what_serve_would_refuse_of_any_file_config_check_refuses() {
    for (this, instead, more, key) in [
        (
            "sqlite:store.db",
            "sqlite:nowhere/store.db",
            "",
            "store.url",
        ),
        ("sqlite:store.db", "sqlite:d1-authz.toml", "", "store.url"),
        (
            "sqlite:store.db\" }",
            "sqlite:other.db\", migrate = false }",
            "",
            "store.url",
        ),
        ("\"audit\"", "\"d1-authz.toml\"", "", "audit.path"),
        ("\"audit\"", "\"d1-authz.toml/audit\"", "", "audit.path"),
        (
            "\"master.key\"",
            "\"nowhere/master.key\"",
            "",
            "keys.master_key_file",
        ),
        (
            "sqlite:store.db\"",
            "postgres://a@localhost/d1\", password_file = \"no.password\"",
            "",
            "store.password_file",
        ),
        (
            "sqlite:store.db",
            "postgres://a@localhost/d1?sslrootcert=/nowhere/ca.pem",
            "",
            "store.url",
        ),
        (
            "\"master.key\"",
            "\"master.key\", pkcs11 = { module = \"no.so\", token = \"t\", pin_file = \"no.pin\" }",
            "",
            "keys.pkcs11.pin_file",
        ),
        (
            "store =",
            "tls = { certificate = \"no.pem\", key = \"no.key\" }\nstore =",
            "",
            "tls.",
        ),
    ] {
        let setup = Setup::of(more);
        setup.configure(this, instead);
        let checked = setup.run(&["config", "check"]).fails(2, key);
        assert!(!setup.folder().join("audit").exists(), "{checked:?}");
        let served = setup.run(&["serve"]);
        assert!(served.code == 1 || served.code == 2, "{key}: {served:?}");
    }
    // The first start makes the missing files, so the check doesn't refuse them.
    let setup = Setup::empty();
    setup.run(&["config", "check"]).ok();
    let left: Vec<_> = fs::read_dir(setup.folder()).unwrap().collect();
    assert_eq!(left.len(), 1, "the check makes nothing: {left:?}");
}
