//! A line of two sides, made of nothing but keys: what its desks sign, what its relays log, witness and mirror, and the
//! bundles that both sides hand in. Everything follows from numbers, so that each run has the same bytes.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests; each program uses some of it"
)]

pub mod story;

use std::collections::BTreeMap;
use std::convert::Infallible;

use hotline_audit::bundle::{Bundle, BundleWriter};
use hotline_audit::cosign::{CosignSigner, CosignerName};
use hotline_audit::dsse::{PayloadType, SignedStatement, SigningKey};
use hotline_audit::key::{Enrolment, Purpose, RosterBuilder, origin_of};
use hotline_audit::note::Note;
use hotline_audit::opening::Opening;
use hotline_audit::policy::Policy;
use hotline_audit::proof::TlogProof;
use hotline_audit::statement::Payload;
use hotline_audit::tiles::{Files, log_files};
use hotline_audit::tree::{Frontier, leaf_hash};
use hotline_audit::trust::root_line;
use hotline_audit::{Hash, LogSigner};

/// A time within every key's validity, milliseconds since 1970.
pub const NOW: u64 = 1_795_000_000_000;

/// Somebody with a key.
#[derive(Clone)]
pub struct Signer {
    pub identity: String,
    pub statement: Hash,
    seed: [u8; 32],
}

impl Signer {
    pub fn new(identity: String, statement: Hash, seed: u8) -> Signer {
        Signer {
            identity,
            statement,
            seed: [seed; 32],
        }
    }

    pub fn key(&self) -> SigningKey {
        SigningKey::from_seed(&self.seed)
    }

    pub fn sign(&self, kind: PayloadType, payload: &[u8]) -> Vec<u8> {
        SignedStatement::sign(kind, payload, &self.key())
            .unwrap()
            .into_bytes()
    }

    pub fn origin(&self) -> &str {
        origin_of(&self.identity).unwrap()
    }

    /// The signed checkpoint of these entries.
    pub fn note(&self, entries: &[Vec<u8>]) -> Vec<u8> {
        let mut frontier = Frontier::new();
        entries
            .iter()
            .for_each(|entry| drop(frontier.push(leaf_hash(entry))));
        let signer = LogSigner::new(self.origin(), self.key()).unwrap();
        signer.checkpoint(frontier.size(), frontier.root()).sign(&signer)
    }
}

/// One side.
pub struct Side {
    pub domain: String,
    pub letter: &'static str,
    pub root: SigningKey,
    pub desk: Signer,
    pub desk_log: Signer,
    pub releaser: Signer,
    pub watch: Signer,
    pub relay: Signer,
    pub witness: Signer,
    pub mirror: Signer,
    pub roster: String,
    first: u8,
}

impl Side {
    pub fn new(country: &str, letter: &'static str, relay: &str, first: u8) -> Side {
        let (builder, [desk, desk_log, releaser, watch, log, witness, mirror]) =
            enrolled(country, relay, first);
        Side {
            domain: format!("exercise.{country}.example"),
            letter,
            root: SigningKey::from_seed(&[first; 32]),
            desk,
            desk_log,
            releaser,
            watch,
            relay: log,
            witness,
            mirror,
            roster: builder.finish().to_text(),
            first,
        }
    }

    /// The builder of this side's roster, to go on with it.
    pub fn builder(&self) -> RosterBuilder {
        let country = self.domain.split('.').nth(1).unwrap();
        let relay = self.relay.identity.rsplit('/').next().unwrap();
        enrolled(country, relay, self.first).0
    }

    pub fn cosigner(&self, mirror: bool) -> CosignSigner {
        let name = if mirror {
            CosignerName::mirror(self.relay.origin())
        } else {
            CosignerName::witness(self.relay.origin())
        };
        let key = if mirror { &self.mirror } else { &self.witness };
        CosignSigner::new(name.unwrap(), key.key())
    }
}

