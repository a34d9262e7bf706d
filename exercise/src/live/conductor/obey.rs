//! What the conductor does when a controller orders it: proven, judged, written down with the order inside, then done.

use std::{collections::BTreeMap, time::Duration};

use hotline_audit::Hash;
use hotline_core::{
    story::Running,
    time::{LineTime, WallTime},
};
use tokio::time::Instant;

use super::{ConductError, Conductor, seats::Told};
use crate::{
    live::{
        attend::{Attendance, Turn},
        door::{Answer, Asked, Door, Reply},
        scene::Scene,
        stage::Happening,
    },
    order::{Authority, Becomes, Genuine, Heads, RecordStands, Refusal, judge},
    record::{InjectStatus, Kind, Record, TurnWord},
    scenario::msel::FaultDeed,
};

/// How often an order that no controller signed is written down, at most. A second of line: whoever knocks all the time
/// does not fill control's log.
const STRANGERS_APART: Duration = Duration::from_secs(1);
/// Longest part of a reason that a stranger's order is written down with, in characters.
const STRANGER_CHARS: usize = 400;
/// Kind of a record of a refused order.
const REFUSED: u32 = 11;

/// An exercise that controllers run by hand.
#[derive(Debug)]
pub struct Controlled {
    /// Where they are heard.
    pub door: Door,
    /// Who they are.
    pub authority: Authority,
    /// The story stands from STARTEX on, or where the exercise goes on, until somebody resumes it.
    pub start_paused: bool,
    /// Seats where a person sits, and how each is told its injects.
    pub persons: BTreeMap<String, Told>,
    /// What is written down behind STARTEX.
    pub notes: Vec<String>,
    /// Who joined control.
    pub attendance: Attendance,
    /// What needs approval or is overdue waits for controllers, and they end it. Without that they may order all the same,
    /// and it runs by its plan.
    pub decide: bool,
}

/// Controllers, as the conductor has them.
pub(super) struct Hand {
    door: Door,
    pub(super) authority: Authority,
    start_paused: bool,
    pub(super) persons: BTreeMap<String, Told>,
    pub(super) notes: Vec<String>,
    attendance: Attendance,
    pub(super) decide: bool,
    pub(super) heads: Heads,
    /// Records that were written.
    pub(super) records: u64,
    /// The newest of them.
    newest: Option<RecordStands>,
    /// The order that goes into the next record of a kind.
    carrying: Option<Carrying>,
    /// Who ordered the end, and waits for it.
    ending: Option<Reply>,
    /// Whether what came last was a question.
    has_asked: bool,
    /// When an order that no controller signed was written down last.
    stranger: Option<LineTime>,
}

/// An order on its way into its record.
pub(super) struct Carrying {
    kind: u32,
    pub(super) order: Vec<u8>,
    pub(super) by: String,
}

/// What comes next.
pub(super) enum Next {
    /// On the stage.
    Happening(Happening),
    /// From a controller.
    Asked(Asked),
}

impl<S: Scene> Conductor<S> {
    /// Puts controllers in charge: what needs approval or is overdue waits for them, and they end the exercise.
    #[must_use]
    pub fn controlled(mut self, controlled: Controlled) -> Self {
        let Controlled {
            door,
            authority,
            start_paused,
            persons,
            notes,
            attendance,
            decide,
        } = controlled;
        self.hand = Some(Hand {
            door,
            authority,
            start_paused,
            persons,
            notes,
            attendance,
            decide,
            heads: Heads::default(),
            records: 0,
            newest: None,
            carrying: None,
            ending: None,
            has_asked: false,
            stranger: None,
        });
        self
    }

    /// The next thing that happens, or that a controller asks.
    pub(super) async fn next(&mut self, until: Instant) -> Option<Next> {
        let Some(hand) = &mut self.hand else {
            return self.stage.next(until).await.map(Next::Happening);
        };
        let happening = self.stage.next(until);
        let next = in_turn(std::mem::take(&mut hand.has_asked), happening, hand.door.next()).await;
        hand.has_asked = matches!(next, Some(Next::Asked(_)));
        next
    }

    /// Whether the story stands from the beginning.
    pub(super) fn pause_at_start(&mut self) -> Result<(), ConductError> {
        self.stand_still((self.seams.clock.wall(), self.now()))
    }

    /// The same at this moment.
    pub(super) fn stand_still(&mut self, at: (WallTime, LineTime)) -> Result<(), ConductError> {
        let wanted = self.hand.as_ref().is_some_and(|hand| hand.start_paused);
        match self.plan.clock().running() {
            Running::Running(_) if wanted => {
                let turn = TurnWord::Pause;
                self.note_at(Kind::Clock { turn }, at).map(drop)
            }
            _ => Ok(()),
        }
    }

    /// Writes down what control had to say before anything happened.
    pub(super) fn first_notes(&mut self) -> Result<(), ConductError> {
        let notes = self.hand.as_mut().map(|hand| std::mem::take(&mut hand.notes));
        for text in notes.unwrap_or_default() {
            self.note(Kind::Note {
                author: "conductor".into(),
                text,
                objective: None,
            })?;
        }
        self.attend()
    }

