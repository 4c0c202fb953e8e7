//! `cargo xtask bench codegen` measures the generator and the compilation of its code. The baseline
//! is the layout that a developer writes by hand.
//!
//! The same operations, in the shape of [`document`], are compiled in both layouts. Dependencies
//! are compiled before. The figures are those of rustc on the crate itself.

mod document;
mod macro_layout;
mod report;
mod start;
mod text;
mod workshop;

use super::cost::Cost;
use super::machine::Machine;
use super::table::median;
use super::{Outcome, folder, progress};
use crate::output::Output;
pub use report::Report;
use report::{Compiled, Edited, Generator, Release};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use workshop::{Layout, Made, Verb, Workshop};

/// Times the generator and the compiler on documents of several sizes, beside Dropshot's
/// `#[api_description]` layout.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask bench codegen --operations 10,100\n  \
                  cargo xtask bench codegen --ours-only 2000 --release 1000 --output json\n\n\
                  The baseline of 1,000 operations takes minutes and 10 GB of memory."
)]
pub struct Arguments {
    /// How many operations the documents have.
    #[arg(long, value_delimiter = ',', default_values_t = [10, 100, 300, 1000], value_parser = size)]
    operations: Vec<usize>,
    /// More sizes, measured without the baseline.
    #[arg(long, value_delimiter = ',', value_parser = size)]
    ours_only: Vec<usize>,
    /// Measure no baseline at all.
    #[arg(long)]
    skip_macro: bool,
    /// The size at which one handler is edited and the crate compiled again, if that size is
    /// measured.
    #[arg(long, default_value_t = 300)]
    edit: usize,
    /// Build this size for release, too, and start it; its dependencies take minutes.
    #[arg(long, value_parser = size)]
    release: Option<usize>,
    /// How often each crate is compiled; the median counts.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=99))]
    rounds: u16,
    /// The longest that one command may take, in seconds.
    #[arg(long, default_value_t = 1800)]
    time_limit: u64,
    /// How figures are printed.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

impl Arguments {
    /// The sizes that take minutes and no more.
    pub fn small() -> Self {
        Self {
            operations: vec![10, 100],
            ours_only: Vec::new(),
            skip_macro: false,
            edit: 100,
            release: None,
            rounds: 1,
            time_limit: 1800,
            output: Output::Text,
        }
    }
}

fn size(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(size @ 1..=10_000) => Ok(size),
        _ => Err("a number of operations from 1 to 10000".to_owned()),
    }
}

/// Runs the measurement.
pub fn run(arguments: &Arguments) -> Outcome<Report> {
    let workshop = Workshop::new(
        &folder().join("codegen"),
        Duration::from_secs(arguments.time_limit),
    )?;
    let figures = folder().join("codegen/figures.json");
    let mut report = Report::new(Machine::now(), arguments.rounds);
    let baseline = !arguments.skip_macro;
    let layouts = |with_baseline: bool| {
        let layouts = [
            Some(Layout::Generated),
            with_baseline.then_some(Layout::ApiDescription),
        ];
        layouts.into_iter().flatten()
    };
    progress("dependencies, which are not measured");
    for layout in layouts(baseline) {
        let made = workshop.make(layout, 1)?;
        workshop.compile(&made, Verb::Check)?;
        workshop.compile(&made, Verb::Build)?;
    }
    let ours_only = arguments.ours_only.iter().map(|size| (*size, false));
    for (size, with_baseline) in arguments
        .operations
        .iter()
        .map(|size| (*size, baseline))
        .chain(ours_only)
    {
        for layout in layouts(with_baseline) {
            let mut rounds = Rounds::default();
            let mut made = workshop.make(layout, size)?;
            for round in 0..arguments.rounds {
                if round > 0 {
                    made = workshop.make(layout, size)?;
                }
                rounds.add(&workshop, &made)?;
            }
            rounds.finish(&workshop, &made, &mut report)?;
            report.keep(&figures)?;
            if size == arguments.edit {
                let edited = edit(&workshop, &made, arguments.rounds.max(3))?;
                report.edited.push(edited);
                report.keep(&figures)?;
            }
            workshop.forget(&made)?;
        }
    }
    if let Some(size) = arguments.release {
        report.release = Some(release(&workshop, size)?);
    }
    Ok(report.finish())
}

