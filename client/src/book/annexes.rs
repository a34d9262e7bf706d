//! Annexes in the book: they climb a rung, and translations are kept beside their message.

use hotline_audit::{
    Hash,
    statement::{Annex, Reference},
};
use hotline_core::{
    ladder::{Fact, Signer},
    time::WallTime,
};

use super::{Book, Change, Letter, Provenance, climb};
use crate::{
    judge::{self, JudgedAnnex, Rejected},
    seal::Words,
    translation::Translation,
    verdict::Verdict,
};

/// What was signed about a message that has not come yet, or has.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// The fact for its ladder.
    pub(super) fact: Fact,
    /// The translation that the fact is about.
    pub(super) translation: Option<Translation>,
    /// The message that an annex names. Its hash alone would find the message, and what is signed is the whole name.
    pub(super) named: Option<Reference>,
}

impl From<Fact> for Said {
    fn from(fact: Fact) -> Self {
        Self {
            fact,
            translation: None,
            named: None,
        }
    }
}

impl Said {
    /// Takes it in. A translation is kept only if the ladder takes its fact: that of a stranger is shown nowhere.
    pub(super) fn take_in(self, letter: &mut Letter, statement: Hash, changes: &mut Vec<Change>) {
        if self.named.is_some_and(|named| !names(&named, letter)) {
            changes.push(Change::Foreign {
                statement,
                why: "it names another message than its hash does".into(),
            });
            return;
        }
        let taken = climb(letter, self.fact, statement, changes);
        if let (true, Some(translation)) = (taken, self.translation) {
            letter.translations.add(translation);
        }
    }
}

impl Book {
    /// Adds an officer's annex that was judged.
    pub fn add_annex(&mut self, at: &Provenance, judged: Result<JudgedAnnex, Rejected>) -> Vec<Change> {
        let judged = match judged {
            Ok(judged) => judged,
            Err(error) => {
                return vec![Change::Foreign {
                    statement: at.hash,
                    why: error.to_string(),
                }];
            }
        };
        let mut changes = Vec::new();
        let said = Said {
            translation: Translation::of(&judged, at.hash, at.stored),
            fact: fact(at, &judged),
            named: Some(judged.message.clone()),
        };
        self.say(judged.message.sha256, said, at.hash, &mut changes);
        changes
    }

    /// Reads an annex of our own ledger again.
    pub(super) fn recall_annex(
        &mut self,
        at: &Provenance,
        said: (&Annex, Option<&Words>),
        against: Option<&Verdict>,
    ) -> Vec<Change> {
        let judged = if said.0.header.sender == self.me.to_string() {
            judge::recall_annex(said, &self.rosters)
        } else {
            judge::recall_their_annex(said, &self.rosters, at.stored.unix_ms())
        };
        let judged = judged.and_then(|judged| match against {
            Some(verdict) => Err(Rejected::AsItCame(verdict.why.clone())),
            None => Ok(judged),
        });
        self.add_annex(at, judged)
    }
}

/// Whether a reference with this message's hash names its sender and id, too.
pub(crate) fn names(reference: &Reference, letter: &Letter) -> bool {
    let header = &letter.message.header;
    reference.sender == header.sender && reference.id == header.id
}

/// The fact that an annex is for the ladder.
pub(crate) fn fact(at: &Provenance, judged: &JudgedAnnex) -> Fact {
    Fact {
        arrived: at.stored,
        claimed: WallTime::from_unix_ms(judged.claimed_ms),
        rung: judged.said.rung(),
        signer: Signer::Officer {
            identity: judged.officer.clone(),
            roles: judged.roles.clone(),
            desk: judged.desk.clone(),
        },
        answer: None,
        text: judged.said.on_ladder(),
        leg: at.leg.clone(),
        place: judged.place,
    }
}

#[cfg(test)]
mod tests;
