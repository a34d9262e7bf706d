//! One commit round of a station: everything that becomes true at once.
//!
//! Inputs and verbs are gathered, statements of others and of our own get their places, and one durable transaction
//! holds them with every record that follows from them. Nothing leaves the process, and nobody is answered, before that
//! transaction has returned.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use hotline_audit::{
    Hash,
    opening::Opening,
    statement::{Payload, ReceiptItem},
};
use hotline_core::{
    crash::{Point, Steps},
    identity::Identity,
    leg::{Lane, Leg, RelayName},
    outbox::Then,
    precedence::Urgency,
    time::LineTime,
};
use hotline_ledger::{Batch, Conflict, Entry, Record};
use tokio::sync::oneshot;

use crate::{
    judge::{JudgedMessage, Rejected},
    lane::Order,
    own::{Signed, Tip},
    quarantine::Quarantined,
    request::{Answer, News},
    seal::{self, Words},
    side::Directory,
};

/// A statement that the round commits.
pub(crate) struct Placed {
    pub(crate) hash: Hash,
    pub(crate) payload: Payload,
    pub(crate) leg: Option<Leg>,
    /// What the judge said of a message: of ours when it was released, of others while the round goes to disk.
    pub(crate) judged: Option<Result<JudgedMessage, Rejected>>,
    /// What its content says, once that was opened.
    pub(crate) words: Option<Words>,
    /// Why a message is none of this line: of its exercise and channel.
    pub(crate) off_line: Option<Rejected>,
    /// What is believed of it from its coming until it is placed.
    pub(crate) trust: Arc<Directory>,
}

/// What a verb is answered once the round is on disk.
pub(crate) enum Reply {
    /// The message, as it stands then.
    Message(Hash),
    /// This.
    Ready(Answer),
}

/// A verb, and its answer.
pub(crate) struct Answering {
    pub(crate) to: oneshot::Sender<Answer>,
    pub(crate) with: Reply,
    pub(crate) rests_on: RestsOn,
}

/// What must be so before a verb is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RestsOn {
    /// The round is on disk.
    ThisRound,
    /// Nothing of it: the verb only looked, or was refused.
    Nothing,
}

/// A relay's acceptance, to be told after the commit.
pub(crate) struct Held {
    pub(crate) statement: Hash,
    pub(crate) relay: RelayName,
    pub(crate) leg: Leg,
}

/// A round in the making.
pub(crate) struct Round {
    pub(crate) tip: Tip,
    /// What is believed in this round: one trust from the first statement to the last, whatever is read anew meanwhile.
    pub(crate) trust: Arc<Directory>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) placed: Vec<Placed>,
    pub(crate) records: Vec<Record>,
    pub(crate) conflicts: Vec<Conflict>,
    pub(crate) then: Vec<Then>,
    pub(crate) orders: Vec<(Leg, Lane, Order)>,
    /// Mailbox cursors that are on disk with this round.
    pub(crate) cursors: Vec<(RelayName, Lane, u64)>,
    pub(crate) held: Vec<Held>,
    pub(crate) delivered: BTreeMap<(Identity, Urgency), Vec<ReceiptItem>>,
    pub(crate) replies: Vec<Answering>,
    /// What came after its signer's key had ended.
    pub(crate) quarantined: Vec<(Hash, Quarantined)>,
    /// Facts about the line: told also if this round is not stored.
    pub(crate) news: Vec<News>,
    /// Legs that came up.
    pub(crate) came_up: Vec<Leg>,
    /// Statements of our own that are taken up, by the leg that brought them.
    pub(crate) adopted: BTreeMap<Leg, u64>,
    /// Copies after the first, to be counted once the first is in the book.
    pub(crate) late: Vec<(Hash, Leg)>,
    pub(crate) ids: BTreeMap<(String, [u8; 16]), Hash>,
    pub(crate) hashes: BTreeSet<Hash>,
    pub(crate) urgent: bool,
    /// More of a relay's log was cosigned: whoever waits for that looks again.
    pub(crate) cosigned: bool,
    /// How many words of this desk about itself it holds.
    pub(crate) said: usize,
    /// The comm check that it holds, and by which legs it leaves.
    pub(crate) check: Option<(Hash, BTreeSet<Leg>, LineTime)>,
    /// What is done once this round is on disk, for crash points.
    pub(crate) steps: Steps,
    /// Bytes of all statements placed.
    bytes: usize,
}

