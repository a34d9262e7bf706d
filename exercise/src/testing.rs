//! An exercise whose evidence is signed in memory, for the tests of this room.
//!
//! Two desks, two relays and control, each with real keys and a real log. What is said is said at the moment that
//! [`Play::at`] set, on control's clock; a desk's own clock can be set wrong.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod folder;
/// The house's own reader of schemas.
#[allow(
    clippy::panic,
    dead_code,
    reason = "a file of the tests room, read here as it is"
)]
#[path = "../../tests/src/schema.rs"]
pub(crate) mod house;
pub(crate) mod s1;
mod say;
mod signers;

use std::{collections::BTreeMap, time::Duration};

use hotline_audit::{Hash, PayloadType, compare::Log, statement::Control};
use hotline_core::{
    story::{Rate, Running},
    time::{LineTime, StoryTime, WallTime},
};

use crate::{
    bundle::Evidence,
    codebook::shipped::STARTER,
    record::{DeskWord, Kind, ProcessWord, Record, Seen, Stamp, Startex},
    signed,
    timeline::Timeline,
};
pub(crate) use say::Draft;
use signers::World;

/// Control's wall clock at its first record, within every key's validity.
pub(crate) const BEGAN: u64 = 1_795_000_000_000;

/// The exercise's identifier.
pub(crate) const EXERCISE: &str = "MID AIR";

/// An exercise that is being played.
pub(crate) struct Play {
    pub(crate) scenario: String,
    pub(crate) world: World,
    /// Milliseconds of line since control's start.
    now_ms: u64,
    rate: u32,
    /// Entries by log.
    pub(crate) logs: BTreeMap<&'static str, Vec<Vec<u8>>>,
    chains: BTreeMap<&'static str, (u64, Hash)>,
    /// How far each desk's wall clock is ahead.
    ahead_ms: BTreeMap<&'static str, i64>,
    sent: BTreeMap<Hash, ([u8; 16], String)>,
}

const DESKS: [&str; 2] = ["A", "B"];

impl Play {
    /// STARTEX at ×60 on the headless stage.
    pub(crate) fn of(scenario: &str) -> Self {
        let mut play = Self {
            scenario: scenario.to_owned(),
            world: signers::world(),
            now_ms: 0,
            rate: 60_000,
            logs: say::LINE_LOGS.map(|log| (log, Vec::new())).into(),
            chains: BTreeMap::new(),
            ahead_ms: BTreeMap::new(),
            sent: BTreeMap::new(),
        };
        let startex = play.startex();
        play.record(Kind::Startex(Box::new(startex)));
        for desk in DESKS {
            play.look(desk, Seen::default());
        }
        play
    }

    /// The shipped S1.
    pub(crate) fn s1() -> Self {
        Self::of(crate::scenario::shipped::by_id("S1").unwrap().text)
    }

    /// What stands at STARTEX.
    pub(crate) fn startex(&self) -> Startex {
        let desk = |name: &str| DeskWord {
            backup: None,
            side: name.to_owned(),
            identity: self.desk(name).identity.clone(),
            log: format!("desk-{name}"),
        };
        let codebook = crate::codebook::shipped::starter().unwrap();
        let processes = ["relay north", "relay south", "desk A", "desk B"].into_iter();
        let process = |who: &str| ProcessWord {
            who: who.to_owned(),
            version: "1".to_owned(),
        };
        Startex {
            scenario: "S1".into(),
            variant: None,
            scenario_sha256: Hash::of(self.scenario.as_bytes()).to_string(),
            codebook: "starter/1".into(),
            codebook_sha256: codebook.sha256().to_string(),
            stage: "headless".into(),
            seed: 1,
            rate: self.rate,
            release: 2,
            processes: processes.map(process).collect(),
            seats: BTreeMap::new(),
            desks: DESKS
                .iter()
                .map(|name| ((*name).to_owned(), desk(name)))
                .collect(),
        }
    }

    /// From now on it is `ms` milliseconds of line since control's start.
    pub(crate) fn at(&mut self, ms: u64) -> &mut Self {
        self.now_ms = ms;
        self
    }

    /// From now on a desk's wall clock is so far ahead.
    pub(crate) fn set_clock(&mut self, desk: &'static str, ahead_ms: i64) -> &mut Self {
        self.ahead_ms.insert(desk, ahead_ms);
        self
    }

    /// Control's wall clock now.
    pub(crate) fn wall(&self) -> u64 {
        BEGAN + self.now_ms
    }

