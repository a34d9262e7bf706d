//! What others have cosigned of a relay's log, as this desk believes it: by its own rosters, and from the other side than
//! the log's only. A ministry that cosigns its own relay's log proves nothing to anybody; nor does what it cosigns of another
//! side's log prove anything for a message of its own.
//!
//! A checkpoint that a *witness* cosigned can no longer be taken back or forked unseen; one that a *mirror* cosigned besides
//! is held, entry by entry, by the other ministry. So a message is *held* by a relay, *cosigned*, or *held by the peer*.

use std::{collections::BTreeMap, fmt, str::FromStr};

use hotline_audit::{
    Checkpoint, Hash,
    cosign::{CosignVerifier, CosignerName},
    key::{Purpose, RosterSet, subject_of_origin},
    note::{Note, NoteSignature, VerifierKey},
};
use hotline_core::identity::{Identity, Role, TrustDomain};
use serde::{Deserialize, Serialize};

/// Cosigned checkpoints of one relay's log that are kept. 256: what is older is covered by them too, with a later time.
pub const KEPT_MAX: usize = 256;

/// What a cosignature says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capacity {
    /// The checkpoint extends all that its signer has seen of this log.
    Witness,
    /// And its signer holds every entry.
    Mirror,
}

/// Somebody who cosigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CosignedBy {
    /// The relay.
    pub relay: Identity,
    /// As what.
    pub capacity: Capacity,
    /// When, by its clock, in seconds since 1970.
    pub unix_s: u64,
}

/// A cosigned checkpoint of a relay's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigned {
    /// Leaves.
    pub size: u64,
    /// Root.
    pub root: Hash,
    /// The note: the log's own line, and those of `by`.
    pub note: Vec<u8>,
    /// Those of the other side who cosigned, in the order of their lines.
    pub by: Vec<CosignedBy>,
}

/// Reads a note of the log of `log`; none if it is no checkpoint of it, or nobody cosigned it whom this desk believes. That
/// the log itself signed it is left to whoever links it to what is known of that log. A cosigner's key must be valid `at_ms`;
/// what was believed before is read again without that.
#[must_use]
pub fn read(note: &[u8], log: &Identity, rosters: &RosterSet, at_ms: Option<u64>) -> Option<Cosigned> {
    let parsed = Note::parse(note).ok()?;
    let checkpoint = Checkpoint::danger_parse_unverified(note).ok()?;
    if checkpoint.origin != log.origin() {
        return None;
    }
    let believe = |line: &NoteSignature| believed(&parsed, line, log, rosters, at_ms);
    let by: Vec<CosignedBy> = parsed.signatures.iter().filter_map(believe).collect();
    (!by.is_empty()).then(|| Cosigned {
        size: checkpoint.size,
        root: checkpoint.root,
        note: parsed
            .with_lines(|line| own(&parsed, line, log, rosters) || believe(line).is_some())
            .encode(),
        by,
    })
}

/// Whether a line is the log's own. A note goes into this desk's evidence, and no line that nobody has checked goes with it.
fn own(note: &Note, line: &NoteSignature, log: &Identity, rosters: &RosterSet) -> bool {
    let origin = log.origin();
    let keys = rosters.log_keys(&origin).into_iter();
    keys.filter_map(|entry| VerifierKey::new(&origin, entry.key).ok())
        .any(|key| key.signed(&note.text, line))
}

fn believed(
    note: &Note,
    line: &NoteSignature,
    log: &Identity,
    rosters: &RosterSet,
    at_ms: Option<u64>,
) -> Option<CosignedBy> {
    let (origin, capacity, purpose) = match line.name.rsplit_once('/')? {
        (origin, "witness") => (origin, Capacity::Witness, Purpose::Witness),
        (origin, "mirror") => (origin, Capacity::Mirror, Purpose::Mirror),
        _ => return None,
    };
    let relay: Identity = subject_of_origin(origin).parse().ok()?;
    if relay.role() != Role::Relay || relay.domain() == log.domain() || relay.world() != log.world() {
        return None;
    }
    let subject = relay.to_string();
    if rosters.denial(&subject).is_some() {
        return None;
    }
    let roster = rosters.roster(relay.domain().as_str())?;
    let name: CosignerName = line.name.parse().ok()?;
    let unix_s = roster
        .keys_of(&subject, purpose)
        .into_iter()
        .filter(|entry| match at_ms {
            Some(at_ms) => entry.check_standing(at_ms).is_ok(),
            None => entry.revoked.is_none(),
        })
        .find_map(|entry| CosignVerifier::new(name.clone(), entry.key).time_of(&note.text, line))?;
    Some(CosignedBy {
        relay,
        capacity,
        unix_s,
    })
}

