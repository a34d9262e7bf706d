//! What an auditor says of a disputed message.

use serde::Serialize;

use super::Texts;

/// The ruling, as its page says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dispute {
    /// Its heading.
    pub title: String,
    /// The verdict, and against whom: `TRUNCATED, against B (Borenia)`.
    pub verdict: String,
    /// The exit code of the program that says it.
    pub exit: u8,
    /// The sentence of the program that decides; empty where its findings are listed.
    pub sentence: String,
    /// The verdict as a sentence, by language.
    pub sentences: Texts,
    /// What does not hold.
    pub wrong: Vec<String>,
    /// What signatures in the copies prove.
    pub proved: Vec<String>,
    /// What each side handed in.
    pub handed: Vec<String>,
    /// What is only claimed.
    pub claimed: Vec<String>,
    /// What nobody can prove.
    pub unprovable: Vec<String>,
    /// The command that decides it again.
    pub command: String,
}
