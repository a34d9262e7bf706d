//! The book: all messages this desk knows, each with its ladder.
//!
//! The book is a fold over the desk's own log and a few records beside it (relays' acceptances, what was shown). It is
//! made anew from them at every start, and afterwards told only of what is on disk. It decides nothing and sends
//! nothing.

mod annexes;
mod early;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use hotline_audit::{
    Hash,
    key::RosterSet,
    statement::{Act, Header, Message, Payload, Receipt},
};
use hotline_core::{
    commcheck::human,
    id::Place,
    identity::Identity,
    ladder::{Fact, Foreign, Ladder, Signer, Step, Subject},
    leg::Leg,
    release::ReleaseRule,
    time::WallTime,
    words::{Function, Rung, TrafficClass},
};

use crate::{
    judge::{self, JudgedAct, JudgedMessage, Rejected},
    quarantine::Quarantined,
    seal::{NOTHING_OPENED, Words},
    translation::Translations,
    verdict::Verdict,
};

use annexes::Said;
pub(crate) use annexes::{fact as annex_fact, names};
use early::Early;

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// We sent it.
    Out,
    /// We received it.
    In,
}

/// Whether a message was on this desk's screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shown {
    /// Never.
    No,
    /// It was about to be drawn, or was, before a restart: it may be redrawn, never as new.
    Before,
    /// It was, and DISPLAYED is signed.
    Signed,
}

/// One message with what is known of it.
#[derive(Clone, Debug)]
pub struct Letter {
    /// SHA-256 of its exact bytes.
    pub hash: Hash,
    /// Leaf in this desk's log; none for what is kept beside it.
    pub index: Option<u64>,
    /// What it says.
    pub message: Arc<Message>,
    /// The draft it was released from; none when it was rejected.
    pub judged: Option<JudgedMessage>,
    /// Why it was rejected, if it was.
    pub rejected: Option<String>,
    /// Whether it was rejected because a key that signed it had ended before it came.
    pub quarantined: bool,
    /// Which way it went.
    pub direction: Direction,
    /// Its ladder.
    pub ladder: Ladder,
    /// When it was stored here.
    pub stored: WallTime,
    /// The leg of the first copy.
    pub first_leg: Option<Leg>,
    /// Our own DELIVERED statement for it.
    pub receipt: Option<Hash>,
    /// Whether it was on screen.
    pub shown: Shown,
    /// Copies after the first one, by leg.
    pub late: BTreeMap<String, u64>,
    /// The order that stood against it when it came in, in words.
    pub under_order: Option<String>,
    /// Its translations. They stand beside its text, and never in its place.
    pub translations: Translations,
}

impl Letter {
    /// The message that it cancels, if it is a CANCEL that officers released.
    #[must_use]
    pub fn cancels(&self) -> Option<Hash> {
        let cancel = |judged: &JudgedMessage| judged.draft.function == Function::Cancel;
        let refers_to = self.message.refers_to.as_ref()?;
        let cancels = self.judged.as_ref().is_some_and(cancel);
        cancels.then_some(refers_to.sha256)
    }

    /// Whether it is a human comm check of this desk.
    #[must_use]
    pub fn is_own_check(&self) -> bool {
        let check = |judged: &JudgedMessage| {
            judged.draft.class == TrafficClass::Test && judged.draft.answer.is_none()
        };
        self.direction == Direction::Out && self.judged.as_ref().is_some_and(check)
    }

    /// The first word of a person of the other side that answers it, if it is a human comm check of this desk. The label,
    /// the alarm and the report of availability count by the same rule ([`human::answers`]).
    #[must_use]
    pub fn answered_check(&self) -> Option<&Fact> {
        self.is_own_check().then(|| human::answer(&self.ladder)).flatten()
    }
}

/// What changed in the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A message was added.
    Added(Hash),
    /// A rung was climbed, or somebody else climbed it too.
    Climbed {
        /// The message.
        message: Hash,
        /// The rung.
        rung: Rung,
    },
    /// Somebody signed what is not theirs to sign: dropped, with an alarm.
    Foreign {
        /// Which statement said it.
        statement: Hash,
        /// Why it is foreign.
        why: String,
    },
    /// Officers of the other side signed what people of this desk must hear at once.
    Told {
        /// Name of the alarm.
        code: &'static str,
        /// A sentence with the facts in it.
        what: String,
    },
}

/// How a statement came to this desk.
#[derive(Clone, Debug)]
pub struct Provenance {
    /// SHA-256 of its exact bytes.
    pub hash: Hash,
    /// Leaf in this desk's log.
    pub index: u64,
    /// When it was stored here.
    pub stored: WallTime,
    /// The leg of the first copy; none for our own.
    pub leg: Option<Leg>,
}

