//! What an officer signs beside a message: a translation, or that it was put before a principal.

use hotline_audit::{
    PayloadType,
    statement::{AnnexDone, Content, OfficerAnnex, Reference},
};
use hotline_core::annex::{Grade, Language, check_presented, check_translation};
use hotline_transport::{Clock, Entropy};
use serde::{Deserialize, Serialize};

use super::{Officer, SheetError, base64, sign};
use crate::config::DeskConfig;

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
}

impl AnnexSheet {
    /// The officer's exact bytes, and the content.
    ///
    /// # Errors
    /// [`SheetError::Malformed`] if one cannot be read.
    pub fn parts(&self) -> Result<(Vec<u8>, Option<Content>), SheetError> {
        let signed = base64(&self.signed).map_err(SheetError::Malformed)?;
        let content = self.content.as_deref().map(|text| {
            let bytes = base64(text).map_err(SheetError::Malformed)?;
            Content::decode(&bytes).map_err(|error| SheetError::Malformed(error.to_string()))
        });
        Ok((signed, content.transpose()?))
    }
}

/// Signs an annex of a message.
///
/// # Errors
/// If its words are none, or more than are allowed.
pub fn annex(
    desk: &DeskConfig,
    by: &Officer,
    message: Reference,
    annexing: &Annexing,
    (clock, entropy): (&dyn Clock, &dyn Entropy),
) -> Result<AnnexSheet, SheetError> {
    let (done, content) = done(annexing, entropy)?;
    let annex = OfficerAnnex {
        officer: by.identity.clone(),
        key_statement: by.key_statement,
        desk: desk.identity.to_string(),
        exercise: desk.exercise.clone(),
        message,
        done,
        claimed_time_ms: clock.wall().unix_ms(),
    };
    Ok(AnnexSheet {
        signed: sign(PayloadType::OfficerAnnex, &annex.encode(), by)?,
        content: content.map(|content| data_encoding::BASE64.encode(&content.encode())),
    })
}

fn done(annexing: &Annexing, entropy: &dyn Entropy) -> Result<(AnnexDone, Option<Content>), SheetError> {
    match annexing {
        Annexing::Translated {
            grade,
            language,
            text,
            of_annex,
        } => {
            check_translation(text)?;
            let mut salt = [0; 32];
            entropy.fill(&mut salt);
            let content = Content::plain(salt, text);
            let done = AnnexDone::Translated {
                grade: grade.to_wire(),
                language: language.to_string(),
                content_sha256: content.sha256(),
                of_annex: of_annex.clone(),
            };
            Ok((done, Some(content)))
        }
        Annexing::Presented { to } => {
            check_presented(to)?;
            Ok((AnnexDone::Presented { to: to.clone() }, None))
        }
    }
}
