//! What the station is told by its lanes.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use hotline_audit::{Hash, check::Verified, statement::Presence};
use hotline_core::{
    chain::Missing,
    health::{Change, Tally},
    leg::{Lane, Leg},
    time::LineTime,
};
use hotline_transport::{KeyExchange, Refusal};

use crate::{
    cosigned::Cosigned,
    leg::Orders,
    logview::{LogFault, Seen},
    trust::Changed,
};

/// One copy of a statement, its signature checked by this lane or by an earlier one.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The exact bytes.
    pub bytes: Bytes,
    /// Their SHA-256.
    pub hash: Hash,
    /// What they say; none for a copy of bytes that were checked before.
    pub statement: Option<Arc<Verified>>,
}

/// What a relay said in its hello.
#[derive(Clone, Debug)]
pub struct RelayAnswer {
    /// Where the orders for this session of the leg go.
    pub orders: Orders,
    /// Its ledger: another one than before means that it was wiped.
    pub instance: [u8; 16],
    /// How often that ledger was opened: which process it is.
    pub boot: u64,
    /// How the keys of the connection were agreed.
    pub key_exchange: KeyExchange,
    /// Why it takes nothing in, if so.
    pub accepting: Option<String>,
    /// The newest cursor of this lane's mailbox.
    pub mailbox_head: u64,
    /// The newest statement of this desk that it holds: epoch, sequence, SHA-256.
    pub newest: Option<(u64, u64, Hash)>,
    /// Its newest checkpoint, checked.
    pub checkpoint: Option<Seen>,
}

/// What the station is told.
#[derive(Clone, Debug)]
pub enum Input {
    /// A lane's session was answered.
    LaneUp {
        /// The leg.
        leg: Leg,
        /// The lane.
        lane: Lane,
        /// What the relay said.
        answer: Box<RelayAnswer>,
    },
    /// A leg could not be dialled, or ended.
    LegDown {
        /// The leg.
        leg: Leg,
        /// Why, in words.
        why: String,
        /// If a certificate or the handshake was refused: who refused whom.
        refusal: Option<Box<Refusal>>,
        /// If the relay's log is not to be believed.
        fault: Option<LogFault>,
        /// Whether it was a turn of our own: our certificate was renewed.
        renewed: bool,
    },
    /// The relay holds these, proved: SHA-256, leaf index, inclusion proof.
    Accepted {
        /// The leg.
        leg: Leg,
        /// The checkpoint they are included in.
        checkpoint: Seen,
        /// The statements.
        held: Vec<(Hash, u64, Vec<Hash>)>,
    },
    /// The relay refuses a statement.
    Refused {
        /// The leg.
        leg: Leg,
        /// SHA-256 of its bytes.
        hash: Hash,
        /// Name of the rule.
        rule: String,
        /// In words.
        explanation: String,
        /// Whether the same bytes can never be accepted.
        permanent: bool,
    },
    /// Copies came in.
    Arrived {
        /// The leg.
        leg: Leg,
        /// The lane.
        lane: Lane,
        /// The copies, in the relay's order.
        arrivals: Vec<Arrival>,
        /// The mailbox cursor they reach; 0 for copies outside the cursor's order.
        cursor: u64,
        /// The mailbox cursor of the first of them; 0 likewise.
        first_cursor: u64,
        /// The checkpoint that includes them; none for receipts handed on before the relay's commit.
        checkpoint: Option<Seen>,
    },
    /// Bytes that no desk we trust signed: dropped, with an alarm.
    Forged {
        /// The leg that brought them.
        leg: Leg,
        /// Their SHA-256.
        hash: Hash,
        /// The rule they broke, in words.
        why: String,
    },
    /// Trust was read anew, or refused whole.
    Trust(Result<Changed, String>),
    /// A relay could not supply all of a gap.
    NotRefetched {
        /// The leg that was asked.
        leg: Leg,
        /// Whose chain.
        sender: String,
        /// What was asked for.
        missing: Missing,
    },
    /// The relay answered a probe on a leg's control lane.
    Heard {
        /// The leg.
        leg: Leg,
        /// When the answer came.
        at: LineTime,
        /// Time from our probe to its answer.
        round_trip: Duration,
        /// The relay's wall clock, milliseconds since 1970.
        wall_ms: u64,
        /// What this session's probes came to.
        tally: Tally,
        /// Whether a person asked for this probe.
        asked_for: bool,
    },
    /// A lane stands differently, short of its end.
    Judged {
        /// The leg.
        leg: Leg,
        /// The lane.
        lane: Lane,
        /// How it stood, how it stands, why.
        change: Change,
        /// What its probes came to, if it is the control lane.
        tally: Option<Tally>,
    },
    /// What the leg's relay signed about a desk's sessions with it.
    Presence {
        /// The leg.
        leg: Leg,
        /// SHA-256 of the signed bytes.
        hash: Hash,
        /// What it says, verified; or why it is not believed.
        said: Result<Presence, String>,
    },
    /// A checkpoint of the leg's relay, linked to what is known of its log, that the other side has cosigned.
    Cosigned {
        /// The leg.
        leg: Leg,
        /// The checkpoint, and who cosigned it.
        cosigned: Cosigned,
    },
}

impl Input {
    /// Whether it may be taken in before acceptances that came earlier. What ends or changes a relay's session may not: an
    /// acceptance of the log that was lost must not count for the new one.
    pub(crate) fn overtakes_acceptances(&self) -> bool {
        match self {
            Self::Arrived { .. }
            | Self::Heard { .. }
            | Self::Judged { .. }
            | Self::Accepted { .. }
            | Self::Presence { .. }
            | Self::Cosigned { .. } => true,
            Self::LaneUp { .. }
            | Self::LegDown { .. }
            | Self::Refused { .. }
            | Self::Forged { .. }
            | Self::Trust(_)
            | Self::NotRefetched { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_ends_or_refuses_never_overtakes_an_acceptance() {
        let leg: Leg = "north/quic".parse().unwrap();
        let down = Input::LegDown {
            leg: leg.clone(),
            why: "cut".into(),
            refusal: None,
            fault: None,
            renewed: false,
        };
        let refused = Input::Refused {
            leg: leg.clone(),
            hash: Hash::of(b"statement"),
            rule: "SEEN".into(),
            explanation: String::new(),
            permanent: false,
        };
        let heard = Input::Heard {
            leg,
            at: LineTime::START,
            round_trip: Duration::ZERO,
            wall_ms: 0,
            tally: Tally::default(),
            asked_for: false,
        };
        assert!(!down.overtakes_acceptances());
        assert!(!refused.overtakes_acceptances());
        assert!(heard.overtakes_acceptances());
    }
}
