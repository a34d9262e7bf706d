//! How QUIC is set up at both ends: timeouts, bounds, and the secrets that let a restarted node say so.
//!
//! A node that restarts with the same reset and connection-id keys answers packets of its old connections with a
//! stateless reset, and its peers know within a round trip; without the keys it is silent to them until their idle
//! timeout (measured 0.15 s against 7.9 s). The reset key alone is not enough. So [`NodeSecrets`] holds all three
//! keys, the caller keeps them in a file only it can read, and they belong to one node.
//!
//! Deliberately not here: quick judgement. Idle limits this side of a second killed healthy connections on a busy
//! machine; suspicion is the heartbeat's business, and it closes nothing.

mod window;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use quinn::crypto::HandshakeTokenKey;
use quinn::{
    ConnectionId, ConnectionIdGenerator, EndpointConfig, IdleTimeout, TransportConfig, ValidationTokenConfig,
    VarInt,
};
use quinn_proto::InvalidCid;
use ring::{hkdf, hmac};
use zeroize::Zeroizing;

use crate::limits::{
    ListenLimits, QUIC_CONNECTION_WINDOW_BYTES, QUIC_MIN_MTU_BYTES, QUIC_STREAM_WINDOW_BYTES, QUIC_STREAMS,
    QuicTimings,
};
use crate::seams::{Clock, Entropy, Seams};

/// Bytes of each of the three keys.
const KEY_BYTES: usize = 32;

/// A node's own QUIC secrets: stateless resets, connection ids, address tokens. Keep them as secret as a private key.
pub struct NodeSecrets {
    reset: Zeroizing<[u8; KEY_BYTES]>,
    ids: Zeroizing<[u8; KEY_BYTES]>,
    tokens: Zeroizing<[u8; KEY_BYTES]>,
}

/// The stored secrets have another length than ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the node's QUIC secrets are {found} bytes where {} are expected; delete the file to make new ones",
    NodeSecrets::BYTES
)]
pub struct NodeSecretsError {
    /// Bytes found.
    pub found: usize,
}

impl NodeSecrets {
    /// Length of the stored form, in bytes.
    pub const BYTES: usize = 3 * KEY_BYTES;

    /// New secrets, for a node that starts for the first time.
    #[must_use]
    pub fn fresh(entropy: &dyn Entropy) -> Self {
        let key = || {
            let mut key = Zeroizing::new([0_u8; KEY_BYTES]);
            entropy.fill(key.as_mut());
            key
        };
        Self {
            reset: key(),
            ids: key(),
            tokens: key(),
        }
    }

    /// The stored form.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new([*self.reset, *self.ids, *self.tokens].concat())
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// When the length is not [`BYTES`](Self::BYTES).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NodeSecretsError> {
        let wrong = NodeSecretsError { found: bytes.len() };
        let (reset, rest) = bytes.split_first_chunk().ok_or(wrong)?;
        let (ids, rest) = rest.split_first_chunk().ok_or(wrong)?;
        let tokens = <[u8; KEY_BYTES]>::try_from(rest).map_err(|_| wrong)?;
        Ok(Self {
            reset: Zeroizing::new(*reset),
            ids: Zeroizing::new(*ids),
            tokens: Zeroizing::new(tokens),
        })
    }

    /// The endpoint's half of the configuration: our reset key, our ids, a seed of our chance.
    pub(crate) fn endpoint(&self, seams: &Seams) -> EndpointConfig {
        let mut config =
            EndpointConfig::new(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, self.reset.as_ref())));
        let ids = IdMaker {
            key: hmac::Key::new(hmac::HMAC_SHA256, self.ids.as_ref()),
            entropy: Arc::clone(&seams.entropy),
        };
        config
            .cid_generator(move || Box::new(ids.clone()))
            .rng_seed(Some(seams.fresh()));
        config
    }

    fn token_key(&self) -> Arc<dyn HandshakeTokenKey> {
        Arc::new(hkdf::Salt::new(hkdf::HKDF_SHA256, b"hotline/quic-token/v1").extract(self.tokens.as_ref()))
    }
}

impl std::fmt::Debug for NodeSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NodeSecrets(..)")
    }
}

/// The listening end's quinn configuration around one TLS configuration.
pub(crate) fn server_config(
    crypto: Arc<dyn quinn::crypto::ServerConfig>,
    secrets: &NodeSecrets,
    seams: &Seams,
    limits: &ListenLimits,
) -> quinn::ServerConfig {
    let mut config = quinn::ServerConfig::new(crypto, secrets.token_key());
    config
        .transport_config(Arc::new(transport(limits.quic)))
        .max_incoming(limits.handshakes)
        .incoming_buffer_size(limits.waiting_bytes_each)
        .incoming_buffer_size_total(limits.waiting_bytes_total)
        .time_source(Arc::new(WallForQuic(Arc::clone(&seams.clock))))
        // Address tokens for later connections would let an observer link a desk's sessions.
        .validation_token_config({
            let mut tokens = ValidationTokenConfig::default();
            tokens.sent(0);
            tokens
        });
    config
}

/// The dialling end's quinn configuration around one TLS configuration.
pub(crate) fn client_config(
    crypto: Arc<dyn quinn::crypto::ClientConfig>,
    seams: &Seams,
    timings: QuicTimings,
) -> quinn::ClientConfig {
    let mut config = quinn::ClientConfig::new(crypto);
    let entropy = Arc::clone(&seams.entropy);
    config
        .transport_config(Arc::new(transport(timings)))
        .initial_dst_cid_provider(Arc::new(move || {
            let mut id = [0_u8; INITIAL_ID_BYTES];
            entropy.fill(&mut id);
            ConnectionId::new(&id)
        }));
    config
}

