//! `hotline path`: how each leg stands, and how long its way is.

pub mod ping;
pub mod watch;

use clap::{Args, Subcommand};

use crate::exit::{Failure, Outcome};

/// `hotline path`.
#[derive(Debug, Args)]
pub struct PathArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Probes the legs now, and prints each round trip.
    Ping(ping::PingArgs),
    /// How each leg stands: since when, round trip, loss, copies, when it was last proven, and why.
    Watch(watch::WatchArgs),
}

/// Runs a verb.
///
/// # Errors
/// A [`Failure`] with its exit code and what to do.
pub fn run(args: PathArgs) -> Outcome {
    let runtime = hotline_transport::node_runtime().map_err(|error| Failure::io("starting", &error))?;
    runtime.block_on(async {
        match args.verb {
            Verb::Ping(args) => ping::run(args).await,
            Verb::Watch(args) => watch::run(args).await,
        }
    })
}
