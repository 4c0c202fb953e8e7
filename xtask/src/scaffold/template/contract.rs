//! Tests the service against its document: every route is reached, and the service serves what the
//! document says.

use std::sync::Arc;

use dropshot_contract as rt;

use __CRATE__::{Context, Handlers, Settings, State, api};

/// The state that the tests run with.
async fn context() -> Context {
    let state = State::open(Settings {}).await;
    Arc::new(state.expect("the state is made of nothing"))
}

#[tokio::test]
async fn every_operation_is_reached() {
    let api = api::api_description::<Handlers>(rt::Options::default());
    let api = api.expect("every path can be registered");
    let operations = api::operations::ALL;
    let missed = rt::testing::unreached(api, context().await, api::BASE_PATH, operations).await;
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn the_document_round_trips() {
    let differences = rt::testing::round_trip(api::operations::ALL, api::DOCUMENT);
    assert!(differences.is_empty(), "{differences:#?}");
}
