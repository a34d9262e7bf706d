//! How entries of the timeline are named: whose they are, what they are, what about.

use hotline_audit::Hash;
use hotline_core::story::Rate;

use crate::{
    record::{InjectStatus, Kind, TurnWord},
    timeline::{self, Entry, Timeline, What},
};

/// Names for the entries of one timeline.
pub(super) struct Lines<'t> {
    timeline: &'t Timeline,
}

impl<'t> Lines<'t> {
    pub(super) const fn new(timeline: &'t Timeline) -> Self {
        Self { timeline }
    }

    /// What people say aloud: `A-0017`.
    pub(super) fn spoken(&self, message: &Hash) -> String {
        match self.timeline.message(message) {
            Some((entry, fact)) => format!("{}-{:04}", self.timeline.name_of(&entry.who), fact.number),
            None => String::new(),
        }
    }

    /// In whose lane an entry stands: `desk A`, `control`.
    pub(super) fn who(&self, entry: &Entry) -> String {
        match &entry.what {
            What::Control(record) => match &record.kind {
                Kind::Observed { desk, .. } => format!("desk {desk}"),
                _ => "control".into(),
            },
            _ => match self.timeline.desk_of(&entry.who) {
                Some((name, _)) => format!("desk {name}"),
                None => self.timeline.name_of(&entry.who),
            },
        }
    }

    /// What an entry is about: messages by their names, a serial number.
    pub(super) fn subject(&self, entry: &Entry) -> String {
        match &entry.what {
            What::Message(fact) => {
                let name = self.spoken(&entry.sha256);
                match fact.code() {
                    Some(code) => format!("{name} {} {code}", fact.precedence),
                    None => format!("{name} {}", fact.precedence),
                }
            }
            What::Receipt(receipt) => {
                let names: Vec<String> = receipt
                    .messages
                    .iter()
                    .map(|(message, _)| self.spoken(message))
                    .collect();
                names.join(" ")
            }
            What::Act(word) => format!("{} by {}", self.spoken(&word.message), person(&word.officer)),
            What::Service(service) => {
                let legs: Vec<&str> = service.legs.iter().map(|(leg, _)| leg.as_str()).collect();
                let about = service.about.as_ref().map(|about| self.spoken(about));
                let step = service.step.map(|step| step.to_string());
                let parts = [about, step, Some(legs.join(" "))];
                let parts: Vec<String> = parts
                    .into_iter()
                    .flatten()
                    .filter(|part| !part.is_empty())
                    .collect();
                parts.join(" ")
            }
            What::Watch { officer, .. } => person(officer),
            What::Order { channel, officer, .. } => format!("{channel} by {}", person(officer)),
            What::Charter { channel, .. } => channel.clone(),
            What::Control(record) => self.record_subject(&record.kind),
            What::Other(_) => String::new(),
        }
    }

    fn record_subject(&self, kind: &Kind) -> String {
        match kind {
            Kind::Startex(startex) => startex.scenario.clone(),
            Kind::Tick => String::new(),
            Kind::Clock { turn } => turn_words(*turn),
            Kind::Inject { serial, status, .. } => format!("{serial} {}", status_name(*status)),
            Kind::Fault { name, on, .. } => format!("{name} {}", if *on { "on" } else { "off" }),
            Kind::Process { who, deed } => format!("{who} {deed}"),
            Kind::Note { author, .. } => author.clone(),
            Kind::Rating {
                objective, author, ..
            } => format!("{objective} by {author}"),
            Kind::Observed { desk, seen } => {
                let alarms: Vec<&str> = seen.alarms.iter().map(|(code, _)| code.as_str()).collect();
                let label = seen.label.as_deref().unwrap_or_default();
                format!("{desk} {label} {}", alarms.join(" "))
                    .trim_end()
                    .to_owned()
            }
            Kind::Seat { seat, what } => format!("{seat} {what}"),
            Kind::Named { alias, message } => {
                let name = message.parse().map(|hash| self.spoken(&hash)).unwrap_or_default();
                format!("{alias} is {name}")
            }
            Kind::Played { seat, rule, .. } => format!("{seat} {rule}"),
            Kind::Duress {
                seat, officer, what, ..
            } => format!("{what} {officer}, told by {seat}"),
            Kind::Stated { seat, what, is } => format!("{seat} {what}: {is}"),
            Kind::Refused {
                controller, order, ..
            } => format!("{order} of {controller}"),
            Kind::Resumed { .. } => String::new(),
            Kind::Annex { file, offset, .. } => format!("{file} from {offset}"),
            Kind::Improvement { owner, .. } => owner.clone(),
            Kind::Endex { why } => why.clone(),
        }
    }

