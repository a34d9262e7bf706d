//! The simulated stage: real relays, desks and players in the simulated world of `faults`, one thread, virtual time, a seed.
//!
//! [`play`] plays a scenario; [`many`] draws scenarios, faults and a controller from seeds ([`draw`], [`hand`]), and has each
//! judged ([`judge`]).

pub mod dated;
pub mod draw;
pub mod hand;
pub mod judge;
pub mod lacking;
pub mod links;
pub mod many;
pub mod nodes;
pub mod plants;
pub mod play;
pub mod stage;
pub mod threads;
