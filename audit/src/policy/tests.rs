//! The policy of the specification, every line that is none, and quorums against all subsets of cosigners.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::cosign::{CosignSigner, CosignerName};
use crate::{LogSigner, SigningKey};

const ORIGIN: &str = "avelia.example/relay/north";

fn log() -> LogSigner {
    LogSigner::new(ORIGIN, SigningKey::from_seed(&[1; 32])).unwrap()
}

fn cosigner(seed: u8) -> CosignSigner {
    let name: CosignerName = format!("witness.example/{seed}").parse().unwrap();
    CosignSigner::new(name, SigningKey::from_seed(&[seed; 32]))
}

/// Six cosigners, seeds 11 to 16, named X1 to X3 and Y1 to Y3, as in the specification's example.
fn example() -> String {
    let mut text = format!("log {}\n\n", log().verifier().verifier_key());
    for (at, name) in ["X1", "X2", "X3", "Y1", "Y2", "Y3"].iter().enumerate() {
        let key = cosigner(11 + at as u8).verifier();
        text.push_str(&format!("witness {name} {key}\n"));
    }
    text + "group X-witnesses 2 X1 X2 X3\ngroup Y-witnesses any Y1 Y2 Y3\n\n\
        # both\ngroup X-and-Y all X-witnesses Y-witnesses\n\tquorum \t X-and-Y  \n"
}

fn note(by: &[u8]) -> Note {
    let checkpoint = log().checkpoint(7, Hash::of(b"root"));
    let mut note = Note::parse(&checkpoint.sign(&log())).unwrap();
    for seed in by {
        let line = cosigner(*seed).cosign(&note.text, u64::from(*seed));
        note.signatures.push(line);
    }
    note
}

#[test]
fn the_quorum_of_the_example_is_two_of_x_and_one_of_y_whoever_else_signs() {
    let policy = Policy::parse(example().as_bytes()).unwrap();
    assert_eq!(policy.witnesses().len(), 6);
    for subset in 0u32..64 {
        let mut by: Vec<u8> = (0..6u8)
            .filter(|at| subset >> at & 1 == 1)
            .map(|at| 11 + at)
            .collect();
        let met = (subset & 0b111).count_ones() >= 2 && subset >> 3 > 0;
        by.push(99);
        let note = note(&by);
        let signed = policy.cosigned(&note).unwrap();
        assert_eq!(signed.len(), by.len() - 1);
        match policy.quorum_met(&note) {
            Ok(found) => assert!(met && found == signed, "{by:?}"),
            Err(Unmet::Quorum { quorum, .. }) => {
                assert!(!met && quorum.to_string() == "X-and-Y", "{by:?}");
            }
            Err(other) => panic!("{other}"),
        }
    }
    let signed = policy.quorum_met(&note(&[11, 12, 14])).unwrap();
    let first = &signed[0];
    assert_eq!(
        (
            first.name.to_string().as_str(),
            first.cosigner.as_str(),
            first.unix_s
        ),
        ("X1", "witness.example/11", 11)
    );
}

#[test]
fn a_cosignature_that_does_not_verify_sinks_the_note_and_one_of_a_stranger_does_not() {
    let policy = Policy::parse(example().as_bytes()).unwrap();
    let mut sunk = note(&[11, 12, 14]);
    sunk.signatures[1].signature[9] ^= 1;
    assert!(matches!(
        policy.quorum_met(&sunk),
        Err(Unmet::Note(NoteError::BadSignature(_)))
    ));
    let mut stranger = note(&[11, 12, 14, 99]);
    stranger.signatures[4].signature[9] ^= 1;
    assert!(policy.quorum_met(&stranger).is_ok());
}

#[test]
fn a_checkpoint_counts_when_a_log_of_the_policy_signed_it_under_its_own_name() {
    let policy = Policy::parse(example().as_bytes()).unwrap();
    assert_eq!(policy.log_signed(&note(&[])).unwrap().size, 7);
    let other = LogSigner::new("other.example/log", SigningKey::from_seed(&[1; 32])).unwrap();
    let foreign = other.checkpoint(7, Hash::ZERO).sign(&other);
    assert!(matches!(
        policy.log_signed(&Note::parse(&foreign).unwrap()),
        Err(Unmet::UnknownLog(origin)) if origin == "other.example/log"
    ));
    let mut bad = note(&[]);
    bad.signatures[0].signature[0] ^= 1;
    assert!(matches!(policy.log_signed(&bad), Err(Unmet::Note(_))));
}

#[test]
fn a_policy_may_ask_for_nobody_for_one_or_know_nothing() {
    assert!(
        Policy::parse(b"quorum none\n")
            .unwrap()
            .quorum_met(&note(&[]))
            .is_ok()
    );
    let one = format!("witness w {}\nquorum w", cosigner(11).verifier());
    let policy = Policy::parse(one.as_bytes()).unwrap();
    assert!(policy.quorum_met(&note(&[11])).is_ok());
    let missing = policy.quorum_met(&note(&[12])).unwrap_err();
    assert_eq!(
        missing.to_string(),
        "the quorum w is not reached; cosigned by nobody of the policy"
    );
}

#[test]
fn lines_of_ours_pin_roots_and_rosters_and_without_them_it_is_a_stock_policy() {
    let root = SigningKey::from_seed(&[3; 32]).public();
    let line = crate::trust::root_line("exercise.avelia.example", &root);
    let hash = Hash::of(b"entry");
    let ours = format!(
        "{}{line}hotline-roster exercise.avelia.example 4 {hash}\n",
        example()
    );
    let policy = Policy::parse(ours.as_bytes()).unwrap();
    assert_eq!(policy.root("exercise.avelia.example"), Some(&root));
    assert_eq!(policy.root("exercise.borenia.example"), None);
    assert_eq!((policy.pins()[0].number, policy.pins()[0].hash), (4, hash));
    let stock: String = ours
        .lines()
        .filter(|line| !line.starts_with("hotline-"))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(stock, example());
}

