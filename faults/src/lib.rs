//! Everything that goes wrong on purpose.
//!
//! [`emulator`] is a link that delays, loses, repeats and reorders, as a plain machine: a packet and the time go in,
//! deliveries come out. It knows no socket and no clock, so that it can stand in a simulated world and in front of real
//! sockets alike. [`live`] puts it there: an unprivileged proxy for UDP and TCP. A [`rig`] is several such links, each
//! with a name, [`control`] its socket; [`preset`], [`plan`] and [`spec`] are what people write, and [`caret`] is how they
//! are told what is wrong with it.
//!
//! `world` (a feature, on unless a crate says otherwise) is the simulated world: a network, clocks, chance and crashes
//! behind the seams of `transport`, on one thread and tokio's paused clock. `power` does to a disk what a power cut does.
//! The program that people run is built without both.
//!
//! What is not here: any knowledge of desks and relays, of what they promise, or of who judges it. This room may import
//! `core` and the seams of `transport` and `ledger`; the storm that uses it lives in `tests`.

pub mod caret;
pub mod chance;
pub mod control;
pub mod emulator;
pub mod live;
pub mod plan;
#[cfg(feature = "world")]
pub mod power;
pub mod preset;
pub mod rig;
pub mod spec;
pub mod value;
#[cfg(feature = "world")]
pub mod world;

pub use chance::Dice;
