//! The nodes of a schedule: real relays and desks, started, killed and watched, and what a relay that lies says.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

use hotline_client::config::DeskConfig;
use hotline_exercise::simulated::nodes;
use hotline_faults::{Dice, world::World};
use hotline_ledger::MemoryDisk;
use hotline_server::config::RelayConfig;
use hotline_transport::Seams;

pub use hotline_exercise::simulated::nodes::{Asked, Live, What, ask};

use super::{
    cast::Cast,
    liar::{Liar, Tongue},
};

/// A node of a schedule.
pub struct Node {
    node: nodes::Node,
    /// What a lying relay says.
    pub tongue: Option<Arc<Tongue>>,
}

impl Deref for Node {
    type Target = nodes::Node;

    fn deref(&self) -> &nodes::Node {
        &self.node
    }
}

impl DerefMut for Node {
    fn deref_mut(&mut self) -> &mut nodes::Node {
        &mut self.node
    }
}

impl Node {
    /// A node that was never started.
    #[must_use]
    pub fn new(number: usize, world: &World, dice: &Dice) -> Self {
        Self {
            node: nodes::Node::new(number, world, dice),
            tongue: None,
        }
    }
}

/// Opens a relay.
///
/// # Errors
/// Why it does not start, in words.
pub async fn open_relay(
    (cast, relay): (&Cast, usize),
    seams: &Seams,
    disk: &MemoryDisk,
    tongue: Option<Arc<Tongue>>,
) -> Result<Live, String> {
    open_relay_as(cast.relays[relay].clone(), seams, disk, tongue).await
}

/// Opens a relay with settings of the caller's choice.
///
/// # Errors
/// As [`open_relay`].
pub async fn open_relay_as(
    config: RelayConfig,
    seams: &Seams,
    disk: &MemoryDisk,
    tongue: Option<Arc<Tongue>>,
) -> Result<Live, String> {
    let liar = |relay| {
        let liar = Liar::new(relay, tongue);
        (liar.clone(), liar)
    };
    nodes::open_relay(config, seams, disk, liar).await
}

/// Opens a desk.
///
/// # Errors
/// Why it does not open, in words.
pub fn open_desk((cast, desk): (&Cast, usize), seams: &Seams, disk: &MemoryDisk) -> Result<Live, String> {
    open_desk_as(&cast.desks[desk].config, seams, disk)
}

/// Opens a desk with settings of the caller's choice.
///
/// # Errors
/// As [`open_desk`].
pub fn open_desk_as(config: &DeskConfig, seams: &Seams, disk: &MemoryDisk) -> Result<Live, String> {
    nodes::open_desk(config, seams, disk)
}
