//! Claims that hold whatever controllers, clocks and crashes do. `CLOCK.md` names each.
mod clock;
mod crash;
mod orders;

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
