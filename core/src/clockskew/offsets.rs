//! Offsets on record: when a desk signs how other clocks stand to its own.
//!
//! Claimed times in evidence are those of one clock each. What a desk measured of the others at the time, and how far that
//! can be off, lets a reader put them side by side later. It orders nothing: order comes from chains and proofs.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::Estimate;
use crate::identity::Identity;
use crate::time::LineTime;

/// Time between two statements while nothing changes. 10 min: quartz drifts by some milliseconds in it, and a day makes
/// 144 statements of some 300 bytes.
pub const SAID_EVERY: Duration = Duration::from_secs(600);
/// A change by more than this is said before its time, if it is sure. 1 s: what [`clockstep`](crate::clockstep) calls a
/// step; people's times are written to the second.
pub const CHANGED_BY: Duration = Duration::from_secs(1);
/// Least time between two statements, however much changes. 60 s: a clock that is set back and forth fills no log.
pub const SAID_AT_MOST_EVERY: Duration = Duration::from_secs(60);
/// How often it is looked at what was measured. 1 s: it is measured ten times a second.
const LOOKED_EVERY: Duration = Duration::from_secs(1);
/// Clocks in one statement. 16: two relays and the other desk are three.
pub const CLOCKS_MAX: usize = 16;

/// Other clocks by whose they are, as measured lately.
pub type Measured = BTreeMap<Identity, Estimate>;

/// When a desk says it, and what it said last.
#[derive(Debug, Clone)]
pub struct Offsets {
    said: Measured,
    last: LineTime,
    looked: LineTime,
}

/// What the statement says in words: `IDENTITY AHEAD OFF` for each clock, with `; ` between. Both numbers are
/// milliseconds; AHEAD has a sign, OFF is how far it can be off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said(pub Measured);

/// Words that are not those of clock offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the words of clock offsets are an identity and two numbers of milliseconds for each clock")]
pub struct NotSaid;

impl Offsets {
    /// A desk that has said nothing; until it does, every other clock counts as right.
    pub const fn new(now: LineTime) -> Self {
        Self {
            said: BTreeMap::new(),
            last: now,
            looked: now,
        }
    }

    /// Whether it is worth a [`look`](Self::look): not each measurement is.
    pub fn may_look(&self, now: LineTime) -> bool {
        now.since(self.looked) >= LOOKED_EVERY
    }

    /// What is to be said now, of what was measured lately; it counts as said.
    pub fn look(&mut self, measured: Measured, now: LineTime) -> Option<Said> {
        self.looked = now;
        let since = now.since(self.last);
        let changed = measured.iter().any(|(who, estimate)| self.changed(who, estimate));
        let due = since >= SAID_EVERY || (changed && since >= SAID_AT_MOST_EVERY);
        if measured.is_empty() || !due {
            return None;
        }
        let said: Measured = measured.into_iter().take(CLOCKS_MAX).collect();
        (self.said, self.last) = (said.clone(), now);
        Some(Said(said))
    }

    /// When [`look`](Self::look) may have something to say, though nothing changes.
    pub fn next_wake(&self) -> LineTime {
        let due = self.last.after(SAID_EVERY);
        // Where nothing was measured it is tried again.
        due.max(self.looked.after(SAID_AT_MOST_EVERY))
    }

    /// Whether a clock surely stands otherwise than was said.
    fn changed(&self, who: &Identity, now: &Estimate) -> bool {
        let exact = Estimate {
            ahead_ms: 0,
            off_ms: 0,
        };
        let before = self.said.get(who).unwrap_or(&exact);
        let apart = now.ahead_ms.abs_diff(before.ahead_ms);
        let open = now.off_ms.saturating_add(before.off_ms);
        u128::from(apart.saturating_sub(open)) > CHANGED_BY.as_millis()
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (who, estimate)) in self.0.iter().enumerate() {
            let between = if number == 0 { "" } else { "; " };
            write!(f, "{between}{who} {:+} {}", estimate.ahead_ms, estimate.off_ms)?;
        }
        Ok(())
    }
}

