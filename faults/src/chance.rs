//! Seeded chance: every throw of a simulated world comes from here, so that a seed is a whole story.
//!
//! xoshiro256++ behind SplitMix64 seeding (Blackman and Vigna, public domain). It is no source of secrets.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hotline_transport::Entropy;

/// Dice that fall the same way for the same seed.
#[derive(Clone, Debug)]
pub struct Dice {
    state: [u64; 4],
}

impl Dice {
    /// Dice of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut mix = seed;
        let state = std::array::from_fn(|_| {
            mix = mix.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = mix;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        });
        Self { state }
    }

    /// Dice of their own for one purpose: throws here do not move theirs.
    #[must_use]
    pub fn apart(&self, purpose: &str) -> Self {
        let mut seed = self.state[0] ^ self.state[3].rotate_left(17);
        for byte in purpose.bytes() {
            seed = (seed ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Self::new(seed)
    }

    /// 64 bits.
    pub fn throw(&mut self) -> u64 {
        let s = &mut self.state;
        let out = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        out
    }

    /// A throw that can be read later, or not at all: whoever throws as often whatever is asked keeps all later throws in
    /// their places.
    pub fn thrown(&mut self) -> Thrown {
        Thrown(self.throw())
    }

    /// A number below `end`; 0, without a throw, if `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.throw() % end }
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.thrown().chance(p)
    }

    /// A duration from `least` on, below `most`.
    pub fn between(&mut self, least: Duration, most: Duration) -> Duration {
        let span = most.saturating_sub(least).as_micros();
        let span = u64::try_from(span).unwrap_or(u64::MAX);
        least + Duration::from_micros(self.below(span))
    }

    /// One of several; none of none.
    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let len = u64::try_from(all.len()).unwrap_or(u64::MAX);
        all.get(usize::try_from(self.below(len)).unwrap_or(0))
    }

    /// Fills a buffer.
    pub fn fill(&mut self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let bytes = self.throw().to_le_bytes();
            chunk.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        }
    }
}

/// One throw, not read yet.
#[derive(Clone, Copy, Debug)]
pub struct Thrown(u64);

impl Thrown {
    /// True with probability `p`.
    #[must_use]
    pub fn chance(self, p: f64) -> bool {
        // 53 bits: what an f64 holds exactly.
        let unit = (self.0 >> 11) as f64 / (1_u64 << 53) as f64;
        unit < p
    }

    /// A duration below `most`; none if that is none.
    #[must_use]
    pub fn below(self, most: Duration) -> Duration {
        let span = u64::try_from(most.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(self.0.checked_rem(span).unwrap_or(0))
    }
}

/// Dice behind the entropy seam.
#[derive(Debug)]
pub struct SeededEntropy(Mutex<Dice>);

impl SeededEntropy {
    /// Entropy from these dice.
    #[must_use]
    pub fn new(dice: Dice) -> Self {
        Self(Mutex::new(dice))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_falls_the_same_way_and_another_does_not() {
        let throws = |seed| {
            let mut dice = Dice::new(seed);
            std::array::from_fn::<u64, 8, _>(|_| dice.throw())
        };
        assert_eq!(throws(7), throws(7));
        assert_ne!(throws(7), throws(8));
    }

    #[test]
    fn dice_apart_do_not_move_each_other() {
        let mut one = Dice::new(1);
        let mut other = one.apart("links");
        let before = one.clone().throw();
        other.throw();
        assert_eq!(one.throw(), before);
    }

    #[test]
    fn a_chance_of_nothing_never_comes_and_a_certain_one_always() {
        let mut dice = Dice::new(3);
        assert!((0..1000).all(|_| !dice.chance(0.0)));
        assert!((0..1000).all(|_| dice.chance(1.0)));
    }
}
