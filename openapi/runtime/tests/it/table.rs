//! The table of routes against a matcher that is slow and plainly right: it tries every template on
//! every request.

use dropshot_contract::http::Method;
use dropshot_contract::route::{Ambiguous, Found, Table};
use percent_encoding::percent_decode_str;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};

/// A segment of a template: its texts and variables.
#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(String),
    Variable,
}

fn pieces(segment: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (index, part) in segment.split(['{', '}']).enumerate() {
        if index % 2 == 1 {
            pieces.push(Piece::Variable);
        } else if !part.is_empty() {
            pieces.push(Piece::Text(part.to_owned()));
        }
    }
    pieces
}

fn segments(path: &str) -> Vec<&str> {
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .collect()
}

/// The variables' values, each as short as it can be, the first one first.
fn split(pieces: &[Piece], text: &str) -> Option<Vec<String>> {
    match pieces.split_first() {
        None => text.is_empty().then(Vec::new),
        Some((Piece::Text(literal), rest)) => split(rest, text.strip_prefix(literal.as_str())?),
        Some((Piece::Variable, rest)) => (1..=text.len())
            .filter(|end| text.is_char_boundary(*end))
            .find_map(|end| {
                let mut values = split(rest, &text[end..])?;
                values.insert(0, text[..end].to_owned());
                Some(values)
            }),
    }
}

/// Smaller is tried first: literals; then most text, most text in front, most variables; then any
/// fixed order.
type Rank = (bool, usize, usize, usize, Vec<String>);

fn rank(pieces: &[Piece]) -> Rank {
    let variables = pieces
        .iter()
        .filter(|piece| **piece == Piece::Variable)
        .count();
    if variables == 0 {
        return (false, 0, 0, 0, vec![format!("{pieces:?}")]);
    }
    let mut texts = vec![String::new()];
    for piece in pieces {
        match piece {
            Piece::Text(text) => texts.last_mut().unwrap().push_str(text),
            Piece::Variable => texts.push(String::new()),
        }
    }
    let literal: usize = texts.iter().map(String::len).sum();
    (
        true,
        1000 - literal,
        1000 - texts[0].len(),
        1000 - variables,
        texts,
    )
}

fn ranks(path: &str) -> Vec<Rank> {
    segments(path)
        .into_iter()
        .map(|segment| rank(&pieces(segment)))
        .collect()
}

fn ends_in_slash(path: &str) -> bool {
    path.ends_with('/') && !segments(path).is_empty()
}

#[derive(Debug, PartialEq)]
enum Expected {
    Route(usize, Vec<String>),
    Allow(String),
    NotFound,
}

fn reference(routes: &[(Method, String)], method: &Method, raw_path: &str) -> Expected {
    let decoded: Vec<String> = segments(raw_path)
        .into_iter()
        .map(|segment| {
            percent_decode_str(segment)
                .decode_utf8()
                .unwrap()
                .into_owned()
        })
        .collect();
    let values = |path: &str| -> Option<Vec<String>> {
        let template = segments(path);
        if template.len() != decoded.len() {
            return None;
        }
        let values = template
            .iter()
            .zip(&decoded)
            .map(|(segment, text)| split(&pieces(segment), text));
        values
            .collect::<Option<Vec<_>>>()
            .map(|values| values.concat())
    };
    let matching: Vec<usize> = (0..routes.len())
        .filter(|index| values(&routes[*index].1).is_some())
        .collect();
    let Some(best) = matching.iter().map(|index| ranks(&routes[*index].1)).min() else {
        return Expected::NotFound;
    };
    let mut chosen: Vec<usize> = matching
        .into_iter()
        .filter(|index| ranks(&routes[*index].1) == best)
        .collect();
    let with_slash = chosen
        .iter()
        .filter(|index| ends_in_slash(&routes[**index].1))
        .count();
    if 0 < with_slash && with_slash < chosen.len() {
        chosen.retain(|index| ends_in_slash(&routes[*index].1) == raw_path.ends_with('/'));
    }
    let of = |wanted: &Method| chosen.iter().find(|index| routes[**index].0 == *wanted);
    let get = || of(&Method::GET).filter(|_| *method == Method::HEAD);
    match of(method).or_else(get) {
        Some(index) => Expected::Route(*index, values(&routes[*index].1).unwrap()),
        None => {
            let mut allow: Vec<&str> = chosen
                .iter()
                .map(|index| routes[*index].0.as_str())
                .collect();
            if allow.contains(&"GET") && !allow.contains(&"HEAD") {
                allow.push("HEAD");
            }
            allow.sort_unstable();
            Expected::Allow(allow.join(", "))
        }
    }
}