/// All messages this desk knows.
#[derive(Debug)]
pub struct Book {
    me: Identity,
    rosters: Arc<RosterSet>,
    /// How many officers release.
    rule: ReleaseRule,
    letters: BTreeMap<Hash, Letter>,
    keys: BTreeMap<(String, [u8; 16]), Hash>,
    order: Vec<Hash>,
    /// Receipts, acts and annexes of messages that have not come yet.
    early: Early,
    /// Messages that were cancelled, and by which desk.
    cancelled: BTreeSet<(Hash, String)>,
}

impl Book {
    /// An empty book.
    #[must_use]
    pub fn new(me: Identity, rosters: Arc<RosterSet>) -> Self {
        Self {
            me,
            rosters,
            rule: ReleaseRule::ByPrecedence,
            letters: BTreeMap::new(),
            keys: BTreeMap::new(),
            order: Vec::new(),
            early: Early::default(),
            cancelled: BTreeSet::new(),
        }
    }

    /// A message by the hash of its bytes.
    #[must_use]
    pub fn letter(&self, hash: &Hash) -> Option<&Letter> {
        self.letters.get(hash)
    }

    /// A message by the hash of its bytes, to note what was shown or which copies were late.
    pub fn letter_mut(&mut self, hash: &Hash) -> Option<&mut Letter> {
        self.letters.get_mut(hash)
    }

    /// A message by its key.
    #[must_use]
    pub fn by_key(&self, sender: &str, id: [u8; 16]) -> Option<&Letter> {
        self.keys
            .get(&(sender.to_owned(), id))
            .and_then(|hash| self.letters.get(hash))
    }

    /// The same, where so many officers release.
    #[must_use]
    pub const fn released_by(mut self, rule: ReleaseRule) -> Self {
        self.rule = rule;
        self
    }

    /// Whether its own sender cancelled a message.
    #[must_use]
    pub fn is_cancelled(&self, letter: &Letter) -> bool {
        let by_sender = (letter.hash, letter.message.header.sender.clone());
        self.cancelled.contains(&by_sender)
    }

    /// All messages in the order in which they were stored.
    pub fn letters(&self) -> impl DoubleEndedIterator<Item = &Letter> {
        self.order.iter().filter_map(|hash| self.letters.get(hash))
    }

    /// How many messages there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Adds a message that was judged.
    pub fn add_message(
        &mut self,
        at: &Provenance,
        message: Arc<Message>,
        judged: Result<JudgedMessage, Rejected>,
    ) -> Vec<Change> {
        let direction = if message.header.sender == self.me.to_string() {
            Direction::Out
        } else {
            Direction::In
        };
        let quarantined = matches!(judged, Err(Rejected::Quarantined(_)));
        let (judged, rejected) = match judged {
            Ok(judged) => (Some(judged), None),
            Err(error) => (None, Some(error.to_string())),
        };
        let Some(subject) = subject(&message, judged.as_ref(), at.stored) else {
            return vec![Change::Foreign {
                statement: at.hash,
                why: rejected.unwrap_or_default(),
            }];
        };
        let header = &message.header;
        self.keys.insert((header.sender.clone(), header.id), at.hash);
        let mut letter = Letter {
            hash: at.hash,
            index: Some(at.index),
            judged,
            rejected,
            quarantined,
            direction,
            ladder: Ladder::new(subject),
            stored: at.stored,
            first_leg: at.leg.clone(),
            receipt: None,
            shown: Shown::No,
            late: BTreeMap::new(),
            under_order: None,
            translations: Translations::default(),
            message: Arc::clone(&message),
        };
        let mut changes = vec![Change::Added(at.hash)];
        if let Some(fact) = released(&letter) {
            climb(&mut letter, fact, at.hash, &mut changes);
        }
        for (statement, said) in self.early.come(&at.hash) {
            said.take_in(&mut letter, statement, &mut changes);
        }
        let answer = answered(&letter);
        if let Some(cancelled) = letter.cancels() {
            self.cancelled
                .insert((cancelled, letter.message.header.sender.clone()));
        }
        self.letters.insert(at.hash, letter);
        self.order.push(at.hash);
        if let Some((referred, fact)) = answer {
            self.climb(referred, fact, at.hash, &mut changes);
        }
        changes
    }

