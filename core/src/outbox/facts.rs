//! What the outbox is told, what it keeps and what it asks for.

use std::collections::BTreeSet;

use crate::id::StatementKey;
use crate::identity::Identity;
use crate::leg::{Lane, Leg, RelayName};
use crate::precedence::Precedence;

/// A statement to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxItem {
    /// Which one.
    pub statement: StatementKey,
    /// Its own precedence; a receipt or act has that of the message it is about.
    pub precedence: Precedence,
    /// Its lane: [`crate::leg::lane_of`] for messages, control for receipts and acts.
    pub lane: Lane,
    /// Every relay that is to have it.
    pub relays: BTreeSet<RelayName>,
    /// Desks whose DELIVERED is awaited: the recipients of a message. Empty for receipts and acts, which nobody
    /// receipts; whoever lost one offers the message again and is answered with it again.
    pub recipients: BTreeSet<Identity>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A leg has a session that answers, anew or again.
    LegUp(Leg),
    /// A leg missed a probe.
    LegSuspect(Leg),
    /// A leg has no session; whatever was handed to it may be lost.
    LegDown(Leg),
    /// A copy was written to a leg's session. The resend timer runs from here.
    Sent {
        /// Which statement.
        statement: StatementKey,
        /// On which leg.
        leg: Leg,
    },
    /// A relay's acceptance of a statement was verified: inclusion, and consistency with its stored checkpoint.
    Accepted {
        /// Which statement.
        statement: StatementKey,
        /// Which relay.
        relay: RelayName,
    },
    /// A relay refused a statement. Its word alone never ends the debt.
    Refused {
        /// Which statement.
        statement: StatementKey,
        /// Which relay.
        relay: RelayName,
        /// Whether waiting may help.
        retry: Retry,
    },
    /// A relay's ledger is another than before, or shorter than what it had signed: what it accepted counts no more,
    /// and everything that is still in the outbox is offered to it again.
    RelayLost {
        /// Which relay.
        relay: RelayName,
    },
    /// A recipient's signed DELIVERED was verified.
    Delivered {
        /// Which statement.
        statement: StatementKey,
        /// Whose receipt.
        by: Identity,
    },
    /// A person gave a statement up.
    Withdraw {
        /// Which statement.
        statement: StatementKey,
    },
    /// Time has passed.
    Tick,
}

/// When a refused statement is offered again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Retry {
    /// After the longest back-off: the relay says the same bytes may be accepted later.
    Later,
    /// With the relay's next session: it says they will not be.
    NextSession,
}

/// When a copy leaves that an outbox, taken up anew, would send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum GoesOn {
    /// Now: nothing of it left before.
    Now,
    /// When its timer says so, which runs since before.
    Later,
}

/// A record to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keep {
    /// The statement is in the outbox. Its key in the ledger is the statement.
    Queued {
        /// Its place in the order of queueing.
        ticket: u64,
        /// All about it.
        item: OutboxItem,
    },
    /// A relay has it. Its key in the ledger is statement and relay.
    Accepted {
        /// Which statement.
        statement: StatementKey,
        /// Which relay.
        relay: RelayName,
        /// The generation of that relay's log in which it was accepted.
        generation: u64,
    },
    /// A recipient has it. Its key in the ledger is statement and desk.
    Delivered {
        /// Which statement.
        statement: StatementKey,
        /// Which desk.
        by: Identity,
    },
    /// How often a relay has lost its log. Its key in the ledger is the relay.
    Generation {
        /// Which relay.
        relay: RelayName,
        /// Replaces the number kept before.
        generation: u64,
    },
    /// Delete `Queued` and every `Accepted` and `Delivered` of this statement. The statement itself stays.
    Forget {
        /// Which statement.
        statement: StatementKey,
    },
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// Hand a copy to a leg, and report [`Event::Sent`] once it is written.
    Send {
        /// Which statement.
        statement: StatementKey,
        /// On which leg.
        leg: Leg,
        /// In which lane.
        lane: Lane,
    },
    /// Tell people: a relay does not answer for this statement. Said once per session; it is still sent.
    Stalled {
        /// Which statement.
        statement: StatementKey,
        /// Which relay.
        relay: RelayName,
        /// How often it was sent.
        attempts: u32,
    },
    /// Tell the operator: the outbox was full, and a statement that every recipient has was dropped from it although
    /// these relays have not accepted it. It is in the ledger, and they can be given it from there.
    Shed {
        /// Which statement.
        statement: StatementKey,
        /// The relays that lack it.
        relays: Vec<RelayName>,
    },
}

/// Whom a statement still waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Relays that have not accepted it.
    pub owed: BTreeSet<RelayName>,
    /// Desks that have not signed DELIVERED.
    pub undelivered: BTreeSet<Identity>,
}

/// Why a statement was not queued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// The outbox is full for this precedence.
    #[error("the outbox holds {pending} statements, and {precedence} is taken only below {limit}")]
    Full {
        /// Statements in it.
        pending: usize,
        /// The limit for this precedence.
        limit: usize,
        /// The precedence refused.
        precedence: Precedence,
    },
    /// It is to go to no relay.
    #[error("no relay is configured to take it")]
    NoRelay,
    /// More relays than an outbox serves.
    #[error("an outbox serves at most {most} relays")]
    TooManyRelays {
        /// The bound.
        most: usize,
    },
}

/// Bounds of an outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Statements remembered at most.
    pub statements: usize,
    /// Statements at most that a relay has been sent and has not accepted, for urgent and for ordinary ones each.
    pub window: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            statements: MAX_STATEMENTS,
            window: WINDOW,
        }
    }
}

impl Bounds {
    /// How many statements there may be before one of this precedence is refused: the last tenth is kept from ROUTINE
    /// and DEFERRED, the last twentieth from all but FLASH and OVERRIDE.
    pub const fn limit(&self, precedence: Precedence) -> usize {
        match precedence {
            Precedence::Deferred | Precedence::Routine => self.statements - self.statements / 10,
            Precedence::Priority | Precedence::Immediate => self.statements - self.statements / 20,
            Precedence::Flash | Precedence::Override => self.statements,
        }
    }
}

/// Statements in an outbox. 100,000: three days without a relay at a message every 2.6 s. Only keys and standings are
/// held, some hundred bytes a statement.
pub const MAX_STATEMENTS: usize = 100_000;
/// Statements sent to a relay and not accepted. 4,096: at the aimed-for 5,000 a second it hides 0.8 s of round trip, and
/// of 60 KiB each it is under 256 MiB in a session's way.
pub const WINDOW: usize = 4_096;