/// Settings both ends share.
fn transport(timings: QuicTimings) -> TransportConfig {
    let mut config = TransportConfig::default();
    config
        .max_concurrent_bidi_streams(VarInt::from_u32(QUIC_STREAMS))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .max_idle_timeout(IdleTimeout::try_from(timings.idle).ok())
        .keep_alive_interval(Some(timings.keep_alive))
        .stream_receive_window(VarInt::from_u32(QUIC_STREAM_WINDOW_BYTES))
        .receive_window(VarInt::from_u32(QUIC_CONNECTION_WINDOW_BYTES))
        .send_window(u64::from(QUIC_CONNECTION_WINDOW_BYTES))
        .min_mtu(QUIC_MIN_MTU_BYTES)
        .congestion_controller_factory(window::Windows::new())
        // Round trips are nobody's business. Lengths are not either, but padding here would cost the line: quinn-proto
        // 0.11.19 then pads bare acknowledgements too, they fill the receiver's congestion window, nobody acknowledges
        // them, and a receiver of bulk falls silent for good (`streams_that_nobody_reads_do_not_starve_the_others`
        // died of it within 1.5 s, 5 of 25 runs on a busy machine, none of 40 without padding).
        .pad_to_mtu(false)
        .allow_spin(false)
        // Heartbeats travel with the messages; nothing here uses datagrams.
        .datagram_receive_buffer_size(None);
    config
}

/// Why we close a QUIC connection, as the peer can read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CloseCode {
    /// A normal end.
    Ending,
    /// The identity is no longer trusted.
    NotTrusted,
    /// This identity has too many connections.
    IdentityBusy,
    /// The relay has too many connections.
    Busy,
}

impl CloseCode {
    const ALL: [Self; 4] = [Self::Ending, Self::NotTrusted, Self::IdentityBusy, Self::Busy];

    pub(crate) const fn to_wire(self) -> VarInt {
        VarInt::from_u32(match self {
            Self::Ending => 0,
            Self::NotTrusted => 1,
            Self::IdentityBusy => 2,
            Self::Busy => 3,
        })
    }

    pub(crate) fn from_wire(code: VarInt) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.to_wire() == code)
    }
}

/// RFC 9000 §7.2 asks for at least 8 unpredictable bytes.
const INITIAL_ID_BYTES: usize = 16;

const ID_NONCE_BYTES: usize = 6;
const ID_MAC_BYTES: usize = 4;

/// Makes connection ids that this node recognises again after a restart: a nonce and a short MAC over it.
#[derive(Clone)]
struct IdMaker {
    key: hmac::Key,
    entropy: Arc<dyn Entropy>,
}

impl IdMaker {
    fn mac(&self, nonce: &[u8]) -> [u8; ID_MAC_BYTES] {
        let tag = hmac::sign(&self.key, nonce);
        let mut short = [0_u8; ID_MAC_BYTES];
        short
            .iter_mut()
            .zip(tag.as_ref())
            .for_each(|(to, from)| *to = *from);
        short
    }
}

impl ConnectionIdGenerator for IdMaker {
    fn generate_cid(&mut self) -> ConnectionId {
        let mut nonce = [0_u8; ID_NONCE_BYTES];
        self.entropy.fill(&mut nonce);
        ConnectionId::new(&[nonce.as_slice(), self.mac(&nonce).as_slice()].concat())
    }

    fn validate(&self, cid: &ConnectionId) -> Result<(), InvalidCid> {
        match cid.split_first_chunk::<ID_NONCE_BYTES>() {
            // Not a secret comparison: this only sorts out strangers' packets cheaply.
            Some((nonce, mac)) if *mac == self.mac(nonce) => Ok(()),
            Some(_) | None => Err(InvalidCid),
        }
    }

    fn cid_len(&self) -> usize {
        ID_NONCE_BYTES + ID_MAC_BYTES
    }

    fn cid_lifetime(&self) -> Option<Duration> {
        None
    }
}

/// quinn dates its address tokens by our clock seam.
struct WallForQuic(Arc<dyn Clock>);

impl quinn::TimeSource for WallForQuic {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.0.wall().unix_ms())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn secrets_survive_their_file() {
        let seams = Seams::system();
        let secrets = NodeSecrets::fresh(seams.entropy.as_ref());
        let bytes = secrets.to_bytes();
        assert_eq!(bytes.len(), NodeSecrets::BYTES);
        assert_eq!(NodeSecrets::from_bytes(&bytes).unwrap().to_bytes(), bytes);
        assert_eq!(
            NodeSecrets::from_bytes(&bytes[1..]).unwrap_err().found,
            NodeSecrets::BYTES - 1
        );
        assert!(NodeSecrets::from_bytes(&[bytes.as_slice(), &[0]].concat()).is_err());
        assert!(NodeSecrets::from_bytes(&[]).is_err());
    }

    #[test]
    fn a_node_knows_its_own_connection_ids_and_no_others() {
        let seams = Seams::system();
        let maker = |byte: u8| IdMaker {
            key: hmac::Key::new(hmac::HMAC_SHA256, &[byte; 32]),
            entropy: Arc::clone(&seams.entropy),
        };
        let id = maker(1).generate_cid();
        assert_eq!(id.len(), maker(1).cid_len());
        assert!(maker(1).validate(&id).is_ok());
        assert!(maker(2).validate(&id).is_err());
        assert!(maker(1).validate(&ConnectionId::new(&[])).is_err());
    }

    #[test]
    fn secrets_print_as_nothing() {
        let secrets = NodeSecrets::from_bytes(&[7; 96]).unwrap();
        assert_eq!(format!("{secrets:?}"), "NodeSecrets(..)");
    }
}
