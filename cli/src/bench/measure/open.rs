//! The open loop: so many messages on schedule, and a [`Row`] for each.
//!
//! Whose acceptance was whose, and by which leg desk B got its first copy, stands in desk A's own record of each message;
//! it is asked for afterwards, so that asking disturbs nothing.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use hotline_audit::Hash;
use hotline_client::{
    request::{Answer, Request},
    view::MessageView,
};
use hotline_core::{identity::Identity, time::LineTime, words::Rung};

use super::{
    pacer::Schedule,
    sender::Sender,
    traffic::{Came, Left, Sent, Traffic},
};
use crate::bench::{
    error::BenchError,
    report::run::{Row, Run},
};

/// Messages before anything is counted last so long. 1 s: connections, caches and the disk's own log are warm by then.
pub const WARM_UP: Duration = Duration::from_secs(1);
/// Parts of a second.
const SECOND: Duration = Duration::from_secs(1);

/// What to send.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Messages a second.
    pub rate: u32,
    /// Messages to count; those of the warm-up come before.
    pub messages: u32,
}

impl Plan {
    /// Time between two messages.
    pub fn period(self) -> Duration {
        period(self.rate)
    }
}

/// Time between two messages at that rate.
pub fn period(rate: u32) -> Duration {
    SECOND / rate.max(1)
}

/// Sends them all, and waits until each has come as far as `expected`.
///
/// # Errors
/// If a release is refused, or events were missed. A message that is never receipted is counted, and no error.
pub async fn play(
    sender: &Arc<Sender>,
    plan: Plan,
    expected: impl Fn(&Hash, &Came) -> bool,
) -> Result<Played, BenchError> {
    let before = WARM_UP.as_nanos().div_ceil(plan.period().as_nanos().max(1));
    let before = u64::try_from(before).unwrap_or(u64::MAX);
    let schedule = Schedule {
        period: plan.period(),
        count: Some(before.saturating_add(plan.messages.into())),
    };
    let mut traffic = Traffic::start(sender, schedule)?;
    traffic.played().await?;
    let sent = traffic.finish(expected).await?;
    let first = sent
        .left
        .values()
        .map(|left| left.due)
        .min()
        .unwrap_or(LineTime::START);
    let begin = first.after(
        plan.period()
            .saturating_mul(u32::try_from(before).unwrap_or(u32::MAX)),
    );
    Ok(Played {
        begin,
        sent: sent.from(begin),
    })
}

/// Messages that were sent.
#[derive(Debug)]
pub struct Played {
    /// When the first that counts was due.
    pub begin: LineTime,
    /// What counts.
    pub sent: Sent,
}

impl Played {
    /// A row for each, in the order in which they were due.
    ///
    /// # Errors
    /// If desk A no longer knows one of them.
    pub async fn run(&self, sender: &Sender, name: &str, rate: u32) -> Result<Run, BenchError> {
        let mut rows = Vec::with_capacity(self.sent.left.len());
        for (hash, left) in &self.sent.left {
            let came = self.sent.came.get(hash).copied().unwrap_or_default();
            let view = look(sender, hash).await?;
            rows.push(row(self.begin, *left, &came, &view));
        }
        rows.sort_by_key(|row| row.due);
        Ok(Run {
            name: name.to_owned(),
            rate: rate.into(),
            rows,
            ..Run::default()
        })
    }
}

async fn look(sender: &Sender, hash: &Hash) -> Result<MessageView, BenchError> {
    let message = hash.to_string();
    match sender.station().serve(Request::Show { message }).await {
        Answer::Message(view) => Ok(*view),
        Answer::Refused(refusal) => Err(BenchError::Refused(refusal)),
        other => Err(BenchError::Ended(format!(
            "desk A answered something else: {other:?}"
        ))),
    }
}

fn row(begin: LineTime, left: Left, came: &Came, view: &MessageView) -> Row {
    let since = |at: Option<LineTime>| at.map(|at| at.since(left.due));
    let accepted = view
        .rungs
        .iter()
        .filter(|rung| rung.rung == Rung::Accepted.name());
    let accepted: BTreeMap<String, Duration> = accepted
        .zip(came.accepted)
        .filter_map(|(rung, at)| Some((relay(&rung.by), since(at)?)))
        .collect();
    Row {
        due: left.due.since(begin),
        released: Some(left.released.since(left.due)),
        accepted,
        delivered: since(came.receipted.or(came.delivered)),
        stored: since(came.delivered),
        displayed: since(came.displayed),
        acknowledged: since(came.acknowledged),
        leg: view.first(Rung::Delivered).and_then(|rung| rung.leg.clone()),
    }
}

/// A relay's name, as legs have it.
fn relay(identity: &str) -> String {
    identity
        .parse::<Identity>()
        .map_or_else(|_| identity.to_owned(), |identity| identity.name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_is_called_by_its_name() {
        assert_eq!(relay("spiffe://exercise.avelia.example/relay/north"), "north");
        assert_eq!(relay("?"), "?");
    }

    #[test]
    fn a_rate_becomes_a_period() {
        assert_eq!(period(100), Duration::from_millis(10));
        assert_eq!(period(0), SECOND);
    }
}