    /// What an entry is: rungs and control's records by their formal names.
    pub(super) fn kind(&self, entry: &Entry) -> String {
        match &entry.what {
            What::Message(_) => "RELEASED".into(),
            What::Receipt(receipt) => receipt.rung.to_string(),
            What::Act(word) => word.rung.to_string(),
            What::Service(service) => service.kind.to_string(),
            What::Watch { verb, .. } => format!("WATCH {verb}"),
            What::Order { verb, .. } => verb.to_string(),
            What::Charter { .. } => "CHARTER".into(),
            What::Control(record) => match &record.kind {
                Kind::Observed { seen, .. } if !seen.alarms.is_empty() => "ALARM".into(),
                kind => timeline::word(kind).into(),
            },
            What::Other(kind) => kind.as_str().to_owned(),
        }
    }

    /// What it says, in its signer's words; may be empty.
    pub(super) fn what(&self, entry: &Entry) -> String {
        match &entry.what {
            What::Message(fact) => fact.text.clone().unwrap_or_default(),
            What::Act(word) => word.text.clone(),
            What::Service(service) => service.text.clone(),
            What::Watch { remark, .. } => remark.clone(),
            What::Order { reason, .. } => reason.clone(),
            What::Control(record) => record_words(&record.kind),
            What::Receipt(_) | What::Charter { .. } | What::Other(_) => String::new(),
        }
    }
}

/// What a security officer's watch told.
fn duress_words(what: &str) -> &'static str {
    match what {
        "DURESS" => "typed the second passphrase, the one for duress",
        _ => "notes of unlockings are gone",
    }
}

/// What control wrote down, in its words.
fn record_words(kind: &Kind) -> String {
    match kind {
        Kind::Inject { what, .. } => what.clone(),
        Kind::Fault { fault, links, .. } => format!("{fault} on {}", links.join(" ")),
        Kind::Note { text, .. } => text.clone(),
        Kind::Rating { rating, text, .. } => format!("{rating:?} {text}"),
        Kind::Observed { seen, .. } => seen
            .alarms
            .iter()
            .map(|(code, sentence)| format!("{code}: {sentence}"))
            .collect::<Vec<_>>()
            .join("; "),
        Kind::Played { refused, .. } => refused.clone(),
        Kind::Duress { what, .. } => duress_words(what).to_owned(),
        Kind::Refused { why, .. } => why.clone(),
        Kind::Resumed { found } => found.join("; "),
        Kind::Improvement { finding, action, .. } => format!("{finding}: {action}"),
        Kind::Startex(_)
        | Kind::Tick
        | Kind::Clock { .. }
        | Kind::Process { .. }
        | Kind::Seat { .. }
        | Kind::Named { .. }
        | Kind::Stated { .. }
        | Kind::Annex { .. }
        | Kind::Endex { .. } => String::new(),
    }
}

/// An officer's name without the rest of the identity.
pub(super) fn person(identity: &str) -> String {
    identity.rsplit('/').next().unwrap_or(identity).to_owned()
}

/// A turn of the clock in words.
pub(super) fn turn_words(turn: TurnWord) -> String {
    match turn {
        TurnWord::Pause => "PAUSE".into(),
        TurnWord::Resume => "RESUME".into(),
        TurnWord::Speed(rate) => rate_words(rate),
        TurnWord::Leap(to_ms) => format!("to {} of story", timeline::show(to_ms)),
        TurnWord::Shift(by_ms) => {
            let sign = if by_ms < 0 { "-" } else { "+" };
            format!("by {sign}{} of story", timeline::show(by_ms.unsigned_abs()))
        }
    }
}

/// A rate of the story clock in words.
pub(super) fn rate_words(rate: u32) -> String {
    Rate::from_thousandths(rate).map_or_else(|| format!("at {rate} thousandths"), |rate| format!("at {rate}"))
}

/// A status as papers print it.
pub(super) const fn status_name(status: InjectStatus) -> &'static str {
    match status {
        InjectStatus::Entered => "ENTERED",
        InjectStatus::Approved => "APPROVED",
        InjectStatus::Firing => "FIRING",
        InjectStatus::Delivered => "DELIVERED",
        InjectStatus::Completed => "COMPLETED",
        InjectStatus::Skipped => "SKIPPED",
        InjectStatus::Unskipped => "PENDING",
        InjectStatus::Failed => "FAILED",
        InjectStatus::Unknown => "UNKNOWN",
        InjectStatus::NotNeeded => "NOT_NEEDED",
        InjectStatus::Moved => "MOVED",
    }
}
