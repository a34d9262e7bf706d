//! Whose keys a text is sealed to, as rosters come and go.

use std::sync::Arc;

use hotline_audit::{RosterBuilder, RosterSet, SigningKey, key::SealEnrolment};
use hotline_core::identity::Identity;

use super::*;
use crate::seal::recipients::{crowded_sides, lacking_escrows};

const AVELIA: &str = "exercise.avelia.example";
const BORENIA: &str = "exercise.borenia.example";

/// One side's roster in the making; keys of escrows and desks end at 100, or at the time given.
struct Side {
    domain: &'static str,
    builder: RosterBuilder,
    seed: u8,
}

impl Side {
    fn of(domain: &'static str, seed: u8) -> Self {
        Self {
            domain,
            builder: RosterBuilder::new(domain, SigningKey::from_seed(&[seed; 32])).unwrap(),
            seed,
        }
    }

    fn with(mut self, path: &str, not_after_ms: u64) -> Self {
        self.enrol(path, not_after_ms);
        self
    }

    fn enrol(&mut self, path: &str, not_after_ms: u64) -> Hash {
        self.seed += 1;
        let enrolment = SealEnrolment {
            subject: format!("spiffe://{}/{path}", self.domain),
            public_key: Box::new(*secret(self.seed).public()),
            not_before_ms: 1,
            not_after_ms,
        };
        self.builder.enrol_seal_key(enrolment).unwrap()
    }
}

fn secret(seed: u8) -> SealSecret {
    SealSecret::from_seed(&[seed; 32]).unwrap()
}

fn rosters(sides: &[&Side]) -> Arc<RosterSet> {
    let mut all = RosterSet::new();
    for side in sides {
        all.update(side.builder.roster().clone()).unwrap();
    }
    Arc::new(all)
}

fn desk(domain: &str) -> Identity {
    format!("spiffe://{domain}/desk/ops").parse().unwrap()
}

fn sealed_at(rosters: &Arc<RosterSet>, now_ms: u64, rule: SealRule) -> Result<Content, SealError> {
    let (me, peer) = (desk(AVELIA), desk(BORENIA));
    let sealing = Sealing::new((&me, &peer), rule, rosters, now_ms);
    let sealed = sealing.content("yes", &[&peer.to_string()], context, &Counted::from(0));
    sealed.map(|(content, _)| content)
}

fn wraps(content: &Content) -> Vec<Hash> {
    let container = content.container().unwrap();
    container.wraps.iter().map(|wrap| wrap.key_statement).collect()
}

#[test]
fn a_key_that_has_ended_is_no_reason_to_say_in_the_clear_what_was_sealed_before() {
    let ours = Side::of(AVELIA, 1).with("desk/ops", 1_000);
    let theirs = Side::of(BORENIA, 100).with("desk/ops", 100);
    let all = rosters(&[&ours, &theirs]);
    assert!(sealed_at(&all, 100, SealRule::Offered).unwrap().is_sealed());
    let ended = SealError::KeyEnded(desk(BORENIA).to_string());
    assert_eq!(sealed_at(&all, 101, SealRule::Offered), Err(ended.clone()));
    assert!(ended.to_string().contains("pki rotate --seal"), "{ended}");
    let never = rosters(&[&ours, &Side::of(BORENIA, 100)]);
    assert!(!sealed_at(&never, 101, SealRule::Offered).unwrap().is_sealed());
}

#[test]
fn however_many_desks_a_side_enrols_those_that_are_named_are_sealed_to() {
    let mut theirs = Side::of("exercise.a.example", 100);
    for number in 0..70 {
        theirs.enrol(&format!("desk/d{number}"), 1_000);
    }
    let ours = Side::of(AVELIA, 1).with("desk/ops", 1_000);
    let peer = Side::of(BORENIA, 50).with("desk/ops", 1_000);
    let all = rosters(&[&theirs, &ours, &peer]);
    assert_eq!(wraps(&sealed_at(&all, 1, SealRule::Required).unwrap()).len(), 2);
}

