//! What officers sign beside messages: the watch, orders about channels, charters. And what an order stops.

use std::collections::BTreeSet;

use hotline_audit::{
    Hash,
    key::RosterSet,
    statement::{CharterTerms, Payload},
};
use hotline_core::{
    channel::{Order, Political, floor::passes},
    duty::{OrderVerb, WatchVerb},
    identity::Identity,
    precedence::Precedence,
    words::OfficerRole,
};

use super::{Engine, verbs::refusal};
use crate::{
    book::Provenance,
    channels::{Taken, is_channel, judge_order, judge_watch},
    judge::{JudgedMessage, Rejected},
    own::{Address, Signed},
    request::{Answer, Refusal},
    round::{Reply, Round},
    side::Directory,
};

type Answered = Result<Reply, Refusal>;

impl Engine {
    /// Places what an officer signed about the watch.
    pub(super) fn keep_watch(&mut self, watch: &str, round: &mut Round) -> Answered {
        self.must_sign()?;
        let bytes = unpack(watch)?;
        let (said, officer) = judge_watch(&bytes, round.trust.rosters(), self.wall().unix_ms())
            .map_err(|error| not_placed(&error.to_string()))?;
        self.of_this_desk(&said.desk, &said.exercise)?;
        self.may_place(&bytes, &said.key_statement)?;
        let verb = WatchVerb::from_wire(said.verb).ok_or_else(|| not_placed("it is no watch verb"))?;
        self.channels
            .attendance(&self.me)
            .permits(verb, &officer)
            .map_err(|why| not_placed(&why.to_string()))?;
        let seen = self.seen();
        let both = (self.seams.clock.as_ref(), self.seams.entropy.as_ref());
        let signed = self
            .pen
            .watch(&round.tip, &self.to_peer(), bytes, &seen, both)
            .map_err(|error| not_placed(&error.to_string()))?;
        self.place_officers(signed, round);
        Ok(Reply::Ready(Answer::Done {
            what: format!("{} by {}", verb.plain(), officer.name()),
        }))
    }

    /// Places a releaser's order.
    pub(super) fn order(&mut self, order: &str, round: &mut Round) -> Answered {
        self.must_sign()?;
        let bytes = unpack(order)?;
        let (said, officer) = judge_order(&bytes, round.trust.rosters(), self.wall().unix_ms())
            .map_err(|error| not_placed(&error.to_string()))?;
        self.of_this_desk(&said.desk, &said.exercise)?;
        self.may_place(&bytes, &said.key_statement)?;
        let verb = OrderVerb::from_wire(said.verb).ok_or_else(|| not_placed("it is no order"))?;
        if !said.channel.is_empty() && !self.has_charter(&said.channel, &round.trust) {
            return Err(not_placed(&format!(
                "no channel {} is chartered",
                hotline_core::text::inert_line(&said.channel).text
            )));
        }
        if verb == OrderVerb::Restore {
            self.may_restore(&said)?;
        }
        if verb == OrderVerb::Rekey {
            self.may_rekey(&said, &round.trust)
                .map_err(|why| not_placed(&why))?;
        }
        let seen = self.seen();
        let both = (self.seams.clock.as_ref(), self.seams.entropy.as_ref());
        let signed = self
            .pen
            .lifecycle(&round.tip, &self.to_peer(), bytes, &seen, both)
            .map_err(|error| not_placed(&error.to_string()))?;
        self.place_officers(signed, round);
        Ok(Reply::Ready(Answer::Done {
            what: format!("{verb} signed by {}", officer.name()),
        }))
    }

    /// A restoration lifts something that stands, and agrees only to one of the other side.
    fn may_restore(&self, said: &hotline_audit::statement::OfficerOrder) -> Result<(), Refusal> {
        let stands = if said.channel.is_empty() {
            self.channels.orders.all().any(Order::stops)
        } else {
            !self.channels.ordered(&said.channel).is_empty()
        };
        if !stands {
            return Err(not_placed("nothing is suspended or severed there"));
        }
        let Some(reference) = &said.consents_to else {
            return Ok(());
        };
        let hash = hotline_core::id::Hash32(reference.sha256.0);
        let first = self
            .channels
            .orders
            .by_hash(hash)
            .filter(|first| first.verb == OrderVerb::Restore && first.desk != self.me);
        if first.is_none() {
            return Err(not_placed(
                "the order it agrees to is no RESTORE of the other side",
            ));
        }
        Ok(())
    }

    /// Places a charter: terms that a releaser of ours consents to, with every consent to the same terms that is held.
    pub(super) fn open_channel(&mut self, terms: &str, consent: &str, round: &mut Round) -> Answered {
        self.must_sign()?;
        let (terms, consent) = (unpack(terms)?, unpack(consent)?);
        let read = CharterTerms::decode(&terms).map_err(|error| not_placed(&error.to_string()))?;
        self.check_terms(&read, &round.trust)?;
        let given = hotline_audit::verify_consent(&consent, round.trust.rosters(), self.wall().unix_ms())
            .map_err(|error| not_placed(&error.to_string()))?;
        let officer: Identity = given
            .officer
            .parse()
            .map_err(|_| not_placed("the consent names no officer"))?;
        if !given.roles.contains(&OfficerRole::Releaser.to_wire()) || officer.domain() != self.me.domain() {
            return Err(not_placed(&format!("{officer} is no RELEASER of this side")));
        }
        if given.said.terms_sha256 != Hash::of(&terms) {
            return Err(not_placed("the consent is to other terms"));
        }
        let mut consents = vec![consent];
        let theirs = self
            .channels
            .charters
            .proposed(&read.channel)
            .into_iter()
            .filter(|state| state.bytes == terms)
            .flat_map(|state| &state.consents)
            .filter(|(side, _)| side.as_str() != self.me.domain().as_str())
            .map(|(_, (_, bytes))| bytes.clone());
        consents.extend(theirs);
        let signed_by_both = consents.len() > 1;
        let seen = self.seen();
        let both = (self.seams.clock.as_ref(), self.seams.entropy.as_ref());
        let signed = self
            .pen
            .charter(&round.tip, &self.to_peer(), (terms, consents), &seen, both)
            .map_err(|error| not_placed(&error.to_string()))?;
        self.place_officers(signed, round);
        let what = if signed_by_both {
            format!(
                "{} is open: a releaser of both sides signed its charter",
                read.channel
            )
        } else {
            format!(
                "the charter of {} is proposed; it is open once a releaser of {} consents",
                read.channel,
                self.config.peer.domain()
            )
        };
        Ok(Reply::Ready(Answer::Done { what }))
    }

