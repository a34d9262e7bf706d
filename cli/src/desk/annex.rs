//! `hotline desk translate` and `present`: what an officer puts beside a message. The message itself stays as it is.

use clap::Args;
use hotline_client::{
    compose::{self, Annexing},
    request::Request,
};
use hotline_core::{
    annex::{Grade, Language},
    words::{OfficerRole, Rung},
};

use super::{
    Common, load,
    seat::Seat,
    send,
    signing::{self, Signing},
};
use crate::exit::{self, Failure, Outcome};

/// `hotline desk translate`.
#[derive(Debug, Args)]
pub struct TranslateArgs {
    #[command(flatten)]
    common: Common,
    /// The message: A-0017, or the beginning of its id or hash.
    message: String,
    /// The translation; - reads it from standard input.
    text: String,
    /// How it was made: sight, rough or certified.
    #[arg(long, value_name = "WORD", value_parser = grade)]
    grade: Grade,
    /// Into which language: its code of ISO 639, e.g. qav.
    #[arg(long, value_name = "CODE")]
    into: Language,
    /// Stand beside this desk's earlier translation into that language, instead of replacing it.
    #[arg(long)]
    beside: bool,
    /// The officer; without it, the first TRANSLATOR of this seat.
    #[arg(long, value_name = "NAME")]
    officer: Option<String>,
}

/// `hotline desk present`.
#[derive(Debug, Args)]
pub struct PresentArgs {
    #[command(flatten)]
    common: Common,
    /// The message.
    message: String,
    /// To whom: the principal, by name or office.
    #[arg(long, value_name = "WHOM")]
    to: String,
    /// The officer; without it, the first DUTY_OFFICER of this seat.
    #[arg(long, value_name = "NAME")]
    officer: Option<String>,
}

/// Reads a grade in small letters or capitals.
fn grade(word: &str) -> Result<Grade, String> {
    word.to_uppercase()
        .parse()
        .map_err(|_| format!("\"{word}\" is no grade; sight, rough or certified would work"))
}

impl TranslateArgs {
    /// The same, where standard input is the prompt itself.
    ///
    /// # Errors
    /// HL-DESK-041: its words were to come from there.
    pub fn at_a_prompt(self) -> Result<Self, Failure> {
        send::not_the_prompt(&self.text)?;
        Ok(self)
    }
}

/// Places a translation.
///
/// # Errors
/// A [`Failure`].
pub async fn translate(args: TranslateArgs) -> Outcome {
    let text = send::typed(&args.text)?;
    let config = load(&args.common)?;
    let mut seat = Seat::open(config, args.common.json).await?;
    let done = translation(&mut seat, &args, text).await;
    seat.leave().await;
    done
}

/// Places that a message was put before a principal.
///
/// # Errors
/// A [`Failure`].
pub async fn present(args: PresentArgs) -> Outcome {
    let config = load(&args.common)?;
    let mut seat = Seat::open(config, args.common.json).await?;
    let done = presentation(&mut seat, &args).await;
    seat.leave().await;
    done
}

async fn translation(seat: &mut Seat, args: &TranslateArgs, text: String) -> Outcome {
    let common = &args.common;
    let officer = args.officer.as_deref();
    let signing = signing::prepare(seat, common, &args.message, officer, &[OfficerRole::Translator]).await?;
    let of_annex = if args.beside {
        None
    } else {
        let desk = &seat.config.identity;
        signing.view.replaceable(desk, &args.into, args.grade)
    };
    let annexing = Annexing::Translated {
        grade: args.grade,
        language: args.into.clone(),
        text,
        of_annex,
    };
    place(seat, common, &signing, &annexing, Rung::Translated).await
}

async fn presentation(seat: &mut Seat, args: &PresentArgs) -> Outcome {
    let common = &args.common;
    let officer = args.officer.as_deref();
    let signing = signing::prepare(seat, common, &args.message, officer, &[OfficerRole::DutyOfficer]).await?;
    let annexing = Annexing::Presented { to: args.to.clone() };
    place(seat, common, &signing, &annexing, Rung::Presented).await
}

async fn place(
    seat: &mut Seat,
    common: &Common,
    signing: &Signing,
    annexing: &Annexing,
    rung: Rung,
) -> Outcome {
    let both = (seat.seams.clock.as_ref(), seat.seams.entropy.as_ref());
    let annex = compose::annex(
        (&seat.config, &seat.sealing()),
        &signing.by,
        signing.reference.clone(),
        annexing,
        both,
    )
    .map_err(|error| signing::not_signed(&error))?;
    let view = seat.message(Request::Annex { annex }).await?;
    signing::placed(common, &view, rung, &signing.by);
    Ok(exit::OK)
}
