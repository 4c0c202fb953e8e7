//! How a document's paths are registered with Dropshot, whose router knows whole variables only, one name at each place,
//! no literal beside a variable and no difference between `/x` and `/x/`.
//!
//! Where it can say them, paths are registered as they are. The topmost place where it can't becomes one wildcard, below
//! which [`Table::find`] chooses.

use crate::route::{Place, Table};

/// What is registered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Registration {
    /// A route, at a path of its own.
    Route {
        index: usize,
        path: String,
        variables: Vec<String>,
    },
    /// A place and everything below it; `rest` is the name of the wildcard.
    Wildcard {
        path: String,
        variables: Vec<String>,
        rest: String,
    },
}

/// What to register for a table.
pub(crate) fn plan(table: &Table) -> Vec<Registration> {
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

fn lay(table: &Table, place: &Place, prefix: &mut Prefix, plan: &mut Vec<Registration>) {
    let variables = prefix.variables.clone();
    if !is_writable(place, &variables) {
        let rest = free_name(&variables);
        plan.push(Registration::Wildcard {
            path: format!("{}/{{{rest}:.*}}", prefix.path),
            variables,
            rest,
        });
        return;
    }
    for (_, index) in place.plain.iter().chain(&place.slash) {
        let path = if prefix.path.is_empty() {
            "/".to_owned()
        } else {
            prefix.path.clone()
        };
        plan.push(Registration::Route {
            index: *index,
            path,
            variables: variables.clone(),
        });
    }
    let mut literals: Vec<_> = place.literals.iter().collect();
    literals.sort_unstable();
    for (text, next) in literals {
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
    plan: &mut Vec<Registration>,
) {
    let length = prefix.path.len();
    prefix.path.push('/');
    prefix.path.push_str(segment);
    lay(table, &table.places[next], prefix, plan);
    prefix.path.truncate(length);
}

/// Whether Dropshot's router can say what is at this place and what follows it.
fn is_writable(place: &Place, variables: &[String]) -> bool {
    let one_ending = place.plain.is_empty() || place.slash.is_empty();
    let literals = place
        .literals
        .keys()
        .all(|text| !text.starts_with('{') && !text.ends_with('}') && !text.contains('/'));
    let patterns = match &*place.patterns {
        [] => true,
        [(pattern, _)] => pattern.is_whole() && place.literals.is_empty() && place.names.len() == 1,
        _ => false,
    };
    // A colon would be read as the start of a pattern; the same name twice is refused.
    let names = place
        .names
        .iter()
        .all(|name| !name.contains(':') && variables.iter().all(|other| **other != **name));
    one_ending && literals && patterns && names
}

fn free_name(taken: &[String]) -> String {
    let mut name = "rest".to_owned();
    while taken.contains(&name) {
        name.push('_');
    }
    name
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    /// What is registered for these paths: a wildcard ends in `*`.
    fn planned(paths: &[&str]) -> Vec<String> {
        let routes: Vec<_> = paths
            .iter()
            .enumerate()
            .map(|(index, path)| (METHODS[index % 2].clone(), *path))
            .collect();
        let mut planned: Vec<String> = plan(&Table::new(&routes).unwrap())
            .into_iter()
            .map(|registration| match registration {
                Registration::Route {
                    index,
                    path,
                    variables,
                } => {
                    format!("{} {path} {}", paths[index], variables.join(","))
                }
                Registration::Wildcard {
                    path,
                    variables,
                    rest,
                } => format!("{path} {},{rest}", variables.join(",")),
            })
            .collect();
        planned.sort();
        planned
    }

    const METHODS: [Method; 2] = [Method::GET, Method::PUT];

    #[test]
    fn what_dropshot_can_say_is_registered_as_it_is() {
        let paths = ["/", "/a/{id}", "/a/{id}", "/a/{id}/b/{name}", "/a/{id}/c"];
        let expected = [
            "/ / ",
            "/a/{id} /a/{id} id",
            "/a/{id} /a/{id} id",
            "/a/{id}/b/{name} /a/{id}/b/{name} id,name",
            "/a/{id}/c /a/{id}/c id",
        ];
        assert_eq!(planned(&paths), expected);
    }

    #[test]
    fn a_wildcard_stands_at_the_topmost_conflict_only() {
        assert_eq!(
            planned(&["/a/{x}/{y}", "/a/{x}/b", "/c", "/a/{x}/{y}/z"]),
            ["/a/{x}/{rest:.*} x,rest", "/c /c "]
        );
        assert_eq!(
            planned(&["/a/{x}/b", "/a/{y}/c/{d}", "/a/{y}/c/d"]),
            ["/a/{rest:.*} ,rest"]
        );
        assert_eq!(
            planned(&["/{rest}/a", "/{rest}/{b}"]),
            ["/{rest}/{rest_:.*} rest,rest_"]
        );
        assert_eq!(planned(&["/{a}", "/b"]), ["/{rest:.*} ,rest"]);
    }

    #[test]
    fn each_kind_of_conflict() {
        for path in [
            "/a/v{n}",
            "/a/{n}.json",
            "/a/{n}{m}",
            "/a/{n:m}",
            "/a/{",
            "/a/b}",
            "/a/b%2Fc",
        ] {
            assert_eq!(planned(&[path]), ["/a/{rest:.*} ,rest"], "{path}");
        }
        assert_eq!(planned(&["/a/b/", "/a/b"]), ["/a/b/{rest:.*} ,rest"]);
        assert_eq!(planned(&["/a/b/"]), ["/a/b/ /a/b "]);
        assert_eq!(planned(&["/{id}/a/{id}"]), ["/{id}/a/{rest:.*} id,rest"]);
    }
}
