//! What is remembered of trust, and what is older than that.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use hotline_audit::key::{Enrolment, Purpose, RosterBuilder};
use hotline_audit::statement::Deny;
use hotline_audit::{PayloadType, SignedStatement, SigningKey};

use super::*;

const DOMAIN: &str = "exercise.avelia.example";
/// While the keys of these rosters are valid.
const NOW: u64 = 150;

fn builder(root: u8) -> RosterBuilder {
    let mut builder = RosterBuilder::new(DOMAIN, SigningKey::from_seed(&[root; 32])).unwrap();
    enrol(&mut builder, "desk/ops", 2);
    builder
}

fn enrol(builder: &mut RosterBuilder, path: &str, seed: u8) {
    let enrolment = Enrolment {
        purpose: Purpose::Statement,
        subject: format!("spiffe://{DOMAIN}/{path}"),
        roles: Vec::new(),
        public_key: SigningKey::from_seed(&[seed; 32]).public(),
        not_before_ms: 100,
        not_after_ms: 200,
    };
    builder.enrol(enrolment).unwrap();
}

fn set(builder: RosterBuilder) -> RosterSet {
    let mut rosters = RosterSet::new();
    rosters.update(builder.finish()).unwrap();
    rosters
}

fn ca(key: &[u8], list: Option<&str>) -> Vec<CaSeen> {
    vec![CaSeen {
        domain: DOMAIN.into(),
        key: Hash::of(key),
        list: list.map(str::to_owned),
    }]
}

fn refused(memory: &TrustMemory, rosters: &RosterSet, cas: &[CaSeen]) -> String {
    let older = memory.check(Path::new("trust"), rosters, cas).unwrap_err();
    older.file.display().to_string()
}

#[test]
fn an_older_roster_or_revocation_list_than_was_believed_is_refused_by_its_file() {
    let old = set(builder(1));
    let mut newer = builder(1);
    enrol(&mut newer, "desk/backup", 3);
    let new = set(newer);
    let mut memory = TrustMemory::default();
    memory.take(&new, &ca(b"ca", Some("10")), NOW);
    assert_eq!(
        memory.check(Path::new("trust"), &new, &ca(b"ca", Some("10"))),
        Ok(())
    );
    assert_eq!(
        memory.check(Path::new("trust"), &new, &ca(b"ca", Some("110"))),
        Ok(())
    );
    let place = |file: &str| format!("trust/{DOMAIN}/{file}");
    assert_eq!(refused(&memory, &old, &ca(b"ca", Some("10"))), place("roster"));
    for older in [Some("9"), Some("0"), None] {
        assert_eq!(refused(&memory, &new, &ca(b"ca", older)), place("crl.pem"));
    }
}

#[test]
fn a_root_and_a_ca_may_be_replaced_and_do_not_come_back() {
    let (first, second) = (set(builder(1)), set(builder(9)));
    let mut memory = TrustMemory::default();
    memory.take(&first, &ca(b"one", Some("5")), NOW);
    assert_eq!(
        memory.check(Path::new("trust"), &second, &ca(b"two", None)),
        Ok(())
    );
    memory.take(&second, &ca(b"two", None), NOW);
    let place = |file: &str| format!("trust/{DOMAIN}/{file}");
    assert_eq!(refused(&memory, &first, &ca(b"two", None)), place("root.pub"));
    assert_eq!(refused(&memory, &second, &ca(b"one", Some("5"))), place("ca.crt"));
}

#[test]
fn what_is_believed_is_written_until_it_is_on_disk_and_reads_back() {
    let mut memory = TrustMemory::default();
    assert!(memory.to_keep().is_none());
    memory.take(&set(builder(1)), &ca(b"one", Some("5")), NOW);
    memory.take(&set(builder(9)), &ca(b"two", None), NOW);
    let (serial, records) = memory.to_keep().unwrap();
    memory.kept(serial - 1);
    assert!(memory.to_keep().is_some(), "the newest is not on disk");
    memory.kept(serial);
    assert!(memory.to_keep().is_none());
    memory.take(&set(builder(9)), &ca(b"two", None), NOW);
    assert!(memory.to_keep().is_none(), "nothing has changed");
    let [Record::Put { key, value, .. }] = records.as_slice() else {
        panic!("{records:?}");
    };
    assert_eq!(key, DOMAIN.as_bytes());
    let text = std::str::from_utf8(value).unwrap();
    assert_eq!(Mark::read(text).as_ref(), memory.marks.get(DOMAIN));
    assert_eq!(Mark::read(&text.replace("roster", "rooster")), None);
}

