//! One lane: an HTTP/2 connection that dies once and says why.
//!
//! gRPC hides the end of its connection behind status codes that lie (a refused certificate reads `Cancelled`). So the
//! bytes pass through [`Watched`], which sees the end itself: the TLS alert, the close, the silence.

mod watched;

use std::fmt;
use std::io;
use std::sync::Arc;

use hotline_core::identity::Identity;
use hotline_core::leg::Lane;
use hotline_core::time::LineTime;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::client::TlsStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use super::ended::{EndSignal, Ended};
use super::leg::{QuicLine, still_trusted};
use super::{Dialer, Met, http2_failed};
use crate::certificate::shown;
use crate::conn::{PeerInfo, QuicStream};
use crate::grpc::{Pings, channel_over};
use crate::refusal::origin::tls_error_in;
use crate::refusal::{By, Reason, Refusal};
use crate::seams::BoxedStream;

use watched::Watched;

/// One lane of one leg. Clones are the same lane. It never reconnects; when it has ended, dial again.
#[derive(Debug, Clone)]
pub struct LaneChannel {
    channel: Channel,
    shared: Arc<LaneLine>,
}

/// What the channel's clones and its watched bytes share.
struct LaneLine {
    lane: Lane,
    carrier: Carrier,
    end: EndSignal,
    close: CancellationToken,
    why_by_us: std::sync::OnceLock<String>,
}

enum Carrier {
    Quic(Arc<QuicLine>),
    Tcp(Box<TcpLine>),
}

struct TcpLine {
    dialer: Dialer,
    met: Met,
    expected: Identity,
}

impl LaneChannel {
    pub(super) async fn over_quic(
        line: Arc<QuicLine>,
        stream: QuicStream,
        lane: Lane,
    ) -> Result<Self, Ended> {
        let shared = LaneLine::new(lane, Carrier::Quic(line));
        Self::over(stream, Arc::clone(&shared), Pings::LeftToQuic)
            .await
            .map_err(|error| {
                shared.ended().unwrap_or(Ended::Lost {
                    detail: error.to_string(),
                })
            })
    }

    pub(super) async fn over_tcp(
        dialer: &Dialer,
        met: Met,
        session: TlsStream<BoxedStream>,
        lane: Lane,
        expected: &Identity,
    ) -> Result<Self, Box<Refusal>> {
        let scene = met.scene.clone();
        let line = TcpLine {
            dialer: dialer.clone(),
            met,
            expected: expected.clone(),
        };
        let shared = LaneLine::new(lane, Carrier::Tcp(Box::new(line)));
        Self::over(session, Arc::clone(&shared), Pings::Sent)
            .await
            .map_err(|error| {
                let seen = shared.ended().and_then(|ended| ended.refusal().cloned());
                let reason = || Reason::BrokenOff {
                    alert: None,
                    detail: shown(&error.to_string()),
                };
                let now = || dialer.seams().clock.wall();
                Box::new(seen.unwrap_or_else(|| scene.refusal(By::Network, reason(), None, now())))
            })
    }

    async fn over(
        io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        shared: Arc<LaneLine>,
        pings: Pings,
    ) -> Result<Self, io::Error> {
        let timings = shared.dialer().timings();
        let watched = Watched::new(io, Arc::clone(&shared));
        let channel = channel_over(watched, timings, pings)
            .await
            .map_err(|error| http2_failed(&error))?;
        Ok(Self { channel, shared })
    }

    /// The gRPC channel. Clone it freely; a failed call is explained by [`refusal`](Self::refusal) or
    /// [`ended`](Self::ended), never by its status.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Which lane.
    #[must_use]
    pub fn lane(&self) -> Lane {
        self.shared.lane
    }

    /// The relay at the other end.
    #[must_use]
    pub fn peer(&self) -> &PeerInfo {
        self.shared.info()
    }

