//! How messages look in a terminal: plain words first, the formal name with details. Strangers' words are inert.

mod translations;

pub use translations::translations;

use std::io::{IsTerminal as _, Write as _};

use hotline_client::{
    config::DeskConfig,
    cosigned::HeldView,
    request::News,
    status::{CosignedStatus, LineStatus},
    view::{MessageView, NonDeliveryView, OverdueView},
};
use hotline_core::{contact::Contact, text::inert_line, time::WallTime};
use serde::Serialize;

use super::coded::{Book, is_coded};

/// One object on one line.
pub fn object(value: &impl Serialize) {
    match serde_json::to_string(value) {
        Ok(line) => crate::say!("{line}"),
        Err(error) => eprintln!("an object could not be printed: {error}"),
    }
}

/// A message in full, as it was signed.
#[must_use]
pub fn message(view: &MessageView) -> String {
    written(view, None)
}

/// A message in full as officers of this desk read it: a coded one by the codebook that lies here.
#[must_use]
pub fn read(view: &MessageView, config: &DeskConfig) -> String {
    let book = match is_coded(&view.text) {
        true => Book::of(config).ok().flatten(),
        false => None,
    };
    written(view, book.and_then(|book| book.drawn(&view.text, false)))
}

/// `drawn`: how its words read, where they are not words.
fn written(view: &MessageView, drawn: Option<String>) -> String {
    let mut text = format!(
        "{} {} {} {} {}  from {} on {}\n",
        exercise_mark(view),
        view.name,
        view.precedence,
        view.function,
        view.dtg,
        inert_line(&view.from).text,
        view.channel,
    );
    if let Some(answer) = &view.answer {
        text.push_str(&format!("  answers {answer}\n"));
    }
    if let Some(why) = &view.quarantined {
        text.push_str(&format!(
            "  QUARANTINED, not to be believed: {}\n",
            inert_line(why).text
        ));
        return text;
    }
    if let Some(doubt) = &view.review {
        text.push_str(&format!("  REVIEW: {}\n", inert_line(doubt).text));
    }
    if let Some(why) = &view.rejected {
        text.push_str(&format!(
            "  REJECTED, not shown as formal: {}\n",
            inert_line(why).text
        ));
        return text;
    }
    if view.safety_of_life {
        text.push_str("  SAFETY OF LIFE\n");
    }
    if let Some(contact) = view
        .contact
        .as_deref()
        .and_then(|name| name.parse::<Contact>().ok())
    {
        text.push_str(&format!("  {} [{contact}]\n", contact.plain()));
    }
    if let Some(order) = &view.under_order {
        text.push_str(&format!(
            "  came in under an order, or crossed it: {}\n",
            inert_line(order).text
        ));
    }
    text.push_str(&deadlines(view));
    if view.shown == "before" {
        text.push_str("  (shown before restart)\n");
    }
    match drawn {
        Some(drawn) => text.push_str(&drawn),
        None => {
            for line in view.shown_text.lines() {
                text.push_str(&format!("  | {line}\n"));
            }
        }
    }
    if view.marked > 0 {
        text.push_str(&format!(
            "  ({} characters that cannot be seen are marked)\n",
            view.marked
        ));
    }
    if !view.answers.is_empty() && view.response != "NONE" {
        text.push_str(&format!(
            "  wants {}: {}\n",
            view.response,
            view.answers.join(", ")
        ));
    }
    text
}

/// Everything signed about a message, in order of arrival.
#[must_use]
pub fn timeline(view: &MessageView) -> String {
    let start = view.rungs.first().map_or(view.stored_ms, |rung| rung.at_ms);
    let mut text = String::new();
    for rung in &view.rungs {
        let leg = rung
            .leg
            .as_ref()
            .map(|leg| format!("  by {leg}"))
            .unwrap_or_default();
        let answer = rung
            .answer
            .as_ref()
            .map(|answer| format!(" {answer}"))
            .unwrap_or_default();
        text.push_str(&format!(
            "  {} +{:>7} ms  {}{answer}  [{} signed by {}]{leg}\n",
            WallTime::from_unix_ms(rung.at_ms).rfc3339(),
            rung.at_ms.saturating_sub(start),
            rung.plain,
            rung.rung,
            inert_line(&rung.by).text,
        ));
        if !rung.text.is_empty() {
            text.push_str(&format!("      \"{}\"\n", rung.text));
        }
    }
    for held in &view.held {
        text.push_str(&format!("  {}\n", holds(held)));
    }
    for (leg, count) in &view.late_copies {
        text.push_str(&format!(
            "  {count} later cop{} by {leg}, dropped\n",
            if *count == 1 { "y" } else { "ies" }
        ));
    }
    text.push_str(&format!("  now: {} [{}]\n", view.plain, view.state));
    text
}

