//! What the figures are drawn from.

use super::Making;
use crate::report::model::Figures;

impl Making<'_> {
    pub(super) fn figures(&self) -> Figures {
        Figures {
            lanes: self.lanes(),
            faults: self.fault_spans(),
            waits: self.waits(),
            strips: self.strips(),
            ladders: self.ladders(),
            dialogues: self.dialogues(),
            latency: self.latency(),
        }
    }
}
