//! How each side used the precedences: an urgent word that stands on everything is urgent no more, and here it shows.

use std::collections::BTreeMap;

use hotline_core::release::count_words;
use hotline_core::words::TrafficClass;

use super::Making;
use crate::report::model::{PrecedenceCount, Wait, WaitKind, median_wait};
use crate::timeline::What;

/// What is gathered of one precedence of one side.
#[derive(Default)]
struct Used {
    messages: u32,
    words_most: u32,
    waits: Vec<Option<u64>>,
}

impl Making<'_> {
    /// FORMAL messages by side and precedence: counts, shares, how long their readers took, the longest of them.
    pub(super) fn precedences(&self) -> Vec<PrecedenceCount> {
        let waits = self.waits();
        let mut used: BTreeMap<(String, String), Used> = BTreeMap::new();
        let mut of_side: BTreeMap<String, u32> = BTreeMap::new();
        for entry in &self.timeline.entries {
            let What::Message(fact) = &entry.what else {
                continue;
            };
            if fact.class != TrafficClass::Formal {
                continue;
            }
            let side = self.timeline.desk_of(&entry.who);
            let side = side.map_or_else(String::new, |(_, desk)| desk.side.clone());
            *of_side.entry(side.clone()).or_default() += 1;
            let used = used.entry((side, fact.precedence.to_string())).or_default();
            let words = fact.text.as_deref().map_or(0, count_words);
            used.messages += 1;
            used.words_most = used.words_most.max(u32::try_from(words).unwrap_or(u32::MAX));
            let name = self.lines.spoken(&entry.sha256);
            let own = |wait: &&Wait| wait.kind == WaitKind::Acknowledge && wait.message == name;
            used.waits
                .extend(waits.iter().filter(own).map(|wait| wait.story_ms));
        }
        let counted = used.into_iter().map(|((side, precedence), used)| {
            let all = of_side.get(&side).copied().unwrap_or_default();
            PrecedenceCount {
                messages: used.messages,
                share_thousandths: share(used.messages, all),
                acknowledge_median_ms: median_wait(used.waits),
                words_most: used.words_most,
                side,
                precedence,
            }
        });
        counted.collect()
    }
}

/// In whole thousandths, rounded; 0 of nothing.
fn share(part: u32, all: u32) -> u32 {
    let (part, all) = (u64::from(part), u64::from(all));
    let rounded = (part * 1_000 + all / 2).checked_div(all);
    u32::try_from(rounded.unwrap_or(0)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn a_share_is_rounded_to_thousandths_and_nothing_of_nothing_is_none() {
        for (part, all, thousandths) in [(1, 1, 1_000), (1, 3, 333), (2, 3, 667), (0, 5, 0), (0, 0, 0)] {
            assert_eq!(share(part, all), thousandths, "{part} of {all}");
        }
    }
}
