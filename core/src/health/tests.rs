//! Probes on a clock by hand: what is suspected, what is down, and how a lane comes back.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod legs;
mod links;

use super::*;
use crate::time::LineTime;
use std::collections::BTreeMap;

pub(super) fn at(ms: u64) -> LineTime {
    LineTime::from_start(Duration::from_millis(ms))
}

/// Drives one lane over a way there and back of `round_trip` ms, in steps of one millisecond.
pub(super) struct Driven {
    pub(super) probes: Probes,
    pub(super) now: u64,
    /// Answers on their way, by the time they come.
    coming: BTreeMap<u64, Vec<u64>>,
    pub(super) changes: Vec<(u64, Change)>,
}

impl Driven {
    pub(super) fn open(profile: Profile) -> Self {
        Self {
            probes: Probes::opened(profile.numbers(), at(0)),
            now: 0,
            coming: BTreeMap::new(),
            changes: Vec::new(),
        }
    }

    /// Until then; each probe is answered after what `way` says, or never.
    pub(super) fn until(&mut self, end: u64, mut way: impl FnMut(u64) -> Option<u64>) {
        while self.now < end {
            let now = at(self.now);
            for sequence in self.coming.remove(&self.now).unwrap_or_default() {
                let answered = self.probes.answered(sequence, now);
                self.changes
                    .extend(answered.change.map(|change| (self.now, change)));
            }
            if self.probes.next_wake() <= now {
                let ticked = self.probes.tick(now);
                self.changes
                    .extend(ticked.change.map(|change| (self.now, change)));
                if let Some(sequence) = ticked.probe
                    && let Some(takes) = way(self.now)
                {
                    self.coming
                        .entry(self.now + takes.max(1))
                        .or_default()
                        .push(sequence);
                }
            }
            let answer = self.coming.keys().next().copied().unwrap_or(end);
            let wake = u64::try_from(self.probes.next_wake().since_start().as_millis()).unwrap();
            self.now = answer.min(wake).clamp(self.now + 1, end);
        }
    }

    fn states(&self) -> Vec<Health> {
        self.changes.iter().map(|(_, change)| change.to).collect()
    }

    fn when(&self, health: Health) -> u64 {
        self.changes
            .iter()
            .find(|(_, change)| change.to == health)
            .unwrap()
            .0
    }
}

#[test]
fn a_lane_is_up_after_three_answers_in_time_and_not_before() {
    let mut lane = Driven::open(Profile::Lan);
    lane.until(500, |_| Some(5));
    assert_eq!(lane.probes.health(), Health::Proving);
    lane.until(1000, |_| Some(5));
    assert_eq!(lane.states(), [Health::Up]);
    assert_eq!(lane.when(Health::Up), 605);
}

#[test]
fn a_cut_is_suspected_within_600_ms_and_down_within_1_5_s_wherever_it_falls() {
    for cut in 2000..2300 {
        let mut lane = Driven::open(Profile::Lan);
        lane.until(cut, |_| Some(20));
        assert_eq!(lane.states(), [Health::Up]);
        lane.until(cut + 2000, |_| None);
        assert!(
            lane.when(Health::Suspect) - cut <= 550,
            "{cut}: {:?}",
            lane.changes
        );
        assert!(lane.when(Health::Down) - cut <= 1380, "{cut}: {:?}", lane.changes);
        assert_eq!(lane.states(), [Health::Up, Health::Suspect, Health::Down]);
    }
}

#[test]
fn only_answers_to_our_own_probes_prove_a_lane() {
    let mut probes = Probes::opened(Profile::Lan.numbers(), at(0));
    let _ = probes.tick(at(0));
    assert_eq!(probes.answered(2, at(5)), Answered::default(), "never sent");
    assert_eq!(probes.answered(0, at(5)), Answered::default(), "no number");
    assert_eq!(probes.proven(), at(0));
    assert_eq!(
        probes.answered(1, at(5)).round_trip,
        Some(Duration::from_millis(5))
    );
    assert_eq!(probes.answered(1, at(9)), Answered::default(), "twice");
    assert_eq!(probes.proven(), at(5));
}

