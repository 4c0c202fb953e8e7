//! Whether the service may take traffic, and what it does beside answering requests.

use std::time::Duration;

use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval};

use super::Issuer;
use crate::audit::{AuditError, Event, Record};

/// Whether the service may take traffic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// Whether a good request would get a token.
    pub ready: bool,
    /// What is wrong, also where it doesn't keep tokens from being issued.
    pub problems: Vec<Problem>,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// `store`, `keys` or `audit`.
    pub part: &'static str,
    /// What.
    pub message: String,
}

impl Issuer {
    /// How often the change feed is read: a client that is disabled elsewhere gets no token after this time.
    const POLL: Duration = Duration::from_millis(200);
    /// How many polls pass between two reports of when secrets were last used.
    const POLLS_BETWEEN_USES: u32 = 25;

    /// Whether a good request would get a token.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        let mut problems = Vec::new();
        let mut ready = true;
        if let Some(message) = self.directory.fault() {
            // Known clients go on getting tokens.
            problems.push(Problem {
                part: "store",
                message,
            });
        }
        if self
            .directory
            .view()
            .ring
            .signer(self.clock.now())
            .is_none()
        {
            ready = false;
            problems.push(Problem {
                part: "keys",
                message: "no key may sign now".into(),
            });
        }
        if let Some(fault) = self.trail.fault() {
            ready = false;
            problems.push(Problem {
                part: "audit",
                message: fault.to_string(),
            });
        }
        Readiness { ready, problems }
    }

    /// Does what has to be done beside answering requests, until the future is dropped: applies the store's changes, writes down
    /// when secrets were used, and tries an audit trail again that could not be written. `report` is called with what is
    /// wrong when something starts to be, and with none when all is well again.
    pub async fn follow(&self, mut report: impl FnMut(Option<&str>)) {
        let mut ticks = interval(Self::POLL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failing = false;
        for poll in (0..Self::POLLS_BETWEEN_USES).cycle() {
            ticks.tick().await;
            let fault = self.keep_up(poll == 0).await.err();
            if fault.is_some() != failing {
                report(fault.as_deref());
                failing = !failing;
            }
        }
    }

    async fn keep_up(&self, write_uses: bool) -> Result<(), String> {
        self.refresh().await?;
        if write_uses {
            self.directory
                .write_uses()
                .await
                .map_err(|error| error.to_string())?;
        }
        match self.trail.fault() {
            Some(_) => self
                .trail
                .flush(self.clock.now())
                .await
                .map_err(|error| error.to_string()),
            None => Ok(()),
        }
    }

    /// Applies the store's changes now.
    ///
    /// # Errors
    /// Why they can't be read.
    pub async fn refresh(&self) -> Result<(), String> {
        self.directory
            .refresh()
            .await
            .map_err(|error| error.to_string())
    }

    /// Puts the start of the service into the audit trail.
    ///
    /// # Errors
    /// [`AuditError`]: the trail can't be written, so no token could be issued.
    pub async fn started(&self) -> Result<(), AuditError> {
        let (version, issuer) = (env!("CARGO_PKG_VERSION"), self.name.as_str().into());
        self.trail
            .write(self.own_record(Event::ServiceStarted { version, issuer }))
            .await
    }

    /// To be called when no request is in flight any more: puts the stop into the audit trail, and writes down what has only
    /// been noted.
    ///
    /// # Errors
    /// [`AuditError`]: not all records are on the disk.
    pub async fn stopped(&self) -> Result<(), AuditError> {
        // When secrets were last used is worth a try, and not an error.
        let _lost = self.directory.write_uses().await;
        self.trail
            .note(self.own_record(Event::ServiceStopped))
            .await;
        self.trail.flush(self.clock.now()).await
    }

    fn own_record(&self, event: Event) -> Record {
        Record {
            time: self.clock.now(),
            source: None,
            correlation_id: None,
            event,
        }
    }
}
