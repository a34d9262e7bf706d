//! Precedence: how urgent a message is, and every number that follows from it.
//!
//! Urgency, not importance. Names, prosigns and values are those of military message handling (RFC 6477); the hours and
//! minutes come from VOCABULARY and stand in `core/README.md` §2 with their reasons. The wire keeps 0 for
//! "unspecified", so a wire number is the RFC 6477 value plus one.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::words::{Function, UnknownWord, words};

words! {
    /// How urgent a message is, from DEFERRED up to OVERRIDE.
    Precedence, "precedence" {
        /// For the next watch.
        Deferred = 1 "DEFERRED",
        /// Within six hours.
        Routine = 2 "ROUTINE",
        /// Within three hours.
        Priority = 3 "PRIORITY",
        /// Within thirty minutes.
        Immediate = 4 "IMMEDIATE",
        /// Within ten minutes.
        Flash = 5 "FLASH",
        /// At once; pre-empts all.
        Override = 6 "OVERRIDE",
    }
}

/// How many officers must sign before a message leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignaturesNeeded {
    /// One releaser.
    One,
    /// Two different officers, one of them the releaser.
    Two,
}

/// How a desk calls its people to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Alarm {
    /// Sounds until a person acts.
    Rings,
    /// A mark on the screen only.
    Silent,
}

impl Precedence {
    /// The value of RFC 6477, 0 (DEFERRED) to 5 (OVERRIDE), for exports.
    pub const fn rfc6477(self) -> u32 {
        match self {
            Self::Deferred => 0,
            Self::Routine => 1,
            Self::Priority => 2,
            Self::Immediate => 3,
            Self::Flash => 4,
            Self::Override => 5,
        }
    }

    /// The letter spoken before the message; DEFERRED has none.
    pub const fn prosign(self) -> Option<char> {
        match self {
            Self::Deferred => None,
            Self::Routine => Some('R'),
            Self::Priority => Some('P'),
            Self::Immediate => Some('O'),
            Self::Flash => Some('Z'),
            Self::Override => Some('Y'),
        }
    }

    /// Time from writer to reader that is aimed at; `None`: the next watch.
    pub const fn objective(self) -> Option<Duration> {
        match self {
            Self::Deferred => None,
            Self::Routine => Some(hours(6)),
            Self::Priority => Some(hours(3)),
            Self::Immediate => Some(minutes(30)),
            Self::Flash => Some(minutes(10)),
            Self::Override => Some(minutes(5)),
        }
    }

    /// Without a person's acknowledgement: when the alarm is repeated, when the second position is called, when the
    /// supervisor is. Counted from the first alert; `None`: nobody is called.
    pub const fn alert_schedule(self) -> Option<[Duration; 3]> {
        match self {
            Self::Deferred => None,
            Self::Routine => Some([hours(3), hours(5), hours(6)]),
            Self::Priority => Some([hours(1), hours(2), hours(3)]),
            Self::Immediate => Some([minutes(10), minutes(20), minutes(30)]),
            Self::Flash => Some([minutes(2), minutes(5), minutes(10)]),
            Self::Override => Some([Duration::from_secs(30), minutes(1), minutes(2)]),
        }
    }

    /// Words of text at most, as [`crate::release::count_words`] counts them; `None`: only the size of a statement
    /// limits it.
    pub const fn word_limit(self) -> Option<usize> {
        match self {
            Self::Flash | Self::Immediate => Some(BRIEF_WORDS),
            Self::Deferred | Self::Routine | Self::Priority | Self::Override => None,
        }
    }

    /// Whether the recipient desk's alarm sounds until a person acts.
    pub const fn rings(self) -> Alarm {
        match self {
            Self::Override | Self::Flash | Self::Immediate => Alarm::Rings,
            Self::Priority | Self::Routine | Self::Deferred => Alarm::Silent,
        }
    }

    /// Whether it travels on every leg, in the control lane and inside the reserves: OVERRIDE and FLASH.
    pub const fn urgency(self) -> Urgency {
        match self {
            Self::Override | Self::Flash => Urgency::Urgent,
            Self::Immediate | Self::Priority | Self::Routine | Self::Deferred => Urgency::Ordinary,
        }
    }

    /// How many officers must sign. A CANCEL and the holding message CM-01 always need one: taking back and asking for
    /// time must never wait for a second person.
    ///
    /// `code` is the codebook entry that the message's signed content carries, if any; a caller never passes one it
    /// only guessed from the text.
    pub fn signatures_needed(self, function: Function, code: Option<&str>) -> SignaturesNeeded {
        match (self.urgency(), function) {
            (Urgency::Ordinary, _) | (Urgency::Urgent, Function::Cancel) => SignaturesNeeded::One,
            (Urgency::Urgent, _) if code == Some(HOLDING_CODE) => SignaturesNeeded::One,
            (
                Urgency::Urgent,
                Function::Notify | Function::Query | Function::Reply | Function::Update | Function::Error,
            ) => SignaturesNeeded::Two,
        }
    }
}

