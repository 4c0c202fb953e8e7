//! `audit tail`

use std::time::Duration;

use clap::Args;

use super::Folder;
use super::entry::Entry;
use crate::audit::{Chain, Tail};
use crate::cli::error::Error;
use crate::cli::output::{self, Output};
use crate::cli::source::Source;

/// The pause between two looks at the files.
const POLL: Duration = Duration::from_millis(200);

/// Show the last records of both chains, by their time
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  d1-authz audit tail --config d1-authz.toml\n  d1-authz audit tail -f -n 0 --output json --config d1-authz.toml    # each record as its line has it"
)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    folder: Folder,
    /// How many records
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 10)]
    lines: usize,
    /// Go on showing records as they are written
    #[arg(short, long)]
    follow: bool,
}

pub(super) async fn run(
    arguments: &Arguments,
    source: &Source,
    output: Output,
) -> Result<(), Error> {
    let folder = arguments.folder.find(source)?;
    let mut tails = Vec::new();
    let mut last = Vec::new();
    for chain in Chain::ALL {
        let (tail, lines) =
            Tail::of(chain, folder.clone(), arguments.lines).map_err(Error::failed)?;
        tails.push(tail);
        last.extend(lines);
    }
    let last = in_order(last);
    let from = last.len().saturating_sub(arguments.lines);
    print(&last[from..], output)?;
    if !arguments.follow {
        return Ok(());
    }
    loop {
        let mut more = Vec::new();
        for tail in &mut tails {
            more.extend(tail.more().map_err(Error::failed)?);
        }
        if more.is_empty() {
            tokio::time::sleep(POLL).await;
        }
        print(&in_order(more), output)?;
    }
}

type Shown = (Vec<u8>, Option<Entry>);

fn in_order(lines: Vec<Vec<u8>>) -> Vec<Shown> {
    let read = |line: Vec<u8>| {
        let entry = Entry::read(&line);
        (line, entry)
    };
    let mut shown: Vec<Shown> = lines.into_iter().map(read).collect();
    // The sort is stable: records of the same time keep the order of their chain.
    shown.sort_by_key(|(_, entry)| entry.as_ref().map(|entry| entry.time));
    shown
}

fn print(shown: &[Shown], output: Output) -> Result<(), Error> {
    let text = |(line, entry): &Shown| match (output, entry) {
        (Output::Text, Some(entry)) => entry.text(),
        (Output::Text, None) => "(not a record)\n".to_owned(),
        (Output::Json, _) => format!("{}\n", String::from_utf8_lossy(line)),
    };
    let text: String = shown.iter().map(text).collect();
    if text.is_empty() {
        Ok(())
    } else {
        output::print(&text)
    }
}
