//! Everything that goes wrong on purpose.
//!
//! [`emulator`] is a link that delays, loses, repeats and reorders, as a plain machine: a packet and the time go in,
//! deliveries come out. It knows no socket and no clock, so that it can stand in a simulated world and in front of real
//! sockets alike. [`live`] puts it there: an unprivileged proxy for UDP and TCP. [`world`] is that simulated world: a network, clocks, chance and crashes behind the seams of
//! `transport`, on one thread and tokio's paused clock. [`power`] does to a disk what a power cut does.
//!
//! What is not here: any knowledge of desks and relays, of what they promise, or of who judges it. This room may import
//! `core` and the seams of `transport` and `ledger`; the storm that uses it lives in `tests`.

pub mod chance;
pub mod emulator;
pub mod live;
pub mod power;
pub mod world;

pub use chance::Dice;