    fn desk_wall(&self, desk: &str) -> u64 {
        let ahead = self.ahead_ms.get(desk).copied().unwrap_or(0);
        self.wall().checked_add_signed(ahead).unwrap()
    }

    /// Control writes something down.
    pub(crate) fn record(&mut self, kind: Kind) -> &mut Self {
        let running = match kind {
            Kind::Endex { .. } => Running::Ended,
            _ => Running::Running(Rate::from_thousandths(self.rate).unwrap()),
        };
        let story = self.now_ms * u64::from(self.rate) / 1_000;
        let stamp = Stamp {
            wall: WallTime::from_unix_ms(self.wall()),
            line: LineTime::from_start(Duration::from_millis(self.now_ms)),
            story: StoryTime::from_startex(Duration::from_millis(story)),
        };
        self.write_record(&Record { stamp, running, kind })
    }

    /// Control writes down a record with times of its own.
    pub(crate) fn write_record(&mut self, record: &Record) -> &mut Self {
        let signer = &self.world.conductor;
        let entries = self.logs.entry("excon").or_default();
        let blank = Control {
            id: id_of(entries.len() as u64, 0xee),
            exercise: EXERCISE.into(),
            conductor: signer.identity.clone(),
            key_statement: signer.key_statement,
            sequence: entries.len() as u64 + 1,
            previous: entries.last().map_or(Hash::ZERO, |entry| Hash::of(entry)),
            wall_ms: 0,
            line_ms: 0,
            story_ms: 0,
            running: 1,
            rate: 0,
            kind: 1,
            subject: String::new(),
            detail: String::new(),
            order: Vec::new(),
        };
        let control = signed::control_of(record, blank).unwrap();
        entries.push(signer.sign(PayloadType::Control, &control.encode()));
        self
    }

    /// Control looks at a desk and is told its clock, in a round trip of 2 ms.
    pub(crate) fn look(&mut self, desk: &str, seen: Seen) -> &mut Self {
        let wall_ms = Some((self.desk_wall(desk) - 1, 1));
        self.record(Kind::Observed {
            desk: desk.to_owned(),
            seen: Box::new(Seen { wall_ms, ..seen }),
        })
    }

    /// Control looks at both desks, which show what they showed.
    pub(crate) fn looks(&mut self) -> &mut Self {
        for desk in DESKS {
            self.look(desk, Seen::default());
        }
        self
    }

    /// An inject is delivered.
    pub(crate) fn inject(&mut self, serial: &str) -> &mut Self {
        self.record(Kind::Inject {
            serial: serial.to_owned(),
            status: crate::record::InjectStatus::Delivered,
            what: String::new(),
        })
    }

    /// A message has a name.
    pub(crate) fn name(&mut self, alias: &str, message: Hash) -> &mut Self {
        self.record(Kind::Named {
            alias: alias.to_owned(),
            message: message.to_string(),
        })
    }

    /// ENDEX.
    pub(crate) fn endex(&mut self) -> &mut Self {
        self.record(Kind::Endex { why: "DONE".into() })
    }

    /// With what control signs, for a log that it writes itself.
    #[cfg(feature = "live")]
    pub(crate) fn keys(&self) -> crate::log::Keys {
        // No two records of a log have one id, whoever opens it.
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        crate::log::Keys {
            identity: self.world.conductor.identity.parse().unwrap(),
            exercise: EXERCISE.into(),
            statement: self.world.conductor.key(),
            log: self.world.control_log.key(),
            rosters: self.world.trust().rosters().clone(),
            entropy: Box::new(move |buffer| {
                let next = NEXT
                    .fetch_add(1, std::sync::atomic::Ordering::Relaxed)
                    .to_be_bytes();
                for (byte, random) in buffer.iter_mut().zip(next.iter().cycle()) {
                    *byte = *random;
                }
            }),
        }
    }

    /// The logs as they would be exported.
    pub(crate) fn exported(&self) -> BTreeMap<String, Log> {
        let logs = self.logs.iter();
        logs.map(|(name, entries)| ((*name).to_owned(), self.world.log(name, entries.clone())))
            .collect()
    }

    pub(crate) fn evidence(&self) -> Evidence {
        Evidence::of(&self.scenario, STARTER, self.world.trust(), self.exported()).unwrap()
    }

    pub(crate) fn timeline(&self) -> Timeline {
        Timeline::load(&self.evidence()).unwrap()
    }
}

fn id_of(number: u64, salt: u8) -> [u8; 16] {
    let mut id = [salt; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    id
}
