//! What comes in: first copies, late copies, contradictions, gaps. The rules are `core`'s inbox; here it meets the
//! ledger, the round and the lanes.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use hotline_audit::{
    Hash,
    check::Verified,
    statement::{Payload, ReceiptItem},
};
use hotline_core::{
    chain::{GapStanding, Link, Missing},
    crash::Point,
    id::{Hash32, Place, StatementId, StatementKey},
    identity::Identity,
    inbox::{self, Contradiction, InLedger},
    leg::{Lane, Leg, RelayName},
    outbox::Event,
    plant,
    precedence::Urgency,
    time::LineTime,
    words::Rung,
};
use hotline_ledger::{Conflict, Record};

use super::Engine;
use crate::{input::Arrival, judge, lane::Order, memory, round::Round, share::Carrier, trust};

/// How long a place may be missing before relays are asked for it. 300 ms: copies overtake one another on different
/// lanes and relays all the time; one heartbeat later something is lost.
const REFETCH_AFTER: Duration = Duration::from_millis(300);

/// How long a cursor may wait for a round that goes to disk anyway. 1 s: an idle line then writes once a second at most.
const CURSORS_WITHIN: Duration = Duration::from_secs(1);

/// A copy that comes this long after the first is an offer of a sender who lacks our receipt, so it is answered again.
/// 5 s: far beyond the lateness of a second path, and the shortest back-off that stands behind a real offer.
const ANSWER_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// A refetch that waits until the gap has lasted for a while.
#[derive(Clone, Debug)]
pub(super) struct Refetch {
    due: LineTime,
    sender: Identity,
    missing: Missing,
    relays: Vec<RelayName>,
}

impl Engine {
    pub(super) fn arrived(
        &mut self,
        leg: &Leg,
        lane: Lane,
        arrivals: Vec<Arrival>,
        (first_cursor, cursor): (u64, u64),
        round: &mut Round,
    ) {
        for arrival in arrivals {
            self.copy(leg, arrival, round);
        }
        if cursor > 0 {
            self.note_cursor(leg, lane, (first_cursor, cursor));
        }
    }

    /// Notes how far a mailbox was read. It goes to disk with the next round that has something to keep, or after
    /// [`CURSORS_WITHIN`]: a cursor that is behind costs late copies after a restart, nothing else. Cursors are dense, and
    /// ours never passes over a letter: what a round that was not stored had brought must come again.
    fn note_cursor(&mut self, leg: &Leg, lane: Lane, (first, cursor): (u64, u64)) {
        let cursor = cursor + if plant::active("cursor-too-early") { 4 } else { 0 };
        let now = self.line();
        let Some(relay) = self.relays.get_mut(&leg.relay) else {
            return;
        };
        let known = relay.cursors.entry(lane).or_insert(0);
        if cursor > *known && first <= known.saturating_add(1) {
            *known = cursor;
            self.cursors_since.get_or_insert(now);
        }
    }

    /// Cursors that go to disk with this round, and what the relays are then told.
    pub(super) fn keep_cursors(&mut self, round: &mut Round) {
        let Some(since) = self.cursors_since else { return };
        let overdue = self.line().since(since) >= CURSORS_WITHIN;
        if round.entries.is_empty() && round.records.is_empty() && !overdue {
            return;
        }
        self.cursors_since = None;
        for (name, relay) in &mut self.relays {
            for (lane, cursor) in &relay.cursors {
                if relay.cursors_kept.insert(*lane, *cursor) == Some(*cursor) {
                    continue;
                }
                round.records.push(Record::Put {
                    space: memory::CURSOR,
                    key: memory::cursor_key(name, *lane),
                    value: cursor.to_be_bytes().to_vec(),
                });
                round.cursors.push((name.clone(), *lane, *cursor));
            }
        }
    }

