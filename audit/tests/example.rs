//! The worked example of `FORMAT.md`, made again from its seeds; and the small binary, run on it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::convert::Infallible;
use std::fs;
use std::path::Path;
use std::process::Command;

use data_encoding::{BASE64, HEXLOWER};
use hotline_audit::dsse::pre_authentication;
use hotline_audit::key::DenyList;
use hotline_audit::proof::TlogProof;
use hotline_audit::statement::{
    AnnexDone, Content, Deny, Header, Message, OfficerAnnex, OfficerOrder, Recipient, Reference,
};
use hotline_audit::tiles::{TileDir, write_log};
use hotline_audit::tree::leaf_hash;
use hotline_audit::trust::root_line;
use hotline_audit::{
    Enrolment, Hash, LogSigner, PayloadType, Purpose, Roster, RosterBuilder, SignedStatement, SigningKey,
};

const FORMAT: &str = include_str!("../FORMAT.md");
const DOMAIN: &str = "exercise.avelia.example";
const DESK: &str = "spiffe://exercise.avelia.example/desk/ops";
const RELAY: &str = "spiffe://exercise.avelia.example/relay/north";

struct Example {
    root: SigningKey,
    roster: Roster,
    statement: SignedStatement,
    note: Vec<u8>,
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn roster() -> (Roster, Hash) {
    let mut builder = RosterBuilder::new(DOMAIN, key(1)).unwrap();
    let mut enrol = |purpose, subject: &str, seed| {
        let enrolment = Enrolment {
            purpose,
            subject: subject.to_owned(),
            roles: Vec::new(),
            public_key: key(seed).public(),
            not_before_ms: 1_795_000_000_000,
            not_after_ms: 1_795_086_400_000,
        };
        builder.enrol(enrolment).unwrap()
    };
    let desk = enrol(Purpose::Statement, DESK, 2);
    enrol(Purpose::Log, RELAY, 3);
    (builder.finish(), desk)
}

fn message(key_statement: Hash) -> Message {
    let recipient = Recipient {
        identity: "spiffe://exercise.borenia.example/desk/ops".to_owned(),
        kind: 1,
    };
    Message {
        header: Header {
            id: [0x11; 16],
            trust_domain: DOMAIN.to_owned(),
            exercise: "NORTHERN LIGHT".to_owned(),
            conversation: [0x11; 16],
            sender: DESK.to_owned(),
            key_statement,
            recipients: vec![recipient],
            claimed_time_ms: 1_795_000_001_000,
            epoch: 1,
            sequence: 1,
            previous: Hash::ZERO,
            seen: Vec::new(),
        },
        traffic_class: 3,
        message_type: 1,
        function: 1,
        precedence: 2,
        channel: String::new(),
        number: 1,
        response_attribute: 2,
        refers_to: None,
        answer: 0,
        approvals: Vec::new(),
        content: Content::plain([0x22; 32], "Comm check."),
        expires_ms: 0,
        safety_of_life: false,
        respond_by_ms: 0,
        contact: 0,
    }
}

/// The same message as a call request with a time to answer by.
fn call_request(key_statement: Hash) -> Message {
    Message {
        function: 2,
        response_attribute: 5,
        respond_by_ms: 1_795_003_601_000,
        contact: 2,
        ..message(key_statement)
    }
}

/// A releaser's SUSPEND of one channel, from a moment on.
fn suspension() -> OfficerOrder {
    OfficerOrder {
        officer: format!("spiffe://{DOMAIN}/officer/okoye"),
        key_statement: Hash([0x33; 32]),
        verb: 1,
        desk: DESK.to_owned(),
        exercise: "NORTHERN LIGHT".to_owned(),
        channel: "MARITIME".to_owned(),
        scope: String::new(),
        reason: "a visit".to_owned(),
        review_by_ms: 1_795_086_401_000,
        consents_to: None,
        subject_sha256: None,
        claimed_time_ms: 1_795_000_001_000,
        effective_ms: 1_795_003_601_000,
    }
}

const PEER: &str = "spiffe://exercise.borenia.example/desk/ops";

/// What both annexes of the example have in common.
fn annex(statement: &SignedStatement, name: &str, at_ms: u64, done: AnnexDone) -> OfficerAnnex {
    OfficerAnnex {
        officer: format!("spiffe://exercise.borenia.example/officer/{name}"),
        key_statement: Hash([0x44; 32]),
        desk: PEER.to_owned(),
        exercise: "NORTHERN LIGHT".to_owned(),
        message: Reference {
            sender: DESK.to_owned(),
            id: [0x11; 16],
            sha256: statement.hash(),
        },
        done,
        claimed_time_ms: at_ms,
    }
}

/// The translation, and what the officer signs of it.
fn translation(statement: &SignedStatement) -> (Content, OfficerAnnex) {
    let content = Content::plain([0x55; 32], "Proba linje.");
    let done = AnnexDone::Translated {
        grade: 1,
        language: "qav".to_owned(),
        content_sha256: content.sha256(),
        of_annex: None,
    };
    let signed = annex(statement, "castellan", 1_795_000_061_000, done);
    (content, signed)
}

fn presentation(statement: &SignedStatement) -> OfficerAnnex {
    let done = AnnexDone::Presented {
        to: "the minister".to_owned(),
    };
    annex(statement, "lindholm", 1_795_000_121_000, done)
}

fn example() -> Example {
    let (roster, desk) = roster();
    let statement = SignedStatement::sign(PayloadType::Message, &message(desk).encode(), &key(2)).unwrap();
    let signer = LogSigner::new("exercise.avelia.example/relay/north", key(3)).unwrap();
    let note = signer.checkpoint(1, leaf_hash(statement.bytes())).sign(&signer);
    Example {
        root: key(1),
        roster,
        statement,
        note,
    }
}

/// The roster with two officers behind, and a deny-list that ends the desk.
fn deny_list() -> (Roster, DenyList, Vec<u8>) {
    let mut builder = RosterBuilder::resume(roster().0, key(1));
    let officers = [("okoye", 4, 3), ("tanaka", 5, 7)].map(|(name, seed, role)| {
        let subject = format!("spiffe://{DOMAIN}/officer/{name}");
        let enrolment = Enrolment {
            purpose: Purpose::Officer,
            subject: subject.clone(),
            roles: vec![role],
            public_key: key(seed).public(),
            not_before_ms: 1_795_000_000_000,
            not_after_ms: 1_795_086_400_000,
        };
        (subject, builder.enrol(enrolment).unwrap(), key(seed))
    });
    let roster = builder.finish();
    let mut list = DenyList::empty(&roster);
    let order = list
        .next(DESK, "key copied", 1_795_000_001_000, 1_795_000_002_000)
        .encode();
    let [first, second] = officers.map(|(officer, key_statement, key)| {
        let deny = Deny {
            officer,
            key_statement,
            order: order.clone(),
        };
        SignedStatement::sign(PayloadType::Deny, &deny.encode(), &key).unwrap()
    });
    list.append([first.bytes(), second.bytes()], &roster).unwrap();
    (roster, list, order)
}

/// The section as it must stand in the paper.
fn written(example: &Example) -> String {
    let wrap = |bytes: &[u8]| {
        let hex = HEXLOWER.encode(bytes);
        hex.as_bytes()
            .chunks(96)
            .map(|line| String::from_utf8_lossy(line).into_owned() + "\n")
            .collect::<String>()
    };
    let statement = &example.statement;
    let (longer, denied, order) = deny_list();
    let signer = LogSigner::new("exercise.avelia.example/relay/north", key(3)).unwrap();
    let parts = [
        (
            "Statement root, public key",
            wrap(example.root.public().as_bytes()),
        ),
        ("Desk, public key", wrap(key(2).public().as_bytes())),
        (
            "Desk, hash of its key statement (roster entry 1)",
            wrap(&example.roster.keys_of(DESK, Purpose::Statement)[0].hash.0),
        ),
        ("Roster", example.roster.to_text()),
        (
            "Commitment of the content",
            wrap(&message(Hash::ZERO).content.commitment.0),
        ),
        ("Payload", wrap(&statement.payload)),
        (
            "Pre-authentication encoding",
            wrap(&pre_authentication(PayloadType::Message, &statement.payload)),
        ),
        ("Signature", wrap(&statement.signature)),
        ("Statement", wrap(statement.bytes())),
        ("Hash of the statement", wrap(&statement.hash().0)),
        (
            "Leaf hash, which is also the root of the log of size 1",
            wrap(&leaf_hash(statement.bytes()).0),
        ),
        (
            "Verifier key of the log",
            format!("{}\n", signer.verifier().verifier_key()),
        ),
        ("Checkpoint", String::from_utf8(example.note.clone()).unwrap()),
        (
            "Roster entries 3 and 4: two officers",
            longer
                .to_text()
                .lines()
                .skip(2)
                .map(|line| format!("{line}\n"))
                .collect(),
        ),
        ("Order that ends the desk", wrap(&order)),
        ("Deny-list", denied.to_text()),
        (
            "Payload of the message as a call request",
            wrap(&call_request(example.roster.keys_of(DESK, Purpose::Statement)[0].hash).encode()),
        ),
        (
            "Payload of a suspension from a moment on",
            wrap(&suspension().encode()),
        ),
        (
            "Content of the translation",
            wrap(&translation(statement).0.encode()),
        ),
        (
            "Payload of the translation, as its officer signs it",
            wrap(&translation(statement).1.encode()),
        ),
        (
            "Payload of the presentation, as its officer signs it",
            wrap(&presentation(statement).encode()),
        ),
    ];
    parts
        .iter()
        .map(|(name, text)| format!("**{name}**\n\n```text\n{text}```\n\n"))
        .collect()
}

#[test]
fn the_worked_example_of_the_paper_is_what_the_code_makes() {
    let written = written(&example());
    let (_, section) = FORMAT.split_once("<!-- example -->\n\n").unwrap_or_default();
    let (section, _) = section.split_once("<!-- end of example -->").unwrap_or_default();
    assert!(section == written, "FORMAT.md §13 should read:\n{written}");
}

fn export(dir: &Path) {
    let example = example();
    write_log(
        &dir.join("log"),
        &example.note,
        [Ok::<_, Infallible>(example.statement.bytes().to_vec())],
    )
    .unwrap();
    let trust = dir.join("trust").join(DOMAIN);
    fs::create_dir_all(&trust).unwrap();
    fs::write(trust.join("root.pub"), root_line(DOMAIN, &example.root.public())).unwrap();
    fs::write(trust.join("roster"), example.roster.to_text()).unwrap();
}

fn audit(dir: &Path, args: &[&str]) -> (i32, String, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_hotline-audit"))
        .current_dir(dir)
        .args(args)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (out.status.code().unwrap(), text(out.stdout), text(out.stderr))
}

#[test]
fn the_binary_verifies_compares_and_shows_an_export() {
    let dir = tempfile::tempdir().unwrap();
    export(dir.path());
    let (code, out, _) = audit(dir.path(), &["verify", "log", "--trust", "trust"]);
    assert_eq!(code, 0, "{out}");
    assert!(
        out.starts_with("MATCH: complete to #0; a cut after #0 shows only against the other side"),
        "{out}"
    );
    let (code, out, _) = audit(
        dir.path(),
        &["verify", "log", "--json", "--trust", &format!("trust/{DOMAIN}")],
    );
    assert_eq!((code, out.contains("\"verdict\": \"MATCH\"")), (0, true), "{out}");
    assert_eq!(
        audit(dir.path(), &["compare", "log", "log", "--trust", "trust"]).0,
        0
    );
    let (code, out, _) = audit(dir.path(), &["show", "log"]);
    assert_eq!(code, 0);
    assert!(
        out.starts_with(
            "#0 application/vnd.hotline.message.v1 spiffe://exercise.avelia.example/desk/ops 1.1"
        ),
        "{out}"
    );
}

#[test]
fn the_exit_codes_are_the_documented_ones() {
    let dir = tempfile::tempdir().unwrap();
    export(dir.path());
    let code = |args: &[&str]| audit(dir.path(), args).0;
    assert_eq!(code(&[]), 2);
    assert_eq!(code(&["--help"]), 0);
    assert_eq!(code(&["verify"]), 2);
    assert_eq!(code(&["verify", "log"]), 2, "no trust");
    assert_eq!(code(&["verify", "log", "--trust"]), 2);
    assert_eq!(code(&["verify", "log", "--trust", "trust", "--what"]), 2);
    assert_eq!(code(&["frobnicate"]), 2);
    assert_eq!(code(&["verify", "log", "--trust", "nowhere"]), 3);
    assert_eq!(code(&["compare", "log", "nowhere", "--trust", "trust"]), 3);
    assert_eq!(code(&["verify", "nowhere", "--trust", "trust"]), 8);
    let bundle = dir.path().join("log/tile/entries/000.p/1");
    let mut bytes = fs::read(&bundle).unwrap();
    bytes[200] ^= 1;
    fs::write(&bundle, bytes).unwrap();
    let (code, out, _) = audit(dir.path(), &["verify", "log", "--trust", "trust"]);
    assert_eq!(code, 8);
    assert!(out.starts_with("ALTERED(0): first bad entry: #0"), "{out}");
}

#[test]
fn a_proof_file_of_an_export_stands_alone() {
    let dir = tempfile::tempdir().unwrap();
    export(dir.path());
    let folder = TileDir::new(dir.path().join("log"));
    let proof = TlogProof::make(&folder.tree(1), 0, 1, &folder.checkpoint().unwrap()).unwrap();
    let signer = LogSigner::new("exercise.avelia.example/relay/north", key(3)).unwrap();
    let read = TlogProof::parse(&proof.encode()).unwrap();
    assert_eq!(
        read.verify(example().statement.bytes(), &signer.verifier())
            .unwrap()
            .size,
        1
    );
    assert_eq!(BASE64.encode(&signer.checkpoint(1, Hash::ZERO).root.0).len(), 44);
}