/// The costs of one crate, one for each round.
#[derive(Default)]
struct Rounds {
    generate: Vec<Cost>,
    check: Vec<Cost>,
    build: Vec<Cost>,
}

impl Rounds {
    fn add(&mut self, workshop: &Workshop, made: &Made) -> Outcome<()> {
        self.generate.extend(made.generated);
        workshop.forget(made)?;
        self.check.push(workshop.compile(made, Verb::Check)?.1);
        self.build.push(workshop.compile(made, Verb::Build)?.1);
        Ok(())
    }

    fn finish(&self, workshop: &Workshop, made: &Made, report: &mut Report) -> Outcome<()> {
        let (layout, operations) = (made.layout, made.operations);
        if !self.generate.is_empty() {
            report.generator.push(Generator {
                operations,
                cost: middle(&self.generate),
            });
        }
        let program = workshop.program(made, Verb::Build);
        let compiled = Compiled {
            layout,
            operations,
            check: middle(&self.check),
            build: middle(&self.build),
            binary_mb: binary_mb(&program)?,
            start_ms: start::start_ms(made, &program)?,
            starts_on_2_mib: start::starts_on_2_mib(made, &program),
            ratios: None,
        };
        progress(&compiled.line());
        report.compiled.push(compiled);
        Ok(())
    }
}

/// Compiles the generated crate with optimisation. Its dependencies are compiled before.
fn release(workshop: &Workshop, operations: usize) -> Outcome<Release> {
    workshop.compile(&workshop.make(Layout::Generated, 1)?, Verb::Release)?;
    let made = workshop.make(Layout::Generated, operations)?;
    let (_, build) = workshop.compile(&made, Verb::Release)?;
    let program = workshop.program(&made, Verb::Release);
    let start_ms = start::start_ms(&made, &program)?;
    Ok(Release {
        operations,
        build,
        binary_mb: binary_mb(&program)?,
        start_ms,
    })
}

fn binary_mb(program: &Path) -> Outcome<f64> {
    let length = fs::metadata(program)
        .map_err(|error| format!("{}: {error}", program.display()))?
        .len();
    Ok(length as f64 / 1e6)
}

/// Adds a line to the handler of the first operation, and compiles the crate again.
fn edit(workshop: &Workshop, made: &Made, rounds: u16) -> Outcome<Edited> {
    let (file, text, at) = handler(made)?;
    let write = |edit: u16| {
        let text = format!(
            "{}let _edit = {edit};\n        {}",
            &text[..at],
            &text[at..]
        );
        fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))
    };
    let (mut checks, mut builds) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        write(2 * round)?;
        checks.push(workshop.compile(made, Verb::Check)?.0);
        write(2 * round + 1)?;
        builds.push(workshop.compile(made, Verb::Build)?.0);
    }
    let (layout, operations) = (made.layout, made.operations);
    Ok(Edited {
        layout,
        operations,
        check: middle(&checks),
        build: middle(&builds),
    })
}

/// The file with the handler of the first operation, its text, and the place of the answer in it.
fn handler(made: &Made) -> Outcome<(PathBuf, String, usize)> {
    let source = made.folder.join("src");
    let files = [source.join("handlers.rs"), source.join("handlers/tag0.rs")];
    files
        .into_iter()
        .find_map(|file| {
            let text = fs::read_to_string(&file).ok()?;
            let call = text.find("not_implemented(\"do_thing_0\")")?;
            let answer = text[..call].rfind("Err(")?;
            Some((file, text, answer))
        })
        .ok_or_else(|| format!("{}: no handler of do_thing_0", source.display()))
}

fn middle(costs: &[Cost]) -> Cost {
    let of = |part: fn(&Cost) -> f64| median(costs.iter().map(part)).unwrap_or(f64::NAN);
    Cost {
        wall_s: of(|cost| cost.wall_s),
        cpu_s: of(|cost| cost.cpu_s),
        peak_mb: of(|cost| cost.peak_mb),
    }
}
