//! What an officer signs beside a message: a translation, or that it was put before a principal.

use hotline_audit::{
    Hash, PayloadType,
    opening::Opening,
    sealed::SealContext,
    statement::{AnnexDone, Content, OfficerAnnex, Reference},
};
use hotline_core::annex::{Grade, Language, check_presented, check_translation};
use hotline_transport::{Clock, Entropy};
use serde::{Deserialize, Serialize};

use super::{Officer, SheetError, SheetOpening, base64, sign, words_of};
use crate::{config::DeskConfig, seal::Sealing};

/// What is put beside a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Annexing {
    /// A translation of it.
    Translated {
        /// How it was made.
        grade: Grade,
        /// Into which language.
        language: Language,
        /// Its words.
        text: String,
        /// The desk's annex that it replaces.
        of_annex: Option<Reference>,
    },
    /// That it was put before a principal.
    Presented {
        /// To whom.
        to: String,
    },
}

/// An annex on its way to the station: what the officer signed, and the words, which stand outside of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnnexSheet {
    /// Exact bytes of the officer's signed annex, base64.
    pub signed: String,
    /// Exact bytes of the translation's content, base64; none of a presentation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Salt and text of a content that is sealed. It goes no further than the desk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening: Option<SheetOpening>,
}

/// A translation as it is logged, and its words.
type Translation = (Content, Opening);

impl AnnexSheet {
    /// The officer's exact bytes, and the content with its words.
    ///
    /// # Errors
    /// [`SheetError::Malformed`] if one cannot be read, [`SheetError::Words`] if the words are others.
    pub fn parts(&self) -> Result<(Vec<u8>, Option<Translation>), SheetError> {
        let signed = base64(&self.signed).map_err(SheetError::Malformed)?;
        let content = self.content.as_deref().map(|text| {
            let bytes = base64(text).map_err(SheetError::Malformed)?;
            let content =
                Content::decode(&bytes).map_err(|error| SheetError::Malformed(error.to_string()))?;
            let words = words_of(&content, self.opening.as_ref())?;
            Ok::<_, SheetError>((content, words))
        });
        Ok((signed, content.transpose()?))
    }
}

/// Signs an annex of a message.
///
/// # Errors
/// If its words are none, or more than are allowed, or cannot be sealed where they must be.
pub fn annex(
    (desk, sealing): (&DeskConfig, &Sealing),
    by: &Officer,
    message: Reference,
    annexing: &Annexing,
    (clock, entropy): (&dyn Clock, &dyn Entropy),
) -> Result<AnnexSheet, SheetError> {
    let mut annex = OfficerAnnex {
        officer: by.identity.clone(),
        key_statement: by.key_statement,
        desk: desk.identity.to_string(),
        exercise: desk.exercise.clone(),
        message,
        done: done(annexing)?,
        claimed_time_ms: clock.wall().unix_ms(),
    };
    let sealed = match annexing {
        Annexing::Translated { text, .. } => Some(seal_for(&annex, text, sealing, entropy)?),
        Annexing::Presented { .. } => None,
    };
    if let (AnnexDone::Translated { content_sha256, .. }, Some((content, _))) = (&mut annex.done, &sealed) {
        *content_sha256 = content.sha256();
    }
    Ok(AnnexSheet {
        signed: sign(PayloadType::OfficerAnnex, &annex.encode(), by)?,
        content: sealed
            .as_ref()
            .map(|(content, _)| data_encoding::BASE64.encode(&content.encode())),
        opening: sealed.and_then(|(content, opening)| SheetOpening::beside(&content, &opening)),
    })
}

/// The words of a translation as content: for this desk and for the one that sent the message.
fn seal_for(
    annex: &OfficerAnnex,
    text: &str,
    sealing: &Sealing,
    entropy: &dyn Entropy,
) -> Result<(Content, Opening), SheetError> {
    let context = |commitment: &Hash| SealContext::annex(annex, commitment);
    Ok(sealing.content(text, &[&annex.message.sender], context, entropy)?)
}

/// What was done; the hash of its words comes when they are sealed.
fn done(annexing: &Annexing) -> Result<AnnexDone, SheetError> {
    match annexing {
        Annexing::Translated {
            grade,
            language,
            text,
            of_annex,
        } => {
            check_translation(text)?;
            Ok(AnnexDone::Translated {
                grade: grade.to_wire(),
                language: language.to_string(),
                content_sha256: Hash::ZERO,
                of_annex: of_annex.clone(),
            })
        }
        Annexing::Presented { to } => {
            check_presented(to)?;
            Ok(AnnexDone::Presented { to: to.clone() })
        }
    }
}
