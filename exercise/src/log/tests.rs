//! What is appended is on disk, in a chain that verifies, and the log goes on where it was.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod kill;

use std::time::Duration;

use hotline_audit::{
    Enrolment, PayloadType, Purpose, RosterBuilder, SignedStatement, TrustPolicy,
    statement::{ControlOrder, MAX_CONTROL_DETAIL},
    verify::Verdict,
    verify_log,
};
use hotline_core::{
    story::{Rate, Running},
    time::{LineTime, StoryTime, WallTime},
};
use hotline_ledger::{Inspector, MemoryDisk};

use super::*;
use crate::record::{InjectStatus, Kind, Stamp};

const DOMAIN: &str = "exercise.excon.example";
const NOW: u64 = 1_795_000_000_000;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn subject_of(name: &str) -> String {
    format!("spiffe://{DOMAIN}/control/{name}")
}

fn rosters() -> RosterSet {
    let mut builder = RosterBuilder::new(DOMAIN, key(1)).unwrap();
    for (purpose, name, seed) in [
        (Purpose::Control, "conductor", 2),
        (Purpose::Control, "lindqvist", 3),
        (Purpose::Log, "conductor", 4),
    ] {
        builder
            .enrol(Enrolment {
                purpose,
                subject: subject_of(name),
                roles: Vec::new(),
                public_key: key(seed).public(),
                not_before_ms: NOW - 1_000,
                not_after_ms: NOW + 100_000,
            })
            .unwrap();
    }
    let mut rosters = RosterSet::new();
    rosters.update(builder.finish()).unwrap();
    rosters
}

/// Keys whose ids count on from `first`.
fn keys(first: u64) -> Keys {
    let mut next = first << 32;
    Keys {
        identity: subject_of("conductor").parse().unwrap(),
        exercise: "NORTHERN LIGHT".into(),
        statement: key(2),
        log: key(4),
        rosters: rosters(),
        entropy: Box::new(move |buffer| {
            for (byte, random) in buffer.iter_mut().zip(next.to_be_bytes().repeat(2)) {
                *byte = random;
            }
            next += 1;
        }),
    }
}

fn record(step: u64, kind: Kind) -> Record {
    Record {
        stamp: Stamp {
            wall: WallTime::from_unix_ms(NOW + step),
            line: LineTime::from_start(Duration::from_millis(step)),
            story: StoryTime::from_startex(Duration::from_millis(step * 60)),
        },
        running: Running::Running(Rate::FASTEST),
        kind,
    }
}

fn inject(step: u64, status: InjectStatus) -> Record {
    record(
        step,
        Kind::Inject {
            serial: "1.1.1".into(),
            status,
            what: String::new(),
        },
    )
}

fn order(exercise: &str, by: u8) -> Vec<u8> {
    let rosters = rosters();
    let roster = rosters.roster(DOMAIN).unwrap();
    let order = ControlOrder {
        id: [9; 16],
        exercise: exercise.into(),
        controller: subject_of("lindqvist"),
        key_statement: roster.keys_of(&subject_of("lindqvist"), Purpose::Control)[0].hash,
        kind: 4,
        subject: "1.1.1".into(),
        detail: inject(0, InjectStatus::Skipped).kind.detail().unwrap(),
        expects: Hash::ZERO,
        claimed_time_ms: NOW,
    };
    SignedStatement::sign(PayloadType::ControlOrder, &order.encode(), &key(by))
        .unwrap()
        .into_bytes()
}

#[test]
fn a_log_that_is_opened_again_goes_on_behind_its_newest_record() {
    let folder = tempfile::tempdir().unwrap();
    let written = [
        record(0, Kind::Tick),
        inject(1, InjectStatus::Firing),
        inject(2, InjectStatus::Delivered),
        record(3, Kind::Tick),
    ];
    let mut hashes = Vec::new();
    {
        let mut log = ExconLog::open(folder.path(), keys(10)).unwrap();
        assert_eq!((log.size(), log.newest()), (0, Hash::ZERO));
        assert!(log.records().unwrap().is_empty());
        hashes.push(log.append(&written[0], None).unwrap());
        hashes.push(
            log.append(&written[1], Some(&order("NORTHERN LIGHT", 3)))
                .unwrap(),
        );
    }
    let mut log = ExconLog::open(folder.path(), keys(20)).unwrap();
    assert_eq!((log.size(), log.newest()), (2, hashes[1]));
    hashes.push(log.append(&written[2], None).unwrap());
    hashes.push(log.append(&written[3], None).unwrap());
    let kept = log.records().unwrap();
    let read: Vec<Record> = kept.iter().map(|kept| kept.record.clone()).collect();
    assert_eq!(read, written);
    assert_eq!(kept.iter().map(|kept| kept.hash).collect::<Vec<_>>(), hashes);
    assert_eq!(kept[1].order, order("NORTHERN LIGHT", 3));
    assert!(kept[0].order.is_empty());
}

