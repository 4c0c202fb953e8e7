//! Compares the credentials that callers must show: whether those that were enough still are.

use crate::walk::Walk;
use crate::way::{Shift, Way};
use crate::{Effect, Kind, documentation};
use dropshot_codegen::model::{Document, Operation, Requirement, SecurityKind, SecurityScheme};
use serde_json::Value;

/// Compares the credentials that two operations ask for.
pub fn compare<'d>(walk: &mut Walk<'d>, old: &'d Operation, new: &'d Operation) {
    let (before, after) = (Demand::of(walk.old, old), Demand::of(walk.new, new));
    let places = (Some(old.pointer.as_str()), Some(new.pointer.as_str()));
    let lost = before.beyond(&after);
    if !lost.is_empty() {
        let message = format!(
            "`{}` asks for {after}; {} is not enough any more",
            new.id,
            lost.join(" or ")
        );
        walk.note(
            Way::SENDS,
            Kind::SecurityStricter,
            Shift::Narrowed,
            places,
            message,
        );
    }
    let gained = after.beyond(&before);
    if !gained.is_empty() {
        let message = format!("`{}` is content with {}", new.id, gained.join(" or "));
        walk.note(
            Way::SENDS,
            Kind::SecurityLooser,
            Shift::Widened,
            places,
            message,
        );
    }
    if lost.is_empty() {
        schemes(walk, old, new);
    }
}

/// Compares what schemes say beyond the credentials in a request: where tokens come from, and what
/// they are. Only schemes that both operations use are compared.
fn schemes(walk: &mut Walk<'_>, old: &Operation, new: &Operation) {
    for requirement in new.security.iter().flatten() {
        let used_before = old
            .security
            .iter()
            .flatten()
            .any(|r| r.scheme == requirement.scheme);
        let before = walk.old.security_schemes.get(&requirement.scheme);
        let after = walk.new.security_schemes.get(&requirement.scheme);
        let (Some(before), Some(after), true) = (before, after, used_before) else {
            continue;
        };
        let places = (Some(before.pointer.as_str()), Some(after.pointer.as_str()));
        let label = format!("the security scheme `{}`", requirement.scheme);
        for field in ["flows", "openIdConnectUrl", "bearerFormat"] {
            let [was, is] = [(walk.old, before), (walk.new, after)]
                .map(|(document, scheme)| said(document, scheme, field));
            if was != is {
                let message = format!("`{field}` of {label} changed");
                walk.note_plain(
                    Kind::SecuritySchemeChanged,
                    Effect::Unclear,
                    places,
                    message,
                );
            }
        }
        documentation::texts(
            walk,
            places,
            &label,
            &[("description", &before.description, &after.description)],
        );
    }
}

fn said<'d>(document: &'d Document, scheme: &SecurityScheme, field: &str) -> Option<&'d Value> {
    document.value.pointer(&scheme.pointer)?.get(field)
}

/// The alternatives of an operation. Each lists the credentials that a request must carry.
struct Demand<'d>(Vec<Vec<Shown<'d>>>);

/// A credential that a request carries.
struct Shown<'d> {
    name: &'d str,
    kind: &'d SecurityKind,
    scopes: &'d [String],
}

impl<'d> Demand<'d> {
    fn of(document: &'d Document, operation: &'d Operation) -> Self {
        let shown = |requirement: &'d Requirement| {
            let scheme = document.security_schemes.get(&requirement.scheme)?;
            Some(Shown {
                name: &requirement.scheme,
                kind: &scheme.kind,
                scopes: &requirement.scopes,
            })
        };
        let mut alternatives: Vec<Vec<_>> = operation
            .security
            .iter()
            .map(|all| all.iter().filter_map(shown).collect())
            .collect();
        if alternatives.is_empty() {
            alternatives.push(Vec::new());
        }
        Self(alternatives)
    }

    /// The alternatives that are not enough for the other demand.
    fn beyond(&self, other: &Self) -> Vec<String> {
        let enough = |alternative: &&Vec<Shown>| {
            other.0.iter().any(|asked| {
                asked
                    .iter()
                    .all(|asked| alternative.iter().any(|shown| shown.serves(asked)))
            })
        };
        self.0
            .iter()
            .filter(|alternative| !enough(alternative))
            .map(|all| named(all))
            .collect()
    }
}

impl Shown<'_> {
    /// Whether this credential is one that is asked for. The scheme's name makes no difference,
    /// since it is not on the wire.
    fn serves(&self, asked: &Self) -> bool {
        self.kind == asked.kind && asked.scopes.iter().all(|scope| self.scopes.contains(scope))
    }
}

impl std::fmt::Display for Demand<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all: Vec<String> = self.0.iter().map(|all| named(all)).collect();
        f.write_str(&all.join(" or "))
    }
}

fn named(all: &[Shown<'_>]) -> String {
    if all.is_empty() {
        return "nothing".to_owned();
    }
    let one = |shown: &Shown<'_>| match shown.scopes {
        [] => format!("`{}`", shown.name),
        scopes => format!("`{}` with {}", shown.name, scopes.join(", ")),
    };
    all.iter().map(one).collect::<Vec<_>>().join(" and ")
}