#[test]
fn the_record_in_the_readme_reads_as_it_says() {
    let readme = include_str!("../../README.md");
    let start = readme.find("hotline-trust 1\n").unwrap();
    let text = &readme[start..start + readme[start..].find("```").unwrap()];
    let mark = Mark::read(text).unwrap();
    assert_eq!(mark.to_text(), text);
    assert_eq!((mark.rooted.denied.number, &mark.rooted.void), (3, &[2].into()));
}

/// A roster with two officers, one of them a SECURITY_OFFICER, whose keys are valid from 100 to 200; and a list in which
/// they end a desk.
fn list() -> (Roster, DenyList) {
    let mut builder = builder(1);
    for (name, seed, role) in [("okoye", 11, 1), ("tanaka", 12, 7)] {
        let enrolment = Enrolment {
            purpose: Purpose::Officer,
            subject: format!("spiffe://{DOMAIN}/officer/{name}"),
            roles: vec![role],
            public_key: SigningKey::from_seed(&[seed; 32]).public(),
            not_before_ms: 100,
            not_after_ms: 200,
        };
        builder.enrol(enrolment).unwrap();
    }
    let roster = builder.finish();
    let mut list = DenyList::empty(&roster);
    append(&mut list, &roster, "desk/ops");
    (roster, list)
}

/// Has the two officers end somebody in this list.
fn append(list: &mut DenyList, roster: &Roster, path: &str) {
    let order = list.next(&format!("spiffe://{DOMAIN}/{path}"), "copied", 0, NOW);
    let signed = [("okoye", 11), ("tanaka", 12)].map(|(name, seed)| {
        let officer = format!("spiffe://{DOMAIN}/officer/{name}");
        let deny = Deny {
            key_statement: roster.keys_of(&officer, Purpose::Officer)[0].hash,
            officer,
            order: order.encode(),
        };
        let key = SigningKey::from_seed(&[seed; 32]);
        SignedStatement::sign(PayloadType::Deny, &deny.encode(), &key)
            .unwrap()
            .into_bytes()
    });
    list.append([&signed[0], &signed[1]], roster).unwrap();
}

#[test]
fn an_order_that_was_not_seen_while_its_keys_were_good_ends_nobody_now_or_later() {
    let (roster, list) = list();
    let mut rosters = RosterSet::new();
    rosters.update(roster.clone()).unwrap();
    let mut memory = TrustMemory::default();
    assert!(
        memory.unproven(&list, &roster, 201).is_empty(),
        "a domain that was never believed is taken as it is given"
    );
    memory.take(&rosters, &[], NOW);
    assert!(memory.unproven(&list, &roster, 200).is_empty(), "seen in time");
    let void = memory.unproven(&list, &roster, 201);
    assert_eq!(void, [1].into());
    rosters.deny(list.clone().without(void));
    assert_eq!(rosters.denials().count(), 0);
    memory.take(&rosters, &[], 201);
    assert_eq!(
        memory.unproven(&list, &roster, 150),
        [1].into(),
        "a clock that is put back changes nothing"
    );
}

#[test]
fn an_order_that_was_seen_in_time_stays_whatever_becomes_of_its_keys() {
    let (roster, list) = list();
    let mut rosters = RosterSet::new();
    rosters.update(roster.clone()).unwrap();
    rosters.deny(list.clone());
    let mut memory = TrustMemory::default();
    memory.take(&rosters, &[], NOW);
    assert!(memory.unproven(&list, &roster, 1_000).is_empty());
}

/// Judges a list as a node does that reads it at this time, and has it believe what comes of it.
fn read(
    memory: &mut TrustMemory,
    list: &DenyList,
    roster: &Roster,
    now_ms: u64,
) -> Result<usize, OlderTrust> {
    let void = memory.unproven(list, roster, now_ms);
    let mut rosters = RosterSet::new();
    rosters.update(roster.clone()).unwrap();
    rosters.deny(list.clone().without(void));
    memory.check(Path::new("trust"), &rosters, &[])?;
    memory.take(&rosters, &[], now_ms);
    Ok(rosters.denials().count())
}

/// Of a node that has read this roster, and no order yet.
fn begun(roster: &Roster) -> TrustMemory {
    let mut memory = TrustMemory::default();
    read(&mut memory, &DenyList::empty(roster), roster, NOW).unwrap();
    memory
}

