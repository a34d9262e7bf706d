//! `hotline watch`: an officer takes the watch of a desk, hands it over, leaves it. Signed and logged.

use clap::{Args, Subcommand};
use hotline_client::{
    compose::{self, Officer},
    request::{Answer, Request},
    standing::AxisView,
};
use hotline_core::{
    duty::WatchVerb,
    identity::{Identity, Role},
    text::inert_line,
    words::OfficerRole,
};

use crate::{
    desk::{self, Common, keyring, print, seat::Seat},
    exit::{self, Failure, Outcome},
};

/// Who may keep a watch.
const ROLES: [OfficerRole; 2] = [OfficerRole::WatchOfficer, OfficerRole::DutyOfficer];

/// `hotline watch`.
#[derive(Debug, Args)]
pub struct WatchArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Takes the watch, handed over or not.
    Take(TakeArgs),
    /// Hands the watch over; it is kept until the other officer takes it.
    #[command(alias = "hand-over")]
    Handover(HandoverArgs),
    /// Leaves the watch: the desk is unmanned from then on, and the other side sees it.
    Leave(TakeArgs),
}

#[derive(Debug, Args)]
struct TakeArgs {
    #[command(flatten)]
    common: Common,
    /// The officer; without it, who was named or holds it, else the first WATCH_OFFICER or DUTY_OFFICER of this seat.
    #[arg(long, value_name = "NAME")]
    officer: Option<String>,
    /// What the next watch should know.
    #[arg(long, default_value = "", value_name = "TEXT")]
    remark: String,
}

#[derive(Debug, Args)]
struct HandoverArgs {
    #[command(flatten)]
    what: TakeArgs,
    /// To whom; without it, the first other WATCH_OFFICER or DUTY_OFFICER of this seat.
    #[arg(long, value_name = "NAME")]
    to: Option<String>,
}

/// Runs a verb.
///
/// # Errors
/// A [`Failure`] with its exit code and what to do.
pub fn run(args: WatchArgs) -> Outcome {
    let runtime = hotline_transport::node_runtime().map_err(|error| Failure::io("starting", &error))?;
    runtime.block_on(carry_out(args))
}

/// The same, where a runtime runs already.
///
/// # Errors
/// A [`Failure`].
pub async fn carry_out(args: WatchArgs) -> Outcome {
    let (verb, what, to) = match args.verb {
        Verb::Take(what) => (WatchVerb::Take, what, None),
        Verb::Handover(HandoverArgs { what, to }) => (WatchVerb::HandOver, what, to),
        Verb::Leave(what) => (WatchVerb::Leave, what, None),
    };
    let common = &what.common;
    let mut seat = Seat::open(desk::load(common)?, common.json).await?;
    let done = sign(&mut seat, common, verb, &what, to.as_deref()).await;
    seat.leave().await;
    done
}

async fn sign(
    seat: &mut Seat,
    common: &Common,
    verb: WatchVerb,
    args: &TakeArgs,
    to: Option<&str>,
) -> Outcome {
    let watch = seat.status().await?.standing.own_watch;
    let named = args.officer.clone().or_else(|| expected(seat, verb, &watch));
    let by = keyring::officer(seat, common, named.as_deref(), &ROLES, None)?;
    let other = other(seat, common, verb, (&by, to), &watch)?;
    let signed = compose::watch(
        &seat.config,
        &by,
        verb,
        (&other, &args.remark),
        seat.seams.clock.as_ref(),
    )
    .map_err(|error| {
        Failure::new(
            "HL-DESK-025",
            exit::OTHER,
            error.to_string(),
            "shorten the remark",
        )
        .as_json(common.json)
    })?;
    let answer = seat.ask(Request::KeepWatch { watch: signed }).await?;
    let now = seat.status().await?.standing.own_watch;
    if common.json {
        print::object(&now);
    } else if let Answer::Done { what } = answer {
        crate::say!("{what} [{}]", now.state);
        for fact in &now.facts {
            crate::say!("  {}", inert_line(&fact.what).text);
        }
    }
    Ok(exit::OK)
}

/// Who is expected to sign, if that officer's key lies at this seat: to whom it was handed over, or who holds it.
fn expected(seat: &Seat, verb: WatchVerb, watch: &AxisView) -> Option<String> {
    let identity = match verb {
        WatchVerb::Take => watch.offered_to.as_ref()?,
        WatchVerb::HandOver | WatchVerb::Leave => watch.holder.as_ref()?,
    };
    let name = identity.parse::<Identity>().ok()?.name().to_owned();
    keyring::names(seat).contains(&name).then_some(name)
}

/// With a hand-over to whom; when taking, from whom it was handed over.
fn other(
    seat: &Seat,
    common: &Common,
    verb: WatchVerb,
    (by, to): (&Officer, Option<&str>),
    watch: &AxisView,
) -> Result<String, Failure> {
    match verb {
        WatchVerb::Leave => Ok(String::new()),
        WatchVerb::Take => {
            let handed = watch.offered_to.as_deref() == Some(by.identity.as_str());
            let from = watch.holder.clone().filter(|_| handed);
            Ok(from.unwrap_or_default())
        }
        WatchVerb::HandOver => {
            let relief = to
                .map(str::to_owned)
                .or_else(|| keyring::first_with(seat, &ROLES, Some(&by.identity)));
            let relief = relief.ok_or_else(|| {
                Failure::new(
                    "HL-DESK-036",
                    exit::USAGE,
                    "no other officer of this seat may keep the watch",
                    "name one with --to",
                )
                .as_json(common.json)
            })?;
            let identity = Identity::new(seat.config.identity.domain().clone(), Role::Officer, &relief);
            identity.map(|identity| identity.to_string()).map_err(|error| {
                let what = format!("\"{}\" is no officer's name: {error}", inert_line(&relief).text);
                Failure::new("HL-DESK-030", exit::USAGE, what, "name an officer, e.g. okoye")
                    .as_json(common.json)
            })
        }
    }
}
