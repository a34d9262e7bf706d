//! One relay as a desk sees it: where it is, what its log showed, and the signatures already checked.
//!
//! Shared by the six lanes that lead to it. The desk believes none of them more than the others: every lane's
//! checkpoints go into one view, and the first contradiction ends the relay's credit on all of them.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hotline_audit::Hash;
use hotline_core::{
    identity::Identity,
    leg::{Door, RelayName},
    recent::Recent,
};
use hotline_ledger::{Moves, Watcher};
use hotline_proto::{UPDATE_LEAVES_MAX, v1};

use crate::{
    logview::{LogFault, LogView, Observed, PROOF_HASHES_MAX, Seen, Update},
    recent,
};

/// How long an update waits for its base to come in on another lane. 100 ms: a few scheduling delays; then the desk
/// asks for the proof itself.
pub const BASE_WITHIN: Duration = Duration::from_millis(100);

/// Where a relay is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayPlace {
    /// Its identity, which its certificate must name exactly.
    pub identity: Identity,
    /// Its QUIC door.
    pub quic: SocketAddr,
    /// Its TCP door.
    pub tcp: SocketAddr,
}

impl RelayPlace {
    /// The address of one door.
    #[must_use]
    pub fn address(&self, door: Door) -> SocketAddr {
        match door {
            Door::Quic => self.quic,
            Door::Tcp => self.tcp,
        }
    }

    /// What legs are called by.
    ///
    /// # Errors
    /// Never for a name that an identity holds; the type cannot know that.
    pub fn name(&self) -> Result<RelayName, hotline_core::identity::IdentityError> {
        RelayName::parse(self.identity.name())
    }
}

/// What the lanes to one relay share.
#[derive(Debug)]
pub struct RelayShared {
    /// Where it is.
    pub place: RelayPlace,
    /// What legs are called by.
    pub name: RelayName,
    view: Mutex<LogView>,
    moved: Arc<Moves>,
    /// Cosigned checkpoints that were believed and linked, by the hash of their notes.
    cosigned: Verified,
}

impl RelayShared {
    /// For a relay whose log was seen last as in `view`.
    #[must_use]
    pub fn new(place: RelayPlace, name: RelayName, view: LogView) -> Self {
        Self {
            place,
            name,
            view: Mutex::new(view),
            moved: Arc::default(),
            cosigned: Verified::default(),
        }
    }

    /// Whether the cosigned checkpoint with these bytes was believed and linked before.
    #[must_use]
    pub fn knows_cosigned(&self, note: &Hash) -> bool {
        self.cosigned.contains(note)
    }

    /// Notes that it was.
    pub fn note_cosigned(&self, note: Hash) {
        self.cosigned.insert(note);
    }

    /// Size of the newest linked checkpoint.
    #[must_use]
    pub fn log_size(&self) -> u64 {
        self.with(|view| view.size())
    }

    /// The newest linked checkpoint.
    #[must_use]
    pub fn newest(&self) -> Option<Seen> {
        self.with(|view| view.newest().cloned())
    }

    /// Takes an update in.
    ///
    /// # Errors
    /// A [`LogFault`].
    pub fn observe(&self, update: &Update) -> Result<Observed, LogFault> {
        let observed = self.with(|view| view.observe(update))?;
        self.tell(&observed);
        Ok(observed)
    }

    /// Takes in an update with the proof that was asked for.
    ///
    /// # Errors
    /// A [`LogFault`].
    pub fn prove(&self, update: &Update, between: (u64, u64), proof: &[Hash]) -> Result<Observed, LogFault> {
        let observed = self.with(|view| view.prove(update, between, proof))?;
        self.tell(&observed);
        Ok(observed)
    }

    /// Notifies of every checkpoint linked after the call.
    #[must_use]
    pub fn moved(&self) -> Watcher {
        self.moved.watch()
    }

    fn tell(&self, observed: &Observed) {
        match observed {
            Observed::Linked(_) => self.moved.tell(),
            Observed::Waits | Observed::Overtaken => {}
        }
    }

    fn with<T>(&self, ask: impl FnOnce(&mut LogView) -> T) -> T {
        ask(&mut self.view.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Reads an update off the wire.
///
/// # Errors
/// If a hash is not 32 bytes, or there are more than a proof can have.
pub fn read_update(wire: &v1::CheckpointUpdate) -> Result<Update, LogFault> {
    Ok(Update {
        size: wire.size,
        note: if wire.note.is_empty() {
            None
        } else {
            Some(wire.note.to_vec())
        },
        old_size: wire.old_size,
        consistency: read_hashes(&wire.consistency)?,
        leaves: (wire.leaves_from, read_leaves(wire)?),
        edge: read_hashes(&wire.edge)?,
    })
}

fn read_leaves(wire: &v1::CheckpointUpdate) -> Result<Vec<Hash>, LogFault> {
    let (hashes, rest) = wire.leaves.as_chunks::<32>();
    if hashes.is_empty() && rest.is_empty() {
        return Ok(Vec::new());
    }
    let reach = wire.leaves_from.checked_add(hashes.len() as u64);
    if rest.is_empty() && hashes.len() <= UPDATE_LEAVES_MAX && reach == Some(wire.size) {
        Ok(hashes.iter().copied().map(Hash).collect())
    } else {
        Err(LogFault::Malformed(
            "hashes of leaves are 32 bytes each, 64 at most, and end at the size of their checkpoint",
        ))
    }
}

/// Reads the hashes of a proof.
///
/// # Errors
/// If a hash is not 32 bytes, or there are more than a proof can have.
pub fn read_hashes(wire: &[bytes::Bytes]) -> Result<Vec<Hash>, LogFault> {
    if wire.len() > PROOF_HASHES_MAX {
        return Err(LogFault::Malformed("a proof has more than 64 hashes"));
    }
    wire.iter()
        .map(|hash| Hash::from_slice(hash).ok_or(LogFault::Malformed("a hash is not 32 bytes")))
        .collect()
}

/// Statements whose signatures were checked: later copies are compared, not verified again.
#[derive(Debug)]
pub struct Verified(Mutex<Recent<Hash>>);

impl Default for Verified {
    fn default() -> Self {
        Self(Mutex::new(recent::hashes()))
    }
}

impl Verified {
    /// Whether these exact bytes were checked before.
    #[must_use]
    pub fn contains(&self, hash: &Hash) -> bool {
        self.with(|known| known.contains(hash))
    }

    /// Remembers that they were.
    pub fn insert(&self, hash: Hash) {
        self.with(|known| known.insert(hash));
    }

    fn with<T>(&self, ask: impl FnOnce(&mut Recent<Hash>) -> T) -> T {
        ask(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
