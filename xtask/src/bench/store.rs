//! `cargo xtask bench store`: tokens a second, memory and start, with a store that holds one client, a thousand and a million.
//!
//! All are made by `client import`, and moved into PostgreSQL by `store copy`. A thousand of them ask, in turns, or the one that there is.

use super::load::{self, Candidate, Effort, Served};
use super::machine::Machine;
use super::program::{Program, on_core, said};
use super::quickstart::{request, serving};
use super::table::{figure, median, table};
use super::{Outcome, progress};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// How many of the clients ask.
const ASKING: usize = 1_000;
/// How often each start is measured.
const STARTS: usize = 9;

/// Loads services whose stores hold one client, a thousand and a million, in turns.
#[derive(clap::Args)]
#[group(id = "store")]
pub struct Arguments {
    #[command(flatten)]
    pub load: load::Arguments,
    /// How many clients the largest store holds.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1_001..))]
    clients: u32,
    /// PostgreSQL as well: a URL of a server whose user may create databases, such as postgres://me@localhost/postgres.
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
}

/// The figures.
#[derive(Debug, Serialize)]
pub struct Report {
    machine: Machine,
    effort: Effort,
    /// How long it took to import the largest number of clients, in seconds.
    import_s: f64,
    stores: Vec<Store>,
}

/// What a service did with its store, beside one client's on the same database.
#[derive(Debug, Serialize)]
struct Store {
    database: &'static str,
    clients: u32,
    #[serde(flatten)]
    served: Served,
    /// From the start of the process until it serves.
    start_ms: f64,
    start_ratio: f64,
    /// After the load.
    resident_mib: f64,
}

/// A service that can be started.
struct Service {
    clients: u32,
    config: PathBuf,
    requests: Vec<u8>,
}

/// Measures.
pub fn run(arguments: &Arguments) -> Outcome<Report> {
    load::build(&["bench-servers", "d1-authz"])?;
    let machine = Machine::now();
    let folder = tempfile::tempdir().map_err(|error| format!("a temporary folder: {error}"))?;
    let (mut files, mut import_s) = (Vec::new(), 0.0);
    for clients in [1, 1_000, arguments.clients] {
        progress(&format!("an import of {clients} clients"));
        let start = Instant::now();
        files.push(imported(&folder.path().join(clients.to_string()), clients)?);
        import_s = start.elapsed().as_secs_f64();
    }
    let mut stores = measured("sqlite", &files, arguments.load.effort)?;
    if let Some(server) = &arguments.postgres {
        let databases: Vec<_> = files
            .iter()
            .map(|file| copied(file, server))
            .collect::<Outcome<_>>()?;
        stores.extend(measured("postgresql", &databases, arguments.load.effort)?);
    }
    Ok(Report {
        machine,
        effort: arguments.load.effort,
        import_s,
        stores,
    })
}

fn measured(database: &'static str, services: &[Service], effort: Effort) -> Outcome<Vec<Store>> {
    progress(&format!("starts on {database}"));
    let mut starts = vec![Vec::new(); services.len()];
    for _ in 0..STARTS {
        for (starts, service) in starts.iter_mut().zip(services) {
            starts.push(service.start()?.started_s * 1e3);
        }
    }
    let starts: Vec<_> = starts
        .into_iter()
        .map(|times| median(times).unwrap_or(f64::NAN))
        .collect();
    let candidates: Vec<_> = services
        .iter()
        .map(|service| {
            Ok(Candidate {
                name: service.name(),
                program: service.start()?,
                request: service.requests.clone(),
                certificates: None,
            })
        })
        .collect::<Outcome<_>>()?;
    let served = load::compare(&candidates, effort)?;
    let all = served
        .into_iter()
        .zip(&candidates)
        .zip(services.iter().zip(&starts));
    all.map(|((served, candidate), (service, start_ms))| {
        Ok(Store {
            database,
            clients: service.clients,
            served,
            start_ms: *start_ms,
            start_ratio: start_ms / starts[0],
            resident_mib: candidate.program.resident_mib()?,
        })
    })
    .collect()
}