#[test]
fn of_many_escrows_the_four_with_the_newest_keys_are_sealed_to_and_the_side_is_named() {
    let mut theirs = Side::of(BORENIA, 100).with("desk/ops", 1_000);
    let escrows: Vec<Hash> = (0..6)
        .map(|number| theirs.enrol(&format!("escrow/e{number}"), 1_000))
        .collect();
    let ours = Side::of(AVELIA, 1).with("desk/ops", 1_000);
    let all = rosters(&[&ours, &theirs]);
    let wraps = wraps(&sealed_at(&all, 1, SealRule::Required).unwrap());
    assert_eq!(wraps.len(), 6);
    let sealed_to: Vec<bool> = escrows.iter().map(|escrow| wraps.contains(escrow)).collect();
    assert_eq!(sealed_to, [false, false, true, true, true, true]);
    assert_eq!(crowded_sides(&all, 1), [BORENIA]);
}

#[test]
fn nothing_is_sent_to_a_side_whose_escrow_has_no_key_until_it_has_one_or_gives_it_up() {
    let ours = Side::of(AVELIA, 1).with("desk/ops", 1_000);
    let mut theirs = Side::of(BORENIA, 100).with("desk/ops", 1_000);
    let escrow = theirs.enrol("escrow/archive", 100);
    let all = rosters(&[&ours, &theirs]);
    assert_eq!(wraps(&sealed_at(&all, 100, SealRule::Offered).unwrap()).len(), 3);
    let refused = Err(SealError::EscrowEnded(BORENIA.to_owned()));
    assert_eq!(sealed_at(&all, 101, SealRule::Offered), refused);
    theirs.builder.revoke(escrow, "no archive any more", 101).unwrap();
    let all = rosters(&[&ours, &theirs]);
    assert_eq!(wraps(&sealed_at(&all, 101, SealRule::Required).unwrap()).len(), 2);
}

#[test]
fn a_content_that_is_not_sealed_to_our_escrow_is_found_whatever_else_it_is_sealed_to() {
    let ours = Side::of(AVELIA, 1).with("desk/ops", 1_000);
    let theirs = Side::of(BORENIA, 100).with("desk/ops", 1_000);
    let content = sealed_at(&rosters(&[&ours, &theirs]), 1, SealRule::Required).unwrap();
    let mut theirs = theirs;
    let archive = theirs.enrol("escrow/archive", 100);
    let all = rosters(&[&ours, &theirs]);
    let lacking = |content: &Content, all: &RosterSet| {
        lacking_escrows(&content.container().unwrap(), &desk(BORENIA), all, 2)
    };
    let name = format!("spiffe://{BORENIA}/escrow/archive");
    assert_eq!(lacking(&content, &all), [name]);
    let content = sealed_at(&all, 1, SealRule::Required).unwrap();
    assert!(wraps(&content).contains(&archive));
    assert!(lacking(&content, &all).is_empty());
    theirs.enrol("escrow/archive", 1_000);
    let renewed = rosters(&[&ours, &theirs]);
    assert!(
        lacking(&content, &renewed).is_empty(),
        "its sender had the older roster"
    );
}

#[test]
fn what_is_let_go_is_sealed_to_exactly_whom_it_would_be_sealed_to_now() {
    let ours = Side::of(AVELIA, 1).with("desk/ops", 1_000);
    let mut theirs = Side::of(BORENIA, 100).with("desk/ops", 1_000);
    let before = rosters(&[&ours, &theirs]);
    let content = sealed_at(&before, 1, SealRule::Required).unwrap();
    let container = content.container().unwrap();
    let (me, peer) = (desk(AVELIA), desk(BORENIA).to_string());
    let check = |all: &RosterSet| check_wraps(&container, (&me, &[&peer]), all, 2);
    assert_eq!(check(&before), Ok(()));
    theirs.enrol("desk/ops", 1_000);
    assert_eq!(check(&rosters(&[&ours, &theirs])), Err(SealError::OtherKeys));
    let mut one_more = container.clone();
    one_more.wraps.push(Wrap {
        key_statement: Hash([0xff; 32]),
        ..one_more.wraps[0].clone()
    });
    assert_eq!(
        check_wraps(&one_more, (&me, &[&peer]), &before, 2),
        Err(SealError::OtherKeys)
    );
}
