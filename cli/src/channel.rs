//! `hotline channel`: the life of a channel, as releasers sign it: open, suspend, sever, restore; and how each stands.

mod open;
mod rekey;

use std::time::Duration;

use clap::{Args, Subcommand};
use hotline_audit::statement::Reference;
use hotline_client::{
    compose::{self, Ordering},
    request::Request,
    standing::{ChannelView, Restoration, StandingView, StatementView},
};
use hotline_core::{duty::OrderVerb, text::inert_line, words::OfficerRole};

use crate::{
    desk::{self, Common, duration, keyring, print, seat::Seat, send},
    exit::{self, Failure, Outcome},
    status,
};

/// `hotline channel`.
#[derive(Debug, Args)]
pub struct ChannelArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Proposes a channel's charter, or agrees to the one that the other side proposes. Open once both signed.
    Open(open::OpenArgs),
    /// Suspends a channel: no formal traffic but what saves lives. One side's releaser suffices.
    Suspend(OrderArgs),
    /// Severs a channel: only SERVICE and TEST pass. One side's releaser suffices.
    Sever(OrderArgs),
    /// Restores a channel, or agrees to the other side's RESTORE. Needs both, a comm check on each path and fresh
    /// checkpoints.
    Restore(OrderArgs),
    /// How each channel stands.
    List(ListArgs),
    /// Announces a new key of this desk, or agrees to the other side's: both keys count for a time, then the new one only.
    Rekey(rekey::RekeyArgs),
    /// Signs nothing: this version carries no AMEND_CONFIG out.
    #[command(hide = true)]
    AmendConfig(NotYet),
}

