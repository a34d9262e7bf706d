//! What a relay appends by itself: taken in its own log, refused elsewhere.

use super::*;
use crate::statement::{Deny, samples};
use crate::testing::Signer;

fn peer_checkpoint(world: &World, note: Vec<u8>) -> Vec<u8> {
    let mut said = samples::peer_checkpoint();
    said.key_statement = world.avelia.log.key_statement;
    said.relay = world.avelia.log.identity.clone();
    said.note = note;
    world.avelia.log.sign(PayloadType::PeerCheckpoint, &said.encode())
}

fn refused(world: &World) -> Vec<u8> {
    let mut said = samples::cosign_refused();
    said.key_statement = world.avelia.log.key_statement;
    said.relay = world.avelia.log.identity.clone();
    world.avelia.log.sign(PayloadType::CosignRefused, &said.encode())
}

fn link(world: &World, old_origin: &str) -> Vec<u8> {
    let mut said = samples::log_link();
    said.key_statement = world.avelia.log.key_statement;
    said.relay = world.avelia.log.identity.clone();
    said.old_origin = old_origin.to_owned();
    world.avelia.log.sign(PayloadType::LogLink, &said.encode())
}

fn roster_entries(world: &World) -> Vec<Vec<u8>> {
    let rosters = world.rosters.rosters();
    rosters
        .flat_map(|roster| roster.entries().map(<[u8]>::to_vec))
        .collect()
}

fn of(world: &World, owner: &Signer, entries: Vec<Vec<u8>>) -> LogReport {
    let log = log_of(owner, entries);
    verify_log(&log.entries, &log.note, &trust(world))
}

const OLD: &str = "exercise.avelia.example/relay/north-old";

#[test]
fn a_relays_log_holds_rosters_checkpoints_of_others_and_its_own_records() {
    let world = world();
    let mut all = vec![link(&world, OLD)];
    all.extend(roster_entries(&world));
    all.extend(world.chain(&world.avelia, 3));
    all.push(peer_checkpoint(
        &world,
        world.borenia.log.checkpoint(5, Hash([1; 32])),
    ));
    all.push(refused(&world));
    let report = of(&world, &world.avelia.log, all);
    assert!(report.passed() && report.review.is_empty(), "{report}");
    let count = |kind| report.kinds.get(kind).copied();
    assert_eq!(count("key"), Some(8));
    assert_eq!(
        ["log link", "peer checkpoint", "cosign refused"].map(count),
        [Some(1); 3]
    );
}

#[test]
fn an_odd_note_of_another_side_is_for_people_to_look_at_and_no_fault_of_the_log_that_holds_it() {
    let world = world();
    let borenia = &world.borenia.log;
    let plain = String::from_utf8(borenia.checkpoint(5, Hash([1; 32]))).unwrap();
    let extended = plain.replacen("\n\n", "\nan extension line\n\n", 1);
    for note in [extended.into_bytes(), b"no note\n".to_vec()] {
        let report = of(&world, &world.avelia.log, vec![peer_checkpoint(&world, note)]);
        assert!(report.passed(), "{report}");
        assert_eq!(report.review.len(), 1, "{report}");
    }
    let own = String::from_utf8(world.avelia.log.checkpoint(5, Hash([1; 32]))).unwrap();
    let own = own.replacen("\n\n", "\nan extension line\n\n", 1);
    let report = of(
        &world,
        &world.avelia.log,
        vec![peer_checkpoint(&world, own.into_bytes())],
    );
    assert_eq!(rules(&report), [(Some(0), "WRONG_LOG")], "{report}");
}

#[test]
fn what_relays_append_is_refused_in_logs_of_others() {
    let world = world();
    let entries = roster_entries(&world);
    for entry in [&entries[0], &refused(&world), &link(&world, OLD)] {
        let report = of(&world, &world.avelia.desk_log, vec![entry.clone()]);
        assert_eq!(rules(&report), [(Some(0), "WRONG_LOG")], "{report}");
    }
    let report = of(&world, &world.borenia.log, vec![refused(&world)]);
    assert_eq!(rules(&report), [(Some(0), "WRONG_SENDER")], "{report}");
}

