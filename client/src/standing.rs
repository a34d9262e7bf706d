//! How the line and each of its channels stand, as people and scripts see it: label, four axes with their facts, cause.
//!
//! These are the objects of `hotline status --json`. Words of the other side (reasons, remarks) stand here as they were
//! signed; a screen makes them inert.

mod restoration;

use std::time::Duration;

use hotline_core::channel::{Attendance, Axis, Cause, Evidence, Label, Political};
use serde::{Deserialize, Serialize};

pub use restoration::Restoration;

/// One fact behind an axis or a cause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactView {
    /// In plain words.
    pub what: String,
    /// Who says so: an identity.
    pub by: String,
    /// When this desk learned it, milliseconds since 1970.
    pub received_ms: u64,
    /// When its signer says that it was, milliseconds since 1970; absent for what this desk saw itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_ms: Option<u64>,
    /// SHA-256 of the signed bytes, hex; absent for what this desk saw itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// `SIGNED_STATEMENT`, `RELAY_PRESENCE` or `OWN_OBSERVATION`.
    pub proof: String,
}

/// One axis.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AxisView {
    /// Formal name: `UP`, `MANNED`, `OPEN`, `GOOD`.
    pub state: String,
    /// With SUSPENDED and SEVERED: the channels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<String>,
    /// With a watch: the officer who holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// With a watch: to whom it is handed over, until it is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offered_to: Option<String>,
    /// What says so.
    pub facts: Vec<FactView>,
}

/// The four axes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AxesView {
    /// UP, DEGRADED, DOWN.
    pub carrier: AxisView,
    /// MANNED, UNMANNED, UNKNOWN: the remote desk.
    pub watch: AxisView,
    /// OPEN, SUSPENDED, SEVERED.
    pub political: AxisView,
    /// GOOD, SUSPECT, REVOKED.
    pub identity: AxisView,
}

/// Why it is silent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CauseView {
    /// Formal name: `ONE_PATH_CUT`.
    pub code: String,
    /// In plain words.
    pub plain: String,
    /// The message it is about: `A-0017`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What proves it.
    pub facts: Vec<FactView>,
}

/// A signed statement that another one may agree to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementView {
    /// The desk that placed it.
    pub sender: String,
    /// 16 bytes, hex.
    pub id: String,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
}

/// A restoration that is under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoringView {
    /// Who signed first.
    pub by: String,
    /// The first RESTORE, for the other side to agree to.
    pub first: StatementView,
    /// Who agreed, if somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreed_by: Option<String>,
    /// What is lacking, in words.
    pub lacking: Vec<String>,
    /// An order stands that it will not lift: whoever wants the channel back signs anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overtaken: bool,
}

/// A channel's charter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CharterView {
    /// Whether a releaser of each side signed.
    pub signed: bool,
    /// Officers who consented.
    pub signed_by: Vec<String>,
    /// Sides whose consent is lacking.
    pub lacking: Vec<String>,
    /// Level of those who speak on it.
    pub level: String,
    /// What it is for.
    pub scope: String,
    /// When it is attended.
    pub hours: String,
    /// Which receipts are owed.
    pub receipt_policy: String,
    /// Exact bytes of the terms, base64.
    pub terms: String,
}

/// One channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelView {
    /// Its name.
    pub name: String,
    /// Formal name of the label: `OPEN`.
    pub label: String,
    /// The label in plain words.
    pub plain: String,
    /// The cause that explains most.
    pub cause: CauseView,
    /// Every cause.
    pub causes: Vec<CauseView>,
    /// OPEN, SUSPENDED, SEVERED; the other axes are the line's.
    pub political: AxisView,
    /// Its charter, or the terms that were proposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charter: Option<CharterView>,
    /// Its restoration, if one is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restoring: Option<RestoringView>,
}

/// A change of a desk's key that was announced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RekeyView {
    /// Hash of the new key's statement, hex.
    pub key: String,
    /// Whose key it is; empty where no roster here holds it.
    pub subject: String,
    /// PROPOSED, LAPSED, AGREED, OVERLAP or OVER.
    pub phase: String,
    /// The same in plain words.
    pub plain: String,
    /// Who announced it.
    pub by: String,
    /// Who agreed for the other side, if somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreed_by: Option<String>,
    /// From when on the new key counts, milliseconds since 1970 (UTC).
    pub from_ms: u64,
    /// Until when the keys before it count, milliseconds since 1970 (UTC).
    pub until_ms: u64,
    /// Why, in words.
    pub reason: String,
    /// The announcement, for the other side to agree to.
    pub first: StatementView,
    /// It is for this side to agree.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
}

/// The whole line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingView {
    /// Formal name of the label: `OPEN`. That of the strongest state of any channel.
    pub label: String,
    /// The label in plain words.
    pub plain: String,
    /// The cause that explains most.
    pub cause: CauseView,
    /// Every cause.
    pub causes: Vec<CauseView>,
    /// The four axes.
    pub axes: AxesView,
    /// MANNED, UNMANNED, UNKNOWN: this desk's own watch.
    pub own_watch: AxisView,
    /// Each channel.
    pub channels: Vec<ChannelView>,
    /// Changes of desks' keys that were announced, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rekeys: Vec<RekeyView>,
}

impl FactView {
    /// A fact of the rules.
    #[must_use]
    pub fn of(fact: &Evidence) -> Self {
        Self {
            what: fact.what.clone(),
            by: fact.by.clone(),
            received_ms: fact.received.unix_ms(),
            claimed_ms: fact.claimed.map(hotline_core::time::WallTime::unix_ms),
            sha256: fact.statement.map(|hash| hash.to_string()),
            proof: fact.proof.name().to_owned(),
        }
    }
}

impl AxisView {
    /// An axis of the rules.
    #[must_use]
    pub fn of<T>(axis: &Axis<T>, name: impl Fn(&T) -> &'static str) -> Self {
        Self {
            state: name(&axis.state).to_owned(),
            scope: Vec::new(),
            holder: None,
            offered_to: None,
            facts: axis.facts.iter().map(FactView::of).collect(),
        }
    }

    /// The watch of a desk, with who holds it.
    #[must_use]
    pub fn watch(attendance: &Attendance, unheard: (Option<Duration>, Duration)) -> Self {
        let held = attendance.held();
        Self {
            holder: held.by.map(|entry| entry.officer.to_string()),
            offered_to: held.offered.and_then(|entry| entry.other.clone()),
            ..Self::of(&attendance.axis(unheard), |state| state.name())
        }
    }

    /// The political axis, with the channels it is about.
    #[must_use]
    pub fn political(axis: &Axis<Political>, scope: Vec<String>) -> Self {
        let scope = if axis.state == Political::Open {
            Vec::new()
        } else {
            scope
        };
        Self {
            scope,
            ..Self::of(axis, |state| state.name())
        }
    }
}

impl CauseView {
    /// Causes of the rules.
    #[must_use]
    pub fn all(causes: &[Cause]) -> Vec<Self> {
        causes.iter().map(Self::of).collect()
    }

    fn of(cause: &Cause) -> Self {
        Self {
            code: cause.kind.name().to_owned(),
            plain: cause.plain.clone(),
            message: cause.message.clone(),
            facts: cause.evidence.iter().map(FactView::of).collect(),
        }
    }
}

/// A label in plain words, with the channels it is about where only some are.
#[must_use]
pub fn plain(label: Label, scope: &[String]) -> String {
    match (label, scope) {
        (Label::Suspended | Label::Severed | Label::Restoring, [_, ..]) => {
            format!("{} ({})", label.plain(), scope.join(", "))
        }
        _ => label.plain().to_owned(),
    }
}
