//! Whether a service may take traffic, and what is wrong.

use serde::Serialize;

/// Whether a service may take traffic: the body of `/readyz`.
///
/// ```
/// use dropshot_chassis::{Problem, Readiness};
///
/// // A load balancer sends requests elsewhere, and an operator reads why.
/// let readiness = Readiness {
///     ready: false,
///     problems: vec![Problem { part: "store", message: "no connection".to_owned() }],
/// };
/// assert!(!readiness.ready && Readiness::default().ready);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// Whether a good request would be answered.
    pub ready: bool,
    /// All problems. The service may be ready in spite of them.
    pub problems: Vec<Problem>,
}

/// A problem of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The part of the service, such as `store`.
    pub part: &'static str,
    /// What is wrong with it.
    pub message: String,
}

impl Default for Readiness {
    fn default() -> Self {
        Self {
            ready: true,
            problems: Vec::new(),
        }
    }
}
