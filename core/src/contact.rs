//! Messages that ask for people on the line, and by when: PRESENCE_QUERY and CALL_REQUEST.
//!
//! Both are questions that are accepted, countered or declined, by a time that their sender names. A time to answer by
//! may stand in any other message that asks for an answer, too. It locks nothing when it passes: whoever is late may still
//! answer, and both sides are told that nobody has.

use std::fmt;
use std::str::FromStr;

use crate::time::WallTime;
use crate::words::{Function, ResponseAttribute, UnknownWord, words};

words! {
    /// What a message asks of people.
    Contact, "contact" {
        /// Whether a person, named in words, stands by.
        PresenceQuery = 1 "PRESENCE_QUERY",
        /// A call between persons, named in words with the times that are proposed.
        CallRequest = 2 "CALL_REQUEST",
    }
}

/// Why a message asks for something that nobody could do. Completes "refused: …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContactError {
    /// A time to answer by, and no answer is asked for.
    #[error("it names a time to answer by, and asks for no answer: its response attribute is NONE")]
    NoAnswerAsked,
    /// A contact without a time.
    #[error("{0} names a time to answer by")]
    NoTime(Contact),
    /// A contact that is no question.
    #[error("{0} is a QUERY that asks for ACCEPT_COUNTER_DECLINE")]
    NoQuestion(Contact),
}

/// What is asked, how, and by when (milliseconds since 1970; 0 when no time is named).
///
/// # Errors
/// [`ContactError`]: the first rule that is broken.
pub const fn check(
    contact: Option<Contact>,
    function: Function,
    response: ResponseAttribute,
    respond_by_ms: u64,
) -> Result<(), ContactError> {
    if respond_by_ms != 0 && matches!(response, ResponseAttribute::None) {
        return Err(ContactError::NoAnswerAsked);
    }
    let Some(contact) = contact else { return Ok(()) };
    if !matches!(
        (function, response),
        (Function::Query, ResponseAttribute::AcceptCounterDecline)
    ) {
        return Err(ContactError::NoQuestion(contact));
    }
    if respond_by_ms == 0 {
        return Err(ContactError::NoTime(contact));
    }
    Ok(())
}

/// Whether the time to answer by (milliseconds since 1970; 0 when none is named) has passed, by the clock of whoever looks.
#[must_use]
pub const fn is_past(respond_by_ms: u64, now: WallTime) -> bool {
    respond_by_ms != 0 && now.unix_ms() >= respond_by_ms
}

impl Contact {
    /// The plain words that screens put first.
    #[must_use]
    pub const fn plain(self) -> &'static str {
        match self {
            Self::PresenceQuery => "asks whether somebody stands by",
            Self::CallRequest => "asks for a call",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: ResponseAttribute = ResponseAttribute::AcceptCounterDecline;

    #[test]
    fn a_call_and_a_presence_are_questions_with_a_time_to_answer_by() {
        for contact in [Contact::PresenceQuery, Contact::CallRequest] {
            let asks = |function, response, by| check(Some(contact), function, response, by);
            assert_eq!(asks(Function::Query, ASKED, 1), Ok(()));
            assert_eq!(
                asks(Function::Query, ASKED, 0),
                Err(ContactError::NoTime(contact))
            );
            for (function, response) in [
                (Function::Notify, ASKED),
                (Function::Query, ResponseAttribute::Roger),
            ] {
                assert_eq!(
                    asks(function, response, 1),
                    Err(ContactError::NoQuestion(contact))
                );
            }
        }
    }

    #[test]
    fn a_time_to_answer_by_stands_only_where_an_answer_is_asked_for() {
        let plain = |response, by| check(None, Function::Notify, response, by);
        assert_eq!(plain(ResponseAttribute::Roger, 1), Ok(()));
        assert_eq!(plain(ResponseAttribute::None, 0), Ok(()));
        assert_eq!(
            plain(ResponseAttribute::None, 1),
            Err(ContactError::NoAnswerAsked)
        );
    }

    #[test]
    fn a_time_to_answer_by_has_passed_from_that_moment_on() {
        let at = WallTime::from_unix_ms;
        assert!(!is_past(1000, at(999)) && is_past(1000, at(1000)) && !is_past(0, at(1000)));
    }
}
