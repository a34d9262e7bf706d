//! One relay's word about desks.

use std::collections::BTreeMap;

use hotline_core::channel::Told;

use crate::status::PresenceStatus;

/// Desks of which one relay's word is kept. 64: what it sends in one heartbeat.
const DESKS_MAX: usize = 64;

/// What a relay says about each desk's sessions with it.
#[derive(Debug, Default)]
pub(in crate::engine) struct Word {
    /// The relay's process, as it said last: its ledger, and how often that was opened.
    life: Option<([u8; 16], u64)>,
    now: BTreeMap<String, PresenceStatus>,
    /// What it said before it was lost, and has not said anew.
    last: BTreeMap<String, (PresenceStatus, Told)>,
}

impl Word {
    /// What a relay said last of one desk, as the ledger remembers it.
    pub(in crate::engine) fn remembered(desk: String, said: Option<PresenceStatus>) -> Self {
        Self {
            last: said
                .map(|said| (desk, (said, Told::Remembered)))
                .into_iter()
                .collect(),
            ..Self::default()
        }
    }

    /// What it says since it can be heard, by desk.
    pub(in crate::engine) fn now(&self) -> &BTreeMap<String, PresenceStatus> {
        &self.now
    }

    /// What it says of this desk, or said last.
    pub(in crate::engine) fn of(&self, desk: &str) -> Option<(&PresenceStatus, Told)> {
        let now = self.now.get(desk).map(|said| (said, Told::Now));
        now.or_else(|| self.last.get(desk).map(|(said, told)| (said, *told)))
    }

    /// A session with the process `life` was answered. Another process than before knows nothing of what that one said,
    /// also when its end was never seen: legs may still seem up that led to it.
    pub(in crate::engine) fn met(&mut self, life: ([u8; 16], u64)) {
        let known = self.life;
        // An answer of the process before, late on another lane, brings it back to nobody.
        if known.is_some_and(|(ledger, boot)| ledger == life.0 && boot >= life.1) {
            return;
        }
        self.life = Some(life);
        if known.is_some() {
            self.lose();
        }
    }

    /// Takes what it says of `desk` now; whether that is news. Of what one process says the latest claim stands; the first
    /// word since it was lost stands whatever its clock said before.
    /// When it said last that the desk is there is kept through later words.
    pub(super) fn say(&mut self, desk: String, mut said: PresenceStatus) -> bool {
        let known = self.now.get(&desk);
        let older = known.is_some_and(|known| known.claimed_ms >= said.claimed_ms);
        let no_room = known.is_none() && self.now.len() >= DESKS_MAX;
        if older || no_room {
            return false;
        }
        let changed = known.is_none_or(|known| known.state != said.state);
        said.there_ms = said.there_ms.or_else(|| self.of(&desk)?.0.there_ms);
        self.last.remove(&desk);
        self.now.insert(desk, said);
        changed
    }

