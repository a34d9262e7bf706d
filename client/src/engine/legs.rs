//! What the lanes report: legs up and down, acceptances, refusals, heartbeats.

use hotline_audit::Hash;
use hotline_core::{
    crash::Point,
    health::Health,
    leg::{Door, Lane, Leg, RelayName},
    outbox::{Event, Retry, Then},
    time::LineTime,
};
use hotline_ledger::Record;
use hotline_transport::{By, Refusal};

use super::{Engine, Signing, claim::Named};
use crate::{
    input::RelayAnswer,
    lane::Order,
    logview::{LogFault, Seen},
    memory::{
        self, Acceptance,
        fault::{self, Fault},
    },
    request::{Answer, News},
    round::{Answering, Held, Reply, RestsOn, Round},
    share::Carrier,
};

impl Engine {
    pub(super) fn lane_up(&mut self, leg: Leg, lane: Lane, answer: RelayAnswer, round: &mut Round) {
        self.note_session(&leg, &answer);
        self.note_instance(&leg.relay, answer.instance, round);
        self.note_own_place(&leg, lane, answer.newest, round);
        if let Some(relay) = self.relays.get_mut(&leg.relay) {
            relay.word.met((answer.instance, answer.boot));
            relay.trouble = answer.accepting;
            relay.tried.clear();
            relay.heads.insert(lane, answer.mailbox_head);
        }
        let now = self.now();
        let opened = self.health.entry(leg.clone()).or_default().lane_opened(lane, now);
        if let Some(transition) = opened {
            self.turned(&leg, &transition, round);
        }
        if lane != Lane::Control {
            return;
        }
        let now_ms = self.wall().unix_ms();
        let status = self.leg_status.entry(leg.clone()).or_default();
        status.up = true;
        status.key_exchange = answer.key_exchange.name().into();
        status.why = String::new();
        status.came_up += 1;
        status.last_proven_ms = Some(now_ms);
        // The hello may have been written while another leg carried, and that leg may be gone by now: every leg that
        // comes up is told its share anew.
        let _ = self.shares.up(&leg);
        self.note_reachable();
        self.tell_shares(&leg.relay, Carrier::Changed, round);
        let now = self.line();
        round.came_up.push(leg.clone());
        let then = self.outgoing.handle(Event::LegUp(leg), now, &mut round.records);
        round.then.extend(then);
        self.note_redundancy(round);
    }

    /// What is ordered from now on is for this session.
    pub(super) fn note_session(&mut self, leg: &Leg, answer: &RelayAnswer) {
        if let Some(handle) = self.legs.get_mut(leg) {
            handle.opened(answer.orders.clone());
        }
    }

    /// Nothing is ordered on a session that is over, and what this round was to send on it is not for the next one: the
    /// outbox sends it again, in its order.
    fn end_session(&mut self, leg: &Leg, round: &mut Round) {
        if let Some(handle) = self.legs.get_mut(leg) {
            handle.ended();
        }
        round
            .then
            .retain(|then| !matches!(then, Then::Send { leg: on, .. } if on == leg));
    }

    /// After the gate, a relay may know statements of ours which this ledger lacks: it is asked for them. If it names
    /// another one at a place that we hold, it must show it.
    fn note_own_place(&mut self, leg: &Leg, lane: Lane, newest: Option<(u64, u64, Hash)>, round: &mut Round) {
        if self.signing != Signing::Open || lane != Lane::Control {
            return;
        }
        let mut named = None;
        if let Some((epoch, sequence, hash)) = newest {
            match self.named((epoch, sequence), hash) {
                Named::Held => {}
                Named::Other(claim) => self.ask_for_claimed(leg, claim, round),
                Named::Unknown => named = Some((epoch, sequence)),
            }
        }
        self.ask_for_own(leg, named, round);
    }

