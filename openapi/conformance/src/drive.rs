//! Starts a server and tests each of its operations.

use std::collections::HashSet;

use dropshot_contract::dropshot::ApiDescription;
use dropshot_contract::{MountError, Operation, Value, testing};

use crate::attempt::Caller;
use crate::client::{Answer, Client};
use crate::document::Document;
use crate::echo::{Context, Got, Wanted};
use crate::judge::Judge;
use crate::replies::Expected;
use crate::report::{OperationReport, Report};

/// A generated service to test.
#[derive(Debug, Clone, Copy)]
pub struct Subject {
    /// The name in the report.
    pub name: &'static str,
    /// The generated `DOCUMENT`.
    pub document: &'static str,
    /// The generated `BASE_PATH`.
    pub base_path: &'static str,
    /// The generated `operations::ALL`.
    pub operations: &'static [&'static Operation],
    /// The generated `api_description::<echo::Echo>`.
    pub service: fn(dropshot_contract::Options) -> Result<ApiDescription<Context>, MountError>,
    /// JSON pointers to the constraints that the generator has reported as not enforced.
    pub unenforced: &'static [&'static str],
}

/// Tests all operations of a service on a free port of the loopback interface.
#[must_use]
pub fn drive(subject: &Subject) -> Report {
    let mut report = Report {
        name: subject.name.to_owned(),
        ..Report::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let driven = runtime
        .map_err(|error| error.to_string())
        .and_then(|runtime| runtime.block_on(all(subject, &mut report)));
    report.error = driven.err();
    report
}

async fn all(subject: &Subject, report: &mut Report) -> Result<(), String> {
    let document =
        Document::new(subject.document).map_err(|error| format!("the served document: {error}"))?;
    let options = dropshot_contract::Options {
        body_bytes: 16 << 20,
        ..dropshot_contract::Options::default()
    };
    let api = (subject.service)(options).map_err(|error| error.to_string())?;
    let context = Context::default();
    let client = Client::start(api, context.clone())?;
    let caller = Caller {
        document: &document,
        judge: Judge::new(&document),
        base_path: subject.base_path,
        host: client.address().to_string(),
    };
    let unenforced = subject
        .unenforced
        .iter()
        .filter_map(|pointer| document.root().pointer(pointer));
    let unenforced = unenforced
        .map(|schema| std::ptr::from_ref(schema).addr())
        .collect();
    let mut session = Session {
        caller,
        client,
        context,
        unenforced,
        case: 0,
    };
    report.differences = round_trip(subject, document.root());
    for operation in subject.operations {
        report.operations.push(session.operation(operation).await);
    }
    Ok(())
}

/// The differences between the document and Dropshot's own export.
fn round_trip(subject: &Subject, document: &Value) -> Vec<String> {
    match testing::export::export(subject.operations, document) {
        Ok(exported) => {
            let differences = testing::round_trip::differences(document, &exported);
            differences
                .iter()
                .map(|difference| format!("round trip: {difference}"))
                .collect()
        }
        Err(error) => vec![format!("round trip: {error}")],
    }
}

/// The data that the tests of all operations share.
pub(crate) struct Session<'d> {
    pub(crate) caller: Caller<'d>,
    pub(crate) client: Client,
    pub(crate) context: Context,
    /// The addresses of the schemas whose patterns the generator does not enforce.
    pub(crate) unenforced: HashSet<usize>,
    case: u64,
}

/// The answer to a request, and what the handler got.
pub(crate) struct Outcome {
    pub(crate) answer: Answer,
    /// `None` if no handler was reached.
    pub(crate) got: Option<Got>,
}

impl<'d> Session<'d> {
    async fn operation(&mut self, operation: &'static Operation) -> OperationReport {
        let mut report = OperationReport {
            id: operation.id.to_owned(),
            ..OperationReport::default()
        };
        let attempts = self.caller.attempts(operation, &mut report.not_generated);
        let replies = self.caller.replies(operation, &mut report);
        self.converse(operation, &attempts, &replies, &mut report)
            .await;
        let wanted = replies
            .first()
            .map_or_else(|| Expected::none().wanted, |reply| reply.wanted.clone());
        self.violate(operation, &attempts, &wanted, &mut report)
            .await;
        report
    }

    /// Sends a request and returns its outcome.
    pub(crate) async fn exchange(
        &mut self,
        wanted: &Wanted,
        request: impl FnOnce(
            &Caller<'d>,
            u64,
        ) -> Result<
            dropshot_contract::http::Request<dropshot_contract::Bytes>,
            String,
        >,
    ) -> Result<Outcome, String> {
        self.case += 1;
        let request = request(&self.caller, self.case)?;
        self.context.expect(self.case, wanted.clone());
        let answer = self.client.send(&request).await;
        let got = self.context.take(self.case);
        Ok(Outcome {
            answer: answer?,
            got,
        })
    }
}
