//! Checking a node's settings file whole, before anything is opened.
//!
//! Relay and desk read different files in the same way: TOML, paths relative to the file's own folder, and errors that
//! name the file, the key, the value found and one that would work.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use hotline_core::{
    health::{NotAProfile, Profile},
    identity::{Identity, Role},
};
use serde::de::DeserializeOwned;

use crate::agreed::{KeyPolicy, NotAKeyPolicy};

/// Why a settings file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the settings {file}: {source}; name an existing file with --config")]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not TOML of the expected form.
    #[error("{file}: {detail}")]
    Malformed {
        /// The file.
        file: PathBuf,
        /// Line, key and what is expected, as the reader says it.
        detail: String,
    },
    /// One value cannot be used.
    #[error("{file}: {key} = \"{found}\" {problem}; for example {key} = \"{example}\"")]
    Value {
        /// The file.
        file: PathBuf,
        /// Key in dotted form.
        key: &'static str,
        /// The value found.
        found: String,
        /// What is wrong with it.
        problem: String,
        /// A value that would work.
        example: &'static str,
    },
}

/// Reads a settings file.
///
/// # Errors
/// If it cannot be read, or is not of the expected form.
pub fn read<T: DeserializeOwned>(file: &Path) -> Result<T, ConfigError> {
    let text = fs::read_to_string(file).map_err(|source| ConfigError::Unreadable {
        file: file.to_owned(),
        source,
    })?;
    toml::from_str(&text).map_err(|error| ConfigError::Malformed {
        file: file.to_owned(),
        detail: error.to_string(),
    })
}

/// Checks the values of one settings file.
#[derive(Clone, Copy, Debug)]
pub struct Checker<'a> {
    file: &'a Path,
}

impl<'a> Checker<'a> {
    /// For the values of `file`.
    #[must_use]
    pub fn new(file: &'a Path) -> Self {
        Self { file }
    }

    /// An identity of that role.
    ///
    /// # Errors
    /// If it is none, or of another role.
    pub fn identity(
        &self,
        key: &'static str,
        found: &str,
        role: Role,
        example: &'static str,
    ) -> Result<Identity, ConfigError> {
        let identity: Identity = found
            .parse()
            .map_err(|error| self.wrong(key, found, &format!("is not an identity ({error})"), example))?;
        if identity.role() == role {
            Ok(identity)
        } else {
            Err(self.wrong(key, found, &format!("is not the name of a {role}"), example))
        }
    }

    /// An address and port.
    ///
    /// # Errors
    /// If it is none.
    pub fn address(&self, key: &'static str, found: &str) -> Result<SocketAddr, ConfigError> {
        found
            .parse()
            .map_err(|_| self.wrong(key, found, "is not an address and port", "127.0.0.1:7101"))
    }

    /// A loopback address and port.
    ///
    /// # Errors
    /// If it is none, or another machine could reach it.
    pub fn loopback(&self, key: &'static str, found: &str) -> Result<SocketAddr, ConfigError> {
        let address = self.address(key, found)?;
        if address.ip().is_loopback() {
            return Ok(address);
        }
        let problem = "is not a loopback address, and what is served there is not encrypted";
        Err(self.wrong(key, found, problem, "127.0.0.1:7103"))
    }

    /// A kind of line; `lan` where nothing is said.
    ///
    /// # Errors
    /// If it is none.
    pub fn profile(&self, key: &'static str, found: Option<&str>) -> Result<Profile, ConfigError> {
        let Some(found) = found else {
            return Ok(Profile::default());
        };
        found
            .parse()
            .map_err(|error: NotAProfile| self.wrong(key, found, &error.to_string(), "lan"))
    }

    /// Which ways to agree on keys are taken; the hybrid one first where nothing is said.
    ///
    /// # Errors
    /// If it is no such policy.
    pub fn key_exchange(&self, found: Option<&str>) -> Result<KeyPolicy, ConfigError> {
        let Some(found) = found else {
            return Ok(KeyPolicy::default());
        };
        found.parse().map_err(|error: NotAKeyPolicy| {
            self.wrong("key_exchange", found, &error.to_string(), "hybrid-only")
        })
    }

    /// Some words.
    ///
    /// # Errors
    /// If there are none.
    pub fn filled(
        &self,
        key: &'static str,
        found: String,
        example: &'static str,
    ) -> Result<String, ConfigError> {
        if found.trim().is_empty() {
            Err(self.wrong(key, &found, "is empty", example))
        } else {
            Ok(found)
        }
    }

    /// A path, relative to the settings file, of something that exists.
    ///
    /// # Errors
    /// If nothing is there.
    pub fn existing(
        &self,
        key: &'static str,
        found: &Path,
        example: &'static str,
    ) -> Result<PathBuf, ConfigError> {
        let path = self.folder().join(found);
        if path.exists() {
            return Ok(path);
        }
        let shown = path.display().to_string();
        Err(self.wrong(key, &shown, "does not exist (hotline pki init makes it)", example))
    }

    /// A path, relative to the settings file, where a file may be made.
    ///
    /// # Errors
    /// If its folder does not exist.
    pub fn creatable(
        &self,
        key: &'static str,
        found: &Path,
        example: &'static str,
    ) -> Result<PathBuf, ConfigError> {
        let path = self.folder().join(found);
        if path.parent().is_some_and(Path::is_dir) {
            return Ok(path);
        }
        let shown = path.display().to_string();
        Err(self.wrong(key, &shown, "lies in a folder that does not exist", example))
    }

    /// The folder that relative paths start from.
    #[must_use]
    pub fn folder(&self) -> &'a Path {
        match self.file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            Some(_) | None => Path::new("."),
        }
    }

    /// An error about one value.
    #[must_use]
    pub fn wrong(&self, key: &'static str, found: &str, problem: &str, example: &'static str) -> ConfigError {
        ConfigError::Value {
            file: self.file.to_owned(),
            key,
            found: found.to_owned(),
            problem: problem.to_owned(),
            example,
        }
    }
}