    /// One copy of a statement. The first one wins; later ones are compared byte for byte by their hash.
    fn copy(&mut self, leg: &Leg, arrival: Arrival, round: &mut Round) {
        // A lane that has just checked the signature has not seen these bytes before: the look-up by id will tell.
        let known = arrival.statement.is_none() && self.holds(&arrival.hash, round);
        // One in sixteen is enough to be found, and leaves the storm something else to do.
        let forgotten = plant::active("no-deduplication") && arrival.hash.0[0] < 16;
        if known && !forgotten {
            self.late_copy(leg, &arrival.hash, round);
            return;
        }
        let Some(statement) = self.statement(&arrival) else {
            self.alarm(
                "FORGED",
                format!("{leg} brought {}, which does not verify", arrival.hash),
                round,
            );
            return;
        };
        let header = statement.header();
        let (Ok(sender), Ok(place)) = (
            judge::identity(&header.sender),
            Place::new(header.epoch, header.sequence),
        ) else {
            return;
        };
        if sender == self.me {
            self.own_arrived(leg, &arrival, &statement, round);
            return;
        }
        let mine = header
            .recipients
            .iter()
            .any(|to| to.identity == self.me.to_string());
        if !mine || header.exercise != self.pen.exercise {
            let why = if mine { "another exercise" } else { "another desk" };
            self.alarm(
                "FOREIGN",
                format!("{leg} brought {}, which is for {why}", arrival.hash),
                round,
            );
            return;
        }
        if let Some(why) = trust::ended(round.trust.rosters(), &statement) {
            self.keep_beside(leg, &arrival, why, round);
            return;
        }
        let late = self.signed_with_replaced(&header.key_statement, header.claimed_time_ms, &round.trust);
        if let Some(why) = late.filter(|_| !self.holds(&arrival.hash, round)) {
            self.keep_beside(leg, &arrival, why, round);
            return;
        }
        let held = self.in_ledger(&statement, round);
        let link = Link {
            place,
            hash: Hash32(arrival.hash.0),
            previous: Hash32(header.previous.0),
        };
        let key = StatementKey {
            sender,
            id: StatementId(header.id),
        };
        let now = self.line();
        let done = self.inbox.arrived(
            &inbox::Arrival {
                key,
                link,
                leg: leg.clone(),
            },
            held,
            now,
        );
        for keep in done.keep {
            self.keep_arrival_fact(keep, &arrival, &statement, round);
        }
        for then in done.then {
            self.after_arrival(then, leg, &arrival, round);
        }
    }

    pub(super) fn statement(&self, arrival: &Arrival) -> Option<Arc<Verified>> {
        if let Some(statement) = &arrival.statement {
            return Some(Arc::clone(statement));
        }
        self.trust
            .verify(&arrival.bytes, self.wall().unix_ms())
            .ok()
            .map(Arc::new)
    }

    /// What the ledger, and this round, hold under the statement's key and at its place.
    fn in_ledger(&self, statement: &Verified, round: &Round) -> InLedger {
        let header = statement.header();
        let core = |hash: Hash| Hash32(hash.0);
        let in_round = round.ids.get(&(header.sender.clone(), header.id)).copied();
        let by_id = in_round
            .or_else(|| Some(self.ledger.by_id(&header.sender, &header.id).ok()??.hash))
            .map(core);
        let by_place = self
            .ledger
            .by_place(&header.sender, header.epoch, header.sequence)
            .ok()
            .flatten()
            .map(|stored| core(stored.hash));
        InLedger { by_id, by_place }
    }

    fn keep_arrival_fact(
        &mut self,
        keep: inbox::Keep,
        arrival: &Arrival,
        statement: &Verified,
        round: &mut Round,
    ) {
        match keep {
            inbox::Keep::Store { leg, .. } => self.first_copy(&leg, arrival, statement, round),
            inbox::Keep::Equivocation(contradiction) => self.keep_both(&contradiction, arrival, round),
            inbox::Keep::Missing { sender, missing } => {
                let key = memory::missing_key(&sender, &missing);
                round.records.push(Record::Put {
                    space: memory::MISSING,
                    key,
                    value: vec![1],
                });
            }
            inbox::Keep::NoLongerMissing { sender, missing } => {
                let key = memory::missing_key(&sender, &missing);
                round.records.push(Record::Delete {
                    space: memory::MISSING,
                    key,
                });
            }
        }
    }

    fn after_arrival(&mut self, then: inbox::Then, leg: &Leg, arrival: &Arrival, round: &mut Round) {
        match then {
            inbox::Then::Take { .. } => {}
            inbox::Then::AnswerAgain { .. } => self.late_copy(leg, &arrival.hash, round),
            inbox::Then::Alarm(contradiction) => self.alarm(
                "EQUIVOCATION",
                format!(
                    "{} signed two statements for one id or place ({}): {} is held, {} came by {leg}",
                    contradiction.key.sender, contradiction.at, contradiction.held, contradiction.refused
                ),
                round,
            ),
            inbox::Then::Refetch { sender, missing, relays } => {
                let due = self.line().after(REFETCH_AFTER);
                self.refetches.push(Refetch { due, sender, missing, relays });
            }
            inbox::Then::ShowGap { sender, missing } => self.show_gap(&sender, &missing, round),
            inbox::Then::Reopened { sender, after, forgotten } => self.alarm(
                "REOPENED",
                format!("{sender} lost its newest statements: it goes on after {after}, {forgotten} later ones are held here"),
                round,
            ),
            inbox::Then::Untracked { sender } => {
                self.alarm("UNTRACKED", format!("gaps in the chain of {sender} are not watched"), round);
            }
        }
    }

