//! How the other clocks of the line stand to this desk's: the relays', by heartbeats, and the other desk's, by its answers
//! to comm checks. The rule is `core::clockskew`; here people are told.
//!
//! A measurement counts for as long as a desk may be unheard that checks as often as this one: three minutes, or three of
//! its checks. Relays are measured with each probe, so one that is not was lost. What is older is shown and decides nothing.

use std::{collections::BTreeMap, time::Duration};

use hotline_audit::statement::Service;
use hotline_core::{
    channel::watch::may_be_unheard,
    clockskew::{self, Estimate, Grade, Skew, WARN, offsets::Measured},
    leg::RelayName,
    time::{LineTime, WallTime},
};

use super::Engine;
use crate::{
    book::{Direction, Letter},
    round::Round,
    status::ClockView,
};

/// How a clock stands that was not measured lately.
const UNDECIDED: &str = "UNDECIDED";

/// Other clocks, by whose they are.
#[derive(Default)]
pub(super) struct Skews(BTreeMap<String, Skew>);

impl Engine {
    /// A relay told its clock in a heartbeat that was heard at `at`, `round_trip` after our probe.
    pub(super) fn relay_clock(
        &mut self,
        relay: &RelayName,
        wall_ms: u64,
        (at, round_trip): (LineTime, Duration),
        round: &mut Round,
    ) {
        let Some(identity) = self
            .relays
            .get(relay)
            .map(|relay| relay.shared.place.identity.to_string())
        else {
            return;
        };
        let open = round_trip.saturating_add(self.line().since(at));
        self.clock_told(identity, WallTime::from_unix_ms(wall_ms), open, round);
    }

    /// The other desk signed its answer to a check that left here at `asked`. What it says that it waited for further
    /// copies it did not spend on the way.
    pub(super) fn peer_clock(&mut self, answer: &Service, asked: LineTime, round: &mut Round) {
        let waited = answer.legs.iter().map(|leg| leg.ms.saturating_sub(1)).max();
        let waited = Duration::from_millis(waited.unwrap_or(0));
        let open = self.line().since(asked).saturating_sub(waited);
        let told = WallTime::from_unix_ms(answer.header.claimed_time_ms);
        self.clock_told(answer.header.sender.clone(), told, open, round);
    }

    fn clock_told(&mut self, who: String, told: WallTime, open: Duration, round: &mut Round) {
        let estimate = Estimate::of(told, self.wall(), open);
        let now = self.line();
        let skew = self.skews.0.entry(who.clone()).or_default();
        let turned = skew.note(estimate, now);
        self.say_offsets(round);
        let (Some(grade), true) = (turned, self.duty.is_some()) else {
            return;
        };
        let code = match grade {
            Grade::Agrees => "CLOCK_AGREES",
            Grade::Warn => "CLOCK_WARN",
            Grade::Alarm => "CLOCK_SKEW",
        };
        let ours = if self.own_clock_is_off() {
            "; all others lie the same way: this desk's own clock is wrong"
        } else {
            ""
        };
        self.alarm(
            code,
            format!("the clock of {who} is {estimate} of this desk's{ours}"),
            round,
        );
    }

    /// The other clocks that were measured lately.
    pub(super) fn measured_clocks(&self) -> Measured {
        let fresh = self.skews.0.iter().filter(|(_, skew)| self.counts(skew));
        fresh
            .filter_map(|(who, skew)| Some((who.parse().ok()?, skew.newest()?)))
            .collect()
    }

    /// Whether every other clock that was measured lately says that ours is the one which is wrong.
    fn own_clock_is_off(&self) -> bool {
        clockskew::is_ours(self.skews.0.values().filter(|skew| self.counts(skew)))
    }

    /// Whether it was measured so lately that it says something of now.
    fn counts(&self, skew: &Skew) -> bool {
        let within = may_be_unheard(self.config.checks_every.unwrap_or_default());
        skew.is_fresh(self.line(), within)
    }

    /// Whether the time that a message claims is in doubt: it lies in the future, or its sender's clock was off when it was
    /// measured last, however long ago. Its date-time group is then shown with a question mark.
    pub(super) fn time_in_doubt(&self, letter: &Letter) -> bool {
        if letter.direction == Direction::Out {
            return false;
        }
        let header = &letter.message.header;
        if header.claimed_time_ms > letter.stored.unix_ms().saturating_add(millis(WARN)) {
            return true;
        }
        let skew = self.skews.0.get(&header.sender);
        skew.is_some_and(|skew| skew.grade() != Grade::Agrees) && !self.own_clock_is_off()
    }

    /// The other clocks, as they were measured last.
    pub(super) fn clocks(&self) -> BTreeMap<String, ClockView> {
        let measured = self.skews.0.iter().filter_map(|(who, skew)| {
            let newest = skew.newest()?;
            let view = ClockView {
                ahead_ms: newest.ahead_ms,
                uncertainty_ms: newest.off_ms,
                grade: if self.counts(skew) {
                    skew.grade().name().to_owned()
                } else {
                    UNDECIDED.to_owned()
                },
                age_ms: millis(skew.age(self.line()).unwrap_or_default()),
            };
            Some((who.clone(), view))
        });
        measured.collect()
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
