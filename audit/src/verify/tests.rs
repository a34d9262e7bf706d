//! Every way to tamper with a log is found, and the first bad entry is named.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod control;
mod records;

use std::convert::Infallible;
use std::fs;
use std::path::PathBuf;

use super::*;
use crate::compare::Log;
use crate::dsse::PayloadType;
use crate::hash::Hash;
use crate::statement::SeenCheckpoint;
use crate::testing::{World, log_of, world};
use crate::tiles::{entries_path, tile_path, write_log};

fn trust(world: &World) -> TrustPolicy {
    TrustPolicy::new(world.rosters.clone())
}

/// Avelia's chain of five and Borenia's of four, interleaved, in the log of Avelia's relay.
fn entries(world: &World) -> Vec<Vec<u8>> {
    let (ours, theirs) = (world.chain(&world.avelia, 5), world.chain(&world.borenia, 4));
    let mut all = Vec::new();
    for (place, own) in ours.into_iter().enumerate() {
        all.push(own);
        all.extend(theirs.get(place).cloned());
    }
    all
}

fn export(log: &Log) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    write_log(
        dir.path(),
        &log.note,
        log.entries.iter().cloned().map(Ok::<_, Infallible>),
    )
    .unwrap();
    dir
}

fn bundle(dir: &tempfile::TempDir) -> PathBuf {
    dir.path().join(entries_path(0, 9))
}

fn write_bundle(dir: &tempfile::TempDir, entries: &[Vec<u8>]) {
    let bytes: Vec<u8> = entries
        .iter()
        .flat_map(|entry| [&(entry.len() as u16).to_be_bytes(), entry.as_slice()].concat())
        .collect();
    fs::write(bundle(dir), bytes).unwrap();
}

fn check(world: &World, dir: &tempfile::TempDir) -> LogReport {
    verify_directory(dir.path(), &trust(world))
}

/// An honest export whose entries were then changed, as somebody with the folder but not the log key can.
fn after(change: fn(&mut Vec<Vec<u8>>)) -> LogReport {
    let world = world();
    let log = log_of(&world.avelia.log, entries(&world));
    let dir = export(&log);
    let mut tampered = log.entries.clone();
    change(&mut tampered);
    write_bundle(&dir, &tampered);
    check(&world, &dir)
}

/// A log whose entries were changed by the relay itself, which then signed them again.
fn resigned(change: fn(&mut Vec<Vec<u8>>)) -> LogReport {
    let world = world();
    let mut entries = entries(&world);
    change(&mut entries);
    let log = log_of(&world.avelia.log, entries);
    check(&world, &export(&log))
}

fn rules(report: &LogReport) -> Vec<(Option<u64>, &'static str)> {
    report
        .faults
        .iter()
        .map(|fault| (fault.index, fault.rule))
        .collect()
}

fn unfit(report: &LogReport) -> Vec<(u64, &'static str)> {
    report
        .unfit
        .iter()
        .map(|unfit| (unfit.index, unfit.rule))
        .collect()
}

#[test]
fn an_honest_log_passes_and_says_what_it_cannot_know() {
    let world = world();
    let log = log_of(&world.avelia.log, entries(&world));
    let report = check(&world, &export(&log));
    assert!(report.passed(), "{report}");
    assert_eq!(
        (report.genuine, report.complete_to, report.kinds["message"]),
        (9, Some(8), 9)
    );
    assert_eq!(
        report.conclusion,
        "complete to #8; a cut after #8 shows only against the other side: compare"
    );
    assert_eq!(report.senders.len(), 2);
    let same = verify_log(&log.entries, &log.note, &trust(&world));
    assert_eq!(same, report);
    let empty = log_of(&world.avelia.log, Vec::new());
    assert!(check(&world, &export(&empty)).passed());
}

