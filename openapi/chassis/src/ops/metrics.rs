//! The service's metrics in Prometheus's text format. Each part of the service keeps its own
//! counts; this module gathers them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, prometheus_text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::answers::Answers;
use crate::admission::Admission;
use crate::caller::Stranger;
use crate::door::Gate;
use crate::readiness::{Problem, Readiness};
use crate::service::Service;

/// The media type of [`Metrics::text`].
pub(super) const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;

/// The registry of all metrics.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
}

/// The connections of callers.
#[derive(Debug)]
struct Door(Arc<Gate>);

/// The state of the service.
#[derive(Debug)]
pub(crate) struct Standing<S: Service> {
    pub service: Arc<S>,
    pub admission: Admission,
    pub answers: Arc<Answers>,
}

impl<S: Service> Clone for Standing<S> {
    fn clone(&self) -> Self {
        Self {
            service: self.service.clone(),
            admission: self.admission.clone(),
            answers: self.answers.clone(),
        }
    }
}

impl<S: Service> Standing<S> {
    /// Whether the service may take traffic: it is ready, and is not about to end.
    pub(super) fn readiness(&self) -> Readiness {
        let mut readiness = self.service.readiness();
        if self.admission.draining.load(Ordering::Relaxed) {
            readiness.ready = false;
            readiness.problems.push(Problem {
                part: "service",
                message: "it is draining, and ends soon".to_owned(),
            });
        }
        readiness
    }
}

impl Metrics {
    pub(super) fn of<S: Service>(standing: &Standing<S>, gate: Arc<Gate>) -> Self {
        let mut registry = Registry::with_prefix(S::METRICS_PREFIX);
        let version = vec![("version", S::VERSION)];
        registry.register("build", "Which version runs", Info::new(version));
        registry.register_collector(Box::new(standing.clone()));
        standing.answers.register(&mut registry);
        standing.service.register(&mut registry);
        registry.register_collector(Box::new(Door(gate)));
        Self { registry }
    }

    /// All metrics with their present values.
    pub(super) fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl<S: Service> Collector for Standing<S> {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let ready = encoder.encode_descriptor("ready", S::READY, None, MetricType::Gauge)?;
        ConstGauge::new(i64::from(self.readiness().ready)).encode(ready)?;

        let help = "Requests that are read and answered at the moment";
        let under_way = MetricType::Gauge;
        let gauge = encoder.encode_descriptor("requests_under_way", help, None, under_way)?;
        ConstGauge::new(i64::from(self.admission.requests.under_way())).encode(gauge)?;

        let help = "Requests turned away because there were too many at a time";
        let counter = MetricType::Counter;
        let counter = encoder.encode_descriptor("requests_turned_away", help, None, counter)?;
        ConstCounter::new(self.admission.requests.turned_away()).encode(counter)?;

        let help = "Requests of which it can't be told who sent them";
        let counter = MetricType::Counter;
        let mut refusals = encoder.encode_descriptor("gateway_refusals", help, None, counter)?;
        for stranger in Stranger::ALL {
            let labels = [("reason", stranger.name())];
            ConstCounter::new(self.admission.entrance.strangers.of(stranger))
                .encode(refusals.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

impl Collector for Door {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let help = "Callers connected, after their handshakes";
        let connected = encoder.encode_descriptor("connections", help, None, MetricType::Gauge)?;
        ConstGauge::new(i64::from(self.0.connected())).encode(connected)?;

        let help = "Connections refused, or closed before their callers did";
        let counter = MetricType::Counter;
        let mut away = encoder.encode_descriptor("connections_turned_away", help, None, counter)?;
        for &turned in self.0.reasons() {
            let labels = [("reason", turned.name())];
            ConstCounter::new(self.0.turned_away(turned)).encode(away.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
