//! Finds circles of files in the crates of the workspace.
//!
//! Modules that lie side by side use each other in one direction only. If something in or below `a`
//! names something in or below `b`, directly or through other modules, nothing in `b` names
//! anything in `a`. A module and the modules inside it count as one from outside, so a module and
//! its parent may use each other. A name that a parent only re-exports counts as a name of the
//! module that defines it. Unit tests are left out: they may use modules that stand above.

use super::paths::{self, Named};
use super::{Files, Finding};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

/// A module's path from the root of its crate.
type Module = Vec<String>;

/// The names in one module.
#[derive(Default)]
struct Said {
    file: std::path::PathBuf,
    /// Each path that the module names, with its line.
    named: Vec<(usize, Module)>,
    /// The path of each name that a `use` brings in.
    bound: BTreeMap<String, Module>,
}

/// The modules of one crate.
type Crate = BTreeMap<Module, Said>;

/// The arrows between modules that lie side by side: from, to, and the place in the source.
type Arrows<'c> = BTreeMap<Module, BTreeMap<Module, (&'c Path, usize)>>;

/// The circles.
pub fn check(files: &Files) -> Vec<Finding> {
    let mut findings = Vec::new();
    let crates = crates(files);
    for modules in crates.values() {
        for arrows in arrows(modules).values() {
            for circle in circles(arrows) {
                let inner = |from: &Module| {
                    let all = arrows[from].iter();
                    let on = all.filter(|(to, _)| circle.contains(*to));
                    on.map(|(to, place)| (from.join("::"), to.join("::"), *place))
                        .collect::<Vec<_>>()
                };
                let drawn: Vec<_> = circle.iter().flat_map(inner).collect();
                let Some((_, _, (file, line))) = drawn.first() else {
                    continue;
                };
                let shown = drawn.iter().map(|(from, to, (file, line))| {
                    format!("`{from}` uses `{to}` ({}:{line})", file.display())
                });
                let shown: Vec<String> = shown.collect();
                let message = format!("a circle of modules: {}", shown.join(", "));
                findings.push(Finding::new("circles", file, *line, message));
            }
        }
    }
    findings
}

/// The crates that have modules, by the folder of their modules.
fn crates(files: &Files) -> BTreeMap<String, Crate> {
    let mut crates: BTreeMap<String, Crate> = BTreeMap::new();
    let mut of_tests: Vec<(String, Module)> = Vec::new();
    let all: Vec<_> = files.code().collect();
    let places: Vec<_> = all.iter().map(|(path, _)| place(path)).collect();
    let taken: BTreeSet<_> = places.iter().flatten().cloned().collect();
    for ((path, code), place) in all.iter().zip(&places) {
        let Some((folder, module)) = place else {
            continue;
        };
        let (code, tests) = paths::without_tests(code);
        let below = |name: &str| [module.as_slice(), &[name.to_owned()]].concat();
        of_tests.extend(tests.iter().map(|name| (folder.clone(), below(name))));
        let own: Vec<&str> = module.iter().map(String::as_str).collect();
        let is_child = |name: &str| taken.contains(&(folder.clone(), below(name)));
        let mut said = Said {
            file: path.to_path_buf(),
            ..Said::default()
        };
        for Named { line, path, bound } in paths::named(&code, &own, &["crate"], is_child) {
            let path: Module = path.into_iter().map(str::to_owned).collect();
            if let Some(bound) = bound {
                said.bound.insert(bound.to_owned(), path.clone());
            }
            said.named.push((line, path));
        }
        let modules = crates.entry(folder.clone()).or_default();
        modules.insert(module.clone(), said);
    }
    for (folder, test) in of_tests {
        if let Some(modules) = crates.get_mut(&folder) {
            modules.retain(|module, _| !module.starts_with(&test));
        }
    }
    crates
}

/// The crate that a file belongs to, by its folder, and its module there.
fn place(path: &Path) -> Option<(String, Module)> {
    let names: Vec<&str> = path
        .components()
        .filter_map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect();
    let top = names
        .iter()
        .position(|name| ["src", "tests"].contains(name))?;
    let (folder, below) = names.split_at(top + 1);
    let mut module: Module = below.iter().map(|name| (*name).to_owned()).collect();
    let file = module.pop()?.strip_suffix(".rs")?.to_owned();
    let is_root = ["lib", "main"].contains(&file.as_str()) && module.len() < 2;
    if !is_root && file != "mod" {
        module.push(file);
    }
    let mut folder = folder.join("/");
    // Each file and each folder directly below `tests` is a crate.
    if folder.ends_with("tests") && !module.is_empty() {
        folder = format!("{folder}/{}", module.remove(0));
    }
    Some((folder, module))
}

