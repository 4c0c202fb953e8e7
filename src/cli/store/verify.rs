//! `store verify`: checks that this service wrote every row.

use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use crate::admin::{Installation, believed_store};
use crate::cli::error::Error;
use crate::cli::output::Output;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::store::Findings;

/// Check that this service wrote every row of the store
///
/// Each row that matters to a decision has a MAC. The key of the MACs is sealed under the master
/// key, and a sealed list says which rows there are. Exits with 1 if a row was altered, removed or
/// put back by anything but this service, and names the row. The service doesn't use such a row.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  d1-authz store verify --config d1-authz.toml\n  d1-authz store verify --accept --config d1-authz.toml    # after a restored backup, or once you know what happened"
)]
pub(in crate::cli) struct Arguments {
    /// Accept the rows as they are. Clients that were altered or put back are disabled: look at
    /// each before you enable it. Signing keys that were altered or put back are removed, and new
    /// ones are made
    #[arg(long)]
    accept: bool,
}

#[derive(Serialize)]
struct Verified {
    whole: bool,
    accepted: bool,
    #[serde(flatten)]
    findings: Findings,
}

pub(super) async fn run(
    arguments: &Arguments,
    config: &Config,
    output: Output,
) -> Result<(), Error> {
    let findings = if arguments.accept {
        let installation = Installation::open(config, Arc::new(SystemClock)).await?;
        let accepted = installation.accept_rows().await;
        installation.store().close().await;
        accepted?
    } else {
        let store = believed_store(config).await?;
        let checked = store.check_rows(None).await;
        store.close().await;
        checked?;
        store.findings()
    };
    let problems = findings.problems();
    let verified = Verified {
        whole: problems.is_empty(),
        accepted: arguments.accept,
        findings,
    };
    if arguments.accept {
        return output.print(&verified, || {
            let mut text = String::from("The rows of the store are accepted as they are.\n");
            for problem in &problems {
                text.push_str(&format!("Until now: {problem}\n"));
            }
            text
        });
    }
    match output {
        Output::Text if verified.whole => output.print(&verified, || {
            "All rows are those that this service wrote.\n".to_owned()
        }),
        Output::Text => Err(Error::failed(problems.join("\n"))),
        Output::Json => {
            output.print(&verified, String::new)?;
            if verified.whole {
                Ok(())
            } else {
                Err(Error::failed(problems.join("\n")))
            }
        }
    }
}
