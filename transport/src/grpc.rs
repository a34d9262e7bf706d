//! HTTP/2 as both ends of this line set it, and where gRPC gets its bytes from.
//!
//! Set here once, so that no caller meets hyper's defaults: a stalled stream must not starve the others, resets and
//! headers are bounded, and nothing is compressed (secrets and attacker's text do not share a dictionary).

use std::io;

use hotline_core::health::Profile;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tonic::transport::{Channel, Endpoint, Server, Uri};

use crate::limits::{
    DialTimings, H2_CONNECTION_WINDOW_BYTES, H2_FRAME_BYTES, H2_HEADER_BYTES, H2_PENDING_RESETS,
    H2_STREAM_WINDOW_BYTES, H2_STREAMS, SERVER_PING, SERVER_PING_ANSWER,
};

/// tonic asks for a URI; nobody resolves it, and it names nobody.
const NO_ADDRESS: &str = "http://hotline.invalid";

/// A tonic server with this room's HTTP/2 limits. Add services, then serve it the [`Incoming`](crate::Incoming) of a
/// listener. Every streaming handler must also wait for the node's closing token: tonic's graceful shutdown waits for
/// open streams for ever.
#[must_use]
pub fn grpc_server_builder() -> Server {
    grpc_server_builder_for(Profile::default())
}

/// The same for a node whose farthest line is of this kind.
#[must_use]
pub fn grpc_server_builder_for(profile: Profile) -> Server {
    let numbers = profile.numbers();
    Server::builder()
        .initial_stream_window_size(H2_STREAM_WINDOW_BYTES)
        .initial_connection_window_size(H2_CONNECTION_WINDOW_BYTES)
        .max_concurrent_streams(H2_STREAMS)
        .max_frame_size(H2_FRAME_BYTES)
        .http2_max_header_list_size(H2_HEADER_BYTES)
        .http2_max_pending_accept_reset_streams(Some(H2_PENDING_RESETS))
        .http2_keepalive_interval(Some(SERVER_PING.max(numbers.tcp_ping)))
        .http2_keepalive_timeout(Some(SERVER_PING_ANSWER.max(numbers.tcp_ping_answer)))
}

/// Whether HTTP/2 itself watches for silence.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pings {
    /// On TCP.
    Sent,
    /// On QUIC, which has its own.
    LeftToQuic,
}

/// A channel over these bytes and no others: when they end, every later call fails, and nobody redials.
pub(crate) async fn channel_over(
    io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    timings: DialTimings,
    pings: Pings,
) -> Result<Channel, tonic::transport::Error> {
    let mut endpoint = Endpoint::from_static(NO_ADDRESS)
        .initial_stream_window_size(H2_STREAM_WINDOW_BYTES)
        .initial_connection_window_size(H2_CONNECTION_WINDOW_BYTES)
        .max_frame_size(H2_FRAME_BYTES)
        .http2_max_header_list_size(H2_HEADER_BYTES);
    endpoint = match pings {
        Pings::Sent => endpoint
            .http2_keep_alive_interval(timings.tcp_ping)
            .keep_alive_timeout(timings.tcp_ping_answer)
            .keep_alive_while_idle(true),
        Pings::LeftToQuic => endpoint,
    };
    let mut once = Some(TokioIo::new(io));
    let connector = tower::service_fn(move |_: Uri| {
        let io = once.take();
        async move { io.ok_or_else(|| io::Error::other("this lane has ended; dial again")) }
    });
    endpoint.connect_with_connector(connector).await
}
