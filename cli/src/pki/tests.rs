//! What the verbs promise, checked on real files in a temporary folder.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use hotline_core::time::WallTime;
use hotline_core::words::OfficerRole;
use ring::rand::{SecureRandom, SystemRandom};

use super::declaration::{Declaration, DeclaredOfficer};
use super::error::PkiError;
use super::example::{AVELIA, BORENIA};
use super::read_certificate::{CertificateView, RevocationListView};
use super::trust::{Compared, KnownAnchors, Trusted};
use super::{export, init, layout, trust};

mod ends;
mod exchange;
mod holders;
mod made;
mod page;

const NOW: WallTime = WallTime::from_unix_ms(1_795_344_120_000);
const OURS: &str = "exercise.avelia.example";
const THEIRS: &str = "exercise.borenia.example";

/// Roster entries of an example side: log, witness and mirror of the relay; statement, log and sealing of two desks; five
/// officers, and the escrow.
const MADE: u64 = 3 + 2 * 3 + 5 + 1;

/// Both example sides, EXERCISE domains only, in one temporary folder.
struct Sides {
    place: tempfile::TempDir,
}

impl Sides {
    fn made() -> Self {
        Self::from(AVELIA, BORENIA)
    }

    fn from(avelia: &str, borenia: &str) -> Self {
        let sides = Self {
            place: tempfile::tempdir().unwrap(),
        };
        for (text, domain) in [(avelia, OURS), (borenia, THEIRS)] {
            let declaration = Declaration::parse(text, "declared.toml")
                .unwrap()
                .only(domain)
                .unwrap();
            init(&declaration, sides.place.path(), NOW, &mut entropy).unwrap();
        }
        sides
    }

    fn ours(&self) -> PathBuf {
        self.place.path().join(OURS)
    }

    fn theirs(&self) -> PathBuf {
        self.place.path().join(THEIRS)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// Their trust file, freshly exported.
    fn their_export(&self) -> PathBuf {
        let file = self.file("borenia.trust");
        export(&self.theirs(), &file, NOW).unwrap();
        file
    }

    fn trust_them(&self, file: &Path) -> Result<Trusted, PkiError> {
        trust(&self.ours(), file, &Compared::Vouched, KnownAnchors::Keep, NOW)
    }
}

fn entropy(bytes: &mut [u8]) {
    SystemRandom::new().fill(bytes).unwrap();
}

fn certificate(path: &Path) -> CertificateView {
    CertificateView::from_pem(path, &fs::read_to_string(path).unwrap()).unwrap()
}

fn revocation_list(folder: &Path) -> RevocationListView {
    let path = folder.join(layout::REVOCATION_LIST);
    RevocationListView::from_pem(&path, &fs::read_to_string(&path).unwrap()).unwrap()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Every file below a folder, with its path from there.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A watch officer of the desk ops.
fn officer(name: &str) -> DeclaredOfficer {
    DeclaredOfficer {
        name: name.into(),
        roles: vec![OfficerRole::WatchOfficer],
        desk: "ops".into(),
    }
}
