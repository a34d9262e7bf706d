//! How many dialogues were open, each time that it changed.

use hotline_core::words::{ResponseAttribute, Rung};

use super::{Making, moment};
use crate::{report::model::DialoguesAt, timeline::What};

impl Making<'_> {
    /// A dialogue is open from the release of a FORMAL message that asks for an answer until it is closed or declined.
    pub(super) fn dialogues(&self) -> Vec<DialoguesAt> {
        let mut turns = Vec::new();
        for no in self.formal() {
            let Some(entry) = self.timeline.entries.get(no) else {
                continue;
            };
            let What::Message(fact) = &entry.what else {
                continue;
            };
            if fact.response == ResponseAttribute::None {
                continue;
            }
            turns.push((moment(entry.at), true));
            let climbs = self.timeline.climbs_of(&entry.sha256);
            let end = climbs
                .iter()
                .filter(|climb| matches!(climb.rung, Rung::Closed | Rung::Declined))
                .filter_map(|climb| climb.at)
                .min();
            if let Some(end) = end {
                turns.push((moment(end), false));
            }
        }
        // Of two at one moment the one that opens stands first.
        turns.sort_by_key(|(at, opens)| (*at, !opens));
        let mut open = 0_u32;
        let counted = turns.into_iter().map(|(at, opens)| {
            open = if opens {
                open.saturating_add(1)
            } else {
                open.saturating_sub(1)
            };
            DialoguesAt { at, open }
        });
        counted.collect()
    }
}
