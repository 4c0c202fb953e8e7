//! Copies both directions of a connection, and ends it by its limits.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until};

use super::{Fresh, Upstream};
use crate::config::ConnectionLimits;
use crate::door::gate::Gate;
use crate::door::pipe::{Broken, Pipe};
use crate::door::slots::Slot;
use crate::door::tally::TurnedAway;

/// How many bytes of a caller are read without an answer: the header lines, of which hyper would
/// take 400 KiB, and the body. Further bytes wait in the network for the answer, and are never read
/// if none comes.
const UNANSWERED: usize = 64 * 1024;
/// How long a caller may take to close its end after the HTTP server has closed the other. If the
/// socket were closed while bytes of the caller's are on their way, a reset would answer them and
/// overtake the last answer.
const LINGER: Duration = Duration::from_secs(1);
/// How long a request may still take if it is under way when the connection's life is over.
const GRACE: Duration = Duration::from_secs(10);
/// How often the door looks whether such a request is answered.
const LOOK: Duration = Duration::from_secs(1);

/// Copies both ways until both have ended, or until the limits end the connection.
pub(super) async fn splice(
    gate: &Gate,
    slot: &Slot,
    tls: &mut (impl AsyncRead + AsyncWrite + Unpin),
    mut upstream: Upstream,
    fresh: Fresh<'_>,
    first: Vec<u8>,
) -> Result<(), TurnedAway> {
    let mut requests = Pipe::holding(first, UNANSWERED);
    let mut answers = Pipe::unbounded();
    let mut fresh = Some(fresh);
    let mut span = Span::new(gate.limits);
    let mut alarm = pin!(sleep_until(span.next_look()));
    let mut requests_end = false;
    poll_fn(|cx| {
        loop {
            let (asked, answered) = (requests.moves, answers.moves);
            if !requests_end {
                match requests.poll(cx, tls, &mut upstream.socket) {
                    Poll::Ready(Ok(())) => requests_end = true,
                    // The caller is gone and waits for no answer.
                    Poll::Ready(Err(Broken::Source)) => return Poll::Ready(Ok(())),
                    // The HTTP server takes no more. Its answer to that is still to come.
                    Poll::Ready(Err(Broken::Sink)) => {
                        requests.turn_deaf();
                        continue;
                    }
                    Poll::Pending => {}
                }
            }
            if span.lingers() {
                if requests_end {
                    return Poll::Ready(Ok(()));
                }
            } else {
                match answers.poll(cx, &mut upstream.socket, tls) {
                    Poll::Ready(Ok(())) => {
                        // The HTTP server has closed. Further bytes of the caller never reach it.
                        fresh = None;
                        requests.turn_deaf();
                        span.linger();
                        alarm.as_mut().reset(span.next_look());
                        continue;
                    }
                    Poll::Ready(Err(_)) => return Poll::Ready(Ok(())),
                    Poll::Pending => {}
                }
            }
            if requests.moves > asked {
                span.asked();
                slot.asks();
            }
            if answers.moves > answered {
                span.answered();
                slot.answered();
                fresh = None;
                if requests.grant(UNANSWERED) {
                    continue;
                }
            }
            if alarm.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if let Some(end) = span.end(Instant::now()) {
                return Poll::Ready(end);
            }
            alarm.as_mut().reset(span.next_look());
        }
    })
    .await
}

/// How long a connection has lasted, and how long it has gone without an answer.
struct Span {
    limits: ConnectionLimits,
    began: Instant,
    last_answer: Instant,
    /// Whether the caller sent something since.
    is_asked: bool,
    lingers_since: Option<Instant>,
}

impl Span {
    fn new(limits: ConnectionLimits) -> Self {
        let now = Instant::now();
        Self {
            limits,
            began: now,
            last_answer: now,
            is_asked: true,
            lingers_since: None,
        }
    }

    fn asked(&mut self) {
        self.is_asked = true;
    }

    /// Notes an answer. Answers count, not requests: a caller could drip half a request for ever.
    fn answered(&mut self) {
        self.last_answer = Instant::now();
        self.is_asked = false;
    }

    fn linger(&mut self) {
        self.lingers_since = Some(Instant::now());
    }

    fn lingers(&self) -> bool {
        self.lingers_since.is_some()
    }

    fn life_ends(&self) -> Instant {
        self.began + self.limits.connection_life
    }

    /// When to look at the limits again.
    fn next_look(&self) -> Instant {
        if let Some(since) = self.lingers_since {
            return since + LINGER;
        }
        let idle = self.last_answer + self.limits.idle_time;
        let now = Instant::now();
        let life = match self.life_ends() {
            ends if ends > now => ends,
            _ => now + LOOK,
        };
        idle.min(life)
    }

