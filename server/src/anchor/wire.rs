//! Calls to a cosigner: HTTP over a relay's door, or plain HTTP. Each is bounded in time and size.

use std::{fmt, io, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use hotline_core::leg::{Door, Lane};
use hotline_ledger::Watcher;
use hotline_transport::{Dialer, LaneChannel, Seams};
use http::{Method, Request, StatusCode, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::Instant;
use tower::ServiceExt as _;

use super::whom::Via;

/// How long a call may take. 5 s: a peer that is slower is unreachable as far as witnessing goes.
pub const CALL_WITHIN: Duration = Duration::from_secs(5);

/// How long an upload or a bundle of entries may take. 120 s: as long as a mirror waits for one package.
pub const UPLOAD_WITHIN: Duration = Duration::from_secs(120);

/// How long it may take to reach one by plain HTTP.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);

/// Tries at the TCP door before the QUIC door is tried in turn with it.
const TCP_TRIES: u32 = 4;

/// By how much the TCP door goes before the QUIC door where both are tried at once. 150 ms: on a line without faults the
/// QUIC door is never needed.
const HEAD_START: Duration = Duration::from_millis(150);

/// How much longer the QUIC door may take than the TCP door took to fail. 250 ms: a QUIC door where nobody listens says
/// nothing, and a start must not wait for it.
const QUIC_GRACE: Duration = Duration::from_millis(250);

/// Most bytes of an answer that are read. 128 KiB: the largest note, a ticket in base64, signature lines.
const ANSWER_MAX: usize = 128 * 1024;

/// Most bytes of a bundle of 256 entries of the largest size that are read. 16 MiB and what is between them.
const BUNDLE_MAX: usize = 16 * 1024 * 1024 + 1024;

/// The bounds of one call.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    within: Duration,
    bytes: usize,
}

const SMALL: Bounds = Bounds {
    within: CALL_WITHIN,
    bytes: ANSWER_MAX,
};

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// HTTP status.
    pub status: u16,
    /// Its body.
    pub body: Bytes,
}

/// A call that brought no answer, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WireError(pub String);

/// A way to one cosigner; it dies once, and then another is made.
pub enum Wire {
    /// Beside gRPC on a door's connection.
    Door(LaneChannel),
    /// HTTP/1.1.
    Plain {
        /// Takes calls, one after the other.
        sender: http1::SendRequest<Body>,
        /// What stands in the header Host.
        host: String,
        /// What paths begin with.
        prefix: String,
    },
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Door(_) => "Wire::Door",
            Self::Plain { .. } => "Wire::Plain",
        })
    }
}

impl Wire {
    /// Reaches a cosigner by the door whose turn it is: the TCP door first, which says at once if nobody listens; then both
    /// in turn.
    ///
    /// # Errors
    /// Why it cannot be reached, in words.
    pub async fn reach(seams: &Seams, dialer: &Dialer, via: &Via, attempt: u32) -> Result<Self, WireError> {
        Self::by(seams, dialer, via, door(attempt)).await
    }

    /// The same where there is no time for one door after the other: both at once, the TCP door a little before.
    ///
    /// # Errors
    /// Why it cannot be reached by either.
    pub async fn reach_now(seams: &Seams, dialer: &Dialer, via: &Via) -> Result<Self, WireError> {
        let by = |door| Self::by(seams, dialer, via, door);
        match via {
            Via::Doors { .. } => either(by(Door::Tcp), by(Door::Quic)).await,
            Via::Http { .. } => by(Door::Tcp).await,
        }
    }

    /// The same for whoever has time: the QUIC door when the TCP door has failed.
    ///
    /// # Errors
    /// Why it cannot be reached by either.
    pub async fn reach_patiently(seams: &Seams, dialer: &Dialer, via: &Via) -> Result<Self, WireError> {
        let tcp = Self::by(seams, dialer, via, Door::Tcp).await;
        match (tcp, via) {
            (Err(tcp), Via::Doors { .. }) => {
                let quic = Self::by(seams, dialer, via, Door::Quic).await;
                quic.map_err(|quic| neither(&tcp, &quic))
            }
            (tcp, _) => tcp,
        }
    }

    async fn by(seams: &Seams, dialer: &Dialer, via: &Via, door: Door) -> Result<Self, WireError> {
        match via {
            Via::Doors { relay, quic, tcp } => {
                let channel = match door {
                    Door::Tcp => dialer.tcp(*tcp, relay, Lane::Bulk).await,
                    Door::Quic => match dialer.quic(*quic, relay).await {
                        Ok(leg) => match leg.lane(Lane::Bulk).await {
                            Ok(lane) => Ok(lane),
                            Err(ended) => return Err(WireError(ended.to_string())),
                        },
                        Err(refusal) => Err(refusal),
                    },
                };
                channel
                    .map(Self::Door)
                    .map_err(|refusal| WireError(refusal.to_string()))
            }
            Via::Http { address, prefix } => {
                let connect = plain(seams, *address, prefix.clone());
                match tokio::time::timeout(CONNECT_WITHIN, connect).await {
                    Ok(connected) => connected.map_err(|error| WireError(error.to_string())),
                    Err(_) => Err(WireError(format!("{address} did not answer"))),
                }
            }
        }
    }

