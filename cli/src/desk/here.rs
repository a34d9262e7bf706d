//! Which desk a verb is about when nobody names its settings: `--config`, else `HOTLINE_CONFIG`, else `desk.toml` here,
//! else the only one below this folder. A backup identity that nobody went over to yet is not one.

use std::{
    fs,
    path::{Path, PathBuf},
};

use hotline_client::config::DeskConfig;

use crate::exit::{self, Failure};

/// The variable that names a desk's settings.
pub const VARIABLE: &str = "HOTLINE_CONFIG";

/// The file that is looked for.
const FILE: &str = "desk.toml";

/// How many folders deep it is looked for. 5: `SIDE/DOMAIN/desk/NAME/desk.toml` is 4, and one for who stands above.
const DEPTH: usize = 5;

/// Folders looked into at most. 4,096: whoever stands in a home folder gets an answer at once.
const FOLDERS_MAX: usize = 4096;

/// The settings of the desk that is meant when nobody names one.
///
/// # Errors
/// If no desk is found, or more than one: their names.
pub fn unnamed() -> Result<PathBuf, Failure> {
    match std::env::var_os(VARIABLE).filter(|config| !config.is_empty()) {
        Some(config) => Ok(config.into()),
        None => choose(in_use(below(Path::new(".")))),
    }
}

/// Without backup identities that nobody went over to yet: a desk `NAME-backup` beside a desk `NAME`, without a ledger.
fn in_use(found: Vec<PathBuf>) -> Vec<PathBuf> {
    let is_spare = |file: &PathBuf| {
        let place = file.parent()?;
        let name = place.file_name()?.to_str()?.strip_suffix("-backup")?;
        let beside = found.contains(&place.with_file_name(name).join(FILE));
        let ledger = DeskConfig::load(file).ok()?.ledger;
        Some(beside && !ledger.exists())
    };
    found
        .iter()
        .filter(|file| is_spare(file) != Some(true))
        .cloned()
        .collect()
}

fn choose(found: Vec<PathBuf>) -> Result<PathBuf, Failure> {
    let what = match found.as_slice() {
        [one] => return Ok(one.clone()),
        [] => format!("no {FILE} is here or below"),
        many => {
            let names: Vec<String> = many.iter().map(|path| path.display().to_string()).collect();
            format!("more than one {FILE} is below: {}", names.join(", "))
        }
    };
    Err(Failure::new(
        "HL-DESK-035",
        exit::CONFIG,
        what,
        format!("name one with --config FILE or {VARIABLE}"),
    ))
}

/// Every settings file below a folder, the nearest level only, in the order of names.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut level = vec![folder.to_owned()];
    let mut looked = 0;
    for _ in 0..DEPTH {
        let found: Vec<PathBuf> = level
            .iter()
            .map(|folder| folder.join(FILE))
            .filter(|file| file.is_file())
            .collect();
        if !found.is_empty() {
            return found;
        }
        looked += level.len();
        if looked > FOLDERS_MAX {
            break;
        }
        level = level.iter().flat_map(|folder| folders(folder)).collect();
        level.sort();
    }
    Vec::new()
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn put(folder: &Path, desk: &str) -> PathBuf {
        let place = folder.join(desk);
        fs::create_dir_all(&place).unwrap();
        let file = place.join(FILE);
        fs::write(&file, "").unwrap();
        file
    }

    #[test]
    fn the_only_desk_below_is_found_and_the_nearest_wins() {
        let folder = tempfile::tempdir().unwrap();
        assert!(choose(below(folder.path())).is_err());
        let deep = put(folder.path(), "avelia/exercise.avelia.example/desk/ops");
        assert_eq!(choose(below(folder.path())), Ok(deep));
        let here = put(folder.path(), ".");
        assert!(
            choose(below(folder.path())).is_ok_and(|found| found.exists() && found.parent() == here.parent())
        );
    }

    #[test]
    fn a_backup_identity_counts_once_somebody_went_over_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let desk = put(folder.path(), "desk/ops");
        let spare = put(folder.path(), "desk/ops-backup");
        let settings = r#"
            identity = "spiffe://exercise.avelia.example/desk/ops-backup"
            peer = "spiffe://exercise.borenia.example/desk/ops"
            prefix = "A"
            ledger = "desk.ledger"
            socket = "desk.sock"
            tls = { certificate = "tls.crt", key = "tls.key" }
            statement_key = "statement.key"
            log_key = "log.key"
            trust = "trust"
            exercise = "FIRST LIGHT"
            channel = "MINISTER"
            officers = "officers"
        "#;
        fs::write(&spare, settings).unwrap();
        for file in ["tls.crt", "tls.key", "statement.key", "log.key"] {
            fs::write(spare.with_file_name(file), "").unwrap();
        }
        fs::create_dir_all(spare.with_file_name("trust")).unwrap();
        let found = below(folder.path());
        assert_eq!(found.len(), 2);
        assert_eq!(in_use(found.clone()), [desk]);
        fs::write(spare.with_file_name("desk.ledger"), "").unwrap();
        assert_eq!(in_use(found.clone()), found);
    }

    #[test]
    fn of_two_desks_none_is_guessed_and_both_are_named() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "avelia/ops");
        put(folder.path(), "borenia/ops");
        let failure = choose(below(folder.path())).unwrap_err();
        assert!(
            failure.what.contains("avelia") && failure.what.contains("borenia"),
            "{failure:?}"
        );
        assert!(failure.help.contains(VARIABLE));
    }
}
