//! A strict reader of Prometheus's text format 0.0.4.

use std::collections::{BTreeMap, HashSet};

/// The values by series, with sorted labels.
pub struct Exposition(BTreeMap<String, f64>);

impl Exposition {
    /// Fails on lines that Prometheus refuses, and on series without a type or help text.
    #[track_caller]
    pub fn read(text: &str) -> Self {
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{text}");
        let mut series = BTreeMap::new();
        let mut seen = HashSet::new();
        let (mut family, mut kind, mut helped) = ("", "", "");
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, words) = help.split_once(' ').expect(line);
                assert!(!words.is_empty() && !words.ends_with(".."), "{line}");
                helped = name;
            } else if let Some(described) = line.strip_prefix("# TYPE ") {
                (family, kind) = described.split_once(' ').expect(line);
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert!(is_name(family) && family == helped, "{line}");
                assert!(seen.insert(family), "twice: {line}");
                assert_eq!(family.ends_with("_total"), kind == "counter", "{line}");
            } else {
                let (name, labels, value) = sample(line);
                let suffix = name.strip_prefix(family).expect(line);
                let fits = match kind {
                    "histogram" => ["_sum", "_count", "_bucket"].contains(&suffix),
                    _ => suffix.is_empty(),
                };
                assert!(fits, "{line} is not of {family}");
                assert!(kind == "gauge" || value >= 0.0, "{line}");
                let labels: Vec<String> = (labels.iter())
                    .map(|(name, value)| format!("{name}=\"{value}\""))
                    .collect();
                let key = match labels.is_empty() {
                    true => name.to_owned(),
                    false => format!("{name}{{{}}}", labels.join(",")),
                };
                assert!(series.insert(key, value).is_none(), "twice: {line}");
            }
        }
        let read = Self(series);
        read.check_histogram("d1_authz_token_decision_seconds");
        read
    }

    #[track_caller]
    pub fn of(&self, series: &str) -> f64 {
        *(self.0.get(series)).unwrap_or_else(|| panic!("no {series} in {:#?}", self.0))
    }

    pub fn has(&self, series: &str) -> bool {
        self.0.contains_key(series)
    }

    /// Buckets are cumulative, and the last one equals the count.
    fn check_histogram(&self, name: &str) {
        let start = format!("{name}_bucket{{le=\"");
        let buckets = self.0.iter().filter_map(|(series, count)| {
            let bound = series.strip_prefix(&start)?.strip_suffix("\"}")?;
            Some((number(bound), *count))
        });
        let mut buckets: Vec<(f64, f64)> = buckets.collect();
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert!(
            buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1),
            "{buckets:?}"
        );
        let all = (f64::INFINITY, self.of(&format!("{name}_count")));
        assert_eq!(buckets.last(), Some(&all));
    }
}

/// Reads a line `name{label="value",…} value` without a timestamp.
#[track_caller]
fn sample(line: &str) -> (&str, BTreeMap<&str, &str>, f64) {
    let (series, value) = line.rsplit_once(' ').expect(line);
    let (name, labels) = match series.split_once('{') {
        Some((name, labels)) => (name, labels.strip_suffix('}').expect(line)),
        None => (series, ""),
    };
    assert!(is_name(name), "{line}");
    let mut read = BTreeMap::new();
    for label in labels.split(',').filter(|label| !label.is_empty()) {
        let (name, value) = label.split_once('=').expect(line);
        let value = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'));
        // No value in the tests has a character that needs an escape.
        let value = value
            .filter(|value| !value.contains(['"', '\\', '\n']))
            .expect(line);
        assert!(
            is_name(name) && read.insert(name, value).is_none(),
            "{line}"
        );
    }
    (name, read, number(value))
}

#[track_caller]
fn number(text: &str) -> f64 {
    match text {
        "+Inf" => f64::INFINITY,
        text => text.parse().expect(text),
    }
}

fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(allowed) && name.starts_with(|c: char| c.is_ascii_alphabetic())
}
