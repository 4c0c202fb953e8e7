//! Which tokens of a client are revoked.

use super::{add, at, client, secret};
use crate::store::{ClientRecord, RevokedToken, Store, StoreError, TokensThen};
use crate::token::{ClientId, Status, TokenId};

pub(super) async fn tokens_are_revoked_until_now(store: &dyn Store) {
    let id = client("holder").id;
    add(store, &client("holder"), &secret(1_500))
        .await
        .expect("added");
    assert_eq!(
        not_before(store, &id).await,
        1,
        "the second of its registration"
    );
    store
        .revoke_tokens_of(&id, at(7_001))
        .await
        .expect("revoked");
    assert_eq!(not_before(store, &id).await, 8);
    assert_eq!(read(store, &id).await.changed_at, at(7_001), "a change");
    store
        .revoke_tokens_of(&id, at(5_000))
        .await
        .expect("revoked");
    assert_eq!(
        not_before(store, &id).await,
        9,
        "later in any case: a token may have been issued that says 8"
    );

    let disable = async |tokens, now| {
        let done = store.set_status(&id, Status::Disabled, tokens, at(now));
        done.await.expect("disabled");
        let terms = read(store, &id).await.token_terms();
        (terms.not_before, terms.is_suspended)
    };
    assert_eq!(disable(TokensThen::Kept, 9_000).await, (9, false));
    assert_eq!(disable(TokensThen::Revoked, 9_500).await, (10, true));
    store
        .set_status(&id, Status::Enabled, TokensThen::Kept, at(12_000))
        .await
        .expect("enabled");
    let terms = read(store, &id).await.token_terms();
    assert_eq!((terms.not_before, terms.is_suspended), (10, false));
    store.remove_client(&id, at(13_000)).await.expect("removed");
}

pub(super) async fn a_new_client_has_no_token_of_one_that_had_its_id(store: &dyn Store) {
    let id = client("heir").id;
    let again = async |removed, added| {
        store
            .remove_client(&id, at(removed))
            .await
            .expect("removed");
        add(store, &client("heir"), &secret(added))
            .await
            .expect("added");
        not_before(store, &id).await
    };
    add(store, &client("heir"), &secret(20_000))
        .await
        .expect("added");
    assert_eq!(again(30_100, 30_200).await, 31, "none of that second");
    assert_eq!(
        again(40_900, 41_100).await,
        42,
        "nor of a replica that is behind"
    );
    assert_eq!(again(50_000, 55_000).await, 55, "later, its own time does");
    assert_eq!(
        again(60_000, 58_000).await,
        61,
        "by a clock that was set back"
    );
    assert_eq!(again(60_100, 60_200).await, 62, "and again at once");
    store
        .remove_client(&id, at(9_000_000))
        .await
        .expect("removed");
}

pub(super) async fn a_new_client_may_revoke_as_many_as_any(store: &dyn Store) {
    let id = client("spender").id;
    let revoke = async |now| {
        let token = RevokedToken {
            id: TokenId::generate().expect("randomness"),
            client_id: id.clone(),
            expires_at: at(99_000),
        };
        store.revoke_token(&token, 2, at(now)).await
    };
    revoke(3_000).await.expect("the first");
    revoke(3_100).await.expect("the second");
    add(store, &client("spender"), &secret(4_000))
        .await
        .expect("added");
    revoke(4_100).await.expect("the first of its own");
    revoke(4_200).await.expect("the second");
    let error = revoke(4_300).await.expect_err("two are kept");
    assert!(
        matches!(error, StoreError::TooManyRevoked { .. }),
        "{error}"
    );
    store.remove_client(&id, at(5_000)).await.expect("removed");
    store
        .forget_revoked_tokens(at(100_000))
        .await
        .expect("forgotten");
}

async fn not_before(store: &dyn Store, id: &ClientId) -> i64 {
    read(store, id).await.token_terms().not_before
}

async fn read(store: &dyn Store, id: &ClientId) -> ClientRecord {
    let record = store.client(id.as_str()).await.expect("read");
    record.expect("there")
}
