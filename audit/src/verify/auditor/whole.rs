//! The log as a whole: its root, what others have seen of it, and the verdict.

use super::{Auditor, SeenSelf};
use crate::tree::Frontier;
use crate::verify::report::{Ended, Gap, LogReport, Review, Verdict};
use crate::verify::stored::StoredTiles;

impl Auditor<'_> {
    /// Statements that have seen this log: larger than it was when they came, or with another root. A relay compares what
    /// it is shown at its door, so what it took speaks against it. A desk has to keep what its relays bring, whatever it
    /// says of the desk's own log: of others that is a claim, for people to look at.
    pub(super) fn check_seen(&mut self) {
        let mut seen = std::mem::take(&mut self.seen);
        seen.sort_by_key(|seen| seen.size);
        let mut frontier = Frontier::new();
        let mut leaves = self.leaves().to_vec().into_iter();
        for seen in seen {
            let (size, sender) = (seen.size, &seen.sender);
            if size > seen.index {
                let why = format!(
                    "{sender} had seen {size} entries of this log when only #{} came: it was rolled back",
                    seen.index
                );
                self.seen_otherwise(&seen, "ROLLBACK", why);
                continue;
            }
            while frontier.size() < size {
                let Some(leaf) = leaves.next() else { break };
                frontier.push(leaf);
            }
            if frontier.root() != seen.root {
                let why = format!(
                    "{sender} has seen this log with another root at {size} entries: {}",
                    seen.root
                );
                self.seen_otherwise(&seen, "FORK", why);
            }
        }
    }

    fn seen_otherwise(&mut self, seen: &SeenSelf, rule: &'static str, explanation: String) {
        let index = seen.index;
        if self.is_relays() || self.owner().is_some_and(|owner| owner == seen.sender) {
            self.fault(Some(index), rule, explanation);
        } else {
            self.review.push(Review {
                index,
                rule,
                explanation: format!("a claim, and no proof: {explanation}"),
            });
        }
    }

    /// Whether the entries are exactly those that were signed.
    pub(super) fn check_root(&mut self, missing: Option<String>, stored: Option<&StoredTiles>) -> bool {
        let Some(checkpoint) = self.checkpoint.clone() else {
            return false;
        };
        let (size, found) = (checkpoint.size, self.frontier.size());
        if found == size && self.frontier.root() == checkpoint.root {
            let damage = stored
                .map(|stored| stored.damage(&self.levels))
                .unwrap_or_default();
            damage.into_iter().for_each(|fault| self.add(fault));
            return true;
        }
        let difference = stored.and_then(|stored| stored.first_difference(self.leaves()));
        match difference {
            Some(at) if at.index < found.min(size) || found > size => {
                let trusted = stored.and_then(StoredTiles::root) == Some(checkpoint.root);
                let which = if trusted {
                    "the stored leaves have the signed root"
                } else {
                    "neither side has the signed root"
                };
                self.fault(Some(at.index), "ALTERED", format!("{}; {which}", at.explanation));
            }
            Some(_) | None if found < size => {
                let why = missing.map_or_else(String::new, |why| format!(" ({why})"));
                self.fault(
                    Some(found),
                    "MISSING_ENTRY",
                    format!("{found} entries of {size} are there{why}"),
                );
            }
            Some(_) | None if found > size => {
                self.fault(
                    Some(size),
                    "EXTRA_ENTRY",
                    format!("{found} entries stand where {size} were signed"),
                );
            }
            Some(_) | None => {
                let tiles = if stored.is_some() {
                    ", and the tiles were changed with them"
                } else {
                    ""
                };
                let why = format!(
                    "the entries have root {}, not the signed one{tiles}: compare with another copy",
                    self.frontier.root()
                );
                self.fault(None, "WRONG_ROOT", why);
            }
        }
        false
    }

    pub(super) fn report(mut self, gaps: Vec<Gap>) -> LogReport {
        self.faults.sort_by_key(|fault| fault.index.unwrap_or(u64::MAX));
        self.unfit.sort_by_key(|unfit| unfit.index);
        let first_bad = self.faults.iter().find_map(|fault| fault.index);
        let verdict = self.verdict(first_bad);
        let entries = self.frontier.size();
        let passed = verdict == Some(Verdict::Match);
        let complete_to = if passed {
            entries.checked_sub(1)
        } else {
            first_bad.and_then(|bad| bad.checked_sub(1))
        };
        let ends = self.revoked_at.iter();
        let mut ended: Vec<Ended> = ends
            .map(|(key, index)| Ended {
                key: *key,
                index: *index,
            })
            .collect();
        ended.sort_by_key(|end| end.index);
        LogReport {
            conclusion: self.conclusion(verdict, complete_to, gaps.len()),
            verdict,
            entries,
            root: self.frontier.root(),
            senders: self.chains.senders(),
            checkpoint: self.checkpoint,
            log_key: self.log_key,
            genuine: self.genuine,
            kinds: self.kinds,
            gaps,
            ended,
            review: self.review,
            unfit: self.unfit,
            faults: self.faults,
            fault_count: self.fault_count,
            first_bad,
            complete_to,
        }
    }

    fn verdict(&self, first_bad: Option<u64>) -> Option<Verdict> {
        self.log_key?;
        let has = |rule: &str| self.faults.iter().any(|fault| fault.rule == rule);
        let only = |rules: &[&str]| self.faults.iter().all(|fault| rules.contains(&fault.rule));
        Some(if self.faults.is_empty() {
            Verdict::Match
        } else if has("FORK") {
            Verdict::Fork
        } else if only(&["MISSING_ENTRY", "ROLLBACK"]) {
            Verdict::Truncated
        } else if only(&["EQUIVOCATION"]) {
            Verdict::Equivocation
        } else {
            Verdict::Altered(first_bad)
        })
    }

    fn conclusion(&self, verdict: Option<Verdict>, complete_to: Option<u64>, gaps: usize) -> String {
        let Some(verdict) = verdict else {
            return "the checkpoint is not signed by a log that our rosters know".to_owned();
        };
        if verdict != Verdict::Match {
            let first = self.faults.first();
            let place = first
                .and_then(|fault| fault.index)
                .map_or("the whole".to_owned(), |index| format!("#{index}"));
            let rule = first.map_or("", |fault| fault.rule);
            return format!("first bad entry: {place} ({rule})");
        }
        let Some(last) = complete_to else {
            return "the log is empty, and signed as empty".to_owned();
        };
        let gaps = match gaps {
            0 => String::new(),
            n => format!("; {n} gap(s) in chains, which may have gone through another relay"),
        };
        let unfit = match self.unfit.len() {
            0 => String::new(),
            n => format!("; {n} statement(s) that their own senders made wrongly, no fault of this log"),
        };
        format!(
            "complete to #{last}; a cut after #{last} shows only against the other side: compare{gaps}{unfit}"
        )
    }
}
