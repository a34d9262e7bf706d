//! Dialogues: what may answer a message, and what closes it.
//!
//! After controller-pilot datalink: a message says by its response attribute which answers close its dialogue. COUNTER
//! carries new terms: the turn passes to the other party and the dialogue stays open. STANDBY restarts the timer. Free
//! text never closes anything. Who may sign an answer is the ladder's and the release rule's matter, not this file's.

use crate::time::WallTime;
use crate::words::{Answer, ResponseAttribute};

/// What an answer does to a dialogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// The dialogue is over.
    Closes,
    /// New terms: open, and it is the other party's turn.
    PassesTurn,
    /// Open; the timer starts anew.
    RestartsTimer,
    /// Open, as if nothing had been said.
    StaysOpen,
    /// This message cannot be answered so.
    NotAllowed,
}

/// The dialogue table (`core/README.md` §6).
pub const fn effect(asked: ResponseAttribute, answer: Answer) -> Effect {
    use Answer as A;
    use ResponseAttribute as R;
    match (asked, answer) {
        (_, A::FreeText) => Effect::StaysOpen,
        (R::None, A::Standby) => Effect::NotAllowed,
        (_, A::Standby) => Effect::RestartsTimer,
        (R::AcceptCounterDecline, A::Counter) => Effect::PassesTurn,
        (R::Roger, A::Roger)
        | (R::AffirmNegative, A::Affirm | A::Negative)
        | (R::AcceptUnable, A::Accept | A::Unable)
        | (R::AcceptCounterDecline, A::Accept | A::Decline)
        | (R::YesNoUnknown, A::Yes | A::No | A::Unknown)
        | (R::SufficientInsufficient, A::Sufficient | A::Insufficient) => Effect::Closes,
        (
            R::None
            | R::Roger
            | R::AffirmNegative
            | R::AcceptUnable
            | R::AcceptCounterDecline
            | R::YesNoUnknown
            | R::SufficientInsufficient,
            A::Roger
            | A::Affirm
            | A::Negative
            | A::Accept
            | A::Unable
            | A::Counter
            | A::Decline
            | A::Yes
            | A::No
            | A::Unknown
            | A::Sufficient
            | A::Insufficient,
        ) => Effect::NotAllowed,
    }
}

/// The answers a person may choose from, the closing ones first.
pub fn answers(asked: ResponseAttribute) -> Vec<Answer> {
    let mut allowed: Vec<Answer> = Answer::ALL
        .iter()
        .copied()
        .filter(|answer| effect(asked, *answer) != Effect::NotAllowed)
        .collect();
    allowed.sort_by_key(|answer| effect(asked, *answer));
    allowed
}

/// One of the two who talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// The desk that sent the message which opened the dialogue.
    Asker,
    /// The action recipient.
    Asked,
}

/// Where a dialogue stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Nothing was asked, so nothing is open.
    NothingAsked,
    /// An answer is awaited.
    Open {
        /// From whom.
        turn: Party,
        /// The timer runs from here.
        since: WallTime,
    },
    /// Answered.
    Closed {
        /// With what.
        answer: Answer,
        /// By whom.
        by: Party,
        /// When the answer arrived.
        at: WallTime,
    },
}

/// Why an answer has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DialogueError {
    /// The response attribute does not allow it.
    #[error("{answer} does not answer a message that asks for {asked}")]
    NotAllowed {
        /// What the message asks for.
        asked: ResponseAttribute,
        /// What was tried.
        answer: Answer,
    },
    /// It is the other party's turn.
    #[error("it is the other party's turn")]
    NotYourTurn,
    /// The dialogue is closed already.
    #[error("the dialogue was closed by {answer}")]
    AlreadyClosed {
        /// The answer that closed it.
        answer: Answer,
    },
}

/// One dialogue between two desks, across all its counters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialogue {
    asked: ResponseAttribute,
    standing: Standing,
}

impl Dialogue {
    /// Opens the dialogue of a message that asks for `asked` and arrived at `at`.
    pub const fn open(asked: ResponseAttribute, at: WallTime) -> Self {
        let standing = match asked {
            ResponseAttribute::None => Standing::NothingAsked,
            ResponseAttribute::Roger
            | ResponseAttribute::AffirmNegative
            | ResponseAttribute::AcceptUnable
            | ResponseAttribute::AcceptCounterDecline
            | ResponseAttribute::YesNoUnknown
            | ResponseAttribute::SufficientInsufficient => Standing::Open {
                turn: Party::Asked,
                since: at,
            },
        };
        Self { asked, standing }
    }

    /// Where it stands.
    pub const fn standing(&self) -> Standing {
        self.standing
    }

