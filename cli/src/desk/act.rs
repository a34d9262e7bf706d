//! `hotline desk ack` and `act`: what an officer signs about a message. Nothing here happens by itself.

use clap::Args;
use hotline_client::{compose, request::Request};
use hotline_core::words::{OfficerRole, Rung};

use hotline_exercise::codebook::coded;

use super::{Common, coded::Book, load, seat::Seat, signing};
use crate::exit::{self, Failure, Outcome};

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
    /// Also of a message that has ended.
    #[arg(long)]
    anyhow: bool,
}

/// `hotline desk act`.
#[derive(Debug, Args)]
pub struct ActArgs {
    #[command(flatten)]
    common: Common,
    /// HOLDING, READ_BACK, INSUFFICIENT or DECLINED; by the desk that sent it CONFIRMED, when it came late or was read back
    /// rightly, and CORRECTED, when it was read back wrongly.
    act: Rung,
    /// The message.
    message: String,
    /// The reason, what was read back, or what is right. CONFIRMED repeats what was read back.
    #[arg(long, default_value = "", value_name = "TEXT")]
    text: String,
    /// With INSUFFICIENT: the fields of a coded message that lack or say too little, e.g. area,scale.
    #[arg(long, value_delimiter = ',', value_name = "FIELDS", conflicts_with = "text")]
    fields: Vec<String>,
    /// The officer; without it, the first WATCH_OFFICER or DUTY_OFFICER of this seat.
    #[arg(long, value_name = "NAME")]
    officer: Option<String>,
    /// Also of a message that has ended.
    #[arg(long)]
    anyhow: bool,
}

/// Acknowledges.
///
/// # Errors
/// A [`Failure`](crate::exit::Failure).
pub async fn ack(args: AckArgs) -> Outcome {
    let config = load(&args.common)?;
    let mut seat = Seat::open(config, args.common.json).await?;
    let acting = Acting {
        rung: Rung::Acknowledged,
        message: &args.message,
        text: "",
        officer: args.officer.as_deref(),
        anyhow: args.anyhow,
    };
    let done = sign(&mut seat, &args.common, acting).await;
    seat.leave().await;
    done.map_err(|failure| failure.as_json(args.common.json))
}

/// Signs another act.
///
/// # Errors
/// A [`Failure`](crate::exit::Failure).
pub async fn act(args: ActArgs) -> Outcome {
    let config = load(&args.common)?;
    let mut seat = Seat::open(config, args.common.json).await?;
    let done = of_words(&mut seat, &args).await;
    seat.leave().await;
    done.map_err(|failure| failure.as_json(args.common.json))
}

async fn of_words(seat: &mut Seat, args: &ActArgs) -> Outcome {
    let text = match args.fields.as_slice() {
        [] => args.text.clone(),
        fields => insufficient(seat, args, fields).await?,
    };
    let acting = Acting {
        rung: args.act,
        message: &args.message,
        text: &text,
        officer: args.officer.as_deref(),
        anyhow: args.anyhow,
    };
    sign(seat, &args.common, acting).await
}

/// The text that names fields of a coded message.
async fn insufficient(seat: &mut Seat, args: &ActArgs, fields: &[String]) -> Result<String, Failure> {
    let refused = |what: String, help: &str| Failure::new("HL-DESK-041", exit::USAGE, what, help);
    if args.act != Rung::Insufficient {
        let what = format!("{} names no fields", args.act.name());
        return Err(refused(what, "act INSUFFICIENT MESSAGE --fields area,scale"));
    }
    let view = seat.show(&args.message).await?;
    let book = Book::of(&seat.config)?;
    let coded = book.as_ref().and_then(|book| book.read(&view.text));
    let code = coded.and_then(|coded| book.as_ref()?.book.code(&coded.code).cloned());
    let Some(code) = code else {
        let what = format!("{} is no coded message of this desk's codebook", view.name);
        return Err(refused(what, "say in words what lacks: --text"));
    };
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    coded::insufficient(&code, &fields).map_err(|error| {
        let help = format!("codes {} lists its fields", code.id);
        refused(error.to_string(), &help)
    })
}

/// What an officer signs about a message.
#[derive(Clone, Copy, Debug)]
pub struct Acting<'a> {
    /// The rung.
    pub rung: Rung,
    /// The message.
    pub message: &'a str,
    /// Words.
    pub text: &'a str,
    /// The officer; none for the first who may.
    pub officer: Option<&'a str>,
    /// Also of a message that has ended.
    pub anyhow: bool,
}

/// Shows the message, so that nobody signs for what was not on screen, and places the officer's act.
///
/// # Errors
/// A [`Failure`](crate::exit::Failure).
pub async fn sign(seat: &mut Seat, common: &Common, acting: Acting<'_>) -> Outcome {
    let Acting {
        rung,
        message,
        text,
        officer,
        anyhow,
    } = acting;
    let receiving = [OfficerRole::WatchOfficer, OfficerRole::DutyOfficer];
    let sending = [
        OfficerRole::Releaser,
        OfficerRole::WatchOfficer,
        OfficerRole::DutyOfficer,
    ];
    let roles = if matches!(rung, Rung::Confirmed | Rung::Corrected) {
        &sending[..]
    } else {
        &receiving
    };
    let signing = signing::prepare(seat, common, message, officer, roles).await?;
    if !matches!(rung, Rung::Confirmed | Rung::Corrected) {
        signing::refuse_ended(&signing.view, rung == Rung::Declined, anyhow)?;
    }
    // Shown to whoever signs, with the message.
    let repeated = match (rung, text) {
        (Rung::Confirmed, "") => signing.view.awaits_confirmation(),
        _ => None,
    };
    let text = repeated.map_or(text, |read| &read.words);
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
