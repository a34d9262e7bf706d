//! The life of one message: who signed which rung of its ladder, where that stands, and who holds it.

use super::codes::SERVICES;
use super::timeline::{After, Before, domain_of};
use crate::hash::Hash;

/// How much a fact is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The signature proves it.
    Proved,
    /// Somebody claims it of himself, and nobody else can tell: that something was on a screen.
    Claimed,
    /// Signed with a key that has ended since, and nobody can tell whether before: for people to review.
    Review,
    /// Signed by somebody who may not: it climbs nothing.
    Foreign,
}

impl Standing {
    /// With what the signer may say, and whether he says it of himself.
    pub(super) fn and(self, may: bool, of_oneself: bool) -> Standing {
        match (may, of_oneself) {
            (false, _) => Standing::Foreign,
            (true, true) if self == Standing::Proved => Standing::Claimed,
            (true, _) => self,
        }
    }

    /// Whether it is worth something by itself.
    pub(super) fn counts(self) -> bool {
        matches!(self, Standing::Proved | Standing::Claimed)
    }
}

/// One fact about a message.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Fact {
    /// Name of the rung: RELEASED, ACCEPTED, PEER_HELD, DELIVERED, …
    pub rung: String,
    /// Who signed it.
    pub who: String,
    /// Whether it is proved.
    pub standing: Standing,
    /// The words that go with it: a reason, the fields that lack, an answer.
    pub text: String,
    /// When, by the signer's clock, milliseconds since 1970 (UTC): a claim. For cosignatures, by the cosigner's.
    pub claimed_ms: Option<u64>,
    /// Not before.
    pub after: Option<After>,
    /// Not after.
    pub before: Option<Before>,
    /// Hash of the statement that says it; of the message itself for what logs say of it.
    pub statement: Hash,
    /// Chain epoch and sequence of that statement, by which facts of one desk are ordered.
    pub place: Option<(u64, u64)>,
    /// Sides whose own logs hold that statement.
    pub held_by: Vec<String>,
    /// Where it stands: log and index.
    pub stands: Vec<(String, u64)>,
}

/// The life of one message.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Life {
    /// Hash of its bytes.
    pub sha256: Hash,
    /// Its id, hex.
    pub id: String,
    /// `A-0017`.
    pub name: String,
    /// The desk that sent it.
    pub sender: String,
    /// The desks that it names.
    pub recipients: Vec<String>,
    /// Precedence, RFC 6477: 0 DEFERRED to 5 OVERRIDE.
    pub precedence: &'static str,
    /// When it was signed, by its sender's clock, milliseconds since 1970 (UTC).
    pub claimed_ms: u64,
    /// Its words, where they are in the clear or were opened and fit what its sender committed to.
    pub text: Option<String>,
    /// Sides whose bundles disclose words that are sealed; empty where they are in the clear.
    pub disclosed_by: Vec<String>,
    /// Desks that signed NOT_OPENED and no DELIVERED: whatever is disclosed, they have not read it.
    pub not_opened_at: Vec<String>,
    /// Every fact, in an order that nothing contradicts.
    pub facts: Vec<Fact>,
    /// True when it was acknowledged, and the same desk found it insufficient later.
    pub acknowledged_then_insufficient: bool,
    /// Sides whose own logs hold the message.
    pub held_by: Vec<String>,
}

impl Fact {
    /// What relays and cosigners say of the bytes, and no desk of what it got.
    pub(super) fn is_of_logs(&self) -> bool {
        OF_LOGS.contains(&self.rung.as_str())
    }

    /// What a desk says of itself and not of what it got. NOT_OPENED alone says that something came.
    fn is_of_oneself(&self) -> bool {
        self.rung != NOT_OPENED && SERVICES.iter().any(|(_, name)| *name == self.rung)
    }
}

impl Life {
    /// Facts of this rung that count.
    pub(super) fn counting<'a>(&'a self, rung: &'a str) -> impl Iterator<Item = &'a Fact> {
        self.facts
            .iter()
            .filter(move |fact| fact.rung == rung && fact.standing.counts())
    }

    /// What desks and officers of those whom it names have signed about it: each of them proves that it came. What its
    /// own sender says behind it proves nothing about that.
    pub(super) fn answers(&self) -> impl Iterator<Item = &Fact> {
        self.of_others().filter(|fact| fact.standing.counts())
    }

    /// Of these what only somebody signs who could read it.
    pub(super) fn read(&self) -> impl Iterator<Item = &Fact> {
        self.answers().filter(|fact| fact.rung != NOT_OPENED)
    }

    /// Answers that a thief may have signed.
    pub(super) fn doubtful_answers(&self) -> impl Iterator<Item = &Fact> {
        self.of_others().filter(|fact| fact.standing == Standing::Review)
    }

    fn of_others(&self) -> impl Iterator<Item = &Fact> {
        let own = domain_of(&self.sender);
        let said = move |fact: &&Fact| !fact.is_of_logs() && !fact.is_of_oneself();
        self.facts
            .iter()
            .filter(move |fact| domain_of(&fact.who) != own && said(fact))
    }
}

/// What relays and cosigners say of the bytes.
pub(super) const OF_LOGS: [&str; 3] = ["ACCEPTED", "PEER_HELD", "COSIGNED"];

/// What a desk signs in place of DELIVERED where the words did not open.
pub(super) const NOT_OPENED: &str = "NOT_OPENED";
