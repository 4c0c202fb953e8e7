//! The service's log, on standard error: for people when that is a terminal, else one JSON object a
//! line.

use std::io::{self, IsTerminal};

use slog::{Drain, Logger, o};
use slog_async::{Async, AsyncGuard};

/// The log, and what writes its last lines when it is dropped. Writing happens on a thread of its
/// own, since a pipe that nobody reads must not hold up a token.
///
/// ```
/// let (log, guard) = dropshot_chassis::life::log::to_stderr();
/// slog::info!(log, "serving");
/// drop((log, guard));
/// ```
pub fn to_stderr() -> (Logger, AsyncGuard) {
    let (drain, guard) = if io::stderr().is_terminal() {
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
    (Logger::root(drain.fuse(), o!()), guard)
}
