//! The newest word of a story, kept in the ledger: a desk that is started again must not call people by another clock
//! before control has told it how the story runs.

use std::time::Duration;

use hotline_core::{
    story::{Running, StoryWord},
    time::WallTime,
};
use hotline_ledger::Record;
use serde::{Deserialize, Serialize};

use super::StoryFacts;
use crate::memory::STORY;

/// For how long a word is remembered. 24 hours: a pause over a night. A desk that is started after that, of an exercise
/// that nobody ended, runs as one that was told nothing.
const REMEMBERED_FOR: Duration = Duration::from_secs(24 * 3600);

/// A word, and when this desk was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptStory {
    /// This desk's wall clock then, milliseconds since 1970.
    told_ms: u64,
    word: StoryFacts,
}

impl KeptStory {
    /// A word that this desk is told now.
    pub(crate) fn of(word: &StoryWord, now: WallTime) -> Self {
        Self {
            told_ms: now.unix_ms(),
            word: StoryFacts::of(word),
        }
    }

    /// As a record in the place of the one before; a story that has ended is remembered no longer.
    pub(crate) fn record(&self) -> Record {
        let (space, key) = (STORY, Vec::new());
        match self.word.word().map(|word| word.running()) {
            Ok(Running::Ended) | Err(_) => Record::Delete { space, key },
            // Facts of numbers and short words have a JSON text.
            Ok(_) => match serde_json::to_vec(self) {
                Ok(value) => Record::Put { space, key, value },
                Err(_) => Record::Delete { space, key },
            },
        }
    }

    /// Reads it back.
    pub(crate) fn read(value: &[u8]) -> Option<Self> {
        serde_json::from_slice(value).ok()
    }

    /// The word and how long ago it was told, by the wall clock; none if it is too old to go on by.
    pub(crate) fn told(&self, now: WallTime) -> Option<(StoryWord, Duration)> {
        let ago = Duration::from_millis(now.unix_ms().saturating_sub(self.told_ms));
        let word = self.word.word().ok()?;
        (ago <= REMEMBERED_FOR).then_some((word, ago))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use hotline_core::{
        story::{Rate, StoryClock, Told, Turn},
        time::LineTime,
    };

    use super::*;

    const TOLD: WallTime = WallTime::from_unix_ms(1_795_000_000_000);

    fn later(seconds: u64) -> WallTime {
        WallTime::from_unix_ms(TOLD.unix_ms() + seconds * 1000)
    }

    fn word(turns: &[Turn]) -> StoryWord {
        let (mut clock, mut told) = (StoryClock::new(), Told::new());
        for turn in turns {
            clock.turn(*turn, LineTime::START).unwrap();
            told.turned(&clock, TOLD, LineTime::START);
        }
        told.word(&clock, TOLD, LineTime::START)
    }

    #[test]
    fn a_word_is_remembered_for_a_day_with_the_time_since_it_was_told() {
        let paused = word(&[Turn::Start(Rate::REAL), Turn::Pause]);
        let Record::Put { value, .. } = KeptStory::of(&paused, TOLD).record() else {
            panic!("it is put");
        };
        let kept = KeptStory::read(&value).unwrap();
        let ago = Duration::from_secs(3_600);
        assert_eq!(kept.told(later(3_600)), Some((paused.clone(), ago)));
        let set_back = WallTime::from_unix_ms(TOLD.unix_ms() - 5_000);
        assert_eq!(kept.told(set_back), Some((paused, Duration::ZERO)));
        assert_eq!(kept.told(later(24 * 3_600 + 1)), None);
        assert_eq!(KeptStory::read(b"{}"), None);
    }

    #[test]
    fn a_story_that_has_ended_is_remembered_no_longer() {
        let ended = word(&[Turn::Start(Rate::REAL), Turn::End]);
        let record = KeptStory::of(&ended, TOLD).record();
        assert!(
            matches!(record, Record::Delete { space: STORY, .. }),
            "{record:?}"
        );
    }
}
