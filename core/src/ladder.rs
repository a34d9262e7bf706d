//! The receipt ladder of one message: which facts somebody signed about it, and what they add up to.
//!
//! Facts may come in any order and any number of times; what a ladder holds depends only on which facts came, never on
//! their order, and no fact undoes another. Who may sign which rung is in `ladder/table.rs`; anything else is [`Foreign`] and
//! changes nothing. That signatures are good was checked before; facts carry what they proved.
//!
//! A ladder never climbs by itself: no rung of it follows from silence, from time or from a higher rung. CLOSED alone
//! is not signed; it follows from the answers.

mod readback;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::dialogue::{Dialogue, Party, Standing};
use crate::id::Place;
use crate::identity::Identity;
use crate::leg::Leg;
use crate::release::Recipient;
use crate::time::WallTime;
use crate::words::{Answer, OfficerRole, RecipientKind, ResponseAttribute, Rung};

pub use readback::ReadBack;
pub use table::{Foreign, roles_for};

/// What a ladder must know of its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The desk that sent it.
    pub sender: Identity,
    /// The desks it names.
    pub recipients: Vec<Recipient>,
    /// What closes its dialogue.
    pub response: ResponseAttribute,
    /// When it was released, or first arrived: a dialogue's timer starts here until DELIVERED is known.
    pub since: WallTime,
}

/// Who signed a fact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signer {
    /// A relay, with its log key.
    Relay(Identity),
    /// A desk, with its device key.
    Desk(Identity),
    /// A person, with the person's own key.
    Officer {
        /// Who.
        identity: Identity,
        /// What the officer's key statement entitles to.
        roles: BTreeSet<OfficerRole>,
        /// The desk at which the officer sits, as the act says.
        desk: Identity,
    },
}

/// One signed fact about the message. Ordered by arrival.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fact {
    /// When it was first seen here. Decides the order of the timeline.
    pub arrived: WallTime,
    /// When its signer says it happened.
    pub claimed: WallTime,
    /// The rung.
    pub rung: Rung,
    /// Who signed.
    pub signer: Signer,
    /// The answer, only with ANSWERED.
    pub answer: Option<Answer>,
    /// The signer's words, as received; shown only inert. Of TRANSLATED grade and language, of PRESENTED to whom.
    pub text: String,
    /// The leg it concerns: for DELIVERED, that of the first copy.
    pub leg: Option<Leg>,
    /// Where it stands in the chain of the desk that sent it; a relay's ACCEPTED stands in none. Decides the order of
    /// a desk's answers, so that both sides see the same dialogue whichever copy overtook the other.
    pub place: Option<Place>,
}

/// What a fact added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Nobody had signed this rung here before (here: at this desk, or this relay).
    First,
    /// Somebody else, or the same person in other words, had.
    Further,
    /// This fact was known.
    Repeated,
    /// The signer said the same thing too often; only the earliest [`MAX_SAYINGS`] are kept.
    TooMany,
}

/// The ladder of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder {
    subject: Subject,
    slots: BTreeMap<Slot, Vec<Fact>>,
}

/// Facts that differ only in words and times: one signer, one rung, one answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Slot {
    rung: Rung,
    signer: Identity,
    desk: Option<Identity>,
    answer: Option<Answer>,
}

// === impl Ladder ===

impl Ladder {
    /// An empty ladder.
    pub const fn new(subject: Subject) -> Self {
        Self {
            subject,
            slots: BTreeMap::new(),
        }
    }

    /// What it knows of its message.
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Takes a fact.
    ///
    /// # Errors
    /// [`Foreign`] when its signer may not climb that rung; the ladder then stands as before, and the caller drops the
    /// fact and raises an alarm.
    pub fn apply(&mut self, fact: Fact) -> Result<Step, Foreign> {
        table::permit(&self.subject, &fact)?;
        let slot = fact.slot();
        let first = !self.slots.keys().any(|known| known.is_same_rung_and_place(&slot));
        let sayings = self.slots.entry(slot).or_default();
        let known = sayings.iter_mut().find(|known| known.is_same_saying(&fact));
        if let Some(known) = known {
            if fact < *known {
                *known = fact;
                sayings.sort();
            }
            return Ok(Step::Repeated);
        }
        let rung = fact.rung;
        let place = sayings.partition_point(|known| *known < fact);
        sayings.insert(place, fact);
        let kept = sayings_kept(rung);
        let dropped = sayings.len() > kept;
        sayings.truncate(kept);
        Ok(match (first, dropped) {
            (true, _) => Step::First,
            (false, false) => Step::Further,
            (false, true) if kept == 1 => Step::Repeated,
            (false, true) => Step::TooMany,
        })
    }

