//! `hotline channel`: the life of a channel, as releasers sign it: open, suspend, sever, restore; and how each stands.

mod open;

use std::time::Duration;

use clap::{Args, Subcommand};
use hotline_audit::statement::Reference;
use hotline_client::{
    compose::{self, Ordering},
    request::Request,
    standing::{ChannelView, StandingView, StatementView},
};
use hotline_core::{duty::OrderVerb, words::OfficerRole};

use crate::{
    desk::{self, Common, duration, keyring, print, seat::Seat},
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
    /// What of it, in words that the other side reads.
    #[arg(long, default_value = "", value_name = "TEXT")]
    scope: String,
    /// Why, in words that the other side reads.
    #[arg(long, default_value = "no reason given", value_name = "TEXT")]
    reason: String,
    /// In what time it is to be looked at again; SUSPEND only.
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
    }
}

async fn list(args: &ListArgs) -> Outcome {
    let common = &args.common;
    let mut seat = Seat::open(desk::load(common)?, common.json).await?;
    let status = seat.status().await;
    seat.leave().await;
    for channel in &status?.standing.channels {
        tell(channel, common);
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
    let channel = match (&args.channel, args.all) {
        (_, true) => String::new(),
        (Some(channel), false) => channel.clone(),
        (None, false) => seat.config.channel.clone(),
    };
    let standing = seat.status().await?.standing;
    let me = seat.config.identity.to_string();
    let consents_to = match verb {
        OrderVerb::Restore => match restoration(&standing, &channel, &me) {
            Restoration::Ours => {
                tell_all(&standing, &channel, common);
                return Ok(exit::OK);
            }
            Restoration::Theirs(first) => Some(reference(&first, common)?),
            Restoration::None => None,
        },
        _ => None,
    };
    let review = u64::try_from(args.review_by.as_millis()).unwrap_or(u64::MAX);
    let ordering = Ordering {
        verb,
        channel: channel.clone(),
        scope: args.scope.clone(),
        reason: args.reason.clone(),
        review_by_ms: match verb {
            OrderVerb::Suspend => seat.seams.clock.wall().unix_ms().saturating_add(review),
            _ => 0,
        },
        consents_to,
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
    tell_all(&standing, &channel, common);
    Ok(exit::OK)
}

/// A restoration that is under way.
enum Restoration {
    None,
    /// The other side signed first.
    Theirs(StatementView),
    /// This side signed already, or both did: there is nothing to sign.
    Ours,
}

/// What is under way for the channels meant. One that an order has overtaken is none: it is signed anew.
fn restoration(standing: &StandingView, channel: &str, me: &str) -> Restoration {
    let views = of(standing, channel);
    let mut found = Restoration::None;
    let mut overtaken = false;
    for restoring in views.filter_map(|view| view.restoring.as_ref()) {
        if restoring.overtaken {
            overtaken = true;
        } else if restoring.agreed_by.is_some() || restoring.first.sender == me {
            found = Restoration::Ours;
        } else {
            return Restoration::Theirs(restoring.first.clone());
        }
    }
    if overtaken { Restoration::None } else { found }
}

/// The channel of that name; all if it is empty.
fn of<'a>(standing: &'a StandingView, channel: &'a str) -> impl Iterator<Item = &'a ChannelView> {
    standing
        .channels
        .iter()
        .filter(move |view| channel.is_empty() || view.name == channel)
}

fn reference(view: &StatementView, common: &Common) -> Result<Reference, Failure> {
    let read = || {
        let id = data_encoding::HEXLOWER.decode(view.id.as_bytes()).ok()?;
        Some(Reference {
            sender: view.sender.clone(),
            id: id.try_into().ok()?,
            sha256: view.sha256.parse().ok()?,
        })
    };
    read().ok_or_else(|| {
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
    for view in of(standing, channel) {
        tell(view, common);
    }
}

fn tell(view: &ChannelView, common: &Common) {
    if common.json {
        print::object(view);
    } else {
        print!("{}", status::channel(view));
    }
}

#[cfg(test)]
mod tests {
    use hotline_client::standing::RestoringView;

    use super::*;

    fn view(name: &str, sender: &str, agreed: bool, overtaken: bool) -> ChannelView {
        let first = StatementView {
            sender: sender.into(),
            ..StatementView::default()
        };
        let restoring = RestoringView {
            first,
            agreed_by: agreed.then(|| "moreau".into()),
            overtaken,
            ..RestoringView::default()
        };
        ChannelView {
            name: name.into(),
            restoring: Some(restoring),
            ..ChannelView::default()
        }
    }

    fn found(channels: Vec<ChannelView>, channel: &str) -> &'static str {
        let standing = StandingView {
            channels,
            ..StandingView::default()
        };
        match restoration(&standing, channel, "me") {
            Restoration::None => "sign",
            Restoration::Theirs(_) => "agree",
            Restoration::Ours => "wait",
        }
    }

    #[test]
    fn a_restoration_that_an_order_has_overtaken_is_signed_anew() {
        for (sender, agreed) in [("me", false), ("them", true), ("them", false)] {
            assert_eq!(found(vec![view("A", sender, agreed, true)], "A"), "sign");
        }
        assert_eq!(found(vec![view("A", "me", false, false)], "A"), "wait");
        assert_eq!(found(vec![view("A", "them", true, false)], "A"), "wait");
        assert_eq!(found(vec![view("A", "them", false, false)], "A"), "agree");
        // Of all channels one is overtaken: it is signed for all.
        let both = vec![view("A", "me", false, false), view("B", "me", false, true)];
        assert_eq!(found(both, ""), "sign");
    }
}