/// Where a message is held, and who has cosigned that, in one line.
fn holds(held: &HeldView) -> String {
    let at = |ms: &Option<u64>| ms.map_or_else(String::new, |ms| time_of_day(WallTime::from_unix_ms(ms)));
    let mut text = format!("held by relay {}", relay(&held.relay));
    match &held.cosigned_by {
        Some(by) => text.push_str(&format!(", cosigned by {} {}", relay(by), at(&held.cosigned_ms))),
        None => text.push_str(", not cosigned by the other side yet"),
    }
    if let Some(by) = &held.mirrored_by {
        text.push_str(&format!(", held by {} too {}", relay(by), at(&held.mirrored_ms)));
    }
    format!("{text}  [{} leaf {}]", held.level, held.leaf)
}

/// The newest checkpoint of a relay's log that the other side has cosigned, in one line.
fn witnessed(cosigned: &CosignedStatus) -> String {
    format!(
        "    cosigned by {} to #{} {}{}\n",
        relay(&cosigned.by),
        cosigned.size,
        time_of_day(WallTime::from_unix_ms(cosigned.at_ms)),
        if cosigned.mirrored { ", and held there" } else { "" }
    )
}

/// A relay as people call it: the name in capitals.
fn relay(identity: &str) -> String {
    let name = identity.rsplit('/').next().unwrap_or(identity);
    inert_line(name).text.to_uppercase()
}

/// `14:03:11Z`.
fn time_of_day(at: WallTime) -> String {
    let text = at.rfc3339();
    let time = text.split_once('T').map_or(text.as_str(), |(_, time)| time);
    let seconds = time.get(..8).unwrap_or(time);
    format!("{seconds}Z")
}

/// What time has done to a message: marks that nobody may overlook.
fn deadlines(view: &MessageView) -> String {
    let mut text = String::new();
    if let (true, Some(until)) = (view.expired, view.expires_ms) {
        let until = WallTime::from_unix_ms(until).rfc3339();
        text.push_str(&format!("  EXPIRED at {until}: never to be acted on\n"));
    }
    if let Some(by) = view.respond_by_ms {
        let by = WallTime::from_unix_ms(by).rfc3339();
        text.push_str(&if view.unanswered {
            format!("  OVERDUE: an answer was asked for by {by}, and nobody has answered\n")
        } else {
            format!("  an answer is asked for by {by}\n")
        });
    }
    match (view.delayed, view.locked) {
        (true, true) => {
            text.push_str("  DELAYED: acknowledgement and answers are locked until its sender confirms it\n");
        }
        (true, false) => text.push_str("  DELAYED, and confirmed by its sender\n"),
        (false, true) => text.push_str(
            "  DELAYED? Its sender's clock is ahead: acknowledgement and answers are locked until its sender confirms it\n",
        ),
        (false, false) if view.delay_unknown => {
            text.push_str("  DELAYED? Its sender's clock was ahead, and its sender confirmed it\n");
        }
        (false, false) => {}
    }
    if view.cancelled {
        text.push_str("  CANCELLED by its sender: not to be acted on\n");
    }
    for read in &view.read_backs {
        text.push_str(&format!(
            "  {} [{}]: \"{}\"\n",
            read.plain,
            read.state,
            inert_line(&read.words).text
        ));
        if !read.correction.is_empty() {
            text.push_str(&format!(
                "  right is: \"{}\"\n",
                inert_line(&read.correction).text
            ));
        }
    }
    for said in &view.undelivered {
        text.push_str(&undelivered(said));
    }
    if !view.sealed {
        text.push_str("  in the clear: relays can read it\n");
    }
    if let Some(timer) = &view.overdue {
        text.push_str(&format!("  waits for a person: {}\n", waits(timer)));
    }
    text
}

