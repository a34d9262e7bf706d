//! The sender under test: desk A's releaser, who writes the same 512 bytes again and again.
//!
//! The work of one message: ROUTINE, one officer's signature, a place in the desk's chain, a copy by each relay. Of FLASH
//! and OVERRIDE: two officers' signatures, and a copy by each leg.

use std::{collections::HashMap, time::Duration};

use hotline_audit::Hash;
use hotline_client::{
    compose::{self, Officer, Sheet, Wording},
    request::{Answer, Request},
    seal::Sealing,
    station::{Event, Station},
};
use hotline_core::{
    precedence::{Precedence, SignaturesNeeded},
    release::Capacity,
    time::LineTime,
    words::{Function, Rung},
};
use tokio::{sync::broadcast, time::timeout};

use crate::bench::{
    error::BenchError,
    line::{officer, sides::Side},
};

/// Bytes of a message's text, here and on the floor.
pub const MESSAGE_BYTES: usize = 512;

/// How long a message may take to its receipt before the measurement gives up. 30 s: far beyond any resend.
pub const RECEIPTED_WITHIN: Duration = Duration::from_secs(30);

/// The words of every message, over and over.
const WORDS: &str = "This is a comm check of the line between Avelia and Borenia. ";

/// Desk A's releaser.
pub struct Sender {
    station: Station,
    releaser: Officer,
    /// Signs before the releaser, where two are needed.
    drafter: Option<Officer>,
    wording: Wording,
    sealing: Sealing,
}

/// One message's way, as its sender saw it.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// From asking the desk until it had committed the release.
    pub release: Duration,
    /// From RELEASED until the DELIVERED receipt was here and verified.
    pub delivered: Duration,
    /// From RELEASED until that receipt was on desk A's own disk, and shown.
    pub stored: Duration,
}

impl Sender {
    /// The releaser of that side, at its desk, who sends with that precedence.
    ///
    /// # Errors
    /// If the key cannot be read, or is not in the roster.
    pub fn new(station: Station, side: &Side, precedence: Precedence) -> Result<Self, BenchError> {
        let config = station.config();
        let releaser = officer(config, &station.directory(), &side.releaser)?;
        let drafter = match precedence.signatures_needed(Function::Notify, None) {
            SignaturesNeeded::One => None,
            SignaturesNeeded::Two => Some(officer(config, &station.directory(), &side.drafter)?),
        };
        let words: String = WORDS.chars().cycle().take(MESSAGE_BYTES).collect();
        let wording = Wording::notice(precedence, config.channel.clone(), words);
        let now_ms = station.seams().clock.wall().unix_ms();
        Ok(Self {
            sealing: station.directory().sealing(config, now_ms),
            releaser,
            drafter,
            station,
            wording,
        })
    }

    /// The desk.
    pub fn station(&self) -> &Station {
        &self.station
    }

    /// The time on the line's clock.
    pub fn now(&self) -> LineTime {
        self.station.seams().clock.line()
    }

    /// A message that the releaser has signed, and the drafter before where two are needed.
    ///
    /// # Errors
    /// If it cannot be signed.
    pub fn sheet(&self) -> Result<Sheet, BenchError> {
        let seams = self.station.seams();
        let write = |by, capacity| {
            let (clock, entropy) = (seams.clock.as_ref(), seams.entropy.as_ref());
            let desk = (self.station.config(), &self.sealing);
            compose::write(desk, &self.wording, by, capacity, clock, entropy)
        };
        let signed = match &self.drafter {
            None => write(&self.releaser, Capacity::Releaser),
            Some(drafter) => write(drafter, Capacity::Drafter).and_then(|mut sheet| {
                sheet.approve(&self.releaser, Capacity::Releaser, seams.clock.as_ref())?;
                Ok(sheet)
            }),
        };
        signed.map_err(|error| BenchError::Releaser(error.to_string()))
    }

    /// Releases it; returns once the desk has committed it.
    ///
    /// # Errors
    /// If the desk refuses.
    pub async fn release(&self, sheet: Sheet) -> Result<Hash, BenchError> {
        match self.station.serve(Request::Release { sheet }).await {
            Answer::Message(view) => view
                .sha256
                .parse()
                .map_err(|_| BenchError::Ended("desk A's answer is malformed".into())),
            Answer::Refused(refusal) => Err(BenchError::Refused(refusal)),
            Answer::Messages { .. }
            | Answer::Drafts { .. }
            | Answer::Pings { .. }
            | Answer::Done { .. }
            | Answer::Status(_)
            | Answer::News(_) => Err(BenchError::Ended("desk A answered something else".into())),
        }
    }

