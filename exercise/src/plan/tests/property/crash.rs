//! Wherever control stops, its records bring back the same plan.

use super::*;
use crate::record::Record;

impl Play {
    /// Control dies and is started again so much later: everything that it knows is what it wrote, and what desks tell it again.
    fn crash(&mut self, away: u64) {
        let log = std::mem::take(&mut self.control.log);
        let (mut plan, clock) = Plan::fold(plan(), None, &log).unwrap();
        assert_eq!(clock, self.control.plan.clock());
        self.control.now += away;
        let wall = self.control.stamp().wall;
        let found = Kind::Resumed { found: Vec::new() };
        let record = plan.record(found, wall, control::line(self.control.now)).unwrap();
        plan.take(&record).unwrap();
        self.control.log = log;
        self.control.log.push(record);
        for (mark, stamp) in &self.marks {
            plan.seen(mark.clone(), *stamp);
        }
        self.control.plan = plan;
        let begun: Vec<Serial> = self
            .control
            .plan
            .steps()
            .filter(|step| step.status() == Status::Firing)
            .map(|step| step.inject.serial)
            .collect();
        for serial in begun {
            self.control.write(Kind::Inject {
                serial: serial.to_string(),
                status: InjectStatus::Unknown,
                what: String::new(),
            });
        }
    }

    /// Begins what is due, and dies before anything of it is done.
    fn die_in_the_middle(&mut self) {
        let plan = &self.control.plan;
        let due = plan.due(&plan.clock(), control::line(self.control.now));
        if let Some(serial) = due.first() {
            self.control.write(Kind::Inject {
                serial: serial.to_string(),
                status: InjectStatus::Firing,
                what: String::new(),
            });
        }
    }
}

proptest! {
    #[test]
    fn each_inject_fires_at_most_once_under_any_orders_and_crashes(
        rate in rate(), ops in prop::collection::vec((op(), prop::option::of(1..30_000_u64)), 0..30),
    ) {
        let mut play = Play::new(rate);
        for (op, away) in ops {
            if let Some(away) = away {
                let next = play.control.wake().unwrap_or(play.control.now).max(play.control.now);
                play.control.now = next + 1;
                play.die_in_the_middle();
                play.crash(away);
            }
            play.take(&op);
        }
        let plan = play.control.plan.clone();
        for step in plan.steps() {
            prop_assert!(play.times(step.inject.serial) <= 1, "{}", step.inject.serial);
        }
    }

    #[test]
    fn replaying_the_records_up_to_any_point_gives_the_state_of_that_point(rate in rate(), ops in ops()) {
        let mut play = Play::new(rate);
        let mut states = vec![(play.control.log.len(), 0, play.control.plan.clone())];
        for op in &ops {
            play.take(op);
            states.push((play.control.log.len(), play.marks.len(), play.control.plan.clone()));
        }
        for (records, marks, state) in states {
            let (mut plan, clock) = Plan::fold(plan(), None, &play.control.log[..records]).unwrap();
            for (mark, stamp) in &play.marks[..marks] {
                plan.seen(mark.clone(), *stamp);
            }
            prop_assert_eq!(clock, state.clock());
            prop_assert_eq!(plan, state);
        }
    }

    #[test]
    fn a_paused_exercise_says_so_on_every_record(rate in rate(), ops in ops()) {
        let play = Play::after(rate, &ops);
        let mut paused = false;
        for record in &play.control.log {
            match &record.kind {
                Kind::Clock { turn: TurnWord::Pause } => paused = true,
                Kind::Clock { turn: TurnWord::Resume } => paused = false,
                _ => {}
            }
            prop_assert_eq!(matches!(record.running, Running::Paused(_)), paused);
        }
        let story: Vec<StoryTime> = play.control.log.iter().map(|record| record.stamp.story).collect();
        prop_assert!(story.is_sorted());
    }

    #[test]
    fn a_crash_at_any_record_resumes_at_a_story_time_not_later_than_it_was_and_within_one_tick(
        rate in rate(), ops in ops(), ticks in 1..40_u64, into in 0..1_000_u64, away in 0..100_000_000_u64,
    ) {
        let mut play = Play::after(rate, &ops);
        for _ in 0..ticks {
            play.control.run_to(play.control.now + 1_000);
            play.control.write(Kind::Tick);
        }
        play.control.now += into;
        let (was, rates) = (play.control.story(), play.control.plan.clock());
        play.crash(away);
        let is = play.control.story();
        prop_assert!(is <= was);
        let Running::Running(rate) = rates.running() else {
            prop_assert_eq!(is, was);
            return Ok(());
        };
        let lost = was.since_startex().saturating_sub(is.since_startex());
        let tick = std::time::Duration::from_millis(u64::from(rate.thousandths()));
        prop_assert!(lost <= tick);
        let resumed = |record: &&Record| matches!(record.kind, Kind::Resumed { .. });
        let resumed = play.control.log.iter().rfind(resumed).unwrap();
        prop_assert_eq!(resumed.stamp.story, is);
    }
}
