//! `hotline bench`: measures the line beside its physical floor, in one run on the same machine.
//!
//! A figure alone says more about the machine than about the line. So every figure stands beside a [`floor`] that was
//! measured in the same minute: the least that any program must do which keeps a message on disk before it hands it on.
//! The line itself is the real one ([`line`]): two relays and desk B as processes of their own, desk A in this process,
//! both doors, certificates of two sides made for this run, everything in a folder that is removed at the end.
//!
//! - [`latency`]: one message in flight, rounds interleaved with the floor's.
//! - [`throughput`]: many in flight, with processor time and memory of each process.
//! - [`failover`]: messages on a fixed schedule while relays are killed and started again.
//!
//! Where there is a schedule it is open: messages leave when they are due, and a receipt's time counts from then, so
//! that a stall is charged to every message it held up. What this room deliberately does not do: judge the figures. It
//! exits with 0 once everything was measured, however slow; who has a target compares.

mod child;
mod conditions;
mod error;
pub mod failover;
pub mod floor;
pub mod latency;
mod line;
mod sender;
mod sides;
mod spread;
pub(crate) mod table;
pub mod throughput;
mod usage;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, Subcommand};
use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};

pub use error::BenchError;

use crate::exit::{self, Failure, Outcome};

/// `hotline bench`.
#[derive(Debug, Args)]
pub struct BenchArgs {
    #[command(subcommand)]
    verb: Verb,
}

/// What every measurement takes.
#[derive(Clone, Debug, Args)]
struct Common {
    /// Print one object instead of a table.
    #[arg(long)]
    json: bool,
    /// Where the measurement's folder is made; the floor's file lies in it too. The system's temporary folder if none
    /// is named.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// One message in flight: from RELEASED to the DELIVERED receipt, beside the floor.
    Latency {
        #[command(flatten)]
        common: Common,
        /// Messages to measure, over all rounds; the floor gets as many.
        #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        messages: u32,
        /// Rounds to interleave with the floor's.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        rounds: u32,
    },
    /// Many messages in flight: receipted messages a second, processor time and memory, beside the floor.
    Throughput {
        #[command(flatten)]
        common: Common,
        /// Messages in flight at any time.
        #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1_024))]
        in_flight: u32,
        /// Seconds to measure; the floor gets as many.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=3_600))]
        seconds: u32,
    },
    /// Kills a relay under traffic, again and again: the longest gap, losses, messages shown twice.
    Failover {
        #[command(flatten)]
        common: Common,
        /// How many times a relay is killed, each in turn.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        kills: u32,
        /// Messages released a second, on a fixed schedule.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        rate: u32,
        /// Milliseconds until a killed relay is started again.
        #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(0..=60_000))]
        down_ms: u32,
    },
    /// The floor's server; started by the measurements.
    #[command(hide = true)]
    FloorServer(floor::ServerArgs),
}

/// What was measured, for people and for scripts.
trait Report {
    /// One object.
    fn json(&self) -> Value;
    /// A short table.
    fn table(&self) -> String;
}

/// Measures and prints.
///
/// # Errors
/// A [`Failure`] if the line could not be set up, or did not do what it was measured at.
pub fn run(args: BenchArgs) -> Outcome {
    if let Verb::FloorServer(args) = args.verb {
        return floor::serve(&args).map(|()| exit::OK);
    }
    let runtime = hotline_transport::node_runtime().map_err(|error| Failure::io("the runtime", &error))?;
    // Children ask to end with the thread that started them: the measurement runs on this one, not on a worker.
    runtime.block_on(async {
        match args.verb {
            Verb::Latency {
                common,
                messages,
                rounds,
            } => {
                let plan = latency::Plan {
                    messages,
                    rounds: rounds.min(messages),
                };
                let measured = async |exe: &Path| latency::measure(exe, common.dir.as_deref(), plan).await;
                finish(&common, measured).await
            }
            Verb::Throughput {
                common,
                in_flight,
                seconds,
            } => {
                let plan = throughput::Plan {
                    in_flight,
                    time: Duration::from_secs(seconds.into()),
                };
                let measured = async |exe: &Path| throughput::measure(exe, common.dir.as_deref(), plan).await;
                finish(&common, measured).await
            }
            Verb::Failover {
                common,
                kills,
                rate,
                down_ms,
            } => {
                let plan = failover::Plan {
                    kills,
                    rate,
                    down: Duration::from_millis(down_ms.into()),
                };
                let measured = async |exe: &Path| failover::measure(exe, common.dir.as_deref(), plan).await;
                finish(&common, measured).await
            }
            Verb::FloorServer(_) => unreachable!("served above, on a runtime of its own"),
        }
    })
}

/// Measures with this program's own file, until it is done or somebody interrupts, and prints.
async fn finish<R: Report>(
    common: &Common,
    measure: impl AsyncFnOnce(&Path) -> Result<R, BenchError>,
) -> Outcome {
    let failed = |error: BenchError| error.failure().as_json(common.json);
    let exe = std::env::current_exe().map_err(|error| Failure::io("this program's own file", &error))?;
    let mut term = signal(SignalKind::terminate()).map_err(|error| Failure::io("signals", &error))?;
    let report = tokio::select! {
        measured = Box::pin(measure(&exe)) => measured.map_err(failed)?,
        _ = tokio::signal::ctrl_c() => return Err(failed(BenchError::Interrupted)),
        _ = term.recv() => return Err(failed(BenchError::Interrupted)),
    };
    if common.json {
        println!("{}", report.json());
    } else {
        print!("{}", report.table());
    }
    Ok(exit::OK)
}

/// Tells a person how far it is; scripts read standard output only.
fn progress(what: &str) {
    use std::io::IsTerminal as _;
    if std::io::stderr().is_terminal() {
        eprintln!("{what}");
    }
}