    /// How the connection ends. `None` if it may go on.
    fn end(&self, now: Instant) -> Option<Result<(), TurnedAway>> {
        if let Some(since) = self.lingers_since {
            return (now >= since + LINGER).then_some(Ok(()));
        }
        if now >= self.last_answer + self.limits.idle_time {
            return Some(Err(TurnedAway::Idle));
        }
        let ends = self.life_ends();
        let over = now >= ends && (!self.is_asked || now >= ends + GRACE);
        over.then_some(Err(TurnedAway::Life))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest, duplex};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::timeout;

    use super::*;
    use crate::door::peers::Peer;

    fn span() -> Span {
        Span::new(ConnectionLimits {
            idle_time: Duration::from_secs(60),
            connection_life: Duration::from_secs(600),
            ..ConnectionLimits::default()
        })
    }

    fn after(span: &Span, seconds: u64) -> Option<Result<(), TurnedAway>> {
        span.end(span.began + Duration::from_secs(seconds))
    }

    #[test]
    fn dripping_keeps_nothing_open() {
        let mut span = span();
        span.asked();
        assert_eq!(after(&span, 59), None);
        assert_eq!(after(&span, 60), Some(Err(TurnedAway::Idle)));
        assert_eq!(span.next_look(), span.began + Duration::from_secs(60));
    }

    #[test]
    fn the_end_of_a_life_waits_for_the_answer_that_is_due() {
        let mut span = span();
        let answered = |span: &mut Span| {
            span.answered();
            span.last_answer = span.began + Duration::from_secs(599);
        };
        answered(&mut span);
        assert_eq!(after(&span, 599), None);
        assert_eq!(after(&span, 600), Some(Err(TurnedAway::Life)));
        span.asked();
        assert_eq!(after(&span, 609), None);
        assert_eq!(after(&span, 610), Some(Err(TurnedAway::Life)));
    }

    /// A connection to an HTTP server, and the server's end of it.
    async fn connected() -> (Gate, Upstream, TcpStream) {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gate = Gate::plain();
        let socket = TcpStream::connect(server.local_addr().unwrap())
            .await
            .unwrap();
        let peer = Peer {
            address: ([192, 0, 2, 1], 1).into(),
            certificate: None,
        };
        let own = socket.local_addr().unwrap();
        let registered = gate.peers.register(own, peer).unwrap();
        let (accepted, _) = server.accept().await.unwrap();
        let upstream = Upstream {
            _registered: registered,
            socket,
        };
        (gate, upstream, accepted)
    }

    #[tokio::test]
    async fn a_request_without_end_waits_for_an_answer() {
        let (gate, upstream, mut accepted) = connected().await;
        let slot = gate.admit(([192, 0, 2, 1], 1).into()).unwrap();
        let (mut caller, mut tls) = duplex(1024);
        let fresh = Fresh::new(&gate);
        let splicing = splice(&gate, &slot, &mut tls, upstream, fresh, b"GET /".to_vec());
        let served = async {
            let mut taken = vec![0; 5 + UNANSWERED];
            accepted.read_exact(&mut taken).await.unwrap();
            let more = timeout(Duration::from_millis(100), accepted.read_u8()).await;
            assert!(more.is_err(), "more than that is taken");
            accepted.write_all(b"100").await.unwrap();
            accepted.read_exact(&mut taken[..UNANSWERED]).await.unwrap();
        };
        let endless = async { while caller.write_all(&[b'a'; 1000]).await.is_ok() {} };
        tokio::select! {
            end = splicing => panic!("it ends: {end:?}"),
            () = endless => panic!("the caller is cut off"),
            () = served => {}
        }
    }

    /// The HTTP server closes its end when it stops.
    #[tokio::test]
    async fn an_answer_is_heard_that_comes_together_with_the_end() {
        let (gate, upstream, mut accepted) = connected().await;
        accepted.write_all(b"answer").await.unwrap();
        accepted.shutdown().await.unwrap();
        while !(upstream.socket.ready(Interest::READABLE).await.unwrap()).is_read_closed() {
            tokio::task::yield_now().await;
        }
        let slot = gate.admit(([192, 0, 2, 1], 1).into()).unwrap();
        let (mut caller, mut tls) = duplex(64);
        let fresh = Fresh::new(&gate);
        let splicing = splice(&gate, &slot, &mut tls, upstream, fresh, b"GET /".to_vec());
        let mut splicing = pin!(splicing);
        let answered = async {
            let mut answer = Vec::new();
            caller.read_to_end(&mut answer).await.unwrap();
            assert_eq!(answer, b"answer");
        };
        tokio::select! {
            biased;
            _ = &mut splicing => panic!("the caller has not closed its end"),
            () = answered => {}
        }
        assert_eq!(gate.fresh.load(Ordering::Relaxed), 0);
        drop(caller);
        assert_eq!(splicing.await, Ok(()));
    }
}
