//! The hourly checks of people: whose hour it was, and whether anybody answered.

use hotline_core::{
    channel::cause::DORMANT_AFTER,
    commcheck::human::{ANSWER_DUE, hour_of, is_mine},
    identity::Identity,
    time::WallTime,
};

use super::{
    HumanReport, Window,
    facts::{DeskFacts, Facts, Test},
    millis,
    orders::{Span, within},
};

/// Milliseconds of an hour.
const HOUR_MS: u64 = 3_600_000;

/// Counts whole hours since both desks spoke.
pub(super) fn report(facts: &Facts, name: &str, window: Window, under_order: &[Span]) -> HumanReport {
    let mut report = HumanReport::default();
    let (Some(desk), Ok(me)) = (facts.desks.get(name), name.parse::<Identity>()) else {
        return report;
    };
    let begin = window.from_ms.max(desk.oldest_ms.unwrap_or(0));
    for hour in begin.div_ceil(HOUR_MS)..window.until_ms / HOUR_MS {
        let of_hour = Window {
            from_ms: hour * HOUR_MS,
            until_ms: (hour + 1) * HOUR_MS,
        };
        let Some(peer) = asked(facts, desk, of_hour) else {
            continue;
        };
        if !is_mine(hour, &me, &peer) {
            continue;
        }
        let outcome = outcome(facts, desk, hour, window);
        if outcome == Outcome::Open {
            continue;
        }
        if within(under_order, of_hour) > 0 {
            report.under_order += 1;
            continue;
        }
        report.scheduled += 1;
        match outcome {
            Outcome::NotMade => report.not_made += 1,
            Outcome::Missed => report.missed += 1,
            Outcome::Answered => report.answered += 1,
            Outcome::Late | Outcome::Open => report.late += 1,
        }
    }
    report
}

/// Whom the desk asked in an hour in which that desk had spoken already.
fn asked(facts: &Facts, desk: &DeskFacts, hour: Window) -> Option<Identity> {
    let name = desk.asks_at(hour.until_ms - 1)?;
    let spoke = facts.desks.get(name)?.oldest_ms?;
    (spoke <= hour.from_ms).then(|| name.parse().ok())?
}

/// What became of one hour; of several checks the best counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Answered,
    /// Its answer is not due yet.
    Open,
    Late,
    Missed,
    NotMade,
}

fn outcome(facts: &Facts, desk: &DeskFacts, hour: u64, window: Window) -> Outcome {
    let of_hour = |test: &&Test| hour_of(WallTime::from_unix_ms(test.at_ms)) == hour;
    let outcomes = desk.tests.iter().filter(of_hour).map(|test| {
        let answered = facts
            .person_answered(test)
            .filter(|at_ms| *at_ms < window.until_ms);
        let due = test.at_ms.saturating_add(millis(ANSWER_DUE));
        match answered {
            Some(at_ms) if at_ms <= due => Outcome::Answered,
            Some(_) => Outcome::Late,
            None if due >= window.until_ms => Outcome::Open,
            None => Outcome::Missed,
        }
    });
    outcomes.min().unwrap_or(Outcome::NotMade)
}

/// How much of the window no person had answered a comm check for 30 days: the line was DORMANT, in milliseconds.
pub(super) fn dormant_ms(facts: &Facts, window: Window) -> u64 {
    let Some(begin) = facts.desks.values().filter_map(|desk| desk.oldest_ms).max() else {
        return 0;
    };
    let tests = facts.desks.values().flat_map(|desk| &desk.tests);
    let mut awake: Vec<u64> = tests.filter_map(|test| facts.person_answered(test)).collect();
    awake.push(begin);
    awake.sort_unstable();
    let asleep = |at_ms: &u64| at_ms.saturating_add(millis(DORMANT_AFTER));
    let next = awake.iter().skip(1).copied().chain([u64::MAX]);
    let spans: Vec<Span> = awake
        .iter()
        .zip(next)
        .map(|(at_ms, next)| (asleep(at_ms), next))
        .filter(|(begin, end)| begin < end)
        .collect();
    within(&spans, window)
}
