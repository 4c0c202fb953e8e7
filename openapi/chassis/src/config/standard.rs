//! The configuration of a service that takes every section of the chassis, and adds its own.

use std::path::Path;

use super::{
    ConfigErrors, GatewayConfig, LimitsConfig, ListenConfig, LogConfig, Program, Reader,
    RequestLimits, Setting, TlsConfig,
};

/// All sections of the chassis.
///
/// ```
/// use std::convert::Infallible;
///
/// use dropshot_chassis::config::{Program, Reader, StandardConfig};
///
/// const PROGRAM: Program = Program {
///     env_prefix: "PETS_",
///     env_not_keys: &["CONFIG"],
///     all_keys: "pets.toml has all keys",
/// };
///
/// /// The service's own section.
/// fn store(reader: &mut Reader) -> Option<String> {
///     reader.required("store.url", |text| Ok::<_, Infallible>(text.to_owned()))
/// }
///
/// let folder = tempfile::tempdir()?;
/// let file = folder.path().join("pets.toml");
/// let text = "listen.api = '127.0.0.1:8080'\nstore.url = 'pets.db'\nlog.level = 'warning'\n";
/// std::fs::write(&file, text)?;
/// let (config, store) = StandardConfig::load(PROGRAM, Some(&file), store)?;
/// assert_eq!((config.listen.api.port(), &*store), (8080, "pets.db"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct StandardConfig {
    /// `[listen]`
    pub listen: ListenConfig,
    /// `[limits]`: connections, and how the service ends.
    pub limits: LimitsConfig,
    /// `[limits]`: requests.
    pub requests: RequestLimits,
    /// `[tls]`
    pub tls: Option<TlsConfig>,
    /// `[gateway]`
    pub gateway: Option<GatewayConfig>,
    /// `[log]`
    pub log: LogConfig,
    /// Every key with its value, and where the value came from.
    pub settings: Vec<Setting>,
}

impl StandardConfig {
    /// Reads the file, if one is given, and the environment; `own` reads the service's own
    /// sections.
    ///
    /// # Errors
    /// [`ConfigErrors`]: all mistakes.
    pub fn load<T>(
        program: Program,
        file: Option<&Path>,
        own: impl FnOnce(&mut Reader) -> Option<T>,
    ) -> Result<(Self, T), ConfigErrors> {
        let mut reader = Reader::open(program, file)?;
        let listen = ListenConfig::read(&mut reader);
        let limits = LimitsConfig::read(&mut reader);
        let requests = RequestLimits::read(&mut reader);
        let tls = TlsConfig::read(&mut reader);
        let asks = tls.as_ref().and_then(Option::as_ref);
        let asks = asks.is_some_and(TlsConfig::asks);
        let gateway = GatewayConfig::read(&mut reader, asks);
        let log = LogConfig::read(&mut reader);
        let own = own(&mut reader);
        let settings = reader.finish()?;
        let whole = || {
            let config = Self {
                listen: listen?,
                limits: limits?,
                requests: requests?,
                tls: tls?,
                gateway: gateway?,
                log: log?,
                settings,
            };
            Some((config, own?))
        };
        whole().ok_or_else(ConfigErrors::incomplete)
    }
}
