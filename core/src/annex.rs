//! Annexes: translations of a message, and that it was put before a principal.
//!
//! An annex stands beside the message. The original that its officers released stays the authoritative text, whatever
//! an annex says; nothing here can change or hide it. That a translation is right, no rule can tell: its grade says how
//! it was made, and its officer stands for it.

use std::fmt;
use std::str::FromStr;

use crate::identity::Identity;
use crate::words::{UnknownWord, words};

words! {
    /// How a translation was made, the higher the better.
    Grade, "grade" {
        /// Read off the page.
        Sight = 1 "SIGHT",
        /// Written down quickly.
        Rough = 2 "ROUGH",
        /// Checked, and certified by its translator.
        Certified = 3 "CERTIFIED",
    }
}

/// A language by its code of ISO 639: two or three letters `a` to `z`. `qaa` to `qtz` are free for invented ones.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Language(String);

/// Why an annex is none. Completes "refused: …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnnexError {
    /// No code of a language.
    #[error("{} is no code of a language: two or three letters a to z, as qav", crate::identity::shown(.0))]
    NoLanguage(String),
    /// A translation in which nothing can be seen.
    #[error("the translation is empty")]
    EmptyTranslation,
    /// A translation that fits no statement.
    #[error("the translation has {bytes} bytes, and {MAX_TRANSLATION_BYTES} are allowed")]
    LongTranslation {
        /// Bytes found.
        bytes: usize,
    },
    /// Nobody to whom it was presented.
    #[error("it names nobody to whom it was presented")]
    NoPrincipal,
    /// Too long a name.
    #[error("to whom it was presented takes {characters} characters, and {MAX_PRINCIPAL_CHARS} are allowed")]
    LongPrincipal {
        /// Characters found.
        characters: usize,
    },
}

/// A translation without its words: what decides which replaces which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translated {
    /// The desk at which it was made.
    pub desk: Identity,
    /// Into which language.
    pub language: Language,
    /// How it was made.
    pub grade: Grade,
}

impl Translated {
    /// Whether this one may replace an older one of the same message: made at the same desk, into the same language, and
    /// not of a lower grade.
    #[must_use]
    pub fn may_replace(&self, older: &Self) -> bool {
        self.desk == older.desk && self.language == older.language && self.grade >= older.grade
    }
}

impl Language {
    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Language {
    type Err = AnnexError;

    /// Reads a code, exactly.
    fn from_str(code: &str) -> Result<Self, AnnexError> {
        let letters = code.bytes().all(|letter| letter.is_ascii_lowercase());
        if letters && matches!(code.len(), 2 | 3) {
            return Ok(Self(code.to_owned()));
        }
        Err(AnnexError::NoLanguage(crate::identity::excerpt(code)))
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Judges the words of a translation. Characters that act instead of being seen are taken, as in a message, and shown as
/// chips.
///
/// # Errors
/// [`AnnexError`] when nothing can be seen in it, or it is too long.
pub fn check_translation(text: &str) -> Result<(), AnnexError> {
    if crate::text::is_blank(text) {
        return Err(AnnexError::EmptyTranslation);
    }
    if text.len() > MAX_TRANSLATION_BYTES {
        return Err(AnnexError::LongTranslation { bytes: text.len() });
    }
    Ok(())
}

/// Judges to whom a message was presented.
///
/// # Errors
/// [`AnnexError`] when it names nobody, or takes too many characters.
pub fn check_presented(to: &str) -> Result<(), AnnexError> {
    if crate::text::is_blank(to) {
        return Err(AnnexError::NoPrincipal);
    }
    let characters = to.chars().count();
    if characters > MAX_PRINCIPAL_CHARS {
        return Err(AnnexError::LongPrincipal { characters });
    }
    Ok(())
}

/// Bytes of a translation. 48 KiB of the 60 KiB of a statement: the rest holds the header with the checkpoints of sixteen
/// relays, and the officer's statement.
pub const MAX_TRANSLATION_BYTES: usize = 48 * 1024;
/// Characters that say to whom a message was presented. 200: a name and an office, no report.
pub const MAX_PRINCIPAL_CHARS: usize = 200;
/// Translations of one message that are kept at hand of each desk. 16: several languages in every grade, and second
/// thoughts. All of them stay in the log.
pub const MAX_TRANSLATIONS: usize = 16;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn a_language_is_a_code_of_two_or_three_small_letters() {
        for code in ["qav", "qbo", "de", "eng"] {
            assert_eq!(code.parse::<Language>().unwrap().as_str(), code);
        }
        for other in ["", "q", "QAV", "qav ", "qavx", "q1v", "й", "йц", "\u{1b}[2"] {
            assert!(other.parse::<Language>().is_err(), "{other:?}");
        }
    }

    #[test]
    fn a_translation_has_words_and_fits_a_statement() {
        assert_eq!(check_translation("Navu Boreni seka."), Ok(()));
        assert_eq!(check_translation(&"a".repeat(MAX_TRANSLATION_BYTES)), Ok(()));
        let long = "a".repeat(MAX_TRANSLATION_BYTES + 1);
        let bytes = MAX_TRANSLATION_BYTES + 1;
        assert_eq!(
            check_translation(&long),
            Err(AnnexError::LongTranslation { bytes })
        );
        for nothing in ["", " \n", "\u{200b}\u{1b}"] {
            assert_eq!(check_translation(nothing), Err(AnnexError::EmptyTranslation));
        }
    }

    #[test]
    fn who_presents_a_message_says_to_whom_in_few_words() {
        assert_eq!(check_presented("the minister"), Ok(()));
        assert_eq!(check_presented("\u{200b} "), Err(AnnexError::NoPrincipal));
        let characters = MAX_PRINCIPAL_CHARS + 1;
        assert_eq!(
            check_presented(&"é".repeat(characters)),
            Err(AnnexError::LongPrincipal { characters })
        );
    }

    #[test]
    fn a_translation_replaces_only_its_own_desks_of_one_language_and_no_better_one() {
        let of = |desk: &str, language: &str, grade| Translated {
            desk: format!("spiffe://exercise.borenia.example/desk/{desk}")
                .parse()
                .unwrap(),
            language: language.parse().unwrap(),
            grade,
        };
        let rough = of("ops", "qbo", Grade::Rough);
        assert!(of("ops", "qbo", Grade::Certified).may_replace(&rough));
        assert!(of("ops", "qbo", Grade::Rough).may_replace(&rough));
        assert!(!of("ops", "qbo", Grade::Sight).may_replace(&rough));
        assert!(!of("ops", "qav", Grade::Certified).may_replace(&rough));
        assert!(!of("air", "qbo", Grade::Certified).may_replace(&rough));
    }
}
