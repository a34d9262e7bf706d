//! What the evidence of one side, or of both, proves: verified, joined and judged under the auditor's own policy.
//!
//! [`Evidence::judge`] reads bundles ([`crate::bundle`]) and nothing else. Rosters and deny-lists come from the bundles and
//! count only under a statement root that the policy names. Then, in this order: every log by itself ([`crate::verify`]),
//! every checkpoint that anybody kept against every copy of its log, copies of one log against each other, mirrors
//! against what they cosigned, the policy's quorum, statements against each other, and what lies beside the logs (proofs,
//! openings, envelopes). Whatever does not fit is a [`Finding`] with a name, a place, whose it is, and its proof.
//!
//! [`verify`](Evidence::verify) reports on one bundle, [`compare`](Evidence::compare) on two,
//! [`dispute`](Evidence::dispute) on one message of two. There is no clock: claimed times are told as claims, and order
//! comes from what names what.

mod anchors;
mod beside;
mod codes;
mod compare;
mod copies;
mod dated;
mod dispute;
mod finding;
mod heads;
mod index;
mod ladder;
mod life;
mod names;
mod notes;
mod printed;
mod quorum;
mod release;
mod senders;
mod statements;
mod text;
mod timeline;
mod verdict;
mod verify;
mod worth;

pub use compare::{CompareBundles, OnlyOne};
pub use dispute::{DisputeReport, NotFound};
pub use finding::{Finding, Proof, RootFork};
pub use life::{Fact, Life, Standing};
pub use notes::{Cosigned, Source};
pub use printed::PrintedProof;
pub use timeline::{After, Before, Event};
pub use verdict::Ruling;
pub use verify::{BundleReport, CopyReport};

use std::collections::BTreeMap;

use crate::bundle::{Bundle, BundleError};
use crate::policy::Policy;
use crate::trust::TrustPolicy;
use copies::Copy;
use dated::Dated;
use index::Index;
use notes::KnownNote;
use statements::Statements;
use worth::Worth;

/// Why evidence is not judged at all.
#[derive(Debug, thiserror::Error)]
#[error("{rule}: {what}")]
pub struct Refused {
    /// Stable name of the rule that was broken.
    pub rule: &'static str,
    /// What was found, and where.
    pub what: String,
}

impl Refused {
    fn new(rule: &'static str, what: String) -> Refused {
        Refused { rule, what }
    }
}

impl From<BundleError> for Refused {
    fn from(error: BundleError) -> Refused {
        Refused::new(error.rule(), error.to_string())
    }
}

/// The evidence of one side or of several, judged.
#[derive(Debug)]
pub struct Evidence<'b> {
    pub(crate) bundles: Vec<&'b Bundle>,
    trust: TrustPolicy,
    copies: Vec<Copy>,
    notes: Vec<KnownNote>,
    statements: Statements,
    worth: Worth,
    findings: Vec<Finding>,
    /// For a person to look at; no proof of anything.
    remarks: Vec<String>,
    quorums: Vec<quorum::Covered>,
    /// Acceptances by their statement.
    accepted: beside::Acceptances,
    /// Cosignatures of checkpoints that copies continue.
    index: Index,
    /// What people call desks.
    prefixes: BTreeMap<String, String>,
}

impl<'b> Evidence<'b> {
    /// Judges bundles together.
    ///
    /// # Errors
    /// When one brings trust anchors of its own, or keys that are refused, or logs of another side than its own.
    pub fn judge(bundles: &[&'b Bundle], policy: &Policy) -> Result<Evidence<'b>, Refused> {
        let (trust, mut findings) = anchors::believe(bundles, policy)?;
        let mut copies = copies::read(bundles, &trust)?;
        let cosigners = notes::Cosigners::of(policy, trust.rosters());
        let (mut notes, bad) = notes::gather(bundles, &copies, &trust, &cosigners);
        findings.extend(bad);
        let dated = Dated::of(&copies, &notes, &trust);
        dated.mark(&mut notes);
        dated.mark_copies(&mut copies);
        let worth = Worth::judge(&copies, &notes, &trust);
        findings.extend(copies.iter().flat_map(|copy| copy.findings(&worth)));
        findings.extend(worth.findings(&copies));
        let (statements, wrong) = Statements::join(&copies, &trust, &worth);
        findings.extend(wrong);
        let mut remarks = worth.remarks();
        remarks.extend(statements.undated(&copies, &worth));
        let (unfit, told) = senders::judge(&copies, &statements, &trust);
        findings.extend(unfit);
        remarks.extend(told);
        let beside = beside::judge(bundles, &statements, &trust, &cosigners);
        findings.extend(beside.findings);
        notes.extend(beside.notes);
        dated.mark(&mut notes);
        let (bad, told) = notes::bad_lines(&notes);
        findings.extend(bad);
        remarks.extend(told);
        findings.extend(heads::contradictions(&copies, &notes, &trust));
        findings.extend(statements.short_logs(&copies));
        remarks.extend(statements.seen_beyond(&copies));
        remarks.extend(dated::remarks(&copies));
        remarks.extend(copies::not_handed_in(
            bundles,
            &copies,
            policy,
            statements.senders(),
        ));
        let (quorums, unmet) = quorum::judge(&copies, &notes, policy);
        findings.extend(unmet);
        finding::sort(&mut findings);
        let continued = heads::continued(&copies, &notes);
        let origins: Vec<&str> = copies.iter().map(|copy| copy.origin.as_str()).collect();
        let index = Index::of(&origins, &notes, |copy, size, root| {
            continued.contains(&(copy, size, root))
        });
        Ok(Evidence {
            bundles: bundles.to_vec(),
            trust,
            copies,
            notes,
            statements,
            worth,
            findings,
            remarks,
            quorums,
            accepted: beside.accepted,
            index,
            prefixes: names::prefixes(bundles),
        })
    }

    /// Everything that does not fit, the gravest first.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The rosters that counted.
    #[must_use]
    pub fn trust(&self) -> &TrustPolicy {
        &self.trust
    }

    /// The ruling on the whole, as far as logs go.
    fn ruling(&self) -> Ruling {
        self.findings
            .first()
            .map_or(Ruling::Match, |gravest| gravest.ruling.clone())
    }

    /// Trust domain of a bundle's side.
    fn side(&self, bundle: usize) -> &str {
        self.bundles
            .get(bundle)
            .map_or("?", |bundle| bundle.manifest.side.as_str())
    }
}
