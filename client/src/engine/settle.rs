//! Settling a round: sign receipts, commit, and only then let go.

use std::{collections::BTreeSet, time::Duration};

use hotline_audit::{
    Hash,
    statement::{MAX_RECEIPT_ITEMS, Payload, ReceiptItem},
};
use hotline_core::{
    channel::Evidence,
    crash::{self, Point},
    duty::ServiceKind,
    identity::Identity,
    ladder::Signer,
    leg::{Lane, Leg, lane_of},
    outbox::Then,
    plant,
    precedence::{Precedence, Urgency},
    words::Rung,
};
use hotline_ledger::{CommitError, Committed, Record};

use super::{Engine, Signing, load::is_human_check, words::words_of};
use crate::{
    book::{Book, Change, Direction, Letter, Provenance, Shown},
    channels::{Channels, Charters},
    judge,
    lane::Order,
    memory::{self, ArrivalNote},
    own::Signed,
    request::{Answer, News, Refusal},
    round::{Answering, Placed, Reply, RestsOn, Round},
    seal,
    side::Directory,
    station::Event as StationEvent,
    trust,
    verdict::Verdict,
};

impl Engine {
    /// One DELIVERED statement covers the messages of this round: only what the same commit contains.
    pub(super) fn sign_receipts(&mut self, round: &mut Round) {
        for ((subject, urgency), items) in std::mem::take(&mut round.delivered) {
            let to = (&subject, urgency);
            if plant::active("displayed-without-drawing") {
                self.sign_receipt(to, Rung::Displayed, items.clone(), round);
            }
            self.sign_receipt(to, Rung::Delivered, items, round);
            crash::at(Point::ReceiptSigned);
        }
    }

    /// Signs a rung of a desk's messages. It leaves by as many legs as they took: what confirms a FLASH is worth as much.
    pub(super) fn sign_receipt(
        &mut self,
        (subject, urgency): (&Identity, Urgency),
        rung: Rung,
        mut items: Vec<ReceiptItem>,
        round: &mut Round,
    ) {
        if plant::active("receipt-for-the-wrong-hash")
            && let [.., last] = items.as_mut_slice()
            && last.id[0] < 64
        {
            last.sha256 = Hash::of(last.sha256.as_bytes());
        }
        if self.signing != Signing::Open {
            return;
        }
        let seen = self.seen();
        let seams = self.seams.clone();
        let both = (seams.clock.as_ref(), seams.entropy.as_ref());
        for chunk in items.chunks(MAX_RECEIPT_ITEMS.min(RECEIPT_ITEMS_MAX)) {
            match self
                .pen
                .receipt(&round.tip, subject, rung.to_wire(), chunk.to_vec(), &seen, both)
            {
                Ok(signed) => self.place_own(signed, urgency.answered_at(), BTreeSet::new(), round),
                Err(error) => self.alarm("NOT_SIGNED", format!("{}: {error}", rung.name()), round),
            }
        }
    }

    /// Places a statement of ours and puts it into the outbox. `awaited` are the desks whose DELIVERED it waits for; a
    /// receipt, act or annex waits for none.
    pub(super) fn place_own(
        &mut self,
        signed: Signed,
        precedence: Precedence,
        to: BTreeSet<Identity>,
        round: &mut Round,
    ) {
        let is_check = matches!(&signed.payload, Payload::Service(service) if service.kind == ServiceKind::Check.to_wire());
        let (lane, awaited) = match &signed.payload {
            Payload::Message(_) => (lane_of(precedence), to),
            // It may be as long as a message, and no timer waits for it.
            Payload::Annex(_) => (Lane::Message, BTreeSet::new()),
            Payload::Receipt(_)
            | Payload::Act(_)
            | Payload::Charter(_)
            | Payload::Service(_)
            | Payload::Watch(_)
            | Payload::Lifecycle(_) => (Lane::Control, BTreeSet::new()),
        };
        // What is said of messages takes the diagonal, a copy by each relay, or every leg where they did. A comm check
        // takes every leg.
        let precedence = match &signed.payload {
            Payload::Service(_) if is_check => Precedence::Flash,
            Payload::Message(_) | Payload::Receipt(_) | Payload::Act(_) | Payload::Annex(_) => precedence,
            Payload::Charter(_) | Payload::Service(_) | Payload::Watch(_) | Payload::Lifecycle(_) => {
                Precedence::Immediate
            }
        };
        let now = self.line();
        let id = signed.payload.header().id;
        match self.outgoing.queue(
            id,
            &signed.bytes,
            (precedence, lane),
            awaited,
            now,
            &mut round.records,
        ) {
            Ok(then) => round.then.extend(then),
            Err(error) => self.alarm(
                "OUTBOX_FULL",
                format!("could not queue a statement: {error}"),
                round,
            ),
        }
        round.place_own(signed);
    }

