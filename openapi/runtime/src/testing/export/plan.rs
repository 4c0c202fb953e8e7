//! Finds the paths of a document that Dropshot's router can express. It knows only variables that
//! fill a segment, one name at each place, no literal beside a variable, and no difference between
//! `/x` and `/x/`.

use crate::route::{Place, Table};

/// The routes whose paths Dropshot can express: their index, and the path as Dropshot writes it.
pub(super) fn plan(table: &Table) -> Vec<(usize, String)> {
    let mut plan = Vec::with_capacity(table.templates.len());
    lay(table, &table.places[0], &mut Prefix::default(), &mut plan);
    plan
}

/// The way to a place, as Dropshot writes it.
#[derive(Default)]
struct Prefix {
    path: String,
    variables: Vec<String>,
}

/// Adds the routes below a place. If Dropshot can't express a place, it can express nothing below
/// it.
fn lay(table: &Table, place: &Place, prefix: &mut Prefix, plan: &mut Vec<(usize, String)>) {
    if !is_writable(place, &prefix.variables) {
        return;
    }
    for (_, index) in place.plain.iter().chain(&place.slash) {
        let path = if prefix.path.is_empty() {
            "/".to_owned()
        } else {
            prefix.path.clone()
        };
        plan.push((*index, path));
    }
    for (text, next) in &place.literals {
        below(table, text, *next, prefix, plan);
    }
    if let (Some(name), Some((_, next))) = (place.names.first(), place.patterns.first()) {
        prefix.variables.push(name.to_string());
        below(table, &format!("{{{name}}}"), *next, prefix, plan);
        prefix.variables.pop();
    }
}

fn below(
    table: &Table,
    segment: &str,
    next: usize,
    prefix: &mut Prefix,
    plan: &mut Vec<(usize, String)>,
) {
    let length = prefix.path.len();
    prefix.path.push('/');
    prefix.path.push_str(segment);
    lay(table, &table.places[next], prefix, plan);
    prefix.path.truncate(length);
}

/// Whether Dropshot's router can express this place and the segments that follow it.
fn is_writable(place: &Place, variables: &[String]) -> bool {
    let one_ending = place.plain.is_empty() || place.slash.is_empty();
    let literals = place
        .literals
        .iter()
        .all(|(text, _)| !text.starts_with('{') && !text.ends_with('}') && !text.contains('/'));
    let patterns = match &*place.patterns {
        [] => true,
        [(pattern, _)] => pattern.is_whole() && place.literals.is_empty() && place.names.len() == 1,
        _ => false,
    };
    // Dropshot reads a colon as the start of a pattern, and refuses the same name twice.
    let names = place
        .names
        .iter()
        .all(|name| !name.contains(':') && variables.iter().all(|other| **other != **name));
    one_ending && literals && patterns && names
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    /// The paths among these that Dropshot can express.
    fn planned(paths: &[&str]) -> Vec<String> {
        let routes: Vec<_> = paths
            .iter()
            .enumerate()
            .map(|(index, path)| (METHODS[index % 2].clone(), *path))
            .collect();
        let planned = plan(&Table::new(&routes).unwrap());
        let mut planned: Vec<String> = planned
            .into_iter()
            .map(|(index, path)| format!("{} {path}", paths[index]))
            .collect();
        planned.sort();
        planned
    }

    const METHODS: [Method; 2] = [Method::GET, Method::PUT];

    #[test]
    fn what_dropshot_can_say_is_said_as_it_is() {
        let paths = ["/", "/a/{id}", "/a/{id}", "/a/{id}/b/{name}", "/a/{id}/c"];
        let expected = [
            "/ /",
            "/a/{id} /a/{id}",
            "/a/{id} /a/{id}",
            "/a/{id}/b/{name} /a/{id}/b/{name}",
            "/a/{id}/c /a/{id}/c",
        ];
        assert_eq!(planned(&paths), expected);
    }

    #[test]
    fn nothing_is_said_below_the_topmost_conflict_only() {
        let nothing: [&str; 0] = [];
        assert_eq!(
            planned(&["/a/{x}/{y}", "/a/{x}/b", "/c", "/a/{x}/{y}/z"]),
            ["/c /c"]
        );
        assert_eq!(planned(&["/{rest}/a", "/{rest}/{b}"]), nothing);
        assert_eq!(planned(&["/{a}", "/b"]), nothing);
    }

    #[test]
    fn each_kind_of_conflict() {
        let nothing: [&str; 0] = [];
        for path in [
            "/a/v{n}",
            "/a/{n}.json",
            "/a/{n}{m}",
            "/a/{n:m}",
            "/a/{",
            "/a/b}",
            "/a/b%2Fc",
        ] {
            assert_eq!(planned(&[path]), nothing, "{path}");
        }
        assert_eq!(planned(&["/a/b/", "/a/b"]), nothing);
        assert_eq!(planned(&["/a/b/"]), ["/a/b/ /a/b"]);
        assert_eq!(planned(&["/{id}/a/{id}"]), nothing);
    }
}
