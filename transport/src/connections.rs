//! All live connections of a listening node, and the way to end them.
//!
//! A certificate is judged once, at the handshake; without this register a revoked peer would keep its session for
//! ever. Closing works on both doors at once: the QUIC connection is closed with a code, and every [`Conn`] of it, or
//! the TCP one, fails at its next poll, which comes at once because the kill wakes its reader.
//!
//! [`Conn`]: crate::Conn

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hotline_core::identity::Identity;
use hotline_core::leg::Door;
use tokio_util::sync::CancellationToken;

use crate::agreed::KeyExchange;
use crate::conn::{ConnectionNumber, PeerInfo};
use crate::quic::CloseCode;
use crate::refusal::{Bound, Reason};
use crate::seams::Seams;
use crate::tls::ServerTls;
use crate::verify::{Objection, Peer};

/// The register of live connections. Clones are the same register.
#[derive(Debug, Clone)]
pub struct Connections {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    tls: ServerTls,
    seams: Seams,
    each: usize,
    all: usize,
    live: Mutex<Live>,
}

#[derive(Debug, Default)]
struct Live {
    next: u64,
    entries: BTreeMap<ConnectionNumber, Entry>,
    agreed: BTreeMap<(Door, KeyExchange), u64>,
}

#[derive(Debug)]
struct Entry {
    info: PeerInfo,
    peer: Arc<Peer>,
    kill: CancellationToken,
    quic: Option<quinn::Connection>,
}

/// A connection's place in the register; it is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Admitted {
    connections: Connections,
    info: PeerInfo,
    kill: CancellationToken,
}

/// A connection that is through its handshake and asks to stay.
pub(crate) struct Applicant {
    pub(crate) peer: Arc<Peer>,
    pub(crate) door: Door,
    pub(crate) key_exchange: KeyExchange,
    pub(crate) remote: SocketAddr,
    pub(crate) quic: Option<quinn::Connection>,
}

impl Connections {
    pub(crate) fn new(tls: ServerTls, seams: Seams, each: usize, all: usize) -> Self {
        Self {
            inner: Arc::new(Inner {
                tls,
                seams,
                each,
                all,
                live: Mutex::default(),
            }),
        }
    }

    /// Closes every connection of an identity, on both doors, and says how many. This does not keep it from coming
    /// back: revoke its certificate, or replace the trust, first.
    pub fn close(&self, identity: &Identity, why: &str) -> usize {
        self.close_where(CloseCode::NotTrusted, why, |entry| {
            entry.info.identity == *identity
        })
        .len()
    }

    /// Closes one connection; false if it is gone already.
    pub fn close_connection(&self, connection: ConnectionNumber, why: &str) -> bool {
        !self
            .close_where(CloseCode::Ending, why, |entry| {
                entry.info.connection == connection
            })
            .is_empty()
    }

    /// Closes everything that is left.
    pub(crate) fn close_all(&self, why: &str) -> usize {
        self.close_where(CloseCode::Ending, why, |_| true).len()
    }

    /// Judges every live connection again by the trust of now, and closes those that would not be let in any more:
    /// revoked, denied, their CA gone. Call it after every [`TrustStore::replace`].
    ///
    /// Dates alone close nothing: a clock that jumps would silence a line that works. The next handshake judges them. Nor
    /// do they keep anybody: who is revoked *and* expired is closed.
    ///
    /// [`TrustStore::replace`]: crate::TrustStore::replace
    pub fn recheck(&self) -> Vec<PeerInfo> {
        let judge = self.inner.tls.judge();
        self.close_where(CloseCode::NotTrusted, "no longer trusted", |entry| {
            let judged = judge.judge_live(&entry.peer);
            if let Err(objection) = &judged {
                tracing::warn!(
                    event = "security",
                    kind = objection.reason.kind(),
                    peer = %entry.info.identity,
                    door = entry.info.door.name(),
                    peer.addr = %entry.info.remote,
                    "closed a live connection that would not be let in any more"
                );
            }
            judged.is_err()
        })
    }

    /// Who is connected now, oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<PeerInfo> {
        self.lock()
            .entries
            .values()
            .map(|entry| entry.info.clone())
            .collect()
    }

    /// Connections that were let in since the start, by door and how their keys were agreed.
    #[must_use]
    pub fn agreed(&self) -> BTreeMap<(Door, KeyExchange), u64> {
        self.lock().agreed.clone()
    }

    /// Gives a connection its place, if the bounds allow and the trust did not shrink since it was judged.
    pub(crate) fn admit(&self, applicant: Applicant) -> Result<Arc<Admitted>, Box<Objection>> {
        let certificate = Some(applicant.peer.summary.as_ref().clone());
        let peer = Arc::clone(&applicant.peer);
        let admitted = self
            .register(applicant)
            .map_err(|reason| Box::new(Objection { reason, certificate }))?;
        // Registered first, judged again second: a trust replaced in between is seen here, or its recheck sees us.
        if self.inner.tls.trust().generation() != peer.generation {
            self.inner
                .tls
                .judge()
                .judge_again(&peer, self.inner.seams.clock.wall())?;
        }
        Ok(Arc::new(admitted))
    }

    fn register(&self, applicant: Applicant) -> Result<Admitted, Reason> {
        let mut live = self.lock();
        let Inner { each, all, .. } = *self.inner;
        if live.entries.len() >= all {
            return Err(Reason::Busy {
                bound: Bound::Connections,
                limit: Some(all),
            });
        }
        let same = live
            .entries
            .values()
            .filter(|entry| entry.info.identity == applicant.peer.identity)
            .count();
        if same >= each {
            return Err(Reason::Busy {
                bound: Bound::ConnectionsOfIdentity,
                limit: Some(each),
            });
        }
        live.next = live.next.wrapping_add(1);
        let info = PeerInfo {
            identity: applicant.peer.identity.clone(),
            door: applicant.door,
            key_exchange: applicant.key_exchange,
            remote: applicant.remote,
            certificate: Arc::clone(&applicant.peer.summary),
            connection: ConnectionNumber(live.next),
        };
        // A crash of the node ends it too: tonic's tasks, which hold it, are not ours to drop.
        let kill = self.inner.seams.spawner.crashed().child_token();
        let entry = Entry {
            info: info.clone(),
            peer: applicant.peer,
            kill: kill.clone(),
            quic: applicant.quic,
        };
        live.entries.insert(info.connection, entry);
        let agreed = live.agreed.entry((info.door, info.key_exchange)).or_default();
        *agreed = agreed.saturating_add(1);
        Ok(Admitted {
            connections: self.clone(),
            info,
            kill,
        })
    }

    fn close_where(
        &self,
        code: CloseCode,
        why: &str,
        mut closes: impl FnMut(&Entry) -> bool,
    ) -> Vec<PeerInfo> {
        let mut live = self.lock();
        let mut closed = Vec::new();
        // Taken out here and not when their tasks end, so that a returning identity finds its places free.
        live.entries.retain(|_, entry| {
            if !closes(entry) {
                return true;
            }
            entry.kill.cancel();
            if let Some(quic) = &entry.quic {
                quic.close(code.to_wire(), why.as_bytes());
            }
            closed.push(entry.info.clone());
            false
        });
        closed
    }

    fn lock(&self) -> MutexGuard<'_, Live> {
        // The register is consistent between any two statements; a panic elsewhere does not break it.
        self.inner.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Admitted {
    pub(crate) fn info(&self) -> &PeerInfo {
        &self.info
    }

    pub(crate) fn kill(&self) -> &CancellationToken {
        &self.kill
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.connections.lock().entries.remove(&self.info.connection);
    }
}
