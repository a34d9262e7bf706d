//! The master scenario events list: events, their incidents, their injects.

use std::{collections::BTreeMap, fmt, ops::Range, time::Duration};

use hotline_core::{
    contact::Contact,
    precedence::Precedence,
    words::{OfficerRole, ResponseAttribute, TrafficClass},
};
use hotline_faults::live::{Direction, Fault};

use super::{
    cast::Tongues,
    lists::{Approve, Category, HandedIn, InjectKind, InstitutionVerb, Method, ProcessDeed, Side},
    mark::{Alias, Mark, Serial},
    moment::{Span, StorySpan},
    place::Placed,
};

/// A part of the story.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its number.
    pub serial: u16,
    /// What it is.
    pub title: Tongues,
    /// What happens in it.
    pub incidents: Vec<Incident>,
}

/// Something that happens, told by injects.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// Its event's number and its own.
    pub serial: (u16, u16),
    /// What it is.
    pub title: Tongues,
    /// How it is told.
    pub injects: Vec<Inject>,
}

/// One step of the plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Inject {
    /// Its number.
    pub serial: Serial,
    /// What it is.
    pub title: Tongues,
    /// What it is for.
    pub kind: InjectKind,
    /// When it is due.
    pub when: When,
    /// What is done.
    pub deed: Deed,
    /// Whether a controller approves it.
    pub approve: Approve,
    /// The seats that are told.
    pub to: Vec<Placed<String>>,
    /// In whose name.
    pub from: Option<String>,
    /// Which controller is responsible.
    pub controller: Option<String>,
    /// Which objective it serves.
    pub objective: Option<Placed<String>>,
    /// Where the failure comes from.
    pub category: Option<Category>,
    /// What players are expected to do.
    pub expected: Tongues,
    /// For controllers.
    pub note: Option<String>,
    /// The variants that have it; all if empty.
    pub only: Vec<String>,
    /// Where it stands, in bytes of the text.
    pub span: Range<usize>,
}

/// When an inject is due.
#[derive(Clone, Debug, PartialEq)]
pub enum When {
    /// At this moment of the story.
    At(StorySpan),
    /// So long after something.
    After {
        /// After what.
        mark: Placed<Mark>,
        /// How long.
        by: Span,
    },
    /// If an expectation is not met in time.
    Unless {
        /// Which.
        expect: Placed<String>,
        /// In what time, from the expectation's own beginning.
        within: Span,
    },
}

/// What an inject does.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    /// News on screens.
    News {
        /// What it says.
        text: Tongues,
        /// Who says it.
        source: Option<String>,
    },
    /// An order to one role.
    Order {
        /// What is ordered.
        text: Tongues,
        /// To whom.
        role: OfficerRole,
    },
    /// A message that a scripted seat sends.
    Message {
        /// From which desk.
        desk: Placed<String>,
        /// What.
        sending: Sending,
    },
    /// A fault on a link.
    Fault(FaultDeed),
    /// Something done to a process.
    Process {
        /// What.
        deed: ProcessDeed,
        /// A desk or relay.
        who: Placed<String>,
    },
    /// A wall clock set wrong, ahead or back.
    Clock {
        /// A desk or relay.
        who: Placed<String>,
        /// Back instead of ahead.
        back: bool,
        /// By how much.
        by: Duration,
    },
    /// An act of an institution.
    Institution(Institution),
    /// A prepared attack.
    Attack(Placed<String>),
    /// From now on this officer types the second passphrase.
    Phrase(Placed<String>),
    /// What the owner of a log will hand in of it behind ENDEX.
    HandIn(HandIn),
    /// A person does it and control records the result.
    Hand,
}

impl Deed {
    /// How it comes: the word that names it in a file, a sheet and a report.
    #[must_use]
    pub const fn method(&self) -> Method {
        match self {
            Self::News { .. } => Method::News,
            Self::Order { .. } => Method::Order,
            Self::Message { .. } => Method::Message,
            Self::Fault(_) => Method::Fault,
            Self::Process { .. } => Method::Process,
            Self::Clock { .. } => Method::Clock,
            Self::Institution(_) => Method::Institution,
            Self::Attack(_) => Method::Attack,
            Self::Phrase(_) => Method::Phrase,
            Self::HandIn(_) => Method::HandIn,
            Self::Hand => Method::Hand,
        }
    }

