//! A desk that is let in places without end what a stolen officer's key signs: little of it is kept, and none counts.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use hotline_audit::{
    PayloadType, SignedStatement, SigningKey,
    key::{Enrolment, Purpose, RosterBuilder},
    statement::{Charter, CharterConsent, CharterTerms, Header, OfficerWatch, Watch},
};

use super::*;
use crate::{book::Provenance, channels::Charters};

const NOW: u64 = 1_795_000_000_000;
const SIDES: [&str; 2] = ["avelia.example", "borenia.example"];

/// A releaser of each side; the one of Borenia has ended at [`NOW`].
struct World {
    keys: [(SigningKey, Hash); 2],
    rosters: RosterSet,
}

fn officer(side: usize) -> String {
    format!("spiffe://{}/officer/novak", SIDES[side])
}

fn desk(side: usize) -> String {
    format!("spiffe://{}/desk/ops", SIDES[side])
}

fn world() -> World {
    let mut rosters = RosterSet::new();
    let keys = [0, 1].map(|side| {
        let seed = u8::try_from(side).unwrap();
        let mut builder = RosterBuilder::new(SIDES[side], SigningKey::from_seed(&[90 + seed; 32])).unwrap();
        let key = SigningKey::from_seed(&[10 + seed; 32]);
        let statement = builder
            .enrol(Enrolment {
                purpose: Purpose::Officer,
                subject: officer(side),
                roles: vec![1, 2],
                public_key: key.public(),
                not_before_ms: NOW - 1_000_000,
                not_after_ms: NOW + 1_000_000,
            })
            .unwrap();
        if side == 1 {
            builder.revoke(statement, "stolen", NOW).unwrap();
        }
        rosters.update(builder.finish()).unwrap();
        (key, statement)
    });
    World { keys, rosters }
}

fn header(side: usize) -> Header {
    Header {
        id: [1; 16],
        trust_domain: SIDES[side].into(),
        exercise: "NORTHERN LIGHT".into(),
        conversation: [2; 16],
        sender: desk(side),
        key_statement: Hash::ZERO,
        recipients: Vec::new(),
        claimed_time_ms: NOW,
        epoch: 1,
        sequence: 1,
        previous: Hash::ZERO,
        seen: Vec::new(),
    }
}

/// A statement of Borenia's desk at this leaf, stored when its officer had ended.
fn at(leaf: u64) -> Provenance {
    Provenance {
        hash: Hash::of(&leaf.to_be_bytes()),
        index: leaf,
        stored: WallTime::from_unix_ms(NOW + 1000),
        leg: None,
    }
}

fn terms() -> Vec<u8> {
    let terms = CharterTerms {
        channel: "MARITIME".into(),
        level: "THEATRE".into(),
        scope: "the strait".into(),
        hours: "always".into(),
        exercise: "NORTHERN LIGHT".into(),
        sides: SIDES.map(String::from).to_vec(),
        receipt_policy: "all".into(),
        codebook_sha256: None,
    };
    terms.encode()
}

impl World {
    fn sign(&self, side: usize, kind: PayloadType, said: &[u8]) -> Vec<u8> {
        SignedStatement::sign(kind, said, &self.keys[side].0)
            .unwrap()
            .into_bytes()
    }

    /// A consent that says that it was made so long before the key's end.
    fn consent(&self, side: usize, before_ms: u64) -> Vec<u8> {
        let said = CharterConsent {
            officer: officer(side),
            key_statement: self.keys[side].1,
            terms_sha256: Hash::of(&terms()),
            claimed_time_ms: NOW - before_ms,
        };
        self.sign(side, PayloadType::CharterConsent, &said.encode())
    }

    fn takes(&self, ended: &EndedKeys, consents: Vec<Vec<u8>>, leaf: u64) -> Charters {
        let charter = Charter {
            header: header(1),
            terms: terms(),
            consents,
        };
        let mut charters = Charters::default();
        charters.note(&charter, &at(leaf), &self.rosters, ended);
        charters
    }

    fn watch(&self) -> Payload {
        let said = OfficerWatch {
            officer: officer(1),
            key_statement: self.keys[1].1,
            verb: 1,
            desk: desk(1),
            exercise: "NORTHERN LIGHT".into(),
            other: String::new(),
            remark: String::new(),
            claimed_time_ms: NOW - 1,
        };
        Payload::Watch(Watch {
            header: header(1),
            officer_watch: self.sign(1, PayloadType::OfficerWatch, &said.encode()),
        })
    }
}

/// Takes in a flood as the engine does; the records by key, and how often people were told.
fn flood(world: &World, ended: &mut EndedKeys) -> (Vec<Record>, usize) {
    let (mut records, mut told) = (Vec::new(), 0);
    for leaf in 0..3000 {
        let key = world.keys[1].1;
        match ended.keep((&key, Over::ForGood), leaf) {
            Keep::Each if leaf % 2 == 0 => ended.note_consent(Hash::of(&world.consent(1, leaf + 1))),
            Keep::Each => ended.note_inside(),
            Keep::FromHere => records.push(ended.note_from(key, leaf)),
            Keep::Nothing => continue,
        }
        told += 1;
    }
    (records, told)
}

#[test]
fn what_an_ended_key_signs_without_end_leaves_a_bounded_number_of_records_and_alarms() {
    let (world, mut ended) = (world(), EndedKeys::default());
    let (records, told) = flood(&world, &mut ended);
    assert_eq!((records.len(), told), (1, EACH_MAX + 1));
    assert_eq!(ended.consents.len() + ended.inside, EACH_MAX);
    let other = world.keys[0].1;
    assert_eq!(
        ended.keep((&other, Over::ForGood), 3000),
        Keep::FromHere,
        "each key is told of"
    );
    assert_eq!(
        ended.keep((&other, Over::NotYetValid), 3000),
        Keep::Nothing,
        "what it signs when its time has come may count"
    );
}

#[test]
fn consents_of_an_ended_key_count_nothing_beyond_the_bound_either_also_after_a_restart() {
    let (world, mut ended) = (world(), EndedKeys::default());
    let counted = |ended: &EndedKeys, leaf: u64| {
        let consents = vec![world.consent(0, 1), world.consent(1, 500_000)];
        let charters = world.takes(ended, consents, leaf);
        charters.signed("MARITIME").is_some()
    };
    assert!(counted(&ended, 5000), "nothing is known against it yet");
    let (records, _) = flood(&world, &mut ended);
    let mut again = EndedKeys::default();
    for record in records {
        if let Record::Put { key, value, .. } = record {
            again.recall_from(&key, &value);
        }
    }
    for ended in [&ended, &again] {
        assert!(!counted(ended, 5000), "it came behind the leaf that its key has");
        assert!(counted(ended, 100), "what came before was judged when it came");
        let ours = world.takes(ended, vec![world.consent(0, 1)], 5000);
        assert_eq!(ours.all().count(), 1, "a good key's consent counts");
    }
}

#[test]
fn statements_with_an_ended_officer_inside_climb_nothing_beyond_the_bound_either() {
    let (world, mut ended) = (world(), EndedKeys::default());
    let watch = world.watch();
    assert_eq!(ended.ended_inside(&watch, 5000, &world.rosters), None);
    let _ = flood(&world, &mut ended);
    let why = ended.ended_inside(&watch, 5000, &world.rosters).unwrap();
    assert!(why.contains("revoked"), "{why}");
    assert_eq!(ended.ended_inside(&watch, 100, &world.rosters), None);
}
