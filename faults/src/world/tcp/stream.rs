//! What a node holds of a byte stream: a connected end, and a listening port.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use hotline_transport::{BoxedStream, TcpAcceptor};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{CALLER, LISTENER, Listening};
use crate::world::{HostId, World};

/// A connected end. Dropping it ends both directions as a closed socket does.
#[derive(Debug)]
pub(in crate::world) struct SimStream {
    world: World,
    conn: u64,
    end: usize,
}

/// A listening port.
#[derive(Debug)]
pub(in crate::world) struct SimAcceptor {
    world: World,
    local: SocketAddr,
    number: u64,
}

impl World {
    pub(in crate::world) async fn connect(
        &self,
        host: HostId,
        from: SocketAddr,
        to: SocketAddr,
    ) -> io::Result<SimStream> {
        let conn = self.with(|state, now_ms| state.call(host, from, to, now_ms))?;
        let stream = SimStream {
            world: self.clone(),
            conn,
            end: CALLER,
        };
        poll_fn(|cx| {
            let mut state = self.lock();
            let Some(end) = state.end(conn, CALLER) else {
                return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
            };
            match end.check_open() {
                Ok(true) => Poll::Ready(Ok(())),
                Ok(false) => {
                    end.reader = Some(cx.waker().clone());
                    Poll::Pending
                }
                Err(error) => Poll::Ready(Err(error)),
            }
        })
        .await?;
        Ok(stream)
    }

    pub(in crate::world) fn listen(&self, local: SocketAddr) -> io::Result<SimAcceptor> {
        let mut state = self.lock();
        if state.listening.contains_key(&local) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let number = state.number();
        let listening = Listening {
            number,
            waiting: Default::default(),
            acceptor: None,
        };
        state.listening.insert(local, listening);
        drop(state);
        Ok(SimAcceptor {
            world: self.clone(),
            local,
            number,
        })
    }
}

impl TcpAcceptor for SimAcceptor {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.local)
    }

    fn accept(&mut self) -> BoxFuture<'_, io::Result<(BoxedStream, SocketAddr)>> {
        let (world, local, number) = (self.world.clone(), self.local, self.number);
        Box::pin(poll_fn(move |cx| {
            let mut state = world.lock();
            let Some(listening) = state
                .listening
                .get_mut(&local)
                .filter(|listening| listening.number == number)
            else {
                // Its node is dead.
                return Poll::Pending;
            };
            match listening.waiting.pop_front() {
                Some((conn, from)) => {
                    let stream = SimStream {
                        world: world.clone(),
                        conn,
                        end: LISTENER,
                    };
                    Poll::Ready(Ok((Box::new(stream) as BoxedStream, from)))
                }
                None => {
                    listening.acceptor = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        }))
    }
}

impl Drop for SimAcceptor {
    fn drop(&mut self) {
        let mut state = self.world.lock();
        let ours = |listening: &Listening| listening.number == self.number;
        if state.listening.get(&self.local).is_some_and(ours) {
            state.listening.remove(&self.local);
        }
    }
}

impl AsyncRead for SimStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut state = self.world.lock();
        let Some(end) = state.end(self.conn, self.end) else {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        };
        match end.read(buf.remaining(), |part| buf.put_slice(part)) {
            Ok(Some(_)) => Poll::Ready(Ok(())),
            Ok(None) => {
                end.reader = Some(cx.waker().clone());
                Poll::Pending
            }
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

impl AsyncWrite for SimStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.world.with(|state, now_ms| {
            let Some(end) = state.end(self.conn, self.end) else {
                return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
            };
            end.begins_to_wait(now_ms);
            match end.write(bytes) {
                Ok(Some(taken)) => {
                    state.pump(self.conn, self.end, now_ms);
                    Poll::Ready(Ok(taken))
                }
                Ok(None) => {
                    end.writer = Some(cx.waker().clone());
                    Poll::Pending
                }
                Err(error) => Poll::Ready(Err(error)),
            }
        })
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.world.with(|state, now_ms| {
            if let Some(end) = state.end(self.conn, self.end) {
                end.begins_to_wait(now_ms);
                end.finish();
                state.pump(self.conn, self.end, now_ms);
            }
        });
        Poll::Ready(Ok(()))
    }
}

impl Drop for SimStream {
    fn drop(&mut self) {
        self.world.with(|state, now_ms| {
            if let Some(end) = state.end(self.conn, self.end) {
                end.held = false;
                end.begins_to_wait(now_ms);
                if end.is_opening() {
                    end.breaks(io::ErrorKind::ConnectionAborted);
                } else {
                    end.finish();
                    state.pump(self.conn, self.end, now_ms);
                }
            }
            state.tidy(self.conn);
        });
    }
}