    /// All facts in order of arrival.
    pub fn timeline(&self) -> Vec<&Fact> {
        let mut facts: Vec<&Fact> = self.slots.values().flatten().collect();
        facts.sort();
        facts
    }

    /// The earliest fact of a rung. For CLOSED, the answer that closed the last open dialogue.
    pub fn reached(&self, rung: Rung) -> Option<&Fact> {
        match rung {
            Rung::Closed => self.closed_by(),
            rung => self.facts(rung).min(),
        }
    }

    /// The earliest fact of a rung that a desk, or an officer at that desk, signed.
    pub fn reached_at(&self, rung: Rung, desk: &Identity) -> Option<&Fact> {
        match rung {
            Rung::Closed => self.closing_answer(desk),
            rung => self
                .facts(rung)
                .filter(|fact| fact.signer.desk() == Some(desk))
                .min(),
        }
    }

    /// The highest rung that anybody signed; marks beside the ladder (HOLDING and so on) do not count.
    pub fn highest(&self) -> Option<Rung> {
        if self.closed_by().is_some() {
            return Some(Rung::Closed);
        }
        self.slots
            .keys()
            .map(|slot| slot.rung)
            .filter(|rung| *rung < Rung::Closed)
            .max()
    }

    /// The highest rung signed at one desk.
    pub fn highest_at(&self, desk: &Identity) -> Option<Rung> {
        if self.closing_answer(desk).is_some() {
            return Some(Rung::Closed);
        }
        let here = self.slots.keys().filter(|slot| slot.desk.as_ref() == Some(desk));
        here.map(|slot| slot.rung)
            .filter(|rung| *rung < Rung::Closed)
            .max()
    }

    /// The relays that hold it.
    pub fn relays_accepted(&self) -> BTreeSet<&Identity> {
        self.slots
            .keys()
            .filter(|slot| slot.rung == Rung::Accepted)
            .map(|slot| &slot.signer)
            .collect()
    }

    /// Named desks that have not signed DELIVERED.
    pub fn undelivered(&self) -> Vec<&Identity> {
        let named = self
            .subject
            .recipients
            .iter()
            .map(|recipient| &recipient.identity);
        named
            .filter(|desk| self.reached_at(Rung::Delivered, desk).is_none())
            .collect()
    }

    /// Action recipients at which no person has signed anything yet: those whose alert schedule runs.
    pub fn awaiting_person(&self) -> Vec<&Identity> {
        self.action_desks()
            .filter(|desk| !self.has_human_act(desk))
            .collect()
    }

    /// Where the dialogue with one action recipient stands, from the answers known. A statement that is still missing
    /// before the closing answer may change it (a COUNTER that was overtaken); the inbox says what is missing.
    pub fn dialogue(&self, desk: &Identity) -> Standing {
        let since = self
            .reached_at(Rung::Delivered, desk)
            .map_or(self.subject.since, |fact| fact.arrived);
        let mut dialogue = Dialogue::open(self.subject.response, since);
        for fact in self.answers(desk) {
            if let Some(answer) = fact.answer {
                // An answer out of turn or behind the closing one is kept in the timeline and changes nothing.
                let _ = dialogue.answer(Party::Asked, answer, fact.arrived);
            }
        }
        dialogue.standing()
    }

    fn facts(&self, rung: Rung) -> impl Iterator<Item = &Fact> {
        self.slots
            .iter()
            .filter(move |(slot, _)| slot.rung == rung)
            .flat_map(|(_, facts)| facts)
    }

    /// A desk's answers in the order of its chain.
    fn answers(&self, desk: &Identity) -> Vec<&Fact> {
        let mut answers: Vec<&Fact> = self
            .facts(Rung::Answered)
            .filter(|fact| fact.signer.desk() == Some(desk))
            .collect();
        answers.sort_by_key(|fact| (fact.place, *fact));
        answers
    }

