//! The words of `hotline bench`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hotline_core::{health::Profile, precedence::Precedence};

use super::{floor, measure::failover::deck::Kind, seal};

/// `hotline bench`.
#[derive(Debug, Args)]
pub struct BenchArgs {
    #[command(subcommand)]
    pub(super) verb: Verb,
}

/// What every measurement takes.
#[derive(Clone, Debug, Args)]
pub(super) struct Common {
    /// Print one object instead of a table.
    #[arg(long)]
    pub json: bool,
    /// Where the measurement's folder is made; the floor's file lies in it too. The system's temporary folder if none
    /// is named.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// By whose numbers both ends of every leg are judged: lan, wan or satellite (core/README.md).
    #[arg(long, value_name = "NAME", default_value_t = Profile::Lan)]
    pub profile: Profile,
    /// Refused: a bench measures lines that it makes itself, never one that exists, and least of all one in operation.
    #[arg(long, value_name = "DESK.toml")]
    pub config: Option<PathBuf>,
    /// A promise: METRIC, one of < <= > >= ==, a limit with its unit, e.g. 'p99_delivered<50ms' or 'lost==0'. Any number
    /// of them. Exit code 9 if one is missed. A name that does not exist lists those that do.
    #[arg(long, value_name = "PROMISE")]
    pub slo: Vec<String>,
    /// Write every message as a row of comma-separated values.
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Write DELIVERED as an HdrHistogram percentile distribution; every other series beside it, its name behind the
    /// file's.
    #[arg(long, value_name = "FILE")]
    pub hdr: Option<PathBuf>,
    /// Write one page with figures that needs no other file.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// What stands in the way of a second run, shown beside the first.
#[derive(Clone, Debug, Args)]
pub(super) struct Broken {
    /// Measure once more over links of that place: lan, national-fibre, transcontinental, satellite, hf-like, congested.
    #[arg(long, value_name = "PLACE", conflicts_with = "closed_loop")]
    pub preset: Option<String>,
    /// Measure once more while this plan plays (faults/README.md); its links are "A north/quic" to "B south/tcp".
    #[arg(long, value_name = "FILE", conflicts_with = "closed_loop")]
    pub fault_plan: Option<PathBuf>,
    /// What the links' chance is drawn from.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// From RELEASED to the DELIVERED receipt: one message in flight beside the floor, then on schedule.
    Latency {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        broken: Broken,
        /// Messages to measure, over all rounds, and again on schedule; the floor gets as many.
        #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        messages: u32,
        /// Rounds to interleave with the floor's.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        rounds: u32,
        /// Messages a second on schedule; each counts from when it was due.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        rate: u32,
        /// On schedule, display and acknowledge each N-th message at desk B; 0 for none.
        #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
        acknowledge_every: u32,
        /// Send so many messages over each leg alone, too, all others being cut.
        #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100_000))]
        each_leg: u32,
        /// OVERRIDE, FLASH (both signed by two officers, and sent by every leg), IMMEDIATE, PRIORITY, ROUTINE or DEFERRED.
        #[arg(long, short, default_value = "ROUTINE", value_name = "WORD")]
        precedence: Precedence,
        /// Only one message in flight: no schedule, so a stall is seen once, not by all it would have held up.
        #[arg(long, conflicts_with_all = ["rate", "acknowledge_every", "each_leg"])]
        closed_loop: bool,
    },
    /// Many messages in flight: receipted messages a second, processor time and memory, beside the floor; then what a
    /// message takes on schedule under load.
    Throughput {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        broken: Broken,
        /// Messages in flight at any time.
        #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1_024))]
        in_flight: u32,
        /// Seconds to measure; the floor gets as many, and so does the schedule.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=3_600))]
        seconds: u32,
        /// Messages a second on schedule; without it, 70 % of what the line just carried.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        rate: Option<u32>,
        /// Only the rate with many in flight: no schedule.
        #[arg(long, conflicts_with = "rate")]
        closed_loop: bool,
    },
    /// Breaks a leg or a relay under traffic, again and again: the longest gap, losses, messages shown twice.
    Failover {
        #[command(flatten)]
        common: Common,
        /// How many faults, drawn by the seed.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        faults: u32,
        /// What they are drawn from, each as often as every other. all-cut is drawn only if it is named here: all legs of
        /// both desks are cut, then one heals, and the others 2 s later.
        #[arg(
            long,
            value_name = "KINDS",
            value_delimiter = ',',
            default_value = "kill,pause,one-way-cut,udp-block"
        )]
        kinds: Vec<Kind>,
        /// The same as --faults with --kinds kill.
        #[arg(long, value_name = "N", conflicts_with_all = ["faults", "kinds"], value_parser = clap::value_parser!(u32).range(1..=10_000))]
        kills: Option<u32>,
        /// What chance is drawn from: the same seed breaks the same, in the same order.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Messages released a second, on a fixed schedule. With all-cut, what is released during the cut must not be more
        /// than half of what a desk keeps: 45,000.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        rate: u32,
        /// Milliseconds until a fault is mended. 2,000: longer than a silent leg takes to be DOWN.
        #[arg(long, alias = "down-ms", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(0..=600_000))]
        fault_ms: u32,
    },
    /// What sealing a text costs, in time and bytes, by the number of keys it is sealed to; without a line.
    Seal(seal::SealArgs),
    /// The floor's server; started by the measurements.
    #[command(hide = true)]
    FloorServer(floor::ServerArgs),
}