/// The first two routes that are the same but for the names of variables.
fn ambiguous(routes: &[(Method, String)]) -> Option<Ambiguous> {
    let key = |index: usize| {
        (
            &routes[index].0,
            ranks(&routes[index].1),
            ends_in_slash(&routes[index].1),
        )
    };
    (0..routes.len()).find_map(|second| {
        (0..second)
            .find(|first| key(*first) == key(second))
            .map(|first| Ambiguous { first, second })
    })
}

fn method() -> impl Strategy<Value = Method> {
    select(vec![
        Method::GET,
        Method::GET,
        Method::PUT,
        Method::DELETE,
        Method::HEAD,
    ])
}

fn template() -> impl Strategy<Value = String> {
    let segment = select(vec![
        "a",
        "b",
        "ab",
        "a.b",
        "v1",
        "{x}",
        "{x}",
        "{y}",
        "{x}.b",
        "v{x}",
        "{x}...{y}",
        "{x}:a",
        "{x}{y}",
        "a{x}",
        "{x}-{y}.b",
        "{x}.{y}",
        "é{x}",
    ]);
    (prop::collection::vec(segment, 0..4), any::<bool>()).prop_map(|(segments, slash)| {
        format!("/{}{}", segments.join("/"), if slash { "/" } else { "" })
    })
}

fn request() -> impl Strategy<Value = String> {
    let segment = select(vec![
        "a",
        "b",
        "ab",
        "a.b",
        "v1",
        "v",
        "a.b.b",
        "x...y",
        "a......b",
        "...",
        "a:a",
        ":a",
        "a-b.b",
        "a-b-a.b",
        "%61",
        "a%2Fb",
        "%C3%A9b",
        "é",
        "",
        "v%31",
        "x%2E%2E%2Ey",
        "aab",
        "%e2%82%ac-%41.b",
    ]);
    (prop::collection::vec(segment, 0..5), any::<bool>()).prop_map(|(segments, slash)| {
        format!("/{}{}", segments.join("/"), if slash { "/" } else { "" })
    })
}

#[test]
fn ten_thousand_random_tables_agree_with_the_reference() {
    let mut runner = TestRunner::new(Config {
        cases: 10_000,
        failure_persistence: None,
        ..Config::default()
    });
    let tables = prop::collection::vec((method(), template()), 0..14);
    let requests = prop::collection::vec((method(), request()), 0..14);
    let outcomes = std::cell::Cell::new([0; 4]);
    let count = |kind: usize| {
        let mut counts = outcomes.get();
        counts[kind] += 1;
        outcomes.set(counts);
    };
    runner
        .run(&(tables, requests), |(mut routes, requests)| {
            let mut table = Table::new(&routes);
            while let Err(error) = table {
                prop_assert_eq!(Some(error), ambiguous(&routes));
                count(3);
                routes.remove(error.second);
                table = Table::new(&routes);
            }
            prop_assert_eq!(ambiguous(&routes), None);
            let table = table.unwrap();
            for (method, path) in requests {
                let expected = reference(&routes, &method, &path);
                let found = match table.find(&method, &path) {
                    Found::NotFound => Expected::NotFound,
                    Found::MethodNotAllowed { allow, .. } => Expected::Allow(allow),
                    Found::Route { index, captures } => {
                        let value = |range: &std::ops::Range<usize>| {
                            percent_decode_str(&path[range.clone()])
                                .decode_utf8()
                                .unwrap()
                                .into_owned()
                        };
                        Expected::Route(index, captures.iter().map(value).collect())
                    }
                };
                count(match found {
                    Expected::Route(..) => 0,
                    Expected::Allow(_) => 1,
                    Expected::NotFound => 2,
                });
                prop_assert_eq!(found, expected, "{} {}", method, path);
            }
            Ok(())
        })
        .unwrap();
    let [routes, others, nothing, ambiguous] = outcomes.get();
    println!(
        "{routes} found, {others} with another method, {nothing} not found, {ambiguous} ambiguous pairs refused"
    );
    assert!(routes > 5_000 && others > 2_000 && nothing > 5_000 && ambiguous > 1_000);
}

#[test]
fn nothing_that_a_path_can_be_panics() {
    let mut runner = TestRunner::new(Config {
        cases: 2_000,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(
            &(
                prop::collection::vec("[/{}a%:.é]{0,12}", 0..6),
                "[/{}a%0-9A-F:.é]{0,16}",
            ),
            |(paths, request)| {
                let routes: Vec<_> = paths.into_iter().map(|path| (Method::GET, path)).collect();
                if let Ok(table) = Table::new(&routes) {
                    drop(table.find(&Method::GET, &request));
                }
                Ok(())
            },
        )
        .unwrap();
}
