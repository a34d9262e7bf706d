//! How many relays and desks a world has, and who of them is whose.
//!
//! Nodes are numbered: relays first, then desks, and a node's number is its host's. Relays and desks are shared over the
//! two sides in turn. Desks come in pairs, because a desk writes to one desk of the other side: 0 with 1, 2 with 3.

use hotline_faults::world::{HostId, Way, Wire};

/// How many relays and desks take part. Two and two, unless somebody asks for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shape {
    relays: usize,
    desks: usize,
}

/// Fewest and most relays. With one a wiped relay would be the end of it; four are eight legs a desk.
pub const RELAYS: std::ops::RangeInclusive<usize> = 2..=4;
/// How many desks there may be: one pair or two.
pub const DESKS: [usize; 2] = [2, 4];

impl Default for Shape {
    fn default() -> Self {
        Self { relays: 2, desks: 2 }
    }
}

impl Shape {
    /// A world of so many.
    ///
    /// # Errors
    /// What is possible instead, in words.
    pub fn new(relays: usize, desks: usize) -> Result<Self, String> {
        if !RELAYS.contains(&relays) {
            let (least, most) = RELAYS.into_inner();
            return Err(format!("{relays} relays: a line has {least} to {most}"));
        }
        if !DESKS.contains(&desks) {
            let why = "a desk writes to one desk of the other side, so they come in pairs";
            return Err(format!("{desks} desks: a line has 2 or 4; {why}"));
        }
        Ok(Self { relays, desks })
    }

    /// How many relays.
    #[must_use]
    pub fn relays(self) -> usize {
        self.relays
    }

    /// How many desks.
    #[must_use]
    pub fn desks(self) -> usize {
        self.desks
    }

    /// How many pairs of desks.
    #[must_use]
    pub fn pairs(self) -> usize {
        self.desks / 2
    }

    /// How many nodes, each on a host of its own.
    #[must_use]
    pub fn nodes(self) -> usize {
        self.relays + self.desks
    }

    /// The node of a desk.
    #[must_use]
    pub fn node_of(self, desk: usize) -> usize {
        self.relays + desk
    }

    /// Which desk a node is; none if it is a relay.
    #[must_use]
    pub fn desk_at(self, node: usize) -> Option<usize> {
        node.checked_sub(self.relays)
    }

    /// The desk at the other end.
    #[must_use]
    pub fn peer(self, desk: usize) -> usize {
        desk ^ 1
    }

    /// Every way between a relay and a desk, of both kinds of traffic, in both directions.
    pub fn ways(self) -> impl Iterator<Item = Way> {
        (0..self.relays).flat_map(move |relay| {
            (0..self.desks).flat_map(move |desk| {
                let (relay, desk) = (host(relay), host(self.node_of(desk)));
                Wire::ALL.into_iter().flat_map(move |wire| {
                    let way = move |from: HostId, to: HostId| Way { from, to, wire };
                    [way(relay, desk), way(desk, relay)]
                })
            })
        })
    }

    /// Every way between two nodes.
    pub fn between(self, one: usize, other: usize) -> impl Iterator<Item = Way> {
        let (one, other) = (host(one), host(other));
        self.ways()
            .filter(move |way| (way.from == one && way.to == other) || (way.from == other && way.to == one))
    }
}

/// The side, Avelia's (0) or Borenia's (1), of a relay or of a desk.
#[must_use]
pub fn side(relay_or_desk: usize) -> usize {
    relay_or_desk % 2
}

pub use hotline_exercise::simulated::nodes::host;
