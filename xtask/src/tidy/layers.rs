//! Checks the layers of the service and of its chassis: dependencies between the modules of each
//! crate point one way.
//!
//! All code counts, and not only `use` lines: a path in a function is a dependency too.

use super::{Files, Finding, paths};
use std::path::{Component, Path};

/// The modules of a crate from the outermost to the innermost, each with those that it may name.
type Layers = &'static [(&'static str, &'static [&'static str])];

/// The crates that have layers: their folders, the names with which code refers to their roots, and
/// their layers.
const CRATES: [(&str, &[&str], Layers); 2] = [
    ("src", &["crate", "d1_authz"], SERVICE),
    (
        "openapi/chassis/src",
        &["crate", "dropshot_chassis"],
        CHASSIS,
    ),
];

/// The token service.
const SERVICE: Layers = &[
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

/// What it stands on.
const CHASSIS: Layers = &[
    ("fuzzing", &["caller", "config", "door"]),
    (
        "command_line",
        &[
            "life",
            "ops",
            "caller",
            "door",
            "config",
            "service",
            "private_file",
        ],
    ),
    (
        "life",
        &["ops", "admission", "caller", "door", "config", "service"],
    ),
    (
        "ops",
        &["admission", "caller", "door", "service", "readiness"],
    ),
    ("admission", &["caller", "door", "guard", "config"]),
    ("caller", &["door", "config", "identity", "private_file"]),
    ("door", &["guard", "config", "identity", "private_file"]),
    ("service", &["readiness"]),
    ("readiness", &[]),
    ("guard", &["identity"]),
    ("config", &["identity"]),
    ("identity", &[]),
    ("private_file", &[]),
];

/// Names of modules that the naming module may not use, and names of modules in no layer.
pub fn check(files: &Files) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, code) in files.code() {
        let mut crates = CRATES.iter();
        let found = crates.find_map(|(folder, roots, layers)| {
            let module = module(path.strip_prefix(folder).ok()?)?;
            Some((module, roots, layers))
        });
        let Some((module, roots, layers)) = found else {
            continue;
        };
        let Some(layer) = module.first() else {
            continue;
        };
        let Some((_, allowed)) = layers.iter().find(|(name, _)| name == layer) else {
            let message =
                format!("`{layer}` is in no layer; give it one in xtask/src/tidy/layers.rs");
            findings.push(Finding::new("layers", path, 1, message));
            continue;
        };
        for named in paths::named(&code, &module, roots, |_| false) {
            let line = named.line;
            let Some(&target) = named.path.first().filter(|name| **name != "*") else {
                continue;
            };
            if target == *layer || allowed.contains(&target) {
                continue;
            }
            let message = match layers.iter().any(|(name, _)| *name == target) {
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

/// The module of a file of a crate. Empty for `lib.rs`, which only lists its modules.
fn module(below: &Path) -> Option<Vec<&str>> {
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
    fn the_chassis_has_layers_of_its_own() {
        let file = "openapi/chassis/src/door/gate.rs";
        assert_eq!(found(file, "use crate::guard::Shares;"), []);
        let up = found(file, "use crate::caller::Caller;");
        assert_eq!(
            up,
            [(
                1,
                "`door` may not use `caller`; it may use: guard, config, identity, private_file"
                    .to_owned()
            )]
        );
        // What the root passes on has a module of its own.
        assert_eq!(found(file, "use crate::Chassis;").len(), 1);
        assert_eq!(found("openapi/chassis/src/misc.rs", "").len(), 1);
    }

    #[test]
    fn no_two_layers_use_each_other() {
        for (_, _, layers) in CRATES {
            for (place, (name, allowed)) in layers.iter().enumerate() {
                for target in *allowed {
                    let below = layers.iter().position(|(name, _)| name == target);
                    assert!(
                        below.is_some_and(|below| below > place),
                        "{name} -> {target}"
                    );
                }
            }
        }
    }
}
