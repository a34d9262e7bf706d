//! `hotline exercise player`: a scripted seat. `exercise run` starts it; it speaks with its conductor over standard input
//! and output.

use std::path::PathBuf;

use clap::Args;
use hotline_client::config::DeskConfig;
use hotline_exercise::{
    codebook::shipped,
    live::{
        player::{Setup, play},
        reach::Reach,
    },
};
use hotline_transport::Seams;

use super::{failed, scenario};
use crate::exit::{self, Failure, Outcome};

/// What a player is started with.
#[derive(Debug, Args)]
pub struct PlayerArgs {
    /// The scenario's file.
    #[arg(long, value_name = "FILE")]
    scenario: String,
    /// The variant.
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// The seat.
    #[arg(long, value_name = "NAME")]
    seat: String,
    /// Settings of the seat's desk.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Each desk of the exercise with its identity: A=spiffe://...
    #[arg(long = "desk", value_name = "NAME=IDENTITY")]
    desks: Vec<String>,
    /// The folder of what its officers know by heart: their passphrases.
    #[arg(long, value_name = "DIR")]
    by_heart: Option<PathBuf>,
    /// End when the process that started this one ends.
    #[arg(long, hide = true, value_name = "PID")]
    pub(super) die_with_parent: Option<i32>,
}

/// Plays the seat until standard input is closed.
///
/// # Errors
/// A [`Failure`].
pub async fn run(args: PlayerArgs) -> Outcome {
    let desk = DeskConfig::load(&args.config)
        .map_err(|error| Failure::new("HL-EX-151", exit::CONFIG, exit::chain(&error), ""))?;
    let named = args.desks.iter().filter_map(|desk| desk.split_once('='));
    let journal = args
        .config
        .with_file_name(format!("player-{}.journal", args.seat));
    let setup = Setup {
        scenario: scenario::load(&args.scenario)?,
        variant: args.variant,
        seat: args.seat,
        reach: Reach::Socket(Box::new(desk.clone())),
        desk,
        codebook: shipped::starter().map_err(|errors| failed(&errors))?,
        desks: named
            .map(|(name, identity)| (name.to_owned(), identity.to_owned()))
            .collect(),
        seed: None,
        journal: Some(journal),
        by_heart: args.by_heart,
    };
    play(setup, Seams::system())
        .await
        .map_err(|error| Failure::new("HL-EX-150", exit::OTHER, exit::chain(&error), ""))?;
    Ok(exit::OK)
}
