//! The stages of real processes: relays and desks of this machine, links in front of every leg, players.
//!
//! Everything here acts through what users have: the program's own verbs, settings files, sockets and signals.

pub mod attend;
pub mod behind;
pub mod child;
pub mod closed;
pub mod conductor;
pub mod door;
pub mod hands;
pub mod joined;
pub mod lacking;
pub mod links;
pub mod opening;
pub mod plane;
pub mod player;
pub mod post;
pub mod reach;
pub mod scene;
pub mod site;
pub mod stage;
pub mod words;
