//! A line that is cut without a word: both doors notice, and call it silence.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hotline_core::leg::{Door, Lane};
use hotline_transport::{Ended, Permanence};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use crate::stage::{Held, Stage, eventually, soon};

/// Passes everything on until it is cut, and then nothing, without closing anything.
#[derive(Clone, Default)]
struct Cable {
    cut: Arc<AtomicBool>,
}

impl Cable {
    async fn tcp(&self, to: SocketAddr) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let cable = self.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(to).await.unwrap();
                let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                tokio::spawn(cable.clone().pump(near_in, far_out));
                tokio::spawn(cable.clone().pump(far_in, near_out));
            }
        });
        address
    }

    async fn pump(self, mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
        let mut bytes = vec![0; 16 * 1024];
        while let Ok(length) = from.read(&mut bytes).await {
            if self.cut.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            if length == 0 || to.write_all(&bytes[..length]).await.is_err() {
                return;
            }
        }
    }

    async fn udp(&self, to: SocketAddr) -> SocketAddr {
        let middle = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = middle.local_addr().unwrap();
        let cable = self.clone();
        tokio::spawn(async move {
            let mut bytes = vec![0; 64 * 1024];
            let mut near = None;
            while let Ok((length, from)) = middle.recv_from(&mut bytes).await {
                if cable.cut.load(Ordering::SeqCst) {
                    continue;
                }
                let next = if from == to {
                    near
                } else {
                    near.replace(from).map_or(Some(to), |_| Some(to))
                };
                if let Some(next) = next {
                    middle.send_to(&bytes[..length], next).await.unwrap();
                }
            }
        });
        address
    }
}

#[tokio::test]
async fn a_cut_line_is_noticed_at_both_doors_and_called_silence() {
    let stage = Stage::new();
    let relay = stage.relay().await;
    for door in Door::ALL {
        let cable = Cable::default();
        let desk = stage.desk();
        let held = match door {
            Door::Quic => {
                let leg = desk
                    .quic(cable.udp(relay.doors.quic).await, &relay.identity)
                    .await
                    .unwrap();
                Held {
                    lane: leg.lane(Lane::Control).await.unwrap(),
                    leg: Some(leg),
                }
            }
            Door::Tcp => {
                let through = cable.tcp(relay.doors.tcp).await;
                Held {
                    lane: desk.tcp(through, &relay.identity, Lane::Control).await.unwrap(),
                    leg: None,
                }
            }
        };
        held.seen().await;
        // An idle line stays up: something is always sent.
        tokio::time::sleep(Duration::from_millis(1800)).await;
        assert_eq!(held.lane.ended(), None, "{door}");
        held.seen().await;
        cable.cut.store(true, Ordering::SeqCst);
        let ended = tokio::time::timeout(Duration::from_millis(2500), held.lane.closed())
            .await
            .unwrap();
        assert_eq!(ended, Ended::Silent, "{door}");
        assert_eq!(ended.permanence(), Permanence::Temporary);
    }
    // The relay sweeps up what was cut, too.
    eventually(|| {
        let doors: Vec<Door> = relay.connections.list().iter().map(|peer| peer.door).collect();
        (!doors.contains(&Door::Quic)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_lane_that_was_let_go_was_ended_by_us() {
    let stage = Stage::new();
    let relay = stage.relay().await;
    for door in Door::ALL {
        let held = relay.dialled_by(&stage.desk(), door).await.unwrap();
        held.seen().await;
        let watcher = held.lane.clone();
        held.lane.close("changing watch");
        assert_eq!(
            soon(watcher.closed()).await,
            Ended::ByUs {
                why: "changing watch".to_owned()
            },
            "{door}"
        );
        if let Some(leg) = &held.leg {
            assert_eq!(leg.ended(), None, "closing a lane leaves its leg");
            leg.close("going home");
            assert_eq!(
                soon(leg.closed()).await,
                Ended::ByUs {
                    why: "going home".to_owned()
                }
            );
        }
    }
}