#[test]
fn any_flipped_byte_of_an_entry_is_found_at_its_index() {
    let world = world();
    let log = log_of(&world.avelia.log, entries(&world));
    let dir = export(&log);
    let whole = fs::read(bundle(&dir)).unwrap();
    let mut start = 0;
    for (index, entry) in log.entries.iter().enumerate() {
        for offset in (2..entry.len() + 2).step_by(149) {
            let mut bytes = whole.clone();
            bytes[start + offset] ^= 1;
            fs::write(bundle(&dir), &bytes).unwrap();
            let report = check(&world, &dir);
            assert_eq!(
                report.verdict,
                Some(Verdict::Altered(Some(index as u64))),
                "{report}"
            );
            let altered = report
                .faults
                .iter()
                .find(|fault| fault.rule == "ALTERED")
                .unwrap();
            assert!(
                altered
                    .explanation
                    .starts_with("this entry is not the one that was stored"),
                "{report}"
            );
        }
        start += entry.len() + 2;
    }
}

#[test]
fn a_flipped_length_is_found_at_its_index() {
    let world = world();
    let log = log_of(&world.avelia.log, entries(&world));
    let dir = export(&log);
    let mut bytes = fs::read(bundle(&dir)).unwrap();
    let third = log.entries[..3]
        .iter()
        .map(|entry| entry.len() + 2)
        .sum::<usize>();
    bytes[third] ^= 0x80;
    fs::write(bundle(&dir), &bytes).unwrap();
    let report = check(&world, &dir);
    assert_eq!(report.first_bad, Some(3), "{report}");
    assert!(!report.passed());
}

#[test]
fn edit_delete_insert_reorder_and_truncate_name_the_first_bad_index() {
    let edited = after(|all| *all[4].last_mut().unwrap() ^= 1);
    assert_eq!(
        (edited.verdict, edited.first_bad),
        (Some(Verdict::Altered(Some(4))), Some(4)),
        "{edited}"
    );
    let deleted = after(|all| drop(all.remove(3)));
    assert_eq!(deleted.verdict, Some(Verdict::Altered(Some(3))), "{deleted}");
    assert!(deleted.faults[0].explanation.contains("moved up"), "{deleted}");
    let inserted = after(|all| all.insert(2, all[7].clone()));
    assert_eq!(inserted.verdict, Some(Verdict::Altered(Some(2))), "{inserted}");
    assert!(
        inserted.faults[0].explanation.contains("moved down"),
        "{inserted}"
    );
    let reordered = after(|all| all.swap(5, 6));
    assert_eq!(reordered.verdict, Some(Verdict::Altered(Some(5))), "{reordered}");
    assert!(
        reordered.faults[0].explanation.contains("another order"),
        "{reordered}"
    );
    let truncated = after(|all| all.truncate(7));
    assert_eq!(
        (truncated.verdict, truncated.first_bad),
        (Some(Verdict::Truncated), Some(7)),
        "{truncated}"
    );
    assert_eq!(truncated.complete_to, Some(6));
    let longer = after(|all| all.push(all[0].clone()));
    assert_eq!(longer.verdict, Some(Verdict::Altered(Some(9))), "{longer}");
}

#[test]
fn a_relay_that_signs_again_is_betrayed_by_the_statements_themselves() {
    let edited = resigned(|all| *all[4].last_mut().unwrap() ^= 1);
    assert_eq!(
        (edited.verdict, edited.first_bad),
        (Some(Verdict::Altered(Some(4))), Some(4)),
        "{edited}"
    );
    let doubled = resigned(|all| all.insert(2, all[0].clone()));
    assert_eq!(rules(&doubled), [(Some(2), "DUPLICATE")]);
    let forged = resigned(|all| all[3] = b"not a statement".to_vec());
    assert_eq!((forged.first_bad, forged.faults[0].rule), (Some(3), "MALFORMED"));
    let deleted = resigned(|all| drop(all.remove(2)));
    assert!(
        deleted.passed(),
        "a relay may lack what went through another: {deleted}"
    );
    let gap = &deleted.gaps[0];
    assert_eq!((gap.epoch, gap.first, gap.last, gap.before_index), (1, 2, 2, 3));
    assert!(deleted.conclusion.contains("1 gap"), "{deleted}");
}

