//! The chains of all senders in one log: gaps, forks, order.

use std::collections::BTreeMap;

use super::report::{Fault, Gap, SenderReport, Unfit};
use crate::hash::Hash;
use crate::statement::{Control, Header};

/// Where a statement stands in the chain of its signer.
pub(super) struct Place<'a> {
    pub(super) sender: &'a str,
    pub(super) id: [u8; 16],
    pub(super) epoch: u64,
    pub(super) sequence: u64,
    pub(super) previous: Hash,
}

impl<'a> Place<'a> {
    /// Of a desk's statement.
    pub(super) fn of(header: &'a Header) -> Place<'a> {
        Place {
            sender: &header.sender,
            id: header.id,
            epoch: header.epoch,
            sequence: header.sequence,
            previous: header.previous,
        }
    }

    /// Of a control record; control's chain has one epoch.
    pub(super) fn of_record(record: &'a Control) -> Place<'a> {
        Place {
            sender: &record.conductor,
            id: record.id,
            epoch: 1,
            sequence: record.sequence,
            previous: record.previous,
        }
    }
}

/// A statement in its chain.
struct Link {
    index: u64,
    hash: Hash,
    previous: Hash,
}

#[derive(Default)]
struct Chain {
    by_place: BTreeMap<(u64, u64), Link>,
    by_id: BTreeMap<[u8; 16], (u64, Hash)>,
}

/// All chains of one log.
#[derive(Default)]
pub(super) struct Chains {
    chains: BTreeMap<String, Chain>,
}

impl Chains {
    /// Takes one genuine statement; returns how it contradicts one before it.
    pub(super) fn add(&mut self, index: u64, at: &Place<'_>, hash: Hash) -> Option<Fault> {
        let chain = self.chains.entry(at.sender.to_owned()).or_default();
        let sender = at.sender;
        let contradiction = |rule, explanation| {
            Some(Fault {
                index: Some(index),
                rule,
                explanation,
            })
        };
        if let Some((first, same)) = chain.by_id.get(&at.id) {
            return if *same == hash {
                contradiction(
                    "DUPLICATE",
                    format!("the same statement stands at #{first} already"),
                )
            } else {
                let why = format!("{sender} signed another statement with the same id, at #{first}");
                contradiction("EQUIVOCATION", why)
            };
        }
        let place = (at.epoch, at.sequence);
        if let Some(other) = chain.by_place.get(&place) {
            let why = format!(
                "{sender} signed another statement for place {}.{}, at #{}",
                place.0, place.1, other.index
            );
            return contradiction("EQUIVOCATION", why);
        }
        chain.by_id.insert(at.id, (index, hash));
        chain.by_place.insert(
            place,
            Link {
                index,
                hash,
                previous: at.previous,
            },
        );
        None
    }

    /// Who is in the log, how far.
    pub(super) fn senders(&self) -> Vec<SenderReport> {
        let newest = |chain: &Chain| {
            chain
                .by_place
                .last_key_value()
                .map_or((0, 0), |(place, _)| *place)
        };
        self.chains
            .iter()
            .map(|(sender, chain)| {
                let (epoch, sequence) = newest(chain);
                SenderReport {
                    sender: sender.clone(),
                    statements: chain.by_place.len() as u64,
                    epoch,
                    sequence,
                }
            })
            .collect()
    }

    /// Follows every chain. `owner` is the desk or control whose own log this is: its chain has no gaps, and each epoch
    /// stands in order. That somebody else's statement does not name the one before it is that sender's doing: the log
    /// holds what was signed, and nobody asks a relay to compare it.
    pub(super) fn follow(&self, owner: Option<&str>) -> Followed {
        let mut followed = Followed::default();
        for (sender, chain) in &self.chains {
            let (missing, broken) = chain.follow(sender);
            if owner == Some(sender.as_str()) {
                followed.faults.extend(missing.iter().map(own_gap));
                followed.faults.extend(chain.out_of_order());
                followed.faults.extend(broken.into_iter().map(own_break));
            } else {
                followed.unfit.extend(broken);
            }
            followed.gaps.extend(missing);
        }
        followed
    }
}

/// What following the chains has shown.
#[derive(Default)]
pub(super) struct Followed {
    pub(super) gaps: Vec<Gap>,
    /// Against the log.
    pub(super) faults: Vec<Fault>,
    /// Against senders other than the log's owner.
    pub(super) unfit: Vec<Unfit>,
}

impl Chain {
    fn follow(&self, sender: &str) -> (Vec<Gap>, Vec<Unfit>) {
        let (mut gaps, mut broken) = (Vec::new(), Vec::new());
        let mut before: Option<((u64, u64), &Link)> = None;
        for (&(epoch, sequence), link) in &self.by_place {
            let first = match before {
                Some(((same, last), _)) if same == epoch => last + 1,
                Some(_) | None => 1,
            };
            if sequence > first {
                let last = sequence - 1;
                gaps.push(Gap {
                    sender: sender.to_owned(),
                    epoch,
                    first,
                    last,
                    before_index: link.index,
                });
            } else if !fits(before, epoch, sequence, link) {
                let explanation =
                    format!("{sender} {epoch}.{sequence} does not name the statement before it");
                broken.push(Unfit {
                    index: link.index,
                    sender: sender.to_owned(),
                    rule: "BROKEN_CHAIN",
                    explanation,
                });
            }
            before = Some(((epoch, sequence), link));
        }
        (gaps, broken)
    }

    /// The first statement that stands before its predecessor of the same epoch. One of an earlier epoch may stand behind
    /// later ones: a desk that was put back to a backup learned of it late.
    fn out_of_order(&self) -> Option<Fault> {
        let mut links = self.by_place.iter();
        let (mut place, mut before) = links.next()?;
        for (next, link) in links {
            if next.0 == place.0 && link.index < before.index {
                let explanation = format!(
                    "the owner's statement stands before its predecessor at #{}",
                    before.index
                );
                return Some(Fault {
                    index: Some(link.index),
                    rule: "CHAIN_ORDER",
                    explanation,
                });
            }
            (place, before) = (next, link);
        }
        None
    }
}

/// Whether `previous` names the statement before. At the start of an epoch it may also be nothing, for a desk that lost
/// everything, or a statement that was lost; nobody can tell from here.
fn fits(before: Option<((u64, u64), &Link)>, epoch: u64, sequence: u64, link: &Link) -> bool {
    match before {
        Some(((same, _), previous)) if same == epoch => link.previous == previous.hash,
        Some(_) | None => sequence == 1 && (epoch > 1 || link.previous == Hash::ZERO),
    }
}

fn own_break(broken: Unfit) -> Fault {
    Fault {
        index: Some(broken.index),
        rule: broken.rule,
        explanation: broken.explanation,
    }
}

fn own_gap(gap: &Gap) -> Fault {
    Fault {
        index: Some(gap.before_index),
        rule: "CHAIN_GAP",
        explanation: format!(
            "{}.{} to {}.{} of the owner's chain are missing before it",
            gap.epoch, gap.first, gap.epoch, gap.last
        ),
    }
}
