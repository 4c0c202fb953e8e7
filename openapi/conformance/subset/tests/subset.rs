//! Every construct of the project's own documents, through a server: requests arrive, violations are refused, replies are as
//! the document says, and Dropshot's export says what the document does.

use conformance_subset::SUBJECTS;
use dropshot_conformance::{Count, drive};

/// What each document gives rise to at least: requests, violations, replies. A driver that makes less of it has become blind.
const LEAST: &[(&str, [usize; 3])] = &[
    ("all_of", [6, 60, 6]),
    ("bodies", [26, 100, 11]),
    ("collections", [6, 160, 6]),
    ("names", [7, 50, 7]),
    ("nullable_and_defaults", [4, 60, 3]),
    ("parameter_constraints", [3, 40, 2]),
    ("parameter_styles", [10, 100, 5]),
    ("read_and_write_only", [5, 30, 6]),
    ("recursion", [5, 45, 5]),
    ("replies", [8, 0, 34]),
    ("scalars", [3, 145, 3]),
    ("security", [13, 5, 7]),
    ("unions", [14, 75, 14]),
];

#[test]
fn services_do_what_their_documents_say() {
    let mut problems = Vec::new();
    for subject in SUBJECTS {
        let report = drive(subject);
        problems.extend(
            report
                .failures()
                .map(|failure| format!("{}: {failure}", subject.name)),
        );
        problems.extend(
            report
                .not_generated()
                .map(|gap| format!("{}: not generated: {gap}", subject.name)),
        );
        let totals = report.totals();
        assert_eq!(
            totals.operations,
            Count {
                good: subject.operations.len(),
                all: subject.operations.len()
            },
            "{}",
            subject.name
        );
        let least = LEAST
            .iter()
            .find(|(name, _)| *name == subject.name)
            .unwrap_or_else(|| panic!("{} is not listed", subject.name))
            .1;
        let made = [
            totals.requests.all,
            totals.constraints.all,
            totals.replies.all,
        ];
        assert!(
            made.iter().zip(least).all(|(made, least)| *made >= least),
            "{}: {made:?} of at least {least:?}",
            subject.name
        );
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert_eq!(SUBJECTS.len(), LEAST.len());
}
