//! What two officers may end, and every way in which they may not.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use crate::dsse::SigningKey;
use crate::key::{EndedBy, Enrolment, KeyRefusal, RosterBuilder, RosterSet};

const DOMAIN: &str = "exercise.avelia.example";
const NOW: u64 = 150;

/// Officer name, seed of the key, roles.
const OFFICERS: [(&str, u8, &[u32]); 4] = [
    ("tanaka", 11, &[7, 8]),
    ("okoye", 12, &[1, 3]),
    ("moreau", 13, &[2, 6]),
    ("weiss", 14, &[7]),
];

fn who(path: &str) -> String {
    format!("spiffe://{DOMAIN}/{path}")
}

fn roster() -> Roster {
    let mut builder = RosterBuilder::new(DOMAIN, SigningKey::from_seed(&[1; 32])).unwrap();
    let mut enrol = |purpose, path: &str, seed: u8, roles: &[u32]| {
        let enrolment = Enrolment {
            purpose,
            subject: who(path),
            roles: roles.to_vec(),
            public_key: SigningKey::from_seed(&[seed; 32]).public(),
            not_before_ms: 100,
            not_after_ms: 200,
        };
        builder.enrol(enrolment).unwrap();
    };
    enrol(Purpose::Statement, "desk/ops", 2, &[]);
    enrol(Purpose::Log, "desk/ops", 3, &[]);
    enrol(Purpose::Log, "relay/north", 4, &[]);
    for (name, seed, roles) in OFFICERS {
        enrol(Purpose::Officer, &format!("officer/{name}"), seed, roles);
    }
    builder.finish()
}

fn by(name: &str, order: &DenyOrder, roster: &Roster) -> Vec<u8> {
    let (_, seed, _) = OFFICERS
        .into_iter()
        .find(|(officer, ..)| *officer == name)
        .unwrap();
    let officer = who(&format!("officer/{name}"));
    let deny = Deny {
        key_statement: roster.keys_of(&officer, Purpose::Officer)[0].hash,
        officer,
        order: order.encode(),
    };
    SignedStatement::sign(
        PayloadType::Deny,
        &deny.encode(),
        &SigningKey::from_seed(&[seed; 32]),
    )
    .unwrap()
    .into_bytes()
}

fn refused(list: &mut DenyList, order: &DenyOrder, names: [&str; 2], roster: &Roster) -> DenyFault {
    let [first, second] = names.map(|name| by(name, order, roster));
    match list.append([&first, &second], roster) {
        Err(DenyError::Entry { fault, .. }) => fault,
        other => panic!("{other:?}"),
    }
}

fn denied(list: &mut DenyList, path: &str, names: [&str; 2], roster: &Roster) {
    let order = list.next(&who(path), "copied", 120, NOW);
    let [first, second] = names.map(|name| by(name, &order, roster));
    list.append([&first, &second], roster).unwrap();
}

#[test]
fn two_officers_end_every_key_of_an_identity_without_the_root() {
    let roster = roster();
    let mut list = DenyList::empty(&roster);
    denied(&mut list, "desk/ops", ["okoye", "tanaka"], &roster);
    let text = format!("# ended\n\n{}", list.to_text());
    assert_eq!(DenyList::parse(&text, &roster), Ok(list.clone()));
    let mut rosters = RosterSet::new();
    rosters.update(roster.clone()).unwrap();
    rosters.deny(list);
    for purpose in [Purpose::Statement, Purpose::Log] {
        let entry = rosters.roster(DOMAIN).unwrap().keys_of(&who("desk/ops"), purpose)[0];
        let refusal = entry.check_not_revoked().unwrap_err();
        assert!(matches!(
            refusal,
            KeyRefusal::Revoked {
                by: EndedBy::DenyList,
                number: 1,
                ..
            }
        ));
        assert!(
            refusal.to_string().contains("deny-list order 1: copied"),
            "{refusal}"
        );
    }
    let north = rosters
        .roster(DOMAIN)
        .unwrap()
        .keys_of(&who("relay/north"), Purpose::Log)[0];
    assert!(north.check_not_revoked().is_ok());
    assert_eq!(
        rosters
            .denial(&who("desk/ops"))
            .unwrap()
            .order
            .compromised_since_ms,
        120
    );
}

#[test]
fn one_officer_alone_or_twice_or_two_without_a_security_officer_end_nothing() {
    let roster = roster();
    let mut list = DenyList::empty(&roster);
    let order = list.next(&who("desk/ops"), "copied", 0, NOW);
    let fault = refused(&mut list, &order, ["tanaka", "tanaka"], &roster);
    assert!(matches!(fault, DenyFault::OneOfficer(_)), "{fault}");
    let fault = refused(&mut list, &order, ["okoye", "moreau"], &roster);
    assert!(matches!(fault, DenyFault::NoSecurityOfficer(..)), "{fault}");
    let other = list.next(&who("desk/ops"), "another reason", 0, NOW);
    let signed = [by("okoye", &order, &roster), by("tanaka", &other, &roster)];
    let error = list.append([&signed[0], &signed[1]], &roster).unwrap_err();
    assert!(error.to_string().contains("different orders"), "{error}");
    assert!(list.denials().is_empty());
}

