//! How a connection ended. Silence always carries its cause.

use std::fmt;
use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

use crate::refusal::{Permanence, Refusal};

/// Why a leg or lane is no more. None of these says anything about messages: what was in flight is unknown, and is
/// sent again under its own id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// We closed it.
    ByUs {
        /// What for.
        why: String,
    },
    /// The peer closed it.
    ByPeer {
        /// What for, as far as it said.
        why: String,
    },
    /// One side refused the other, perhaps long after the connect looked well.
    Refused(Box<Refusal>),
    /// Nothing was heard for longer than the silence limit.
    Silent,
    /// The network or the other process broke it.
    Lost {
        /// What was seen.
        detail: String,
    },
}

impl Ended {
    /// Whether dialling again soon can help.
    #[must_use]
    pub fn permanence(&self) -> Permanence {
        match self {
            Self::Refused(refusal) => refusal.permanence(),
            Self::ByUs { .. } | Self::ByPeer { .. } | Self::Silent | Self::Lost { .. } => {
                Permanence::Temporary
            }
        }
    }

    /// The refusal, if it was one.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::ByUs { .. } | Self::ByPeer { .. } | Self::Silent | Self::Lost { .. } => None,
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByUs { why } => write!(f, "we closed it: {why}"),
            Self::ByPeer { why } => write!(f, "the peer closed it: {why}"),
            Self::Refused(refusal) => write!(f, "{refusal}"),
            Self::Silent => f.write_str("nothing was heard for longer than the silence limit"),
            Self::Lost { detail } => write!(f, "the connection was lost: {detail}"),
        }
    }
}

impl std::error::Error for Ended {}

/// An end that is told once and can be waited for. The first cause stands.
#[derive(Debug, Clone, Default)]
pub(crate) struct EndSignal {
    cause: Arc<OnceLock<Ended>>,
    told: CancellationToken,
}

impl EndSignal {
    /// Tells the end; true if nobody had before.
    pub(crate) fn tell(&self, ended: Ended) -> bool {
        let first = self.cause.set(ended).is_ok();
        self.told.cancel();
        first
    }

    pub(crate) fn get(&self) -> Option<Ended> {
        self.cause.get().cloned()
    }

    pub(crate) async fn wait(&self) -> Ended {
        self.told.cancelled().await;
        self.get().unwrap_or(Ended::Silent)
    }
}
