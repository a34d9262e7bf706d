//! What officers signed about the watch and about channels: judged, and read as the rules want it.

use std::collections::BTreeSet;

use hotline_audit::{
    check,
    key::RosterSet,
    statement::{Lifecycle, OfficerOrder, OfficerWatch, Watch},
};
use hotline_core::{
    channel::{Order, WatchEntry},
    duty::{OrderVerb, WatchVerb, may_order, may_watch},
    identity::Identity,
    time::WallTime,
    words::OfficerRole,
};

use super::{Taken, core_hash, is_channel, place_of};
use crate::{
    book::Provenance,
    judge::{self, Rejected},
};

/// Characters of a reason, scope or remark that are remembered. 1,000: a page; a hostile releaser fills no memory.
const WORDS_MAX: usize = 1000;

/// Checks what an officer signed about the watch, and that the officer may.
///
/// # Errors
/// [`Rejected`] with the first thing that is not in order.
pub fn judge_watch(
    bytes: &[u8],
    rosters: &RosterSet,
    now_ms: u64,
) -> Result<(OfficerWatch, Identity), Rejected> {
    let checked = check::verify_officer_watch(bytes, rosters, now_ms)
        .map_err(|error| Rejected::Officer(error.to_string()))?;
    let officer = judge::identity(&checked.officer)?;
    watcher(&officer, &judge::roles(&checked.roles))?;
    Ok((checked.said, officer))
}

/// Checks what an officer ordered, and that the officer may.
///
/// # Errors
/// [`Rejected`] with the first thing that is not in order.
pub fn judge_order(
    bytes: &[u8],
    rosters: &RosterSet,
    now_ms: u64,
) -> Result<(OfficerOrder, Identity), Rejected> {
    let checked = check::verify_officer_order(bytes, rosters, now_ms)
        .map_err(|error| Rejected::Officer(error.to_string()))?;
    let officer = judge::identity(&checked.officer)?;
    orderer(&officer, &judge::roles(&checked.roles))?;
    has_effect(&checked.said)?;
    Ok((checked.said, officer))
}

/// AMEND_CONFIG is a word of the format that this version cannot carry out, and a REKEY without its key and both moments
/// cannot be either. Kept as if they had effect they would deceive both sides.
fn has_effect(said: &OfficerOrder) -> Result<(), Rejected> {
    let whole = said.channel.is_empty()
        && said.subject_sha256.is_some()
        && said.effective_ms > 0
        && said.effective_ms < said.review_by_ms;
    match OrderVerb::from_wire(said.verb) {
        Some(OrderVerb::Rekey) if whole => Ok(()),
        Some(OrderVerb::Rekey) => Err(Rejected::Rekey),
        Some(verb @ OrderVerb::AmendConfig) => Err(Rejected::NoEffect(verb)),
        Some(OrderVerb::Suspend | OrderVerb::Sever | OrderVerb::Restore) | None => Ok(()),
    }
}

fn watcher(officer: &Identity, roles: &BTreeSet<OfficerRole>) -> Result<(), Rejected> {
    if may_watch(roles) {
        return Ok(());
    }
    Err(Rejected::Officer(format!(
        "{officer} is neither WATCH_OFFICER nor DUTY_OFFICER"
    )))
}

fn orderer(officer: &Identity, roles: &BTreeSet<OfficerRole>) -> Result<(), Rejected> {
    if may_order(roles) {
        return Ok(());
    }
    Err(Rejected::Officer(format!("{officer} is no RELEASER")))
}

/// A change of the watch, as the rules want it.
pub(super) fn watch_entry(
    watch: &Watch,
    at: &Provenance,
    rosters: &RosterSet,
    taken: Taken,
) -> Result<WatchEntry, Rejected> {
    let (said, officer) = match taken {
        Taken::Now { wall_ms, .. } => judge_watch(&watch.officer_watch, rosters, wall_ms)?,
        Taken::FromLedger => {
            let stored_ms = at.stored.unix_ms();
            let checked = check::verify_officer_watch_stored(&watch.officer_watch, rosters, stored_ms)
                .map_err(|error| Rejected::Officer(error.to_string()))?;
            let officer = judge::identity(&checked.officer)?;
            watcher(&officer, &judge::roles(&checked.roles))?;
            (checked.said, officer)
        }
    };
    placed_by(&said.desk, &said.exercise, &watch.header)?;
    Ok(WatchEntry {
        verb: WatchVerb::from_wire(said.verb).ok_or(Rejected::Undefined {
            field: "watch verb",
            number: said.verb,
        })?,
        officer,
        other: (!said.other.is_empty()).then(|| cut(said.other)),
        remark: cut(said.remark),
        claimed: WallTime::from_unix_ms(said.claimed_time_ms),
        received: at.stored,
        hash: core_hash(at.hash),
    })
}

/// An order, as the rules want it.
pub(super) fn order_of(
    lifecycle: &Lifecycle,
    at: &Provenance,
    rosters: &RosterSet,
    taken: Taken,
) -> Result<Order, Rejected> {
    let (said, officer) = match taken {
        Taken::Now { wall_ms, .. } => judge_order(&lifecycle.order, rosters, wall_ms)?,
        Taken::FromLedger => {
            let stored_ms = at.stored.unix_ms();
            let checked = check::verify_officer_order_stored(&lifecycle.order, rosters, stored_ms)
                .map_err(|error| Rejected::Officer(error.to_string()))?;
            let officer = judge::identity(&checked.officer)?;
            orderer(&officer, &judge::roles(&checked.roles))?;
            has_effect(&checked.said)?;
            (checked.said, officer)
        }
    };
    let header = &lifecycle.header;
    if !said.channel.is_empty() && !is_channel(&said.channel) {
        return Err(Rejected::NoCharter(cut(said.channel)));
    }
    placed_by(&said.desk, &said.exercise, header)?;
    Ok(Order {
        desk: judge::identity(&header.sender)?,
        place: place_of(header).ok_or(Rejected::Undefined {
            field: "place",
            number: 0,
        })?,
        hash: core_hash(at.hash),
        officer,
        verb: OrderVerb::from_wire(said.verb).ok_or(Rejected::Undefined {
            field: "order",
            number: said.verb,
        })?,
        channel: (!said.channel.is_empty()).then_some(said.channel),
        scope: cut(said.scope),
        reason: cut(said.reason),
        effective: (said.effective_ms > 0).then(|| WallTime::from_unix_ms(said.effective_ms)),
        review_by: (said.review_by_ms > 0).then(|| WallTime::from_unix_ms(said.review_by_ms)),
        subject: said.subject_sha256.map(core_hash),
        consents_to: said.consents_to.map(|reference| core_hash(reference.sha256)),
        claimed: WallTime::from_unix_ms(said.claimed_time_ms),
        received: at.stored,
        leaf: at.index,
        seen: header
            .seen
            .iter()
            .map(|seen| (seen.origin.clone(), seen.size))
            .collect(),
    })
}

/// Words as they are remembered and shown; the log has them whole.
fn cut(words: String) -> String {
    match words.char_indices().nth(WORDS_MAX) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}

/// What an officer signed is placed by the officer's own desk, for its own exercise.
fn placed_by(desk: &str, exercise: &str, header: &hotline_audit::statement::Header) -> Result<(), Rejected> {
    if desk == header.sender && exercise == header.exercise {
        return Ok(());
    }
    Err(Rejected::Officer(format!(
        "it was signed for the desk {desk} and the exercise {exercise}"
    )))
}
