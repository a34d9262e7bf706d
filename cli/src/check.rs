//! `hotline check`: a comm check of people, over the real path, crypto and log. A TEST message of neutral words, released
//! by one officer; a person of the other desk answers ROGER within 5 minutes. Both times run on people's time: while an
//! exercise is paused the verb waits.

use std::time::Duration;

use clap::Args;
use hotline_client::{
    compose::Wording,
    request::Request,
    story::{StoryState, StoryStatus},
    view::MessageView,
};
use hotline_core::{
    commcheck::human::{ANSWER_DUE, hour_of, text_of},
    precedence::Precedence,
    time::{StoryTime, WallTime},
    words::{Function, ResponseAttribute, Rung, TrafficClass},
};

use crate::{
    desk::{
        self, Common, duration,
        seat::Seat,
        send::{self, WaitArgs},
    },
    exit::{Failure, Outcome},
};

/// How long the verb waits unless it is told: whoever sits at the other desk has answered by then, and the officer who sent
/// the check has other things to do.
const WAIT: Duration = Duration::from_secs(30);
/// How often the story is looked at while the verb waits in it. 1 s of line: control may turn it at any time.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// And how seldom, however little is left. 20 ms: what is left at a fast rate is less than a look takes.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(20);

/// `hotline check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    common: Common,
    /// The releasing officer; without it, the first of this seat who may release.
    #[arg(long, value_name = "NAME")]
    officer: Option<String>,
    /// How long to wait here for the answer: 0s, 60s, 5m. Without it 30s; the answer is due within 5m and counts until then.
    /// In an exercise that has a story clock both are times of the story.
    #[arg(long, value_parser = duration, value_name = "TIME")]
    wait: Option<Duration>,
}

/// Sends a check and waits for its answer. Exit code 6 if nobody has answered when the wait is over.
///
/// # Errors
/// A failure.
pub fn run(args: CheckArgs) -> Outcome {
    let runtime = hotline_transport::node_runtime().map_err(|error| Failure::io("starting", &error))?;
    runtime.block_on(carry_out(args))
}

/// The same, in a process that has a runtime.
///
/// # Errors
/// A failure.
pub async fn carry_out(args: CheckArgs) -> Outcome {
    let common = &args.common;
    let mut seat = Seat::open(desk::load(common)?, common.json).await?;
    let done = check(&mut seat, common, &args).await;
    seat.leave().await;
    done
}

impl CheckArgs {
    /// The same, where whoever waits could type nothing else meanwhile: the answer comes as news.
    #[must_use]
    pub fn at_a_prompt(self) -> Self {
        let wait = self.wait.or(Some(Duration::ZERO));
        Self { wait, ..self }
    }
}

async fn check(seat: &mut Seat, common: &desk::Common, args: &CheckArgs) -> Outcome {
    let hour = hour_of(seat.seams.clock.wall());
    // The other desk rings, and its people are called again after 10 minutes.
    let urgent = Precedence::Immediate;
    let wording = Wording {
        class: TrafficClass::Test,
        function: Function::Query,
        response: ResponseAttribute::Roger,
        ..Wording::notice(urgent, "", text_of(hour))
    };
    let sheet = send::sign(seat, common, &wording, args.officer.as_deref(), None)?;
    let view = seat.message(Request::Release { sheet }).await?;
    // A seat that opened the desk itself is told of no turn.
    let running = seat.own_station().is_none();
    let story = seat.status().await?.story.filter(|_| running);
    match story.and_then(StoryWait::begins) {
        Some(begun) => in_story(seat, args, view, begun).await,
        None => on_the_clock(seat, args, view).await,
    }
}

/// Waits by the clock, as long as nobody tells of a story.
async fn on_the_clock(seat: &mut Seat, args: &CheckArgs, view: MessageView) -> Outcome {
    let due = ANSWER_DUE / seat.config.human_time_factor;
    let wait = args.wait.unwrap_or(WAIT.min(due));
    let by = from_now(seat, due);
    if !args.common.json {
        let (name, secs, typed) = (&view.name, wait.as_secs(), args.common.typed());
        let by = by.rfc3339();
        eprintln!(
            "{name}: the answer is due by {by}; waiting {secs} s for it; later: hotline desk show {name}{typed}"
        );
    }
    send::finish(seat, &args.common, view, &WaitArgs::answered(wait, Some(by))).await
}

