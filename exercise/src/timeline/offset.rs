//! How a desk's wall clock stood to control's, from what control saw of it.
//!
//! Control asks a desk how it stands and is told the desk's wall clock with the answer. The answer came at the record's
//! own time, so the desk read its clock half a round trip earlier, give or take as much.

/// One look at a desk's wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset {
    /// Control's wall clock when the desk read its own, milliseconds since 1970.
    pub control_ms: u64,
    /// What the desk read.
    pub desk_ms: u64,
    /// Wrong by at most so much, either way.
    pub uncertainty_ms: u64,
}

/// Every look at one desk's clock, in the order of control's log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offsets {
    looks: Vec<Offset>,
    /// Where in `looks` the clock had jumped: first look behind each jump.
    jumps: Vec<usize>,
}

/// How far two clocks that nobody sets drift apart at most, in parts of a million: ten times what a bad quartz does.
const DRIFT_PPM: u64 = 100;

/// What a claim in whole milliseconds leaves open.
const CLAIM_MS: u64 = 1;

/// A clock that moved by more than this against control's between two looks was set. Below it, drift and a bad round trip
/// are as likely; it is far below the minutes that scenarios set clocks wrong by.
pub(super) const JUMP_MS: u64 = 500;

impl Offset {
    /// From a record at `record_ms` by control's wall clock: what the desk read, and half the round trip.
    #[must_use]
    pub fn seen(record_ms: u64, desk_ms: u64, half_round_trip_ms: u32) -> Self {
        let half = u64::from(half_round_trip_ms);
        Self {
            control_ms: record_ms.saturating_sub(half),
            desk_ms,
            // Both clocks are read in whole milliseconds.
            uncertainty_ms: half.saturating_add(CLAIM_MS),
        }
    }

    /// The desk's clock ahead of control's, in milliseconds; behind if negative.
    #[must_use]
    pub fn ahead_ms(&self) -> i64 {
        let ahead = i128::from(self.desk_ms) - i128::from(self.control_ms);
        i64::try_from(ahead).unwrap_or(i64::MAX)
    }

    /// How much it leaves open of how the clock stood at an earlier moment, if nobody set it in between.
    #[must_use]
    pub fn open_since(&self, earlier_ms: u64) -> u64 {
        let elapsed = self.control_ms.saturating_sub(earlier_ms);
        self.uncertainty_ms.saturating_add(drift(elapsed))
    }
}

impl Offsets {
    /// Takes the next look.
    pub(super) fn push(&mut self, look: Offset) {
        if let Some(last) = self.looks.last() {
            let moved = last.ahead_ms().abs_diff(look.ahead_ms());
            let elapsed = look.control_ms.saturating_sub(last.control_ms);
            let explained = last
                .uncertainty_ms
                .saturating_add(look.uncertainty_ms)
                .saturating_add(drift(elapsed));
            if moved > explained.saturating_add(JUMP_MS) {
                self.jumps.push(self.looks.len());
            }
        }
        self.looks.push(look);
    }

    /// Every look.
    #[must_use]
    pub fn looks(&self) -> &[Offset] {
        &self.looks
    }

    /// The look that leaves the least open of how the clock stood at that moment, of those before it and behind its last
    /// jump; and how much that is.
    #[must_use]
    pub fn best_before(&self, control_ms: u64) -> Option<(&Offset, u64)> {
        let before = self.looks.partition_point(|look| look.control_ms < control_ms);
        let jumped = self.jumps.iter().rfind(|jump| **jump < before);
        let open = |look: &Offset| {
            let elapsed = control_ms.saturating_sub(look.control_ms);
            look.uncertainty_ms.saturating_add(drift(elapsed))
        };
        let looks = self.looks.get(jumped.copied().unwrap_or(0)..before)?.iter();
        looks.map(|look| (look, open(look))).min_by_key(|(_, open)| *open)
    }

    /// Control's wall clock when the desk's read `claimed_ms`, and how far that can be off; `None` if nobody can say. Taken
    /// is the look that leaves the least open. `steps` is how many jumps of its clock the desk had signed by then, of
    /// `all_steps`: if those are the jumps that control saw, only looks between the same two are taken, so that a clock that
    /// was set back is not read twice. If they are not, a claim that fits before and behind a jump has no time.
    pub(super) fn to_control(&self, claimed_ms: u64, steps: usize, all_steps: usize) -> Option<(u64, u64)> {
        let fits = |stretch: usize| {
            let (control_ms, off) = self.in_stretch(stretch, claimed_ms)?;
            let (from, to) = self.bounds(stretch);
            // The clock jumped somewhere between the last look before and the first look behind, each of which may be off.
            let begun = from.checked_sub(1).and_then(|last| self.looks.get(last));
            let ended = self.looks.get(to);
            let open = |look: &Offset| off.saturating_add(look.uncertainty_ms);
            let fits = begun.is_none_or(|look| look.control_ms <= control_ms.saturating_add(open(look)))
                && ended.is_none_or(|look| control_ms <= look.control_ms.saturating_add(open(look)));
            fits.then_some((control_ms, off))
        };
        // A desk may sign that its clock jumped some seconds later, and what it says in between stands before that.
        if all_steps == self.jumps.len()
            && let Some(found) = fits(steps)
        {
            return Some(found);
        }
        let mut fitting = (0..=self.jumps.len()).filter_map(fits);
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        }
    }

    /// The same by the looks between two jumps.
    fn in_stretch(&self, stretch: usize, claimed_ms: u64) -> Option<(u64, u64)> {
        let (from, to) = self.bounds(stretch);
        let open = |look: &Offset| {
            look.uncertainty_ms
                .saturating_add(drift(claimed_ms.abs_diff(look.desk_ms)))
        };
        let best = self.looks.get(from..to)?.iter().min_by_key(|look| open(look))?;
        let control = i128::from(claimed_ms) - i128::from(best.ahead_ms());
        let control = u64::try_from(control).ok()?;
        Some((control, open(best).saturating_add(CLAIM_MS)))
    }

    /// First look of a stretch, and the first behind it.
    fn bounds(&self, stretch: usize) -> (usize, usize) {
        let jump = |jump: usize| self.jumps.get(jump).copied();
        let from = stretch.checked_sub(1).and_then(jump).unwrap_or(0);
        (from, jump(stretch).unwrap_or(self.looks.len()))
    }
}

/// How far clocks drift apart in so much time, rounded up.
const fn drift(elapsed_ms: u64) -> u64 {
    elapsed_ms.saturating_mul(DRIFT_PPM).div_ceil(1_000_000)
}
