//! What people and scripts see of a message: plain words first, the formal name beside, and who did it.
//!
//! These are the `--json` objects too. Text of the peer is given as it was signed (`text`) and made inert for screens
//! (`shown_text`).

mod translation;

use hotline_audit::statement::Reference;
use hotline_core::{
    contact::Contact,
    id::StatementId,
    identity::Identity,
    ladder::{Fact, ReadBack, Signer},
    name::MessageName,
    text::{inert, inert_line},
    time::WallTime,
    words::Rung,
};
use serde::{Deserialize, Serialize};

use crate::{
    book::{Direction, Letter, Shown},
    cosigned::{HeldView, Level},
    overdue,
    services::NonDelivery,
};

pub use translation::TranslationView;

/// One rung somebody signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RungView {
    /// Formal name: `DELIVERED`.
    pub rung: String,
    /// In plain words: "arrived", "held by relay north (Avelia's domain)".
    pub plain: String,
    /// Who signed.
    pub by: String,
    /// When it was first seen here, milliseconds since 1970.
    pub at_ms: u64,
    /// When its signer says it happened, milliseconds since 1970. A claim.
    pub claimed_ms: u64,
    /// The leg it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leg: Option<String>,
    /// The answer, with ANSWERED.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// The signer's words, inert; of TRANSLATED grade and language, of PRESENTED to whom.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// Where the reading back of a message stands at a desk that is to act on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadBackView {
    /// The desk that read it back.
    pub desk: String,
    /// `READ_BACK` while it waits for the sender, `CONFIRMED` or `CORRECTED`.
    pub state: String,
    /// The same in plain words.
    pub plain: String,
    /// What was read back last, as signed.
    pub words: String,
    /// What its sender says is right, as signed, if it was corrected.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub correction: String,
}

/// A sender's signed word that a desk had not delivered a message in time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NonDeliveryView {
    /// The desk of which no DELIVERED was held.
    pub desk: String,
    /// The cause of silence as the sender saw it then: `ALL_PATHS_CUT`; `NO_RECEIPT` where the rules found none.
    pub cause: String,
    /// The same in plain words, inert; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub plain: String,
    /// The sender's legs that were down: since when, milliseconds since 1970; 0 for not known.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub down: std::collections::BTreeMap<String, u64>,
    /// When it was stored here, milliseconds since 1970.
    pub stored_ms: u64,
    /// When its signer says it was, milliseconds since 1970.
    pub claimed_ms: u64,
    /// SHA-256 of the exact signed bytes, hex.
    pub sha256: String,
    /// When that desk's DELIVERED came after all, milliseconds since 1970; it is what counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_ms: Option<u64>,
}

impl NonDeliveryView {
    pub(crate) fn of(said: &NonDelivery, delivered: Option<WallTime>) -> Self {
        Self {
            desk: said.desk.to_string(),
            cause: said.cause.clone(),
            plain: said.plain.clone(),
            down: said.down.iter().cloned().collect(),
            stored_ms: said.stored.unix_ms(),
            claimed_ms: said.claimed.unix_ms(),
            sha256: said.hash.to_string(),
            delivered_ms: delivered.map(WallTime::unix_ms),
        }
    }
}

/// How a message's timer stands: nobody has acknowledged it yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverdueView {
    /// For how long it has waited, in milliseconds.
    pub waited_ms: u64,
    /// The step that was taken last: `RE_ALERT`, `SECOND_POSITION`, `SUPERVISOR` or `OUT_OF_BAND`.
    pub step: Option<String>,
    /// The next one.
    pub next_step: Option<String>,
    /// After how long a wait it is due, in milliseconds.
    pub next_after_ms: Option<u64>,
}

/// How often a station has told whoever watches of a message as a new one. Whoever hears of the message twice, by a list and
/// by news that come late, sees by it that it was told once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncedView {
    /// Which run of the station: each opening of its ledger is another one.
    pub run: String,
    /// How often in this run: once, if all is well.
    pub times: u32,
}

