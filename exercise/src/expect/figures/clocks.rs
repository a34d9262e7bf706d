//! Clocks that control set wrong, and where they were seen.

use crate::{
    expect::case::Case,
    scenario::{
        mark::{Mark, Serial},
        msel::{Deed, together},
    },
    timeline::Offset,
};

use super::Counted;

/// So long after control has set a clock a look may have been under way before it. A second: a desk answers within half of
/// one. Each look holds what the clock read then.
const SETTLES_MS: u64 = 1_000;

impl Case<'_> {
    /// How far the clocks that control set wrong were seen elsewhere than it had set them. A clock that nobody set is as
    /// right as its machine is, and not asked about.
    pub(super) fn offset_error(&self) -> Counted {
        let mut worst = Counted::default();
        for (desk, offsets) in &self.timeline.offsets {
            let mut set: Vec<(u64, i64)> = Vec::new();
            for (serial, ahead_ms) in self.clocks_set(desk) {
                match self.mark(&Mark::Inject(serial), None).map(|came| came.at) {
                    Ok(Some(at)) => set.push((at.wall_ms, ahead_ms)),
                    _ => worst.unseen = Some(format!("{desk}'s clock was not set by {serial}")),
                }
            }
            set.sort_unstable();
            let Some((first, _)) = set.first().copied() else {
                continue;
            };
            let before = |look: &&Offset| look.control_ms < first;
            let base = offsets.looks().iter().rfind(before).map_or(0, Offset::ahead_ms);
            for (number, (at, ahead_ms)) in set.iter().enumerate() {
                let until = set.get(number + 1).map_or(u64::MAX, |(next, _)| *next);
                let during = at.saturating_add(SETTLES_MS)..until;
                if !offsets
                    .looks()
                    .iter()
                    .any(|look| during.contains(&look.control_ms))
                {
                    worst.unseen = Some(format!(
                        "nobody saw {desk}'s clock while it was {ahead_ms} ms ahead"
                    ));
                }
            }
            for look in offsets.looks() {
                let last = set.iter().rfind(|(at, _)| *at <= look.control_ms);
                let Some((at, ahead_ms)) = last else { continue };
                if look.control_ms < at.saturating_add(SETTLES_MS) {
                    continue;
                }
                let off = look.ahead_ms().abs_diff(base.saturating_add(*ahead_ms));
                let off = off.saturating_sub(look.uncertainty_ms);
                if off > worst.number {
                    worst.number = off;
                    worst.what = format!(
                        "at {desk}, {ahead_ms} ms ahead by the plan, {} seen",
                        look.ahead_ms()
                    );
                }
            }
        }
        worst
    }

    /// Injects that set this desk's clock, and by how much it is ahead behind each.
    fn clocks_set(&self, desk: &str) -> Vec<(Serial, i64)> {
        let injects = self
            .scenario
            .injects()
            .filter(|inject| together(&inject.only, &self.variant));
        injects
            .filter_map(|inject| match &inject.deed {
                Deed::Clock { who, back, by } if **who == *desk => {
                    let ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
                    Some((inject.serial, if *back { -ms } else { ms }))
                }
                _ => None,
            })
            .collect()
    }
}
