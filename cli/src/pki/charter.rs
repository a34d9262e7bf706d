//! A channel's charter: its terms as exact bytes, and each side's consent to exactly those bytes.
//!
//! Both sides declare the same words, so both encode the same bytes and sign the same hash. A desk opens the channel
//! once it holds the terms and one consent of each side; what it then puts into its chain is `client`'s matter.

use hotline_audit::statement::{CharterConsent, CharterTerms};
use hotline_audit::{Hash, PayloadType, Roster, RosterSet, SignedStatement, SigningKey, verify_consent};
use hotline_core::identity::{Identity, TrustDomain};
use hotline_core::time::WallTime;
use hotline_core::words::OfficerRole;

use super::declaration::DeclaredCharter;
use super::error::PkiError;

/// The terms of a charter between two domains.
#[must_use]
pub fn terms(
    charter: &DeclaredCharter,
    exercise: &str,
    ours: &TrustDomain,
    theirs: &TrustDomain,
) -> CharterTerms {
    let mut sides = vec![ours.to_string(), theirs.to_string()];
    sides.sort();
    CharterTerms {
        channel: charter.channel.clone(),
        level: charter.level.clone(),
        scope: charter.scope.clone(),
        hours: charter.hours.clone(),
        exercise: exercise.to_owned(),
        sides,
        receipt_policy: charter.receipt_policy.clone(),
        codebook_sha256: charter.codebook,
    }
}

/// A releaser's consent to the exact bytes of a charter's terms.
///
/// # Errors
/// If the statement cannot be made.
pub fn consent(
    terms: &[u8],
    officer: &Identity,
    key_statement: Hash,
    key: &SigningKey,
    now: WallTime,
) -> Result<SignedStatement, PkiError> {
    let consent = CharterConsent {
        officer: officer.to_string(),
        key_statement,
        terms_sha256: Hash::of(terms),
        claimed_time_ms: now.unix_ms(),
    };
    SignedStatement::sign(PayloadType::CharterConsent, &consent.encode(), key)
        .map_err(|e| PkiError::making("the consent to the charter", e))
}

/// Checks that a releaser of this roster consents to exactly these terms, with a key that is good now.
///
/// # Errors
/// What does not hold.
pub fn check_consent(consent: &[u8], terms: &[u8], roster: &Roster, now: WallTime) -> Result<(), String> {
    let mut rosters = RosterSet::new();
    rosters.update(roster.clone()).map_err(|e| e.to_string())?;
    let given = verify_consent(consent, &rosters, now.unix_ms()).map_err(|e| e.to_string())?;
    if !given.roles.contains(&OfficerRole::Releaser.to_wire()) {
        return Err(format!("{} is no RELEASER", given.officer));
    }
    if given.said.terms_sha256 != Hash::of(terms) {
        return Err(format!("{} consents to other terms", given.officer));
    }
    Ok(())
}

/// A term in which two charters differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Name of the term.
    pub term: &'static str,
    /// What ours says.
    pub ours: String,
    /// What theirs says.
    pub theirs: String,
}

/// The first term in which two charters differ; none if their bytes are the same.
#[must_use]
pub fn difference(ours: &CharterTerms, theirs: &CharterTerms) -> Option<Difference> {
    let codebook = |terms: &CharterTerms| {
        terms
            .codebook_sha256
            .map_or("none".into(), |hash| hash.to_string())
    };
    [
        ("channel", ours.channel.clone(), theirs.channel.clone()),
        ("exercise", ours.exercise.clone(), theirs.exercise.clone()),
        ("sides", ours.sides.join(" and "), theirs.sides.join(" and ")),
        ("level", ours.level.clone(), theirs.level.clone()),
        ("scope", ours.scope.clone(), theirs.scope.clone()),
        ("hours", ours.hours.clone(), theirs.hours.clone()),
        (
            "receipt_policy",
            ours.receipt_policy.clone(),
            theirs.receipt_policy.clone(),
        ),
        ("codebook", codebook(ours), codebook(theirs)),
    ]
    .into_iter()
    .find(|(_, ours, theirs)| ours != theirs)
    .map(|(term, ours, theirs)| Difference { term, ours, theirs })
}
