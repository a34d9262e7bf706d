//! How cosigners stand, and what is written into the log when one refuses: a statement `cosign-refused.v1`, once when it
//! begins and once an hour while it lasts. That it is over shows by the next cosignature.

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

/// A refusal that lasts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusing {
    why: Why,
    since: LineTime,
    since_ms: u64,
    written: Option<LineTime>,
}

impl Refusing {
    /// The same refusal, or a new one if it is another.
    pub(super) fn go_on(before: Option<Self>, why: Why, (line, wall_ms): (LineTime, u64)) -> Self {
        match before {
            Some(before) if before.why == why => before,
            _ => Self {
                why,
                since: line,
                since_ms: wall_ms,
                written: None,
            },
        }
    }

    /// Whether it is to be written down now.
    pub(super) fn is_due(&self, now: LineTime) -> bool {
        let patience = match self.why {
            Why::Unreachable => UNREACHABLE_AFTER,
            Why::Refused(_) | Why::Conflict | Why::Fork | Why::BadAnswer(_) => Duration::ZERO,
        };
        match self.written {
            Some(written) => now.since(written) >= AGAIN_AFTER,
            None => now.since(self.since) >= patience,
        }
    }

    /// Writes it down; if the log takes nothing, later.
    pub(super) async fn write(&mut self, relay: &Relay, witness: &str, size: u64) {
        let now = relay.seams.clock.line();
        let Some(bytes) = self.sign(relay, witness, size) else {
            // A relay whose log key no roster knows signs nothing about others.
            self.written = Some(now);
            return;
        };
        let Ok(entry) = relog::entry(&bytes, &relay.identity) else {
            self.written = Some(now);
            return;
        };
        match relay.ledger.commit(Batch::of(Lane::Bulk, vec![entry])).await {
            Ok(_) => self.written = Some(now),
            Err(error) => tracing::warn!(%error, witness, "a refusal to cosign could not be written down"),
        }
    }

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

    #[test]
    fn a_refusal_is_written_down_when_it_begins_and_once_an_hour_while_it_lasts() {
        let refused = Refusing::go_on(None, Why::Refused(403), (at(5), 0));
        assert!(refused.is_due(at(5)));
        let mut lasts = Refusing::go_on(Some(refused), Why::Refused(403), (at(9), 0));
        lasts.written = Some(at(5));
        assert!(!lasts.is_due(at(3604)) && lasts.is_due(at(3605)));
        assert!(
            Refusing::go_on(Some(lasts), Why::Fork, (at(10), 0)).is_due(at(10)),
            "another one"
        );
    }

    #[test]
    fn a_peer_that_is_away_for_a_moment_refuses_nothing() {
        let away = Refusing::go_on(None, Why::Unreachable, (at(5), 0));
        assert!(!away.is_due(at(64)) && away.is_due(at(65)));
    }
}
