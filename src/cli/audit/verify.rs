//! `audit verify`

use std::path::Path;

use clap::Args;
use serde::Serialize;

use super::Folder;
use crate::audit::{self, Broken, Chain, Head, Known, Verified};
use crate::cli::error::Error;
use crate::cli::output::Output;
use crate::cli::source::Source;
use crate::store::{self, AuditHead, Migrate};

/// Check that the audit trail is as it was written
///
/// Reads it once. Every record must have the hash of the one before, and every checkpoint the signature of the store's audit
/// key; the store knows how far the trail goes. Exits with 1 at the first place that isn't right, and names it.
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
    chains: Vec<ChainReport>,
    /// Trails that the store knows and that are not in the folder: other replicas', or taken away.
    elsewhere: Vec<AuditHead>,
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
    let config = source.load()?;
    let store = store::open(&config.store, Migrate::No).await?;
    let (key, heads) = (store.audit_key().await, store.audit_heads().await);
    store.close().await;
    let (key, heads) = (key?, heads?);
    let check = move || {
        let known = Known {
            keys: key.into_iter().collect(),
            heads: heads.iter().map(head).collect::<Result<_, Error>>()?,
        };
        report(&folder, &known, heads)
    };
    let report = tokio::task::spawn_blocking(check);
    let report = report.await.map_err(Error::failed)??;
    let broken = report.chains.iter().find_map(|chain| match &chain.result {
        Finding::Broken { message, .. } => Some(message.clone()),
        Finding::Good { .. } => None,
    });
    match (broken, output) {
        (None, _) => output.print(&report, || text(&report)),
        (Some(message), Output::Text) => Err(Error::failed(message)),
        (Some(message), Output::Json) => {
            output.print(&report, String::new)?;
            Err(Error::failed(message))
        }
    }
}

fn head(stored: &AuditHead) -> Result<Head, Error> {
    Ok(Head {
        trail: stored.trail.as_str().into(),
        sequence: stored.sequence,
        hash: stored.hash.parse().map_err(Error::failed)?,
    })
}

fn report(folder: &Path, known: &Known, heads: Vec<AuditHead>) -> Result<Report, Error> {
    let mut chains = Vec::new();
    let mut elsewhere = heads;
    for chain in Chain::ALL {
        let result = match audit::verify(chain, folder, known).map_err(Error::failed)? {
            Ok(verified) => {
                elsewhere.retain(|head| Some(&head.trail) != verified.trail.as_ref());
                Finding::of(verified)
            }
            Err(broken) => Finding::broken(&broken),
        };
        chains.push(ChainReport {
            chain: chain.as_str(),
            result,
        });
    }
    let is_good = |chain: &ChainReport| matches!(chain.result, Finding::Good { .. });
    let valid = chains.iter().all(is_good);
    if !valid {
        // The broken one's would be among them.
        elsewhere.clear();
    }
    Ok(Report {
        valid,
        chains,
        elsewhere,
    })
}

impl Finding {
    fn of(verified: Verified) -> Self {
        Self::Good {
            trail: verified.trail,
            first: verified.first,
            last: verified.last,
            checkpoints: verified.checkpoints,
            unsigned: verified.unsigned,
            torn: verified.is_torn,
        }
    }

    fn broken(broken: &Broken) -> Self {
        Self::Broken {
            file: broken.place.file.display().to_string(),
            line: broken.place.line,
            sequence: broken.sequence,
            what: broken.what.name(),
            message: broken.to_string(),
        }
    }
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    for chain in &report.chains {
        text.push_str(&good_text(chain));
    }
    for head in &report.elsewhere {
        text.push_str(&format!(
            "\nnot here: trail {}, which the store knows up to record {} of {:.0}: another replica's, or taken away\n",
            head.trail, head.sequence, head.at
        ));
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
        torn,
    } = &chain.result
    else {
        return format!("{name}: no record\n");
    };
    let mut text = format!(
        "{name}: records {first} to {last} of trail {trail} are as they were written, under {checkpoints} checkpoints\n"
    );
    let mut note = |what: String| text.push_str(&format!("  note: {what}\n"));
    if *first > 1 {
        note(format!("records 1 to {} are not here", first - 1));
    }
    if *unsigned > 0 {
        note(format!(
            "the last {unsigned} are not under a checkpoint yet: whether some are missing at the end can't be said"
        ));
    }
    if *torn {
        note(
            "half a record follows: one that is being written, or was when a process died"
                .to_owned(),
        );
    }
    text
}
