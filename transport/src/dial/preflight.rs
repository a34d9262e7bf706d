//! Read first: waits until the peer has really let us in.
//!
//! After the handshake the client's HTTP/2 preface is sent and the first byte of the answer awaited. A relay that
//! accepts our certificate speaks at once; one that does not sends its alert or close instead, which is the reason.
//! For diagnosis and first connects; the daily proof is the session hello.

use std::net::SocketAddr;
use std::time::Duration;

use hotline_core::identity::Identity;
use hotline_core::leg::Door;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::leg::QuicLeg;
use super::{Dialer, Met};
use crate::conn::{PeerInfo, QuicStream};
use crate::refusal::{By, Reason, Refusal};

/// A door that let us in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preflight {
    /// Who is behind it.
    pub peer: PeerInfo,
    /// How long the handshake took.
    pub handshake: Duration,
    /// How long after it the peer spoke.
    pub first_word: Duration,
}

/// HTTP/2's client preface and an empty SETTINGS frame (RFC 9113 §3.4).
const HELLO: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";

impl Dialer {
    /// Dials a door and waits for the peer's first word, at most `timings.handshake` each.
    ///
    /// # Errors
    /// The [`Refusal`] of either side, recorded.
    pub async fn preflight(
        &self,
        door: Door,
        to: SocketAddr,
        expected: &Identity,
    ) -> Result<Preflight, Box<Refusal>> {
        let begin = self.seams.clock.line();
        match door {
            Door::Quic => {
                let leg = self.quic(to, expected).await?;
                let shaken = self.seams.clock.line();
                self.first_word_quic(&leg).await?;
                Ok(self.passed(leg.peer(), begin, shaken))
            }
            Door::Tcp => {
                let (met, session) = self.tcp_session(to, expected).await?;
                let shaken = self.seams.clock.line();
                self.first_word_tcp(&met, session).await?;
                Ok(self.passed(&met.info, begin, shaken))
            }
        }
    }

    fn passed(
        &self,
        peer: &PeerInfo,
        begin: hotline_core::time::LineTime,
        shaken: hotline_core::time::LineTime,
    ) -> Preflight {
        let spoken = self.seams.clock.line();
        Preflight {
            peer: peer.clone(),
            handshake: shaken.since(begin),
            first_word: spoken.since(shaken),
        }
    }

    async fn first_word_quic(&self, leg: &QuicLeg) -> Result<(), Box<Refusal>> {
        let line = &leg.line;
        let spoken = async {
            let stream = line.open().await?;
            listen_for_word(QuicStream::new(stream)).await
        };
        let Err(error) = self.within(spoken).await else {
            return Ok(());
        };
        if let Some(refusal) = leg.refusal() {
            return Err(Box::new(refusal));
        }
        Err(self.no_word(line.met(), &error))
    }

    async fn first_word_tcp(
        &self,
        met: &Met,
        session: impl AsyncRead + AsyncWrite + Unpin,
    ) -> Result<(), Box<Refusal>> {
        let Err(error) = self.within(listen_for_word(session)).await else {
            return Ok(());
        };
        Err(self.no_word(met, &error))
    }

    async fn within(&self, word: impl Future<Output = std::io::Result<()>>) -> std::io::Result<()> {
        let limit = self.timings.handshake;
        tokio::time::timeout(limit, word)
            .await
            .unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
    }

    fn no_word(&self, met: &Met, error: &std::io::Error) -> Box<Refusal> {
        let at = self.seams.clock.wall();
        let refusal = if error.kind() == std::io::ErrorKind::TimedOut {
            met.scene.refusal(
                By::Network,
                Reason::HandshakeTimeout {
                    limit: self.timings.handshake,
                },
                None,
                at,
            )
        } else {
            met.scene.tcp(error, at)
        };
        self.refusals.record(&refusal);
        Box::new(refusal)
    }
}

async fn listen_for_word(mut io: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
    // A failed write is not the answer yet: the alert that explains it is read below.
    let wrote = async {
        io.write_all(HELLO).await?;
        io.flush().await
    }
    .await;
    match io.read_u8().await {
        Ok(_) => Ok(()),
        Err(error) if error.get_ref().is_some() => Err(error),
        Err(error) => Err(wrote.err().unwrap_or(error)),
    }
}
