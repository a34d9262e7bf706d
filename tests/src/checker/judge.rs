//! The judgement: a pure function of the lines of a run.

use std::collections::{BTreeMap, BTreeSet};

use super::lines::{Run, Shown};

/// What a run is held to beyond what is always judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Whether messages of one class must be shown in the order in which they were sent. The line itself does not
    /// promise it: overtaking is not a gap.
    pub order: Order,
    /// Longest silence that is allowed, in milliseconds; none sets no bound.
    pub silence_ms_max: Option<u64>,
}

/// Whether order is a promise in this run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Counted and said, and breaks nothing.
    #[default]
    Free,
    /// A message shown out of order breaks a promise.
    Strict,
}

/// What can be wrong with one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The sender's desk kept it, and it was never shown.
    Lost,
    /// It was shown twice without a mark that it was shown before.
    Duplicate,
    /// What was shown is not what was handed in.
    Altered,
    /// It was shown, and nobody handed it in.
    NeverSent,
    /// It was shown as delivered, and the recipient never had it.
    FalselyDelivered,
    /// It was shown behind a message of its class that was sent later.
    OutOfOrder,
}

impl Verdict {
    /// All of them, in the order in which they are said.
    pub const ALL: [Self; 6] = [
        Self::Lost,
        Self::Duplicate,
        Self::Altered,
        Self::NeverSent,
        Self::FalselyDelivered,
        Self::OutOfOrder,
    ];

    /// Stable name, as in `--json`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Duplicate => "duplicate",
            Self::Altered => "altered",
            Self::NeverSent => "never_sent",
            Self::FalselyDelivered => "falsely_delivered",
            Self::OutOfOrder => "out_of_order",
        }
    }
}

/// What became of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Messages handed in.
    pub tried: usize,
    /// Messages that the sender's desk answered to keep.
    pub kept: usize,
    /// Messages shown as delivered.
    pub delivered: usize,
    /// Messages shown.
    pub shown: usize,
    /// Times that one was shown again, marked as such.
    pub shown_again: usize,
    /// Messages kept and never shown as delivered: owed, and no broken promise by itself.
    pub not_receipted: usize,
    /// The messages each verdict concerns.
    pub found: BTreeMap<Verdict, Vec<String>>,
    /// Longest time in which some kept message waited and none was shown, in milliseconds.
    pub longest_silence_ms: u64,
    rules: Rules,
}

impl Judgement {
    /// How many messages a verdict concerns.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.found.get(&verdict).map_or(0, Vec::len)
    }

    /// Whether a verdict breaks a promise in this run.
    #[must_use]
    pub fn counts(&self, verdict: Verdict) -> bool {
        match verdict {
            Verdict::Lost
            | Verdict::Duplicate
            | Verdict::Altered
            | Verdict::NeverSent
            | Verdict::FalselyDelivered => true,
            Verdict::OutOfOrder => self.rules.order == Order::Strict,
        }
    }

    /// Whether it was silent for longer than was allowed.
    #[must_use]
    pub fn too_silent(&self) -> bool {
        self.rules
            .silence_ms_max
            .is_some_and(|max| self.longest_silence_ms > max)
    }

    /// Whether every promise was kept.
    #[must_use]
    pub fn passed(&self) -> bool {
        let broken = |verdict: &Verdict| self.counts(*verdict) && self.count(*verdict) > 0;
        !Verdict::ALL.iter().any(broken) && !self.too_silent()
    }
}

/// Judges a run.
#[must_use]
pub fn judge(run: &Run, rules: Rules) -> Judgement {
    let messages = messages(run);
    let mut found: BTreeMap<Verdict, Vec<String>> = BTreeMap::new();
    let mut blame = |verdict, id: &str| found.entry(verdict).or_default().push(id.to_owned());
    for (id, message) in &messages {
        for verdict in message.verdicts() {
            blame(verdict, id);
        }
    }
    for id in out_of_order(run, &messages) {
        blame(Verdict::OutOfOrder, id);
    }
    let count = |which: &dyn Fn(&Message) -> bool| messages.values().filter(|message| which(message)).count();
    Judgement {
        tried: count(&|message| message.sha256.is_some()),
        kept: count(&|message| message.kept_ms.is_some()),
        delivered: count(&|message| message.delivered),
        shown: count(&|message| message.first_shown_ms.is_some()),
        shown_again: run.shown.iter().filter(|shown| shown.again).count(),
        not_receipted: count(&|message| message.kept_ms.is_some() && !message.delivered),
        found,
        longest_silence_ms: longest_silence(run, &messages),
        rules,
    }
}

