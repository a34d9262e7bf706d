//! Who plays, and on what: officers, seats, relays, desks.

use std::collections::BTreeMap;

use hotline_core::words::OfficerRole;

use super::{
    lists::{AttackKind, Pinned, Scripted, SeatKind, Side, StageKind, Tongue},
    moment::LineSpan,
    place::Placed,
};

/// A text for people, in one or more languages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tongues(pub BTreeMap<Tongue, String>);

impl Tongues {
    /// In this language; else in English; else in any.
    #[must_use]
    pub fn in_or_any(&self, tongue: Tongue) -> &str {
        let found = self.0.get(&tongue).or_else(|| self.0.values().next());
        found.map_or("", String::as_str)
    }
}

/// A person with a signing key.
#[derive(Clone, Debug, PartialEq)]
pub struct OfficerCard {
    /// As signatures name it.
    pub name: Placed<String>,
    /// Of which side.
    pub side: Side,
    /// At which desk.
    pub desk: Placed<String>,
    /// What it may sign.
    pub roles: Vec<OfficerRole>,
    /// What it reads.
    pub languages: Vec<Tongue>,
    /// Its key lies sealed under a passphrase.
    pub sealed: bool,
    /// It has a second passphrase.
    pub duress: bool,
}

/// A place at the table.
#[derive(Clone, Debug, PartialEq)]
pub struct SeatCard {
    /// Its name.
    pub name: Placed<String>,
    /// What it is for.
    pub kind: SeatKind,
    /// Which desk stands there.
    pub desk: Option<Placed<String>>,
    /// Which officers sit there.
    pub officers: Vec<Placed<String>>,
    /// Whether a script plays it.
    pub scripted: Scripted,
}

/// Where and how fast it is played.
#[derive(Clone, Debug, PartialEq)]
pub struct StageRules {
    /// The stages that it may be played on.
    pub allowed: Vec<StageKind>,
    /// The live stage's rate at STARTEX, in thousandths: [`hotline_core::story::Rate`].
    pub speed: hotline_core::story::Rate,
    /// Whether a stage without people may leap from one due moment to the next.
    pub leap: bool,
}

/// Which codebook both sides hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Pin {
    /// Its name.
    pub file: Placed<String>,
    /// Its version.
    pub version: u16,
    /// Its hash in lower-case hexadecimals, if the file gives it.
    pub sha256: Option<Placed<String>>,
    /// Who has pinned it.
    pub pinned: Pinned,
}

/// Relays, desks and what lies between.
#[derive(Clone, Debug, PartialEq)]
pub struct Topology {
    /// `lan`, `wan` or `satellite`.
    pub profile: Placed<String>,
    /// How often the automatic comm check runs; `None` for never.
    pub checks_every: Option<LineSpan>,
    /// The doors that are open.
    pub doors: Vec<Placed<String>>,
    /// The relays.
    pub relays: Vec<RelayCard>,
    /// The desks.
    pub desks: Vec<DeskCard>,
}

/// A relay.
#[derive(Clone, Debug, PartialEq)]
pub struct RelayCard {
    /// Its name.
    pub name: Placed<String>,
    /// Whose it is.
    pub side: Side,
    /// The path that runs through it.
    pub path: u16,
    /// Its own profile.
    pub profile: Option<Placed<String>>,
    /// Where it stood before, if it has moved.
    pub from: Option<Placed<String>>,
}

/// A desk.
#[derive(Clone, Debug, PartialEq)]
pub struct DeskCard {
    /// Its name.
    pub name: Placed<String>,
    /// Whose it is.
    pub side: Side,
    /// It has a backup identity.
    pub backup: bool,
    /// It is the side's second position.
    pub second: bool,
}

/// How old identities and history are at STARTEX. In days of the calendar: no time of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// Made so many days before.
    pub days_before: u16,
    /// Valid for so many days.
    pub lifetime_days: u16,
    /// Unused for so many days.
    pub dormant_days: u16,
}

impl Made {
    /// Everything is new.
    pub const TODAY: Self = Self {
        days_before: 0,
        lifetime_days: 1,
        dormant_days: 0,
    };
}

/// What is to be learned.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    /// Its name.
    pub id: Placed<String>,
    /// What.
    pub title: Tongues,
    /// The capability it belongs to.
    pub capability: Option<String>,
    /// What would be good.
    pub targets: Vec<String>,
}

/// Something prepared for an attacker.
#[derive(Clone, Debug, PartialEq)]
pub struct Attack {
    /// Its name.
    pub id: Placed<String>,
    /// What it is.
    pub kind: AttackKind,
    /// Whose name it bears: an officer or a desk.
    pub of: Option<Placed<String>>,
    /// The attacker holds an open session from the beginning.
    pub session: bool,
}

/// A role card for one seat.
#[derive(Clone, Debug, PartialEq)]
pub struct Handout {
    /// Its name.
    pub id: Placed<String>,
    /// For whom.
    pub seat: Placed<String>,
    /// What it says.
    pub text: Tongues,
}

/// The seat at which a side's security officer watches for second passphrases.
#[must_use]
pub fn security_officer(side: Side) -> String {
    format!("security-{side}")
}
