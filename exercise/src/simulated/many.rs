//! Many drawn exercises.

use std::{collections::BTreeMap, sync::Arc};

use hotline_audit::{Hash, trust::TrustPolicy};
use hotline_core::story::Rate;
use hotline_faults::Dice;

use super::{
    draw::drawn,
    hand::Controller,
    judge::{Broken, Promise, judge},
    play::{More, Piece, play_with},
    threads::{self, Seeds, Then},
};
use crate::{
    codebook::Codebook,
    live::{
        opening::{Opening, startex},
        site::Site,
    },
    log::Keys,
    scenario::lists::StageKind,
};

/// Which share of exercises controllers run.
const CONTROLLED: f64 = 0.7;

/// What all of them share: identities that were made once.
pub struct Ground<'a> {
    /// Who is where: the cast of [`drawn`].
    pub site: Site,
    /// The codebook.
    pub codebook: Codebook,
    /// Whom a verifier believes.
    pub trust: TrustPolicy,
    /// Who orders.
    pub controller: Controller,
    /// Control's keys, anew for each exercise.
    pub keys: &'a (dyn Fn() -> Result<Keys, String> + Sync),
}

/// What to play.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// First seed.
    pub seed: u64,
    /// How many, counted upwards.
    pub schedules: u64,
    /// A planted bug, which only a build with the feature `plant` has.
    pub plant: Option<&'static str>,
    /// Whether the first failure ends it.
    pub stop_at_first: bool,
}

/// An exercise that broke something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Its seed.
    pub seed: u64,
    /// What.
    pub broken: Vec<Broken>,
}

/// What many exercises came to.
#[derive(Clone, Debug, Default)]
pub struct Total {
    /// Exercises played.
    pub schedules: u64,
    /// Of those, run by a controller.
    pub controlled: u64,
    /// Promises broken.
    pub broken: BTreeMap<Promise, u64>,
    /// Exercises that broke something, by seed.
    pub failed: Vec<Failed>,
    /// Records of control.
    pub records: u64,
    /// Injects that were begun.
    pub injects: u64,
    /// Faults and deaths.
    pub troubles: u64,
    /// Orders that were handed in.
    pub orders: u64,
    /// Packets.
    pub packets: u64,
    /// Virtual milliseconds.
    pub virtual_ms: u64,
    /// SHA-256 of each trace, by seed.
    pub traces: BTreeMap<u64, Hash>,
    /// The trace itself, where one exercise was played.
    pub trace: String,
}

impl Total {
    /// Whether every promise held.
    #[must_use]
    pub fn held(&self) -> bool {
        self.failed.is_empty()
    }

    /// One hash over all traces, in the order of their seeds.
    #[must_use]
    pub fn hash(&self) -> Hash {
        let all: Vec<u8> = self
            .traces
            .values()
            .flat_map(|hash| hash.as_bytes().to_vec())
            .collect();
        Hash::of(&all)
    }

    fn add(&mut self, one: One) {
        self.schedules += 1;
        self.controlled += u64::from(one.controlled);
        for broken in &one.broken {
            *self.broken.entry(broken.promise).or_default() += 1;
        }
        if !one.broken.is_empty() {
            let (seed, broken) = (one.seed, one.broken);
            self.failed.push(Failed { seed, broken });
        }
        let (records, injects, troubles, orders) = one.counts;
        self.records += records;
        self.injects += injects;
        self.troubles += troubles;
        self.orders += orders;
        self.packets += one.packets;
        self.virtual_ms += one.virtual_ms;
        self.traces.insert(one.seed, Hash::of(one.trace.as_bytes()));
        self.trace = one.trace;
    }
}

/// One exercise.
struct One {
    seed: u64,
    controlled: bool,
    broken: Vec<Broken>,
    counts: (u64, u64, u64, u64),
    packets: u64,
    virtual_ms: u64,
    trace: String,
}

/// Plays all of them.
///
/// # Errors
/// A world could not be made at all: why, in words, with the seed.
pub fn many(ground: &Ground<'_>, order: Order) -> Result<Total, String> {
    let (mut total, mut failed) = (Total::default(), None);
    let seeds = Seeds {
        first: order.seed,
        count: order.schedules,
    };
    let add = |ending: Result<One, String>| match ending {
        Ok(one) => {
            let stop = order.stop_at_first && !one.broken.is_empty();
            total.add(one);
            if stop { Then::Stop } else { Then::GoOn }
        }
        Err(why) => {
            failed = Some(why);
            Then::Stop
        }
    };
    threads::each(seeds, |seed| one(ground, seed, order.plant), add);
    if let Some(why) = failed {
        return Err(why);
    }
    if total.schedules != 1 {
        total.trace.clear();
    }
    total.failed.sort_by_key(|failed| failed.seed);
    Ok(total)
}

fn one(ground: &Ground<'_>, seed: u64, plant: Option<&'static str>) -> Result<One, String> {
    let why = |what: &dyn std::fmt::Display| format!("seed {seed}: {what}");
    let scenario = drawn(seed).ok_or_else(|| why(&"no scenario could be drawn"))?;
    let mut dice = Dice::new(seed).apart("how it is played");
    let rates = [20_000, 30_000, 60_000, 60_000];
    let rate = dice.one_of(&rates).copied().and_then(Rate::from_thousandths);
    let controlled = dice.chance(CONTROLLED);
    let opening = Opening {
        stage: StageKind::Simulated,
        variant: None,
        seed,
        rate: rate.unwrap_or(Rate::FASTEST),
        persons: &[],
    };
    let piece = Piece {
        site: ground.site.clone(),
        scenario: Arc::clone(&scenario),
        codebook: ground.codebook.clone(),
        startex: startex(&ground.site, &scenario, &ground.codebook, opening),
        keys: (ground.keys)().map_err(|error| why(&error))?,
    };
    let more = More {
        controller: controlled.then(|| ground.controller.clone()),
        heals: true,
    };
    planted(plant);
    let ending = play_with(piece, Arc::default(), more);
    planted(None);
    let ending = ending.map_err(|error| why(&hotline_core::causes::chain(&error)))?;
    let (records, injects, troubles) = ending.counts();
    Ok(One {
        seed,
        controlled,
        broken: judge(&ending, &scenario, &ground.trust),
        counts: (records, injects, troubles, ending.orders.len() as u64),
        packets: ending.tally.packets,
        virtual_ms: ending.virtual_ms,
        trace: ending.trace(),
    })
}

/// Plants a bug in this thread, or none.
#[cfg(feature = "plant")]
fn planted(plant: Option<&'static str>) {
    hotline_core::plant::set(plant);
}

#[cfg(not(feature = "plant"))]
fn planted(_: Option<&'static str>) {}
