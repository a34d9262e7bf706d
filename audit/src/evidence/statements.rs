//! All genuine statements of all copies, each once: who holds it, where it stands, and what contradicts.

use std::collections::BTreeMap;

use data_encoding::BASE64;

use super::copies::Copy;
use super::worth::{MAX_TOLD, Worth};
use super::{Finding, Proof, Ruling};
use crate::check::{self, Parts, Verified, When};
use crate::compare::EquivocationProof;
use crate::hash::Hash;
use crate::key::origin_of;
use crate::statement::Payload;
use crate::trust::TrustPolicy;

/// Where a statement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stands {
    /// Place of the copy in the list of copies.
    pub(super) copy: usize,
    /// Index of the entry.
    pub(super) index: u64,
}

/// A genuine statement.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) verified: Verified,
    pub(super) parts: Parts,
    /// Whether the signer's key has ended since: a thief may have signed it.
    pub(super) ended: bool,
    /// Whether nobody can tell if it came before a key ended that signed it, or something inside it.
    pub(super) doubtful: bool,
    /// Every place, in the order of copies.
    pub(super) stands: Vec<Stands>,
}

/// The genuine statements of all copies.
#[derive(Debug, Default)]
pub(super) struct Statements {
    known: BTreeMap<Hash, Known>,
}

impl Statements {
    pub(super) fn join(copies: &[Copy], trust: &TrustPolicy, worth: &Worth) -> (Statements, Vec<Finding>) {
        let mut all = Statements::default();
        for (place, copy) in copies.iter().enumerate() {
            for (index, entry) in (0u64..).zip(&copy.log.entries) {
                all.take(Stands { copy: place, index }, entry, trust, worth);
            }
        }
        let mut findings = all.equivocations(copies);
        findings.extend(all.strangers(copies));
        findings.extend(all.receipts(copies));
        (all, findings)
    }

    fn take(&mut self, stands: Stands, entry: &[u8], trust: &TrustPolicy, worth: &Worth) {
        let hash = Hash::of(entry);
        if let Some(known) = self.known.get_mut(&hash) {
            known.stands.push(stands);
            return;
        }
        if worth.is_revoked(&hash) {
            return;
        }
        let rosters = trust.rosters();
        let Ok(verified) = check::desk_statement(entry, rosters, When::Archive) else {
            return;
        };
        // What does not hold is a finding against its sender, and takes its words back from nobody.
        let parts = check::parts(&verified.payload, rosters, When::Archive)
            .ok()
            .or_else(|| check::parts_that_hold(&verified.payload, rosters, When::Archive));
        let Some(parts) = parts else { return };
        let has_ended = |key: &Hash| rosters.by_hash(key).is_some_and(|key| key.revoked.is_some());
        let ended = has_ended(&verified.header().key_statement);
        // Relays' logs alone date the end of a key: what none of them has shown to come before it may be a thief's.
        let by_ended = ended || officers_keys(&parts).into_iter().any(has_ended);
        let known = Known {
            ended,
            doubtful: worth.is_doubtful(&hash) || (by_ended && !worth.is_before(&hash)),
            verified,
            parts,
            stands: vec![stands],
        };
        self.known.insert(hash, known);
    }

    pub(super) fn get(&self, hash: &Hash) -> Option<&Known> {
        self.known.get(hash)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Hash, &Known)> {
        self.known.iter()
    }

    /// Who signed any of them, again and again.
    pub(super) fn senders(&self) -> impl Iterator<Item = &str> {
        self.known
            .values()
            .map(|known| known.verified.header().sender.as_str())
    }

    /// Two statements of one sender under one id or place. Where a thief may have signed one nobody is convicted.
    fn equivocations(&self, copies: &[Copy]) -> Vec<Finding> {
        let mut by_id: BTreeMap<(&str, [u8; 16]), &Known> = BTreeMap::new();
        let mut by_place: BTreeMap<(&str, u64, u64), &Known> = BTreeMap::new();
        let mut findings = Vec::new();
        for known in self.known.values().filter(|known| !known.doubtful) {
            let header = known.verified.header();
            let sender = header.sender.as_str();
            let same_id = by_id
                .insert((sender, header.id), known)
                .map(|other| ("id", other));
            let same_place = by_place
                .insert((sender, header.epoch, header.sequence), known)
                .map(|other| ("place", other));
            if let Some((shared, other)) = same_id.or(same_place) {
                findings.push(equivocation(other, known, shared, copies));
            }
        }
        findings
    }

