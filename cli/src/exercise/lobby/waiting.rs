//! Who is on the way in, and a start that waits for them.
//!
//! A yes is for one join, and a join has the number of its code: two people may join under one name, and a yes that was
//! meant for the first must not let the second in.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use hotline_exercise::join::book::LIVES;
use tokio::{sync::oneshot, time::Instant};

/// How long a start waits for somebody who was let in and has not come in yet, or is not connected. 15 s.
const COMES_IN_WITHIN: Duration = Duration::from_secs(15);

/// How often a failure of somebody unknown is told, at most. A second.
const STRANGERS_APART: Duration = Duration::from_secs(1);

/// What somebody who joins is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Their words are the same.
    Same,
    /// They are not.
    Differ,
    /// Nobody compares words here.
    Unasked,
    /// The seat was given to somebody else meanwhile.
    GivenAway,
}

/// Whom the facilitator means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Whom {
    /// The join of this number.
    Waits(u16),
    /// Nobody who waits.
    Nobody,
    /// More than one has joined under that name; the numbers of those who wait.
    Several(Vec<u16>),
}

/// Who is on the way in.
#[derive(Default)]
pub(super) struct Waiting {
    /// Whose words are to be compared, by the number of their code.
    asked: BTreeMap<u16, Asked>,
    /// Whom the facilitator lets in, and who is not in yet.
    coming: BTreeSet<u16>,
    /// Everybody who ever joined here under a name. As many as codes were used.
    named: BTreeMap<String, Vec<u16>>,
    /// When it was to start.
    pub(super) go: Option<Instant>,
    /// What stands in its way was told.
    pub(super) told: bool,
    /// When a failure of somebody unknown was told last, and how many were not since.
    strangers: Option<(Instant, u32)>,
}

struct Asked {
    who: String,
    answer: oneshot::Sender<Said>,
}

impl Waiting {
    /// Somebody waits for a word. What is to be typed for them: their name, or the number where the name is not theirs alone.
    pub(super) fn ask(&mut self, number: u16, who: &str, answer: oneshot::Sender<Said>) -> String {
        let named = self.named.entry(who.to_owned()).or_default();
        named.push(number);
        let alone = named.len() == 1 && who.parse::<u16>().is_err();
        let who = who.to_owned();
        let typed = if alone { who.clone() } else { number.to_string() };
        self.asked.insert(number, Asked { who, answer });
        typed
    }

    /// Whom a name or a number means. A name that two have had means nobody, even where one of them has gone.
    pub(super) fn whom(&self, typed: &str) -> Whom {
        let waits = |number: &u16| self.asked.contains_key(number);
        if let Ok(number) = typed.parse::<u16>() {
            return match waits(&number) {
                true => Whom::Waits(number),
                false => Whom::Nobody,
            };
        }
        let numbers = self.named.get(typed).map(Vec::as_slice).unwrap_or_default();
        let waiting: Vec<u16> = numbers.iter().copied().filter(waits).collect();
        match (numbers.len(), waiting.as_slice()) {
            (_, []) => Whom::Nobody,
            (1, [only]) => Whom::Waits(*only),
            _ => Whom::Several(waiting),
        }
    }

    /// Answers one who waits.
    pub(super) fn answer(&mut self, number: u16, said: Said) {
        let Some(asked) = self.asked.remove(&number) else {
            return;
        };
        if asked.answer.send(said).is_ok() && matches!(said, Said::Same | Said::Unasked) {
            self.coming.insert(number);
        }
    }

    /// Whoever waits to take this seat does not get it.
    pub(super) fn give_away(&mut self, seat: &str) {
        let of = |(number, asked): (&u16, &Asked)| (asked.who == seat).then_some(*number);
        let numbers: Vec<u16> = self.asked.iter().filter_map(of).collect();
        for number in numbers {
            self.answer(number, Said::GivenAway);
        }
    }

    pub(super) fn over(&mut self, number: u16) {
        self.asked.remove(&number);
        self.coming.remove(&number);
    }

