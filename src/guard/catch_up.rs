//! Looks at the store for requests: for a client that is not in memory, and before a refusal. The
//! look before a refusal finds a client that was added, or a secret that was rotated, a moment ago.
//!
//! Guesses must not turn into load on the store. There is one look at a time, and looks keep a
//! distance. A look serves all requests that came before it began, whichever clients they ask for.
//! A request that comes later waits for the next look. Every kind of failure waits until the next
//! look may begin, whatever the look found, so its time tells an attacker nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::token::ClientId;

/// From the beginning of one look to the beginning of the next. Thus there are at most 200 looks a
/// second, however many ids an attacker makes up.
const DISTANCE: Duration = Duration::from_millis(5);

/// Paces the looks. Each client asked for has an answer `A`.
#[derive(Debug)]
pub(crate) struct CatchUp<A> {
    /// The questions that the next look is to answer.
    open: Mutex<Questions<A>>,
    last: tokio::sync::Mutex<Last>,
}

/// The questions to a look, by client.
pub(crate) type Questions<A> = HashMap<ClientId, Question<A>>;

/// The question about one client. All requests that ask for it at once share it. It stays without
/// an answer if the look fails.
pub(crate) type Question<A> = Arc<OnceLock<A>>;

#[derive(Debug, Default)]
struct Last {
    began: Option<Instant>,
    /// Whether the store could be read.
    succeeded: bool,
}

impl<A: Clone> CatchUp<A> {
    /// The answer for a client, by a look that begins after this call. `None` if the store could
    /// not be read. `look` says whether it could read the store.
    pub(crate) async fn ask<F>(
        &self,
        id: &ClientId,
        look: impl FnOnce(Questions<A>) -> F,
    ) -> Option<A>
    where
        F: Future<Output = bool>,
    {
        let question = self.open().entry(id.clone()).or_default().clone();
        self.look(Some((id, &question)), look).await;
        question.get().cloned()
    }

    /// Looks for anything new, unless another look began after this call. `true` if the store could
    /// be read.
    pub(crate) async fn once<F>(&self, look: impl FnOnce(Questions<A>) -> F) -> bool
    where
        F: Future<Output = bool>,
    {
        self.look(None, look).await
    }

    async fn look<F>(
        &self,
        question: Option<(&ClientId, &Question<A>)>,
        look: impl FnOnce(Questions<A>) -> F,
    ) -> bool
    where
        F: Future<Output = bool>,
    {
        let (began, succeeded) = self.look_now(question, look).await;
        // A look that finds something may take longer, so every request waits until the next look
        // may begin.
        sleep_until(began + DISTANCE).await;
        succeeded
    }

    async fn look_now<F>(
        &self,
        question: Option<(&ClientId, &Question<A>)>,
        look: impl FnOnce(Questions<A>) -> F,
    ) -> (Instant, bool)
    where
        F: Future<Output = bool>,
    {
        let asked = Instant::now();
        let mut last = self.last.lock().await;
        if let Some(began) = last.began {
            if began > asked {
                return (began, last.succeeded);
            }
            sleep_until(began + DISTANCE).await;
        }
        // Another request's look may have taken this question. If that request's caller hung up,
        // the question has no answer, so it is asked again.
        let again = question.map(|(id, question)| {
            let mut open = self.open();
            open.entry(id.clone())
                .or_insert_with(|| question.clone())
                .clone()
        });
        let began = Instant::now();
        let questions = std::mem::take(&mut *self.open());
        let succeeded = look(questions).await;
        if let (Some((_, question)), Some(answer)) =
            (question, again.as_ref().and_then(|again| again.get()))
        {
            question.get_or_init(|| answer.clone());
        }
        *last = Last {
            began: Some(began),
            succeeded,
        };
        (began, succeeded)
    }

    fn open(&self) -> MutexGuard<'_, Questions<A>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<A> Default for CatchUp<A> {
    fn default() -> Self {
        Self {
            open: Mutex::default(),
            last: tokio::sync::Mutex::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn id(text: &str) -> ClientId {
        text.parse().unwrap()
    }

    /// A look that answers with its number.
    #[derive(Default)]
    struct Looks {
        catch_up: CatchUp<u32>,
        begun: AtomicU32,
        fail: bool,
    }

    impl Looks {
        async fn look(&self, questions: Questions<u32>) -> bool {
            let number = self.begun.fetch_add(1, Ordering::Relaxed) + 1;
            tokio::task::yield_now().await;
            for question in questions.values().filter(|_| !self.fail) {
                question.set(number).unwrap();
            }
            !self.fail
        }

        async fn ask(&self, name: &str) -> Option<u32> {
            let look = |questions| self.look(questions);
            self.catch_up.ask(&id(name), look).await
        }
    }

    #[tokio::test]
    async fn one_look_serves_all_that_wait() {
        let looks = Looks::default();
        let started = Instant::now();
        assert_eq!(looks.ask("a").await, Some(1));
        assert_eq!(looks.ask("a").await, Some(2), "each after the other");
        assert!(started.elapsed() >= DISTANCE, "and keeps its distance");
        let once = looks.catch_up.once(|questions| looks.look(questions));
        let answers = tokio::join!(looks.ask("a"), looks.ask("b"), looks.ask("a"), once);
        assert_eq!(answers, (Some(3), Some(4), Some(4), true));
        assert_eq!(
            looks.begun.load(Ordering::Relaxed),
            4,
            "those that come during one share the next"
        );
    }

    #[tokio::test]
    async fn who_is_served_by_a_look_that_failed_has_no_answer() {
        let looks = Looks {
            fail: true,
            ..Looks::default()
        };
        let once = || looks.catch_up.once(|questions| looks.look(questions));
        let answers = tokio::join!(looks.ask("a"), looks.ask("b"), once(), once());
        assert_eq!(answers, (None, None, false, false));
        assert!(looks.begun.load(Ordering::Relaxed) <= 2);
    }

    #[tokio::test]
    async fn a_question_outlives_who_took_it_along() {
        let looks = Looks::default();
        let mut other = Box::pin(looks.ask("b"));
        let one = id("a");
        let hangs = |_| std::future::pending::<bool>();
        let mut hung = Box::pin(looks.catch_up.ask(&one, hangs));
        // Both come during a look, so the next look takes both questions.
        let all = async { tokio::join!(looks.ask("before"), &mut hung, &mut other) };
        let waited = tokio::time::timeout(6 * DISTANCE, all).await;
        waited.unwrap_err();
        drop(hung);
        assert_eq!(other.await, Some(2));
    }
}
