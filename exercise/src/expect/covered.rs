//! Whether control looked: what must not have been can only be said of a time in which somebody would have seen it.

use crate::{
    record::Kind,
    scenario::{expect::By, mark::Mark},
    timeline::Moment,
};

use super::{
    Met,
    case::{Case, Finding},
    when,
};

/// Between two looks at a desk, and behind its start, at most so much of line: control looks every five seconds.
const UNSEEN_MS: u64 = 10_000;

impl Case<'_> {
    /// Leaves a finding as it is, unless it says that something at a desk never was and control did not look.
    pub(super) fn if_seen(&self, finding: Finding, by: &By, desk: &str) -> Finding {
        let window = match by {
            By::Never(None) => (None, None),
            By::Never(Some((from, to))) => {
                let of = |mark: &Mark| self.mark(mark, None).ok()?.at;
                (of(from), of(to))
            }
            By::Recorded | By::Within(..) => return finding,
        };
        if finding.met != Met::Yes {
            return finding;
        }
        match self.unseen(desk, window.0, window.1) {
            Some(unseen) => Finding {
                met: Met::Undecided,
                observed: format!("{}, but {unseen}", finding.observed),
                ..finding
            },
            None => finding,
        }
    }

    /// A stretch in which control did not look at a desk that ran, as a sentence. It asks about the time between two
    /// moments; without them from STARTEX to ENDEX, or the last record.
    pub(super) fn unseen(&self, desk: &str, from: Option<Moment>, to: Option<Moment>) -> Option<String> {
        self.unseen_beside(desk, (from, to), &self.down(desk))
    }

    /// The same from STARTEX to the end, without the time in which control itself was away: it knows nothing of that which a
    /// label could contradict.
    pub(super) fn unseen_while_here(&self, desk: &str) -> Option<String> {
        let mut beside = self.down(desk);
        beside.extend(self.away());
        beside.sort_unstable();
        self.unseen_beside(desk, (None, None), &beside)
    }

    fn unseen_beside(
        &self,
        desk: &str,
        (from, to): (Option<Moment>, Option<Moment>),
        beside: &[(u64, u64)],
    ) -> Option<String> {
        let from = from.or_else(|| self.timeline.records().next().map(|(entry, _)| entry.at))?;
        let to = to.or(self.end)?;
        let looks = self.looks(desk);
        let looks = looks.iter().filter(|look| look.new.wall_ms.is_some());
        let mut seen: Vec<Moment> = looks.map(|look| look.at).collect();
        seen.sort_unstable();
        let ends = seen.iter().copied().chain([to]);
        // What was seen before the window is no part of it.
        let begins = [from].into_iter().chain(seen.iter().copied());
        for (begin, end) in begins.zip(ends) {
            let (begin, end) = (begin.wall_ms.max(from.wall_ms), end.wall_ms.min(to.wall_ms));
            if let Some((begin, _)) = unseen_of(begin, end, beside) {
                let at = self.timeline.clock.moment(begin, 0);
                return Some(format!("{desk} was not looked at behind {}", when(at)));
            }
        }
        None
    }

    /// When control was away: from its last record to RESUMED.
    fn away(&self) -> Vec<(u64, u64)> {
        let mut away = Vec::new();
        let mut last = None;
        for (entry, record) in self.timeline.records() {
            let at = entry.at.wall_ms;
            if let (Kind::Resumed { .. }, Some(last)) = (&record.kind, last) {
                away.push((last, at));
            }
            last = Some(at);
        }
        away
    }

    /// When a desk did not run: it showed nothing to anybody.
    fn down(&self, desk: &str) -> Vec<(u64, u64)> {
        let of = format!("desk {desk}");
        let trouble = self.trouble().into_iter().filter(|trouble| trouble.of == of);
        let mut down: Vec<(u64, u64)> = trouble
            .map(|trouble| (trouble.from_ms, trouble.to_ms.unwrap_or(u64::MAX)))
            .collect();
        down.sort_unstable();
        down
    }
}

/// The first part of a stretch that is too long without a look; `down`: without these.
fn unseen_of(begin: u64, end: u64, down: &[(u64, u64)]) -> Option<(u64, u64)> {
    let mut begin = begin;
    for (from, to) in down.iter().filter(|(from, _)| *from < end) {
        if from.saturating_sub(begin) > UNSEEN_MS {
            return Some((begin, *from));
        }
        begin = begin.max(*to);
    }
    (end.saturating_sub(begin) > UNSEEN_MS).then_some((begin, end))
}