#[test]
fn a_suspect_lane_needs_three_good_checks_and_a_late_answer_is_none() {
    let mut lane = Driven::open(Profile::Lan);
    lane.until(2000, |_| Some(5));
    // One answer takes 400 ms: suspect. Then all is well again.
    let mut first = true;
    lane.until(4000, |_| Some(if std::mem::take(&mut first) { 400 } else { 5 }));
    assert_eq!(lane.states(), [Health::Up, Health::Suspect, Health::Up]);
    let suspect = lane.when(Health::Suspect);
    let back = lane.changes.last().unwrap().0;
    assert!(back - suspect >= 600, "{:?}", lane.changes);
}

#[test]
fn a_lane_that_answers_every_other_probe_late_stays_suspect_and_does_not_flap() {
    let mut lane = Driven::open(Profile::Lan);
    lane.until(2000, |_| Some(5));
    let mut turn = 0;
    lane.until(20_000, |_| {
        turn += 1;
        Some(if turn % 2 == 0 { 270 } else { 5 })
    });
    assert_eq!(lane.states(), [Health::Up, Health::Suspect]);
}

#[test]
fn an_acceptance_of_what_was_sent_after_a_probe_keeps_a_lane_from_being_down_but_not_from_being_suspect() {
    let mut probes = Probes::opened(Profile::Lan.numbers(), at(0));
    let mut down = None;
    for ms in 0..5000 {
        let now = at(ms);
        if probes.next_wake() <= now {
            let ticked = probes.tick(now);
            if ticked.change.is_some_and(|change| change.to == Health::Down) {
                down.get_or_insert(ms);
            }
        }
        if ms % 100 == 0 && ms < 3000 {
            probes.vouched(probes.newest(), now);
        }
    }
    assert!(down.unwrap() >= 3000, "{down:?}");
    // The same acceptance again proves nothing new.
    let mut probes = Probes::opened(Profile::Lan.numbers(), at(0));
    let _ = probes.tick(at(0));
    probes.vouched(1, at(10));
    probes.vouched(1, at(500));
    assert_eq!(probes.proven(), at(10));
}

#[test]
fn a_driver_that_stood_still_itself_looks_once_more_before_it_calls_a_lane_down() {
    let mut lane = Driven::open(Profile::Lan);
    lane.until(2000, |_| Some(5));
    // Stopped for ten seconds: the answer to the last probe lies unread.
    let late = at(12_000);
    let ticked = lane.probes.tick(late);
    assert_eq!(ticked.change, None);
    assert_eq!(lane.probes.health(), Health::Up);
    assert_eq!(lane.probes.answered(lane.probes.newest(), late).change, None);
    // But once only: a relay that is gone is gone.
    let mut lane = Driven::open(Profile::Lan);
    lane.until(2000, |_| Some(5));
    let _ = lane.probes.tick(at(12_000));
    let ticked = lane.probes.tick(at(12_301));
    assert_eq!(ticked.change.unwrap().to, Health::Down);
}

#[test]
fn a_driver_that_is_always_late_cannot_keep_a_dead_lane_alive() {
    let mut probes = Probes::opened(Profile::Lan.numbers(), at(0));
    let down = (0..20).map(|turn| turn * 700).find(|ms| {
        probes
            .tick(at(*ms))
            .change
            .is_some_and(|change| change.to == Health::Down)
    });
    assert!(down.unwrap() <= 2800, "{down:?}");
}

