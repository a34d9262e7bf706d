//! What the verbs promise, on real ledgers with really signed statements, in a temporary folder laid out like a side's.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use hotline_audit::{
    Enrolment, Hash, LogSigner, PayloadType, Purpose, RosterBuilder, SignedStatement, SigningKey,
    statement::{
        Approval, ApprovalBy, Content, Header, Message, Receipt, ReceiptItem, Recipient, SeenCheckpoint,
    },
    trust::{TrustPolicy, root_line},
};
use hotline_core::leg::Lane;
use hotline_ledger::{Batch, Engine, Entry, Ledger, Mode, OpenOptions, Record, Restored};

mod bundled;
mod collected;
mod compared;
mod openings;
mod proved;
mod shown;
mod stamped;
mod verified;

/// A time within every key's validity.
const NOW: u64 = 1_795_000_000_000;
const AVELIA: &str = "exercise.avelia.example";
const BORENIA: &str = "exercise.borenia.example";

/// Somebody with a key.
struct Signer {
    identity: String,
    key_statement: Hash,
    seed: u8,
}

impl Signer {
    fn sign(&self, kind: PayloadType, payload: &[u8]) -> Vec<u8> {
        let key = SigningKey::from_seed(&[self.seed; 32]);
        SignedStatement::sign(kind, payload, &key)
            .unwrap()
            .bytes()
            .to_vec()
    }

    fn log(&self) -> LogSigner {
        let origin = self.identity.strip_prefix("spiffe://").unwrap();
        LogSigner::new(origin, SigningKey::from_seed(&[self.seed; 32])).unwrap()
    }
}

/// One side: who signs for it.
struct Side {
    desk: Signer,
    officer: Signer,
    relay: Signer,
    desk_log: Signer,
}

/// Two sides, and Avelia's folder as pki init lays it out.
struct World {
    place: tempfile::TempDir,
    avelia: Side,
    borenia: Side,
}

impl World {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let trust = place.path().join(AVELIA).join("trust");
        let avelia = side(&trust, AVELIA, "A", "north", 10);
        let borenia = side(&trust, BORENIA, "B", "south", 20);
        Self {
            place,
            avelia,
            borenia,
        }
    }

    fn trust_folder(&self) -> PathBuf {
        self.place.path().join(AVELIA).join("trust")
    }

    fn trust(&self) -> TrustPolicy {
        TrustPolicy::load_folder(&self.trust_folder()).unwrap()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// Where a ledger of Avelia's lies.
    fn ledger_file(&self, role: &str, name: &str) -> PathBuf {
        let folder = self.place.path().join(AVELIA).join(role).join(name);
        fs::create_dir_all(&folder).unwrap();
        folder.join(format!("{role}.ledger"))
    }

    /// A chain of Avelia's desk, from 1 to `count`.
    fn chain(&self, count: u64) -> Vec<Vec<u8>> {
        let (mut chain, mut previous) = (Vec::new(), Hash::ZERO);
        for sequence in 1..=count {
            let statement = message(&self.avelia, &self.borenia, sequence, previous, Vec::new());
            previous = Hash::of(&statement);
            chain.push(statement);
        }
        chain
    }

    /// A relay's ledger with these statements, at rest.
    fn relay(&self, statements: &[Vec<u8>]) -> PathBuf {
        let path = self.ledger_file("relay", "north");
        drop(keep(&path, &self.avelia.relay, statements));
        path
    }
}

fn side(trust: &Path, domain: &str, prefix: &str, relay: &str, first: u8) -> Side {
    let root = SigningKey::from_seed(&[first; 32]);
    let root_text = root_line(domain, &root.public());
    let mut builder = RosterBuilder::new(domain, root).unwrap();
    let mut enrol = |purpose, path: &str, seed: u8| {
        let identity = format!("spiffe://{domain}/{path}");
        let enrolment = Enrolment {
            purpose,
            subject: identity.clone(),
            roles: if purpose == Purpose::Officer {
                vec![1, 2]
            } else {
                Vec::new()
            },
            public_key: SigningKey::from_seed(&[seed; 32]).public(),
            not_before_ms: NOW - 1_000_000,
            not_after_ms: NOW + 1_000_000,
        };
        Signer {
            key_statement: builder.enrol(enrolment).unwrap(),
            identity,
            seed,
        }
    };
    let side = Side {
        desk: enrol(Purpose::Statement, "desk/ops", first + 1),
        officer: enrol(Purpose::Officer, "officer/okoye", first + 2),
        relay: enrol(Purpose::Log, &format!("relay/{relay}"), first + 3),
        desk_log: enrol(Purpose::Log, "desk/ops", first + 4),
    };
    let folder = trust.join(domain);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("root.pub"), root_text).unwrap();
    fs::write(folder.join("roster"), builder.finish().to_text()).unwrap();
    let desk = &side.desk.identity;
    let names = format!(
        "side = \"{prefix}\"\nprefix = \"{prefix}\"\ndomain = \"{domain}\"\nexercise = \"NORTHERN LIGHT\"\n\
         [[desk]]\nidentity = \"{desk}\"\nprefix = \"{prefix}\"\n"
    );
    fs::write(folder.join("side.toml"), names).unwrap();
    side
}

