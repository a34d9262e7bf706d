//! The open loop: so many messages on schedule, and a [`Row`] for each.
//!
//! Whose acceptance was whose, and by which leg desk B got its first copy, stands in desk A's own record of each message;
//! it is asked for afterwards, so that asking disturbs nothing.

use std::{collections::BTreeMap, future::pending, sync::Arc, time::Duration};

use hotline_audit::Hash;
use hotline_client::{
    request::{Answer, Request},
    view::MessageView,
};
use hotline_core::{identity::Identity, time::LineTime, words::Rung};
use tokio::select;

use super::{
    breaking::{Breaking, Playing},
    gaps::{Stretch, longest_touching},
    legs::Legs,
    pacer::Schedule,
    sender::Sender,
    traffic::{Came, Left, Sent, Traffic},
};
use crate::bench::{
    error::BenchError,
    line::Line,
    progress,
    report::run::{Gap, Row, Run, Shade},
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

/// Makes the run without faults, and one with them if there are any. What both desks say of their legs meanwhile is
/// counted where somebody listens.
///
/// # Errors
/// If a release is refused, or events were missed. A message that is never receipted is counted, and no error.
pub async fn runs(
    line: &mut Line,
    plan: Plan,
    breaking: Option<&Breaking>,
    legs: Option<&Legs>,
    expected: impl Fn(&Hash, &Came) -> bool,
) -> Result<Runs, BenchError> {
    let lasts = plan.period().saturating_mul(plan.messages);
    breaking.map_or(Ok(()), |breaking| breaking.fits(lasts))?;
    progress(&format!(
        "{} messages on schedule, {} a second …",
        plan.messages, plan.rate
    ));
    let changes = |from| legs.map(|legs| legs.changes_since(from)).transpose();
    let from = line.sender().now();
    let played = play(line.sender(), plan, None, &expected).await?;
    let changed = changes(from)?;
    let mut without = played.run(line.sender(), "without faults", plan.rate).await?;
    without.leg_changes = changed;
    let Some(breaking) = breaking else {
        return Ok(Runs { without, with: None });
    };
    line.wait_until_whole(0).await?;
    progress(&format!("the same {} …", breaking.name()));
    let from = line.sender().now();
    let playing = breaking.begin(line.links()?)?;
    let played = play(line.sender(), plan, Some(&playing), &expected).await?;
    let changed = changes(from)?;
    let mut with = played.run(line.sender(), &breaking.name(), plan.rate).await?;
    with.leg_changes = changed;
    playing.refusals()?;
    with.shades = playing.shades(lasts);
    with.gaps = played.gaps(&with.shades);
    Ok(Runs {
        without,
        with: Some(with),
    })
}

/// One run of which nobody but desk B is expected to receipt anything.
///
/// # Errors
/// As [`runs`].
pub async fn alone(sender: &Arc<Sender>, plan: Plan, name: &str) -> Result<Run, BenchError> {
    let played = play(sender, plan, None, |_, came| came.delivered.is_some()).await?;
    played.run(sender, &format!("{name} alone"), plan.rate).await
}

/// Runs on schedule.
#[derive(Clone, Debug, Default)]
pub struct Runs {
    /// Nothing was broken.
    pub without: Run,
    /// A preset or a plan stood in the way.
    pub with: Option<Run>,
}

impl Runs {
    /// The one that promises are held against: the harder one.
    pub fn judged(&self) -> &Run {
        self.with.as_ref().unwrap_or(&self.without)
    }

    /// Both.
    pub fn all(&self) -> Vec<&Run> {
        std::iter::once(&self.without).chain(&self.with).collect()
    }
}

/// Sends them all, and waits until each has come as far as `expected`.
async fn play(
    sender: &Arc<Sender>,
    plan: Plan,
    playing: Option<&Playing<'_>>,
    expected: impl Fn(&Hash, &Came) -> bool,
) -> Result<Played, BenchError> {
    let before = WARM_UP.as_nanos().div_ceil(plan.period().as_nanos().max(1));
    let before = u64::try_from(before).unwrap_or(u64::MAX);
    let schedule = Schedule {
        period: plan.period(),
        count: Some(before.saturating_add(plan.messages.into())),
    };
    let mut traffic = Traffic::start(sender, schedule)?;
    let broken = async {
        match playing {
            Some(playing) => playing.play().await,
            None => pending().await,
        }
    };
    select! {
        played = traffic.played() => played?,
        never = broken => match never {},
    }
    let mended = async {
        match playing {
            Some(playing) => playing.mend().await,
            None => pending().await,
        }
    };
    let sent = select! {
        sent = traffic.finish(expected) => sent?,
        never = mended => match never {},
    };
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
    Ok(Played::from(begin, sent))
}

/// Messages that were sent.
#[derive(Debug)]
pub struct Played {
    /// When the first that counts was due.
    pub begin: LineTime,
    /// What counts.
    sent: Sent,
    /// When receipts came, in order, those of the warm-up too: a gap may begin with one of them.
    pub receipts: Vec<LineTime>,
}

impl Played {
    /// What was due from then on counts.
    pub fn from(begin: LineTime, sent: Sent) -> Self {
        Self {
            begin,
            receipts: sent.receipt_times(),
            sent: sent.from(begin),
        }
    }

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

impl Played {
    /// The longest time without a receipt that touches each shaded stretch.
    fn gaps(&self, shades: &[Shade]) -> Vec<Gap> {
        let stretch = |shade: &Shade| Stretch {
            from: self.begin.after(shade.from),
            to: self.begin.after(shade.to),
        };
        shades
            .iter()
            .map(|shade| longest_touching(&self.receipts, stretch(shade)))
            .map(|gap| Gap {
                from: gap.from.since(self.begin),
                length: gap.length(),
            })
            .collect()
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
    fn a_gap_at_the_beginning_of_a_run_begins_with_a_receipt_of_the_warm_up() {
        let at = |ms| LineTime::from_start(Duration::from_millis(ms));
        let came = |ms| Came {
            delivered: Some(at(ms)),
            ..Came::default()
        };
        let left = |ms| Left {
            due: at(ms),
            released: at(ms),
        };
        let (early, counted) = (Hash([1; 32]), Hash([2; 32]));
        let sent = Sent {
            left: [(early, left(900)), (counted, left(1000))].into_iter().collect(),
            came: [(early, came(1400)), (counted, came(1500))].into_iter().collect(),
        };
        let played = Played::from(at(1000), sent);
        let shade = Shade {
            from: Duration::from_millis(450),
            to: Duration::from_millis(480),
            what: String::new(),
        };
        let gaps = played.gaps(&[shade]);
        assert_eq!(gaps[0].length, Duration::from_millis(100));
        assert_eq!(played.sent.left.len(), 1);
    }

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
