//! From the entries of all logs to one timeline.

use std::collections::{BTreeMap, BTreeSet};

use hotline_audit::{
    Hash, PayloadType, SignedStatement,
    check::is_relays_leaf,
    statement::{Control, Payload},
};
use hotline_core::{duty::ServiceKind, release::ReleaseRule};

use crate::{
    bundle::{EXCON, Evidence, VerifiedLog},
    dispute,
    record::{Kind, Record, Startex},
    scenario::mark::Alias,
    signed,
};

use super::{
    ControlClock, Entry, Moment, Offset, Offsets, Place, Timeline, TimelineError, UNKNOWN_MS, What, climbs,
    clock::steady, what::Reading,
};

/// STARTEX's number for an exercise in which one officer releases everything.
const ONE_OFFICER: u8 = 1;

/// A statement before its time is known.
pub(super) struct Found {
    pub(super) sha256: Hash,
    pub(super) places: Vec<Place>,
    pub(super) who: String,
    pub(super) claimed_ms: u64,
    /// Epoch and sequence in its sender's chain; for control its leaf.
    pub(super) order: (u64, u64),
    pub(super) what: What,
}

impl Timeline {
    /// The timeline of an exercise.
    ///
    /// # Errors
    /// [`TimelineError`]: control's log does not begin with STARTEX, or holds what is no record.
    pub fn load(evidence: &Evidence) -> Result<Self, TimelineError> {
        let mut gathered = Gathered::default();
        let mut reading = Reading {
            book: &evidence.codebook,
            rosters: evidence.trust.rosters(),
            rule: ReleaseRule::ByPrecedence,
            openings: &evidence.openings,
            opening: None,
        };
        // Control's log first: STARTEX says how many officers release.
        let (control, others): (Vec<_>, Vec<_>) = evidence.logs.values().partition(|log| log.name == EXCON);
        for log in control {
            gathered.take(log, reading)?;
        }
        if gathered.startex()?.release == ONE_OFFICER {
            reading.rule = ReleaseRule::SingleOfficer;
        }
        // What stands in no other log than that of an identity that has ended is no evidence: it comes last.
        let (ended, others): (Vec<_>, Vec<_>) = others.into_iter().partition(|log| log.ended);
        for log in others.into_iter().chain(ended) {
            gathered.take(log, reading)?;
        }
        let mut timeline = gathered.assemble(evidence)?;
        timeline.ruling = dispute::rule(evidence, &timeline);
        Ok(timeline)
    }
}

/// Every statement of all logs, each once.
#[derive(Default)]
pub(super) struct Gathered {
    by_hash: BTreeMap<Hash, Found>,
    exercises: BTreeSet<String>,
}

impl Gathered {
    /// Takes what a log holds, without the entries that its verification names.
    fn take(&mut self, log: &VerifiedLog, reading: Reading<'_>) -> Result<(), TimelineError> {
        for (leaf, entry) in (0..).zip(&log.log.entries) {
            if !log.is_sound(leaf) {
                continue;
            }
            let place = Place {
                log: log.name.clone(),
                leaf,
            };
            let hash = Hash::of(entry);
            if let Some(known) = self.by_hash.get_mut(&hash) {
                known.places.push(place);
                continue;
            }
            if log.ended {
                continue;
            }
            if let Some(found) = self.read(hash, entry, place, reading)? {
                self.by_hash.insert(hash, found);
            }
        }
        Ok(())
    }

