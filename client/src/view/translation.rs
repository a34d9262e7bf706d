//! Translations as people and scripts see them, and which of them a new one replaces.

use hotline_audit::statement::Reference;
use hotline_core::{
    annex::{Grade, Language, Translated},
    id::StatementId,
    identity::Identity,
    text::inert,
};
use serde::{Deserialize, Serialize};

use super::MessageView;
use crate::{book::Letter, translation::Translation};

/// A translation of a message. The original stays what counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TranslationView {
    /// `SIGHT`, `ROUGH` or `CERTIFIED`.
    pub grade: String,
    /// Into which language: a code of ISO 639.
    pub language: String,
    /// The officer who translated.
    pub by: String,
    /// The desk at which the officer sat.
    pub desk: String,
    /// When it was first seen here, milliseconds since 1970.
    pub at_ms: u64,
    /// When its officer says it was made, milliseconds since 1970. A claim.
    pub claimed_ms: u64,
    /// Its words as signed for.
    pub text: String,
    /// Its words made inert for a screen.
    pub shown_text: String,
    /// Characters that had to be marked.
    pub marked: usize,
    /// Id of the annex: 16 bytes, hex.
    pub id: String,
    /// SHA-256 of the annex's exact signed bytes, hex.
    pub sha256: String,
    /// SHA-256 of the annex that replaced it, hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<String>,
}

impl TranslationView {
    /// What names its annex in another one; none of a view that another program made up.
    #[must_use]
    pub fn reference(&self) -> Option<Reference> {
        let id = data_encoding::HEXLOWER.decode(self.id.as_bytes()).ok()?;
        Some(Reference {
            sender: self.desk.clone(),
            id: id.try_into().ok()?,
            sha256: self.sha256.parse().ok()?,
        })
    }

    fn about(&self) -> Option<Translated> {
        Some(Translated {
            desk: self.desk.parse().ok()?,
            language: self.language.parse().ok()?,
            grade: self.grade.parse().ok()?,
        })
    }
}

impl MessageView {
    /// The newest translation that stands and that a new one of this desk, language and grade may replace.
    #[must_use]
    pub fn replaceable(&self, desk: &Identity, language: &Language, grade: Grade) -> Option<Reference> {
        let newer = Translated {
            desk: desk.clone(),
            language: language.clone(),
            grade,
        };
        let fits = |one: &&TranslationView| {
            one.replaced_by.is_none() && one.about().is_some_and(|older| newer.may_replace(&older))
        };
        self.translations.iter().rev().find(fits)?.reference()
    }
}

pub(super) fn of(letter: &Letter) -> Vec<TranslationView> {
    let view = |translation: &Translation| {
        let shown = inert(&translation.text);
        let newer = letter.translations.replaced_by(translation);
        TranslationView {
            grade: translation.about.grade.name().to_owned(),
            language: translation.about.language.to_string(),
            by: translation.officer.to_string(),
            desk: translation.about.desk.to_string(),
            at_ms: translation.arrived.unix_ms(),
            claimed_ms: translation.claimed.unix_ms(),
            text: translation.text.clone(),
            shown_text: shown.text,
            marked: shown.marked,
            id: StatementId(translation.id).to_string(),
            sha256: translation.statement.to_string(),
            replaced_by: newer.map(|newer| newer.statement.to_string()),
        }
    };
    letter.translations.iter().map(view).collect()
}
