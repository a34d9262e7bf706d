//! What a seat has taken of what control owes it, kept on disk: an inject that comes again, because a connection or this
//! program died before control heard that it had come, is not told twice.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{exit::Failure, join::place::PLANE};

/// The number of the last inject that was told here, in the folder of the control plane.
const FILE: &str = "taken";

/// The last number that was taken.
pub(super) struct Taken {
    file: PathBuf,
    last: u64,
}

impl Taken {
    /// As this seat's folder says; nothing was taken where it says nothing.
    pub(super) fn read(dir: &Path) -> Result<Self, Failure> {
        let file = dir.join(PLANE).join(FILE);
        let last = match fs::read_to_string(&file) {
            Ok(text) => text.trim().parse().map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        };
        let last = last.map_err(|error| Failure::io(&file.display().to_string(), &error))?;
        Ok(Self { file, last })
    }

    /// Whether what has this number was not told here before.
    pub(super) const fn is_new(&self, no: u64) -> bool {
        no > self.last
    }

    /// It was told. If the disk takes it not, it may be told twice after this program has died, and that is all.
    pub(super) fn took(&mut self, no: u64) {
        self.last = self.last.max(no);
        let new = self.file.with_extension("new");
        let written = fs::write(&new, format!("{}\n", self.last)).and_then(|()| fs::rename(&new, &self.file));
        if let Err(error) = written {
            eprintln!("{}: {error}", self.file.display());
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn what_was_told_is_old_after_the_program_was_started_again() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join(PLANE)).unwrap();
        let mut taken = Taken::read(dir.path()).unwrap();
        assert!(taken.is_new(1));
        taken.took(2);
        taken.took(1);
        let again = Taken::read(dir.path()).unwrap();
        assert!(!again.is_new(1) && !again.is_new(2) && again.is_new(3));
        fs::write(dir.path().join(PLANE).join(FILE), "many").unwrap();
        assert!(Taken::read(dir.path()).is_err());
    }
}