#[test]
fn an_order_of_strangers_of_the_wrong_time_or_place_ends_nothing() {
    let roster = roster();
    let mut list = DenyList::empty(&roster);
    let mut fault = |change: &dyn Fn(&mut DenyOrder)| {
        let mut order = list.next(&who("desk/ops"), "copied", 0, NOW);
        change(&mut order);
        refused(&mut list, &order, ["okoye", "tanaka"], &roster)
    };
    let borenia = "spiffe://exercise.borenia.example/desk/ops";
    assert!(matches!(
        fault(&|order| order.identity = borenia.into()),
        DenyFault::BadIdentity(_)
    ));
    assert!(matches!(
        fault(&|order| order.trust_domain = "borenia.example".into()),
        DenyFault::BadIdentity(_)
    ));
    assert!(matches!(
        fault(&|order| order.number = 2),
        DenyFault::WrongNumber(2)
    ));
    assert!(matches!(
        fault(&|order| order.previous = Hash([1; 32])),
        DenyFault::BrokenChain
    ));
    assert!(matches!(
        fault(&|order| order.claimed_time_ms = 201),
        DenyFault::OutOfDate(_)
    ));
    assert!(matches!(
        fault(&|order| order.compromised_since_ms = NOW + 1),
        DenyFault::LateDoubt
    ));

    let order = list.next(&who("desk/ops"), "copied", 0, NOW);
    let good = by("okoye", &order, &roster);
    let mut forged = by("tanaka", &order, &roster);
    *forged.last_mut().unwrap() ^= 1;
    let error = list.append([&good, &forged], &roster).unwrap_err();
    assert!(error.to_string().contains("signature is not that of"), "{error}");
    let line = format!("{}\n", BASE64.encode(&good));
    assert_eq!(DenyList::parse(&line, &roster), Err(DenyError::NotTwo(1)));
}

#[test]
fn who_is_denied_signs_no_further_order_nor_the_own_one() {
    let roster = roster();
    let mut list = DenyList::empty(&roster);
    let own = list.next(&who("officer/tanaka"), "copied", 0, NOW);
    let fault = refused(&mut list, &own, ["okoye", "tanaka"], &roster);
    assert!(matches!(fault, DenyFault::DeniedOfficer(_)), "{fault}");
    denied(&mut list, "officer/tanaka", ["okoye", "weiss"], &roster);
    let order = list.next(&who("desk/ops"), "copied", 0, NOW);
    let fault = refused(&mut list, &order, ["tanaka", "weiss"], &roster);
    assert!(matches!(fault, DenyFault::DeniedOfficer(_)), "{fault}");
    denied(&mut list, "desk/ops", ["moreau", "weiss"], &roster);
    let again = list.next(&who("desk/ops"), "again", 0, NOW);
    let fault = refused(&mut list, &again, ["moreau", "weiss"], &roster);
    assert!(matches!(fault, DenyFault::Twice(_)), "{fault}");
}

#[test]
fn a_list_that_lacks_what_was_seen_is_refused() {
    let roster = roster();
    let set = |paths: &[&str]| {
        let mut list = DenyList::empty(&roster);
        for path in paths {
            denied(&mut list, path, ["okoye", "tanaka"], &roster);
        }
        let mut rosters = RosterSet::new();
        rosters.update(roster.clone()).unwrap();
        rosters.deny(list);
        rosters
    };
    let (none, desk, both, other) = (
        set(&[]),
        set(&["desk/ops"]),
        set(&["desk/ops", "relay/north"]),
        set(&["relay/north"]),
    );
    assert_eq!(both.check_not_older(&desk), Ok(()));
    assert!(desk.check_not_older(&both).unwrap_err().contains("lacks order 2"));
    assert!(none.check_not_older(&desk).is_err());
    assert!(other.check_not_older(&desk).is_err());
}

#[test]
fn an_order_seen_for_the_first_time_by_keys_that_are_over_proves_nothing() {
    let roster = roster();
    let mut list = DenyList::empty(&roster);
    denied(&mut list, "desk/ops", ["okoye", "tanaka"], &roster);
    let held = list.head();
    denied(&mut list, "relay/north", ["okoye", "weiss"], &roster);
    // While the keys are valid, both orders count for whoever sees them; later the one that is held, and no other.
    assert!(list.unproven(&roster, 0, NOW).is_empty());
    assert_eq!(list.unproven(&roster, held.number, 201), [2].into());
    assert_eq!(list.unproven(&roster, 0, 201), [1, 2].into());
    assert!(list.unproven(&roster, 2, 201).is_empty());
    let void = list.unproven(&roster, held.number, 201);
    let list = list.without(void);
    let mut rosters = RosterSet::new();
    rosters.update(roster.clone()).unwrap();
    rosters.deny(list);
    assert!(rosters.denial(&who("desk/ops")).is_some());
    assert!(rosters.denial(&who("relay/north")).is_none());
    let north = rosters
        .roster(DOMAIN)
        .unwrap()
        .keys_of(&who("relay/north"), Purpose::Log)[0];
    assert!(north.check_not_revoked().is_ok());
}

