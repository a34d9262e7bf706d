//! Control goes on after it had stopped: a crash, a power cut. Everything that it knew is in its records; everything that
//! desks know they tell again. While it was gone the story stood.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use hotline_client::request::Request;
use hotline_core::{
    id::Hash32,
    story::{Running, StoryClock, Told},
    time::{LineTime, StoryTime, WallTime},
};

use super::{ConductError, Conductor, InForce, Played};
use crate::{
    live::{scene::Scene, words::ToPlayer},
    log::Kept,
    order::{Command, Genuine},
    plan::{Status, Step},
    record::{InjectStatus, Kind, Record, Stamp},
    scenario::{
        lists::{InstitutionVerb, ProcessDeed},
        mark::Serial,
        msel::{Deed, FaultDeed, Inject},
    },
    signed::annexes,
    timeline::clock::ControlClock,
};

/// What control's records say about how things stood when it stopped.
struct Stood {
    records: Vec<Kept>,
    /// Faults in force: what was done, if that can still be said, and since when.
    faults: BTreeMap<String, (Option<FaultDeed>, Stamp)>,
    /// Processes that were not as they were at STARTEX.
    processes: BTreeMap<String, ProcessDeed>,
    /// Seats whose people had left.
    left: BTreeSet<String>,
    /// The record with which each inject was begun, by its number.
    begun: BTreeMap<u64, (Serial, Stamp)>,
}

impl<S: Scene> Conductor<S> {
    /// Goes on with an exercise whose control had stopped, until ENDEX; the stage is left open. Everything on it runs anew.
    ///
    /// # Errors
    /// [`ConductError`]; [`ConductError::NotBegun`] and [`ConductError::Over`] if there is nothing to go on with.
    pub async fn resume(&mut self, files: &[(&str, &str)]) -> Result<Played, ConductError> {
        let stood = self.read_again()?;
        let mut found = vec![format!(
            "control was away for {} s; all its processes were started again",
            self.now().since(last(&stood.records).line).as_secs()
        )];
        let joined = self.joined_seats().into_iter().filter(|seat| self.is_away(seat));
        found.extend(joined.map(|seat| format!("seat {seat} is away until it calls")));
        let begun: Vec<Serial> = self.begun();
        found.extend(begun.iter().map(|serial| format!("inject {serial} is unknown")));
        found.extend(stood.faults.keys().map(|name| format!("fault {name} goes on")));
        found.extend(
            stood
                .processes
                .iter()
                .map(|(who, deed)| format!("{who}: {} as before", deed.name())),
        );
        let now = (self.seams.clock.wall(), self.now());
        self.note_at(Kind::Resumed { found }, now)?;
        // At the same moment of all clocks: not a millisecond of the story passes before somebody wants it to.
        self.stand_still(now)?;
        self.are_away(&stood.left)?;
        for serial in begun {
            let what = "control stopped in the middle of it".to_owned();
            self.inject(serial, InjectStatus::Unknown, what)?;
        }
        self.note_the_rest(&stood.records)?;
        self.annex_the_rest(&stood.records, files)?;
        self.put_back(&stood).await?;
        self.hear_again(&stood.records).await;
        self.tell_phrases_again().await;
        self.say_again().await;
        self.tell_seats_again(&stood.begun);
        self.tell_clock().await?;
        self.look().await?;
        self.run().await
    }

    /// Plan, clocks, and what orders are about, from the records.
    fn read_again(&mut self) -> Result<Stood, ConductError> {
        let records = self.log.records()?;
        let first = records.first().ok_or(ConductError::NotBegun)?;
        self.told = Told::of(Hash32(first.hash.0));
        let mut stood = Stood {
            faults: BTreeMap::new(),
            processes: BTreeMap::new(),
            left: BTreeSet::new(),
            begun: BTreeMap::new(),
            records: Vec::new(),
        };
        for kept in &records {
            self.plan.take(&kept.record)?;
            self.take_again(kept, &mut stood);
        }
        let stopped = last(&records);
        if self.plan.clock().running() == Running::Ended {
            return Err(ConductError::Over(stopped.story));
        }
        self.no_backup_in_use()?;
        self.goes_on_from(stopped);
        stood.records = records;
        Ok(stood)
    }

