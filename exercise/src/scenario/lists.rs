//! The closed lists of the format: every word that a key may hold, and no other.

pub use crate::tongue::Tongue;

/// One list: an enum and its words as they are written.
macro_rules! list {
    ($(#[$doc:meta])* $list:ident { $($(#[$word_doc:meta])* $word:ident $name:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $list { $($(#[$word_doc])* $word,)+ }

        impl $list {
            /// Every word of the list.
            pub const ALL: &'static [Self] = &[$(Self::$word,)+];

            /// The word as it is written.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$word => $name,)+ }
            }
        }

        impl std::fmt::Display for $list {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for $list {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let known = Self::ALL.iter().find(|known| known.name() == text);
                known.copied().ok_or_else(|| format!("there is no {} {text}", stringify!($list)))
            }
        }
    };
}

list! {
    /// A side.
    Side {
        /// Avelia.
        A "A",
        /// Borenia.
        B "B",
    }
}

impl Side {
    /// The language of its people.
    #[must_use]
    pub const fn tongue(self) -> Tongue {
        match self {
            Self::A => Tongue::Qav,
            Self::B => Tongue::Qbo,
        }
    }
}

list! {
    /// When the exercise ends.
    Ends {
        /// When every expectation is decided, at the planned time at the latest.
        WhenDone "when-done",
        /// At the planned time.
        AtDuration "at-duration",
        /// When control says so.
        ByControl "by-control",
    }
}

list! {
    /// Which way a clock jumped.
    Jump {
        /// It was set ahead.
        Ahead "AHEAD",
        /// It was set back.
        Back "BACK",
    }
}

list! {
    /// How many officers release OVERRIDE and FLASH.
    ReleaseRule {
        /// Two different ones, as on the line.
        Two "two",
        /// One, for a desk that a single person plays. The report says so.
        One "one",
    }
}

list! {
    /// Where a scenario is played.
    StageKind {
        /// Real processes, people at seats.
        Live "live",
        /// Real processes, all seats scripted.
        Headless "headless",
        /// The simulated world.
        Simulated "simulated",
    }
}

list! {
    /// Who has pinned the codebook.
    Pinned {
        /// Both sides, the same.
        Both "both",
        /// Only A.
        OnlyA "A",
        /// B an older one.
        StaleB "stale-B",
    }
}

list! {
    /// What a seat is for.
    SeatKind {
        /// A desk of the line.
        Desk "desk",
        /// A side's security officer.
        Security "security",
        /// EXCON.
        Control "control",
        /// Reads only.
        Observer "observer",
        /// Rates and notes.
        Evaluator "evaluator",
    }
}

list! {
    /// Whether a seat is played by a script.
    Scripted {
        /// Always.
        Always "always",
        /// If nobody sits there.
        IfEmpty "if-empty",
        /// Never.
        Never "never",
    }
}

list! {
    /// What an inject is for.
    InjectKind {
        /// It tells what the world does.
        Contextual "contextual",
        /// Players are to do something.
        ExpectedAction "expected-action",
        /// It comes if they do not.
        Contingency "contingency",
    }
}

list! {
    /// How an inject comes.
    Method {
        /// News on the seats' screens.
        News "news",
        /// An order to a role.
        Order "order",
        /// A message that a scripted seat sends.
        Message "message",
        /// A fault on a link.
        Fault "fault",
        /// A process killed, paused, resumed or started.
        Process "process",
        /// A wall clock set wrong.
        Clock "clock",
        /// An act of an institution.
        Institution "institution",
        /// A prepared attack.
        Attack "attack",
        /// From now on an officer types the second passphrase.
        Phrase "phrase",
        /// What a side will hand in of a log behind ENDEX.
        HandIn "hand-in",
        /// A person does it.
        Hand "hand",
    }
}

list! {
    /// What a side does with the copy of a log that it hands in when a message is disputed.
    HandedIn {
        /// It says that it has none.
        Withhold "withhold",
        /// It ends before the message, and is signed anew.
        Truncate "truncate",
        /// The message's words are changed, and it is signed anew.
        Alter "alter",
        /// Another history in which the message never came, signed with the same key.
        SecondHistory "second-history",
    }
}

list! {
    /// What a signature is worth whose key has ended.
    Counting {
        /// It was made before the end, and outside of the window of doubt.
        Counts "COUNTS",
        /// It was made before the end, in the window of doubt.
        Review "REVIEW",
        /// It stands behind the end.
        RevokedKey "REVOKED_KEY",
        /// One of the two latter.
        NotCounted "NOT_COUNTED",
    }
}

list! {
    /// What an auditor says of a disputed message: one word.
    Word {
        /// Both sides hold the message.
        Match "MATCH",
        /// It was sent, and nothing proves that it arrived.
        SentNoReceipt "SENT_NO_RECEIPT",
        /// The recipient hands in no log that holds it, and what its desk or officers signed proves that it came.
        ReceiptProvesDelivery "RECEIPT_PROVES_DELIVERY",
        /// A log ends too early.
        Truncated "TRUNCATED",
        /// An entry is not what somebody signed.
        Altered "ALTERED",
        /// Two histories under one key.
        Fork "FORK",
        /// One sender signed two statements for one place.
        Equivocation "EQUIVOCATION",
        /// Something else that was handed in must not be.
        Failed "FAILED",
        /// What was handed in does not say.
        CannotTell "CANNOT_TELL",
    }
}

