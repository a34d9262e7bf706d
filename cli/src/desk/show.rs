//! `hotline desk show` and `status`.

use clap::Args;

use super::{Common, load, print, seat::Seat};
use crate::exit::{self, Outcome};

/// `hotline desk show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    #[command(flatten)]
    common: Common,
    /// The message: A-0017, or the beginning of its id or hash.
    message: String,
}

/// `hotline desk status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    #[command(flatten)]
    common: Common,
}

/// Shows one message.
///
/// # Errors
/// A failure.
pub async fn run(args: ShowArgs) -> Outcome {
    let config = load(&args.common)?;
    let mut seat = Seat::open(config, args.common.json).await?;
    let done = show(&mut seat, &args).await;
    seat.leave().await;
    done
}

async fn show(seat: &mut Seat, args: &ShowArgs) -> Outcome {
    let view = seat.show(&args.message).await?;
    let json = args.common.json;
    let config = seat.config.clone();
    seat.display(std::slice::from_ref(&view), || {
        if json {
            print::object(&view);
        } else {
            let (original, beside) = (print::read(&view, &config), print::translations(&view));
            crate::say_part!("{original}{beside}{}", print::timeline(&view));
        }
    })
    .await?;
    Ok(exit::OK)
}

/// Shows how the line stands. Exit code 5 if no relay can be reached.
///
/// # Errors
/// A failure.
pub async fn status(args: StatusArgs) -> Outcome {
    let config = load(&args.common)?;
    let mut seat = Seat::open(config, args.common.json).await?;
    let status = seat.status().await;
    seat.leave().await;
    let status = status?;
    if args.common.json {
        print::object(&status);
    } else {
        let story = status.story.as_ref().map(crate::status::story);
        crate::say_part!("{}{}", story.unwrap_or_default(), print::status(&status));
    }
    Ok(if status.legs_up() == 0 {
        exit::UNREACHABLE
    } else {
        exit::OK
    })
}
