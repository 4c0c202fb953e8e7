//! The limiters: what slows, caps or refuses callers.
//!
//! This page lists the limiters of the whole service. Those of connections and requests are in the
//! chassis ([`dropshot_chassis`]). This module has those of a client's requests and credentials. A
//! "source" is one IPv4 address, or one network (/64) of IPv6. The keys of metrics begin with
//! `d1_authz_`. A refusal of a request is counted in `refusals_total` by its `reason`.
//!
//! # Connections, by `[limits]`
//!
//! | What is limited | By | Default | What the caller sees | Metric |
//! |---|---|---|---|---|
//! | handshakes in progress, `handshakes` | listener | 256 | the connection ends | `connections_turned_away_total`, `handshake_displaced`, `too_many_connections` |
//! | connections, `connections` | listener | 1024; 64 of `listen.ops` | the connection ends | `connections_turned_away_total`, `displaced`, `too_many_connections` |
//! | connections, `connections_per_source` | source, except gateways and balancers | 64 | the connection ends | `connections_turned_away_total`, `too_many_of_source` |
//! | time of a handshake, `handshake_time` | connection | 5 s | the connection ends | `connections_turned_away_total`, `handshake_time`, `proxy_time` |
//! | time to the first byte, `first_byte_time` | connection | 10 s | the connection ends | `connections_turned_away_total`, `silent` |
//! | time without an answer, `idle_time` | connection | 60 s | the connection ends | `connections_turned_away_total`, `idle` |
//! | age, `connection_life` | connection | 1 h | the connection ends after its answer | `connections_turned_away_total`, `life` |
//! | connections to the HTTP server that are being made | listener | 64 | the connection waits | none |
//!
//! # Requests
//!
//! | What is limited | By | Default | What the caller sees | Metric |
//! |---|---|---|---|---|
//! | header lines, bytes of header fields, time of a head | request, connection | 100, 32 KiB (HTTP/2: 16 KiB), 30 s | 431, or the connection ends | `refusals_total`, if an endpoint was found |
//! | bytes of a URI | request | 65,534 | 414 | none |
//! | streams | connection of HTTP/2 | 200 at a time; 20 that the caller has reset and that wait | further streams wait; the connection ends | none |
//! | bytes and time of a body | request | 16 KiB, 10 s | 413, 408 | `refusals_total`, `malformed_request` |
//! | requests under way, `throttle.requests` | service; each source has a share | 1024 | 503, `Retry-After` | `requests_turned_away_total` |
//!
//! # Clients and credentials
//!
//! | What is limited | By | Default | What the caller sees | Metric |
//! |---|---|---|---|---|
//! | failed authentications, `throttle.free_failures` ([`Throttle`]) | client at a source | 10 free, then waits of 1 s, 2 s, 4 s to `max_delay`, 5 min | 429, `Retry-After` | `too_many_failures` |
//! | the same over all clients | source, unless the client is at home there | 200 free | 429, `Retry-After` | `too_many_failures` |
//! | checks of chosen secrets ([`Turns`]) | source, one at a time | 2 at once, 256 sources and 64 requests of each wait | 503, `Retry-After` | `too_many_verifications` |
//! | requests of a client, `throttle.client_rate` ([`Throttle`]) | client | none | 429, `Retry-After` | `too_many_requests` |
//! | the same by the client's own `rate` ([`Pace`]) | client | none | 429, `Retry-After` | `too_many_requests` |
//! | used assertions that are remembered ([`UsedAssertions`]) | client | 65,536 | 429, `Retry-After` | `too_many_requests` |
//! | clients whose use is remembered after they left memory | service | 262,144 | 429, `Retry-After` | `too_many_requests` |
//! | looks at the store for clients ([`CatchUp`]) | service | 200 a second, 3 s each | the request waits, then 503, `Retry-After` | `store_unavailable` |
//! | fetches of a client's keys, after an assertion without a fitting key | `jwks_uri`; service | one in 3 s, up to 300 s after failures; 8 at a time | 401 until the keys are there | `client_key_fetches_total` |
//! | signatures of an HSM | HSM | 16 at a time, 5 s to wait | 503, `Retry-After` | `no_signing_key` |
//! | age of the data from the store, `store.max_staleness` | service | 10 min | 503, `Retry-After` | `store_unavailable`, `store_read_age_seconds` |
//! | revoked tokens that are kept | client | 20,000 | 429, `Retry-After` | `too_many_revocations` |
//! | records of refusals ([`Sampling`]) | source, endpoint and reason; service | 32, then one in 10 s; 4096, then 4 a second | nothing: later refusals share a record | `refusals_combined_total` |

mod catch_up;
mod pace;
mod sampling;
mod table;
mod throttle;
mod turns;
mod used_assertions;

pub(crate) use catch_up::{CatchUp, Questions};
pub(crate) use pace::Pace;
pub(crate) use sampling::Sampling;
pub(crate) use table::{Keys, Table};
pub(crate) use throttle::{ClientAtSource, Throttle};
pub(crate) use turns::Turns;
pub(crate) use used_assertions::UsedAssertions;