fn enrolled(country: &str, relay: &str, first: u8) -> (RosterBuilder, [Signer; 7]) {
    let domain = format!("exercise.{country}.example");
    let mut builder = RosterBuilder::new(&domain, SigningKey::from_seed(&[first; 32])).unwrap();
    let mut enrol = |purpose, path: &str, roles: &[u32], seed: u8| {
        let identity = format!("spiffe://{domain}/{path}");
        let statement = builder
            .enrol(Enrolment {
                purpose,
                subject: identity.clone(),
                roles: roles.to_vec(),
                public_key: SigningKey::from_seed(&[seed; 32]).public(),
                not_before_ms: NOW - 86_400_000,
                not_after_ms: NOW + 86_400_000,
            })
            .unwrap();
        Signer {
            identity,
            statement,
            seed: [seed; 32],
        }
    };
    let relay = format!("relay/{relay}");
    let signers = [
        enrol(Purpose::Statement, "desk/ops", &[], first + 1),
        enrol(Purpose::Log, "desk/ops", &[], first + 2),
        enrol(Purpose::Officer, "officer/lindqvist", &[1, 2], first + 3),
        enrol(Purpose::Officer, "officer/okoye", &[3, 5], first + 4),
        enrol(Purpose::Log, &relay, &[], first + 5),
        enrol(Purpose::Witness, &relay, &[], first + 6),
        enrol(Purpose::Mirror, &relay, &[], first + 7),
    ];
    (builder, signers)
}

/// What a side's relay and desk hold when they are asked for evidence.
#[derive(Clone, Default)]
pub struct Held {
    /// Entries of the relay's log.
    pub relay: Vec<Vec<u8>>,
    /// Entries of the desk's log.
    pub desk: Vec<Vec<u8>>,
    /// Entries of the other relay's log that the mirror holds, and the note that it cosigned.
    pub mirrored: Vec<Vec<u8>>,
    pub mirrored_note: Option<Note>,
    /// Checkpoints of either relay with the cosignatures that came.
    pub notes: Vec<Note>,
    /// Messages whose words are disclosed: their statements.
    pub opened: Vec<Vec<u8>>,
    /// Acceptances of own messages by the own relay: statement and proof.
    pub proofs: Vec<(Hash, TlogProof)>,
    /// Checkpoints that contradict others.
    pub conflicts: Vec<Vec<u8>>,
}

/// Both sides and what they hold.
pub struct Line {
    pub sides: [Side; 2],
    pub held: [Held; 2],
    /// Roster texts, by side; tests may go on with them.
    pub rosters: [String; 2],
}

impl Line {
    /// The auditor's policy: the roots and logs of both sides; `quorum` is the last line.
    pub fn policy(&self, quorum: &str) -> Policy {
        Policy::parse(self.policy_text(quorum).as_bytes()).unwrap()
    }

    pub fn policy_text(&self, quorum: &str) -> String {
        let mut text = String::new();
        for side in &self.sides {
            text.push_str(&root_line(&side.domain, &side.root.public()));
        }
        for side in &self.sides {
            let signer = LogSigner::new(side.relay.origin(), side.relay.key()).unwrap();
            text.push_str(&format!("log {}\n", signer.verifier().verifier_key()));
        }
        for (name, side) in ["a", "b"].iter().zip(&self.sides) {
            text.push_str(&format!("witness {name} {}\n", side.cosigner(false).verifier()));
        }
        text.push_str(&format!("group either any a b\n{quorum}\n"));
        text
    }

    /// What Avelia hands in once its relay's log is another, and what Borenia does, as it always was.
    pub fn resigned(mut self, change: impl FnOnce(&mut Vec<Vec<u8>>)) -> (Line, Files, Files) {
        let honest = self.files(1);
        let held = &mut self.held[0];
        change(&mut held.relay);
        // Whatever would betray it at home is taken out as well.
        held.notes.clear();
        held.proofs.clear();
        held.mirrored_note = None;
        let tampered = self.files(0);
        (self, tampered, honest)
    }

