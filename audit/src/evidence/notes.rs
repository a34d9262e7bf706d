//! Every checkpoint that anybody kept: those under copies of logs, those beside them, and those that relays have written
//! into their own logs. A log signed each of them, so each of them binds it.

use std::collections::{BTreeMap, BTreeSet};

use super::copies::{self, Copy};
use super::{Finding, Proof, Ruling};
use crate::bundle::{Bundle, Place};
use crate::check::{self, When};
use crate::checkpoint::Checkpoint;
use crate::cosign::{CosignVerifier, CosignerName};
use crate::hash::Hash;
use crate::key::{Purpose, Roster, RosterSet, Subject, origin_of, subject_of_origin};
use crate::note::Note;
use crate::policy::Policy;
use crate::statement::RelayRecord;
use crate::trust::TrustPolicy;

/// Where a checkpoint was kept.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Under a copy of the log.
    Head(String),
    /// In a file of a bundle.
    File(String),
    /// In a leaf of another log.
    Leaf {
        /// That log.
        origin: String,
        /// Index of the leaf.
        index: u64,
    },
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Source::Head(title) => write!(f, "the checkpoint of {title}"),
            Source::File(path) => f.write_str(path),
            Source::Leaf { origin, index } => write!(f, "entry #{index} of {origin}"),
        }
    }
}

/// Somebody other than the log who signed a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Cosigned {
    /// Name of the cosigner.
    pub name: String,
    /// Its trust domain; none for a neutral witness.
    pub domain: Option<String>,
    /// True when it also says that it holds every entry.
    pub mirror: bool,
    /// When, by its own clock, seconds since 1970 (UTC).
    pub time_s: u64,
}

/// A checkpoint that its log has signed.
#[derive(Debug, Clone)]
pub(super) struct KnownNote {
    /// Trust domain of the side that kept it.
    pub(super) side: String,
    pub(super) kept: Source,
    pub(super) checkpoint: Checkpoint,
    pub(super) text: String,
    pub(super) note: Note,
    pub(super) cosigned: Vec<Cosigned>,
    /// True for what was kept as a contradiction.
    pub(super) conflict: bool,
    /// Names of cosigners that we know, lines of which do not verify. They are not in `note` and `text` any more: the log's
    /// own signature binds it whatever others have put under it.
    pub(super) bad: Vec<String>,
    /// Key statement of the key that signed it, where that has ended since.
    pub(super) ended: Option<Hash>,
    /// The entry that it was kept in, where that is a leaf.
    pub(super) entry: Option<Hash>,
    /// Whether the log's own side has handed it in as its own, or written it into a log of its own.
    pub(super) own: bool,
    /// Whether it binds its log: false where a thief of an ended key may have made it.
    pub(super) binds: bool,
}

/// The cosigners that count: those of the policy, and the witnesses and mirrors of rosters under its roots.
pub(super) struct Cosigners {
    known: Vec<CosignVerifier>,
}

impl Cosigners {
    pub(super) fn of(policy: &Policy, rosters: &RosterSet) -> Cosigners {
        // A key that its side has ended says nothing, though the policy names it: a thief can have made any time with it.
        let ended: BTreeSet<CosignVerifier> = enrolled(rosters, true).into_iter().collect();
        let mut known: Vec<CosignVerifier> = policy
            .witnesses()
            .iter()
            .map(|witness| witness.key.clone())
            .filter(|key| !ended.contains(key))
            .collect();
        known.extend(enrolled(rosters, false));
        known.sort();
        known.dedup();
        Cosigners { known }
    }

    /// Who cosigned this note. Takes out lines of known cosigners that do not verify, and returns their names.
    fn of_note(&self, note: &mut Note) -> (Vec<Cosigned>, Vec<String>) {
        let (mut found, mut bad) = (Vec::new(), Vec::new());
        for verifier in &self.known {
            let name = verifier.name().as_str();
            if verifier.times(note).is_err() {
                let key_id = verifier.key_id();
                let text = note.text.clone();
                note.signatures.retain(|line| {
                    let own = line.name == name && line.key_id == key_id;
                    !own || verifier.time_of(&text, line).is_some()
                });
                bad.push(name.to_owned());
            }
            found.extend(verifier.verify(note).map(|time_s| Cosigned {
                name: name.to_owned(),
                domain: domain_of(name),
                mirror: name.ends_with("/mirror"),
                time_s,
            }));
        }
        (found, bad)
    }

