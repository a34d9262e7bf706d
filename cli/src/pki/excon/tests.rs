//! Control's identities write a log that anybody verifies with the trust folder alone, and sign nothing of the line.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use hotline_audit::{Hash, PayloadType, SignedStatement, statement::ControlOrder, verify::Verdict};
use hotline_core::story::{Rate, Running};
use hotline_core::time::{LineTime, StoryTime};
use hotline_exercise::log::ExconLog;
use hotline_exercise::record::{InjectStatus, Kind, Record, Stamp};

use super::*;
use crate::log::plain::{Words, entry};
use crate::log::{export, names::Names, verify};

const EXERCISE: &str = "NORTHERN LIGHT";

fn record(seams: &Seams, kind: Kind) -> Record {
    Record {
        stamp: Stamp {
            wall: seams.clock.wall(),
            line: LineTime::from_start(Duration::from_secs(5)),
            story: StoryTime::from_startex(Duration::from_secs(300)),
        },
        running: Running::Running(Rate::FASTEST),
        kind,
    }
}

fn skip() -> Kind {
    Kind::Inject {
        serial: "1.1.1".into(),
        status: InjectStatus::Skipped,
        what: String::new(),
    }
}

/// The controller's order for [`skip`].
fn order(excon: &Excon, seams: &Seams) -> Vec<u8> {
    let controller = identity(excon.conductor.domain(), CONTROLLER)
        .unwrap()
        .to_string();
    let rosters = excon.keys(seams).unwrap().rosters;
    let order = ControlOrder {
        id: [7; 16],
        exercise: EXERCISE.into(),
        key_statement: rosters
            .roster(DOMAIN)
            .unwrap()
            .keys_of(&controller, Purpose::Control)[0]
            .hash,
        controller,
        kind: 4,
        subject: "1.1.1".into(),
        detail: skip().detail().unwrap(),
        expects: Hash::ZERO,
        claimed_time_ms: seams.clock.wall().unix_ms(),
    };
    let key = keys::signing_key(&excon.controller_key(CONTROLLER)).unwrap();
    SignedStatement::sign(PayloadType::ControlOrder, &order.encode(), &key)
        .unwrap()
        .into_bytes()
}

/// Control with three records in its ledger, and the log still open.
fn written(root: &Path, seams: &Seams) -> (Excon, ExconLog) {
    let excon = excon(root, EXERCISE, seams).unwrap();
    let mut log = ExconLog::open(&excon.station, excon.keys(seams).unwrap()).unwrap();
    log.append(&record(seams, Kind::Tick), None).unwrap();
    log.append(&record(seams, skip()), Some(&order(&excon, seams)))
        .unwrap();
    let why = "CONTROL".into();
    log.append(&record(seams, Kind::Endex { why }), None).unwrap();
    (excon, log)
}

#[test]
fn the_ledger_and_its_export_verify_with_the_trust_folder_alone() {
    let place = tempfile::tempdir().unwrap();
    let seams = Seams::system();
    let (excon, _log) = written(place.path(), &seams);
    let policy = TrustPolicy::load(&[&excon.trust]).unwrap();
    let report = verify::verify(&excon.ledger(), &policy).unwrap();
    assert!(report.passed(), "{report}");
    assert_eq!((report.entries, report.kinds["control record"]), (3, 3));
    let out = place.path().join("exported");
    let exported = export::export(&excon.ledger(), &out).unwrap();
    assert_eq!(
        (exported.size, exported.origin.as_str()),
        (3, "exercise.excon.example/control/conductor")
    );
    let report = hotline_audit::verify_directory(&out, &policy);
    assert!(report.passed(), "{report}");
    let entries = out.join("tile/entries/000.p/3");
    let mut bytes = std::fs::read(&entries).unwrap();
    bytes[300] ^= 1;
    std::fs::write(&entries, bytes).unwrap();
    let report = hotline_audit::verify_directory(&out, &policy);
    assert_eq!(report.verdict, Some(Verdict::Altered(Some(0))), "{report}");
}