#[test]
fn an_outsider_verifies_the_ledger_with_controls_roster_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = ExconLog::open(folder.path(), keys(10)).unwrap();
    for step in 0..300 {
        log.append(&record(step, Kind::Tick), None).unwrap();
    }
    let reader = Inspector::open(&path(folder.path())).unwrap();
    let entries: Vec<Vec<u8>> = reader
        .leaves(0, usize::MAX)
        .unwrap()
        .into_iter()
        .map(|leaf| leaf.bytes)
        .collect();
    assert_eq!(entries.len(), 300);
    let note = reader.head().note.clone().unwrap();
    let trust = TrustPolicy::new(rosters());
    let report = verify_log(&entries, &note, &trust);
    assert!(report.passed(), "{report}");
    assert_eq!(report.kinds["control record"], 300);
    let cut = verify_log(&entries[..299], &note, &trust);
    assert_eq!(cut.verdict, Some(Verdict::Truncated));
}

#[test]
fn what_was_appended_is_there_after_the_power_is_cut() {
    let disk = MemoryDisk::default();
    let engine = || Engine::Memory(disk.clone());
    let mut log = ExconLog::open_on(engine(), keys(10)).unwrap();
    let first = log.append(&record(0, Kind::Tick), None).unwrap();
    let second = log.append(&inject(1, InjectStatus::Firing), None).unwrap();
    disk.crash(&[]);
    assert!(
        log.append(&record(2, Kind::Tick), None).is_err(),
        "its process has ended with the power"
    );
    drop(log);
    let mut log = ExconLog::open_on(engine(), keys(20)).unwrap();
    assert_eq!((log.size(), log.newest()), (2, second));
    log.append(&inject(3, InjectStatus::Unknown), None).unwrap();
    let kept = log.records().unwrap();
    assert_eq!((kept.len(), kept[0].hash), (3, first));
}

#[test]
fn nothing_is_signed_that_a_verifier_would_refuse() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = ExconLog::open(folder.path(), keys(10)).unwrap();
    let refused = |answer: Result<Hash, LogError>| match answer {
        Err(LogError::Refused(why)) => why.rule(),
        other => panic!("{other:?}"),
    };
    let skipped = inject(1, InjectStatus::Skipped);
    let elsewhere = order("SOUTHERN LIGHT", 3);
    assert_eq!(refused(log.append(&skipped, Some(&elsewhere))), "ORDER_MISMATCH");
    let forged = order("NORTHERN LIGHT", 2);
    assert_eq!(refused(log.append(&skipped, Some(&forged))), "BAD_SIGNATURE");
    assert_eq!(refused(log.append(&skipped, Some(&[1, 2, 3]))), "MALFORMED");
    let note = Kind::Note {
        author: "lindqvist".into(),
        text: "x".repeat(MAX_CONTROL_DETAIL),
        objective: None,
    };
    let long = log.append(&record(1, note), None).unwrap_err();
    assert!(matches!(long, LogError::TooLong { what: "detail", .. }), "{long}");
    assert_eq!(log.size(), 0);
    log.append(&skipped, Some(&order("NORTHERN LIGHT", 3))).unwrap();
    assert_eq!(log.size(), 1);
}

#[test]
fn a_whole_file_goes_into_the_log_as_annexes() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = ExconLog::open(folder.path(), keys(10)).unwrap();
    let file = "title = \"Fog\"\n".repeat(10_000);
    for annex in signed::annexes("scenario", &file) {
        log.append(&record(0, annex), None).unwrap();
    }
    let whole: String = log
        .records()
        .unwrap()
        .into_iter()
        .filter_map(|kept| match kept.record.kind {
            Kind::Annex { text, .. } => Some(text),
            _ => None,
        })
        .collect();
    assert_eq!(whole, file);
}

#[test]
fn keys_that_the_roster_does_not_enrol_open_no_log() {
    let folder = tempfile::tempdir().unwrap();
    let with = |change: fn(&mut Keys)| {
        let mut keys = keys(10);
        change(&mut keys);
        ExconLog::open(folder.path(), keys)
            .err()
            .map(|error| error.to_string())
    };
    assert!(
        with(|keys| keys.statement = key(9))
            .unwrap()
            .contains("no CONTROL key")
    );
    assert!(
        with(|keys| keys.statement = key(3))
            .unwrap()
            .contains("no CONTROL key")
    );
    assert!(with(|keys| keys.log = key(2)).unwrap().contains("no LOG key"));
    let desk = |keys: &mut Keys| {
        keys.identity = format!("spiffe://{DOMAIN}/desk/ops").parse().unwrap();
    };
    assert!(with(desk).unwrap().contains("no identity of control"));
    assert!(!path(folder.path()).exists(), "nothing is made for them");
    assert_eq!(with(|_| ()), None);
}

#[test]
fn a_log_of_another_exercise_or_in_use_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = ExconLog::open(folder.path(), keys(10)).unwrap();
    log.append(&record(0, Kind::Tick), None).unwrap();
    let second = ExconLog::open(folder.path(), keys(20)).err().unwrap();
    assert!(matches!(second, LogError::Open(_)), "{second}");
    drop(log);
    let mut other = keys(20);
    other.exercise = "SOUTHERN LIGHT".into();
    let refused = ExconLog::open(folder.path(), other).err().unwrap();
    assert!(matches!(refused, LogError::OtherExercise { .. }), "{refused}");
}
