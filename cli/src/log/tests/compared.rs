//! compare.

use hotline_audit::{Checkpoint, verify::Verdict};

use super::*;
use crate::{
    exit,
    log::{compare::compare, export::export},
};

fn seen(ledger: &Path) -> SeenCheckpoint {
    let note = crate::log::read::ledger(ledger)
        .unwrap()
        .head()
        .note
        .clone()
        .unwrap();
    let Checkpoint { origin, size, root } = Checkpoint::danger_parse_unverified(&note).unwrap();
    SeenCheckpoint { origin, size, root }
}

#[test]
fn a_ledger_and_its_export_match() {
    let world = World::new();
    let north = world.relay(&world.chain(5));
    let out = world.file("out");
    export(&north, &out).unwrap();
    for (a, b) in [(&north, &out), (&out, &north), (&out, &out), (&north, &north)] {
        let compared = compare(a, b, &world.trust()).unwrap();
        assert_eq!(
            compared.report.verdict,
            Some(Verdict::Match),
            "{}",
            compared.report
        );
        assert_eq!(
            compared.in_words(),
            "nothing contradicts: 5 statements in both, and no others"
        );
    }
}

#[test]
fn an_older_export_is_shorter_than_the_ledger_that_went_on() {
    let world = World::new();
    let chain = world.chain(5);
    let north = world.relay(&chain[..3]);
    let out = world.file("out");
    export(&north, &out).unwrap();
    drop(keep(&north, &world.avelia.relay, &chain[3..]));
    let compared = compare(&out, &north, &world.trust()).unwrap();
    assert_eq!(
        compared.report.verdict,
        Some(Verdict::Truncated),
        "{}",
        compared.report
    );
    assert!(
        compared
            .in_words()
            .contains("the first log ends early, at 3 entries"),
        "{}",
        compared.in_words()
    );
}

#[test]
fn one_log_with_two_histories_is_a_fork_with_the_index_at_which_they_part() {
    let world = World::new();
    let mut chain = world.chain(5);
    let north = world.relay(&chain);
    chain.swap(2, 3);
    let other = world.file("other.ledger");
    drop(keep(&other, &world.avelia.relay, &chain));
    let compared = compare(&north, &other, &world.trust()).unwrap();
    assert_eq!(
        compared.report.verdict,
        Some(Verdict::Fork),
        "{}",
        compared.report
    );
    assert_eq!(compared.report.fork.as_ref().unwrap().index, 2);
    assert!(!compared.honest());
    let words = ["compare", path(&north), path(&other), "--json"];
    assert_eq!(hotline_log(&words).unwrap(), exit::LOG);
}

#[test]
fn two_honest_logs_that_differ_are_told_apart_in_words_and_pass() {
    let world = World::new();
    let chain = world.chain(4);
    let north = world.relay(&chain);
    let desk = world.ledger_file("desk", "ops");
    let arrived = receipt(&world.borenia, &world.avelia, 1, &chain[3], vec![seen(&north)]);
    drop(keep(
        &desk,
        &world.avelia.desk_log,
        &[chain.clone(), vec![arrived]].concat(),
    ));
    let compared = compare(&desk, &north, &world.trust()).unwrap();
    assert_eq!(
        compared.report.verdict,
        Some(Verdict::SentNoReceipt),
        "{}",
        compared.report
    );
    assert_eq!(
        compared.in_words(),
        "nothing contradicts: 4 statements in both, 1 only in the first, 0 only in the second; for 1 of those no \
         receipt proves that they arrived"
    );
    assert!(compared.honest());
    assert_eq!(
        hotline_log(&["compare", path(&north), path(&desk)]).unwrap(),
        exit::OK
    );
}

#[test]
fn a_relay_that_cut_its_log_is_betrayed_by_its_own_sides_desk_that_had_seen_more() {
    let world = World::new();
    let chain = world.chain(4);
    let north = world.relay(&chain);
    let (avelia, borenia) = (&world.avelia, &world.borenia);
    let next = message(avelia, borenia, 5, Hash::of(&chain[3]), vec![seen(&north)]);
    let desk = world.ledger_file("desk", "ops");
    drop(keep(
        &desk,
        &avelia.desk_log,
        &[chain.clone(), vec![next]].concat(),
    ));
    for kept in [2, 0] {
        let cut = world.file(&format!("cut{kept}.ledger"));
        drop(keep(&cut, &world.avelia.relay, &chain[..kept]));
        let compared = compare(&cut, &desk, &world.trust()).unwrap();
        assert_eq!(
            compared.report.verdict,
            Some(Verdict::Truncated),
            "{}",
            compared.report
        );
        assert!(
            compared.in_words().contains("has seen 4 entries"),
            "{}",
            compared.in_words()
        );
        assert!(!compared.honest());
    }
}

#[test]
fn what_a_desk_of_the_other_side_says_it_has_seen_of_a_relay_convicts_nobody() {
    let world = World::new();
    let chain = world.chain(4);
    let north = world.relay(&chain);
    let arrived = receipt(&world.borenia, &world.avelia, 1, &chain[3], vec![seen(&north)]);
    let desk = world.ledger_file("desk", "ops");
    drop(keep(
        &desk,
        &world.avelia.desk_log,
        &[chain.clone(), vec![arrived]].concat(),
    ));
    for kept in [2, 0] {
        let shorter = world.file(&format!("shorter{kept}.ledger"));
        drop(keep(&shorter, &world.avelia.relay, &chain[..kept]));
        let compared = compare(&shorter, &desk, &world.trust()).unwrap();
        assert!(compared.honest(), "{}", compared.report);
        assert_eq!(compared.report.conflicts.len(), 1, "{}", compared.report);
    }
}

#[test]
fn a_new_desk_beside_a_relay_contradicts_nothing() {
    let world = World::new();
    let north = world.relay(&world.chain(2));
    let desk = world.ledger_file("desk", "ops");
    drop(keep(&desk, &world.avelia.desk_log, &[]));
    let compared = compare(&desk, &north, &world.trust()).unwrap();
    assert!(compared.honest(), "{}", compared.report);
}

#[test]
fn the_same_place_with_other_words_is_equivocation() {
    let world = World::new();
    let chain = world.chain(2);
    let north = world.relay(&chain);
    let other = message(
        &world.avelia,
        &world.borenia,
        2,
        Hash::of(&chain[0]),
        vec![seen(&north)],
    );
    let desk = world.ledger_file("desk", "ops");
    drop(keep(&desk, &world.avelia.desk_log, &[chain[0].clone(), other]));
    let compared = compare(&north, &desk, &world.trust()).unwrap();
    assert_eq!(
        compared.report.verdict,
        Some(Verdict::Equivocation),
        "{}",
        compared.report
    );
    assert!(!compared.honest());
}
