//! Tests the service against its document: every route is reached, and the service serves what the
//! document says.

use __CRATE__::{Context, Service, api};
use dropshot_contract as rt;

#[tokio::test]
async fn every_operation_is_reached() {
    let api = api::api_description::<Service>(rt::Options::default()).expect("every path can be registered");
    let missed = rt::testing::unreached(api, Context::default(), api::BASE_PATH, api::operations::ALL).await;
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn the_document_round_trips() {
    let differences = rt::testing::round_trip(api::operations::ALL, api::DOCUMENT);
    assert!(differences.is_empty(), "{differences:#?}");
}
