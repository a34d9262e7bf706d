//! What arrives at a desk: the first copy wins, late copies are counted, overtaking is not a gap.
//!
//! A machine beside the ledger: it is told of each verified statement, and of what the ledger holds under its key and
//! at its place, and answers with records to keep (in the same transaction as the statement) and what to do once they
//! are kept. Every fresh statement is taken at once, whatever is missing before it: FLASH waits for nobody. What is
//! missing is refetched, and shown when that failed or its bound has passed ([`crate::chain`]). `core/README.md` §10.
//!
//! Signatures, keys and revocations are judged before; nothing here reads content.

use std::collections::{BTreeMap, BTreeSet};

use crate::Transition;
use crate::chain::{ChainNews, ChainView, Gap, GapChange, Link, Missing};
use crate::id::{Hash32, Place, StatementKey};
use crate::identity::Identity;
use crate::intake::{self, Intake};
use crate::leg::{Leg, RelayName};
use crate::plant;
use crate::time::LineTime;

/// A verified statement that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Whose it is, and its id.
    pub key: StatementKey,
    /// Its link in its sender's chain.
    pub link: Link,
    /// The leg that brought this copy.
    pub leg: Leg,
}

/// What the ledger holds already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InLedger {
    /// The hash under (sender, id).
    pub by_id: Option<Hash32>,
    /// The hash at (sender, epoch, sequence).
    pub by_place: Option<Hash32>,
}

/// A record to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keep {
    /// Store the statement, with the leg of its first copy.
    Store {
        /// Which one.
        key: StatementKey,
        /// The leg of the first copy: what a DELIVERED names.
        leg: Leg,
    },
    /// Keep both statements as evidence; the new one is refused.
    Equivocation(Contradiction),
    /// This is missing. Its key in the ledger is sender and range.
    Missing {
        /// In whose chain.
        sender: Identity,
        /// What.
        missing: Missing,
    },
    /// Delete that record of something missing.
    NoLongerMissing {
        /// In whose chain.
        sender: Identity,
        /// What.
        missing: Missing,
    },
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// A statement is new and stored: show the message and sign DELIVERED, or apply the receipt or act.
    Take {
        /// Which one.
        key: StatementKey,
    },
    /// The same bytes came again: when the receipt they got is no longer in the outbox, queue that receipt again.
    AnswerAgain {
        /// Which one.
        key: StatementKey,
    },
    /// The sender signed two things that exclude each other: alarm.
    Alarm(Contradiction),
    /// Ask these relays for what is missing.
    Refetch {
        /// In whose chain.
        sender: Identity,
        /// What.
        missing: Missing,
        /// Whom to ask.
        relays: Vec<RelayName>,
    },
    /// Show people that something is missing.
    ShowGap {
        /// In whose chain.
        sender: Identity,
        /// What.
        missing: Missing,
    },
    /// Tell people: the sender opened a new epoch without its own latest statements.
    Reopened {
        /// Whose chain.
        sender: Identity,
        /// The place it remembers.
        after: Place,
        /// How many later ones are known here.
        forgotten: u64,
    },
    /// Tell the operator: more senders than are tracked. Their statements are taken; gaps in their chains are not seen.
    Untracked {
        /// Whose chain.
        sender: Identity,
    },
}

/// Two statements of one sender that exclude each other: EQUIVOCATION.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// The statement that was refused.
    pub key: StatementKey,
    /// Its hash.
    pub refused: Hash32,
    /// The hash it contradicts: of the statement held, or of the predecessor or successor as held.
    pub held: Hash32,
    /// The place about which they disagree.
    pub at: Place,
}

/// How many copies a leg brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LegCount {
    /// Copies that were the first of their statement.
    pub first: u64,
    /// Copies of statements already held. On a healthy pair of legs every statement has one; when they stay away,
    /// redundancy is lost although nothing is.
    pub late: u64,
}

/// The inbox of one desk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inbox {
    chains: BTreeMap<Identity, ChainView>,
    counts: BTreeMap<Leg, LegCount>,
    reachable: BTreeSet<RelayName>,
}

type Done = Transition<Keep, Then>;

impl Inbox {
    /// An inbox that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes up one sender's chain after a restart.
    pub fn resume(&mut self, sender: Identity, chain: ChainView) {
        if self.chains.len() < MAX_SENDERS {
            self.chains.insert(sender, chain);
        }
    }

    /// A verified statement came in.
    pub fn arrived(&mut self, arrival: &Arrival, held: InLedger, now: LineTime) -> Done {
        let mut done = Done::nothing();
        match intake::judge(held.by_id, held.by_place, arrival.link.hash) {
            Intake::Same if plant::active("no-deduplication") => {
                let (key, leg) = (arrival.key.clone(), arrival.leg.clone());
                done.keep.push(Keep::Store { key, leg });
            }
            Intake::Same => {
                self.count(&arrival.leg).late += 1;
                done.then.push(Then::AnswerAgain {
                    key: arrival.key.clone(),
                });
            }
            Intake::Equivocation { with } => refuse(arrival, arrival.link.place, with, &mut done),
            Intake::Fresh => self.fresh(arrival, now, &mut done),
        }
        done
    }

    /// The relays that can be asked have changed. One that is new is asked at once for all that is missing.
    pub fn reachable(&mut self, relays: BTreeSet<RelayName>) -> Done {
        let new: Vec<RelayName> = relays.difference(&self.reachable).cloned().collect();
        self.reachable = relays;
        let mut done = Done::nothing();
        if !new.is_empty() {
            for (sender, chain) in &self.chains {
                for gap in chain.gaps() {
                    let (sender, relays) = (sender.clone(), new.clone());
                    done.then.push(Then::Refetch {
                        sender,
                        missing: gap.missing,
                        relays,
                    });
                }
            }
        }
        done
    }