    fn take_again(&mut self, kept: &Kept, stood: &mut Stood) {
        let Record { stamp, kind, .. } = &kept.record;
        let genuine = self.order_of(kept);
        let by = genuine.as_ref().map(|genuine| genuine.controller.clone());
        self.written(&kept.record, kept.hash, by.as_deref());
        match kind {
            Kind::Startex(_) | Kind::Clock { .. } | Kind::Resumed { .. } => {
                let clock = self.plan.clock();
                self.told.turned(&clock, stamp.wall, stamp.line);
            }
            Kind::Fault { name, on: true, .. } => {
                let deed = self.fault_of(name, genuine.as_ref());
                stood.faults.insert(name.clone(), (deed, *stamp));
            }
            Kind::Fault { name, on: false, .. } => drop(stood.faults.remove(name)),
            Kind::Process { who, deed } => match deed.as_str() {
                "KILL" => drop(stood.processes.insert(who.clone(), ProcessDeed::Kill)),
                "PAUSE" => drop(stood.processes.insert(who.clone(), ProcessDeed::Pause)),
                _ => drop(stood.processes.remove(who)),
            },
            Kind::Inject {
                serial,
                status: InjectStatus::Firing,
                ..
            } => {
                let record = self.hand.as_ref().map_or(0, |hand| hand.records);
                if let Ok(serial) = serial.parse() {
                    stood.begun.insert(record, (serial, *stamp));
                }
            }
            Kind::Seat { seat, what } => match what.as_str() {
                "LEFT" => drop(stood.left.insert(seat.clone())),
                _ => drop(stood.left.remove(seat)),
            },
            Kind::Duress {
                officer,
                what,
                noted_ms,
                ..
            } => {
                self.alarms.take(officer, what, *noted_ms);
            }
            Kind::Observed { desk, seen } => {
                for message in &seen.shown {
                    self.shows.stands_in_a_record(desk, message);
                }
            }
            _ => {}
        }
    }

    /// The controller's order that a record carries out, if it does and controllers are still known.
    fn order_of(&self, kept: &Kept) -> Option<Genuine> {
        let authority = &self.hand.as_ref()?.authority;
        let signed = !kept.order.is_empty();
        signed.then_some(())?;
        Genuine::of(kept.order.clone(), authority, kept.record.stamp.wall.unix_ms()).ok()
    }

    /// The fault that goes by this name: an inject's, or one that a controller ordered.
    fn fault_of(&self, name: &str, genuine: Option<&Genuine>) -> Option<FaultDeed> {
        let step = name.parse().ok().and_then(|serial| self.plan.step(serial));
        if let Some(Deed::Fault(deed)) = step.map(|step| &step.inject.deed) {
            return Some(deed.clone());
        }
        match &genuine?.command {
            Command::Fault(word) => word.deed().ok(),
            _ => None,
        }
    }

    /// Desks that went over to their backups would be started under the identities that have ended.
    fn no_backup_in_use(&self) -> Result<(), ConductError> {
        let used = |step: &&Step| {
            let done = !matches!(step.status(), Status::Pending | Status::Skipped);
            done && matches!(&step.inject.deed, Deed::Institution(act) if act.verb == InstitutionVerb::UseBackup)
        };
        match self.plan.steps().find(used) {
            Some(step) => Err(ConductError::BehindBackup(step.inject.serial)),
            None => Ok(()),
        }
    }

    /// The line goes on by the wall clock, the story where it stood.
    fn goes_on_from(&mut self, stopped: Stamp) {
        let wall = self.seams.clock.wall();
        let away = wall.unix_ms().saturating_sub(stopped.wall.unix_ms());
        self.zero = self.seams.clock.line();
        self.before = stopped.line.since_start() + Duration::from_millis(away);
        if let Running::Running(rate) = self.plan.clock().running() {
            let stood = StoryClock::copy(Running::Paused(rate), stopped.line, stopped.story);
            self.told.turned(&stood, stopped.wall, stopped.line);
        }
        let now = self.now();
        (self.stirred, self.ticked, self.looked, self.offered) = (now, now, now, now);
    }

    /// Injects that were being done, and of which nobody can say any more whether they were.
    fn begun(&self) -> Vec<Serial> {
        let steps = self.plan.steps();
        let begun = steps.filter(|step| step.status() == Status::Firing);
        let lost = begun.filter(|step| self.script_that_sends(&step.inject).is_none());
        lost.map(|step| step.inject.serial).collect()
    }

    /// The scripted seat that sends an inject's message: its desk knows what of it was sent.
    fn script_that_sends(&self, inject: &Inject) -> Option<String> {
        let Deed::Message { desk, .. } = &inject.deed else {
            return None;
        };
        self.seat_at(desk).ok().filter(|seat| self.stage.plays(seat))
    }

    /// Pieces of files that were not written down yet.
    fn annex_the_rest(&mut self, records: &[Kept], files: &[(&str, &str)]) -> Result<(), ConductError> {
        for (file, text) in files {
            for piece in annexes(file, text) {
                if !records.iter().any(|kept| kept.record.kind == piece) {
                    self.note(piece)?;
                }
            }
        }
        Ok(())
    }

