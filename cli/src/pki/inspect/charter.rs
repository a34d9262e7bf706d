//! A charter's terms and consents, line by line.

use std::path::Path;

use hotline_audit::statement::{CharterConsent, CharterTerms};
use hotline_audit::{Hash, SignedStatement};

use super::Report;
use crate::pki::error::PkiError;
use crate::pki::{files, layout, plain};

/// Explains terms.
pub(super) fn terms(terms: &CharterTerms, bytes: &[u8]) -> Report {
    let mut report = Report::new("The terms of a charter: what both sides agree a channel to be");
    report.line(
        "channel",
        &terms.channel,
        "The channel that every FORMAL message on it names.",
    );
    report.line("level", &terms.level, "Who speaks on it.");
    report.line("scope", &terms.scope, "What it is for.");
    report.line("hours", &terms.hours, "When it is watched.");
    report.line(
        "exercise",
        &terms.exercise,
        "The exercise or operation it belongs to.",
    );
    report.line(
        "sides",
        terms.sides.join(" and "),
        "The two trust domains that consent.",
    );
    report.line(
        "receipts",
        &terms.receipt_policy,
        "What each side promises to sign, and how soon.",
    );
    let codebook = terms
        .codebook_sha256
        .map_or("none agreed".to_owned(), |hash| hash.to_string());
    report.line("codebook", codebook, "SHA-256 of the agreed codebook.");
    report.line(
        "sha-256",
        Hash::of(bytes).to_string(),
        "What each side's consent signs: exactly these bytes.",
    );
    report
}

/// Explains a consent.
pub(super) fn consent(path: &Path, statement: &SignedStatement) -> Result<Report, PkiError> {
    let consent = CharterConsent::decode(&statement.payload)
        .map_err(|e| PkiError::unreadable(path, "a consent to a charter", e))?;
    let mut report = Report::new("A side's consent to a charter");
    report.line("officer", &consent.officer, "The releaser who signed it.");
    report.chance(
        "key",
        consent.key_statement.to_string(),
        "Hash of the key statement in that side's roster.",
    );
    let beside = files::read(&path.with_file_name(layout::TERMS)).map(|bytes| Hash::of(&bytes));
    let meaning = match beside {
        Ok(hash) if hash == consent.terms_sha256 => {
            "SHA-256 of the terms beside it: these are what it consents to."
        }
        Ok(_) => "NOT the terms beside it.",
        Err(_) => "SHA-256 of the terms it consents to.",
    };
    report.line("terms", consent.terms_sha256.to_string(), meaning);
    report.line(
        "claimed time",
        plain::date(consent.claimed_time_ms),
        "The officer's clock; a claim that decides nothing.",
    );
    Ok(report)
}