/// The module that a path leads to. Re-exports are followed to the module that defines the name.
fn target(modules: &Crate, path: &[String]) -> Module {
    let mut path = path.to_vec();
    // A name that is re-exported more often than this re-exports itself.
    for _ in 0..16 {
        let known = (0..=path.len()).rev();
        let deepest = known
            .map(|depth| &path[..depth])
            .find(|module| modules.contains_key(*module));
        let module = deepest.unwrap_or_default().to_vec();
        let name = path.get(module.len());
        let passed_on = name.and_then(|name| modules.get(&module)?.bound.get(name));
        match passed_on {
            Some(onward) if *onward != path => {
                path = [onward.as_slice(), &path[module.len() + 1..]].concat();
            }
            _ => return module,
        }
    }
    Module::new()
}

/// The arrows between modules that lie side by side, by the module that they lie in.
fn arrows(modules: &Crate) -> BTreeMap<Module, Arrows<'_>> {
    let mut all: BTreeMap<Module, Arrows<'_>> = BTreeMap::new();
    for (module, said) in modules {
        for (line, path) in &said.named {
            let target = target(modules, path);
            let pairs = module.iter().zip(&target);
            let shared = pairs.take_while(|(own, other)| own == other).count();
            if shared == module.len() || shared == target.len() {
                continue;
            }
            all.entry(module[..shared].to_vec())
                .or_default()
                .entry(module[..=shared].to_vec())
                .or_default()
                .entry(target[..=shared].to_vec())
                .or_insert((said.file.as_path(), *line));
        }
    }
    all
}

/// The sets of modules in which each module leads to each other.
fn circles(arrows: &Arrows<'_>) -> Vec<BTreeSet<Module>> {
    let reach = |from: &Module| {
        let mut seen: BTreeSet<&Module> = BTreeSet::new();
        let mut left: Vec<&Module> = vec![from];
        while let Some(module) = left.pop() {
            let next = arrows.get(module).into_iter().flat_map(BTreeMap::keys);
            left.extend(next.filter(|to| seen.insert(to)));
        }
        seen.into_iter().cloned().collect::<BTreeSet<_>>()
    };
    let reached: BTreeMap<&Module, BTreeSet<Module>> =
        arrows.keys().map(|from| (from, reach(from))).collect();
    let circle = |from: &&Module| {
        let back = |to: &&Module| reached.get(*to).is_some_and(|all| all.contains(*from));
        let all: BTreeSet<Module> = reached[*from].iter().filter(back).cloned().collect();
        all
    };
    let found: BTreeSet<_> = reached.keys().map(circle).collect();
    found.into_iter().filter(|all| all.len() > 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<const N: usize>(files: [(&str, &str); N]) -> Vec<String> {
        let findings = check(&Files::of(files));
        findings.into_iter().map(|f| f.to_string()).collect()
    }

    #[test]
    fn a_circle_is_found_with_each_of_its_arrows() {
        let circle = found([
            ("x/src/lib.rs", "mod a; mod b; mod c;"),
            ("x/src/a.rs", "use crate::b::B;"),
            ("x/src/b.rs", "\nfn f() { super::c::deep::g() }"),
            ("x/src/c/mod.rs", "pub mod deep;"),
            ("x/src/c/deep.rs", "use super::super::a;"),
        ]);
        assert_eq!(
            circle,
            [
                "x/src/a.rs:1: circles: a circle of modules: `a` uses `b` (x/src/a.rs:1), \
                 `b` uses `c` (x/src/b.rs:2), `c` uses `a` (x/src/c/deep.rs:1)"
            ]
        );
    }

    #[test]
    fn a_name_that_is_passed_on_belongs_to_the_module_that_defines_it() {
        let circle = found([
            ("x/src/lib.rs", "mod a; mod b; pub use a::{A as Shown};"),
            ("x/src/a.rs", "use crate::b::B;"),
            ("x/src/b.rs", "use crate::Shown;"),
        ]);
        assert_eq!(circle.len(), 1, "{circle:?}");
    }

    #[test]
    fn a_parent_and_tests_are_no_part_of_a_circle() {
        let none = found([
            (
                "x/src/lib.rs",
                "mod a; mod b; pub struct Root; fn f() { a::f() }",
            ),
            (
                "x/src/a.rs",
                "use crate::{Root, b::B};\n#[cfg(test)]\nmod tests;",
            ),
            ("x/src/a/tests.rs", "use crate::b::B;"),
            ("x/src/b.rs", "#[cfg(test)]\nmod tests { use crate::a::A; }"),
            ("x/tests/one.rs", "mod two;"),
            ("y/src/a.rs", "use crate::b::B;"),
            ("z/src/b.rs", "use crate::a::A;"),
        ]);
        assert_eq!(none, Vec::<String>::new());
    }
}
