//! A QUIC connection to one relay, and the lanes on it.
//!
//! Each lane is a stream of its own: under loss and a bulk upload, pings that shared the stream stalled for seconds,
//! pings with a stream of their own for tenths. The control lane's packets also leave first.

use std::sync::Arc;
use std::time::Duration;

use hotline_core::identity::Identity;
use hotline_core::leg::Lane;
use quinn::{Connection, ConnectionError};

use super::ended::{EndSignal, Ended};
use super::lane::LaneChannel;
use super::{Dialer, Met};
use crate::certificate::shown;
use crate::conn::{PeerInfo, QuicStream};
use crate::quic::CloseCode;
use crate::refusal::Refusal;

/// One QUIC connection to a relay. Dropping it closes it, with all its lanes.
#[derive(Debug)]
pub struct QuicLeg {
    pub(super) line: Arc<QuicLine>,
}

/// What a leg and its lanes share.
#[derive(Debug)]
pub(super) struct QuicLine {
    dialer: Dialer,
    met: Met,
    expected: Identity,
    /// Kept until the end: an endpoint that is dropped early says no goodbye.
    _endpoint: quinn::Endpoint,
    connection: Connection,
    end: EndSignal,
    why_by_us: std::sync::OnceLock<String>,
}

/// What QUIC measured on a leg, for screens and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LegStats {
    /// Smoothed round trip.
    pub round_trip: Duration,
    /// Packets sent.
    pub packets_sent: u64,
    /// Packets lost, by QUIC's reckoning.
    pub packets_lost: u64,
    /// Times the path was found congested.
    pub congestions: u64,
    /// Times large packets were found to vanish.
    pub black_holes: u64,
    /// Bytes in the largest packet the path takes now.
    pub mtu_bytes: u16,
}

impl QuicLeg {
    pub(super) fn new(
        dialer: &Dialer,
        met: Met,
        endpoint: quinn::Endpoint,
        connection: Connection,
        expected: &Identity,
    ) -> Self {
        let line = Arc::new(QuicLine {
            dialer: dialer.clone(),
            met,
            expected: expected.clone(),
            _endpoint: endpoint,
            connection,
            end: EndSignal::default(),
            why_by_us: std::sync::OnceLock::new(),
        });
        let watched = Arc::clone(&line);
        dialer.seams().spawner.spawn("leg", async move {
            let error = watched.connection.closed().await;
            watched.end_with(&error);
        });
        Self { line }
    }

    /// Opens a lane: a stream that carries HTTP/2.
    ///
    /// # Errors
    /// How the connection ended, if it has.
    pub async fn lane(&self, lane: Lane) -> Result<LaneChannel, Ended> {
        let line = &self.line;
        let opened = tokio::time::timeout(line.dialer.timings().handshake, line.connection.open_bi());
        let stream = match opened.await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(line.end_with(&error)),
            Err(_) => {
                return Err(Ended::Lost {
                    detail: "the relay grants no further stream".to_owned(),
                });
            }
        };
        // Fails only on a stream that is closed already; its first use will say so.
        let _ = stream.0.set_priority(urgency(lane));
        LaneChannel::over_quic(Arc::clone(line), QuicStream::new(stream), lane).await
    }

    /// Waits until the connection ends, and says why.
    pub async fn closed(&self) -> Ended {
        self.line.closed().await
    }

    /// Why it ended, if it has.
    #[must_use]
    pub fn ended(&self) -> Option<Ended> {
        self.line.ended()
    }

    /// The refusal it ended in, if it did. Read it after any failed call.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        self.ended().and_then(|ended| ended.refusal().cloned())
    }

    /// The relay at the other end.
    #[must_use]
    pub fn peer(&self) -> &PeerInfo {
        &self.line.met.info
    }

    /// What QUIC measured so far.
    #[must_use]
    pub fn stats(&self) -> LegStats {
        let path = self.line.connection.stats().path;
        LegStats {
            round_trip: path.rtt,
            packets_sent: path.sent_packets,
            packets_lost: path.lost_packets,
            congestions: path.congestion_events,
            black_holes: path.black_holes_detected,
            mtu_bytes: path.current_mtu,
        }
    }

    /// Judges the relay's certificate again, by the trust of now. Close the leg if it fails. Dates alone end nothing.
    ///
    /// # Errors
    /// The [`Refusal`] that a new dial would end in.
    pub fn still_trusted(&self) -> Result<(), Box<Refusal>> {
        self.line.still_trusted()
    }

    /// Closes the connection with all its lanes.
    pub fn close(&self, why: &str) {
        self.line.close(why);
    }
}