fn header(from: &Side, to: &Side, sequence: u64, previous: Hash, seen: Vec<SeenCheckpoint>) -> Header {
    Header {
        id: [u64::from(from.desk.seed).to_be_bytes(), sequence.to_be_bytes()]
            .concat()
            .try_into()
            .unwrap(),
        trust_domain: from.desk.identity.split('/').nth(2).unwrap().to_owned(),
        exercise: "NORTHERN LIGHT".into(),
        conversation: [2; 16],
        sender: from.desk.identity.clone(),
        key_statement: from.desk.key_statement,
        recipients: vec![Recipient {
            identity: to.desk.identity.clone(),
            kind: 1,
        }],
        claimed_time_ms: NOW,
        epoch: 1,
        sequence,
        previous,
        seen,
    }
}

/// A released message; its text is unique in the ledger's file.
fn message(from: &Side, to: &Side, sequence: u64, previous: Hash, seen: Vec<SeenCheckpoint>) -> Vec<u8> {
    let mut message = Message {
        header: header(from, to, sequence, previous, seen),
        traffic_class: 1,
        message_type: 1,
        function: 2,
        precedence: 5,
        channel: "MARITIME".into(),
        number: sequence,
        response_attribute: 3,
        refers_to: None,
        answer: 0,
        approvals: Vec::new(),
        content: Content::plain([9; 32], &text(sequence)),
        expires_ms: 0,
        safety_of_life: false,
        respond_by_ms: 0,
        contact: 0,
    };
    let by = ApprovalBy {
        officer: from.officer.identity.clone(),
        key_statement: from.officer.key_statement,
        capacity: 2,
        claimed_time_ms: NOW,
    };
    let approval = Approval::of(&message, by);
    message.approvals = vec![from.officer.sign(PayloadType::Approval, &approval.encode())];
    from.desk.sign(PayloadType::Message, &message.encode())
}

fn text(sequence: u64) -> String {
    format!("Vessel {sequence:04}\u{202e} at 57N 19E: yours?")
}

/// DELIVERED of `from` for a message of `to`.
fn receipt(from: &Side, to: &Side, sequence: u64, statement: &[u8], seen: Vec<SeenCheckpoint>) -> Vec<u8> {
    let item = ReceiptItem {
        id: [7; 16],
        sha256: Hash::of(statement),
        leg: "north/quic".into(),
    };
    let receipt = Receipt {
        header: header(from, to, sequence, Hash::ZERO, seen),
        rung: 4,
        subject: to.desk.identity.clone(),
        items: vec![item],
    };
    from.desk.sign(PayloadType::Receipt, &receipt.encode())
}

/// Opens the ledger at `path`, made if it is not there, and commits these statements.
fn keep(path: &Path, log: &Signer, statements: &[Vec<u8>]) -> Ledger {
    keep_with(path, log, statements, Vec::new())
}

fn keep_with(path: &Path, log: &Signer, statements: &[Vec<u8>], records: Vec<Record>) -> Ledger {
    let signer = log.log();
    let options = OpenOptions {
        engine: Engine::Sqlite {
            path: path.to_owned(),
        },
        owner: log.identity.clone(),
        origin: signer.origin().to_owned(),
        signer: Some(signer),
        entropy: &mut |buffer| buffer.fill(3),
        mode: Mode::Inline,
        restored: Restored::ReadOnly,
    };
    let (ledger, _) = Ledger::open(options).unwrap();
    let mut batch = Batch::of(
        Lane::Message,
        statements.iter().map(|bytes| entry(bytes)).collect(),
    );
    batch.records = records;
    if !batch.entries.is_empty() {
        ledger.commit(batch).wait().unwrap();
    }
    ledger
}

fn entry(bytes: &[u8]) -> Entry {
    let said = super::names::payload(bytes).unwrap();
    let header = said.header();
    Entry {
        bytes: bytes.to_vec(),
        hash: Hash::of(bytes),
        kind: 1,
        sender: header.sender.clone(),
        id: header.id,
        epoch: header.epoch,
        sequence: header.sequence,
        mailbox: Vec::new(),
    }
}

/// Flips one bit of the file wherever this text begins: once in the entry, and perhaps in what a page left behind when it
/// was divided.
fn flip(path: &Path, text: &str) {
    let mut bytes = fs::read(path).unwrap();
    let places: Vec<usize> = (0..bytes.len())
        .filter(|at| bytes[*at..].starts_with(text.as_bytes()))
        .collect();
    assert!(!places.is_empty(), "the text stands in the file");
    places.iter().for_each(|at| bytes[*at] ^= 1);
    fs::write(path, bytes).unwrap();
}

/// A copy of a ledger at rest: the main file alone, where nothing beside it is known.
fn copy(from: &Path, to: &Path) -> PathBuf {
    fs::copy(from, to).unwrap();
    to.to_owned()
}

/// What the program ends with, for these words behind `hotline log`.
fn hotline_log(words: &[&str]) -> Result<u8, crate::exit::Failure> {
    #[derive(clap::Parser)]
    struct Words {
        #[command(flatten)]
        args: super::LogArgs,
    }
    let words = std::iter::once("log").chain(words.iter().copied());
    super::run(<Words as clap::Parser>::try_parse_from(words).unwrap().args)
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
