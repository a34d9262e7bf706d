//! The reasons there are, each with its facts.
//!
//! A reason says what is wrong in the words of whoever must mend it. Some are known only to the side that objected;
//! the other side learns as much as a TLS alert can carry, and those have reasons of their own here.

use std::time::Duration;

use hotline_core::identity::{Identity, IdentityError, Role, TrustDomain, World};
use hotline_core::time::WallTime;

use super::Permanence;
use crate::agreed::KeyExchange;

/// What is wrong with the name in a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// It has no URI name.
    #[error("it has no URI name")]
    NoUri,
    /// It has more than one URI name; which one is meant cannot be told.
    #[error("it has {} URI names where exactly one is allowed: {}", found.len(), found.join(", "))]
    SeveralUris {
        /// All of them.
        found: Vec<String>,
    },
    /// Its URI name is not an identity.
    #[error("its URI name \"{found}\" is not an identity: {error}")]
    NotAnIdentity {
        /// What stands there.
        found: String,
        /// What is wrong with it.
        error: IdentityError,
    },
    /// It cannot be read, or two readers disagree on it.
    #[error("it cannot be read as a certificate with one name")]
    Unreadable,
}

/// A bound that was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bound {
    /// Live connections of one identity.
    ConnectionsOfIdentity,
    /// Live connections in all.
    Connections,
    /// Handshakes in progress.
    Handshakes,
}

/// Why a handshake or connection was refused. Dates are UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The certificate was not issued by the one CA that may issue this domain's names.
    UnknownIssuer {
        /// Who issued it, by its own claim.
        issuer: String,
        /// The CA we trust for that domain; `None` when the peer refused ours and did not say whom it trusts.
        trusted: Option<String>,
    },
    /// We trust no CA for the domain in its name.
    UnknownDomain {
        /// The domain it names.
        domain: TrustDomain,
        /// The domains we know.
        trusted: Vec<TrustDomain>,
    },
    /// The CA's own certificate is outside its dates.
    IssuerOutOfDate {
        /// The CA.
        issuer: String,
        /// Its first moment.
        not_before: WallTime,
        /// Its last moment.
        not_after: WallTime,
        /// Our clock.
        now: WallTime,
    },
    /// The certificate's time is over.
    Expired {
        /// Its last moment.
        not_after: WallTime,
        /// Our clock.
        now: WallTime,
    },
    /// Its time has not come, or one of the clocks is wrong.
    NotYetValid {
        /// Its first moment.
        not_before: WallTime,
        /// Our clock.
        now: WallTime,
    },
    /// The peer finds our certificate out of date, and by our clock it is not.
    ClocksDisagree {
        /// Our certificate's first moment.
        not_before: WallTime,
        /// Its last moment.
        not_after: WallTime,
        /// Our clock.
        now: WallTime,
    },
    /// A good certificate, of somebody else.
    WrongName {
        /// Whom we called.
        expected: Identity,
        /// Who answered.
        found: Identity,
    },
    /// The certificate names nobody.
    UnusableName {
        /// What is wrong.
        fault: NameFault,
    },
    /// The peer calls our certificate bad, most likely for its name.
    BadCertificate,
    /// This role has no business at this door.
    WrongRole {
        /// Its role.
        found: Role,
        /// Roles that are let in here.
        accepted: Vec<Role>,
    },
    /// EXERCISE met OPERATION.
    WrongWorld {
        /// Our world.
        ours: World,
        /// Theirs.
        theirs: World,
    },
    /// The peer does not let our role or world in.
    AccessDenied,
    /// The certificate may not be used for this side of a handshake (extended key usage).
    WrongPurpose,
    /// Its issuer has revoked it.
    Revoked {
        /// Its serial number, hexadecimal.
        serial: String,
    },
    /// Two officers of its own side have ended the identity by a signed list.
    Denied {
        /// Why, in their words.
        why: String,
    },
    /// The chain is longer than one intermediate.
    ChainTooLong {
        /// Certificates sent.
        sent: usize,
    },
    /// A signature in the handshake or the chain is wrong.
    BadSignature,
    /// The certificate cannot be judged for a rarer reason.
    Malformed {
        /// What the checker said.
        detail: String,
    },
    /// None was shown.
    NoCertificate,
    /// The two ends do not share the application protocol of this door.
    Alpn {
        /// What this door speaks.
        wanted: String,
        /// What was agreed, if anything.
        agreed: Option<String>,
    },
    /// The two ends share no version of TLS or QUIC, or no cipher.
    NoCommonProtocol {
        /// What was said about it.
        detail: String,
    },
    /// One end takes nothing but the hybrid key exchange, and the other has none.
    ClassicalOnly {
        /// What we offer or take.
        ours: Vec<KeyExchange>,
        /// What they offer; `None` when the peer objected, which does not say.
        theirs: Option<Vec<KeyExchange>>,
    },
    /// The handshake did not end in time.
    HandshakeTimeout {
        /// The limit.
        limit: Duration,
    },
    /// Nobody could be reached.
    Unreachable {
        /// What the network said.
        detail: String,
    },
    /// A bound was reached.
    Busy {
        /// Which.
        bound: Bound,
        /// Its value; `None` when the peer reached one of its own and did not say.
        limit: Option<usize>,
    },
    /// Broken off for a reason not listed here.
    BrokenOff {
        /// The TLS alert, if one was sent.
        alert: Option<u8>,
        /// What was said.
        detail: String,
    },
}

