//! The logs: verified, compared, and one changed byte found.

use std::{
    fs,
    path::{Path, PathBuf},
};

use hotline_audit::trust::TrustPolicy;

use super::super::{check::Told, stage::Stage};
use crate::{exit::Failure, log};

/// All logs are verified and compared, and a flipped byte is found.
pub(super) fn evidence(stage: &Stage, told: &mut Told) {
    told.part("The evidence, checked offline with public keys only.");
    let policy = match TrustPolicy::load_folder(&stage.trust(0)) {
        Ok(policy) => policy,
        Err(error) => {
            told.check("the trust folder can be read", false, error.to_string());
            return;
        }
    };
    let ledgers = stage.ledgers();
    for (title, ledger) in &ledgers {
        match log::verify::verify_ledger(ledger, &policy) {
            Ok(report) => told.check(
                &format!("the log of {title} verifies"),
                report.passed(),
                format!("{} leaves", report.entries),
            ),
            Err(failure) => told.check(&format!("the log of {title} verifies"), false, failure.what),
        }
    }
    for pair in [[0, 2], [1, 3], [0, 1]] {
        let [(a, first), (b, second)] = pair.map(|place| ledgers[place].clone());
        match log::compare::compare(&first, &second, &policy) {
            Ok(report) => told.check(
                &format!("{a} and {b} tell one story"),
                report.honest(),
                report.in_words(),
            ),
            Err(failure) => told.check(&format!("{a} and {b} tell one story"), false, failure.what),
        }
    }
    flip(stage, told, &policy);
}

fn flip(stage: &Stage, told: &mut Told, policy: &TrustPolicy) {
    const NAME: &str = "one changed byte in a copied log is found and named";
    let (_, ledger) = &stage.ledgers()[1];
    let copy = stage.dir.join("copied-log");
    let flipped = log::export::export(ledger, &copy).and_then(|_| flip_one(&copy));
    match flipped {
        Err(failure) => told.check(NAME, false, failure.what),
        Ok(file) => {
            let found = hotline_audit::verify::verify_directory(&copy, policy);
            let said = found.to_string();
            let said = said
                .lines()
                .find(|line| line.contains("first bad"))
                .or_else(|| said.lines().next());
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            told.check(
                NAME,
                !found.passed(),
                format!("{name} changed; {}", said.unwrap_or_default().trim()),
            );
        }
    }
}

/// Changes one byte in the middle of the first file of entries.
pub(crate) fn flip_one(copy: &Path) -> Result<PathBuf, Failure> {
    let folder = copy.join("tile/entries");
    let failed = |error: std::io::Error| Failure::io(&folder.display().to_string(), &error);
    let file = first_file(&folder).map_err(failed)?;
    let mut bytes = fs::read(&file).map_err(failed)?;
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    fs::write(&file, bytes).map_err(failed)?;
    Ok(file)
}

fn first_file(folder: &Path) -> std::io::Result<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    entries.sort();
    for entry in entries {
        if entry.is_file() {
            return Ok(entry);
        }
        if let Ok(found) = first_file(&entry) {
            return Ok(found);
        }
    }
    Err(std::io::Error::new(
        std::io::ErrorKind::NotFound,
        "no file of entries",
    ))
}
