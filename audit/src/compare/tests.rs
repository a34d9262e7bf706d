//! What two logs say together.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::convert::Infallible;

use super::*;
use crate::dsse::PayloadType;
use crate::hash::Hash;
use crate::statement::{PeerCheckpoint, Receipt, ReceiptItem, SeenCheckpoint};
use crate::testing::{NOW, World, log_of, world};
use crate::tiles::write_log;

fn trust(world: &World) -> TrustPolicy {
    TrustPolicy::new(world.rosters.clone())
}

fn verdict(world: &World, a: &Log, b: &Log) -> CompareReport {
    compare_logs(a, b, &trust(world))
}

/// Borenia's receipt for a statement of Avelia.
fn receipt(world: &World, message: &[u8]) -> Vec<u8> {
    let header = world.message_of(&world.borenia, 1, Hash::ZERO).header;
    let item = ReceiptItem {
        id: [1; 16],
        sha256: Hash::of(message),
        leg: "north/quic".into(),
    };
    let receipt = Receipt {
        header,
        rung: 4,
        subject: world.avelia.desk.identity.clone(),
        items: vec![item],
    };
    world.borenia.desk.sign(PayloadType::Receipt, &receipt.encode())
}

#[test]
fn logs_with_the_same_statements_match_in_any_order() {
    let world = world();
    let mut all = world.chain(&world.avelia, 4);
    let north = log_of(&world.avelia.log, all.clone());
    all.swap(0, 3);
    let south = log_of(&world.borenia.log, all);
    let report = verdict(&world, &north, &south);
    assert!(report.passed(), "{report}");
    assert_eq!(report.common, 4);
    assert!(verdict(&world, &north, &north).passed());
}

#[test]
fn logs_that_were_verified_before_compare_alike() {
    let world = world();
    let all = world.chain(&world.avelia, 4);
    let north = log_of(&world.avelia.log, all.clone());
    let mut other = all.clone();
    other.swap(1, 2);
    let south = log_of(&world.borenia.log, all[..3].to_vec());
    let forked = log_of(&world.avelia.log, other);
    for log in [&south, &forked] {
        let [a, b] = [&north, log].map(|log| verify_log(&log.entries, &log.note, &trust(&world)));
        let known = compare_verified(&north, log, a, b, &trust(&world));
        let anew = verdict(&world, &north, log);
        assert_eq!(known.to_string(), anew.to_string());
    }
}

#[test]
fn an_older_copy_of_one_log_is_truncated_and_a_different_one_is_a_fork_with_a_proof() {
    let world = world();
    let all = world.chain(&world.avelia, 6);
    let whole = log_of(&world.avelia.log, all.clone());
    let older = log_of(&world.avelia.log, all[..4].to_vec());
    assert_eq!(verdict(&world, &whole, &older).verdict, Some(Verdict::Truncated));
    for keep in [6, 5] {
        let mut other = all[..keep].to_vec();
        other.swap(2, 3);
        let other = log_of(&world.avelia.log, other);
        let report = verdict(&world, &whole, &other);
        assert_eq!(report.verdict, Some(Verdict::Fork), "{report}");
        let proof = report.fork.unwrap();
        assert_eq!(proof.index, 2);
        assert!(proof.holds(&trust(&world)));
        let mut weak = proof.clone();
        weak.b = weak.a.clone();
        assert!(!weak.holds(&trust(&world)), "one history is no fork");
        let mut damaged = proof.clone();
        damaged.b.leaf.0[0] ^= 1;
        assert!(!damaged.holds(&trust(&world)));
        assert!(!proof.holds(&TrustPolicy::new(crate::RosterSet::new())));
    }
}

#[test]
fn the_same_id_or_place_with_other_bytes_is_equivocation_with_both_statements() {
    let world = world();
    let all = world.chain(&world.avelia, 2);
    for same_id in [[2, 0].repeat(8), vec![0xee; 16]] {
        let mut twin = world.message_of(&world.avelia, 2, Hash::of(&all[0]));
        twin.header.id = same_id.clone().try_into().unwrap();
        twin.number = 99;
        let twin = world.avelia.desk.sign(
            PayloadType::Message,
            &world.approved(&world.avelia, twin).encode(),
        );
        let north = log_of(&world.avelia.log, all.clone());
        let south = log_of(&world.borenia.log, vec![all[0].clone(), twin.clone()]);
        let report = verdict(&world, &north, &south);
        assert_eq!(report.verdict, Some(Verdict::Equivocation), "{report}");
        let proof = &report.equivocations[0];
        assert_eq!(proof.shared, if same_id[0] == 2 { "id" } else { "place" });
        assert_eq!(
            data_encoding::BASE64
                .decode(proof.statement_b.as_bytes())
                .unwrap(),
            twin
        );
    }
}