impl Reason {
    /// Whether trying again soon can help.
    #[must_use]
    pub fn permanence(&self) -> Permanence {
        match self {
            Self::HandshakeTimeout { .. }
            | Self::Unreachable { .. }
            | Self::Busy { .. }
            | Self::BrokenOff { alert: None, .. } => Permanence::Temporary,
            Self::UnknownIssuer { .. }
            | Self::UnknownDomain { .. }
            | Self::IssuerOutOfDate { .. }
            | Self::Expired { .. }
            | Self::NotYetValid { .. }
            | Self::ClocksDisagree { .. }
            | Self::WrongName { .. }
            | Self::UnusableName { .. }
            | Self::BadCertificate
            | Self::WrongRole { .. }
            | Self::WrongWorld { .. }
            | Self::AccessDenied
            | Self::WrongPurpose
            | Self::Revoked { .. }
            | Self::Denied { .. }
            | Self::ChainTooLong { .. }
            | Self::BadSignature
            | Self::Malformed { .. }
            | Self::NoCertificate
            | Self::Alpn { .. }
            | Self::NoCommonProtocol { .. }
            | Self::ClassicalOnly { .. }
            | Self::BrokenOff { alert: Some(_), .. } => Permanence::Permanent,
        }
    }

    /// Stable name, for metrics and records.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::UnknownIssuer { .. } => "UNKNOWN_ISSUER",
            Self::UnknownDomain { .. } => "UNKNOWN_DOMAIN",
            Self::IssuerOutOfDate { .. } => "ISSUER_OUT_OF_DATE",
            Self::Expired { .. } => "EXPIRED",
            Self::NotYetValid { .. } => "NOT_YET_VALID",
            Self::ClocksDisagree { .. } => "CLOCKS_DISAGREE",
            Self::WrongName { .. } => "WRONG_NAME",
            Self::UnusableName { .. } => "UNUSABLE_NAME",
            Self::BadCertificate => "BAD_CERTIFICATE",
            Self::WrongRole { .. } => "WRONG_ROLE",
            Self::WrongWorld { .. } => "WRONG_WORLD",
            Self::AccessDenied => "ACCESS_DENIED",
            Self::WrongPurpose => "WRONG_PURPOSE",
            Self::Revoked { .. } => "REVOKED",
            Self::Denied { .. } => "DENIED",
            Self::ChainTooLong { .. } => "CHAIN_TOO_LONG",
            Self::BadSignature => "BAD_SIGNATURE",
            Self::Malformed { .. } => "MALFORMED",
            Self::NoCertificate => "NO_CERTIFICATE",
            Self::Alpn { .. } => "ALPN",
            Self::NoCommonProtocol { .. } => "NO_COMMON_PROTOCOL",
            Self::ClassicalOnly { .. } => "CLASSICAL_ONLY",
            Self::HandshakeTimeout { .. } => "HANDSHAKE_TIMEOUT",
            Self::Unreachable { .. } => "UNREACHABLE",
            Self::Busy { .. } => "BUSY",
            Self::BrokenOff { .. } => "BROKEN_OFF",
        }
    }
}