    /// Adds what is kept beside the log: only a message is to be seen, and it stands under no key, so that nothing refers
    /// to it.
    pub fn add_quarantined(&mut self, hash: Hash, kept: &Quarantined) -> Vec<Change> {
        let Some(Payload::Message(message)) = kept.payload() else {
            return Vec::new();
        };
        let why = Rejected::Quarantined(kept.why.clone());
        let stored = WallTime::from_unix_ms(kept.arrived_ms);
        let Some(subject) = subject(&message, None, stored) else {
            return Vec::new();
        };
        let letter = Letter {
            hash,
            under_order: None,
            index: None,
            judged: None,
            rejected: Some(why.to_string()),
            quarantined: true,
            direction: Direction::In,
            ladder: Ladder::new(subject),
            stored,
            first_leg: kept.leg.parse().ok(),
            receipt: None,
            shown: Shown::No,
            late: BTreeMap::new(),
            translations: Translations::default(),
            message: Arc::new(message),
        };
        if self.letters.insert(hash, letter).is_none() {
            self.order.push(hash);
        }
        vec![Change::Added(hash)]
    }

    /// Reads a statement of our own ledger again that came after an officer's key inside it had ended.
    pub fn recall_quarantined(&mut self, at: &Provenance, payload: &Payload, why: &str) -> Vec<Change> {
        match payload {
            Payload::Message(message) => {
                let rejected = Rejected::Quarantined(why.to_owned());
                self.add_message(at, Arc::new(message.clone()), Err(rejected))
            }
            Payload::Receipt(_)
            | Payload::Act(_)
            | Payload::Annex(_)
            | Payload::Charter(_)
            | Payload::Service(_)
            | Payload::Watch(_)
            | Payload::Lifecycle(_) => Vec::new(),
        }
    }

    /// Desks whose DELIVERED came before the message itself.
    #[must_use]
    pub fn delivered_early(&self, message: &Hash) -> BTreeSet<Identity> {
        let desk = |said: &Said| match &said.fact.signer {
            Signer::Desk(desk) if said.fact.rung == Rung::Delivered => Some(desk.clone()),
            _ => None,
        };
        self.early.of(message).filter_map(desk).collect()
    }

    /// Adds a desk's receipt.
    pub fn add_receipt(&mut self, at: &Provenance, receipt: &Receipt) -> Vec<Change> {
        let mut changes = Vec::new();
        let (Some(rung), Ok(desk)) = (
            Rung::from_wire(receipt.rung),
            judge::identity(&receipt.header.sender),
        ) else {
            return vec![Change::Foreign {
                statement: at.hash,
                why: "no such rung or desk".into(),
            }];
        };
        for item in &receipt.items {
            let fact = Fact {
                arrived: at.stored,
                claimed: WallTime::from_unix_ms(receipt.header.claimed_time_ms),
                rung,
                signer: Signer::Desk(desk.clone()),
                answer: None,
                text: String::new(),
                leg: item.leg.parse().ok(),
                place: place_of(&receipt.header),
            };
            match self.keys.get(&(receipt.subject.clone(), item.id)) {
                Some(held) if *held != item.sha256 => changes.push(Change::Foreign {
                    statement: at.hash,
                    why: format!("{desk} signs {} for other bytes than were sent", rung.name()),
                }),
                Some(_) | None => {
                    if desk == self.me
                        && rung == Rung::Delivered
                        && let Some(letter) = self.letters.get_mut(&item.sha256)
                    {
                        letter.receipt = Some(at.hash);
                    }
                    self.climb(item.sha256, fact, at.hash, &mut changes);
                }
            }
        }
        changes
    }

    /// Adds an officer's act that was judged.
    pub fn add_act(&mut self, at: &Provenance, judged: Result<JudgedAct, Rejected>) -> Vec<Change> {
        let mut changes = Vec::new();
        match judged {
            Ok(judged) => {
                let message = judged.act.message.sha256;
                let fact = Fact {
                    arrived: at.stored,
                    claimed: WallTime::from_unix_ms(judged.act.claimed_time_ms),
                    rung: judged.rung,
                    signer: Signer::Officer {
                        identity: judged.officer,
                        roles: judged.roles,
                        desk: judged.desk,
                    },
                    answer: None,
                    text: judged.act.text,
                    leg: at.leg.clone(),
                    place: judged.place,
                };
                self.climb(message, fact, at.hash, &mut changes);
            }
            Err(error) => changes.push(Change::Foreign {
                statement: at.hash,
                why: error.to_string(),
            }),
        }
        changes
    }

