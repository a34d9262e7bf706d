//! One accepted connection, whichever door it came through: bytes both ways, and whose they are.
//!
//! tonic serves a [`Conn`] and puts its [`PeerInfo`] into every request. On TCP a `Conn` is one TLS session; on QUIC
//! it is one stream, and the streams of one QUIC connection share one [`ConnectionNumber`].

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hotline_core::identity::Identity;
use hotline_core::leg::Door;
use quinn::{RecvStream, SendStream, VarInt};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::WaitForCancellationFutureOwned;
use tonic::transport::server::Connected;

use crate::agreed::KeyExchange;
use crate::certificate::CertificateSummary;
use crate::connections::Admitted;
use crate::seams::BoxedStream;

/// A connection's number, counted by the listener or dialer it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionNumber(pub(crate) u64);

/// Who is at the other end. Its certificate was judged when the connection was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerInfo {
    /// The one name in its certificate.
    pub identity: Identity,
    /// The door it came through.
    pub door: Door,
    /// How the keys of the connection were agreed.
    pub key_exchange: KeyExchange,
    /// Its address when it came; QUIC peers may move later.
    pub remote: SocketAddr,
    /// What its certificate says.
    pub certificate: Arc<CertificateSummary>,
    /// Which connection this is.
    pub connection: ConnectionNumber,
}

/// An accepted, judged connection. Ends with an error as soon as its identity is closed.
pub struct Conn {
    io: BoxedStream,
    admitted: Arc<Admitted>,
    killed: Pin<Box<WaitForCancellationFutureOwned>>,
}

// === impl ConnectionNumber ===

impl fmt::Display for ConnectionNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

// === impl Conn ===

impl Conn {
    pub(crate) fn new(io: BoxedStream, admitted: Arc<Admitted>) -> Self {
        let killed = Box::pin(admitted.kill().clone().cancelled_owned());
        Self { io, admitted, killed }
    }

    /// Who is at the other end.
    #[must_use]
    pub fn peer(&self) -> &PeerInfo {
        self.admitted.info()
    }

    fn check(&self) -> io::Result<()> {
        if self.admitted.kill().is_cancelled() {
            Err(closed_here())
        } else {
            Ok(())
        }
    }
}

fn closed_here() -> io::Error {
    io::Error::new(
        io::ErrorKind::ConnectionAborted,
        "this node closed the connection",
    )
}

impl fmt::Debug for Conn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conn")
            .field("peer", self.peer())
            .finish_non_exhaustive()
    }
}

impl Connected for Conn {
    type ConnectInfo = PeerInfo;

    fn connect_info(&self) -> PeerInfo {
        self.peer().clone()
    }
}

impl AsyncRead for Conn {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // Whoever reads is woken by the kill as well: an idle session dies as fast as a busy one.
        if self.killed.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(closed_here()));
        }
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Conn {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// A QUIC stream as one byte stream.
///
/// quinn *finishes* a send stream that is dropped, so that an aborted answer would look complete to the peer. Here
/// only a shutdown finishes; a drop without one resets.
pub(crate) struct QuicStream {
    send: SendStream,
    recv: RecvStream,
    finished: bool,
}

/// Tells the peer that the stream was abandoned, not completed.
const ABANDONED: VarInt = VarInt::from_u32(1);

impl QuicStream {
    pub(crate) fn new((send, recv): (SendStream, RecvStream)) -> Self {
        Self {
            send,
            recv,
            finished: false,
        }
    }
}

impl AsyncRead for QuicStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        AsyncRead::poll_read(Pin::new(&mut self.recv), cx, buf)
    }
}

impl AsyncWrite for QuicStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        AsyncWrite::poll_write(Pin::new(&mut self.send), cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        AsyncWrite::poll_flush(Pin::new(&mut self.send), cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = AsyncWrite::poll_shutdown(Pin::new(&mut self.send), cx);
        if matches!(shut, Poll::Ready(Ok(()))) {
            self.finished = true;
        }
        shut
    }
}

impl Drop for QuicStream {
    fn drop(&mut self) {
        if !self.finished {
            // Both fail only when the stream is already closed, which is what they are for.
            let _ = self.send.reset(ABANDONED);
            let _ = self.recv.stop(ABANDONED);
        }
    }
}
