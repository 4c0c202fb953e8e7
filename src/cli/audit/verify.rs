//! `audit verify`

use std::path::Path;

use clap::Args;
use serde::Serialize;

use super::Folder;
use super::absent::AbsentTrail;
use crate::admin::known_trails;
use crate::audit::{self, Absence, Broken, Chain, Known, Mark, Place, Verified};
use crate::cli::error::Error;
use crate::cli::output::Output;
use crate::cli::source::Source;
use crate::config::Config;
use crate::store::{self, Migrate};

/// Check that the audit trail is as it was written
///
/// Reads the trail once. Every record must have the hash of the one before it, and every checkpoint
/// the signature of the store's audit key. The store knows which trails there are, where they were
/// written, and how far they go. Exits with 1 if a record is not as it was written, or if a trail
/// of this machine is missing, and names each. Trails of other machines are only listed: check them
/// there.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  d1-authz audit verify --config d1-authz.toml\n  d1-authz audit verify --config d1-authz.toml --path /archive/2026-11"
)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    folder: Folder,
}

#[derive(Serialize)]
struct Report {
    valid: bool,
    /// Each trail of the folder. Usually there is one for each chain.
    chains: Vec<ChainReport>,
    /// Trails that this machine wrote and that are not where it wrote them.
    missing: Vec<AbsentTrail>,
    /// Trails that the store knows and that belong to other folders, usually those of other
    /// replicas.
    elsewhere: Vec<AbsentTrail>,
    /// Whether the store holds records of changes that are in no trail yet.
    waiting: bool,
}

#[derive(Serialize)]
struct ChainReport {
    chain: &'static str,
    #[serde(flatten)]
    result: Finding,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Finding {
    Good {
        trail: Option<String>,
        first: u64,
        last: u64,
        checkpoints: u64,
        unsigned: u64,
        sequel: bool,
        torn: bool,
    },
    Broken {
        file: String,
        line: u64,
        sequence: u64,
        what: &'static str,
        message: String,
    },
}

pub(super) async fn run(
    arguments: &Arguments,
    source: &Source,
    output: Output,
) -> Result<(), Error> {
    let folder = arguments.folder.find(source)?;
    let is_archive = arguments.folder.path.is_some();
    let config = source.load()?;
    let store = store::open(&config.store, Migrate::No).await?;
    let known = known_trails(&*store).await;
    let is_waiting = store.has_waiting_records().await;
    store.close().await;
    let (known, is_waiting) = (known?, is_waiting?);
    let check = move || {
        let config = (!is_archive).then_some(&config);
        report(&folder, known, is_waiting, config)
    };
    let report = tokio::task::spawn_blocking(check);
    let report = report.await.map_err(Error::failed)??;
    if report.valid {
        return output.print(&report, || text(&report));
    }
    let broken = report
        .chains
        .iter()
        .filter_map(|chain| match &chain.result {
            Finding::Broken { message, .. } => Some(message.as_str()),
            Finding::Good { .. } => None,
        });
    let missing = report.missing.iter().map(|absent| absent.message.as_str());
    let message = broken.chain(missing).collect::<Vec<_>>().join("\n");
    if output == Output::Json {
        output.print(&report, String::new)?;
    }
    Err(Error::failed(message))
}

/// `config` is the configuration with this folder. It is `None` for an archive: no trail is missing
/// there, because it may go on elsewhere.
fn report(
    folder: &Path,
    mut known: Known,
    is_waiting: bool,
    config: Option<&Config>,
) -> Result<Report, Error> {
    for chain in Chain::ALL {
        // Read the mark before the trail, because the trail may grow meanwhile.
        let mark = config.and_then(|it| Mark::of(chain, folder, Mark::beside(&it.store)));
        if let Some(end) = mark {
            known.add(end, Some(&Place::here(chain, folder)));
        }
    }
    let check = |chain| match audit::verify(chain, folder, &known) {
        // If the folder is gone, so are all its trails.
        Err(_) if config.is_some() && !folder.exists() => Ok((chain, Vec::new())),
        results => Ok((chain, results.map_err(Error::failed)?)),
    };
    let results = Chain::ALL.into_iter().map(check);
    let results = results.collect::<Result<Vec<_>, Error>>()?;
    let good = results.iter().flat_map(|(_, results)| results);
    let found: Vec<String> = good
        .filter_map(|result| result.as_ref().ok()?.trail.clone())
        .collect();
    let (mut chains, mut missing, mut elsewhere) = (Vec::new(), Vec::new(), Vec::new());
    for (chain, results) in results {
        let is_whole = results.iter().all(Result::is_ok);
        for (trail, absence) in known.absent(chain, folder, &found) {
            let absent = AbsentTrail::of(trail, absence);
            match absence {
                // A broken trail doesn't tell its id, so it may be the missing one.
                Absence::Missing if !is_whole => {}
                Absence::Missing if config.is_some() => missing.push(absent),
                _ => elsewhere.push(absent),
            }
        }
        chains.extend(results.into_iter().map(|result| ChainReport {
            chain: chain.as_str(),
            result: Finding::of(result),
        }));
    }
    let is_good = |chain: &ChainReport| matches!(chain.result, Finding::Good { .. });
    Ok(Report {
        valid: missing.is_empty() && chains.iter().all(is_good),
        chains,
        missing,
        elsewhere,
        waiting: is_waiting,
    })
}

impl Finding {
    fn of(result: Result<Verified, Broken>) -> Self {
        match result {
            Ok(verified) => Self::Good {
                trail: verified.trail,
                first: verified.first,
                last: verified.last,
                checkpoints: verified.checkpoints,
                unsigned: verified.unsigned,
                sequel: verified.is_sequel,
                torn: verified.is_torn,
            },
            Err(broken) => Self::Broken {
                file: broken.place.file.display().to_string(),
                line: broken.place.line,
                sequence: broken.sequence,
                what: broken.what.name(),
                message: broken.to_string(),
            },
        }
    }
}

fn text(report: &Report) -> String {
    let mut text: String = report.chains.iter().map(good_text).collect();
    for absent in &report.elsewhere {
        text.push_str(&format!("\n{}\n", absent.message));
    }
    if report.waiting {
        text.push_str(
            "\nThe store holds records of changes that are not in a trail yet; a running service writes them within a \
             second.\n",
        );
    }
    text
}

fn good_text(chain: &ChainReport) -> String {
    let name = chain.chain;
    let Finding::Good {
        trail: Some(trail),
        first,
        last,
        checkpoints,
        unsigned,
        sequel,
        torn,
    } = &chain.result
    else {
        return format!("{name}: no record\n");
    };
    let mut text = format!(
        "{name}: records {first} to {last} of trail {trail} are as they were written, under {checkpoints} checkpoints\n"
    );
    let mut note = |what: String| text.push_str(&format!("  note: {what}\n"));
    if *sequel {
        note(
            "it follows a trail that was not as its writer left it: see its first record"
                .to_owned(),
        );
    } else if *first > 1 {
        note(format!("records 1 to {} are not here", first - 1));
    }
    if *unsigned > 0 {
        note(format!(
            "no checkpoint covers the last {unsigned} yet, so nothing proves that no record is missing at the end"
        ));
    }
    if *torn {
        note("half a record follows: a process is writing it, or died while writing it".to_owned());
    }
    text
}