/// What the run says about one message.
#[derive(Default)]
struct Message<'a> {
    sha256: Option<&'a str>,
    class: &'a str,
    kept_ms: Option<u64>,
    /// Place among all that was kept.
    place: usize,
    delivered: bool,
    first_shown_ms: Option<u64>,
    shown_as_new: usize,
    shown_altered: bool,
}

impl Message<'_> {
    fn verdicts(&self) -> Vec<Verdict> {
        let shown = self.first_shown_ms.is_some();
        let mut verdicts = Vec::new();
        let mut when = |wrong: bool, verdict| {
            if wrong {
                verdicts.push(verdict);
            }
        };
        when(self.kept_ms.is_some() && !shown, Verdict::Lost);
        when(self.shown_as_new > 1, Verdict::Duplicate);
        when(self.shown_altered, Verdict::Altered);
        when(shown && self.sha256.is_none(), Verdict::NeverSent);
        when(self.delivered && !shown, Verdict::FalselyDelivered);
        verdicts
    }
}

fn messages(run: &Run) -> BTreeMap<&str, Message<'_>> {
    let mut messages: BTreeMap<&str, Message<'_>> = BTreeMap::new();
    for (place, sent) in run.sent.iter().enumerate() {
        let message = messages.entry(&sent.id).or_default();
        message.sha256 = Some(&sent.sha256);
        message.class = &sent.class;
        if sent.kept && message.kept_ms.is_none() {
            (message.kept_ms, message.place) = (Some(sent.t_ms), place);
        }
    }
    for delivered in &run.delivered {
        messages.entry(&delivered.id).or_default().delivered = true;
    }
    for shown in &run.shown {
        let message = messages.entry(&shown.id).or_default();
        message.first_shown_ms = Some(message.first_shown_ms.map_or(shown.t_ms, |t| t.min(shown.t_ms)));
        message.shown_as_new += usize::from(!shown.again);
        message.shown_altered |= message.sha256.is_some_and(|sent| sent != shown.sha256);
    }
    messages
}

/// Messages whose first showing came behind one of their class that was kept later.
fn out_of_order<'a>(run: &'a Run, messages: &BTreeMap<&str, Message<'a>>) -> Vec<&'a str> {
    let (mut seen, mut newest) = (BTreeSet::new(), BTreeMap::new());
    let mut late = Vec::new();
    for Shown { id, .. } in &run.shown {
        let Some(message) = messages.get(id.as_str()).filter(|found| found.kept_ms.is_some()) else {
            continue;
        };
        if !seen.insert(id.as_str()) {
            continue;
        }
        let newest = newest.entry(message.class).or_insert(message.place);
        if message.place < *newest {
            late.push(id.as_str());
        }
        *newest = message.place.max(*newest);
    }
    late
}

/// The longest stretch in which something waited and nothing was shown. What was lost waits until the run's last line.
fn longest_silence(run: &Run, messages: &BTreeMap<&str, Message<'_>>) -> u64 {
    // What happened at one millisecond: showings (which end a silence) before what begins to wait.
    let mut events: Vec<(u64, Event)> = Vec::new();
    for message in messages.values() {
        let waits = message
            .kept_ms
            .filter(|kept| message.first_shown_ms.is_none_or(|shown| shown > *kept));
        if let Some(kept) = waits {
            events.push((kept, Event::Waits));
        }
        if let Some(shown) = message.first_shown_ms {
            let event = if waits.is_some() {
                Event::Comes
            } else {
                Event::Early
            };
            events.push((shown, event));
        }
    }
    events.sort_unstable();
    let (mut longest, mut waiting, mut since) = (0, 0u64, 0);
    for (t_ms, event) in events {
        if waiting > 0 && event != Event::Waits {
            longest = longest.max(t_ms - since);
        }
        if waiting == 0 || event != Event::Waits {
            since = t_ms;
        }
        match event {
            Event::Comes => waiting -= 1,
            Event::Early => {}
            Event::Waits => waiting += 1,
        }
    }
    if waiting > 0 {
        longest = longest.max(last_ms(run).saturating_sub(since));
    }
    longest
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// One that waited is shown.
    Comes,
    /// One is shown before its sender's desk had answered.
    Early,
    /// One begins to wait.
    Waits,
}

fn last_ms(run: &Run) -> u64 {
    let sent = run.sent.iter().map(|line| line.t_ms);
    let delivered = run.delivered.iter().map(|line| line.t_ms);
    let shown = run.shown.iter().map(|line| line.t_ms);
    sent.chain(delivered).chain(shown).max().unwrap_or(0)
}

#[cfg(test)]
mod tests;
