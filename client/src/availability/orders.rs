//! Orders against a channel: when one stood, by the log alone.
//!
//! A check asks about the line, an order is about channels. So the line counts as under an order while every channel that
//! the log names is: an order about all channels, or one about each. What was agreed to be silent is no failure of the
//! line; it is counted apart, and never as available either.

use std::collections::BTreeMap;

use hotline_audit::{
    Hash,
    statement::{Header, OfficerOrder},
};
use hotline_core::{
    channel::{Order, Orders, orders::Agreed},
    duty::OrderVerb,
    id::{Hash32, Place},
    time::WallTime,
};

use super::{OrderReport, Window, facts::Facts};

/// Characters of a reason in a report. 200: a line or two; the log has it whole.
const REASON_MAX: usize = 200;

/// An order as a log tells it; `None` if it names no order, place or identity.
pub(super) fn order(hash: Hash, header: &Header, said: OfficerOrder) -> Option<Order> {
    let at = WallTime::from_unix_ms(header.claimed_time_ms);
    Some(Order {
        desk: header.sender.parse().ok()?,
        place: Place::new(header.epoch, header.sequence).ok()?,
        hash: Hash32(hash.0),
        officer: said.officer.parse().ok()?,
        verb: OrderVerb::from_wire(said.verb)?,
        channel: (!said.channel.is_empty()).then_some(said.channel),
        scope: said.scope,
        reason: said.reason.chars().take(REASON_MAX).collect(),
        effective: (said.effective_ms > 0).then(|| WallTime::from_unix_ms(said.effective_ms)),
        review_by: (said.review_by_ms > 0).then(|| WallTime::from_unix_ms(said.review_by_ms)),
        subject: said.subject_sha256.map(|hash| Hash32(hash.0)),
        consents_to: said.consents_to.map(|reference| Hash32(reference.sha256.0)),
        claimed: at,
        received: at,
        // Only places in chains and claimed times count here: leaves differ from log to log.
        leaf: 0,
        seen: BTreeMap::new(),
    })
}

/// A time, from its first millisecond to the one behind its last.
pub(super) type Span = (u64, u64);

/// When the line was under an order: spans in order that do not touch.
pub(super) fn standing(facts: &Facts, until_ms: u64) -> Vec<Span> {
    let pairs = pairs(&facts.orders);
    let mut channels = facts.channels.iter();
    let of = |channel: &str| {
        let stops = facts.orders.all().filter(|order| order.stops());
        let about = stops.filter(|order| order.covers(channel));
        merged(about.map(|order| {
            (
                counts_from(order),
                lifted(&pairs, channel, order).unwrap_or(until_ms),
            )
        }))
    };
    // A log that names no channel may hold orders about all of them.
    let first = of(channels.next().map_or("", String::as_str));
    channels.fold(first, |spans, channel| both(&spans, &of(channel)))
}

/// The orders of one desk that stood in the window.
pub(super) fn of_desk(facts: &Facts, desk: &str, window: Window) -> Vec<OrderReport> {
    let pairs = pairs(&facts.orders);
    let stops = facts.orders.all().filter(|order| order.stops());
    let mut reports: Vec<OrderReport> = stops
        .filter(|order| order.desk.to_string() == desk)
        .map(|order| OrderReport {
            verb: order.verb.name(),
            channel: order.channel.clone(),
            officer: order.officer.to_string(),
            reason: order.reason.clone(),
            from_ms: counts_from(order),
            until_ms: lifted(&pairs, order.channel.as_deref().unwrap_or(""), order),
        })
        .filter(|report| {
            let over = report.until_ms.is_some_and(|end| end <= window.from_ms);
            report.from_ms < window.until_ms && !over
        })
        .collect();
    reports.sort_by_key(|report| report.from_ms);
    reports
}

/// How much of the window lies in the spans, in milliseconds.
pub(super) fn within(spans: &[Span], window: Window) -> u64 {
    let cut = spans
        .iter()
        .map(|(begin, end)| (*begin.max(&window.from_ms), *end.min(&window.until_ms)));
    cut.fold(0, |sum, (begin, end)| sum + end.saturating_sub(begin))
}

/// Whether a span holds that moment.
pub(super) fn holds(spans: &[Span], at_ms: u64) -> bool {
    spans.iter().any(|(begin, end)| (*begin..*end).contains(&at_ms))
}

/// Restorations that a releaser of both sides signed, on whatever channels.
fn pairs(orders: &Orders) -> Vec<Agreed<'_>> {
    let restores = || orders.all().filter(|order| order.verb == OrderVerb::Restore);
    let by_hash: BTreeMap<Hash32, &Order> = restores().map(|order| (order.hash, order)).collect();
    let agreed = restores().filter_map(|second| {
        let first = *by_hash.get(&second.consents_to?)?;
        (first.desk.domain() != second.desk.domain()).then_some(Agreed { first, second })
    });
    agreed.collect()
}

/// When both sides had signed that it is over.
fn lifted(pairs: &[Agreed<'_>], channel: &str, order: &Order) -> Option<u64> {
    pairs
        .iter()
        .filter(|agreed| agreed.covers(channel) && agreed.lifts(order))
        .map(|agreed| agreed.first.claimed.max(agreed.second.claimed).unix_ms())
        .min()
}

/// From when on it counted.
fn counts_from(order: &Order) -> u64 {
    order
        .effective
        .map_or(order.claimed, |from| from.max(order.claimed))
        .unix_ms()
}

/// Spans in order, those that touch as one.
fn merged(spans: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut sorted: Vec<Span> = spans.filter(|(begin, end)| begin < end).collect();
    sorted.sort_unstable();
    let mut merged: Vec<Span> = Vec::new();
    for (begin, end) in sorted {
        match merged.last_mut() {
            Some(last) if begin <= last.1 => last.1 = last.1.max(end),
            _ => merged.push((begin, end)),
        }
    }
    merged
}

/// What lies in a span of both.
fn both(one: &[Span], other: &[Span]) -> Vec<Span> {
    let pairs = one.iter().flat_map(|a| other.iter().map(move |b| (a, b)));
    merged(pairs.map(|(a, b)| (a.0.max(b.0), a.1.min(b.1))))
}
