//! Claims that hold whatever controllers, clocks and crashes do. `CLOCK.md` names each.
mod clock;
mod crash;

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;

use super::control::{Control, inject, with};
use super::*;
use crate::record::{InjectStatus, Kind, TurnWord};
use hotline_core::story::{Rate, Running};

/// What happens to a plan.
#[derive(Clone, Debug)]
pub(super) enum Op {
    /// So many milliseconds pass on the line.
    Wait(u64),
    Pause,
    Resume,
    Speed(u32),
    Shift(i64),
    Fire(Index),
    Skip(Index),
    Unskip(Index),
    Move(Index, i64),
    Publish(Index),
    Record(Index),
    /// A rung of the line.
    Seen(&'static str),
}

const MARKS: [&str; 2] = ["m1.RELEASED@A", "m1.DELIVERED@B"];
/// The contingency of [`plan`].
const CONTINGENCY: &str = "1.1.9";

/// Ten injects of every kind, six of them at one moment, in an hour.
static PLAN: LazyLock<Arc<Scenario>> = LazyLock::new(|| {
    let mut injects: String = (1..=5)
        .map(|number| inject(number, "contextual", "at = \"1m story\""))
        .collect();
    injects += &inject(6, "contextual", "at = \"1m story\"\napprove = \"hand\"");
    injects += &inject(7, "contextual", "after = \"inject 1.1.1\"\nwait = \"90s line\"");
    injects += &inject(8, "contextual", "after = \"m1.DELIVERED@B\"\nwait = \"3m story\"");
    injects += &inject(9, "contingency", "unless = \"E9\"\nwithin = \"5m story\"");
    injects += &inject(10, "contextual", "after = \"inject 1.1.1\"\nwait = \"10m story\"");
    injects += "[[expect]]\nid = \"E9\"\ntitle = { en = \"x\" }\nis = { rung = \"RELEASED\", of = \"m1\", at = \"A\", within = \"5m story\", after = \"STARTEX\" }\n";
    with("duration = \"1h story\"\nends = \"by-control\"", &injects)
});

pub(super) fn plan() -> Arc<Scenario> {
    Arc::clone(&PLAN)
}

fn by() -> impl Strategy<Value = i64> {
    prop_oneof![1..600_000_i64, -600_000..-1_i64]
}

fn rate() -> impl Strategy<Value = u32> {
    prop_oneof![Just(100), Just(1_000), Just(60_000), 100..=60_000_u32]
}

pub(super) fn op() -> impl Strategy<Value = Op> {
    let index = any::<Index>;
    prop_oneof![
        4 => (1..120_000_u64).prop_map(Op::Wait),
        1 => Just(Op::Pause),
        2 => Just(Op::Resume),
        1 => rate().prop_map(Op::Speed),
        1 => by().prop_map(Op::Shift),
        1 => index().prop_map(Op::Fire),
        1 => index().prop_map(Op::Skip),
        1 => index().prop_map(Op::Unskip),
        1 => (index(), by()).prop_map(|(which, by)| Op::Move(which, by)),
        1 => index().prop_map(Op::Publish),
        1 => index().prop_map(Op::Record),
        1 => prop::sample::select(MARKS.to_vec()).prop_map(Op::Seen),
    ]
}

pub(super) fn ops() -> impl Strategy<Value = Vec<Op>> {
    prop::collection::vec(op(), 0..30)
}

/// A play under random orders. Orders that are refused change nothing; the property tests count on that too.
#[derive(Clone)]
pub(super) struct Play {
    pub(super) control: Control,
    pub(super) marks: Vec<(Mark, Stamp)>,
}

impl Play {
    pub(super) fn new(rate: u32) -> Self {
        let mut control = Control::new(plan(), None);
        control.start(rate);
        Self {
            control,
            marks: Vec::new(),
        }
    }

    pub(super) fn after(rate: u32, ops: &[Op]) -> Self {
        let mut play = Self::new(rate);
        for op in ops {
            play.take(op);
        }
        play
    }

    pub(super) fn which(&self, index: Index) -> Serial {
        let steps: Vec<Serial> = self.control.plan.steps().map(|step| step.inject.serial).collect();
        *index.get(&steps)
    }

    pub(super) fn take(&mut self, op: &Op) {
        // No two things happen at one millisecond.
        self.control.run_to(self.control.now + 1);
        let order = match op {
            Op::Wait(ms) => {
                self.control.run_to(self.control.now + ms);
                return;
            }
            Op::Seen(mark) => {
                self.marks.push((mark.parse().unwrap(), self.control.stamp()));
                self.control.seen(mark);
                self.control.run_to(self.control.now);
                return;
            }
            Op::Pause => Order::Pause,
            Op::Resume => Order::Resume,
            Op::Speed(rate) => Order::Speed(Rate::from_thousandths(*rate).unwrap()),
            Op::Shift(by) => Order::Shift(*by),
            Op::Fire(index) => Order::Fire(self.which(*index)),
            Op::Skip(index) => Order::Skip {
                serial: self.which(*index),
                why: "x".into(),
            },
            Op::Unskip(index) => Order::Unskip(self.which(*index)),
            Op::Move(index, by) => Order::Move {
                serial: self.which(*index),
                by: *by,
            },
            Op::Publish(index) => Order::Publish(self.which(*index)),
            Op::Record(index) => Order::Record {
                serial: self.which(*index),
                result: "x".into(),
            },
        };
        let before = self.control.plan.clone();
        if self.control.order(order).is_err() {
            assert_eq!(self.control.plan, before);
        }
        self.control.run_to(self.control.now);
    }

    pub(super) fn paused(&self) -> bool {
        matches!(self.control.plan.clock().running(), Running::Paused(_))
    }

    /// Every inject that has not been begun, with its moment.
    pub(super) fn open(&self) -> Vec<(Serial, Option<StoryTime>)> {
        let plan = &self.control.plan;
        let open = plan.steps().filter(|step| step.status().is_open());
        open.map(|step| (step.inject.serial, plan.planned(step.inject.serial)))
            .collect()
    }

    pub(super) fn status(&self, serial: Serial) -> Status {
        self.control.plan.step(serial).unwrap().status()
    }

    pub(super) fn times(&self, serial: Serial) -> usize {
        self.control
            .fired
            .iter()
            .filter(|(fired, _)| *fired == serial)
            .count()
    }
}

/// Whether an inject counts in the story alone, so that its moment there hangs on no rate.
fn story_only(serial: Serial) -> bool {
    serial.inject != 7
}

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
