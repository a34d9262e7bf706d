//! `pki inspect`: what a file of this product says, every line explained in plain words.
//!
//! The kind is taken from the file's own opening, not from its name. What can be checked with the file and what lies
//! beside it is checked; what cannot is said to be unchecked. Text that strangers chose is shown inert. A private key is
//! never shown, only what it is for.

use std::path::Path;

use hotline_audit::statement::CharterTerms;
use hotline_audit::{PayloadType, SignedStatement};
use hotline_client::sealed;
use hotline_core::text::inert_line;
use hotline_core::time::WallTime;

use super::error::PkiError;
use super::read_certificate::{CertificateView, RevocationListView};
use super::{files, keys, trust_file};

mod charter;
mod deny;
mod keyfile;
mod lists;
mod roster;
mod x509;

/// One line of a file, explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// What the line is called.
    pub name: &'static str,
    /// What stands there.
    pub value: String,
    /// What it means.
    pub meaning: String,
    /// Whether the value is another one each time the file is made.
    pub nature: Nature,
}

/// Whether a value depends on chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// It follows from the declared file and the time.
    Declared,
    /// It comes from fresh randomness.
    Chance,
}

/// A file, explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What kind of file it is.
    pub title: String,
    /// Its lines.
    pub lines: Vec<Explained>,
}

impl Report {
    fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            lines: Vec::new(),
        }
    }

    fn line(&mut self, name: &'static str, value: impl AsRef<str>, meaning: impl Into<String>) {
        let value = inert_line(value.as_ref()).text;
        self.lines.push(Explained {
            name,
            value,
            meaning: meaning.into(),
            nature: Nature::Declared,
        });
    }

    fn chance(&mut self, name: &'static str, value: impl AsRef<str>, meaning: impl Into<String>) {
        self.line(name, value, meaning);
        if let Some(last) = self.lines.last_mut() {
            last.nature = Nature::Chance;
        }
    }

    /// The report as text.
    #[must_use]
    pub fn text(&self) -> String {
        self.render(|line| line.value.as_str())
    }

    /// The report as text, with everything that depends on chance left out.
    #[must_use]
    pub fn text_without_chance(&self) -> String {
        self.render(|line| match line.nature {
            Nature::Declared => line.value.as_str(),
            Nature::Chance => "(another one each time)",
        })
    }

    fn render<'a>(&'a self, value: impl Fn(&'a Explained) -> &'a str) -> String {
        let width = self.lines.iter().map(|line| line.name.len()).max().unwrap_or(0);
        let mut text = format!("{}\n", self.title);
        for line in &self.lines {
            text.push_str(&format!(
                "\n  {:<width$}  {}\n  {:<width$}  {}\n",
                line.name,
                value(line),
                "",
                line.meaning
            ));
        }
        text
    }
}

/// Reads a file and explains it.
///
/// # Errors
/// If it cannot be read, or is nothing that this product makes.
pub fn inspect(path: &Path, now: WallTime) -> Result<Report, PkiError> {
    let bytes = files::read(path)?;
    match std::str::from_utf8(&bytes) {
        Ok(text) if text.starts_with("-----BEGIN CERTIFICATE-----") => Ok(x509::certificate(
            path,
            &CertificateView::from_pem(path, text)?,
            now,
        )),
        Ok(text) if text.starts_with("-----BEGIN X509 CRL-----") => Ok(lists::revocation_list(
            path,
            &RevocationListView::from_pem(path, text)?,
            now,
        )),
        Ok(text) if text.starts_with(trust_file::HEAD) => Ok(lists::trust_file(
            &trust_file::TrustFile::parse(path, text, now)?,
            now,
        )),
        Ok(text) if text.starts_with(super::deny::HEAD) => deny::list(path, text),
        Ok(text) if text.starts_with("hotline-root ") => Ok(keyfile::root(&keys::read_root(path, text)?)),
        Ok(text) if sealed::kind(text).is_some() || keyfile::is_for_sealing(text) => {
            keyfile::private(path, text)
        }
        Ok(text) if roster::is_one(text) => roster::roster(path, text, now),
        Ok(_) | Err(_) => binary(path, &bytes),
    }
}

fn binary(path: &Path, bytes: &[u8]) -> Result<Report, PkiError> {
    if let Ok(terms) = CharterTerms::decode(bytes) {
        return Ok(charter::terms(&terms, bytes));
    }
    match SignedStatement::parse(bytes) {
        Ok(statement) if statement.payload_type == PayloadType::CharterConsent => {
            charter::consent(path, &statement)
        }
        Ok(statement) => {
            let why = format!(
                "it is a {}; hotline log show explains statements",
                statement.payload_type
            );
            Err(PkiError::unreadable(path, "a file of hotline pki", why))
        }
        Err(_) => Err(PkiError::unreadable(
            path,
            "a file of hotline pki",
            "it opens as none of them",
        )),
    }
}
