//! `hotline desk inbox`: what came in. Whatever is drawn in full is signed DISPLAYED, once.

use clap::Args;
use hotline_client::request::{Answer, Request};

use super::{Common, load, print, seat::Seat};
use crate::exit::{self, Outcome};

/// `hotline desk inbox`.
#[derive(Debug, Args)]
pub struct InboxArgs {
    #[command(flatten)]
    common: Common,
    /// At most so many, the newest last.
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

/// Runs the verb.
///
/// # Errors
/// A failure.
pub async fn run(args: InboxArgs) -> Outcome {
    let config = load(&args.common)?;
    let mut seat = Seat::open(config, args.common.json).await?;
    let done = inbox(&mut seat, &args).await;
    seat.leave().await;
    done
}

async fn inbox(seat: &mut Seat, args: &InboxArgs) -> Outcome {
    let answer = seat
        .ask(Request::List {
            limit: args.limit,
            incoming: true,
        })
        .await?;
    let Answer::Messages { messages } = answer else {
        return Ok(exit::OTHER);
    };
    let json = args.common.json;
    let config = seat.config.clone();
    seat.display(&messages, || {
        for view in &messages {
            if json {
                print::object(view);
            } else {
                crate::say!(
                    "{}  now: {} [{}]\n",
                    print::read(view, &config),
                    view.plain,
                    view.state
                );
            }
        }
        if messages.is_empty() && !json {
            crate::say!("nothing has come in");
        }
    })
    .await?;
    Ok(exit::OK)
}
