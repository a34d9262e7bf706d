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
use crate::seal::Words;

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
pub fn judge_annex(
    (annex, words): (&Annex, Option<&Words>),
    rosters: &RosterSet,
    now_ms: u64,
) -> Result<JudgedAnnex, Rejected> {
    checked(
        (annex, words),
        check::verify_officer_annex(annex, rosters, now_ms),
    )
}

/// Reads an annex of others in our ledger again, judged as [`super::recall_theirs`] does.
///
/// # Errors
/// [`Rejected`], as when it came in.
pub fn recall_their_annex(
    (annex, words): (&Annex, Option<&Words>),
    rosters: &RosterSet,
    stored_ms: u64,
) -> Result<JudgedAnnex, Rejected> {
    checked(
        (annex, words),
        check::verify_officer_annex_stored(annex, rosters, stored_ms),
    )
}

/// Reads an annex of our own again.
///
/// # Errors
/// [`Rejected`], as when it was placed.
pub fn recall_annex(
    (annex, words): (&Annex, Option<&Words>),
    rosters: &RosterSet,
) -> Result<JudgedAnnex, Rejected> {
    let unreadable = |error: hotline_audit::StrictError| Rejected::Officer(error.to_string());
    let signed = SignedStatement::parse(&annex.annex).map_err(unreadable)?;
    let read = OfficerAnnex::decode(&signed.payload).map_err(unreadable)?;
    let roles = roles_in(rosters, &read.key_statement);
    annex_of((annex, words), read, &roles)
}

fn checked(
    (annex, words): (&Annex, Option<&Words>),
    checked: Result<ByOfficer<OfficerAnnex>, StatementError>,
) -> Result<JudgedAnnex, Rejected> {
    let by = checked.map_err(|error| Rejected::Officer(error.to_string()))?;
    annex_of((annex, words), by.said, &by.roles)
}

fn annex_of(
    (placed, words): (&Annex, Option<&Words>),
    read: OfficerAnnex,
    numbers: &[u32],
) -> Result<JudgedAnnex, Rejected> {
    let desk = identity(&read.desk)?;
    let said = said(words, read.done, &desk)?;
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

fn said(words: Option<&Words>, done: AnnexDone, desk: &Identity) -> Result<AnnexSaid, Rejected> {
    match done {
        AnnexDone::Translated {
            grade,
            language,
            of_annex,
            ..
        } => {
            let words = words.ok_or(Rejected::NoWords)?.as_ref().map_err(Clone::clone)?;
            let text = words.text.as_str();
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use hotline_audit::{
        PayloadType, SigningKey,
        opening::Opening,
        statement::{Content, Header},
    };

    use super::*;
    use crate::seal::NotOpened;

    const DESK: &str = "spiffe://exercise.borenia.example/desk/ops";

    fn placed(language: &str, text: &str, change: fn(&mut Option<Content>)) -> Annex {
        let mut content = Some(Content::plain([9; 32], text));
        let done = AnnexDone::Translated {
            grade: 1,
            language: language.into(),
            content_sha256: content.as_ref().unwrap().sha256(),
            of_annex: None,
        };
        change(&mut content);
        put(done, content)
    }

    fn put(done: AnnexDone, content: Option<Content>) -> Annex {
        let said = OfficerAnnex {
            officer: "spiffe://exercise.borenia.example/officer/castellan".into(),
            key_statement: Hash([1; 32]),
            desk: DESK.into(),
            exercise: "E".into(),
            message: Reference {
                sender: "spiffe://exercise.avelia.example/desk/ops".into(),
                id: [2; 16],
                sha256: Hash([3; 32]),
            },
            done,
            claimed_time_ms: 4,
        };
        let key = SigningKey::from_seed(&[5; 32]);
        let signed = SignedStatement::sign(PayloadType::OfficerAnnex, &said.encode(), &key).unwrap();
        let header = Header {
            id: [6; 16],
            trust_domain: "exercise.borenia.example".into(),
            exercise: "E".into(),
            conversation: [2; 16],
            sender: DESK.into(),
            key_statement: Hash([7; 32]),
            recipients: Vec::new(),
            claimed_time_ms: 4,
            epoch: 1,
            sequence: 1,
            previous: Hash::ZERO,
            seen: Vec::new(),
        };
        Annex {
            header,
            annex: signed.into_bytes(),
            content,
        }
    }

    fn judged(annex: &Annex) -> Result<AnnexSaid, String> {
        let words = annex
            .content
            .as_ref()
            .map(|content| Opening::in_the_clear(content).map_err(NotOpened::from));
        let judged = recall_annex((annex, words.as_ref()), &RosterSet::new());
        judged
            .map(|judged| judged.said)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_translation_is_read_with_its_words_and_a_presentation_with_its_principal() {
        let read = judged(&placed("qbo", "Laiv\u{1b} ens.", |_| {})).unwrap();
        assert_eq!(read.on_ladder(), "SIGHT into qbo");
        assert!(matches!(read, AnnexSaid::Translated { text, .. } if text == "Laiv\u{1b} ens."));
        let to = "the minister".to_owned();
        let read = judged(&put(AnnexDone::Presented { to: to.clone() }, None)).unwrap();
        assert_eq!((read.rung(), read.on_ladder()), (Rung::Presented, to));
    }

    #[test]
    fn words_that_break_a_rule_are_none_of_a_translation() {
        let refused = |annex: Annex, why: &str| {
            let error = judged(&annex).unwrap_err();
            assert!(error.contains(why), "{error}");
        };
        refused(placed("QBO", "Laiv.", |_| {}), "is no code of a language");
        refused(placed("qbo", "\u{200b} ", |_| {}), "the translation is empty");
        refused(placed("qbo", "Laiv.", |content| *content = None), "has no words");
        let long = "a".repeat(hotline_core::annex::MAX_TRANSLATION_BYTES + 1);
        refused(placed("qbo", &long, |_| {}), "49152 are allowed");
        let exchange = |content: &mut Option<Content>| {
            if let Some(content) = content {
                content.body = b"Laiv nen.".to_vec();
            }
        };
        refused(placed("qbo", "Laiv.", exchange), "its text cannot be opened");
        refused(put(AnnexDone::Presented { to: " ".into() }, None), "names nobody");
    }
}
