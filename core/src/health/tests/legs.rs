//! Legs and redundancy.

use super::super::*;
use crate::leg::{Lane, Leg};
use crate::time::{LineTime, WallTime};

fn now(ms: u64) -> (WallTime, LineTime) {
    (WallTime::from_unix_ms(1_000_000 + ms), super::at(ms))
}

fn to(to: Health) -> Change {
    Change {
        from: Health::Proving,
        to,
        why: Why::Proven { checks: 3 },
    }
}

fn opened() -> LegHealth {
    let mut leg = LegHealth::default();
    for lane in Lane::ALL {
        let _ = leg.lane_opened(lane, now(0));
    }
    leg
}

fn up() -> LegHealth {
    let mut leg = opened();
    for lane in Lane::ALL {
        let _ = leg.lane_changed(lane, &to(Health::Up), now(600));
    }
    leg
}

#[test]
fn a_leg_is_as_well_as_its_worst_lane() {
    let mut leg = LegHealth::default();
    assert_eq!(leg.health(), Health::Down);
    assert_eq!(
        leg.lane_opened(Lane::Message, now(0)),
        None,
        "no control lane yet"
    );
    assert_eq!(
        leg.lane_opened(Lane::Control, now(0)).unwrap().to,
        Health::Proving
    );
    let _ = leg.lane_opened(Lane::Bulk, now(0));
    let _ = leg.lane_changed(Lane::Control, &to(Health::Up), now(600));
    let _ = leg.lane_changed(Lane::Message, &to(Health::Up), now(600));
    assert_eq!(leg.health(), Health::Proving);
    assert!(!leg.counts());
    assert_eq!(
        leg.lane_changed(Lane::Bulk, &to(Health::Up), now(600))
            .unwrap()
            .to,
        Health::Up
    );
    assert!(leg.counts());
    let why = Why::Missed {
        probe: 7,
        within: Duration::from_millis(250),
    };
    let missed = Change {
        from: Health::Up,
        to: Health::Suspect,
        why,
    };
    let transition = leg.lane_changed(Lane::Message, &missed, now(900)).unwrap();
    assert_eq!(
        transition.why,
        "message lane: probe 7 was not answered within 250 ms"
    );
    assert_eq!((transition.from, transition.to), (Health::Up, Health::Suspect));
    assert!(leg.counts(), "a suspect leg counts until it is down");
    assert_eq!(leg.since(), Some(now(900)));
}

#[test]
fn a_leg_that_comes_back_counts_only_after_it_has_proved_itself() {
    let mut leg = up();
    assert_eq!(leg.ended("cut".into(), now(1000)).unwrap().to, Health::Down);
    assert!(!leg.counts());
    let _ = leg.lane_opened(Lane::Control, now(2000));
    let missed = to(Health::Suspect);
    let _ = leg.lane_changed(Lane::Control, &missed, now(2300));
    assert_eq!(leg.health(), Health::Suspect);
    assert!(!leg.counts(), "suspect before it was ever proved");
}

#[test]
fn a_leg_that_stays_down_keeps_its_time_and_tells_its_newest_reason() {
    let mut leg = up();
    let _ = leg.ended("no probe was answered for 1350 ms".into(), now(1000));
    assert_eq!(
        leg.ended("unreachable: connection refused".into(), now(1500)),
        None
    );
    assert_eq!(leg.since(), Some(now(1000)));
    assert_eq!(leg.why(), "unreachable: connection refused");
    // What a lane of the ended session still says is no news.
    assert_eq!(leg.lane_changed(Lane::Control, &to(Health::Up), now(1600)), None);
    assert_eq!(leg.health(), Health::Down);
    let mut fresh = LegHealth::default();
    assert_eq!(fresh.ended("unreachable".into(), now(5)), None, "it never was up");
    assert_eq!(fresh.since(), Some(now(5)));
}

#[test]
fn a_leg_that_relapsed_is_steady_after_five_minutes_and_one_that_never_did_at_once() {
    const MINUTES: u64 = 60_000;
    let mut leg = opened();
    assert!(!leg.is_steady(now(0).1), "it is not up");
    for lane in Lane::ALL {
        let _ = leg.lane_changed(lane, &to(Health::Up), now(600));
    }
    assert!(leg.is_steady(now(601).1), "it never was otherwise since it is up");
    let _ = leg.ended("cut".into(), now(MINUTES));
    assert!(!leg.is_steady(now(20 * MINUTES).1));
    for lane in Lane::ALL {
        let _ = leg.lane_opened(lane, now(20 * MINUTES));
        let _ = leg.lane_changed(lane, &to(Health::Up), now(20 * MINUTES));
    }
    assert_eq!(leg.health(), Health::Up);
    assert!(!leg.is_steady(now(25 * MINUTES - 1).1));
    assert!(leg.is_steady(now(25 * MINUTES).1));
    // A probe that was missed is a relapse, too.
    let _ = leg.lane_changed(Lane::Control, &to(Health::Suspect), now(26 * MINUTES));
    assert!(!leg.is_steady(now(26 * MINUTES).1));
    let _ = leg.lane_changed(Lane::Control, &to(Health::Up), now(27 * MINUTES));
    assert!(!leg.is_steady(now(31 * MINUTES).1));
    assert!(leg.is_steady(now(32 * MINUTES).1));
}

