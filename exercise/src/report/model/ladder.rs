//! How long rungs took: of chosen messages, and of all.

use serde::Serialize;

use super::Leaf;

/// A clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClockName {
    /// It never stops.
    Line,
    /// It stands in a pause.
    Story,
}

impl ClockName {
    /// As it is printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Story => "story",
        }
    }
}

/// How long one message took to each rung.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ladder {
    /// `A-0001`.
    pub message: String,
    /// What it is, as one line: `m1, HZ-01, FLASH, A to B`.
    pub about: String,
    /// Its rungs, from the lowest.
    pub steps: Vec<LadderStep>,
}

/// How long one rung took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LadderStep {
    /// From which rung it is counted: `RELEASED`.
    pub from: String,
    /// The rung, with its grade: `TRANSLATED SIGHT`.
    pub rung: String,
    /// By which clock: machines' rungs by line, people's by story.
    pub clock: ClockName,
    /// Milliseconds; `None`: not reached.
    pub ms: Option<u64>,
    /// What of 1967 it is laid beside.
    pub history: Option<HistoryStep>,
    /// The entry that says so.
    pub leaf: Option<Leaf>,
}

/// A step whose length in June 1967 is known (`data/frus-1967-latency.csv`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum HistoryStep {
    /// From the last approval to RELEASED.
    ApprovedToSent,
    /// From RELEASED to DELIVERED.
    SentToReceived,
    /// From DELIVERED to TRANSLATED SIGHT.
    ReceivedToSight,
    /// From RELEASED to PRESENTED.
    SentToPrincipal,
    /// From RELEASED to TRANSLATED CERTIFIED.
    SentToCertified,
}

/// How long a rung took over all messages. Milliseconds of `clock`; quantiles are values that occurred (nearest rank).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LatencyRow {
    /// `ACCEPTED`, `DELIVERED`, …
    pub rung: String,
    /// From which rung: `RELEASED`.
    pub from: String,
    /// Only these: a precedence, a leg; `None`: all.
    pub only: Option<String>,
    /// By which clock.
    pub clock: ClockName,
    /// How many messages.
    pub count: u32,
    /// The shortest.
    pub min_ms: u64,
    /// Half took at most this.
    pub p50_ms: u64,
    /// Nine of ten.
    pub p90_ms: u64,
    /// 99 of 100.
    pub p99_ms: u64,
    /// The longest.
    pub max_ms: u64,
}

impl LatencyRow {
    /// Counts `times`, in milliseconds; `None` without any.
    #[must_use]
    pub fn over(rung: &str, from: &str, clock: ClockName, mut times: Vec<u64>) -> Option<Self> {
        times.sort_unstable();
        let (min_ms, max_ms) = (*times.first()?, *times.last()?);
        Some(Self {
            rung: rung.to_owned(),
            from: from.to_owned(),
            only: None,
            clock,
            count: u32::try_from(times.len()).unwrap_or(u32::MAX),
            min_ms,
            p50_ms: quantile(&times, 500)?,
            p90_ms: quantile(&times, 900)?,
            p99_ms: quantile(&times, 990)?,
            max_ms,
        })
    }
}

/// The median of waits; one that did not come (`None`) is longer than any. `None`: half of them did not come.
pub(crate) fn median_wait(waits: impl IntoIterator<Item = Option<u64>>) -> Option<u64> {
    let waits = waits.into_iter().map(|wait| wait.unwrap_or(u64::MAX));
    let mut all: Vec<u64> = waits.collect();
    all.sort_unstable();
    quantile(&all, 500).filter(|median| *median < u64::MAX)
}

/// The nearest-rank quantile of sorted values: the smallest that `thousandths` of them do not exceed.
pub(crate) fn quantile(sorted: &[u64], thousandths: usize) -> Option<u64> {
    let rank = (sorted.len().saturating_mul(thousandths)).div_ceil(1_000).max(1);
    sorted.get(rank - 1).copied()
}