#[test]
fn a_pin_is_met_by_a_roster_that_holds_that_very_entry() {
    let world = crate::testing::world();
    let roster = world.rosters.roster("exercise.avelia.example").unwrap();
    let head = roster.head().unwrap();
    let pin = |number, hash| RosterPin {
        trust_domain: "exercise.avelia.example".into(),
        number,
        hash,
    };
    assert!(pin(head.number, head.hash).met_by(roster));
    assert!(!pin(head.number, Hash::ZERO).met_by(roster));
    assert!(!pin(head.number + 1, head.hash).met_by(roster));
    let other = world.rosters.roster("exercise.borenia.example").unwrap();
    assert!(!pin(head.number, head.hash).met_by(other));
}

/// The fault of the last line behind a good policy without quorum.
fn fault(line: &str) -> PolicyFault {
    let good: String = example()
        .lines()
        .filter(|line| !line.contains("quorum"))
        .map(|line| format!("{line}\n"))
        .collect();
    let lines = good.lines().count();
    let error = Policy::parse(format!("{good}{line}\nquorum none\n").as_bytes()).unwrap_err();
    assert_eq!(error.line, lines + 1, "{error}");
    error.fault
}

#[test]
fn each_line_that_cannot_stand_is_named_with_its_number_and_why() {
    let key = cosigner(17).verifier();
    let log_key = log().verifier().verifier_key().to_string();
    assert!(matches!(fault("logs x"), PolicyFault::UnknownWord(word) if word == "logs"));
    assert!(matches!(fault("log"), PolicyFault::Form(_)));
    assert!(matches!(fault(&format!("log {key}")), PolicyFault::Key(_)));
    assert!(matches!(
        fault(&format!("log {log_key} url more")),
        PolicyFault::Form(_)
    ));
    assert!(matches!(
        fault(&format!("log {log_key} url")),
        PolicyFault::SameKey
    ));
    assert!(matches!(fault("witness w"), PolicyFault::Form(_)));
    assert!(matches!(
        fault(&format!("witness w {log_key}")),
        PolicyFault::Key(_)
    ));
    assert!(matches!(
        fault(&format!("witness X1 {key}")),
        PolicyFault::NameTaken(_)
    ));
    assert!(matches!(
        fault(&format!("witness none {key}")),
        PolicyFault::NameTaken(_)
    ));
    let same = CosignVerifier::new("another.name".parse().unwrap(), *cosigner(11).verifier().key());
    assert!(matches!(
        fault(&format!("witness w {same}")),
        PolicyFault::SameKey
    ));
    for threshold in ["0", "2", "01", "-1", "none", "18446744073709551616"] {
        let line = format!("witness w {key}");
        assert!(
            Policy::parse(format!("{line}\ngroup g {threshold} w\nquorum g").as_bytes()).is_err(),
            "{threshold}"
        );
    }
    assert!(matches!(fault("group g all"), PolicyFault::Threshold));
    assert!(matches!(fault("group g"), PolicyFault::Form(_)));
    assert!(matches!(fault("group g any nobody"), PolicyFault::UnknownName(_)));
    assert!(matches!(fault("group g any none"), PolicyFault::UnknownName(_)));
    assert!(matches!(
        fault("group g any X1"),
        PolicyFault::SecondMembership(_)
    ));
    assert!(matches!(fault("group g any g"), PolicyFault::UnknownName(_)));
    assert!(matches!(fault("quorum"), PolicyFault::Form(_)));
    assert!(matches!(fault("quorum nobody"), PolicyFault::UnknownName(_)));
    assert!(matches!(fault("hotline-root x"), PolicyFault::Form(_)));
    assert!(matches!(
        fault("hotline-roster exercise.avelia.example 0 00"),
        PolicyFault::Form(_)
    ));
    assert!(matches!(fault("quorum\u{7} none"), PolicyFault::Control));
    assert!(matches!(fault("# a comment\r"), PolicyFault::Control));
    assert!(matches!(
        Policy::parse(b"").unwrap_err().fault,
        PolicyFault::Quorum
    ));
    let twice = Policy::parse(b"quorum none\nquorum none\n").unwrap_err();
    assert_eq!((twice.line, twice.fault), (2, PolicyFault::Quorum));
}

#[test]
fn names_are_bytes_and_more_than_thirty_two_of_each_fit() {
    let mut text = Vec::new();
    for at in 0u8..40 {
        let key = cosigner(100 + at).verifier();
        text.extend_from_slice(b"witness \xff");
        text.extend_from_slice(format!("{at} {key}\ngroup g{at} any ").as_bytes());
        text.extend_from_slice(b"\xff");
        text.extend_from_slice(format!("{at}\n").as_bytes());
    }
    text.extend_from_slice(b"quorum g39\n");
    let policy = Policy::parse(&text).unwrap();
    assert_eq!(policy.witnesses().len(), 40);
    assert!(policy.quorum_met(&note(&[139])).is_ok());
    assert!(policy.quorum_met(&note(&[138])).is_err());
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Policy::parse(&bytes);
    }

    #[test]
    fn no_edit_of_a_policy_makes_the_reader_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = example().into_bytes();
        let place = at.index(bytes.len());
        bytes[place] = byte;
        if let Ok(policy) = Policy::parse(&bytes) {
            let _ = policy.quorum_met(&note(&[11, 12, 14]));
        }
    }
}
