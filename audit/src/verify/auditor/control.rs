//! Control's records: in the log of a control identity, and nowhere else.

use super::Auditor;
use crate::check::{self, When, is_relays_leaf};
use crate::dsse::PayloadType;
use crate::verify::auditor::entry::kind_name;
use crate::verify::chains::Place;

impl Auditor<'_> {
    /// Control's records stand in control's own log, and nothing else does. Roster entries, orders of deny-lists and
    /// relays' records stand in relays' logs.
    pub(super) fn check_place(&self, kind: PayloadType) -> Result<(), (&'static str, String)> {
        let why = match (&self.conductor, kind) {
            (Some(_), PayloadType::Control) => return Ok(()),
            (Some(owner), kind) => format!("a statement of kind {} in the log of {owner}", kind_name(kind)),
            (None, PayloadType::Control) => "a control record in a log that is not control's".to_owned(),
            (None, kind) if self.is_relays() || !is_relays_leaf(kind) => return Ok(()),
            (None, kind) => {
                let kind = kind_name(kind);
                format!("a statement of kind {kind} in a log that is not a relay's")
            }
        };
        Err(("WRONG_LOG", why))
    }

    pub(super) fn judge_control(&mut self, index: u64, entry: &[u8]) -> Result<(), (&'static str, String)> {
        let rosters = self.trust.rosters();
        let verified = check::control_record(entry, rosters, When::Archive)
            .map_err(|error| (error.rule(), error.to_string()))?;
        let record = &verified.record;
        if self.conductor.as_ref() != Some(&record.conductor) {
            let why = format!(
                "it is a record of {}, in a log that is another's",
                record.conductor
            );
            return Err(("WRONG_SENDER", why));
        }
        self.judge_key(index, &record.key_statement, record.wall_ms)?;
        if let Some(order) = &verified.order {
            self.judge_key(index, &order.said.key_statement, order.said.claimed_time_ms)?;
        }
        let exercise = self.exercise.get_or_insert_with(|| record.exercise.clone());
        if *exercise != record.exercise {
            let why = format!("it is of exercise {}, and the log of {exercise}", record.exercise);
            return Err(("WRONG_EXERCISE", why));
        }
        *self.kinds.entry(kind_name(PayloadType::Control)).or_default() += 1;
        self.link(index, &Place::of_record(record), verified.hash)
    }
}
