//! The conductor: control's own process. It asks the plan what is due, writes it down, does it, and writes down what it
//! sees; and nothing is done before the record that says so is on disk.

mod afar;
mod carry;
mod duress;
mod ends;
mod hear;
mod leap;
pub mod obey;
mod observe;
mod rejoin;
mod resume;
mod said;
pub mod seats;
mod shown;
mod stand;
#[cfg(test)]
mod tests;
mod turns;
mod waking;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hotline_audit::Hash;
use hotline_client::{request::Request, story::StoryFacts};
use hotline_core::{
    id::Hash32,
    plant,
    story::Told,
    time::{LineTime, StoryTime, WallTime},
};
use hotline_transport::Seams;
use tokio::time::Instant;

use self::{
    leap::Pending,
    obey::{Hand, Next},
    observe::Watched,
    said::Said,
    shown::Shows,
    turns::Turns,
};
use super::{scene::Scene, stage::StageError, words::ToPlayer};
use crate::{
    codebook::Codebook,
    log::{ExconLog, LogError},
    plan::{FoldError, OFFERED_APART, Plan},
    record::{InjectStatus, Kind, Stamp, Startex, running_codes},
    scenario::{mark::Serial, msel::Until},
    signed::annexes,
};

/// How often the conductor looks at the plan and at every desk. A quarter of a second: a label that changes is written down
/// within it.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How often a running exercise says so. A second of line: after a crash no more than that of the story is told twice.
const TICK_EVERY: Duration = Duration::from_secs(1);
/// Looks at ENDEX until everything that desks told is written down. 128 looks hold 4,096 alarms of each desk, however long they are.
const LAST_LOOKS: u32 = 128;
/// For how long nothing may happen before an exercise counts as done. A second of line: many times what a message takes.
const QUIET_FOR: Duration = Duration::from_secs(1);

