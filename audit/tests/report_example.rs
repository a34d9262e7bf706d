//! The worked example of `FORMAT.md` §15, made again from its seeds; and the small binary, run on reports good and bad.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::Path;
use std::process::Command;

use data_encoding::HEXLOWER;
use hotline_audit::report::SignedReport;
use hotline_audit::statement::ReportSignature;
use hotline_audit::trust::root_line;
use hotline_audit::{
    Enrolment, Hash, PayloadType, Purpose, Roster, RosterBuilder, RosterSet, SignedStatement, SigningKey,
};

const FORMAT: &str = include_str!("../FORMAT.md");
const AVELIA: &str = "exercise.avelia.example";
const BORENIA: &str = "exercise.borenia.example";
const NOW: u64 = 1_795_000_001_000;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

/// A side: root `first`, then its officers, in this order: a releaser, another, and one who only drafts.
struct Side {
    domain: &'static str,
    first: u8,
    statements: [Hash; 3],
    revoked: Option<usize>,
}

const OFFICERS: [(&str, &[u32]); 3] = [("lindqvist", &[2]), ("novak", &[1, 2]), ("okoye", &[1])];

impl Side {
    fn new(domain: &'static str, first: u8) -> Side {
        let mut side = Side {
            domain,
            first,
            statements: [Hash::ZERO; 3],
            revoked: None,
        };
        side.statements = side.build().1;
        side
    }

    fn build(&self) -> (Roster, [Hash; 3]) {
        let mut builder = RosterBuilder::new(self.domain, key(self.first)).unwrap();
        let statements = [0, 1, 2].map(|no: usize| {
            let (name, roles) = OFFICERS[no];
            let enrolment = Enrolment {
                purpose: Purpose::Officer,
                subject: format!("spiffe://{}/officer/{name}", self.domain),
                roles: roles.to_vec(),
                public_key: self.key(no).public(),
                not_before_ms: 1_795_000_000_000,
                not_after_ms: 1_795_086_400_000,
            };
            builder.enrol(enrolment).unwrap()
        });
        if let Some(no) = self.revoked {
            builder.revoke(statements[no], "lost", NOW + 1).unwrap();
        }
        (builder.finish(), statements)
    }

    fn key(&self, no: usize) -> SigningKey {
        key(self.first + 1 + no as u8)
    }

    fn payload(&self, no: usize, report: &SignedReport) -> ReportSignature {
        ReportSignature {
            officer: format!("spiffe://{}/officer/{}", self.domain, OFFICERS[no].0),
            key_statement: self.statements[no],
            exercise: report.exercise.clone(),
            report_sha256: report.sha256(),
            claimed_time_ms: NOW,
        }
    }

    fn signs(&self, no: usize, payload: &ReportSignature) -> Vec<u8> {
        SignedStatement::sign(PayloadType::ReportSignature, &payload.encode(), &self.key(no))
            .unwrap()
            .into_bytes()
    }

    fn write(&self, dir: &Path) {
        let trust = dir.join("trust").join(self.domain);
        fs::create_dir_all(&trust).unwrap();
        fs::write(
            trust.join("root.pub"),
            root_line(self.domain, &key(self.first).public()),
        )
        .unwrap();
        fs::write(trust.join("roster"), self.build().0.to_text()).unwrap();
    }
}

fn sides() -> (Side, Side) {
    (Side::new(AVELIA, 1), Side::new(BORENIA, 11))
}

/// The JSON line of the paper.
fn line() -> &'static str {
    let (_, section) = FORMAT.split_once("<!-- report example -->").unwrap();
    section.lines().find(|line| line.starts_with("{\"")).unwrap()
}

fn unsigned() -> SignedReport {
    SignedReport::unsigned(line()).unwrap()
}

fn signed() -> SignedReport {
    let (avelia, borenia) = sides();
    let mut report = unsigned();
    for side in [avelia, borenia] {
        let signature = side.signs(0, &side.payload(0, &report));
        report.add(signature).unwrap();
    }
    report
}