/// One message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageView {
    /// What people say aloud: `A-0017`.
    pub name: String,
    /// 16 bytes, hex.
    pub id: String,
    /// SHA-256 of the exact signed bytes, hex.
    pub sha256: String,
    /// `in` or `out`.
    pub direction: String,
    /// The sending desk.
    pub from: String,
    /// The desks it names.
    pub to: Vec<String>,
    /// `FLASH`.
    pub precedence: String,
    /// `FORMAL`.
    pub class: String,
    /// `EXERCISE` or `OPERATION`, `PROJECT`, `DRILL`.
    pub message_type: String,
    /// `NOTIFY`.
    pub function: String,
    /// The channel.
    pub channel: String,
    /// What closes its dialogue.
    pub response: String,
    /// The answers that are allowed.
    pub answers: Vec<String>,
    /// The answer it gives, if it is a reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// SHA-256 of the message it refers to, hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refers_to: Option<String>,
    /// 16 bytes, hex.
    pub conversation: String,
    /// Date-time group of its claimed time; with a `?` behind it if its sender's clock is in doubt.
    pub dtg: String,
    /// When it was stored here, milliseconds since 1970.
    pub stored_ms: u64,
    /// Leaf in this desk's log; none for what is kept beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaf: Option<u64>,
    /// The words as signed; empty when rejected.
    pub text: String,
    /// The words made inert for a screen.
    pub shown_text: String,
    /// Characters that had to be marked.
    pub marked: usize,
    /// Whether its words were sealed: if not, every relay can read them.
    #[serde(default)]
    pub sealed: bool,
    /// Why it was rejected, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<String>,
    /// Why it is QUARANTINED, if it is: it came after a key that signed it had ended. `rejected` then says so too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantined: Option<String>,
    /// REVIEW: who signed of it in a window of doubt, if somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<String>,
    /// The order that stood when it came in, in words: it came under a suspension, or crossed it on its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under_order: Option<String>,
    /// Whether it is about saving lives: it passes a suspension.
    #[serde(default)]
    pub safety_of_life: bool,
    /// When it expires, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_ms: Option<u64>,
    /// By when an answer is asked for, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub respond_by_ms: Option<u64>,
    /// That time has passed, and nobody has answered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unanswered: bool,
    /// What its sender signed when it was not delivered in time, by desk.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undelivered: Vec<NonDeliveryView>,
    /// `PRESENCE_QUERY` or `CALL_REQUEST`, if it asks for people on the line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// The highest rung: formal name.
    pub state: String,
    /// The same in plain words.
    pub plain: String,
    /// `never`, `before` (shown before restart) or `signed`.
    pub shown: String,
    /// Every rung, signer and leg, in order of arrival.
    pub rungs: Vec<RungView>,
    /// Its translations, in the order in which they were signed; `text` is the original whatever stands here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub translations: Vec<TranslationView>,
    /// Copies after the first one, by leg.
    pub late_copies: std::collections::BTreeMap<String, u64>,
    /// The leg of the first copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_leg: Option<String>,
    /// It was first received later than its precedence's objective after it was signed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub delayed: bool,
    /// Nobody can say whether it came late: by its sender's clock it was signed in the future.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub delay_unknown: bool,
    /// Its acknowledgement and answers are locked until its sender confirms it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub locked: bool,
    /// It holds no longer: it is never to be acted on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub expired: bool,
    /// Its own sender has cancelled it: it is not to be acted on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancelled: bool,
    /// Where its reading back stands, at each desk that read it back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read_backs: Vec<ReadBackView>,
    /// Where a message of ours is held, and who has cosigned that: one for each relay that has accepted it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<HeldView>,
    /// How its timer stands, while it waits for a person and this desk is on duty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overdue: Option<OverdueView>,
    /// How often it was told as new, if it came in and this run of the station has told it at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced: Option<AnnouncedView>,
}

impl MessageView {
    /// Whether somebody signed that rung.
    #[must_use]
    pub fn reached(&self, rung: Rung) -> bool {
        self.rungs.iter().any(|view| view.rung == rung.name())
    }

    /// How surely it is held, if any relay holds it: the best that can be proved.
    #[must_use]
    pub fn level(&self) -> Option<Level> {
        self.held.iter().map(HeldView::level).max()
    }

    /// What was read back and waits for the sender's word, if anything does.
    #[must_use]
    pub fn awaits_confirmation(&self) -> Option<&ReadBackView> {
        let awaits = Rung::ReadBack.name();
        self.read_backs.iter().find(|read| read.state == awaits)
    }

    /// The earliest fact of that rung.
    #[must_use]
    pub fn first(&self, rung: Rung) -> Option<&RungView> {
        self.rungs.iter().find(|view| view.rung == rung.name())
    }

    /// The reference to it, as answers and acts carry it, and its conversation; none if another version made this view.
    #[must_use]
    pub fn reference(&self) -> Option<(Reference, [u8; 16])> {
        let sixteen = |hex: &str| -> Option<[u8; 16]> {
            let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).ok()?;
            bytes.try_into().ok()
        };
        let reference = Reference {
            sender: self.from.clone(),
            id: sixteen(&self.id)?,
            sha256: self.sha256.parse().ok()?,
        };
        Some((reference, sixteen(&self.conversation)?))
    }

    /// Whether an answer closed the dialogue.
    #[must_use]
    pub fn closed(&self) -> bool {
        self.state == Rung::Closed.name()
    }
}

/// What people call a message; `prefix` is that of its sender.
#[must_use]
pub fn name(letter: &Letter, prefix: &str) -> String {
    let number = letter.message.number;
    MessageName::new(prefix, number).map_or_else(|_| format!("?-{number:04}"), |name| name.to_string())
}

