//! `probe`: plays Thales D1 against any token endpoint.
//!
//! Owns the arguments, and sends D1's own request. [`endpoint`] owns the connection, [`trust`] the
//! certificates, [`credential`] the Basic credential, [`variants`] the requests after the first.
//! [`granted`] and [`access_token`] check a reply with a token, [`refused`] checks a refusal, and
//! [`report`] holds the result.

mod access_token;
mod credential;
mod endpoint;
mod granted;
mod refused;
mod report;
mod trust;
mod variants;

use std::path::PathBuf;

use clap::Args;
use http::HeaderValue;

use super::error::Error;
use super::output::Output;
use super::secret;
use credential::{Alphabet, Credential};
use endpoint::{Endpoint, Reply, Request};
use report::{Field, Report, Verdict, or_none};
use trust::Trust;

/// Play Thales D1 against a token endpoint, and report field by field what D1 would see
///
/// Asks for a token as D1 does, and then about a dozen times in other ways, right and wrong ones.
/// Each line of the result says what was seen, what was expected, and which document expects it.
/// Nothing secret is printed. Exits with 0 if D1 could work with the endpoint, and with 1 if a line
/// is wrong.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  d1-authz probe --url https://bank.example/authz/d1/v1/oauth2/token --id is_tbank01 --secret-file secret.txt\n  d1-authz probe --url $URL --id is_tbank01 --secret-file secret.txt --certificate d1.pem --key d1.key --ca bank-ca.pem"
)]
pub(super) struct Arguments {
    /// The token endpoint
    #[arg(long)]
    url: String,
    /// The client's id
    #[arg(long, value_parser = credential::id)]
    id: String,
    /// Read its secret from the first line of standard input
    #[arg(long, required_unless_present = "secret_file")]
    secret_stdin: bool,
    /// Read its secret from the first line of a file
    #[arg(long, value_name = "FILE", conflicts_with = "secret_stdin")]
    secret_file: Option<PathBuf>,
    /// The scopes to ask for; by default, the request has no scope
    #[arg(long)]
    scope: Option<String>,
    /// The client certificate to show, with its chain
    #[arg(long, value_name = "PEM", requires = "key")]
    certificate: Option<PathBuf>,
    /// The client certificate's private key
    #[arg(long, value_name = "PEM", requires = "certificate")]
    key: Option<PathBuf>,
    /// The authorities that may have signed the server's certificate; by default, the system's
    #[arg(long, value_name = "PEM")]
    ca: Option<PathBuf>,
    /// Write the credential in standard base64, padded, as in D1's published example (the default)
    #[arg(long)]
    standard_base64: bool,
    /// Write the credential in base64url, as D1's document says
    #[arg(long, conflicts_with = "standard_base64")]
    base64url: bool,
    /// An X-Correlation-Id to send with the first request
    #[arg(long, value_name = "ID", value_parser = endpoint::correlation_id)]
    correlation_id: Option<HeaderValue>,
}

const ANSWER: Field<'static> = Field {
    name: "answer",
    expected: "one",
    source: "RFC 6749 5",
};

pub(super) async fn run(arguments: Arguments, output: Output) -> Result<(), Error> {
    let secret = match &arguments.secret_file {
        Some(file) => secret::from_file(file)?,
        None => secret::from_standard_input()?,
    };
    let trust = Trust {
        authorities: arguments.ca,
        identity: arguments.certificate.zip(arguments.key),
    };
    let endpoint = Endpoint::new(&arguments.url, &trust)?;
    let alphabet = match arguments.base64url {
        true => Alphabet::UrlSafe,
        false => Alphabet::Standard,
    };
    let credential = Credential::new(arguments.id, secret, alphabet);
    let scope = arguments.scope.as_deref().filter(|scope| !scope.is_empty());
    let correlation_id = arguments.correlation_id.as_ref();

    let request =
        Request::for_token(credential.header(), scope).with_correlation_id(correlation_id);
    let answer = endpoint.send(request).await;
    let mut report = Report::new(&arguments.url, &credential);
    endpoint.describe(&mut report);
    match answer {
        Err(error) => report.add(&ANSWER, Verdict::Wrong, error),
        Ok(reply) if reply.status != 200 => granted::refusal(&mut report, &reply),
        Ok(reply) => {
            granted::check(&mut report, &reply, scope);
            if let Some(id) = correlation_id {
                correlation(&mut report, &reply, id);
            }
            variants::check(&mut report, &endpoint, &credential, scope).await;
        }
    }
    output.print(&report, || report.text())?;
    match report.content() {
        true => Ok(()),
        false => Err(Error::failed(report.summary())),
    }
}

fn correlation(report: &mut Report, reply: &Reply, sent: &HeaderValue) {
    let seen = reply.header("x-correlation-id");
    let field = Field {
        name: "X-Correlation-Id",
        expected: "the one that was sent",
        source: "the documents of D1's other APIs",
    };
    let holds = seen.as_deref().map(str::as_bytes) == Some(sent.as_bytes());
    report.add(&field, Verdict::Differs.unless(holds), or_none(seen));
}
