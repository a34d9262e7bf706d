//! The rule: before the end of its key as both sides have signed, behind it wherever it stands, or for people to judge.

use super::facts::{Facts, Signed};
use super::{Counted, Place, Shown, Standing, Witnessed};
use crate::hash::Hash;
use crate::key::{KeyEntry, Revoked};
use crate::trust::TrustPolicy;

/// A cosignature was made within this time of what it says.
const SECOND_MS: u64 = 1_000;

pub(super) fn all(facts: &Facts, trust: &TrustPolicy) -> Vec<Counted> {
    let mut counted = Vec::new();
    for signed in &facts.signed {
        for key in &signed.keys {
            let Some(entry) = trust.rosters().by_hash(key) else {
                continue;
            };
            let Some(revoked) = &entry.revoked else { continue };
            let since_ms = trust
                .rosters()
                .denials()
                .find(|denial| denial.hash == revoked.hash)
                .map_or(0, |denial| denial.order.compromised_since_ms);
            let case = Case {
                facts,
                signed,
                entry,
                revoked,
                since_ms,
            };
            counted.push(case.counted());
        }
    }
    counted
}

/// One signature of one key.
struct Case<'a> {
    facts: &'a Facts,
    signed: &'a Signed,
    entry: &'a KeyEntry,
    revoked: &'a Revoked,
    /// From when on the key may have been in other hands; 0 when nobody says.
    since_ms: u64,
}