    /// Commits the round, and then tells, sends and answers.
    pub(super) async fn settle(&mut self, mut round: Round) -> Result<(), String> {
        let now = self.line();
        let may_remember = self.remember_again.is_none_or(|again| again <= now);
        let to_remember = if may_remember {
            self.trust.to_remember()
        } else {
            None
        };
        let story = self.story_to_keep.clone().filter(|_| may_remember);
        if let Some(record) = story.clone() {
            round.records.push(record);
            self.remember_again = Some(now.after(REMEMBERED_AGAIN_AFTER));
        }
        let remembers = to_remember.map(|(serial, records)| {
            round.records.extend(records);
            // A full disk undoes the round, and with it what needs no disk: not each time for this.
            self.remember_again = Some(now.after(REMEMBERED_AGAIN_AFTER));
            serial
        });
        self.open_placed(&mut round);
        self.keep_cursors(&mut round);
        self.keep_checkpoints(&mut round);
        let stored = self.wall();
        self.keep_arrival(&mut round, stored.unix_ms());
        if plant::active("receipt-before-commit") {
            let now = self.line();
            for then in std::mem::take(&mut round.then) {
                self.carry_out(then, now);
            }
        }
        self.judge_lines(&mut round);
        let committed = match round.batch() {
            Some(batch) => {
                let commit = self.ledger.commit(batch);
                // The writer's thread is at it: signatures are checked while the disk works.
                self.judge_placed(&mut round);
                match commit.await {
                    Ok(committed) => Some(committed),
                    Err(CommitError::Dead(cause)) => return Err(format!("the ledger failed: {cause}")),
                    Err(error) => return self.undo(round, &error),
                }
            }
            None => None,
        };
        if let Some(serial) = remembers {
            self.trust.remembered(serial);
            self.remember_again = None;
        }
        if story.is_some() {
            self.story_to_keep = None;
            self.remember_again = None;
        }
        round.steps.pass();
        // What others wait for goes first; the book is for those who look.
        let now = self.line();
        for then in std::mem::take(&mut round.then) {
            self.carry_out(then, now);
        }
        if let Some(committed) = committed {
            self.apply(&mut round, &committed, stored);
        }
        for (hash, leg) in &round.late {
            if let Some(letter) = self.book.letter_mut(hash) {
                *letter.late.entry(leg.to_string()).or_insert(0) += 1;
            }
        }
        self.let_go(round);
        Ok(())
    }

    fn keep_arrival(&self, round: &mut Round, stored_ms: u64) {
        if round.placed.is_empty() {
            return;
        }
        let legs = round
            .placed
            .iter()
            .map(|placed| placed.leg.as_ref().map(ToString::to_string).unwrap_or_default());
        let note = ArrivalNote {
            stored_ms,
            legs: legs.collect(),
        };
        let key = self.ledger.head().size.to_be_bytes().to_vec();
        round.records.push(Record::Put {
            space: memory::ARRIVAL,
            key,
            value: note.to_bytes(),
        });
    }

    /// The newest checkpoint of each relay goes to disk with whatever else does.
    fn keep_checkpoints(&mut self, round: &mut Round) {
        if round.entries.is_empty() && round.records.is_empty() {
            return;
        }
        for (name, relay) in &mut self.relays {
            if let Some(newest) = relay.shared.newest()
                && newest.size > relay.stored_size
            {
                relay.stored_size = newest.size;
                let key = name.as_str().as_bytes().to_vec();
                round.records.push(Record::Put {
                    space: memory::CHECKPOINT,
                    key,
                    value: newest.note,
                });
            }
        }
    }

