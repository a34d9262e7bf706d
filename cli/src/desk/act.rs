//! `hotline desk ack` and `act`: what an officer signs about a message. Nothing here happens by itself.

use clap::Args;
use hotline_client::{compose, request::Request};
use hotline_core::words::{OfficerRole, Rung};

use super::{Common, load, seat::Seat, signing};
use crate::exit::{self, Outcome};

/// `hotline desk ack`.
#[derive(Debug, Args)]
pub struct AckArgs {
    #[command(flatten)]
    common: Common,
    /// The message: B-0017, or the beginning of its id or hash.
    message: String,
    /// The officer; without it, the first WATCH_OFFICER or DUTY_OFFICER of this seat.
    #[arg(long, value_name = "NAME")]
    officer: Option<String>,
}

/// `hotline desk act`.
#[derive(Debug, Args)]
pub struct ActArgs {
    #[command(flatten)]
    common: Common,
    /// HOLDING, READ_BACK, INSUFFICIENT or DECLINED; CONFIRMED by the desk that sent it, when it came late.
    act: Rung,
    /// The message.
    message: String,
    /// The reason, the fields that lack, or what was read back.
    #[arg(long, default_value = "", value_name = "TEXT")]
    text: String,
    /// The officer; without it, the first WATCH_OFFICER or DUTY_OFFICER of this seat.
    #[arg(long, value_name = "NAME")]
    officer: Option<String>,
}

/// Acknowledges.
///
/// # Errors
/// A [`Failure`](crate::exit::Failure).
pub async fn ack(args: AckArgs) -> Outcome {
    run(
        &args.common,
        Rung::Acknowledged,
        &args.message,
        "",
        args.officer.as_deref(),
    )
    .await
}

/// Signs another act.
///
/// # Errors
/// A [`Failure`](crate::exit::Failure).
pub async fn act(args: ActArgs) -> Outcome {
    run(
        &args.common,
        args.act,
        &args.message,
        &args.text,
        args.officer.as_deref(),
    )
    .await
}

async fn run(common: &Common, rung: Rung, message: &str, text: &str, officer: Option<&str>) -> Outcome {
    let config = load(common)?;
    let mut seat = Seat::open(config, common.json).await?;
    let done = sign(&mut seat, common, rung, message, text, officer).await;
    seat.leave().await;
    done
}

/// Shows the message, so that nobody signs for what was not on screen, and places the officer's act.
///
/// # Errors
/// A [`Failure`](crate::exit::Failure).
pub async fn sign(
    seat: &mut Seat,
    common: &Common,
    rung: Rung,
    message: &str,
    text: &str,
    officer: Option<&str>,
) -> Outcome {
    let receiving = [OfficerRole::WatchOfficer, OfficerRole::DutyOfficer];
    let sending = [
        OfficerRole::Releaser,
        OfficerRole::WatchOfficer,
        OfficerRole::DutyOfficer,
    ];
    let roles = if rung == Rung::Confirmed {
        &sending[..]
    } else {
        &receiving
    };
    let signing = signing::prepare(seat, common, message, officer, roles).await?;
    let act = compose::act(
        &seat.config,
        &signing.by,
        rung,
        signing.reference.clone(),
        text,
        seat.seams.clock.as_ref(),
    )
    .map_err(|error| signing::not_signed(&error))?;
    let view = seat.message(Request::Act { act }).await?;
    signing::placed(common, &view, rung, &signing.by);
    Ok(exit::OK)
}