impl Case<'_> {
    fn counted(&self) -> Counted {
        let (standing, why, shown) = self.judge();
        let key = self.entry.hash;
        let place = |(log, index): (usize, u64)| self.place(log, index);
        let ends = self.facts.logs.iter().enumerate();
        let ends = ends.filter_map(|(log, known)| Some((log, *known.ends.get(&key)?)));
        Counted {
            sha256: self.signed.sha256,
            kind: self.signed.kind_name(),
            signer: self.entry.statement.subject.clone(),
            key_statement: key,
            ended_by: self.revoked.by.to_string(),
            ended_number: self.revoked.number,
            standing,
            places: self.signed.places.iter().copied().filter_map(place).collect(),
            ends: ends.filter_map(place).collect(),
            shown,
            doubtful_since_ms: Some(self.since_ms).filter(|since| *since != 0),
            witnessed: self.witnessed(),
            why,
        }
    }

    fn judge(&self) -> (Standing, String, Option<Shown>) {
        let proof = self.places().find_map(|(log, index)| self.before(log, index));
        if let Some((proof, shown)) = proof {
            let (standing, why) = self.outside_of_doubt(proof);
            return (standing, why, Some(shown));
        }
        let mut ends = self.places().map(|(log, index)| {
            let end = self.facts.end_in(log, &self.key())?;
            (end < index).then_some((log, index, end))
        });
        let behind = ends.next().flatten();
        if let Some((log, index, end)) = behind.filter(|_| ends.all(|behind| behind.is_some())) {
            let why = format!(
                "#{index} of {} stands behind #{end}, its key's end",
                self.name(log)
            );
            return (Standing::RevokedKey, why, None);
        }
        (Standing::Review, self.open(), None)
    }

    /// Why the statement at this leaf was made before its key ended, if both sides have signed that.
    fn before(&self, log: usize, index: u64) -> Option<(String, Shown)> {
        let end = self.facts.end_in(log, &self.key());
        if end.is_some_and(|end| end < index) {
            return None;
        }
        self.own_log(log, index, end)
            .or_else(|| self.seen_before(log, index))
            .or_else(|| self.said_before(log, index))
    }

    /// A log of the key's own side that holds the end behind it, in a tree of which the other side has cosigned enough.
    fn own_log(&self, log: usize, index: u64, end: Option<u64>) -> Option<(String, Shown)> {
        let known = self.facts.logs.get(log)?;
        let end = end.filter(|_| known.side == self.side())?;
        let cosigned = known.cosigned.iter().filter(|fact| fact.size > index);
        let cosigned = cosigned.filter(|fact| fact.by != known.side);
        let first = cosigned.min_by_key(|fact| (fact.at_ms, fact.size));
        let (by, size, at_ms, kept) = match first {
            Some(fact) => (&fact.by, fact.size, Some(fact.at_ms), None),
            None => self.seers(log, index).find_map(|(by, at, size)| {
                let side = &self.facts.logs.get(by)?.side;
                (*side != known.side).then(|| (side, size, None, self.place(by, at)))
            })?,
        };
        let why = format!(
            "#{index} of {} stands before #{end}, its key's end, in a tree that {by} has signed too",
            known.origin
        );
        let shown = Shown {
            leaf: self.place(log, index)?,
            end: self.place(log, end),
            by: by.clone(),
            size,
            at_ms,
            kept,
        };
        Some((why, shown))
    }

    /// A log of another side that held a checkpoint with the statement in it before it held the end. One of the two logs
    /// is of the side whose key it is: others cannot speak for it.
    fn seen_before(&self, log: usize, index: u64) -> Option<(String, Shown)> {
        let known = self.facts.logs.get(log)?;
        self.seers(log, index).find_map(|(seer, at, size)| {
            let end = self.facts.end_in(seer, &self.key())?;
            let by = self.facts.logs.get(seer)?;
            let sides = [&by.side, &known.side];
            let both = by.side != known.side && sides.into_iter().any(|side| side == self.side());
            if !both || at >= end {
                return None;
            }
            let why = format!(
                "{} had seen #{index} of {} when it came to #{at}, before its key's end",
                by.origin, known.origin
            );
            let shown = Shown {
                leaf: self.place(log, index)?,
                end: self.place(seer, end),
                by: by.side.clone(),
                size,
                at_ms: None,
                kept: self.place(seer, at),
            };
            Some((why, shown))
        })
    }

    /// The side whose key it is cosigned that tree before it ended the key, by its own clocks. Only where none of its own
    /// logs is here to tell the order: clocks can be wrong.
    fn said_before(&self, log: usize, index: u64) -> Option<(String, Shown)> {
        let (known, key) = (self.facts.logs.get(log)?, self.key());
        let mut logs = self.facts.logs.iter();
        if logs.any(|log| log.side == self.side() && log.ends.contains_key(&key)) {
            return None;
        }
        let own = known.cosigned.iter().filter(|fact| fact.by == self.side());
        let first = own
            .filter(|fact| fact.size > index)
            .min_by_key(|fact| fact.at_ms)?;
        if first.at_ms.saturating_add(SECOND_MS) > self.revoked.claimed_time_ms {
            return None;
        }
        let why = format!(
            "{} cosigned {} with #{index} in it before it ended the key, by its own clocks",
            self.side(),
            known.origin
        );
        let shown = Shown {
            leaf: self.place(log, index)?,
            end: None,
            by: first.by.clone(),
            size: first.size,
            at_ms: Some(first.at_ms),
            kept: None,
        };
        Some((why, shown))
    }

    /// The logs that hold a checkpoint of this one with the leaf in it, where, and of how many entries.
    fn seers(&self, log: usize, index: u64) -> impl Iterator<Item = (usize, u64, u64)> {
        self.facts.logs.iter().enumerate().flat_map(move |(place, by)| {
            let anchors = by.anchors.iter();
            let holding = anchors.filter(move |anchor| anchor.of == log && anchor.size > index);
            holding.map(move |anchor| (place, anchor.index, anchor.size))
        })
    }

    /// A key that may have been in other hands before it ended: its signature counts only if its own side witnessed it
    /// earlier. Whoever else says so may be the one who profits by it, and has a clock of its own.
    fn outside_of_doubt(&self, proof: String) -> (Standing, String) {
        if self.since_ms == 0 {
            return (Standing::Counts, proof);
        }
        if self
            .witnessed()
            .is_some_and(|by| by.at_ms.saturating_add(SECOND_MS) <= self.since_ms)
        {
            return (Standing::Counts, proof);
        }
        let why = format!(
            "{proof}; but {} did not witness it before the key may have been in other hands",
            self.side()
        );
        (Standing::Review, why)
    }

    /// The earliest cosignature of the key's own side over a tree that holds the statement.
    fn witnessed(&self) -> Option<Witnessed> {
        let trees = self.places().filter_map(|(log, index)| {
            let known = self.facts.logs.get(log)?;
            let own = known.cosigned.iter().filter(|fact| fact.by == self.side());
            let holding = own.filter(move |fact| fact.size > index);
            let first = holding.min_by_key(|fact| fact.at_ms)?;
            Some(Witnessed {
                origin: known.origin.clone(),
                size: first.size,
                at_ms: first.at_ms,
            })
        });
        trees.min_by_key(|by| by.at_ms)
    }

    /// What is missing for a judgement.
    fn open(&self) -> String {
        let key = self.key();
        if self.facts.logs.iter().all(|log| !log.ends.contains_key(&key)) {
            return "the end of its key stands in none of these logs".to_owned();
        }
        let before = self
            .places()
            .any(|(log, index)| self.facts.end_in(log, &key).is_some_and(|end| index < end));
        if before {
            format!(
                "it stands before the end of its key in a log, and nothing shows that {} and the other side both knew it so",
                self.side()
            )
        } else {
            "it stands in a log that does not show when its key ended".to_owned()
        }
    }

    fn places(&self) -> impl Iterator<Item = (usize, u64)> {
        self.signed.places.iter().copied()
    }

    fn place(&self, log: usize, index: u64) -> Option<Place> {
        let origin = self.facts.logs.get(log)?.origin.clone();
        Some(Place { origin, index })
    }

    fn key(&self) -> Hash {
        self.entry.hash
    }

    /// The side whose key it is.
    fn side(&self) -> &str {
        &self.entry.statement.trust_domain
    }

    fn name(&self, log: usize) -> &str {
        self.facts.logs.get(log).map_or("", |log| &log.origin)
    }
}
