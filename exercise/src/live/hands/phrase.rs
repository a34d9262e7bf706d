//! Officers' keys at a scripted seat: plain ones are held, sealed ones are unlocked for each deed, as people do.
//!
//! What a person has in the head lies in files here: `lindqvist.first` and, for duress, `lindqvist.second`.

use std::{collections::BTreeSet, fs, path::PathBuf, sync::Arc};

use hotline_client::{
    compose::Officer,
    config::DeskConfig,
    keyring::{self, KeyringError},
    sealed::{Passphrase, SealedKeyError, Unlocking},
    side::Directory,
};

use super::{Hands, Refused, refused};

/// An officer's key as it lies at the seat.
pub(super) enum Held {
    /// It signs as it is.
    Plain(Arc<Officer>),
    /// It needs a passphrase each time.
    Sealed,
}

impl Held {
    pub(super) fn read(config: &DeskConfig, directory: &Directory, name: &str) -> Result<Self, KeyringError> {
        match keyring::officer(config, directory, name, None) {
            Ok(officer) => Ok(Self::Plain(Arc::new(officer))),
            Err(KeyringError::Key(SealedKeyError::PassphraseNeeded { .. })) => Ok(Self::Sealed),
            Err(error) => Err(error),
        }
    }
}

/// What officers have in their heads.
#[derive(Default)]
pub(super) struct Phrases {
    folder: Option<PathBuf>,
    /// Who types the second passphrase.
    second: BTreeSet<String>,
}

impl Phrases {
    fn of(&self, officer: &str) -> Result<Passphrase, Refused> {
        let which = if self.second.contains(officer) {
            "second"
        } else {
            "first"
        };
        let forgotten = |why: String| refused("HL-DESK-034", format!("{officer} has no passphrase: {why}"));
        let folder = self
            .folder
            .as_ref()
            .ok_or_else(|| forgotten("nobody gave one".into()))?;
        let text = fs::read_to_string(folder.join(format!("{officer}.{which}")));
        let text = text.map_err(|error| forgotten(error.to_string()))?;
        Ok(Passphrase::new(text.trim_end().to_owned()))
    }
}

impl Hands {
    /// Where the passphrases of its officers lie.
    pub fn knows_by_heart(&mut self, folder: Option<PathBuf>) {
        self.phrases.folder = folder;
    }

    /// From now on this officer types the second passphrase.
    pub fn types_second(&mut self, officer: String) {
        self.phrases.second.insert(officer);
    }

    /// An officer who signs now.
    pub(super) fn officer(&self, name: &str) -> Result<Arc<Officer>, Refused> {
        match self.officers.get(name) {
            Some(Held::Plain(officer)) => Ok(Arc::clone(officer)),
            Some(Held::Sealed) => {
                let passphrase = self.phrases.of(name)?;
                let unlocking = Unlocking::now(&passphrase, &self.seams);
                let officer = keyring::officer(&self.config, &self.directory, name, Some(&unlocking));
                let failed =
                    |error: KeyringError| refused("HL-DESK-033", hotline_core::causes::chain(&error));
                officer.map(Arc::new).map_err(failed)
            }
            None => Err(refused("HL-EX-107", format!("no officer {name} sits here"))),
        }
    }
}
