//! The hourly checks of people: whose hour it was, and whether anybody answered.

use hotline_core::{
    commcheck::human::{ANSWER_DUE, hour_of, is_mine},
    identity::Identity,
    time::WallTime,
};

use super::{HumanReport, Window, facts::Facts, millis};

/// Milliseconds of an hour.
const HOUR_MS: u64 = 3_600_000;

/// Counts whole hours since the log began.
pub(super) fn report(facts: &Facts, name: &str, window: Window) -> HumanReport {
    let mut report = HumanReport::default();
    let (Some(desk), Some((me, peer))) = (facts.desks.get(name), both(facts, name)) else {
        return report;
    };
    let begin = window.from_ms.max(facts.oldest_ms.unwrap_or(0));
    for hour in begin.div_ceil(HOUR_MS)..window.until_ms / HOUR_MS {
        if !is_mine(hour, &me, &peer) {
            continue;
        }
        report.scheduled += 1;
        let of_hour = |at: &u64| hour_of(WallTime::from_unix_ms(*at)) == hour;
        let made = desk.tests.iter().filter(|(_, at)| of_hour(at));
        let answers = made.map(|(test, at)| facts.answered(test, &me).map(|then| then.saturating_sub(*at)));
        // Of several, the best.
        match answers.min_by_key(|took| took.unwrap_or(u64::MAX)) {
            None => report.not_made += 1,
            Some(None) => report.missed += 1,
            Some(Some(took)) if took <= millis(ANSWER_DUE) => report.answered += 1,
            Some(Some(_)) => report.late += 1,
        }
    }
    report
}

fn both(facts: &Facts, name: &str) -> Option<(Identity, Identity)> {
    let me: Identity = name.parse().ok()?;
    let peer = facts
        .desks
        .keys()
        .filter_map(|desk| desk.parse::<Identity>().ok())
        .find(|desk| desk.domain() != me.domain())?;
    Some((me, peer))
}
