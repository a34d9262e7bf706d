//! A wall clock that can be set wrong on purpose, for exercises.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use hotline_core::time::{LineTime, WallTime};

use super::{Clock, Seams};

/// A clock whose wall time is off by as much as it is told. Its line time is the real one: no timer moves with it.
#[derive(Debug)]
pub struct ShiftedClock {
    real: Arc<dyn Clock>,
    offset_ms: AtomicI64,
}

impl ShiftedClock {
    /// Most that it can be set off, either way. Ten years: beyond any certificate's life.
    pub const MOST: Duration = Duration::from_secs(10 * 366 * 86_400);

    /// The same seams on a clock that can be shifted, and the hold on it. It is right until it is told otherwise.
    #[must_use]
    pub fn on(seams: &Seams) -> (Seams, Arc<Self>) {
        let clock = Arc::new(Self {
            real: Arc::clone(&seams.clock),
            offset_ms: AtomicI64::new(0),
        });
        let mut shifted = seams.clone();
        shifted.clock = clock.clone();
        (shifted, clock)
    }

    /// Sets wall time off by so many milliseconds, later or (negative) earlier; returns by how many it was off before.
    /// None, and nothing changed, if that is more than [`MOST`](Self::MOST).
    pub fn shift(&self, offset_ms: i64) -> Option<i64> {
        if u128::from(offset_ms.unsigned_abs()) > Self::MOST.as_millis() {
            return None;
        }
        Some(self.offset_ms.swap(offset_ms, Ordering::Relaxed))
    }
}

impl Clock for ShiftedClock {
    fn wall(&self) -> WallTime {
        let offset_ms = self.offset_ms.load(Ordering::Relaxed);
        WallTime::from_unix_ms(self.real.wall().unix_ms().saturating_add_signed(offset_ms))
    }

    fn line(&self) -> LineTime {
        self.real.line()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_moves_wall_time_and_leaves_line_time() {
        let (seams, clock) = ShiftedClock::on(&Seams::system());
        let hour_ms: i64 = 3_600_000;
        let real = clock.real.wall().unix_ms();
        assert_eq!(clock.shift(-hour_ms), Some(0));
        let wrong = seams.clock.wall().unix_ms();
        assert!(real - wrong > 3_590_000 && real - wrong <= 3_600_000);
        assert!(seams.clock.line().since_start() < Duration::from_secs(60));
        assert_eq!(clock.shift(0), Some(-hour_ms));
        assert!(seams.clock.wall().unix_ms() >= real);
    }

    #[test]
    fn more_than_ten_years_are_refused() {
        let (_, clock) = ShiftedClock::on(&Seams::system());
        assert_eq!(clock.shift(i64::MAX), None);
        assert_eq!(clock.shift(i64::MIN), None);
        assert_eq!(clock.shift(0), Some(0));
    }
}
