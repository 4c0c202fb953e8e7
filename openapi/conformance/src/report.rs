//! The results of the test.

use std::fmt;

use dropshot_contract::Value;
use serde::Serialize;
use serde_json::json;

/// The results of a document.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// The document's name.
    pub name: String,
    /// The operations, in the document's order.
    pub operations: Vec<OperationReport>,
    /// The differences between Dropshot's export and the document.
    pub differences: Vec<String>,
    /// Why the service could not be tested at all.
    pub error: Option<String>,
}

/// The results of an operation.
#[derive(Debug, Clone, Default, Serialize)]
pub struct OperationReport {
    /// `operationId`
    pub id: String,
    /// Valid requests that reached the handler with the values that were sent.
    pub requests: Count,
    /// Requests that violate a constraint and were refused with a 4xx that names the place.
    pub constraints: Count,
    /// Replies that came as the document says.
    pub replies: Count,
    /// The parts for which the driver could make no request or reply, and why. They are not tested.
    pub not_generated: Vec<String>,
    /// The failures.
    pub failures: Vec<String>,
}

/// The number of good results among all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// The number of good results.
    pub good: usize,
    /// The number of all results.
    pub all: usize,
}

/// The sums over operations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Operations that every valid request reached with its values.
    pub operations: Count,
    /// Requests of all operations.
    pub requests: Count,
    /// Violations of all operations.
    pub constraints: Count,
    /// Replies of all operations.
    pub replies: Count,
    /// The number of parts for which the driver could make no request or reply.
    pub not_generated: usize,
    /// Differences of the round trip.
    pub differences: usize,
}

impl Count {
    /// Counts one more result.
    pub(crate) fn add(&mut self, good: bool) {
        self.good += usize::from(good);
        self.all += 1;
    }

    /// Whether all results are good.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.good == self.all
    }
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.good += other.good;
        self.all += other.all;
    }
}

impl std::ops::AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.operations += other.operations;
        self.requests += other.requests;
        self.constraints += other.constraints;
        self.replies += other.replies;
        self.not_generated += other.not_generated;
        self.differences += other.differences;
    }
}

impl Report {
    /// The sums over all operations.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut totals = Totals {
            differences: self.differences.len(),
            ..Totals::default()
        };
        for operation in &self.operations {
            totals.operations.add(operation.is_reached());
            totals.requests += operation.requests;
            totals.constraints += operation.constraints;
            totals.replies += operation.replies;
            totals.not_generated += operation.not_generated.len();
        }
        totals
    }

    /// The report that a program prints: `totals`, `failures`, `not_generated` and `operations`.
    #[must_use]
    pub fn summary(&self) -> Value {
        json!({
            "name": self.name,
            "totals": self.totals(),
            "failures": self.failures().collect::<Vec<_>>(),
            "not_generated": self.not_generated().collect::<Vec<_>>(),
            "operations": self.operations,
        })
    }

    /// The parts for which the driver could make no request or reply, one line each.
    pub fn not_generated(&self) -> impl Iterator<Item = String> {
        self.operations.iter().flat_map(|operation| {
            let gaps = operation.not_generated.iter();
            gaps.map(|gap| format!("{}: {gap}", operation.id))
        })
    }

    /// Everything that failed, one line each.
    pub fn failures(&self) -> impl Iterator<Item = String> {
        let failures = self.operations.iter().flat_map(|operation| {
            operation
                .failures
                .iter()
                .map(|failure| format!("{}: {failure}", operation.id))
        });
        failures
            .chain(self.differences.iter().cloned())
            .chain(self.error.clone())
    }
}

impl OperationReport {
    /// Whether every valid request reached the handler with its values.
    #[must_use]
    pub fn is_reached(&self) -> bool {
        self.requests.all > 0 && self.requests.is_whole()
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.good, self.all))
    }
}
