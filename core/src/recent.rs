//! The newest of something, bounded: the oldest is forgotten first.

use std::collections::{BTreeSet, VecDeque};

/// At most so many values, the newest; a value that is known already keeps its place.
#[derive(Debug, Clone)]
pub struct Recent<T> {
    most: usize,
    known: BTreeSet<T>,
    order: VecDeque<T>,
}

impl<T: Ord + Copy> Recent<T> {
    /// None yet, and never more than `most`.
    pub const fn at_most(most: usize) -> Self {
        Self {
            most,
            known: BTreeSet::new(),
            order: VecDeque::new(),
        }
    }

    /// Whether it came lately. "No" means nothing: it may have been forgotten.
    pub fn contains(&self, value: &T) -> bool {
        self.known.contains(value)
    }

    /// Remembers it.
    pub fn insert(&mut self, value: T) {
        if self.known.insert(value) {
            self.order.push_back(value);
        }
        if self.order.len() > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first_and_no_bound_is_passed() {
        let mut recent = Recent::at_most(100);
        for number in 0..=100 {
            recent.insert(number);
            recent.insert(number);
        }
        assert!(!recent.contains(&0));
        assert!(recent.contains(&1) && recent.contains(&100));
        assert_eq!((recent.known.len(), recent.order.len()), (100, 100));
    }
}