    /// Somebody unknown has failed: none if that is not told, else of how many before nothing was said. Whoever knocks all
    /// the time does not push what matters off the screen.
    pub(super) fn stranger(&mut self, now: Instant) -> Option<u32> {
        match &mut self.strangers {
            Some((last, untold)) if now.saturating_duration_since(*last) < STRANGERS_APART => {
                *untold = untold.saturating_add(1);
                None
            }
            strangers => Some(strangers.replace((now, 0)).map_or(0, |(_, untold)| untold)),
        }
    }

    /// Whether a start waits no more; `away`: somebody who is in is not connected.
    pub(super) fn starts(&self, away: bool) -> bool {
        let patient = |go: Instant| (away || !self.coming.is_empty()) && go.elapsed() < COMES_IN_WITHIN;
        self.go.is_some_and(|go| !patient(go))
    }

    /// Whether a start has waited for as long as a code is open.
    pub(super) fn is_given_up(&self) -> bool {
        self.go.is_some_and(|go| go.elapsed() >= LIVES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(waiting: &mut Waiting, number: u16, who: &str) -> (String, oneshot::Receiver<Said>) {
        let (answer, answered) = oneshot::channel();
        (waiting.ask(number, who, answer), answered)
    }

    #[test]
    fn a_yes_is_for_one_join_and_a_second_of_that_name_does_not_profit_from_it() {
        let mut waiting = Waiting::default();
        let (typed, first) = ask(&mut waiting, 3, "lindqvist");
        assert_eq!(
            (typed.as_str(), waiting.whom("lindqvist")),
            ("lindqvist", Whom::Waits(3))
        );
        let (typed, mut second) = ask(&mut waiting, 5, "lindqvist");
        assert_eq!(
            (typed.as_str(), waiting.whom("lindqvist")),
            ("5", Whom::Several(vec![3, 5]))
        );
        // The first has gone: the name is not the second's for all that.
        drop(first);
        waiting.over(3);
        assert_eq!(waiting.whom("lindqvist"), Whom::Several(vec![5]));
        assert_eq!(waiting.whom("3"), Whom::Nobody);
        assert_eq!(waiting.whom("5"), Whom::Waits(5));
        waiting.answer(5, Said::Same);
        assert_eq!(second.try_recv(), Ok(Said::Same));
        assert_eq!(waiting.whom("5"), Whom::Nobody);
    }

    #[test]
    fn of_strangers_who_fail_all_the_time_one_a_second_is_told_and_how_many_more() {
        let mut waiting = Waiting::default();
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let told = [0, 10, 999, 1_000, 1_500, 2_000].map(|ms| waiting.stranger(at(ms)));
        assert_eq!(told, [Some(0), None, None, Some(2), None, Some(1)]);
    }

    #[test]
    fn a_number_means_a_join_and_never_a_name() {
        let mut waiting = Waiting::default();
        let (typed, _answered) = ask(&mut waiting, 7, "2");
        assert_eq!(
            (typed.as_str(), waiting.whom("2"), waiting.whom("7")),
            ("7", Whom::Nobody, Whom::Waits(7))
        );
    }

    #[test]
    fn whoever_waits_for_a_seat_that_is_given_away_is_told() {
        let mut waiting = Waiting::default();
        let (_, mut b) = ask(&mut waiting, 2, "B");
        waiting.give_away("A");
        assert!(b.try_recv().is_err());
        waiting.give_away("B");
        assert_eq!(b.try_recv(), Ok(Said::GivenAway));
    }

    #[test]
    fn a_start_waits_for_whoever_is_away_and_not_for_ever() {
        let mut waiting = Waiting::default();
        assert!(!waiting.starts(false));
        waiting.go = Some(Instant::now());
        assert!(waiting.starts(false) && !waiting.starts(true));
        waiting.go = Instant::now().checked_sub(COMES_IN_WITHIN);
        assert!(waiting.go.is_none() || waiting.starts(true));
        assert!(!waiting.is_given_up());
    }
}