    fn read(
        &mut self,
        sha256: Hash,
        entry: &[u8],
        place: Place,
        reading: Reading<'_>,
    ) -> Result<Option<Found>, TimelineError> {
        let Ok(statement) = SignedStatement::parse(entry) else {
            return Ok(None);
        };
        if statement.payload_type == PayloadType::Control {
            // What another copy of control's log holds beyond it is for the comparison of the two.
            if place.log != EXCON {
                return Ok(None);
            }
            return self.control(sha256, &statement, place).transpose();
        }
        // What relays append by themselves is no part of what happened.
        if is_relays_leaf(statement.payload_type) {
            return Ok(None);
        }
        let Ok(payload) = Payload::parse(&statement) else {
            return Ok(other(sha256, statement.payload_type, place));
        };
        let Ok(what) = What::of(&payload, reading.of(&sha256)) else {
            return Ok(other(sha256, statement.payload_type, place));
        };
        let header = payload.header();
        self.exercises.insert(header.exercise.clone());
        Ok(Some(Found {
            sha256,
            places: vec![place],
            who: header.sender.clone(),
            claimed_ms: header.claimed_time_ms,
            order: (header.epoch, header.sequence),
            what,
        }))
    }

    /// What control wrote down; `None` for what a log that verifies cannot hold.
    fn control(
        &mut self,
        sha256: Hash,
        statement: &SignedStatement,
        place: Place,
    ) -> Option<Result<Found, TimelineError>> {
        let said = Control::decode(&statement.payload).ok()?;
        self.exercises.insert(said.exercise.clone());
        let leaf = place.leaf;
        let record = signed::record_of(&said).map_err(|why| TimelineError::NotARecord { leaf, why });
        Some(record.map(|record| Found {
            sha256,
            places: vec![place],
            who: said.conductor.clone(),
            claimed_ms: said.wall_ms,
            order: (0, leaf),
            what: What::Control(Box::new(record)),
        }))
    }

    fn startex(&self) -> Result<Startex, TimelineError> {
        startex(&records(&self.by_hash)).cloned()
    }

    pub(super) fn assemble(self, evidence: &Evidence) -> Result<Timeline, TimelineError> {
        let Self { by_hash, exercises } = self;
        let records = records(&by_hash);
        let startex = startex(&records)?.clone();
        let clock = ControlClock::of(&records);
        let offsets = offsets(&records);
        let aliases = aliases(&records);
        let times = Times::new(&startex, &clock, &offsets, &by_hash);
        let mut entries: Vec<Entry> = by_hash
            .values()
            .map(|found| Entry {
                sha256: found.sha256,
                places: found.places.clone(),
                who: found.who.clone(),
                claimed_ms: found.claimed_ms,
                at: times.of(found),
                what: found.what.clone(),
            })
            .collect();
        entries.sort_by(|one, other| (one.at.wall_ms, &one.places).cmp(&(other.at.wall_ms, &other.places)));
        let mut exercises = exercises.into_iter();
        let exercise = match (exercises.next(), exercises.next()) {
            (Some(one), None) => one,
            _ => String::new(),
        };
        let mut timeline = Timeline {
            startex,
            entries,
            messages: BTreeMap::new(),
            climbs: BTreeMap::new(),
            foreign: Vec::new(),
            aliases,
            clock,
            offsets,
            logs: evidence.logs.values().map(VerifiedLog::fact).collect(),
            pairs: evidence.pairs.clone(),
            witnessing: evidence.witnessing(),
            counted: evidence.counted(),
            ruling: None,
            exercise,
            scenario_sha256: Hash::of(evidence.scenario.source.text.as_bytes()),
            codebook_sha256: evidence.codebook.sha256(),
        };
        climbs::fill(&mut timeline);
        Ok(timeline)
    }
}

/// A statement that is nobody's of the line: it has no time of its own.
fn other(sha256: Hash, kind: PayloadType, place: Place) -> Option<Found> {
    Some(Found {
        sha256,
        places: vec![place],
        who: String::new(),
        claimed_ms: 0,
        order: (0, 0),
        what: What::Other(kind),
    })
}

/// What stood at STARTEX: control's first record.
fn startex<'r>(records: &[&'r Record]) -> Result<&'r Startex, TimelineError> {
    match records.first().map(|record| &record.kind) {
        Some(Kind::Startex(startex)) => Ok(startex),
        Some(_) | None => Err(TimelineError::NoStartex),
    }
}

