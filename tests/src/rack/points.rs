//! Whole lines under traffic whose processes end, or stop, at the named points of a message's way
//! ([`hotline_core::crash`]).
//!
//! Each of three processes is driven on a line of its own, where officers draft, release, acknowledge and answer: the
//! sender's relay, the desk that mostly sends, the desk that mostly receives. Its next process is at once the one of the
//! next case. A case comes true at its point or not at all: a point that is not passed is a mark that is gone, and then
//! the rack could not run.

use std::{os::unix::process::ExitStatusExt as _, path::Path, time::Duration};

use hotline_core::crash::Point;
use tokio::{process::Command, time::Instant};

use super::{
    Rack,
    line_kills::{self, Carried, PAUSE},
    process::{Driven, Role},
    tally::{Promise, Tally},
};
use crate::{
    AVELIA, BORENIA,
    crash::{Crash, Fate, VARIABLE},
};

/// Who is driven, and what it passes.
pub const DRIVEN: [(Role, &[Point]); 3] = [
    (Role::Relay(AVELIA), &RELAY),
    (Role::Desk(AVELIA), &SENDER),
    (Role::Desk(BORENIA), &RECIPIENT),
];

const RELAY: [Point; 7] = [
    Point::RelayReceived,
    Point::LedgerWritten,
    Point::LedgerSynced,
    Point::RelaySynced,
    Point::RelayAcked,
    Point::RelayForwarded,
    Point::RelayForwardAcked,
];

const SENDER: [Point; 10] = [
    Point::DraftSaved,
    Point::LedgerWritten,
    Point::LedgerSynced,
    Point::OutboxSynced,
    Point::QueuedShown,
    Point::FrameSent,
    Point::AcceptanceStored,
    Point::DeliveryReceived,
    Point::DeliveryVerified,
    Point::ReceiptStored,
];

const RECIPIENT: [Point; 12] = [
    Point::DeliveryReceived,
    Point::DeliveryVerified,
    Point::ReceiptSigned,
    Point::LedgerWritten,
    Point::LedgerSynced,
    Point::MessageStored,
    Point::OutboxSynced,
    Point::FrameSent,
    Point::AcceptanceStored,
    Point::ShowingStored,
    Point::DisplayedSigned,
    Point::ActSigned,
];

/// Time between two looks whether a process stands.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Lines of a process's log that a failure names.
const LOG_LINES: usize = 3;

/// How often each point is driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passes {
    /// Kills at a point: at its first pass, its second, … up to this one. Traffic has no end, so that no run ends clean:
    /// by the third pass a process has done what it does only at its start and carries traffic.
    pub kills: u64,
    /// A stop at the first pass of every so many points; it costs 2 s.
    pub stop_stride: usize,
    /// How long a process may take to come to its point.
    pub within: Duration,
}

impl Passes {
    /// What CI does. 20 s: a loaded machine, twenty times over.
    pub const FULL: Self = Self {
        kills: 3,
        stop_stride: 1,
        within: Duration::from_secs(20),
    };

    fn cases(&self, place: usize, point: Point) -> impl Iterator<Item = Crash> + use<> {
        let kills = (1..=self.kills).map(move |pass| Crash {
            point,
            pass,
            fate: Fate::Kill,
        });
        let stop = Crash {
            point,
            pass: 1,
            fate: Fate::Stop,
        };
        kills.chain(place.is_multiple_of(self.stop_stride).then_some(stop))
    }
}

/// Every point of every driven process. The three lines run side by side: mostly they wait.
///
/// # Errors
/// A point was not passed.
pub async fn every(rack: &Rack, passes: &Passes) -> Result<Tally, String> {
    let [relay, sender, recipient] = DRIVEN.map(|(role, points)| at(rack, role, points, passes));
    let (relay, sender, recipient) = tokio::join!(relay, sender, recipient);
    let mut tally = relay?;
    tally.add(sender?);
    tally.add(recipient?);
    Ok(tally)
}

/// These points of one process.
///
/// # Errors
/// One of them was not passed.
pub async fn at(rack: &Rack, role: Role, points: &[Point], passes: &Passes) -> Result<Tally, String> {
    let (part, mut tally) = (format!("points/{}", role.name()), Tally::default());
    let cases: Vec<(String, Crash)> = points
        .iter()
        .enumerate()
        .flat_map(|(place, point)| passes.cases(place, *point))
        .map(|crash| (format!("{part}/{}", crash.case()), crash))
        .filter(|(case, _)| rack.wants(case))
        .collect();
    let Some((last, _)) = cases.last().cloned() else {
        return Ok(tally);
    };
    let mut carried = Carried::with_officers(rack).await;
    role.kill(&mut carried.line).await;
    let mut passed = Vec::new();
    for (case, crash) in cases {
        if !at_point(rack, &carried, role, &case, crash, passes.within, &mut tally).await {
            if !passed.contains(&crash.point) {
                let within = passes.within;
                return Err(format!("{case}: that point was not passed within {within:?}"));
            }
            let what = "no pass came any more under traffic";
            tally.blame(&case, Promise::Recovers, what);
            break;
        }
        passed.push(crash.point);
    }
    passed.dedup();
    tally.points += passed.len() as u64;
    line_kills::start(role, &mut carried.line, &last, &mut tally).await;
    carried.heals(&last, &mut tally).await;
    carried.end(&part, &mut tally).await;
    Ok(tally)
}

/// One process that is to end or to stop at its point; whether it came there.
async fn at_point(
    rack: &Rack,
    carried: &Carried,
    role: Role,
    case: &str,
    crash: Crash,
    within: Duration,
    tally: &mut Tally,
) -> bool {
    let folder = rack.folder();
    let log = folder.path().join("log");
    let mut command = Command::new(&rack.program);
    command.env(VARIABLE, crash.to_string());
    let mut driven = Driven::spawn(rack, &carried.line, role, Some(command), &log);
    let came = match crash.fate {
        Fate::Kill => match driven.end_within(within).await {
            Some(status) => {
                // Another end than ours is the process's own.
                if status.signal() == Some(rustix::process::Signal::KILL.as_raw()) {
                    tally.kills += 1;
                    tally.point_kills += 1;
                } else {
                    let what = format!("{} ended by itself ({status}): {}", role.name(), last_words(&log));
                    tally.blame(case, Promise::Recovers, what);
                }
                true
            }
            None => false,
        },
        Fate::Stop => {
            let stands = stands_within(&driven, within).await;
            if stands {
                tokio::time::sleep(PAUSE).await;
                driven.go_on();
                tally.pauses += 1;
                carried.heals(case, tally).await;
            }
            stands
        }
    };
    driven.kill().await;
    came
}

async fn stands_within(driven: &Driven, within: Duration) -> bool {
    let deadline = Instant::now() + within;
    while !driven.stands() {
        if Instant::now() > deadline {
            return false;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    true
}

fn last_words(log: &Path) -> String {
    let said = std::fs::read_to_string(log).unwrap_or_default();
    let mut last: Vec<&str> = said.lines().rev().take(LOG_LINES).collect();
    last.reverse();
    last.join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_is_driven_in_some_process() {
        let driven = |point: &Point| DRIVEN.iter().any(|(_, points)| points.contains(point));
        let left: Vec<&str> = Point::ALL
            .iter()
            .filter(|point| !driven(point))
            .map(|point| point.name())
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
}