    /// A believed note with its cosignatures.
    pub(super) fn known_note(
        &self,
        bytes: &[u8],
        side: &str,
        kept: Source,
        trust: &TrustPolicy,
    ) -> Result<KnownNote, (&'static str, String)> {
        let (checkpoint, key) = trust
            .signed_checkpoint(bytes)
            .map_err(|refusal| (refusal.rule(), refusal.to_string()))?;
        let mut note = Note::parse(bytes).map_err(|error| ("MALFORMED", error.to_string()))?;
        let (cosigned, bad) = self.of_note(&mut note);
        let text = if bad.is_empty() {
            bytes.to_vec()
        } else {
            note.encode()
        };
        let ended = key.revoked.is_some().then_some(key.hash);
        Ok(KnownNote {
            own: matches!(kept, Source::Head(_) | Source::File(_))
                && copies::domain_of(&checkpoint.origin) == Some(side),
            binds: ended.is_none(),
            entry: None,
            ended,
            side: side.to_owned(),
            kept,
            checkpoint,
            text: String::from_utf8_lossy(&text).into_owned(),
            note,
            cosigned,
            conflict: false,
            bad,
        })
    }
}

/// The witnesses and mirrors that rosters enrol for relays, and have or have not ended.
fn enrolled(rosters: &RosterSet, ended: bool) -> Vec<CosignVerifier> {
    let keys = rosters
        .rosters()
        .flat_map(Roster::keys)
        .filter(|key| key.revoked.is_some() == ended);
    keys.filter_map(|key| {
        let origin = origin_of(&key.statement.subject)?;
        let name = match key.purpose {
            Purpose::Witness => CosignerName::witness(origin),
            Purpose::Mirror => CosignerName::mirror(origin),
            Purpose::Statement | Purpose::Log | Purpose::Officer | Purpose::Control => return None,
        };
        Some(CosignVerifier::new(name.ok()?, key.key))
    })
    .collect()
}

/// The trust domain in the name of a relay's witness or mirror.
fn domain_of(name: &str) -> Option<String> {
    let relay = name
        .strip_suffix("/witness")
        .or_else(|| name.strip_suffix("/mirror"))?;
    let identity = subject_of_origin(relay);
    Subject::parse(&identity).map(|subject| subject.domain.to_owned())
}

/// Most remarks about lines that do not verify.
const MAX_TOLD: usize = 16;

/// Lines of known cosigners that do not verify. Who keeps a note of its own log, or one with a line of its own cosigner, must
/// know better, and it is a finding. Else whoever made the note chose its bytes, and it is a remark.
pub(super) fn bad_lines(notes: &[KnownNote]) -> (Vec<Finding>, Vec<String>) {
    let (mut findings, mut remarks) = (Vec::new(), Vec::new());
    for note in notes {
        for name in &note.bad {
            let log = subject_of_origin(&note.checkpoint.origin);
            let log = Subject::parse(&log).map(|subject| subject.domain == note.side);
            let own = log == Some(true) || domain_of(name).as_deref() == Some(note.side.as_str());
            let why = format!("a line of {name} in it does not verify, and counts for nothing");
            match &note.kept {
                Source::Head(_) | Source::File(_) if own => findings.push(Finding {
                    ruling: Ruling::Failed("BAD_COSIGNATURE"),
                    rule: "BAD_COSIGNATURE",
                    evidence_of: note.side.clone(),
                    who: note.kept.to_string(),
                    index: None,
                    explanation: why,
                    proof: Proof::Recompute,
                }),
                kept if remarks.len() < MAX_TOLD => {
                    remarks.push(format!("{kept}, in the evidence of {}: {why}", note.side));
                }
                _ => {}
            }
        }
    }
    (findings, remarks)
}

/// Collects the checkpoints of all bundles; those that are not what they pass for are findings.
pub(super) fn gather(
    bundles: &[&Bundle],
    copies: &[Copy],
    trust: &TrustPolicy,
    cosigners: &Cosigners,
) -> (Vec<KnownNote>, Vec<Finding>) {
    let mut gathered = Gathered {
        trust,
        cosigners,
        notes: Vec::new(),
        findings: Vec::new(),
        seen: BTreeSet::new(),
        leaves: BTreeSet::new(),
    };
    for copy in copies.iter().filter(|copy| copy.report.log_key.is_some()) {
        gathered.take(&copy.log.note, &copy.side, Source::Head(copy.title()), None);
    }
    for copy in copies.iter().filter(|copy| copy.is_signed()) {
        gathered.anchors(copy);
    }
    for bundle in bundles {
        let side = &bundle.manifest.side;
        for (place, path, bytes) in bundle.places() {
            match place {
                Place::Note { origin, size } => {
                    gathered.take(bytes, side, Source::File(path.to_owned()), Some((origin, size)));
                }
                Place::Conflict { origin, .. } => {
                    gathered.conflict(bytes, side, Source::File(path.to_owned()), origin);
                }
                _ => {}
            }
        }
    }
    (gathered.notes, gathered.findings)
}

