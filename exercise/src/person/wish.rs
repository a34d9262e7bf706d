//! What a player means to do, and when.

use std::time::Duration;

use hotline_audit::Hash;
use hotline_core::{
    story::{Running, StoryClock},
    time::{LineTime, StoryTime},
};

use crate::{
    plan::{Past, Point},
    scenario::{moment::Span, player::Do},
};

/// Most deeds that are pending at one seat. A message that is answered by a message that is answered would reach it.
pub const PENDING_MAX: usize = 1_024;

/// Something that a player wants done now.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// The rule that says so.
    pub rule: String,
    /// What.
    pub deed: Do,
    /// About which message: the one that gave the cue, or that the deed names.
    pub about: Option<Hash>,
}

/// When a play's time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Story(StoryTime),
    /// Line time without pauses.
    Run(Duration),
}

/// A rule that is being played.
#[derive(Clone, Debug)]
pub(super) struct Play {
    pub(super) rule: usize,
    pub(super) about: Option<Hash>,
    when: When,
    /// How many of its deeds were done.
    done: usize,
    /// How many it has.
    deeds: usize,
    /// Its next deed is about a message that nothing is known of yet.
    nameless: bool,
}

/// What becomes of one deed.
pub(super) enum Step {
    /// It is done.
    Do(Box<Wish>),
    /// It waits until a message has the name.
    Nameless,
    /// There is none, or none any longer.
    Over,
}

/// Everything that is being played, in the order of its cues.
#[derive(Clone, Debug, Default)]
pub(super) struct Pending(Vec<Play>);

impl Play {
    fn moment(&self, past: &Past) -> Option<StoryTime> {
        match self.when {
            When::Story(story) => Some(story),
            When::Run(run) => past.story(run),
        }
    }

    fn comes(&self, now: LineTime, clock: &StoryClock, past: &Past) -> bool {
        match self.when {
            When::Story(story) => story <= clock.at(now),
            When::Run(run) => run <= past.run(now),
        }
    }
}

impl Pending {
    /// Begins to play a rule. False if that would be too much.
    pub(super) fn play(
        &mut self,
        rule: usize,
        about: Option<Hash>,
        wait: Span,
        deeds: usize,
        point: Point,
    ) -> bool {
        let left: usize = self.0.iter().map(|play| play.deeds - play.done).sum();
        if left + deeds > PENDING_MAX {
            return false;
        }
        let when = match wait {
            Span::Story(length) => When::Story(point.story.after(length.0)),
            Span::Line(length) => When::Run(point.run.saturating_add(length.0)),
        };
        self.0.push(Play {
            rule,
            about,
            when,
            done: 0,
            deeds,
            nameless: false,
        });
        true
    }

    /// The deeds whose time has come, by their moments and then by their cues; those of one rule stay in its order.
    pub(super) fn due(
        &mut self,
        now: LineTime,
        clock: &StoryClock,
        past: &Past,
        step: impl Fn(&Play, usize) -> Step,
    ) -> Vec<Wish> {
        if !matches!(clock.running(), Running::Running(_)) {
            return Vec::new();
        }
        let mut ready: Vec<(Option<StoryTime>, usize)> = Vec::new();
        for (index, play) in self.0.iter().enumerate() {
            if play.comes(now, clock, past) {
                ready.push((play.moment(past), index));
            }
        }
        ready.sort();
        let mut wishes = Vec::new();
        for (_, index) in ready {
            if let Some(play) = self.0.get_mut(index) {
                play.go_on(&mut wishes, &step);
            }
        }
        self.0.retain(|play| play.done < play.deeds);
        wishes
    }

    /// When the next deed's time comes, if nothing is turned until then.
    pub(super) fn next_wake(&self, clock: &StoryClock, past: &Past) -> Option<LineTime> {
        if !matches!(clock.running(), Running::Running(_)) {
            return None;
        }
        let waiting = self.0.iter().filter(|play| !play.nameless);
        let lines = waiting.filter_map(|play| match play.when {
            When::Story(story) => clock.when(story),
            When::Run(run) => past.line(run),
        });
        lines.min()
    }

    /// When in the story the next deed's time comes; `None` if there is none, or one counts on the line.
    pub(super) fn next_story(&self) -> Option<StoryTime> {
        let waiting = self.0.iter().filter(|play| !play.nameless);
        let moments: Option<Vec<StoryTime>> = waiting
            .map(|play| match play.when {
                When::Story(story) => Some(story),
                When::Run(_) => None,
            })
            .collect();
        moments?.into_iter().min()
    }

    pub(super) fn idle(&self) -> bool {
        self.0.iter().all(|play| play.nameless)
    }

    /// A name was given: what waited for one is looked at again.
    pub(super) fn named(&mut self) {
        for play in &mut self.0 {
            play.nameless = false;
        }
    }
}

impl Play {
    fn go_on(&mut self, wishes: &mut Vec<Wish>, step: &impl Fn(&Self, usize) -> Step) {
        while self.done < self.deeds {
            match step(self, self.done) {
                Step::Do(wish) => {
                    wishes.push(*wish);
                    self.done += 1;
                }
                Step::Nameless => {
                    self.nameless = true;
                    return;
                }
                Step::Over => self.done = self.deeds,
            }
        }
    }
}
