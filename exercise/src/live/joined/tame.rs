//! What a joined seat says, made fit for control's terminal and log: a seat may be another ministry's, and its program
//! another one. Words are inert and short, and there are no more of them than a desk has.

use std::collections::BTreeSet;

use hotline_client::{
    request::{Answer, News},
    status::LineStatus,
    view::MessageView,
};
use hotline_core::text::inert_line;

use super::words::FromSeat;

/// Longest word: a label, a state, a code, a name of a leg. 64 bytes: twice the longest that there is.
const WORD: usize = 64;
/// Longest sentence, in bytes. 400: as control cuts those of its own desks.
const SENTENCE: usize = 400;
/// Most causes, and most legs. 16: four times what two relays and their doors make.
const MOST: usize = 16;

/// The same, fit for control.
#[must_use]
pub(in crate::live) fn tame(said: FromSeat) -> FromSeat {
    match said {
        FromSeat::Failed { what } => FromSeat::Failed {
            what: cut(&what, SENTENCE),
        },
        FromSeat::Answer { id, mut answer } => {
            answer_of(&mut answer);
            FromSeat::Answer { id, answer }
        }
        FromSeat::News { mut news } => match &mut *news {
            // No message of this line: that the seat is there is all that it says.
            News::Message { message, .. } if !is_hash(message) => FromSeat::Here,
            News::Message { message, .. } => {
                message_of(message);
                FromSeat::News { news }
            }
            News::Stated { what, is } => {
                *what = cut(what, WORD);
                *is = cut(is, SENTENCE);
                FromSeat::News { news }
            }
            News::Alarm { code, what } | News::Refused { code, what } => {
                *code = cut(code, WORD);
                *what = cut(what, SENTENCE);
                FromSeat::News { news }
            }
            _ => FromSeat::News { news },
        },
        other => other,
    }
}

fn answer_of(answer: &mut Answer) {
    match answer {
        Answer::Refused(refusal) => {
            refusal.code = cut(&refusal.code, WORD);
            refusal.what = cut(&refusal.what, SENTENCE);
            refusal.help = cut(&refusal.help, SENTENCE);
        }
        Answer::Status(status) => status_of(status),
        Answer::Messages { messages } => {
            messages.retain(is_hash);
            messages.iter_mut().for_each(message_of);
        }
        _ => {}
    }
}

/// What control keeps in mind of a message.
fn message_of(message: &mut MessageView) {
    if let Some(announced) = &mut message.announced {
        announced.run = cut(&announced.run, WORD);
    }
}

/// What goes into control's records of a desk.
fn status_of(status: &mut LineStatus) {
    let standing = &mut status.standing;
    standing.label = cut(&standing.label, WORD);
    for cause in &mut standing.causes {
        cause.code = cut(&cause.code, WORD);
    }
    // The same about many messages is one cause to control.
    let mut codes = BTreeSet::new();
    standing
        .causes
        .retain(|cause| codes.len() < MOST && codes.insert(cause.code.clone()));
    let axes = &mut standing.axes;
    for axis in [
        &mut axes.carrier,
        &mut axes.watch,
        &mut axes.political,
        &mut axes.identity,
    ] {
        axis.state = cut(&axis.state, WORD);
    }
    let legs = std::mem::take(&mut status.legs).into_iter();
    let short = legs.filter(|(leg, _)| leg.len() <= WORD).take(MOST);
    status.legs = short
        .map(|(leg, mut view)| {
            view.state = cut(&view.state, WORD);
            (leg, view)
        })
        .collect();
}

/// In one line that does nothing to a terminal.
fn cut(words: &str, most: usize) -> String {
    let short: String = words.chars().take(most).collect();
    let mut inert = inert_line(&short).text;
    // What stands for a control character is longer than it.
    let end = inert.floor_char_boundary(most);
    inert.truncate(end);
    inert
}

/// Whether a message has the hash of one, in its one writing: records name messages by it.
fn is_hash(view: &MessageView) -> bool {
    let lower = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    view.sha256.len() == 64 && view.sha256.bytes().all(lower)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use hotline_client::{request::Refusal, standing::CauseView};

    use super::*;

    #[test]
    fn whatever_a_seat_says_is_short_and_does_nothing_to_controls_terminal() {
        let wild = format!("\u{1b}[2J{}", "x".repeat(100_000));
        let FromSeat::Failed { what } = tame(FromSeat::Failed { what: wild.clone() }) else {
            panic!("it is still what it was");
        };
        assert!(!what.contains('\u{1b}') && what.len() <= SENTENCE, "{what}");
        let refusal = Refusal {
            code: wild.clone(),
            exit: 1,
            what: wild.clone(),
            help: wild.clone(),
        };
        let answer = Box::new(Answer::Refused(refusal));
        let FromSeat::Answer { answer, .. } = tame(FromSeat::Answer { id: 1, answer }) else {
            panic!("it is still what it was");
        };
        let Answer::Refused(refusal) = *answer else {
            panic!("it is still what it was");
        };
        assert!(refusal.code.len() <= WORD && !refusal.what.contains('\u{1b}'));
        let mut status = LineStatus::default();
        status.standing.label = wild;
        for code in 0..10_000 {
            let cause = CauseView {
                code: (code / 5_000).to_string(),
                ..CauseView::default()
            };
            status.standing.causes.push(cause);
        }
        status_of(&mut status);
        assert!(status.standing.label.len() <= WORD && status.standing.causes.len() == 2);
    }
}
