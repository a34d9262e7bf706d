//! The copies of logs in bundles: a side's own logs, and what its mirrors hold of others. Each is verified by itself.

use std::collections::BTreeSet;

use super::worth::Worth;
use super::{Finding, Proof, Refused, Ruling};
use crate::bundle::{Bundle, Place};
use crate::compare::{EntryTree, Log};
use crate::hash::Hash;
use crate::key::{Subject, origin_of, subject_of_origin};
use crate::policy::Policy;
use crate::tiles::{TileDir, is_file_of};
use crate::tree::{consistency_proof, inclusion_proof, root_at};
use crate::trust::TrustPolicy;
use crate::verify::{Fault, LogReport, verify_copy};

/// Most logs and mirrors in one bundle. 256: a side has a few desks and relays, and each copy is read whole.
const MAX_COPIES: usize = 256;

/// Most findings about one copy: of each rule the first.
const MAX_FINDINGS: usize = 16;

/// One copy of one log.
#[derive(Debug)]
pub(super) struct Copy {
    /// Which bundle has it.
    pub(super) bundle: usize,
    /// Trust domain of that bundle's side.
    pub(super) side: String,
    /// The log's name.
    pub(super) origin: String,
    /// Cosigner name of the mirror whose copy this is; none for the side's own log.
    pub(super) mirror: Option<String>,
    /// Note and entries.
    pub(super) log: Log,
    /// What was found in it.
    pub(super) report: LogReport,
    /// Whether the key that signed it has ended since.
    pub(super) ended: bool,
    /// Whether it binds its log: false where a thief of an ended key may have made it.
    pub(super) binds: bool,
    /// A file that does not belong to a log of the size that was signed.
    strange: Option<String>,
    tree: EntryTree,
}

/// Reads and verifies every copy.
pub(super) fn read(bundles: &[&Bundle], trust: &TrustPolicy) -> Result<Vec<Copy>, Refused> {
    let mut copies = Vec::new();
    for (place, bundle) in bundles.iter().enumerate() {
        let logs = logs_of(bundle);
        if logs.len() > MAX_COPIES {
            let what = format!(
                "the bundle of {} has {} logs and mirrors, and {MAX_COPIES} are allowed",
                bundle.manifest.side,
                logs.len()
            );
            return Err(Refused::new("TOO_LARGE", what));
        }
        for (mirror, origin) in logs {
            let own = Subject::parse(&subject_of_origin(origin)).map(|subject| subject.domain.to_owned());
            if mirror.is_none() && own.as_deref() != Some(bundle.manifest.side.as_str()) {
                return Err(Refused::new(
                    "WRONG_SIDE",
                    format!(
                        "the bundle of {} brings {origin} as a log of its own",
                        bundle.manifest.side
                    ),
                ));
            }
            let holder = mirror.and_then(|mirror| mirror.strip_suffix("/mirror"));
            let holder = holder.map(subject_of_origin);
            let holder = holder.as_deref().and_then(Subject::parse);
            if holder.is_some_and(|holder| holder.domain != bundle.manifest.side) {
                return Err(Refused::new(
                    "WRONG_SIDE",
                    format!(
                        "the bundle of {} brings what {} holds of {origin}: a side hands in what its own mirrors hold",
                        bundle.manifest.side,
                        mirror.unwrap_or_default()
                    ),
                ));
            }
            copies.push(Copy::read(place, bundle, mirror, origin, trust));
        }
    }
    Ok(copies)
}

