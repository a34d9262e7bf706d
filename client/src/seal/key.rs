//! A private key for sealing, and how it lies on disk.

use std::{
    convert::Infallible,
    fmt,
    path::{Path, PathBuf},
};

use hotline_audit::{Hash, key::RosterSet};
use hotline_transport::{Entropy, credentials};
use hpke::{
    Deserializable as _, Kem as _, Serializable as _,
    rand_core::{TryCryptoRng, TryRng},
};
use zeroize::Zeroizing;

use super::{Kem, PrivateKey};
use crate::station::OpenError;

/// Bytes of a public key.
pub const PUBLIC_BYTES: usize = 1_216;

/// Earlier keys that a desk keeps. 64: a new one each month for five years.
pub const OLD_MAX: usize = 64;

/// Where the key lies that was followed as the `number`-th: `seal.old-1.key` beside `seal.key`.
#[must_use]
pub fn old_key(file: &Path, number: usize) -> PathBuf {
    file.with_extension(format!("old-{number}.key"))
}

/// A private key for sealing, with its public half.
#[derive(Clone)]
pub struct SealSecret {
    private: PrivateKey,
    public: Box<[u8; PUBLIC_BYTES]>,
}

impl fmt::Debug for SealSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealSecret")
    }
}

impl SealSecret {
    /// From its 32-byte seed.
    ///
    /// # Errors
    /// In words, if it gives no key, which no seed does.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, String> {
        let private = PrivateKey::from_bytes(seed).map_err(|error| error.to_string())?;
        let public = Kem::sk_to_pk(&private).to_bytes();
        Ok(Self {
            public: Box::new(public.into()),
            private,
        })
    }

    /// Reads a key file: a seed in PEM, in a file that only its owner can read.
    ///
    /// # Errors
    /// [`OpenError`] names the file and what is wrong with it.
    pub fn load(file: &Path) -> Result<Self, OpenError> {
        let seed = credentials::load_seal_seed(file)?;
        Self::from_seed(&seed).map_err(|detail| OpenError::Key {
            file: file.display().to_string(),
            detail,
        })
    }

    /// Reads a desk's key files: the one that its settings name, and beside it those that it followed, `seal.old-1.key` and
    /// on, the newest first. What was sealed to those, or is sealed by whoever has an older roster, stays readable.
    ///
    /// # Errors
    /// [`OpenError`] names the file and what is wrong with it.
    pub fn load_all(file: &Path) -> Result<Vec<Self>, OpenError> {
        let mut keys = vec![Self::load(file)?];
        for number in (1..=OLD_MAX).rev() {
            let old = old_key(file, number);
            if old.exists() {
                keys.push(Self::load(&old)?);
            }
        }
        Ok(keys)
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> &[u8; PUBLIC_BYTES] {
        &self.public
    }

    pub(super) fn private(&self) -> &PrivateKey {
        &self.private
    }

    /// The roster entries that enrol this key, for whomever, ended or not.
    pub fn enrolled_anywhere<'r>(&'r self, rosters: &'r RosterSet) -> impl Iterator<Item = Hash> + 'r {
        let entries = rosters.rosters().flat_map(hotline_audit::Roster::seal_keys);
        entries
            .filter(|entry| entry.statement.public_key == self.public)
            .map(|entry| entry.hash)
    }

    /// The roster entries that enrol this key for its owner, ended or not: what was sealed to it stays readable.
    pub fn enrolled<'r>(&'r self, owner: &'r str, rosters: &'r RosterSet) -> impl Iterator<Item = Hash> + 'r {
        rosters
            .rosters()
            .flat_map(hotline_audit::Roster::seal_keys)
            .filter(move |entry| {
                entry.statement.subject == owner && entry.statement.public_key == self.public
            })
            .map(|entry| entry.hash)
    }
}

/// A key as it is written to a file, with its public half. The seed is chance.
///
/// # Errors
/// In words, if the seed gives no key, which every seed does.
pub fn key_file(seed: &[u8; 32]) -> Result<(Zeroizing<String>, Box<[u8; PUBLIC_BYTES]>), String> {
    let secret = SealSecret::from_seed(seed)?;
    Ok((credentials::seal_seed_pem(seed), secret.public))
}

/// The seam's entropy, as the library of HPKE asks for it.
pub(super) struct Dice<'e>(pub(super) &'e dyn Entropy);

impl TryRng for Dice<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, buffer: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(buffer);
        Ok(())
    }
}

impl TryCryptoRng for Dice<'_> {}