    /// Whether the one at the other end would still be dialled: a relay whose certificate was ended is not spoken to.
    #[must_use]
    pub fn still_trusted(&self) -> bool {
        match self {
            Self::Door(lane) => lane.ended().is_none() && lane.still_trusted().is_ok(),
            Self::Plain { sender, .. } => !sender.is_closed(),
        }
    }

    /// Ends once the one at the other end is not trusted any more, which is looked at whenever trust `changes`; what is under
    /// way with it ends, too. Never for one that proves nothing but its answers.
    pub fn distrusted(&self, changes: Watcher) -> impl Future<Output = ()> + use<> {
        let lane = match self {
            Self::Door(lane) => Some(lane.clone()),
            Self::Plain { .. } => None,
        };
        async move {
            let Some(lane) = lane else {
                return std::future::pending().await;
            };
            until_not(|| lane.still_trusted().is_ok(), changes).await;
            lane.close("it is not trusted any more");
        }
    }

    /// Posts a body of a few kilobytes.
    ///
    /// # Errors
    /// Why no answer came.
    pub async fn post(&mut self, path: &str, kind: &str, body: Vec<u8>) -> Result<Answered, WireError> {
        self.call((Method::POST, path), Some(kind), body, SMALL).await
    }

    /// Posts entries, which takes as long as the line is slow.
    ///
    /// # Errors
    /// Why no answer came.
    pub async fn upload(&mut self, path: &str, kind: &str, body: Vec<u8>) -> Result<Answered, WireError> {
        let bounds = Bounds {
            within: UPLOAD_WITHIN,
            ..SMALL
        };
        self.call((Method::POST, path), Some(kind), body, bounds).await
    }

    /// Asks for what lies at a path: a note.
    ///
    /// # Errors
    /// Why no answer came.
    pub async fn get(&mut self, path: &str) -> Result<Answered, WireError> {
        self.call((Method::GET, path), None, Vec::new(), SMALL).await
    }

    /// Asks for a bundle of entries.
    ///
    /// # Errors
    /// Why no answer came.
    pub async fn bundle(&mut self, path: &str) -> Result<Answered, WireError> {
        let bounds = Bounds {
            within: UPLOAD_WITHIN,
            bytes: BUNDLE_MAX,
        };
        self.call((Method::GET, path), None, Vec::new(), bounds).await
    }

