//! Reports about a gateway's headers.

mod addresses;
mod certificates;
mod proof;

use reqwest::RequestBuilder;

use crate::harness::{Answer, D1, GRANT, Service, eventually};

/// D1's token request with these headers of a gateway.
async fn ask(service: &Service, headers: &[(&str, &str)]) -> Answer {
    Answer::of(with(
        request(service).header("authorization", D1),
        GRANT,
        headers,
    ))
    .await
}

/// A token request of a client that authenticates by its certificate.
async fn ask_by_certificate(service: &Service, id: &str, headers: &[(&str, &str)]) -> Answer {
    let form = format!("{GRANT}&client_id={id}");
    Answer::of(with(request(service), &form, headers)).await
}

fn request(service: &Service) -> RequestBuilder {
    let request = service.post();
    request.header("content-type", "application/x-www-form-urlencoded")
}

fn with(request: RequestBuilder, form: &str, headers: &[(&str, &str)]) -> RequestBuilder {
    let request = request.body(form.to_owned());
    headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, value.as_bytes())
    })
}

/// The number of requests refused for this reason.
async fn counted(service: &Service, reason: &str) -> u64 {
    let series = format!("d1_authz_gateway_refusals_total{{reason=\"{reason}\"}}");
    service.metric(&series).await
}

/// Waits until the log has this reason.
async fn is_told(service: &Service, reason: &str) {
    let reason = format!("\"reason\":\"{reason}\"");
    let is_told = |log: &String| {
        let mut lines = log.lines();
        lines.any(|line| line.contains(&reason) && line.contains("\"remedy\":"))
    };
    eventually("the log tells", async || service.log(), is_told).await;
}