impl Drop for QuicLeg {
    fn drop(&mut self) {
        self.line.close("the leg is no longer needed");
    }
}

impl QuicLine {
    pub(super) fn info(&self) -> &PeerInfo {
        &self.met.info
    }

    pub(super) fn dialer(&self) -> &Dialer {
        &self.dialer
    }

    pub(super) fn met(&self) -> &Met {
        &self.met
    }

    pub(super) async fn open(&self) -> std::io::Result<(quinn::SendStream, quinn::RecvStream)> {
        Ok(self.connection.open_bi().await?)
    }

    pub(super) async fn closed(&self) -> Ended {
        self.end.wait().await
    }

    pub(super) fn ended(&self) -> Option<Ended> {
        // quinn may know before the watching task has run.
        self.end
            .get()
            .or_else(|| self.connection.close_reason().map(|error| self.end_with(&error)))
    }

    pub(super) fn still_trusted(&self) -> Result<(), Box<Refusal>> {
        still_trusted(&self.dialer, &self.met, &self.expected)
    }

    fn close(&self, why: &str) {
        if self.connection.close_reason().is_none() {
            // The first reason stands.
            let _ = self.why_by_us.set(why.to_owned());
            self.connection.close(CloseCode::Ending.to_wire(), why.as_bytes());
        }
    }

    /// Settles why it ended, once, and records a refusal, once.
    fn end_with(&self, error: &ConnectionError) -> Ended {
        let ended = self.cause(error);
        if self.end.tell(ended.clone()) {
            if let Some(refusal) = ended.refusal() {
                self.dialer.refusals().record(refusal);
            }
            return ended;
        }
        self.end.get().unwrap_or(ended)
    }

    fn cause(&self, error: &ConnectionError) -> Ended {
        if let Some(refusal) = self.met.scene.quic(error, self.dialer.seams().clock.wall()) {
            return Ended::Refused(Box::new(refusal));
        }
        match error {
            ConnectionError::LocallyClosed => Ended::ByUs {
                why: self
                    .why_by_us
                    .get()
                    .cloned()
                    .unwrap_or_else(|| "closed".to_owned()),
            },
            ConnectionError::ApplicationClosed(close) => Ended::ByPeer {
                why: shown(&String::from_utf8_lossy(&close.reason)),
            },
            ConnectionError::TimedOut => Ended::Silent,
            ConnectionError::Reset => Ended::Lost {
                detail: "the relay has restarted".to_owned(),
            },
            ConnectionError::VersionMismatch
            | ConnectionError::TransportError(_)
            | ConnectionError::ConnectionClosed(_)
            | ConnectionError::CidsExhausted => Ended::Lost {
                detail: shown(&error.to_string()),
            },
        }
    }
}

pub(super) fn still_trusted(dialer: &Dialer, met: &Met, expected: &Identity) -> Result<(), Box<Refusal>> {
    let judged = dialer.tls().judge(expected).judge_live(&met.peer);
    judged.map_err(|objection| {
        let now = dialer.seams().clock.wall();
        let refusal = Box::new(met.scene.objection(&objection, now));
        dialer.refusals().record(&refusal);
        refusal
    })
}

/// Which stream's packets leave first.
const fn urgency(lane: Lane) -> i32 {
    match lane {
        Lane::Control => 2,
        Lane::Message => 1,
        Lane::Bulk => 0,
    }
}