#[test]
fn entries_and_tiles_changed_together_do_not_have_the_signed_root() {
    let world = world();
    let honest = log_of(&world.avelia.log, entries(&world));
    let mut other = honest.entries.clone();
    other.swap(1, 2);
    let dir = export(&log_of(&world.avelia.log, other));
    fs::write(dir.path().join("checkpoint"), &honest.note).unwrap();
    let report = check(&world, &dir);
    assert_eq!(report.verdict, Some(Verdict::Altered(None)), "{report}");
    assert_eq!(rules(&report), [(None, "WRONG_ROOT")]);
}

#[test]
fn a_damaged_tile_is_told_from_a_damaged_entry() {
    let world = world();
    let dir = export(&log_of(&world.avelia.log, entries(&world)));
    let path = dir.path().join(tile_path(0, 0, 9));
    let mut tile = fs::read(&path).unwrap();
    tile[6 * 32] ^= 1;
    fs::write(&path, &tile).unwrap();
    let report = check(&world, &dir);
    assert_eq!(rules(&report), [(Some(6), "TILE_DAMAGED")], "{report}");
    fs::remove_file(&path).unwrap();
    assert_eq!(rules(&check(&world, &dir)), [(Some(0), "TILE_DAMAGED")]);
}

#[test]
fn a_checkpoint_that_nobody_we_know_signed_says_nothing() {
    let world = world();
    let log = log_of(&world.avelia.log, entries(&world));
    let none = verify_log(
        &log.entries,
        &log.note,
        &TrustPolicy::new(crate::RosterSet::new()),
    );
    assert_eq!((none.verdict, none.faults[0].rule), (None, "UNKNOWN_KEY"));
    let revoked = TrustPolicy::new(world.with_revoked(&world.avelia.log));
    assert_eq!(verify_log(&log.entries, &log.note, &revoked).verdict, None);
    let mut note = log.note.clone();
    let place = note.len() - 10;
    note[place] = if note[place] == b'A' { b'B' } else { b'A' };
    let bad = verify_log(&log.entries, &note, &trust(&world));
    assert_eq!(
        (bad.verdict, bad.faults.last().unwrap().rule),
        (None, "BAD_SIGNATURE")
    );
    assert_eq!(verify_log(&log.entries, b"", &trust(&world)).verdict, None);
}

fn with_seen(world: &World, place: usize, size: u64, root: Hash) -> Vec<Vec<u8>> {
    let mut all = world.chain(&world.avelia, 4);
    let previous = all.last().map_or(Hash::ZERO, |last| Hash::of(last));
    let mut message = world.message_of(&world.avelia, 5, previous);
    let origin = world.avelia.log.log_signer().origin().to_owned();
    message.header.seen = vec![SeenCheckpoint { origin, size, root }];
    let entry = world.avelia.desk.sign(PayloadType::Message, &message.encode());
    all.insert(place, entry);
    all
}

#[test]
fn a_rolled_back_log_is_betrayed_by_who_has_seen_it_longer() {
    let world = world();
    let log = log_of(&world.avelia.log, with_seen(&world, 4, 50, Hash([7; 32])));
    let report = check(&world, &export(&log));
    assert_eq!(
        (report.verdict, rules(&report)),
        (Some(Verdict::Truncated), vec![(Some(4), "ROLLBACK")]),
        "{report}"
    );
}

#[test]
fn a_forked_log_is_betrayed_by_who_has_seen_another_root() {
    let world = world();
    let log = log_of(&world.avelia.log, with_seen(&world, 4, 3, Hash([7; 32])));
    let report = check(&world, &export(&log));
    assert_eq!(
        (report.verdict, rules(&report)),
        (Some(Verdict::Fork), vec![(Some(4), "FORK")]),
        "{report}"
    );
    let first = log_of(&world.avelia.log, world.chain(&world.avelia, 3));
    let root = crate::Checkpoint::danger_parse_unverified(&first.note)
        .unwrap()
        .root;
    let honest = log_of(&world.avelia.log, with_seen(&world, 4, 3, root));
    assert!(check(&world, &export(&honest)).passed());
}