fn rosters() -> RosterSet {
    let (avelia, borenia) = sides();
    let mut rosters = RosterSet::new();
    rosters.update(avelia.build().0).unwrap();
    rosters.update(borenia.build().0).unwrap();
    rosters
}

#[test]
fn the_worked_example_of_a_report_is_what_the_code_makes() {
    let (avelia, borenia) = sides();
    let report = signed();
    let wrap = |bytes: &[u8]| {
        let hex = HEXLOWER.encode(bytes);
        let lines = hex
            .as_bytes()
            .chunks(96)
            .map(|line| String::from_utf8_lossy(line).into_owned() + "\n");
        lines.collect::<String>()
    };
    let parts = [
        ("Avelia's roster", avelia.build().0.to_text()),
        ("Borenia's roster", borenia.build().0.to_text()),
        (
            "Payload of Avelia's signature",
            wrap(&avelia.payload(0, &report).encode()),
        ),
        ("The file", report.to_file()),
    ];
    let written: String = parts
        .iter()
        .map(|(name, text)| format!("**{name}**\n\n```text\n{text}```\n\n"))
        .collect();
    let (_, section) = FORMAT.split_once("<!-- report example -->\n\n").unwrap();
    let (section, _) = section.split_once("<!-- end of report example -->").unwrap();
    if section != written && std::env::var_os("HOTLINE_BLESS").is_some() {
        let paper = Path::new(env!("CARGO_MANIFEST_DIR")).join("FORMAT.md");
        fs::write(paper, FORMAT.replacen(section, &written, 1)).unwrap();
    }
    assert!(section == written, "FORMAT.md §15.3 should read:\n{written}");
}

/// What the binary says of a report, with trust folders of these sides.
fn told(report: &str, (avelia, borenia): &(Side, Side)) -> (i32, String) {
    let dir = tempfile::tempdir().unwrap();
    avelia.write(dir.path());
    borenia.write(dir.path());
    fs::write(dir.path().join("report"), report).unwrap();
    let out = Command::new(env!("CARGO_BIN_EXE_hotline-audit"))
        .current_dir(dir.path())
        .args(["report", "report", "--trust", "trust"])
        .output()
        .unwrap();
    let said = [out.stdout, out.stderr].concat();
    (out.status.code().unwrap(), String::from_utf8(said).unwrap())
}

