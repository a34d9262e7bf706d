//! Control's clocks: from its wall clock to the line and the story, as its own records anchor them.

use hotline_core::story::Running;

use crate::record::Record;

use super::{Moment, UNKNOWN_MS, offset::JUMP_MS};

/// What one record says of the three clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Anchor {
    wall_ms: u64,
    line_ms: u64,
    story_ms: u64,
    running: Running,
}

/// Control's wall clock, and what line and story read at each of its moments.
///
/// Every record carries all three, and while an exercise runs there is one each second of the line: between two records
/// the line runs as the wall does, and the story at the rate of the earlier one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ControlClock {
    /// By wall time: that of [`steady`].
    anchors: Vec<Anchor>,
}

impl ControlClock {
    /// From the records of control, in the order of its log.
    pub(crate) fn of(records: &[&Record]) -> Self {
        let anchors = records
            .iter()
            .zip(steady(records))
            .map(|(record, wall_ms)| Anchor {
                wall_ms,
                line_ms: millis(record.stamp.line.since_start()),
                story_ms: millis(record.stamp.story.since_startex()),
                running: record.running,
            });
        Self {
            anchors: anchors.collect(),
        }
    }

    /// The moment at which control's wall clock reads `wall_ms`, give or take `uncertainty_ms`.
    #[must_use]
    pub fn moment(&self, wall_ms: u64, uncertainty_ms: u64) -> Moment {
        let story_ms = self.story(wall_ms);
        let story_uncertainty_ms = match (story_ms, uncertainty_ms) {
            (_, UNKNOWN_MS) | (None, _) => uncertainty_ms,
            (Some(story), off) => {
                let before = self.story(wall_ms.saturating_sub(off)).unwrap_or(0);
                let after = self.story(wall_ms.saturating_add(off)).unwrap_or(story);
                story.saturating_sub(before).max(after.saturating_sub(story))
            }
        };
        Moment {
            wall_ms,
            uncertainty_ms,
            line_ms: self.line(wall_ms),
            story_ms,
            story_uncertainty_ms,
        }
    }

    /// The moment of a record, exactly as it says; its wall time is that of [`steady`].
    pub(super) fn of_record(record: &Record, wall_ms: u64, uncertainty_ms: u64) -> Moment {
        let story = millis(record.stamp.story.since_startex());
        Moment {
            wall_ms,
            uncertainty_ms,
            line_ms: Some(millis(record.stamp.line.since_start())),
            story_ms: Some(story),
            story_uncertainty_ms: match record.running {
                Running::Running(rate) => scaled(uncertainty_ms, rate.thousandths()),
                Running::NotStarted | Running::Paused(_) | Running::Ended => 0,
            },
        }
    }

    /// What the line reads; `None` before the first record by more than the line had run.
    fn line(&self, wall_ms: u64) -> Option<u64> {
        let next = self.next(wall_ms);
        let Some(anchor) = self.before(next) else {
            let first = self.anchors.first()?;
            return first.line_ms.checked_sub(first.wall_ms - wall_ms);
        };
        let line = anchor.line_ms.saturating_add(wall_ms - anchor.wall_ms);
        Some(
            self.anchors
                .get(next)
                .map_or(line, |after| line.min(after.line_ms)),
        )
    }

    /// What the story reads; `None` before the first record.
    fn story(&self, wall_ms: u64) -> Option<u64> {
        let next = self.next(wall_ms);
        let anchor = self.before(next)?;
        let gone = match anchor.running {
            Running::Running(rate) => scaled(wall_ms - anchor.wall_ms, rate.thousandths()),
            Running::NotStarted | Running::Paused(_) | Running::Ended => 0,
        };
        let story = anchor.story_ms.saturating_add(gone);
        Some(
            self.anchors
                .get(next)
                .map_or(story, |after| story.min(after.story_ms)),
        )
    }

    /// The first anchor behind this moment.
    fn next(&self, wall_ms: u64) -> usize {
        self.anchors.partition_point(|anchor| anchor.wall_ms <= wall_ms)
    }

    fn before(&self, next: usize) -> Option<&Anchor> {
        self.anchors.get(next.checked_sub(1)?)
    }
}

/// Control's wall clock at each record, in milliseconds since 1970, as if nobody had set it on the way: where it went back,
/// or moved from the line by more than a clock drifts in a second, it goes on as the line does. What control saw of other
/// clocks then stays right, however often its own was set.
pub(super) fn steady(records: &[&Record]) -> Vec<u64> {
    let mut last: Option<(u64, u64)> = None;
    let mut ahead: i128 = 0;
    let walls = records.iter().map(|record| {
        let read = record.stamp.wall.unix_ms();
        let line = millis(record.stamp.line.since_start());
        let wall = u64::try_from(i128::from(read) - ahead).unwrap_or(0);
        let wall = match last {
            None => wall,
            Some((last_wall, last_line)) => {
                let due = last_wall.saturating_add(line.saturating_sub(last_line));
                if wall < last_wall || wall.abs_diff(due) > JUMP_MS {
                    due
                } else {
                    wall
                }
            }
        };
        ahead = i128::from(read) - i128::from(wall);
        last = Some((wall, line));
        wall
    });
    walls.collect()
}

/// So much wall time in story time, at a rate in thousandths.
fn scaled(ms: u64, thousandths: u32) -> u64 {
    let story = u128::from(ms) * u128::from(thousandths) / 1_000;
    u64::try_from(story).unwrap_or(u64::MAX)
}

pub(crate) fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