    /// Everything on the stage runs as at STARTEX: what was done to it since is done again.
    async fn put_back(&mut self, stood: &Stood) -> Result<(), ConductError> {
        for (who, deed) in &stood.processes {
            self.stage.process(*deed, who).await?;
        }
        for (who, offset_ms) in self.clocks_set() {
            // A desk whose process was ended has no clock.
            let _ = self.stage.ask(&who, &Request::Clock { offset_ms }).await;
        }
        for (name, (deed, since)) in &stood.faults {
            match deed {
                Some(deed) => {
                    self.stage.fault(name, deed)?;
                    self.faults.push(InForce {
                        name: name.clone(),
                        since: *since,
                        until: deed.until.clone(),
                    });
                }
                None => {
                    let (name, on) = (name.clone(), false);
                    let (fault, links) = (String::new(), Vec::new());
                    self.note(Kind::Fault {
                        name,
                        on,
                        fault,
                        links,
                    })?;
                }
            }
        }
        Ok(())
    }

    /// The wrong time of each desk whose clock an inject has set.
    fn clocks_set(&self) -> BTreeMap<String, i64> {
        let done = self
            .plan
            .steps()
            .filter(|step| step.status() == Status::Delivered);
        let set = done.filter_map(|step| match &step.inject.deed {
            Deed::Clock { who, back, by } => {
                let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
                Some((who.to_string(), if *back { -by } else { by }))
            }
            _ => None,
        });
        set.collect()
    }

    /// What desks tell again counts from when it was.
    async fn hear_again(&mut self, records: &[Kept]) {
        let records: Vec<&Record> = records.iter().map(|kept| &kept.record).collect();
        let clock = ControlClock::of(&records);
        let ours = |desk: &&str| !self.unheard.contains(*desk);
        let desks: Vec<String> = self.stage.desks().filter(ours).map(str::to_owned).collect();
        for desk in desks {
            match self.stage.list(&desk).await {
                Ok(messages) => {
                    for message in messages {
                        self.message_at(&desk, &message, |at_ms| stamp(&clock, at_ms));
                    }
                }
                // It is asked again at every look until it answers.
                Err(_) => drop(self.unheard.insert(desk)),
            }
        }
    }

    /// Players hear again what they may not have heard. What they have heard they do not hear twice.
    pub(super) async fn say_again(&mut self) {
        let plan = &self.plan;
        let mut words: Vec<(Option<String>, ToPlayer)> = Vec::new();
        for (alias, message) in plan.names() {
            let (alias, message) = (alias.to_string(), message.to_owned());
            words.push((None, ToPlayer::Named { alias, message }));
        }
        for step in plan.steps().filter(|step| step.status() == Status::Delivered) {
            let serial = step.inject.serial.to_string();
            if matches!(step.inject.deed, Deed::News { .. } | Deed::Order { .. }) {
                words.extend(step.inject.to.iter().map(|seat| {
                    let serial = serial.clone();
                    (Some(seat.to_string()), ToPlayer::Inject { serial })
                }));
            }
            let mark = format!("inject {serial}");
            if step.inject.deed.is_told() {
                words.push((None, ToPlayer::Mark { mark }));
            }
        }
        for step in plan.steps().filter(|step| step.status() == Status::Firing) {
            if let Some(seat) = self.script_that_sends(&step.inject) {
                let (serial, again) = (step.inject.serial.to_string(), true);
                words.push((Some(seat), ToPlayer::Send { serial, again }));
            }
        }
        for (seat, words) in words {
            match seat {
                // A person reads what was delivered in the seat's file.
                Some(seat) if !self.stage.plays(&seat) => {}
                Some(seat) => drop(self.stage.tell(&seat, &words).await),
                None => self.stage.tell_all(&words).await,
            }
        }
    }
}

fn last(records: &[Kept]) -> Stamp {
    let start = Stamp {
        wall: WallTime::from_unix_ms(0),
        line: LineTime::START,
        story: StoryTime::STARTEX,
    };
    records.last().map_or(start, |kept| kept.record.stamp)
}

/// A moment of control's wall clock on its other clocks.
pub(super) fn stamp(clock: &ControlClock, at_ms: u64) -> Option<Stamp> {
    let moment = clock.moment(at_ms, 0);
    Some(Stamp {
        wall: WallTime::from_unix_ms(at_ms),
        line: LineTime::from_start(Duration::from_millis(moment.line_ms?)),
        story: StoryTime::from_startex(Duration::from_millis(moment.story_ms?)),
    })
}
