//! Whatever is done to the clock, no inject comes too early, too late or in a burst.

use std::time::Duration;

use super::*;

/// By how much an inject came later than its moment.
fn late(play: &Play, serial: Serial, planned: StoryTime) -> Duration {
    let fired = play.control.fired.iter().find(|(fired, _)| *fired == serial);
    let at = fired.unwrap().1;
    at.since_startex().saturating_sub(planned.since_startex())
}

proptest! {
    #[test]
    fn a_pause_of_any_length_moves_no_inject_and_no_human_deadline(
        rate in rate(), ops in ops(), length in 1..100_000_000_u64, then in 1..400_000_u64,
    ) {
        let mut paused = Play::after(rate, &ops);
        if paused.paused() {
            paused.take(&Op::Resume);
        }
        let mut straight = paused.clone();
        paused.control.order(Order::Pause).unwrap();
        paused.control.run_to(paused.control.now + length);
        prop_assert_eq!(paused.open(), straight.open());
        prop_assert_eq!(paused.control.wake(), None);
        paused.control.order(Order::Resume).unwrap();
        prop_assert_eq!(paused.open(), straight.open());
        for play in [&mut paused, &mut straight] {
            play.control.run_to(play.control.now + then);
        }
        prop_assert_eq!(paused.control.story(), straight.control.story());
        prop_assert_eq!(paused.control.fired, straight.control.fired);
    }

    #[test]
    fn resuming_after_a_long_pause_never_fires_a_burst(
        rate in rate(), ops in ops(), moves in prop::collection::vec((any::<Index>(), by()), 0..20), shift in by(),
    ) {
        let mut play = Play::after(rate, &ops);
        play.take(&Op::Pause);
        for (which, by) in moves {
            play.take(&Op::Move(which, by));
        }
        play.take(&Op::Shift(shift));
        play.take(&Op::Wait(100_000_000));
        let open = play.open();
        let before = play.control.fired.len();
        let story = play.control.story();
        play.control.order(Order::Resume).unwrap();
        let due = play.control.plan.due(&play.control.plan.clock(), control::line(play.control.now));
        prop_assert!(due.len() <= DUE_AT_ONCE);
        play.control.run_to(play.control.now);
        // What comes in that moment is of that moment; everything older waits for a controller.
        for (serial, at) in &play.control.fired[before..] {
            prop_assert_eq!(*at, story);
            // One that hung on another that came just now had no moment before.
            if let Some(planned) = open.iter().find(|(open, _)| open == serial).unwrap().1 {
                prop_assert!(late(&play, *serial, planned) <= OVERDUE);
            }
        }
        let offered = play.control.offered();
        for (serial, planned) in open {
            let older = planned.is_some_and(|planned| planned.after(OVERDUE) < story);
            if older && play.status(serial) != Status::NotNeeded {
                prop_assert!(offered.contains(&serial));
            }
        }
    }

    #[test]
    fn fire_now_fires_now_however_long_pauses_were(
        rate in rate(), ops in ops(), pause in 0..1_000_000_000_u64, resume in any::<bool>(), which in any::<Index>(),
    ) {
        let mut play = Play::after(rate, &ops);
        play.take(&Op::Pause);
        play.take(&Op::Wait(pause));
        if resume {
            play.control.order(Order::Resume).unwrap();
        }
        let serial = play.which(which);
        if !play.status(serial).is_open() {
            return Ok(());
        }
        let story = play.control.story();
        play.control.order(Order::Fire(serial)).unwrap();
        prop_assert_eq!(play.control.wake(), Some(play.control.now));
        play.control.turn_once();
        // Before everything that is due by itself, too.
        prop_assert!(play.control.fired.contains(&(serial, story)));
    }

    #[test]
    fn an_inject_added_or_moved_during_a_pause_is_never_too_old(
        rate in rate(), ops in ops(), pause in 0..1_000_000_000_u64, by in by(), skipped in any::<bool>(),
    ) {
        let mut play = Play::after(rate, &ops);
        let of = serial("1.1.5");
        if !play.status(of).is_open() {
            return Ok(());
        }
        play.take(&Op::Pause);
        if skipped {
            // An inject that comes back into the plan is as good as one that is added.
            play.control.order(Order::Skip { serial: of, why: "x".into() }).unwrap();
            play.take(&Op::Wait(pause));
            play.control.order(Order::Unskip(of)).unwrap();
        }
        play.take(&Op::Wait(pause));
        play.control.order(Order::Move { serial: of, by }).unwrap();
        let (planned, story) = (play.control.plan.planned(of).unwrap(), play.control.story());
        play.control.order(Order::Resume).unwrap();
        play.control.run_to(play.control.now);
        if planned.after(OVERDUE) < story {
            prop_assert!(play.control.offered().contains(&of));
            play.control.order(Order::Publish(of)).unwrap();
            play.control.turn_once();
            prop_assert_eq!(play.times(of), 1);
            return Ok(());
        }
        // Until its moment, however far shifts have moved it at a tenth of the speed, and a minute of the line.
        let due = play.control.plan.clock().when(planned).unwrap();
        let due = u64::try_from(due.since_start().as_millis()).unwrap();
        play.take(&Op::Wait(due.saturating_sub(play.control.now) + 60_000));
        prop_assert_eq!(play.times(of), 1);
        // It comes in the first millisecond of the line in which its moment has passed.
        prop_assert!(late(&play, of, planned) <= Duration::from_millis(60).max(OVERDUE));
    }

    #[test]
    fn changing_speed_moves_no_story_moment_of_any_inject(rate in rate(), ops in ops(), to in rate()) {
        let mut play = Play::after(rate, &ops);
        let story = |play: &Play| -> Vec<_> {
            play.open().into_iter().filter(|(serial, _)| story_only(*serial)).collect()
        };
        let before = story(&play);
        play.control.order(Order::Speed(Rate::from_thousandths(to).unwrap())).unwrap();
        prop_assert_eq!(story(&play), before);
    }

    #[test]
    fn a_prompt_control_is_never_late_at_any_rate(rate in rate(), speeds in prop::collection::vec((rate(), 1..60_000_u64), 0..8)) {
        let mut play = Play::new(rate);
        for (rate, wait) in speeds {
            play.take(&Op::Speed(rate));
            play.take(&Op::Wait(wait));
        }
        play.take(&Op::Wait(40_000_000));
        let entered = |record: &crate::record::Record| matches!(&record.kind, Kind::Inject { status: InjectStatus::Entered, .. });
        prop_assert!(!play.control.log.iter().any(entered));
    }
}