    /// One message, from its signature to its DELIVERED receipt. `events` must have been taken before.
    ///
    /// # Errors
    /// If it is refused, or has no receipt within 30 s.
    pub async fn one(&self, events: &mut broadcast::Receiver<Event>) -> Result<Way, BenchError> {
        let sheet = self.sheet()?;
        let asked = self.now();
        let hash = self.release(sheet).await?;
        let released = self.now();
        let receipted = async {
            let mut delivered = None;
            loop {
                match next(events).await? {
                    Some(Seen::Receipted(message)) if message == hash => {
                        delivered.get_or_insert(self.now());
                    }
                    Some(Seen::Delivered(message)) if message == hash => {
                        let stored = self.now();
                        return Ok::<_, BenchError>((delivered.unwrap_or(stored), stored));
                    }
                    Some(_) | None => {}
                }
            }
        };
        match timeout(RECEIPTED_WITHIN, receipted).await {
            Ok(way) => {
                let (delivered, stored) = way?;
                Ok(Way {
                    release: released.since(asked),
                    delivered: delivered.since(released),
                    stored: stored.since(released),
                })
            }
            Err(_) => Err(BenchError::NotReceipted {
                missing: 1,
                released: 1,
                within: RECEIPTED_WITHIN,
            }),
        }
    }
}

/// A receipt that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// One relay has it on disk and in its log.
    Accepted(Hash),
    /// Desk B's signed receipt is here and verifies: B has stored and logged the message. Desk A has not stored the receipt.
    Receipted(Hash),
    /// Desk B has verified, stored and logged it, and desk A has stored the receipt.
    Delivered(Hash),
    /// Somebody at desk B has it on screen, and desk A has stored that.
    Displayed(Hash),
    /// An officer of desk B has acknowledged it, and desk A has stored that.
    Acknowledged(Hash),
}

impl Seen {
    /// Which message it is about.
    pub fn message(self) -> Hash {
        match self {
            Self::Accepted(message)
            | Self::Receipted(message)
            | Self::Delivered(message)
            | Self::Displayed(message)
            | Self::Acknowledged(message) => message,
        }
    }

    /// Of a rung that was climbed; none if nobody here waits for it.
    fn of(message: Hash, rung: Rung) -> Option<Self> {
        match rung {
            Rung::Accepted => Some(Self::Accepted(message)),
            Rung::Delivered => Some(Self::Delivered(message)),
            Rung::Displayed => Some(Self::Displayed(message)),
            Rung::Acknowledged => Some(Self::Acknowledged(message)),
            Rung::Drafted
            | Rung::Released
            | Rung::Alerted
            | Rung::Translated
            | Rung::Presented
            | Rung::Answered
            | Rung::Closed
            | Rung::Holding
            | Rung::ReadBack
            | Rung::Insufficient
            | Rung::Declined
            | Rung::Confirmed
            | Rung::Corrected => None,
        }
    }
}

/// Waits for the next event; none if it is no receipt.
///
/// # Errors
/// If events were missed, or the desk closed.
pub async fn next(events: &mut broadcast::Receiver<Event>) -> Result<Option<Seen>, BenchError> {
    match events.recv().await {
        Ok(Event::Climbed { message, rung }) => Ok(Seen::of(message, rung)),
        Ok(Event::Receipted { message }) => Ok(Some(Seen::Receipted(message))),
        Ok(Event::Added(_) | Event::Cosigned | Event::Line(_)) => Ok(None),
        Err(broadcast::error::RecvError::Lagged(missed)) => Err(BenchError::Missed(missed)),
        Err(broadcast::error::RecvError::Closed) => Err(BenchError::Ended("desk A closed".into())),
    }
}

/// Which receipts each message still lacks: DELIVERED, and ACCEPTED by both relays.
#[derive(Debug, Default)]
pub struct Receipts(HashMap<Hash, Lacking>);

#[derive(Debug)]
struct Lacking {
    accepted: u8,
    delivered: bool,
}

/// Relays of the measured line.
const RELAYS: u8 = 2;

impl Receipts {
    /// Takes a receipt; true if it was the last that its message lacked. Each relay accepts a message once.
    pub fn take(&mut self, seen: Seen) -> bool {
        let message = match seen {
            // Here, and not stored yet; or beyond what is asked for.
            Seen::Receipted(_) | Seen::Displayed(_) | Seen::Acknowledged(_) => return false,
            Seen::Accepted(message) => {
                let lacking = self.of(message);
                lacking.accepted = lacking.accepted.saturating_sub(1);
                message
            }
            Seen::Delivered(message) => {
                self.of(message).delivered = false;
                message
            }
        };
        let lacking = self.of(message);
        let whole = lacking.accepted == 0 && !lacking.delivered;
        if whole {
            self.0.remove(&message);
        }
        whole
    }

    fn of(&mut self, message: Hash) -> &mut Lacking {
        self.0.entry(message).or_insert(Lacking {
            accepted: RELAYS,
            delivered: true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_receipted_by_both_relays_and_the_desk_in_any_order() {
        let (one, other) = (Hash([1; 32]), Hash([2; 32]));
        let mut receipts = Receipts::default();
        assert!(!receipts.take(Seen::Delivered(one)));
        assert!(!receipts.take(Seen::Accepted(one)));
        assert!(!receipts.take(Seen::Accepted(other)));
        assert!(!receipts.take(Seen::Accepted(other)));
        assert!(receipts.take(Seen::Accepted(one)));
        assert!(receipts.take(Seen::Delivered(other)));
        assert!(receipts.0.is_empty());
    }
}
