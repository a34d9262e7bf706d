//! Clocks that control set wrong, and where they were seen.

use crate::{
    expect::case::Case,
    record::{InjectStatus, Kind},
    scenario::{
        mark::{Mark, Serial},
        msel::{Deed, together},
    },
    timeline::{Offset, Offsets},
};

use super::Counted;

/// So long after control has set a clock a look may have been under way before it. A second: a desk answers within half of
/// one. Each look holds what the clock read then.
const SETTLES_MS: u64 = 1_000;

/// A desk's clock from one setting on, by control's wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Setting {
    /// Since when it may stand so, milliseconds since 1970.
    from: u64,
    /// Since when it surely does, and how far ahead; none where control asked for it and never heard that it was done.
    set: Option<(u64, i64)>,
}

impl Case<'_> {
    /// How far the clocks that control set wrong were seen elsewhere than it had set them, beyond what the looks leave open:
    /// this one, and the one before everything that says how the clock stood to control's by itself. A clock that nobody
    /// set is as right as its machine is, and not asked about.
    pub(super) fn offset_error(&self) -> Counted {
        let mut worst = Counted::default();
        for (desk, offsets) in &self.timeline.offsets {
            let settings = self.settings(desk, &mut worst);
            let Some(first) = settings.first() else { continue };
            let Some((base, open)) = offsets.best_before(first.from) else {
                worst.unseen = Some(format!("nobody saw {desk}'s clock before it was set"));
                continue;
            };
            for (number, setting) in settings.iter().enumerate() {
                let until = settings.get(number + 1).map_or(u64::MAX, |next| next.from);
                let Some((at, ahead_ms)) = setting.set else {
                    continue;
                };
                let during = at.saturating_add(SETTLES_MS)..until;
                let looks = || looks_in(offsets, during.clone());
                if looks().next().is_none() {
                    worst.unseen = Some(format!(
                        "nobody saw {desk}'s clock while it was {ahead_ms} ms ahead"
                    ));
                }
                for look in looks() {
                    let off = look.ahead_ms().abs_diff(base.ahead_ms().saturating_add(ahead_ms));
                    let off = off.saturating_sub(open.saturating_add(look.open_since(first.from)));
                    if off > worst.number {
                        worst.number = off;
                        worst.what = format!(
                            "at {desk}, {ahead_ms} ms ahead by the plan, {} seen",
                            look.ahead_ms()
                        );
                    }
                }
            }
        }
        worst
    }

    /// How a desk's clock was to stand, by time. A setting that never came, or of which control does not know whether it did,
    /// is told in `counted`.
    fn settings(&self, desk: &str, counted: &mut Counted) -> Vec<Setting> {
        let mut settings = Vec::new();
        for (serial, ahead_ms) in self.clocks_set(desk) {
            let came = self.mark(&Mark::Inject(serial), None);
            let done = came.ok().and_then(|came| came.at).map(|at| at.wall_ms);
            let begun = self.begun(serial).or(done);
            if done.is_none() {
                counted.unseen = Some(format!("{desk}'s clock was not set by {serial}"));
            }
            settings.extend(begun.map(|from| Setting {
                from,
                set: done.map(|at| (at, ahead_ms)),
            }));
        }
        settings.sort_unstable();
        settings
    }

    /// When control wrote down that it begins an inject.
    fn begun(&self, of: Serial) -> Option<u64> {
        let mut records = self.timeline.records();
        let begun = records.find(|(_, record)| match &record.kind {
            Kind::Inject { serial, status, .. } => {
                *status == InjectStatus::Firing && serial.parse::<Serial>() == Ok(of)
            }
            _ => false,
        });
        begun.map(|(entry, _)| entry.at.wall_ms)
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

fn looks_in(offsets: &Offsets, during: std::ops::Range<u64>) -> impl Iterator<Item = &Offset> {
    let looks = offsets.looks().iter();
    looks.filter(move |look| during.contains(&look.control_ms))
}
