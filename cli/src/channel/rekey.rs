//! `hotline channel rekey`: a change of a desk's key that both sides sign, with a time in which both keys count.

use std::time::Duration;

use clap::Args;
use hotline_audit::{Hash, Purpose, TrustPolicy};
use hotline_client::{
    compose::{self, Ordering},
    request::Request,
    standing::RekeyView,
};
use hotline_core::{duty::OrderVerb, text::inert_line, time::WallTime, words::OfficerRole};

use crate::{
    desk::{self, Common, duration, keyring, print, seat::Seat, send},
    exit::{self, Failure, Outcome},
    status,
};

#[derive(Debug, Args)]
pub(super) struct RekeyArgs {
    #[command(flatten)]
    common: Common,
    /// Agrees to what the other side announced, word for word: the key's hash is in channel list and status.
    #[arg(long, conflicts_with_all = ["effective", "overlap", "reason"])]
    agree: bool,
    /// Hash of the key statement that is announced, or agreed to; without it, this desk's newest, or the one that waits.
    #[arg(long, value_name = "SHA256")]
    key: Option<String>,
    /// In what time the new key begins to count.
    #[arg(long, default_value = "10m", value_parser = duration, value_name = "TIME")]
    effective: Duration,
    /// How long the old key counts beside it.
    #[arg(long, default_value = "24h", value_parser = duration, value_name = "TIME")]
    overlap: Duration,
    /// Why, in words that the other side reads.
    #[arg(long, default_value = "a new key", value_name = "TEXT")]
    reason: String,
    /// The releasing officer; without it, the first RELEASER of this seat.
    #[arg(long, value_name = "NAME")]
    officer: Option<String>,
}

pub(super) async fn run(args: &RekeyArgs) -> Outcome {
    let common = &args.common;
    let mut seat = Seat::open(desk::load(common)?, common.json).await?;
    let done = sign(&mut seat, args).await;
    seat.leave().await;
    done
}

async fn sign(seat: &mut Seat, args: &RekeyArgs) -> Outcome {
    let common = &args.common;
    let ordering = if args.agree {
        let rekeys = seat.status().await?.standing.rekeys;
        agreement(waiting(&rekeys, args)?, common)?
    } else {
        announcement(seat, args, args.key.as_deref())?
    };
    let by = keyring::officer(
        seat,
        common,
        args.officer.as_deref(),
        &[OfficerRole::Releaser],
        None,
    )?;
    let order = compose::order(&seat.config, &by, &ordering, seat.seams.clock.as_ref())
        .map_err(|error| failed(error.to_string(), "shorten the reason", common))?;
    seat.ask(Request::Order { order }).await?;
    let standing = seat.status().await?.standing;
    for view in &standing.rekeys {
        if common.json {
            print::object(view);
        } else {
            crate::say_part!("{}", status::rekey(view));
        }
    }
    Ok(exit::OK)
}

/// The change of keys that waits for this side's word: that of the key that was named, or the only one.
fn waiting<'r>(rekeys: &'r [RekeyView], args: &RekeyArgs) -> Result<&'r RekeyView, Failure> {
    let named = |view: &&RekeyView| args.key.as_ref().is_none_or(|key| view.key == *key);
    let mut open = rekeys.iter().filter(|view| view.open).filter(named);
    match (open.next(), open.next()) {
        (Some(only), None) => Ok(only),
        (Some(_), Some(_)) => Err(failed(
            "more than one change of keys waits for this side".into(),
            "name the key's hash with --key: hotline channel list has them",
            &args.common,
        )),
        (None, _) => Err(failed(
            "no such change of keys waits for this side".into(),
            "hotline channel list shows what was announced",
            &args.common,
        )),
    }
}

/// What the other side announced, word for word.
fn agreement(theirs: &RekeyView, common: &Common) -> Result<Ordering, Failure> {
    let malformed = || failed("the station's answer is malformed".into(), "", common);
    Ok(Ordering {
        verb: OrderVerb::Rekey,
        channel: String::new(),
        scope: String::new(),
        reason: format!("agrees: {}", theirs.reason),
        effective_ms: theirs.from_ms,
        review_by_ms: theirs.until_ms,
        consents_to: Some(theirs.first.reference().ok_or_else(malformed)?),
        subject: Some(theirs.key.parse().map_err(|_| malformed())?),
    })
}

fn announcement(seat: &Seat, args: &RekeyArgs, named: Option<&str>) -> Result<Ordering, Failure> {
    let common = &args.common;
    let key: Hash = match named {
        Some(named) => named.parse().map_err(|_| {
            let what = format!("\"{}\" is no hash of a key statement", inert_line(named).text);
            failed(what, "hotline pki rotate prints it", common)
        })?,
        None => newest(seat, common)?,
    };
    Ok(Ordering {
        verb: OrderVerb::Rekey,
        channel: String::new(),
        scope: String::new(),
        reason: args.reason.clone(),
        effective_ms: send::from_now(seat, args.effective),
        review_by_ms: send::from_now(seat, args.effective + args.overlap),
        consents_to: None,
        subject: Some(key),
    })
}

/// The newest key of this desk that its own roster enrols.
fn newest(seat: &Seat, common: &Common) -> Result<Hash, Failure> {
    let policy = TrustPolicy::load_folder(&seat.config.trust)
        .map_err(|error| failed(exit::chain(&error), "hotline doctor says more", common))?;
    let me = &seat.config.identity;
    let now: WallTime = seat.seams.clock.wall();
    let roster = policy.rosters().roster(me.domain().as_str());
    let key =
        roster.and_then(|roster| roster.current_key(&me.to_string(), Purpose::Statement, now.unix_ms()));
    key.map(|key| key.hash).ok_or_else(|| {
        failed(
            format!("the roster has no statement key of {me} that is valid"),
            "hotline pki rotate makes one",
            common,
        )
    })
}

fn failed(what: String, help: &'static str, common: &Common) -> Failure {
    Failure::new("HL-DESK-046", exit::OTHER, what, help).as_json(common.json)
}
