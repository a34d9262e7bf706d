//! Rosters that are rolled back, broken, foreign or weak are refused, and the refusal says so.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use crate::dsse::{KeyError, PayloadType, PublicKey, SignedStatement, SigningKey};
use crate::hash::Hash;
use crate::statement::KeyStatement;

const DOMAIN: &str = "exercise.avelia.example";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn enrolment(purpose: Purpose, path: &str, seed: u8) -> Enrolment {
    Enrolment {
        purpose,
        subject: format!("spiffe://{DOMAIN}/{path}"),
        roles: if purpose == Purpose::Officer {
            vec![1, 2]
        } else {
            Vec::new()
        },
        public_key: key(seed).public(),
        not_before_ms: 100,
        not_after_ms: 200,
    }
}

fn builder() -> RosterBuilder {
    let mut builder = RosterBuilder::new(DOMAIN, key(1)).unwrap();
    builder
        .enrol(enrolment(Purpose::Statement, "desk/ops", 2))
        .unwrap();
    builder.enrol(enrolment(Purpose::Log, "relay/north", 3)).unwrap();
    builder
        .enrol(enrolment(Purpose::Officer, "officer/okoye", 4))
        .unwrap();
    builder
}

fn fault(refused: Result<Hash, RosterError>) -> EntryFault {
    match refused {
        Err(RosterError::Entry { fault, .. }) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_roster_reads_back_from_its_text_with_comments_in_it() {
    let roster = builder().finish();
    let text = format!("# Avelia\n\n{}# end\n", roster.to_text());
    assert_eq!(Roster::parse(&text, DOMAIN, key(1).public(), None), Ok(roster));
}

#[test]
fn lookups_check_purpose_subject_validity_and_revocation() {
    let mut builder = builder();
    let desk = format!("spiffe://{DOMAIN}/desk/ops");
    let hash = builder.roster().keys_of(&desk, Purpose::Statement)[0].hash;
    let mut set = RosterSet::new();
    set.update(builder.roster().clone()).unwrap();
    let rule = |set: &RosterSet, hash: Hash, purpose, subject: &str, at| {
        set.usable(&hash, purpose, subject, at)
            .map_or_else(|refusal| refusal.rule(), |_| "OK")
    };
    assert_eq!(rule(&set, hash, Purpose::Statement, &desk, 150), "OK");
    assert_eq!(rule(&set, hash, Purpose::Statement, &desk, 100), "OK");
    assert_eq!(rule(&set, hash, Purpose::Statement, &desk, 200), "OK");
    assert_eq!(
        rule(&set, hash, Purpose::Statement, &desk, 99),
        "KEY_NOT_YET_VALID"
    );
    assert_eq!(rule(&set, hash, Purpose::Statement, &desk, 201), "EXPIRED_KEY");
    assert_eq!(rule(&set, hash, Purpose::Log, &desk, 150), "WRONG_PURPOSE");
    assert_eq!(
        rule(
            &set,
            hash,
            Purpose::Statement,
            "spiffe://other.example/desk/ops",
            150
        ),
        "WRONG_SENDER"
    );
    assert_eq!(
        rule(&set, Hash::ZERO, Purpose::Statement, &desk, 150),
        "UNKNOWN_KEY"
    );
    assert!(!builder.roster().is_revoked(&hash));
    builder.revoke(hash, "lost at sea", 160).unwrap();
    assert!(builder.roster().is_revoked(&hash));
    assert!(
        builder
            .roster()
            .current_key(&desk, Purpose::Statement, 150)
            .is_none()
    );
    set.update(builder.finish()).unwrap();
    assert_eq!(rule(&set, hash, Purpose::Statement, &desk, 150), "REVOKED_KEY");
}

#[test]
fn a_rolled_back_roster_is_refused() {
    let mut builder = builder();
    let older = builder.roster().clone();
    builder.enrol(enrolment(Purpose::Log, "relay/south", 5)).unwrap();
    let newer = builder.finish();
    let head = newer.head().unwrap();
    let refused = Roster::parse(&older.to_text(), DOMAIN, key(1).public(), Some(&head)).unwrap_err();
    assert_eq!(refused.rule(), "OLDER_ROSTER");
    assert!(Roster::parse(&newer.to_text(), DOMAIN, key(1).public(), Some(&head)).is_ok());
    assert!(Roster::parse(&newer.to_text(), DOMAIN, key(1).public(), older.head().as_ref()).is_ok());
    let mut set = RosterSet::new();
    set.update(newer.clone()).unwrap();
    assert_eq!(set.update(older).unwrap_err().rule(), "OLDER_ROSTER");
    assert_eq!(set.roster(DOMAIN), Some(&newer));
}

#[test]
fn a_forked_roster_is_refused_even_when_longer() {
    let mut ours = builder();
    let mut theirs = builder();
    ours.enrol(enrolment(Purpose::Log, "relay/south", 5)).unwrap();
    theirs.enrol(enrolment(Purpose::Log, "relay/east", 6)).unwrap();
    theirs.enrol(enrolment(Purpose::Log, "relay/west", 7)).unwrap();
    let head = ours.roster().head().unwrap();
    let refused =
        Roster::parse(&theirs.roster().to_text(), DOMAIN, key(1).public(), Some(&head)).unwrap_err();
    assert_eq!(refused.rule(), "FORKED_ROSTER");
    let zero = RosterHead {
        number: 0,
        hash: Hash::ZERO,
    };
    assert!(ours.roster().check_not_older(&zero).is_err());
}

#[test]
fn a_gap_an_exchange_and_a_foreign_root_are_refused() {
    let text = builder().finish().to_text();
    let lines: Vec<&str> = text.lines().collect();
    let parse = |lines: &[&str], domain: &str, root: u8| {
        Roster::parse(&lines.join("\n"), domain, key(root).public(), None)
            .map(|_| ())
            .map_err(|error| error.rule())
    };
    assert_eq!(parse(&lines, DOMAIN, 1), Ok(()));
    assert_eq!(parse(&[lines[0], lines[2]], DOMAIN, 1), Err("BROKEN_ROSTER"));
    assert_eq!(parse(&lines[1..], DOMAIN, 1), Err("BROKEN_ROSTER"));
    assert_eq!(parse(&[lines[0], lines[0]], DOMAIN, 1), Err("BROKEN_ROSTER"));
    assert_eq!(
        parse(&[lines[1], lines[0], lines[2]], DOMAIN, 1),
        Err("BROKEN_ROSTER")
    );
    assert_eq!(parse(&lines, DOMAIN, 9), Err("BAD_SIGNATURE"));
    assert_eq!(parse(&lines, "exercise.borenia.example", 1), Err("WRONG_DOMAIN"));
    assert_eq!(parse(&["!"], DOMAIN, 1), Err("MALFORMED"));
    assert_eq!(parse(&["AAAA"], DOMAIN, 1), Err("MALFORMED"));
}

#[test]
fn a_right_number_with_a_wrong_previous_entry_is_refused() {
    let mut roster = builder().finish();
    let statement = KeyStatement {
        trust_domain: DOMAIN.into(),
        number: 4,
        previous: Hash::ZERO,
        purpose: 2,
        subject: format!("spiffe://{DOMAIN}/relay/south"),
        roles: vec![],
        public_key: *key(5).public().as_bytes(),
        not_before_ms: 1,
        not_after_ms: 2,
    };
    let bytes = SignedStatement::sign(PayloadType::Key, &statement.encode(), &key(1)).unwrap();
    assert_eq!(fault(roster.append(bytes.bytes())), EntryFault::BrokenChain);
    assert_eq!(roster, builder().finish(), "nothing changed");
}

#[test]
fn the_weak_key_is_refused_at_enrolment_though_the_root_signed_it() {
    let mut roster = builder().finish();
    let mut weak = [0; 32];
    weak[0] = 1;
    let statement = KeyStatement {
        trust_domain: DOMAIN.into(),
        number: 4,
        previous: roster.head().unwrap().hash,
        purpose: 1,
        subject: format!("spiffe://{DOMAIN}/desk/weak"),
        roles: vec![],
        public_key: weak,
        not_before_ms: 1,
        not_after_ms: 2,
    };
    let bytes = SignedStatement::sign(PayloadType::Key, &statement.encode(), &key(1)).unwrap();
    let refused = roster.append(bytes.bytes());
    assert_eq!(refused.as_ref().unwrap_err().rule(), "WEAK_KEY");
    assert_eq!(fault(refused), EntryFault::BadKey(KeyError::Weak));
    assert_eq!(
        PublicKey::parse(&weak),
        Err(KeyError::Weak),
        "nor can it be the root"
    );
}

#[test]
fn one_key_serves_one_subject_and_one_purpose() {
    let mut builder = builder();
    assert_eq!(
        fault(builder.enrol(enrolment(Purpose::Statement, "desk/two", 2))),
        EntryFault::ReusedKey
    );
    assert_eq!(
        fault(builder.enrol(enrolment(Purpose::Log, "desk/ops", 2))),
        EntryFault::ReusedKey
    );
    assert_eq!(
        fault(builder.enrol(enrolment(Purpose::Log, "desk/ops", 1))),
        EntryFault::ReusedKey,
        "the root's"
    );
    assert!(
        builder
            .enrol(enrolment(Purpose::Statement, "desk/ops", 2))
            .is_ok(),
        "renewed"
    );
    let renewed = builder.roster().head().unwrap().hash;
    builder.revoke(renewed, "lost", 1).unwrap();
    let again = builder.enrol(enrolment(Purpose::Statement, "desk/ops", 2));
    assert_eq!(
        fault(again),
        EntryFault::ReusedKey,
        "a revoked key does not come back"
    );
}

#[test]
fn subjects_roles_and_validity_must_fit() {
    let mut builder = builder();
    let mut check = |change: fn(&mut Enrolment)| {
        let mut asked = enrolment(Purpose::Statement, "desk/new", 8);
        change(&mut asked);
        fault(builder.enrol(asked))
    };
    assert!(matches!(
        check(|e| e.subject = "spiffe://exercise.borenia.example/desk/new".into()),
        EntryFault::BadSubject(_)
    ));
    assert!(matches!(
        check(|e| e.subject.push('/')),
        EntryFault::BadSubject(_)
    ));
    assert!(matches!(
        check(|e| e.subject.push('A')),
        EntryFault::BadSubject(_)
    ));
    assert!(matches!(
        check(|e| e.subject.push_str("?x=1")),
        EntryFault::BadSubject(_)
    ));
    assert!(matches!(
        check(|e| e.purpose = Purpose::Officer),
        EntryFault::WrongRole { .. }
    ));
    assert_eq!(check(|e| e.roles = vec![1]), EntryFault::WrongRoles);
    assert_eq!(check(|e| e.not_after_ms = 100), EntryFault::EmptyValidity);
    assert!(matches!(check(|e| e.not_before_ms = 0), EntryFault::Malformed(_)));
    let mut nobody = enrolment(Purpose::Officer, "officer/nobody", 8);
    nobody.roles.clear();
    assert_eq!(fault(builder.enrol(nobody)), EntryFault::WrongRoles);
    assert_eq!(
        fault(builder.revoke(Hash::ZERO, "lost", 1)),
        EntryFault::RevokesNothing(Hash::ZERO)
    );
}

#[test]
fn a_builder_with_another_root_cannot_go_on() {
    let mut stranger = RosterBuilder::resume(builder().finish(), key(9));
    assert_eq!(
        fault(stranger.enrol(enrolment(Purpose::Log, "relay/x", 10))),
        EntryFault::ForeignRoot
    );
}

#[test]
fn identities_are_taken_apart_exactly() {
    let good = Subject::parse("spiffe://avelia.example/desk/ops-2").unwrap();
    assert_eq!(
        (good.domain, good.role, good.name),
        ("avelia.example", "desk", "ops-2")
    );
    for bad in [
        "spiffe://avelia.example/desk",
        "spiffe://avelia.example/desk/",
        "spiffe://avelia.example/cook/ops",
        "spiffe:///desk/ops",
        "spiffe://a..b/desk/ops",
        "SPIFFE://a/desk/ops",
        "spiffe://a/desk/o_s",
        "a/desk/ops",
    ] {
        assert_eq!(Subject::parse(bad), None, "{bad}");
    }
    assert_eq!(
        origin_of("spiffe://a.example/relay/north"),
        Some("a.example/relay/north")
    );
    assert_eq!(
        subject_of_origin("a.example/relay/north"),
        "spiffe://a.example/relay/north"
    );
}