    /// Writes down who has joined control, has gone, or is there again.
    pub(super) fn attend(&mut self) -> Result<(), ConductError> {
        let turns = self
            .hand
            .as_ref()
            .map(|hand| hand.attendance.turns(Instant::now()));
        for Turn { seat, what } in turns.unwrap_or_default() {
            self.note(Kind::Seat { seat, what })?;
        }
        Ok(())
    }

    /// The order that goes into this record.
    pub(super) fn carried(&mut self, kind: &Kind) -> Option<Carrying> {
        let hand = self.hand.as_mut()?;
        hand.carrying.take_if(|carrying| carrying.kind == kind.code())
    }

    /// A record is on disk: it counts for orders, and watchers are told.
    pub(super) fn written(&mut self, record: &Record, hash: Hash, by: Option<&str>) {
        let Some(hand) = &mut self.hand else { return };
        hand.records += 1;
        hand.heads.take(hand.records, hash, by, record);
        let stands = RecordStands::of(hand.records, hash, by, record);
        if record.kind != Kind::Tick {
            hand.door.tell(stands.clone());
        }
        hand.newest = Some(stands);
        if matches!(record.kind, Kind::Endex { .. }) {
            self.answer_end();
        }
    }

    fn answer_end(&mut self) {
        let done = self.done();
        if let Some(hand) = &mut self.hand
            && let (Some(reply), Some(done)) = (hand.ending.take(), done)
        {
            let _ = reply.send(done);
        }
    }

    /// The newest record, and how everything stands behind it.
    fn done(&self) -> Option<Answer> {
        let record = Box::new(self.hand.as_ref()?.newest.clone()?);
        let standing = Box::new(self.standing()?);
        Some(Answer::Done { record, standing })
    }

