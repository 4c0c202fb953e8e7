//! The figures of `bench codegen`.

use super::workshop::Layout;
use crate::bench::cost::Cost;
use crate::bench::machine::Machine;
use crate::bench::table::{figure, table};
use serde::Serialize;

/// All figures of a run.
#[derive(Debug, Serialize)]
pub struct Report {
    pub machine: Machine,
    pub rounds: u16,
    pub generator: Vec<Generator>,
    pub compiled: Vec<Compiled>,
    pub edited: Vec<Edited>,
    /// Operations, and milliseconds until a release build listens.
    pub release_start: Option<(usize, f64)>,
}

/// `cargo xtask scaffold`, from the document to the crate's files, in the profile that build scripts have.
#[derive(Debug, Serialize)]
pub struct Generator {
    pub operations: usize,
    pub cost: Cost,
}

/// A crate compiled from nothing but its dependencies.
#[derive(Debug, Serialize)]
pub struct Compiled {
    pub layout: Layout,
    pub operations: usize,
    pub check: Cost,
    pub build: Cost,
    pub binary_mb: f64,
    /// Until the debug build listens.
    pub start_ms: f64,
    pub starts_on_2_mib: bool,
}

/// A crate compiled again after an edit of one handler, cargo's own time included.
#[derive(Debug, Serialize)]
pub struct Edited {
    pub layout: Layout,
    pub operations: usize,
    pub check: Cost,
    pub build: Cost,
}

impl Report {
    pub fn new(machine: Machine, rounds: u16) -> Self {
        Self {
            machine,
            rounds,
            generator: Vec::new(),
            compiled: Vec::new(),
            edited: Vec::new(),
            release_start: None,
        }
    }

    fn generator(&self) -> String {
        let rows: Vec<_> = (self.generator.iter())
            .map(|Generator { operations, cost }| {
                let per_second = *operations as f64 / cost.cpu_s;
                [
                    operations.to_string(),
                    figure(cost.cpu_s),
                    figure(per_second),
                    figure(cost.peak_mb),
                ]
            })
            .collect();
        table(["operations", "CPU s", "operations/s", "peak MB"], &rows)
    }

    fn compiled(&self) -> String {
        let rows: Vec<_> = (self.compiled.iter())
            .map(|it| {
                let baseline = self.compiled.iter().find(|other| {
                    is_baseline(it.layout, it.operations, other.layout, other.operations)
                });
                let against = |of: fn(&Compiled) -> f64| with_ratio(of(it), baseline.map(of));
                [
                    format!("{} {}", it.operations, it.layout),
                    against(|it| it.check.cpu_s),
                    against(|it| it.check.peak_mb),
                    against(|it| it.build.cpu_s),
                    against(|it| it.build.peak_mb),
                    against(|it| it.binary_mb),
                    against(|it| it.start_ms),
                    if it.starts_on_2_mib { "yes" } else { "no" }.to_owned(),
                ]
            })
            .collect();
        let head = [
            "operations",
            "check CPU s",
            "MB",
            "build CPU s",
            "MB",
            "binary MB",
            "start ms",
            "on 2 MiB",
        ];
        table(head, &rows)
    }

    /// How much more than its share the largest document takes, from the one of 100 operations on; 1 is linear.
    fn growth(&self, layout: Layout) -> Option<String> {
        let of_layout = || {
            self.compiled
                .iter()
                .filter(|it| it.layout == layout && it.operations >= 100)
        };
        let (least, most) = (
            of_layout().min_by_key(|it| it.operations)?,
            of_layout().max_by_key(|it| it.operations)?,
        );
        if least.operations == most.operations {
            return None;
        }
        let share = |of: fn(&Compiled) -> f64| {
            figure(of(most) / of(least) * least.operations as f64 / most.operations as f64)
        };
        Some(format!(
            "Growth from {} to {} operations, {layout}: {} of linear to check, {} to build\n",
            least.operations,
            most.operations,
            share(|it| it.check.cpu_s),
            share(|it| it.build.cpu_s)
        ))
    }

    fn edited(&self) -> String {
        let rows: Vec<_> = (self.edited.iter())
            .map(|it| {
                let baseline = self.edited.iter().find(|other| {
                    is_baseline(it.layout, it.operations, other.layout, other.operations)
                });
                let against = |of: fn(&Edited) -> f64| with_ratio(of(it), baseline.map(of));
                [
                    format!("{} {}", it.operations, it.layout),
                    against(|it| it.check.wall_s),
                    against(|it| it.check.cpu_s),
                    against(|it| it.build.wall_s),
                    against(|it| it.build.cpu_s),
                ]
            })
            .collect();
        table(
            [
                "operations",
                "check s",
                "check CPU s",
                "build s",
                "build CPU s",
            ],
            &rows,
        )
    }
}

impl crate::bench::Report for Report {
    fn text(&self) -> String {
        let mut text = format!(
            "{}; median of {}\nIn brackets: the ratio to api_description\n\nGenerator\n{}\nThe crate alone, dependencies built\n{}\n",
            self.machine.text(),
            self.rounds,
            self.generator(),
            self.compiled()
        );
        text.extend(
            [Layout::Generated, Layout::ApiDescription]
                .into_iter()
                .filter_map(|layout| self.growth(layout)),
        );
        if !self.edited.is_empty() {
            text.push_str(&format!(
                "\nOne handler edited, cargo again\n{}",
                self.edited()
            ));
        }
        if let Some((operations, ms)) = self.release_start {
            text.push_str(&format!(
                "\nRelease build of {operations} operations: listens after {} ms\n",
                figure(ms)
            ));
        }
        text
    }
}

/// Whether the other row is what this one is compared with.
fn is_baseline(layout: Layout, operations: usize, other: Layout, of_other: usize) -> bool {
    layout == Layout::Generated && other == Layout::ApiDescription && operations == of_other
}

fn with_ratio(value: f64, baseline: Option<f64>) -> String {
    match baseline {
        Some(baseline) => format!("{} ({})", figure(value), figure(value / baseline)),
        None => figure(value),
    }
}