impl Service {
    fn name(&self) -> &'static str {
        match self.clients {
            1 => "1 client",
            1_000 => "1,000",
            _ => "the most",
        }
    }

    fn start(&self) -> Outcome<Program> {
        let mut serve = on_core(0, &load::release("d1-authz"));
        serve.args(["serve", "--config"]).arg(&self.config);
        Program::start(&mut serve, serving)
    }
}

/// A folder with so many clients in an SQLite store.
fn imported(folder: &Path, clients: u32) -> Outcome<Service> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir(folder).map_err(failed)?;
    let config = folder.join("d1-authz.toml");
    let text = "issuer = \"https://bank.example/authz/d1/v1\"\n\
                listen = { api = \"127.0.0.1:0\", ops = \"127.0.0.1:0\" }\n\
                store = { url = \"sqlite:store.db\" }\nkeys = { master_key_file = \"master.key\" }\n\
                audit = { path = \"audit\", durability = \"buffered\" }\n\
                throttle = { requests = 10000 }\n";
    fs::write(&config, text).map_err(failed)?;
    let mut csv = "client_id,scope\n".to_owned();
    for number in 0..clients {
        let _infallible = writeln!(csv, "client-{number:07},cards pin");
    }
    let file = folder.join("clients.csv");
    fs::write(&file, csv).map_err(failed)?;
    let report = said(
        Command::new(load::release("d1-authz"))
            .args(["client", "import", "--output", "json", "--config"])
            .arg(&config)
            .arg(&file),
    )?;
    let report: Value = serde_json::from_slice(&report).map_err(|error| error.to_string())?;
    let imported = report["clients"]
        .as_array()
        .ok_or("no clients were imported")?;
    // From all over, so that they aren't those that are read first.
    let step = imported.len().div_ceil(ASKING);
    let asking = imported.iter().step_by(step).map(|client| {
        let text = |name: &str| client[name].as_str().unwrap_or_default();
        let credential = format!("{}:{}", text("client_id"), text("client_secret"));
        let credential = BASE64_STANDARD.encode(credential);
        request(
            "/authz/d1/v1/oauth2/token",
            &format!("Authorization: Basic {credential}\r\n"),
        )
    });
    Ok(Service {
        clients,
        config,
        requests: asking.collect::<Vec<_>>().join(&0),
    })
}

/// The same in a database of its own, which stays.
fn copied(file: &Service, server: &str) -> Outcome<Service> {
    let name = format!("d1_authz_bench_{}_{}", std::process::id(), file.clients);
    progress(&format!("a copy into the database {name}"));
    said(Command::new("psql").arg(server).args([
        "-X",
        "-q",
        "-c",
        &format!("CREATE DATABASE {name}"),
    ]))?;
    let (server, _) = server.rsplit_once('/').ok_or("the URL names no database")?;
    let url = format!("{server}/{name}");
    said(
        Command::new(load::release("d1-authz"))
            .args(["store", "copy", "--to", &url, "--config"])
            .arg(&file.config),
    )?;
    let text = fs::read_to_string(&file.config).map_err(|error| error.to_string())?;
    let config = file.config.with_file_name("postgres.toml");
    let text = text
        .replace("sqlite:store.db", &url)
        .replace("\"audit\"", "\"audit-postgres\"");
    fs::write(&config, text).map_err(|error| error.to_string())?;
    Ok(Service {
        clients: file.clients,
        config,
        requests: file.requests.clone(),
    })
}

impl super::Report for Report {
    fn text(&self) -> String {
        let rows = self.stores.iter().map(|store| {
            let served = &store.served;
            let (least, most) = served.speed_range;
            [
                format!("{}, {} clients", store.database, store.clients),
                figure(served.requests_per_s),
                format!(
                    "{} ({} to {})",
                    figure(served.speed_ratio),
                    figure(least),
                    figure(most)
                ),
                figure(served.cpu_ratio),
                figure(store.resident_mib),
                figure(store.start_ms),
                figure(store.start_ratio),
            ]
        });
        let head = [
            "", "tokens/s", "ratio", "by CPU", "MiB", "start ms", "ratio",
        ];
        format!(
            "{}\n{}\n\n{}\nimport of the most: {} s\n",
            self.machine.text(),
            load::setting(self.effort),
            table(head, &rows.collect::<Vec<_>>()),
            figure(self.import_s)
        )
    }
}
