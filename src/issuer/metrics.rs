//! The issuer's metrics for operators: its counts, and its state at the time of the scrape.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use super::Issuer;
use crate::keys::KeyState;

impl Collector for Issuer {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        counts(self, &mut encoder)?;
        state(self, &mut encoder)
    }
}

fn counts(issuer: &Issuer, encoder: &mut DescriptorEncoder) -> fmt::Result {
    let counter = MetricType::Counter;
    let help = "Tokens issued";
    let mut issued = encoder.encode_descriptor("tokens_issued", help, None, counter)?;
    for kind in issuer.records.meter.issued() {
        let (grant, algorithm) = (kind.grant_type.as_str(), kind.algorithm.as_str());
        let labels = [("grant", grant), ("algorithm", algorithm)];
        kind.count.encode(issued.encode_family(&labels)?)?;
    }

    let help = "Requests refused, by the true reason, which their callers don't learn";
    let refused = encoder.encode_descriptor("refusals", help, None, counter)?;
    issuer.records.meter.refused.encode(refused)?;

    let help =
        "Refusals of callers that have proved nothing, which share records of the audit trail";
    let combined = encoder.encode_descriptor("refusals_combined", help, None, counter)?;
    ConstCounter::new(issuer.records.sampling.combined()).encode(combined)?;

    if let Some(copies) = issuer.records.trail.copies() {
        let help = "Copies of audit records that did not reach their collector";
        let lost = encoder.encode_descriptor("audit_copies_lost", help, None, counter)?;
        ConstCounter::new(copies.lost()).encode(lost)?;
    }

    let help = "Answers about tokens, by whether the token was active for who asked";
    let mut answers = encoder.encode_descriptor("introspections", help, None, counter)?;
    for (active, count) in ["false", "true"]
        .into_iter()
        .zip(&issuer.records.meter.introspected)
    {
        count.encode(answers.encode_family(&[("active", active)])?)?;
    }

    let help = "Tokens revoked by their clients at this replica";
    let revoked = encoder.encode_descriptor("tokens_revoked", help, None, counter)?;
    issuer.records.meter.revoked.encode(revoked)?;

    let help = "Audit trails that were not as they were left, so that new ones began";
    let gaps = encoder.encode_descriptor("audit_gaps", help, None, counter)?;
    let number = issuer.records.trail.gaps().len() + issuer.changes.gaps().len();
    ConstCounter::new(number as u64).encode(gaps)?;

    let help = "Fetches of the keys that clients publish (jwks_uri), by whether they succeeded";
    let mut fetches = encoder.encode_descriptor("client_key_fetches", help, None, counter)?;
    for (outcome, count) in ["fetched", "failed"]
        .into_iter()
        .zip(issuer.remote_keys.fetches())
    {
        let labels = [("outcome", outcome)];
        ConstCounter::new(count).encode(fetches.encode_family(&labels)?)?;
    }

    let help =
        "From a token request that was read to its token or refusal, with the audit record of it";
    let (unit, histogram) = (Unit::Seconds, MetricType::Histogram);
    let mut decisions =
        encoder.encode_descriptor("token_decision", help, Some(&unit), histogram)?;
    let buckets = issuer.records.meter.decisions.buckets();
    let count = buckets.iter().map(|(_, count)| count).sum();
    let sum = issuer.records.meter.decisions.sum();
    decisions.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
}

fn state(issuer: &Issuer, encoder: &mut DescriptorEncoder) -> fmt::Result {
    let gauge = MetricType::Gauge;
    let view = issuer.directory.view();
    let number = |count: usize| ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX));

    if let Some(known) = issuer.directory.number_of_clients() {
        let help = "Clients in the store, when they were last counted";
        let clients = encoder.encode_descriptor("clients", help, None, gauge)?;
        number(known).encode(clients)?;
    }

    let help = "Clients in memory; the others are read when they ask";
    let cached = encoder.encode_descriptor("cached_clients", help, None, gauge)?;
    number(issuer.directory.accounts.len()).encode(cached)?;

    let help = "Revoked tokens that are remembered, until a while after their ends";
    let revoked = encoder.encode_descriptor("revoked_tokens", help, None, gauge)?;
    number(issuer.directory.revocations.len()).encode(revoked)?;

    let help = "Signing keys by where they are in their lives";
    let mut keys = encoder.encode_descriptor("signing_keys", help, None, gauge)?;
    let now = issuer.clock.now();
    for state in KeyState::ALL {
        let keys_in = view.ring.set().iter().filter(|key| key.state(now) == state);
        let labels = [("state", state.as_str())];
        number(keys_in.count()).encode(keys.encode_family(&labels)?)?;
    }

    let help = "Rows of the store that are not as this service wrote them: altered, put back or removed; a list of rows that is wrong; an earlier state of all";
    let mut doubted = encoder.encode_descriptor("store_doubts", help, None, gauge)?;
    let findings = issuer.store.findings();
    for (kind, count) in [
        ("altered", findings.altered.len()),
        ("put_back", findings.put_back.len()),
        ("removed", findings.removed),
        ("manifest", usize::from(findings.manifest.is_some())),
        ("earlier", usize::from(findings.earlier.is_some())),
    ] {
        number(count).encode(doubted.encode_family(&[("kind", kind)])?)?;
    }

    let help = "How often all rows of the store were checked";
    let checks = encoder.encode_descriptor("store_checks", help, None, MetricType::Counter)?;
    ConstCounter::new(issuer.store.checks()).encode(checks)?;

    let help = "Since the store's changes were last read; what is changed elsewhere meanwhile is not in force here";
    let unit = Unit::Seconds;
    let age = encoder.encode_descriptor("store_read_age", help, Some(&unit), gauge)?;
    ConstGauge::new(issuer.directory.freshness.age().as_secs_f64()).encode(age)
}
