//! What each message has reached, where and when.

use std::collections::BTreeMap;

use hotline_audit::Hash;
use hotline_core::{
    ladder::{Fact, Ladder, Signer, Subject},
    release::Recipient,
    time::WallTime,
    words::{Answer, Function, RecipientKind, ResponseAttribute, Rung},
};

use crate::{bundle::LogKind, scenario::lists::Grade};

use super::{Entry, MessageFact, Moment, Timeline, What};

/// A message has reached a rung, or a mark beside the ladder.
#[derive(Clone, Debug, PartialEq)]
pub struct Climb {
    /// Which.
    pub rung: Rung,
    /// The desk that said so, by its name; of ACCEPTED the relay.
    pub desk: String,
    /// When; `None` where nobody knows. A relay's log bears no times, so ACCEPTED lies between RELEASED and the receipt of
    /// what came by that relay, give or take half of it; nothing is known of a relay by which no first copy came.
    pub at: Option<Moment>,
    /// The statement that says so: where in [`Timeline::entries`].
    pub entry: usize,
    /// The officer who signed it, if one did.
    pub officer: Option<String>,
    /// How good a translation is.
    pub grade: Option<Grade>,
    /// Of ANSWERED, with what.
    pub answer: Option<Answer>,
}

/// What somebody signed about a message, and the line calls foreign: it is in the logs and climbs nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// The message.
    pub message: Hash,
    /// Which rung it would have been.
    pub rung: Rung,
    /// The statement: where in [`Timeline::entries`].
    pub entry: usize,
    /// Why it does not count.
    pub why: String,
}

pub(super) fn fill(timeline: &mut Timeline) {
    let messages = timeline
        .entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| matches!(entry.what, What::Message(_)))
        .map(|(no, entry)| (entry.sha256, no))
        .collect();
    timeline.messages = messages;
    let came = came(timeline);
    let mut ladders = Ladders::of(timeline);
    let mut climbs = BTreeMap::<Hash, Vec<Climb>>::new();
    let mut foreign = Vec::new();
    for no in 0..timeline.entries.len() {
        for (message, signer, climb) in of_entry(timeline, no, &came) {
            match ladders.take(&message, signer, &climb) {
                Ok(()) => climbs.entry(message).or_default().push(climb),
                Err(why) => foreign.push(Foreign {
                    message,
                    rung: climb.rung,
                    entry: no,
                    why,
                }),
            }
        }
    }
    for (message, climbs) in &mut climbs {
        climbs.extend(closed(timeline, message, climbs));
        // What has no time stands where it belongs on the ladder: behind the release.
        let released = climbs.iter().find(|climb| climb.rung == Rung::Released);
        let begun = released
            .and_then(|released| released.at)
            .map_or(0, |at| at.wall_ms);
        climbs.sort_by_key(|climb| (climb.at.map_or(begun, |at| at.wall_ms), climb.rung, climb.entry));
    }
    timeline.climbs = climbs;
    timeline.foreign = foreign;
}

/// What one statement says of messages.
fn of_entry(timeline: &Timeline, no: usize, came: &Came) -> Vec<(Hash, Option<Signer>, Climb)> {
    let Some(entry) = timeline.entries.get(no) else {
        return Vec::new();
    };
    let plain = |rung| Climb {
        rung,
        desk: timeline.name_of(&entry.who),
        at: Some(entry.at),
        entry: no,
        officer: None,
        grade: None,
        answer: None,
    };
    match &entry.what {
        What::Message(message) => {
            let releaser = message.released.clone().ok();
            let mut climbs = vec![(entry.sha256, releaser.clone(), plain(Rung::Released))];
            for log in timeline
                .logs
                .iter()
                .filter(|log| log.kind == Some(LogKind::Relay))
            {
                if entry.places.iter().any(|place| place.log == log.name) {
                    let relay = timeline.name_of(&log.owner);
                    let accepted = Climb {
                        at: accepted_at(timeline, entry, &relay, came),
                        desk: relay,
                        ..plain(Rung::Accepted)
                    };
                    climbs.push((entry.sha256, log.owner.parse().ok().map(Signer::Relay), accepted));
                }
            }
            if let (Some(asked), Some(answer), Function::Reply) =
                (message.refers_to, message.answer, message.function)
            {
                let answered = Climb {
                    answer: Some(answer),
                    ..plain(Rung::Answered)
                };
                climbs.push((asked, releaser, answered));
            }
            climbs
        }
        What::Receipt(receipt) => {
            let each = receipt.messages.iter();
            let desk = entry.who.parse().ok().map(Signer::Desk);
            each.map(|(message, _)| (*message, desk.clone(), plain(receipt.rung)))
                .collect()
        }
        What::Act(word) => vec![(
            word.message,
            word.signer.clone(),
            Climb {
                officer: Some(word.officer.clone()),
                grade: word.grade,
                ..plain(word.rung)
            },
        )],
        What::Service(_)
        | What::Watch { .. }
        | What::Order { .. }
        | What::Charter { .. }
        | What::Control(_)
        | What::Other(_) => Vec::new(),
    }
}