#[test]
fn the_same_roster_entry_or_record_twice_is_a_duplicate() {
    let world = world();
    let entry = roster_entries(&world).remove(0);
    let report = of(&world, &world.avelia.log, vec![entry.clone(), entry]);
    assert_eq!(rules(&report), [(Some(1), "DUPLICATE")], "{report}");
    let report = of(&world, &world.avelia.log, vec![refused(&world), refused(&world)]);
    assert_eq!(rules(&report), [(Some(1), "DUPLICATE")], "{report}");
}

#[test]
fn a_link_opens_its_log_and_names_another_relay_of_its_side() {
    let world = world();
    let first = |old: &str| rules(&of(&world, &world.avelia.log, vec![link(&world, old)]));
    assert_eq!(first(OLD), []);
    for other in [
        "exercise.borenia.example/relay/south",
        "exercise.avelia.example/desk/ops",
        "exercise.avelia.example/relay/north",
        "no origin",
    ] {
        assert_eq!(first(other), [(Some(0), "WRONG_DOMAIN")], "{other}");
    }
    let late = of(
        &world,
        &world.avelia.log,
        vec![refused(&world), link(&world, OLD)],
    );
    assert_eq!(rules(&late), [(Some(1), "MISPLACED_LINK")], "{late}");
}

#[test]
fn a_peer_checkpoint_holds_a_note_of_another_log() {
    let world = world();
    let with = |note: Vec<u8>| of(&world, &world.avelia.log, vec![peer_checkpoint(&world, note)]);
    let odd = with(b"nonsense".to_vec());
    assert_eq!((odd.passed(), odd.review[0].rule), (true, "MALFORMED"), "{odd}");
    let own = world.avelia.log.checkpoint(1, Hash([1; 32]));
    assert_eq!(rules(&with(own)), [(Some(0), "WRONG_LOG")]);
    let stranger = crate::LogSigner::new(
        "elsewhere.example/relay/x",
        crate::SigningKey::from_seed(&[99; 32]),
    );
    let stranger = stranger.unwrap();
    let checkpoint = crate::Checkpoint {
        origin: stranger.origin().to_owned(),
        size: 1,
        root: Hash([1; 32]),
    };
    let report = with(checkpoint.sign(&stranger));
    assert!(report.passed(), "{report}");
    assert_eq!(report.review[0].rule, "UNKNOWN_KEY");
}

#[test]
fn both_statements_of_an_order_end_the_identity_for_what_stands_behind_them() {
    let (world, policy, [first, second]) = crate::testing::denied_desk();
    let chain = world.chain(&world.avelia, 3);
    let report = |entries: Vec<Vec<u8>>| {
        let log = log_of(&world.avelia.log, entries);
        verify_log(&log.entries, &log.note, &policy)
    };
    let one = report(vec![chain[0].clone(), first.clone(), chain[1].clone()]);
    assert!(one.passed(), "one officer ends nobody: {one}");
    let both = report(vec![
        chain[0].clone(),
        first.clone(),
        second.clone(),
        chain[1].clone(),
    ]);
    assert_eq!(rules(&both), [(Some(3), "REVOKED_KEY")], "{both}");
    assert_eq!(both.kinds["deny"], 2);
    let mut said = Deny::decode(&crate::SignedStatement::parse(&first).unwrap().payload).unwrap();
    said.officer = world.avelia.desk.identity.clone();
    said.key_statement = world.avelia.desk.key_statement;
    let forged = world.avelia.desk.sign(PayloadType::Deny, &said.encode());
    assert_eq!(rules(&report(vec![forged])), [(Some(0), "WRONG_PURPOSE")]);
}

#[test]
fn what_an_officer_signed_inside_a_statement_behind_the_end_of_the_key_is_marked() {
    let world = world();
    let rosters = world.with_revoked(&world.avelia.officer);
    let revocation = rosters
        .roster(&world.avelia.domain)
        .unwrap()
        .entries()
        .last()
        .unwrap()
        .to_vec();
    let mut all = world.chain(&world.avelia, 1);
    all.insert(0, revocation);
    let log = log_of(&world.avelia.log, all);
    let report = verify_log(&log.entries, &log.note, &TrustPolicy::new(rosters));
    assert!(report.passed(), "a relay does not look inside: {report}");
    let marks: Vec<_> = report.review.iter().map(|mark| (mark.index, mark.rule)).collect();
    assert_eq!(marks, [(1, "REVOKED_KEY")]);
    assert!(
        report.review[0]
            .explanation
            .contains("revoked at #0, before this"),
        "{report}"
    );
}
