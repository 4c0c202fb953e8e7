//! A stream that gives bytes again that were read of it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The stream, and the bytes that come before it.
pub(super) struct Rewound<S> {
    held: Vec<u8>,
    /// How many of the held bytes were read again.
    read: usize,
    stream: S,
}

impl<S> Rewound<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            held: Vec::new(),
            read: 0,
            stream,
        }
    }

    /// Puts bytes that were read of the stream back in front of it.
    pub(super) fn rewind(&mut self, mut bytes: Vec<u8>) {
        bytes.extend_from_slice(&self.held[self.read..]);
        self.held = bytes;
        self.read = 0;
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Rewound<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.held.is_empty() {
            return Pin::new(&mut this.stream).poll_read(cx, buffer);
        }
        let rest = &this.held[this.read..];
        let count = rest.len().min(buffer.remaining());
        buffer.put_slice(&rest[..count]);
        this.read += count;
        if this.read == this.held.len() {
            // So thousands of idle connections hold no memory.
            this.held = Vec::new();
            this.read = 0;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Rewound<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn what_was_read_is_read_again_before_what_follows() {
        let (mut writer, stream) = duplex(64);
        let mut rewound = Rewound::new(stream);
        writer.write_all(b"onetwothree").await.unwrap();
        drop(writer);
        let mut first = vec![0; 6];
        rewound.read_exact(&mut first).await.unwrap();
        rewound.rewind(first[3..].to_vec());
        rewound.rewind(first[..3].to_vec());
        let mut all = String::new();
        rewound.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "onetwothree");
    }
}
