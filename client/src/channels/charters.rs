//! Charters that came over the line: proposed by one side, signed by both.
//!
//! Each desk's statement carries the terms as exact bytes and the consents that its desk holds. A charter is signed once
//! a releaser of each side consented to the same bytes, in whichever statements.

use std::collections::BTreeMap;

use hotline_audit::{
    Hash, check,
    key::RosterSet,
    statement::{Charter, CharterTerms},
};
use hotline_core::{identity::Identity, time::WallTime, words::OfficerRole};

use super::is_channel;
use crate::{book::Provenance, ended_keys::EndedKeys};

/// Terms that are remembered of each side that proposed them. 256: far beyond the channels of two ministries; what one side
/// proposes without end takes no place of the other's.
const TERMS_MAX: usize = 256;

/// Terms that somebody consented to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CharterState {
    /// What they say.
    pub terms: CharterTerms,
    /// Their exact bytes.
    pub bytes: Vec<u8>,
    /// By trust domain: who consented, and the exact bytes of the consent.
    pub consents: BTreeMap<String, (String, Vec<u8>)>,
    /// The desk whose statement brought them first.
    pub proposed_by: String,
    /// When that was stored here.
    pub stored: WallTime,
    /// SHA-256 of that statement.
    pub statement: Hash,
}

impl CharterState {
    /// Whether a releaser of each side signed.
    #[must_use]
    pub fn signed(&self) -> bool {
        self.terms
            .sides
            .iter()
            .all(|side| self.consents.contains_key(side))
    }
}

/// All terms, by the hash of their bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Charters {
    known: BTreeMap<Hash, CharterState>,
}

impl Charters {
    /// Takes in a statement: the consents of releasers to exactly these terms. Consents are agreements of the past: the
    /// signature and the role count, made inside the key's time, not today's clock. `ended` knows those that came first after
    /// their key had ended.
    pub fn note(&mut self, charter: &Charter, at: &Provenance, rosters: &RosterSet, ended: &EndedKeys) {
        let Ok(terms) = CharterTerms::decode(&charter.terms) else {
            return;
        };
        let hash = Hash::of(&charter.terms);
        let full = !self.known.contains_key(&hash) && self.is_full(&charter.header.sender);
        if full || !is_channel(&terms.channel) || terms.exercise != charter.header.exercise {
            return;
        }
        let consents: Vec<(String, String, &Vec<u8>)> = charter
            .consents
            .iter()
            .filter_map(|bytes| {
                let given = check::verify_consent_made(bytes, rosters).ok()?;
                let releaser = given.roles.contains(&OfficerRole::Releaser.to_wire());
                let side = given.officer.parse::<Identity>().ok()?.domain().to_string();
                let fits = given.said.terms_sha256 == hash && terms.sides.contains(&side);
                let signed = (bytes.as_slice(), &given.said.key_statement);
                let void = ended.voids(signed, (at.index, at.stored), rosters);
                (releaser && fits && !void).then_some((side, given.officer, bytes))
            })
            .collect();
        if consents.is_empty() {
            return;
        }
        let state = self.known.entry(hash).or_insert_with(|| CharterState {
            terms,
            bytes: charter.terms.clone(),
            consents: BTreeMap::new(),
            proposed_by: charter.header.sender.clone(),
            stored: at.stored,
            statement: at.hash,
        });
        for (side, officer, bytes) in consents {
            state
                .consents
                .entry(side)
                .or_insert_with(|| (officer, bytes.clone()));
        }
    }

    /// Whether as many terms as are remembered of one side were proposed by the side of this desk.
    fn is_full(&self, desk: &str) -> bool {
        let side = |desk: &str| {
            desk.parse::<Identity>()
                .ok()
                .map(|desk| desk.domain().to_string())
        };
        let proposing = side(desk);
        let of_side = self
            .known
            .values()
            .filter(|state| side(&state.proposed_by) == proposing);
        of_side.count() >= TERMS_MAX
    }

    /// Whether a consent, by its exact bytes, is counted already.
    #[must_use]
    pub fn counts(&self, consent: &[u8]) -> bool {
        self.known
            .values()
            .flat_map(|state| state.consents.values())
            .any(|(_, bytes)| bytes == consent)
    }

    /// All terms that somebody consented to.
    pub fn all(&self) -> impl Iterator<Item = &CharterState> {
        self.known.values()
    }

    /// The charter of a channel that both sides signed.
    #[must_use]
    pub fn signed(&self, channel: &str) -> Option<&CharterState> {
        self.of(channel).find(|state| state.signed())
    }

    /// Terms of a channel that wait for a side's consent, the oldest first.
    #[must_use]
    pub fn proposed(&self, channel: &str) -> Vec<&CharterState> {
        let mut open: Vec<&CharterState> = self.of(channel).filter(|state| !state.signed()).collect();
        open.sort_by_key(|state| state.stored);
        open
    }

    fn of(&self, channel: &str) -> impl Iterator<Item = &CharterState> {
        self.known
            .values()
            .filter(move |state| state.terms.channel == channel)
    }
}
