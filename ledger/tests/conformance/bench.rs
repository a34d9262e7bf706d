//! The two places a ledger can live, with the hostile hands that each claim needs.

use std::path::PathBuf;

use hotline_audit::{Hash, LogSigner, LogVerifier, SigningKey};
use hotline_core::leg::Lane;
use hotline_ledger::{
    Batch, Engine, Entry, Ledger, MemoryDisk, Mode, OpenError, OpenOptions, Opening, Restored, Snapshot,
};
use rusqlite::Connection;

pub const OWNER: &str = "spiffe://exercise.avelia.example/relay/north";
pub const ORIGIN: &str = "exercise.avelia.example/relay/north";
pub const SENDER: &str = "spiffe://exercise.avelia.example/desk/ops";
pub const RECIPIENT: &str = "spiffe://exercise.borenia.example/desk/ops";

/// A place where ledgers live.
pub trait Bench {
    fn engine(&self) -> Engine;
    /// Flips a bit in the bytes of a leaf, behind the ledger's back.
    fn flip(&self, index: u64);
    /// Deletes a leaf, behind the ledger's back.
    fn remove(&self, index: u64);
    /// Commits something, then puts back the state from before `between` ran.
    fn turn_back(&self, between: &dyn Fn());
}

pub struct File {
    folder: tempfile::TempDir,
}

impl File {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("north.ledger")
    }

    fn raw(&self) -> Connection {
        let raw = Connection::open(self.path()).unwrap();
        raw.pragma_update(None, "foreign_keys", false).unwrap();
        raw
    }
}

impl Bench for File {
    fn engine(&self) -> Engine {
        Engine::Sqlite { path: self.path() }
    }

    fn flip(&self, index: u64) {
        let raw = self.raw();
        let index = i64::try_from(index).unwrap();
        let mut bytes: Vec<u8> = raw
            .query_row("SELECT bytes FROM leaf WHERE n = ?1", [index], |row| row.get(0))
            .unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        assert_eq!(
            raw.execute("UPDATE leaf SET bytes = ?1 WHERE n = ?2", (bytes, index))
                .unwrap(),
            1
        );
    }

    fn remove(&self, index: u64) {
        let index = i64::try_from(index).unwrap();
        assert_eq!(
            self.raw()
                .execute("DELETE FROM leaf WHERE n = ?1", [index])
                .unwrap(),
            1
        );
    }

    fn turn_back(&self, between: &dyn Fn()) {
        let copy = self.folder.path().join("yesterday");
        std::fs::copy(self.path(), &copy).unwrap();
        between();
        std::fs::remove_file(self.folder.path().join("north.ledger-wal")).unwrap();
        std::fs::rename(copy, self.path()).unwrap();
    }
}

pub struct Simulated {
    pub disk: MemoryDisk,
}

impl Simulated {
    pub fn new() -> Self {
        Self {
            disk: MemoryDisk::new(),
        }
    }
}

impl Bench for Simulated {
    fn engine(&self) -> Engine {
        Engine::Memory(self.disk.clone())
    }

    fn flip(&self, index: u64) {
        self.disk.flip(index);
    }

    fn remove(&self, index: u64) {
        self.disk.remove(index);
    }

    fn turn_back(&self, between: &dyn Fn()) {
        let yesterday: Snapshot = self.disk.snapshot();
        between();
        self.disk.restore(&yesterday);
    }
}

pub fn signer(seed: u8) -> LogSigner {
    LogSigner::new(ORIGIN, SigningKey::from_seed(&[seed; 32])).unwrap()
}

pub fn verifier() -> LogVerifier {
    signer(1).verifier()
}

/// How a claim opens its ledger.
pub struct How {
    pub owner: &'static str,
    pub mode: Mode,
    pub key: u8,
}

impl Default for How {
    fn default() -> Self {
        Self {
            owner: OWNER,
            mode: Mode::Thread,
            key: 1,
        }
    }
}

pub fn try_open(bench: &impl Bench, how: &How) -> Result<(Ledger, Opening), OpenError> {
    let mut entropy = |buffer: &mut [u8]| buffer.fill(7);
    Ledger::open(OpenOptions {
        engine: bench.engine(),
        owner: how.owner.to_owned(),
        origin: ORIGIN.to_owned(),
        signer: Some(signer(how.key)),
        entropy: &mut entropy,
        mode: how.mode,
        restored: Restored::ReadOnly,
    })
}

pub fn open(bench: &impl Bench) -> Ledger {
    let (ledger, opening) = try_open(bench, &How::default()).unwrap();
    assert_eq!(opening.standing, hotline_ledger::Standing::Good);
    ledger
}

/// The `n`-th statement of a sender: its place is epoch 1, sequence `n` + 1.
pub fn entry(n: u64) -> Entry {
    entry_of(SENDER, n, "message")
}

pub fn entry_of(sender: &str, n: u64, text: &str) -> Entry {
    let bytes = format!("{sender} says {text} {n}").into_bytes();
    let mut id = [0; 16];
    id[..8].copy_from_slice(&n.to_be_bytes());
    Entry {
        hash: Hash::of(&bytes),
        bytes,
        kind: 1,
        sender: sender.to_owned(),
        id,
        epoch: 1,
        sequence: n + 1,
        mailbox: vec![(RECIPIENT.to_owned(), Lane::Message)],
    }
}

pub fn batch(numbers: std::ops::Range<u64>) -> Batch {
    Batch::of(Lane::Message, numbers.map(entry).collect())
}

/// Commits the statements `from..to` in batches of 64.
pub fn fill(ledger: &Ledger, numbers: std::ops::Range<u64>) {
    let mut next = numbers.start;
    while next < numbers.end {
        let end = (next + 64).min(numbers.end);
        ledger.commit(batch(next..end)).wait().unwrap();
        next = end;
    }
}