    /// It cannot be heard any more: its word of now becomes its last.
    pub(super) fn lose(&mut self) {
        for (desk, said) in std::mem::take(&mut self.now) {
            if self.last.len() < DESKS_MAX || self.last.contains_key(&desk) {
                self.last.insert(desk, (said, Told::Before));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const DESK: &str = "spiffe://borenia.example/desk/ops";

    fn said(state: &str, claimed_ms: u64) -> PresenceStatus {
        PresenceStatus {
            state: state.into(),
            claimed_ms,
            ..PresenceStatus::default()
        }
    }

    fn stands(word: &Word) -> Option<(&str, Told)> {
        word.of(DESK).map(|(said, told)| (said.state.as_str(), told))
    }

    #[test]
    fn a_relay_that_was_lost_keeps_its_last_word_until_it_says_another() {
        let mut word = Word::default();
        assert_eq!(stands(&word), None);
        assert!(word.say(DESK.into(), said("RESET", 1_000)));
        word.lose();
        word.lose();
        assert!(
            word.now().is_empty(),
            "a relay that cannot be heard vouches for nobody"
        );
        assert_eq!(stands(&word), Some(("RESET", Told::Before)));
        // Its clock may have been set back since.
        assert!(word.say(DESK.into(), said("PRESENT", 900)));
        assert_eq!(stands(&word), Some(("PRESENT", Told::Now)));
        assert!(
            !word.say(DESK.into(), said("SILENT", 900)),
            "the latest claim stands"
        );
        assert_eq!(stands(&word), Some(("PRESENT", Told::Now)));
    }

    #[test]
    fn what_a_relay_said_before_this_desk_was_started_is_its_last_word() {
        let mut word = Word::remembered(DESK.into(), Some(said("RESET", 1_000)));
        word.met(([1; 16], 7));
        assert_eq!(stands(&word), Some(("RESET", Told::Remembered)));
        assert!(word.now().is_empty());
        word.lose();
        assert_eq!(stands(&word), Some(("RESET", Told::Remembered)));
        assert!(word.say(DESK.into(), said("RESET", 900)), "told anew");
        assert_eq!(stands(&word), Some(("RESET", Told::Now)));
        assert_eq!(stands(&Word::remembered(DESK.into(), None)), None);
    }

    #[test]
    fn when_a_relay_said_last_that_a_desk_is_there_is_kept_through_later_words_and_restarts() {
        let present = PresenceStatus {
            there_ms: Some(50),
            ..said("PRESENT", 1_000)
        };
        let mut word = Word::default();
        word.say(DESK.into(), present);
        word.say(DESK.into(), said("SILENT", 1_001));
        let there = |word: &Word| word.of(DESK).and_then(|(said, _)| said.there_ms);
        assert_eq!(there(&word), Some(50));
        word.lose();
        word.say(DESK.into(), said("RESET", 900));
        assert_eq!(there(&word), Some(50));
        let kept = serde_json::to_vec(word.of(DESK).unwrap().0).unwrap();
        let kept: PresenceStatus = serde_json::from_slice(&kept).unwrap();
        let mut again = Word::remembered(DESK.into(), Some(kept));
        assert_eq!(there(&again), Some(50));
        again.say(DESK.into(), said("SILENT", 901));
        assert_eq!(there(&again), Some(50));
        let older = r#"{"state":"RESET","doors":[],"since_ms":1,"claimed_ms":1,"heard_ms":1,"sha256":""}"#;
        let older: PresenceStatus = serde_json::from_str(older).unwrap();
        assert_eq!(older.there_ms, None);
    }

    #[test]
    fn another_process_of_a_relay_knows_nothing_of_what_the_one_before_it_said() {
        let mut word = Word::default();
        word.met(([1; 16], 4));
        word.say(DESK.into(), said("PRESENT", 1_000));
        word.met(([1; 16], 4));
        assert_eq!(
            stands(&word),
            Some(("PRESENT", Told::Now)),
            "another lane of the same"
        );
        word.met(([1; 16], 5));
        assert_eq!(
            stands(&word),
            Some(("PRESENT", Told::Before)),
            "it was started again"
        );
        word.say(DESK.into(), said("SILENT", 900));
        word.met(([1; 16], 4));
        assert_eq!(
            stands(&word),
            Some(("SILENT", Told::Now)),
            "a late lane of the one before"
        );
        word.met(([2; 16], 1));
        assert_eq!(stands(&word), Some(("SILENT", Told::Before)), "it was wiped");
    }

    #[test]
    fn the_words_of_a_relay_that_are_kept_are_bounded() {
        let mut word = Word::default();
        for turn in 0..3 {
            for desk in 0..DESKS_MAX {
                word.say(format!("{turn}/{desk}"), said("PRESENT", 1_000));
            }
            assert!(!word.say("one more".into(), said("PRESENT", 1_000)));
            word.lose();
        }
        assert_eq!(word.last.len(), DESKS_MAX);
    }
}