#[test]
fn what_somebody_else_claims_to_have_seen_of_a_desks_own_log_is_a_claim_and_no_fault_of_it() {
    let world = world();
    let origin = world.avelia.desk_log.log_signer().origin().to_owned();
    for (size, rule) in [(50, "ROLLBACK"), (1, "FORK")] {
        let seen = SeenCheckpoint {
            origin: origin.clone(),
            size,
            root: Hash([7; 32]),
        };
        let said_by = |side: &crate::testing::Side| {
            let mut message = world.message_of(side, 1, Hash::ZERO);
            message.header.seen = vec![seen.clone()];
            let message = world.approved(side, message);
            side.desk.sign(PayloadType::Message, &message.encode())
        };
        let report = |entries: Vec<Vec<u8>>| check(&world, &export(&log_of(&world.avelia.desk_log, entries)));
        let mut all = world.chain(&world.avelia, 2);
        all.push(said_by(&world.borenia));
        let foreign = report(all);
        assert!(foreign.passed(), "{foreign}");
        assert_eq!(
            (foreign.review[0].index, foreign.review[0].rule),
            (2, rule),
            "{foreign}"
        );
        let first = world.chain(&world.borenia, 1);
        let own = report(vec![first[0].clone(), said_by(&world.avelia)]);
        assert_eq!(rules(&own), [(Some(1), rule)], "{own}");
    }
}

#[test]
fn two_statements_for_one_place_or_id_are_equivocation() {
    let world = world();
    let mut all = world.chain(&world.avelia, 3);
    let mut twin = world.message_of(&world.avelia, 2, Hash::of(&all[0]));
    twin.header.id = [0xee; 16];
    let twin = world.approved(&world.avelia, twin);
    all.push(world.avelia.desk.sign(PayloadType::Message, &twin.encode()));
    let report = check(&world, &export(&log_of(&world.avelia.log, all)));
    assert_eq!(
        (report.verdict, rules(&report)),
        (Some(Verdict::Equivocation), vec![(Some(3), "EQUIVOCATION")])
    );
}

#[test]
fn a_statement_that_does_not_name_the_one_before_breaks_its_own_log_and_in_others_speaks_against_its_sender()
{
    let world = world();
    let mut all = world.chain(&world.avelia, 2);
    let message = world.message_of(&world.avelia, 3, Hash([1; 32]));
    let message = world.approved(&world.avelia, message);
    all.push(world.avelia.desk.sign(PayloadType::Message, &message.encode()));
    let own = check(&world, &export(&log_of(&world.avelia.desk_log, all.clone())));
    assert_eq!(rules(&own), [(Some(2), "BROKEN_CHAIN")], "{own}");
    for holder in [&world.avelia.log, &world.borenia.desk_log] {
        let report = check(&world, &export(&log_of(holder, all.clone())));
        assert!(report.passed(), "{report}");
        assert_eq!(unfit(&report), [(2, "BROKEN_CHAIN")], "{report}");
        assert_eq!(report.unfit[0].sender, world.avelia.desk.identity);
    }
}

#[test]
fn a_desks_own_log_has_its_own_chain_in_order_and_without_gaps() {
    let world = world();
    let own = |change: fn(&mut Vec<Vec<u8>>)| {
        let mut all = world.chain(&world.avelia, 4);
        change(&mut all);
        rules(&check(&world, &export(&log_of(&world.avelia.desk_log, all))))
    };
    assert_eq!(own(|_| {}), []);
    assert_eq!(own(|all| drop(all.remove(1))), [(Some(1), "CHAIN_GAP")]);
    assert_eq!(own(|all| all.swap(1, 2)), [(Some(1), "CHAIN_ORDER")]);
}

