//! The relay itself: what all its sessions share.
//!
//! A relay is a carrier. It keeps a ledger and a log key, knows the rosters of the sides it serves, and need not be
//! trusted: desks check everything it says. State that matters is in the ledger; what is here is a cache or a count.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use arc_swap::ArcSwap;
use bytes::Bytes;
use hotline_audit::key::{Purpose, Roster, RosterSet};
use hotline_core::{
    health::Profile,
    identity::Identity,
    leg::{Door, Lane},
    plant,
};
use hotline_ledger::{Ledger, ReadError, Standing};
use hotline_transport::{Connections, Seams};
use tokio::sync::broadcast;

use crate::{
    admit::{Checked, Kind},
    anchor::Anchors,
    flashes::Flashes,
    frames::Told,
    presence::{Life, Pen, Presence, Register},
    roll,
    telemetry::Metrics,
    witness::Office,
};

/// Statements kept in memory for handing on without reading them back. 1,024: four full frames; what a desk asks for
/// later is read from the ledger.
const RECENT_MAX: usize = 1024;

/// Receipts waiting to be handed on before their own commit, per session. 256: a session that is further behind gets
/// them from its mailbox a few milliseconds later.
const EARLY_MAX: usize = 256;

/// What all sessions of one relay share.
pub struct Relay {
    /// Who this relay is.
    pub identity: Identity,
    /// Its ledger and log.
    pub ledger: Ledger,
    /// Made once with the ledger.
    pub instance: [u8; 16],
    /// How often the ledger was opened.
    pub boot: u64,
    /// Clock, entropy, tasks, network.
    pub seams: Seams,
    /// The farthest kind of line that its doors serve.
    pub profile: Profile,
    /// The doors' live connections.
    pub connections: Connections,
    /// Counters for the status listener.
    pub metrics: Metrics,
    /// Checkpoints that went out, per desk.
    pub told: Told,
    early: broadcast::Sender<Arc<Checked>>,
    pub(crate) flashes: Flashes,
    /// Who may sign what: replaced as a whole when trust is read anew.
    keys: ArcSwap<Keys>,
    /// Held for reading while statements go to the ledger, and for writing while the rosters change and what they add
    /// follows: so nothing that was judged by older rosters is written behind what ended its key.
    order: RwLock<()>,
    recent: Mutex<BTreeMap<u64, Bytes>>,
    /// Who is connected, and what is signed about it.
    pub presence: Arc<Register>,
    /// What others have cosigned of its log.
    pub anchors: Anchors,
    /// What makes it a witness of other logs; none if it is none.
    pub witness: Option<Arc<Office>>,
}

#[derive(Debug)]
struct Keys {
    rosters: Arc<RosterSet>,
    /// Desks that have a statement key: looked up for every recipient.
    desks: BTreeSet<Identity>,
}

/// What a relay is made of.
pub struct Parts {
    /// What makes it a witness of other logs; none if it is none.
    pub witness: Option<Arc<Office>>,
    /// Who this relay is.
    pub identity: Identity,
    /// Its ledger, opened.
    pub ledger: Ledger,
    /// What opening it found.
    pub opening: hotline_ledger::Opening,
    /// Who may sign what.
    pub rosters: RosterSet,
    /// What signs its word about desks; none if the rosters do not know its log key.
    pub pen: Option<Pen>,
    /// Clock, entropy, tasks, network.
    pub seams: Seams,
    /// The farthest kind of line that its doors serve.
    pub profile: Profile,
    /// The doors' live connections.
    pub connections: Connections,
}

