//! What the copies that were handed in prove of the message itself: who signed which rung, and which copies hold it.

use hotline_audit::Hash;
use hotline_core::words::{Answer, Rung};

use crate::timeline::{Climb, Timeline, What};

/// Something that was signed about the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The rung or mark.
    pub rung: Rung,
    /// Who says so: a desk, `relay north`.
    pub who: String,
    /// The officer who signed it, if one did.
    pub officer: Option<String>,
    /// Of ANSWERED, with what.
    pub answer: Option<Answer>,
    /// What the officer said; may be empty.
    pub text: String,
    /// When, as its signer claims, milliseconds since 1970; `None` of a relay, whose log bears no times.
    pub claimed_ms: Option<u64>,
    /// SHA-256 of the statement.
    pub sha256: Hash,
    /// The copies that hold it, and where: `B/relay-south`.
    pub places: Vec<(String, u64)>,
}

/// Everything that was signed about a message, in the order of the ladder; each rung of each desk once.
pub(super) fn of(handed: &Timeline, message: &Hash) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    for climb in handed.climbs_of(message) {
        let Some(fact) = fact(handed, climb) else { continue };
        let known =
            |known: &Fact| (known.rung, &known.who, &known.officer) == (fact.rung, &fact.who, &fact.officer);
        if fact.rung != Rung::Closed && !facts.iter().any(known) {
            facts.push(fact);
        }
    }
    facts
}

fn fact(handed: &Timeline, climb: &Climb) -> Option<Fact> {
    let entry = handed.entries.get(climb.entry)?;
    let text = match &entry.what {
        What::Act(word) => word.text.clone(),
        _ => String::new(),
    };
    let accepted = climb.rung == Rung::Accepted;
    let of_relay = |log: &str| {
        let mut logs = handed.logs.iter();
        logs.any(|known| known.name == log && handed.name_of(&known.owner) == climb.desk)
    };
    let places = entry
        .places
        .iter()
        .filter(|place| !accepted || of_relay(&place.log));
    Some(Fact {
        rung: climb.rung,
        who: climb.desk.clone(),
        officer: climb.officer.clone(),
        answer: climb.answer,
        text,
        claimed_ms: (!accepted).then_some(entry.claimed_ms),
        sha256: entry.sha256,
        places: places.map(|place| (place.log.clone(), place.leaf)).collect(),
    })
}

impl Fact {
    /// Whether only the recipient's desk or one of its officers could sign it.
    #[must_use]
    pub const fn is_of_the_recipient(&self) -> bool {
        !matches!(self.rung, Rung::Drafted | Rung::Released | Rung::Accepted)
    }

    /// Whether it says that the message says too little.
    #[must_use]
    pub fn finds_insufficient(&self) -> bool {
        self.rung == Rung::Insufficient || self.answer == Some(Answer::Insufficient)
    }
}
