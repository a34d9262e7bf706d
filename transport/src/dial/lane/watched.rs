//! A lane's bytes on their way, and the end of them.
//!
//! HTTP/2 reads, writes and gives up without telling anyone above why. Here the end is seen where it happens: the
//! alert that was read, the close, the write that failed while the reason lay unread, the silence.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hotline_core::time::LineTime;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::super::ended::Ended;
use super::{Carrier, LaneLine};
use crate::refusal::origin::tls_error_in;

/// The lane's bytes, and the end of them.
pub(super) struct Watched<S: AsyncRead + AsyncWrite + Unpin> {
    io: S,
    line: Arc<LaneLine>,
    heard: LineTime,
    closing: Pin<Box<WaitForCancellationFutureOwned>>,
}

/// Reads after a failed write that look for the alert which explains it. An alert is one record; the rest is bytes
/// that nobody will ask for any more.
const READS_FOR_ALERT: usize = 64;

impl<S: AsyncRead + AsyncWrite + Unpin> Watched<S> {
    pub(super) fn new(io: S, line: Arc<LaneLine>) -> Self {
        let heard = line.line_now();
        let closing = Box::pin(line.close.clone().cancelled_owned());
        Self {
            io,
            line,
            heard,
            closing,
        }
    }

    /// A write fails with "broken pipe" while the reason lies unread in the receive buffer: read it.
    fn write_failed(&mut self, cx: &mut Context<'_>, error: io::Error) -> io::Error {
        let mut scratch = [0_u8; 1024];
        for _ in 0..READS_FOR_ALERT {
            let mut buffer = ReadBuf::new(&mut scratch);
            match Pin::new(&mut self.io).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {}
                Poll::Ready(Err(cause)) if tls_error_in(&cause).is_some() => {
                    self.line.failed(&cause);
                    return error;
                }
                Poll::Ready(_) | Poll::Pending => break,
            }
        }
        self.line.failed(&error);
        error
    }

    fn check(&self) -> io::Result<()> {
        if self.line.close.is_cancelled() {
            self.line.tell(&self.line.by_us());
            return Err(io::Error::new(
                io::ErrorKind::ConnectionAborted,
                "we closed this lane",
            ));
        }
        Ok(())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.closing.as_mut().poll(cx).is_ready() {
            self.check()?;
        }
        let before = buf.filled().len();
        let read = ready!(Pin::new(&mut self.io).poll_read(cx, buf));
        match &read {
            Ok(()) if buf.filled().len() > before => self.heard = self.line.line_now(),
            Ok(()) if buf.remaining() == 0 => {}
            Ok(()) => self.line.tell(&Ended::ByPeer {
                why: "it ended the stream".to_owned(),
            }),
            Err(error) => self.line.failed(error),
        }
        Poll::Ready(read)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        match ready!(Pin::new(&mut self.io).poll_write(cx, buf)) {
            Ok(written) => Poll::Ready(Ok(written)),
            Err(error) => Poll::Ready(Err(self.write_failed(cx, error))),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        match ready!(Pin::new(&mut self.io).poll_flush(cx)) {
            Ok(()) => Poll::Ready(Ok(())),
            Err(error) => Poll::Ready(Err(self.write_failed(cx, error))),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Drop for Watched<S> {
    fn drop(&mut self) {
        // HTTP/2 gave the bytes up without an error from below. Either it waited in vain for the answer to a ping, or
        // nobody holds the lane any more, or the peer said goodbye (GOAWAY) and all calls were done.
        let line = &self.line;
        let silence = line.line_now().since(self.heard);
        let pinged = match &line.carrier {
            Carrier::Tcp(tcp) => silence >= tcp.dialer.timings().tcp_ping_answer,
            Carrier::Quic(_) => false,
        };
        let still_held = Arc::strong_count(line) > 1;
        let ended = if line.close.is_cancelled() || !still_held {
            line.by_us()
        } else if pinged {
            Ended::Silent
        } else {
            Ended::ByPeer {
                why: "it said goodbye (HTTP/2 GOAWAY)".to_owned(),
            }
        };
        line.tell(&ended);
    }
}
