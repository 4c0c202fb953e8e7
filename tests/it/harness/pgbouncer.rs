//! A PgBouncer for one test, in front of a PostgreSQL server.

use std::fs;
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::command::run;
use super::postgres::{program, program_of_anyone};
use super::{Postgres, free_address, give};

/// A running PgBouncer. The test kills it on drop.
pub struct PgBouncer {
    folder: TempDir,
    port: u16,
    process: Child,
}

impl PgBouncer {
    /// Starts it with this `pool_mode` and further lines of configuration.
    pub fn before(server: &Postgres, mode: &str, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        give(folder.path());
        let port = free_address().port();
        let users = folder.path().join("users");
        fs::write(&users, "\"authz\" \"\"\n").unwrap();
        let settings = folder.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = trust\nauth_file = {}\n\
             pool_mode = {mode}\n{more}\n",
            server.port(),
            users.display(),
        );
        fs::write(&settings, text).unwrap();
        give(&users);
        give(&settings);
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let process = program("pgbouncer")
            .arg(&settings)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let pooler = Self {
            folder,
            port,
            process,
        };
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let log = fs::read_to_string(pooler.folder.path().join("log"));
            assert!(Instant::now() < until, "it does not start: {log:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        pooler
    }

    /// Runs a statement through the pooler, and gives the result.
    pub fn sql(&self, database: &str, statement: &str) -> String {
        let mut psql = program_of_anyone("psql");
        psql.args(["-X", "-At", "-c", statement, &self.url(database)]);
        run(&mut psql, "").ok().stdout.trim().to_owned()
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://authz@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
