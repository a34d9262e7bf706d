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

/// A desk's clock takes up to so long to be seen wrong after control has set it: control looks every five seconds.
const SETTLES_MS: u64 = 10_000;

impl Case<'_> {
    /// How far the clocks that control set wrong were seen elsewhere than it had set them. A clock that nobody set is as
    /// right as its machine is, and not asked about.
    pub(super) fn offset_error(&self) -> Counted {
        let mut worst = Counted::default();
        for (desk, offsets) in &self.timeline.offsets {
            let mut set: Vec<(u64, i64)> = Vec::new();
            for (serial, ahead_ms) in self.clocks_set(desk) {
                if let Ok(came) = self.mark(&Mark::Inject(serial), None)
                    && let Some(at) = came.at
                {
                    set.push((at.wall_ms, ahead_ms));
                }
            }
            set.sort_unstable();
            let Some((first, _)) = set.first().copied() else {
                continue;
            };
            let before = |look: &&Offset| look.control_ms < first;
            let base = offsets.looks().iter().rfind(before).map_or(0, Offset::ahead_ms);
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
