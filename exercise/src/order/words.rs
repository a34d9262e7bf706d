//! A record in a line of words, for whoever stands at control.

use std::time::Duration;

use hotline_core::{story::Rate, time::StoryTime};
use hotline_faults::value;

use crate::{
    record::{InjectStatus, Kind, TurnWord},
    timeline,
};

/// One word for what a record is: `CLOCK`, `INJECT`.
#[must_use]
pub fn label(kind: &Kind) -> &'static str {
    timeline::word(kind)
}

/// What a record says, in a line.
#[must_use]
pub fn words(kind: &Kind) -> String {
    let with = |head: String, text: &str| match text {
        "" => head,
        text => format!("{head}: {text}"),
    };
    match kind {
        Kind::Startex(startex) => startex.scenario.clone(),
        Kind::Tick => String::new(),
        Kind::Clock { turn } => turned(*turn),
        Kind::Inject { serial, status, what } => with(format!("{serial} {}", name(*status)), what),
        Kind::Fault {
            name,
            on,
            fault,
            links,
        } => {
            let on = if *on { "on" } else { "off" };
            with(with(format!("{name} {on}"), fault), &links.join(", "))
        }
        Kind::Process { who, deed } => format!("{who} {deed}"),
        Kind::Note {
            author,
            text,
            objective,
        } => match objective {
            Some(objective) => format!("{author} about {objective}: {text}"),
            None => format!("{author}: {text}"),
        },
        Kind::Rating {
            author,
            objective,
            rating,
            text,
        } => with(format!("{objective} {rating:?} by {author}"), text),
        Kind::Observed { desk, seen } => with(desk.clone(), seen.label.as_deref().unwrap_or_default()),
        Kind::Seat { seat, what } => format!("{seat} {what}"),
        Kind::Named { alias, message } => format!("{alias} is {}", message.get(..12).unwrap_or(message)),
        Kind::Played { seat, rule, refused } => with(format!("{seat} {rule}"), refused),
        Kind::Duress {
            seat, officer, what, ..
        } => format!("{what} {officer}, told by {seat}"),
        Kind::Stated { seat, what, is } => format!("{seat} says of {what}: {is}"),
        Kind::Refused {
            controller,
            order,
            why,
        } => format!("{order} of {controller}: {why}"),
        Kind::Resumed { found } => found.join("; "),
        Kind::Annex { file, offset, .. } => format!("{file} from byte {offset}"),
        Kind::Improvement {
            finding,
            action,
            owner,
            due,
        } => format!("{finding}: {action} ({owner}, {due})"),
        Kind::Endex { why } => why.clone(),
    }
}

fn turned(turn: TurnWord) -> String {
    match turn {
        TurnWord::Pause => "PAUSE".into(),
        TurnWord::Resume => "RESUME".into(),
        TurnWord::Speed(thousandths) => match Rate::from_thousandths(thousandths) {
            Some(rate) => format!("SPEED {rate}"),
            None => format!("SPEED of {thousandths} thousandths"),
        },
        TurnWord::Leap(ms) => format!("LEAP to {}", StoryTime::from_startex(Duration::from_millis(ms))),
        TurnWord::Shift(by) => {
            let sign = if by < 0 { '-' } else { '+' };
            let length = value::show_duration(Duration::from_millis(by.unsigned_abs()));
            format!("SHIFT by {sign}{length} of story")
        }
    }
}

const fn name(status: InjectStatus) -> &'static str {
    match status {
        InjectStatus::Entered => "ENTERED",
        InjectStatus::Approved => "APPROVED",
        InjectStatus::Firing => "FIRING",
        InjectStatus::Delivered => "DELIVERED",
        InjectStatus::Completed => "COMPLETED",
        InjectStatus::Skipped => "SKIPPED",
        InjectStatus::Unskipped => "UNSKIPPED",
        InjectStatus::Failed => "FAILED",
        InjectStatus::Unknown => "UNKNOWN",
        InjectStatus::NotNeeded => "NOT_NEEDED",
        InjectStatus::Moved => "MOVED",
    }
}
