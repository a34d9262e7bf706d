//! Joins two logs by statement, and looks for what contradicts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use data_encoding::HEXLOWER;

use super::{EquivocationProof, Log};
use crate::check::{self, Parts, Verified, When};
use crate::checkpoint::Checkpoint;
use crate::hash::Hash;
use crate::key::{RosterSet, Subject, subject_of_origin};
use crate::statement::{Payload, RelayRecord};
use crate::tree::{Frontier, leaf_hash};
use crate::trust::TrustPolicy;
use crate::verify::{LogReport, Verdict};

/// A statement that only one log holds.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Missing {
    /// Its index in the log that holds it.
    pub index: u64,
    /// What it is: `message`, `receipt`, `act` or `charter`.
    pub kind: &'static str,
    /// Who signed it.
    pub sender: String,
    /// Its id, hex.
    pub id: String,
    /// Hash of its bytes.
    pub sha256: Hash,
    /// Its chain epoch.
    pub epoch: u64,
    /// Its place in the chain.
    pub sequence: u64,
    /// When it was signed, by its sender's clock, milliseconds since 1970 (UTC).
    pub claimed_time_ms: u64,
    /// RECEIPT_PROVES_DELIVERY or SENT_NO_RECEIPT.
    pub verdict: Verdict,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Missing {
            index,
            kind,
            epoch,
            sequence,
            verdict,
            sha256,
            ..
        } = self;
        write!(
            f,
            "#{index} {kind} {epoch}.{sequence} of {}, {sha256}: {verdict}",
            self.sender.escape_debug()
        )
    }
}

/// A checkpoint of a log which does not continue it: in a leaf of the other log, or as a genuine statement there says that it
/// has seen it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SeenConflict {
    /// TRUNCATED or FORK.
    pub verdict: Verdict,
    /// Whether it binds the log: its own key signed the checkpoint, or a desk of its own side says that it has seen it. What
    /// somebody else says convicts nobody, and is for a person to look at.
    pub binds: bool,
    /// Index of the statement, in the other log.
    pub index: u64,
    /// Who has seen it.
    pub sender: String,
    /// In words.
    pub explanation: String,
}

pub(super) struct Joined {
    pub(super) common: u64,
    pub(super) only_a: Vec<Missing>,
    pub(super) only_b: Vec<Missing>,
    pub(super) equivocations: Vec<EquivocationProof>,
    pub(super) conflicts: Vec<SeenConflict>,
}

/// A checkpoint of some log, and who tells of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    origin: String,
    size: u64,
    root: Hash,
    index: u64,
    sender: String,
    /// The log's own key signed it.
    signed: bool,
    binds: bool,
}

/// The genuine statements of one log.
struct Side<'a> {
    log: &'a Log,
    checkpoint: Option<&'a Checkpoint>,
    statements: Vec<(u64, Verified)>,
    /// Checkpoints that it holds or that its statements have seen.
    seen: Vec<Seen>,
    hashes: BTreeSet<Hash>,
    /// Statements that somebody other than their sender has signed for.
    received: BTreeSet<Hash>,
}

impl Joined {
    pub(super) fn new(
        a: &Log,
        b: &Log,
        report_a: &LogReport,
        report_b: &LogReport,
        trust: &TrustPolicy,
    ) -> Joined {
        let a = Side::new(a, report_a.checkpoint.as_ref(), trust);
        let b = Side::new(b, report_b.checkpoint.as_ref(), trust);
        let received: BTreeSet<Hash> = a.received.union(&b.received).copied().collect();
        let mut conflicts = a.conflicts_with(&b);
        conflicts.extend(b.conflicts_with(&a));
        Joined {
            common: a.hashes.intersection(&b.hashes).count() as u64,
            only_a: a.missing_in(&b, &received),
            only_b: b.missing_in(&a, &received),
            equivocations: a.equivocations(&b),
            conflicts,
        }
    }
}