#[test]
fn how_long_an_answer_may_take_follows_the_measured_way_within_the_bounds_of_the_profile() {
    let numbers = Profile::Wan.numbers();
    let mut trip = RoundTrip::default();
    assert_eq!(
        trip.answer_within(numbers),
        numbers.answer_max,
        "nothing measured"
    );
    // RFC 6298: 100 ms, then half of it as variation.
    trip.take(Duration::from_millis(200));
    assert_eq!(trip.smoothed(), Some(Duration::from_millis(200)));
    assert_eq!(trip.variation(), Some(Duration::from_millis(100)));
    assert_eq!(trip.answer_within(numbers), Duration::from_millis(600));
    for _ in 0..100 {
        trip.take(Duration::from_millis(200));
    }
    assert_eq!(trip.answer_within(numbers), numbers.answer_min);
    for _ in 0..100 {
        trip.take(Duration::from_secs(9));
    }
    assert_eq!(trip.answer_within(numbers), numbers.answer_max);
    assert_eq!(trip.least(), Some(Duration::from_millis(200)));
}

#[test]
fn the_loss_that_is_told_is_the_share_of_probes_without_an_answer_in_time() {
    let mut lane = Driven::open(Profile::Satellite);
    assert_eq!(lane.probes.tally().loss, None, "nothing is known yet");
    let mut turn = 0;
    // Every fourth answer is lost: the next one answers for both, late for the first.
    lane.until(120_000, |_| {
        turn += 1;
        Some(if turn % 4 == 0 { 9_000 } else { 2_000 })
    });
    let tally = lane.probes.tally();
    assert!(
        tally.missed * 4 <= tally.sent + 4 && tally.missed > 0,
        "{tally:?}"
    );
    assert!((0.05..0.5).contains(&tally.loss.unwrap()), "{tally:?}");
    assert_eq!(
        lane.changes
            .iter()
            .filter(|(_, change)| change.to == Health::Down)
            .count(),
        0
    );
}

#[test]
fn each_profile_is_read_by_its_name_and_its_wire_number() {
    for profile in Profile::ALL {
        assert_eq!(profile.name().parse(), Ok(profile));
        assert_eq!(Profile::from_wire(profile.to_wire()), Some(profile));
    }
    assert_eq!("LAN".parse::<Profile>(), Err(NotAProfile));
    assert_eq!(Profile::from_wire(0), None);
}

#[test]
fn in_every_profile_the_numbers_fit_one_another() {
    for profile in Profile::ALL {
        let n = profile.numbers();
        assert!(
            n.answer_min < n.answer_max && n.answer_max < n.down_after,
            "{profile}"
        );
        assert!(
            n.probe_every + n.answer_max < n.down_after,
            "{profile}: suspect before down"
        );
        assert!(
            n.probe_every * 4 <= n.down_after,
            "{profile}: four probes before down"
        );
        assert!(
            n.down_after < n.quic_idle,
            "{profile}: the machine judges before QUIC does"
        );
        assert!(
            n.down_after < n.silent_after,
            "{profile}: a desk gives a leg up before its relay calls it silent"
        );
        assert!(n.quic_keep_alive * 4 <= n.quic_idle, "{profile}");
        let slowest: f64 = match profile {
            Profile::Lan => 20_000_000.0,
            Profile::Wan => 1_100_000.0,
            Profile::Satellite => 9_600.0,
        };
        let bits = f64::from(u32::try_from(n.unread_max * 3 * 8).unwrap());
        assert!(
            bits / slowest < n.down_after.as_secs_f64(),
            "{profile}: three full lanes pass before the leg is down"
        );
        assert!(n.redial_first <= n.redial_longest, "{profile}");
        assert!(
            n.redial_longest * u32::try_from(n.overlap_max).unwrap() >= n.handshake.min(n.quic_idle),
            "{profile}"
        );
    }
    let lan = Profile::Lan.numbers();
    assert!(lan.probe_every + lan.answer_max <= Duration::from_millis(600));
    assert!(lan.down_after < Duration::from_millis(1500));
}

