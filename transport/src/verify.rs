//! The judge at both doors: is this peer who it must be, by the one CA that may say so?
//!
//! Life of a judgement: read the claimed name (exactly one URI, exactly an identity) → same world as ours → the
//! name's trust domain selects the one CA → webpki checks chain, dates, purpose and revocation against that CA alone
//! → the CA's own dates → not denied by its own side → role, or the one identity that was called. The first step that fails ends it, with its facts
//! written into the connection's [`Verdict`], because TLS libraries pass on no more than an alert number.
//!
//! One verifier serves one handshake. A connection's identity is what its verdict says and nothing else: a handshake
//! that somehow skipped the judge (resumption is off) has an empty verdict and is refused.
//!
//! The TLS server name plays no part: we send none and look at none.

mod dressed;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hotline_core::identity::{Identity, Role, World};
use hotline_core::time::WallTime;
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{
    EndEntityCert, ExpirationPolicy, KeyUsage, RevocationCheckDepth, RevocationOptionsBuilder,
    UnknownStatusPolicy,
};

use crate::certificate::{CertificateSummary, shown};
use crate::name;
use crate::refusal::{NameFault, Reason};
use crate::trust::{TrustStore, Trusted};

pub(crate) use dressed::Verifier;

/// Certificates between leaf and CA. One lets a side keep its CA key offline; nobody needs more.
const MAX_INTERMEDIATES: usize = 1;

/// Whom we let pass.
#[derive(Debug, Clone)]
pub(crate) enum Expect {
    /// The listening side: anybody of these roles.
    Roles(Arc<[Role]>),
    /// The dialling side: the one it called.
    Exactly(Identity),
}

/// What the peer's certificate must be made for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Side {
    /// The peer dialled us.
    Client,
    /// We dialled it.
    Server,
}

/// Whether the dates of a CA itself are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IssuerDates {
    /// A handshake.
    Count,
    /// A session that lives: dates alone close nothing.
    PlayNoPart,
}

/// A peer that passed.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) identity: Identity,
    pub(crate) summary: Arc<CertificateSummary>,
    pub(crate) chain: Vec<CertificateDer<'static>>,
    /// The trust store's generation when it was judged.
    pub(crate) generation: u64,
    /// When it was judged, by our clock: a moment at which its dates held.
    judged: UnixTime,
}

/// Why a peer did not.
#[derive(Debug, Clone)]
pub(crate) struct Objection {
    pub(crate) reason: Reason,
    pub(crate) certificate: Option<CertificateSummary>,
}

/// The judge's word on one handshake, readable after it.
pub(crate) type Verdict = Arc<OnceLock<Result<Arc<Peer>, Box<Objection>>>>;

/// The rules of one end.
#[derive(Debug, Clone)]
pub(crate) struct Judge {
    pub(crate) trust: Arc<TrustStore>,
    pub(crate) ours: World,
    pub(crate) expect: Expect,
    pub(crate) side: Side,
}

impl Judge {
    /// Judges a chain, leaf first, at a moment.
    pub(crate) fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<Peer, Box<Objection>> {
        self.judge_by(leaf, rest, now, IssuerDates::Count)
    }

    fn judge_by(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        now: UnixTime,
        issuer_dates: IssuerDates,
    ) -> Result<Peer, Box<Objection>> {
        let summary = CertificateSummary::of(leaf);
        let object = |reason| {
            Box::new(Objection {
                reason,
                certificate: summary.clone(),
            })
        };
        let identity =
            name::claimed_identity(leaf).map_err(|fault| object(Reason::UnusableName { fault }))?;
        let Some(summary) = summary.clone() else {
            return Err(object(Reason::UnusableName {
                fault: NameFault::Unreadable,
            }));
        };
        self.check_world(&identity).map_err(object)?;
        let generation = self.trust.generation();
        let in_force = self.trust.now_in_force();
        let trusted = in_force.anchors.get(identity.domain()).ok_or_else(|| {
            object(Reason::UnknownDomain {
                domain: identity.domain().clone(),
                trusted: self.trust.domains(),
            })
        })?;
        self.check_chain(leaf, rest, trusted, &summary, now)
            .map_err(object)?;
        if issuer_dates == IssuerDates::Count {
            check_issuer_dates(trusted, now).map_err(object)?;
        }
        if let Some(why) = in_force.denied.get(&identity) {
            return Err(object(Reason::Denied { why: shown(why) }));
        }
        self.check_expected(&identity).map_err(object)?;
        let chain = std::iter::once(leaf)
            .chain(rest)
            .map(|der| der.clone().into_owned())
            .collect();
        Ok(Peer {
            identity,
            summary: Arc::new(summary),
            chain,
            generation,
            judged: now,
        })
    }

    /// Judges again a chain that passed before, by the trust and the time of now.
    pub(crate) fn judge_again(&self, peer: &Peer, now: WallTime) -> Result<(), Box<Objection>> {
        let (leaf, rest) = split(peer)?;
        self.judge(leaf, rest, unix(now)).map(|_| ())
    }