    /// Waits until the lane, or the leg it is on, ends, and says why.
    pub async fn closed(&self) -> Ended {
        match &self.shared.carrier {
            Carrier::Quic(line) => tokio::select! {
                biased;
                ended = line.closed() => ended,
                ended = self.shared.end.wait() => line.ended().unwrap_or(ended),
            },
            Carrier::Tcp(_) => self.shared.end.wait().await,
        }
    }

    /// Why it ended, if it has.
    #[must_use]
    pub fn ended(&self) -> Option<Ended> {
        self.shared.ended()
    }

    /// The refusal it ended in, if it did. Read it after any failed call: the status never tells.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        self.ended().and_then(|ended| ended.refusal().cloned())
    }

    /// Judges the relay's certificate again, by the trust of now. Close the lane if it fails. Dates alone end nothing.
    ///
    /// # Errors
    /// The [`Refusal`] that a new dial would end in.
    pub fn still_trusted(&self) -> Result<(), Box<Refusal>> {
        match &self.shared.carrier {
            Carrier::Quic(line) => line.still_trusted(),
            Carrier::Tcp(line) => still_trusted(&line.dialer, &line.met, &line.expected),
        }
    }

    /// Closes this lane; calls in flight fail.
    pub fn close(&self, why: &str) {
        // The first reason stands.
        let _ = self.shared.why_by_us.set(why.to_owned());
        self.shared.close.cancel();
    }
}

// === impl LaneLine ===

impl LaneLine {
    fn new(lane: Lane, carrier: Carrier) -> Arc<Self> {
        // A crash of the node ends the lane too: tonic's tasks, which hold it, are not ours to drop.
        let crashed = match &carrier {
            Carrier::Quic(line) => line.dialer().seams().spawner.crashed(),
            Carrier::Tcp(line) => line.dialer.seams().spawner.crashed(),
        };
        Arc::new(Self {
            lane,
            carrier,
            end: EndSignal::default(),
            close: crashed.child_token(),
            why_by_us: std::sync::OnceLock::new(),
        })
    }

    fn dialer(&self) -> &Dialer {
        match &self.carrier {
            Carrier::Quic(line) => line.dialer(),
            Carrier::Tcp(line) => &line.dialer,
        }
    }

    fn info(&self) -> &PeerInfo {
        match &self.carrier {
            Carrier::Quic(line) => line.info(),
            Carrier::Tcp(line) => &line.met.info,
        }
    }

    fn line_now(&self) -> LineTime {
        self.dialer().seams().clock.line()
    }

    fn ended(&self) -> Option<Ended> {
        match &self.carrier {
            // The connection's end is the cause; the stream's only its effect.
            Carrier::Quic(line) => line.ended().or_else(|| self.end.get()),
            Carrier::Tcp(_) => self.end.get(),
        }
    }

    fn by_us(&self) -> Ended {
        let why = self
            .why_by_us
            .get()
            .cloned()
            .unwrap_or_else(|| "the lane is no longer needed".to_owned());
        Ended::ByUs { why }
    }

    fn tell(&self, ended: &Ended) {
        if self.end.tell(ended.clone())
            && let (Carrier::Tcp(line), Some(refusal)) = (&self.carrier, ended.refusal())
        {
            line.dialer.refusals().record(refusal);
        }
    }

    /// An I/O error ended the lane.
    fn failed(&self, error: &io::Error) {
        if self.close.is_cancelled() {
            return self.tell(&self.by_us());
        }
        let ended = match (&self.carrier, tls_error_in(error)) {
            (Carrier::Tcp(line), Some(tls)) => {
                let at = line.dialer.seams().clock.wall();
                Ended::Refused(Box::new(line.met.scene.tls(tls, at)))
            }
            (Carrier::Tcp(_) | Carrier::Quic(_), _) => Ended::Lost {
                detail: shown(&error.to_string()),
            },
        };
        self.tell(&ended);
    }
}

impl fmt::Debug for LaneLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LaneLine")
            .field("lane", &self.lane)
            .field("peer", self.info())
            .finish_non_exhaustive()
    }
}