impl<'a> Side<'a> {
    fn new(log: &'a Log, checkpoint: Option<&'a Checkpoint>, trust: &TrustPolicy) -> Side<'a> {
        let rosters = trust.rosters();
        let mut side = Side {
            log,
            checkpoint,
            statements: Vec::new(),
            seen: Vec::new(),
            hashes: BTreeSet::new(),
            received: BTreeSet::new(),
        };
        for (index, entry) in (0u64..).zip(&log.entries) {
            let Ok(verified) = check::desk_statement(entry, rosters, When::Archive) else {
                side.seen.extend(held_in(entry, index, trust));
                continue;
            };
            let Ok(parts) = check::parts(&verified.payload, rosters, When::Archive) else {
                continue;
            };
            side.seen.extend(seen_by(&verified, index, rosters));
            side.received.extend(received_by(&verified, &parts));
            side.hashes.insert(verified.hash);
            side.statements.push((index, verified));
        }
        side
    }

    fn missing_in(&self, other: &Side<'_>, received: &BTreeSet<Hash>) -> Vec<Missing> {
        let missing = self
            .statements
            .iter()
            .filter(|(_, statement)| !other.hashes.contains(&statement.hash));
        missing
            .map(|(index, statement)| Missing::new(*index, statement, received))
            .collect()
    }

    fn equivocations(&self, other: &Side<'_>) -> Vec<EquivocationProof> {
        let mut by_id = BTreeMap::new();
        let mut by_place = BTreeMap::new();
        for (index, statement) in &other.statements {
            let header = statement.header();
            by_id.insert((header.sender.as_str(), header.id), (*index, statement));
            by_place.insert(
                (header.sender.as_str(), header.epoch, header.sequence),
                (*index, statement),
            );
        }
        let mut proofs = Vec::new();
        for (index, statement) in &self.statements {
            let header = statement.header();
            let sender = header.sender.as_str();
            let same_id = by_id.get(&(sender, header.id)).map(|found| ("id", found));
            let same_place = by_place
                .get(&(sender, header.epoch, header.sequence))
                .map(|found| ("place", found));
            let other = same_id
                .into_iter()
                .chain(same_place)
                .find(|(_, (_, found))| found.hash != statement.hash);
            if let Some((shared, (there, found))) = other {
                let (ours, theirs) = (statement.statement.bytes(), found.statement.bytes());
                proofs.push(EquivocationProof::new(
                    sender,
                    shared,
                    (*index, ours),
                    (*there, theirs),
                ));
            }
        }
        proofs
    }

    /// What we hold or have seen of the other log, and it does not continue.
    fn conflicts_with(&self, other: &Side<'_>) -> Vec<SeenConflict> {
        let Some(checkpoint) = other.checkpoint else {
            return Vec::new();
        };
        let origin = &checkpoint.origin;
        let mut seen: Vec<&Seen> = self.seen.iter().filter(|seen| seen.origin == *origin).collect();
        seen.sort_unstable_by_key(|seen| (seen.size, seen.root, seen.index));
        let mut frontier = Frontier::new();
        let mut leaves = other.log.entries.iter();
        let mut conflicts = Vec::new();
        for seen in seen {
            while frontier.size() < seen.size {
                let Some(entry) = leaves.next() else { break };
                frontier.push(leaf_hash(entry));
            }
            let (found, size, sender) = (frontier.size(), seen.size, &seen.sender);
            let (verdict, explanation) = if found < size {
                let told = if seen.signed {
                    format!("{sender} holds a signed checkpoint of {size} entries of {origin}")
                } else {
                    format!("{sender} has seen {size} entries of {origin}")
                };
                (Verdict::Truncated, format!("{told}, and {found} are there"))
            } else if frontier.root() != seen.root {
                let told = if seen.signed {
                    "holds another signed root"
                } else {
                    "has seen another root"
                };
                (
                    Verdict::Fork,
                    format!("{sender} {told} of {origin} at {size} entries"),
                )
            } else {
                continue;
            };
            conflicts.push(SeenConflict {
                verdict,
                binds: seen.binds,
                index: seen.index,
                sender: sender.clone(),
                explanation,
            });
        }
        conflicts
    }
}

/// The checkpoint of another log that a relay wrote into its own, if that log's key signed it.
fn held_in(entry: &[u8], index: u64, trust: &TrustPolicy) -> Option<Seen> {
    let verified = check::relay_record(entry, trust.rosters(), When::Archive).ok()?;
    let RelayRecord::PeerCheckpoint(said) = verified.record else {
        return None;
    };
    let (checkpoint, _) = trust.checkpoint(&said.note).ok()?;
    Some(Seen {
        origin: checkpoint.origin,
        size: checkpoint.size,
        root: checkpoint.root,
        index,
        sender: said.relay,
        signed: true,
        binds: true,
    })
}

/// What a statement says that it has seen. It binds logs of its own side only, and only by a key that stands.
fn seen_by(verified: &Verified, index: u64, rosters: &RosterSet) -> Vec<Seen> {
    let header = verified.header();
    let stands = rosters
        .by_hash(&header.key_statement)
        .is_some_and(|key| key.revoked.is_none());
    let own = Subject::parse(&header.sender).map(|subject| subject.domain);
    let of_own_side = |origin: &str| {
        let owner = subject_of_origin(origin);
        own.is_some() && Subject::parse(&owner).map(|subject| subject.domain) == own
    };
    let seen = header.seen.iter().map(|seen| Seen {
        origin: seen.origin.clone(),
        size: seen.size,
        root: seen.root,
        index,
        sender: header.sender.clone(),
        signed: false,
        binds: stands && of_own_side(&seen.origin),
    });
    seen.collect()
}

impl Missing {
    fn new(index: u64, statement: &Verified, received: &BTreeSet<Hash>) -> Missing {
        let header = statement.header();
        let arrived = received.contains(&statement.hash);
        Missing {
            index,
            kind: crate::verify::kind_name(statement.statement.payload_type),
            sender: header.sender.clone(),
            id: HEXLOWER.encode(&header.id),
            sha256: statement.hash,
            epoch: header.epoch,
            sequence: header.sequence,
            claimed_time_ms: header.claimed_time_ms,
            verdict: if arrived {
                Verdict::ReceiptProvesDelivery
            } else {
                Verdict::SentNoReceipt
            },
        }
    }
}

/// The statements of others that this one names as received: in a receipt, an officer's act or annex, or a reply.
fn received_by(statement: &Verified, parts: &Parts) -> Vec<Hash> {
    let signer = &statement.header().sender;
    match (&statement.payload, parts) {
        (Payload::Receipt(receipt), _) if receipt.subject != *signer => {
            receipt.items.iter().map(|item| item.sha256).collect()
        }
        (Payload::Act(_), Parts::Act(by)) if by.said.message.sender != *signer => {
            vec![by.said.message.sha256]
        }
        (Payload::Annex(_), Parts::Annex(by)) if by.said.message.sender != *signer => {
            vec![by.said.message.sha256]
        }
        (Payload::Message(message), _) => {
            let others = message.refers_to.iter().filter(|named| named.sender != *signer);
            others.map(|named| named.sha256).collect()
        }
        (
            Payload::Receipt(_)
            | Payload::Act(_)
            | Payload::Annex(_)
            | Payload::Charter(_)
            | Payload::Service(_)
            | Payload::Watch(_)
            | Payload::Lifecycle(_),
            _,
        ) => Vec::new(),
    }
}
