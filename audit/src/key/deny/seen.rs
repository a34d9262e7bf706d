//! What a reader remembers of a deny-list, and what it makes of orders that it sees for the first time.

use std::collections::BTreeSet;

use super::{Denial, DenyError, DenyHead, DenyList};
use crate::hash::Hash;
use crate::key::{EndedBy, KeyRefusal, Roster};

impl DenyList {
    /// Refuses a list that lacks an order which has been seen, or has another one in its place.
    ///
    /// # Errors
    /// [`DenyError::Older`].
    pub fn check_holds(&self, seen: &DenyHead) -> Result<(), DenyError> {
        let held = seen.number.checked_sub(1).map(|place| {
            usize::try_from(place)
                .ok()
                .and_then(|place| self.denials.get(place))
        });
        match held {
            None => Ok(()),
            Some(Some(held)) if held.hash == seen.hash => Ok(()),
            Some(_) => Err(DenyError::Older {
                trust_domain: self.trust_domain.clone(),
                number: seen.number,
            }),
        }
    }

    /// The newest order that ends somebody. Those behind it end nobody, and others may come in their place.
    #[must_use]
    pub fn head(&self) -> DenyHead {
        let newest = self.counting().last();
        DenyHead {
            number: newest.map_or(0, |newest| newest.order.number),
            hash: newest.map_or(Hash::ZERO, |newest| newest.hash),
        }
    }

    /// Numbers of the orders behind `held` that prove nothing to whoever sees them now for the first time: a key of their
    /// two officers is not valid by this clock, or the roster has ended it. Whoever holds an old key can write any time
    /// into an order.
    #[must_use]
    pub fn unproven(&self, roster: &Roster, held: u64, now_ms: u64) -> BTreeSet<u64> {
        let proves = |key: &Hash| standing(roster, key, now_ms) == Standing::Good;
        self.denials
            .iter()
            .filter(|denial| denial.order.number > held && !denial.keys.iter().all(proves))
            .map(|denial| denial.order.number)
            .collect()
    }

    /// Whether an order can prove nothing by this clock or any later one: the roster has ended a key of its two officers,
    /// or that key's time is over. A key that is not valid yet is no such thing: this clock may be the one that is wrong.
    #[must_use]
    pub fn is_over(denial: &Denial, roster: &Roster, now_ms: u64) -> bool {
        let over = |key: &Hash| standing(roster, key, now_ms) == Standing::Over;
        denial.keys.iter().any(over)
    }

    /// Has these orders keep their place and end nobody.
    #[must_use]
    pub fn without(mut self, void: BTreeSet<u64>) -> DenyList {
        self.void = void;
        self
    }

    /// Numbers of the orders that keep their place and end nobody.
    #[must_use]
    pub fn void(&self) -> &BTreeSet<u64> {
        &self.void
    }

    /// The orders that end somebody.
    pub fn counting(&self) -> impl Iterator<Item = &Denial> {
        self.denials
            .iter()
            .filter(|denial| !self.void.contains(&denial.order.number))
    }
}

/// What a key proves about an order that is seen for the first time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Good,
    /// Not valid yet.
    Early,
    /// Its time is over, or the roster has ended it.
    Over,
}

fn standing(roster: &Roster, key: &Hash, now_ms: u64) -> Standing {
    let Some(key) = roster.by_hash(key) else {
        return Standing::Over;
    };
    let ended = key.revoked.as_ref();
    if ended.is_some_and(|revoked| revoked.by == EndedBy::Roster) {
        return Standing::Over;
    }
    match key.check_validity(now_ms) {
        Ok(()) => Standing::Good,
        Err(KeyRefusal::NotYetValid { .. }) => Standing::Early,
        Err(_) => Standing::Over,
    }
}
