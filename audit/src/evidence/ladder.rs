//! Finding the life of one message in the evidence: each rung of its ladder, by whom, where it stands, and who holds it.

use super::Evidence;
use super::codes::{ANSWERS, FUNCTIONS, PRECEDENCES, RUNGS, SERVICES, word};
use super::life::{Fact, Life, NOT_OPENED, OF_LOGS, Standing};
use super::names;
use super::release::Released;
use super::statements::Known;
use super::timeline::{Naming, domain_of};
use crate::check::Parts;
use crate::hash::Hash;
use crate::opening::{Opening, OpeningFile};
use crate::statement::{Message, Payload};

impl Evidence<'_> {
    /// The life of one message.
    pub(super) fn life(&self, known: &Known, message: &Message, naming: &Naming) -> Life {
        let header = &message.header;
        let mut facts = vec![self.released(known, message)];
        facts.extend(self.accepted(known));
        facts.extend(self.cosigned(known));
        let naming = naming.of(&known.verified.hash);
        let naming = naming.iter().filter_map(|hash| self.statements.get(hash));
        facts.extend(naming.flat_map(|other| self.facts_in(other, known, message)));
        let (text, disclosed_by) = self.text_of(&known.verified.hash, message);
        Life {
            sha256: known.verified.hash,
            id: data_encoding::HEXLOWER.encode(&header.id),
            name: names::name(&self.prefixes, message),
            sender: header.sender.clone(),
            recipients: header.recipients.iter().map(|to| to.identity.clone()).collect(),
            precedence: word(&PRECEDENCES, message.precedence),
            claimed_ms: header.claimed_time_ms,
            text,
            disclosed_by,
            not_opened_at: not_opened_at(&facts),
            acknowledged_then_insufficient: insufficient_later(&facts),
            facts,
            held_by: self.held_by(known),
        }
    }

    /// RELEASED by officers; what a desk signed without a RELEASER is SIGNED, and climbs nothing.
    fn released(&self, known: &Known, message: &Message) -> Fact {
        let Released { by_releaser, text } = Released::of(known, message);
        let rung = if by_releaser { "RELEASED" } else { "SIGNED" };
        let mut fact = self.fact(rung, &message.header.sender, text, known);
        fact.standing = fact.standing.and(by_releaser, false);
        fact
    }

    /// Relays that have it: in their logs, or by an acceptance that somebody kept.
    fn accepted(&self, known: &Known) -> Vec<Fact> {
        let mut facts: Vec<Fact> = Vec::new();
        for stands in &known.stands {
            let Some(copy) = self.copies.get(stands.copy) else {
                continue;
            };
            let Some(relay) = relay_of(&copy.origin) else {
                continue;
            };
            let how = match &copy.mirror {
                None => format!("entry #{} of its log", stands.index),
                Some(mirror) => format!("entry #{} of its log, as {mirror} holds it", stands.index),
            };
            facts.push(self.fact("ACCEPTED", &relay, how, known));
        }
        for accepted in self.accepted.get(&known.verified.hash).into_iter().flatten() {
            let relay = relay_of(&accepted.origin).unwrap_or_default();
            let how = format!(
                "entry #{} of its log, by the acceptance that {} kept",
                accepted.index, accepted.side
            );
            facts.push(self.fact("ACCEPTED", &relay, how, known));
        }
        facts.sort_by(|a, b| a.who.cmp(&b.who));
        facts.dedup_by(|b, a| a.who == b.who);
        facts
    }

    /// Cosignatures of others than the sender's side over a tree that holds it; by a mirror it proves that the bytes are
    /// there.
    fn cosigned(&self, known: &Known) -> Vec<Fact> {
        let own = domain_of(&known.verified.header().sender);
        let mut facts: Vec<Fact> = Vec::new();
        for stands in &known.stands {
            for by in self.index.earliest(stands.copy, stands.index, own) {
                let Some((note, by)) = self.cosignature(by) else {
                    continue;
                };
                let rung = if by.mirror { "PEER_HELD" } else { "COSIGNED" };
                let text = format!("{} at {} entries", note.checkpoint.origin, note.checkpoint.size);
                let mut fact = self.fact(rung, &by.name, text, known);
                fact.claimed_ms = Some(by.time_s.saturating_mul(1000));
                facts.push(fact);
            }
        }
        facts.sort_by(|a, b| (&a.who, a.claimed_ms).cmp(&(&b.who, b.claimed_ms)));
        facts.dedup_by(|b, a| a.who == b.who);
        facts
    }

    /// What one statement says about the message.
    fn facts_in(&self, other: &Known, known: &Known, message: &Message) -> Vec<Fact> {
        let hash = known.verified.hash;
        let named = |identity: &str| message.header.recipients.iter().any(|to| to.identity == identity);
        let action = |identity: &str| {
            message
                .header
                .recipients
                .iter()
                .any(|to| to.identity == identity && to.kind == 1)
        };
        let signer = &other.verified.header().sender;
        let mine = *signer == message.header.sender;
        match (&other.verified.payload, &other.parts) {
            (Payload::Receipt(receipt), _) => {
                let about = receipt.items.iter().filter(|item| item.sha256 == hash);
                about
                    .map(|item| {
                        let text = format!("first copy over {}", item.leg);
                        let rung = word(&RUNGS, receipt.rung);
                        let may = named(signer) && receipt.subject == message.header.sender;
                        let mut fact = self.fact(rung, signer, text, other);
                        fact.standing = fact.standing.and(may, receipt.rung == 6);
                        fact
                    })
                    .collect()
            }
            (Payload::Act(_), Parts::Act(by)) if by.said.message.sha256 == hash => {
                let rung = word(&RUNGS, by.said.rung);
                let own_word = [24, 25].contains(&by.said.rung);
                let mut fact = self.fact(rung, &by.officer, by.said.text.clone(), other);
                let may = if own_word {
                    mine
                } else {
                    action(signer) && has_role(&by.roles, &[WATCH_OFFICER, DUTY_OFFICER])
                };
                fact.standing = fact.standing.and(may, false);
                vec![fact]
            }
            (Payload::Annex(_), Parts::Annex(by)) if by.said.message.sha256 == hash => {
                let rung = word(&RUNGS, by.said.done.kind());
                let mut fact = self.fact(rung, &by.officer, String::new(), other);
                let role = if rung == "TRANSLATED" {
                    TRANSLATOR
                } else {
                    DUTY_OFFICER
                };
                fact.standing = fact
                    .standing
                    .and(named(signer) && has_role(&by.roles, &[role]), false);
                vec![fact]
            }
            (Payload::Message(reply), _) => {
                let refers = reply.refers_to.as_ref().is_some_and(|named| named.sha256 == hash);
                if !refers {
                    return Vec::new();
                }
                let (rung, text) = match (reply.function, reply.answer) {
                    (5, _) => ("CANCELLED", String::new()),
                    (_, 0) => ("REFERRED_TO", word(&FUNCTIONS, reply.function).to_owned()),
                    (_, answer) => ("ANSWERED", word(&ANSWERS, answer).to_owned()),
                };
                let released = Released::of(other, reply);
                let mut fact = self.fact(rung, signer, text, other);
                let may = action(signer) || (mine && rung != "ANSWERED");
                fact.standing = fact.standing.and(may && released.by_releaser, false);
                if !released.by_releaser {
                    fact.text = format!("{rung} {}, {}", fact.text, released.text);
                    fact.rung = "SIGNED".to_owned();
                }
                if mine {
                    fact.rung = format!("SENDER_{rung}");
                }
                vec![fact]
            }
            (Payload::Service(service), _) => {
                let rung = word(&SERVICES, service.kind);
                let mut fact = self.fact(rung, signer, service.text.clone(), other);
                let may = match rung {
                    NOT_OPENED => named(signer),
                    "NON_DELIVERY" => mine,
                    _ => mine || named(signer),
                };
                fact.standing = fact.standing.and(may, false);
                vec![fact]
            }
            _ => Vec::new(),
        }
    }

    fn fact(&self, rung: &str, who: &str, text: String, said_in: &Known) -> Fact {
        let header = said_in.verified.header();
        let stands = said_in.stands.iter().filter_map(|stands| {
            let copy = self.copies.get(stands.copy)?;
            copy.mirror.is_none().then(|| (copy.origin.clone(), stands.index))
        });
        Fact {
            rung: rung.to_owned(),
            who: who.to_owned(),
            standing: if said_in.doubtful && !OF_LOGS.contains(&rung) {
                Standing::Review
            } else {
                Standing::Proved
            },
            text,
            claimed_ms: Some(header.claimed_time_ms),
            after: self.after(said_in),
            before: self.before(said_in),
            statement: said_in.verified.hash,
            place: Some((header.epoch, header.sequence)),
            held_by: self.held_by(said_in),
            stands: stands.collect(),
        }
    }

    /// The words, from the statement itself, or from openings that fit it and the sides that disclose them.
    fn text_of(&self, hash: &Hash, message: &Message) -> (Option<String>, Vec<String>) {
        if let Ok(opening) = Opening::in_the_clear(&message.content) {
            return (Some(opening.text), Vec::new());
        }
        let path = format!("openings/{hash}.json");
        let (mut text, mut by) = (None, Vec::new());
        for bundle in &self.bundles {
            let file = bundle.files().get(&path);
            let file = file.and_then(|bytes| OpeningFile::parse(bytes).ok());
            let fits = |file: &OpeningFile| file.statement == *hash && file.opening.fits(&message.content);
            if let Some(file) = file.filter(fits) {
                text = Some(file.opening.text);
                by.push(bundle.manifest.side.clone());
            }
        }
        (text, by)
    }
}