/// What the ledger gives back after a restart.
fn restarted(memory: &TrustMemory) -> TrustMemory {
    let rows = memory.marks.iter();
    let rows = rows.map(|(domain, mark)| (domain.clone().into_bytes(), mark.to_text().into_bytes()));
    TrustMemory::from_rows(rows.collect())
}

#[test]
fn an_order_that_ends_nobody_does_not_keep_the_true_one_out_of_its_place() {
    let (roster, planted) = list();
    let mut memory = begun(&roster);
    assert_eq!(
        read(&mut memory, &planted, &roster, 201),
        Ok(0),
        "by keys that are over"
    );
    let mut memory = restarted(&memory);
    let mut genuine = DenyList::empty(&roster);
    append(&mut genuine, &roster, "relay/north");
    assert_eq!(read(&mut memory, &genuine, &roster, NOW), Ok(1));
    assert_eq!(
        read(&mut memory, &planted, &roster, NOW).unwrap_err().file,
        Path::new("trust").join(DOMAIN).join("deny"),
        "what ended somebody is not forgotten"
    );
}

#[test]
fn an_order_that_was_read_before_its_keys_were_valid_by_a_wrong_clock_counts_when_the_clock_is_right() {
    let (roster, list) = list();
    let mut memory = begun(&roster);
    assert_eq!(
        read(&mut memory, &list, &roster, 3),
        Ok(0),
        "a clock at its beginning"
    );
    let mut memory = restarted(&memory);
    assert_eq!(read(&mut memory, &list, &roster, NOW), Ok(1));
    assert_eq!(
        read(&mut memory, &list, &roster, 3),
        Ok(1),
        "what ended stays ended"
    );
}

#[test]
fn an_order_once_found_over_stays_so_also_after_a_look_at_a_list_without_it() {
    let (roster, planted) = list();
    let mut memory = TrustMemory::default();
    let none = DenyList::empty(&roster);
    read(&mut memory, &none, &roster, NOW).unwrap();
    read(&mut memory, &planted, &roster, 201).unwrap();
    read(&mut memory, &none, &roster, 201).unwrap();
    let mut memory = restarted(&memory);
    assert_eq!(read(&mut memory, &planted, &roster, NOW), Ok(0));
}

#[test]
fn a_true_root_and_ca_come_back_after_a_mistake_with_what_is_newer_than_all_that_was_seen_of_them() {
    let (mistaken, old) = (set(builder(9)), set(builder(1)));
    let mut memory = TrustMemory::default();
    memory.take(&old, &ca(b"true", Some("5")), NOW);
    memory.take(&mistaken, &ca(b"mistaken", Some("70")), NOW);
    let mut memory = restarted(&memory);
    let place = |file: &str| format!("trust/{DOMAIN}/{file}");
    assert_eq!(refused(&memory, &old, &ca(b"true", Some("6"))), place("root.pub"));
    let mut newer = builder(1);
    enrol(&mut newer, "desk/spare", 3);
    let newer = set(newer);
    for list in [None, Some("4"), Some("5")] {
        assert_eq!(refused(&memory, &newer, &ca(b"true", list)), place("ca.crt"));
    }
    let back = ca(b"true", Some("6"));
    assert_eq!(memory.check(Path::new("trust"), &newer, &back), Ok(()));
    memory.take(&newer, &back, NOW);
    let memory = restarted(&memory);
    assert_eq!(refused(&memory, &old, &back), place("roster"));
    assert_eq!(refused(&memory, &mistaken, &back), place("root.pub"));
    assert_eq!(
        refused(&memory, &newer, &ca(b"mistaken", Some("70"))),
        place("ca.crt")
    );
}

#[test]
fn a_root_that_comes_back_lacks_no_order_of_its_deny_list() {
    let (roster, list) = list();
    let mut memory = TrustMemory::default();
    assert_eq!(read(&mut memory, &list, &roster, NOW), Ok(1));
    memory.take(&set(builder(9)), &[], NOW);
    let mut memory = restarted(&memory);
    let mut newer = RosterBuilder::resume(roster, SigningKey::from_seed(&[1; 32]));
    enrol(&mut newer, "desk/spare", 3);
    let newer = newer.finish();
    let none = DenyList::empty(&newer);
    let older = read(&mut memory, &none, &newer, NOW).unwrap_err();
    assert!(older.file.ends_with("deny"), "{older}");
    assert_eq!(read(&mut memory, &list, &newer, NOW), Ok(1));
}
