//! Two doors to one service: TLS 1.3 on TCP (standard gRPC) and HTTP/2 inside a QUIC stream.
//!
//! Both doors have the same identities, the same judge, the same limits and the same revocation; above them nobody
//! knows which one carried a call. This room dials and listens, says who the peer is, closes who is no longer
//! trusted, and turns every refusal into words. It also holds the seams through which the simulated world replaces
//! clocks, chance, tasks and sockets.
//!
//! - The relay starts at [`Listener::bind`] and [`grpc_server_builder`]; handlers find a [`PeerInfo`] in each request.
//! - The desk starts at [`Dialer`]; one dial is one connection, and the caller decides when to dial again.
//!
//! **Connected is not accepted.** In TLS 1.3 a client finishes its handshake before the server has judged its
//! certificate, so a dial that returns well proves only that *we* accepted *them*. That they let us in is proved by a
//! session hello that was answered, by nothing earlier. After any failed call read
//! [`LaneChannel::refusal`]: the gRPC status never tells.
//!
//! Deliberately absent: messages, receipts, retries of calls, and any decision on a gRPC status.
#![forbid(unsafe_code)]

mod agreed;
mod certificate;
mod conn;
mod connections;
pub mod credentials;
mod dial;
mod grpc;
pub mod hybrid;
pub mod limits;
mod listen;
mod name;
pub mod plane;
mod quic;
mod redial;
pub mod refusal;
mod runtime;
pub mod seams;
pub mod settings;
pub mod side_file;
mod tls;
mod trust;
mod verify;
mod watch;

pub use agreed::{KeyExchange, KeyPolicy, NotAKeyPolicy};
pub use certificate::CertificateSummary;
pub use conn::{Conn, ConnectionNumber, PeerInfo};
pub use connections::Connections;
pub use credentials::{CredentialError, Credentials};
pub use dial::ended::Ended;
pub use dial::lane::LaneChannel;
pub use dial::leg::{LegStats, QuicLeg};
pub use dial::{Dialer, Preflight};
pub use grpc::{broken_off, grpc_server_builder, grpc_server_builder_for};
pub use limits::{DialTimings, ListenLimits, QuicTimings};
pub use listen::gate::{Gate, Pass};
pub use listen::{Doors, Incoming, ListenError, Listener};
pub use quic::{NodeSecrets, NodeSecretsError};
pub use redial::Redial;
pub use refusal::log::{RefusalCount, RefusalLog};
pub use refusal::{By, Permanence, Reason, Refusal};
pub use runtime::node_runtime;
pub use seams::{BoxedStream, Clock, Entropy, Network, Seams, ShiftedClock, Spawner, TcpAcceptor, UdpSeam};
pub use tls::{ALPN_QUIC, ALPN_TCP, ClientTls, ServerTls, TlsSetupError};
pub use trust::{Anchor, CaStanding, Denied, StaleCrl, TrustError, TrustStore, anchors_in};
pub use watch::{FileWatch, REFUSED_AGAIN_AFTER};
#[cfg(unix)]
pub use watch::{asked, asking};
