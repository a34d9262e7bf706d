//! What the log gets of rosters and deny-lists, once and in order, whatever is read again.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;

use hotline_audit::{
    LogSigner, SigningKey, TrustPolicy,
    key::{Enrolment, Purpose, RosterBuilder},
    statement::Deny,
    verify_log,
};
use hotline_ledger::{Engine, MemoryDisk, Mode, OpenOptions, Restored};

use super::*;

const DOMAIN: &str = "exercise.avelia.example";
const RELAY: &str = "spiffe://exercise.avelia.example/relay/north";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn enrol(builder: &mut RosterBuilder, purpose: Purpose, path: &str, seed: u8) -> Hash {
    let enrolment = Enrolment {
        purpose,
        subject: format!("spiffe://{DOMAIN}/{path}"),
        roles: if purpose == Purpose::Officer {
            vec![1, 7]
        } else {
            Vec::new()
        },
        public_key: key(seed).public(),
        not_before_ms: 100,
        not_after_ms: 200,
    };
    builder.enrol(enrolment).unwrap()
}

fn builder() -> RosterBuilder {
    let mut builder = RosterBuilder::new(DOMAIN, key(1)).unwrap();
    enrol(&mut builder, Purpose::Log, "relay/north", 2);
    enrol(&mut builder, Purpose::Statement, "desk/ops", 3);
    enrol(&mut builder, Purpose::Officer, "officer/okoye", 11);
    enrol(&mut builder, Purpose::Officer, "officer/tanaka", 12);
    builder
}

fn denied(roster: &Roster) -> DenyList {
    let mut list = DenyList::empty(roster);
    let order = list.next(&format!("spiffe://{DOMAIN}/desk/ops"), "copied", 0, 150);
    let signed = [("okoye", 11), ("tanaka", 12)].map(|(name, seed)| {
        let officer = format!("spiffe://{DOMAIN}/officer/{name}");
        let deny = Deny {
            key_statement: roster.keys_of(&officer, Purpose::Officer)[0].hash,
            officer,
            order: order.encode(),
        };
        let signed = SignedStatement::sign(PayloadType::Deny, &deny.encode(), &key(seed));
        signed.unwrap().into_bytes()
    });
    list.append([&signed[0], &signed[1]], roster).unwrap();
    list
}

fn open(disk: &MemoryDisk) -> Ledger {
    let mut entropy = |buffer: &mut [u8]| buffer.fill(7);
    let opened = Ledger::open(OpenOptions {
        engine: Engine::Memory(disk.clone()),
        owner: RELAY.to_owned(),
        origin: "exercise.avelia.example/relay/north".to_owned(),
        signer: Some(LogSigner::new("exercise.avelia.example/relay/north", key(2)).unwrap()),
        entropy: &mut entropy,
        mode: Mode::Inline,
        restored: Restored::ReadOnly,
    });
    opened.unwrap().0
}

fn set(roster: &Roster) -> RosterSet {
    let mut rosters = RosterSet::new();
    rosters.update(roster.clone()).unwrap();
    rosters
}

/// Hands over, and returns how long the log is then.
fn roll(ledger: &Ledger, rosters: &RosterSet) -> u64 {
    for commit in hand_over(ledger, rosters).unwrap() {
        commit.wait().unwrap();
    }
    ledger.head().size
}

fn leaves(ledger: &Ledger) -> Vec<Vec<u8>> {
    let all = ledger.entries(0..u64::MAX, usize::MAX).unwrap();
    all.into_iter().map(|leaf| leaf.bytes).collect()
}

#[test]
fn each_entry_is_appended_once_and_in_order_also_after_a_restart() {
    let disk = MemoryDisk::default();
    let mut builder = builder();
    let first = builder.roster().clone();
    let ledger = open(&disk);
    assert_eq!(roll(&ledger, &set(&first)), 4);
    assert_eq!(roll(&ledger, &set(&first)), 4, "nothing is new");
    drop(ledger);
    let ledger = open(&disk);
    assert_eq!(roll(&ledger, &set(&first)), 4, "nothing is new after a restart");
    let desk = first.keys_of(&format!("spiffe://{DOMAIN}/desk/ops"), Purpose::Statement)[0].hash;
    builder.revoke(desk, "lost", 150).unwrap();
    enrol(&mut builder, Purpose::Statement, "desk/ops", 4);
    assert_eq!(roll(&ledger, &set(builder.roster())), 6);
    let held = leaves(&ledger);
    let expected: Vec<Vec<u8>> = builder.roster().entries().map(<[u8]>::to_vec).collect();
    assert_eq!(held, expected);
    let note = ledger.head().note.unwrap();
    let report = verify_log(&held, &note, &TrustPolicy::new(set(builder.roster())));
    assert!(report.passed(), "{report}");
}

#[test]
fn a_roster_of_thousands_of_entries_goes_in_in_rounds() {
    let mut builder = builder();
    let desk = enrol(&mut builder, Purpose::Statement, "desk/other", 5);
    for _ in 0..600 {
        builder.revoke(desk, "again", 150).unwrap();
    }
    let ledger = open(&MemoryDisk::default());
    assert_eq!(hand_over(&ledger, &set(builder.roster())).unwrap().len(), 3);
    assert_eq!(leaves(&ledger).len(), 605);
}

#[test]
fn what_an_earlier_batch_did_not_bring_in_is_appended_although_later_entries_are_there() {
    let roster = builder().finish();
    let ledger = open(&MemoryDisk::default());
    let last = roster.entries().last().unwrap();
    let later = Batch::of(Lane::Bulk, vec![entry(DOMAIN, last).unwrap()]);
    ledger.commit(later).wait().unwrap();
    assert_eq!(roll(&ledger, &set(&roster)), 4);
    let held: BTreeSet<Vec<u8>> = leaves(&ledger).into_iter().collect();
    assert_eq!(held, roster.entries().map(<[u8]>::to_vec).collect());
}

#[test]
fn an_order_is_appended_when_it_ends_somebody_and_not_before() {
    let roster = builder().finish();
    let ledger = open(&MemoryDisk::default());
    let mut rosters = set(&roster);
    rosters.deny(denied(&roster).without(BTreeSet::from([1])));
    assert_eq!(roll(&ledger, &rosters), 4, "it ends nobody here");
    rosters.deny(denied(&roster));
    assert_eq!(roll(&ledger, &rosters), 6);
    assert_eq!(roll(&ledger, &rosters), 6);
    let held = leaves(&ledger);
    let report = verify_log(&held, &ledger.head().note.unwrap(), &TrustPolicy::new(rosters));
    assert!(report.passed() && report.kinds["deny"] == 2, "{report}");
}

#[test]
fn what_is_handed_over_twice_before_it_is_written_stands_in_the_log_once() {
    let roster = builder().finish();
    let ledger = open(&MemoryDisk::default());
    let entries = lacking(&ledger, &set(&roster)).unwrap();
    for _ in 0..2 {
        let batch = Batch::of(Lane::Bulk, entries.clone()).passing_over_held();
        ledger.commit(batch).wait().unwrap();
    }
    assert_eq!(ledger.head().size, 4);
}