/// What a sender said of a message that was not delivered in time.
fn undelivered(said: &NonDeliveryView) -> String {
    let at = |ms: u64| WallTime::from_unix_ms(ms).rfc3339();
    let mut text = format!(
        "  UNDELIVERED, its sender signed at {}: no receipt of {} by then: {}",
        at(said.claimed_ms),
        inert_line(&said.desk).text,
        inert_line(&said.cause).text
    );
    if !said.plain.is_empty() {
        text.push_str(&format!(" ({})", said.plain));
    }
    text.push('\n');
    for (leg, since) in &said.down {
        let since = if *since == 0 {
            "not known".into()
        } else {
            at(*since)
        };
        text.push_str(&format!("    its leg {leg} was down since {since}\n"));
    }
    if let Some(delivered) = said.delivered_ms {
        text.push_str(&format!(
            "    its receipt came after all, at {}: that is what counts\n",
            at(delivered)
        ));
    }
    text
}

fn waits(timer: &OverdueView) -> String {
    let seconds = |ms: u64| ms / 1000;
    let taken = timer
        .step
        .as_deref()
        .map_or_else(String::new, |step| format!(", OVERDUE: {step} was taken"));
    let next = match (&timer.next_step, timer.next_after_ms) {
        (Some(step), Some(after)) => format!(", {step} after {} s", seconds(after)),
        _ => String::new(),
    };
    format!("{} s{taken}{next}", seconds(timer.waited_ms))
}

/// What a station does by itself, and what desks said of themselves.
fn duty(status: &LineStatus) -> String {
    let mut text = String::new();
    if let Some(duty) = &status.duty {
        let checks = &duty.checks;
        let every = checks
            .every_ms
            .map_or_else(|| "off".to_owned(), |ms| format!("every {} s", ms / 1000));
        text.push_str(&format!(
            "  comm checks {every}: {} sent, {} answered, {} late, {} missed\n",
            checks.sent, checks.answered, checks.late, checks.missed
        ));
        for (path, record) in checks
            .paths
            .iter()
            .filter(|(_, record)| record.passed + record.missed > 0)
        {
            let last = |ms: Option<u64>| {
                ms.map_or_else(|| "never".into(), |ms| WallTime::from_unix_ms(ms).rfc3339())
            };
            text.push_str(&format!(
                "    {:<22} passed {} (last {}), missed {}\n",
                inert_line(path).text,
                record.passed,
                last(record.last_passed_ms),
                record.missed
            ));
        }
        for overdue in &duty.overdue {
            text.push_str(&format!(
                "  OVERDUE {}: {}\n",
                overdue.name,
                waits(&overdue.timer)
            ));
        }
    }
    for (desk, said) in &status.said {
        let Some(last) = said.last() else { continue };
        text.push_str(&format!(
            "  {} said last: {} {} [{}] {}\n",
            inert_line(desk).text,
            last.plain,
            last.legs.join(", "),
            last.kind,
            WallTime::from_unix_ms(last.claimed_ms).rfc3339()
        ));
    }
    text
}

fn exercise_mark(view: &MessageView) -> &str {
    if view.message_type == "EXERCISE" {
        "EXERCISE EXERCISE"
    } else {
        ""
    }
}

