//! Judging annexes: whose they are, that their words are those signed for, and that they keep the rules.

use std::collections::BTreeSet;

use hotline_audit::{
    Hash, SignedStatement,
    check::{self, ByOfficer, StatementError},
    key::RosterSet,
    statement::{Annex, AnnexDone, OfficerAnnex, Reference},
};
use hotline_core::{
    annex::{Grade, Language, Translated, check_presented, check_translation},
    id::Place,
    identity::Identity,
    words::{OfficerRole, Rung},
};

use super::{Rejected, defined, identity, roles, roles_in};

/// An officer's annex that was checked.
#[derive(Clone, Debug)]
pub struct JudgedAnnex {
    /// Who.
    pub officer: Identity,
    /// What the officer's key entitles to.
    pub roles: BTreeSet<OfficerRole>,
    /// At which desk.
    pub desk: Identity,
    /// The message that it stands beside.
    pub message: Reference,
    /// What was done.
    pub said: AnnexSaid,
    /// The officer's clock, milliseconds since 1970 (UTC); a claim.
    pub claimed_ms: u64,
    /// Id of the desk's statement that placed it.
    pub id: [u8; 16],
    /// SHA-256 of the officer's own statement.
    pub signed: Hash,
    /// The place of the statement that placed it.
    pub place: Option<Place>,
}

/// What an annex says, with its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnnexSaid {
    /// The message was translated.
    Translated {
        /// Desk, language and grade.
        about: Translated,
        /// Its words.
        text: String,
        /// SHA-256 of the annex that it says it replaces.
        of_annex: Option<Hash>,
    },
    /// It was put before a principal.
    Presented {
        /// To whom.
        to: String,
    },
}

impl AnnexSaid {
    /// The rung that it climbs.
    #[must_use]
    pub const fn rung(&self) -> Rung {
        match self {
            Self::Translated { .. } => Rung::Translated,
            Self::Presented { .. } => Rung::Presented,
        }
    }

    /// What the ladder holds of it: grade and language, or to whom.
    #[must_use]
    pub fn on_ladder(&self) -> String {
        match self {
            Self::Translated { about, .. } => format!("{} into {}", about.grade, about.language),
            Self::Presented { to } => to.clone(),
        }
    }
}

/// Checks an annex.
///
/// # Errors
/// [`Rejected`].
pub fn judge_annex(annex: &Annex, rosters: &RosterSet, now_ms: u64) -> Result<JudgedAnnex, Rejected> {
    checked(annex, check::verify_officer_annex(annex, rosters, now_ms))
}

/// Reads an annex of others in our ledger again, judged as [`super::recall_theirs`] does.
///
/// # Errors
/// [`Rejected`], as when it came in.
pub fn recall_their_annex(
    annex: &Annex,
    rosters: &RosterSet,
    stored_ms: u64,
) -> Result<JudgedAnnex, Rejected> {
    checked(
        annex,
        check::verify_officer_annex_stored(annex, rosters, stored_ms),
    )
}

/// Reads an annex of our own again.
///
/// # Errors
/// [`Rejected`], as when it was placed.
pub fn recall_annex(annex: &Annex, rosters: &RosterSet) -> Result<JudgedAnnex, Rejected> {
    let unreadable = |error: hotline_audit::StrictError| Rejected::Officer(error.to_string());
    let signed = SignedStatement::parse(&annex.annex).map_err(unreadable)?;
    let read = OfficerAnnex::decode(&signed.payload).map_err(unreadable)?;
    let roles = roles_in(rosters, &read.key_statement);
    annex_of(annex, read, &roles)
}

fn checked(
    annex: &Annex,
    checked: Result<ByOfficer<OfficerAnnex>, StatementError>,
) -> Result<JudgedAnnex, Rejected> {
    let by = checked.map_err(|error| Rejected::Officer(error.to_string()))?;
    annex_of(annex, by.said, &by.roles)
}

fn annex_of(placed: &Annex, read: OfficerAnnex, numbers: &[u32]) -> Result<JudgedAnnex, Rejected> {
    let desk = identity(&read.desk)?;
    let said = said(placed, read.done, &desk)?;
    Ok(JudgedAnnex {
        officer: identity(&read.officer)?,
        roles: roles(numbers),
        desk,
        message: read.message,
        said,
        claimed_ms: read.claimed_time_ms,
        id: placed.header.id,
        signed: Hash::of(&placed.annex),
        place: Place::new(placed.header.epoch, placed.header.sequence).ok(),
    })
}

fn said(placed: &Annex, done: AnnexDone, desk: &Identity) -> Result<AnnexSaid, Rejected> {
    match done {
        AnnexDone::Translated {
            grade,
            language,
            of_annex,
            ..
        } => {
            let content = placed.content.as_ref().ok_or(Rejected::NoWords)?;
            let text = content.text()?;
            check_translation(text)?;
            Ok(AnnexSaid::Translated {
                about: Translated {
                    desk: desk.clone(),
                    language: language.parse::<Language>()?,
                    grade: defined("grade", grade, Grade::from_wire)?,
                },
                text: text.to_owned(),
                of_annex: of_annex.map(|named| named.sha256),
            })
        }
        AnnexDone::Presented { to } => {
            check_presented(&to)?;
            Ok(AnnexSaid::Presented { to })
        }
    }
}
