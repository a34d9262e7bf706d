//! Identities, keys and trust: everything behind `hotline pki`.
//!
//! Each side owns its keys. A declared file ([`declaration`]) becomes one folder per trust domain ([`init`],
//! [`layout`]) with two anchors: a CA, which says who may connect, and a statement root, which says who may sign. Both
//! sides exchange trust files ([`export`], [`trust`]) and compare eight words by voice ([`words`]). Names are added,
//! renewed and ended by [`issue`], [`renew`] and [`revoke`] (two officers first: [`deny`]); [`list`] and [`inspect`] say in plain words what is there.
//!
//! The functions take the time and their randomness (P-256 keys come from ring's own), so the demo and tests build both
//! sides in a temporary folder in a fraction of a second. What is deliberately not here: handshakes (`transport`), what a
//! signature proves (`audit`), and any network: nothing is fetched, nothing is published.

pub mod args;
pub mod backup;
pub mod certificate;
pub mod charter;
pub mod consent;
pub mod declaration;
pub mod deny;
mod ending;
pub mod error;
pub mod example;
pub mod excon;
pub mod export;
pub mod files;
pub mod folder;
pub mod init;
pub mod inspect;
pub mod issue;
pub mod keys;
pub mod layout;
pub mod list;
pub mod passphrase;
mod plain;
pub mod read_certificate;
pub mod refusal;
pub mod renew;
pub mod replayable;
pub mod revoke;
mod rotate;
mod run;
mod say;
pub mod seal;
pub mod settings;
pub mod side;
pub mod tour;
pub mod trust;
pub mod trust_file;
pub mod words;
mod workshop;

pub use declaration::Declaration;
pub use error::PkiError;
pub use export::export;
pub use init::{init, init_with};
pub use trust::{Compared, KnownAnchors, trust};
pub use workshop::{Brought, DeskKeys, OfficerKeys};

#[cfg(test)]
mod tests;
