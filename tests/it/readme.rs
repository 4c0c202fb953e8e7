//! Runs the README's `console` blocks in order in one folder. Each must print what the README says.
//!
//! Words that differ from run to run (folder, port, ids, tokens, times) are masked on both sides.
//! The rest is compared as it is.

use std::path::Path;
use std::process::Command;

use crate::harness;
use crate::quickstart::Quickstart;

const README: &str = include_str!("../../README.md");

/// The address that the README shows.
const ADDRESS: &str = "127.0.0.1:8080";

#[test]
fn what_the_readme_shows_is_what_happens() {
    let folder = tempfile::tempdir().unwrap();
    let transcript = transcript();
    let (first, said) = &transcript[0];
    assert_eq!(*first, "cargo run -- quickstart");
    let quickstart = Quickstart::start_with(folder.path(), &[]);
    let url = quickstart.line("Serving http://");
    let address = url["Serving http://".len()..].split('/').next().unwrap();
    let printed = quickstart.printed.replace(address, ADDRESS);
    for line in said.lines().filter(|line| !line.is_empty()) {
        let same = |printed: &str| masked(printed) == masked(line);
        assert!(
            printed.lines().any(same),
            "no line of\n{printed}\nis\n{line}"
        );
    }
    let has_curl = Command::new("curl").arg("--version").output().is_ok();
    let mut run = 0;
    for (command, said) in &transcript[1..] {
        if command.contains("curl ") && !has_curl {
            eprintln!("not run, as there is no curl: {command}");
            continue;
        }
        let printed = pasted(&command.replace(ADDRESS, address), folder.path());
        assert_eq!(
            masked(printed.replace(address, ADDRESS).trim_end()),
            masked(said.trim_end()),
            "{command}"
        );
        run += 1;
    }
    assert!(run >= if has_curl { 4 } else { 1 }, "{run} commands");
    quickstart.stop();
}

#[test]
fn only_what_changes_is_masked() {
    assert_eq!(
        masked("{\"expires_in\":\"900\"}"),
        "{\"expires_in\":\"900\"}"
    );
    assert_eq!(
        masked("at \"2026-11-24T12:36:46.000Z\" (2026-11-24T12:36:46Z)"),
        "at \"TIME\" (TIME)"
    );
    assert_eq!(
        masked("d1c_qikyec5eBkZHU2pN /home/a/d1-authz-data/x"),
        "CLIENT DATA/x"
    );
    assert_eq!(masked("eyJhbGciOi… 1795523806"), "TOKEN SECONDS");
    assert_eq!(
        masked("is_tbank01 ES256 http://127.0.0.1:8080/authz"),
        "is_tbank01 ES256 http://127.0.0.1:8080/authz"
    );
}

/// The commands of the README's `console` blocks, each with its output.
fn transcript() -> Vec<(&'static str, String)> {
    let mut commands: Vec<(&str, String)> = Vec::new();
    let blocks = README.split("```console\n").skip(1);
    for line in blocks.flat_map(|block| block.split("```").next().unwrap_or_default().lines()) {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command, String::new())),
            (None, Some((_, said))) => said.extend([line, "\n"]),
            (None, None) => panic!("a block begins without a command: {line}"),
        }
    }
    commands
}

/// Runs a line in a shell, with the binary under test in place of `cargo run`.
fn pasted(line: &str, folder: &Path) -> String {
    let binary = format!("'{}' ", env!("CARGO_BIN_EXE_d1-authz"));
    let line = line
        .replace("cargo run -q -- ", &binary)
        .replace("cargo run -- ", &binary);
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]).current_dir(folder);
    harness::run(&mut shell, "").ok().stdout
}

/// Replaces each word that differs from run to run by a fixed name.
fn masked(text: &str) -> String {
    let between = |c: char| c.is_whitespace() || "\"(){},".contains(c);
    let words = text.split_inclusive(between);
    words
        .map(|word| {
            let core = word.trim_end_matches(between);
            format!("{}{}", mask(core), &word[core.len()..])
        })
        .collect()
}

fn mask(word: &str) -> String {
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let time: String = word
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    match word {
        _ if word.starts_with("eyJ") => "TOKEN".to_owned(),
        _ if word.starts_with("d1c_") => "CLIENT".to_owned(),
        _ if time.starts_with("0000-00-00T00:00:00") => "TIME".to_owned(),
        _ if time == "0000000000" => "SECONDS".to_owned(),
        // A key's thumbprint (RFC 7638) or a token's id.
        _ if [22, 43].contains(&word.len()) && word.chars().all(letters) => "ID".to_owned(),
        _ => match word.split_once("d1-authz-data") {
            Some((folder, rest)) if folder.is_empty() || folder.starts_with('/') => {
                format!("DATA{rest}")
            }
            _ => word.to_owned(),
        },
    }
}