#[test]
fn a_leg_that_we_turned_ourselves_is_no_relapse() {
    let mut leg = up();
    let turn = leg.turned("this desk shows its new certificate".into(), now(1000));
    assert_eq!(turn.unwrap().to, Health::Down);
    let mut up_again = |at| {
        for lane in Lane::ALL {
            let _ = leg.lane_opened(lane, now(at));
            let _ = leg.lane_changed(lane, &to(Health::Up), now(at + 1));
        }
        let steady = leg.is_steady(now(at + 2).1);
        let _ = leg.ended("cut".into(), now(at + 3));
        steady
    };
    assert!(up_again(1100));
    assert!(!up_again(2000), "what was cut is one");
}

#[test]
fn only_the_newest_transitions_of_a_leg_are_kept() {
    let mut leg = LegHealth::default();
    for turn in 0..100 {
        let _ = leg.lane_opened(Lane::Control, now(turn));
        let _ = leg.ended("cut".into(), now(turn));
    }
    assert_eq!(leg.transitions().count(), TRANSITIONS_KEPT);
    assert_eq!(leg.transitions().last().unwrap().at, now(99).0);
}

#[test]
fn late_copies_tell_their_median_and_their_worst() {
    let mut late = Lateness::default();
    assert_eq!((late.median(), late.longest()), (None, None));
    for ms in [5, 1, 900, 3, 2] {
        late.note(Some(Duration::from_millis(ms)));
    }
    late.note(None);
    assert_eq!(late.median(), Some(Duration::from_millis(3)));
    assert_eq!(late.longest(), Some(Duration::from_millis(900)));
    assert_eq!(late.unknown(), 1);
    for _ in 0..10_000 {
        late.note(Some(Duration::from_millis(1)));
    }
    assert_eq!(late.median(), Some(Duration::from_millis(1)));
    assert_eq!(
        late.longest(),
        Some(Duration::from_millis(900)),
        "the worst is kept"
    );
}

#[test]
fn losing_the_second_relay_loses_redundancy_and_a_proved_return_restores_it() {
    let names = ["north/quic", "north/tcp", "south/quic", "south/tcp"];
    let legs: Vec<Leg> = names.iter().map(|name| name.parse().unwrap()).collect();
    let mut healths: Vec<LegHealth> = names.iter().map(|_| opened()).collect();
    let mut redundancy = Redundancy::default();
    fn look(redundancy: &mut Redundancy, legs: &[Leg], healths: &[LegHealth]) -> Option<RedundancyChange> {
        redundancy.look(legs.iter().zip(healths))
    }
    assert_eq!(look(&mut redundancy, &legs, &healths), None);
    assert_eq!(redundancy, Redundancy::Starting);
    healths = names.iter().map(|_| up()).collect();
    assert_eq!(
        look(&mut redundancy, &legs, &healths),
        Some(RedundancyChange::Reached)
    );
    let _ = healths[0].ended("cut".into(), now(1000));
    assert_eq!(
        look(&mut redundancy, &legs, &healths),
        None,
        "each relay has a leg still"
    );
    let _ = healths[1].ended("cut".into(), now(1000));
    assert_eq!(
        look(&mut redundancy, &legs, &healths),
        Some(RedundancyChange::Lost)
    );
    assert_eq!(look(&mut redundancy, &legs, &healths), None, "told once");
    healths[1] = opened();
    assert_eq!(
        look(&mut redundancy, &legs, &healths),
        None,
        "it has not proved itself"
    );
    healths[1] = up();
    assert_eq!(
        look(&mut redundancy, &legs, &healths),
        Some(RedundancyChange::Restored)
    );
}

#[test]
fn one_relay_with_both_doors_is_whole_when_there_is_no_second() {
    let legs: Vec<Leg> = ["north/quic", "north/tcp"]
        .iter()
        .map(|name| name.parse().unwrap())
        .collect();
    let mut healths = [up(), up()];
    let mut redundancy = Redundancy::default();
    assert_eq!(
        redundancy.look(legs.iter().zip(&healths)),
        Some(RedundancyChange::Reached)
    );
    let _ = healths[1].ended("cut".into(), now(1000));
    assert_eq!(
        redundancy.look(legs.iter().zip(&healths)),
        Some(RedundancyChange::Lost)
    );
}

#[test]
fn probes_are_counted_over_all_sessions_of_a_leg() {
    let tally = |sent, missed| Tally {
        sent,
        missed,
        ..Tally::default()
    };
    let mut leg = opened();
    leg.measured(tally(5, 1));
    leg.measured(tally(9, 2));
    assert_eq!(leg.probes(), (9, 2));
    let _ = leg.ended("cut".into(), now(1000));
    let _ = leg.ended("unreachable".into(), now(1100));
    assert_eq!(leg.probes(), (9, 2));
    leg.measured(tally(3, 0));
    assert_eq!(leg.probes(), (12, 2));
}