struct Gathered<'a> {
    trust: &'a TrustPolicy,
    cosigners: &'a Cosigners,
    notes: Vec<KnownNote>,
    findings: Vec<Finding>,
    seen: BTreeSet<Vec<u8>>,
    /// Leaves that were taken: log, index, and hash of the entry.
    leaves: BTreeSet<(String, u64, Hash)>,
}

impl Gathered<'_> {
    /// `named` is what the file's path says of it.
    fn take(&mut self, bytes: &[u8], side: &str, kept: Source, named: Option<(&str, u64)>) {
        let found = self.cosigners.known_note(bytes, side, kept.clone(), self.trust);
        match found {
            Err((rule, why)) => self.bad(rule, side, &kept, &why),
            Ok(note) => {
                let own = (note.checkpoint.origin.as_str(), note.checkpoint.size);
                if named.is_some_and(|named| named != own) {
                    let why = format!("it is the checkpoint of {} at {}", own.0, own.1);
                    self.bad("WRONG_PLACE", side, &kept, &why);
                } else if self.seen.insert(bytes.to_vec()) {
                    self.notes.push(note);
                }
            }
        }
    }

    /// The checkpoints of other logs that a relay wrote into its own: each binds the log that signed it, and those of peers
    /// only grow. A link names the newest one of the log that this one follows.
    fn anchors(&mut self, copy: &Copy) {
        let mut newest: BTreeMap<String, u64> = BTreeMap::new();
        for (index, entry) in (0u64..).zip(&copy.log.entries) {
            let Ok(verified) = check::relay_record(entry, self.trust.rosters(), When::Archive) else {
                continue;
            };
            let (note, link) = match verified.record {
                RelayRecord::PeerCheckpoint(said) => (said.note, false),
                RelayRecord::LogLink(said) => (said.old_note, true),
                RelayRecord::CosignRefused(_) => continue,
            };
            let kept = Source::Leaf {
                origin: copy.origin.clone(),
                index,
            };
            // One that nobody we know has signed is a remark on the log itself.
            let known = self
                .cosigners
                .known_note(&note, &copy.side, kept.clone(), self.trust);
            let Ok(mut note) = known else { continue };
            note.entry = Some(Hash::of(entry));
            note.own = copies::domain_of(&note.checkpoint.origin) == copies::domain_of(&copy.origin)
                && (copy.mirror.is_none() || !copy.ended);
            if link {
                self.notes.push(note);
                continue;
            }
            let Checkpoint { origin, size, .. } = &note.checkpoint;
            let before = newest.insert(origin.clone(), *size).unwrap_or_default();
            if *size < before && (copy.mirror.is_none() || !copy.ended) {
                let why = format!("it names {origin} at {size} entries, behind one of {before}");
                self.bad("ANCHOR_ORDER", copy.answerable(), &kept, &why);
            }
            // Own log and mirror hold the same leaf; it says the same once.
            if self.leaves.insert((copy.origin.clone(), index, Hash::of(entry))) {
                self.notes.push(note);
            }
        }
    }

    fn conflict(&mut self, bytes: &[u8], side: &str, kept: Source, origin: &str) {
        let before = self.notes.len();
        self.take(bytes, side, kept.clone(), None);
        if let Some(note) = self.notes.get_mut(before) {
            note.conflict = true;
            // Whoever hands in a forgery of its own log as such has not signed it.
            note.own = false;
            if note.checkpoint.origin != origin {
                let why = format!("it is a checkpoint of {}", note.checkpoint.origin);
                self.bad("WRONG_PLACE", side, &kept, &why);
            }
        }
    }

    fn bad(&mut self, rule: &'static str, side: &str, kept: &Source, why: &str) {
        self.findings.push(Finding {
            ruling: Ruling::Failed(rule),
            rule,
            evidence_of: side.to_owned(),
            who: kept.to_string(),
            index: None,
            explanation: format!("the note that was handed in proves nothing: {why}"),
            proof: Proof::Recompute,
        });
    }
}
