//! Handles a request to its end, even if its caller hangs up meanwhile.
//!
//! The server drops the future of a request when the connection ends. A handler that has made a
//! decision by then could not record it. A task for each request would prevent that, but costs more
//! than many requests do. So a request becomes a task only when it is dropped.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

/// A future that goes on as its own task if it is dropped before its end.
pub(crate) struct Unbroken<F>(Option<Pin<Box<F>>>)
where
    F: Future + Send + 'static,
    F::Output: Send;

impl<F> Unbroken<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    pub(crate) fn new(future: F) -> Self {
        Self(Some(Box::pin(future)))
    }
}

impl<F> Future for Unbroken<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Some(future) = &mut self.0 else {
            // The future has given its output already.
            return Poll::Pending;
        };
        let polled = future.as_mut().poll(context);
        if polled.is_ready() {
            self.0 = None;
        }
        polled
    }
}

impl<F> Drop for Unbroken<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn drop(&mut self) {
        // Without a runtime, the process is ending.
        if let (Some(future), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(async move {
                let _nobody_waits_for_it = future.await;
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::oneshot;
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn what_is_dropped_half_way_comes_to_its_end() {
        let (go_on, told) = oneshot::channel::<()>();
        let (done, end) = oneshot::channel();
        let work = Unbroken::new(async move {
            told.await.unwrap();
            done.send(7).unwrap();
        });
        let given_up = timeout(Duration::from_millis(1), work).await;
        assert!(given_up.is_err());
        go_on.send(()).unwrap();
        assert_eq!(end.await, Ok(7));
        assert_eq!(Unbroken::new(async { 8 }).await, 8);
    }

    #[tokio::test]
    async fn what_was_never_begun_is_done_as_well() {
        let (done, end) = oneshot::channel();
        drop(Unbroken::new(async move { done.send(7).unwrap() }));
        assert_eq!(end.await, Ok(7));
    }
}
