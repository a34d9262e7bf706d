//! Who has cosigned a relay's log: by the checkpoint under the export, and by those that other relays wrote into their own
//! logs. A cosignature counts under a WITNESS or MIRROR key that a roster enrols.

use std::collections::{BTreeMap, BTreeSet};

use hotline_audit::{
    Checkpoint, Frontier, Hash, PayloadType, Purpose, SignedStatement,
    cosign::{CosignVerifier, CosignerName},
    key::{Subject, origin_of},
    note::Note,
    statement::PeerCheckpoint,
    tree::leaf_hash,
    verify::{self, Counted},
};

use super::{Evidence, LogKind, VerifiedLog};

/// A checkpoint of a log that somebody else has cosigned.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Head {
    /// When, by the cosigner's clock, seconds since 1970.
    pub at_s: u64,
    /// Its entries.
    pub size: u64,
    /// The cosigner's name: `exercise.borenia.example/relay/south/witness`.
    pub by: String,
}

/// What is known of a relay's log from outside of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witnessing {
    /// Cosigned checkpoints of this very log, by time, each once.
    pub heads: Vec<Head>,
    /// How many checkpoints that its key has signed say another root for a size that it has.
    pub conflicting: usize,
    /// The sizes of those of more entries than it has: its end is missing in the evidence.
    pub larger: Vec<u64>,
}

impl Head {
    /// The cosigner's trust domain.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.by.split('/').next().unwrap_or_default()
    }
}

impl Evidence {
    /// Of every relay's log, by its name, who has cosigned it.
    #[must_use]
    pub fn witnessing(&self) -> BTreeMap<String, Witnessing> {
        let cosigners: Vec<CosignVerifier> =
            self.relays().flat_map(|log| self.cosigners(&log.owner)).collect();
        let anchored: Vec<Vec<u8>> = self
            .logs
            .values()
            .flat_map(|log| log.log.entries.iter().filter_map(|entry| anchored(entry)))
            .collect();
        let each = self.relays().map(|log| {
            let notes = self.notes_of(log, &anchored);
            (log.name.clone(), of(log, &notes, &cosigners))
        });
        each.collect()
    }

    /// What every signature by a key that has ended is worth, by the relays' logs alone.
    #[must_use]
    pub fn counted(&self) -> Vec<Counted> {
        let rosters = self.trust.rosters();
        let relays: Vec<&VerifiedLog> = self.relays().collect();
        let cosigned: Vec<_> = relays
            .iter()
            .map(|log| verify::cosigned(&log.log.note, rosters))
            .collect();
        let logs = relays.iter().zip(&cosigned);
        let logs: Vec<verify::Evidence<'_>> = logs
            .map(|(log, cosigned)| verify::Evidence {
                log: &log.log,
                report: &log.report,
                cosigned,
            })
            .collect();
        verify::counts(&logs, &self.trust)
    }

    fn relays(&self) -> impl Iterator<Item = &VerifiedLog> {
        self.logs.values().filter(|log| log.kind == Some(LogKind::Relay))
    }

    /// The cosigners that a relay is, by the rosters of the evidence.
    fn cosigners(&self, relay: &str) -> Vec<CosignVerifier> {
        let Some(origin) = origin_of(relay) else {
            return Vec::new();
        };
        let rosters = || self.trust.rosters().rosters();
        let keys = |purpose, name: Option<CosignerName>| {
            let keys = rosters().flat_map(move |roster| roster.keys_of(relay, purpose));
            let verifiers = keys.filter_map(move |entry| Some(CosignVerifier::new(name.clone()?, entry.key)));
            verifiers.collect::<Vec<_>>()
        };
        let mut all = keys(Purpose::Witness, CosignerName::witness(origin).ok());
        all.extend(keys(Purpose::Mirror, CosignerName::mirror(origin).ok()));
        all
    }

    /// Checkpoints of a log that its own key has signed, wherever the evidence holds one.
    fn notes_of(&self, log: &VerifiedLog, anchored: &[Vec<u8>]) -> Vec<(Note, Checkpoint)> {
        let notes = std::iter::once(&log.log.note).chain(anchored);
        let own = notes.filter_map(|note| {
            let (checkpoint, _) = self.trust.checkpoint(note).ok()?;
            let is_own = Some(checkpoint.origin.as_str()) == origin_of(&log.owner);
            Some((Note::parse(note).ok()?, checkpoint)).filter(|_| is_own)
        });
        own.collect()
    }
}

fn of(log: &VerifiedLog, notes: &[(Note, Checkpoint)], cosigners: &[CosignVerifier]) -> Witnessing {
    let sizes: BTreeSet<u64> = notes.iter().map(|(_, checkpoint)| checkpoint.size).collect();
    let roots = roots(log, &sizes);
    let own = Subject::parse(&log.owner).map_or("", |subject| subject.domain);
    let (mut heads, mut conflicting, mut larger) = (BTreeSet::new(), 0, Vec::new());
    for (note, checkpoint) in notes {
        match roots.get(&checkpoint.size) {
            Some(root) if *root == checkpoint.root => {}
            Some(_) => {
                conflicting += 1;
                continue;
            }
            None => {
                larger.push(checkpoint.size);
                continue;
            }
        }
        for cosigner in cosigners {
            let head = cosigner.verify(note).map(|at_s| Head {
                at_s,
                size: checkpoint.size,
                by: cosigner.name().to_string(),
            });
            // That a side has cosigned its own log bounds nothing that this side could deny.
            heads.extend(head.filter(|head| head.domain() != own));
        }
    }
    Witnessing {
        heads: heads.into_iter().collect(),
        conflicting,
        larger,
    }
}

/// The checkpoint of another log that a relay has written down in this entry.
fn anchored(entry: &[u8]) -> Option<Vec<u8>> {
    let statement = SignedStatement::parse(entry).ok()?;
    if statement.payload_type != PayloadType::PeerCheckpoint {
        return None;
    }
    PeerCheckpoint::decode(&statement.payload)
        .ok()
        .map(|said| said.note)
}

/// The log's roots at these sizes.
fn roots(log: &VerifiedLog, sizes: &BTreeSet<u64>) -> BTreeMap<u64, Hash> {
    let mut frontier = Frontier::new();
    let mut roots = BTreeMap::new();
    let mut note = |frontier: &Frontier| {
        if sizes.contains(&frontier.size()) {
            roots.insert(frontier.size(), frontier.root());
        }
    };
    note(&frontier);
    for entry in &log.log.entries {
        frontier.push(leaf_hash(entry));
        note(&frontier);
    }
    roots
}
