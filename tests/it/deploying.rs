//! The files in `xtask/dist` fit this binary: the sample configuration, and the variables that the
//! container image and the systemd unit set.

use std::path::PathBuf;
use std::process::Command;

use d1_authz::config::Config;

use crate::harness::{self, binary};

/// A file of `xtask/dist`.
fn dist(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("xtask/dist")
        .join(name)
}

/// The `D1_AUTHZ_` variables that a file sets, with their values.
fn variables(name: &str) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(dist(name)).unwrap();
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    let words = lines.flat_map(str::split_whitespace);
    let words = words.map(|word| word.trim_start_matches("Environment="));
    let pairs = words
        .filter(|word| word.starts_with("D1_AUTHZ_"))
        .filter_map(|word| word.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn the_sample_configuration_is_valid_and_names_every_key() {
    let config = Config::load(Some(&dist("d1-authz.toml"))).unwrap();
    assert_eq!(config.issuer.as_str(), "https://bank.example/authz/d1/v1");
    // The keys that are comments in the sample count too.
    let folder = tempfile::tempdir().unwrap();
    let config = whole_sample(&folder);
    let text = std::fs::read_to_string(dist("d1-authz.toml")).unwrap();
    for setting in &config.settings {
        let key = setting.key.rsplit('.').next().unwrap();
        // The key may begin a line or stand in its section's inline table.
        let key = format!("{key} = ");
        let named = |line: &str| {
            line.trim_start_matches("# ").starts_with(&key) || line.contains(&format!(" {key}"))
        };
        assert!(
            text.lines().any(named),
            "{} is not in the sample",
            setting.key
        );
    }
}

#[test]
fn what_the_sample_leaves_as_a_comment_is_valid_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let config = whole_sample(&folder);
    assert_eq!(
        config.token.audience.unwrap().as_str(),
        "https://api.bank.example"
    );
    assert!(config.tls.is_some() && config.gateway.is_some());
}

/// The configuration of the sample, with its commented keys and sections.
fn whole_sample(folder: &tempfile::TempDir) -> Config {
    let text = std::fs::read_to_string(dist("d1-authz.toml")).unwrap();
    let commented =
        |line: &str| line.starts_with("# ") && (line.contains(" = ") || line.starts_with("# ["));
    let lines = text
        .lines()
        .map(|line| if commented(line) { &line[2..] } else { line });
    let file = folder.path().join("d1-authz.toml");
    std::fs::write(
        &file,
        lines.map(|line| format!("{line}\n")).collect::<String>(),
    )
    .unwrap();
    Config::load(Some(&file)).unwrap()
}

#[test]
fn the_image_and_the_unit_set_variables_that_exist() {
    let folder = tempfile::tempdir().unwrap();
    for (name, count) in [("Dockerfile", 3), ("d1-authz.service", 2)] {
        let set = variables(name);
        assert_eq!(set.len(), count, "{set:?}");
        let config = set
            .iter()
            .find(|(name, _)| name == "D1_AUTHZ_CONFIG")
            .unwrap();
        assert_eq!(config.1, "/etc/d1-authz/d1-authz.toml");
        let mut command = binary(folder.path());
        command
            .args(["config", "show", "--output", "json"])
            .envs(set.clone());
        command.env("D1_AUTHZ_CONFIG", dist("d1-authz.toml"));
        let shown = harness::run(&mut command, "").ok().stdout;
        for (_, value) in set.iter().filter(|(name, _)| name != "D1_AUTHZ_CONFIG") {
            assert!(shown.contains(value), "{value} is not in force: {shown}");
        }
    }
}

/// Lines that the unit must have.
const SHUT_IN: [&str; 12] = [
    "DynamicUser=yes",
    "UMask=0077",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "PrivateDevices=yes",
    "NoNewPrivileges=yes",
    "CapabilityBoundingSet=",
    "AmbientCapabilities=",
    "MemoryDenyWriteExecute=yes",
    "SystemCallFilter=@system-service",
    "LimitCORE=0",
];

#[test]
fn the_unit_shuts_the_service_in() {
    let unit = std::fs::read_to_string(dist("d1-authz.service")).unwrap();
    for line in SHUT_IN {
        assert!(unit.lines().any(|it| it == line), "{line} is not there");
    }
    // The unit also shows how to use a port below 1024 without root.
    assert!(unit.contains("AmbientCapabilities=CAP_NET_BIND_SERVICE"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("d1-authz.service");
    let program = env!("CARGO_BIN_EXE_d1-authz");
    std::fs::write(&file, unit.replace("/usr/local/bin/d1-authz", program)).unwrap();
    // systemd rates exposure from 0 (confined) to 100. Most services are above 90.
    for check in [
        &["verify"][..],
        &["security", "--offline=true", "--threshold=15"],
    ] {
        let mut analyze = Command::new("systemd-analyze");
        match analyze.args(check).arg(&file).output() {
            Ok(said) => assert!(said.status.success(), "{check:?}: {said:?}"),
            Err(_) => println!("{check:?} is not tested: this machine has no systemd-analyze"),
        }
    }
}
