//! `hotline channel open`: a charter over the line. One side's releaser proposes terms, the other's agrees to exactly
//! those bytes; the channel is open once both signed.

use clap::Args;
use hotline_audit::statement::CharterTerms;
use hotline_client::{
    compose,
    request::{Answer, Request},
    standing::{ChannelView, CharterView},
};
use hotline_core::{text::inert_line, words::OfficerRole};

use crate::{
    desk::{self, Common, keyring, seat::Seat},
    exit::{self, Failure, Outcome},
};

/// `hotline channel open`.
#[derive(Debug, Args)]
pub(super) struct OpenArgs {
    #[command(flatten)]
    common: Common,
    /// The channel; without it, the one of the settings.
    channel: Option<String>,
    /// MINISTER, THEATRE and so on; without it, the channel's name.
    #[arg(long, value_name = "WORD")]
    level: Option<String>,
    /// What the channel is for.
    #[arg(long, value_name = "TEXT")]
    scope: Option<String>,
    /// When it is attended.
    #[arg(long, value_name = "TEXT")]
    hours: Option<String>,
    /// What each side promises to sign, and how soon.
    #[arg(long, value_name = "TEXT")]
    receipt_policy: Option<String>,
    /// The releasing officer; without it, the first RELEASER of this seat.
    #[arg(long, value_name = "NAME")]
    officer: Option<String>,
}

pub(super) async fn run(args: &OpenArgs) -> Outcome {
    let common = &args.common;
    let mut seat = Seat::open(desk::load(common)?, common.json).await?;
    let done = open(&mut seat, common, args).await;
    seat.leave().await;
    done
}

async fn open(seat: &mut Seat, common: &Common, args: &OpenArgs) -> Outcome {
    let name = args
        .channel
        .clone()
        .unwrap_or_else(|| seat.config.channel.clone());
    let known = view(seat, &name).await?;
    if let Some(view) = known.as_ref().filter(|view| view.label != "PROVISIONED") {
        super::tell(view, common);
        return Ok(exit::OK);
    }
    let mine = seat.config.identity.domain().to_string();
    let proposed = known.as_ref().and_then(|view| view.charter.as_ref());
    let terms = match proposed {
        Some(charter) if !charter.lacking.contains(&mine) => {
            // Proposed by this side already: it is for the other one to agree.
            if let Some(view) = &known {
                super::tell(view, common);
            }
            return Ok(exit::OK);
        }
        Some(charter) => agreed(charter, args, common)?,
        None => proposal(seat, &name, args).encode(),
    };
    let by = keyring::officer(
        seat,
        common,
        args.officer.as_deref(),
        &[OfficerRole::Releaser],
        None,
    )?;
    let consent = compose::consent(&by, &terms, seat.seams.clock.as_ref())
        .map_err(|error| Failure::new("HL-DESK-025", exit::OTHER, error.to_string(), "shorten the terms"))?;
    let terms = data_encoding::BASE64.encode(&terms);
    let answer = seat.ask(Request::OpenChannel { terms, consent }).await?;
    if let (Answer::Done { what }, false) = (&answer, common.json) {
        crate::say!("{what}");
    }
    if let Some(view) = view(seat, &name).await? {
        super::tell(&view, common);
    }
    Ok(exit::OK)
}

async fn view(seat: &mut Seat, name: &str) -> Result<Option<ChannelView>, Failure> {
    let channels = seat.status().await?.standing.channels;
    Ok(channels.into_iter().find(|view| view.name == name))
}

/// The terms that the other side proposes; whoever types others must say so to the other side first.
fn agreed(charter: &CharterView, args: &OpenArgs, common: &Common) -> Result<Vec<u8>, Failure> {
    for (term, typed, theirs) in [
        ("level", &args.level, &charter.level),
        ("scope", &args.scope, &charter.scope),
        ("hours", &args.hours, &charter.hours),
        ("receipt-policy", &args.receipt_policy, &charter.receipt_policy),
    ] {
        if let Some(typed) = typed.as_ref().filter(|typed| *typed != theirs) {
            let what = format!(
                "the other side proposes the {term} \"{}\", not \"{}\"",
                inert_line(theirs).text,
                inert_line(typed).text
            );
            let help = "leave the terms out to agree to theirs, or propose another channel";
            return Err(Failure::new("HL-DESK-037", exit::USAGE, what, help).as_json(common.json));
        }
    }
    data_encoding::BASE64
        .decode(charter.terms.as_bytes())
        .map_err(|_| {
            Failure::new(
                "HL-DESK-022",
                exit::OTHER,
                "the station's answer is malformed",
                "",
            )
            .as_json(common.json)
        })
}

fn proposal(seat: &Seat, name: &str, args: &OpenArgs) -> CharterTerms {
    let mut sides = vec![
        seat.config.identity.domain().to_string(),
        seat.config.peer.domain().to_string(),
    ];
    sides.sort();
    let or = |typed: &Option<String>, else_: &str| typed.clone().unwrap_or_else(|| else_.to_owned());
    CharterTerms {
        channel: name.to_owned(),
        level: or(&args.level, name),
        scope: or(&args.scope, "as both sides agree"),
        hours: or(&args.hours, "at all hours"),
        exercise: seat.config.exercise.clone(),
        sides,
        receipt_policy: or(&args.receipt_policy, "each precedence's objective"),
        codebook_sha256: None,
    }
}
