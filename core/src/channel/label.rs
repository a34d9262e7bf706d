//! The one word for how a channel stands. The first row of [`TABLE`] that applies is the answer; the last one always does.

use std::fmt;
use std::str::FromStr;

use super::{Carrier, Identified, Political, Watched};
use crate::plant;
use crate::words::{UnknownWord, words};

words! {
    /// How a channel stands, in one word.
    Label, "label" {
        /// No charter that both sides signed.
        Provisioned = 1 "PROVISIONED",
        /// Both signed; the other desk was not heard yet.
        Testing = 2 "TESTING",
        /// Everything is as it should be.
        Open = 3 "OPEN",
        /// Redundancy is lost.
        Degraded = 4 "DEGRADED",
        /// Nothing passes, and no order says why.
        Interrupted = 5 "INTERRUPTED",
        /// Statements pass, and people are silent.
        Unresponsive = 6 "UNRESPONSIVE",
        /// Statements pass, and no person of the other side answered a comm check of this one for 30 days.
        Dormant = 7 "DORMANT",
        /// A side suspended it.
        Suspended = 8 "SUSPENDED",
        /// A side severed it.
        Severed = 9 "SEVERED",
        /// The other side's identity is in doubt.
        Compromised = 10 "COMPROMISED",
        /// A restoration is under way.
        Restoring = 11 "RESTORING",
    }
}

impl Label {
    /// The plain words that screens put first.
    #[must_use]
    pub const fn plain(self) -> &'static str {
        match self {
            Self::Provisioned => "no charter that both sides signed",
            Self::Testing => "both sides signed the charter; the other desk was not heard yet",
            Self::Open => "open",
            Self::Degraded => "open, and redundancy is lost",
            Self::Interrupted => "nothing passes, and no order says why",
            Self::Unresponsive => "the line carries, and nobody answers",
            Self::Dormant => "the line carries, and no person answered a comm check for 30 days",
            Self::Suspended => "suspended by order",
            Self::Severed => "severed by order",
            Self::Compromised => "the other side's identity is in doubt",
            Self::Restoring => "being restored",
        }
    }
}

/// What a label is derived from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The carrier axis.
    pub carrier: Carrier,
    /// The watch of the other desk.
    pub watch: Watched,
    /// The political axis.
    pub political: Political,
    /// The identity axis.
    pub identity: Identified,
    /// Whether a charter is signed by both sides.
    pub chartered: bool,
    /// Whether a signed statement of the other desk ever came.
    pub heard: bool,
    /// Whether a side signed RESTORE for an order that stands.
    pub restoring: bool,
    /// Whether a message waits for a person longer than the first alert step of its precedence.
    pub overdue: bool,
    /// Whether no person of the other side answered a comm check of this one for 30 days.
    pub dormant: bool,
}

/// One row: what it is about, when it applies, and the label.
pub struct Row {
    /// In words, as the specification has it.
    pub when: &'static str,
    /// Whether it applies.
    pub applies: fn(&Standing) -> bool,
    /// The label.
    pub label: Label,
}

/// The derivation, in order of precedence.
pub const TABLE: &[Row] = &[
    Row {
        when: "identity SUSPECT or REVOKED",
        applies: |on| !matches!(on.identity, Identified::Good),
        label: Label::Compromised,
    },
    Row {
        when: "no charter",
        applies: |on| !on.chartered,
        label: Label::Provisioned,
    },
    Row {
        when: "a RESTORE is signed for an order that stands",
        applies: |on| on.restoring && !matches!(on.political, Political::Open),
        label: Label::Restoring,
    },
    Row {
        when: "political SEVERED",
        applies: |on| matches!(on.political, Political::Severed),
        label: Label::Severed,
    },
    Row {
        when: "political SUSPENDED",
        applies: |on| matches!(on.political, Political::Suspended),
        label: Label::Suspended,
    },
    Row {
        when: "carrier DOWN",
        applies: |on| matches!(on.carrier, Carrier::Down) && !plant::active("label-ignores-the-carrier"),
        label: Label::Interrupted,
    },
    Row {
        when: "the other desk was never heard",
        applies: |on| !on.heard,
        label: Label::Testing,
    },
    Row {
        when: "watch UNMANNED, or a message is overdue",
        applies: |on| on.overdue || matches!(on.watch, Watched::Unmanned),
        label: Label::Unresponsive,
    },
    Row {
        when: "no comm check answered by a person for 30 days",
        applies: |on| on.dormant,
        label: Label::Dormant,
    },
    Row {
        when: "carrier DEGRADED",
        applies: |on| matches!(on.carrier, Carrier::Degraded),
        label: Label::Degraded,
    },
    Row {
        when: "else",
        applies: |_| true,
        label: Label::Open,
    },
];

/// The label of a channel.
#[must_use]
pub fn label(standing: &Standing) -> Label {
    TABLE
        .iter()
        .find(|row| (row.applies)(standing))
        .map_or(Label::Open, |row| row.label)
}

/// The label of a line of several channels. `some` says that the political state is that of some of them only: a cut
/// silences the others as well, so it is named before an order that does not.
#[must_use]
pub fn label_of_line(standing: &Standing, some: bool) -> Label {
    let cut = some && matches!(standing.carrier, Carrier::Down);
    label(&Standing {
        political: if cut { Political::Open } else { standing.political },
        ..*standing
    })
}
