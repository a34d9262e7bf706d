//! What is not in the evidence decides nothing.

use super::*;
use crate::{
    bundle::{Evidence, LOGS, write_manifest},
    timeline::Timeline,
};

/// A play in which everything is right, in a folder without these logs.
fn without(logs: &[&str]) -> Vec<Judged> {
    let mut play = Play::of(&expecting(&[]));
    sent(&mut play, 1_000, "one");
    play.at(2_000).endex();
    let dir = tempfile::tempdir().unwrap();
    play.write(dir.path());
    for log in logs {
        std::fs::remove_dir_all(dir.path().join(LOGS).join(log)).unwrap();
    }
    write_manifest(dir.path()).unwrap();
    let evidence = Evidence::open(dir.path()).unwrap();
    let timeline = Timeline::load(&evidence).unwrap();
    judge(&evidence.scenario, None, StageKind::Headless, &timeline)
}

#[test]
fn a_log_that_is_missing_is_named_and_nothing_is_met_by_its_absence() {
    for (log, owner) in [
        ("relay-north", "relay north"),
        ("relay-south", "relay south"),
        ("desk-A", "desk A"),
        ("desk-B", "desk B"),
    ] {
        let judged = without(&[log]);
        let c4 = one(&judged, "C4");
        assert_eq!(c4.met, Met::No);
        assert_eq!(c4.observed, format!("the log of {owner} is not in the evidence"));
        for id in ["C2", "C3"] {
            assert_eq!(one(&judged, id).met, Met::Undecided, "{:?}", one(&judged, id));
        }
    }
    let judged = without(&["relay-north", "relay-south"]);
    assert_ne!(one(&judged, "C3").met, Met::Yes);
    assert!(
        without(&[])
            .iter()
            .all(|judged| !judged.must || judged.met == Met::Yes)
    );
}
