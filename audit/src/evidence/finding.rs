//! Something that does not fit, with its proof: whoever has the keys of the policy can check it without the rest.

use super::Ruling;
use crate::checkpoint::Checkpoint;
use crate::compare::{EquivocationProof, ForkProof};
use crate::hash::Hash;
use crate::tree::verify_consistency;
use crate::trust::TrustPolicy;

/// Something that does not fit.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Finding {
    /// What it comes to.
    pub ruling: Ruling,
    /// Stable name of the rule that was broken.
    pub rule: &'static str,
    /// Whose evidence it speaks against: the trust domain of the side that handed it in, or of the one that signed what
    /// is wrong, where somebody else only kept it as it was signed.
    pub evidence_of: String,
    /// Whose doing it is, as far as that can be said: a log's origin, a signer, or a file.
    pub who: String,
    /// Index of the entry, where there is one.
    pub index: Option<u64>,
    /// What was found.
    pub explanation: String,
    /// What proves it to somebody else.
    pub proof: Proof,
}

/// What proves a finding.
#[derive(Debug, Clone, serde::Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Proof {
    /// The files themselves: whoever has them finds the same.
    Recompute,
    /// A signed note, and what was handed in instead.
    Note {
        /// The note, verbatim.
        note: String,
        /// Where it was kept.
        kept: String,
        /// The checkpoint that was handed in, verbatim.
        handed_in: String,
    },
    /// Two histories, each signed, with the leaf in which they part.
    Leaves(Box<ForkProof>),
    /// Two histories, each signed, with their roots for one size.
    Roots(Box<RootFork>),
    /// Two signed statements.
    Statements(Box<EquivocationProof>),
    /// One signed statement, exact bytes in base64.
    Statement {
        /// Hash of its bytes.
        sha256: Hash,
        /// Its bytes.
        statement: String,
    },
}

/// Two notes of one log of which the later one does not continue the earlier one. The consistency proof shows which root
/// the later history has at the size of the earlier note, and it is not the root in that note.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RootFork {
    /// The note of the smaller size, verbatim.
    pub earlier: String,
    /// The note of the larger or same size, verbatim.
    pub later: String,
    /// The root that the later history has at the smaller size.
    pub root_in_later: Hash,
    /// That it has.
    pub consistency: Vec<Hash>,
}

impl RootFork {
    /// True when one log that the policy knows has signed both, and they contradict each other. That a key which has ended
    /// since made them before is judged apart.
    #[must_use]
    pub fn holds(&self, trust: &TrustPolicy) -> bool {
        let believed = |note: &str| {
            let signed = trust.signed_checkpoint(note.as_bytes()).ok();
            signed.map(|(found, _)| found)
        };
        let (Some(earlier), Some(later)) = (believed(&self.earlier), believed(&self.later)) else {
            return false;
        };
        let Checkpoint { size, root, .. } = &later;
        earlier.origin == later.origin
            && earlier.root != self.root_in_later
            && verify_consistency(earlier.size, &self.root_in_later, *size, root, &self.consistency)
    }
}

/// The gravest first; of equals those with a proof, then those with a place, then in the order in which they were found.
pub(super) fn sort(findings: &mut [Finding]) {
    findings.sort_by_key(|finding| {
        let bare = matches!(finding.proof, Proof::Recompute);
        (finding.ruling.rank(), bare, finding.index.is_none())
    });
}
