//! What is remembered of trust, and what is older than that.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use hotline_audit::SigningKey;
use hotline_audit::key::{Enrolment, Purpose, RosterBuilder};

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
