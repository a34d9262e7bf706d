//! Where every checkpoint is looked up: a day of a quiet line has tens of thousands of them, and as many statements, so that
//! nothing may go through all of the one for each of the other.

use std::collections::BTreeMap;

use super::Source;
use super::notes::KnownNote;
use crate::hash::Hash;

/// A cosignature over a tree: which note, and which of its cosigners.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct By {
    /// When, by the cosigner's clock, seconds since 1970 (UTC).
    pub(super) time_s: u64,
    /// Place among the notes.
    pub(super) note: usize,
    /// Place among those who cosigned it.
    pub(super) place: usize,
}

/// The cosignatures of one cosigner over trees that one copy continues.
#[derive(Debug, Default)]
struct Series {
    domain: Option<String>,
    /// Sizes of trees, ascending; beside each the earliest cosignature over a tree of that size or more.
    from: Vec<(u64, By)>,
}

/// Checkpoints, by what is asked of them.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// For each copy its cosigners, by name.
    copies: Vec<BTreeMap<String, Series>>,
    /// For each log the leaves that hold cosigned checkpoints, and the latest time that is told up to there.
    told: BTreeMap<String, Vec<(u64, u64)>>,
}

impl Index {
    /// Of `copies` copies; `continues` says whether one continues a checkpoint, by its size and root.
    pub(super) fn of(
        copies: &[&str],
        notes: &[KnownNote],
        continues: impl Fn(usize, u64, Hash) -> bool,
    ) -> Index {
        let mut index = Index {
            copies: copies.iter().map(|_| BTreeMap::new()).collect(),
            told: told(notes),
        };
        let mut by_origin: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (copy, origin) in copies.iter().enumerate() {
            by_origin.entry(origin).or_default().push(copy);
        }
        for (place, note) in notes
            .iter()
            .enumerate()
            .filter(|(_, note)| !note.cosigned.is_empty())
        {
            let head = &note.checkpoint;
            for copy in by_origin.get(head.origin.as_str()).into_iter().flatten() {
                if continues(*copy, head.size, head.root) {
                    index.take(*copy, place, note);
                }
            }
        }
        for series in index.copies.iter_mut().flat_map(BTreeMap::values_mut) {
            series.settle();
        }
        index
    }

    fn take(&mut self, copy: usize, note: usize, known: &KnownNote) {
        let Some(of_copy) = self.copies.get_mut(copy) else {
            return;
        };
        for (place, by) in known.cosigned.iter().enumerate() {
            let series = of_copy.entry(by.name.clone()).or_default();
            series.domain.clone_from(&by.domain);
            let time_s = by.time_s;
            series
                .from
                .push((known.checkpoint.size, By { time_s, note, place }));
        }
    }

    /// The earliest cosignature of each cosigner but those of `but` over a tree of the copy that holds this entry.
    pub(super) fn earliest<'i>(
        &'i self,
        copy: usize,
        entry: u64,
        but: Option<&'i str>,
    ) -> impl Iterator<Item = By> + 'i {
        let series = self.copies.get(copy).into_iter().flat_map(BTreeMap::values);
        series
            .filter(move |series| series.domain.as_deref() != but)
            .filter_map(move |series| {
                count(series.from.len());
                let first = series.from.partition_point(|(size, _)| *size <= entry);
                series.from.get(first).map(|(_, by)| *by)
            })
    }

    /// The latest time of a cosignature that stands in a leaf of the first `size` entries of a log.
    pub(super) fn told_inside(&self, log: &str, size: u64) -> Option<u64> {
        let told = self.told.get(log)?;
        count(told.len());
        let behind = told.partition_point(|(leaf, _)| *leaf < size);
        told.get(behind.checked_sub(1)?).map(|(_, time)| *time)
    }
}

impl Series {
    /// Sorts, and carries the earliest from the end to the beginning.
    fn settle(&mut self) {
        self.from.sort_unstable();
        let mut earliest: Option<By> = None;
        for (_, by) in self.from.iter_mut().rev() {
            let best = earliest.map_or(*by, |known| known.min(*by));
            *by = best;
            earliest = Some(best);
        }
    }
}

fn told(notes: &[KnownNote]) -> BTreeMap<String, Vec<(u64, u64)>> {
    let mut told: BTreeMap<String, Vec<(u64, u64)>> = BTreeMap::new();
    for note in notes {
        if let Source::Leaf { origin, index } = &note.kept {
            let times = note.cosigned.iter().map(|by| (*index, by.time_s));
            told.entry(origin.clone()).or_default().extend(times);
        }
    }
    for leaves in told.values_mut() {
        leaves.sort_unstable();
        let mut latest = 0;
        for (_, time) in leaves {
            latest = latest.max(*time);
            *time = latest;
        }
    }
    told
}

/// Steps of a search by halves, for the test that counts them.
#[cfg(test)]
fn count(length: usize) {
    let steps = usize::BITS - length.leading_zeros();
    tests::STEPS.with(|counted| counted.set(counted.get() + u64::from(steps)));
}

#[cfg(not(test))]
const fn count(_length: usize) {}

#[cfg(test)]
mod tests;