    /// A relay with another ledger than before was wiped: what it accepted counts no more, and its mailboxes are new.
    pub(super) fn note_instance(&mut self, name: &RelayName, instance: [u8; 16], round: &mut Round) {
        let Some(relay) = self.relays.get_mut(name) else {
            return;
        };
        relay.named = Some(instance);
        if relay.instance == Some(instance) {
            return;
        }
        let lost = relay.instance.is_some();
        relay.instance = Some(instance);
        round.records.push(Record::Put {
            space: memory::INSTANCE,
            key: name.as_str().as_bytes().to_vec(),
            value: instance.to_vec(),
        });
        if !lost {
            return;
        }
        let told = relay.told_lost.replace(instance) == Some(instance);
        relay.cursors.clear();
        relay.cursors_kept.clear();
        self.forget_cosigned(name, round);
        self.shares.restart(name);
        for lane in Lane::ALL {
            let key = memory::cursor_key(name, lane);
            round.records.push(Record::Delete {
                space: memory::CURSOR,
                key,
            });
        }
        let now = self.line();
        let event = Event::RelayLost { relay: name.clone() };
        let then = self.outgoing.handle(event, now, &mut round.records);
        round.then.extend(then);
        if !told {
            let what = format!("relay {name} has another ledger than before: what it held is offered again");
            self.alarm("RELAY_LOST", what, round);
        }
    }

    pub(super) fn leg_down(
        &mut self,
        leg: Leg,
        (why, renewed): (String, bool),
        refusal: Option<Box<Refusal>>,
        fault: Option<LogFault>,
        round: &mut Round,
    ) {
        let cause = match (&refusal, &fault) {
            (_, Some(_)) => "not believed",
            (Some(refusal), None) if refusal.by == By::Network => "unreachable",
            (Some(_), None) => "refused",
            (None, None) => "lost",
        };
        let status = self.leg_status.entry(leg.clone()).or_default();
        let was_up = std::mem::replace(&mut status.up, false);
        let why = format!("{cause}: {why}");
        let is_news = was_up || status.why != why;
        status.why.clone_from(&why);
        let now = self.now();
        let health = self.health.entry(leg.clone()).or_default();
        let ended = match renewed {
            true => health.turned(why.clone(), now),
            false => health.ended(why.clone(), now),
        };
        if let Some(transition) = ended {
            self.turned(&leg, &transition, round);
        }
        if let Some(relay) = self.relays.get_mut(&leg.relay) {
            relay.tried.insert(leg.clone());
        }
        if is_news {
            round.news.push(News::Leg {
                leg: leg.to_string(),
                up: false,
                state: Health::Down.name().into(),
                why: why.clone(),
            });
        }
        if let Some(fault) = fault {
            self.log_fault(&leg, &fault, round);
        } else if is_news && cause == "refused" {
            self.alarm("REFUSED", format!("{leg}: {why}"), round);
        }
        self.end_session(&leg, round);
        self.lose_presence(&leg.relay);
        let carrier = self.shares.down(&leg);
        self.note_reachable();
        self.tell_shares(&leg.relay, carrier, round);
        let now = self.line();
        let then = self.outgoing.handle(Event::LegDown(leg), now, &mut round.records);
        round.then.extend(then);
        self.note_redundancy(round);
    }

    /// A relay that signed two histories: both notes are kept, and its word counts for nothing.
    fn log_fault(&mut self, leg: &Leg, fault: &LogFault, round: &mut Round) {
        let code = match fault {
            LogFault::Fork { .. } | LogFault::Inconsistent { .. } => "FORK",
            LogFault::Rollback { .. } => "ROLLBACK",
            LogFault::Note(_) | LogFault::Malformed(_) => "BAD_CHECKPOINT",
        };
        if let Some(proof) = Fault::of(&leg.relay, fault, self.wall()) {
            self.keep_proof(&proof, round);
        }
        if let Some(relay) = self.relays.get_mut(&leg.relay) {
            relay.fault = Some(fault.to_string());
        }
        self.alarm(code, format!("{leg}: {fault}"), round);
    }

    /// Keeps the proof against a relay, if it is new and not one of very many. Bundles hand it in, and a fork is known by it
    /// after a restart.
    fn keep_proof(&self, proof: &Fault, round: &mut Round) {
        let prefix = fault::prefix(&proof.relay);
        // Where that cannot be read, nothing is lost by one more.
        let kept = self.ledger.records(memory::FAULT, &prefix, fault::FAULTS_MAX);
        let kept = kept.unwrap_or_default();
        let is_known = kept.iter().any(|(key, _)| *key == proof.key());
        if !is_known && kept.len() < fault::FAULTS_MAX {
            round.records.push(proof.record());
        }
    }

    pub(super) fn tell_shares(&mut self, relay: &RelayName, carrier: Carrier, round: &mut Round) {
        if carrier == Carrier::Same {
            return;
        }
        for door in Door::ALL {
            let leg = Leg::new(relay.clone(), door);
            if self.leg_status.get(&leg).is_some_and(|status| status.up) {
                for lane in Lane::ALL {
                    let share = self.shares.of(&leg, lane);
                    round.orders.push((leg.clone(), lane, Order::Subscribe(share)));
                }
            }
        }
    }

