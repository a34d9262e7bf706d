//! How cosigners stand, and what is written into the log when one refuses: a statement `cosign-refused.v1`, once when it
//! begins and once an hour while it lasts, of each kind. That it is over shows by the next cosignature. A cosigner that
//! refuses now like this and now like that, and cosigns in between, has no more written: five leaves an hour at most.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use hotline_audit::{PayloadType, SignedStatement, statement::CosignRefused};
use hotline_core::{leg::Lane, time::LineTime};
use hotline_ledger::Batch;

use super::judge::Why;
use crate::{relay::Relay, relog};

/// How long a cosigner is out of reach before that is written down. 60 s: a relay that is started anew, or a line that is
/// cut for a moment, refuses nothing.
const UNREACHABLE_AFTER: Duration = Duration::from_secs(60);

/// How often a refusal that lasts is written down again.
const AGAIN_AFTER: Duration = Duration::from_secs(3600);

/// How each cosigner stands, by its name.
#[derive(Debug, Default)]
pub(super) struct Standings(Mutex<BTreeMap<String, String>>);

impl Standings {
    pub(super) fn set(&self, name: &str, words: String) {
        self.lock().insert(name.to_owned(), words);
    }

    pub(super) fn list(&self) -> Vec<(String, String)> {
        let standings = self.lock();
        standings
            .iter()
            .map(|(name, words)| (name.clone(), words.clone()))
            .collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one cosigner refuses, and what was written down of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Refusals {
    lasting: Option<Refusing>,
    /// When a refusal of a kind was written last, by its code. It outlives the refusal.
    written: BTreeMap<u32, LineTime>,
}

/// A refusal that lasts.
#[derive(Clone, Copy, Debug)]
struct Refusing {
    why: Why,
    since: LineTime,
    since_ms: u64,
}

impl Refusals {
    /// It refuses: the same as before, or something else.
    pub(super) fn go_on(&mut self, why: Why, (line, wall_ms): (LineTime, u64)) {
        if self.lasting.is_none_or(|lasting| lasting.why != why) {
            self.lasting = Some(Refusing {
                why,
                since: line,
                since_ms: wall_ms,
            });
        }
    }

    /// It cosigns again.
    pub(super) fn over(&mut self) {
        self.lasting = None;
    }

    /// What is to be written down now, if anything is.
    fn due(&self, now: LineTime) -> Option<Refusing> {
        let lasting = self.lasting?;
        let patience = match lasting.why {
            Why::Unreachable => UNREACHABLE_AFTER,
            Why::Refused(_) | Why::Conflict | Why::Fork | Why::BadAnswer(_) => Duration::ZERO,
        };
        let written = self.written.get(&lasting.why.code());
        let again = written.is_none_or(|written| now.since(*written) >= AGAIN_AFTER);
        (again && now.since(lasting.since) >= patience).then_some(lasting)
    }

    /// Writes down what is due; if the log takes nothing, later.
    pub(super) async fn write(&mut self, relay: &Relay, witness: &str, size: u64) {
        let now = relay.seams.clock.line();
        let Some(refusing) = self.due(now) else {
            return;
        };
        let entry = refusing
            .sign(relay, witness, size)
            .and_then(|bytes| relog::entry(&bytes, &relay.identity).ok());
        // A relay whose log key no roster knows signs nothing about others.
        if let Some(entry) = entry
            && let Err(error) = relay.ledger.commit(Batch::of(Lane::Bulk, vec![entry])).await
        {
            tracing::warn!(%error, witness, "a refusal to cosign could not be written down");
            return;
        }
        self.written.insert(refusing.why.code(), now);
    }
}

impl Refusing {
    fn sign(&self, relay: &Relay, witness: &str, size: u64) -> Option<Vec<u8>> {
        let claimed_time_ms = relay.seams.clock.wall().unix_ms();
        let signed = relay
            .presence
            .sign_record(PayloadType::CosignRefused, |own, key_statement| {
                CosignRefused {
                    relay: own.to_owned(),
                    key_statement,
                    witness: witness.to_owned(),
                    size,
                    reason: self.why.code(),
                    status: self.why.status(),
                    claimed_time_ms,
                    since_ms: self.since_ms,
                }
                .encode()
            })?;
        if let Err(error) = relog::own(&signed, &relay.rosters(), claimed_time_ms) {
            tracing::warn!(%error, witness, "a refusal to cosign is not written down");
            return None;
        }
        Some(SignedStatement::into_bytes(signed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> LineTime {
        LineTime::START.after(Duration::from_secs(seconds))
    }

    fn refusing(why: Why, at: LineTime) -> Refusals {
        let mut refusals = Refusals::default();
        refusals.go_on(why, (at, 0));
        refusals
    }

    /// Whether it is due; if so, it counts as written.
    fn writes(refusals: &mut Refusals, now: LineTime) -> bool {
        let due = refusals.due(now);
        if let Some(due) = due {
            refusals.written.insert(due.why.code(), now);
        }
        due.is_some()
    }

    #[test]
    fn a_refusal_is_written_down_when_it_begins_and_once_an_hour_while_it_lasts() {
        let mut refusals = refusing(Why::Refused(403), at(5));
        assert!(writes(&mut refusals, at(5)));
        refusals.go_on(Why::Refused(403), (at(9), 0));
        assert!(!writes(&mut refusals, at(3604)) && writes(&mut refusals, at(3605)));
        refusals.go_on(Why::Fork, (at(3610), 0));
        assert!(writes(&mut refusals, at(3610)), "another one");
    }

    #[test]
    fn a_peer_that_is_away_for_a_moment_refuses_nothing() {
        let away = refusing(Why::Unreachable, at(5));
        assert!(away.due(at(64)).is_none() && away.due(at(65)).is_some());
    }

    #[test]
    fn refusals_that_alternate_and_end_in_between_are_a_few_leaves_an_hour() {
        let mut refusals = Refusals::default();
        let mut leaves = 0;
        for second in 0..3600 {
            let why = match second % 5 {
                0 => Why::Fork,
                1 => Why::Refused(400 + u16::try_from(second % 100).unwrap_or(0)),
                2 => Why::BadAnswer(500),
                3 => Why::Conflict,
                _ => {
                    refusals.over();
                    continue;
                }
            };
            refusals.go_on(why, (at(second), 0));
            leaves += u32::from(writes(&mut refusals, at(second)));
        }
        assert_eq!(leaves, 4, "one of each kind");
    }
}
