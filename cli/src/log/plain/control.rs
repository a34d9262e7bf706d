//! What control of an exercise did or saw, in plain words.

use hotline_audit::{
    SignedStatement,
    statement::{Control, ControlOrder},
};
use hotline_core::{
    id::StatementId,
    text::{inert, inert_line},
    time::WallTime,
};

use super::{EntryView, Words};

/// Kinds of record by number, from 1 (`FORMAT.md` §14.1).
const KINDS: [&str; 19] = [
    "STARTEX",
    "TICK",
    "CLOCK",
    "INJECT",
    "FAULT",
    "PROCESS",
    "NOTE",
    "RATING",
    "OBSERVED",
    "SEAT",
    "REFUSED",
    "NAMED",
    "RESUMED",
    "STATED",
    "ANNEX",
    "ENDEX",
    "IMPROVEMENT",
    "PLAYED",
    "DURESS",
];

pub(super) fn record(view: EntryView, statement: &SignedStatement, words: Words) -> EntryView {
    let view = EntryView {
        kind: "control".into(),
        ..view
    };
    let said = match Control::decode(&statement.payload) {
        Ok(said) => said,
        Err(error) => {
            let why = inert_line(&error.to_string()).text;
            let plain = format!("a record that cannot be read: {why}");
            return EntryView { plain, ..view };
        }
    };
    let mut plain = kind(said.kind);
    if !said.subject.is_empty() {
        plain.push_str(&format!(" {}", inert_line(&said.subject).text));
    }
    plain.push_str(&format!(" at story {}", story(said.story_ms)));
    let controller = controller(&said);
    if let Some(controller) = &controller {
        plain.push_str(&format!(", ordered by {controller}"));
    }
    EntryView {
        id: StatementId(said.id).to_string(),
        sender: inert_line(&said.conductor).text,
        place: format!("1.{}", said.sequence),
        claimed_time_ms: Some(said.wall_ms),
        dtg: WallTime::from_unix_ms(said.wall_ms).dtg().to_string(),
        officer: controller,
        text: (words == Words::Shown && !said.detail.is_empty()).then(|| inert(&said.detail).text),
        plain,
        ..view
    }
}

fn kind(number: u32) -> String {
    let name = (number as usize)
        .checked_sub(1)
        .and_then(|place| KINDS.get(place));
    name.map_or_else(|| format!("kind {number}"), ToString::to_string)
}

/// Who ordered it, as the order says.
fn controller(said: &Control) -> Option<String> {
    let order = SignedStatement::parse(&said.order).ok()?;
    let order = ControlOrder::decode(&order.payload).ok()?;
    Some(inert_line(&order.controller).text)
}

/// `T+00:05:00`: hours, minutes and seconds since STARTEX.
fn story(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    format!(
        "T+{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}