fn has_role(roles: &[u32], wanted: &[u32]) -> bool {
    roles.iter().any(|role| wanted.contains(role))
}

/// Desks that got it and could not read it.
fn not_opened_at(facts: &[Fact]) -> Vec<String> {
    let signed = |rung: &'static str, who: &str| {
        facts
            .iter()
            .any(|fact| fact.rung == rung && fact.who == who && fact.standing.counts())
    };
    let mut desks: Vec<String> = facts
        .iter()
        .filter(|fact| signed(NOT_OPENED, &fact.who) && !signed("DELIVERED", &fact.who))
        .map(|fact| fact.who.clone())
        .collect();
    desks.sort();
    desks.dedup();
    desks
}

/// One desk's own chain orders what it placed.
fn insufficient_later(facts: &[Fact]) -> bool {
    let of = |rung: &'static str| {
        facts
            .iter()
            .filter(move |fact| fact.rung == rung && fact.standing == Standing::Proved)
    };
    of("ACKNOWLEDGED").any(|first| {
        of("INSUFFICIENT")
            .any(|later| domain_of(&first.who) == domain_of(&later.who) && later.place > first.place)
    })
}

fn relay_of(origin: &str) -> Option<String> {
    let identity = crate::key::subject_of_origin(origin);
    let is_relay = crate::key::Subject::parse(&identity).is_some_and(|subject| subject.role == "relay");
    is_relay.then_some(identity)
}

/// The statements that this one names by their hash.
pub(super) fn named_by(known: &Known) -> Vec<Hash> {
    match (&known.verified.payload, &known.parts) {
        (Payload::Receipt(receipt), _) => receipt.items.iter().map(|item| item.sha256).collect(),
        (Payload::Act(_), Parts::Act(by)) => vec![by.said.message.sha256],
        (Payload::Annex(_), Parts::Annex(by)) => vec![by.said.message.sha256],
        (Payload::Message(message), _) => message.refers_to.iter().map(|named| named.sha256).collect(),
        (Payload::Service(service), _) => service.refers_to.iter().map(|named| named.sha256).collect(),
        _ => Vec::new(),
    }
}

const WATCH_OFFICER: u32 = 3;
const TRANSLATOR: u32 = 4;
const DUTY_OFFICER: u32 = 5;
