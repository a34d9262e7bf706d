//! Between a record and the payload that is signed: the same, in the evidence's numbers.
//!
//! Times are signed in whole milliseconds. Who signs and where it is kept is the business of the log.

use std::time::Duration;

use hotline_audit::statement::{Control, MAX_CONTROL_DETAIL};
use hotline_core::time::{LineTime, StoryTime, WallTime};

use crate::record::{Kind, NotARecord, Record, Stamp, running_codes, running_of};

/// Room in a detail for everything of an annex but its text: names, an offset, punctuation.
const ANNEX_FRAME: usize = 256;

/// A signed record does not say what a record says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Its detail is none.
    #[error(transparent)]
    Detail(#[from] NotARecord),
    /// A clock cannot run like this.
    #[error("a record of control has a clock in state {running} at rate {rate}")]
    Clock {
        /// The state.
        running: u32,
        /// The rate, in thousandths.
        rate: u32,
    },
    /// The subject is that of another record.
    #[error("a record of control is about {subject:?} by its detail, and signed as about {signed:?}")]
    Subject {
        /// What the detail says.
        subject: String,
        /// What was signed.
        signed: String,
    },
}

/// What a record is about, as its signed form names it; empty where it is about nothing in particular.
#[must_use]
pub fn subject(kind: &Kind) -> &str {
    match kind {
        Kind::Startex(startex) => &startex.scenario,
        Kind::Clock { .. } => "clock",
        Kind::Inject { serial, .. } => serial,
        Kind::Fault { name, .. } => name,
        Kind::Process { who, .. } => who,
        Kind::Note { objective, .. } => objective.as_deref().unwrap_or_default(),
        Kind::Rating { objective, .. } => objective,
        Kind::Observed { desk, .. } => desk,
        Kind::Seat { seat, .. } | Kind::Stated { seat, .. } | Kind::Played { seat, .. } => seat,
        Kind::Duress { officer, .. } => officer,
        Kind::Refused { controller, .. } => controller,
        Kind::Named { alias, .. } => alias,
        Kind::Annex { file, .. } => file,
        Kind::Tick | Kind::Resumed { .. } | Kind::Improvement { .. } | Kind::Endex { .. } => "",
    }
}

/// The record in its signed numbers. What only the log knows is left as it is in `blank`: who signs, and the place.
///
/// # Errors
/// [`NotARecord`]: never for what this program makes.
pub fn control_of(record: &Record, blank: Control) -> Result<Control, NotARecord> {
    let (running, rate) = running_codes(record.running);
    Ok(Control {
        wall_ms: record.stamp.wall.unix_ms(),
        line_ms: milliseconds(record.stamp.line.since_start()),
        story_ms: milliseconds(record.stamp.story.since_startex()),
        running,
        rate,
        kind: record.kind.code(),
        subject: subject(&record.kind).to_owned(),
        detail: record.kind.detail()?,
        ..blank
    })
}

/// The record that was signed.
///
/// # Errors
/// [`Unreadable`]: it is of a kind that this program does not know, or its parts do not belong together.
pub fn record_of(control: &Control) -> Result<Record, Unreadable> {
    let kind = Kind::parse(control.kind, &control.detail)?;
    if subject(&kind) != control.subject {
        return Err(Unreadable::Subject {
            subject: subject(&kind).to_owned(),
            signed: control.subject.clone(),
        });
    }
    let running = running_of(control.running, control.rate).ok_or(Unreadable::Clock {
        running: control.running,
        rate: control.rate,
    })?;
    Ok(Record {
        stamp: Stamp {
            wall: WallTime::from_unix_ms(control.wall_ms),
            line: LineTime::from_start(Duration::from_millis(control.line_ms)),
            story: StoryTime::from_startex(Duration::from_millis(control.story_ms)),
        },
        running,
        kind,
    })
}

/// A file as annexes, each of which fits into one record; put together in their order they are the file again.
#[must_use]
pub fn annexes(file: &str, text: &str) -> Vec<Kind> {
    let room = MAX_CONTROL_DETAIL - ANNEX_FRAME;
    let mut kinds = Vec::new();
    let (mut from, mut used) = (0, 0);
    let mut cut = |from: usize, to: usize| {
        kinds.push(Kind::Annex {
            file: file.to_owned(),
            offset: from as u64,
            text: text[from..to].to_owned(),
        });
    };
    for (at, letter) in text.char_indices() {
        let width = written_width(letter);
        if used + width > room {
            cut(from, at);
            (from, used) = (at, 0);
        }
        used += width;
    }
    if from < text.len() {
        cut(from, text.len());
    }
    kinds
}

/// Bytes of a letter in JSON.
fn written_width(letter: char) -> usize {
    match letter {
        '"' | '\\' | '\n' | '\r' | '\t' => 2,
        control if control < ' ' => 6,
        other => other.len_utf8(),
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use hotline_audit::Hash;
    use hotline_core::story::{Rate, Running};
    use proptest::prelude::*;

    use super::*;

    fn blank() -> Control {
        Control {
            id: [1; 16],
            exercise: "NORTHERN LIGHT".into(),
            conductor: "spiffe://exercise.excon.example/control/conductor".into(),
            key_statement: Hash([2; 32]),
            sequence: 1,
            previous: Hash::ZERO,
            wall_ms: 0,
            line_ms: 0,
            story_ms: 0,
            running: 0,
            rate: 0,
            kind: 0,
            subject: String::new(),
            detail: String::new(),
            order: Vec::new(),
        }
    }

    fn record() -> Record {
        Record {
            stamp: Stamp {
                wall: WallTime::from_unix_ms(1_795_000_000_000),
                line: LineTime::from_start(Duration::from_millis(5_000)),
                story: StoryTime::from_startex(Duration::from_millis(300_000)),
            },
            running: Running::Running(Rate::FASTEST),
            kind: Kind::Seat {
                seat: "A".into(),
                what: "JOINED".into(),
            },
        }
    }

    #[test]
    fn a_record_is_read_as_it_was_signed() {
        let control = control_of(&record(), blank()).unwrap();
        assert_eq!((control.kind, control.subject.as_str()), (10, "A"));
        assert_eq!((control.running, control.rate), (2, 60_000));
        assert_eq!(Control::decode(&control.encode()), Ok(control.clone()));
        assert_eq!(record_of(&control), Ok(record()));
    }

    #[test]
    fn a_record_whose_parts_do_not_belong_together_is_refused() {
        let control = control_of(&record(), blank()).unwrap();
        let read = |change: fn(&mut Control)| {
            let mut other = control.clone();
            change(&mut other);
            record_of(&other).map_err(|error| error.to_string())
        };
        assert!(read(|c| c.subject = "B".into()).unwrap_err().contains("\"B\""));
        assert!(read(|c| c.kind = 9).is_err());
        assert!(read(|c| c.running = 1).unwrap_err().contains("state 1"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_file_of_any_letters_is_its_annexes_put_together(
            parts in prop::collection::vec("[a-z\"\\\\\\n\u{1}\u{7f}é\u{2028}🙂]{0,40}", 0..9), times in 1..400usize,
        ) {
            let text = parts.concat().repeat(times);
            let mut whole = String::new();
            for kind in annexes("scenario", &text) {
                prop_assert!(kind.detail().unwrap().len() <= MAX_CONTROL_DETAIL);
                let Kind::Annex { offset, text, .. } = kind else { panic!("an annex") };
                prop_assert_eq!(offset, whole.len() as u64);
                whole.push_str(&text);
            }
            prop_assert_eq!(whole, text);
        }
    }
}
