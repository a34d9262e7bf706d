//! Who refused whom, why, and what to do next.
//!
//! TLS libraries answer this badly: a client whose certificate the server refuses sees a successful connect and then
//! `Cancelled`; dates come as UNIX seconds; nobody says which side objected. So everything that ends a handshake
//! becomes one [`Refusal`] here, with the facts of the certificate that was refused and a sentence for people.
//!
//! - `words` writes the sentence and the next command.
//! - `origin` recognises refusals in what rustls, TLS alerts and QUIC close codes say, with their direction.
//! - [`log`] keeps the last ones, counts all, and makes the security events.
//!
//! A refusal never carries a decision about messages: only a signed answer means delivered.

pub mod log;
pub(crate) mod origin;
mod reason;
mod words;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use hotline_core::identity::Identity;
use hotline_core::leg::Door;
use hotline_core::time::WallTime;

use crate::certificate::CertificateSummary;

pub use reason::{Bound, NameFault, Reason};

/// Who objected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum By {
    /// We did: to their certificate, their protocol or their number.
    Ours,
    /// The peer did, to ours.
    Peer,
    /// Nobody: the network gave no answer.
    Network,
}

/// Whether trying again soon can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permanence {
    /// Somebody must act first: redialling is slow, and the person is told.
    Permanent,
    /// It may pass by itself.
    Temporary,
}

/// One refusal, with everything needed to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Who objected.
    pub by: By,
    /// Why.
    pub reason: Reason,
    /// Which door.
    pub door: Door,
    /// The other end's address.
    pub remote: SocketAddr,
    /// Whom we called, when we called.
    pub called: Option<Identity>,
    /// The certificate that was refused: theirs if we refused, ours if they did. `None` if none was shown.
    pub certificate: Option<CertificateSummary>,
    /// The file of that certificate, when it is ours and came from one.
    pub file: Option<PathBuf>,
    /// When, by our wall clock.
    pub at: WallTime,
}

impl Refusal {
    /// Whether trying again soon can help.
    #[must_use]
    pub fn permanence(&self) -> Permanence {
        self.reason.permanence()
    }

    /// Stable name of the reason, for metrics and records: `UNKNOWN_ISSUER`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.reason.kind()
    }

    /// Who refused whom and why, with real dates; a lowercase fragment.
    #[must_use]
    pub fn sentence(&self) -> String {
        words::sentence(self)
    }

    /// What to do now, with the command to run.
    #[must_use]
    pub fn next_step(&self) -> String {
        words::next_step(self)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.sentence(), self.next_step())
    }
}

impl std::error::Error for Refusal {}

impl By {
    /// Stable name, for metrics and records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "OURS",
            Self::Peer => "PEER",
            Self::Network => "NETWORK",
        }
    }
}
