//! Evidence: what was signed, that it was logged, and how anybody checks both without trusting us.
//!
//! `FORMAT.md` beside this crate is the specification; the code follows it. The layers, from the bottom:
//! [`hash`], [`tree`] (RFC 6962), [`note`] and [`checkpoint`] (C2SP), [`strict`] and [`dsse`] (the signed envelope),
//! [`statement`] (the payloads), [`sealed`] and [`opening`] (their words), [`key`] (rosters), [`check`] (one statement
//! against a roster), [`tiles`], [`proof`], [`trust`], [`verify`] and [`compare`] (whole logs), [`report`] (what both
//! sides put their names to); [`cosign`], [`witness`], [`mirror`] and [`policy`] (what others vouch for, and who of them must);
//! [`bundle`] and [`evidence`] (what a side hands to a third party, and what it proves).
//!
//! Nothing here opens a socket, reads a clock or makes randomness: times and seeds are passed in. The crate imports no
//! other room of the house, so that it can be handed to the counterpart alone.
#![forbid(unsafe_code)]

mod base64;
pub mod bundle;
pub mod check;
pub mod checkpoint;
pub mod compare;
pub mod cosign;
pub mod dsse;
pub mod evidence;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod hash;
pub mod key;
pub mod keyfile;
pub mod mirror;
pub mod note;
pub mod opening;
pub mod policy;
pub mod proof;
pub mod report;
pub mod sealed;
pub mod statement;
pub mod strict;
pub mod tiles;
pub mod tree;
pub mod trust;
pub mod verify;
pub mod witness;

// The tests of whole bundles name this crate as others do, also where it tests itself.
#[cfg(test)]
extern crate self as hotline_audit;

pub use check::{
    ByOfficer, Parts, StatementError, Verified, verify_approval, verify_consent, verify_officer_act,
    verify_parts, verify_statement,
};
pub use checkpoint::{Checkpoint, CheckpointError, LogSigner, LogVerifier};
pub use compare::{CompareReport, compare_directories, compare_logs};
pub use cosign::{CosignSigner, CosignVerifier, CosignerName};
pub use dsse::{KeyError, PayloadType, PublicKey, SignedStatement, SigningKey};
pub use hash::Hash;
pub use key::{
    Enrolment, KeyEntry, KeyRefusal, Purpose, Roster, RosterBuilder, RosterError, RosterHead, RosterSet,
};
pub use policy::Policy;
pub use statement::Payload;
pub use strict::{MAX_STATEMENT_BYTES, StrictError};
pub use tree::{Frontier, NodeReader};
pub use trust::TrustPolicy;
pub use verify::{LogReport, Verdict, verify_directory, verify_log};

#[cfg(test)]
pub(crate) mod testing;
