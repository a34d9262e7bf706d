//! A roster, entry by entry.

use std::path::Path;

use data_encoding::BASE64;
use hotline_audit::key::is_roster_entry;
use hotline_audit::statement::{KeyStatement, Revocation, SealKey};
use hotline_audit::{Hash, PayloadType, Purpose, SignedStatement};
use hotline_core::time::WallTime;
use hotline_core::words::OfficerRole;

use super::Report;
use crate::pki::error::PkiError;
use crate::pki::folder::read_roster;
use crate::pki::{files, keys, layout, plain};

/// Whether a text is a roster: its first line that is no comment is an entry of one.
pub(super) fn is_one(text: &str) -> bool {
    let Some(line) = text
        .lines()
        .find(|line| !line.is_empty() && !line.starts_with('#'))
    else {
        return false;
    };
    let statement = BASE64
        .decode(line.as_bytes())
        .ok()
        .and_then(|bytes| SignedStatement::parse(&bytes).ok());
    statement.is_some_and(|statement| is_roster_entry(statement.payload_type))
}

/// Explains a roster.
pub(super) fn roster(path: &Path, text: &str, now: WallTime) -> Result<Report, PkiError> {
    let mut report = Report::new("A roster: who may sign for one trust domain");
    let root_path = path.with_file_name(layout::ROOT_PUBLIC);
    match files::read_text(&root_path) {
        Ok(root) => {
            let (domain, root) = keys::read_root(&root_path, &root)?;
            read_roster(path, text, &domain, root)?;
            report.line(
                "domain",
                domain.to_string(),
                "Each entry is for this domain only.",
            );
            report.line(
                "chain",
                "holds under the root.pub beside it",
                "Every entry is signed by the root and names the one before it.",
            );
        }
        Err(_) => report.line(
            "chain",
            "unchecked: no root.pub lies beside it",
            "Anybody could have written what follows.",
        ),
    }
    for line in text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        entry(&mut report, path, line, now)?;
    }
    Ok(report)
}

fn entry(report: &mut Report, path: &Path, line: &str, now: WallTime) -> Result<(), PkiError> {
    let wrong = |why: String| PkiError::unreadable(path, "a roster", why);
    let bytes = BASE64.decode(line.as_bytes()).map_err(|e| wrong(e.to_string()))?;
    let statement = SignedStatement::parse(&bytes).map_err(|e| wrong(e.to_string()))?;
    if statement.payload_type == PayloadType::Revocation {
        let revocation = Revocation::decode(&statement.payload).map_err(|e| wrong(e.to_string()))?;
        report.line(
            "revocation",
            format!("{}  {}", revocation.number, revocation.reason),
            meaning_of(&revocation),
        );
        return Ok(());
    }
    if statement.payload_type == PayloadType::SealKey {
        let key = SealKey::decode(&statement.payload).map_err(|e| wrong(e.to_string()))?;
        report.line(
            "seal key",
            format!("{}  SEAL  {}", key.number, key.subject),
            format!(
                "Messages to it are sealed to this key; it signs nothing. Until {}.",
                plain::end(key.not_after_ms, now)
            ),
        );
        report.chance(
            "its hash",
            Hash::of(&bytes).to_string(),
            "What sealed messages name it by.",
        );
        return Ok(());
    }
    let key = KeyStatement::decode(&statement.payload).map_err(|e| wrong(e.to_string()))?;
    let purpose = Purpose::from_wire(key.purpose).map_or("?".to_owned(), |purpose| purpose.to_string());
    let end = plain::end(key.not_after_ms, now);
    report.line(
        "key",
        format!("{}  {purpose}  {}", key.number, key.subject),
        format!("{} Until {end}.", meaning_of_key(&key)),
    );
    report.chance(
        "its hash",
        Hash::of(&bytes).to_string(),
        "What statements signed with that key name it by.",
    );
    Ok(())
}

fn meaning_of(revocation: &Revocation) -> String {
    format!(
        "Ends the key whose hash starts with {}. Claimed to have been made at {}.",
        &revocation.key_statement.to_string()[..16],
        plain::date(revocation.claimed_time_ms)
    )
}

fn meaning_of_key(key: &KeyStatement) -> String {
    match Purpose::from_wire(key.purpose) {
        Some(Purpose::Statement) => "Signs this desk's messages and receipts.".into(),
        Some(Purpose::Log) => "Signs the checkpoints of this log, of one history only.".into(),
        Some(Purpose::Officer) => {
            let roles = key
                .roles
                .iter()
                .filter_map(|role| OfficerRole::from_wire(*role))
                .map(OfficerRole::name);
            format!(
                "Signs this officer's approvals and acts, as {}.",
                roles.collect::<Vec<_>>().join(" and ")
            )
        }
        Some(Purpose::Control) => {
            "Signs control's records and orders in an exercise, and nothing of the line.".into()
        }
        Some(Purpose::Witness) => {
            "Signs that the other side's logs only grew, as this relay has seen them.".into()
        }
        Some(Purpose::Mirror) => "Signs that this relay holds what the other side's logs hold.".into(),
        None => "For a purpose that this program does not know.".into(),
    }
}