    /// Messages in the log of a desk that neither sent nor was to receive them.
    fn strangers(&self, copies: &[Copy]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for known in self.known.values() {
            let Payload::Message(message) = &known.verified.payload else {
                continue;
            };
            let header = &message.header;
            for stands in &known.stands {
                let Some(copy) = copies.get(stands.copy) else {
                    continue;
                };
                let concerned = |desk: &str| {
                    origin_of(&header.sender) == Some(desk)
                        || header
                            .recipients
                            .iter()
                            .any(|to| origin_of(&to.identity) == Some(desk))
                };
                if copy.origin.contains("/desk/") && !concerned(&copy.origin) {
                    findings.push(Finding {
                        ruling: Ruling::Failed("WRONG_RECIPIENT"),
                        rule: "WRONG_RECIPIENT",
                        evidence_of: copy.side.clone(),
                        who: copy.title(),
                        index: Some(stands.index),
                        explanation: format!(
                            "a message of {} that is not addressed to this desk: it was replayed to another recipient",
                            header.sender
                        ),
                        proof: statement_proof(known),
                    });
                }
            }
        }
        findings
    }

    /// Receipts for statements that nobody holds under that id: one of the two desks hides something.
    fn receipts(&self, copies: &[Copy]) -> Vec<Finding> {
        let mut ids: BTreeMap<(&str, [u8; 16]), &Hash> = BTreeMap::new();
        for (hash, known) in &self.known {
            let header = known.verified.header();
            ids.insert((&header.sender, header.id), hash);
        }
        let mut findings = Vec::new();
        for known in self.known.values().filter(|known| !known.doubtful) {
            let Payload::Receipt(receipt) = &known.verified.payload else {
                continue;
            };
            for item in &receipt.items {
                let held = ids.get(&(receipt.subject.as_str(), item.id));
                if held.is_some_and(|held| **held != item.sha256) && !self.known.contains_key(&item.sha256) {
                    let stands = known.stands.first();
                    findings.push(Finding {
                        ruling: Ruling::CannotTell("RECEIPT_MISMATCH"),
                        rule: "RECEIPT_MISMATCH",
                        evidence_of: side_of(stands, copies),
                        who: receipt.header.sender.clone(),
                        index: stands.map(|stands| stands.index),
                        explanation: format!(
                            "it signed for statement {} of {}, and the statement handed in under that id is another",
                            item.sha256, receipt.subject
                        ),
                        proof: statement_proof(known),
                    });
                }
            }
        }
        findings
    }

    /// A desk's own log holds everything that the desk signed. What others hold of it from behind the log's end shows that
    /// it was cut.
    pub(super) fn short_logs(&self, copies: &[Copy]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (place, copy) in copies.iter().enumerate() {
            if copy.mirror.is_some() || !copy.origin.contains("/desk/") || !copy.is_signed() {
                continue;
            }
            let own = |known: &&Known| {
                !known.ended && origin_of(&known.verified.header().sender) == Some(copy.origin.as_str())
            };
            let here = |known: &Known| known.stands.iter().any(|stands| stands.copy == place);
            let place_of = |known: &Known| {
                let header = known.verified.header();
                (header.epoch, header.sequence)
            };
            let missing: Vec<&Known> = self
                .known
                .values()
                .filter(own)
                .filter(|known| !here(known))
                .collect();
            let Some(first) = missing.iter().min_by_key(|known| place_of(known)) else {
                continue;
            };
            let (epoch, sequence) = place_of(first);
            findings.push(Finding {
                ruling: Ruling::Truncated,
                rule: "LACKS_OWN_STATEMENT",
                evidence_of: copy.side.clone(),
                who: copy.title(),
                index: Some(copy.len()),
                explanation: format!(
                    "its own desk has signed {epoch}.{sequence}, which is not in it, and {} in all that others hold",
                    missing.len()
                ),
                proof: statement_proof(first),
            });
        }
        findings
    }