    /// A relay could not supply what is missing, or could not be asked.
    pub fn refetch_failed(&mut self, sender: &Identity, missing: &Missing, relay: &RelayName) -> Done {
        let Some(chain) = self.chains.get_mut(sender) else {
            return Done::nothing();
        };
        let shown = chain.refetch_failed(missing, relay, &self.reachable);
        let then = shown
            .into_iter()
            .map(|missing| Then::ShowGap {
                sender: sender.clone(),
                missing,
            })
            .collect();
        Done {
            keep: Vec::new(),
            then,
        }
    }

    /// Time has passed.
    pub fn tick(&mut self, now: LineTime) -> Done {
        let mut done = Done::nothing();
        for (sender, chain) in &mut self.chains {
            let shown = chain.tick(now).into_iter();
            done.then.extend(shown.map(|missing| Then::ShowGap {
                sender: sender.clone(),
                missing,
            }));
        }
        done
    }

    /// Gaps that an earlier inbox of this desk knew already are as old as they were there: whoever takes its state up anew,
    /// again and again, must not put off for ever what people are to be told.
    pub fn as_old_as(&mut self, earlier: &Self) {
        for (sender, chain) in &mut self.chains {
            if let Some(known) = earlier.chains.get(sender) {
                chain.as_old_as(known);
            }
        }
    }

    /// When [`tick`](Self::tick) has something to say next.
    pub fn next_wake(&self) -> Option<LineTime> {
        self.chains.values().filter_map(ChainView::next_wake).min()
    }

    /// What is missing in a sender's chain.
    pub fn gaps(&self, sender: &Identity) -> impl Iterator<Item = &Gap> {
        self.chains.get(sender).into_iter().flat_map(ChainView::gaps)
    }

    /// A sender's chain.
    pub fn chain(&self, sender: &Identity) -> Option<&ChainView> {
        self.chains.get(sender)
    }

    /// Copies by leg.
    pub fn counts(&self) -> &BTreeMap<Leg, LegCount> {
        &self.counts
    }

    fn fresh(&mut self, arrival: &Arrival, now: LineTime, done: &mut Done) {
        let Arrival { key, link, leg } = arrival;
        let sender = &key.sender;
        if self.chains.contains_key(sender) || self.chains.len() < MAX_SENDERS {
            let observed = self.chains.entry(sender.clone()).or_default().observe(*link, now);
            if let ChainNews::Fork { at, held, other: _ } = observed.news {
                refuse(arrival, at, held, done);
                return;
            }
            if observed.news == ChainNews::Late {
                // Its first copy is on the way into the ledger, in a commit that has not returned.
                self.count(leg).late += 1;
                return;
            }
            let news = self.tell(sender, observed.news);
            done.keep.push(Keep::Store {
                key: key.clone(),
                leg: leg.clone(),
            });
            done.keep
                .extend(observed.changes.into_iter().map(|change| record(sender, change)));
            done.then.push(Then::Take { key: key.clone() });
            done.then.extend(news);
        } else {
            done.keep.push(Keep::Store {
                key: key.clone(),
                leg: leg.clone(),
            });
            done.then.push(Then::Take { key: key.clone() });
            done.then.push(Then::Untracked {
                sender: sender.clone(),
            });
        }
        self.count(leg).first += 1;
    }

    fn tell(&self, sender: &Identity, news: ChainNews) -> Vec<Then> {
        match news {
            ChainNews::Gap { missing } => {
                let relays: Vec<RelayName> = self.reachable.iter().cloned().collect();
                let refetch = |missing| Then::Refetch {
                    sender: sender.clone(),
                    missing,
                    relays: relays.clone(),
                };
                missing.into_iter().map(refetch).collect()
            }
            ChainNews::Reopened { after, forgotten } => {
                vec![Then::Reopened {
                    sender: sender.clone(),
                    after,
                    forgotten,
                }]
            }
            // The ledger did not hold it, so Beyond is an old statement that comes for the first time.
            ChainNews::Next
            | ChainNews::Fills
            | ChainNews::Late
            | ChainNews::Beyond
            | ChainNews::Fork { .. } => Vec::new(),
        }
    }

    /// A leg's counters; a name beyond [`MAX_LEGS`] takes the place of the first.
    fn count(&mut self, leg: &Leg) -> &mut LegCount {
        if !self.counts.contains_key(leg) && self.counts.len() >= MAX_LEGS {
            self.counts.pop_first();
        }
        self.counts.entry(leg.clone()).or_default()
    }
}

fn refuse(arrival: &Arrival, at: Place, held: Hash32, done: &mut Done) {
    let contradiction = Contradiction {
        key: arrival.key.clone(),
        refused: arrival.link.hash,
        held,
        at,
    };
    done.keep.push(Keep::Equivocation(contradiction.clone()));
    done.then.push(Then::Alarm(contradiction));
}

fn record(sender: &Identity, change: GapChange) -> Keep {
    let sender = sender.clone();
    match change {
        GapChange::Opened(missing) => Keep::Missing { sender, missing },
        GapChange::Ended(missing) => Keep::NoLongerMissing { sender, missing },
    }
}

/// Senders whose chains are tracked. 64 of under 1 MiB each; a line between two sides has a handful of desks.
pub const MAX_SENDERS: usize = 64;
/// Legs that are counted: both doors of every relay an outbox serves.
pub const MAX_LEGS: usize = 2 * crate::outbox::MAX_RELAYS;

#[cfg(test)]
mod tests;
