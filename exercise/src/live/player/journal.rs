//! What a scripted player heard and did, line by line, beside its desk: so that one that is started again in the middle of
//! an exercise knows what it knew.
//!
//! A person is a machine without a clock: fed the same things at the same times it is the same person. So the journal
//! holds what was heard, how the clock was turned, when its deeds came due, and which of them were begun and done. A deed
//! is begun on disk before it is begun; of one that was begun and of which nothing more is known the desk says whether it
//! was done.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, BufRead as _, Seek as _, Write as _},
    path::Path,
    sync::Arc,
    time::Duration,
};

use hotline_core::{
    story::StoryClock,
    time::{LineTime, StoryTime},
};
use serde::{Deserialize, Serialize};

use crate::{
    person::{Heard, Person, PersonError, Wish},
    record::running_of,
    scenario::Scenario,
};

/// Longest line, in bytes. 16 KiB: a message's names and a code, many times over.
const LINE_MAX: u64 = 16 * 1024;

/// One thing, and when, in nanoseconds of the player's line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    line_ns: u64,
    what: What,
}

/// What.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum What {
    /// The clock runs like this from now on.
    Turned {
        /// [`crate::record::running_codes`].
        running: (u32, u32),
        /// The story's time, in milliseconds.
        story_ms: u64,
    },
    /// It heard something.
    Heard(Heard),
    /// It was asked what is due, and so many deeds were.
    Due(usize),
    /// The next of them is being done.
    Begun,
    /// It was done, or refused.
    Done,
}

/// The file.
pub struct Journal(File);

/// Where a player stood when its journal ends.
pub(super) struct Left {
    pub(super) person: Person,
    pub(super) clock: StoryClock,
    /// Line time of its last entry.
    pub(super) line: LineTime,
    /// What was due and not begun.
    pub(super) due: VecDeque<Wish>,
    /// What was begun, and perhaps done.
    pub(super) unknown: Option<Wish>,
    /// Everything that it heard.
    pub(super) heard: Vec<Heard>,
}

impl Journal {
    /// Opens it; gives back where the player stood, if it has played before.
    ///
    /// # Errors
    /// If the file cannot be read or written, or holds what this player cannot have heard.
    pub(super) fn open(
        path: &Path,
        (scenario, seat, variant): (&Arc<Scenario>, &str, Option<&str>),
    ) -> io::Result<(Self, Option<Left>)> {
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)?;
        let (entries, whole) = read(&file)?;
        // A line that was torn by a power cut says nothing.
        file.set_len(whole)?;
        file.seek(io::SeekFrom::End(0))?;
        if entries.is_empty() {
            return Ok((Self(file), None));
        }
        let person = Person::new(scenario, seat, variant, None).map_err(io::Error::other)?;
        let left = Left::of(person, entries).map_err(io::Error::other)?;
        Ok((Self(file), Some(left)))
    }

    /// Writes something down. What is [`What::Begun`] is on disk when this returns.
    ///
    /// # Errors
    /// If the disk refuses.
    pub(super) fn note(&mut self, line: LineTime, what: What) -> io::Result<()> {
        let line_ns = u64::try_from(line.since_start().as_nanos()).unwrap_or(u64::MAX);
        let begun = what == What::Begun;
        let mut text = serde_json::to_vec(&Entry { line_ns, what }).map_err(io::Error::other)?;
        text.push(b'\n');
        self.0.write_all(&text)?;
        match begun {
            true => self.0.sync_data(),
            false => Ok(()),
        }
    }
}

/// Every whole line, and how many bytes they are.
fn read(file: &File) -> io::Result<(Vec<Entry>, u64)> {
    let mut reader = io::BufReader::new(file);
    let (mut entries, mut whole) = (Vec::new(), 0);
    loop {
        let mut line = Vec::new();
        let read = io::Read::take(&mut reader, LINE_MAX).read_until(b'\n', &mut line)?;
        if read == 0 || line.last() != Some(&b'\n') {
            return Ok((entries, whole));
        }
        let entry = serde_json::from_slice(&line).map_err(|error| {
            let what = format!("line {} of the player's journal: {error}", entries.len() + 1);
            io::Error::new(io::ErrorKind::InvalidData, what)
        })?;
        entries.push(entry);
        whole += u64::try_from(read).unwrap_or(u64::MAX);
    }
}

