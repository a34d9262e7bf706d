//! Who may sign what stands in a relay's log.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use crate::statement::samples;
use crate::testing::{NOW, Signer, World, world};

fn signed(by: &Signer, record: RelayRecord) -> Vec<u8> {
    match record {
        RelayRecord::PeerCheckpoint(mut said) => {
            (said.relay, said.key_statement) = (by.identity.clone(), by.key_statement);
            by.sign(PayloadType::PeerCheckpoint, &said.encode())
        }
        RelayRecord::CosignRefused(mut said) => {
            (said.relay, said.key_statement) = (by.identity.clone(), by.key_statement);
            by.sign(PayloadType::CosignRefused, &said.encode())
        }
        RelayRecord::LogLink(mut said) => {
            (said.relay, said.key_statement) = (by.identity.clone(), by.key_statement);
            by.sign(PayloadType::LogLink, &said.encode())
        }
    }
}

fn all() -> [RelayRecord; 3] {
    [
        RelayRecord::PeerCheckpoint(samples::peer_checkpoint()),
        RelayRecord::CosignRefused(samples::cosign_refused()),
        RelayRecord::LogLink(samples::log_link()),
    ]
}

fn rule(world: &World, bytes: &[u8]) -> &'static str {
    verify_relay_record(bytes, &world.rosters, NOW).map_or_else(|error| error.rule(), |_| "OK")
}

#[test]
fn a_relay_signs_its_records_with_its_log_key_and_nobody_else_does() {
    let world = world();
    for record in all() {
        assert_eq!(rule(&world, &signed(&world.avelia.log, record.clone())), "OK");
        assert_eq!(
            rule(&world, &signed(&world.avelia.desk, record.clone())),
            "WRONG_PURPOSE"
        );
        assert_eq!(
            rule(&world, &signed(&world.avelia.officer, record.clone())),
            "WRONG_PURPOSE"
        );
        assert_eq!(
            rule(&world, &signed(&world.avelia.desk_log, record)),
            "WRONG_SENDER",
            "a desk's log is no relay's"
        );
    }
}

#[test]
fn a_record_in_the_name_of_another_relay_is_refused() {
    let world = world();
    let mut said = samples::peer_checkpoint();
    said.relay = world.borenia.log.identity.clone();
    said.key_statement = world.avelia.log.key_statement;
    let bytes = world.avelia.log.sign(PayloadType::PeerCheckpoint, &said.encode());
    assert_eq!(rule(&world, &bytes), "WRONG_SENDER");
    said.key_statement = world.borenia.log.key_statement;
    let bytes = world.avelia.log.sign(PayloadType::PeerCheckpoint, &said.encode());
    assert_eq!(rule(&world, &bytes), "BAD_SIGNATURE");
}

#[test]
fn a_record_by_a_key_that_ended_is_judged_by_its_reader() {
    let world = world();
    let bytes = signed(&world.avelia.log, all()[0].clone());
    let ended = world.with_revoked(&world.avelia.log);
    let refused = verify_relay_record(&bytes, &ended, NOW).unwrap_err();
    assert_eq!(refused.rule(), "REVOKED_KEY");
    assert!(verify_relay_record_archived(&bytes, &ended).is_ok());
    let message = world
        .avelia
        .desk
        .sign(PayloadType::Message, &world.message(1).encode());
    assert_eq!(rule(&world, &message), "MALFORMED");
}

#[test]
fn a_relay_appends_nothing_that_an_auditor_would_find_fault_with() {
    let world = world();
    let by = &world.avelia.log;
    let rule = |record: RelayRecord| {
        verify_relay_record_to_append(&signed(by, record), &world.rosters, NOW)
            .map_or_else(|error| error.rule(), |_| "OK")
    };
    let peer = |note: Vec<u8>| {
        let mut said = samples::peer_checkpoint();
        said.note = note;
        RelayRecord::PeerCheckpoint(said)
    };
    let link = |note: Vec<u8>| {
        let mut said = samples::log_link();
        said.old_origin = world.borenia.log.log_signer().origin().to_owned();
        said.old_note = note;
        RelayRecord::LogLink(said)
    };
    let (ours, theirs) = (by, &world.borenia.log);
    let note = |of: &Signer| of.checkpoint(5, Hash([1; 32]));
    assert_eq!(rule(peer(note(theirs))), "OK");
    assert_eq!(rule(peer(note(ours))), "MALFORMED", "of its own log");
    let extended = String::from_utf8(note(theirs))
        .unwrap()
        .replacen("\n\n", "\nmore\n\n", 1);
    assert_eq!(rule(peer(extended.into_bytes())), "MALFORMED");
    let long = [note(theirs), vec![b'x'; 48 * 1024]].concat();
    assert_eq!(rule(peer(long)), "TOO_LARGE");
    assert_eq!(rule(link(note(theirs))), "OK");
    assert_eq!(rule(link(Vec::new())), "OK");
    assert_eq!(rule(link(note(ours))), "MALFORMED", "of another log");
    let mut refused = samples::cosign_refused();
    refused.status = 600;
    assert_ne!(rule(RelayRecord::CosignRefused(refused)), "OK");
}