#[test]
fn an_order_that_ends_nobody_holds_its_place_against_no_other_and_one_before_it_does() {
    let roster = roster();
    let mut first = DenyList::empty(&roster);
    denied(&mut first, "desk/ops", ["okoye", "tanaka"], &roster);
    let (mut planted, mut genuine) = (first.clone(), first.clone());
    denied(&mut planted, "relay/north", ["okoye", "weiss"], &roster);
    denied(&mut genuine, "relay/south", ["okoye", "tanaka"], &roster);
    assert!(genuine.check_not_older(&planted).is_err(), "while it counts");
    let planted = planted.without([2].into());
    assert_eq!(planted.head(), first.head());
    assert_eq!(genuine.check_not_older(&planted), Ok(()));
    assert_eq!(first.check_not_older(&planted), Ok(()));
    assert!(DenyList::empty(&roster).check_not_older(&planted).is_err());
}

#[test]
fn a_list_of_the_same_length_counts_by_itself_where_it_ends_more() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join(DOMAIN);
    std::fs::create_dir_all(&folder).unwrap();
    let roster = roster();
    let (mut planted, mut genuine) = (DenyList::empty(&roster), DenyList::empty(&roster));
    denied(&mut planted, "relay/north", ["okoye", "weiss"], &roster);
    denied(&mut genuine, "desk/ops", ["okoye", "tanaka"], &roster);
    let mut held = RosterSet::new();
    held.update(roster).unwrap();
    held.deny(planted.without([1].into()));
    std::fs::write(folder.join("deny"), genuine.to_text()).unwrap();
    let taken = crate::trust::denied_anew(place.path(), &held, &|_, _| [].into()).unwrap();
    assert!(taken.denial(&who("desk/ops")).is_some());
}

#[test]
fn a_key_that_the_roster_ended_proves_no_new_order() {
    let roster = roster();
    let mut list = DenyList::empty(&roster);
    denied(&mut list, "desk/ops", ["okoye", "tanaka"], &roster);
    let okoye = roster.keys_of(&who("officer/okoye"), Purpose::Officer)[0].hash;
    let mut builder = RosterBuilder::resume(roster, SigningKey::from_seed(&[1; 32]));
    builder.revoke(okoye, "changed", NOW).unwrap();
    assert_eq!(list.unproven(&builder.finish(), 0, NOW), [1].into());
}

#[test]
fn a_head_that_was_seen_must_be_held() {
    let roster = roster();
    let mut list = DenyList::empty(&roster);
    let none = list.head();
    denied(&mut list, "desk/ops", ["okoye", "tanaka"], &roster);
    let one = list.head();
    assert_eq!(list.check_holds(&none), Ok(()));
    assert_eq!(list.check_holds(&one), Ok(()));
    assert!(DenyList::empty(&roster).check_holds(&one).is_err());
    let mut other = DenyList::empty(&roster);
    denied(&mut other, "relay/north", ["okoye", "tanaka"], &roster);
    assert!(other.check_holds(&one).is_err());
}

#[test]
fn a_set_that_lacks_a_trust_domain_which_was_there_is_refused() {
    let mut both = RosterSet::new();
    both.update(roster()).unwrap();
    let lacking = RosterSet::new();
    assert!(lacking.check_not_older(&both).unwrap_err().contains("is missing"));
    assert_eq!(both.check_not_older(&lacking), Ok(()));
}

#[test]
fn a_longer_deny_list_counts_by_itself_whatever_else_is_wrong_with_the_folder() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join(DOMAIN);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("roster"), "half").unwrap();
    let roster = roster();
    let mut held = RosterSet::new();
    held.update(roster.clone()).unwrap();
    let anew = |held: &RosterSet| crate::trust::denied_anew(place.path(), held, &|_, _| [].into());
    assert!(anew(&held).is_none());
    let mut list = DenyList::empty(&roster);
    denied(&mut list, "desk/ops", ["okoye", "tanaka"], &roster);
    std::fs::write(folder.join("deny"), list.to_text()).unwrap();
    let taken = anew(&held).unwrap();
    assert!(taken.denial(&who("desk/ops")).is_some());
    assert!(anew(&taken).is_none(), "it is no news a second time");
    std::fs::write(folder.join("deny"), "half").unwrap();
    assert!(anew(&held).is_none());
}