list! {
    /// Where a failure comes from.
    Category {
        /// Of use.
        Operational "OPERATIONAL",
        /// Of an adversary.
        Adversarial "ADVERSARIAL",
        /// Of chance.
        Accidental "ACCIDENTAL",
        /// Of an institution.
        Institutional "INSTITUTIONAL",
    }
}

list! {
    /// Whether a controller approves an inject before it is delivered.
    Approve {
        /// It goes by itself.
        Auto "auto",
        /// By hand.
        Hand "hand",
    }
}

list! {
    /// What is done to a process.
    ProcessDeed {
        /// Killed at once.
        Kill "kill",
        /// Stopped where it stands.
        Pause "pause",
        /// It goes on.
        Resume "resume",
        /// Started again.
        Start "start",
    }
}

list! {
    /// An act of an institution.
    InstitutionVerb {
        /// A channel's charter is proposed, or agreed to.
        Open "open",
        /// Scopes are suspended.
        Suspend "suspend",
        /// The line is cut by decision.
        Sever "sever",
        /// What was suspended is open again.
        Restore "restore",
        /// A request is refused.
        Refuse "refuse",
        /// Nobody is on watch from now on.
        LeaveWatch "leave-watch",
        /// An identity is revoked.
        Deny "deny",
        /// The backup identity is used.
        UseBackup "use-backup",
        /// The side's relays and desks are examined by `hotline doctor`.
        Inspect "inspect",
        /// Certificates are issued anew.
        Renew "renew",
        /// An officer who has left is revoked.
        Retire "retire",
        /// A new officer is enrolled.
        Enrol "enrol",
        /// A releaser consents to the charter with the codebook of this exercise.
        AgreeCodebook "agree-codebook",
        /// The other side's trust file is taken over anew, its words read aloud.
        RePin "re-pin",
        /// The desks of a line that slept are opened, and people sit down.
        Wake "wake",
        /// What was good before is tried: the other side's old trust file, and an officer's old hand.
        TryOld "try-old",
    }
}

impl InstitutionVerb {
    /// Whether people put a line in order with it that nobody has used for long.
    #[must_use]
    pub const fn puts_in_order(self) -> bool {
        matches!(
            self,
            Self::Inspect
                | Self::Renew
                | Self::Retire
                | Self::Enrol
                | Self::AgreeCodebook
                | Self::RePin
                | Self::Wake
                | Self::TryOld
        )
    }

    /// Whether it is about an officer, whom `identity` names.
    #[must_use]
    pub const fn names_an_officer(self) -> bool {
        matches!(self, Self::Retire | Self::Enrol | Self::TryOld)
    }
}

list! {
    /// A prepared attack.
    AttackKind {
        /// A certificate of a CA that nobody knows.
        UnknownCa "unknown-ca",
        /// A release by an officer without the right.
        NoReleaseRight "no-release-right",
        /// An old message sent again.
        Replay "replay",
        /// A copied key.
        StolenKey "stolen-key",
    }
}

list! {
    /// How good a translation is.
    Grade {
        /// Read off the page.
        Sight "SIGHT",
        /// Written down quickly.
        Rough "ROUGH",
        /// Sworn to.
        Certified "CERTIFIED",
    }
}

list! {
    /// An act of an officer that needs nothing but who, about what, and perhaps some words.
    Act {
        /// A message is acknowledged.
        Ack "ack",
        /// It is read back.
        ReadBack "read_back",
        /// A reading back is right.
        Confirm "confirm",
        /// It is not, and the text says what is.
        CorrectReadBack "correct_read_back",
        /// A message is declined, with a reason.
        Decline "decline",
        /// More time is asked for.
        Standby "standby",
        /// It is put before the principal.
        Present "present",
        /// The watch begins.
        TakeWatch "take-watch",
        /// It ends.
        LeaveWatch "leave-watch",
        /// It is handed over.
        HandOver "hand-over",
        /// The other side's step is agreed to.
        Consent "consent",
        /// A comm check is asked.
        Check "check",
        /// And answered.
        AnswerCheck "answer-check",
        /// An identity is to be revoked.
        Deny "deny",
        /// By a second officer.
        SecondDeny "second-deny",
        /// The backup identity is used.
        UseBackup "use-backup",
        /// A message is cancelled.
        Cancel "cancel",
        /// A message is verified by calling back.
        Callback "callback",
    }
}

list! {
    /// The derived label of the line, as a desk shows it.
    Label {
        /// Made, never used.
        Provisioned "PROVISIONED",
        /// Being tried.
        Testing "TESTING",
        /// In use.
        Open "OPEN",
        /// Redundancy is lost.
        Degraded "DEGRADED",
        /// The carrier is down, without notice.
        Interrupted "INTERRUPTED",
        /// The carrier is up, people are silent.
        Unresponsive "UNRESPONSIVE",
        /// No human check for long.
        Dormant "DORMANT",
        /// Suspended by decision.
        Suspended "SUSPENDED",
        /// Cut by decision.
        Severed "SEVERED",
        /// An identity is in doubt.
        Compromised "COMPROMISED",
        /// On its way back.
        Restoring "RESTORING",
    }
}

list! {
    /// A figure that the timeline counts.
    Figure {
        /// Accepted messages that never arrived.
        Lost "lost",
        /// Messages displayed twice.
        ShownTwice "shown_twice",
        /// Gaps of a path.
        Gaps "gaps",
        /// Their length together, in milliseconds.
        GapMs "gap_ms",
        /// Forged messages displayed as messages.
        FalseDisplays "false_displays",
        /// Wrong by how much the report's times are, in milliseconds.
        OffsetErrorMs "offset_error_ms",
    }
}
