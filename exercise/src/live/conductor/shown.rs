//! How often desks have shown each message as new. A desk says so itself, with its list and with its news, and the two come in
//! any order and as late as a busy machine lets them: what counts is the desk's own number, and never when a word came.

use std::collections::BTreeMap;

use hotline_client::view::{AnnouncedView, MessageView};

/// Most runs of a desk of which one message is kept in mind. 8: shown in two of them, it was shown twice already.
const RUNS_MAX: usize = 8;
/// Most showings that are written down at once. Two are what nobody may see; a desk may say that there were millions.
const AT_ONCE: u32 = 2;

/// What desks have shown.
#[derive(Debug, Default)]
pub(super) struct Shows {
    by_desk: BTreeMap<String, BTreeMap<String, Showings>>,
}

/// What is known of one message at one desk.
#[derive(Debug, Default)]
struct Showings {
    /// How often control wrote it down.
    written: u32,
    /// How often it had before it stopped, as far as no run of the desk is known to which that belongs.
    before: u32,
    /// How often the desk told of it as new, by its run.
    by_run: BTreeMap<String, u32>,
}

impl Shows {
    /// Whether this desk is known to have this message.
    pub(super) fn knows(&self, desk: &str, message: &str) -> bool {
        self.by_desk
            .get(desk)
            .is_some_and(|known| known.contains_key(message))
    }

    /// A showing that control had written down before it stopped.
    pub(super) fn stands_in_a_record(&mut self, desk: &str, message: &str) {
        let showings = self.of(desk, message);
        showings.written = showings.written.saturating_add(1);
        showings.before = showings.before.saturating_add(1);
    }

    /// A desk tells of a message that came in: how many more showings are to be written down. `ran_on`: this may be the run
    /// in which the desk was when control stopped.
    pub(super) fn more(&mut self, desk: &str, message: &MessageView, ran_on: bool) -> u32 {
        let showings = self.of(desk, &message.sha256);
        if let Some(told) = &message.announced {
            showings.take(told, ran_on);
        }
        let due = showings.due();
        let more = due.saturating_sub(showings.written);
        showings.written = showings.written.max(due);
        more.min(AT_ONCE)
    }

    fn of(&mut self, desk: &str, message: &str) -> &mut Showings {
        let known = self.by_desk.entry(desk.to_owned()).or_default();
        known.entry(message.to_owned()).or_default()
    }
}

impl Showings {
    fn take(&mut self, told: &AnnouncedView, ran_on: bool) {
        if !self.by_run.contains_key(&told.run) && self.by_run.len() >= RUNS_MAX {
            return;
        }
        let times = self.by_run.entry(told.run.clone()).or_default();
        if ran_on {
            *times = (*times).max(std::mem::take(&mut self.before));
        }
        *times = (*times).max(told.times);
    }

    /// A message that a desk has was shown once, in whatever run of it.
    fn due(&self) -> u32 {
        let told = self.by_run.values();
        told.fold(self.before, |all, times| all.saturating_add(*times))
            .max(1)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// A message as a desk tells of it: in which run, and how often it has told of it as new in that.
    fn told(announced: Option<(&str, u32)>) -> MessageView {
        let announced = announced.map(|(run, times)| AnnouncedView {
            run: run.to_owned(),
            times,
        });
        MessageView {
            sha256: "aa".into(),
            direction: "in".into(),
            announced,
            ..MessageView::default()
        }
    }

    /// How many showings are written down of each of these words, one behind the other.
    fn written<const N: usize>(shows: &mut Shows, words: [Option<(&str, u32)>; N]) -> [u32; N] {
        words.map(|word| shows.more("B", &told(word), false))
    }

    #[test]
    fn a_message_that_stands_in_a_list_and_is_told_as_news_was_shown_once_in_whatever_order_they_come() {
        let news = Some(("one", 1));
        assert_eq!(written(&mut Shows::default(), [news, news]), [1, 0]);
        // Its list is of the run behind a restart, and news of the run before are still on their way.
        assert_eq!(written(&mut Shows::default(), [None, news, None]), [1, 0, 0]);
        assert_eq!(written(&mut Shows::default(), [news, None, news]), [1, 0, 0]);
    }

    #[test]
    fn a_message_that_a_desk_shows_as_new_once_more_was_shown_twice_in_the_same_run_and_in_another() {
        let (one, two) = (Some(("one", 1)), Some(("one", 2)));
        assert_eq!(written(&mut Shows::default(), [one, two, two]), [1, 1, 0]);
        // The list tells what was shown while nobody listened.
        assert_eq!(written(&mut Shows::default(), [two, one]), [2, 0]);
        let other = Some(("other", 1));
        assert_eq!(written(&mut Shows::default(), [one, other, one]), [1, 1, 0]);
        assert_eq!(written(&mut Shows::default(), [None, other, one]), [1, 0, 1]);
    }

    #[test]
    fn what_control_wrote_down_before_it_stopped_counts_once_with_what_a_desk_that_ran_on_tells_again() {
        let before = || {
            let mut shows = Shows::default();
            shows.stands_in_a_record("B", "aa");
            shows
        };
        let one = told(Some(("one", 1)));
        let (two, other) = (told(Some(("one", 2))), told(Some(("other", 1))));
        // It ran on: its list, and news that a dying connection had kept.
        let mut ran_on = before();
        assert_eq!(ran_on.more("B", &one, true), 0);
        assert_eq!(ran_on.more("B", &one, false), 0);
        assert_eq!(ran_on.more("B", &other, false), 1, "its next run shows it as new");
        assert_eq!(before().more("B", &two, true), 1, "it showed it again meanwhile");
        // It was started again with control: its ledger has the message, and it shows nothing as new.
        let mut again = before();
        assert_eq!(again.more("B", &told(None), false), 0);
        assert_eq!(again.more("B", &one, false), 1, "or it does");
        assert!(again.knows("B", "aa") && !again.knows("A", "aa"));
    }

    #[test]
    fn a_desk_that_tells_of_millions_of_showings_or_runs_costs_neither_records_nor_memory() {
        let mut shows = Shows::default();
        assert_eq!(shows.more("B", &told(Some(("one", u32::MAX))), false), AT_ONCE);
        for run in 0..1_000 {
            shows.more("B", &told(Some((&run.to_string(), u32::MAX))), false);
        }
        assert_eq!(shows.of("B", "aa").by_run.len(), RUNS_MAX);
        assert_eq!(shows.more("B", &told(Some(("one", 1))), false), 0);
    }
}