#[test]
fn the_binary_says_valid_of_a_report_that_both_sides_signed_and_prints_what_it_says() {
    let (code, out) = told(&signed().to_file(), &sides());
    assert_eq!(code, 0, "{out}");
    assert!(out.starts_with("VALID: report public/v1, SHA-256 "), "{out}");
    for part in [
        "signed for exercise.avelia.example by spiffe://exercise.avelia.example/officer/lindqvist",
        "signed for exercise.borenia.example by spiffe://exercise.borenia.example/officer/lindqvist",
        "label: OPEN",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
}

/// Avelia's signature as the second line, and what the binary names.
fn wrong(rule: &str, of: impl FnOnce(&mut Side, &mut ReportSignature) -> (usize, Option<Vec<u8>>)) {
    let (mut avelia, borenia) = sides();
    let mut report = unsigned();
    let mut payload = avelia.payload(0, &report);
    let (no, other) = of(&mut avelia, &mut payload);
    let bytes = other.unwrap_or_else(|| avelia.signs(no, &payload));
    report.add(bytes).unwrap();
    report
        .add(borenia.signs(0, &borenia.payload(0, &report)))
        .unwrap();
    let (code, out) = told(&report.to_file(), &(avelia, borenia));
    assert_eq!(code, 8, "{rule}: {out}");
    assert!(out.starts_with("NOT VALID"), "{rule}: {out}");
    assert!(out.contains(&format!("{rule}: signature 1: ")), "{rule}: {out}");
    assert!(
        out.contains("NOT_SIGNED: no signature of a releaser of exercise.avelia.example counts"),
        "{out}"
    );
    assert!(out.contains("signed for exercise.borenia.example"), "{out}");
}

#[test]
fn a_signature_that_does_not_count_is_named_with_why() {
    wrong("ALTERED", |_, payload| {
        payload.report_sha256 = Hash::of(b"another");
        (0, None)
    });
    wrong("WRONG_EXERCISE", |_, payload| {
        payload.exercise = "ANOTHER".into();
        (0, None)
    });
    wrong("WRONG_ROLE", |avelia, payload| {
        payload.officer = format!("spiffe://{AVELIA}/officer/okoye");
        payload.key_statement = avelia.statements[2];
        (2, None)
    });
    wrong("REVOKED_KEY", |avelia, _| {
        avelia.revoked = Some(0);
        (0, None)
    });
    wrong("UNKNOWN_KEY", |_, payload| {
        payload.key_statement = Hash::of(b"nobody");
        (0, None)
    });
    wrong("WRONG_SENDER", |_, payload| {
        payload.officer = format!("spiffe://{AVELIA}/officer/novak");
        (0, None)
    });
    wrong("BAD_SIGNATURE", |_, _| (1, None));
    wrong("EXPIRED_KEY", |_, payload| {
        payload.claimed_time_ms = 1_795_086_400_001;
        (0, None)
    });
    wrong("MALFORMED", |avelia, payload| {
        let other = SignedStatement::sign(PayloadType::CharterConsent, &payload.encode(), &avelia.key(0));
        (0, Some(other.unwrap().into_bytes()))
    });
}

#[test]
fn one_side_alone_makes_no_report_valid() {
    let (avelia, borenia) = sides();
    let mut report = unsigned();
    let (code, out) = told(&report.to_file(), &(avelia, borenia));
    assert_eq!((code, out.matches("NOT_SIGNED").count()), (8, 2), "{out}");
    let (avelia, borenia) = sides();
    for no in [0, 1] {
        report
            .add(avelia.signs(no, &avelia.payload(no, &report)))
            .unwrap();
    }
    let (code, out) = told(&report.to_file(), &(avelia, borenia));
    assert_eq!(code, 8, "two releasers of one side are one side: {out}");
    assert!(
        out.contains("NOT_SIGNED: no signature of a releaser of exercise.borenia.example"),
        "{out}"
    );
    let (avelia, borenia) = sides();
    let mut twice = signed();
    twice.add(avelia.signs(0, &avelia.payload(0, &twice))).unwrap();
    let (code, out) = told(&twice.to_file(), &(avelia, borenia));
    assert!(code == 8 && out.contains("TWICE: signature 3: "), "{out}");
}

#[test]
fn a_signature_of_a_third_side_counts_for_nobody() {
    let third = Side::new("exercise.caldria.example", 21);
    let mut rosters = rosters();
    rosters.update(third.build().0).unwrap();
    let mut report = signed();
    report.add(third.signs(0, &third.payload(0, &report))).unwrap();
    let verdict = report.judge(&rosters);
    assert!(!verdict.valid);
    assert_eq!(
        verdict.faults.iter().map(|fault| fault.rule).collect::<Vec<_>>(),
        ["WRONG_SIDE"]
    );
}

#[test]
fn no_byte_of_a_signed_report_can_be_altered() {
    let (file, rosters) = (signed().to_file().into_bytes(), rosters());
    assert!(SignedReport::parse(&file).unwrap().judge(&rosters).valid);
    for place in 0..file.len() {
        for altered in [file[place] ^ 1, file[place].wrapping_add(1), b' '] {
            let mut bytes = file.clone();
            bytes[place] = altered;
            if altered != file[place]
                && let Ok(report) = SignedReport::parse(&bytes)
            {
                assert!(!report.judge(&rosters).valid, "byte {place} as {altered}");
            }
        }
    }
}

#[test]
fn what_is_no_report_and_trust_that_lacks_are_told() {
    let (code, out) = told("hello\n", &sides());
    assert!(
        code == 3 && out.contains("line 1 is not \"hotline-report v1\""),
        "{code} {out}"
    );
    let out = Command::new(env!("CARGO_BIN_EXE_hotline-audit"))
        .args(["report", "x"])
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(2));
}
