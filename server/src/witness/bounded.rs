//! A plain listener that bounds how many callers it has and for how long: strangers reach it, and none of them has proved
//! anything yet.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use hotline_transport::{Gate, Pass};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    time::Sleep,
};

/// Connections at once; one address has at most half of them. 256: a witness knows at most 64 logs, each asks by one.
pub const PLACES: usize = 256;
/// How long one connection lasts, whatever it does. A call takes milliseconds and may take 10 s for its body;
/// whoever has more to ask calls again.
pub const LIFE: Duration = Duration::from_mins(1);
/// Wait after a failed accept: out of file descriptors, most likely. Trying on at once would only burn the processor.
const AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(50);

/// The listener.
#[derive(Debug)]
pub struct Bounded {
    inner: TcpListener,
    gate: Gate,
    life: Duration,
}

impl Bounded {
    /// Lets in at most `places` connections at once, each for at most `life`.
    #[must_use]
    pub fn new(inner: TcpListener, places: usize, life: Duration) -> Self {
        Self {
            inner,
            gate: Gate::new(places),
            life,
        }
    }
}

impl Listener for Bounded {
    type Io = Visit;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Visit, SocketAddr) {
        loop {
            match self.inner.accept().await {
                Ok((stream, from)) => {
                    // Who finds no place is closed at once: answering would cost what is lacking.
                    let Some(pass) = self.gate.enter(from.ip()) else {
                        continue;
                    };
                    let ends = Box::pin(tokio::time::sleep(self.life));
                    let visit = Visit {
                        stream,
                        ends,
                        _pass: pass,
                    };
                    return (visit, from);
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(AFTER_FAILED_ACCEPT).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

/// From where a caller calls.
#[derive(Clone, Copy, Debug)]
pub struct CallsFrom(pub SocketAddr);

impl Connected<IncomingStream<'_, Bounded>> for CallsFrom {
    fn connect_info(stream: IncomingStream<'_, Bounded>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// One connection. Its place is free again when it is dropped.
#[derive(Debug)]
pub struct Visit {
    stream: TcpStream,
    ends: Pin<Box<Sleep>>,
    _pass: Pass,
}

impl Visit {
    /// An error once the connection has lasted long enough.
    fn poll_over(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.ends.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the connection lasted too long",
            )),
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for Visit {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let visit = self.get_mut();
        visit.poll_over(context)?;
        Pin::new(&mut visit.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Visit {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let visit = self.get_mut();
        visit.poll_over(context)?;
        Pin::new(&mut visit.stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use std::net::Ipv4Addr;

    use axum::{Router, routing::get};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpSocket,
    };

    use super::*;

    async fn serving(places: usize, life: Duration) -> SocketAddr {
        let inner = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let at = inner.local_addr().unwrap();
        let router = Router::new()
            .route("/", get(async || "here"))
            .into_make_service_with_connect_info::<CallsFrom>();
        tokio::spawn(async move { axum::serve(Bounded::new(inner, places, life), router).await });
        at
    }

    async fn connect(from: [u8; 4], to: SocketAddr) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::from(from), 0).into()).unwrap();
        socket.connect(to).await.unwrap()
    }

    /// What comes back to a request, until the other end closes.
    async fn asked(mut stream: TcpStream) -> String {
        let _ = stream
            .write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }

    /// Waits until the other end has closed the connection, without a word.
    async fn is_closed(stream: &mut TcpStream) {
        let mut byte = [0];
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut byte)).await;
        assert!(matches!(read, Ok(Ok(0) | Err(_))), "{read:?}");
    }

    #[tokio::test]
    async fn callers_that_say_nothing_take_half_of_the_places_and_others_are_answered() {
        let at = serving(4, Duration::from_mins(5)).await;
        let first = connect([127, 0, 0, 1], at).await;
        let second = connect([127, 0, 0, 1], at).await;
        let mut third = connect([127, 0, 0, 1], at).await;
        is_closed(&mut third).await;
        assert!(asked(connect([127, 0, 0, 2], at).await).await.ends_with("here"));
        drop((first, second));
    }

    #[tokio::test]
    async fn a_caller_that_never_ends_its_request_is_closed_and_its_place_is_free_again() {
        let at = serving(2, Duration::from_millis(200)).await;
        let mut slow = connect([127, 0, 0, 1], at).await;
        slow.write_all(b"GET / HTTP/1.1\r\nHost: ").await.unwrap();
        is_closed(&mut slow).await;
        let mut answer = String::new();
        // The place is free a moment after its connection was closed.
        for _ in 0..100 {
            answer = asked(connect([127, 0, 0, 1], at).await).await;
            if answer.ends_with("here") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("no place: {answer}");
    }
}
