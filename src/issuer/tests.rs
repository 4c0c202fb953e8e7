//! Tests of the pipeline, on a real store in a temporary folder. The clock stands still.

mod administration;
mod cost;
mod decisions;
mod keys;
mod memory;
mod outage;
mod start;
mod throttling;
mod tokens;
mod watched;

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;

use super::*;
use crate::admin::{
    ClientToImport, ImportedClient, MasterKeyRotation, SecretToImport, rotate_master_key,
};
use crate::audit::{Chain, Lines, Trail};
use crate::clock::ManualClock;
use crate::config::Config;
use crate::keys::{Expected, VerifyError, verify};
use crate::store::TokensThen;
use crate::token::{
    Answer, Client, ClientId, ClientSecret, Credential, CredentialError, ErrorCode, ExpiresInAs,
    Scope,
};

const NOW: i64 = 1_700_000_000;

struct Service {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    installation: Installation,
    issuer: Issuer,
    secret: String,
}

impl Service {
    /// Starts a service with a client `d1`, which may have the scope `a b`.
    async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    async fn start_with(set: impl FnOnce(&mut Config)) -> Self {
        Self::start_on(|store| store, set).await
    }

    /// Starts a service on a store that `wrap` has wrapped in another store.
    async fn start_on(
        wrap: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
        set: impl FnOnce(&mut Config),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::from_second(NOW).unwrap() + Duration::from_millis(711);
        let clock = Arc::new(ManualClock::at(now));
        let settings = config(folder.path());
        let migrate = settings.store.migrate.into();
        let store = crate::store::open(&settings.store, migrate).await.unwrap();
        let installation = Installation::on(wrap(store), &settings, clock.clone())
            .await
            .unwrap();
        let added = installation
            .clients()
            .add(client("d1"), None)
            .await
            .unwrap();
        let mut config = config(folder.path());
        set(&mut config);
        let issuer = opened(installation.store(), &config, &clock).await;
        Self {
            folder,
            clock,
            installation,
            issuer,
            secret: added.secret.expose().into(),
        }
    }

    async fn ask(&self, id: &str, secret: &str) -> Result<IssuedToken, Refusal> {
        self.issuer.issue(request(id, secret)).await
    }

    async fn ask_from(&self, source: &str, id: &str, secret: &str) -> Result<IssuedToken, Refusal> {
        let mut request = request(id, secret);
        request.asker.origin.source = source.parse().unwrap();
        self.issuer.issue(request).await
    }

    async fn reason(&self, request: TokenRequest<'_>) -> Reason {
        self.issuer.issue(request).await.unwrap_err().reason
    }

    async fn add(&self, client: Client, chosen: Option<&str>) -> String {
        let chosen = chosen.map(|text| ClientSecret::parse(text).unwrap());
        let added = self
            .installation
            .clients()
            .add(client, chosen)
            .await
            .unwrap();
        self.issuer.refresh().await.unwrap();
        added.secret.expose().into()
    }

    async fn records(&self) -> Vec<Value> {
        self.issuer
            .records
            .trail
            .flush(self.clock.now())
            .await
            .unwrap();
        let folder = self.folder.path().join("audit");
        let mut lines = Lines::of(Chain::Decisions, &folder).unwrap();
        let (mut records, mut bytes) = (Vec::new(), Vec::new());
        while lines.read(&mut bytes).unwrap().is_some() {
            records.push(serde_json::from_slice(&bytes).unwrap());
        }
        records
    }
}

/// A service with this configuration. As many clients as fit are in memory.
async fn opened(store: &Arc<dyn Store>, config: &Config, clock: &Arc<ManualClock>) -> Issuer {
    let installation = Installation::on(store.clone(), config, clock.clone());
    let issuer = Issuer::open(&installation.await.unwrap(), config).await;
    let issuer = issuer.unwrap();
    issuer.directory.fill(clock.now()).await.unwrap();
    issuer
}

fn config(folder: &Path) -> Config {
    let listen = "127.0.0.1:8080".parse().unwrap();
    let mut config = Config::quickstart(folder, listen, "/authz/d1/v1").unwrap();
    // Tests move the clock by days, and don't poll meanwhile.
    config.store.max_staleness = Duration::from_secs(400 * 24 * 3600);
    config
}

pub(super) fn client(id: &str) -> Client {
    Client::new(id.parse().unwrap(), id, Scope::parse("a b").unwrap())
}

fn request<'a>(id: &str, secret: &str) -> TokenRequest<'a> {
    let header = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    TokenRequest {
        asker: Asker {
            credential: Credential::from_basic(header.as_bytes()),
            client_id: None,
            origin: Origin {
                source: "192.0.2.7".parse().unwrap(),
                correlation_id: Some("corr-1"),
                certificate: None,
            },
        },
        grant_type: Some("client_credentials"),
        scope: None,
        resources: &[],
    }
}

fn asks_too_much(refusal: &Refusal) -> bool {
    matches!(refusal.answer(), Answer::TooMany(_))
}

fn retry_after(refusal: &Refusal) -> Option<Duration> {
    match refusal.answer() {
        Answer::TooMany(wait) | Answer::Unavailable(wait) => Some(wait),
        _ => None,
    }
}

fn without(credential: CredentialError, mut request: TokenRequest<'_>) -> TokenRequest<'_> {
    request.asker.credential = Err(credential);
    request
}

fn naming<'a>(client_id: &'a str, mut request: TokenRequest<'a>) -> TokenRequest<'a> {
    request.asker.client_id = Some(client_id);
    request
}

/// How many checks of this service's own hash are as much work as this.
fn runs(effort: crate::token::Effort) -> u64 {
    effort.argon2 / crate::token::Effort::OWN.argon2
}

/// A client as an import brings it. The import makes a secret for it.
fn to_import(client: Client) -> ClientToImport {
    ClientToImport {
        id: client.id.clone(),
        edits: vec![Box::new(move |new| new.clone_from(&client))],
        secret: SecretToImport::New { until: None },
        secret_until: None,
        keys: None,
        created_at: None,
    }
}
