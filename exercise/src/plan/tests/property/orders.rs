//! Whatever is ordered, each inject comes at most once.

use super::*;

proptest! {
    #[test]
    fn shifting_the_plan_moves_every_inject_that_has_not_fired_by_the_same_and_none_that_has(
        rate in rate(), ops in ops(), by in 1..600_000_i64,
    ) {
        let mut play = Play::after(rate, &ops);
        let before = play.open();
        let planned = |play: &Play| -> Vec<_> {
            play.control.plan.steps().map(|step| (step.status(), play.control.plan.planned(step.inject.serial))).collect()
        };
        let all = planned(&play);
        let end = play.control.plan.end();
        // Without going on: what the shift does by itself.
        play.control.order(Order::Shift(by)).unwrap();
        let later = std::time::Duration::from_millis(by.unsigned_abs());
        let left: Vec<_> = before.into_iter().map(|(serial, at)| {
            // Nothing is earlier than STARTEX, also when it was shifted beyond: only from there on it moves by the same.
            (serial, at.map(|at| (at > StoryTime::STARTEX).then_some(at.after(later))))
        }).collect();
        for ((serial, expected), (same, at)) in left.into_iter().zip(play.open()) {
            prop_assert_eq!(serial, same);
            if let Some(Some(expected)) = expected {
                prop_assert_eq!(at, Some(expected));
            }
        }
        if end > StoryTime::STARTEX {
            prop_assert_eq!(play.control.plan.end(), end.after(later));
        }
        for ((before, then), (after, now)) in all.into_iter().zip(planned(&play)) {
            if !before.is_open() {
                prop_assert_eq!((before, then), (after, now));
            }
        }
    }

    #[test]
    fn shift_there_and_back_changes_nothing(rate in rate(), ops in ops(), by in by()) {
        let mut play = Play::after(rate, &ops);
        let before = (play.open(), play.control.plan.end(), play.control.plan.clock());
        play.control.order(Order::Shift(by)).unwrap();
        play.control.order(Order::Shift(-by)).unwrap();
        prop_assert_eq!((play.open(), play.control.plan.end(), play.control.plan.clock()), before);
        let mut other = Play::after(rate, &ops);
        for one in [&mut play, &mut other] {
            one.take(&Op::Resume);
            one.take(&Op::Wait(4_000_000));
        }
        prop_assert_eq!(play.control.fired, other.control.fired);
    }

    #[test]
    fn a_skipped_inject_never_fires_and_its_followers_by_mark_say_why_they_wait(
        rate in rate(), before in ops(), after in ops(),
    ) {
        let mut play = Play::after(rate, &before);
        let first = serial("1.1.1");
        let skip = Order::Skip { serial: first, why: "x".into() };
        if play.control.order(skip).is_err() {
            return Ok(());
        }
        let fired = play.times(first);
        for op in after.iter().filter(|op| !matches!(op, Op::Unskip(_))) {
            play.take(op);
        }
        prop_assert_eq!(play.times(first), fired);
        prop_assert_eq!(play.status(first), Status::Skipped);
        for follower in [serial("1.1.7"), serial("1.1.10")] {
            let waits = play.control.plan.waits(follower);
            if play.status(follower).is_open() {
                prop_assert_eq!(waits, Some(Waits::InVain(first, Status::Skipped)));
            } else {
                prop_assert_eq!(waits, None);
            }
        }
    }

    #[test]
    fn a_contingency_fires_exactly_when_its_expectation_was_not_met_in_time_and_never_both(
        rate in rate(), before in ops(), after in ops(),
    ) {
        let of = serial(CONTINGENCY);
        let own = |op: &&Op| !matches!(op, Op::Fire(_) | Op::Skip(_) | Op::Record(_) | Op::Seen(_) | Op::Publish(_));
        let mut play = Play::new(rate);
        for op in before.iter().filter(own) {
            play.take(op);
        }
        let (status, times) = (play.status(of), play.times(of));
        prop_assert!(times == usize::from(status == Status::Delivered));
        let in_time = play.control.plan.planned(of) >= Some(play.control.story());
        play.take(&Op::Seen("m1.RELEASED@A"));
        match status {
            Status::Delivered => prop_assert_eq!(play.status(of), Status::Delivered),
            // In a pause it may have been due a moment ago; it is then not met in time.
            Status::Pending if in_time => prop_assert_eq!(play.status(of), Status::NotNeeded),
            _ => {}
        }
        for op in after.iter().filter(own) {
            play.take(op);
        }
        let met = play.status(of) == Status::NotNeeded;
        prop_assert!(play.times(of) + usize::from(met) <= 1);

        // And never met: it comes, or waits for a controller because it was moved into the past.
        let mut play = Play::new(rate);
        for op in before.iter().filter(own) {
            play.take(op);
        }
        play.take(&Op::Resume);
        play.take(&Op::Wait(40_000_000));
        play.take(&Op::Speed(60_000));
        play.take(&Op::Wait(400_000));
        prop_assert!(matches!(play.status(of), Status::Delivered | Status::Entered), "{:?}", play.status(of));
        prop_assert_eq!(play.times(of), usize::from(play.status(of) == Status::Delivered));
    }

    #[test]
    fn a_dry_run_fires_in_the_order_of_moments_whatever_the_plan(
        at in prop_oneof![prop::collection::vec(0..600_u32, 1..12), prop::collection::vec(0..2_u32, 1..12)],
    ) {
        let injects: String = at.iter().zip(1..).map(|(at, number)| {
            inject(number, "contextual", &format!("at = \"{at}s story\""))
        }).collect();
        let scenario = with("duration = \"10m story\"", &injects);
        let mut expected: Vec<(u32, u16)> = at.iter().copied().zip(1..).collect();
        expected.sort_by_key(|(at, _)| *at);
        let dry = dry_run(&scenario, None);
        let came: Vec<(u32, u16)> = dry.iter().map(|dry| {
            let second = dry.comes.as_ref().unwrap().since_startex().as_secs();
            (u32::try_from(second).unwrap(), dry.serial.inject)
        }).collect();
        prop_assert_eq!(came, expected);
    }
}