    /// Whether seats are told that it came. Of a second passphrase, and of what will be done to copies of logs, none is, not
    /// even by the inject's number.
    #[must_use]
    pub const fn is_told(&self) -> bool {
        !matches!(self, Self::Phrase(_) | Self::HandIn(_))
    }
}

/// What the owner of a log hands in of it. The log itself stays as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct HandIn {
    /// What is done to the copy.
    pub how: HandedIn,
    /// Whose log: a desk or a relay.
    pub who: Placed<String>,
    /// The message that is disputed.
    pub of: Placed<Alias>,
}

impl std::fmt::Display for HandIn {
    /// `truncate south m1`, as in a sheet.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.how, self.who.value, self.of.value)
    }
}

/// What is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Sending {
    /// Who signs: drafter first, then releaser.
    pub by: Vec<Placed<String>>,
    /// The code and its fields.
    pub code: Option<Coding>,
    /// Free text.
    pub text: Tongues,
    /// Where the text stands, or what is sent without one, in bytes of the file.
    pub span: Range<usize>,
    /// The precedence; the code's own if none.
    pub precedence: Option<Precedence>,
    /// How it is to be answered; as the code has it if none.
    pub answer: Option<ResponseAttribute>,
    /// Which people it asks for on the line.
    pub asks: Option<Contact>,
    /// In what time an answer is asked for.
    pub respond_by: Option<StorySpan>,
    /// The channel.
    pub channel: Option<String>,
    /// What it is for the line; as the code has it, or FORMAL, if none.
    pub class: Option<TrafficClass>,
    /// It saves lives: no suspension stops it.
    pub safety_of_life: bool,
    /// Of an answer: it repeats the exact words of the message that it answers, so that both have signed one text.
    pub same: bool,
    /// What the file calls it.
    pub alias: Option<Placed<Alias>>,
    /// How many times.
    pub repeat: u16,
}

/// A code of the codebook, filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Coding {
    /// The code.
    pub code: Placed<String>,
    /// Its fields.
    pub fields: BTreeMap<String, Placed<String>>,
}

/// A fault on a link.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultDeed {
    /// What is wrong.
    pub fault: Fault,
    /// Where.
    pub link: Placed<Link>,
    /// Which way.
    pub direction: Direction,
    /// Until when.
    pub until: Until,
}

/// Until when a fault lasts.
#[derive(Clone, Debug, PartialEq)]
pub enum Until {
    /// So long.
    For(Span),
    /// Until something happens.
    Mark(Placed<Mark>),
}

/// A link of the topology.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// Every leg through the relay of this path.
    Path(u16),
    /// One leg.
    Leg {
        /// The desk.
        desk: String,
        /// The relay.
        relay: String,
        /// The door.
        door: String,
    },
}

impl fmt::Display for Link {
    /// As it is written: `path 1`, `A north/quic`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "path {path}"),
            Self::Leg { desk, relay, door } => write!(f, "{desk} {relay}/{door}"),
        }
    }
}

/// What an order is about that is about all of the line. Names of channels have capitals.
pub const ALL_CHANNELS: &str = "all";

/// An act of an institution.
#[derive(Clone, Debug, PartialEq)]
pub struct Institution {
    /// What.
    pub verb: InstitutionVerb,
    /// Of which side.
    pub side: Side,
    /// Who signs.
    pub by: Vec<Placed<String>>,
    /// On which channel: the desk's own if none, [`ALL_CHANNELS`] for all of the line.
    pub channel: Option<String>,
    /// What it covers.
    pub scope: Vec<String>,
    /// Why, as it is told to the other side.
    pub reason: Option<String>,
    /// From when on, after it is done.
    pub effective: Option<Span>,
    /// When it will be looked at again.
    pub review_by: Option<Span>,
    /// Whose identity it is about: of deny and use-backup a desk, of retire, enrol and try-old an officer.
    pub identity: Option<Placed<String>>,
    /// deny: for how long its keys may have been in other hands.
    pub since: Option<Span>,
}

impl Institution {
    /// Nothing but what is done, of which side.
    #[must_use]
    pub const fn new(verb: InstitutionVerb, side: Side) -> Self {
        Self {
            verb,
            side,
            by: Vec::new(),
            channel: None,
            scope: Vec::new(),
            reason: None,
            effective: None,
            review_by: None,
            identity: None,
            since: None,
        }
    }
}

/// Whether two things with these variants can be in one play.
#[must_use]
pub fn together(one: &[String], other: &[String]) -> bool {
    one.is_empty() || other.is_empty() || one.iter().any(|variant| other.contains(variant))
}