/// How surely a message is held, as far as its sender can prove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A relay has it on disk and in its log, under a checkpoint that it signed.
    Durable,
    /// Another side than the sender's has cosigned a checkpoint of that log which covers it.
    Cosigned,
    /// A mirror of the recipient's side holds it.
    PeerHeld,
}

impl Level {
    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Durable => "DURABLE",
            Self::Cosigned => "COSIGNED",
            Self::PeerHeld => "PEER_HELD",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Level {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Durable, Self::Cosigned, Self::PeerHeld]
            .into_iter()
            .find(|level| level.name() == text)
            .ok_or(())
    }
}

/// Where a message of ours is held, and who has cosigned that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldView {
    /// The relay whose log holds it, by its identity.
    pub relay: String,
    /// Its leaf there.
    pub leaf: u64,
    /// `DURABLE`, `COSIGNED` or `PEER_HELD`.
    pub level: String,
    /// The relay of another side than the sender's whose witness cosigned first what covers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cosigned_by: Option<String>,
    /// When, by its clock, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cosigned_ms: Option<u64>,
    /// Leaves of the checkpoint that it cosigned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cosigned_size: Option<u64>,
    /// The relay of the recipient's side whose mirror holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirrored_by: Option<String>,
    /// When it said so first, by its clock, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirrored_ms: Option<u64>,
}

impl HeldView {
    /// How surely it is held there.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level.parse().unwrap_or(Level::Durable)
    }
}

/// The cosigned checkpoints of one relay's log, by their size.
#[derive(Clone, Debug, Default)]
pub struct CosignedLog(BTreeMap<u64, Cosigned>);

impl CosignedLog {
    /// Adds one; returns the sizes that are no longer kept.
    pub fn add(&mut self, cosigned: Cosigned) -> Vec<u64> {
        self.0.insert(cosigned.size, cosigned);
        let mut gone = Vec::new();
        while self.0.len() > KEPT_MAX
            && let Some((size, _)) = self.0.pop_first()
        {
            gone.push(size);
        }
        gone
    }

    /// `cosigned` with the lines that are known of that checkpoint already: a relay that shows fewer takes nothing back.
    #[must_use]
    pub fn merged(&self, cosigned: Cosigned) -> Cosigned {
        let known = self.0.get(&cosigned.size);
        let Some(known) = known.filter(|known| known.root == cosigned.root) else {
            return cosigned;
        };
        let (Ok(mut note), Ok(before)) = (Note::parse(&cosigned.note), Note::parse(&known.note)) else {
            return cosigned;
        };
        let missing = before
            .signatures
            .into_iter()
            .filter(|line| !note.signatures.contains(line));
        let missing: Vec<NoteSignature> = missing.collect();
        note.signatures.extend(missing);
        let all = note.encode();
        if Note::parse(&all).is_err() {
            // More lines than a note may have: those that are believed already stay.
            return known.clone();
        }
        let mut by = cosigned.by;
        let is_new = |one: &&CosignedBy| {
            !by.iter()
                .any(|by| (&by.relay, by.capacity) == (&one.relay, one.capacity))
        };
        let missing: Vec<CosignedBy> = known.by.iter().filter(is_new).cloned().collect();
        by.extend(missing);
        Cosigned {
            note: all,
            by,
            ..cosigned
        }
    }

