//! One bundle by itself.

use std::collections::BTreeSet;

use super::copies::Copy;
use super::{Evidence, Finding, Ruling};
use crate::bundle::Place;
use crate::statement::Payload;
use crate::verify::Gap;

/// What was found in one copy of a log.
#[derive(Debug, Clone, serde::Serialize)]
pub struct CopyReport {
    /// Trust domain of the side whose evidence it is.
    pub evidence_of: String,
    /// The log's name.
    pub origin: String,
    /// The mirror whose copy it is; none for the side's own log.
    pub mirror: Option<String>,
    /// What it comes to by itself.
    pub ruling: Ruling,
    /// Entries there are.
    pub entries: u64,
    /// Entries that are genuine by themselves.
    pub genuine: u64,
    /// Entries under the largest checkpoint that is cosigned as the policy asks; none where the policy does not name it.
    pub cosigned_to: Option<u64>,
    /// Who cosigned that, and when, seconds since 1970 (UTC).
    pub cosigned_by: Vec<(String, u64)>,
    /// Places in senders' chains that it lacks.
    pub gaps: Vec<Gap>,
    /// Entries for a person to look at.
    pub review: u64,
}

/// What was found in one bundle.
#[derive(Debug, Clone, serde::Serialize)]
pub struct BundleReport {
    /// The one word.
    pub verdict: Ruling,
    /// The exit code that goes with it.
    pub exit_code: u8,
    /// The verdict as a sentence.
    pub sentence: String,
    /// Trust domain of the side that handed it in.
    pub side: String,
    /// Every copy of a log.
    pub logs: Vec<CopyReport>,
    /// Messages among the statements.
    pub messages: u64,
    /// Genuine statements, each once.
    pub statements: u64,
    /// Checkpoints that bind their logs.
    pub notes: u64,
    /// Of these, kept as contradictions.
    pub conflicts: u64,
    /// Openings that fit.
    pub openings: u64,
    /// Certificates, which are not judged here.
    pub certificates: u64,
    /// Everything that does not fit, the gravest first.
    pub findings: Vec<Finding>,
    /// For a person to look at; no proof of anything.
    pub remarks: Vec<String>,
}

impl Evidence<'_> {
    /// The report on the first bundle by itself.
    #[must_use]
    pub fn verify(&self) -> BundleReport {
        // What hands in no log may be genuine piece by piece, and says nothing about what is missing.
        let verdict = match self.ruling() {
            Ruling::Match if self.copies.iter().all(|copy| copy.mirror.is_some()) => {
                Ruling::CannotTell("NO_LOG")
            }
            ruling => ruling,
        };
        let named: BTreeSet<&str> = self.findings.iter().map(|finding| finding.who.as_str()).collect();
        let of = |wanted: fn(&Place<'_>) -> bool| {
            let places = self.bundles.iter().flat_map(|bundle| bundle.places());
            let holds = places.filter(|(place, path, _)| wanted(place) && !named.contains(path));
            holds.count() as u64
        };
        let messages = self
            .statements
            .iter()
            .filter(|(_, known)| matches!(known.verified.payload, Payload::Message(_)));
        BundleReport {
            exit_code: verdict.exit_code(),
            sentence: self.verified_sentence(&verdict),
            verdict,
            side: self.side(0).to_owned(),
            logs: self.copy_reports(),
            messages: messages.count() as u64,
            statements: self.statements.iter().count() as u64,
            notes: self.notes.len() as u64,
            conflicts: self.notes.iter().filter(|note| note.conflict).count() as u64,
            openings: of(|place| matches!(place, Place::Opening { .. })),
            certificates: of(|place| matches!(place, Place::Certificate)),
            findings: self.findings.clone(),
            remarks: self.remarks.clone(),
        }
    }

    pub(super) fn copy_reports(&self) -> Vec<CopyReport> {
        self.copies.iter().map(|copy| self.copy_report(copy)).collect()
    }

    fn copy_report(&self, copy: &Copy) -> CopyReport {
        let covered = self.quorums.iter().find(|covered| {
            copy.mirror.is_none() && covered.bundle == copy.bundle && covered.origin == copy.origin
        });
        let own = copy.findings(&self.worth);
        CopyReport {
            evidence_of: copy.side.clone(),
            origin: copy.origin.clone(),
            mirror: copy.mirror.clone(),
            ruling: own.first().map_or(Ruling::Match, |first| first.ruling.clone()),
            entries: copy.len(),
            genuine: copy.report.genuine,
            cosigned_to: covered.map(|covered| covered.size),
            cosigned_by: covered.map(|covered| covered.by.clone()).unwrap_or_default(),
            gaps: copy.report.gaps.clone(),
            review: copy.report.review.len() as u64,
        }
    }

    fn verified_sentence(&self, verdict: &Ruling) -> String {
        match (verdict, self.findings.first()) {
            (Ruling::Match, _) => format!(
                "the evidence of {} holds: every log is whole, signed and in order",
                self.side(0)
            ),
            (_, Some(gravest)) => gravest.sentence(),
            (_, None) => format!("{} hands in no log of its own", self.side(0)),
        }
    }
}

impl Finding {
    /// The finding as a sentence that names whose it is.
    pub(super) fn sentence(&self) -> String {
        let place = self
            .index
            .map_or_else(String::new, |index| format!(" at #{index}"));
        format!(
            "{}{place}, in the evidence of {}: {}",
            self.who, self.evidence_of, self.explanation
        )
    }
}