/// The ladder of every message that was released, as the line keeps it: it says what is foreign.
struct Ladders(BTreeMap<Hash, Result<Ladder, String>>);

impl Ladders {
    fn of(timeline: &Timeline) -> Self {
        let ladders = timeline.entries.iter().filter_map(|entry| match &entry.what {
            What::Message(message) => {
                let ladder = match &message.released {
                    Ok(_) => subject(entry, message)
                        .map(Ladder::new)
                        .ok_or_else(|| "a name in it is none".to_owned()),
                    Err(why) => Err(format!("the message was not released: {why}")),
                };
                Some((entry.sha256, ladder))
            }
            _ => None,
        });
        Self(ladders.collect())
    }

    /// Takes a fact, or says why it does not count.
    fn take(&mut self, message: &Hash, signer: Option<Signer>, climb: &Climb) -> Result<(), String> {
        let ladder = match self.0.get_mut(message) {
            // That a relay holds it is true of whatever it holds.
            Some(Err(_)) if climb.rung == Rung::Accepted => return Ok(()),
            Some(ladder) => ladder.as_mut().map_err(|why| why.clone())?,
            None => return Err("no log holds the message".into()),
        };
        let signer = signer.ok_or("who signed it was not entitled to")?;
        let at = WallTime::from_unix_ms(climb.at.map_or(0, |at| at.wall_ms));
        let fact = Fact {
            arrived: at,
            claimed: at,
            rung: climb.rung,
            signer,
            answer: climb.answer,
            text: String::new(),
            leg: None,
            place: None,
        };
        ladder
            .apply(fact)
            .map(|_| ())
            .map_err(|foreign| foreign.to_string())
    }
}

fn subject(entry: &Entry, message: &MessageFact) -> Option<Subject> {
    let of = |names: &[String], kind| -> Option<Vec<Recipient>> {
        let each = names.iter().map(|name| {
            let identity = name.parse().ok()?;
            Some(Recipient { identity, kind })
        });
        each.collect()
    };
    let mut recipients = of(&message.to, RecipientKind::Action)?;
    recipients.extend(of(&message.copies, RecipientKind::Information)?);
    Some(Subject {
        sender: entry.who.parse().ok()?,
        recipients,
        response: message.response,
        since: WallTime::from_unix_ms(entry.at.wall_ms),
    })
}

/// When the first copy of a message was told to have come, by message and relay.
type Came = BTreeMap<(Hash, String), Moment>;

fn came(timeline: &Timeline) -> Came {
    let mut came = Came::new();
    for entry in &timeline.entries {
        if let What::Receipt(receipt) = &entry.what
            && receipt.rung == Rung::Delivered
        {
            for (message, leg) in &receipt.messages {
                let relay = leg.split('/').next().unwrap_or_default();
                came.entry((*message, format!("relay {relay}")))
                    .or_insert(entry.at);
            }
        }
    }
    came
}

/// When a relay had a message: behind its release, and before the first receipt of a copy that came by this relay.
fn accepted_at(timeline: &Timeline, message: &Entry, relay: &str, came: &Came) -> Option<Moment> {
    let came = came.get(&(message.sha256, relay.to_owned()))?;
    if !(message.at.is_certain() && came.is_certain()) {
        return None;
    }
    let from = message.at.wall_ms.saturating_sub(message.at.uncertainty_ms);
    let to = came.wall_ms.saturating_add(came.uncertainty_ms);
    let half = to.saturating_sub(from).div_ceil(2);
    Some(timeline.clock.moment(from.saturating_add(half), half))
}

/// CLOSED, once every desk that is to act has given an answer that closes the dialogue.
fn closed(timeline: &Timeline, sha256: &Hash, climbs: &[Climb]) -> Option<Climb> {
    let (_, message) = timeline.message(sha256)?;
    if message.response == ResponseAttribute::None || message.to.is_empty() {
        return None;
    }
    let mut last: Option<&Climb> = None;
    for identity in &message.to {
        let desk = timeline.name_of(identity);
        let mut answers: Vec<&Climb> = climbs
            .iter()
            .filter(|climb| climb.rung == Rung::Answered && climb.desk == desk)
            .collect();
        answers.sort_by_key(|climb| climb.at);
        let closing = closing(message.response, &answers)?;
        if last.is_none_or(|last| last.at < closing.at) {
            last = Some(closing);
        }
    }
    last.map(|closing| Climb {
        rung: Rung::Closed,
        ..closing.clone()
    })
}

/// The answer that closes a dialogue, of one desk's answers in their order.
fn closing<'c>(response: ResponseAttribute, answers: &[&'c Climb]) -> Option<&'c Climb> {
    use hotline_core::dialogue::{Dialogue, Effect, Party};
    let mut dialogue = Dialogue::open(response, WallTime::from_unix_ms(0));
    answers.iter().copied().find(|climb| {
        let at = WallTime::from_unix_ms(climb.at.map_or(0, |at| at.wall_ms));
        climb
            .answer
            .is_some_and(|answer| dialogue.answer(Party::Asked, answer, at) == Ok(Effect::Closes))
    })
}
