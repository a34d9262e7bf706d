//! What is tried in the calm afterwards and must be refused: by desks, what their officers may not release; by relays,
//! what somebody hands in who has keys, but not the right ones, or says what is not so.
//!
//! Nothing of it is handed in by the line: the packets of a schedule are the same with it and without it.

use bytes::Bytes;
use hotline_audit::{
    Hash, PayloadType, SignedStatement,
    statement::{Message, SeenCheckpoint},
};
use hotline_client::{
    compose::{self, Sheet, Wording},
    request::{Answer, Request},
    side::Directory,
    station::signing_key,
};
use hotline_core::{
    identity::Identity,
    leg::Door,
    precedence::Precedence,
    release::Capacity,
    words::{Function, ResponseAttribute, Rung, TrafficClass},
};
use hotline_faults::{Dice, chance::SeededEntropy};
use hotline_server::{
    intake::{self, Outcome},
    presence::Life,
    relay::Relay,
};

use super::Play;
use crate::storm::{
    nodes::{Asked, ask},
    oracle::Promise,
};

/// How far a relay's clock is put on to see whether it looks at keys' dates. 60 days: the cast's keys are made for 30.
const KEYS_OVER_MS: i64 = 60 * 24 * 3_600_000;
/// Words of a FLASH that is too long, whatever the limit for brief messages is.
const TOO_MANY_WORDS: usize = 5_000;
/// Another ledger than any desk has.
const OTHER_LEDGER: [u8; 16] = [0xEE; 16];

/// Something handed in to a relay that it must refuse.
struct Attempt {
    what: &'static str,
    from: Identity,
    bytes: Vec<u8>,
}

impl Play {
    /// Officers of a desk try to release what may not leave.
    pub(super) async fn may_not_release(&self, desk: usize) {
        let Some(station) = self.station(desk) else { return };
        let people = &self.cast.desks[desk];
        let (clock, entropy) = (self.clock(desk), self.strangers_entropy());
        let wording = |precedence, text: &str, channel: &str| Wording {
            precedence,
            class: TrafficClass::Formal,
            function: Function::Notify,
            response: ResponseAttribute::Roger,
            channel: channel.to_owned(),
            refers_to: None,
            answer: None,
            text: text.to_owned(),
            expires_ms: 0,
            safety_of_life: false,
            respond_by_ms: 0,
            contact: None,
        };
        let write = |wording: &Wording| -> Sheet {
            let by = &people.releasers[0];
            compose::write(people.desk(), wording, by, Capacity::Releaser, &clock, &entropy).unwrap()
        };
        let channel = people.config.channel.as_str();
        let by_one = write(&wording(Precedence::Flash, "one officer alone", channel));
        let mut twice = by_one.clone();
        twice.approvals.push(by_one.approvals[0].clone());
        let mut long = write(&wording(
            Precedence::Flash,
            &"word ".repeat(TOO_MANY_WORDS),
            channel,
        ));
        long.approve(&people.releasers[1], Capacity::Releaser, &clock)
            .unwrap();
        let unchartered = write(&wording(
            Precedence::Routine,
            "by a channel of our own",
            "elsewhere",
        ));
        for (what, sheet) in [
            ("a FLASH of one officer", by_one),
            ("a FLASH that one officer approved twice", twice),
            ("a FLASH of 5,000 words", long),
            ("a message by a channel without a charter", unchartered),
        ] {
            if let Asked::Answer(answer) = ask(&station, Request::Release { sheet }).await
                && !matches!(*answer, Answer::Refused(_))
            {
                self.judge(|oracle| oracle.not_refused(format!("desk {desk} released {what}")));
            }
        }
        self.acts_on_its_own(desk).await;
    }

    /// An officer acknowledges what the own desk has sent.
    async fn acts_on_its_own(&self, desk: usize) {
        let Some(station) = self.station(desk) else { return };
        let people = &self.cast.desks[desk];
        let mut views = self.list(desk).await;
        views.retain(|view| view.direction == "out" && view.rejected.is_none());
        let Some(view) = views.pop() else { return };
        let (about, _) = crate::storm::officers::reference(&view);
        let clock = self.clock(desk);
        let watch = &people.watch;
        let act = compose::act(&people.config, watch, Rung::Acknowledged, about, "", &clock).unwrap();
        if let Asked::Answer(answer) = ask(&station, Request::Act { act }).await
            && !matches!(*answer, Answer::Refused(_))
        {
            self.judge(|oracle| {
                oracle.not_refused(format!("desk {desk} acknowledged its own {}", view.name));
            });
        }
    }

    /// Somebody hands in what a relay must refuse.
    pub(super) async fn strangers(&self, number: usize, relay: &Relay) {
        let Some(attempts) = self.attempts(number, relay) else {
            return;
        };
        for Attempt { what, from, bytes } in attempts {
            self.hand_in(number, relay, &from, bytes, what).await;
        }
        self.hand_in_when_keys_are_over(number, relay).await;
    }

