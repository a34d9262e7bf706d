//! Calls to a cosigner: HTTP over a relay's door, or plain HTTP. Each is bounded in time and size.

use std::{fmt, io, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use hotline_core::leg::{Door, Lane};
use hotline_transport::{Dialer, LaneChannel, Seams};
use http::{Method, Request, StatusCode, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tower::ServiceExt as _;

use super::whom::Via;

/// How long a call may take. 5 s: a peer that is slower is unreachable as far as witnessing goes.
pub const CALL_WITHIN: Duration = Duration::from_secs(5);

/// How long an upload or a bundle of entries may take. 120 s: as long as a mirror waits for one package.
pub const UPLOAD_WITHIN: Duration = Duration::from_secs(120);

/// How long it may take to reach one by plain HTTP.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);

/// Tries at the TCP door before the QUIC door is tried too.
const TCP_TRIES: u32 = 4;

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
    /// Reaches a cosigner, a relay by either door.
    ///
    /// # Errors
    /// Why it cannot be reached, in words.
    pub async fn reach(seams: &Seams, dialer: &Dialer, via: &Via, attempt: u32) -> Result<Self, WireError> {
        match via {
            Via::Doors { relay, quic, tcp } => {
                let channel = match door(attempt) {
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

/// The TCP door first, which says at once if nobody listens; then both in turn.
fn door(attempt: u32) -> Door {
    if attempt >= TCP_TRIES && attempt % 2 == 1 {
        Door::Quic
    } else {
        Door::Tcp
    }
}

async fn plain(seams: &Seams, address: std::net::SocketAddr, prefix: String) -> io::Result<Wire> {
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
