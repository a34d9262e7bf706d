//! What each message has reached, where and when.

use std::collections::BTreeMap;

use hotline_audit::Hash;
use hotline_core::{
    time::WallTime,
    words::{Answer, Function, ResponseAttribute, Rung},
};

use crate::{bundle::LogKind, scenario::lists::Grade};

use super::{Entry, Moment, Timeline, What};

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
    let mut climbs = BTreeMap::<Hash, Vec<Climb>>::new();
    for no in 0..timeline.entries.len() {
        for (message, climb) in of_entry(timeline, no, &came) {
            climbs.entry(message).or_default().push(climb);
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
}

/// What one statement says of messages.
fn of_entry(timeline: &Timeline, no: usize, came: &Came) -> Vec<(Hash, Climb)> {
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
            let mut climbs = vec![(entry.sha256, plain(Rung::Released))];
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
                    climbs.push((entry.sha256, accepted));
                }
            }
            if let (Some(asked), Some(answer), Function::Reply) =
                (message.refers_to, message.answer, message.function)
            {
                let answered = Climb {
                    answer: Some(answer),
                    ..plain(Rung::Answered)
                };
                climbs.push((asked, answered));
            }
            climbs
        }
        What::Receipt(receipt) => {
            let each = receipt.messages.iter();
            each.map(|(message, _)| (*message, plain(receipt.rung))).collect()
        }
        What::Act(word) => vec![(
            word.message,
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
