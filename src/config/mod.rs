//! The service's configuration: a TOML file and environment variables, read once and checked as a
//! whole.
//!
//! Every key of the file can also be set by an environment variable, `D1_AUTHZ_SECTION__KEY`, which
//! takes precedence over the file. All mistakes are reported at once, each with its place. Nothing
//! here opens a store or a key.

mod audit;
mod issuer;
mod jwks_uri;
mod keys;
mod policy;
mod postgres;
mod store;
mod throttle;
mod token;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use dropshot_chassis::config::{
    CertificateHeader, ConfigErrors, GatewayConfig, LimitsConfig, ListenConfig, LogConfig, Program,
    Reader, Setting, TlsConfig,
};

pub use audit::{AuditConfig, Durability, SyslogTarget};
pub use issuer::{InvalidIssuer, IssuerUrl};
pub use jwks_uri::JwksUriConfig;
pub use keys::{KeysConfig, Pkcs11Config, Provider};
pub use policy::PolicyConfig;
pub use postgres::PostgresUrl;
pub use store::{StoreConfig, StoreUrl};
pub use throttle::{ClientRate, ThrottleConfig};
pub use token::TokenConfig;

use crate::token::CertificateBinding;

/// The configuration in force.
#[derive(Debug, Clone)]
pub struct Config {
    /// The service's name to the world, the `iss` of its tokens.
    pub issuer: IssuerUrl,
    /// Where it listens.
    pub listen: ListenConfig,
    /// How many connections and how much time callers may take, and how the service stops.
    pub limits: LimitsConfig,
    /// Its certificate and key, if the service itself terminates TLS.
    pub tls: Option<TlsConfig>,
    /// The gateway in front of it, if there is one.
    pub gateway: Option<GatewayConfig>,
    /// Where it keeps clients, keys and revoked tokens.
    pub store: StoreConfig,
    /// What its tokens are like.
    pub token: TokenConfig,
    /// What protects its keys, and when they change.
    pub keys: KeysConfig,
    /// How it fetches the keys of clients that publish them.
    pub jwks_uri: JwksUriConfig,
    /// The rules for all clients.
    pub policy: PolicyConfig,
    /// How fast callers may ask.
    pub throttle: ThrottleConfig,
    /// Where it writes its decisions.
    pub audit: AuditConfig,
    /// What its log is like.
    pub log: LogConfig,
    /// Every key with its value and the value's origin, for `config show`.
    pub settings: Vec<Setting>,
}

impl Config {
    /// What the chassis calls this program's settings.
    pub const PROGRAM: Program = Program {
        env_prefix: "D1_AUTHZ_",
        // The command line reads this one.
        env_not_keys: &["CONFIG"],
        all_keys: "the sample d1-authz.toml of the release lists all keys",
    };

