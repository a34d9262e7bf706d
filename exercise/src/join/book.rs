//! Which codes are open: each for one part, one use, three tries, a quarter of an hour.

use std::{collections::BTreeMap, time::Duration};

use hotline_core::time::LineTime;

use super::code::{Code, NUMBER_MAX};

/// Tries of a code. Three: typing mistakes of people; of 2^22 codes a stranger guesses one in a million.
pub const TRIES: u8 = 3;
/// How long a code is open. 15 minutes: until everybody sits.
pub const LIVES: Duration = Duration::from_secs(15 * 60);

/// What a code lets somebody be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Who sits at this seat.
    Seat(String),
    /// Somebody who orders.
    Controller,
    /// Somebody who looks.
    Observer,
}

/// Every code that was given out and is still open.
#[derive(Debug, Default)]
pub struct Book {
    last: u16,
    open: BTreeMap<u16, Open>,
}

#[derive(Debug)]
struct Open {
    code: Code,
    part: Part,
    until: LineTime,
    tries: u8,
}

impl Book {
    /// Gives out a code. One that was given out for the same seat before is closed; none if all numbers are used up.
    pub fn issue(&mut self, part: Part, now: LineTime, entropy: &mut dyn FnMut(&mut [u8])) -> Option<Code> {
        if self.last == NUMBER_MAX {
            return None;
        }
        self.last += 1;
        if matches!(part, Part::Seat(_)) {
            self.close(&part);
        }
        let code = Code::new(self.last, entropy);
        let open = Open {
            code: code.clone(),
            part,
            until: now.after(LIVES),
            tries: TRIES,
        };
        self.open.insert(self.last, open);
        Some(code)
    }

    /// Closes every code for this part.
    pub fn close(&mut self, part: &Part) {
        self.open.retain(|_, open| open.part != *part);
    }

    /// Somebody tries a code: a try is counted before anything is answered, so that a connection that breaks off is one too.
    /// None if there is none of this number, it is used up, or its time is over; nobody is told which.
    pub fn attempt(&mut self, number: u16, now: LineTime) -> Option<Code> {
        let open = self.open.get_mut(&number)?;
        if now >= open.until || open.tries == 0 {
            return None;
        }
        open.tries -= 1;
        Some(open.code.clone())
    }

    /// Somebody has proven to know a code: it is used. None if another was quicker.
    pub fn take(&mut self, number: u16) -> Option<Part> {
        self.open.remove(&number).map(|open| open.part)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn book() -> (Book, u16) {
        let mut book = Book::default();
        let code = book.issue(Part::Seat("A".into()), LineTime::START, &mut |bytes| {
            bytes.fill(1);
        });
        (book, code.unwrap().number())
    }

    #[test]
    fn a_code_has_three_tries_and_a_fourth_finds_nothing() {
        let (mut book, number) = book();
        for _ in 0..TRIES {
            assert!(book.attempt(number, LineTime::START).is_some());
        }
        assert!(book.attempt(number, LineTime::START).is_none());
    }

    #[test]
    fn a_code_is_used_once() {
        let (mut book, number) = book();
        assert!(book.attempt(number, LineTime::START).is_some());
        assert_eq!(book.take(number), Some(Part::Seat("A".into())));
        assert_eq!(book.take(number), None);
        assert!(book.attempt(number, LineTime::START).is_none());
    }

    #[test]
    fn a_code_is_open_for_a_quarter_of_an_hour() {
        let (mut book, number) = book();
        let end = LineTime::START.after(LIVES);
        assert!(
            book.attempt(number, LineTime::START.after(LIVES - Duration::from_millis(1)))
                .is_some()
        );
        assert!(book.attempt(number, end).is_none());
    }

    #[test]
    fn a_new_code_for_a_seat_closes_the_older_one() {
        let (mut book, old) = book();
        let new = book.issue(Part::Seat("A".into()), LineTime::START, &mut |bytes| {
            bytes.fill(1);
        });
        let new = new.unwrap().number();
        assert_ne!(old, new);
        assert!(book.attempt(old, LineTime::START).is_none());
        assert!(book.attempt(new, LineTime::START).is_some());
    }
}