    fn check_terms(&self, terms: &CharterTerms, trust: &Directory) -> Result<(), Refusal> {
        let mut sides = [
            self.me.domain().to_string(),
            self.config.peer.domain().to_string(),
        ];
        sides.sort();
        if !is_channel(&terms.channel) {
            return Err(not_placed(
                "a channel is called by 1 to 32 of A-Z, 0-9 and hyphen, like MARITIME",
            ));
        }
        if terms.sides != sides || terms.exercise != self.pen.exercise {
            return Err(not_placed("the terms are of another line or exercise"));
        }
        if self.has_charter(&terms.channel, trust) {
            return Err(not_placed(&format!("{} is chartered already", terms.channel)));
        }
        Ok(())
    }

    fn of_this_desk(&self, desk: &str, exercise: &str) -> Result<(), Refusal> {
        if desk == self.me.to_string() && exercise == self.pen.exercise {
            return Ok(());
        }
        Err(not_placed("it was signed for another desk or exercise"))
    }

    fn may_place(&self, signed: &[u8], key: &Hash) -> Result<(), Refusal> {
        self.channels
            .may_place(signed, key)
            .map_err(|why| not_placed(&why.to_string()))
    }

    fn to_peer(&self) -> Address {
        Address {
            to: vec![self.config.peer.clone()],
            conversation: None,
        }
    }

    /// Places a statement of ours that officers signed inside. It counts from here on: what is asked later in this round
    /// is judged under it. A round that is not stored takes it back with everything else.
    fn place_officers(&mut self, signed: Signed, round: &mut Round) {
        let payload = signed.payload.clone();
        let hash = signed.hash;
        self.place_own(signed, Precedence::Immediate, BTreeSet::new(), round);
        self.note_early(hash, &payload, None, round);
    }

    /// Takes an order or charter in before its round is stored: nothing that it stops leaves in the same round.
    pub(super) fn note_early(
        &mut self,
        hash: Hash,
        payload: &Payload,
        leg: Option<hotline_core::leg::Leg>,
        round: &Round,
    ) {
        let behind = round.placed.len().saturating_sub(1) as u64;
        let at = Provenance {
            hash,
            index: self.ledger.head().size + behind,
            stored: self.wall(),
            leg,
        };
        // Who had no right to sign it is told once it is stored.
        let _ = self.note_in_channels(&at, payload, round.trust.rosters());
    }

    /// Takes a statement into what is known of channels and people.
    pub(super) fn note_in_channels(
        &mut self,
        at: &Provenance,
        payload: &Payload,
        rosters: &RosterSet,
    ) -> Result<(), Rejected> {
        let taken = Taken::Now {
            wall_ms: self.wall().unix_ms(),
            line: self.line(),
        };
        self.channels.note(at, payload, rosters, taken)
    }

    /// Whether a channel has a charter that both sides signed: in the trust folders, or over the line.
    pub(super) fn has_charter(&self, channel: &str, trust: &Directory) -> bool {
        trust.has_charter(channel) || self.channels.charters.signed(channel).is_some()
    }

    /// Refuses a release that an order stands against, with who, when, why and until when. Nothing is queued for later.
    pub(super) fn check_orders(
        &self,
        message: &hotline_audit::statement::Message,
        judged: &JudgedMessage,
    ) -> Result<(), Refusal> {
        let channel = message.channel.as_str();
        let political = self.channels.political_axis(channel, self.wall()).state;
        if passes(political, judged.draft.class, message.safety_of_life) {
            return Ok(());
        }
        let stops = if political == Political::Severed {
            OrderVerb::Sever
        } else {
            OrderVerb::Suspend
        };
        let orders = self.channels.standing(channel, self.wall());
        let why: Vec<String> = orders
            .iter()
            .filter(|order| order.verb == stops)
            .map(|order| format!("{} ({})", order.plain(), order.claimed.dtg()))
            .collect();
        let help = match (political, message.safety_of_life) {
            (Political::Suspended, false) => {
                "hotline channel restore asks to lift it; a message that saves lives passes with --safety-of-life"
            }
            _ => "hotline channel restore asks to lift it; SERVICE and TEST messages pass",
        };
        Err(refusal(
            11,
            1,
            format!(
                "could not release: {}; nothing was queued",
                hotline_core::text::inert_line(&why.join("; ")).text
            ),
            help,
        ))
    }
}

fn unpack(text: &str) -> Result<Vec<u8>, Refusal> {
    data_encoding::BASE64
        .decode(text.as_bytes())
        .map_err(|error| not_placed(&format!("what was signed is not base64: {error}")))
}

fn not_placed(what: &str) -> Refusal {
    refusal(
        12,
        1,
        format!("was not placed: {what}"),
        "hotline status shows the watch, orders and charters",
    )
}
