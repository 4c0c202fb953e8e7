//! `cargo xtask bench store` measures tokens per second, memory and start, with stores that hold
//! one client, a thousand and a million.
//!
//! `client import` makes all stores, and `store copy` copies them into PostgreSQL. One client sends
//! requests, and in another process of the service a thousand clients do so in turns. So the cost
//! of a large store and the cost of many callers are seen apart.

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

/// How many of the clients send requests.
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
    /// Measure PostgreSQL as well: the URL of a server whose user may create databases, such as
    /// postgres://me@localhost/postgres.
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

/// The figures of a service, with their ratios to one client's store on the same database.
#[derive(Debug, Serialize)]
struct Store {
    database: &'static str,
    clients: u32,
    /// How many of them send requests.
    asking: usize,
    #[serde(flatten)]
    served: Served,
    /// The time from the start of the process until it serves.
    start_ms: f64,
    start_ratio: f64,
    /// The memory after the load.
    resident_mib: f64,
}

/// A service that can be started.
struct Service {
    clients: u32,
    asking: usize,
    config: PathBuf,
    requests: Vec<u8>,
}

/// Runs the measurement.
pub fn run(arguments: &Arguments) -> Outcome<Report> {
    load::build(&["bench-servers", "d1-authz"])?;
    let machine = Machine::now();
    let folder = tempfile::tempdir().map_err(|error| format!("a temporary folder: {error}"))?;
    let (mut files, mut import_s) = (Vec::new(), 0.0);
    for clients in [1, 1_000, arguments.clients] {
        progress(&format!("an import of {clients} clients"));
        let start = Instant::now();
        files.extend(imported(&folder.path().join(clients.to_string()), clients)?);
        import_s = start.elapsed().as_secs_f64();
    }
    let mut stores = measured("sqlite", &files, arguments.load.effort)?;
    if let Some(server) = &arguments.postgres {
        let databases = copied(&files, server)?;
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
    // The imported data goes to the disk now. If it went under the load, the audit trail would wait
    // for it.
    said(&mut Command::new("sync"))?;
    // Before it gets requests, each service reads clients: the larger the store, the longer.
    for candidate in &candidates {
        candidate.program.settle()?;
    }
    let served = load::compare(&candidates, effort)?;
    let all = served
        .into_iter()
        .zip(&candidates)
        .zip(services.iter().zip(&starts));
    all.map(|((served, candidate), (service, start_ms))| {
        Ok(Store {
            database,
            clients: service.clients,
            asking: service.asking,
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
        match (self.clients, self.asking) {
            (1, _) => "1 client",
            (1_000, 1) => "1,000, 1 asks",
            (1_000, _) => "1,000",
            (_, 1) => "the most, 1 asks",
            _ => "the most",
        }
    }

    fn start(&self) -> Outcome<Program> {
        let mut serve = on_core(0, &load::release("d1-authz"));
        serve.args(["serve", "--config"]).arg(&self.config);
        Program::start(&mut serve, serving)
    }
}

/// Imports this many clients into an SQLite store in a folder. Returns services on that store.
fn imported(folder: &Path, clients: u32) -> Outcome<Vec<Service>> {
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
    let service = |asking: usize| {
        // The clients are spread over the whole store, so that they aren't those that are read
        // first.
        let step = imported.len().div_ceil(asking);
        let requests: Vec<_> = imported.iter().rev().step_by(step).map(asks).collect();
        let config = config.with_file_name(format!("{asking}.toml"));
        let audit = format!("\"audit-{asking}\"");
        fs::write(&config, text.replace("\"audit\"", &audit)).map_err(failed)?;
        Ok(Service {
            clients,
            asking,
            config,
            requests: requests.join(&0),
        })
    };
    let asking: &[_] = if clients == 1 { &[1] } else { &[1, ASKING] };
    asking.iter().copied().map(service).collect()
}

/// The token request of an imported client.
fn asks(client: &Value) -> Vec<u8> {
    let text = |name: &str| client[name].as_str().unwrap_or_default();
    let credential = format!("{}:{}", text("client_id"), text("client_secret"));
    let credential = BASE64_STANDARD.encode(credential);
    request(
        "/authz/d1/v1/oauth2/token",
        &format!("Authorization: Basic {credential}\r\n"),
    )
}

/// Copies the stores into databases of their own. The databases stay.
fn copied(files: &[Service], server: &str) -> Outcome<Vec<Service>> {
    let (host, _) = server.rsplit_once('/').ok_or("the URL names no database")?;
    let mut copies: Vec<Service> = Vec::new();
    for file in files {
        let name = format!("d1_authz_bench_{}_{}", std::process::id(), file.clients);
        let url = format!("{host}/{name}");
        if copies.iter().all(|copy| copy.clients != file.clients) {
            progress(&format!("a copy into the database {name}"));
            let create = format!("CREATE DATABASE {name}");
            said(
                Command::new("psql")
                    .arg(server)
                    .args(["-X", "-q", "-c", &create]),
            )?;
            said(
                Command::new(load::release("d1-authz"))
                    .args(["store", "copy", "--to", &url, "--config"])
                    .arg(&file.config),
            )?;
        }
        let text = fs::read_to_string(&file.config).map_err(|error| error.to_string())?;
        let text = text.replace("sqlite:store.db", &url);
        let config = file
            .config
            .with_file_name(format!("postgres-{}.toml", file.asking));
        fs::write(&config, text.replace("\"audit-", "\"audit-postgres-"))
            .map_err(|error| error.to_string())?;
        copies.push(Service {
            clients: file.clients,
            asking: file.asking,
            config,
            requests: file.requests.clone(),
        });
    }
    Ok(copies)
}

impl super::Report for Report {
    fn text(&self) -> String {
        let rows = self.stores.iter().map(|store| {
            let served = &store.served;
            let (least, most) = served.speed_range;
            [
                format!("{}, {} of {}", store.database, store.asking, store.clients),
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
