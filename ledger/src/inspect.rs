//! Reading a ledger from outside: for whoever verifies, shows or exports it.
//!
//! An [`Inspector`] needs neither the ledger's lock nor its log key, never changes it, and works while its owner runs as
//! well as on a copy. It stands at the moment at which it was opened: what is committed afterwards is not seen. Nothing
//! it returns has been checked; [`Inspector::damage`] says what the start of its owner would find, and the evidence
//! itself is for `audit` to verify.
//!
//! While one is open, its owner's write-ahead log cannot be emptied: open it, read, let it go.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hotline_audit::Hash;
use hotline_audit::tree::{ProofError, inclusion_proof};

use crate::damage::Damage;
use crate::error::{OpenError, ReadError};
use crate::head::{Conflicts, Head, Stored};
use crate::nodes::Joined;
use crate::rebuild::{check_signed, rebuild, restore};
use crate::sqlite::{self, Inspected};
use crate::store::{Key, Listing, Meta, Reader, Rows, StoreError};

/// Why a ledger could not be opened for reading.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// No such file.
    #[error("{} cannot be found", path.display())]
    NotThere {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is no ledger of ours, or cannot be read.
    #[error(transparent)]
    Open(OpenError),
    /// Newest commits are in `-wal`, and SQLite cannot make the `-shm` that it needs to read them.
    #[error(
        "{} has commits in its -wal file but no -shm file, and none can be made beside it; copy the ledger and its -wal to a folder that can be written, and read them there", path.display()
    )]
    NoSharedMemory {
        /// The ledger.
        path: PathBuf,
    },
    /// Somebody began to write while it was read.
    #[error("{} was taken up by its owner while it was read; read it again", path.display())]
    TakenUp {
        /// The ledger.
        path: PathBuf,
    },
}

/// A ledger file, open for reading at one moment.
pub struct Inspector {
    opened: Inspected,
    path: PathBuf,
    place: Arc<str>,
    head: Head,
    about: Meta,
}

impl Inspector {
    /// Opens the ledger at `path`.
    ///
    /// # Errors
    /// It is not there, is no ledger, is one of another format, or cannot be read.
    pub fn open(path: &Path) -> Result<Self, InspectError> {
        let opened = sqlite::inspect(path)?;
        let failed = |source| {
            InspectError::Open(OpenError::Store {
                place: path.display().to_string(),
                source,
            })
        };
        Ok(Self {
            head: opened.reader.head().map_err(failed)?,
            about: opened.reader.meta().map_err(failed)?,
            opened,
            path: path.to_owned(),
            place: path.display().to_string().into(),
        })
    }

    /// The head at that moment.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// What the ledger says about itself: owner, origin, instance, boots, and whether it is a copy.
    #[must_use]
    pub fn about(&self) -> &Meta {
        &self.about
    }

    /// Leaves from `first` on, until `max_bytes` are passed; at least one unless `first` is the head. The first one that
    /// is missing or cannot be read ends the list, so that asking again from there names it.
    ///
    /// # Errors
    /// The leaf `first` cannot be read.
    pub fn leaves(&self, first: u64, max_bytes: usize) -> Result<Vec<Stored>, ReadError> {
        let reader = self.reader();
        let mut page = match reader.leaves(first, self.head.size, max_bytes) {
            Ok(page) => page,
            Err(_) => self.leaves_before_damage(first, max_bytes)?,
        };
        let unbroken = (first..)
            .zip(&page)
            .take_while(|(index, leaf)| leaf.index == *index)
            .count();
        page.truncate(unbroken);
        if page.is_empty() && first < self.head.size {
            return Err(ReadError::Damaged {
                index: first,
                place: Arc::clone(&self.place),
            });
        }
        Ok(page)
    }

    /// One by one, up to the first that cannot be read.
    fn leaves_before_damage(&self, first: u64, max_bytes: usize) -> Result<Vec<Stored>, ReadError> {
        let (mut found, mut bytes) = (Vec::new(), 0usize);
        for index in first..self.head.size {
            match self.reader().leaf(index) {
                Ok(Some(leaf)) => {
                    bytes = bytes.saturating_add(leaf.bytes.len());
                    found.push(leaf);
                }
                Ok(None) => break,
                Err(_) if !found.is_empty() => break,
                Err(source) => return Err(self.failed(source)),
            }
            if bytes >= max_bytes {
                break;
            }
        }
        Ok(found)
    }

    /// Index of the leaf whose bytes are said to have this SHA-256.
    ///
    /// # Errors
    /// The ledger could not be read.
    pub fn find(&self, hash: &Hash) -> Result<Option<u64>, ReadError> {
        let found = self
            .reader()
            .find(Key::Hash(hash))
            .map_err(|error| self.failed(error))?;
        Ok(found.map(|found| found.index))
    }

    /// The small fact kept under this key.
    ///
    /// # Errors
    /// The ledger could not be read.
    pub fn record(&self, space: &str, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        self.reader()
            .record(space, key)
            .map_err(|error| self.failed(error))
    }

    /// Small facts whose keys begin with `prefix`, behind the key `after` if one is given.
    ///
    /// # Errors
    /// The ledger could not be read.
    pub fn records(
        &self,
        space: &str,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Rows, ReadError> {
        let listing = Listing {
            space,
            prefix,
            after,
            limit,
        };
        self.reader().records(listing).map_err(|error| self.failed(error))
    }

    /// Kept proofs of equivocation, oldest first.
    ///
    /// # Errors
    /// The ledger could not be read.
    pub fn conflicts(&self, limit: usize) -> Result<Conflicts, ReadError> {
        self.reader().conflicts(limit).map_err(|error| self.failed(error))
    }

    /// The inclusion proof of leaf `index` in the tree of the head.
    ///
    /// # Errors
    /// There is no such leaf, or the tree cannot be made of what is stored.
    pub fn inclusion(&self, index: u64) -> Result<Vec<Hash>, ReadError> {
        let reader = self.reader();
        let tree = restore(reader, self.head.size).map_err(|reason| ReadError::NoTree { reason })?;
        let nodes = Joined { tree: &tree, reader };
        inclusion_proof(&nodes, index, self.head.size).map_err(|error| match error {
            ProofError::OutOfTree { inner, size } => ReadError::Outside { asked: inner, size },
            ProofError::Node(source) => self.failed(source),
        })
    }

    /// The first thing that is wrong with the file by itself: leaves, tiles, head and fence. Costs what the start of its
    /// owner costs. Signatures are not verified.
    #[must_use]
    pub fn damage(&self) -> Option<Damage> {
        let reader = self.reader();
        let found = rebuild(reader, &self.head);
        let signed = |tree| check_signed(tree, reader, &self.head, None, self.opened.fence).err();
        found.damage.or_else(|| found.tree.as_ref().and_then(signed))
    }

    /// To be asked behind the last read of a ledger that nobody ran: what was read may be torn if its owner has started.
    ///
    /// # Errors
    /// [`InspectError::TakenUp`].
    pub fn still_alone(&self) -> Result<(), InspectError> {
        if self.opened.taken_up() {
            Err(InspectError::TakenUp {
                path: self.path.clone(),
            })
        } else {
            Ok(())
        }
    }

    fn reader(&self) -> &dyn Reader {
        &self.opened.reader
    }

    fn failed(&self, source: StoreError) -> ReadError {
        ReadError::Store {
            place: Arc::clone(&self.place),
            source,
        }
    }
}

impl std::fmt::Debug for Inspector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Inspector({}, {} leaves)", self.place, self.head.size)
    }
}
