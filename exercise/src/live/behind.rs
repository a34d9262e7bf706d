//! Control behind ENDEX: notes, ratings, improvements and the sign-off go into the same log, in the same way.
//!
//! Nobody conducts any more. Whoever orders opens the log with the conductor's keys, which lie on the same machine, judges
//! the order as the conductor would have, and writes it behind the last record. The story stands where it ended.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use hotline_audit::{SignedStatement, statement::ControlOrder};
use hotline_core::{
    story::Running,
    time::{LineTime, WallTime},
};

use crate::{
    log::{ExconLog, LogError},
    order::{Authority, Becomes, Genuine, Heads, RecordStands, Refusal, Standing, judge},
    plan::{FoldError, Plan},
    record::{Kind, Record, Stamp},
    scenario::Scenario,
};

/// Why nothing was written behind ENDEX.
#[derive(Debug, thiserror::Error)]
pub enum BehindError {
    /// The log of control.
    #[error("the log of control")]
    Log(#[from] LogError),
    /// The records make no sense together.
    #[error("the records of control")]
    Fold(#[from] FoldError),
    /// The order is not carried out.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// The log of an exercise that nobody conducts any more.
pub struct Behind {
    log: ExconLog,
    plan: Plan,
    heads: Heads,
    authority: Authority,
    /// Who played at which seat.
    seats: BTreeMap<String, String>,
}

impl Behind {
    /// Reads all records.
    ///
    /// # Errors
    /// [`BehindError`]: the log cannot be read, or is of another scenario.
    pub fn open(log: ExconLog, scenario: Arc<Scenario>, authority: Authority) -> Result<Self, BehindError> {
        let kept = log.records()?;
        let (variant, seats) = match kept.first().map(|first| &first.record.kind) {
            Some(Kind::Startex(startex)) => (startex.variant.clone(), startex.seats.clone()),
            _ => (None, BTreeMap::new()),
        };
        let mut plan = Plan::new(scenario, variant.as_deref());
        let mut heads = Heads::default();
        for (number, kept) in (1..).zip(&kept) {
            plan.take(&kept.record)?;
            // Verified with the record that holds it.
            let order = SignedStatement::parse(&kept.order)
                .ok()
                .and_then(|statement| ControlOrder::decode(&statement.payload).ok());
            if let Some(order) = &order {
                heads.first_time(order.id);
            }
            let by = order
                .as_ref()
                .and_then(|order| order.controller.rsplit('/').next());
            heads.take(number, kept.hash, by, &kept.record);
        }
        Ok(Self {
            log,
            plan,
            heads,
            authority,
            seats,
        })
    }

    /// How the exercise stands.
    #[must_use]
    pub fn standing(&self, wall: WallTime) -> Standing {
        let (exercise, records) = (&self.authority.exercise, self.log.size());
        let mut standing = Standing::of(exercise, &self.plan, &self.heads, records, self.stamp(wall));
        for seat in &mut standing.seats {
            seat.who = self.seats.get(&seat.seat).cloned().unwrap_or_default();
        }
        standing
    }

    /// Carries out an order: what is left to be ordered behind ENDEX.
    ///
    /// # Errors
    /// [`BehindError`]. A controller's order that was refused is written down.
    pub fn order(&mut self, bytes: Vec<u8>, wall: WallTime) -> Result<RecordStands, BehindError> {
        let genuine = Genuine::of(bytes, &self.authority, wall.unix_ms())?;
        if self.plan.clock().running() != Running::Ended {
            let what = "control of this exercise is gone, and has not ended it";
            return Err(Refusal::state(what, "play it again in a new folder").into());
        }
        if !self.heads.first_time(genuine.id) {
            return Err(Refusal::state("this order was judged before", "each order is signed anew").into());
        }
        let stamp = self.stamp(wall);
        let refusal = match judge(&self.plan, &self.heads, &genuine, &[], stamp) {
            Ok(Becomes::Record(kind)) => return self.write(kind, &genuine, wall),
            Ok(_) => Refusal::state("nothing is running that could be broken", ""),
            Err(refusal) => refusal,
        };
        let kind = Kind::Refused {
            controller: genuine.controller.clone(),
            order: genuine.command.typed(),
            why: format!("{}: {}", refusal.code(), refusal.what),
        };
        self.write(kind, &genuine, wall)?;
        Err(refusal.into())
    }

    fn write(&mut self, kind: Kind, genuine: &Genuine, wall: WallTime) -> Result<RecordStands, BehindError> {
        let record: Record = self.plan.record(kind, wall, self.stamp(wall).line)?;
        let hash = self.log.append(&record, Some(&genuine.bytes))?;
        self.plan.take(&record)?;
        let by = Some(genuine.controller.as_str());
        self.heads.take(self.log.size(), hash, by, &record);
        Ok(RecordStands::of(self.log.size(), hash, by, &record))
    }

    /// Line time goes on from the last record by the wall clock, in whole milliseconds; it never runs back.
    fn stamp(&self, wall: WallTime) -> Stamp {
        let line = self.plan.last().map_or(LineTime::START, |last| {
            let since = wall.unix_ms().saturating_sub(last.wall.unix_ms());
            last.line.after(Duration::from_millis(since))
        });
        let story = self.plan.clock().at(line);
        Stamp { wall, line, story }
    }
}
