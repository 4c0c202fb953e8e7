//! The layers of the service: dependencies between the modules of `src/` point one way.
//!
//! Read from the code and not only from `use` lines: a path in the middle of a function is a
//! dependency as well.

use super::{Files, Finding};
use std::path::{Component, Path};

/// Each module of `src/`, from the outside in, with those that it may name.
const LAYERS: [(&str, &[&str]); 11] = [
    ("main", &["cli"]),
    (
        "cli",
        &[
            "http", "issuer", "store", "keys", "audit", "token", "config", "clock", "api",
        ],
    ),
    (
        "http",
        &["issuer", "audit", "keys", "token", "config", "clock", "api"],
    ),
    ("api", &[]),
    (
        "issuer",
        &["store", "keys", "audit", "token", "config", "clock"],
    ),
    ("store", &["keys", "token", "config", "clock"]),
    ("audit", &["keys", "token", "config", "clock"]),
    ("keys", &["token", "clock"]),
    ("config", &["token"]),
    ("token", &[]),
    ("clock", &[]),
];

/// The names by which code reaches the crate's root.
const ROOTS: [&str; 2] = ["crate", "d1_authz"];

/// Names of modules that stand above the one that names them, or are in no layer.
pub fn check(files: &Files) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, code) in files.code() {
        let Some(module) = module(path) else { continue };
        let Some(layer) = module.first() else {
            continue;
        };
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| name == layer) else {
            let message =
                format!("`{layer}` is in no layer; give it one in xtask/src/tidy/layers.rs");
            findings.push(Finding::new("layers", path, 1, message));
            continue;
        };
        for (line, target) in named(&code, module.len()) {
            if target == *layer || allowed.contains(&target) {
                continue;
            }
            let message = match LAYERS.iter().any(|(name, _)| *name == target) {
                true => format!(
                    "`{layer}` may not use `{target}`; it may use: {}",
                    if allowed.is_empty() {
                        "nothing".to_owned()
                    } else {
                        allowed.join(", ")
                    }
                ),
                false => format!(
                    "`{target}` is in no layer; name the module that it lives in, or give it a layer in \
                     xtask/src/tidy/layers.rs"
                ),
            };
            findings.push(Finding::new("layers", path, line, message));
        }
    }
    findings
}

/// The module that a file of `src/` is; empty for `lib.rs`, which only lists its modules.
fn module(path: &Path) -> Option<Vec<&str>> {
    let below = path.strip_prefix("src").ok()?;
    let mut names: Vec<&str> = below
        .components()
        .filter_map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect();
    let file = names.pop()?.strip_suffix(".rs")?;
    if !["mod", "lib"].contains(&file) {
        names.push(file);
    }
    Some(names)
}

/// What code names at the crate's root, with its line: `crate::name`, each of `crate::{name, …}`,
/// and as many `super::` as lead there. `depth` is how far below the root the file's module is.
fn named(code: &str, depth: usize) -> Vec<(usize, &str)> {
    let tokens = tokens(code);
    let word = |at: usize| tokens.get(at).map_or("", |(_, token)| *token);
    let path_follows = |at: usize| word(at) == ":" && word(at + 1) == ":";
    let mut found = Vec::new();
    // The braces that are open, and which of them are those of an inline module.
    let mut braces: Vec<bool> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match word(at) {
            "{" => braces.push(at >= 2 && word(at - 2) == "mod"),
            "}" => drop(braces.pop()),
            root if ROOTS.contains(&root) && path_follows(at + 1) => {
                found.extend(heads(&tokens, at + 3));
                at += 2;
            }
            "super" if path_follows(at + 1) => {
                let mut levels = 1;
                while word(at + 3) == "super" && path_follows(at + 4) {
                    (levels, at) = (levels + 1, at + 3);
                }
                let depth = depth + braces.iter().filter(|module| **module).count();
                if levels >= depth {
                    found.extend(heads(&tokens, at + 3));
                }
                at += 2;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// The first names after `crate::`: one, or those of a group.
fn heads<'c>(tokens: &[(usize, &'c str)], at: usize) -> Vec<(usize, &'c str)> {
    let is_name = |token: &str| token.starts_with(|c: char| c.is_alphabetic() || c == '_');
    match tokens.get(at) {
        Some((_, "{")) => {}
        Some(&(line, name)) if is_name(name) => return vec![(line, name)],
        _ => return Vec::new(),
    }
    let mut names = Vec::new();
    let mut depth = 0;
    let mut first = false;
    for &(line, token) in &tokens[at..] {
        match token {
            "{" => {
                depth += 1;
                first = depth == 1;
            }
            "}" => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            "," => first = depth == 1,
            _ => {
                if std::mem::take(&mut first) && is_name(token) && token != "self" {
                    names.push((line, token));
                }
            }
        }
    }
    names
}

