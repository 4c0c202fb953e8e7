//! Prints the results for people and for programs.

use super::subject::{State, Subject, Totals};
use serde_json::{Value, json};
use std::fmt::Write;

/// A line for each document, and a line of sums.
pub fn text(subjects: &[Subject], failures: bool, gaps: bool) -> String {
    let width = subjects
        .iter()
        .map(|subject| subject.name().len())
        .max()
        .unwrap_or(0)
        .max(8);
    let mut out = format!(
        "{:width$}  {:>10} {:>13} {:>13} {:>13} {:>13} {:>10}\n",
        "document",
        "operations",
        "requests",
        "constraints",
        "replies",
        "not generated",
        "round trip"
    );
    let mut sums = Totals::default();
    for subject in subjects {
        let name = subject.name();
        match &subject.state {
            State::Driven(report) => {
                sums += report.totals;
                line(&mut out, &name, width, &report.totals);
                detail(&mut out, "", &report.failures, failures);
                detail(&mut out, "not generated: ", &report.not_generated, gaps);
            }
            state => {
                let _ = writeln!(out, "{name:width$}  {}", told(state));
            }
        }
    }
    line(&mut out, "all", width, &sums);
    let count =
        |is: fn(&State) -> bool| subjects.iter().filter(|subject| is(&subject.state)).count();
    let _ = writeln!(
        out,
        "\n{} documents: {} driven, {} refused, {} not compiled, {} not driven, {} panics",
        subjects.len(),
        count(|state| matches!(state, State::Driven(_))),
        count(|state| matches!(state, State::Refused(_))),
        count(|state| matches!(state, State::NotCompiled(_))),
        count(|state| matches!(state, State::NotDriven(_) | State::Generated(_))),
        count(|state| matches!(state, State::Panicked)),
    );
    out
}

fn line(out: &mut String, name: &str, width: usize, totals: &Totals) {
    let Totals {
        operations,
        requests,
        constraints,
        replies,
        not_generated,
        differences,
    } = totals;
    let _ = writeln!(
        out,
        "{name:width$}  {operations:>10} {requests:>13} {constraints:>13} {replies:>13} {not_generated:>13} {differences:>10}"
    );
}

fn detail(out: &mut String, prefix: &str, lines: &[String], wanted: bool) {
    if wanted {
        for text in lines {
            let _ = writeln!(out, "    {prefix}{text}");
        }
    }
}

fn told(state: &State) -> String {
    match state {
        State::Refused(codes) => format!("refused: {}", codes.join(", ")),
        State::Panicked => "the generator panicked".to_owned(),
        State::NotCompiled(error) => format!("does not compile: {error}"),
        State::NotDriven(error) => format!("was not driven: {error}"),
        State::Generated(_) => "was not driven".to_owned(),
        State::Driven(_) => "driven".to_owned(),
    }
}

/// The results as JSON, with all failures.
pub fn json(subjects: &[Subject]) -> Value {
    let document = |subject: &Subject| {
        let mut value = json!({
            "document": subject.spec,
            "operations": subject.operations,
            "generating_ms": u64::try_from(subject.generating.as_millis()).unwrap_or(u64::MAX),
        });
        match &subject.state {
            State::Refused(codes) => value["refused"] = json!(codes),
            State::Driven(report) => value["report"] = json!(report),
            state => value["error"] = json!(told(state)),
        }
        value
    };
    let mut sums = Totals::default();
    for subject in subjects {
        if let State::Driven(report) = &subject.state {
            sums += report.totals;
        }
    }
    json!({ "documents": subjects.iter().map(document).collect::<Vec<_>>(), "totals": sums })
}