/// Records in the order of control's log.
fn records(found: &BTreeMap<Hash, Found>) -> Vec<&Record> {
    let mut records: Vec<(u64, &Record)> = found
        .values()
        .filter_map(|found| match &found.what {
            What::Control(record) => Some((found.order.1, &**record)),
            _ => None,
        })
        .collect();
    records.sort_by_key(|(leaf, _)| *leaf);
    records.into_iter().map(|(_, record)| record).collect()
}

fn offsets(records: &[&Record]) -> BTreeMap<String, Offsets> {
    let mut offsets: BTreeMap<String, Offsets> = BTreeMap::new();
    for (record, wall_ms) in records.iter().zip(steady(records)) {
        if let Kind::Observed { desk, seen } = &record.kind
            && let Some((desk_ms, half)) = seen.wall_ms
        {
            let look = Offset::seen(wall_ms, desk_ms, half);
            offsets.entry(desk.clone()).or_default().push(look);
        }
    }
    offsets
}

/// The first name that control wrote down counts.
fn aliases(records: &[&Record]) -> BTreeMap<Alias, Hash> {
    let mut aliases = BTreeMap::new();
    for record in records {
        if let Kind::Named { alias, message } = &record.kind
            && let (Ok(alias), Ok(hash)) = (alias.parse::<Alias>(), message.parse::<Hash>())
        {
            aliases.entry(alias).or_insert(hash);
        }
    }
    aliases
}

/// Brings what signers claim to control's clocks.
struct Times<'t> {
    startex: &'t Startex,
    clock: &'t ControlClock,
    offsets: &'t BTreeMap<String, Offsets>,
    /// Control's wall clock at each of its records, by leaf.
    walls: BTreeMap<u64, u64>,
    /// Places in each desk's chain at which its clock had jumped.
    steps: BTreeMap<&'t str, Vec<(u64, u64)>>,
}

impl<'t> Times<'t> {
    fn new(
        startex: &'t Startex,
        clock: &'t ControlClock,
        offsets: &'t BTreeMap<String, Offsets>,
        found: &'t BTreeMap<Hash, Found>,
    ) -> Self {
        let mut steps: BTreeMap<&str, Vec<(u64, u64)>> = BTreeMap::new();
        for found in found.values() {
            if let What::Service(service) = &found.what
                && service.kind == ServiceKind::ClockStep
            {
                steps.entry(found.who.as_str()).or_default().push(found.order);
            }
        }
        let leaves = found.values().filter_map(|found| match &found.what {
            What::Control(_) => Some(found.order.1),
            _ => None,
        });
        let mut leaves: Vec<u64> = leaves.collect();
        leaves.sort_unstable();
        let walls = leaves.into_iter().zip(steady(&records(found))).collect();
        steps.values_mut().for_each(|places| places.sort_unstable());
        Self {
            startex,
            clock,
            offsets,
            walls,
            steps,
        }
    }

    fn of(&self, found: &Found) -> Moment {
        if let What::Control(record) = &found.what {
            let off = match &record.kind {
                Kind::Observed { seen, .. } => seen.wall_ms.map_or(0, |(_, half)| u64::from(half)),
                _ => 0,
            };
            let wall_ms = self.walls.get(&found.order.1).copied();
            return ControlClock::of_record(record, wall_ms.unwrap_or(found.claimed_ms), off);
        }
        let control = self.offsets_of(&found.who).and_then(|offsets| {
            let steps = self.steps.get(found.who.as_str()).map_or(&[][..], Vec::as_slice);
            let before = steps.partition_point(|step| *step <= found.order);
            offsets.to_control(found.claimed_ms, before, steps.len())
        });
        let (wall_ms, off) = control.unwrap_or((found.claimed_ms, UNKNOWN_MS));
        self.clock.moment(wall_ms, off)
    }

    fn offsets_of(&self, identity: &str) -> Option<&Offsets> {
        let (name, _) = self.startex.desks.iter().find(|(_, desk)| desk.is(identity))?;
        self.offsets.get(name)
    }
}
