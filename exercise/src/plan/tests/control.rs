//! A conductor without a stage: it does what the plan says, and everything that it does succeeds.
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use hotline_audit::Hash;
use hotline_core::time::{LineTime, StoryTime, WallTime};

use crate::{
    plan::{Order, OrderError, Plan},
    record::{InjectStatus, Kind, Record, Stamp, Startex},
    scenario::{Scenario, mark::Serial, parse, shipped},
};

pub(crate) fn s1() -> Arc<Scenario> {
    static S1: LazyLock<Arc<Scenario>> = LazyLock::new(|| read(shipped::ALL[0].text));
    Arc::clone(&S1)
}

pub(crate) fn read(text: &str) -> Arc<Scenario> {
    Arc::new(parse("test.toml", text).unwrap_or_else(|errors| panic!("{errors}")))
}

pub(crate) const fn story(ms: u64) -> StoryTime {
    StoryTime::from_startex(Duration::from_millis(ms))
}

pub(crate) const fn line(ms: u64) -> LineTime {
    LineTime::from_start(Duration::from_millis(ms))
}

/// A scenario with these injects, and one message `m1` that a player may send. `top`: its duration, and more.
pub(crate) fn with(top: &str, injects: &str) -> Arc<Scenario> {
    let page = include_str!("../../../SCENARIO.md");
    let example = page.split("```toml\n").nth(1).unwrap();
    let example = example.split("```").next().unwrap();
    let (head, rest) = example.split_once("[[event.incident.inject]]").unwrap();
    let (_, tail) = rest.split_once("[[player]]").unwrap();
    let head = head.replacen("duration = \"10m story\"", top, 1);
    let send = "do = [{ verb = \"send\", by = [\"okoye\"], precedence = \"ROUTINE\", text = { en = \"x\" }, as = \"m1\" }]";
    let rule = format!("[[player.rule]]\nid = \"a\"\nwhen = {{ mark = \"STARTEX\" }}\n{send}\n");
    let seat = "[[player]]\nseat = \"B\"";
    let tail = tail.replacen(seat, &format!("{rule}{seat}"), 1);
    read(&format!("{head}{injects}\n[[player]]{tail}"))
}

/// An inject that a person does by hand. `rest`: when it comes.
pub(crate) fn inject(number: u16, kind: &str, rest: &str) -> String {
    format!(
        "[[event.incident.inject]]\nserial = \"1.1.{number}\"\ntitle = {{ en = \"n\" }}\nkind = \"{kind}\"\nmethod = \"hand\"\n{rest}\n"
    )
}

#[derive(Clone)]
pub(crate) struct Control {
    pub(crate) plan: Plan,
    /// Milliseconds on the line.
    pub(crate) now: u64,
    pub(crate) log: Vec<Record>,
    /// What was begun, and at which moment of the story.
    pub(crate) fired: Vec<(Serial, StoryTime)>,
}

impl Control {
    pub(crate) fn new(scenario: Arc<Scenario>, variant: Option<&str>) -> Self {
        Self {
            plan: Plan::new(scenario, variant),
            now: 0,
            log: Vec::new(),
            fired: Vec::new(),
        }
    }

    pub(crate) fn start(&mut self, rate: u32) {
        let scenario = self.plan.scenario();
        let startex = Startex {
            scenario: scenario.id.value.clone(),
            variant: self.plan.variant().map(str::to_owned),
            scenario_sha256: Hash::of(scenario.source.text.as_bytes()).to_string(),
            codebook: "starter/1".into(),
            codebook_sha256: String::new(),
            stage: "headless".into(),
            seed: 1,
            rate,
            release: 2,
            processes: Vec::new(),
            seats: BTreeMap::new(),
            desks: BTreeMap::new(),
        };
        self.write(Kind::Startex(Box::new(startex)));
    }

    pub(crate) fn stamp(&self) -> Stamp {
        Stamp {
            wall: WallTime::from_unix_ms(1_700_000_000_000 + self.now),
            line: line(self.now),
            story: self.story(),
        }
    }

    pub(crate) fn story(&self) -> StoryTime {
        self.plan.clock().at(line(self.now))
    }

    pub(crate) fn write(&mut self, kind: Kind) {
        let wall = WallTime::from_unix_ms(1_700_000_000_000 + self.now);
        let record = self.plan.record(kind, wall, line(self.now)).unwrap();
        self.plan.take(&record).unwrap();
        if let Kind::Inject {
            serial,
            status: InjectStatus::Firing,
            ..
        } = &record.kind
        {
            self.fired.push((serial.parse().unwrap(), record.stamp.story));
        }
        self.log.push(record);
    }

    pub(crate) fn order(&mut self, order: Order) -> Result<(), OrderError> {
        for kind in self.plan.order(&order, self.stamp())? {
            self.write(kind);
        }
        Ok(())
    }

    pub(crate) fn seen(&mut self, mark: &str) -> bool {
        self.plan.seen(mark.parse().unwrap(), self.stamp())
    }

    /// Writes and does what is to be written and done now, once.
    pub(crate) fn turn_once(&mut self) -> usize {
        for kind in self.plan.to_write(&self.plan.clock(), line(self.now)) {
            self.write(kind);
        }
        let due = self.plan.due(&self.plan.clock(), line(self.now));
        for serial in &due {
            self.fire(*serial);
        }
        due.len()
    }

    pub(crate) fn fire(&mut self, serial: Serial) {
        for status in [InjectStatus::Firing, InjectStatus::Delivered] {
            let (serial, what) = (serial.to_string(), String::new());
            self.write(Kind::Inject { serial, status, what });
        }
    }

    /// When to ask again, in milliseconds of the line.
    pub(crate) fn wake(&self) -> Option<u64> {
        let wake = self.plan.next_wake(&self.plan.clock(), line(self.now))?;
        let ms = wake.since_start().as_nanos().div_ceil(1_000_000);
        Some(u64::try_from(ms).unwrap())
    }

    /// Goes on to this moment of the line, doing everything at its moment.
    pub(crate) fn run_to(&mut self, until: u64) {
        loop {
            while self.turn_once() > 0 {}
            match self.wake() {
                Some(next) if next <= until => self.now = next.max(self.now + 1),
                _ => break,
            }
        }
        self.now = self.now.max(until);
        while self.turn_once() > 0 {}
    }

    pub(crate) fn offered(&self) -> Vec<Serial> {
        self.plan.offered(&self.plan.clock(), line(self.now))
    }

    pub(crate) fn ended(&self, idle: bool) -> Option<&'static str> {
        self.plan.ended(&self.plan.clock(), line(self.now), idle)
    }
}
