//! `hotline desk cancel`: a message that was sent in error is taken back, one step from where it lies. It goes one level
//! above the message, so that it overtakes what waits; one officer signs; and it asks for ROGER, so that somebody says that
//! it was read.

use clap::Args;
use hotline_client::{compose::Wording, request::Request, view::MessageView};
use hotline_core::{
    precedence::Precedence,
    words::{Function, ResponseAttribute, TrafficClass},
};
use hotline_exercise::codebook::Level;

use super::{
    Common, load,
    seat::{Seat, reference},
    send::{self, WaitArgs},
};
use crate::exit::{self, Failure, Outcome};

/// `hotline desk cancel`.
#[derive(Debug, Args)]
pub struct CancelArgs {
    #[command(flatten)]
    common: Common,
    /// The message of this desk: A-0017, or the beginning of its id or hash.
    message: String,
    /// Why.
    #[arg(default_value = "Sent in error.")]
    reason: String,
    /// The releasing officer; without it, the first of this seat who may release.
    #[arg(long, value_name = "NAME")]
    officer: Option<String>,
    #[command(flatten)]
    waiting: WaitArgs,
}

/// Runs the verb.
///
/// # Errors
/// A [`Failure`].
pub async fn run(args: CancelArgs) -> Outcome {
    let config = load(&args.common)?;
    let mut seat = Seat::open(config, args.common.json).await?;
    let done = cancel(&mut seat, &args).await;
    seat.leave().await;
    done
}

async fn cancel(seat: &mut Seat, args: &CancelArgs) -> Outcome {
    let original = seat.show(&args.message).await?;
    let wording = wording(&original, &args.reason).map_err(|failure| failure.as_json(args.common.json))?;
    let sheet = send::sign(seat, &args.common, &wording, args.officer.as_deref(), None)?;
    let view = seat.message(Request::Release { sheet }).await?;
    send::finish(seat, &args.common, view, &args.waiting).await
}

fn wording(original: &MessageView, reason: &str) -> Result<Wording, Failure> {
    if original.direction != "out" {
        return Err(Failure::new(
            "HL-DESK-017",
            exit::OTHER,
            format!("{} was not sent here: only its sender cancels it", original.name),
            "hotline desk answer says what is to be said of it",
        ));
    }
    if original.cancelled {
        return Err(Failure::new(
            "HL-DESK-017",
            exit::OTHER,
            format!("{} is cancelled already", original.name),
            format!("hotline desk show {}", original.name),
        ));
    }
    let before = original.precedence.parse::<Precedence>().ok();
    Ok(Wording {
        precedence: Level::AboveOriginal
            .usual(before, None)
            .unwrap_or(Precedence::Flash),
        class: original.class.parse().unwrap_or(TrafficClass::Formal),
        function: Function::Cancel,
        response: ResponseAttribute::Roger,
        channel: original.channel.clone(),
        refers_to: Some(reference(original)?),
        answer: None,
        text: format!("{} is cancelled. {reason}", original.name),
        expires_ms: 0,
        // What saves lives may be taken back under a suspension, too.
        safety_of_life: original.safety_of_life,
        respond_by_ms: 0,
        contact: None,
    })
}
