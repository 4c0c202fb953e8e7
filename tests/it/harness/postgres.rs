//! A real PostgreSQL server for one test, on a loopback port. Tests can crash, freeze and copy it.

use std::net::SocketAddr;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::command::{is_root, run, signal, user_id};
use super::free_address;

/// A server. The test stops it with all its processes on drop.
pub struct Postgres {
    folder: TempDir,
    port: u16,
    settings: Vec<String>,
    server: Option<Child>,
}

impl Postgres {
    /// Starts a server that lets every caller in without a password.
    pub fn start() -> Self {
        Self::start_with("trust", &[])
    }

    /// Starts a server that authenticates callers by this method of `pg_hba.conf`, with further
    /// settings.
    pub fn start_with(method: &str, settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        give(folder.path());
        let data = folder.path().join("data");
        let mut initdb = program("initdb");
        initdb
            .args(["--username=authz", "--encoding=UTF8", "--locale=C"])
            .args(["--no-sync", "--auth-local=trust"])
            .arg(format!("--auth-host={method}"))
            .arg(&data);
        run(&mut initdb, "").ok();
        let mut postgres = Self {
            folder,
            port: free_address().port(),
            settings: settings.iter().map(ToString::to_string).collect(),
            server: None,
        };
        postgres.run();
        postgres
    }

    /// Starts a standby that follows this server.
    pub fn standby(&self) -> Self {
        let standby = self.beside();
        let mut copy = program("pg_basebackup");
        copy.args(["--username=authz", "--no-sync", "--write-recovery-conf"])
            .args(["--checkpoint=fast", "--port", &self.port.to_string()])
            .arg("--host")
            .arg(self.folder.path())
            .arg("--pgdata")
            .arg(standby.folder.path().join("data"));
        run(&mut copy, "").ok();
        standby.running()
    }

    /// Starts another server on a copy of this server's data. This server must be stopped.
    pub fn copy(&self) -> Self {
        let copy = self.beside();
        let mut cp = Command::new("cp");
        cp.arg("-a")
            .arg(self.folder.path().join("data"))
            .arg(copy.folder.path());
        run(&mut cp, "").ok();
        copy.running()
    }

    /// Makes the server a standby from its next start on: it then refuses changes.
    pub fn demote(&self) {
        let signal = self.folder.path().join("data/standby.signal");
        std::fs::write(&signal, "").unwrap();
        give(&signal);
    }

    /// The log since the last start.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    pub fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    fn beside(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        give(folder.path());
        Self {
            folder,
            port: free_address().port(),
            settings: self.settings.clone(),
            server: None,
        }
    }

    fn running(mut self) -> Self {
        self.run();
        self
    }

    /// Starts the server on its existing data.
    pub fn run(&mut self) {
        assert!(self.server.is_none(), "it runs already");
        let mut server = program("postgres");
        server
            .arg("-D")
            .arg(self.folder.path().join("data"))
            .args(["-p", &self.port.to_string(), "-h", "127.0.0.1", "-k"])
            .arg(self.folder.path());
        for setting in &self.settings {
            server.args(["-c", setting]);
        }
        let log = std::fs::File::create(self.folder.path().join("log")).unwrap();
        let server = server
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        self.server = Some(server.spawn().unwrap());
        let until = Instant::now() + Duration::from_secs(30);
        while run(self.psql("postgres").args(["-c", "SELECT 1"]), "").code != 0 {
            let log = || std::fs::read_to_string(self.folder.path().join("log")).unwrap();
            assert!(Instant::now() < until, "it does not start: {}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends the server at once, as a crash would, without time to write anything.
    pub fn crash(&mut self) {
        if let Some(mut server) = self.server.take() {
            self.signal_all(&server, "CONT");
            signal(server.id(), "QUIT");
            server.wait().unwrap();
        }
    }

    /// Stops all its processes until [`Self::thaw`].
    pub fn freeze(&self) {
        self.signal_all(self.server.as_ref().unwrap(), "STOP");
    }

    pub fn thaw(&self) {
        self.signal_all(self.server.as_ref().unwrap(), "CONT");
    }

    /// Makes a database and gives its URL.
    pub fn database(&self, name: &str) -> String {
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.url(name)
    }

    pub fn url(&self, database: &str) -> String {
        self.url_of("authz", database)
    }

    pub fn url_of(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{database}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Runs statements, and gives the result.
    #[track_caller]
    pub fn sql(&self, database: &str, statements: &str) -> String {
        let mut psql = self.psql(database);
        let said = run(
            psql.args(["-At", "-v", "ON_ERROR_STOP=1", "-c", statements]),
            "",
        );
        said.ok().stdout.trim().to_owned()
    }

    /// Whether the server has statistics of a table. It collects them by itself after about a
    /// minute.
    pub fn knows(&self, database: &str, table: &str) -> bool {
        let about = format!("SELECT count(*) FROM pg_stats WHERE tablename = '{table}'");
        self.sql(database, &about) != "0"
    }

    /// A psql over the server's socket, which every method of authentication leaves open.
    fn psql(&self, database: &str) -> Command {
        let mut psql = program_of_anyone("psql");
        psql.args(["-X", "-U", "authz", "-p", &self.port.to_string(), "-h"])
            .arg(self.folder.path())
            .args(["-d", database]);
        psql
    }

    /// Sends a signal to the main process and to its children.
    fn signal_all(&self, server: &Child, name: &str) {
        let first = server.id();
        signal(first, name);
        for process in std::fs::read_dir("/proc").unwrap() {
            let status = process.unwrap().path().join("stat");
            // The process has ended meanwhile.
            let Ok(status) = std::fs::read_to_string(&status) else {
                continue;
            };
            let (id, rest) = status.split_once(' ').unwrap();
            let mut fields = rest.rsplit(')').next().unwrap().split_whitespace();
            if fields.nth(1) == Some(&first.to_string()) {
                signal(id.parse().unwrap(), name);
            }
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.crash();
    }
}

/// Makes the server's user the owner of a file or folder.
pub fn give(path: &Path) {
    if let Some((user, group)) = servers_user() {
        chown(path, Some(user), Some(group)).unwrap();
    }
}

/// The server refuses to run as root. As root, the tests run it as the user that its package made.
fn servers_user() -> Option<(u32, u32)> {
    let of = |which| user_id(&[which, "postgres"]);
    is_root().then(|| (of("-u"), of("-g")))
}

/// A program of the server, run as the server's user.
pub fn program(name: &str) -> Command {
    let path = find(name);
    let Some((user, group)) = servers_user() else {
        return Command::new(path);
    };
    let mut command = Command::new("setpriv");
    command
        .args([format!("--reuid={user}"), format!("--regid={group}")])
        .args(["--clear-groups", "--"])
        .arg(path);
    command
}

pub fn program_of_anyone(name: &str) -> Command {
    Command::new(find(name))
}

/// Finds a program on the PATH, or where Debian keeps the programs of each version.
fn find(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&path).collect();
    folders.push("/usr/sbin".into());
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        let versions = versions.map(|version| version.unwrap().path().join("bin"));
        folders.extend(versions);
    }
    let found = folders.iter().map(|folder| folder.join(name));
    let mut found = found.filter(|program| program.exists());
    found.next().unwrap_or_else(|| {
        panic!("{name} is missing; run: apt-get install --yes --no-install-recommends postgresql pgbouncer")
    })
}
