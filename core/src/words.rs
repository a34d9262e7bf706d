//! The closed lists of the vocabulary: classes, types, functions, answers, rungs, officers' roles.
//!
//! Each word has one number on the wire (`statement.proto` is the reference), one formal name in upper case, and no
//! other spelling. Number 0 is kept for "unspecified" and belongs to no word. What a word *means* lives with the rule
//! that uses it.

use std::fmt;
use std::str::FromStr;

/// A word that is not on its list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a {list}", crate::identity::shown(.found))]
pub struct UnknownWord {
    /// Which list, e.g. `rung`.
    pub list: &'static str,
    /// What stood there.
    pub found: String,
}

/// One list: an enum, its wire numbers and its formal names.
macro_rules! words {
    ($(#[$doc:meta])* $list:ident, $called:literal { $($(#[$word_doc:meta])* $word:ident = $number:literal $name:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $list {
            $($(#[$word_doc])* $word = $number,)+
        }

        impl $list {
            /// Every word of the list, in wire order.
            pub const ALL: &'static [Self] = &[$(Self::$word,)+];

            /// Reads a wire number; `None` for 0 and for numbers that are not on the list.
            pub const fn from_wire(number: u32) -> Option<Self> {
                match number {
                    $($number => Some(Self::$word),)+
                    _ => None,
                }
            }

            /// The wire number.
            pub const fn to_wire(self) -> u32 {
                self as u32
            }

            /// The formal name, in upper case.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$word => $name,)+
                }
            }
        }

        impl fmt::Display for $list {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $list {
            type Err = UnknownWord;

            /// Reads the formal name, exactly.
            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                match text {
                    $($name => Ok(Self::$word),)+
                    other => Err(UnknownWord { list: $called, found: crate::identity::excerpt(other) }),
                }
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What a message is for the line.
    TrafficClass, "traffic class" {
        /// Released messages between the sides.
        Formal = 1 "FORMAL",
        /// The operators' orderwire.
        Service = 2 "SERVICE",
        /// Comm checks.
        Test = 3 "TEST",
        /// Lifecycle, keys, configuration.
        Control = 4 "CONTROL",
        /// Exercise control: a plane of its own, never on the line itself.
        Excon = 5 "EXCON",
    }
}

words! {
    /// Under which undertaking a message is sent; the identifier stands beside it.
    MessageType, "message type" {
        /// Played.
        Exercise = 1 "EXERCISE",
        /// Real.
        Operation = 2 "OPERATION",
        /// A project.
        Project = 3 "PROJECT",
        /// A drill.
        Drill = 4 "DRILL",
    }
}

words! {
    /// What a message does.
    Function, "function" {
        /// Tells.
        Notify = 1 "NOTIFY",
        /// Asks.
        Query = 2 "QUERY",
        /// Answers an earlier message.
        Reply = 3 "REPLY",
        /// Replaces what an earlier message said.
        Update = 4 "UPDATE",
        /// Takes an earlier message back.
        Cancel = 5 "CANCEL",
        /// Says that an earlier message could not be used.
        Error = 6 "ERROR",
    }
}

words! {
    /// How a recipient is addressed.
    RecipientKind, "recipient kind" {
        /// Is to act on the message; its officers may acknowledge and answer.
        Action = 1 "ACTION",
        /// Is to know of the message.
        Information = 2 "INFORMATION",
    }
}

words! {
    /// What closes the dialogue a message opens.
    ResponseAttribute, "response attribute" {
        /// Nothing is asked.
        None = 1 "NONE",
        /// ROGER.
        Roger = 2 "ROGER",
        /// AFFIRM or NEGATIVE.
        AffirmNegative = 3 "AFFIRM_NEGATIVE",
        /// ACCEPT or UNABLE.
        AcceptUnable = 4 "ACCEPT_UNABLE",
        /// ACCEPT or DECLINE; COUNTER passes the turn.
        AcceptCounterDecline = 5 "ACCEPT_COUNTER_DECLINE",
        /// YES, NO or UNKNOWN.
        YesNoUnknown = 6 "YES_NO_UNKNOWN",
        /// SUFFICIENT or INSUFFICIENT.
        SufficientInsufficient = 7 "SUFFICIENT_INSUFFICIENT",
    }
}

words! {
    /// What a REPLY says, beside its text.
    Answer, "answer" {
        /// Understood.
        Roger = 1 "ROGER",
        /// It is so.
        Affirm = 2 "AFFIRM",
        /// It is not so.
        Negative = 3 "NEGATIVE",
        /// Agreed.
        Accept = 4 "ACCEPT",
        /// Cannot comply.
        Unable = 5 "UNABLE",
        /// Other terms are proposed.
        Counter = 6 "COUNTER",
        /// Not agreed.
        Decline = 7 "DECLINE",
        /// Yes.
        Yes = 8 "YES",
        /// No.
        No = 9 "NO",
        /// Not known.
        Unknown = 10 "UNKNOWN",
        /// The notice suffices.
        Sufficient = 11 "SUFFICIENT",
        /// The notice lacks something.
        Insufficient = 12 "INSUFFICIENT",
        /// Wait.
        Standby = 13 "STANDBY",
        /// Words only.
        FreeText = 14 "FREE_TEXT",
    }
}

words! {
    /// A rung of the receipt ladder (1 to 11), or a mark beside it (20 and up). Each is a fact that somebody signed.
    Rung, "rung" {
        /// Written, not yet released.
        Drafted = 1 "DRAFTED",
        /// Signed by the officers its precedence asks for and by the desk.
        Released = 2 "RELEASED",
        /// A relay has it on disk and in its log.
        Accepted = 3 "ACCEPTED",
        /// The recipient desk verified, stored and logged it.
        Delivered = 4 "DELIVERED",
        /// The recipient desk's alarm sounded.
        Alerted = 5 "ALERTED",
        /// It was rendered on an attended desk.
        Displayed = 6 "DISPLAYED",
        /// A named officer's act.
        Acknowledged = 7 "ACKNOWLEDGED",
        /// A translator's act.
        Translated = 8 "TRANSLATED",
        /// It was put before the principal.
        Presented = 9 "PRESENTED",
        /// A released reply refers to it.
        Answered = 10 "ANSWERED",
        /// Its dialogue is closed. Follows from the answers; nobody signs it.
        Closed = 11 "CLOSED",
        /// Received, under consideration.
        Holding = 20 "HOLDING",
        /// Its content was read back.
        ReadBack = 21 "READ_BACK",
        /// It lacks something, named in the text.
        Insufficient = 22 "INSUFFICIENT",
        /// Refused, with a reason.
        Declined = 23 "DECLINED",
        /// Its sender stands by it although it came late: it may be acted on again. Or, word for word, by what was read back.
        Confirmed = 24 "CONFIRMED",
        /// What was read back is not what its sender said; the text says what is right.
        Corrected = 25 "CORRECTED",
    }
}

words! {
    /// What an officer's key statement entitles a person to.
    OfficerRole, "officer role" {
        /// May write and sign drafts.
        Drafter = 1 "DRAFTER",
        /// May release.
        Releaser = 2 "RELEASER",
        /// Keeps the watch; may acknowledge.
        WatchOfficer = 3 "WATCH_OFFICER",
        /// May sign translations.
        Translator = 4 "TRANSLATOR",
        /// Keeps the watch and presents to the principal.
        DutyOfficer = 5 "DUTY_OFFICER",
        /// Decides.
        Principal = 6 "PRINCIPAL",
        /// Answers for keys and alarms.
        SecurityOfficer = 7 "SECURITY_OFFICER",
        /// Reads the logs.
        Auditor = 8 "AUDITOR",
    }
}

impl Rung {
    /// The plain words that screens put first.
    pub const fn plain(self) -> &'static str {
        match self {
            Self::Drafted => "draft",
            Self::Released => "sent",
            Self::Accepted => "held by relay",
            Self::Delivered => "arrived",
            Self::Alerted => "alarm sounded",
            Self::Displayed => "on screen",
            Self::Acknowledged => "acknowledged",
            Self::Translated => "translated",
            Self::Presented => "presented",
            Self::Answered => "answered",
            Self::Closed => "closed",
            Self::Holding => "being considered",
            Self::ReadBack => "read back",
            Self::Insufficient => "found insufficient",
            Self::Declined => "declined",
            Self::Confirmed => "confirmed by its sender",
            Self::Corrected => "corrected by its sender",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    macro_rules! round_trips {
        ($list:ident) => {
            for word in $list::ALL {
                assert_eq!($list::from_wire(word.to_wire()), Some(*word));
                assert_eq!(word.name().parse::<$list>().unwrap(), *word);
            }
            assert_eq!($list::from_wire(0), None);
            assert_eq!($list::from_wire(u32::MAX), None);
            assert!("".parse::<$list>().is_err());
            assert!(
                $list::ALL[0]
                    .name()
                    .to_lowercase()
                    .parse::<$list>()
                    .is_err()
            );
        };
    }

    #[test]
    fn every_word_comes_back_from_its_number_and_from_its_name() {
        round_trips!(TrafficClass);
        round_trips!(MessageType);
        round_trips!(Function);
        round_trips!(RecipientKind);
        round_trips!(ResponseAttribute);
        round_trips!(Answer);
        round_trips!(Rung);
        use crate::annex::Grade;
        round_trips!(Grade);
        round_trips!(OfficerRole);
    }

    #[test]
    fn the_wire_numbers_are_those_of_the_proto_file() {
        let proto = include_str!("../../proto/proto/hotline/v1/statement.proto");
        let comments: String = proto
            .lines()
            .filter_map(|line| line.trim().strip_prefix("//"))
            .collect();
        let stated = |number: u32, name: &str| comments.contains(&format!(" {number} {name}"));
        for word in TrafficClass::ALL {
            assert!(stated(word.to_wire(), word.name()), "{word}");
        }
        for word in MessageType::ALL {
            assert!(stated(word.to_wire(), word.name()), "{word}");
        }
        for word in Function::ALL {
            assert!(stated(word.to_wire(), word.name()), "{word}");
        }
        for word in ResponseAttribute::ALL {
            assert!(stated(word.to_wire(), word.name()), "{word}");
        }
        for word in Answer::ALL {
            assert!(stated(word.to_wire(), word.name()), "{word}");
        }
        for word in crate::annex::Grade::ALL {
            assert!(stated(word.to_wire(), word.name()), "{word}");
        }
        for word in OfficerRole::ALL {
            assert!(stated(word.to_wire(), word.name()), "{word}");
        }
    }

    #[test]
    fn an_unknown_word_says_which_list_it_is_not_on() {
        let error = "TEAPOT".parse::<Rung>().unwrap_err();
        assert_eq!(error.to_string(), "\"TEAPOT\" is not a rung");
    }
}
