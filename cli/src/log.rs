//! `hotline log`: evidence, for whoever wants to check instead of believing.
//!
//! One file per verb: [`verify`], [`show`], [`prove`], [`compare`], [`export`], [`openings`], [`stamp`], [`bundle`],
//! [`policy`]; each is a function that the demo and tests call too, and a few lines that print. A log is a ledger, whose
//! relay or desk may run on it, or an exported folder ([`read`]). What is believed comes from the verifier's own folders ([`trust`]), never from the log.
//!
//! Exit codes: 0 done and nothing wrong, 2 usage, 4 trust that cannot be used, 8 a log that failed its verification or
//! logs that contradict each other. Results go to standard output, conversation to standard error.

pub mod bundle;
pub mod compare;
pub mod export;
pub mod find;
pub mod kept;
pub mod names;
pub mod openings;
pub mod plain;
pub mod policy;
pub mod prove;
pub mod read;
pub(crate) mod say;
pub mod show;
pub mod stamp;
pub mod trust;
pub mod verify;

use clap::{Args, Subcommand};

use crate::exit::Outcome;

/// `hotline log`.
#[derive(Debug, Args)]
pub struct LogArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Verifies one log: every signature, chain and leaf, and the signed checkpoint.
    Verify(verify::VerifyArgs),
    /// Lists the entries of a log in plain words; verifies nothing.
    Show(show::ShowArgs),
    /// Proves that one statement is in the log, and by whom else it was accepted.
    Prove(prove::ProveArgs),
    /// Compares two logs: what only one holds, and what cannot both be true.
    Compare(compare::CompareArgs),
    /// Writes a log as plain files that other software can check.
    Export(export::ExportArgs),
    /// Has an authority's clock say when a checkpoint was there (RFC 3161), and judges what it said.
    Stamp(stamp::StampArgs),
    /// Discloses what one sealed statement says: text and salt, which anybody can check, and never a key.
    Opening(openings::OpeningArgs),
    /// Opens whatever is sealed in a log with a side's escrow key, and writes openings.
    Open(openings::OpenArgs),
    /// Collects a side's evidence into one file, for a third party to judge.
    Bundle(bundle::BundleArgs),
    /// Prints a policy to start from, for whoever judges bundles.
    Policy(policy::PolicyArgs),
}

/// Runs a verb.
///
/// # Errors
/// A [`crate::exit::Failure`] with its exit code and what to do.
pub fn run(args: LogArgs) -> Outcome {
    let (outcome, json) = match args.verb {
        Verb::Verify(args) => (verify::run(&args), args.json),
        Verb::Show(args) => (show::run(&args), args.json),
        Verb::Prove(args) => (prove::run(&args), args.json),
        Verb::Compare(args) => (compare::run(&args), args.json),
        Verb::Export(args) => (export::run(&args), args.json),
        Verb::Stamp(args) => (stamp::run(&args), args.json),
        Verb::Opening(args) => (openings::run_opening(&args), args.json),
        Verb::Open(args) => (openings::run_open(&args), args.json),
        Verb::Bundle(args) => (bundle::run(&args), args.json),
        Verb::Policy(args) => (policy::run(&args), args.json),
    };
    outcome.map_err(|failure| failure.as_json(json))
}

#[cfg(test)]
mod tests;
