//! The service's log, on standard error: text for people, or one JSON object a line.

use std::io::{self, IsTerminal};

use slog::{Drain, Level, LevelFilter, Logger, o};
use slog_async::{Async, AsyncGuard};

use crate::config::{LogConfig, LogFormat, LogLevel};

/// The log, and a guard that writes the last lines when it is dropped. A thread of its own writes
/// the lines: the service still answers requests if nothing reads the pipe.
///
/// ```
/// use dropshot_chassis::config::{LogConfig, LogLevel};
///
/// let config = LogConfig { level: LogLevel::Warning, ..LogConfig::default() };
/// let (log, guard) = dropshot_chassis::life::log::to_stderr(config);
/// slog::warn!(log, "the shop closes soon");
/// slog::info!(log, "nobody reads this");
/// drop((log, guard));
/// ```
pub fn to_stderr(config: LogConfig) -> (Logger, AsyncGuard) {
    let is_for_people = match config.format {
        LogFormat::Auto => io::stderr().is_terminal(),
        LogFormat::Json => false,
        LogFormat::Text => true,
    };
    let (drain, guard) = if is_for_people {
        let decorator = slog_term::TermDecorator::new().stderr();
        let decorator = if std::env::var_os("NO_COLOR").is_some() {
            decorator.force_plain()
        } else {
            decorator
        };
        Async::new(slog_term::FullFormat::new(decorator.build()).build().fuse()).build_with_guard()
    } else {
        Async::new(slog_json::Json::default(io::stderr()).fuse()).build_with_guard()
    };
    let least = match config.level {
        LogLevel::Error => Level::Error,
        LogLevel::Warning => Level::Warning,
        LogLevel::Info => Level::Info,
    };
    // Lines below the level are dropped before their text is made.
    let drain = LevelFilter::new(drain, least);
    (Logger::root(drain.fuse(), o!()), guard)
}
