//! The comm check of people: hourly, the sides in turn, a few neutral texts.

use std::time::Duration;

use crate::identity::Identity;
use crate::ladder::{Fact, Ladder};
use crate::time::WallTime;
use crate::words::Rung;

/// Within what time a person answers. 5 min (mission note, comm check).
pub const ANSWER_DUE: Duration = Duration::from_secs(5 * 60);

/// Words of a test: nothing in them can be taken for a matter between the sides.
pub const TEXTS: [&str; 6] = [
    "COMM CHECK. The brown heron stands in the reeds at low tide.",
    "COMM CHECK. Forty white tiles and nine blue ones are on the kitchen wall.",
    "COMM CHECK. The library opens at nine and the reading room at ten.",
    "COMM CHECK. Three apples, two pears and one quince lie in the bowl.",
    "COMM CHECK. The evening train stops at every second station.",
    "COMM CHECK. A clockmaker winds the tower clock on the first of the month.",
];

/// The UTC hour of a time, counted from 1970.
pub const fn hour_of(at: WallTime) -> u64 {
    at.unix_ms() / 3_600_000
}

/// Whether `me` checks in this hour: in even UTC hours the side whose trust domain sorts first does.
pub fn is_mine(hour: u64, me: &Identity, peer: &Identity) -> bool {
    let first = me.domain().to_string() < peer.domain().to_string();
    (hour % 24).is_multiple_of(2) == first
}

/// Whether this rung, signed at the desk `by`, answers a human check of the desk `asked`: a person of the other side
/// acknowledged it or answered it. What one's own officers sign answers nothing.
pub fn answers(asked: &Identity, by: &Identity, rung: Rung) -> bool {
    asked.domain() != by.domain() && is_answer(rung)
}

/// Whether a person's word of this rung answers a human check.
pub const fn is_answer(rung: Rung) -> bool {
    matches!(rung, Rung::Acknowledged | Rung::Answered)
}

/// The first word of a person that answers a human check, by the check's ladder; none while nobody has.
pub fn answer(check: &Ladder) -> Option<&Fact> {
    let asked = &check.subject().sender;
    let by_them = |fact: &&Fact| {
        let desk = fact.signer.desk();
        desk.is_some_and(|by| answers(asked, by, fact.rung))
    };
    check.timeline().into_iter().find(by_them)
}

/// The text of an hour's test.
pub fn text_of(hour: u64) -> &'static str {
    let place = usize::try_from(hour).unwrap_or(0) % TEXTS.len();
    TEXTS[place]
}

/// Reminds people of the check of each hour that is theirs.
#[derive(Debug, Clone, Default)]
pub struct Hours {
    reminded: Option<u64>,
}

impl Hours {
    /// The hour whose check is due, told once. `sent` is the hour of the newest check of ours.
    pub fn due(
        &mut self,
        now: WallTime,
        (me, peer): (&Identity, &Identity),
        sent: Option<u64>,
    ) -> Option<u64> {
        let hour = hour_of(now);
        if self.reminded == Some(hour) || sent == Some(hour) || !is_mine(hour, me, peer) {
            return None;
        }
        self.reminded = Some(hour);
        Some(hour)
    }
}
