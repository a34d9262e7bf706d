//! Why the rest can be believed.

use hotline_core::story::{Rate, Running};

use super::{Making, moment};
use crate::report::lines::{rate_words, turn_words};
use crate::{
    record::{Kind, TurnWord},
    report::model::{Integrity, LogRow, Offset, Pair, TurnKind, TurnRow, Version},
    timeline,
};

/// A look at a clock is printed when it is the first or last of its desk, or this far from the one printed before, in
/// milliseconds of offset: an exercise of an hour has seven hundred looks that all say the same.
const OFFSET_MOVED_MS: u64 = 20;

/// Most foreign statements that are listed one by one: more than honest desks make, few enough to be read.
const FOREIGN_MAX: usize = 20;

impl Making<'_> {
    pub(super) fn integrity(&self) -> Integrity {
        Integrity {
            logs: self.logs(),
            pairs: self
                .timeline
                .pairs
                .iter()
                .map(|pair| Pair {
                    first: pair.a.clone(),
                    second: pair.b.clone(),
                    verdict: pair.verdict.clone(),
                    found: pair.conclusion.clone(),
                    contradict: !pair.nothing_forged,
                })
                .collect(),
            offsets: self.offsets(),
            turns: self.turns(),
            versions: self
                .timeline
                .startex
                .processes
                .iter()
                .map(|process| Version {
                    who: process.who.clone(),
                    version: process.version.clone(),
                })
                .collect(),
            cosignatures: self.cosignatures(),
            standings: crate::counted::lines(self.timeline),
            limits: self.limits(),
        }
    }

    fn logs(&self) -> Vec<LogRow> {
        let rows = self.timeline.logs.iter().map(|log| LogRow {
            name: log.name.clone(),
            origin: hotline_audit::key::origin_of(&log.owner)
                .unwrap_or_default()
                .to_owned(),
            size: log.entries,
            root: log.root.to_string(),
            signer: log.owner.clone(),
            refused: if log.holds { None } else { log.fault.clone() },
        });
        rows.collect()
    }

    fn offsets(&self) -> Vec<Offset> {
        let mut rows = Vec::new();
        for desk in self.timeline.offsets.keys() {
            let mut told: Option<i64> = None;
            let mut last = None;
            for no in 0..self.timeline.entries.len() {
                let Some((ahead_ms, half)) = self.look(no, desk) else {
                    continue;
                };
                let moved = told.is_none_or(|told| told.abs_diff(ahead_ms) > OFFSET_MOVED_MS);
                if moved {
                    told = Some(ahead_ms);
                    rows.extend(self.offset(no, desk, ahead_ms, half));
                    last = None;
                } else {
                    last = Some((no, ahead_ms, half));
                }
            }
            if let Some((no, ahead_ms, half)) = last {
                rows.extend(self.offset(no, desk, ahead_ms, half));
            }
        }
        rows
    }

    /// How far a desk's clock was ahead at a look, and half the round trip.
    fn look(&self, no: usize, desk: &str) -> Option<(i64, u32)> {
        match self.kind(no)? {
            Kind::Observed { desk: of, seen } if of == desk => {
                let (desk_ms, half) = seen.wall_ms?;
                let at = self.timeline.entries.get(no)?.at;
                let look = timeline::Offset::seen(at.wall_ms, desk_ms, half);
                Some((look.ahead_ms(), half))
            }
            _ => None,
        }
    }

    fn offset(&self, no: usize, desk: &str, offset_ms: i64, half: u32) -> Option<Offset> {
        let at = self.timeline.entries.get(no)?.at;
        Some(Offset {
            clock: format!("desk {desk}"),
            at: moment(at),
            offset_ms,
            uncertain_ms: half.saturating_add(1),
            leaf: self.link(no),
        })
    }

    fn turns(&self) -> Vec<TurnRow> {
        let mut rows = Vec::new();
        let mut before = None;
        for no in self.record_numbers() {
            let (Some(entry), Some(kind)) = (self.timeline.entries.get(no), self.kind(no)) else {
                continue;
            };
            let row = |no: usize, at, turn, how: String| TurnRow {
                at: moment(at),
                turn,
                how,
                leaf: self.link(no),
            };
            match kind {
                Kind::Startex(startex) => {
                    let how = rate_words(startex.rate);
                    rows.push(row(no, entry.at, TurnKind::Startex, how));
                }
                Kind::Clock { turn } => {
                    let kind = match turn {
                        TurnWord::Pause => TurnKind::Pause,
                        TurnWord::Resume => TurnKind::Resume,
                        TurnWord::Speed(_) => TurnKind::Speed,
                        TurnWord::Leap(_) => TurnKind::Leap,
                        TurnWord::Shift(_) => TurnKind::Shift,
                    };
                    rows.push(row(no, entry.at, kind, turn_words(*turn)));
                }
                Kind::Resumed { found } => {
                    if let Some((no, at)) = before {
                        rows.push(row(no, at, TurnKind::Crash, "the last record before it".into()));
                    }
                    rows.push(row(no, entry.at, TurnKind::Resumed, found.join("; ")));
                }
                Kind::Endex { why } => rows.push(row(no, entry.at, TurnKind::Endex, why.clone())),
                _ => {}
            }
            before = Some((no, entry.at));
        }
        rows
    }

    /// Records of control, in the order of its log.
    pub(super) fn record_numbers(&self) -> Vec<usize> {
        let entries = self.timeline.entries.iter().enumerate();
        let mut numbers: Vec<(u64, usize)> = entries
            .filter(|(no, _)| self.kind(*no).is_some())
            .map(|(no, entry)| (entry.places.first().map_or(0, |place| place.leaf), no))
            .collect();
        numbers.sort_unstable();
        numbers.into_iter().map(|(_, no)| no).collect()
    }

    fn limits(&self) -> Vec<String> {
        let mut limits = vec![
            "Line and story times follow from control's records, of which there is one a second of line while the \
             exercise runs; between two the story runs at the rate of the earlier one."
                .to_owned(),
            "The time of a statement is its signer's claim, brought to control's clock by what control saw of the \
             signer's; a relay's log bears no times."
                .to_owned(),
            "Labels, causes, lamps and alarms of desks are what control saw; nobody else has signed them.".to_owned(),
        ];
        limits.extend(self.timeline.logs.iter().filter(|log| log.ended).map(|log| {
            format!(
                "Two officers of its own side have ended the identity behind {}: whoever has a copy of its keys could \
                 have signed that log, so nothing rests on it that no other log holds.",
                log.name
            )
        }));
        let mut rates: Vec<Rate> = Vec::new();
        let mut coalesced = 0_u64;
        for (_, record) in self.timeline.records() {
            if let Running::Running(rate) = record.running
                && !rates.contains(&rate)
            {
                rates.push(rate);
            }
            if let Kind::Observed { seen, .. } = &record.kind {
                coalesced += u64::from(seen.coalesced);
            }
        }
        if let Some(fastest) = rates.into_iter().max() {
            limits.push(format!(
                "The story ran at up to {fastest}: a millisecond of uncertainty is {} ms of story.",
                fastest.thousandths().div_ceil(1_000)
            ));
        }
        if coalesced > 0 {
            limits.push(format!(
                "{coalesced} looks at desks were put together with later ones."
            ));
        }
        limits.extend(self.not_counted());
        limits
    }

    /// What somebody signed about a message, and the line calls foreign.
    fn not_counted(&self) -> Vec<String> {
        let foreign = &self.timeline.foreign;
        let mut listed: Vec<String> = foreign
            .iter()
            .take(FOREIGN_MAX)
            .map(|foreign| {
                let message = self.lines.spoken(&foreign.message);
                let leaf = self.link(foreign.entry);
                let (log, leaf) = (leaf.log, leaf.leaf);
                format!(
                    "{} of {message} in {log} #{leaf} does not count: {}.",
                    foreign.rung, foreign.why
                )
            })
            .collect();
        let more = foreign.len().saturating_sub(FOREIGN_MAX);
        if more > 0 {
            listed.push(format!("{more} more do not count either."));
        }
        listed
    }
}
