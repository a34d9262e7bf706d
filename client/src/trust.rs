//! Whom this desk believes now, and how that changes while the station runs.
//!
//! One place that legs, lanes and the engine read: the directory with its rosters, the trust store behind the dialler,
//! and our own certificate. Reading it anew is all or nothing: everything is read and checked first, and what does not
//! hold together leaves everything as it was. What is put in force is told to the legs, which drop a relay that is no
//! longer trusted, and to the engine, which tells people.
//!
//! Nothing here runs by itself. A process looks at its files ([`watch_of`]); a simulated world does not.

mod ended;

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use arc_swap::ArcSwap;
use hotline_audit::{
    Hash,
    check::{self, StatementError, Verified},
    key::{Denial, DenyList, KeyRefusal, Roster, RosterSet},
    trust,
};
use hotline_core::identity::Identity;
use hotline_ledger::{CaSeen, Ledger, Moves, Record, TrustMemory, Watcher};
use hotline_transport::{
    Anchor, CaStanding, ClientTls, Denied, Dialer, FileWatch, Seams, TrustStore, anchors_in,
};

use crate::{
    config::DeskConfig,
    relay::RelayPlace,
    restart,
    side::Directory,
    station::{self, OpenError},
};

pub(crate) use ended::{
    ended, ended_inside, ended_key, ended_key_inside, keys_inside, officers_of, over, unusable_key,
};

/// What is believed at one moment, and replaced as a whole.
#[derive(Debug)]
pub struct TrustNow {
    directory: ArcSwap<Directory>,
    /// The relays that this station was opened with.
    opened: ArcSwap<Vec<RelayPlace>>,
    tls: ClientTls,
    moves: Arc<Moves>,
    /// The folder of trust folders.
    folder: PathBuf,
    /// What was believed so far.
    memory: Mutex<TrustMemory>,
}

/// What reading it anew has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Identities that are denied now and were not before, each with its reason.
    pub denied: Vec<(String, String)>,
    /// Orders that end nobody here: whose deny-list, and which numbers.
    pub unproven: Vec<(String, Vec<u64>)>,
    /// What a restart would change of the relays, in words: a running desk dials those that it was opened with.
    pub restart_for: Vec<String>,
    /// Whether that is another list than it was before.
    pub restart_is_news: bool,
}

/// A folder that was refused.
#[derive(Debug)]
pub(crate) struct RefusedTrust {
    /// Why.
    pub(crate) error: OpenError,
    /// What its deny-lists have changed all the same.
    pub(crate) denied: Option<Changed>,
}

/// The files that a running station looks at: its trust folders, certificate and key.
#[must_use]
pub fn watch_of(config: &DeskConfig) -> FileWatch {
    FileWatch::new([
        config.trust.clone(),
        config.certificate.clone(),
        config.tls_key.clone(),
    ])
}

/// A dialler as the station's own: with this desk's certificate and trust. For diagnosis, beside a station that runs.
///
/// # Errors
/// [`OpenError`] names what cannot be used.
pub fn dialer(config: &DeskConfig, seams: &Seams) -> Result<Dialer, OpenError> {
    Ok(Dialer::new(seams, TrustNow::read(config, seams)?.tls()))
}

impl TrustNow {
    /// Reads everything for the first time.
    ///
    /// # Errors
    /// [`OpenError`] names what cannot be used.
    pub(crate) fn read(config: &DeskConfig, seams: &Seams) -> Result<Self, OpenError> {
        let directory = Directory::load(config)?;
        let own = station::own_certificate(config, seams)?;
        let anchors = anchors_in(&config.trust)?;
        let store = TrustStore::with_denied(seams, anchors, denied(directory.rosters()))?;
        Ok(Self {
            opened: ArcSwap::from_pointee(directory.relays().to_vec()),
            directory: ArcSwap::from_pointee(directory),
            tls: ClientTls::new(seams, own, Arc::new(store)).with_keys(config.key_exchange),
            moves: Arc::default(),
            folder: config.trust.clone(),
            memory: Mutex::default(),
        })
    }

