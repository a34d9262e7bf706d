//! Anchoring: the log's side of witnessing. Other sides' relays, and witnesses of no side, are asked to cosign this log's
//! checkpoints and to mirror its entries, and before the first new signature what they hold of it.
//!
//! One task for each cosigner: [`wire`] carries its calls, [`course`] says when which is due, [`judge`] what an answer
//! means, [`mirroring`] and [`upload`] what a mirror is sent, [`told`] what is written into the own log when it is refused.
//! What came of it is in [`kept`]; [`clearance`] is what must happen before the first signature.
//!
//! Nothing waits for a cosigner but the start, and that for a bound: a peer that does not answer, or lies, blocks nobody.
//! A cosigner is believed to be ahead of this log only if it shows a checkpoint that this log's own key signed.

pub mod against;
mod clearance;
mod course;
mod judge;
mod kept;
mod mirroring;
mod task;
mod told;
mod upload;
mod whom;
mod wire;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use hotline_ledger::Moves;
use hotline_transport::Dialer;
use tokio_util::sync::CancellationToken;

pub use clearance::{ASKED_WITHIN, Clearance};
pub use judge::size_seen;
pub use kept::{COSIGNED, Cosigned, Kept, load};
pub use whom::{Cosigner, Via, WhomError, log_keys, whom};
pub use wire::{Answered, Wire, WireError};

use crate::{config::Anchoring, relay::Relay};

/// What all tasks of one relay share, and its sessions read.
#[derive(Debug, Default)]
pub struct Anchors {
    /// Opened once the first signature may be made.
    pub clearance: Clearance,
    /// The newest cosigned checkpoints.
    pub kept: Kept,
    /// Told whenever trust was read anew.
    trust: Arc<Moves>,
    standings: told::Standings,
}

impl Anchors {
    /// How each cosigner stands: its name, and what it did last, in words.
    #[must_use]
    pub fn standings(&self) -> Vec<(String, String)> {
        self.standings.list()
    }
}

/// Starts and ends the tasks of cosigners as trust changes.
#[derive(Clone)]
pub struct Anchorage {
    shared: Arc<Shared>,
}

struct Shared {
    relay: Arc<Relay>,
    dialer: Dialer,
    config: Anchoring,
    running: std::sync::Mutex<BTreeMap<Cosigner, CancellationToken>>,
}

impl Anchorage {
    /// Begins with these cosigners. While there are any, nothing is signed before they were asked.
    #[must_use]
    pub fn start(relay: &Arc<Relay>, dialer: Dialer, config: Anchoring, cosigners: Vec<Cosigner>) -> Self {
        let anchorage = Self {
            shared: Arc::new(Shared {
                relay: Arc::clone(relay),
                dialer,
                config,
                running: std::sync::Mutex::default(),
            }),
        };
        if let Some(damage) = against::recall(&relay.ledger, &whom::own_keys(relay)) {
            // Nobody needs to be reached to know it again.
            relay.anchors.clearance.against(damage, &relay.ledger);
        }
        let names = cosigners.iter().map(Cosigner::name).collect();
        relay.anchors.clearance.begin(&relay.ledger, names);
        anchorage.clear_in_time();
        anchorage.know(cosigners);
        anchorage
    }

    /// Whoever has not answered by then is not waited for any longer.
    fn clear_in_time(&self) {
        let relay = Arc::clone(&self.shared.relay);
        relay.seams.spawner.clone().spawn("anchor clearance", async move {
            let closing = relay.seams.spawner.closing();
            tokio::select! {
                biased;
                () = closing.cancelled() => {}
                () = relay.anchors.clearance.opened() => {}
                () = tokio::time::sleep(ASKED_WITHIN) => relay.anchors.clearance.time_is_over(&relay.ledger),
            }
        });
    }

    /// Trust has changed: whoever is not trusted any more is sent nothing more, whatever is under way.
    pub fn trust_changed(&self) {
        self.shared.relay.anchors.trust.tell();
    }

    /// From now on these are asked, and no others.
    pub fn know(&self, cosigners: Vec<Cosigner>) {
        let shared = &self.shared;
        let mut running = shared
            .running
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        running.retain(|cosigner, task| {
            let stays = cosigners.contains(cosigner);
            if !stays {
                task.cancel();
            }
            stays
        });
        for cosigner in cosigners {
            if running.contains_key(&cosigner) {
                continue;
            }
            let ends = CancellationToken::new();
            running.insert(cosigner.clone(), ends.clone());
            let task = task::Task::new(
                &shared.relay,
                (shared.config.every, shared.config.entries),
                cosigner,
            );
            let (closing, dialer) = (shared.relay.seams.spawner.closing(), shared.dialer.clone());
            shared.relay.seams.spawner.spawn("anchor", async move {
                tokio::select! {
                    biased;
                    () = closing.cancelled() => {}
                    () = ends.cancelled() => {}
                    () = task.run(dialer) => {}
                }
            });
        }
    }

    /// Where relays of other sides are, before what the trust folders say.
    #[must_use]
    pub fn config(&self) -> &Anchoring {
        &self.shared.config
    }
}

#[cfg(test)]
pub(crate) mod tests;

/// Milliseconds of a time, for a log line.
fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
