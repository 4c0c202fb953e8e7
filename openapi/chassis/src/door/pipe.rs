//! Copies bytes in one direction as they come. A pipe needs no task and no timer, and no buffer
//! unless bytes are held up.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How many bytes are read at once: as many as a TLS record holds.
const CHUNK: usize = 16 * 1024;

thread_local! {
    /// Holds the bytes between two sockets. All connections of a thread share it, as the thread
    /// serves one at a time. So thousands of idle connections hold no memory.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; CHUNK].into());
}

/// One direction of a connection.
pub(super) struct Pipe {
    /// How many bytes the pipe may still read.
    credit: usize,
    /// The bytes that were read and could not be written yet.
    held: Vec<u8>,
    /// How many of the held bytes were written.
    written: usize,
    /// Whether something was written that is not flushed yet.
    unflushed: bool,
    /// Whether the source has ended.
    ended: bool,
    /// Whether the sink takes no more. Further bytes are thrown away.
    deaf: bool,
    /// How often something was read.
    pub moves: u64,
}

/// Why a direction failed.
pub(super) enum Broken {
    /// Reading failed.
    Source,
    /// Writing failed.
    Sink,
}

impl Pipe {
    /// A pipe that writes `held` first, and may then read `credit` bytes.
    pub(super) fn holding(held: Vec<u8>, credit: usize) -> Self {
        Self {
            credit,
            held,
            written: 0,
            unflushed: false,
            ended: false,
            deaf: false,
            moves: 0,
        }
    }

    /// A pipe that reads without a limit.
    pub(super) fn unbounded() -> Self {
        Self::holding(Vec::new(), usize::MAX)
    }

    /// Lets the pipe read this many bytes from now on. Returns true if it could read nothing
    /// before, so that the caller must poll it again.
    pub(super) fn grant(&mut self, credit: usize) -> bool {
        // Bytes that are thrown away take no memory, so a deaf pipe keeps its credit.
        !self.deaf && std::mem::replace(&mut self.credit, credit) == 0
    }

    /// Throws away the held bytes, and all that are read from now on.
    pub(super) fn turn_deaf(&mut self) {
        self.deaf = true;
        self.credit = usize::MAX;
        self.held = Vec::new();
        self.written = 0;
    }

    /// Copies the bytes that are there. Ready when the source has ended and the sink was shut down.
    /// A deaf pipe leaves the sink alone.
    pub(super) fn poll<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut R,
        sink: &mut W,
    ) -> Poll<Result<(), Broken>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        SCRATCH.with_borrow_mut(|scratch| self.poll_with(cx, source, sink, scratch))
    }

    fn poll_with<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut R,
        sink: &mut W,
        scratch: &mut [u8],
    ) -> Poll<Result<(), Broken>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        loop {
            ready!(self.poll_held(cx, sink)).map_err(|_| Broken::Sink)?;
            if self.ended {
                if !self.deaf {
                    ready!(Pin::new(&mut *sink).poll_shutdown(cx)).map_err(|_| Broken::Sink)?;
                }
                return Poll::Ready(Ok(()));
            }
            let room = scratch.len().min(self.credit);
            let mut buffer = ReadBuf::new(&mut scratch[..room]);
            let polled = match room {
                // Only `grant` makes the pipe go on.
                0 => Poll::Pending,
                _ => Pin::new(&mut *source).poll_read(cx, &mut buffer),
            };
            match polled {
                Poll::Pending => {
                    if self.unflushed {
                        ready!(Pin::new(&mut *sink).poll_flush(cx)).map_err(|_| Broken::Sink)?;
                        self.unflushed = false;
                    }
                    return Poll::Pending;
                }
                Poll::Ready(Err(_)) => return Poll::Ready(Err(Broken::Source)),
                Poll::Ready(Ok(())) => {}
            }
            let read = buffer.filled();
            self.moves += 1;
            self.credit -= read.len();
            if read.is_empty() {
                self.ended = true;
            } else if !self.deaf {
                self.unflushed = true;
                let taken = match Pin::new(&mut *sink).poll_write(cx, read) {
                    Poll::Ready(Ok(taken)) => taken,
                    Poll::Ready(Err(_)) => return Poll::Ready(Err(Broken::Sink)),
                    Poll::Pending => 0,
                };
                if taken < read.len() {
                    self.held.extend_from_slice(&read[taken..]);
                }
            }
        }
    }

    /// Writes the held bytes.
    fn poll_held<W: AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        sink: &mut W,
    ) -> Poll<io::Result<()>> {
        while self.written < self.held.len() {
            let rest = &self.held[self.written..];
            match ready!(Pin::new(&mut *sink).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.written += written,
            }
            self.unflushed = true;
        }
        if self.written > 0 {
            self.held = Vec::new();
            self.written = 0;
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn everything_comes_through_a_narrow_sink() {
        let (mut writer, mut source) = duplex(64 * 1024);
        let (mut sink, mut reader) = duplex(7);
        let sent: Vec<u8> = (0..100_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let expected = [b"first".as_slice(), &sent].concat();
        let copied = async {
            let mut pipe = Pipe::holding(b"first".to_vec(), usize::MAX);
            poll_fn(|cx| pipe.poll(cx, &mut source, &mut sink))
                .await
                .is_ok()
        };
        let write = async move {
            writer.write_all(&sent).await.unwrap();
            drop(writer);
        };
        let mut read = Vec::new();
        let (copied, (), end) = tokio::join!(copied, write, reader.read_to_end(&mut read));
        end.unwrap();
        assert!(copied);
        assert!(
            read == expected,
            "{} bytes of {}",
            read.len(),
            expected.len()
        );
    }

    #[tokio::test]
    async fn a_sink_that_is_gone_is_told_from_a_source_that_is() {
        let (mut writer, mut source) = duplex(64);
        let (mut sink, reader) = duplex(64);
        drop(reader);
        writer.write_all(b"x").await.unwrap();
        let mut pipe = Pipe::unbounded();
        let end = poll_fn(|cx| pipe.poll(cx, &mut source, &mut sink)).await;
        assert!(matches!(end, Err(Broken::Sink)));
        pipe.turn_deaf();
        writer.write_all(b"more").await.unwrap();
        drop(writer);
        let end = poll_fn(|cx| pipe.poll(cx, &mut source, &mut sink)).await;
        assert!(end.is_ok());
    }

    #[tokio::test]
    async fn no_more_is_read_than_was_granted() {
        let (mut writer, mut source) = duplex(64);
        let (mut sink, mut reader) = duplex(64);
        writer.write_all(b"0123456789").await.unwrap();
        drop(writer);
        let mut pipe = Pipe::holding(Vec::new(), 4);
        let mut read = [0; 4];
        for expected in [b"0123", b"4567"] {
            let polled = poll_fn(|cx| Poll::Ready(pipe.poll(cx, &mut source, &mut sink)));
            assert!(polled.await.is_pending());
            reader.read_exact(&mut read).await.unwrap();
            assert_eq!(&read, expected);
            assert!(pipe.grant(4), "it waits for that");
        }
        let end = poll_fn(|cx| pipe.poll(cx, &mut source, &mut sink)).await;
        assert!(end.is_ok());
        assert!(!pipe.grant(4));
    }
}