impl Left {
    fn of(person: Person, entries: Vec<Entry>) -> Result<Self, PersonError> {
        let mut left = Self {
            person,
            clock: StoryClock::new(),
            line: LineTime::START,
            due: VecDeque::new(),
            unknown: None,
            heard: Vec::new(),
        };
        for Entry { line_ns, what } in entries {
            left.line = LineTime::from_start(Duration::from_nanos(line_ns));
            left.take(what)?;
        }
        Ok(left)
    }

    fn take(&mut self, what: What) -> Result<(), PersonError> {
        match what {
            What::Turned {
                running: (state, rate),
                story_ms,
            } => {
                if let Some(running) = running_of(state, rate) {
                    let story = StoryTime::from_startex(Duration::from_millis(story_ms));
                    self.clock = StoryClock::copy(running, self.line, story);
                    self.person.turned(self.line, &self.clock);
                }
            }
            What::Heard(heard) => {
                self.person.hear(&heard, self.line, &self.clock)?;
                self.heard.push(heard);
            }
            What::Due(_) => self.due.extend(self.person.due(self.line, &self.clock)),
            What::Begun => self.unknown = self.due.pop_front(),
            What::Done => self.unknown = None,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use hotline_core::story::{Rate, Running};

    use super::*;
    use crate::{
        record::running_codes,
        scenario::{parse, shipped},
    };

    fn s1() -> Arc<Scenario> {
        let shipped = shipped::by_id("S1").unwrap();
        Arc::new(parse(shipped.file, shipped.text).unwrap())
    }

    fn at(seconds: u64) -> LineTime {
        LineTime::from_start(Duration::from_secs(seconds))
    }

    fn open(path: &Path) -> (Journal, Option<Left>) {
        Journal::open(path, (&s1(), "A", None)).unwrap()
    }

    /// STARTEX, and the inject upon which A sends; then so many of the two entries of a deed.
    fn played(path: &Path, of_the_deed: usize) {
        let (mut journal, left) = open(path);
        assert!(left.is_none());
        let running = running_codes(Running::Running(Rate::FASTEST));
        let inject = Heard::Inject("1.1.1".parse().unwrap());
        let entries = [
            (1, What::Turned { running, story_ms: 0 }),
            (2, What::Heard(inject)),
            (60, What::Due(1)),
            (60, What::Begun),
            (61, What::Done),
        ];
        for (seconds, what) in entries.into_iter().take(3 + of_the_deed) {
            journal.note(at(seconds), what).unwrap();
        }
    }

    #[test]
    fn a_player_that_is_started_again_does_what_was_due_and_not_begun_and_nothing_twice() {
        let folder = tempfile::tempdir().unwrap();
        let stands = |of_the_deed: usize| {
            let path = folder.path().join(format!("{of_the_deed}.journal"));
            played(&path, of_the_deed);
            let left = open(&path).1.unwrap();
            (left.due.len(), left.unknown.is_some(), left.heard.len())
        };
        let (all, unknown, heard) = stands(0);
        assert!(all > 0, "S1 has A do something upon 1.1.1");
        assert_eq!((unknown, heard), (false, 1));
        assert_eq!(stands(1), (all - 1, true, 1));
        assert_eq!(stands(2), (all - 1, false, 1));
    }

    #[test]
    fn a_line_that_was_torn_says_nothing_and_one_that_makes_no_sense_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("torn.journal");
        played(&path, 2);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 3]).unwrap();
        let (mut journal, left) = open(&path);
        assert!(left.unwrap().unknown.is_some(), "its end is not known");
        journal.note(at(70), What::Done).unwrap();
        assert!(open(&path).1.unwrap().unknown.is_none());
        std::fs::write(&path, b"{\"line_ns\":1,\"what\":\"dreamt\"}\n").unwrap();
        let error = Journal::open(&path, (&s1(), "A", None))
            .err()
            .unwrap()
            .to_string();
        assert!(error.starts_with("line 1 of the player's journal"), "{error}");
    }

    #[test]
    fn what_was_heard_is_written_as_it_is_read() {
        let heard = Heard::Rung {
            message: hotline_audit::Hash::of(b"m"),
            rung: hotline_core::words::Rung::Delivered,
            at: "B".into(),
        };
        let text = serde_json::to_string(&heard).unwrap();
        assert!(text.contains("DELIVERED"), "{text}");
        assert_eq!(serde_json::from_str::<Heard>(&text).unwrap(), heard);
    }
}