/// A letter as people see it now; `prefix` is that of its sender.
#[must_use]
pub fn of(letter: &Letter, prefix: &str, now: WallTime) -> MessageView {
    let message = &letter.message;
    let header = &message.header;
    let judged = letter.judged.as_ref();
    let text = judged.map(|judged| judged.draft.text.clone()).unwrap_or_default();
    let shown = inert(&text);
    let state = letter.ladder.highest();
    let word = |number: u32, read: fn(u32) -> Option<&'static str>| {
        read(number).map_or_else(|| number.to_string(), str::to_owned)
    };
    use hotline_core::{precedence::Precedence, words as w};
    MessageView {
        name: name(letter, prefix),
        id: StatementId(header.id).to_string(),
        sha256: letter.hash.to_string(),
        direction: match letter.direction {
            Direction::Out => "out",
            Direction::In => "in",
        }
        .into(),
        from: header.sender.clone(),
        to: header.recipients.iter().map(|to| to.identity.clone()).collect(),
        precedence: word(message.precedence, |n| {
            Precedence::from_wire(n).map(Precedence::name)
        }),
        class: word(message.traffic_class, |n| {
            w::TrafficClass::from_wire(n).map(w::TrafficClass::name)
        }),
        message_type: word(message.message_type, |n| {
            w::MessageType::from_wire(n).map(w::MessageType::name)
        }),
        function: word(message.function, |n| {
            w::Function::from_wire(n).map(w::Function::name)
        }),
        channel: inert_line(&message.channel).text,
        response: word(message.response_attribute, |n| {
            w::ResponseAttribute::from_wire(n).map(w::ResponseAttribute::name)
        }),
        answers: judged
            .map(|judged| hotline_core::dialogue::answers(judged.draft.response))
            .unwrap_or_default()
            .into_iter()
            .map(|answer| answer.name().to_owned())
            .collect(),
        answer: w::Answer::from_wire(message.answer).map(|answer| answer.name().to_owned()),
        refers_to: message
            .refers_to
            .as_ref()
            .map(|reference| reference.sha256.to_string()),
        conversation: StatementId(header.conversation).to_string(),
        dtg: hotline_core::time::WallTime::from_unix_ms(header.claimed_time_ms)
            .dtg()
            .to_string(),
        stored_ms: letter.stored.unix_ms(),
        leaf: letter.index,
        text,
        shown_text: shown.text,
        marked: shown.marked,
        sealed: message.content.is_sealed(),
        rejected: letter.rejected.clone(),
        under_order: letter.under_order.clone(),
        safety_of_life: message.safety_of_life,
        expires_ms: (message.expires_ms > 0).then_some(message.expires_ms),
        respond_by_ms: (message.respond_by_ms > 0).then_some(message.respond_by_ms),
        unanswered: false,
        held: Vec::new(),
        announced: None,
        undelivered: Vec::new(),
        contact: Contact::from_wire(message.contact).map(|contact| contact.name().to_owned()),
        quarantined: letter.rejected.clone().filter(|_| letter.quarantined),
        review: None,
        state: if letter.quarantined {
            "QUARANTINED"
        } else {
            state.map_or("NONE", Rung::name)
        }
        .into(),
        plain: if letter.quarantined {
            "quarantined, not to be believed"
        } else {
            state.map_or("rejected", Rung::plain)
        }
        .into(),
        shown: match letter.shown {
            Shown::No => "never",
            Shown::Before => "before",
            Shown::Signed => "signed",
        }
        .into(),
        rungs: letter.ladder.timeline().into_iter().map(rung).collect(),
        translations: translation::of(letter),
        late_copies: letter.late.clone(),
        first_leg: letter.first_leg.as_ref().map(ToString::to_string),
        delayed: overdue::delayed_by(letter).is_some(),
        delay_unknown: overdue::unknown_by(letter).is_some(),
        locked: overdue::locked(letter),
        expired: overdue::expired(letter, now),
        cancelled: false,
        read_backs: letter.ladder.read_backs().map(read_back).collect(),
        overdue: None,
    }
}

fn read_back((desk, stands): (&Identity, ReadBack<'_>)) -> ReadBackView {
    let (words, correction) = match stands {
        ReadBack::Nothing => ("", ""),
        ReadBack::Awaits { words } | ReadBack::Confirmed { words } => (words, ""),
        ReadBack::Corrected { words, correction } => (words, correction),
    };
    ReadBackView {
        desk: desk.to_string(),
        state: stands.name().to_owned(),
        plain: stands.to_string(),
        words: words.to_owned(),
        correction: correction.to_owned(),
    }
}

fn rung(fact: &Fact) -> RungView {
    let by = match &fact.signer {
        Signer::Relay(identity) | Signer::Desk(identity) | Signer::Officer { identity, .. } => identity,
    };
    let plain = match &fact.signer {
        Signer::Relay(relay) => format!("held by relay {} of {}", relay.name(), relay.domain()),
        Signer::Desk(_) => fact.rung.plain().to_owned(),
        Signer::Officer { identity, .. } => format!("{} by {}", fact.rung.plain(), identity.name()),
    };
    RungView {
        rung: fact.rung.name().into(),
        plain,
        by: by.to_string(),
        at_ms: fact.arrived.unix_ms(),
        claimed_ms: fact.claimed.unix_ms(),
        leg: fact.leg.as_ref().map(ToString::to_string),
        answer: fact.answer.map(|answer| answer.name().to_owned()),
        text: inert_line(&fact.text).text,
    }
}
