//! `hotline desk answer`: a reply, released as any message is.

use clap::Args;
use hotline_client::{compose::Wording, request::Request};
use hotline_core::{
    precedence::Precedence,
    words::{Answer, Function, ResponseAttribute, TrafficClass},
};

use super::{
    Common, load,
    seat::{Seat, reference},
    send::{self, SignersArgs, WaitArgs},
};
use crate::exit::{self, Failure, Outcome};

/// `hotline desk answer`.
#[derive(Debug, Args)]
pub struct AnswerArgs {
    #[command(flatten)]
    common: Common,
    /// The message: A-0017, or the beginning of its id or hash.
    message: String,
    /// ROGER, AFFIRM, NEGATIVE, ACCEPT, UNABLE, COUNTER, DECLINE, YES, NO, UNKNOWN, SUFFICIENT, INSUFFICIENT,
    /// STANDBY or FREE_TEXT: what the message asks for.
    answer: Answer,
    /// Words to go with it.
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// Precedence; without it, that of the message.
    #[arg(long, value_name = "WORD")]
    precedence: Option<Precedence>,
    /// What the answer itself asks for; COUNTER asks for ACCEPT_COUNTER_DECLINE unless told otherwise.
    #[arg(long, value_name = "WORD")]
    response: Option<ResponseAttribute>,
    #[command(flatten)]
    signers: SignersArgs,
    #[command(flatten)]
    waiting: WaitArgs,
}

/// Runs the verb.
///
/// # Errors
/// A [`Failure`].
pub async fn run(args: AnswerArgs) -> Outcome {
    let config = load(&args.common)?;
    let mut seat = Seat::open(config, args.common.json).await?;
    let done = answer(&mut seat, &args).await;
    seat.leave().await;
    done
}

async fn answer(seat: &mut Seat, args: &AnswerArgs) -> Outcome {
    let wording = wording(seat, args).await?;
    let sheet = send::sign(
        seat,
        &args.common,
        &wording,
        args.signers.officer.as_deref(),
        args.signers.drafter.as_deref(),
    )?;
    let view = seat.message(Request::Release { sheet }).await?;
    let done = send::finish(seat, &args.common, view, &args.waiting).await?;
    // That one's own answer is a no is no failure of the verb.
    Ok(if done == exit::ANSWERED_NO { exit::OK } else { done })
}

async fn wording(seat: &mut Seat, args: &AnswerArgs) -> Result<Wording, Failure> {
    let asked = seat.show(&args.message).await?;
    let precedence = match args.precedence {
        Some(precedence) => precedence,
        None => asked.precedence.parse().map_err(|_| {
            Failure::new(
                "HL-DESK-026",
                exit::OTHER,
                format!("{} has no precedence", asked.name),
                "name one with --precedence",
            )
        })?,
    };
    let response = args.response.unwrap_or(match args.answer {
        Answer::Counter => ResponseAttribute::AcceptCounterDecline,
        _ => ResponseAttribute::None,
    });
    Ok(Wording {
        precedence,
        class: asked.class.parse().unwrap_or(TrafficClass::Formal),
        function: Function::Reply,
        response,
        channel: asked.channel.clone(),
        refers_to: Some(reference(&asked)?),
        answer: Some(args.answer),
        text: args.text.clone().unwrap_or_else(|| args.answer.name().to_owned()),
        expires_ms: 0,
        // Who is asked about lives may answer under a suspension, too.
        safety_of_life: asked.safety_of_life,
        respond_by_ms: 0,
        contact: None,
    })
}