/// Logs that were to be handed in and are not: those that the policy names, and those of desks that have signed
/// something. What is missing convicts nobody; it is asked for.
pub(super) fn not_handed_in<'a>(
    bundles: &[&Bundle],
    copies: &[Copy],
    policy: &'a Policy,
    desks: impl Iterator<Item = &'a str>,
) -> Vec<String> {
    let named = policy.logs().iter().map(|log| log.key.origin());
    let origins: BTreeSet<&str> = named.chain(desks.filter_map(origin_of)).collect();
    let sides: BTreeSet<&str> = bundles
        .iter()
        .map(|bundle| bundle.manifest.side.as_str())
        .collect();
    let is_there = |origin: &str| {
        copies
            .iter()
            .any(|copy| copy.mirror.is_none() && copy.origin == origin)
    };
    let missing = origins.into_iter().filter(|origin| !is_there(origin));
    missing
        .filter_map(|origin| {
            let identity = subject_of_origin(origin);
            let side = Subject::parse(&identity)?.domain;
            sides
                .contains(side)
                .then(|| format!("{side} does not hand in the log {origin}"))
        })
        .collect()
}

/// What is wrong with the files of a copy though its entries are those that were signed.
fn is_of_files(fault: &Fault) -> bool {
    ["TILE_DAMAGED", "ALTERED"].contains(&fault.rule)
}

/// The trust domain in an origin.
pub(super) fn domain_of(origin: &str) -> Option<&str> {
    origin.split_once('/').map(|(domain, _)| domain)
}

fn logs_of(bundle: &Bundle) -> BTreeSet<(Option<&str>, &str)> {
    bundle
        .places()
        .filter_map(|(place, _, _)| match place {
            Place::Log { origin, .. } => Some((None, origin)),
            Place::Mirror { mirror, origin, .. } => Some((Some(mirror), origin)),
            _ => None,
        })
        .collect()
}

impl Copy {
    fn read(place: usize, bundle: &Bundle, mirror: Option<&str>, origin: &str, trust: &TrustPolicy) -> Copy {
        let folder = match mirror {
            None => format!("logs/{origin}"),
            Some(mirror) => format!("mirrors/{mirror}/{origin}"),
        };
        let tiles = TileDir::in_memory(bundle.files().clone(), &folder);
        let report = verify_copy(&tiles, trust);
        let log = Log::read_tiles(&tiles).unwrap_or_default();
        let head = report.checkpoint.as_ref().filter(|_| report.log_key.is_some());
        let prefix = format!("{folder}/");
        let strange = head.and_then(|head| {
            let files = bundle.files().range(prefix.clone()..);
            files
                .map_while(|(name, _)| name.strip_prefix(&prefix))
                .find(|file| !is_file_of(file, head.size))
                .map(str::to_owned)
        });
        Copy {
            bundle: place,
            side: bundle.manifest.side.clone(),
            origin: origin.to_owned(),
            mirror: mirror.map(str::to_owned),
            ended: report.log_key.is_some_and(|key| {
                trust
                    .rosters()
                    .by_hash(&key)
                    .is_some_and(|key| key.revoked.is_some())
            }),
            binds: true,
            tree: EntryTree::new(&log.entries),
            log,
            report,
            strange,
        }
    }

    /// What it is called in reports.
    pub(super) fn title(&self) -> String {
        match &self.mirror {
            None => format!("log {}", self.origin),
            Some(mirror) => format!("mirror {mirror} of {}", self.origin),
        }
    }

    /// The side that answers for what is in it: whoever handed it in, but for a mirror that holds exactly what its log has
    /// signed the log's own side.
    pub(super) fn answerable(&self) -> &str {
        match &self.mirror {
            Some(_) if self.is_signed() => domain_of(&self.origin).unwrap_or(&self.side),
            _ => &self.side,
        }
    }

    /// What a finding about something in it names.
    pub(super) fn named(&self) -> String {
        match &self.mirror {
            Some(_) if self.is_signed() => format!("log {}", self.origin),
            _ => self.title(),
        }
    }

    /// Entries there are.
    pub(super) fn len(&self) -> u64 {
        self.log.entries.len() as u64
    }

    /// True when its own log has signed exactly these entries; what they say may still be wrong.
    pub(super) fn is_signed(&self) -> bool {
        let head = self.report.checkpoint.as_ref();
        self.report.log_key.is_some()
            && head.is_some_and(|head| head.size == self.len() && head.root == self.report.root)
    }

