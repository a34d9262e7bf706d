//! Goes through one log, entry by entry, and then judges it as a whole.

mod control;
mod entry;
mod records;
mod whole;

pub(crate) use entry::kind_name;

use std::collections::{BTreeMap, BTreeSet};

use super::chains::Chains;
use super::report::{Fault, LogReport, Review, Unfit};
use super::stored::StoredTiles;
use crate::checkpoint::Checkpoint;
use crate::hash::Hash;
use crate::key::{Subject, subject_of_origin};
use crate::tree::{Frontier, leaf_hash};
use crate::trust::{CheckpointRefusal, TrustPolicy};

/// The role of whoever runs an exercise.
const CONTROL: &str = "control";
/// Most faults that a report lists; the rest is counted.
const MAX_FAULTS: usize = 1000;

/// A checkpoint of this very log that an entry claims to have seen.
struct SeenSelf {
    index: u64,
    sender: String,
    size: u64,
    root: Hash,
}

pub(super) struct Auditor<'t> {
    trust: &'t TrustPolicy,
    checkpoint: Option<Checkpoint>,
    log_key: Option<Hash>,
    frontier: Frontier,
    /// Hashes by tile level.
    levels: Vec<Vec<Hash>>,
    chains: Chains,
    seen: Vec<SeenSelf>,
    /// The control identity whose own log this is.
    conductor: Option<String>,
    /// Exercise of control's records, as the first one has it.
    exercise: Option<String>,
    /// Key statement → index of what ended it in this log.
    revoked_at: BTreeMap<Hash, u64>,
    /// Order of a deny-list → who has signed it in this log.
    denied_by: BTreeMap<Hash, BTreeSet<String>>,
    /// What stands in nobody's chain.
    unchained: BTreeSet<Hash>,
    kinds: BTreeMap<&'static str, u64>,
    genuine: u64,
    review: Vec<Review>,
    unfit: Vec<Unfit>,
    faults: Vec<Fault>,
    fault_count: u64,
}

impl<'t> Auditor<'t> {
    pub(super) fn new(note: &[u8], trust: &'t TrustPolicy) -> Auditor<'t> {
        Auditor::begin(note, trust, trust.checkpoint(note))
    }

    /// Of a copy whose log's key may have ended since; whoever takes it judges what that is worth.
    pub(super) fn of_copy(note: &[u8], trust: &'t TrustPolicy) -> Auditor<'t> {
        let signed = trust.signed_checkpoint(note);
        let signed = signed.map(|(checkpoint, key)| (checkpoint, key.hash));
        Auditor::begin(note, trust, signed)
    }

    fn begin(
        note: &[u8],
        trust: &'t TrustPolicy,
        believed: Result<(Checkpoint, Hash), CheckpointRefusal>,
    ) -> Auditor<'t> {
        let mut auditor = Auditor {
            trust,
            checkpoint: Checkpoint::danger_parse_unverified(note).ok(),
            log_key: None,
            frontier: Frontier::new(),
            levels: vec![Vec::new()],
            chains: Chains::default(),
            seen: Vec::new(),
            conductor: None,
            exercise: None,
            revoked_at: BTreeMap::new(),
            denied_by: BTreeMap::new(),
            unchained: BTreeSet::new(),
            kinds: BTreeMap::new(),
            genuine: 0,
            review: Vec::new(),
            unfit: Vec::new(),
            faults: Vec::new(),
            fault_count: 0,
        };
        auditor.conductor = auditor.owner().filter(|owner| has_role(owner, &[CONTROL]));
        match believed {
            Ok((_, log_key)) => auditor.log_key = Some(log_key),
            Err(refusal) => auditor.fault(
                None,
                refusal.rule(),
                format!("the checkpoint is not believed: {refusal}"),
            ),
        }
        auditor
    }

    /// Entries that the checkpoint speaks of, believed or not.
    pub(super) fn claimed_size(&self) -> u64 {
        self.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.size)
    }

    /// Entries taken so far.
    pub(super) fn entries(&self) -> u64 {
        self.frontier.size()
    }

    /// Takes the next entry.
    pub(super) fn push(&mut self, entry: &[u8]) {
        let index = self.frontier.size();
        for node in self.frontier.push(leaf_hash(entry)) {
            if node.level % 8 == 0 {
                let level = usize::from(node.level / 8);
                if self.levels.len() <= level {
                    self.levels.resize(level + 1, Vec::new());
                }
                if let Some(hashes) = self.levels.get_mut(level) {
                    hashes.push(node.hash);
                }
            }
        }
        if let Err((rule, explanation)) = self.judge(index, entry) {
            self.fault(Some(index), rule, explanation);
        } else {
            self.genuine += 1;
        }
    }

    /// Notes that a bundle of entries ends in bytes which are no entry.
    pub(super) fn broken_bundle(&mut self, bundle: u64) {
        let index = self.frontier.size();
        let explanation = format!("bundle {bundle} holds bytes behind this entry that are no entry");
        self.fault(Some(index), "ALTERED", explanation);
    }

    /// Judges the whole.
    pub(super) fn finish(mut self, missing: Option<String>, stored: Option<&StoredTiles>) -> LogReport {
        let owner = self.owner();
        let followed = self.chains.follow(owner.as_deref());
        for fault in followed.faults {
            self.add(fault);
        }
        self.unfit.extend(followed.unfit);
        // Where the entries are not those that were signed, every root that others have seen differs as well.
        if self.check_root(missing, stored) {
            self.check_seen();
        }
        self.report(followed.gaps)
    }

    /// The desk or control whose own log this is. In a relay's log nobody's chain is whole.
    fn owner(&self) -> Option<String> {
        let identity = subject_of_origin(&self.checkpoint.as_ref()?.origin);
        has_role(&identity, &["desk", CONTROL]).then_some(identity)
    }

    /// True for a relay's log, and for one whose owner cannot be read.
    fn is_relays(&self) -> bool {
        let origin = self
            .checkpoint
            .as_ref()
            .map(|checkpoint| subject_of_origin(&checkpoint.origin));
        origin.is_none_or(|identity| has_role(&identity, &["relay"]))
    }

    fn leaves(&self) -> &[Hash] {
        self.levels.first().map_or(&[], Vec::as_slice)
    }

    fn fault(&mut self, index: Option<u64>, rule: &'static str, explanation: String) {
        self.add(Fault {
            index,
            rule,
            explanation,
        });
    }

    fn add(&mut self, fault: Fault) {
        self.fault_count += 1;
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(fault);
        }
    }
}

fn has_role(identity: &str, roles: &[&str]) -> bool {
    Subject::parse(identity).is_some_and(|subject| roles.contains(&subject.role))
}