/// One line about something that happened.
#[must_use]
pub fn news(news: &News) -> String {
    match news {
        News::Message { what, message } if what == "ADDED" && message.direction == "in" => {
            format!(
                "{} {} from {} has arrived",
                message.precedence, message.name, message.from
            )
        }
        News::Message { what, message } if what == "ADDED" => {
            format!("{} {} is released", message.precedence, message.name)
        }
        News::Message { what, message } => {
            let fact = message.rungs.iter().rev().find(|rung| rung.rung == *what);
            let plain = fact.map_or(what.as_str(), |rung| rung.plain.as_str());
            let answer = fact
                .and_then(|rung| rung.answer.as_deref())
                .map(|answer| format!(" {answer}"));
            format!("{}: {plain}{} [{what}]", message.name, answer.unwrap_or_default())
        }
        News::Leg { leg, state, why, .. } => match state.as_str() {
            "UP" => format!("leg {leg} is up"),
            "PROVING" => format!("leg {leg} has a session and is being proved"),
            "SUSPECT" => format!("leg {leg} is suspect: {}", inert_line(why).text),
            _ => format!("leg {leg} is down: {}", inert_line(why).text),
        },
        News::Presence {
            relay, desk, state, ..
        } => {
            format!("relay {relay}: {} is {state}", inert_line(desk).text)
        }
        News::Stated { what, is } => format!(
            "this seat states of {}: {}",
            inert_line(what).text,
            inert_line(is).text
        ),
        News::Refused { code, what } => format!("refused here [{code}]: {}", inert_line(what).text),
        News::Alarm { code, what } => format!("ALARM {code}: {}", inert_line(what).text),
    }
}

/// How the line stands.
#[must_use]
pub fn status(status: &LineStatus) -> String {
    let mut text = format!(
        "{}  {} -> {}  ({})\n",
        status.standing.label, status.desk, status.peer, status.exercise
    );
    for (leg, state) in &status.legs {
        let trip = state
            .round_trip_ms
            .map(|ms| format!("  {ms:.1} ms"))
            .unwrap_or_default();
        let keys = match state.key_exchange.as_str() {
            "" => String::new(),
            agreed => format!("  {}", inert_line(agreed).text),
        };
        let mark = match state.state.as_str() {
            "UP" if state.steady => "up".to_owned(),
            "UP" => "up, not steady".to_owned(),
            "PROVING" => "up, being proved".to_owned(),
            "SUSPECT" => format!("SUSPECT  {}", inert_line(&state.why).text),
            _ => format!("DOWN  {}", inert_line(&state.why).text),
        };
        text.push_str(&format!(
            "  {leg:<14} {mark}{trip}{keys}  sent {} first {} late {}\n",
            state.sent, state.first_copies, state.late_copies
        ));
    }
    for (name, relay) in &status.relays {
        let trouble = relay
            .trouble
            .as_ref()
            .map(|why| format!("  {}", inert_line(why).text))
            .unwrap_or_default();
        text.push_str(&format!(
            "  relay {name}: log seen to #{}, {} to send{trouble}\n",
            relay.log_size, relay.pending
        ));
        if let Some(cosigned) = &relay.cosigned {
            text.push_str(&witnessed(cosigned));
        }
        for (desk, said) in &relay.presence {
            text.push_str(&format!(
                "    says {} is {} since {}{}\n",
                inert_line(desk).text,
                said.state,
                WallTime::from_unix_ms(said.since_ms).rfc3339(),
                if said.doors.is_empty() {
                    String::new()
                } else {
                    format!(" by {}", said.doors.join(", "))
                },
            ));
        }
    }
    text.push_str(&format!(
        "  {} messages, own log #{}\n",
        status.messages, status.log_size
    ));
    text.push_str(&duty(status));
    for gap in &status.gaps {
        text.push_str(&format!("  GAP: {gap}\n"));
    }
    for (code, count) in &status.alarms {
        text.push_str(&format!("  alarm {code}: {count}\n"));
    }
    if let Some(why) = &status.read_only {
        text.push_str(&format!("  READ-ONLY: {}\n", inert_line(why).text));
    }
    text
}

/// Rings, where a person sits at a terminal.
pub fn bell() {
    if std::io::stdout().is_terminal() {
        crate::say_part!("\x07");
        let _ = std::io::stdout().flush();
    }
}

/// Rings, and fills a line, where a person sits at a terminal.
pub fn alarm(view: &MessageView) {
    let line = format!(
        "!!!!!!!!!! {} {} FROM {} !!!!!!!!!!",
        view.precedence, view.name, view.from
    );
    if std::io::stdout().is_terminal() {
        crate::say!("\x07\x1b[7m{line}\x1b[0m");
    } else {
        crate::say!("{line}");
    }
    let _ = std::io::stdout().flush();
}