    /// Statements by keys that have ended, which no relay's log dates: for a person to look at.
    pub(super) fn undated(&self, copies: &[Copy], worth: &Worth) -> Vec<String> {
        let of = self
            .known
            .iter()
            .filter(|(hash, known)| known.doubtful && !worth.is_doubtful(hash));
        let told = of.filter_map(|(hash, known)| {
            let stands = known.stands.first()?;
            Some(format!(
                "REVIEW: {hash} of {}, #{} of {}, is signed with a key that has ended, and no relay's log that was handed in dates it",
                known.verified.header().sender,
                stands.index,
                copies.get(stands.copy)?.title()
            ))
        });
        told.take(MAX_TOLD).collect()
    }

    /// Checkpoints that statements claim to have seen, behind the end of what was handed in and without a signed note that
    /// proves it: a contradiction in which nobody is convicted.
    pub(super) fn seen_beyond(&self, copies: &[Copy]) -> Vec<String> {
        let mut most: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for known in self.known.values() {
            let header = known.verified.header();
            for seen in &header.seen {
                let size = most.entry((&seen.origin, &header.sender)).or_default();
                *size = seen.size.max(*size);
            }
        }
        let handed_in = |origin: &str| {
            copies
                .iter()
                .filter(|copy| copy.origin == origin && copy.mirror.is_none())
                .map(Copy::len)
                .max()
        };
        most.into_iter()
            .filter_map(|((origin, sender), size)| {
                let found = handed_in(origin).filter(|found| *found < size)?;
                Some(format!(
                    "{sender} says that it has seen {size} entries of {origin}, of which {found} were handed in"
                ))
            })
            .collect()
    }
}

/// The keys of those who signed something inside.
fn officers_keys(parts: &Parts) -> Vec<&Hash> {
    match parts {
        Parts::Message(approvals) => approvals.iter().map(|by| &by.key_statement).collect(),
        Parts::Charter(_, consents) => consents.iter().map(|by| &by.key_statement).collect(),
        Parts::Act(by) => vec![&by.key_statement],
        Parts::Annex(by) => vec![&by.key_statement],
        Parts::Watch(by) => vec![&by.key_statement],
        Parts::Lifecycle(by) => vec![&by.key_statement],
        Parts::Receipt | Parts::Service => Vec::new(),
    }
}

fn equivocation(a: &Known, b: &Known, shared: &'static str, copies: &[Copy]) -> Finding {
    let at = |known: &Known| known.stands.first().map_or(0, |stands| stands.index);
    let sender = &b.verified.header().sender;
    let title = |known: &Known| {
        known
            .stands
            .first()
            .and_then(|stands| Some((copies.get(stands.copy)?.title(), stands.index)))
            .map_or_else(String::new, |(title, index)| format!("#{index} of {title}"))
    };
    Finding {
        ruling: Ruling::Equivocation,
        rule: "EQUIVOCATION",
        evidence_of: side_of(b.stands.first(), copies),
        who: sender.clone(),
        index: Some(at(b)),
        explanation: format!(
            "signed two statements with one {shared}: {} and {}",
            title(a),
            title(b)
        ),
        proof: Proof::Statements(Box::new(EquivocationProof::new(
            sender,
            shared,
            (at(a), a.verified.statement.bytes()),
            (at(b), b.verified.statement.bytes()),
        ))),
    }
}

pub(super) fn statement_proof(known: &Known) -> Proof {
    Proof::Statement {
        sha256: known.verified.hash,
        statement: BASE64.encode(known.verified.statement.bytes()),
    }
}

fn side_of(stands: Option<&Stands>, copies: &[Copy]) -> String {
    stands
        .and_then(|stands| copies.get(stands.copy))
        .map_or_else(String::new, |copy| copy.side.clone())
}