    fn first_copy(&mut self, leg: &Leg, arrival: &Arrival, statement: &Verified, round: &mut Round) {
        self.leg_status.entry(leg.clone()).or_default().first_copies += 1;
        self.note_ended_inside(leg, arrival, &statement.payload, round);
        self.note_ended_consents(&statement.payload, round);
        self.first_came.came(arrival.hash, self.line());
        let header = statement.header();
        let mut opened = None;
        match &statement.payload {
            Payload::Message(message) => {
                let words = self.open_message(arrival.hash, message, round);
                let read = words.is_ok();
                opened = Some(words);
                if let (true, Ok(sender)) = (read, judge::identity(&header.sender)) {
                    let item = ReceiptItem {
                        id: header.id,
                        sha256: arrival.hash,
                        leg: leg.to_string(),
                    };
                    let urgency = judge::urgency(message);
                    round.delivered.entry((sender, urgency)).or_default().push(item);
                }
                round.steps.note(Point::MessageStored);
                round.urgent |= judge::urgency(message) == Urgency::Urgent;
            }
            Payload::Receipt(receipt) if receipt.rung == Rung::Delivered.to_wire() => {
                self.delivered(statement, round);
            }
            Payload::Service(service) => self.heard_service(leg, arrival.hash, service, round),
            Payload::Receipt(_)
            | Payload::Act(_)
            | Payload::Annex(_)
            | Payload::Charter(_)
            | Payload::Watch(_)
            | Payload::Lifecycle(_) => {}
        }
        round.place(
            arrival.bytes.to_vec(),
            arrival.hash,
            statement.payload.clone(),
            Some(leg.clone()),
        );
        if let Some(words) = opened {
            round.opened_already(words);
        }
        if let Payload::Lifecycle(_) = &statement.payload {
            self.note_early(arrival.hash, &statement.payload, Some(leg.clone()), round);
        }
    }

    /// The peer's DELIVERED ends the debt of the outbox, where it names the bytes that were sent.
    fn delivered(&mut self, statement: &Verified, round: &mut Round) {
        let Payload::Receipt(receipt) = &statement.payload else {
            return;
        };
        let Ok(by) = judge::identity(&receipt.header.sender) else {
            return;
        };
        if receipt.subject != self.me.to_string() {
            return;
        }
        let now = self.line();
        let items = if plant::active("only-the-first-of-a-receipt") {
            &receipt.items[..receipt.items.len().min(1)]
        } else {
            &receipt.items[..]
        };
        for item in items {
            let sent = self
                .book
                .by_key(&receipt.subject, item.id)
                .filter(|sent| sent.hash == item.sha256);
            if let Some(sent) = sent {
                let recipients = &sent.message.header.recipients;
                if recipients.iter().any(|to| to.identity == receipt.header.sender) {
                    // Nobody may be listening.
                    let _ = self
                        .events
                        .send(crate::station::Event::Receipted { message: sent.hash });
                }
            }
            // It may be taken up in this very round.
            let adopted = round.ids.get(&(receipt.subject.clone(), item.id)) == Some(&item.sha256);
            if sent.is_some() || adopted {
                round.steps.note(Point::ReceiptStored);
                let event = Event::Delivered {
                    statement: self.outgoing.key(item.id),
                    by: by.clone(),
                };
                let then = self.outgoing.handle(event, now, &mut round.records);
                round.then.extend(then);
            }
        }
    }

    fn late_copy(&mut self, leg: &Leg, hash: &Hash, round: &mut Round) {
        self.leg_status.entry(leg.clone()).or_default().late_copies += 1;
        let behind = self.first_came.behind(hash, self.line());
        self.health.entry(leg.clone()).or_default().lateness.note(behind);
        self.heard_again(leg, hash);
        round.late.push((*hash, leg.clone()));
        if plant::active("late-copies-shown") {
            self.tell_new(*hash);
        }
        let Some(letter) = self.book.letter(hash) else {
            return;
        };
        if self.wall().distance(letter.stored) > ANSWER_AGAIN_AFTER
            && let Some(receipt) = letter.receipt
        {
            let urgency = judge::urgency(&letter.message);
            self.answer_again(&receipt, urgency, round);
        }
    }

