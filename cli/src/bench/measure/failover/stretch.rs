//! One fault: applied, mended, and watched until the line is whole again.
//!
//! Where all legs are cut, one heals before the others, at both desks: what is measured then is that leg's alone.

use std::time::Duration;

use hotline_core::time::LineTime;
use hotline_faults::live::Fault;

use super::{
    Plan,
    deck::{Draw, Kind, Target},
};
use crate::bench::{
    error::BenchError,
    line::{Line, WHOLE_WITHIN, links::LinkName},
    measure::legs::Broken,
};

/// What follows once the line is whole and still counts as the fault's. 2 s: longer than a silent leg takes to be noticed.
const SETTLE: Duration = Duration::from_secs(2);
/// How long the leg that heals first is alone. 2 s: twice what the first message may take.
pub const ALONE: Duration = Duration::from_secs(2);
/// Messages a second that a line surely makes good beside its traffic: a fifth of what it is aimed at.
const MADE_GOOD: u32 = 200;

/// When a fault was applied, mended and over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// Until the line was whole.
    pub broken: Broken,
    /// When the first leg healed, where all were cut.
    pub first_healed: Option<LineTime>,
}

impl Done {
    /// For a leg that this fault broke: it may have healed before the others.
    pub fn of(self, link: &LinkName, target: &Target) -> Broken {
        match (target, self.first_healed) {
            (Target::Line(first), Some(mended)) if *first == link.leg => Broken {
                mended,
                ..self.broken
            },
            _ => self.broken,
        }
    }
}

/// Breaks, waits, mends, and waits until the line is whole.
///
/// # Errors
/// If a link or a process refuses, or the line does not come back.
pub async fn play(line: &mut Line, draw: &Draw, plan: &Plan) -> Result<Done, BenchError> {
    let at = line.sender().now();
    apply(line, draw).await?;
    line.watch_for(plan.lasts).await?;
    let first_healed = first(line, draw).await?;
    let mended = mend(line, draw).await?;
    // A relay that comes back is behind, and so is everybody where all legs were cut: what they catch up with belongs to
    // the fault.
    let backlog = first_healed.map_or(Duration::ZERO, |_| plan.backlog_takes());
    line.wait_until_whole_within(WHOLE_WITHIN + backlog, plan.rate.into())
        .await?;
    line.watch_for(SETTLE).await?;
    Ok(Done {
        broken: Broken {
            at,
            mended,
            end: line.sender().now(),
        },
        first_healed,
    })
}

impl Plan {
    /// Messages that are released while nothing passes.
    pub fn backlog(&self) -> u64 {
        let (seconds, part) = (self.lasts.as_secs(), u64::from(self.lasts.subsec_nanos() > 0));
        (seconds + part).saturating_mul(self.rate.into())
    }

    /// What it takes at most to make good for them.
    fn backlog_takes(&self) -> Duration {
        Duration::from_secs(self.backlog().div_ceil(MADE_GOOD.into()))
    }
}

async fn apply(line: &mut Line, draw: &Draw) -> Result<(), BenchError> {
    match (&draw.target, draw.kind) {
        (Target::Relay(which), Kind::Kill) => line.relays().kill(*which).await,
        (Target::Relay(which), _) => line.relays().pause(*which),
        (Target::Link(link, way), Kind::UdpBlock) => {
            line.links()?.break_off(link, &Fault::Partition, way.direction())
        }
        (Target::Link(link, way), _) => line.links()?.break_off(link, &Fault::Cut, way.direction()),
        (Target::Line(_), _) => line.links()?.cut_all(),
    }
}

/// Heals the leg that heals before the others, if there is one, and leaves it alone for a while; tells when it healed.
async fn first(line: &mut Line, draw: &Draw) -> Result<Option<LineTime>, BenchError> {
    let Target::Line(leg) = &draw.target else {
        return Ok(None);
    };
    // By the time before it: what comes through at once must not seem to have come before.
    let at = line.sender().now();
    line.links()?.heal(leg)?;
    line.watch_for(ALONE).await?;
    Ok(Some(at))
}

/// Takes the fault back; tells when that was. A killed relay counts from when it listens.
async fn mend(line: &mut Line, draw: &Draw) -> Result<LineTime, BenchError> {
    match (&draw.target, draw.kind) {
        (Target::Relay(which), Kind::Kill) => line.restart(*which).await?,
        (Target::Relay(which), _) => line.relays().resume(*which)?,
        (Target::Link(link, _), _) => line.links()?.mend(link)?,
        (Target::Line(_), _) => line.links()?.heal_all()?,
    }
    Ok(line.sender().now())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::bench::line::links::Desk;

    #[test]
    fn the_leg_that_heals_first_counts_from_then_and_the_others_from_when_they_heal() {
        let at = |ms| LineTime::from_start(Duration::from_millis(ms));
        let broken = Broken {
            at: at(1000),
            mended: at(8000),
            end: at(12_000),
        };
        let done = Done {
            broken,
            first_healed: Some(at(6000)),
        };
        let target = Target::Line("north/tcp".parse().unwrap());
        let of = |desk, leg: &str| {
            let leg = leg.parse().unwrap();
            done.of(&LinkName { desk, leg }, &target).mended
        };
        assert_eq!(
            (of(Desk::A, "north/tcp"), of(Desk::B, "north/tcp")),
            (at(6000), at(6000))
        );
        assert_eq!(of(Desk::B, "north/quic"), at(8000));
    }

    #[test]
    fn a_backlog_is_what_is_released_while_nothing_passes() {
        let plan = Plan {
            faults: 1,
            kinds: vec![Kind::AllCut],
            seed: 1,
            rate: 10,
            lasts: Duration::from_millis(600_000),
        };
        assert_eq!(
            (plan.backlog(), plan.backlog_takes()),
            (6_000, Duration::from_secs(30))
        );
    }
}
