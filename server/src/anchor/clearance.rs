//! What must happen before the first new signature: everybody who can be reached has said what it holds of this log.
//!
//! Sessions wait here before their hello is answered. The wait is bounded, because a peer must not be able to block; who
//! has not answered by then is asked all the same, and what it shows then still stops the log.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use hotline_ledger::{Damage, Ledger, Standing};
use tokio::sync::watch;

/// How long a start waits for those who do not answer. 1.5 s: half of what a desk gives a relay for its hello on a `lan`.
pub const ASKED_WITHIN: Duration = Duration::from_millis(1500);

/// How often one is tried in vain until it counts as out of reach. 4, with [`TRIED_EVERY`] between: two relays that are
/// started one after the other meet.
const TRIES_MAX: u32 = 4;

/// Time between two tries at the start.
pub const TRIED_EVERY: Duration = Duration::from_millis(200);

/// How one that is asked stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// Tried so often, without an answer.
    Tried(u32),
    Answered,
}

/// The gate before the first signature.
#[derive(Debug)]
pub struct Clearance {
    open: watch::Sender<bool>,
    against: watch::Sender<Option<String>>,
    rolled: watch::Sender<bool>,
    asked: Mutex<BTreeMap<String, Asked>>,
}

impl Default for Clearance {
    /// Open: a relay that asks nobody waits for nobody.
    fn default() -> Self {
        Self {
            open: watch::Sender::new(true),
            against: watch::Sender::new(None),
            rolled: watch::Sender::new(true),
            asked: Mutex::default(),
        }
    }
}

impl Clearance {
    /// Closes the gate until these have been asked. Before anybody may append.
    pub fn begin(&self, ledger: &Ledger, names: Vec<String>) {
        if names.is_empty() || self.against.borrow().is_some() {
            return;
        }
        *self.lock() = names.into_iter().map(|name| (name, Asked::Tried(0))).collect();
        ledger.stop_signing_until_asked();
        self.open.send_replace(false);
    }

    /// Waits until the first signature may be made, or it is known that none may.
    pub async fn opened(&self) {
        let mut open = self.open.subscribe();
        // The sender lives as long as this does.
        let _ = open.wait_for(|open| *open).await;
    }

    /// From now on sessions wait until what the rosters say is in the log, too.
    pub fn to_be_rolled(&self) {
        self.rolled.send_replace(false);
    }

    /// It is.
    pub fn rolled(&self) {
        self.rolled.send_replace(true);
    }

    /// Waits until statements may be handed in.
    pub async fn ready(&self) {
        self.opened().await;
        let mut rolled = self.rolled.subscribe();
        // The sender lives as long as this does.
        let _ = rolled.wait_for(|rolled| *rolled).await;
    }

    /// Waits until somebody shows what speaks against this log, and says what; for ever if nobody does.
    pub async fn stopped(&self) -> String {
        let mut against = self.against.subscribe();
        // The sender lives as long as this does.
        let words = against.wait_for(Option::is_some).await;
        words.ok().and_then(|words| words.clone()).unwrap_or_default()
    }

    /// Whether somebody has shown what speaks against this log.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.against.borrow().is_some()
    }

    /// Whether it is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        *self.open.borrow()
    }

    /// One has shown what it holds, and that speaks for nothing against this log.
    pub(super) fn answered(&self, name: &str, ledger: &Ledger) {
        self.note(name, Some(Asked::Answered), ledger);
    }

    /// One could not be reached, or gave no answer that can be believed.
    pub(super) fn tried(&self, name: &str, ledger: &Ledger) {
        self.note(name, None, ledger);
    }

    /// One holds more than this log, or another one: it takes in nothing more.
    pub(crate) fn against(&self, reason: Damage, ledger: &Ledger) {
        let forked = |damage: &Damage| matches!(damage, Damage::Forked { .. });
        if let Standing::ReadOnly { reason: before } = ledger.standing()
            && forked(&before)
            && !forked(&reason)
        {
            // There is no more to say than that two histories stand under one key.
            return;
        }
        let words = reason.to_string();
        ledger.stop_signing(reason);
        self.against.send_replace(Some(words));
        self.open.send_replace(true);
    }

    pub(super) fn time_is_over(&self, ledger: &Ledger) {
        if !self.is_open() {
            self.open_now(ledger);
        }
    }

    fn note(&self, name: &str, asked: Option<Asked>, ledger: &Ledger) {
        if self.is_open() {
            return;
        }
        let done = {
            let mut all = self.lock();
            if let Some(of) = all.get_mut(name) {
                *of = match (asked, *of) {
                    (Some(asked), _) => asked,
                    (None, Asked::Tried(times)) => Asked::Tried(times.saturating_add(1)),
                    (None, Asked::Answered) => Asked::Answered,
                };
            }
            all.values().all(|asked| match asked {
                Asked::Answered => true,
                Asked::Tried(times) => *times >= TRIES_MAX,
            })
        };
        if done {
            self.open_now(ledger);
        }
    }

    fn open_now(&self, ledger: &Ledger) {
        let silent: Vec<String> = self
            .lock()
            .iter()
            .filter(|(_, asked)| **asked != Asked::Answered)
            .map(|(name, _)| name.clone())
            .collect();
        if !silent.is_empty() {
            tracing::warn!(
                event = "witness",
                kind = "NOT_ANSWERED",
                silent = silent.join(", "),
                "who should have said what it holds of this log did not answer; it goes on at level durable, and asks on"
            );
        }
        let signs = ledger.signing_may_begin();
        tracing::info!(event = "witness", signs, "the start check is over");
        self.open.send_replace(true);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Asked>> {
        // Each change is one assignment.
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
