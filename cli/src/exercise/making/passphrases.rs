//! Sealed keys of an exercise: passphrases that nobody chose, for scripts and people who know them by heart, and a side's
//! duress book for its security officer.

use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use hotline_client::sealed::Passphrase;
use hotline_exercise::scenario::{Scenario, cast::OfficerCard, lists::Side};
use hotline_transport::Seams;

use super::{domain, pki_failed};
use crate::{
    exit::Failure,
    pki::{
        files::{self, Audience},
        layout,
        seal::{Typed, seal},
    },
};

/// The folder of what officers know by heart, in the stage's folder.
const BY_HEART: &str = "by-heart";
/// The folder of what security officers keep, in the stage's folder.
const SECURITY: &str = "security";

/// The folder of passphrases, if any key of the exercise is sealed.
pub fn by_heart(root: &Path) -> Option<PathBuf> {
    let folder = root.join(BY_HEART);
    folder.is_dir().then_some(folder)
}

/// A side's duress book, if one of its officers has a second passphrase.
pub fn book(root: &Path, side: Side) -> Option<PathBuf> {
    let file = book_of(root, side);
    file.is_file().then_some(file)
}

fn book_of(root: &Path, side: Side) -> PathBuf {
    root.join(SECURITY).join(format!("{side}.book"))
}

/// Seals the keys of a side's officers that the scenario has sealed. One whose key stays elsewhere is left as it is.
pub(super) fn seal_keys(scenario: &Scenario, side: Side, root: &Path, seams: &Seams) -> Result<(), Failure> {
    let sealed = |officer: &&OfficerCard| officer.side == side && (officer.sealed || officer.duress);
    for officer in scenario.officers.iter().filter(sealed) {
        let folder = root.join(domain(side));
        let key = folder
            .join("officer")
            .join(&*officer.name)
            .join(layout::OFFICER_KEY);
        if key.is_file() {
            seal_key(officer, &folder, root, seams)?;
        }
    }
    Ok(())
}

fn seal_key(officer: &OfficerCard, folder: &Path, root: &Path, seams: &Seams) -> Result<(), Failure> {
    let first = known(officer, "first", root, seams)?;
    let second = officer
        .duress
        .then(|| known(officer, "second", root, seams))
        .transpose()?;
    let book = book_of(root, officer.side);
    if second.is_some() {
        private(book.parent().unwrap_or(root))?;
    }
    let typed = Typed {
        present: None,
        first: &first,
        second: second.as_ref().map(|second| (second, book.as_path())),
    };
    let mut entropy = |bytes: &mut [u8]| seams.entropy.fill(bytes);
    seal(folder, &format!("officer/{}", *officer.name), typed, &mut entropy)
        .map(drop)
        .map_err(|error| pki_failed(&error))
}

/// A passphrase, drawn, and written down where the officer's script finds it.
fn known(officer: &OfficerCard, which: &str, root: &Path, seams: &Seams) -> Result<Passphrase, Failure> {
    let folder = root.join(BY_HEART);
    private(&folder)?;
    let mut drawn = [0; 16];
    seams.entropy.fill(&mut drawn);
    let text = HEXLOWER.encode(&drawn);
    let file = folder.join(format!("{}.{which}", *officer.name));
    files::write_new(&file, format!("{text}\n").as_bytes(), Audience::Owner)
        .map_err(|error| pki_failed(&error))?;
    Ok(Passphrase::new(text))
}

fn private(folder: &Path) -> Result<(), Failure> {
    files::make_folder(folder).map_err(|error| pki_failed(&error))
}