    /// Compares what was read with what a ledger remembers, and remembers it from now on.
    ///
    /// # Errors
    /// [`OpenError`] names the file that is older than what was believed.
    pub(crate) fn remember(
        &self,
        config: &DeskConfig,
        seams: &Seams,
        ledger: &Ledger,
    ) -> Result<(), OpenError> {
        let memory = TrustMemory::load(ledger).map_err(|error| OpenError::Load(error.to_string()))?;
        let now_ms = seams.clock.wall().unix_ms();
        let judge = |list: &DenyList, roster: &Roster| memory.unproven(list, roster, now_ms);
        let directory = Directory::load_judged(config, &judge)?;
        let store = self.tls.trust();
        let cas = seen(&store.standing());
        memory.check(&self.folder, directory.rosters(), &cas)?;
        store.deny(denied(directory.rosters()));
        let mut memory = memory;
        memory.take(directory.rosters(), &cas, now_ms);
        *self.memory() = memory;
        self.opened.store(Arc::new(directory.relays().to_vec()));
        self.directory.store(Arc::new(directory));
        Ok(())
    }

    /// Reads everything anew, puts it in force and wakes the legs.
    ///
    /// # Errors
    /// [`RefusedTrust`] says what does not hold; then everything is as it was, but for longer deny-lists.
    pub(crate) fn read_anew(&self, config: &DeskConfig, seams: &Seams) -> Result<Changed, Box<RefusedTrust>> {
        let now_ms = seams.clock.wall().unix_ms();
        self.read_all_anew(config, seams, now_ms).map_err(|error| {
            let denied = self.deny_all_the_same(now_ms);
            Box::new(RefusedTrust { error, denied })
        })
    }

    fn read_all_anew(&self, config: &DeskConfig, seams: &Seams, now_ms: u64) -> Result<Changed, OpenError> {
        let judge = |list: &DenyList, roster: &Roster| self.memory().unproven(list, roster, now_ms);
        let directory = Directory::load_judged(config, &judge)?;
        let own = station::own_certificate(config, seams)?;
        let anchors: Vec<Anchor> = anchors_in(&config.trust)?;
        let store = self.tls.trust();
        let cas = seen(&store.check_not_older(&anchors)?);
        let before = self.rosters();
        directory
            .rosters()
            .check_not_older(&before)
            .map_err(OpenError::Older)?;
        self.memory().check(&self.folder, directory.rosters(), &cas)?;
        store.replace_with_denied(anchors, denied(directory.rosters()))?;
        self.memory().take(directory.rosters(), &cas, now_ms);
        self.tls.rotate(own);
        Ok(self.put_in_force(directory, &before))
    }

    /// Where a folder was refused: takes deny-lists that are longer and hold by themselves, under the rosters in force.
    fn deny_all_the_same(&self, now_ms: u64) -> Option<Changed> {
        let before = self.rosters();
        let judge = |list: &DenyList, roster: &Roster| self.memory().unproven(list, roster, now_ms);
        let rosters = trust::denied_anew(&self.folder, &before, &judge)?;
        let store = self.tls.trust();
        store.deny(denied(&rosters));
        self.memory().take(&rosters, &seen(&store.standing()), now_ms);
        let directory = self.directory().under(rosters);
        Some(self.put_in_force(directory, &before))
    }

    fn put_in_force(&self, directory: Directory, before: &RosterSet) -> Changed {
        let rosters = Arc::clone(directory.rosters());
        let restart_for_before = self.restart_for(&self.directory());
        let restart_for = self.restart_for(&directory);
        self.directory.store(Arc::new(directory));
        self.moves.tell();
        let new = |denial: &&Denial| before.denial(&denial.order.identity).is_none();
        let told = |denial: &Denial| (denial.order.identity.clone(), denial.order.reason.clone());
        Changed {
            denied: rosters.denials().filter(new).map(told).collect(),
            unproven: unproven_since(&rosters, before),
            restart_is_news: restart_for != restart_for_before,
            restart_for,
        }
    }

