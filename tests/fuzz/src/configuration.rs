//! The configuration: a TOML text, and environment variables above it.
//!
//! Each error has a message. The settings of an accepted configuration, written to a file, give the
//! same configuration.
//!
//! Each line after [`ENVIRONMENT`] in an input is an environment variable.

use std::fmt::Write as _;
use std::path::Path;

use d1_authz::config::Config;
use dropshot_chassis::config::{ConfigError, ConfigErrors, Setting};
use figment::Jail;

const ENVIRONMENT: &str = "#environment\n";
const FILE: &str = "d1-authz.toml";
/// Keys with several values, which `settings` joins with commas.
const LISTS: [&str; 2] = ["gateway.addresses", "tls.allow"];

pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let (file, variables) = text.split_once(ENVIRONMENT).unwrap_or((text, ""));
    alone(|jail| match load(jail, file, variables)? {
        Ok(config) => is_what_is_shown(jail, config),
        Err(errors) => {
            let told = |error: &ConfigError| !error.message.is_empty();
            assert!(!errors.0.is_empty() && errors.0.iter().all(told));
            Ok(())
        }
    });
}

/// Runs `work` in an empty folder of its own, with no environment variables but those that `work`
/// sets.
#[expect(
    clippy::result_large_err,
    reason = "the jail's closures return figment's error"
)]
fn alone(work: impl FnOnce(&mut Jail) -> Result<(), Box<figment::Error>>) {
    Jail::expect_with(|jail| work(jail).map_err(|error| *error));
}

fn is_what_is_shown(jail: &mut Jail, mut config: Config) -> Result<(), Box<figment::Error>> {
    let settings = std::mem::take(&mut config.settings);
    let mut text = String::new();
    for setting in &settings {
        if LISTS.contains(&setting.key) && setting.value.contains(',') {
            return Ok(());
        }
        let value = toml::Value::String(setting.value.clone());
        let _to_memory = writeln!(text, "{} = {value}", setting.key);
    }
    let again = load(jail, &text, "")?;
    let mut again = again.unwrap_or_else(|errors| panic!("{errors}\n{text}"));
    let shown = std::mem::take(&mut again.settings);
    let pairs = |settings: Vec<Setting>| -> Vec<(&'static str, String)> {
        let pairs = settings.into_iter().map(|it| (it.key, it.value));
        pairs.collect()
    };
    assert_eq!(pairs(shown), pairs(settings));
    assert_eq!(format!("{again:?}"), format!("{config:?}"));
    Ok(())
}

type Loaded = Result<Config, ConfigErrors>;

fn load(jail: &mut Jail, file: &str, variables: &str) -> Result<Loaded, Box<figment::Error>> {
    jail.clear_env();
    for line in variables.lines() {
        if let Some((name, value)) = line.split_once('=')
            && !name.is_empty()
            && !line.contains('\0')
        {
            jail.set_env(name, value);
        }
    }
    std::fs::write(FILE, file).map_err(|error| Box::new(error.to_string().into()))?;
    Ok(Config::load(Some(Path::new(FILE))))
}