#[test]
fn what_only_one_log_holds_is_listed_and_a_receipt_proves_delivery() {
    let world = world();
    let all = world.chain(&world.avelia, 3);
    let full = log_of(&world.avelia.log, all.clone());
    let lacking = log_of(&world.borenia.log, all[..2].to_vec());
    let report = verdict(&world, &full, &lacking);
    assert_eq!(report.verdict, Some(Verdict::SentNoReceipt), "{report}");
    assert_eq!(
        (
            report.only_a[0].index,
            report.only_a[0].sequence,
            report.only_b.len()
        ),
        (2, 3, 0)
    );
    assert!(report.nothing_forged() && !report.passed());

    let proof = receipt(&world, &all[2]);
    let full = log_of(&world.avelia.log, [all.clone(), vec![proof.clone()]].concat());
    let lacking = log_of(&world.borenia.log, [all[..2].to_vec(), vec![proof]].concat());
    let report = verdict(&world, &full, &lacking);
    assert_eq!(report.verdict, Some(Verdict::ReceiptProvesDelivery), "{report}");
}

#[test]
fn ones_own_receipt_proves_nothing() {
    let world = world();
    let all = world.chain(&world.avelia, 1);
    let mut header = world.message_of(&world.avelia, 2, Hash::of(&all[0])).header;
    header.id = [9; 16];
    let item = ReceiptItem {
        id: [1; 16],
        sha256: Hash::of(&all[0]),
        leg: "north/quic".into(),
    };
    let own = Receipt {
        header,
        rung: 4,
        subject: world.avelia.desk.identity.clone(),
        items: vec![item],
    };
    let own = world.avelia.desk.sign(PayloadType::Receipt, &own.encode());
    let full = log_of(&world.avelia.log, vec![all[0].clone(), own]);
    let report = verdict(&world, &full, &log_of(&world.borenia.log, Vec::new()));
    assert_eq!(report.verdict, Some(Verdict::SentNoReceipt));
}

/// North as it was, cut behind three entries, and with its first two swapped; and a log in which somebody tells of it.
struct Histories {
    north: Log,
    cut: Log,
    other: Log,
    all: Vec<Vec<u8>>,
}

fn histories(world: &World) -> Histories {
    let all = world.chain(&world.avelia, 5);
    let mut swapped = all.clone();
    swapped.swap(0, 1);
    Histories {
        north: log_of(&world.avelia.log, all.clone()),
        cut: log_of(&world.avelia.log, all[..3].to_vec()),
        other: log_of(&world.avelia.log, swapped),
        all,
    }
}

fn seen(log: &Log) -> SeenCheckpoint {
    let head = crate::Checkpoint::danger_parse_unverified(&log.note).unwrap();
    SeenCheckpoint {
        origin: head.origin,
        size: head.size,
        root: head.root,
    }
}

#[test]
fn a_log_cut_and_signed_again_is_truncated_against_what_its_own_desk_has_seen() {
    let world = world();
    let Histories {
        north,
        cut,
        other,
        all,
    } = histories(&world);
    let mut next = world.message_of(&world.avelia, 6, Hash::of(&all[4]));
    next.header.seen = vec![seen(&north)];
    let next = world.avelia.desk.sign(PayloadType::Message, &next.encode());
    let south = log_of(&world.borenia.log, [all, vec![next]].concat());
    let report = verdict(&world, &cut, &south);
    assert_eq!(report.verdict, Some(Verdict::Truncated), "{report}");
    assert!(report.conclusion.contains("has seen 5 entries"), "{report}");
    assert_eq!(verdict(&world, &other, &south).verdict, Some(Verdict::Fork));
    assert_eq!(
        verdict(&world, &north, &south).verdict,
        Some(Verdict::SentNoReceipt),
        "only the newest is missing"
    );
}

#[test]
fn a_checkpoint_that_the_other_relay_holds_of_a_log_binds_it() {
    let world = world();
    let Histories {
        north,
        cut,
        other,
        all,
    } = histories(&world);
    let leaf = PeerCheckpoint {
        relay: world.borenia.log.identity.clone(),
        key_statement: world.borenia.log.key_statement,
        note: north.note.clone(),
        claimed_time_ms: NOW,
        mirrored: 0,
    };
    let leaf = world
        .borenia
        .log
        .sign(PayloadType::PeerCheckpoint, &leaf.encode());
    let south = log_of(&world.borenia.log, [all, vec![leaf]].concat());
    let report = verdict(&world, &cut, &south);
    assert_eq!(report.verdict, Some(Verdict::Truncated), "{report}");
    assert!(
        report.conclusion.contains("signed checkpoint of 5 entries"),
        "{report}"
    );
    assert_eq!(verdict(&world, &other, &south).verdict, Some(Verdict::Fork));
    assert_eq!(verdict(&world, &north, &south).verdict, Some(Verdict::Match));
}

