//! What an auditor says of a disputed message, held against what the play had planted.

use crate::{
    dispute::Ruling,
    scenario::{
        lists::{Side, Word},
        mark::Alias,
    },
};

use super::{
    Met,
    case::{Case, Finding},
};

impl Case<'_> {
    /// The auditor's word, against whom, and where the log was altered, parts or ends: at the very place of the message in the
    /// true log.
    pub(super) fn verdict(
        &self,
        word: Word,
        of: &Alias,
        against: Option<Side>,
        insufficient: Option<bool>,
    ) -> Finding {
        let Some(ruling) = &self.timeline.ruling else {
            return Finding::new(Met::No, "nobody handed in anything");
        };
        let messages = self.messages(of);
        if ruling.message.is_none() || messages.first().copied() != ruling.message {
            return Finding::new(Met::No, format!("the auditor was not asked about {of}"));
        }
        let found = ruling.insufficient;
        let as_asked = ruling.word == word
            && ruling.against() == against
            && insufficient.is_none_or(|insufficient| insufficient == found)
            && self.is_at_the_message(ruling);
        let met = if as_asked { Met::Yes } else { Met::No };
        let entries = self.timeline.entries.iter();
        let entry = ruling
            .message
            .and_then(|message| entries.clone().position(|entry| entry.sha256 == message));
        Finding::new(met, observed(ruling)).seen_in(entry)
    }

    /// Whether what does not hold first is the place at which the message stands in the true log.
    fn is_at_the_message(&self, ruling: &Ruling) -> bool {
        let Some(finding) = ruling.findings.first() else {
            return true;
        };
        let message = ruling.message.and_then(|message| self.timeline.message(&message));
        let place = message.and_then(|(entry, _)| {
            let mut places = entry.places.iter();
            places.find(|place| place.log == finding.log)
        });
        place.map(|place| place.leaf) == finding.index
    }
}

fn observed(ruling: &Ruling) -> String {
    let against = ruling
        .against()
        .map_or_else(String::new, |side| format!(" against {side}"));
    let log = ruling.findings.first().map_or_else(String::new, |finding| {
        let index = finding
            .index
            .map_or_else(String::new, |index| format!(" at #{index}"));
        format!(" ({}{index})", finding.log)
    });
    let found = match ruling.insufficient {
        true => "; acknowledged, and found insufficient later",
        false => "",
    };
    format!(
        "{}{against}{log}; of {} itself: {}{found}",
        ruling.spoken, ruling.name, ruling.of_message
    )
}