    /// Takes an answer.
    ///
    /// # Errors
    /// [`DialogueError`] when the answer has no effect; the dialogue then stands as before. Free text is always taken
    /// and changes nothing.
    pub fn answer(&mut self, by: Party, answer: Answer, at: WallTime) -> Result<Effect, DialogueError> {
        let effect = effect(self.asked, answer);
        match (effect, self.standing) {
            (Effect::NotAllowed, _) => {
                return Err(DialogueError::NotAllowed {
                    asked: self.asked,
                    answer,
                });
            }
            (Effect::StaysOpen, _) => {}
            (_, Standing::NothingAsked) => {
                return Err(DialogueError::NotAllowed {
                    asked: self.asked,
                    answer,
                });
            }
            (_, Standing::Closed { answer, .. }) => return Err(DialogueError::AlreadyClosed { answer }),
            (_, Standing::Open { turn, .. }) if turn != by => return Err(DialogueError::NotYourTurn),
            (Effect::Closes, Standing::Open { .. }) => self.standing = Standing::Closed { answer, by, at },
            (Effect::PassesTurn, Standing::Open { turn, .. }) => {
                self.standing = Standing::Open {
                    turn: turn.other(),
                    since: at,
                };
            }
            (Effect::RestartsTimer, Standing::Open { turn, .. }) => {
                self.standing = Standing::Open { turn, since: at };
            }
        }
        Ok(effect)
    }
}

impl Party {
    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::Asker => Self::Asked,
            Self::Asked => Self::Asker,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    const T0: WallTime = WallTime::from_unix_ms(1_000);
    const T1: WallTime = WallTime::from_unix_ms(2_000);

    #[test]
    fn each_attribute_is_closed_by_its_own_answers_and_no_others() {
        use Answer as A;
        use ResponseAttribute as R;
        let closing: [(R, &[A]); 7] = [
            (R::None, &[]),
            (R::Roger, &[A::Roger]),
            (R::AffirmNegative, &[A::Affirm, A::Negative]),
            (R::AcceptUnable, &[A::Accept, A::Unable]),
            (R::AcceptCounterDecline, &[A::Accept, A::Decline]),
            (R::YesNoUnknown, &[A::Yes, A::No, A::Unknown]),
            (R::SufficientInsufficient, &[A::Sufficient, A::Insufficient]),
        ];
        assert_eq!(closing.len(), R::ALL.len());
        for (asked, closers) in closing {
            for answer in A::ALL {
                assert_eq!(
                    effect(asked, *answer) == Effect::Closes,
                    closers.contains(answer),
                    "{asked} {answer}"
                );
            }
        }
    }

    #[test]
    fn free_text_never_closes_and_is_never_refused() {
        for asked in ResponseAttribute::ALL {
            assert_eq!(effect(*asked, Answer::FreeText), Effect::StaysOpen);
        }
    }

    #[test]
    fn a_counter_passes_the_turn_and_leaves_the_dialogue_open() {
        let mut dialogue = Dialogue::open(ResponseAttribute::AcceptCounterDecline, T0);
        assert_eq!(
            dialogue.answer(Party::Asked, Answer::Counter, T1),
            Ok(Effect::PassesTurn)
        );
        assert_eq!(
            dialogue.standing(),
            Standing::Open {
                turn: Party::Asker,
                since: T1
            }
        );
        assert_eq!(
            dialogue.answer(Party::Asked, Answer::Accept, T1),
            Err(DialogueError::NotYourTurn)
        );
        assert_eq!(
            dialogue.answer(Party::Asker, Answer::Accept, T1),
            Ok(Effect::Closes)
        );
        assert_eq!(
            dialogue.standing(),
            Standing::Closed {
                answer: Answer::Accept,
                by: Party::Asker,
                at: T1
            }
        );
    }

    #[test]
    fn standby_restarts_the_timer_and_leaves_the_dialogue_open() {
        let mut dialogue = Dialogue::open(ResponseAttribute::YesNoUnknown, T0);
        assert_eq!(
            dialogue.answer(Party::Asked, Answer::Standby, T1),
            Ok(Effect::RestartsTimer)
        );
        assert_eq!(
            dialogue.standing(),
            Standing::Open {
                turn: Party::Asked,
                since: T1
            }
        );
    }

    #[test]
    fn a_closed_dialogue_stays_closed() {
        let mut dialogue = Dialogue::open(ResponseAttribute::Roger, T0);
        dialogue.answer(Party::Asked, Answer::Roger, T1).unwrap();
        let before = dialogue.clone();
        assert_eq!(
            dialogue.answer(Party::Asked, Answer::Standby, T1),
            Err(DialogueError::AlreadyClosed {
                answer: Answer::Roger
            })
        );
        assert_eq!(
            dialogue.answer(Party::Asked, Answer::FreeText, T1),
            Ok(Effect::StaysOpen)
        );
        assert_eq!(dialogue, before);
    }

    #[test]
    fn a_message_that_asks_nothing_opens_nothing() {
        let mut dialogue = Dialogue::open(ResponseAttribute::None, T0);
        assert!(dialogue.answer(Party::Asked, Answer::Roger, T1).is_err());
        assert!(dialogue.answer(Party::Asked, Answer::Standby, T1).is_err());
        assert_eq!(dialogue.standing(), Standing::NothingAsked);
    }

    #[test]
    fn a_person_is_offered_the_closing_answers_first() {
        assert_eq!(
            answers(ResponseAttribute::AcceptCounterDecline),
            [
                Answer::Accept,
                Answer::Decline,
                Answer::Counter,
                Answer::Standby,
                Answer::FreeText
            ]
        );
    }
}