    /// Reads the file, if one is given, and the environment.
    ///
    /// # Errors
    /// [`ConfigErrors`]: all mistakes.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigErrors> {
        let mut reader = Reader::open(Self::PROGRAM, file)?;
        let issuer = reader.required("issuer", IssuerUrl::parse);
        let listen = ListenConfig::read(&mut reader);
        let limits = LimitsConfig::read(&mut reader);
        let tls = TlsConfig::read(&mut reader);
        let asks = tls
            .as_ref()
            .and_then(Option::as_ref)
            .is_some_and(TlsConfig::asks);
        let gateway = GatewayConfig::read(&mut reader, asks);
        let store = StoreConfig::read(&mut reader);
        let token = TokenConfig::read(&mut reader);
        let keys = KeysConfig::read(&mut reader);
        let jwks_uri = JwksUriConfig::read(&mut reader);
        let policy = PolicyConfig::read(&mut reader);
        let throttle = ThrottleConfig::read(&mut reader);
        let audit = AuditConfig::read(&mut reader);
        let log = LogConfig::read(&mut reader);
        if let (Some(policy), Some(tls), Some(gateway)) = (&policy, &tls, &gateway)
            && policy.certificate_binding != CertificateBinding::Off
            && !knows_certificates(tls.as_ref(), gateway.as_ref())
        {
            reader.mistake(
                PolicyConfig::CERTIFICATE_BINDING,
                "no request comes with a certificate: set tls.client_ca, or gateway.certificate_header",
            );
        }
        let settings = reader.finish()?;
        let whole = || {
            Some(Self {
                issuer: issuer?,
                listen: listen?,
                limits: limits?,
                tls: tls?,
                gateway: gateway?,
                store: store?,
                token: token?,
                keys: keys?,
                jwks_uri: jwks_uri?,
                policy: policy?,
                throttle: throttle?,
                audit: audit?,
                log: log?,
                settings,
            })
        };
        whole().ok_or_else(ConfigErrors::incomplete)
    }

    /// The files that hold a secret, each with the key that names it. Only the service's user may
    /// read them.
    #[must_use]
    pub fn private_files(&self) -> Vec<(&'static str, &Path)> {
        let mut files = vec![(KeysConfig::MASTER_KEY, &*self.keys.master_key_file)];
        let token = self.keys.pkcs11.as_ref();
        files.extend(token.map(|token| (Pkcs11Config::PIN_FILE, &*token.pin_file)));
        let password = self.store.password_file.as_deref();
        files.extend(password.map(|file| (StoreConfig::PASSWORD_FILE, file)));
        files.extend(self.tls.as_ref().map(|tls| (TlsConfig::KEY, &*tls.key)));
        let secret = self.gateway.as_ref().and_then(|it| it.secret.as_ref());
        files.extend(secret.map(|secret| ("gateway.secret_file", &*secret.file)));
        files
    }

    /// Whether requests can come with the caller's certificate: because the service asks for it, or
    /// because the gateway passes it on.
    #[must_use]
    pub fn knows_certificates(&self) -> bool {
        knows_certificates(self.tls.as_ref(), self.gateway.as_ref())
    }

    /// Settings that are valid but unsafe, one sentence each.
    #[must_use]
    pub fn warnings(&self) -> Vec<&'static str> {
        let gateway = self.gateway.as_ref().and_then(GatewayConfig::warning);
        gateway.into_iter().collect()
    }

    /// The store's file in the folder of `quickstart`.
    pub const QUICKSTART_STORE: &str = "store.db";
    /// The master key's file there.
    pub const QUICKSTART_MASTER_KEY: &str = "master.key";
    /// The audit trail's folder there.
    pub const QUICKSTART_AUDIT: &str = "audit";

    /// The configuration of `quickstart`: everything in one folder, on one address.
    ///
    /// # Errors
    /// [`InvalidIssuer`] if the address and the base path form no issuer identifier.
    pub fn quickstart(
        data: &Path,
        listen: SocketAddr,
        base_path: &str,
    ) -> Result<Self, InvalidIssuer> {
        let host = match listen.ip() {
            ip if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            ip => ip,
        };
        let issuer = format!("http://{}{base_path}", SocketAddr::new(host, listen.port()));
        Ok(Self {
            issuer: IssuerUrl::parse(&issuer)?,
            listen: ListenConfig {
                api: listen,
                ops: ListenConfig::DEFAULT_OPS,
                ops_public: false,
            },
            limits: LimitsConfig::without_drain(),
            tls: None,
            gateway: None,
            store: StoreConfig::new(StoreUrl::Sqlite(data.join(Self::QUICKSTART_STORE))),
            token: TokenConfig::default(),
            keys: KeysConfig::new(data.join(Self::QUICKSTART_MASTER_KEY)),
            jwks_uri: JwksUriConfig::default(),
            policy: PolicyConfig::default(),
            throttle: ThrottleConfig::default(),
            audit: AuditConfig::new(data.join(Self::QUICKSTART_AUDIT)),
            log: LogConfig::default(),
            settings: Vec::new(),
        })
    }
}

fn knows_certificates(tls: Option<&TlsConfig>, gateway: Option<&GatewayConfig>) -> bool {
    let passes_on = |it: &GatewayConfig| it.certificate_header != CertificateHeader::Off;
    tls.is_some_and(TlsConfig::asks) || gateway.is_some_and(passes_on)
}

#[cfg(test)]
mod tests;