/// Waits in people's time: as the story runs, and not while it stands.
async fn in_story(seat: &mut Seat, args: &CheckArgs, view: MessageView, begun: StoryWait) -> Outcome {
    let wait = args.wait.unwrap_or(WAIT);
    let due = begun.story().after(ANSWER_DUE);
    if !args.common.json {
        let (name, secs, typed) = (&view.name, wait.as_secs(), args.common.typed());
        let stands = if begun.stands() {
            "the exercise is paused; "
        } else {
            ""
        };
        eprintln!(
            "{name}: {stands}the answer is due at {due}; waiting {secs} s of story for it; later: hotline desk show {name}{typed}"
        );
    }
    let until = begun.story().after(wait);
    let (mut view, mut now) = (view, begun);
    while let Some(look_after) = now.next_look(until) {
        view = send::wait_for(seat, &view, Rung::Answered, look_after).await?;
        if view.reached(Rung::Answered) {
            break;
        }
        let Some(story) = seat.status().await?.story.and_then(StoryWait::begins) else {
            break;
        };
        now = story;
    }
    let by = now.real_until(due).map(|real| from_now(seat, real));
    send::conclude(seat, &args.common, view, &WaitArgs::answered(wait, by)).await
}

fn from_now(seat: &Seat, time: Duration) -> WallTime {
    WallTime::from_unix_ms(send::from_now(seat, time))
}

/// The story as the desk says that it runs, and how to wait in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct StoryWait(StoryStatus);

impl StoryWait {
    /// None after ENDEX: that story does not go on, and whoever waited in it would wait for ever.
    fn begins(story: StoryStatus) -> Option<Self> {
        (story.state != StoryState::Ended).then_some(Self(story))
    }

    fn story(self) -> StoryTime {
        self.0.story()
    }

    fn stands(self) -> bool {
        self.0.state != StoryState::Running
    }

    /// In how much real time the story will be there as it runs now; none while it stands.
    fn real_until(self, until: StoryTime) -> Option<Duration> {
        (!self.stands()).then(|| self.0.real(until.since(self.story())))
    }

    /// For how long to wait before the story is looked at again; none if it has come so far.
    fn next_look(self, until: StoryTime) -> Option<Duration> {
        if self.story() >= until {
            return None;
        }
        let real = self.real_until(until).unwrap_or(LOOK_EVERY);
        Some(real.clamp(LOOK_AGAIN_AFTER, LOOK_EVERY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(state: StoryState, rate: u32, story_ms: u64) -> StoryWait {
        StoryWait(StoryStatus {
            turn: 1,
            state,
            rate,
            story_ms,
            next_ms: None,
        })
    }

    #[test]
    fn a_check_waits_as_the_story_runs_and_not_while_it_stands() {
        let until = StoryTime::from_startex(Duration::from_secs(30));
        let looks = |state, rate, story_ms| at(state, rate, story_ms).next_look(until);
        let ms = Duration::from_millis;
        assert_eq!(looks(StoryState::Running, 60_000, 0), Some(ms(500)));
        assert_eq!(looks(StoryState::Running, 100, 0), Some(LOOK_EVERY));
        assert_eq!(looks(StoryState::Paused, 60_000, 29_999), Some(LOOK_EVERY));
        assert_eq!(looks(StoryState::Running, 60_000, 29_999), Some(LOOK_AGAIN_AFTER));
        assert_eq!(looks(StoryState::Running, 1_000, 30_000), None);
        let due = |state| at(state, 10_000, 0).real_until(until);
        assert_eq!(due(StoryState::Running), Some(ms(3_000)));
        assert_eq!(due(StoryState::Paused), None);
    }

    #[test]
    fn nobody_waits_in_a_story_that_has_ended() {
        assert_eq!(StoryWait::begins(at(StoryState::Ended, 0, 5).0), None);
        let paused = at(StoryState::Paused, 1_000, 5);
        assert_eq!(StoryWait::begins(paused.0), Some(paused));
    }
}
