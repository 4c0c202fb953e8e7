//! `audit export`

use std::io::{self, BufWriter, Write};

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Folder;
use super::entry::Entry;
use crate::audit::{Chain, Lines};
use crate::cli::error::Error;
use crate::cli::source::Source;

/// Write the records of a period to standard output, of both chains, by their time
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  d1-authz audit export --from 2026-11-01 --to 2026-12-01 --format csv --config d1-authz.toml > november.csv\n  d1-authz audit export --from 2026-11-24T08:00:00Z --config d1-authz.toml > morning.json"
)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    folder: Folder,
    /// From this time, or from the beginning of this day in UTC; by default, from the first record
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<Timestamp>,
    /// Up to but without this time, or the beginning of this day in UTC; by default, to the last
    /// record
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<Timestamp>,
    /// The format of the records
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One array of the records, as in the trail
    Json,
    /// A table with a heading
    Csv,
}

pub(super) fn run(arguments: &Arguments, source: &Source) -> Result<(), Error> {
    let folder = arguments.folder.find(source)?;
    let open = |chain| Chained::open(Lines::of(chain, &folder).map_err(Error::failed)?);
    let mut chains = Chain::ALL
        .into_iter()
        .map(open)
        .collect::<Result<Vec<_>, Error>>()?;
    let stdout = BufWriter::new(io::stdout().lock());
    let mut writer = Writer {
        format: arguments.format,
        out: stdout,
        is_first: true,
    };
    match write_all(arguments, &mut chains, &mut writer) {
        // The reader closed the pipe, as `| head` does.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(Failure::Output(error)) => Err(Error::failed(format!("standard output: {error}"))),
        Err(Failure::Trail(error)) => Err(error),
        Ok(()) => Ok(()),
    }
}

enum Failure {
    Output(io::Error),
    Trail(Error),
}

/// A chain with its next record.
struct Chained {
    lines: Lines,
    bytes: Vec<u8>,
    next: Option<Entry>,
}

fn write_all(
    arguments: &Arguments,
    chains: &mut [Chained],
    writer: &mut Writer<impl Write>,
) -> Result<(), Failure> {
    writer.begin().map_err(Failure::Output)?;
    let is_in = |time: Timestamp| {
        arguments.from.is_none_or(|from| from <= time) && arguments.to.is_none_or(|to| time < to)
    };
    loop {
        let earliest = chains
            .iter_mut()
            .filter_map(|chain| Some((chain.next.as_ref()?.time, chain)))
            .min_by_key(|(time, _)| *time);
        let Some((time, chain)) = earliest else {
            break;
        };
        if let Some(entry) = chain.next.as_ref().filter(|_| is_in(time)) {
            writer.write(entry, &chain.bytes).map_err(Failure::Output)?;
        }
        chain.advance().map_err(Failure::Trail)?;
    }
    writer.end().map_err(Failure::Output)
}

impl Chained {
    fn open(lines: Lines) -> Result<Self, Error> {
        let mut chain = Self {
            lines,
            bytes: Vec::new(),
            next: None,
        };
        chain.advance()?;
        Ok(chain)
    }

    fn advance(&mut self) -> Result<(), Error> {
        self.next = None;
        let line = self.lines.read(&mut self.bytes).map_err(Error::failed)?;
        if let Some(line) = line.filter(|line| line.is_whole) {
            let entry = Entry::read(&self.bytes);
            let no_record = || Error::failed(format!("{} is not a record", line.place));
            self.next = Some(entry.ok_or_else(no_record)?);
        }
        Ok(())
    }
}

struct Writer<W> {
    format: Format,
    out: W,
    is_first: bool,
}

impl<W: Write> Writer<W> {
    /// The members that most records have. The column `other` has the rest as JSON.
    const COLUMNS: [&str; 13] = [
        "client_id",
        "source",
        "correlation_id",
        "error",
        "reason",
        "jti",
        "kid",
        "scope",
        "aud",
        "expires_at",
        "actor",
        "trail",
        "seq",
    ];
    const NOT_IN_OTHER: [&str; 2] = ["prev", "signature"];

    fn begin(&mut self) -> io::Result<()> {
        match self.format {
            Format::Json => self.out.write_all(b"["),
            Format::Csv => {
                let heading = Self::COLUMNS.join(",");
                write!(self.out, "time,event,{heading},other\r\n")
            }
        }
    }

    fn write(&mut self, entry: &Entry, line: &[u8]) -> io::Result<()> {
        match self.format {
            Format::Json => {
                let separator: &[u8] = if self.is_first { b"\n" } else { b",\n" };
                self.is_first = false;
                self.out.write_all(separator)?;
                self.out.write_all(line)
            }
            Format::Csv => {
                write!(self.out, "{},{}", entry.time, field(&entry.event))?;
                for column in Self::COLUMNS {
                    write!(self.out, ",{}", field(&entry.member(column)))?;
                }
                let mut other = entry.members.clone();
                other.retain(|name, _| {
                    !Self::COLUMNS.contains(&name.as_str())
                        && !Self::NOT_IN_OTHER.contains(&name.as_str())
                });
                let other = match other.is_empty() {
                    true => String::new(),
                    false => serde_json::Value::Object(other).to_string(),
                };
                write!(self.out, ",{}\r\n", field(&other))
            }
        }
    }

    fn end(&mut self) -> io::Result<()> {
        if self.format == Format::Json {
            self.out.write_all(b"\n]\n")?;
        }
        self.out.flush()
    }
}

/// A field of RFC 4180. Spreadsheets run a field that begins like a formula, and an unauthenticated
/// caller chooses a client id. Such a field gets an apostrophe in front, which makes it text.
fn field(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        "'"
    } else {
        ""
    };
    if guard.is_empty() && !text.contains(['"', ',', '\r', '\n']) {
        text.to_owned()
    } else {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    }
}

fn time(text: &str) -> Result<Timestamp, String> {
    let day = |text: &str| {
        let date: Date = text.parse().ok()?;
        Some(date.to_zoned_datetime(TimeZone::UTC).ok()?.timestamp())
    };
    text.parse()
        .ok()
        .or_else(|| day(text))
        .ok_or_else(|| "write a time as 2026-11-24T08:00:00Z, and a day as 2026-11-24".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_formulas_are_text() {
        assert_eq!(field("plain"), "plain");
        assert_eq!(field("a \"b\", c"), "\"a \"\"b\"\", c\"");
        assert_eq!(field("=1+1"), "\"'=1+1\"");
        assert_eq!(field(""), "");
    }

    #[test]
    fn a_time_is_a_moment_or_a_day() {
        assert_eq!(time("2026-11-24"), time("2026-11-24T00:00:00Z"));
        assert_eq!(time("2026-11-24T02:00:00+02:00"), time("2026-11-24"));
        assert!(time("yesterday").is_err());
    }
}
