//! Checks the layers of the service: dependencies between the modules of `src/` point one way.
//!
//! All code counts, and not only `use` lines: a path in a function is a dependency too.

use super::{Files, Finding, paths};
use std::path::{Component, Path};

/// The modules of `src/` from the outermost to the innermost, each with those that it may name.
const LAYERS: [(&str, &[&str]); 14] = [
    ("main", &["cli"]),
    (
        "cli",
        &[
            "http",
            "issuer",
            "admin",
            "directory",
            "store",
            "keys",
            "audit",
            "token",
            "config",
            "clock",
            "api",
        ],
    ),
    (
        "http",
        &[
            "issuer", "admin", "audit", "keys", "token", "config", "clock", "api",
        ],
    ),
    ("api", &[]),
    (
        "issuer",
        &[
            "admin",
            "directory",
            "guard",
            "store",
            "keys",
            "audit",
            "token",
            "config",
            "clock",
        ],
    ),
    (
        "admin",
        &["store", "keys", "audit", "token", "config", "clock"],
    ),
    (
        "directory",
        &["guard", "store", "keys", "token", "config", "clock"],
    ),
    ("guard", &["audit", "token", "config"]),
    ("store", &["keys", "token", "config", "clock"]),
    ("audit", &["keys", "token", "config", "clock"]),
    ("keys", &["token", "clock"]),
    ("config", &["token"]),
    ("token", &[]),
    ("clock", &[]),
];

/// The names with which code refers to the crate's root.
const ROOTS: [&str; 2] = ["crate", "d1_authz"];

/// Names of modules that the naming module may not use, and names of modules in no layer.
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
        for named in paths::named(&code, &module, &ROOTS, |_| false) {
            let line = named.line;
            let Some(&target) = named.path.first().filter(|name| **name != "*") else {
                continue;
            };
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

/// The module of a file of `src/`. Empty for `lib.rs`, which only lists its modules.
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
            found("src/issuer/mod.rs", "use crate::{store, keys::Vault};"),
            []
        );
        for (file, above) in [
            ("src/admin/keys.rs", "issuer"),
            ("src/directory/look.rs", "admin"),
            ("src/guard/turns.rs", "directory"),
        ] {
            let up = found(file, &format!("use crate::{above}::X;"));
            assert_eq!(up.len(), 1, "{file}: {up:?}");
        }
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
