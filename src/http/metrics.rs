//! The service's figures in Prometheus's text format. Whoever counts has them; here they are
//! gathered.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, prometheus_text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::front_door::Gate;
use super::ops::Standing;
use super::origin::Stranger;

/// What [`Metrics::text`] is.
pub(super) const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;

/// Where the figures come from.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
}

/// Who is connected, where the service ends TLS itself.
#[derive(Debug)]
struct Door(Arc<Gate>);

impl Metrics {
    pub(super) fn of(standing: &Standing, gate: Option<Arc<Gate>>) -> Self {
        let mut registry = Registry::with_prefix("d1_authz");
        let version = vec![("version", env!("CARGO_PKG_VERSION"))];
        registry.register("build", "Which version runs", Info::new(version));
        registry.register_collector(Box::new(standing.clone()));
        registry.register_collector(Box::new(standing.issuer.clone()));
        if let Some(gate) = gate {
            registry.register_collector(Box::new(Door(gate)));
        }
        Self { registry }
    }

    /// As they are now.
    pub(super) fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Collector for Standing {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let help = "Whether a good request would get a token";
        let ready = encoder.encode_descriptor("ready", help, None, MetricType::Gauge)?;
        ConstGauge::new(i64::from(self.readiness().ready)).encode(ready)?;

        let help = "Requests that are read and answered at the moment";
        let under_way = MetricType::Gauge;
        let gauge = encoder.encode_descriptor("requests_under_way", help, None, under_way)?;
        ConstGauge::new(i64::from(self.load.under_way())).encode(gauge)?;

        let help = "Requests turned away because there were too many at a time";
        let counter = MetricType::Counter;
        let counter = encoder.encode_descriptor("requests_turned_away", help, None, counter)?;
        ConstCounter::new(self.load.turned_away()).encode(counter)?;

        let help = "Requests of which it can't be told who sent them";
        let counter = MetricType::Counter;
        let mut refusals = encoder.encode_descriptor("gateway_refusals", help, None, counter)?;
        for stranger in Stranger::ALL {
            let labels = [("reason", stranger.name())];
            ConstCounter::new(self.strangers.of(stranger))
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
