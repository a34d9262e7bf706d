//! What control has not heard of a seat because it was away: what people judged was told them as done, and counts whenever it
//! comes.

use std::collections::VecDeque;

use hotline_client::request::News;
use hotline_exercise::live::joined::words::FromSeat;

/// Most words that are kept. 64: what people judge in an hour.
const KEPT: usize = 64;

/// Words for control, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Unsaid(VecDeque<FromSeat>);

impl Unsaid {
    /// Control did not hear this: it is kept, if control learns it in no other way.
    pub(super) fn keep(&mut self, words: FromSeat) {
        if !counts(&words) {
            return;
        }
        if self.0.len() == KEPT {
            self.0.pop_front();
            eprintln!("control is away, and the oldest that was judged here is not kept for it");
        }
        self.0.push_back(words);
    }

    /// The same of what was said before everything that is kept.
    pub(super) fn keep_before(&mut self, words: Vec<FromSeat>) {
        let later = std::mem::take(&mut self.0);
        words.into_iter().chain(later).for_each(|words| self.keep(words));
    }

    /// What is said next.
    pub(super) fn next(&mut self) -> Option<FromSeat> {
        self.0.pop_front()
    }
}

/// Whether control asks for it nowhere else. Messages and how the desk stands it looks at anew.
fn counts(words: &FromSeat) -> bool {
    match words {
        FromSeat::News { news } => matches!(**news, News::Stated { .. } | News::Refused { .. }),
        FromSeat::Gone | FromSeat::Again => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn stated(what: &str) -> FromSeat {
        let (what, is) = (what.to_owned(), "NOT_DISPLAYED".to_owned());
        let news = Box::new(News::Stated { what, is });
        FromSeat::News { news }
    }

    #[test]
    fn what_people_judge_while_control_is_away_is_kept_in_order_and_so_much_of_it() {
        let mut unsaid = Unsaid::default();
        let (code, what) = ("HL-DESK-030".to_owned(), "suspended".to_owned());
        let refused = FromSeat::News {
            news: Box::new(News::Refused { code, what }),
        };
        unsaid.keep(FromSeat::Here);
        unsaid.keep(stated("2"));
        unsaid.keep(refused.clone());
        unsaid.keep_before(vec![FromSeat::Took { no: 1 }, stated("1")]);
        for words in [stated("1"), stated("2"), refused] {
            assert_eq!(unsaid.next().unwrap(), words);
        }
        assert_eq!(unsaid.next(), None);
        for number in 0..KEPT + 1 {
            unsaid.keep(stated(&number.to_string()));
        }
        assert_eq!(unsaid.next().unwrap(), stated("1"));
        assert_eq!(unsaid.0.len(), KEPT - 1);
    }
}