    pub(super) fn accepted(
        &mut self,
        leg: &Leg,
        checkpoint: &Seen,
        held: Vec<(Hash, u64, Vec<Hash>)>,
        round: &mut Round,
    ) {
        if self
            .relays
            .get(&leg.relay)
            .is_none_or(|relay| relay.fault.is_some())
        {
            // The word of a relay that signed two histories counts for nothing.
            return;
        }
        let (now, stored_ms) = (self.line(), self.wall().unix_ms());
        if !held.is_empty() {
            round
                .records
                .push(memory::note_record(&leg.relay, checkpoint.size, &checkpoint.note));
        }
        for (hash, index, proof) in held {
            let Some(id) = self.id_of(&hash) else { continue };
            let acceptance = Acceptance {
                statement: hash,
                relay: leg.relay.clone(),
                stored_ms,
                index,
                size: checkpoint.size,
                proof,
            };
            round.records.push(acceptance.record());
            round.steps.note(Point::AcceptanceStored);
            let event = Event::Accepted {
                statement: self.outgoing.key(id),
                relay: leg.relay.clone(),
            };
            let then = self.outgoing.handle(event, now, &mut round.records);
            round.then.extend(then);
            round.held.push(Held {
                statement: hash,
                relay: leg.relay.clone(),
                leg: leg.clone(),
            });
        }
    }

    /// The id of a statement of ours: from the outbox if it is owed still, from the book if it is a message, else from the
    /// ledger.
    fn id_of(&self, hash: &Hash) -> Option<[u8; 16]> {
        if let Some(id) = self.outgoing.id_of(hash) {
            return Some(id);
        }
        match self.book.letter(hash) {
            Some(letter) => Some(letter.message.header.id),
            None => self.ledger.by_hash(hash).ok().flatten().map(|stored| stored.id),
        }
    }

    pub(super) fn refused(
        &mut self,
        leg: &Leg,
        hash: Hash,
        rule: &str,
        explanation: &str,
        permanent: bool,
        round: &mut Round,
    ) {
        let retry = if permanent {
            Retry::NextSession
        } else {
            Retry::Later
        };
        if let Ok(Some(stored)) = self.ledger.by_hash(&hash) {
            let now = self.line();
            let statement = self.outgoing.key(stored.id);
            let event = Event::Refused {
                statement,
                relay: leg.relay.clone(),
                retry,
            };
            let then = self.outgoing.handle(event, now, &mut round.records);
            round.then.extend(then);
        }
        self.alarm(
            "REFUSED",
            format!("relay {} refuses {hash}: {rule}: {explanation}", leg.relay),
            round,
        );
    }

    /// Answers verbs that wait for the relays to have brought what they hold.
    pub(super) fn answer_caught_up(&mut self, now: LineTime, round: &mut Round) {
        if self.waiting.is_empty() {
            return;
        }
        let open = self.behind();
        let waiting = std::mem::take(&mut self.waiting);
        for waiting_verb in waiting {
            if open.is_empty() || waiting_verb.until <= now {
                let what = if open.is_empty() {
                    "caught up with every relay that can be reached".to_owned()
                } else {
                    format!("not caught up with {}", open.join(", "))
                };
                round.replies.push(Answering {
                    to: waiting_verb.reply,
                    with: Reply::Ready(Answer::Done { what }),
                    rests_on: RestsOn::ThisRound,
                });
            } else {
                self.waiting.push(waiting_verb);
            }
        }
    }

    /// Relays that may still have something for us.
    pub(super) fn behind(&self) -> Vec<String> {
        let behind = |name: &RelayName, relay: &super::RelayState| {
            let legs: Vec<&Leg> = self.legs.keys().filter(|leg| leg.relay == *name).collect();
            let up = legs
                .iter()
                .any(|leg| self.leg_status.get(leg).is_some_and(|status| status.up));
            if !up {
                return relay.tried.len() < legs.len();
            }
            Lane::ALL.iter().any(|lane| match relay.heads.get(lane) {
                None => true,
                Some(head) => relay.cursors.get(lane).copied().unwrap_or(0) < *head,
            })
        };
        self.relays
            .iter()
            .filter(|(name, relay)| behind(name, relay))
            .map(|(name, _)| name.to_string())
            .collect()
    }
}