    /// Orders that end nobody here.
    pub(crate) fn unproven(&self) -> Vec<(String, Vec<u64>)> {
        unproven_since(&self.rosters(), &RosterSet::new())
    }

    /// What is believed and not on disk yet, with the number to call [`remembered`](Self::remembered) with.
    pub(crate) fn to_remember(&self) -> Option<(u64, Vec<Record>)> {
        self.memory().to_keep()
    }

    /// What was handed out under this number is on disk.
    pub(crate) fn remembered(&self, serial: u64) {
        self.memory().kept(serial);
    }

    fn memory(&self) -> MutexGuard<'_, TrustMemory> {
        // It is consistent between any two statements.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn restart_for(&self, directory: &Directory) -> Vec<String> {
        let ended = |relay: &Identity| directory.rosters().denial(&relay.to_string()).is_some();
        restart::needed_for(&self.opened.load(), directory.relays(), ended)
    }

    /// Whom this desk knows, as it stands now.
    pub(crate) fn directory(&self) -> Arc<Directory> {
        self.directory.load_full()
    }

    /// Who may sign what, as it stands now.
    pub(crate) fn rosters(&self) -> Arc<RosterSet> {
        Arc::clone(self.directory.load().rosters())
    }

    /// For the dialler.
    pub(crate) fn tls(&self) -> &ClientTls {
        &self.tls
    }

    /// What tells our own certificate from an earlier one.
    pub(crate) fn own_serial(&self) -> String {
        self.tls.credentials().summary().serial.clone()
    }

    /// Notifies of every change from now on.
    pub(crate) fn watch(&self) -> Watcher {
        self.moves.watch()
    }

    /// Verifies a desk's statement. One whose key has ended is given as well, if that key really signed it: it is
    /// evidence. [`ended`](Self::ended) tells.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub(crate) fn verify(&self, bytes: &[u8], now_ms: u64) -> Result<Verified, StatementError> {
        let rosters = self.rosters();
        match check::verify_statement(bytes, &rosters, now_ms) {
            Err(StatementError::Key(KeyRefusal::Revoked { .. })) => {
                check::verify_statement_archived(bytes, &rosters)
            }
            other => other,
        }
    }

    /// Why a key cannot be used any more, if so.
    pub(crate) fn ended_by(&self, key: &Hash) -> Option<String> {
        let rosters = self.rosters();
        match rosters.by_hash(key) {
            Some(_) => ended_key(&rosters, key),
            None => Some("no roster of ours holds its key any more".into()),
        }
    }
}

fn seen(cas: &[CaStanding]) -> Vec<CaSeen> {
    let seen = |ca: &CaStanding| CaSeen {
        domain: ca.domain.to_string(),
        key: Hash(ca.key_sha256),
        list: ca.list_number.clone(),
    };
    cas.iter().map(seen).collect()
}

/// Orders that end nobody under these rosters and were not so before.
fn unproven_since(rosters: &RosterSet, before: &RosterSet) -> Vec<(String, Vec<u64>)> {
    let none = BTreeSet::new();
    let of = |roster: &Roster| {
        let domain = roster.trust_domain();
        let old = before.deny_list(domain).map_or(&none, DenyList::void);
        let now = rosters.deny_list(domain).map_or(&none, DenyList::void);
        let new: Vec<u64> = now.difference(old).copied().collect();
        (!new.is_empty()).then(|| (domain.to_owned(), new))
    };
    rosters.rosters().filter_map(of).collect()
}

/// Whom deny-lists end, for the doors.
fn denied(rosters: &RosterSet) -> Denied {
    let order = |denial: &Denial| {
        let identity = denial.order.identity.parse().ok()?;
        Some((identity, denial.order.reason.clone()))
    };
    rosters.denials().filter_map(order).collect()
}
