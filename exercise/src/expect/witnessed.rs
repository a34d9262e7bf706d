//! How old what nobody has cosigned ever is: what bounds what a relay could deny.
//!
//! A relay's log bears no times. A statement lies open from its own time, on control's clocks, to the first checkpoint over
//! it that a relay of the other side has cosigned, by the cosigner's clock.

use crate::{
    bundle::{Head, LogKind},
    scenario::moment::Span,
    timeline::{Measured, Moment, Timeline},
};

use super::{
    Met,
    by::millis,
    case::{Case, Finding},
};

/// A cosignature names a second; it was made within it.
const HALF_A_SECOND_MS: u64 = 500;

/// A statement in a relay's log.
struct Leaf {
    leaf: u64,
    entry: usize,
    at: Moment,
}

/// How long a statement lay open.
struct Open {
    leaf: Leaf,
    measured: Measured,
    /// False: nobody has cosigned it by the end.
    cosigned: bool,
}

impl Case<'_> {
    /// Everything that was said over a relay was under a cosigned checkpoint so soon, and never more statements than so
    /// many lay open at once.
    pub(super) fn witnessed(&self, relay: &str, within: Span, entries: u32) -> Finding {
        let who = format!("relay {relay}");
        let mut logs = self.timeline.logs.iter();
        let log =
            logs.find(|log| log.kind == Some(LogKind::Relay) && self.timeline.name_of(&log.owner) == who);
        let Some(log) = log else {
            return Finding::new(Met::No, format!("the log of {who} is not in the evidence"));
        };
        let heads = self.timeline.witnessing.get(&log.name);
        let heads = heads.map_or(&[][..], |known| known.heads.as_slice());
        let leaves = self.leaves(&log.name);
        if leaves.is_empty() {
            return Finding::new(Met::Undecided, format!("nothing was said over {who}"));
        }
        let (said, most) = (leaves.len(), most_open(&leaves, heads));
        let newest = heads.iter().map(|head| head.size).max().unwrap_or_default();
        let open = leaves
            .into_iter()
            .filter_map(|leaf| self.open(leaf, heads, within));
        let Some(oldest) = open.max_by_key(|open| (open.measured.apart.value_ms, open.cosigned)) else {
            return Finding::new(
                Met::Undecided,
                format!("when things were said over {who} is not known"),
            );
        };
        let enough = if most <= u64::from(entries) {
            Met::Yes
        } else {
            Met::No
        };
        // However short an exercise is: a log of which nobody has cosigned anything can be denied whole.
        let some = if heads.is_empty() { Met::No } else { Met::Yes };
        let met = some
            .and(enough)
            .and(oldest.measured.apart.at_most(millis(within)));
        let until = match (heads.is_empty(), oldest.cosigned) {
            (true, _) => "and nobody has cosigned anything of this log",
            (false, true) => "until it was cosigned",
            (false, false) => "and nobody has cosigned it",
        };
        let observed = format!(
            "of {said} statements in {} the one that lay open longest (#{}) did for {}, {until}; at most {most} lay open at \
             once; the newest cosigned checkpoint holds {newest} of {} entries",
            log.name, oldest.leaf.leaf, oldest.measured, log.entries
        );
        Finding::new(met, observed)
            .within(oldest.measured, within)
            .at(Some(oldest.leaf.at), oldest.leaf.entry)
    }

    /// What was said over a relay while the exercise ran, in the order of its log.
    fn leaves(&self, log: &str) -> Vec<Leaf> {
        let entries = self.timeline.entries.iter().enumerate();
        let found = entries.filter_map(|(entry, said)| {
            let place = said.places.iter().find(|place| place.log == log)?;
            // Before STARTEX and behind ENDEX nothing is judged.
            let during = said.at.story_ms.is_some() && !self.is_over(Some(&said.at));
            during.then_some(Leaf {
                leaf: place.leaf,
                entry,
                at: said.at,
            })
        });
        let mut leaves: Vec<Leaf> = found.collect();
        leaves.sort_by_key(|leaf| leaf.leaf);
        leaves
    }

    /// How long a statement lay open: to the first cosigned checkpoint over it, or to the end. One that came earlier than
    /// its signer's clock says lay open for no time.
    fn open(&self, leaf: Leaf, heads: &[Head], within: Span) -> Option<Open> {
        let over = heads.iter().filter(|head| head.size > leaf.leaf);
        let first = over.min_by_key(|head| head.at_s);
        let until = match first {
            Some(head) => head_at(self.timeline, head),
            None => self.end?,
        };
        Some(Open {
            measured: leaf.at.until(&until, within)?,
            cosigned: first.is_some(),
            leaf,
        })
    }
}

fn head_at(timeline: &Timeline, head: &Head) -> Moment {
    let wall_ms = head.at_s.saturating_mul(1_000).saturating_add(HALF_A_SECOND_MS);
    timeline.clock.moment(wall_ms, HALF_A_SECOND_MS)
}

/// Most statements between two cosigned checkpoints, before the first, or behind the last.
fn most_open(leaves: &[Leaf], heads: &[Head]) -> u64 {
    let mut sizes: Vec<u64> = heads.iter().map(|head| head.size).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let mut counts = std::collections::BTreeMap::<usize, u64>::new();
    for leaf in leaves {
        let stretch = sizes.partition_point(|size| *size <= leaf.leaf);
        *counts.entry(stretch).or_default() += 1;
    }
    counts.into_values().max().unwrap_or_default()
}
