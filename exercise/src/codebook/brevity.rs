//! Brevity: how many words a message may have. FLASH and IMMEDIATE are short, coded or not.
//!
//! The line's release rule counts the whole text; so does this, and a message that passes here is not refused there.

use hotline_core::{precedence::Precedence, release::count_words};

use super::coded::FIRST_LINE;

/// The words of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Words of the whole text.
    pub words: usize,
    /// Of these, words of free text; all of them in a message that is not coded.
    pub free: usize,
    /// The most that its precedence allows; `None`: no limit.
    pub limit: Option<usize>,
}

/// A message has too many words for its precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a {precedence} has at most {limit} words, and this one has {words}, {free} of them free text; leave out {over}"
)]
pub struct TooLong {
    /// How urgent it is.
    pub precedence: Precedence,
    /// The most words.
    pub limit: usize,
    /// Words found.
    pub words: usize,
    /// Of these, free text.
    pub free: usize,
    /// Words too many.
    pub over: usize,
}

/// Counts the words of a text, coded or free.
#[must_use]
pub fn count(precedence: Precedence, text: &str) -> Counted {
    let coded = text.split('\n').next() == Some(FIRST_LINE);
    let free = if coded {
        text.split('\n')
            .filter_map(|line| line.strip_prefix('>'))
            .map(count_words)
            .sum()
    } else {
        count_words(text)
    };
    Counted {
        words: count_words(text),
        free,
        limit: precedence.word_limit(),
    }
}

/// Whether a text is short enough for its precedence.
///
/// # Errors
/// [`TooLong`], with the count.
pub fn check(precedence: Precedence, text: &str) -> Result<Counted, TooLong> {
    let counted = count(precedence, text);
    let Counted { words, free, limit } = counted;
    match limit {
        Some(limit) if words > limit => Err(TooLong {
            precedence,
            limit,
            words,
            free,
            over: words - limit,
        }),
        Some(_) | None => Ok(counted),
    }
}
