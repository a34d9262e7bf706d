//! The worked example of `FORMAT.md` §14, made again from its seeds; and the small binary, run on control's log.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::convert::Infallible;
use std::fs;
use std::path::Path;
use std::process::Command;

use data_encoding::HEXLOWER;
use hotline_audit::statement::{Control, ControlOrder};
use hotline_audit::tiles::write_log;
use hotline_audit::tree::leaf_hash;
use hotline_audit::trust::root_line;
use hotline_audit::{
    Enrolment, Hash, LogSigner, PayloadType, Purpose, Roster, RosterBuilder, SignedStatement, SigningKey,
};

const FORMAT: &str = include_str!("../FORMAT.md");
const DOMAIN: &str = "exercise.excon.example";
const CONDUCTOR: &str = "spiffe://exercise.excon.example/control/conductor";
const CONTROLLER: &str = "spiffe://exercise.excon.example/control/lindqvist";
const ORIGIN: &str = "exercise.excon.example/control/conductor";

struct Example {
    roster: Roster,
    order: SignedStatement,
    record: SignedStatement,
    note: Vec<u8>,
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn roster() -> (Roster, [Hash; 2]) {
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
    let conductor = enrol(Purpose::Control, CONDUCTOR, 2);
    let controller = enrol(Purpose::Control, CONTROLLER, 3);
    enrol(Purpose::Log, CONDUCTOR, 4);
    (builder.finish(), [conductor, controller])
}

fn example() -> Example {
    let (roster, [conductor, controller]) = roster();
    let detail = r#"{"kind":"inject","serial":"1.1.1","status":"SKIPPED"}"#;
    let order = ControlOrder {
        id: [0x11; 16],
        exercise: "NORTHERN LIGHT".into(),
        controller: CONTROLLER.into(),
        key_statement: controller,
        kind: 4,
        subject: "1.1.1".into(),
        detail: detail.into(),
        expects: Hash::ZERO,
        claimed_time_ms: 1_795_000_001_000,
    };
    let order = SignedStatement::sign(PayloadType::ControlOrder, &order.encode(), &key(3)).unwrap();
    let record = Control {
        id: [0x22; 16],
        exercise: "NORTHERN LIGHT".into(),
        conductor: CONDUCTOR.into(),
        key_statement: conductor,
        sequence: 1,
        previous: Hash::ZERO,
        wall_ms: 1_795_000_002_000,
        line_ms: 5_000,
        story_ms: 0,
        running: 2,
        rate: 1_000,
        kind: 4,
        subject: "1.1.1".into(),
        detail: detail.into(),
        order: order.bytes().to_vec(),
    };
    let record = SignedStatement::sign(PayloadType::Control, &record.encode(), &key(2)).unwrap();
    let signer = LogSigner::new(ORIGIN, key(4)).unwrap();
    let note = signer.checkpoint(1, leaf_hash(record.bytes())).sign(&signer);
    Example {
        roster,
        order,
        record,
        note,
    }
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
    let signer = LogSigner::new(ORIGIN, key(4)).unwrap();
    let parts = [
        ("Control's roster", example.roster.to_text()),
        ("Payload of the order", wrap(&example.order.payload)),
        ("Order", wrap(example.order.bytes())),
        ("Payload of the record", wrap(&example.record.payload)),
        ("Hash of the record", wrap(&example.record.hash().0)),
        (
            "Verifier key of control's log",
            format!("{}\n", signer.verifier().verifier_key()),
        ),
        (
            "Checkpoint of control's log",
            String::from_utf8(example.note.clone()).unwrap(),
        ),
    ];
    parts
        .iter()
        .map(|(name, text)| format!("**{name}**\n\n```text\n{text}```\n\n"))
        .collect()
}

#[test]
fn the_worked_example_of_controls_evidence_is_what_the_code_makes() {
    let written = written(&example());
    let (_, section) = FORMAT
        .split_once("<!-- control example -->\n\n")
        .unwrap_or_default();
    let (section, _) = section
        .split_once("<!-- end of control example -->")
        .unwrap_or_default();
    assert!(section == written, "FORMAT.md §14.4 should read:\n{written}");
}

fn export(dir: &Path) {
    let example = example();
    let entries = [Ok::<_, Infallible>(example.record.bytes().to_vec())];
    write_log(&dir.join("excon"), &example.note, entries).unwrap();
    let trust = dir.join("trust").join(DOMAIN);
    fs::create_dir_all(&trust).unwrap();
    fs::write(trust.join("root.pub"), root_line(DOMAIN, &key(1).public())).unwrap();
    fs::write(trust.join("roster"), example.roster.to_text()).unwrap();
}

fn audit(dir: &Path, args: &[&str]) -> (i32, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_hotline-audit"))
        .current_dir(dir)
        .args(args)
        .output()
        .unwrap();
    (out.status.code().unwrap(), String::from_utf8(out.stdout).unwrap())
}

#[test]
fn the_binary_verifies_and_shows_controls_log() {
    let dir = tempfile::tempdir().unwrap();
    export(dir.path());
    let (code, out) = audit(dir.path(), &["verify", "excon", "--trust", "trust"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.starts_with("MATCH: complete to #0"), "{out}");
    assert!(
        out.contains(&format!("sender     {CONDUCTOR}: 1, up to 1.1")),
        "{out}"
    );
    let (code, out) = audit(dir.path(), &["show", "excon"]);
    assert_eq!(code, 0);
    assert!(
        out.starts_with(&format!(
            "#0 application/vnd.hotline.control.v1 {CONDUCTOR} 1 kind 4 \"1.1.1\" claimed 1795000002000 ms"
        )),
        "{out}"
    );
}