#[test]
fn a_ledger_of_control_is_verified_at_home_without_naming_the_trust() {
    let place = tempfile::tempdir().unwrap();
    let seams = Seams::system();
    let (excon, log) = written(place.path(), &seams);
    drop(log);
    let trust = crate::log::trust::TrustArgs::default();
    let chosen = trust.choose(&[&excon.ledger()]).unwrap().unwrap();
    assert_eq!(chosen.folders, [excon.trust.canonicalize().unwrap()]);
}

#[test]
fn a_record_is_shown_in_plain_words() {
    let place = tempfile::tempdir().unwrap();
    let seams = Seams::system();
    let (excon, _log) = written(place.path(), &seams);
    let log = crate::log::read::Source::open(&excon.ledger())
        .unwrap()
        .log()
        .unwrap();
    let shown = |index: usize, words| {
        entry(
            index as u64,
            &log.entries[index],
            &Names::default(),
            (words, None),
        )
    };
    let skipped = shown(1, Words::Kept);
    assert_eq!(
        skipped.plain,
        format!("INJECT 1.1.1 at story T+00:05:00, ordered by spiffe://{DOMAIN}/control/{CONTROLLER}")
    );
    assert_eq!(
        (skipped.kind.as_str(), skipped.place.as_str()),
        ("control", "1.2")
    );
    assert_eq!(skipped.text, None);
    assert_eq!(shown(2, Words::Kept).plain, "ENDEX at story T+00:05:00");
    assert_eq!(shown(1, Words::Shown).text, Some(skip().detail().unwrap()));
}

#[test]
fn controls_roster_enrols_no_desk_relay_or_officer() {
    let place = tempfile::tempdir().unwrap();
    let seams = Seams::system();
    let excon = excon_with(place.path(), EXERCISE, &["lindqvist", "moreau"], &seams).unwrap();
    let rosters = excon.keys(&seams).unwrap().rosters;
    let mut enrolled: Vec<(String, Purpose)> = rosters
        .rosters()
        .flat_map(hotline_audit::Roster::keys)
        .map(|key| (key.statement.subject.clone(), key.purpose))
        .collect();
    enrolled.sort();
    let control = |name: &str| format!("spiffe://{DOMAIN}/control/{name}");
    assert_eq!(
        enrolled,
        [
            (control("conductor"), Purpose::Log),
            (control("conductor"), Purpose::Control),
            (control("lindqvist"), Purpose::Control),
            (control("moreau"), Purpose::Control),
        ]
    );
    let mut files = crate::pki::files::folders_below(&excon.folder).unwrap();
    files.sort();
    assert_eq!(
        files,
        ["control", "trust"],
        "no desk, relay or officer lives here"
    );
}

#[test]
fn what_is_there_is_never_overwritten_and_is_found_again() {
    let place = tempfile::tempdir().unwrap();
    let seams = Seams::system();
    let made = excon(place.path(), EXERCISE, &seams).unwrap();
    let again = excon(place.path(), EXERCISE, &seams).unwrap_err();
    assert_eq!(again.code, "HL-PKI-002");
    assert_eq!(open(place.path(), EXERCISE).unwrap(), made);
    let nowhere = open(&place.path().join("elsewhere"), EXERCISE).unwrap_err();
    assert_eq!(nowhere.code, "HL-PKI-017");
    let bad = excon_with(&place.path().join("other"), EXERCISE, &["Not A Name"], &seams).unwrap_err();
    assert_eq!(bad.code, "HL-PKI-014");
    assert!(!place.path().join("other").join(DOMAIN).exists());
}

#[test]
fn controls_ca_is_the_same_when_it_is_opened_again() {
    let root = tempfile::tempdir().unwrap();
    let seams = Seams::system();
    let excon = excon(root.path(), EXERCISE, &seams).unwrap();
    assert!(excon.open_plane().is_err(), "none was made");
    let made = excon.make_plane(&seams).unwrap();
    let again = excon.open_plane().unwrap();
    let both = [&made, &again].map(|plane| (plane.words(), plane.ca().to_owned(), plane.root().to_owned()));
    assert_eq!(both[0], both[1]);
    assert!(again.listener(&seams).is_ok());
}