impl Round {
    pub(crate) fn behind(tip: Tip, trust: Arc<Directory>) -> Self {
        Self {
            tip,
            trust,
            entries: Vec::new(),
            placed: Vec::new(),
            records: Vec::new(),
            conflicts: Vec::new(),
            then: Vec::new(),
            orders: Vec::new(),
            cursors: Vec::new(),
            held: Vec::new(),
            delivered: BTreeMap::new(),
            replies: Vec::new(),
            quarantined: Vec::new(),
            news: Vec::new(),
            came_up: Vec::new(),
            adopted: BTreeMap::new(),
            late: Vec::new(),
            ids: BTreeMap::new(),
            hashes: BTreeSet::new(),
            urgent: false,
            cosigned: false,
            said: 0,
            check: None,
            steps: Steps::new(),
            bytes: 0,
        }
    }

    /// Whether more may be taken into this round. One input adds at most a frame of statements and a handful of records
    /// for each, which still fits the ledger's bound for a batch.
    pub(crate) fn has_room(&self) -> bool {
        let items = self.entries.len() + self.records.len() + self.conflicts.len();
        items < ROUND_ITEMS && self.bytes < ROUND_BYTES
    }

    /// Places a statement of ours: the tip moves behind it.
    pub(crate) fn place_own(&mut self, signed: Signed) {
        self.tip = self.tip.after(signed.hash, &signed.payload);
        self.steps.note(Point::OutboxSynced);
        self.place(signed.bytes, signed.hash, signed.payload, None);
    }

    /// Notes that the statement placed last was judged already.
    pub(crate) fn judged_already(&mut self, judged: JudgedMessage) {
        if let Some(placed) = self.placed.last_mut() {
            placed.judged = Some(Ok(judged));
        }
    }

    /// Keeps what a sealed statement says. It takes as much room in the round as the statement does.
    pub(crate) fn keep_opening(&mut self, statement: &Hash, opening: &Opening) {
        self.bytes += opening.text.len();
        self.records.push(seal::opening_record(statement, opening));
    }

    /// Notes what the statement placed last says.
    pub(crate) fn opened_already(&mut self, words: Words) {
        if let Some(placed) = self.placed.last_mut() {
            placed.words = Some(words);
        }
    }

    /// Places a statement.
    pub(crate) fn place(&mut self, bytes: Vec<u8>, hash: Hash, payload: Payload, leg: Option<Leg>) {
        let header = payload.header();
        self.ids.insert((header.sender.clone(), header.id), hash);
        self.hashes.insert(hash);
        self.bytes += bytes.len();
        self.entries.push(Entry {
            bytes,
            hash,
            kind: kind(&payload),
            sender: header.sender.clone(),
            id: header.id,
            epoch: header.epoch,
            sequence: header.sequence,
            mailbox: Vec::new(),
        });
        self.placed.push(Placed {
            hash,
            payload,
            leg,
            judged: None,
            words: None,
            off_line: None,
            trust: Arc::clone(&self.trust),
        });
    }

    /// Whether anything has to be kept.
    pub(crate) fn keeps_something(&self) -> bool {
        !(self.entries.is_empty() && self.records.is_empty() && self.conflicts.is_empty())
    }

    /// What goes to the ledger; none if nothing has to be kept.
    pub(crate) fn batch(&mut self) -> Option<Batch> {
        if !self.keeps_something() {
            return None;
        }
        let lane = if self.urgent { Lane::Control } else { Lane::Message };
        let mut batch = Batch::new(lane);
        batch.entries = std::mem::take(&mut self.entries);
        batch.records = std::mem::take(&mut self.records);
        batch.conflicts = std::mem::take(&mut self.conflicts);
        Some(batch)
    }
}

/// Items after which a round takes no more in. 2,048: a quarter of the ledger's bound; one more frame of 256 statements
/// with a dozen records each stays below it.
const ROUND_ITEMS: usize = hotline_ledger::MAX_BATCH_ITEMS / 4;
/// Bytes of statements after which a round takes no more in. 1 MiB; one more frame stays below the ledger's 4 MiB.
const ROUND_BYTES: usize = hotline_ledger::MAX_BATCH_BYTES / 4;

/// Kind of a statement, as the ledger stores it.
#[must_use]
pub fn kind(payload: &Payload) -> u8 {
    match payload {
        Payload::Message(_) => 1,
        Payload::Receipt(_) => 2,
        Payload::Act(_) => 3,
        Payload::Charter(_) => 4,
        Payload::Service(_) => 5,
        Payload::Watch(_) => 6,
        Payload::Lifecycle(_) => 7,
        Payload::Annex(_) => 8,
    }
}
