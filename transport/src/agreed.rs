//! What two ends have agreed in a handshake, and how they may agree on keys.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use quinn::crypto::rustls::HandshakeData;
use rustls::crypto::CryptoProvider;
use rustls::{CommonState, NamedGroup};

/// How the keys of a connection were agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyExchange {
    /// X25519MLKEM768: safe from whoever records now and has a quantum computer later.
    Hybrid,
    /// X25519 alone.
    X25519,
    /// P-256 alone.
    P256,
    /// P-384 alone.
    P384,
    /// A group that this program does not have.
    Other,
}

/// Which ways to agree on keys are taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeyPolicy {
    /// The hybrid one where both ends have it, and a classical one otherwise.
    #[default]
    HybridFirst,
    /// The hybrid one and no other.
    HybridOnly,
}

/// A word that names no policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is neither hybrid-first nor hybrid-only")]
pub struct NotAKeyPolicy;

/// What a handshake left behind beside the judge's verdict.
#[derive(Debug)]
pub(crate) struct Agreed {
    /// The application protocol.
    pub(crate) protocol: Option<Vec<u8>>,
    pub(crate) key_exchange: KeyExchange,
}

// === impl KeyExchange ===

impl KeyExchange {
    /// Its name in the registry of TLS, for screens and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hybrid => "X25519MLKEM768",
            Self::X25519 => "X25519",
            Self::P256 => "secp256r1",
            Self::P384 => "secp384r1",
            Self::Other => "OTHER",
        }
    }

    /// Whether it is safe from whoever records now and has a quantum computer later.
    #[must_use]
    pub fn is_hybrid(self) -> bool {
        self == Self::Hybrid
    }

    pub(crate) fn of(group: NamedGroup) -> Self {
        match group {
            NamedGroup::X25519MLKEM768 => Self::Hybrid,
            NamedGroup::X25519 => Self::X25519,
            NamedGroup::secp256r1 => Self::P256,
            NamedGroup::secp384r1 => Self::P384,
            _ => Self::Other,
        }
    }

    /// All that a provider has.
    pub(crate) fn all_of(provider: &CryptoProvider) -> Vec<Self> {
        let groups = provider.kx_groups.iter();
        groups.map(|group| Self::of(group.name())).collect()
    }
}

impl fmt::Display for KeyExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

// === impl KeyPolicy ===

impl KeyPolicy {
    /// As settings write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::HybridFirst => "hybrid-first",
            Self::HybridOnly => "hybrid-only",
        }
    }

    /// The provider, with the groups that the policy leaves.
    pub(crate) fn applied_to(self, provider: &Arc<CryptoProvider>) -> Arc<CryptoProvider> {
        match self {
            Self::HybridFirst => Arc::clone(provider),
            Self::HybridOnly => {
                let mut only = CryptoProvider::clone(provider);
                only.kx_groups
                    .retain(|group| KeyExchange::of(group.name()).is_hybrid());
                Arc::new(only)
            }
        }
    }
}

impl FromStr for KeyPolicy {
    type Err = NotAKeyPolicy;

    fn from_str(text: &str) -> Result<Self, NotAKeyPolicy> {
        [Self::HybridFirst, Self::HybridOnly]
            .into_iter()
            .find(|policy| policy.name() == text)
            .ok_or(NotAKeyPolicy)
    }
}

// === impl Agreed ===

impl Agreed {
    /// Of a TLS session over TCP that is through its handshake.
    pub(crate) fn on_tcp(session: &CommonState) -> Self {
        let group = session.negotiated_key_exchange_group();
        Self {
            protocol: session.alpn_protocol().map(<[u8]>::to_vec),
            key_exchange: group.map_or(KeyExchange::Other, |group| KeyExchange::of(group.name())),
        }
    }

    /// Of a QUIC connection that is through its handshake.
    pub(crate) fn on_quic(connection: &quinn::Connection) -> Self {
        let data = connection.handshake_data();
        match data.and_then(|data| data.downcast::<HandshakeData>().ok()) {
            Some(data) => Self {
                protocol: data.protocol,
                key_exchange: KeyExchange::of(data.negotiated_key_exchange_group),
            },
            None => Self {
                protocol: None,
                key_exchange: KeyExchange::Other,
            },
        }
    }
}