    /// Whether a chain that passed before may keep its live session, by the trust of now. Dates play no part: the chain is
    /// looked at as of the moment at which it passed, so that an end of its dates hides no revocation.
    pub(crate) fn judge_live(&self, peer: &Peer) -> Result<(), Box<Objection>> {
        let (leaf, rest) = split(peer)?;
        self.judge_by(leaf, rest, peer.judged, IssuerDates::PlayNoPart)
            .map(|_| ())
    }

    fn check_world(&self, identity: &Identity) -> Result<(), Reason> {
        let theirs = identity.world();
        if theirs == self.ours {
            Ok(())
        } else {
            Err(Reason::WrongWorld {
                ours: self.ours,
                theirs,
            })
        }
    }

    fn check_expected(&self, identity: &Identity) -> Result<(), Reason> {
        match &self.expect {
            Expect::Roles(accepted) if accepted.contains(&identity.role()) => Ok(()),
            Expect::Roles(accepted) => Err(Reason::WrongRole {
                found: identity.role(),
                accepted: accepted.to_vec(),
            }),
            Expect::Exactly(expected) if expected == identity => Ok(()),
            Expect::Exactly(expected) => Err(Reason::WrongName {
                expected: expected.clone(),
                found: identity.clone(),
            }),
        }
    }

    fn check_chain(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        trusted: &Trusted,
        summary: &CertificateSummary,
        now: UnixTime,
    ) -> Result<(), Reason> {
        if rest.len() > MAX_INTERMEDIATES {
            return Err(Reason::ChainTooLong {
                sent: rest.len().saturating_add(1),
            });
        }
        let usage = match self.side {
            Side::Client => KeyUsage::client_auth(),
            Side::Server => KeyUsage::server_auth(),
        };
        let crls: Vec<_> = trusted.crls.iter().collect();
        // With any list in hand, a certificate whose issuer has none is of unknown status and refused: otherwise an
        // intermediate without a list would be a way around revocation.
        let revocation = RevocationOptionsBuilder::new(&crls).ok().map(|options| {
            options
                .with_depth(RevocationCheckDepth::Chain)
                .with_status_policy(UnknownStatusPolicy::Deny)
                .with_expiration_policy(ExpirationPolicy::Ignore)
                .build()
        });
        EndEntityCert::try_from(leaf)
            .and_then(|leaf| {
                leaf.verify_for_usage(
                    self.trust.algorithms().all,
                    std::slice::from_ref(&trusted.anchor),
                    rest,
                    now,
                    usage,
                    revocation,
                    None,
                )
                .map(|_| ())
            })
            .map_err(|error| reason_of(error, trusted, summary))
    }
}

/// Leaf, and what lies between it and its CA.
fn split(peer: &Peer) -> Result<(&CertificateDer<'static>, &[CertificateDer<'static>]), Box<Objection>> {
    peer.chain.split_first().ok_or_else(|| {
        Box::new(Objection {
            reason: Reason::NoCertificate,
            certificate: None,
        })
    })
}

/// webpki trusts an anchor for ever; we do not.
fn check_issuer_dates(trusted: &Trusted, now: UnixTime) -> Result<(), Reason> {
    let ca = &trusted.summary;
    let now = wall(now);
    if (ca.not_before..=ca.not_after).contains(&now) {
        return Ok(());
    }
    Err(Reason::IssuerOutOfDate {
        issuer: ca.subject.clone(),
        not_before: ca.not_before,
        not_after: ca.not_after,
        now,
    })
}

fn reason_of(error: webpki::Error, trusted: &Trusted, summary: &CertificateSummary) -> Reason {
    match error {
        webpki::Error::CertExpired { time, not_after } => Reason::Expired {
            not_after: wall(not_after),
            now: wall(time),
        },
        webpki::Error::CertNotValidYet { time, not_before } => Reason::NotYetValid {
            not_before: wall(not_before),
            now: wall(time),
        },
        webpki::Error::CertRevoked => Reason::Revoked {
            serial: summary.serial.clone(),
        },
        // A certificate that carries the right CA's name and another CA's signature ends in either of these.
        webpki::Error::UnknownIssuer | webpki::Error::InvalidSignatureForPublicKey => Reason::UnknownIssuer {
            issuer: summary.issuer.clone(),
            trusted: Some(trusted_ca(trusted)),
        },
        webpki::Error::RequiredEkuNotFoundContext(_) | webpki::Error::EmptyEkuExtension => {
            Reason::WrongPurpose
        }
        other => Reason::Malformed {
            detail: shown(&other.to_string()),
        },
    }
}

/// The CA's name with the start of its fingerprint: two CAs may call themselves the same.
fn trusted_ca(trusted: &Trusted) -> String {
    let start: String = trusted.summary.fingerprint.chars().take(16).collect();
    format!("{} (fingerprint {start}…)", trusted.summary.subject)
}

pub(crate) fn unix(time: WallTime) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_millis(time.unix_ms()))
}

fn wall(time: UnixTime) -> WallTime {
    WallTime::from_unix_ms(time.as_secs().saturating_mul(1000))
}
