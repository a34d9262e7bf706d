//! The storm: the real relays and desks in a simulated world, broken by seed, judged from outside.
//!
//! One *schedule* is one seed: it draws a mix of faults ([`mix`]), plays it with scripted officers ([`officers`]) on real
//! relays and desks ([`nodes`]), lets everything heal, waits until all is delivered, crashes everyone and reads the disks
//! ([`play`]). The [`oracle`] sees only what an outsider could. [`plants`] are known bugs that it must find; [`many`]
//! runs many schedules on all cores. [`shape`] is how many relays and desks take part: two and two, or more.

pub mod cast;
pub mod liar;
pub mod many;
pub mod mix;
pub mod nodes;
pub mod officers;
pub mod oracle;
pub mod plants;
pub mod play;
pub mod shape;