/// The line's own division: what passes before everything, and the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Urgency {
    /// OVERRIDE and FLASH.
    Urgent,
    /// All others.
    Ordinary,
}

impl Urgency {
    /// Of a precedence's number on the wire. One that no vocabulary defines passes before nothing.
    pub fn of_wire(number: u32) -> Self {
        Precedence::from_wire(number).map_or(Self::Ordinary, Precedence::urgency)
    }

    /// The precedence at which receipts and acts about such a message travel: what confirms a FLASH is worth every leg.
    pub const fn answered_at(self) -> Precedence {
        match self {
            Self::Urgent => Precedence::Flash,
            Self::Ordinary => Precedence::Immediate,
        }
    }
}

const fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

const fn hours(count: u64) -> Duration {
    Duration::from_secs(count * 3600)
}

/// Words of a FLASH or IMMEDIATE at most: what one person reads aloud in under two minutes (VOCABULARY, Precedence).
pub const BRIEF_WORDS: usize = 200;
/// The codebook entry "received, under consideration".
pub const HOLDING_CODE: &str = "CM-01";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn what_confirms_a_flash_takes_every_leg_like_the_flash() {
        for precedence in Precedence::ALL {
            let answered_at = precedence.urgency().answered_at();
            assert_eq!(answered_at.urgency(), precedence.urgency());
            assert!(
                answered_at >= Precedence::Immediate,
                "it does not wait behind messages"
            );
        }
    }

    #[test]
    fn the_wire_number_is_the_rfc_6477_value_plus_one() {
        for precedence in Precedence::ALL {
            assert_eq!(precedence.to_wire(), precedence.rfc6477() + 1);
            assert_eq!(Precedence::from_wire(precedence.to_wire()), Some(*precedence));
            assert_eq!(precedence.name().parse(), Ok(*precedence));
        }
        assert_eq!(Precedence::from_wire(0), None);
        assert_eq!(Precedence::from_wire(7), None);
    }

    #[test]
    fn override_is_above_flash_and_deferred_below_all() {
        assert!(Precedence::ALL.is_sorted());
        assert!(Precedence::Override > Precedence::Flash);
        assert!(Precedence::Flash > Precedence::Immediate);
        assert_eq!(Precedence::ALL[0], Precedence::Deferred);
    }

    #[test]
    fn the_more_urgent_is_aimed_at_sooner_and_called_for_sooner() {
        let timed: Vec<Precedence> = Precedence::ALL
            .iter()
            .copied()
            .filter(|p| p.objective().is_some())
            .collect();
        assert_eq!(timed.len(), 5);
        for pair in timed.windows(2) {
            assert!(pair[1].objective() < pair[0].objective());
            assert!(pair[1].alert_schedule().unwrap() < pair[0].alert_schedule().unwrap());
        }
        for precedence in &timed {
            assert!(precedence.alert_schedule().unwrap().is_sorted());
            assert!(precedence.alert_schedule().unwrap()[2] <= precedence.objective().unwrap());
        }
    }

    #[test]
    fn the_numbers_are_those_of_the_vocabulary() {
        let seconds = |p: Precedence| p.alert_schedule().map(|steps| steps.map(|step| step.as_secs()));
        assert_eq!(seconds(Precedence::Override), Some([30, 60, 120]));
        assert_eq!(seconds(Precedence::Flash), Some([120, 300, 600]));
        assert_eq!(seconds(Precedence::Immediate), Some([600, 1200, 1800]));
        assert_eq!(seconds(Precedence::Priority), Some([3600, 7200, 10800]));
        assert_eq!(seconds(Precedence::Routine), Some([10800, 18000, 21600]));
        assert_eq!(seconds(Precedence::Deferred), None);
        let prosigns: Vec<_> = Precedence::ALL.iter().map(|p| p.prosign()).collect();
        assert_eq!(
            prosigns,
            [None, Some('R'), Some('P'), Some('O'), Some('Z'), Some('Y')]
        );
    }

    #[test]
    fn a_flash_needs_two_officers_and_a_cancelled_flash_one() {
        use SignaturesNeeded::{One, Two};
        for precedence in [Precedence::Flash, Precedence::Override] {
            assert_eq!(precedence.signatures_needed(Function::Notify, None), Two);
            assert_eq!(precedence.signatures_needed(Function::Reply, Some("HZ-01")), Two);
            assert_eq!(precedence.signatures_needed(Function::Cancel, None), One);
            assert_eq!(precedence.signatures_needed(Function::Notify, Some("CM-01")), One);
        }
        for precedence in [
            Precedence::Immediate,
            Precedence::Priority,
            Precedence::Routine,
            Precedence::Deferred,
        ] {
            assert_eq!(precedence.signatures_needed(Function::Notify, None), One);
        }
    }
}