/// Words and single signs, each with its line from 1.
fn tokens(code: &str) -> Vec<(usize, &str)> {
    let mut tokens = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            let end = match is_word(first) {
                true => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
                false => first.len_utf8(),
            };
            tokens.push((number + 1, &rest[..end]));
            rest = rest[end..].trim_start();
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, code: &str) -> Vec<(usize, String)> {
        let findings = check(&Files::of([(path, code)]));
        findings.into_iter().map(|f| (f.line, f.message)).collect()
    }

    #[test]
    fn an_arrow_that_points_up_is_found_with_its_line() {
        let up = found("src/token/scope.rs", "\nuse crate::config::Config;\n");
        assert_eq!(
            up,
            [(
                2,
                "`token` may not use `config`; it may use: nothing".to_owned()
            )]
        );
        assert_eq!(found("src/config/token.rs", "use crate::token::Scope;"), []);
        assert_eq!(
            found("src/issuer.rs", "use crate::{store, keys::Vault};"),
            []
        );
    }

    #[test]
    fn every_way_to_name_a_module_counts() {
        for code in [
            "use crate::http;",
            "use crate::{token::{Scope, http}, http::Server};",
            "fn f() { let x = crate::http::serve(); }",
            "log!(crate :: http :: X)",
            "use super::super::http::Server;",
            "mod tests { use super::super::super::http; }",
            "mod a { mod b { } } use super::super::http;",
            "pub(in crate::http) fn f() {}",
            "use d1_authz::http;",
        ] {
            let findings = found("src/store/sqlite.rs", code);
            assert_eq!(findings.len(), 1, "{code}: {findings:?}");
            assert!(findings[0].1.contains("`store` may not use `http`"));
        }
    }

    #[test]
    fn what_only_looks_like_a_name_does_not() {
        for code in [
            "// use crate::http;\nlet a = \"crate::http\"; use crate::token::{http, self};",
            "use super::http; mod tests { use super::super::http; }",
            "pub(crate) fn http() {} use other::crate_::http;",
            "mod http { use super::*; }",
        ] {
            assert_eq!(found("src/store/sqlite.rs", code), [], "{code}");
        }
    }

    #[test]
    fn a_module_without_a_layer_is_found_from_both_sides() {
        assert_eq!(found("src/misc/mod.rs", "").len(), 1);
        let findings = found("src/cli/mod.rs", "use crate::misc::x;");
        assert!(
            findings[0].1.starts_with("`misc` is in no layer"),
            "{findings:?}"
        );
    }

    #[test]
    fn the_root_and_other_crates_are_left_alone() {
        assert_eq!(found("src/lib.rs", "pub use crate::http::Server;"), []);
        assert_eq!(found("openapi/codegen/src/lib.rs", "use crate::http;"), []);
        assert_eq!(found("src/main.rs", "use d1_authz::cli;"), []);
        assert_eq!(found("src/main.rs", "use d1_authz::store;").len(), 1);
    }

    #[test]
    fn no_two_layers_use_each_other() {
        for (place, (name, allowed)) in LAYERS.iter().enumerate() {
            for target in *allowed {
                let below = LAYERS.iter().position(|(name, _)| name == target);
                assert!(
                    below.is_some_and(|below| below > place),
                    "{name} -> {target}"
                );
            }
        }
    }
}
