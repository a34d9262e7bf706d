//! UDP sockets of the world, as quinn takes them.

use std::collections::VecDeque;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, UdpPoller};

use super::World;

/// Datagrams that wait to be read. 1,024: a real socket buffer of some 200 KiB holds fewer.
const INBOX_MAX: usize = 1024;

/// A bound port.
pub(super) struct Port {
    pub(super) number: u64,
    inbox: VecDeque<(SocketAddr, Bytes)>,
    reader: Option<Waker>,
}

impl Port {
    pub(super) fn new(number: u64) -> Self {
        Self {
            number,
            inbox: VecDeque::new(),
            reader: None,
        }
    }

    pub(super) fn take(&mut self, from: SocketAddr, bytes: Bytes) {
        if self.inbox.len() < INBOX_MAX {
            self.inbox.push_back((from, bytes));
        }
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

/// A node's socket. When its node has died it neither sends nor receives, and says nothing.
#[derive(Debug)]
pub(super) struct SimUdp {
    pub(super) world: World,
    pub(super) local: SocketAddr,
    pub(super) number: u64,
}

#[derive(Debug)]
struct AlwaysWritable;

impl UdpPoller for AlwaysWritable {
    fn poll_writable(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncUdpSocket for SimUdp {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(AlwaysWritable)
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let segment = transmit.segment_size.unwrap_or(transmit.contents.len()).max(1);
        self.world.with(|state, now_ms| {
            let ours = state
                .ports
                .get(&self.local)
                .is_some_and(|port| port.number == self.number);
            if ours {
                for datagram in transmit.contents.chunks(segment) {
                    state.datagram(self.local, transmit.destination, datagram, now_ms);
                }
            }
        });
        Ok(())
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let mut state = self.world.lock();
        let Some(port) = state
            .ports
            .get_mut(&self.local)
            .filter(|port| port.number == self.number)
        else {
            return Poll::Pending;
        };
        let mut count = 0;
        for (buffer, meta) in bufs.iter_mut().zip(meta.iter_mut()) {
            let Some((addr, bytes)) = port.inbox.pop_front() else {
                break;
            };
            let len = bytes.len().min(buffer.len());
            buffer[..len].copy_from_slice(&bytes[..len]);
            *meta = RecvMeta {
                addr,
                len,
                stride: len,
                ecn: None,
                dst_ip: Some(self.local.ip()),
            };
            count += 1;
        }
        if count == 0 {
            port.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Ok(count))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.local)
    }

    fn may_fragment(&self) -> bool {
        false
    }
}

impl Drop for SimUdp {
    fn drop(&mut self) {
        let mut state = self.world.lock();
        if state
            .ports
            .get(&self.local)
            .is_some_and(|port| port.number == self.number)
        {
            state.ports.remove(&self.local);
        }
    }
}