impl Relay {
    /// Puts a relay together. Nothing listens yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let keys = Keys::of(parts.rosters);
        let clock = Arc::clone(&parts.seams.clock);
        Self {
            presence: Register::new(parts.pen, clock, keys.desks.clone(), parts.profile),
            identity: parts.identity,
            ledger: parts.ledger,
            instance: parts.opening.instance,
            boot: parts.opening.boot,
            seams: parts.seams,
            profile: parts.profile,
            connections: parts.connections,
            metrics: Metrics::default(),
            told: Told::default(),
            early: broadcast::channel(EARLY_MAX).0,
            flashes: Flashes::default(),
            keys: ArcSwap::from_pointee(keys),
            order: RwLock::default(),
            recent: Mutex::default(),
            anchors: Anchors::default(),
            witness: parts.witness,
        }
    }

    /// Whether a desk of that name has a statement key in the rosters.
    #[must_use]
    pub fn knows(&self, desk: &Identity) -> bool {
        self.keys.load().desks.contains(desk)
    }

    /// Who may sign what, as it stands now.
    #[must_use]
    pub fn rosters(&self) -> Arc<RosterSet> {
        Arc::clone(&self.keys.load().rosters)
    }

    /// Puts other rosters in force for every statement from now on, and hands what is new in them to the log.
    /// [`Relay::keep_roll`] waits for it.
    pub fn replace_rosters(&self, rosters: RosterSet) {
        let keys = Keys::of(rosters);
        self.presence.know(keys.desks.clone());
        let _alone = self.order.write().unwrap_or_else(PoisonError::into_inner);
        self.keys.store(Arc::new(keys));
        if let Err(error) = roll::hand_over(&self.ledger, &self.rosters()) {
            tracing::warn!(%error, "what is new in the rosters could not be handed to the log; it is tried again");
        }
    }

    /// Appends whatever the log lacks of the rosters and deny-lists in force, and waits until it is on disk; false if that
    /// did not work and is to be tried again.
    pub async fn keep_roll(&self) -> bool {
        let handed_over = {
            let _alone = self.order.write().unwrap_or_else(PoisonError::into_inner);
            roll::hand_over(&self.ledger, &self.rosters())
        };
        roll::append(handed_over).await
    }

    /// Does `hand_over` if the rosters are still those by which was judged, and before they change.
    pub(crate) fn under<T>(&self, judged_by: &Arc<RosterSet>, hand_over: impl FnOnce() -> T) -> Option<T> {
        let _shared = self.order.read().unwrap_or_else(PoisonError::into_inner);
        Arc::ptr_eq(judged_by, &self.keys.load().rosters).then(hand_over)
    }

    /// Why the relay takes nothing in, if it does not.
    #[must_use]
    pub fn read_only(&self) -> Option<String> {
        match self.ledger.standing() {
            Standing::Good => None,
            Standing::ReadOnly { reason } => Some(reason.to_string()),
        }
    }

    /// Receipts and acts are handed on at once: their signer has them on disk, so nothing rests on this relay's own
    /// commit. Messages never are, and neither are annexes, for which no timer waits.
    pub fn hand_on_early(&self, open: &[(usize, Arc<Checked>)]) {
        for (_, checked) in open {
            match checked.kind {
                Kind::Receipt | Kind::Act => {
                    // No receiver means that no desk is connected: the mailbox has it.
                    let _ = self.early.send(Arc::clone(checked));
                }
                Kind::Message if plant::active("handed-on-before-commit") => {
                    let _ = self.early.send(Arc::clone(checked));
                }
                Kind::Message
                | Kind::Charter
                | Kind::Service
                | Kind::Watch
                | Kind::Lifecycle
                | Kind::Annex
                | Kind::RelayRecord => {}
            }
        }
    }

    /// A stream of what is handed on early.
    #[must_use]
    pub fn early(&self) -> broadcast::Receiver<Arc<Checked>> {
        self.early.subscribe()
    }

    /// Keeps a fresh statement at hand for its recipients' sessions.
    pub fn remember(&self, index: u64, checked: &Checked) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() >= RECENT_MAX {
            recent.pop_first();
        }
        recent.insert(index, checked.bytes.clone());
    }

    /// The bytes of a leaf, from memory if it is fresh.
    ///
    /// # Errors
    /// If the ledger cannot be read, or its bytes do not hash to what was stored.
    pub fn statement(&self, index: u64) -> Result<Option<Bytes>, ReadError> {
        let fresh = self
            .recent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&index)
            .cloned();
        if fresh.is_some() {
            return Ok(fresh);
        }
        Ok(self.ledger.entry(index)?.map(|stored| stored.bytes.into()))
    }

    /// The newest cursor of a desk's mailbox.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn mailbox_head(&self, desk: &Identity, lane: Lane) -> Result<u64, ReadError> {
        self.ledger.mailbox_head(&desk.to_string(), lane)
    }

    /// Registers a session of `desk`, judged by the numbers of `profile`.
    ///
    /// # Errors
    /// The ledger that is connected already.
    pub fn enter(
        &self,
        desk: &Identity,
        life: Life,
        door: Door,
        profile: Profile,
    ) -> Result<Presence, [u8; 16]> {
        self.presence.enter(desk, life, door, profile)
    }
}

impl Keys {
    fn of(rosters: RosterSet) -> Self {
        let desks = rosters
            .rosters()
            .flat_map(Roster::keys)
            .filter(|entry| entry.purpose == Purpose::Statement)
            .filter_map(|entry| entry.statement.subject.parse().ok())
            .collect();
        Self {
            rosters: Arc::new(rosters),
            desks,
        }
    }
}