    /// Adds a relay's acceptance, proved.
    pub fn add_acceptance(
        &mut self,
        message: Hash,
        relay: &Identity,
        leg: Option<&Leg>,
        now: WallTime,
    ) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.letters.contains_key(&message) {
            let fact = Fact {
                arrived: now,
                claimed: now,
                rung: Rung::Accepted,
                signer: Signer::Relay(relay.clone()),
                answer: None,
                text: String::new(),
                leg: leg.cloned(),
                place: None,
            };
            self.climb(message, fact, message, &mut changes);
        }
        changes
    }

    /// Reads a statement of our own ledger again, with what its content says; `against` is what stood against a message
    /// or translation when it came.
    pub fn recall(
        &mut self,
        at: &Provenance,
        (payload, words): (&Payload, Option<&Words>),
        against: Option<&Verdict>,
    ) -> Vec<Change> {
        match payload {
            Payload::Message(message) => {
                let said = (message, words.unwrap_or(&NOTHING_OPENED));
                let judged = if message.header.sender == self.me.to_string() {
                    judge::recall_message(said, &self.rosters, self.rule)
                } else {
                    judge::recall_theirs(said, &self.rosters, at.stored.unix_ms(), self.rule)
                };
                let judged = judged.and_then(|judged| match against {
                    Some(verdict) => Err(Rejected::AsItCame(verdict.why.clone())),
                    None => Ok(judged),
                });
                self.add_message(at, Arc::new(message.clone()), judged)
            }
            Payload::Receipt(receipt) => self.add_receipt(at, receipt),
            Payload::Act(act) => self.recall_act(at, act),
            Payload::Annex(annex) => self.recall_annex(at, (annex, words), against),
            Payload::Charter(_) | Payload::Service(_) | Payload::Watch(_) | Payload::Lifecycle(_) => {
                Vec::new()
            }
        }
    }

    fn recall_act(&mut self, at: &Provenance, act: &Act) -> Vec<Change> {
        let judged = if act.header.sender == self.me.to_string() {
            judge::recall_act(act, &self.rosters)
        } else {
            judge::recall_their_act(act, &self.rosters, at.stored.unix_ms())
        };
        self.add_act(at, judged)
    }

    fn climb(&mut self, message: Hash, fact: Fact, statement: Hash, changes: &mut Vec<Change>) {
        self.say(message, fact.into(), statement, changes);
    }

    fn say(&mut self, message: Hash, said: Said, statement: Hash, changes: &mut Vec<Change>) {
        if let Some(letter) = self.letters.get_mut(&message) {
            said.take_in(letter, statement, changes);
        } else {
            self.early.keep(message, statement, said);
        }
    }
}

/// Whether the ladder takes the fact.
fn climb(letter: &mut Letter, fact: Fact, statement: Hash, changes: &mut Vec<Change>) -> bool {
    let rung = fact.rung;
    match letter.ladder.apply(fact) {
        Ok(Step::First | Step::Further) => changes.push(Change::Climbed {
            message: letter.hash,
            rung,
        }),
        Ok(Step::Repeated | Step::TooMany) => {}
        Err(foreign) => {
            changes.push(Change::Foreign {
                statement,
                why: foreign_words(&foreign),
            });
            return false;
        }
    }
    true
}

fn foreign_words(foreign: &Foreign) -> String {
    foreign.to_string()
}

fn subject(message: &Message, judged: Option<&JudgedMessage>, since: WallTime) -> Option<Subject> {
    let (sender, recipients, response) = match judged {
        Some(judged) => (
            judged.draft.sender.clone(),
            judged.draft.recipients.clone(),
            judged.draft.response,
        ),
        None => {
            let sender = judge::identity(&message.header.sender).ok()?;
            (sender, Vec::new(), hotline_core::words::ResponseAttribute::None)
        }
    };
    Some(Subject {
        sender,
        recipients,
        response,
        since,
    })
}

fn place_of(header: &Header) -> Option<Place> {
    Place::new(header.epoch, header.sequence).ok()
}

/// RELEASED, as the approvals inside say.
fn released(letter: &Letter) -> Option<Fact> {
    let judged = letter.judged.as_ref()?;
    Some(Fact {
        arrived: letter.stored,
        claimed: WallTime::from_unix_ms(letter.message.header.claimed_time_ms),
        rung: Rung::Released,
        signer: releaser(judged),
        answer: None,
        text: String::new(),
        leg: None,
        place: place_of(&letter.message.header),
    })
}

fn releaser(judged: &JudgedMessage) -> Signer {
    Signer::Officer {
        identity: judged.releaser.clone(),
        roles: judged.releaser_roles.clone(),
        desk: judged.draft.sender.clone(),
    }
}

/// ANSWERED on the message that a reply refers to.
fn answered(letter: &Letter) -> Option<(Hash, Fact)> {
    let judged = letter.judged.as_ref()?;
    let reference = letter.message.refers_to.as_ref()?;
    if judged.draft.function != Function::Reply {
        return None;
    }
    let fact = Fact {
        arrived: letter.stored,
        claimed: WallTime::from_unix_ms(letter.message.header.claimed_time_ms),
        rung: Rung::Answered,
        signer: releaser(judged),
        answer: judged.draft.answer,
        text: judged.draft.text.clone(),
        leg: letter.first_leg.clone(),
        place: place_of(&letter.message.header),
    };
    Some((reference.sha256, fact))
}