    async fn hand_in(&self, number: usize, relay: &Relay, from: &Identity, bytes: Vec<u8>, what: &str) {
        let outcome = intake::take_in(relay, from, &[Bytes::from(bytes)]).await.pop();
        if matches!(outcome, Some(Outcome::Held { .. })) {
            self.judge(|oracle| oracle.breaks(Promise::Named, format!("relay {number} took {what}")));
        }
    }

    /// A genuine statement, at a time at which its key is valid no more.
    async fn hand_in_when_keys_are_over(&self, number: usize, relay: &Relay) {
        let Some((message, _)) = self.next_of(number, 0) else {
            return;
        };
        let (from, bytes) = (self.cast.desks[0].config.identity.clone(), self.sign(&message, 0));
        let clock = self.node(number).clock.clone();
        clock.set_off(KEYS_OVER_MS);
        self.hand_in(
            number,
            relay,
            &from,
            bytes,
            "a statement under a key whose time is over",
        )
        .await;
        clock.set_off(0);
    }

    fn attempts(&self, number: usize, relay: &Relay) -> Option<Vec<Attempt>> {
        let [desk, other] = [0, 1].map(|desk| self.cast.desks[desk].config.identity.clone());
        let (next, known) = self.next_of(number, 0)?;
        let attempt = |what, from: &Identity, message: &Message, signer| Attempt {
            what,
            from: from.clone(),
            bytes: self.sign(message, signer),
        };
        let mut unseen = next.clone();
        unseen.header.seen = vec![SeenCheckpoint {
            origin: relay.identity.origin(),
            size: relay.ledger.head().size + 1_000,
            root: Hash::ZERO,
        }];
        let mut to_nobody = next.clone();
        for to in &mut to_nobody.header.recipients {
            to.identity = format!("spiffe://{}/desk/nobody", other.domain());
        }
        // Addressed to whoever hands it in, it would be refused for that.
        let mut handed_on = next.clone();
        for to in &mut handed_on.header.recipients {
            to.identity = desk.to_string();
        }
        let mut in_its_name = next.clone();
        in_its_name.header.trust_domain = other.domain().to_string();
        in_its_name.header.key_statement = self.key_statement(1)?;
        let mut same_place = known;
        same_place.header.id[0] ^= 1;
        Some(vec![
            attempt(
                "a statement of another desk than hands it in",
                &other,
                &handed_on,
                0,
            ),
            attempt(
                "a statement that has seen more of its log than there is",
                &desk,
                &unseen,
                0,
            ),
            attempt("a statement for a desk that nobody knows", &desk, &to_nobody, 0),
            attempt("a statement that another desk has signed", &desk, &in_its_name, 1),
            attempt("a statement in the place of another", &desk, &same_place, 0),
        ])
    }

    /// A message of a desk that would follow the last one which a relay holds of its chain, and that last message.
    fn next_of(&self, number: usize, desk: usize) -> Option<(Message, Message)> {
        let me = self.cast.desks[desk].config.identity.to_string();
        let leaves = self.node(number).disk.export(&[]).leaves;
        let own = || leaves.iter().filter(|leaf| leaf.sender == me);
        let last = own().max_by_key(|leaf| (leaf.epoch, leaf.sequence))?;
        let read = |leaf: &hotline_ledger::Stored| {
            Message::decode(&SignedStatement::parse(&leaf.bytes).ok()?.payload).ok()
        };
        let known = own().filter_map(read).next_back()?;
        let mut next = known.clone();
        let mut id = [0; 16];
        hotline_transport::Entropy::fill(&self.strangers_entropy(), &mut id);
        next.header.id = id;
        (next.header.epoch, next.header.sequence) = (last.epoch, last.sequence + 1);
        next.header.previous = last.hash;
        next.header.seen.clear();
        Some((next, known))
    }

    /// Signs a message with a desk's key, whatever it says.
    fn sign(&self, message: &Message, signer: usize) -> Vec<u8> {
        let key = signing_key(&self.cast.desks[signer].config.statement_key).unwrap();
        SignedStatement::sign(PayloadType::Message, &message.encode(), &key)
            .unwrap()
            .into_bytes()
    }

    fn key_statement(&self, desk: usize) -> Option<Hash> {
        let config = &self.cast.desks[desk].config;
        let key = signing_key(&config.statement_key).ok()?;
        Directory::load(config)
            .ok()?
            .key_statement(&config.identity.to_string(), &key.public())
    }

    /// A copy of a desk's ledger comes while the desk is connected.
    pub(super) fn second_instance(&self, number: usize, relay: &std::sync::Arc<Relay>) {
        for desk in &self.cast.desks {
            let life = Life {
                ledger: OTHER_LEDGER,
                boot: 1,
            };
            if relay
                .enter(&desk.config.identity, life, Door::Quic, relay.profile)
                .is_ok()
            {
                let what = format!("relay {number} let a second {} in", desk.config.identity);
                self.judge(|oracle| oracle.breaks(Promise::Named, what));
            }
        }
    }

    /// Dice of their own: what else a seed draws is as it was before anybody tried.
    fn strangers_entropy(&self) -> SeededEntropy {
        SeededEntropy::new(Dice::new(self.mix.seed).apart("strangers"))
    }
}