    /// Everything that is on disk now becomes known.
    fn apply(&mut self, round: &mut Round, committed: &Committed, stored: hotline_core::time::WallTime) {
        self.tip = round.tip;
        self.all_said(round);
        self.check_stored(round);
        for (leg, count) in std::mem::take(&mut round.adopted) {
            *self.adopted.entry(leg).or_insert(0) += count;
        }
        let mut changes = Vec::new();
        for (offset, placed) in std::mem::take(&mut round.placed).into_iter().enumerate() {
            let at = Provenance {
                hash: placed.hash,
                index: committed.first_index + offset as u64,
                stored,
                leg: placed.leg.clone(),
            };
            self.stored.insert(placed.hash);
            for change in self.enter(&at, placed) {
                note_answered_check(&self.book, &change, &at, &mut self.channels);
                changes.push(change);
            }
        }
        for (hash, kept) in std::mem::take(&mut round.quarantined) {
            if kept.beside_log() {
                self.quarantined.insert(hash);
                changes.extend(self.book.add_quarantined(hash, &kept));
            }
        }
        for held in &round.held {
            let Some(relay) = self.relays.get(&held.relay) else {
                continue;
            };
            let identity = relay.shared.place.identity.clone();
            changes.extend(
                self.book
                    .add_acceptance(held.statement, &identity, Some(&held.leg), stored),
            );
        }
        for change in changes {
            self.note_age(&change, stored);
            self.note_duty(&change, round);
            self.announce(change, round);
        }
    }

    /// Asks the release judge about the messages of others in this round. Nobody is told before they are on disk.
    fn judge_placed(&self, round: &mut Round) {
        for placed in &mut round.placed {
            if let (Payload::Message(message), None) = (&placed.payload, &placed.judged) {
                let ours = message.header.sender == self.me.to_string();
                let rosters = placed.trust.rosters();
                let ended = trust::ended_inside(rosters, &placed.payload).filter(|_| !ours);
                if let Some(why) = ended {
                    placed.judged = Some(Err(judge::Rejected::Quarantined(why)));
                    continue;
                }
                placed.judged = Some(self.judge_message((message, words_of(placed)), rosters));
            }
        }
    }

    /// What stands against the messages of this round of their channel and exercise: judged before the round goes to disk,
    /// and kept with it, because a later start knows other charters.
    fn judge_lines(&self, round: &mut Round) {
        let mut charters: Option<Charters> = None;
        let first_index = self.ledger.head().size;
        for (offset, placed) in round.placed.iter_mut().enumerate() {
            match &placed.payload {
                Payload::Charter(charter) => {
                    let at = Provenance {
                        hash: placed.hash,
                        index: first_index + offset as u64,
                        stored: self.wall(),
                        leg: placed.leg.clone(),
                    };
                    let before = charters.as_ref().unwrap_or(&self.channels.charters);
                    charters = Some(self.channels.charters_with(
                        before,
                        (charter, &at),
                        placed.trust.rosters(),
                    ));
                }
                Payload::Message(message) => {
                    let known = charters.as_ref().unwrap_or(&self.channels.charters);
                    let signed =
                        |channel: &str| placed.trust.has_charter(channel) || known.signed(channel).is_some();
                    placed.off_line = self.off_line(message, signed);
                    if let Some(verdict) = placed.off_line.as_ref().and_then(Verdict::of) {
                        round.records.push(verdict.record(&placed.hash));
                    }
                }
                _ => {}
            }
        }
    }

    fn enter(&mut self, at: &Provenance, placed: Placed) -> Vec<Change> {
        let now_ms = self.wall().unix_ms();
        if let Err(why) = self.note_in_channels(at, &placed.payload, placed.trust.rosters()) {
            return vec![Change::Foreign {
                statement: at.hash,
                why: why.to_string(),
            }];
        }
        match placed.payload {
            Payload::Message(message) => {
                if message.header.sender == self.me.to_string() && is_human_check(&message) {
                    self.services.note_check(at.stored);
                }
                let words = placed.words.as_ref().unwrap_or(&seal::NOTHING_OPENED);
                let judged = placed
                    .judged
                    .unwrap_or_else(|| self.judge_message((&message, words), placed.trust.rosters()))
                    .and_then(|judged| placed.off_line.map_or(Ok(judged), Err));
                let changes = self.book.add_message(at, std::sync::Arc::new(message), judged);
                if let Some(letter) = self.book.letter_mut(&at.hash)
                    && letter.direction == Direction::In
                {
                    mark_under_order(letter, &self.channels);
                }
                changes
            }
            Payload::Receipt(receipt) => {
                let changes = self.book.add_receipt(at, &receipt);
                if receipt.header.sender == self.me.to_string() && receipt.rung == Rung::Displayed.to_wire() {
                    for item in &receipt.items {
                        if let Some(letter) = self.book.letter_mut(&item.sha256) {
                            letter.shown = Shown::Signed;
                        }
                    }
                }
                changes
            }
            Payload::Act(act) => {
                // Told as QUARANTINED when it came; it climbs nothing.
                let ours = act.header.sender == self.me.to_string();
                let payload = Payload::Act(act.clone());
                if !ours && trust::ended_inside(placed.trust.rosters(), &payload).is_some() {
                    return Vec::new();
                }
                let judged = judge::judge_act(&act, placed.trust.rosters(), now_ms);
                self.book.add_act(at, judged)
            }
            Payload::Annex(annex) => {
                // As with an act: told as QUARANTINED when it came, it is shown nowhere.
                let ours = annex.header.sender == self.me.to_string();
                let payload = Payload::Annex(annex.clone());
                if !ours && trust::ended_inside(placed.trust.rosters(), &payload).is_some() {
                    return Vec::new();
                }
                let said = (&annex, placed.words.as_ref());
                let judged = judge::judge_annex(said, placed.trust.rosters(), now_ms);
                self.book.add_annex(at, judged)
            }
            Payload::Service(service) => {
                let is_mine = service.header.sender == self.me.to_string();
                self.services.note(at, &service, is_mine);
                Vec::new()
            }
            Payload::Lifecycle(_) => self.told_order(at),
            Payload::Charter(charter) => self.told_charter(at, &charter, &placed.trust),
            Payload::Watch(_) => Vec::new(),
        }
    }