    /// The files of a side's bundle, without the manifest.
    pub fn files(&self, place: usize) -> Files {
        let (side, held) = (&self.sides[place], &self.held[place]);
        let mut files = Files::new();
        put_log(
            &mut files,
            &format!("logs/{}", side.relay.origin()),
            &side.relay.note(&held.relay),
            &held.relay,
        );
        let desk = format!("logs/{}", side.desk_log.origin());
        put_log(&mut files, &desk, &side.desk_log.note(&held.desk), &held.desk);
        let other = &self.sides[1 - place];
        if let Some(note) = &held.mirrored_note {
            let mirror = format!("mirrors/{}/mirror/{}", side.relay.origin(), other.relay.origin());
            put_log(&mut files, &mirror, &note.encode(), &held.mirrored);
        }
        for (domain, roster) in self.sides.iter().map(|side| &side.domain).zip(&self.rosters) {
            let root = &self
                .sides
                .iter()
                .find(|side| side.domain == *domain)
                .unwrap()
                .root;
            files.insert(
                format!("keys/{domain}/root.pub"),
                root_line(domain, &root.public()).into(),
            );
            files.insert(format!("keys/{domain}/roster"), roster.clone().into());
        }
        for note in &held.notes {
            let head = hotline_audit::Checkpoint::danger_parse_unverified(&note.encode()).unwrap();
            files.insert(format!("cosigned/{}/{}", head.origin, head.size), note.encode());
        }
        for (number, note) in held.conflicts.iter().enumerate() {
            let head = hotline_audit::Checkpoint::danger_parse_unverified(note).unwrap();
            files.insert(format!("conflicts/{}/{number}", head.origin), note.clone());
        }
        for statement in &held.opened {
            let read = SignedStatement::parse(statement).unwrap();
            let Ok(Payload::Message(message)) = Payload::parse(&read) else {
                panic!("no message")
            };
            let opening = Opening::in_the_clear(&message.content).unwrap();
            let hash = read.hash();
            files.insert(
                format!("openings/{hash}.json"),
                opening.of_statement(hash).to_line().into(),
            );
            files.insert(format!("dsse/{hash}.json"), read.to_json().into());
        }
        for (statement, proof) in &held.proofs {
            files.insert(format!("proofs/{statement}/relay.tlog-proof"), proof.encode());
        }
        files
    }

    /// A side's bundle.
    pub fn bundle(&self, place: usize) -> Bundle {
        read(&self.pack(place, self.files(place))).unwrap()
    }

    /// A bundle of these files, under a manifest that fits them.
    pub fn pack(&self, place: usize, files: Files) -> Vec<u8> {
        let names: BTreeMap<String, String> = self
            .sides
            .iter()
            .map(|side| (side.desk.identity.clone(), side.letter.to_owned()))
            .collect();
        pack(&self.sides[place].domain, names, files)
    }
}

pub fn pack(side: &str, names: BTreeMap<String, String>, files: Files) -> Vec<u8> {
    let mut writer = BundleWriter::new();
    for (path, bytes) in files {
        writer.add(&path, bytes).unwrap();
    }
    let mut out = Vec::new();
    writer.finish(side, names, &mut out).unwrap();
    out
}

pub fn read(bytes: &[u8]) -> Result<Bundle, hotline_audit::bundle::BundleError> {
    Bundle::read(bytes)
}

/// Where a bundle's only opening lies.
pub fn opening_in(files: &Files) -> String {
    let mut paths = files.keys().filter(|path| path.starts_with("openings/"));
    paths.next().unwrap().clone()
}

/// Adds a log as its export has it, whatever entries and note are.
pub fn put_log(files: &mut Files, folder: &str, note: &[u8], entries: &[Vec<u8>]) {
    let exported = log_files(note, entries.iter().cloned().map(Ok::<_, Infallible>)).unwrap();
    files.extend(
        exported
            .into_iter()
            .map(|(file, bytes)| (format!("{folder}/{file}"), bytes)),
    );
}
