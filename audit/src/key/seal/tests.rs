//! Who may have a key for sealing, which keys are refused, and which is the one to seal to.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use crate::SigningKey;
use crate::key::{EntryFault, Roster, RosterBuilder, RosterError, RosterSet};

const DOMAIN: &str = "exercise.avelia.example";

/// A key that passes: small coefficients, and a point that is none of the few.
pub(crate) fn sound(seed: u8) -> Box<[u8; SEAL_KEY_BYTES]> {
    let mut key = Box::new([seed & 0x7; SEAL_KEY_BYTES]);
    key[X25519..].fill(seed.max(2));
    key[SEAL_KEY_BYTES - 1] &= 0x7f;
    key
}

fn builder() -> RosterBuilder {
    RosterBuilder::new(DOMAIN, SigningKey::from_seed(&[1; 32])).unwrap()
}

fn enrolment(path: &str, seed: u8, (from, until): (u64, u64)) -> SealEnrolment {
    SealEnrolment {
        subject: format!("spiffe://{DOMAIN}/{path}"),
        public_key: sound(seed),
        not_before_ms: from,
        not_after_ms: until,
    }
}

fn fault(refused: Result<Hash, RosterError>) -> EntryFault {
    match refused {
        Err(RosterError::Entry { fault, .. }) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_newest_key_that_is_valid_and_not_revoked_is_the_one_to_seal_to() {
    let mut builder = builder();
    let first = builder
        .enrol_seal_key(enrolment("desk/ops", 3, (100, 200)))
        .unwrap();
    let second = builder
        .enrol_seal_key(enrolment("desk/ops", 4, (150, 300)))
        .unwrap();
    let escrow = builder
        .enrol_seal_key(enrolment("escrow/archive", 5, (100, 300)))
        .unwrap();
    let desk = format!("spiffe://{DOMAIN}/desk/ops");
    let set = |roster: &Roster| {
        let mut set = RosterSet::new();
        set.update(roster.clone()).unwrap();
        set
    };
    let found = |set: &RosterSet, at| set.seal_key(&desk, at).map(|key| key.hash);
    let all = set(builder.roster());
    assert_eq!(found(&all, 99), None);
    assert_eq!(found(&all, 120), Some(first));
    assert_eq!(found(&all, 150), Some(second));
    assert_eq!(found(&all, 301), None);
    let escrows: Vec<Hash> = all.escrows(DOMAIN, 150).iter().map(|key| key.hash).collect();
    assert_eq!(escrows, [escrow], "a desk is no escrow");
    assert!(all.escrows("exercise.borenia.example", 150).is_empty());
    builder.revoke(second, "lost", 160).unwrap();
    let ended = set(builder.roster());
    assert_eq!(found(&ended, 160), Some(first));
    assert!(ended.seal_by_hash(&second).unwrap().revoked.is_some());
    let read = Roster::parse(
        &builder.roster().to_text(),
        DOMAIN,
        *builder.roster().root(),
        None,
    );
    assert_eq!(&read.unwrap(), builder.roster());
}

#[test]
fn only_desks_and_escrows_have_keys_for_sealing_each_its_own() {
    let mut builder = builder();
    for path in ["relay/north", "officer/okoye", "control/conductor"] {
        let refused = fault(builder.enrol_seal_key(enrolment(path, 3, (1, 2))));
        assert!(matches!(refused, EntryFault::NoSealing(_)), "{path}: {refused:?}");
    }
    let foreign = SealEnrolment {
        subject: "spiffe://exercise.borenia.example/desk/ops".into(),
        ..enrolment("desk/ops", 3, (1, 2))
    };
    assert!(matches!(
        fault(builder.enrol_seal_key(foreign)),
        EntryFault::BadSubject(_)
    ));
    let never = fault(builder.enrol_seal_key(enrolment("desk/ops", 3, (2, 2))));
    assert_eq!(never, EntryFault::EmptyValidity);
    let first = builder.enrol_seal_key(enrolment("desk/ops", 3, (1, 2))).unwrap();
    let shared = fault(builder.enrol_seal_key(enrolment("escrow/archive", 3, (1, 2))));
    assert_eq!(shared, EntryFault::ReusedKey);
    assert!(
        builder.enrol_seal_key(enrolment("desk/ops", 3, (2, 9))).is_ok(),
        "renewed"
    );
    builder.revoke(first, "lost", 1).unwrap();
    assert_eq!(
        fault(builder.enrol_seal_key(enrolment("desk/ops", 3, (3, 9)))),
        EntryFault::ReusedKey,
        "a revoked key does not come back"
    );
}

#[test]
fn a_key_to_which_nobody_should_seal_is_refused() {
    let good = sound(9);
    assert!(is_sound(&good));
    let with = |change: &dyn Fn(&mut [u8; SEAL_KEY_BYTES])| {
        let mut key = good.clone();
        change(&mut key);
        is_sound(&key)
    };
    // The first coefficient: 3,328 is the largest, 3,329 none.
    assert!(with(&|key| (key[0], key[1]) = (0x00, 0x0d)));
    assert!(!with(&|key| (key[0], key[1]) = (0x01, 0x0d)));
    // The last one.
    assert!(with(&|key| (key[1150], key[1151]) = (0x00, 0xd0)));
    assert!(!with(&|key| (key[1150], key[1151]) = (0x10, 0xd0)));
    assert!(with(&|key| key[1152..1184].fill(0xff)), "the seed is any");
    assert!(!with(&|key| key[X25519..].fill(0)));
    for point in SMALL_ORDER {
        assert!(!with(&|key| key[X25519..].copy_from_slice(point)));
    }
    assert!(!with(&|key| key[SEAL_KEY_BYTES - 1] |= 0x80), "not canonical");
    let mut builder = builder();
    let mut weak = enrolment("desk/ops", 3, (1, 2));
    weak.public_key[X25519..].fill(0);
    let refused = builder.enrol_seal_key(weak);
    assert_eq!(refused.as_ref().unwrap_err().rule(), "WEAK_KEY");
    assert_eq!(fault(refused), EntryFault::BadSealKey);
}