    /// A sender who offers a message again lacks our receipt: it gets the one it had.
    fn answer_again(&mut self, receipt: &Hash, urgency: Urgency, round: &mut Round) {
        let Ok(Some(stored)) = self.ledger.by_hash(receipt) else {
            return;
        };
        let now = self.line();
        let queued = self.outgoing.queue(
            stored.id,
            &stored.bytes,
            (urgency.answered_at(), Lane::Control),
            BTreeSet::new(),
            now,
            &mut round.records,
        );
        if let Ok(then) = queued {
            round.then.extend(then);
        }
    }

    fn keep_both(&mut self, contradiction: &Contradiction, arrival: &Arrival, round: &mut Round) {
        if let Ok(Some(held)) = self.ledger.by_hash(&Hash(contradiction.held.0)) {
            round.conflicts.push(Conflict {
                sender: contradiction.key.sender.to_string(),
                stored_index: held.index,
                bytes: arrival.bytes.to_vec(),
            });
        }
    }

    /// A relay could not supply all that is missing.
    pub(super) fn refetch_failed(&mut self, leg: &Leg, sender: &str, missing: &Missing, round: &mut Round) {
        let Ok(sender) = judge::identity(sender) else {
            return;
        };
        for then in self.inbox.refetch_failed(&sender, missing, &leg.relay).then {
            if let inbox::Then::ShowGap { sender, missing } = then {
                self.show_gap(&sender, &missing, round);
            }
        }
    }

    /// Gaps that have lasted: relays are asked, and in the end people are told.
    pub(super) fn tick_inbox(&mut self, now: LineTime, round: &mut Round) {
        let (due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.refetches)
            .into_iter()
            .partition(|refetch| refetch.due <= now);
        self.refetches = later;
        for refetch in due {
            let open = self
                .inbox
                .gaps(&refetch.sender)
                .any(|gap| gap.missing == refetch.missing);
            for relay in refetch.relays.iter().filter(|_| open) {
                if let Some(leg) = self.a_leg_to(relay) {
                    let (sender, missing) = (refetch.sender.to_string(), refetch.missing);
                    round
                        .orders
                        .push((leg, Lane::Bulk, Order::Refetch { sender, missing }));
                }
            }
        }
        for then in self.inbox.tick(now).then {
            if let inbox::Then::ShowGap { sender, missing } = then {
                self.show_gap(&sender, &missing, round);
            }
        }
    }

    /// Some time after a round that was not stored, relays are asked to bring what it had brought, from the cursors on
    /// disk; and a relay's other ledger, if that round told of one, is noted again.
    pub(super) fn tick_bring_again(&mut self, now: LineTime, round: &mut Round) {
        if self.bring_again.is_none_or(|due| due > now) {
            return;
        }
        self.bring_again = None;
        let named: Vec<_> = self
            .relays
            .iter()
            .map(|(name, relay)| (name.clone(), relay.named))
            .collect();
        for (name, instance) in named {
            if let Some(instance) = instance {
                self.note_instance(&name, instance, round);
            }
            self.tell_shares(&name, Carrier::Changed, round);
        }
        self.place_charters(round);
    }

    /// When a refetch is due.
    pub(super) fn next_refetch(&self) -> Option<LineTime> {
        self.refetches.iter().map(|refetch| refetch.due).min()
    }

    /// The relays that can be asked have changed.
    pub(super) fn note_reachable(&mut self) {
        let reachable: BTreeSet<RelayName> = self
            .leg_status
            .iter()
            .filter(|(_, status)| status.up)
            .map(|(leg, _)| leg.relay.clone())
            .collect();
        let due = self.line().after(REFETCH_AFTER);
        for then in self.inbox.reachable(reachable).then {
            if let inbox::Then::Refetch {
                sender,
                missing,
                relays,
            } = then
            {
                self.refetches.push(Refetch {
                    due,
                    sender,
                    missing,
                    relays,
                });
            }
        }
    }

    fn a_leg_to(&self, relay: &RelayName) -> Option<Leg> {
        self.leg_status
            .iter()
            .find(|(leg, status)| status.up && leg.relay == *relay)
            .map(|(leg, _)| leg.clone())
    }

    fn show_gap(&mut self, sender: &Identity, gap: &Missing, round: &mut Round) {
        if plant::active("gap-forgotten") {
            return;
        }
        self.alarm("GAP", format!("statements of {sender} are missing: {gap}"), round);
    }

    /// Gaps that people are shown.
    pub(super) fn shown_gaps(&self) -> Vec<String> {
        self.inbox
            .gaps(&self.config.peer)
            .filter(|gap| gap.standing == GapStanding::Shown && !plant::active("gap-forgotten"))
            .map(|gap| format!("{}: {}", self.config.peer, gap.missing))
            .collect()
    }
}
