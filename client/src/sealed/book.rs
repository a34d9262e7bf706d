//! The security officer's book: how the notes of whose second passphrase are known.
//!
//! Text, a line each: first [`HEAD`], then an officer's identity, the secret half of the watch key, the token of the second
//! passphrase and the salt of the sealed file, all three in base64. Of an officer whose key was sealed anew the last
//! [`SEALS_MAX`] seals stand there, the newest last: notes that were made before are still known, and so is a key whose
//! replacing failed. A book of nobody is the head alone. It is kept where the officers' seats are not: whoever reads it knows
//! who has a second passphrase.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use hotline_core::identity::{Identity, Role};
use zeroize::Zeroizing;

use super::{SALT_BYTES, SECRET_BYTES, Secret, Watching};

/// First line of a book.
pub const HEAD: &str = "hotline duress book 1";
/// Most officers of one book.
pub const OFFICERS_MAX: usize = 1_024;
/// Most seals of one officer that a book keeps: the newest.
pub const SEALS_MAX: usize = 8;

/// Who has a second passphrase, and how its notes are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    /// Of each officer the oldest seal first.
    known: BTreeMap<Identity, Vec<Watching>>,
}

/// A text that is no book.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the duress book: {why}")]
pub struct NotABook {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: String,
}

impl Book {
    /// Reads a book.
    ///
    /// # Errors
    /// [`NotABook`].
    pub fn parse(text: &str) -> Result<Self, NotABook> {
        let mut book = Self::default();
        let mut lines = (1..).zip(text.lines());
        if lines.next().is_none_or(|(_, head)| head != HEAD) {
            return Err(wrong(1, format!("it is not \"{HEAD}\"")));
        }
        for (line, entry) in lines {
            let (officer, watching) = read(line, entry)?;
            let seals = book.known.entry(officer).or_default();
            seals.push(watching);
            if seals.len() > SEALS_MAX {
                return Err(wrong(
                    line,
                    format!("it names an officer more than {SEALS_MAX} times"),
                ));
            }
            if book.known.len() > OFFICERS_MAX {
                return Err(wrong(
                    line,
                    format!("it is the {OFFICERS_MAX}th officer's, or beyond"),
                ));
            }
        }
        Ok(book)
    }

    /// Writes down how an officer's second passphrase is known from now on. What was known before stays known, up to
    /// [`SEALS_MAX`] seals: notes were made with it, and the key may still be the one before.
    pub fn add(&mut self, officer: Identity, watching: Watching) {
        let seals = self.known.entry(officer).or_default();
        seals.push(watching);
        let oldest = seals.len().saturating_sub(SEALS_MAX);
        seals.drain(..oldest);
    }

    /// The book as it is kept.
    #[must_use]
    pub fn text(&self) -> String {
        let lines = self.seals().map(|(officer, seal)| {
            format!(
                "{officer} {} {} {}\n",
                BASE64.encode(&seal.secret.0),
                BASE64.encode(&seal.token.0),
                BASE64.encode(&seal.salt)
            )
        });
        std::iter::once(format!("{HEAD}\n")).chain(lines).collect()
    }

    /// Who is in it.
    pub fn officers(&self) -> impl Iterator<Item = &Identity> {
        self.known.keys()
    }

    /// Every seal that it knows, an officer's oldest first.
    pub fn seals(&self) -> impl Iterator<Item = (&Identity, &Watching)> {
        let known = self.known.iter();
        known.flat_map(|(officer, seals)| seals.iter().map(move |seal| (officer, seal)))
    }
}

fn read(line: usize, entry: &str) -> Result<(Identity, Watching), NotABook> {
    let mut words = entry.split(' ');
    let (Some(officer), Some(secret), Some(token), Some(salt), None) = (
        words.next(),
        words.next(),
        words.next(),
        words.next(),
        words.next(),
    ) else {
        return Err(wrong(
            line,
            "it is not an identity, two secrets and a salt".into(),
        ));
    };
    let officer: Identity = officer.parse().map_err(|error| wrong(line, format!("{error}")))?;
    if officer.role() != Role::Officer {
        return Err(wrong(line, format!("{officer} is no officer")));
    }
    let secret = Secret(bytes::<SECRET_BYTES>(line, secret)?);
    let token = Secret(bytes::<SECRET_BYTES>(line, token)?);
    let salt = bytes::<SALT_BYTES>(line, salt)?;
    Ok((officer, Watching::new(secret, token, salt)))
}

fn bytes<const N: usize>(line: usize, text: &str) -> Result<[u8; N], NotABook> {
    let decoded = BASE64.decode(text.as_bytes()).ok().map(Zeroizing::new);
    decoded
        .and_then(|bytes| bytes.as_slice().try_into().ok())
        .ok_or_else(|| wrong(line, format!("it has no base64 of {N} bytes where it should")))
}

fn wrong(line: usize, why: String) -> NotABook {
    NotABook { line, why }
}
