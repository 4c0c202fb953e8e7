//! Writes the records of decisions to the audit trail, and counts decisions for operators.

use dropshot_chassis::identity::ClientCertificate;
use jiff::Timestamp;

use super::meter::Meter;
use super::{IssuedToken, Origin};
use crate::audit::{AuditError, Event, Record, Refused, Scarcity, Trail};
use crate::guard::Sampling;
use crate::token::{Endpoint, Reason, Refusal};

/// The trail of decisions, with what limits the records and counts the decisions.
#[derive(Debug)]
pub(super) struct Records {
    pub trail: Trail,
    /// Combines refusals that share records.
    pub sampling: Sampling,
    /// How many bytes of the trail's disk are reserved for decisions.
    pub reserve: u64,
    pub meter: Meter,
}

impl Records {
    /// Writes down that a token is issued, and counts it once that is done.
    pub(super) async fn issued(
        &self,
        issued: &IssuedToken,
        origin: Origin<'_>,
        now: Timestamp,
    ) -> Result<(), AuditError> {
        let event = Event::TokenIssued {
            client_id: issued.client_id.clone(),
            grant_type: issued.grant_type.as_str(),
            scope: issued.scope.clone(),
            audiences: issued.audiences.clone(),
            token_id: issued.token_id,
            key_id: issued.key_id.clone(),
            expires_at: issued.expires_at,
        };
        self.write(event, origin, now).await?;
        self.meter.token_issued(issued.grant_type, issued.algorithm);
        Ok(())
    }

    /// Writes down what was decided.
    pub(super) async fn write(
        &self,
        event: Event,
        origin: Origin<'_>,
        now: Timestamp,
    ) -> Result<(), AuditError> {
        self.trail.write(record(event, origin, now)).await
    }

    /// Counts a refusal, and sees to its record.
    pub(super) async fn refuse(
        &self,
        endpoint: Endpoint,
        refusal: &Refusal,
        origin: Origin<'_>,
        now: Timestamp,
    ) {
        self.meter.refused(endpoint, refusal.reason);
        let record = || {
            let refused = Refused {
                client_id: refusal.client_id.clone(),
                error: refusal.code().as_str(),
                reason: refusal.reason.name(),
                turned_away: match refusal.reason {
                    Reason::TooManyFailures { turned_away, .. } => Some(turned_away),
                    _ => None,
                },
                count: None,
            };
            let event = match endpoint {
                Endpoint::Token => Event::TokenRefused(refused),
                Endpoint::Introspection => Event::IntrospectionRefused(refused),
                Endpoint::Revocation => Event::RevocationRefused(refused),
            };
            record(event, origin, now)
        };
        let record = if refusal.reason.is_anybodys() {
            let kind = (origin.source, endpoint, refusal.reason.name());
            self.sampling.count(kind, record, now)
        } else {
            Some(record())
        };
        if let Some(record) = record {
            self.trail.note(record).await;
        }
    }

    /// Whether the trail's disk has room for decisions alone.
    pub(super) fn scarcity(&self) -> Option<Scarcity> {
        Scarcity::of(&self.trail.place().path, self.reserve)
    }
}

/// A record of something that was asked for from there.
fn record(event: Event, origin: Origin<'_>, now: Timestamp) -> Record {
    Record {
        source: Some(origin.source),
        correlation_id: origin.correlation_id.map(Box::from),
        certificate: origin.certificate.map(ClientCertificate::thumbprint),
        ..Record::of(now, event)
    }
}
