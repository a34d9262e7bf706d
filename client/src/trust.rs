//! Whom this desk believes now, and how that changes while the station runs.
//!
//! One place that legs, lanes and the engine read: the directory with its rosters, the trust store behind the dialler,
//! and our own certificate. Reading it anew is all or nothing: everything is read and checked first, and what does not
//! hold together leaves everything as it was. What is put in force is told to the legs, which drop a relay that is no
//! longer trusted, and to the engine, which tells people.
//!
//! Nothing here runs by itself. A process looks at its files ([`watch_of`]); a simulated world does not.

use std::sync::Arc;

use arc_swap::ArcSwap;
use hotline_audit::{
    SignedStatement,
    check::{self, StatementError, Verified},
    key::{Denial, KeyRefusal, RosterSet},
    statement::{Act, Approval, Message, OfficerAct, OfficerOrder, OfficerWatch, Payload},
};
use hotline_core::identity::Identity;
use hotline_ledger::{Moves, Watcher};
use hotline_transport::{Anchor, ClientTls, Denied, Dialer, FileWatch, Seams, TrustStore, anchors_in};

use crate::{
    config::DeskConfig,
    relay::RelayPlace,
    restart,
    side::Directory,
    station::{self, OpenError},
};

/// What is believed at one moment, and replaced as a whole.
#[derive(Debug)]
pub struct TrustNow {
    directory: ArcSwap<Directory>,
    /// The relays that this station was opened with.
    opened: Vec<RelayPlace>,
    tls: ClientTls,
    moves: Arc<Moves>,
}

/// What reading it anew has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Identities that are denied now and were not before, each with its reason.
    pub denied: Vec<(String, String)>,
    /// Why this desk's own statement key cannot be used any more, if so.
    pub own_key: Option<String>,
    /// What a restart would change of the relays, in words: a running desk dials those that it was opened with.
    pub restart_for: Vec<String>,
    /// Whether that is another list than it was before.
    pub restart_is_news: bool,
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
            opened: directory.relays().to_vec(),
            directory: ArcSwap::from_pointee(directory),
            tls: ClientTls::new(seams, own, Arc::new(store)),
            moves: Arc::default(),
        })
    }

    /// Reads everything anew, puts it in force and wakes the legs.
    ///
    /// # Errors
    /// [`OpenError`] says what does not hold; then everything is as it was.
    pub(crate) fn read_anew(&self, config: &DeskConfig, seams: &Seams) -> Result<Changed, OpenError> {
        let directory = Directory::load(config)?;
        let own = station::own_certificate(config, seams)?;
        let anchors: Vec<Anchor> = anchors_in(&config.trust)?;
        let store = self.tls.trust();
        store.check_not_older(&anchors)?;
        let before = self.rosters();
        directory
            .rosters()
            .check_not_older(&before)
            .map_err(OpenError::Older)?;
        let own_key = station::own_key_statement(config, &directory)
            .err()
            .map(|error| error.to_string());
        store.replace_with_denied(anchors, denied(directory.rosters()))?;
        let new = |denial: &&Denial| before.denial(&denial.order.identity).is_none();
        let told = |denial: &Denial| (denial.order.identity.clone(), denial.order.reason.clone());
        let restart_for = self.restart_for(&directory);
        let changed = Changed {
            denied: directory.rosters().denials().filter(new).map(told).collect(),
            own_key,
            restart_is_news: restart_for != self.restart_for(&self.directory()),
            restart_for,
        };
        self.tls.rotate(own);
        self.directory.store(Arc::new(directory));
        self.moves.tell();
        Ok(changed)
    }

    fn restart_for(&self, directory: &Directory) -> Vec<String> {
        let ended = |relay: &Identity| directory.rosters().denial(&relay.to_string()).is_some();
        restart::needed_for(&self.opened, directory.relays(), ended)
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

    /// Why the desk's key that signed a statement has ended, if it has.
    pub(crate) fn ended(&self, statement: &Verified) -> Option<String> {
        ended_key(&self.rosters(), &statement.header().key_statement)
    }

    /// Why an officer's key that signed something inside a statement has ended, if one has.
    pub(crate) fn ended_inside(&self, payload: &Payload) -> Option<String> {
        let rosters = self.rosters();
        match payload {
            Payload::Message(message) => officers_of(message)
                .into_iter()
                .find_map(|approval| ended_key(&rosters, &approval.key_statement)),
            Payload::Act(act) => ended_key(&rosters, &act_in(act)?.key_statement),
            Payload::Watch(watch) => {
                let signed = SignedStatement::parse(&watch.officer_watch).ok()?;
                ended_key(
                    &rosters,
                    &OfficerWatch::decode(&signed.payload).ok()?.key_statement,
                )
            }
            Payload::Lifecycle(lifecycle) => {
                let signed = SignedStatement::parse(&lifecycle.order).ok()?;
                ended_key(
                    &rosters,
                    &OfficerOrder::decode(&signed.payload).ok()?.key_statement,
                )
            }
            Payload::Receipt(_) | Payload::Charter(_) | Payload::Service(_) => None,
        }
    }
}

/// The approvals inside a message that can be read.
pub(crate) fn officers_of(message: &Message) -> Vec<Approval> {
    let read = |bytes: &Vec<u8>| {
        let signed = SignedStatement::parse(bytes).ok()?;
        Approval::decode(&signed.payload).ok()
    };
    message.approvals.iter().filter_map(read).collect()
}

fn act_in(act: &Act) -> Option<OfficerAct> {
    let signed = SignedStatement::parse(&act.act).ok()?;
    OfficerAct::decode(&signed.payload).ok()
}

fn ended_key(rosters: &RosterSet, key: &hotline_audit::Hash) -> Option<String> {
    let entry = rosters.by_hash(key)?;
    entry.check_not_revoked().err().map(|refusal| refusal.to_string())
}

/// Whom deny-lists end, for the doors.
fn denied(rosters: &RosterSet) -> Denied {
    let order = |denial: &Denial| {
        let identity = denial.order.identity.parse().ok()?;
        Some((identity, denial.order.reason.clone()))
    };
    rosters.denials().filter_map(order).collect()
}
