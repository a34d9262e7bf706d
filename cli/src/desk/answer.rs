//! `hotline desk answer`: a reply, released as any message is.

use clap::Args;
use hotline_client::{compose::Wording, request::Request, view::MessageView};
use hotline_core::{
    precedence::Precedence,
    words::{Answer, Function, ResponseAttribute, TrafficClass},
};

use super::{
    Common,
    coded::{self, CodedArgs, Filling, Typed},
    load,
    seat::{Seat, reference},
    send::{self, SignersArgs, WaitArgs},
    signing,
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
    /// Words to go with it, in quotes: each more of them is a line more. Or a code with its fields. Of a COUNTER to a coded
    /// message the fields that change are enough.
    #[arg(value_name = "WORDS")]
    words: Vec<String>,
    #[command(flatten)]
    coded: CodedArgs,
    /// Repeat exactly the words of the message, so that both sides have signed one text. ACCEPT of a coded message does so
    /// by itself.
    #[arg(long, conflicts_with_all = ["words", "code", "fields", "text"])]
    same: bool,
    /// Precedence; without it, that of the message.
    #[arg(long, value_name = "WORD")]
    precedence: Option<Precedence>,
    /// What the answer itself asks for; COUNTER asks for ACCEPT_COUNTER_DECLINE unless told otherwise.
    #[arg(long, value_name = "WORD")]
    response: Option<ResponseAttribute>,
    /// Also a message that has ended.
    #[arg(long)]
    anyhow: bool,
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
    done.map_err(|failure| failure.as_json(args.common.json))
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
    signing::refuse_ended(&asked, false, args.anyhow)?;
    let is_coded = coded::is_coded(&asked.text);
    match typed(args, &asked.name, &asked.text)? {
        Typed::Coded(filling) => of_code(seat, args, &filling, asked).await,
        Typed::Free(text) => {
            coded::check_words(seat, &text, &asked.channel).await?;
            of_words(args, &asked, text)
        }
        Typed::Nothing if args.same || (is_coded && args.answer == Answer::Accept) => {
            coded::show(seat, &asked.text);
            of_words(args, &asked, asked.text.clone())
        }
        Typed::Nothing => of_words(args, &asked, args.answer.name().to_owned()),
    }
}

/// What goes with the answer. With ACCEPT of a coded message that is nothing: it is accepted as it is.
fn typed(args: &AnswerArgs, asked: &str, text: &str) -> Result<Typed, Failure> {
    let is_coded = coded::is_coded(text);
    match coded::typed(&args.words, &args.coded, is_coded)? {
        Typed::Coded(_) | Typed::Free(_) if is_coded && args.answer == Answer::Accept => {
            Err(coded::accepted_as_it_is(asked))
        }
        typed => Ok(typed),
    }
}

/// A code with its fields.
async fn of_code(
    seat: &mut Seat,
    args: &AnswerArgs,
    filling: &Filling,
    asked: MessageView,
) -> Result<Wording, Failure> {
    let channel = asked.channel.clone();
    let composed = coded::compose(seat, filling, Some(asked.clone()), &channel, args.precedence).await?;
    coded::show(seat, &composed.text);
    let wording = reply(args, &asked, composed.precedence, composed.text)?;
    let response = args.response.unwrap_or(composed.code.response);
    let class = composed.code.class;
    Ok(Wording {
        response,
        class,
        ..wording
    })
}

fn of_words(args: &AnswerArgs, asked: &MessageView, text: String) -> Result<Wording, Failure> {
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
    reply(args, asked, precedence, text)
}

fn reply(
    args: &AnswerArgs,
    asked: &MessageView,
    precedence: Precedence,
    text: String,
) -> Result<Wording, Failure> {
    let response = args.response.unwrap_or(match args.answer {
        Answer::Counter => ResponseAttribute::AcceptCounterDecline,
        _ => ResponseAttribute::None,
    });
    Ok(Wording {
        class: asked.class.parse().unwrap_or(TrafficClass::Formal),
        function: Function::Reply,
        response,
        refers_to: Some(reference(asked)?),
        answer: Some(args.answer),
        // Who is asked about lives may answer under a suspension, too.
        safety_of_life: asked.safety_of_life,
        ..Wording::notice(precedence, asked.channel.clone(), text)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: AnswerArgs,
    }

    #[test]
    fn accept_of_a_coded_message_goes_with_no_fields_and_no_words() {
        let (coded, free) = ("HOTLINE-CODED 1\n", "Will you?");
        let typed_as = |words: &[&str], text: &str| {
            let line = ["answer", "A-0003"].iter().chain(words);
            typed(&Line::try_parse_from(line).unwrap().args, "A-0003", text)
        };
        for words in [
            &["ACCEPT", "distance=6 NM"][..],
            &["ACCEPT", "Agreed, with 8 NM."],
            &["ACCEPT", "--text", "Agreed."],
            &["ACCEPT", "DE-01", "distance=6 NM"],
        ] {
            let refused = typed_as(words, coded).unwrap_err();
            assert!(
                refused.help.contains("COUNTER changes fields"),
                "{words:?}: {refused:?}"
            );
        }
        assert_eq!(typed_as(&["ACCEPT"], coded), Ok(Typed::Nothing));
        let counter = typed_as(&["COUNTER", "distance=6 NM"], coded);
        assert!(matches!(counter, Ok(Typed::Coded(_))));
        let agreed = typed_as(&["ACCEPT", "Agreed."], free);
        assert_eq!(agreed, Ok(Typed::Free("Agreed.".into())));
    }
}