impl FromStr for Said {
    type Err = NotSaid;

    fn from_str(text: &str) -> Result<Self, NotSaid> {
        let clocks = text.split("; ").map(|clock| {
            let mut words = clock.split(' ');
            let (Some(who), Some(ahead), Some(off), None) =
                (words.next(), words.next(), words.next(), words.next())
            else {
                return Err(NotSaid);
            };
            let estimate = Estimate {
                ahead_ms: ahead.parse().map_err(|_| NotSaid)?,
                off_ms: off.parse().map_err(|_| NotSaid)?,
            };
            Ok((who.parse::<Identity>().map_err(|_| NotSaid)?, estimate))
        });
        let said = Self(clocks.collect::<Result<_, _>>()?);
        // One writing: what would be written otherwise is not it.
        if said.to_string() == text && said.0.len() <= CLOCKS_MAX {
            Ok(said)
        } else {
            Err(NotSaid)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn at(seconds: u64) -> LineTime {
        LineTime::from_start(Duration::from_secs(seconds))
    }

    fn of(ahead_ms: i64, off_ms: u64) -> Measured {
        let north = "spiffe://exercise.avelia.example/relay/north".parse().unwrap();
        [(north, Estimate { ahead_ms, off_ms })].into()
    }

    #[test]
    fn while_nothing_changes_it_is_said_every_ten_minutes() {
        let mut offsets = Offsets::new(at(0));
        assert_eq!(offsets.next_wake(), at(600));
        assert_eq!(offsets.look(of(3, 2), at(500)), None);
        assert_eq!(offsets.next_wake(), at(600));
        assert_eq!(
            offsets.look(Measured::new(), at(600)),
            None,
            "nothing was measured"
        );
        assert_eq!(offsets.next_wake(), at(660));
        assert_eq!(offsets.look(of(3, 2), at(601)), Some(Said(of(3, 2))));
        assert_eq!(offsets.next_wake(), at(1201));
        assert_eq!(offsets.look(of(4, 2), at(1200)), None);
        assert!(offsets.look(of(4, 2), at(1201)).is_some());
    }

    #[test]
    fn a_change_of_surely_more_than_a_second_is_said_at_once_and_at_most_each_minute() {
        let mut offsets = Offsets::new(at(0));
        assert_eq!(offsets.look(of(5_000, 2), at(59)), None);
        assert!(offsets.look(of(5_000, 2), at(60)).is_some());
        assert_eq!(
            offsets.look(of(6_004, 2), at(130)),
            None,
            "not surely more than 1 s"
        );
        assert!(offsets.look(of(6_005, 2), at(130)).is_some());
        assert_eq!(offsets.look(of(0, 2), at(189)), None);
        assert!(offsets.look(of(0, 2), at(190)).is_some());
    }

    #[test]
    fn its_words_read_back_and_have_one_writing() {
        let mut both = of(-420_012, 4);
        both.insert(
            "spiffe://exercise.borenia.example/desk/ops".parse().unwrap(),
            Estimate {
                ahead_ms: 12,
                off_ms: 3,
            },
        );
        let said = Said(both);
        let text = said.to_string();
        assert_eq!(
            text,
            "spiffe://exercise.avelia.example/relay/north -420012 4; spiffe://exercise.borenia.example/desk/ops +12 3"
        );
        assert_eq!(text.parse(), Ok(said));
        for wrong in [
            "",
            "spiffe://exercise.borenia.example/desk/ops 12 3",
            "spiffe://exercise.borenia.example/desk/ops +12 3;",
            "spiffe://exercise.borenia.example/desk/ops +012 3",
            "spiffe://exercise.borenia.example/desk/ops +12 -3",
            "spiffe://exercise.borenia.example/desk/ops +12",
        ] {
            assert_eq!(wrong.parse::<Said>(), Err(NotSaid), "{wrong}");
        }
    }
}
