//! Leaps: where nobody sits but scripts and nothing is to come for long, the story goes straight to what comes next. It passes
//! over nothing: no inject, no end of a fault, no deed of a script, and no deadline at any desk, whose steps come in order.

use std::time::Duration;

use hotline_core::{
    story::StoryClock,
    time::{LineTime, StoryTime},
};

use super::{ConductError, Conductor, QUIET_FOR};
use crate::{
    live::scene::Scene,
    record::{Kind, TurnWord},
    scenario::{moment::Span, msel::Until},
};

/// What a leap must save on the line. Two seconds: each is written down, and told to everybody, and quiet is waited for
/// before it for one.
const WORTH: Duration = Duration::from_secs(2);

/// How long before a moment the story lands. Half a second of line: many times the uncertainty with which a desk's clock is
/// known, so that what comes at that moment has a story time that is no part of the leap.
const LANDS_BEFORE: Duration = Duration::from_millis(500);

/// What a scripted seat still has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pending {
    /// Nothing.
    Nothing,
    /// Something, at this moment of the story at the earliest.
    At(StoryTime),
    /// Something that waits for the line.
    OnLine,
}

impl Pending {
    /// What a player says of it.
    pub(super) fn of(deeds: usize, next_story_ms: Option<u64>) -> Self {
        match (deeds, next_story_ms) {
            (0, _) => Self::Nothing,
            (_, Some(ms)) => Self::At(StoryTime::from_startex(Duration::from_millis(ms))),
            (_, None) => Self::OnLine,
        }
    }
}

/// The first of these moments; `None` if something waits for the line.
fn first(planned: StoryTime, pending: impl Iterator<Item = Pending>) -> Option<StoryTime> {
    let mut first = planned;
    for pending in pending {
        match pending {
            Pending::Nothing => {}
            Pending::At(moment) => first = first.min(moment),
            Pending::OnLine => return None,
        }
    }
    Some(first)
}

/// Where a leap lands before this moment; `None` if it is not worth it.
fn landing(clock: &StoryClock, now: LineTime, before: StoryTime) -> Option<StoryTime> {
    let line = clock.when(before)?;
    let ahead = line.since(now).checked_sub(LANDS_BEFORE)?;
    (ahead > WORTH).then(|| clock.at(now.after(ahead)))
}

impl<S: Scene> Conductor<S> {
    /// Leaps, if that is allowed and worth it and the line is quiet.
    pub(super) async fn leap(&mut self) -> Result<(), ConductError> {
        let now = self.now();
        if !self.plan.scenario().stage.leap || now.since(self.stirred) < QUIET_FOR {
            return Ok(());
        }
        let clock = self.plan.clock();
        let Some(planned) = self.plan.leap_to(&clock, now) else {
            return Ok(());
        };
        let mut pending: Vec<Pending> = self.waiting.values().copied().collect();
        pending.extend(self.faults.iter().map(|fault| match &fault.until {
            Until::For(Span::Story(length)) => Pending::At(fault.since.story.after(length.0)),
            Until::For(Span::Line(_)) => Pending::OnLine,
            // It is reached by something else that is waited for.
            Until::Mark(_) => Pending::Nothing,
        }));
        let lands = |before: StoryTime| landing(&clock, now, before);
        if first(planned, pending.iter().copied()).and_then(lands).is_none() {
            return Ok(());
        }
        pending.extend(self.deadlines().await);
        match first(planned, pending.into_iter()).and_then(lands) {
            Some(to) => self.leap_to(to).await,
            None => Ok(()),
        }
    }

    /// The next deadline of people at each desk. One that does not say is not passed over.
    async fn deadlines(&mut self) -> Vec<Pending> {
        let desks: Vec<String> = self.stage.desks().map(str::to_owned).collect();
        let mut deadlines = Vec::new();
        for desk in desks {
            let story = self
                .stage
                .status(&desk)
                .await
                .ok()
                .and_then(|status| status.story);
            deadlines.push(match story {
                Some(story) => Pending::of(usize::from(story.next_ms.is_some()), story.next_ms),
                None => Pending::OnLine,
            });
        }
        deadlines
    }

    async fn leap_to(&mut self, to: StoryTime) -> Result<(), ConductError> {
        let ms = u64::try_from(to.since_startex().as_millis()).unwrap_or(u64::MAX);
        let turn = TurnWord::Leap(ms);
        self.note(Kind::Clock { turn })?;
        self.stirred = self.now();
        self.tell_clock().await
    }
}

#[cfg(test)]
mod tests {
    use hotline_core::story::{Rate, Running};

    use super::*;

    fn at(minutes: u64) -> StoryTime {
        StoryTime::from_startex(Duration::from_secs(minutes * 60))
    }

    #[test]
    fn a_leap_goes_to_what_comes_first_and_nowhere_while_something_waits_for_the_line() {
        let first = |pending: &[Pending]| first(at(60), pending.iter().copied());
        assert_eq!(first(&[]), Some(at(60)));
        assert_eq!(first(&[Pending::At(at(90)), Pending::Nothing]), Some(at(60)));
        assert_eq!(first(&[Pending::At(at(5)), Pending::At(at(2))]), Some(at(2)));
        assert_eq!(first(&[Pending::At(at(5)), Pending::OnLine]), None);
    }

    #[test]
    fn a_leap_lands_half_a_second_of_line_before_its_moment_and_is_made_only_if_it_saves_two() {
        let line = |ms| LineTime::from_start(Duration::from_millis(ms));
        let clock = StoryClock::copy(Running::Running(Rate::FASTEST), line(1_000), at(1));
        let lands = |before| landing(&clock, line(1_000), before);
        assert_eq!(
            lands(at(61)),
            Some(StoryTime::from_startex(Duration::from_secs(3_630)))
        );
        assert_eq!(
            lands(at(4)),
            Some(StoryTime::from_startex(Duration::from_secs(210)))
        );
        assert_eq!(lands(at(3)), None);
        let paused = StoryClock::copy(Running::Paused(Rate::FASTEST), line(0), at(1));
        assert_eq!(landing(&paused, line(0), at(61)), None);
    }

    #[test]
    fn what_a_player_says_of_its_deeds_is_when_they_are_due_in_the_story_or_that_they_are_not() {
        assert_eq!(Pending::of(0, None), Pending::Nothing);
        assert_eq!(Pending::of(1, Some(120_000)), Pending::At(at(2)));
        assert_eq!(Pending::of(1, None), Pending::OnLine);
    }
}
