//! What control tells this desk of the story clock, and what of it people's deadlines see.

use std::time::Duration;

use hotline_core::{
    identity::World,
    story::{DeskStory, Running, StoryWord},
    time::{LineTime, StoryTime, WallTime},
};

use super::{
    Engine,
    verbs::{Answered, refusal},
};
use crate::{
    book::Letter,
    config::DeskConfig,
    overdue,
    request::{Answer, Refusal},
    round::Reply,
    story::{KeptStory, StoryFacts},
};

/// For how long a desk that was started again calls nobody by a story that it only remembers. 10 s of line: control tells
/// a desk that it started within a second. Beyond it people are called by what is remembered, because control may be gone.
const HELD: Duration = Duration::from_secs(10);

/// People's time of a desk that starts at this time: it goes on by the word that it remembers, if it was told one.
pub(super) fn at_start(
    config: &DeskConfig,
    kept: Option<&KeptStory>,
    (wall, now): (WallTime, LineTime),
) -> DeskStory {
    let mut story = DeskStory::new(config.human_time_factor);
    let exercise = config.identity.world() == World::Exercise;
    if let Some((word, ago)) = kept.filter(|_| exercise).and_then(|kept| kept.told(wall)) {
        story.remember(&word, ago, now);
    }
    story
}

/// By when an answer is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum AnswerDue {
    /// By the wall clock, as its sender signed it: where nothing is told of a story.
    Claimed(WallTime),
    /// So much of the story after it was stored.
    Story(StoryTime),
}

impl Engine {
    /// Takes up a word of control about the story. It holds at once; it goes to disk with this round, or a later one if
    /// the disk is full.
    pub(super) fn story_told(&mut self, facts: &StoryFacts) -> Answered {
        let word = word_for(self.me.world(), facts)?;
        let now = self.line();
        let (goes_on, before) = (self.story.goes_on(&word), self.story.at(now));
        if !self.story.adopt(&word, now) {
            let what = format!("turn {} of the story is known here", word.turn());
            return Ok(Reply::Ready(Answer::Done { what }));
        }
        self.story_to_keep = Some(KeptStory::of(&word, self.wall()).record());
        if goes_on {
            self.note_answers();
        } else {
            self.story_begins(before);
        }
        let how = match word.running() {
            Running::NotStarted => "the exercise has not started".into(),
            Running::Running(rate) => format!("the story runs at {rate}"),
            Running::Paused(_) => "the exercise is paused".to_owned(),
            Running::Ended => "the exercise has ended".into(),
        };
        tracing::info!(event = "story", turn = word.turn(), how, "the story was turned");
        Ok(Reply::Ready(Answer::Done {
            what: format!("{} {how}", self.story.at(now)),
        }))
    }

    /// Until when nobody is called, because this desk was started again in a story and control has not told it yet how that
    /// runs now.
    pub(super) fn people_held_until(&self) -> Option<LineTime> {
        self.story.remembered_at().map(|at| at.after(HELD))
    }

    /// When it will be this time for people; none while the story stands before it.
    pub(super) fn when_due(&self, due: AnswerDue) -> Option<LineTime> {
        match due {
            AnswerDue::Claimed(due) => {
                let ahead = due.unix_ms().saturating_sub(self.wall().unix_ms());
                Some(self.line().after(Duration::from_millis(ahead)))
            }
            AnswerDue::Story(due) => self.story.when(due),
        }
    }

    /// Whether it is past.
    pub(super) fn is_due(&self, due: AnswerDue) -> bool {
        match due {
            AnswerDue::Claimed(due) => due <= self.wall(),
            AnswerDue::Story(due) => due <= self.story.at(self.line()),
        }
    }

    /// By when an answer is asked for; none if no time is named, or somebody answered or declined. In a story it is the
    /// time that its sender named less that at which it was stored, at the story's rate of then.
    pub(super) fn answer_due(&self, letter: &Letter) -> Option<AnswerDue> {
        let claimed = overdue::answer_due(letter)?;
        let now = self.line();
        let ago = self.ages.age_of_line((letter.hash, None), letter.stored, now);
        let ahead = claimed.unix_ms().saturating_sub(letter.stored.unix_ms());
        let story = self.story.deadline(ago, Duration::from_millis(ahead), now);
        Some(story.map_or(AnswerDue::Claimed(claimed), AnswerDue::Story))
    }

    /// Whether an answer was asked for by a time that has passed, and none came.
    pub(super) fn unanswered(&self, letter: &Letter) -> bool {
        self.answer_due(letter).is_some_and(|due| self.is_due(due))
    }
}

/// The word for a desk of this world.
fn word_for(world: World, facts: &StoryFacts) -> Result<StoryWord, Refusal> {
    if world == World::Operation {
        return Err(refusal(
            61,
            2,
            "this desk is of an OPERATION, and its people's deadlines run on no story".into(),
            "a story word is for EXERCISE identities",
        ));
    }
    facts.word().map_err(|why| {
        let what = format!("this is no story word, and nothing has changed: {why}");
        refusal(61, 2, what, "use a conductor of the same version as the station")
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::story::{StorySegment, StoryState};

    #[test]
    fn a_desk_of_an_operation_takes_no_story_word() {
        let mut facts = StoryFacts {
            story: String::new(),
            turn: 1,
            state: StoryState::Paused,
            rate: 1_000,
            segments: vec![StorySegment {
                wall_ms: 0,
                story_ms: 0,
                rate: 0,
            }],
        };
        let refused = word_for(World::Operation, &facts).unwrap_err();
        assert_eq!((refused.code.as_str(), refused.exit), ("HL-DESK-061", 2));
        assert!(refused.help.contains("EXERCISE"));
        assert_eq!(word_for(World::Exercise, &facts).unwrap().turn(), 1);
        facts.segments.clear();
        let refused = word_for(World::Exercise, &facts).unwrap_err();
        assert!(refused.what.contains("nothing has changed"), "{}", refused.what);
    }
}