    async fn call(
        &mut self,
        (method, path): (Method, &str),
        kind: Option<&str>,
        body: Vec<u8>,
        bounds: Bounds,
    ) -> Result<Answered, WireError> {
        let called = async {
            let response = self.send(method, path, kind, body).await?;
            let status: StatusCode = response.status();
            let body = axum::body::to_bytes(response.into_body(), bounds.bytes)
                .await
                .map_err(|error| WireError(format!("its answer broke off: {error}")))?;
            Ok(Answered {
                status: status.as_u16(),
                body,
            })
        };
        match tokio::time::timeout(bounds.within, called).await {
            Ok(answered) => answered,
            Err(_) => Err(WireError(format!(
                "no answer within {} s",
                bounds.within.as_secs()
            ))),
        }
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        kind: Option<&str>,
        body: Vec<u8>,
    ) -> Result<http::Response<Body>, WireError> {
        let mut request = Request::builder().method(method);
        if let Some(kind) = kind {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let unfit = |error: http::Error| WireError(format!("a request that cannot be made: {error}"));
        match self {
            Self::Door(lane) => {
                let request = request
                    .uri(format!("http://hotline.invalid{path}"))
                    .body(tonic::body::Body::new(Body::from(body)))
                    .map_err(unfit)?;
                let answered = lane.channel().oneshot(request).await;
                answered.map(|response| response.map(Body::new)).map_err(|error| {
                    let why = lane
                        .ended()
                        .map_or_else(|| error.to_string(), |ended| ended.to_string());
                    WireError(why)
                })
            }
            Self::Plain { sender, host, prefix } => {
                let request = request
                    .header(header::HOST, host.as_str())
                    .uri(format!("{prefix}{path}"))
                    .body(Body::from(body))
                    .map_err(unfit)?;
                let broken = |error: hyper::Error| WireError(format!("the connection broke off: {error}"));
                sender.ready().await.map_err(broken)?;
                let answered = sender.send_request(request).await.map_err(broken)?;
                Ok(answered.map(Body::new))
            }
        }
    }
}

/// Whichever of the two comes first; both reasons if none does.
async fn either<T>(
    tcp: impl Future<Output = Result<T, WireError>>,
    quic: impl Future<Output = Result<T, WireError>>,
) -> Result<T, WireError> {
    tokio::pin!(tcp, quic);
    let begun = Instant::now();
    let tcp_failed = match tokio::time::timeout(HEAD_START, &mut tcp).await {
        Ok(Ok(wire)) => return Ok(wire),
        Ok(Err(why)) => why,
        Err(_) => tokio::select! {
            biased;
            done = &mut tcp => match done {
                Ok(wire) => return Ok(wire),
                Err(why) => why,
            },
            done = &mut quic => match done {
                Ok(wire) => return Ok(wire),
                Err(quic) => return tcp.await.map_err(|tcp| neither(&tcp, &quic)),
            },
        },
    };
    match tokio::time::timeout(begun.elapsed() + QUIC_GRACE, quic).await {
        Ok(done) => done.map_err(|quic| neither(&tcp_failed, &quic)),
        Err(_) => Err(tcp_failed),
    }
}

/// Returns once it does not hold any more.
async fn until_not(holds: impl Fn() -> bool, mut changes: Watcher) {
    while holds() {
        changes.changed().await;
    }
}

fn neither(tcp: &WireError, quic: &WireError) -> WireError {
    WireError(format!("{tcp}; by its QUIC door: {quic}"))
}

fn door(attempt: u32) -> Door {
    if attempt >= TCP_TRIES && attempt % 2 == 1 {
        Door::Quic
    } else {
        Door::Tcp
    }
}

/// Plain HTTP to an address.
pub(crate) async fn plain(seams: &Seams, address: std::net::SocketAddr, prefix: String) -> io::Result<Wire> {
    let stream = seams.network.tcp_connect(None, address).await?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    let closing = seams.spawner.closing();
    seams.spawner.spawn("anchor http", async move {
        tokio::select! {
            biased;
            () = closing.cancelled() => {}
            // Its end is seen by the next call.
            _ = connection => {}
        }
    });
    Ok(Wire::Plain {
        sender,
        host: address.to_string(),
        prefix,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
    use std::future::{pending, ready};

    use super::*;

    fn failed<T>(words: &str) -> Result<T, WireError> {
        Err(WireError(words.to_owned()))
    }

    async fn after<T>(millis: u64, then: Result<T, WireError>) -> Result<T, WireError> {
        tokio::time::sleep(Duration::from_millis(millis)).await;
        then
    }

    /// By which door. What is waited for without need never comes here.
    async fn reached(
        tcp: impl Future<Output = Result<&'static str, WireError>>,
        quic: impl Future<Output = Result<&'static str, WireError>>,
    ) -> Result<&'static str, WireError> {
        let reached = tokio::time::timeout(Duration::from_secs(10), either(tcp, quic)).await;
        reached.expect("it waits for a door that is cut")
    }

    #[tokio::test]
    async fn a_peer_whose_tcp_door_is_cut_is_asked_by_its_quic_door_within_one_try_of_a_start() {
        // Cut so that nothing comes back, and so that it is refused.
        assert_eq!(reached(pending(), after(20, Ok("quic"))).await, Ok("quic"));
        assert_eq!(
            reached(ready(failed("refused")), ready(Ok("quic"))).await,
            Ok("quic")
        );
    }

    #[tokio::test]
    async fn the_tcp_door_is_taken_where_both_are_open_and_a_silent_quic_door_is_not_waited_for() {
        assert_eq!(reached(ready(Ok("tcp")), ready(Ok("quic"))).await, Ok("tcp"));
        let silent = reached(ready(failed("nobody listens")), pending()).await;
        assert_eq!(silent, failed("nobody listens"));
        let neither = reached(after(300, failed("no")), after(10, failed("neither"))).await;
        assert_eq!(neither, failed("no; by its QUIC door: neither"));
        assert_eq!(
            reached(after(300, Ok("tcp")), after(10, failed("no"))).await,
            Ok("tcp")
        );
    }

    #[tokio::test]
    async fn what_is_under_way_with_a_peer_ends_when_trust_in_it_does() {
        let trusted = std::cell::Cell::new(true);
        let trust = std::sync::Arc::new(hotline_ledger::Moves::default());
        let mut ended = std::pin::pin!(until_not(|| trusted.get(), trust.watch()));
        for _ in 0..3 {
            trust.tell();
            assert!(futures_util::poll!(ended.as_mut()).is_pending(), "it still is");
        }
        trusted.set(false);
        trust.tell();
        assert!(futures_util::poll!(ended.as_mut()).is_ready());
    }
}