#[test]
fn what_a_desk_of_the_other_side_says_it_has_seen_convicts_nobody() {
    let world = world();
    let Histories { north, all, .. } = histories(&world);
    for (size, root) in [(5, Hash([7; 32])), (900, Hash([7; 32]))] {
        let mut reply = world.message_of(&world.borenia, 1, Hash::ZERO);
        let origin = seen(&north).origin;
        reply.header.seen = vec![SeenCheckpoint { origin, size, root }];
        let reply = world.borenia.desk.sign(PayloadType::Message, &reply.encode());
        let south = log_of(&world.borenia.log, [all.clone(), vec![reply]].concat());
        let report = verdict(&world, &north, &south);
        assert_eq!(report.verdict, Some(Verdict::SentNoReceipt), "{report}");
        assert!(report.nothing_forged() && report.conflicts.len() == 1, "{report}");
        assert!(report.to_string().contains("for a person to look at"), "{report}");
    }
}

#[test]
fn a_log_that_does_not_hold_by_itself_is_named() {
    let world = world();
    let all = world.chain(&world.avelia, 3);
    let north = log_of(&world.avelia.log, all.clone());
    let mut bad = log_of(&world.borenia.log, all);
    *bad.entries[1].last_mut().unwrap() ^= 1;
    let report = verdict(&world, &north, &bad);
    assert_eq!(report.verdict, Some(Verdict::Altered(Some(1))), "{report}");
    assert!(report.conclusion.starts_with("the second log"), "{report}");
    let nobody = compare_logs(&north, &north, &TrustPolicy::new(crate::RosterSet::new()));
    assert_eq!(nobody.verdict, None);
}

#[test]
fn folders_compare_like_logs_in_memory() {
    let world = world();
    let all = world.chain(&world.avelia, 3);
    let export = |log: &Log| {
        let dir = tempfile::tempdir().unwrap();
        write_log(
            dir.path(),
            &log.note,
            log.entries.iter().cloned().map(Ok::<_, Infallible>),
        )
        .unwrap();
        dir
    };
    let north = export(&log_of(&world.avelia.log, all.clone()));
    let south = export(&log_of(&world.borenia.log, all));
    let report = compare_directories(north.path(), south.path(), &trust(&world)).unwrap();
    assert!(report.passed(), "{report}");
    assert!(
        serde_json::to_string(&report)
            .unwrap()
            .contains("\"verdict\":\"MATCH\"")
    );
    assert!(compare_directories(north.path(), &south.path().join("none"), &trust(&world)).is_err());
}

#[test]
fn two_relays_differ_in_keys_only_where_one_had_not_heard_of_one() {
    let world = world();
    let entries: Vec<Vec<u8>> = world
        .rosters
        .rosters()
        .flat_map(|roster| roster.entries().map(<[u8]>::to_vec))
        .collect();
    let policy = TrustPolicy::new(world.rosters.clone());
    let mut other_order = entries.clone();
    other_order.rotate_left(4);
    let a = log_of(&world.avelia.log, entries.clone());
    let same = compare_logs(&a, &log_of(&world.borenia.log, other_order), &policy);
    assert!(same.passed(), "{same}");
    assert!(same.keys_only_a.is_empty() && same.keys_only_b.is_empty());
    let fewer = log_of(&world.borenia.log, entries[..6].to_vec());
    let lacking = compare_logs(&a, &fewer, &policy);
    assert!(lacking.nothing_forged(), "{lacking}");
    let named: Vec<(u64, &str, u64)> = lacking
        .keys_only_a
        .iter()
        .map(|missing| (missing.index, missing.kind, missing.number))
        .collect();
    assert_eq!(named, [(6, "key", 3), (7, "key", 4)]);
    assert!(
        lacking
            .to_string()
            .contains("only in the first: #6 key 3 of exercise.borenia.example")
    );
    let desk = log_of(&world.avelia.desk_log, Vec::new());
    assert!(
        compare_logs(&a, &desk, &policy).keys_only_a.is_empty(),
        "a desk holds none"
    );
}
