//! What a reader remembers of a deny-list, and what it makes of orders that it sees for the first time.

use std::collections::BTreeSet;

use super::{Denial, DenyError, DenyHead, DenyList};
use crate::hash::Hash;
use crate::key::{EndedBy, Roster};

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

    /// The newest order.
    #[must_use]
    pub fn head(&self) -> DenyHead {
        DenyHead {
            number: self.denials.len() as u64,
            hash: self.denials.last().map_or(Hash::ZERO, |last| last.hash),
        }
    }

    /// Numbers of the orders behind `held` that prove nothing to whoever sees them now for the first time: a key of their
    /// two officers is not valid by this clock, or the roster has ended it. Whoever holds an old key can write any time
    /// into an order.
    #[must_use]
    pub fn unproven(&self, roster: &Roster, held: u64, now_ms: u64) -> BTreeSet<u64> {
        let proves = |key: &Hash| {
            roster.by_hash(key).is_some_and(|key| {
                let ended = key
                    .revoked
                    .as_ref()
                    .is_some_and(|revoked| revoked.by == EndedBy::Roster);
                !ended && key.check_validity(now_ms).is_ok()
            })
        };
        self.denials
            .iter()
            .filter(|denial| denial.order.number > held && !denial.keys.iter().all(proves))
            .map(|denial| denial.order.number)
            .collect()
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
