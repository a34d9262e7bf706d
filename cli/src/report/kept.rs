//! What statements say of words that were given: promised answers, notices, suspensions, messages. Checks and orders that
//! stand are counted by [`hotline_client::availability`].

use std::collections::BTreeMap;

use hotline_audit::{
    Hash, SignedStatement,
    key::Subject,
    statement::{Act, Lifecycle, Message, OfficerAct, OfficerOrder, Payload},
};
use hotline_core::{
    duty::OrderVerb,
    precedence::Precedence,
    words::{Answer, Function, ResponseAttribute, Rung, TrafficClass},
};
use hotline_exercise::codebook::{Kind, Value as Field};
use serde_json::{Value, json};

/// How HOLDING names the time, as scripts and people write it: a date-time group behind these words.
const EXPECT_BY: &str = "expect by ";
/// A date-time group names a minute: what comes within it is in time.
const MINUTE_MS: u64 = 60_000;

/// One side's words.
#[derive(Debug, Default)]
pub struct Side {
    /// When it first said anything.
    pub oldest_ms: Option<u64>,
    /// FORMAL messages by precedence.
    messages: BTreeMap<&'static str, u64>,
    /// Messages that ask whether they suffice.
    notices: Vec<Hash>,
    /// By the message that it holds: when it was promised, and by when; none if HOLDING names no time.
    promises: BTreeMap<Hash, (u64, Option<u64>)>,
    /// SUSPEND and SEVER: when it was signed, and from when on it counts (0: at once).
    orders: Vec<(u64, u64)>,
    /// What it answered: by message, when and what.
    answers: BTreeMap<Hash, Vec<(u64, Word)>>,
}

/// What a side said about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    /// It suffices.
    Sufficient,
    /// It does not, or fields lack.
    Insufficient,
    /// Another answer that closes.
    Other,
}

/// Everything that was said, by trust domain.
#[derive(Debug, Default)]
pub struct Kept {
    /// The sides.
    pub sides: BTreeMap<String, Side>,
    /// Exercise or operation.
    pub exercise: String,
    /// The newest claimed time.
    pub newest_ms: u64,
}

impl Kept {
    /// Takes a statement.
    pub fn add(&mut self, hash: Hash, payload: &Payload) {
        let header = payload.header();
        let at_ms = header.claimed_time_ms;
        if self.exercise.is_empty() || header.exercise < self.exercise {
            self.exercise.clone_from(&header.exercise);
        }
        self.newest_ms = self.newest_ms.max(at_ms);
        let Some(subject) = Subject::parse(&header.sender) else {
            return;
        };
        let side = self.sides.entry(subject.domain.to_owned()).or_default();
        side.oldest_ms = Some(side.oldest_ms.map_or(at_ms, |oldest| oldest.min(at_ms)));
        match payload {
            Payload::Message(message) => side.message(hash, at_ms, message),
            Payload::Act(act) => side.act(at_ms, act),
            Payload::Lifecycle(lifecycle) => side.order(at_ms, lifecycle),
            Payload::Receipt(_)
            | Payload::Annex(_)
            | Payload::Charter(_)
            | Payload::Service(_)
            | Payload::Watch(_) => {}
        }
    }
}

impl Side {
    fn message(&mut self, hash: Hash, at_ms: u64, message: &Message) {
        if message.traffic_class != TrafficClass::Formal.to_wire() {
            return;
        }
        if let Some(precedence) = Precedence::from_wire(message.precedence) {
            *self.messages.entry(precedence.name()).or_insert(0) += 1;
        }
        let asks = ResponseAttribute::SufficientInsufficient.to_wire();
        if message.function == Function::Notify.to_wire() && message.response_attribute == asks {
            self.notices.push(hash);
        }
        let word = match Answer::from_wire(message.answer) {
            // Asking for time and free words close nothing.
            None | Some(Answer::Standby | Answer::FreeText) => return,
            Some(Answer::Sufficient) => Word::Sufficient,
            Some(Answer::Insufficient) => Word::Insufficient,
            Some(_) => Word::Other,
        };
        if let Some(of) = &message.refers_to {
            self.answers.entry(of.sha256).or_default().push((at_ms, word));
        }
    }

    fn act(&mut self, at_ms: u64, act: &Act) {
        let said = SignedStatement::parse(&act.act).and_then(|signed| OfficerAct::decode(&signed.payload));
        let Ok(said) = said else { return };
        match Rung::from_wire(said.rung) {
            Some(Rung::Holding) => {
                let promise = (at_ms, due(&said.text));
                // The first promise about a message is the one that counts.
                let first = self.promises.entry(said.message.sha256).or_insert(promise);
                *first = promise.min(*first);
            }
            Some(Rung::Insufficient) => {
                let words = self.answers.entry(said.message.sha256).or_default();
                words.push((at_ms, Word::Insufficient));
            }
            _ => {}
        }
    }

    fn order(&mut self, at_ms: u64, lifecycle: &Lifecycle) {
        let said =
            SignedStatement::parse(&lifecycle.order).and_then(|signed| OfficerOrder::decode(&signed.payload));
        if let Ok(said) = said
            && matches!(
                OrderVerb::from_wire(said.verb),
                Some(OrderVerb::Suspend | OrderVerb::Sever)
            )
        {
            self.orders.push((at_ms, said.effective_ms));
        }
    }