#[test]
fn what_may_be_unread_is_bounded_and_an_answer_makes_room_for_all_that_was_sent_before_its_probe() {
    let most = Profile::Satellite.numbers().unread_max;
    let mut probes = Probes::opened(Profile::Satellite.numbers(), at(0));
    assert_eq!(probes.room(), most);
    probes.sent(1000, at(0));
    let first = probes.probe_now(at(0));
    probes.sent(2000, at(0));
    probes.sent(3000, at(0));
    assert_eq!(probes.room(), most - 6000);
    let _ = probes.answered(first, at(100));
    assert_eq!(probes.room(), most - 5000, "only what was before the probe");
    let _ = probes.answered(first, at(200));
    assert_eq!(probes.room(), most - 5000, "an answer counts once");
    let second = probes.probe_now(at(300));
    probes.sent(most, at(300));
    assert_eq!(probes.room(), 0);
    probes.vouched(second, at(400));
    assert_eq!(probes.room(), 0, "what is behind the probe may be unread");
    let third = probes.probe_now(at(500));
    let _ = probes.answered(third, at(600));
    assert_eq!(probes.room(), most);
}

/// What leaves by itself from then on, up to a moment: probes by number, 0 for what only follows.
fn leaves(probes: &mut Probes, ms: std::ops::Range<u64>) -> Vec<(u64, u64)> {
    let mut left = Vec::new();
    for ms in ms {
        if at(ms) < probes.next_wake() {
            continue;
        }
        let ticked = probes.tick(at(ms));
        left.extend(ticked.probe.or(ticked.follow.then_some(0)).map(|what| (ms, what)));
    }
    left
}

/// A lane that has measured this round trip.
fn measured(profile: Profile, round_trip: u64) -> Probes {
    let mut probes = Probes::opened(profile.numbers(), at(0));
    probes.follow();
    let first = probes.tick(at(0)).probe.unwrap();
    let _ = probes.answered(first, at(round_trip));
    probes
}

#[test]
fn a_frame_that_counts_is_followed_six_times_in_a_round_trip_until_it_is_known_to_be_read() {
    let mut probes = measured(Profile::Wan, 30);
    probes.sent(2_500, at(100));
    // A probe first: its answer says that the frame was read.
    let left = leaves(&mut probes, 100..120);
    assert_eq!(left, [(105, 2), (110, 0), (115, 0)]);
    let _ = probes.answered(2, at(120));
    assert!(leaves(&mut probes, 120..300).iter().all(|(_, what)| *what > 0));
    probes.sent(2_500, at(310));
    probes.all_read();
    assert!(leaves(&mut probes, 311..400).iter().all(|(_, what)| *what > 0));
}

#[test]
fn nothing_follows_what_went_down_or_on_a_lane_whose_frames_may_wait() {
    let mut probes = measured(Profile::Lan, 1);
    probes.sent(100, at(10));
    let left = leaves(&mut probes, 10..5_000);
    let last = left.last().unwrap().0;
    assert!(
        (1_300..1_360).contains(&last),
        "as long as the lane lives: {last}"
    );
    assert!(left.len() < 280, "{}", left.len());
    let mut plain = Probes::opened(Profile::Lan.numbers(), at(0));
    let _ = plain.tick(at(0));
    plain.sent(100, at(10));
    assert!(leaves(&mut plain, 10..299).is_empty());
}

#[test]
fn on_a_long_way_what_follows_is_as_slow_as_the_way() {
    let mut probes = measured(Profile::Satellite, 2_000);
    probes.sent(100, at(3_000));
    let left = leaves(&mut probes, 3_000..6_000);
    assert!(left.len() <= 12, "{left:?}");
}

#[test]
fn probes_out_of_turn_do_not_call_a_lane_up_sooner() {
    let mut probes = Probes::opened(Profile::Lan.numbers(), at(0));
    for ms in (0..590).step_by(10) {
        let sequence = probes
            .tick(at(ms))
            .probe
            .unwrap_or_else(|| probes.probe_now(at(ms)));
        assert!(probes.answered(sequence, at(ms + 1)).change.is_none(), "{ms} ms");
    }
    let sequence = probes.probe_now(at(600));
    let change = probes.answered(sequence, at(601)).change;
    assert!(change.is_some_and(|change| change.to == Health::Up));
}
