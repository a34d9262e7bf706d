//! Probes over a modelled line that loses packets and sends them again, on virtual time, by seed.

use super::super::*;
use super::Driven;

/// Seeded dice (splitmix64).
struct Dice(u64);

impl Dice {
    /// Evenly from 0 to 1.
    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let top = u32::try_from((z ^ (z >> 31)) >> 32).unwrap_or(u32::MAX);
        f64::from(top) / f64::from(u32::MAX)
    }
}

/// A reliable ordered stream over a lossy way, as QUIC and today's TCP make it. A packet that is lost, or its repeat, is
/// found missing when one that left after it was acknowledged (RFC 8985, RFC 9002 §6.1.2), or else by a time-out. Nothing
/// behind it is read before it has come.
struct Stream {
    loss: f64,
    way_ms: u64,
    /// Between two packets that leave: a probe, or the answer to one.
    every_ms: u64,
    /// When the newest packet was read.
    read_at: u64,
}

impl Stream {
    fn carry(&mut self, sent: u64, dice: &mut Dice) -> u64 {
        let mut timeout = 3 * self.way_ms;
        let mut leaves = sent;
        while dice.share() < self.loss {
            // The first later packet that is acknowledged, and a quarter of the round trip for reordering.
            let mut later = self.every_ms;
            while dice.share() < self.loss || dice.share() < self.loss {
                later += self.every_ms;
            }
            leaves += timeout.min(later + 2 * self.way_ms + self.way_ms / 2);
            timeout *= 2;
        }
        self.read_at = self.read_at.max(leaves + self.way_ms);
        self.read_at
    }
}

fn ten_minutes(profile: Profile, seed: u64, (way_ms, loss): (u64, f64)) -> Driven {
    let mut dice = Dice(seed);
    let every_ms = u64::try_from(profile.numbers().probe_every.as_millis()).unwrap();
    let stream = || Stream {
        loss,
        way_ms,
        every_ms,
        read_at: 0,
    };
    let (mut there, mut back) = (stream(), stream());
    let mut lane = Driven::open(profile);
    lane.until(600_000, |now| {
        let read = there.carry(now, &mut dice);
        Some(back.carry(read, &mut dice) - now)
    });
    lane
}

fn downs(lane: &Driven) -> usize {
    lane.changes
        .iter()
        .filter(|(_, change)| change.to == Health::Down)
        .count()
}

/// The hard requirement: no seed of two hundred flaps. The same over real QUIC and TCP is a test of `tests`.
#[test]
fn a_round_trip_of_2_s_with_30_percent_loss_does_not_flap_in_ten_minutes_on_satellite() {
    let flapped: Vec<u64> = (0..200)
        .filter(|seed| downs(&ten_minutes(Profile::Satellite, *seed, (1000, 0.3))) > 0)
        .collect();
    assert!(flapped.is_empty(), "down with seeds {flapped:?}");
}

#[test]
fn the_same_line_on_the_profile_lan_is_called_down_at_once_so_the_profile_is_what_holds() {
    assert!((0..20).all(|seed| downs(&ten_minutes(Profile::Lan, seed, (1000, 0.3))) == 1));
}

#[test]
fn a_line_between_continents_that_loses_two_percent_does_not_flap_on_wan() {
    let flapped: Vec<u64> = (0..100)
        .filter(|seed| downs(&ten_minutes(Profile::Wan, *seed, (150, 0.02))) > 0)
        .collect();
    assert!(flapped.is_empty(), "down with seeds {flapped:?}");
}

#[test]
fn a_quiet_line_of_80_ms_is_up_for_ten_minutes_on_lan() {
    let lane = ten_minutes(Profile::Lan, 1, (40, 0.0));
    assert_eq!(lane.changes.len(), 1, "{:?}", lane.changes);
    assert_eq!(lane.probes.health(), Health::Up);
}