#[test]
fn a_desk_may_learn_of_an_earlier_epoch_after_it_has_opened_a_later_one() {
    let world = world();
    let opened = |behind: &[u8]| {
        let mut message = world.message_of(&world.avelia, 1, Hash::of(behind));
        (message.header.epoch, message.header.id) = (70, [9; 16]);
        world.avelia.desk.sign(
            PayloadType::Message,
            &world.approved(&world.avelia, message).encode(),
        )
    };
    let own = |change: fn(&mut Vec<Vec<u8>>)| {
        let mut all = world.chain(&world.avelia, 4);
        // Put back to the second statement; the third and fourth came back later.
        all.insert(2, opened(&all[1]));
        change(&mut all);
        rules(&check(&world, &export(&log_of(&world.avelia.desk_log, all))))
    };
    assert_eq!(own(|_| {}), []);
    assert_eq!(own(|all| all.swap(3, 4)), [(Some(3), "CHAIN_ORDER")]);
    assert_eq!(own(|all| drop(all.remove(3))), [(Some(3), "CHAIN_GAP")]);
}

#[test]
fn statements_behind_their_keys_revocation_are_faults_and_others_are_marked() {
    let world = world();
    let rosters = world.with_revoked(&world.avelia.desk);
    let revocation = rosters
        .roster(&world.avelia.domain)
        .unwrap()
        .entries()
        .last()
        .unwrap()
        .to_vec();
    let policy = TrustPolicy::new(rosters);
    let mut all = world.chain(&world.avelia, 3);
    let before = log_of(&world.avelia.log, all.clone());
    let report = verify_log(&before.entries, &before.note, &policy);
    assert!(report.passed(), "{report}");
    assert_eq!(
        report
            .review
            .iter()
            .map(|mark| (mark.index, mark.rule))
            .collect::<Vec<_>>(),
        [(0, "REVOKED_KEY"), (1, "REVOKED_KEY"), (2, "REVOKED_KEY")]
    );
    all.insert(2, revocation);
    let log = log_of(&world.avelia.log, all);
    let report = verify_log(&log.entries, &log.note, &policy);
    assert_eq!(rules(&report), [(Some(3), "REVOKED_KEY")], "{report}");
}

#[test]
fn an_approval_that_does_not_fit_its_message_is_its_senders_doing_and_no_fault_of_a_log_that_carries_it() {
    let world = world();
    let mut message = world.message(1);
    message.precedence = 6;
    let entry = world.avelia.desk.sign(PayloadType::Message, &message.encode());
    let next = world.message_after(2, Hash::of(&entry));
    let mut next = world.approved(&world.avelia, next);
    next.header.id = [2; 16];
    let next = world.approved(&world.avelia, next);
    let next = world.avelia.desk.sign(PayloadType::Message, &next.encode());
    let all = vec![entry, next];
    for holder in [&world.avelia.log, &world.borenia.log, &world.borenia.desk_log] {
        let log = log_of(holder, all.clone());
        let report = verify_log(&log.entries, &log.note, &trust(&world));
        assert!(report.passed() && report.gaps.is_empty(), "{report}");
        assert_eq!(unfit(&report), [(0, "APPROVAL_MISMATCH")], "{report}");
        assert!(report.conclusion.contains("no fault of this log"), "{report}");
    }
    let log = log_of(&world.avelia.desk_log, all);
    let report = verify_log(&log.entries, &log.note, &trust(&world));
    assert_eq!(rules(&report), [(Some(0), "APPROVAL_MISMATCH")], "{report}");
}

#[test]
fn trust_inside_the_log_is_no_trust() {
    let world = world();
    let dir = export(&log_of(&world.avelia.log, entries(&world)));
    world.write_trust(&dir.path().join("trust"));
    let policy = TrustPolicy::load_folder(&dir.path().join("trust")).unwrap();
    let report = verify_directory(dir.path(), &policy);
    assert_eq!(
        (report.verdict, report.faults[0].rule),
        (None, "TRUST_INSIDE_LOG")
    );
}
