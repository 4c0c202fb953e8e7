//! The figures of `bench codegen` and their ratios to the baseline. [`super::text`] shows them.

use super::workshop::Layout;
use crate::bench::Outcome;
use crate::bench::cost::Cost;
use crate::bench::machine::Machine;
use serde::Serialize;
use std::fs;
use std::path::Path;

/// All figures of a run.
#[derive(Debug, Serialize)]
pub struct Report {
    pub machine: Machine,
    /// How often each crate was compiled. The figures are medians.
    pub rounds: u16,
    pub generator: Vec<Generator>,
    pub compiled: Vec<Compiled>,
    pub growth: Vec<Growth>,
    pub edited: Vec<Edited>,
    pub release: Option<Release>,
}

/// The cost of `cargo xtask scaffold`, from the document to the crate's files, in the profile that
/// build scripts have.
#[derive(Debug, Serialize)]
pub struct Generator {
    pub operations: usize,
    pub cost: Cost,
}

/// A crate that was compiled from nothing but its compiled dependencies.
#[derive(Debug, Serialize)]
pub struct Compiled {
    pub layout: Layout,
    pub operations: usize,
    pub check: Cost,
    pub build: Cost,
    pub binary_mb: f64,
    /// The time until the debug build listens.
    pub start_ms: f64,
    pub starts_on_2_mib: bool,
    /// The ratios to the baseline of the same size.
    pub ratios: Option<Ratios>,
}

/// The figures divided by those of the baseline. Less is better.
#[derive(Debug, Serialize)]
pub struct Ratios {
    pub check_cpu: f64,
    pub check_peak: f64,
    pub build_cpu: f64,
    pub build_peak: f64,
    pub binary: f64,
    pub start: f64,
}

/// CPU time of the largest crate for each operation, divided by that of the smallest; 1 is linear.
#[derive(Debug, Serialize)]
pub struct Growth {
    pub layout: Layout,
    pub from: usize,
    pub to: usize,
    pub check: f64,
    pub build: f64,
}

/// A crate that was compiled again after an edit of one handler. Cargo's own time is included.
#[derive(Debug, Serialize)]
pub struct Edited {
    pub layout: Layout,
    pub operations: usize,
    pub check: Cost,
    pub build: Cost,
}

/// A crate compiled for release.
#[derive(Debug, Serialize)]
pub struct Release {
    pub operations: usize,
    pub build: Cost,
    pub binary_mb: f64,
    pub start_ms: f64,
}

impl Report {
    /// A report without figures.
    pub fn new(machine: Machine, rounds: u16) -> Self {
        Self {
            machine,
            rounds,
            generator: Vec::new(),
            compiled: Vec::new(),
            growth: Vec::new(),
            edited: Vec::new(),
            release: None,
        }
    }

    /// Writes the figures that there are, so that a run of an hour leaves figures even if it is cut
    /// short.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn keep(&self, file: &Path) -> Outcome<()> {
        let text = format!("{:#}\n", serde_json::json!(self));
        fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))
    }

    /// Adds the ratios of the figures that there are.
    pub fn finish(mut self) -> Self {
        for index in 0..self.compiled.len() {
            let it = &self.compiled[index];
            let baseline = self.compiled.iter().find(|other| {
                (other.layout, other.operations) == (Layout::ApiDescription, it.operations)
            });
            let ratios = baseline.map(|baseline| it.to(baseline));
            if it.layout == Layout::Generated {
                self.compiled[index].ratios = ratios;
            }
        }
        let layouts = [Layout::Generated, Layout::ApiDescription];
        self.growth = layouts
            .into_iter()
            .filter_map(|layout| self.growth_of(layout))
            .collect();
        self
    }

    /// Only crates of 100 operations or more count. In a smaller crate, what every crate has weighs
    /// more than the operations.
    fn growth_of(&self, layout: Layout) -> Option<Growth> {
        let large = || {
            self.compiled
                .iter()
                .filter(|it| it.layout == layout && it.operations >= 100)
        };
        let least = large().min_by_key(|it| it.operations)?;
        let most = large().max_by_key(|it| it.operations)?;
        let linear = most.operations as f64 / least.operations as f64;
        (most.operations > least.operations).then(|| Growth {
            layout,
            from: least.operations,
            to: most.operations,
            check: most.check.cpu_s / least.check.cpu_s / linear,
            build: most.build.cpu_s / least.build.cpu_s / linear,
        })
    }
}

impl Compiled {
    fn to(&self, baseline: &Self) -> Ratios {
        Ratios {
            check_cpu: self.check.cpu_s / baseline.check.cpu_s,
            check_peak: self.check.peak_mb / baseline.check.peak_mb,
            build_cpu: self.build.cpu_s / baseline.build.cpu_s,
            build_peak: self.build.peak_mb / baseline.build.peak_mb,
            binary: self.binary_mb / baseline.binary_mb,
            start: self.start_ms / baseline.start_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Report as _;

    fn compiled(layout: Layout, operations: usize, cpu_s: f64) -> Compiled {
        let cost = Cost {
            wall_s: 1.0,
            cpu_s,
            peak_mb: 100.0,
        };
        Compiled {
            layout,
            operations,
            check: cost,
            build: cost,
            binary_mb: 10.0,
            start_ms: 5.0,
            starts_on_2_mib: true,
            ratios: None,
        }
    }

    #[test]
    fn each_size_is_compared_with_its_baseline_and_the_largest_with_its_share() {
        let machine = Machine {
            cores: 2,
            load: 0.0,
            rustc: "rustc".to_owned(),
        };
        let mut report = Report::new(machine, 1);
        report.compiled = vec![
            compiled(Layout::Generated, 10, 1.0),
            compiled(Layout::Generated, 100, 2.0),
            compiled(Layout::ApiDescription, 100, 4.0),
            compiled(Layout::Generated, 1000, 30.0),
        ];
        let report = report.finish();
        let ratios: Vec<_> = report
            .compiled
            .iter()
            .map(|it| it.ratios.as_ref().map(|it| it.check_cpu))
            .collect();
        assert_eq!(ratios, [None, Some(0.5), None, None]);
        let growth: Vec<_> = report
            .growth
            .iter()
            .map(|it| (it.from, it.to, it.check))
            .collect();
        assert_eq!(growth, [(100, 1000, 1.5)]);
        assert!(report.text().contains("2.00 (0.50)"));
    }
}
