//! Many seeds, on all cores: each thread plays one world at a time.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

/// Which worlds to play.
#[derive(Clone, Copy, Debug)]
pub struct Seeds {
    /// The first.
    pub first: u64,
    /// How many, counted upwards.
    pub count: u64,
}

/// What is done after a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The next one.
    GoOn,
    /// Worlds that have begun are played to their end; no other begins.
    Stop,
}

/// Plays every seed once, in no order, and adds what each came to, one at a time.
pub fn each<T>(seeds: Seeds, play: impl Fn(u64) -> T + Sync, add: impl FnMut(T) -> Then + Send) {
    let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let add = Mutex::new(add);
    let one_by_one = || {
        while !stop.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= seeds.count {
                return;
            }
            let ending = play(seeds.first.saturating_add(number));
            let mut add = add.lock().unwrap_or_else(PoisonError::into_inner);
            if add(ending) == Then::Stop {
                stop.store(true, Ordering::Relaxed);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(one_by_one);
        }
    });
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Seeds, Then, each};

    #[test]
    fn every_seed_is_played_once() {
        let mut played = Vec::new();
        let seeds = Seeds { first: 7, count: 500 };
        each(
            seeds,
            |seed| seed,
            |seed| {
                played.push(seed);
                Then::GoOn
            },
        );
        assert_eq!(played.len(), 500);
        assert_eq!(played.into_iter().collect::<BTreeSet<_>>(), (7..507).collect());
    }

    #[test]
    fn no_seed_begins_behind_a_stop() {
        let mut played = 0;
        let seeds = Seeds {
            first: 0,
            count: u64::MAX,
        };
        each(
            seeds,
            |seed| seed,
            |_| {
                played += 1;
                Then::Stop
            },
        );
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        assert!((1..=threads).contains(&played), "{played} of {threads} threads");
    }
}