    /// The signed note as text; empty if it is none.
    pub(super) fn note(&self) -> String {
        String::from_utf8_lossy(&self.log.note).into_owned()
    }

    /// Root of the first `size` entries; none if there are fewer.
    pub(super) fn root_at(&self, size: u64) -> Option<Hash> {
        (size <= self.len()).then(|| root_at(&self.tree, size).ok())?
    }

    /// That the tree of the first `size` entries is a prefix of the whole.
    pub(super) fn consistency(&self, size: u64) -> Option<Vec<Hash>> {
        consistency_proof(&self.tree, size, self.len()).ok()
    }

    /// That entry `index` stands in the whole.
    pub(super) fn inclusion(&self, index: u64) -> Option<Vec<Hash>> {
        inclusion_proof(&self.tree, index, self.len()).ok()
    }

    /// Statements of which this log says by itself that their keys had ended before.
    pub(super) fn behind_an_end(&self) -> Vec<Hash> {
        let ended = self
            .report
            .faults
            .iter()
            .filter(|fault| fault.rule == "REVOKED_KEY");
        ended.filter_map(|fault| self.statement(fault.index?)).collect()
    }

    /// Hash of entry `index`.
    pub(super) fn statement(&self, index: u64) -> Option<Hash> {
        let entry = self.log.entries.get(usize::try_from(index).ok()?)?;
        Some(Hash::of(entry))
    }

    /// What is wrong with this copy by itself. That a statement came to it behind the end of its key is no fault of either
    /// where other logs show that it came before.
    pub(super) fn findings(&self, worth: &Worth) -> Vec<Finding> {
        let of = |ruling, rule, index, explanation| Finding {
            ruling,
            rule,
            evidence_of: self.side.clone(),
            who: self.title(),
            index,
            explanation,
            proof: Proof::Recompute,
        };
        let kept_by_another = self.mirror.is_some() && self.is_signed();
        let mut findings: Vec<Finding> = Vec::new();
        for fault in &self.report.faults {
            let mut ruling = Ruling::of_fault(fault, self.report.log_key.is_some());
            if fault.rule == "REVOKED_KEY" {
                let statement = fault.index.and_then(|index| self.statement(index));
                match statement {
                    Some(statement) if worth.is_before(&statement) => continue,
                    Some(statement) if worth.is_doubtful(&statement) => ruling = Ruling::CannotTell("REVIEW"),
                    _ => {}
                }
            }
            if !self.binds {
                ruling = Ruling::CannotTell("REVIEW");
            }
            let told = findings.iter().any(|finding| finding.rule == fault.rule);
            if !told && findings.len() < MAX_FINDINGS {
                let mut finding = of(ruling, fault.rule, fault.index, fault.explanation.clone());
                // Its log has signed it so; whoever mirrors a log does not look into it.
                if kept_by_another && !is_of_files(fault) {
                    self.answerable().clone_into(&mut finding.evidence_of);
                    finding.who = self.named();
                    finding
                        .explanation
                        .push_str(&format!(" (signed so; {} has it)", self.title()));
                }
                findings.push(finding);
            }
        }
        if let Some(strange) = self.strange.as_ref().filter(|_| findings.is_empty()) {
            let why = format!("{strange} belongs to no log of {} entries", self.len());
            findings.push(of(Ruling::Failed("EXTRA_FILE"), "EXTRA_FILE", None, why));
        }
        let named = self.report.checkpoint.as_ref().map(|head| head.origin.as_str());
        if named.is_some_and(|named| named != self.origin) {
            let why = format!("its checkpoint is one of {}", named.unwrap_or_default());
            findings.push(of(Ruling::Failed("WRONG_ORIGIN"), "WRONG_ORIGIN", None, why));
        }
        findings
    }
}
