//! What a line of the trail says.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::token::{Algorithm, Audience, ClientId, Scope, TokenId};

/// One decision. The writer adds `seq`, its number in the trail.
#[derive(Debug, Clone, Serialize)]
pub struct Record {
    /// When it was made.
    pub time: Timestamp,
    /// Where the request came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<IpAddr>,
    /// The caller's `x-correlation-id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<Box<str>>,
    /// What was decided.
    #[serde(flatten)]
    pub event: Event,
}

/// What was decided.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event")]
pub enum Event {
    /// A token was issued. The token itself is not here: its `jti` names it.
    #[serde(rename = "token.issued")]
    TokenIssued {
        /// To whom.
        client_id: ClientId,
        /// The grant.
        grant_type: &'static str,
        /// What it allows.
        scope: Scope,
        /// Whom it is for.
        #[serde(rename = "aud", serialize_with = "list")]
        audiences: Arc<[Audience]>,
        /// Its name.
        #[serde(rename = "jti")]
        token_id: TokenId,
        /// The key that signed it.
        #[serde(rename = "kid", serialize_with = "text")]
        key_id: Arc<str>,
        /// When it ends.
        expires_at: Timestamp,
    },
    /// A request got no token.
    #[serde(rename = "token.refused")]
    TokenRefused {
        /// Who the caller said it is; unproven with `invalid_client`.
        #[serde(skip_serializing_if = "Option::is_none")]
        client_id: Option<Box<str>>,
        /// What the caller was told.
        error: &'static str,
        /// The true reason.
        reason: &'static str,
        /// How many credentials were not looked at since the last that was; there is a record of the first, the second, the
        /// fourth, the eighth and so on.
        #[serde(skip_serializing_if = "Option::is_none")]
        turned_away: Option<u32>,
    },
    /// A signing key was made, or the times of its life changed; by whichever process.
    #[serde(rename = "key.changed")]
    KeyChanged {
        /// The key.
        #[serde(rename = "kid")]
        key_id: Box<str>,
        /// What it signs with.
        #[serde(rename = "alg")]
        algorithm: Algorithm,
        /// Where it is in its life now.
        state: &'static str,
        /// When it starts to sign.
        signs_from: Timestamp,
        /// When it stops.
        #[serde(skip_serializing_if = "Option::is_none")]
        signs_until: Option<Timestamp>,
        /// When it leaves the JWK set.
        #[serde(skip_serializing_if = "Option::is_none")]
        published_until: Option<Timestamp>,
        /// Where its private half is: `store`, `token`, or nowhere any more.
        #[serde(skip_serializing_if = "Option::is_none")]
        kept_in: Option<&'static str>,
        /// Why it was withdrawn, in the words of who did it.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<Box<str>>,
    },
    /// The service began to take requests.
    #[serde(rename = "service.started")]
    ServiceStarted {
        /// Its release.
        version: &'static str,
        /// Its issuer identifier.
        issuer: Box<str>,
    },
    /// The service stopped in good order.
    #[serde(rename = "service.stopped")]
    ServiceStopped,
    /// The trail could not be written for a while before this record.
    #[serde(rename = "audit.resumed")]
    Resumed {
        /// How many records are missing that nobody waited for: refusals, and with buffered durability everything.
        lost: u64,
    },
}

fn list<S: Serializer>(list: &Arc<[Audience]>, serializer: S) -> Result<S::Ok, S::Error> {
    (**list).serialize(serializer)
}

fn text<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

/// A record with its number, as a line of the trail has it.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    pub seq: u64,
    #[serde(flatten)]
    pub record: &'a Record,
}
