//! `hotline desk tail`: what happens, as it happens.

use clap::Args;
use hotline_client::request::{Answer, Request};

use super::{Common, load, print, seat::Seat};
use crate::exit::{self, Failure, Outcome};

/// `hotline desk tail`.
#[derive(Debug, Args)]
pub struct TailArgs {
    #[command(flatten)]
    common: Common,
    /// End after so many lines.
    #[arg(long, value_name = "COUNT")]
    count: Option<usize>,
}

/// Runs the verb: it needs a station that runs.
///
/// # Errors
/// A failure.
pub async fn run(args: TailArgs) -> Outcome {
    let config = load(&args.common)?;
    let mut seat = Seat::open(config, args.common.json).await?;
    if seat.own_station().is_some() {
        seat.leave().await;
        let help = format!("hotline desk run{}", args.common.typed());
        return Err(Failure::new(
            "HL-DESK-028",
            exit::OTHER,
            "no station runs, so nothing happens here",
            help,
        )
        .as_json(args.common.json));
    }
    seat.ask(Request::Watch).await?;
    let mut left = args.count.unwrap_or(usize::MAX);
    while left > 0
        && let Some(answer) = seat.next().await?
    {
        let Answer::News(news) = answer else { continue };
        if args.common.json {
            print::object(&news);
        } else {
            crate::say!("{}", print::news(&news));
        }
        left -= 1;
    }
    Ok(exit::OK)
}