    /// An order of the other side is told at once.
    fn told_order(&self, at: &Provenance) -> Vec<Change> {
        let order = self.channels.orders.by_hash(hotline_core::id::Hash32(at.hash.0));
        let told = order
            .filter(|order| order.desk != self.me)
            .map(|order| Change::Told {
                code: "ORDER",
                what: order.plain(),
            });
        told.into_iter().collect()
    }

    /// A charter that the other side proposes waits for a releaser of this one.
    fn told_charter(
        &self,
        at: &Provenance,
        charter: &hotline_audit::statement::Charter,
        trust: &Directory,
    ) -> Vec<Change> {
        let Ok(terms) = hotline_audit::statement::CharterTerms::decode(&charter.terms) else {
            return Vec::new();
        };
        if at.leg.is_none() || self.has_charter(&terms.channel, trust) {
            return Vec::new();
        }
        vec![Change::Told {
            code: "CHARTER_PROPOSED",
            what: format!(
                "{} proposes the channel {}: a releaser agrees with hotline channel open",
                charter.header.sender, terms.channel
            ),
        }]
    }

    /// A formal message is of this exercise and names a channel that has a charter here.
    fn off_line(
        &self,
        message: &hotline_audit::statement::Message,
        chartered: impl Fn(&str) -> bool,
    ) -> Option<judge::Rejected> {
        if message.header.exercise != self.pen.exercise {
            return Some(judge::Rejected::OtherExercise {
                found: message.header.exercise.clone(),
                expected: self.pen.exercise.clone(),
            });
        }
        if !message.channel.is_empty() && !chartered(&message.channel) {
            return Some(judge::Rejected::NoCharter(message.channel.clone()));
        }
        None
    }

    fn announce(&mut self, change: Change, round: &mut Round) {
        match change {
            Change::Added(message) => {
                self.tell_new(message);
                let rejected = self
                    .book
                    .letter(&message)
                    .filter(|letter| !letter.quarantined)
                    .and_then(|letter| letter.rejected.clone());
                if let Some(why) = rejected {
                    self.alarm(
                        "REJECTED",
                        format!("{message} is kept and not shown as formal: {why}"),
                        round,
                    );
                }
            }
            Change::Climbed { message, rung } => {
                let _ = self.events.send(StationEvent::Climbed { message, rung });
            }
            Change::Foreign { statement, why } => {
                self.alarm("FOREIGN", format!("{statement}: {why}"), round);
            }
            Change::Told { code, what } => self.alarm(code, what, round),
        }
    }

    /// After the commit and the book: acknowledges cursors, tells, answers.
    fn let_go(&mut self, round: Round) {
        for (relay, lane, cursor) in round.cursors {
            self.shares.stored(&relay, lane, cursor);
        }
        if round.cosigned {
            let _ = self.events.send(StationEvent::Cosigned);
        }
        self.order_and_tell(round.orders, round.news);
        for answering in round.replies {
            self.tell_verb(answering);
        }
    }

    fn tell_verb(&self, answering: Answering) {
        let answer = match answering.with {
            Reply::Ready(answer) => answer,
            Reply::Message(hash) => self.view(&hash),
        };
        // A verb that went away needs no answer.
        let _ = answering.to.send(answer);
    }

