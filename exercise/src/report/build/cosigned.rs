//! Who has cosigned each relay's log, when, and how far what nobody had cosigned could reach back; what witnesses refused,
//! checkpoints that are not of the log in the evidence, and those that say that its end is missing.
//!
//! Cosigned checkpoints are found on the exported log itself and in the entries in which the other side's relays wrote down
//! what they had seen. A cosignature counts under a key that a roster enrols for it.

use std::collections::{BTreeMap, BTreeSet};

use hotline_audit::{
    PayloadType, SignedStatement,
    key::{Subject, subject_of_origin},
    statement::CosignRefused,
};
use hotline_core::time::WallTime;

use super::Making;
use crate::{
    bundle::{Head, LogKind, VerifiedLog},
    report::words::length,
};

impl Making<'_> {
    /// A line for each fact; a relay's log that nobody has cosigned is said to be none that is witnessed.
    pub(super) fn cosignatures(&self) -> Vec<String> {
        let logs = self.evidence.logs.values();
        let mut lines = Vec::new();
        for log in logs.filter(|log| log.kind == Some(LogKind::Relay)) {
            let Some(witnessing) = self.timeline.witnessing.get(&log.name) else {
                continue;
            };
            lines.extend(self.cosigned(log, &witnessing.heads));
            lines.push(match witnessing.conflicting {
                0 => format!("{}: no conflicting checkpoint is known.", log.name),
                n => format!(
                    "{}: {n} signed checkpoints are NOT of this log: its key has signed another history.",
                    log.name
                ),
            });
            lines.extend(cut_off(log, &witnessing.larger));
            lines.extend(refusals(log));
        }
        lines
    }
}

/// Checkpoints that one cosigner has signed: when, in seconds since 1970, and of how many entries.
type Signed = BTreeSet<(u64, u64)>;

impl Making<'_> {
    /// What each relay of the other side has cosigned: as witness and as mirror at once, where that is the same.
    fn cosigned(&self, log: &VerifiedLog, heads: &[Head]) -> Vec<String> {
        let mut by_relay: BTreeMap<&str, BTreeMap<&str, Signed>> = BTreeMap::new();
        for head in heads {
            let (relay, office) = head.by.rsplit_once('/').unwrap_or((&head.by, "cosigner"));
            let offices = by_relay.entry(relay).or_default();
            offices.entry(office).or_default().insert((head.at_s, head.size));
        }
        if by_relay.is_empty() {
            return vec![format!(
                "{}: not witnessed. No cosignature of the other side is in the evidence, so nothing but what others have \
                 seen of it bounds what could have been cut off at its end.",
                log.name
            )];
        }
        let mut lines = Vec::new();
        for (relay, offices) in by_relay {
            let who = self.relay_of(relay);
            let same = offices.values().collect::<BTreeSet<_>>().len() == 1;
            match offices.first_key_value() {
                Some((_, signed)) if same => {
                    let names: Vec<&str> = offices.keys().rev().copied().collect();
                    lines.extend(line(log, &format!("{who} as {}", names.join(" and ")), signed));
                }
                _ => lines.extend(
                    offices
                        .iter()
                        .rev()
                        .filter_map(|(office, signed)| line(log, &format!("{who} as {office}"), signed)),
                ),
            }
        }
        lines
    }

    /// `relay south of B`, by its log's origin.
    fn relay_of(&self, origin: &str) -> String {
        let identity = subject_of_origin(origin);
        let name = self.timeline.name_of(&identity);
        let domain = |identity: &str| Subject::parse(identity).map(|subject| subject.domain.to_owned());
        let mut desks = self.timeline.startex.desks.values();
        let side = desks.find(|desk| domain(&desk.identity) == domain(&identity));
        side.map_or_else(|| origin.to_owned(), |desk| format!("{name} of {}", desk.side))
    }
}

/// What one cosigner has signed of a log.
fn line(log: &VerifiedLog, name: &str, cosigned: &Signed) -> Option<String> {
    let ((first_s, _), (last_s, largest)) = (cosigned.first()?, cosigned.last()?);
    let pairs = || cosigned.iter().zip(cosigned.iter().skip(1));
    let apart_s = pairs().map(|(a, b)| b.0.saturating_sub(a.0)).max();
    let entries = pairs().map(|(a, b)| b.1.saturating_sub(a.1)).max();
    let between = match (apart_s, entries) {
        (Some(apart_s), Some(entries)) => format!(
            "; between two of them at most {} and {entries} entries",
            length(apart_s.saturating_mul(1_000))
        ),
        _ => String::new(),
    };
    let at = |at_s: u64| WallTime::from_unix_ms(at_s.saturating_mul(1_000)).rfc3339();
    Some(format!(
        "{}: {} checkpoints cosigned by {name}, from {} to {}{between}. The newest holds {} of {} entries.",
        log.name,
        cosigned.len(),
        at(*first_s),
        at(*last_s),
        largest,
        log.report.entries
    ))
}

/// That the log has lost its end. Whether what is larger continues it nobody can tell without the entries.
fn cut_off(log: &VerifiedLog, larger: &[u64]) -> Option<String> {
    let largest = larger.iter().max()?;
    Some(format!(
        "{}: TRUNCATED: {} signed checkpoints are of more entries than the {} that are in the evidence, the largest of {largest}.",
        log.name,
        larger.len(),
        log.report.entries
    ))
}

/// What witnesses refused this relay, by witness and reason.
fn refusals(log: &VerifiedLog) -> Vec<String> {
    let refused = log.log.entries.iter().filter_map(|entry| {
        let statement = SignedStatement::parse(entry).ok()?;
        let is_one = statement.payload_type == PayloadType::CosignRefused;
        CosignRefused::decode(&statement.payload).ok().filter(|_| is_one)
    });
    let mut counted: BTreeMap<(String, u32), (u64, u64)> = BTreeMap::new();
    for said in refused {
        let count = counted
            .entry((said.witness, said.reason))
            .or_insert((0, said.since_ms));
        count.0 += 1;
    }
    let each = counted.into_iter();
    each.map(|((witness, reason), (times, since_ms))| {
        format!(
            "{}: {witness} did not cosign, since {}: {}, written down {times} times.",
            log.name,
            WallTime::from_unix_ms(since_ms).rfc3339(),
            reason_word(reason)
        )
    })
    .collect()
}

const fn reason_word(reason: u32) -> &'static str {
    match reason {
        1 => "UNREACHABLE",
        2 => "REFUSED",
        3 => "CONFLICT",
        4 => "FORK",
        _ => "BAD_ANSWER",
    }
}

#[cfg(test)]
mod tests;
