//! Revoked tokens.

use super::{at, changes_after, client};
use crate::store::{Change, Position, RevokedToken, Store, StoreError, Subject};
use crate::token::TokenId;

pub(super) async fn a_revoked_token_is_told_and_kept(store: &dyn Store) {
    let before = store.last_change().await.expect("a feed");
    let (one, two) = (token("one", 9_000), token("two", 8_000));
    for token in [&one, &two, &one] {
        store
            .revoke_token(token, 10, at(1_000))
            .await
            .expect("revoked, or revoked already");
    }
    let changes = changes_after(store, before).await;
    let subjects: Vec<_> = changes.iter().map(|change| &change.subject).collect();
    assert_eq!(
        subjects,
        [&Subject::Token(one.id), &Subject::Token(two.id)],
        "once each"
    );
    let [first, _] = [&changes[0], &changes[1]].map(|change| change.position.sequence);
    let revoked = async |after| store.tokens_revoked_after(after).await.expect("read");
    assert_eq!(revoked(0).await, [one.clone(), two.clone()]);
    assert_eq!(revoked(before.sequence).await, [one, two.clone()]);
    assert_eq!(revoked(first).await, [two]);
}

pub(super) async fn one_client_revokes_so_many_and_no_more(store: &dyn Store) {
    let before = store.last_change().await.expect("a feed");
    let revoke = async |id, most| {
        let token = token(id, 20_000);
        store.revoke_token(&token, most, at(2_000)).await
    };
    revoke("many", 2).await.expect("the first");
    revoke("many", 2).await.expect("the second");
    let error = revoke("many", 2).await.expect_err("two are kept");
    assert!(
        matches!(&error, StoreError::TooManyRevoked { client_id, most: 2 } if client_id.as_str() == "many"),
        "{error}"
    );
    revoke("other", 2).await.expect("each by itself");
    assert_eq!(changes_after(store, before).await.len(), 3);
}

pub(super) async fn what_has_expired_is_forgotten(store: &dyn Store) {
    let last = store.last_change().await.expect("a feed");
    store
        .forget_revoked_tokens(at(9_000))
        .await
        .expect("forgotten");
    let kept = store.tokens_revoked_after(0).await.expect("read");
    let kept: Vec<_> = kept.iter().map(|token| token.client_id.as_str()).collect();
    assert_eq!(
        kept,
        ["one", "many", "many", "other"],
        "that of 8,000 is gone"
    );
    let told = |change: &Change| matches!(change.subject, Subject::Token(_));
    let changes = changes_after(store, Position::default()).await;
    assert_eq!(changes.iter().filter(|change| told(change)).count(), 4);

    store
        .forget_revoked_tokens(at(99_000))
        .await
        .expect("forgotten");
    assert_eq!(store.tokens_revoked_after(0).await.expect("read"), []);
    assert_eq!(
        changes_after(store, last).await,
        [],
        "who has read all of the feed can go on with it"
    );
    store
        .revoke_token(&token("many", 99_000), 2, at(3_000))
        .await
        .expect("there is room again");
    let next = store.last_change().await.expect("a feed");
    assert!(
        next.sequence > last.sequence,
        "a number is not used twice: {next:?}, {last:?}"
    );
}

fn token(client_id: &str, expires_at: i64) -> RevokedToken {
    RevokedToken {
        id: TokenId::generate().expect("randomness"),
        client_id: client(client_id).id,
        expires_at: at(expires_at),
    }
}