    fn closing_answer(&self, desk: &Identity) -> Option<&Fact> {
        match self.dialogue(desk) {
            Standing::Closed { answer, by: _, at } => self
                .answers(desk)
                .into_iter()
                .find(|fact| fact.answer == Some(answer) && fact.arrived == at),
            Standing::Open { .. } | Standing::NothingAsked => None,
        }
    }

    /// The last of the closing answers, once every action recipient has given one.
    fn closed_by(&self) -> Option<&Fact> {
        let closing: Option<Vec<&Fact>> = self
            .action_desks()
            .map(|desk| self.closing_answer(desk))
            .collect();
        closing?.into_iter().max()
    }

    fn action_desks(&self) -> impl Iterator<Item = &Identity> {
        let action = |recipient: &&Recipient| recipient.kind == RecipientKind::Action;
        self.subject
            .recipients
            .iter()
            .filter(action)
            .map(|recipient| &recipient.identity)
    }

    fn has_human_act(&self, desk: &Identity) -> bool {
        self.slots
            .keys()
            .any(|slot| is_human(slot.rung) && slot.desk.as_ref() == Some(desk))
    }
}

// === impl Fact ===

impl Fact {
    fn slot(&self) -> Slot {
        Slot {
            rung: self.rung,
            signer: self.signer.identity().clone(),
            desk: self.signer.desk().cloned(),
            answer: self.answer,
        }
    }

    /// Whether both are copies of one saying of one signer.
    fn is_same_saying(&self, other: &Self) -> bool {
        self.claimed == other.claimed && self.text == other.text
    }
}

impl fmt::Debug for Fact {
    /// An officer's words are never printed, only their length.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fact")
            .field("arrived", &self.arrived)
            .field("claimed", &self.claimed)
            .field("rung", &self.rung)
            .field("signer", &self.signer)
            .field("answer", &self.answer)
            .field("text_bytes", &self.text.len())
            .field("leg", &self.leg)
            .field("place", &self.place)
            .finish()
    }
}

// === impl Signer ===

impl Signer {
    /// Who signed.
    pub const fn identity(&self) -> &Identity {
        match self {
            Self::Relay(identity) | Self::Desk(identity) | Self::Officer { identity, .. } => identity,
        }
    }

    /// The desk that signed, or at which the officer sits; a relay has none.
    pub const fn desk(&self) -> Option<&Identity> {
        match self {
            Self::Relay(_) => None,
            Self::Desk(desk) | Self::Officer { desk, .. } => Some(desk),
        }
    }
}

impl Slot {
    /// Whether two facts climb the same rung at the same desk, or at the same relay.
    fn is_same_rung_and_place(&self, other: &Self) -> bool {
        self.rung == other.rung
            && match (&self.desk, &other.desk) {
                (None, None) => self.signer == other.signer,
                (Some(one), Some(another)) => one == another,
                (None, Some(_)) | (Some(_), None) => false,
            }
    }
}

/// Rungs that only a person signs, at the recipient's.
const fn is_human(rung: Rung) -> bool {
    match rung {
        Rung::Acknowledged
        | Rung::Translated
        | Rung::Presented
        | Rung::Answered
        | Rung::Holding
        | Rung::ReadBack
        | Rung::Insufficient
        | Rung::Declined
        | Rung::Confirmed
        | Rung::Corrected => true,
        Rung::Drafted
        | Rung::Released
        | Rung::Accepted
        | Rung::Delivered
        | Rung::Alerted
        | Rung::Displayed
        | Rung::Closed => false,
    }
}

/// How many sayings of one signer are kept: of what happens once, the earliest; of words, a few.
const fn sayings_kept(rung: Rung) -> usize {
    match rung {
        Rung::Drafted
        | Rung::Released
        | Rung::Accepted
        | Rung::Delivered
        | Rung::Alerted
        | Rung::Displayed
        | Rung::Acknowledged
        | Rung::Closed => 1,
        Rung::Translated
        | Rung::Presented
        | Rung::Answered
        | Rung::Holding
        | Rung::ReadBack
        | Rung::Insufficient
        | Rung::Declined
        | Rung::Confirmed
        | Rung::Corrected => MAX_SAYINGS,
    }
}

/// Sayings that one signer has per rung and answer: enough for honest second thoughts, and a bound for a chatterer. The
/// statements themselves stay in the ledger.
pub const MAX_SAYINGS: usize = 8;

#[cfg(test)]
mod tests;
