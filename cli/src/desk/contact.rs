//! `hotline desk call` and `hotline desk presence`: messages that ask for people on the line, by a time.

use std::time::Duration;

use clap::Args;
use hotline_client::{compose::Wording, request::Request};
use hotline_core::{
    contact::Contact,
    precedence::Precedence,
    words::{Function, ResponseAttribute},
};

use super::{
    Common, duration, load,
    seat::Seat,
    send::{self, SignersArgs, WaitArgs},
};
use crate::exit::Outcome;

/// `hotline desk call` and `presence`.
#[derive(Debug, Args)]
pub struct ContactArgs {
    #[command(flatten)]
    common: Common,
    /// Who is asked for, about what, and at what times.
    text: String,
    /// Within what time an answer is asked for: 10m, 48h. When it has passed without one both sides are told.
    #[arg(long, value_parser = duration, value_name = "TIME")]
    respond_by: Duration,
    /// How urgent: FLASH and OVERRIDE need two officers.
    #[arg(long, short, default_value = "IMMEDIATE", value_name = "WORD")]
    precedence: Precedence,
    /// The channel; without it, the one of the settings.
    #[arg(long, value_name = "NAME")]
    channel: Option<String>,
    #[command(flatten)]
    signers: SignersArgs,
    #[command(flatten)]
    waiting: WaitArgs,
}

/// Runs either verb.
///
/// # Errors
/// A [`Failure`](crate::exit::Failure).
pub async fn run(args: ContactArgs, contact: Contact) -> Outcome {
    let mut seat = Seat::open(load(&args.common)?, args.common.json).await?;
    let done = ask(&mut seat, &args, contact).await;
    seat.leave().await;
    done
}

async fn ask(seat: &mut Seat, args: &ContactArgs, contact: Contact) -> Outcome {
    let channel = args.channel.as_ref().unwrap_or(&seat.config.channel).clone();
    let wording = Wording {
        function: Function::Query,
        response: ResponseAttribute::AcceptCounterDecline,
        respond_by_ms: seat.people_from_now(args.respond_by).await?,
        contact: Some(contact),
        ..Wording::notice(args.precedence, channel, args.text.clone())
    };
    let SignersArgs { officer, drafter } = &args.signers;
    let sheet = send::sign(
        seat,
        &args.common,
        &wording,
        officer.as_deref(),
        drafter.as_deref(),
    )?;
    let view = seat.message(Request::Release { sheet }).await?;
    send::finish(seat, &args.common, view, &args.waiting).await
}