    /// Answers a controller. Why the exercise ends, if that was ordered.
    pub(super) async fn asked(&mut self, asked: Asked) -> Result<Option<&'static str>, ConductError> {
        match asked {
            Asked::Status(reply) => {
                if let Some(standing) = self.standing() {
                    let _ = reply.send(Answer::Standing(Box::new(standing)));
                }
            }
            Asked::Watch(reply) => {
                if let Some(hand) = &self.hand {
                    let _ = reply.send(hand.door.watch());
                }
            }
            Asked::Order(bytes, reply) => return self.ordered(bytes, reply).await,
        }
        Ok(None)
    }

    async fn ordered(&mut self, bytes: Vec<u8>, reply: Reply) -> Result<Option<&'static str>, ConductError> {
        let genuine = match self.proven(bytes)? {
            Ok(genuine) => genuine,
            Err(refusal) => {
                let _ = reply.send(Answer::refused(&refusal));
                return Ok(None);
            }
        };
        let refusal = match self.judged(&genuine) {
            Ok(Becomes::Record(kind @ Kind::Endex { .. })) => {
                self.carry(&genuine, kind.code());
                if let Some(hand) = &mut self.hand {
                    hand.ending = Some(reply);
                }
                return Ok(Some("CONTROL"));
            }
            Ok(becomes) => self.obey(&genuine, becomes).await?.err(),
            Err(refusal) => Some(refusal),
        };
        let answer = match refusal {
            None => self.done(),
            Some(refusal) => {
                self.refuse(&genuine, &refusal)?;
                Some(Answer::refused(&refusal))
            }
        };
        if let Some(answer) = answer {
            let _ = reply.send(answer);
        }
        Ok(None)
    }

    /// An order that a controller signed, and that was not judged before.
    fn proven(&mut self, bytes: Vec<u8>) -> Result<Result<Genuine, Refusal>, ConductError> {
        let now = self.seams.clock.wall().unix_ms();
        let Some(hand) = &mut self.hand else {
            return Ok(Err(Refusal::stranger("no controller runs this exercise".into())));
        };
        match Genuine::of(bytes, &hand.authority, now) {
            Ok(genuine) if !hand.heads.first_time(genuine.id) => {
                let what = "this order was judged before";
                Ok(Err(Refusal::state(what, "each order is signed anew")))
            }
            Ok(genuine) => Ok(Ok(genuine)),
            Err(refusal) => {
                self.turn_away(&refusal)?;
                Ok(Err(refusal))
            }
        }
    }

    fn judged(&self, genuine: &Genuine) -> Result<Becomes, Refusal> {
        let nothing = Heads::default();
        let heads = self.hand.as_ref().map_or(&nothing, |hand| &hand.heads);
        let in_force: Vec<&str> = self.faults.iter().map(|fault| fault.name.as_str()).collect();
        judge(&self.plan, heads, genuine, &in_force, self.stamp())
    }

    fn carry(&mut self, genuine: &Genuine, kind: u32) {
        if let Some(hand) = &mut self.hand {
            hand.carrying = Some(Carrying {
                kind,
                order: genuine.bytes.clone(),
                by: genuine.controller.clone(),
            });
        }
    }

    /// Writes the record with the order inside, then does it.
    async fn obey(
        &mut self,
        genuine: &Genuine,
        becomes: Becomes,
    ) -> Result<Result<(), Refusal>, ConductError> {
        match becomes {
            Becomes::Record(kind) => {
                let (wall, line) = (self.seams.clock.wall(), self.now());
                if let Err(error) = self.plan.record(kind.clone(), wall, line) {
                    return Ok(Err(Refusal::state(error.to_string(), "")));
                }
                self.carry(genuine, kind.code());
                self.note(kind.clone())?;
                self.behind(&kind).await?;
                Ok(Ok(()))
            }
            Becomes::Fault { name, deed } => self.break_by_hand(genuine, name, &deed),
            Becomes::Mend { name } => self.mend_by_hand(genuine, &name),
        }
    }

    /// What follows from a record that was ordered. What is to come now, the plan says.
    async fn behind(&mut self, kind: &Kind) -> Result<(), ConductError> {
        self.stirred = self.now();
        match kind {
            Kind::Clock {
                turn: TurnWord::Shift(_),
            } => Ok(()),
            Kind::Clock { .. } => self.tell_clock().await,
            Kind::Inject {
                serial,
                status: InjectStatus::Completed,
                ..
            } => {
                if let Ok(serial) = serial.parse() {
                    self.tell_mark(serial).await;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn break_by_hand(
        &mut self,
        genuine: &Genuine,
        name: String,
        deed: &FaultDeed,
    ) -> Result<Result<(), Refusal>, ConductError> {
        let refused = |error: &dyn std::fmt::Display| {
            let help = "hotline control status shows links of a desk as path 1, or A north/quic";
            Refusal::state(error.to_string(), help)
        };
        if let Err(error) = self.stage.links_of(&deed.link) {
            return Ok(Err(refused(&error)));
        }
        self.carry(genuine, FAULT);
        match self.break_off(&name, deed) {
            Ok(_) => Ok(Ok(())),
            Err(ConductError::Stage(error)) => Ok(Err(refused(&error))),
            Err(error) => Err(error),
        }
    }

    fn mend_by_hand(&mut self, genuine: &Genuine, name: &str) -> Result<Result<(), Refusal>, ConductError> {
        self.carry(genuine, FAULT);
        match self.mend(name) {
            Ok(()) => Ok(Ok(())),
            Err(ConductError::Stage(error)) => Ok(Err(Refusal::state(error.to_string(), ""))),
            Err(error) => Err(error),
        }
    }

    /// A controller's order that is not carried out is written down with it inside.
    fn refuse(&mut self, genuine: &Genuine, refusal: &Refusal) -> Result<(), ConductError> {
        self.carry(genuine, REFUSED);
        self.note(Kind::Refused {
            controller: genuine.controller.clone(),
            order: genuine.command.typed(),
            why: format!("{}: {}", refusal.code(), refusal.what),
        })
        .map(drop)
    }

    /// An order that no controller signed is written down without it: nobody is answerable for its words.
    fn turn_away(&mut self, refusal: &Refusal) -> Result<(), ConductError> {
        let now = self.now();
        let Some(hand) = &mut self.hand else { return Ok(()) };
        if hand
            .stranger
            .is_some_and(|last| now.since(last) < STRANGERS_APART)
        {
            return Ok(());
        }
        hand.stranger = Some(now);
        let why: String = refusal.what.chars().take(STRANGER_CHARS).collect();
        self.note(Kind::Refused {
            controller: "nobody known".into(),
            order: "an order".into(),
            why: format!("{}: {why}", refusal.code()),
        })
        .map(drop)
    }
}

/// What comes next: of two that are there a question, unless one came last. So whoever asks all the time holds no stage up.
async fn in_turn(
    has_asked: bool,
    happening: impl Future<Output = Option<Happening>>,
    asked: impl Future<Output = Asked>,
) -> Option<Next> {
    match has_asked {
        true => tokio::select! {
            biased;
            happening = happening => happening.map(Next::Happening),
            asked = asked => Some(Next::Asked(asked)),
        },
        false => tokio::select! {
            biased;
            asked = asked => Some(Next::Asked(asked)),
            happening = happening => happening.map(Next::Happening),
        },
    }
}

/// Kind of a record of a fault.
const FAULT: u32 = 5;

#[cfg(test)]
mod tests {
    use std::future::ready;

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn behind_each_question_that_a_controller_asks_the_stage_is_heard() {
        for (has_asked, stage) in [(false, false), (true, true)] {
            let happening = Happening::Gone { who: "desk A".into() };
            let asked = Asked::Status(oneshot::channel().0);
            let next = in_turn(has_asked, ready(Some(happening)), ready(asked)).await;
            assert_eq!(matches!(next, Some(Next::Happening(_))), stage);
        }
    }
}