    /// Forgets all: the relay has another log.
    pub fn clear(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.0).into_keys().collect()
    }

    /// The newest one.
    #[must_use]
    pub fn newest(&self) -> Option<&Cosigned> {
        self.0.last_key_value().map(|(_, newest)| newest)
    }

    /// How the leaf `leaf` of that log is held, of a message that the trust domain `own` sent to those in `peers`. What the
    /// sender's own side has cosigned proves nothing for it, be the log its own or not.
    #[must_use]
    pub fn held(&self, relay: &Identity, leaf: u64, (own, peers): (&TrustDomain, &[String])) -> HeldView {
        let from = leaf.saturating_add(1);
        let first = |counts: &dyn Fn(&CosignedBy) -> bool| {
            self.0.range(from..).find_map(|(_, cosigned)| {
                let mut others = cosigned.by.iter().filter(|by| by.relay.domain() != own);
                Some((cosigned, others.find(|by| counts(by))?))
            })
        };
        let mut view = HeldView {
            relay: relay.to_string(),
            leaf,
            level: Level::Durable.name().into(),
            ..HeldView::default()
        };
        let ms = |by: &CosignedBy| Some(by.unix_s.saturating_mul(1000));
        if let Some((cosigned, by)) = first(&|_| true) {
            view.level = Level::Cosigned.name().into();
            view.cosigned_by = Some(by.relay.to_string());
            view.cosigned_ms = ms(by);
            view.cosigned_size = Some(cosigned.size);
        }
        let theirs = |by: &CosignedBy| {
            by.capacity == Capacity::Mirror && peers.iter().any(|peer| peer == by.relay.domain().as_str())
        };
        if let Some((_, by)) = first(&theirs) {
            view.level = Level::PeerHeld.name().into();
            view.mirrored_by = Some(by.relay.to_string());
            view.mirrored_ms = ms(by);
        }
        view
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use hotline_audit::{
        LogSigner, SigningKey,
        cosign::CosignSigner,
        key::{Enrolment, RosterBuilder},
    };

    use super::*;

    fn by(name: &str, capacity: Capacity, unix_s: u64) -> CosignedBy {
        CosignedBy {
            relay: name.parse().unwrap(),
            capacity,
            unix_s,
        }
    }

    fn cosigned(size: u64, by: Vec<CosignedBy>) -> Cosigned {
        Cosigned {
            size,
            root: Hash([0; 32]),
            note: Vec::new(),
            by,
        }
    }

    const NORTH: &str = "spiffe://exercise.avelia.example/relay/north";
    const SOUTH: &str = "spiffe://exercise.borenia.example/relay/south";
    const EAST: &str = "spiffe://exercise.celia.example/relay/east";

    fn avelia() -> TrustDomain {
        "exercise.avelia.example".parse().unwrap()
    }

    fn to(side: &str) -> [String; 1] {
        [format!("exercise.{side}.example")]
    }

    #[test]
    fn lines_that_nobody_here_has_checked_are_not_kept() {
        let key = |seed| SigningKey::from_seed(&[seed; 32]);
        let mut rosters = RosterSet::new();
        for (domain, subject, purpose, seed) in [
            ("exercise.avelia.example", NORTH, Purpose::Log, 1),
            ("exercise.borenia.example", SOUTH, Purpose::Witness, 2),
        ] {
            let mut builder = RosterBuilder::new(domain, key(seed + 50)).unwrap();
            let enrolment = Enrolment {
                purpose,
                subject: subject.into(),
                roles: Vec::new(),
                public_key: key(seed).public(),
                not_before_ms: 1,
                not_after_ms: 2_000,
            };
            builder.enrol(enrolment).unwrap();
            rosters.update(builder.finish()).unwrap();
        }
        let north: Identity = NORTH.parse().unwrap();
        let signer = LogSigner::new(&north.origin(), key(1)).unwrap();
        let mut note = Note::parse(&signer.checkpoint(3, Hash([0; 32])).sign(&signer)).unwrap();
        let witness = CosignerName::witness("exercise.borenia.example/relay/south").unwrap();
        let good = CosignSigner::new(witness, key(2)).cosign(&note.text, 1);
        let clean = [note.signatures[0].clone(), good.clone()];
        let stranger = CosignSigner::new("witness.example/w".parse().unwrap(), key(3));
        let mut junk = good.clone();
        junk.signature[20] ^= 1;
        note.signatures
            .extend([junk, stranger.cosign(&note.text, 1), good]);
        let kept = read(&note.encode(), &north, &rosters, Some(1_500)).unwrap();
        assert_eq!(Note::parse(&kept.note).unwrap().signatures, clean);
        assert_eq!(kept.by.len(), 1);
    }

    #[test]
    fn a_message_is_cosigned_from_the_first_checkpoint_on_that_covers_it_and_not_before() {
        let mut log = CosignedLog::default();
        for (size, at) in [(3, 10), (5, 20), (9, 30)] {
            log.add(cosigned(size, vec![by(SOUTH, Capacity::Witness, at)]));
        }
        let held = |leaf| log.held(&NORTH.parse().unwrap(), leaf, (&avelia(), &to("borenia")));
        let at = |leaf| (held(leaf).level(), held(leaf).cosigned_ms);
        assert_eq!(at(2), (Level::Cosigned, Some(10_000)));
        assert_eq!(at(3), (Level::Cosigned, Some(20_000)));
        assert_eq!(at(8), (Level::Cosigned, Some(30_000)));
        assert_eq!(at(9), (Level::Durable, None));
    }

    #[test]
    fn only_a_mirror_of_the_recipients_side_makes_a_message_held_by_the_peer() {
        let mut log = CosignedLog::default();
        let both = vec![by(SOUTH, Capacity::Witness, 10), by(SOUTH, Capacity::Mirror, 11)];
        log.add(cosigned(3, both));
        let north: Identity = NORTH.parse().unwrap();
        let theirs = log.held(&north, 0, (&avelia(), &to("borenia")));
        assert_eq!(
            (theirs.level(), theirs.mirrored_ms, theirs.cosigned_ms),
            (Level::PeerHeld, Some(11_000), Some(10_000))
        );
        let others = log.held(&north, 0, (&avelia(), &to("celia")));
        assert_eq!(others.level(), Level::Cosigned);
    }

    #[test]
    fn what_the_senders_own_side_has_cosigned_makes_its_message_neither_cosigned_nor_held_by_the_peer() {
        // Avelia's message lies in Borenia's relay too, whose log Avelia's relay cosigns as always.
        let mut log = CosignedLog::default();
        let own = vec![by(NORTH, Capacity::Witness, 10), by(NORTH, Capacity::Mirror, 11)];
        log.add(cosigned(3, own.clone()));
        let south: Identity = SOUTH.parse().unwrap();
        // One of its recipients is another desk of its own side.
        let peers = ["borenia", "avelia"].map(|side| format!("exercise.{side}.example"));
        let held = |log: &CosignedLog| log.held(&south, 0, (&avelia(), &peers));
        assert_eq!(held(&log).level(), Level::Durable);
        assert_eq!((held(&log).cosigned_by, held(&log).mirrored_by), (None, None));
        // A third side is another one.
        let third = by(EAST, Capacity::Witness, 20);
        log.add(cosigned(3, [own, vec![third]].concat()));
        assert_eq!(held(&log).level(), Level::Cosigned);
        assert_eq!(held(&log).cosigned_by.as_deref(), Some(EAST));
    }

    #[test]
    fn a_note_with_fewer_lines_takes_nothing_back_of_a_fuller_one() {
        let line = |name: &str| NoteSignature {
            name: name.into(),
            key_id: [1; 4],
            signature: vec![2; 64],
        };
        let shown = |names: &[&str], by: Vec<CosignedBy>| {
            let note = Note {
                text: "log\n3\nAAAA\n".into(),
                signatures: names.iter().map(|name| line(name)).collect(),
            };
            Cosigned {
                note: note.encode(),
                ..cosigned(3, by)
            }
        };
        let (witness, mirror) = (by(SOUTH, Capacity::Witness, 10), by(SOUTH, Capacity::Mirror, 11));
        let mut log = CosignedLog::default();
        log.add(shown(
            &["log", "south/witness", "south/mirror"],
            vec![witness.clone(), mirror.clone()],
        ));
        let merged = log.merged(shown(&["log", "south/witness"], vec![witness.clone()]));
        assert_eq!(merged.by, [witness, mirror]);
        assert_eq!(Note::parse(&merged.note).unwrap().signatures.len(), 3);
    }

    #[test]
    fn of_very_many_the_newest_are_kept() {
        let mut log = CosignedLog::default();
        let gone: Vec<u64> = (1..=300)
            .flat_map(|size| log.add(cosigned(size, vec![by(SOUTH, Capacity::Witness, size)])))
            .collect();
        assert_eq!((gone.len(), gone[0]), (300 - KEPT_MAX, 1));
        let old = log.held(&NORTH.parse().unwrap(), 0, (&avelia(), &[]));
        assert_eq!(old.cosigned_size, Some(45), "covered by a later one too");
    }
}