/// Whatever is typed behind a verb that signs nothing.
#[derive(Debug, Args)]
struct NotYet {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    words: Vec<String>,
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct OrderArgs {
    #[command(flatten)]
    common: Common,
    /// The channel; without it, the one of the settings.
    channel: Option<String>,
    /// All channels.
    #[arg(long, conflicts_with = "channel")]
    all: bool,
    /// All channels of that level, one order each.
    #[arg(long, conflicts_with_all = ["channel", "all"], value_name = "LEVEL")]
    level: Option<String>,
    /// In what time it begins to count: 2h; SUSPEND and SEVER only. Without it, at once.
    #[arg(long, value_parser = duration, value_name = "TIME")]
    effective: Option<Duration>,
    /// What of it, in words that the other side reads.
    #[arg(long, default_value = "", value_name = "TEXT")]
    scope: String,
    /// Why, in words that the other side reads.
    #[arg(long, default_value = "no reason given", value_name = "TEXT")]
    reason: String,
    /// In what time it is to be looked at again, from when it begins to count; SUSPEND only.
    #[arg(long, default_value = "24h", value_parser = duration, value_name = "TIME")]
    review_by: Duration,
    /// The releasing officer; without it, the first RELEASER of this seat.
    #[arg(long, value_name = "NAME")]
    officer: Option<String>,
}

/// Runs a verb.
///
/// # Errors
/// A [`Failure`] with its exit code and what to do.
pub fn run(args: ChannelArgs) -> Outcome {
    let runtime = hotline_transport::node_runtime().map_err(|error| Failure::io("starting", &error))?;
    runtime.block_on(carry_out(args))
}

/// The same, where a runtime runs already.
///
/// # Errors
/// A [`Failure`].
pub async fn carry_out(args: ChannelArgs) -> Outcome {
    match args.verb {
        Verb::Open(args) => open::run(&args).await,
        Verb::Suspend(args) => order(&args, OrderVerb::Suspend).await,
        Verb::Sever(args) => order(&args, OrderVerb::Sever).await,
        Verb::Restore(args) => order(&args, OrderVerb::Restore).await,
        Verb::List(args) => list(&args).await,
        Verb::Rekey(args) => rekey::run(&args).await,
        Verb::AmendConfig(args) => Err(not_yet(&args)),
    }
}

/// An order that would be kept and would change nothing deceives whoever signs it: it is not signed.
fn not_yet(typed: &NotYet) -> Failure {
    let instead = "change desk.toml or relay.toml, and start the desk or relay anew; a charter's terms: hotline channel open of another name";
    Failure::new(
        "HL-DESK-040",
        exit::USAGE,
        format!(
            "{} was not signed: it has no effect in this version",
            OrderVerb::AmendConfig.name()
        ),
        instead,
    )
    .as_json(typed.words.iter().any(|word| word == "--json"))
}

async fn list(args: &ListArgs) -> Outcome {
    let common = &args.common;
    let mut seat = Seat::open(desk::load(common)?, common.json).await?;
    let status = seat.status().await;
    seat.leave().await;
    let standing = status?.standing;
    for channel in &standing.channels {
        tell(channel, common);
    }
    // One object for each channel is what scripts read here; status has the keys as well.
    if !common.json {
        for view in &standing.rekeys {
            crate::say_part!("{}", status::rekey(view));
        }
    }
    Ok(exit::OK)
}

async fn order(args: &OrderArgs, verb: OrderVerb) -> Outcome {
    let common = &args.common;
    let mut seat = Seat::open(desk::load(common)?, common.json).await?;
    let done = sign(&mut seat, common, args, verb).await;
    seat.leave().await;
    done
}

async fn sign(seat: &mut Seat, common: &Common, args: &OrderArgs, verb: OrderVerb) -> Outcome {
    if args.effective.is_some() && verb == OrderVerb::Restore {
        return Err(Failure::new(
            "HL-DESK-038",
            exit::USAGE,
            "a RESTORE counts once both sides signed it and the line is shown to work, not from a time on",
            "leave --effective away",
        )
        .as_json(common.json));
    }
    for channel in channels(seat, common, args).await? {
        sign_one(seat, common, args, (verb, &channel)).await?;
    }
    Ok(exit::OK)
}

/// The channels that are meant; the empty name stands for all of the line.
async fn channels(seat: &mut Seat, common: &Common, args: &OrderArgs) -> Result<Vec<String>, Failure> {
    let Some(level) = &args.level else {
        let named = args.channel.clone();
        let one = named.unwrap_or_else(|| seat.config.channel.clone());
        return Ok(vec![if args.all { String::new() } else { one }]);
    };
    let standing = seat.status().await?.standing;
    let of_level = standing.channels.into_iter().filter(|view| {
        let charter = view.charter.as_ref();
        charter.is_some_and(|charter| charter.signed && charter.level == *level)
    });
    let names: Vec<String> = of_level.map(|view| view.name).collect();
    if names.is_empty() {
        return Err(Failure::new(
            "HL-DESK-039",
            exit::OTHER,
            format!("no channel of the level {} is chartered", inert_line(level).text),
            "hotline status --json names the level of each charter",
        )
        .as_json(common.json));
    }
    Ok(names)
}

async fn sign_one(
    seat: &mut Seat,
    common: &Common,
    args: &OrderArgs,
    (verb, channel): (OrderVerb, &str),
) -> Outcome {
    let standing = seat.status().await?.standing;
    let me = seat.config.identity.to_string();
    let consents_to = match verb {
        OrderVerb::Restore => match standing.restoration(channel, &me) {
            Restoration::Ours => {
                tell_all(&standing, channel, common);
                return Ok(exit::OK);
            }
            Restoration::Theirs(first) => Some(reference(&first, common)?),
            Restoration::None => None,
        },
        _ => None,
    };
    let ordering = Ordering {
        verb,
        channel: channel.to_owned(),
        scope: args.scope.clone(),
        reason: args.reason.clone(),
        effective_ms: args.effective.map_or(0, |time| send::from_now(seat, time)),
        review_by_ms: match verb {
            // From when it begins to count.
            OrderVerb::Suspend => send::from_now(seat, args.effective.unwrap_or_default() + args.review_by),
            _ => 0,
        },
        consents_to,
        subject: None,
    };
    let by = keyring::officer(
        seat,
        common,
        args.officer.as_deref(),
        &[OfficerRole::Releaser],
        None,
    )?;
    let order = compose::order(&seat.config, &by, &ordering, seat.seams.clock.as_ref()).map_err(|error| {
        Failure::new(
            "HL-DESK-025",
            exit::OTHER,
            error.to_string(),
            "shorten the reason",
        )
        .as_json(common.json)
    })?;
    seat.ask(Request::Order { order }).await?;
    let standing = seat.status().await?.standing;
    tell_all(&standing, channel, common);
    Ok(exit::OK)
}

fn reference(view: &StatementView, common: &Common) -> Result<Reference, Failure> {
    view.reference().ok_or_else(|| {
        Failure::new(
            "HL-DESK-022",
            exit::OTHER,
            "the station's answer is malformed",
            "",
        )
        .as_json(common.json)
    })
}

fn tell_all(standing: &StandingView, channel: &str, common: &Common) {
    for view in standing.of(channel) {
        tell(view, common);
    }
}

fn tell(view: &ChannelView, common: &Common) {
    if common.json {
        print::object(view);
    } else {
        crate::say_part!("{}", status::channel(view));
    }
}
