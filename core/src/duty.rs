//! What desks say of themselves, and officers of the watch and of channels: the closed lists.
//!
//! Numbers are those of `statement.proto` (`ServicePayload.kind`, `OfficerWatchPayload.verb`, `OfficerOrderPayload.verb`,
//! `PresencePayload.state`).

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::words::{OfficerRole, UnknownWord, words};

words! {
    /// What a desk says of itself and its legs, without a person.
    ServiceKind, "kind of service statement" {
        /// A comm check that goes out each minute on each path.
        Check = 1 "CHECK",
        /// On which legs a check came in.
        CheckAnswer = 2 "CHECK_ANSWER",
        /// Legs of the signer that are down.
        PathOutage = 3 "PATH_OUTAGE",
        /// Legs of the signer that are up again.
        PathRestored = 4 "PATH_RESTORED",
        /// The signer's wall clock jumped.
        ClockStep = 5 "CLOCK_STEP",
        /// The desk opened.
        DeskOpens = 6 "DESK_OPENS",
        /// The desk closes in good order.
        DeskCloses = 7 "DESK_CLOSES",
        /// Nobody acknowledged a message in time; the step says what was done.
        Overdue = 8 "OVERDUE",
        /// The signer holds no DELIVERED of a desk for a message of its own, by the time it should have come.
        NonDelivery = 9 "NON_DELIVERY",
        /// How other clocks stand to the signer's.
        ClockOffsets = 10 "CLOCK_OFFSETS",
        /// A message came that does not open to what its sender committed to: it is shown to nobody as genuine.
        NotOpened = 11 "NOT_OPENED",
    }
}

words! {
    /// What an officer does with the watch.
    WatchVerb, "watch verb" {
        /// Takes it.
        Take = 1 "TAKE",
        /// Hands it over to a named officer.
        HandOver = 2 "HAND_OVER",
        /// Leaves it: the desk is unmanned.
        Leave = 3 "LEAVE",
    }
}

words! {
    /// What an officer orders about a channel. OPEN is its charter.
    OrderVerb, "order" {
        /// No formal traffic in scope until it is restored.
        Suspend = 1 "SUSPEND",
        /// No formal traffic at all until both sides restore.
        Sever = 2 "SEVER",
        /// Formal traffic again; counts once both sides signed it.
        Restore = 3 "RESTORE",
        /// A key changes.
        Rekey = 4 "REKEY",
        /// The configuration changes.
        AmendConfig = 5 "AMEND_CONFIG",
    }
}

words! {
    /// What a relay says about a desk's sessions with it.
    PresenceState, "presence" {
        /// It has a session.
        Present = 1 "PRESENT",
        /// It closed its sessions in good order.
        Closed = 2 "CLOSED",
        /// Its machine ended the connections: the process is gone, its way is not.
        Reset = 3 "RESET",
        /// It no longer answers: its way is cut, or it stands still.
        Silent = 4 "SILENT",
    }
}

words! {
    /// A step of the escalation chain.
    OverdueStep, "step" {
        /// The alarm sounds again.
        ReAlert = 1 "RE_ALERT",
        /// The second position is alerted.
        SecondPosition = 2 "SECOND_POSITION",
        /// The supervisor is alerted.
        Supervisor = 3 "SUPERVISOR",
        /// The out-of-band step is due.
        OutOfBand = 4 "OUT_OF_BAND",
    }
}

impl ServiceKind {
    /// The plain words that screens put first.
    #[must_use]
    pub const fn plain(self) -> &'static str {
        match self {
            Self::Check => "comm check",
            Self::CheckAnswer => "comm check arrived by",
            Self::PathOutage => "legs down",
            Self::PathRestored => "legs up again",
            Self::ClockStep => "its clock jumped",
            Self::DeskOpens => "desk opened",
            Self::DeskCloses => "desk closed",
            Self::Overdue => "overdue",
            Self::NonDelivery => "not delivered",
            Self::ClockOffsets => "other clocks",
            Self::NotOpened => "could not be opened",
        }
    }
}

/// Whether an officer with these roles may keep the watch.
#[must_use]
pub fn may_watch(roles: &BTreeSet<OfficerRole>) -> bool {
    roles.contains(&OfficerRole::WatchOfficer) || roles.contains(&OfficerRole::DutyOfficer)
}

/// Whether an officer with these roles may order about a channel.
#[must_use]
pub fn may_order(roles: &BTreeSet<OfficerRole>) -> bool {
    roles.contains(&OfficerRole::Releaser)
}

impl WatchVerb {
    /// The plain words that screens put first.
    #[must_use]
    pub const fn plain(self) -> &'static str {
        match self {
            Self::Take => "watch taken",
            Self::HandOver => "watch handed over",
            Self::Leave => "watch left",
        }
    }
}
