//! A bound on handshakes in progress, and on callers of a plain listener: strangers may wait, they may not pile up.
//!
//! One address gets at most half of the places, so that a single stalling source cannot lock everybody else out.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The handshakes in progress at one door, or the callers of a listener.
#[derive(Debug, Clone)]
pub struct Gate {
    places: usize,
    inside: Arc<Mutex<BTreeMap<IpAddr, usize>>>,
}

/// One place; free again when dropped.
#[derive(Debug)]
pub struct Pass {
    gate: Gate,
    from: IpAddr,
}

impl Gate {
    /// A bound of `places`.
    #[must_use]
    pub fn new(places: usize) -> Self {
        Self {
            places,
            inside: Arc::default(),
        }
    }

    /// Takes a place, if there is one for this address.
    #[must_use]
    pub fn enter(&self, from: IpAddr) -> Option<Pass> {
        let mut inside = self.lock();
        let all: usize = inside.values().sum();
        let same = inside.entry(from).or_default();
        if all >= self.places || *same >= self.places.div_ceil(2) {
            if *same == 0 {
                inside.remove(&from);
            }
            return None;
        }
        *same = same.saturating_add(1);
        Some(Pass {
            gate: self.clone(),
            from,
        })
    }

    /// Places taken.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.lock().values().sum()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<IpAddr, usize>> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut inside = self.gate.lock();
        if let Some(same) = inside.get_mut(&self.from) {
            *same = same.saturating_sub(1);
            if *same == 0 {
                inside.remove(&self.from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn one_address_cannot_take_every_place() {
        let gate = Gate::new(4);
        let (bad, good): (IpAddr, IpAddr) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        let held: Vec<Pass> = std::iter::repeat_with(|| gate.enter(bad))
            .map_while(|pass| pass)
            .collect();
        assert_eq!(held.len(), 2);
        let other = gate.enter(good).unwrap();
        drop(held);
        assert_eq!(gate.taken(), 1);
        assert!(gate.enter(bad).is_some());
        drop(other);
        assert_eq!(gate.taken(), 0);
    }
}