    /// Answers that it promised by a time: each message once, by the first promise.
    pub fn expect_by(&self, until_ms: u64) -> Value {
        let [mut kept, mut late, mut missed, mut open, mut timeless] = [0_u64; 5];
        for (message, (_, due)) in &self.promises {
            let answered = self
                .answers
                .get(message)
                .into_iter()
                .flatten()
                .map(|(at_ms, _)| *at_ms)
                .min();
            let counted = match (due, answered) {
                (None, _) => &mut timeless,
                (Some(due), Some(at_ms)) if at_ms < *due => &mut kept,
                (Some(_), Some(_)) => &mut late,
                (Some(due), None) if *due < until_ms => &mut missed,
                (Some(_), None) => &mut open,
            };
            *counted += 1;
        }
        json!({ "kept": kept, "late": late, "missed": missed, "not_due_yet": open, "without_a_time": timeless })
    }

    /// Its notices, by the last word of the other side about each.
    pub fn notices(&self, other: &Self) -> Value {
        let [mut sufficient, mut insufficient, mut unanswered] = [0_u64; 3];
        for notice in &self.notices {
            let words = other.answers.get(notice).into_iter().flatten();
            let counted = match words.max().map(|(_, word)| *word) {
                Some(Word::Sufficient) => &mut sufficient,
                Some(Word::Insufficient) => &mut insufficient,
                Some(Word::Other) | None => &mut unanswered,
            };
            *counted += 1;
        }
        let sent = self.notices.len() as u64;
        json!({ "sent": sent, "sufficient": sufficient, "insufficient": insufficient, "unanswered": unanswered })
    }

    /// Its suspensions and severances, and how many named a later moment than that of their signature.
    pub fn suspensions(&self) -> Value {
        let ahead = self
            .orders
            .iter()
            .filter(|(at_ms, from_ms)| from_ms > at_ms)
            .count() as u64;
        json!({ "ordered": self.orders.len() as u64, "announced_before": ahead })
    }

    /// Its FORMAL messages by precedence.
    pub fn messages(&self) -> Value {
        json!({ "messages": self.messages })
    }
}

/// The end of the minute that HOLDING names.
fn due(text: &str) -> Option<u64> {
    let group = text.strip_prefix(EXPECT_BY)?.get(..DTG_LENGTH)?;
    match Kind::Dtg.read(group) {
        Ok(Field::Dtg(stamp)) => Some(stamp.start().unix_ms() + MINUTE_MS),
        _ => None,
    }
}

/// `260942Z NOV 26`
const DTG_LENGTH: usize = 14;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    const MESSAGE: Hash = Hash([1; 32]);
    const NOTICE: Hash = Hash([2; 32]);

    fn side(promised: Option<u64>, answered: &[(u64, Word)]) -> Side {
        let mut side = Side::default();
        side.promises.insert(MESSAGE, (1, promised));
        side.answers.insert(MESSAGE, answered.to_vec());
        side
    }

    #[test]
    fn holding_names_the_minute_until_whose_end_an_answer_is_in_time() {
        let at = due("expect by 260942Z NOV 26").unwrap();
        assert_eq!(at % MINUTE_MS, 0);
        assert_eq!(due("expect by 260943Z NOV 26"), Some(at + MINUTE_MS));
        for text in [
            "",
            "soon",
            "expect by tomorrow",
            "expect by 310942Z FEB 26",
            "expect by ä60942Z NOV 26",
        ] {
            assert_eq!(due(text), None, "{text}");
        }
    }

    #[test]
    fn a_promise_is_kept_late_missed_open_or_without_a_time() {
        for (side, what) in [
            (side(Some(100), &[(99, Word::Other)]), "kept"),
            (side(Some(100), &[(200, Word::Other), (50, Word::Other)]), "kept"),
            (side(Some(100), &[(100, Word::Other)]), "late"),
            (side(Some(100), &[]), "missed"),
            (side(Some(1_000), &[]), "not_due_yet"),
            (side(None, &[(99, Word::Other)]), "without_a_time"),
        ] {
            let counted = side.expect_by(500);
            assert_eq!(counted[what], 1, "{what}: {counted}");
            let sum: u64 = counted
                .as_object()
                .unwrap()
                .values()
                .filter_map(Value::as_u64)
                .sum();
            assert_eq!(sum, 1);
        }
    }

    #[test]
    fn of_a_notice_the_other_sides_last_word_counts() {
        let mut mine = Side::default();
        mine.notices.push(NOTICE);
        let mut theirs = Side::default();
        assert_eq!(mine.notices(&theirs)["unanswered"], 1);
        theirs
            .answers
            .insert(NOTICE, vec![(5, Word::Sufficient), (2, Word::Insufficient)]);
        assert_eq!(mine.notices(&theirs)["sufficient"], 1);
        theirs
            .answers
            .insert(NOTICE, vec![(5, Word::Insufficient), (2, Word::Sufficient)]);
        assert_eq!(mine.notices(&theirs)["insufficient"], 1);
        assert_eq!(mine.notices(&mine)["unanswered"], 1, "nobody's own word counts");
    }

    #[test]
    fn a_suspension_is_announced_if_it_counts_from_a_later_moment_than_its_signature() {
        let side = Side {
            orders: vec![(10, 0), (10, 10), (10, 11)],
            ..Side::default()
        };
        assert_eq!(side.suspensions(), json!({ "ordered": 3, "announced_before": 1 }));
    }
}
