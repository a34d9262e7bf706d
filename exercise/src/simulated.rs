//! The simulated stage: real relays, desks and players in the simulated world of `faults`, one thread, virtual time, a seed.

pub mod dated;
pub mod lacking;
pub mod links;
pub mod nodes;
pub mod play;
pub mod stage;