/// Why an exercise could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ConductError {
    /// The record of control could not be kept: nothing is done that is not written down.
    #[error("the log of control")]
    Log(#[from] LogError),
    /// The records make no sense together: a fault of this program.
    #[error("the records of control")]
    Fold(#[from] FoldError),
    /// The stage.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// There are no records to go on from.
    #[error("the exercise has not begun")]
    NotBegun,
    /// It has ended.
    #[error("the exercise ended at {0}")]
    Over(StoryTime),
    /// A backup identity was in use: its stage is not the one that was made.
    #[error("inject {0} had a backup identity used, and an exercise is not gone on with behind that")]
    BehindBackup(Serial),
    /// Somebody interrupted it.
    #[error("the exercise was interrupted at {0}")]
    Interrupted(StoryTime),
}

/// A fault in force.
struct InForce {
    name: String,
    since: Stamp,
    until: Until,
}

/// Control's own process, on a stage of whatever kind.
pub struct Conductor<S> {
    plan: Plan,
    stage: S,
    log: ExconLog,
    codebook: Codebook,
    seams: Seams,
    interrupted: Arc<AtomicBool>,
    /// Line time of this process at its beginning.
    zero: LineTime,
    /// Line time of the exercise at that moment: control may have been started again.
    before: Duration,
    told: Told,
    faults: Vec<InForce>,
    /// Deeds that wait for their time, by seat.
    waiting: BTreeMap<String, Pending>,
    /// Messages that came in, and how often each desk showed them as new.
    shows: Shows,
    watched: BTreeMap<String, Watched>,
    /// Desks whose people joined and that were not heard since control had stopped.
    unheard: BTreeSet<String>,
    /// When anything happened last.
    stirred: LineTime,
    ticked: LineTime,
    looked: LineTime,
    offered: LineTime,
    /// Controllers, if any run this exercise by hand.
    hand: Option<Hand>,
    /// How much of what people say was written down.
    said: Said,
    /// What security officers told and is written down.
    alarms: duress::Alarms,
    /// Seats and desks that came and went.
    turns: Turns,
}

/// What became of an exercise.
#[derive(Debug)]
pub struct Played {
    /// Why it ended: `DONE`, `DURATION`.
    pub why: &'static str,
    /// When, on the story's clock.
    pub story: StoryTime,
    /// How long it took on the line.
    pub line: Duration,
}

impl<S: Scene> Conductor<S> {
    /// A conductor of a stage that is open.
    #[must_use]
    pub fn new(
        plan: Plan,
        stage: S,
        log: ExconLog,
        codebook: Codebook,
        seams: Seams,
        interrupted: Arc<AtomicBool>,
    ) -> Self {
        let zero = seams.clock.line();
        Self {
            plan,
            stage,
            log,
            codebook,
            seams,
            interrupted,
            zero,
            before: Duration::ZERO,
            told: Told::new(),
            faults: Vec::new(),
            waiting: BTreeMap::new(),
            shows: Shows::default(),
            watched: BTreeMap::new(),
            unheard: BTreeSet::new(),
            stirred: LineTime::START,
            ticked: LineTime::START,
            looked: LineTime::START,
            offered: LineTime::START,
            hand: None,
            said: Said::default(),
            alarms: duress::Alarms::default(),
            turns: Turns::default(),
        }
    }

    /// Plays from STARTEX to ENDEX; the stage is left open.
    ///
    /// # Errors
    /// [`ConductError`].
    pub async fn play(&mut self, startex: Startex, files: &[(&str, &str)]) -> Result<Played, ConductError> {
        let story = self.note(Kind::Startex(Box::new(startex)))?;
        self.told = Told::of(Hash32(story.0));
        self.note_asleep()?;
        self.first_notes()?;
        self.pause_at_start()?;
        self.hand_out_cards()?;
        self.tell_clock().await?;
        for (file, text) in files {
            self.annex(file, text)?;
        }
        self.look().await?;
        self.run().await
    }

    /// From now to ENDEX.
    async fn run(&mut self) -> Result<Played, ConductError> {
        loop {
            if let Some(why) = self.step().await? {
                return self.end(why).await;
            }
            if self.is_interrupted() {
                return Err(ConductError::Interrupted(self.story()));
            }
            let until = self.wake();
            match self.next(until).await {
                Some(Next::Happening(happening)) => self.hear(happening).await?,
                Some(Next::Asked(asked)) => {
                    if let Some(why) = self.asked(asked).await? {
                        return self.end(why).await;
                    }
                }
                None => {}
            }
        }
    }

    /// Ends an exercise that cannot go on, so that its records say so. What was gathered until then is evidence all the same.
    ///
    /// # Errors
    /// If its log takes nothing any more.
    pub fn give_up(&mut self, error: &ConductError) -> Result<(), ConductError> {
        let why = match error {
            ConductError::Interrupted(_) => "INTERRUPTED",
            ConductError::Log(_)
            | ConductError::Fold(_)
            | ConductError::Stage(_)
            | ConductError::NotBegun
            | ConductError::BehindBackup(_)
            | ConductError::Over(_) => "FAILED",
        };
        self.note(Kind::Endex { why: why.into() }).map(drop)
    }

    /// Gives back what is to be closed.
    #[must_use]
    pub fn into_parts(self) -> (Plan, S, ExconLog) {
        (self.plan, self.stage, self.log)
    }

    /// Everything that is due now; why it ends, if it does.
    async fn step(&mut self) -> Result<Option<&'static str>, ConductError> {
        let clock = self.plan.clock();
        for kind in self.plan.to_write(&clock, self.now()) {
            self.note(kind)?;
        }
        for serial in self.plan.due(&clock, self.now()) {
            self.fire(serial).await?;
        }
        // Where controllers run it, they decide about these, and about the end.
        let by_hand = self.hand.as_ref().is_some_and(|hand| hand.decide);
        if !by_hand {
            self.fire_offered().await?;
        }
        self.mend_due()?;
        if self.now().since(self.looked) >= LOOK_EVERY {
            self.look().await?;
        }
        if self.now().since(self.ticked) >= TICK_EVERY {
            self.note(Kind::Tick)?;
            self.ticked = self.now();
        }
        let ended = self.plan.ended(&clock, self.now(), self.idle());
        if ended.is_none() && !by_hand && !self.people_play() {
            self.leap().await?;
        }
        Ok(ended.filter(|_| !by_hand))
    }

    /// Without a person at control its script lets overdue injects come, one by one.
    async fn fire_offered(&mut self) -> Result<(), ConductError> {
        let now = self.now();
        if now.since(self.offered) < OFFERED_APART && !plant::active("offered-come-in-a-burst") {
            return Ok(());
        }
        let first = self.plan.offered(&self.plan.clock(), now).into_iter().next();
        if let Some(serial) = first {
            self.offered = now;
            self.fire(serial).await?;
        }
        Ok(())
    }

    async fn end(&mut self, why: &'static str) -> Result<Played, ConductError> {
        self.hear_the_last().await?;
        for _ in 0..LAST_LOOKS {
            self.look().await?;
            if self.is_interrupted() || !self.watched.values().any(Watched::has_more) {
                break;
            }
        }
        let names: Vec<String> = self.faults.iter().map(|fault| fault.name.clone()).collect();
        for name in names {
            self.mend(&name)?;
        }
        self.note(Kind::Endex { why: why.into() })?;
        self.tell_clock().await?;
        Ok(Played {
            why,
            story: self.story(),
            line: self.now().since(LineTime::START),
        })
    }

    fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Whether a person sits at a desk, or did and may come back.
    fn people_play(&self) -> bool {
        self.hand.as_ref().is_some_and(|hand| !hand.persons.is_empty())
    }

    /// Whether nobody has anything to do. Of people that is never known.
    fn idle(&self) -> bool {
        !self.people_play()
            && self.waiting.values().all(|pending| *pending == Pending::Nothing)
            && self.faults.is_empty()
            && self.watched.values().all(Watched::owes_nothing)
            && self.now().since(self.stirred) >= QUIET_FOR
    }

    /// When to look again, whatever happens.
    fn wake(&self) -> Instant {
        let now = self.now();
        let next = self.plan.next_wake(&self.plan.clock(), now);
        let wait = next.map_or(LOOK_EVERY, |next| next.since(now)).min(LOOK_EVERY);
        Instant::now() + wait
    }

    /// Line time since control's start, in whole milliseconds: as records hold it, so that a plan that is folded from them
    /// stands where this one does.
    fn now(&self) -> LineTime {
        let since = self.before + self.seams.clock.line().since(self.zero);
        LineTime::from_start(Duration::from_millis(
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
        ))
    }

    fn story(&self) -> StoryTime {
        self.plan.clock().at(self.now())
    }

    fn stamp(&self) -> Stamp {
        Stamp {
            wall: self.seams.clock.wall(),
            line: self.now(),
            story: self.story(),
        }
    }

    fn inject(&mut self, serial: Serial, status: InjectStatus, what: String) -> Result<(), ConductError> {
        let serial = serial.to_string();
        self.note(Kind::Inject { serial, status, what }).map(drop)
    }

    /// Writes a record: onto disk first, then into the plan. One that the plan could not take is not written: it would make
    /// the whole log unreadable.
    fn note(&mut self, kind: Kind) -> Result<Hash, ConductError> {
        self.note_at(kind, (self.seams.clock.wall(), self.now()))
    }

    /// The same of a moment that is a little past.
    fn note_at(&mut self, kind: Kind, (wall, line): (WallTime, LineTime)) -> Result<Hash, ConductError> {
        let line = self.plan.last().map_or(line, |last| line.max(last.line));
        let record = self.plan.record(kind, wall, line)?;
        self.plan.admits(&record)?;
        let carried = self.carried(&record.kind);
        let order = carried.as_ref().map(|carried| carried.order.as_slice());
        let order = order.filter(|_| !plant::active("order-not-kept"));
        let hash = self.log.append(&record, order)?;
        self.plan.take(&record)?;
        self.written(&record, hash, carried.as_ref().map(|carried| carried.by.as_str()));
        Ok(hash)
    }

    fn annex(&mut self, file: &str, text: &str) -> Result<(), ConductError> {
        for piece in annexes(file, text) {
            self.note(piece)?;
        }
        Ok(())
    }

    /// Desks and players hear how the clock runs.
    async fn tell_clock(&mut self) -> Result<(), ConductError> {
        let (clock, wall, line) = (self.plan.clock(), self.seams.clock.wall(), self.now());
        self.told.turned(&clock, wall, line);
        let running = running_codes(self.plan.clock().running());
        let story_ms = u64::try_from(self.story().since_startex().as_millis()).unwrap_or(u64::MAX);
        self.stage.tell_all(&ToPlayer::Clock { running, story_ms }).await;
        self.tell_joined(running, story_ms);
        let desks: Vec<String> = self.stage.desks().map(str::to_owned).collect();
        for desk in desks {
            // One that has died is told by what it does not do.
            let _ = self.tell_story(&desk).await;
        }
        Ok(())
    }

    /// A desk hears how the story runs: at each turn of the clock, and when it was started again.
    async fn tell_story(&mut self, desk: &str) -> Result<(), StageError> {
        let (clock, wall, line) = (self.plan.clock(), self.seams.clock.wall(), self.now());
        let word = StoryFacts::of(&self.told.word(&clock, wall, line));
        self.stage.ask(desk, &Request::Story { word }).await
    }
}