    /// What needs no round on disk: relays are asked, and watchers are told how the line stands.
    fn order_and_tell(&self, orders: Vec<(Leg, Lane, Order)>, news: Vec<News>) {
        for (leg, lane, order) in orders {
            if let Some(handle) = self.legs.get(&leg) {
                // A full queue drops only what is repeated: a share, a refetch.
                let _ = handle.order(lane, order);
            }
        }
        for news in news {
            let _ = self.events.send(StationEvent::Line(news));
        }
    }

    pub(super) fn carry_out(&mut self, then: Then, now: hotline_core::time::LineTime) {
        match then {
            Then::Send { statement, leg, lane } => {
                let Ok(Some(outbound)) = self.outgoing.outbound(&statement, &self.ledger) else {
                    return;
                };
                let Some(handle) = self.legs.get(&leg) else { return };
                if handle.order(lane, Order::Statement(outbound)).is_ok() {
                    self.leg_status.entry(leg.clone()).or_default().sent += 1;
                    self.outgoing.sent(statement, leg, now);
                }
            }
            Then::Stalled {
                statement,
                relay,
                attempts,
            } => {
                tracing::warn!(%relay, statement = %statement.id, attempts, "a relay does not answer for a statement");
            }
            Then::Shed { statement, relays } => {
                tracing::warn!(statement = %statement.id, ?relays, "the outbox is full: a delivered statement is no longer offered");
                let what = format!(
                    "{} is delivered but no longer offered to {relays:?}",
                    statement.id
                );
                let news = News::Alarm {
                    code: "OUTBOX_FULL".into(),
                    what,
                };
                let _ = self.events.send(StationEvent::Line(news));
            }
        }
    }

    /// A round that was not stored never happened: the machines are taken up anew from the ledger. What happened on the
    /// line did happen, and is told: an alarm or a leg is no less a fact because a disk is full.
    fn undo(&mut self, round: Round, error: &CommitError) -> Result<(), String> {
        tracing::error!(%error, "a round was not stored");
        for answering in round.replies {
            let with = match answering.rests_on {
                RestsOn::Nothing => answering.with,
                RestsOn::ThisRound => Reply::Ready(Answer::Refused(Refusal {
                    code: "HL-DESK-009".into(),
                    exit: 1,
                    what: format!("nothing was sent, because it could not be stored: {error}"),
                    help: "free space on the ledger's disk, then try again".into(),
                })),
            };
            self.tell_verb(Answering { with, ..answering });
        }
        let due = self.line().after(BRING_AGAIN_AFTER);
        self.bring_again.get_or_insert(due);
        if round.cosigned {
            let _ = self.events.send(StationEvent::Cosigned);
        }
        self.order_and_tell(round.orders, round.news);
        self.take_up(&round.came_up)
            .map_err(|again| format!("the ledger cannot be read after a failed commit: {again}"))
    }
}

/// Marks a message of the other side that came in while an order stood against it.
pub(super) fn mark_under_order(letter: &mut Letter, channels: &Channels) {
    let message = &letter.message;
    let class = hotline_core::words::TrafficClass::from_wire(message.traffic_class);
    let passes = |political| {
        class.is_some_and(|class| {
            hotline_core::channel::floor::passes(political, class, message.safety_of_life)
        })
    };
    letter.under_order = letter
        .index
        .and_then(|index| channels.under_order(&message.channel, (index, letter.stored), passes));
}

/// Notes that a person of the other side answered a human check of ours, if this change is that. `at` is the statement
/// that changed it.
pub(super) fn note_answered_check(book: &Book, change: &Change, at: &Provenance, channels: &mut Channels) {
    let Change::Climbed { message, .. } = change else {
        return;
    };
    let Some(fact) = book.letter(message).and_then(Letter::answered_check) else {
        return;
    };
    let Signer::Officer { identity, .. } = &fact.signer else {
        return;
    };
    let what = format!("{} answered a comm check", identity.name());
    let said = Evidence {
        received: fact.arrived,
        ..crate::channels::signed(what, identity, at, fact.claimed.unix_ms())
    };
    channels.note_human_check(said);
}

/// How long after a round that was not stored the relays are asked again. 1 s: a full disk does not empty faster, and each
/// try brings everything since the cursor.
const BRING_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// When what is believed of trust goes to disk again after it could not. 1 s, for the same reason.
const REMEMBERED_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// Messages in one DELIVERED statement. 256: a frame's worth, far below the format's own bound.
const RECEIPT_ITEMS_MAX: usize = 256;
