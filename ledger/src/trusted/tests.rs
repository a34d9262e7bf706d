//! What is remembered of trust, and what is older than that.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use hotline_audit::key::{Enrolment, Purpose, RosterBuilder};
use hotline_audit::statement::Deny;
use hotline_audit::{PayloadType, SignedStatement, SigningKey};

use super::*;

const DOMAIN: &str = "exercise.avelia.example";

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
    memory.take(&new, &ca(b"ca", Some("10")));
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
    memory.take(&first, &ca(b"one", Some("5")));
    assert_eq!(
        memory.check(Path::new("trust"), &second, &ca(b"two", None)),
        Ok(())
    );
    memory.take(&second, &ca(b"two", None));
    let place = |file: &str| format!("trust/{DOMAIN}/{file}");
    assert_eq!(refused(&memory, &first, &ca(b"two", None)), place("root.pub"));
    assert_eq!(refused(&memory, &second, &ca(b"one", Some("5"))), place("ca.crt"));
}

#[test]
fn what_is_believed_is_written_until_it_is_on_disk_and_reads_back() {
    let mut memory = TrustMemory::default();
    assert!(memory.to_keep().is_none());
    memory.take(&set(builder(1)), &ca(b"one", Some("5")));
    memory.take(&set(builder(9)), &ca(b"two", None));
    let (serial, records) = memory.to_keep().unwrap();
    memory.kept(serial - 1);
    assert!(memory.to_keep().is_some(), "the newest is not on disk");
    memory.kept(serial);
    assert!(memory.to_keep().is_none());
    memory.take(&set(builder(9)), &ca(b"two", None));
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
    assert_eq!((mark.denied.number, &mark.void), (3, &[2].into()));
}

/// A roster with two officers, one of them a SECURITY_OFFICER, whose keys are valid from 100 to 200; and a list in which
/// they end a desk.
fn list() -> (Roster, DenyList) {
    let mut builder = builder(1);
    let mut keys = Vec::new();
    for (name, seed, role) in [("okoye", 11, 1), ("tanaka", 12, 7)] {
        let enrolment = Enrolment {
            purpose: Purpose::Officer,
            subject: format!("spiffe://{DOMAIN}/officer/{name}"),
            roles: vec![role],
            public_key: SigningKey::from_seed(&[seed; 32]).public(),
            not_before_ms: 100,
            not_after_ms: 200,
        };
        keys.push((name, seed, builder.enrol(enrolment).unwrap()));
    }
    let roster = builder.finish();
    let mut list = DenyList::empty(&roster);
    let order = list.next(&format!("spiffe://{DOMAIN}/desk/ops"), "copied", 0, 150);
    let signed: Vec<Vec<u8>> = keys
        .iter()
        .map(|(name, seed, key_statement)| {
            let deny = Deny {
                officer: format!("spiffe://{DOMAIN}/officer/{name}"),
                key_statement: *key_statement,
                order: order.encode(),
            };
            let key = SigningKey::from_seed(&[*seed; 32]);
            SignedStatement::sign(PayloadType::Deny, &deny.encode(), &key)
                .unwrap()
                .into_bytes()
        })
        .collect();
    list.append([&signed[0], &signed[1]], &roster).unwrap();
    (roster, list)
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
    memory.take(&rosters, &[]);
    assert!(memory.unproven(&list, &roster, 200).is_empty(), "seen in time");
    let void = memory.unproven(&list, &roster, 201);
    assert_eq!(void, [1].into());
    rosters.deny(list.clone().without(void));
    assert_eq!(rosters.denials().count(), 0);
    memory.take(&rosters, &[]);
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
    memory.take(&rosters, &[]);
    assert!(memory.unproven(&list, &roster, 1_000).is_empty());
}
