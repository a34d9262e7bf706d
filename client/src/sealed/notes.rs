//! Notes of unlockings: the last 1,024 times that a sealed key was opened, in a file beside it.
//!
//! Every unlocking leaves one, 64 bytes, whichever passphrase opened it:
//!
//! | bytes | |
//! |---|---|
//! | 0–7 | its number, from 1, big-endian |
//! | 8–15 | when, milliseconds since 1970 by the seat's clock, big-endian |
//! | 16–47 | an X25519 public key that serves this note alone |
//! | 48–63 | the first 16 bytes of HMAC-SHA256 over [`CONTEXT`], the officer's identity, a line feed, bytes 0–47, the file's watch key and the slot's token; its key is what X25519 agrees of the two public keys |
//!
//! Number `n` stands at `64 × ((n − 1) mod 1024)`: the file never grows beyond 64 KiB, and a disk that is full stops
//! nobody once it is there. Who has passphrase, key file and notes cannot tell under which token an older note was made: that
//! takes the secret half of the watch key, which the book alone has. So nobody at the seat can find out whether a passphrase
//! is the one of every day.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use curve25519_dalek::montgomery::MontgomeryPoint;
use hotline_core::time::WallTime;
use ring::hmac;
use zeroize::Zeroizing;

use super::{Beside, SECRET_BYTES, Secret, Unlocking, Watching};

/// The file of notes, beside the key.
pub const NOTES_FILE: &str = "unlocked";
/// Bytes of chance that a note needs.
pub const CHANCE_BYTES: usize = 32;
/// Most notes that are kept.
pub const NOTES_MAX: u64 = 1_024;
/// What every note is made over, first of all.
pub const CONTEXT: &[u8] = b"hotline unlocked 1\n";

/// How long between two tries at a lock that another process has.
const LOCK_AGAIN: Duration = Duration::from_millis(10);
/// Tries before an unlocking is refused: 2 s. Who holds the lock for longer is no verb of ours.
const LOCK_TRIES_TO_WRITE: u32 = 200;
/// Tries of a watch, which looks again: 0.1 s.
const LOCK_TRIES_TO_READ: u32 = 10;

const NOTE_BYTES: usize = 64;
const KEY_AT: usize = 16;
const MAC_AT: usize = 48;

/// The file of notes beside a key file.
#[must_use]
pub fn beside(key_file: &Path) -> PathBuf {
    key_file.with_file_name(NOTES_FILE)
}

/// One unlocking.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note([u8; NOTE_BYTES]);

impl Note {
    fn new(number: u64, officer: &str, beside: &Beside, unlocking: &Unlocking<'_>) -> Self {
        let mut note = [0; NOTE_BYTES];
        let own = MontgomeryPoint::mul_base_clamped(unlocking.chance);
        note[..8].copy_from_slice(&number.to_be_bytes());
        note[8..KEY_AT].copy_from_slice(&unlocking.wall.unix_ms().to_be_bytes());
        note[KEY_AT..MAC_AT].copy_from_slice(own.as_bytes());
        let agreed = agreed(&beside.watch, unlocking.chance);
        let mac = mac(&agreed, officer, &note[..MAC_AT], (&beside.watch, &beside.token));
        note[MAC_AT..].copy_from_slice(&mac);
        Self(note)
    }

    /// Its number, from 1.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.word(0)
    }

    /// When it was, by the seat's clock.
    #[must_use]
    pub fn wall(&self) -> WallTime {
        WallTime::from_unix_ms(self.word(8))
    }

    /// Whether it was made under the token of the second passphrase.
    #[must_use]
    pub fn is_of(&self, officer: &str, watching: &Watching) -> bool {
        let (note, made) = self.0.split_at(MAC_AT);
        let mut own = [0; SECRET_BYTES];
        own.copy_from_slice(&note[KEY_AT..]);
        let agreed = agreed(&own, watching.secret.0);
        mac(&agreed, officer, note, (&watching.watch, &watching.token)) == *made
    }

    fn word(&self, at: usize) -> u64 {
        self.0[at..at + 8]
            .iter()
            .fold(0, |word, byte| (word << 8) | u64::from(*byte))
    }

    fn place(&self) -> u64 {
        place(self.number())
    }
}

/// Writes a note of an unlocking behind the newest one; it is on disk when this returns.
///
/// # Errors
/// What the system says.
pub(super) fn write(
    file: &Path,
    officer: &str,
    beside: &Beside,
    unlocking: &Unlocking<'_>,
) -> io::Result<()> {
    let mut notes = open(file)?;
    // Two verbs may unlock at once.
    locked(LOCK_TRIES_TO_WRITE, || notes.try_lock())?;
    let newest = all(&mut notes)?.last().map_or(0, Note::number);
    let number = newest.checked_add(1).ok_or(io::ErrorKind::InvalidData)?;
    let note = Note::new(number, officer, beside, unlocking);
    notes.seek(SeekFrom::Start(note.place()))?;
    notes.write_all(&note.0)?;
    notes.sync_data()?;
    if newest == 0 {
        sync_folder(file)?;
    }
    Ok(())
}

/// Takes a lock that nobody holds for long, or fails.
#[allow(clippy::disallowed_methods, reason = "a lock of another process wakes nobody")]
fn locked(tries: u32, mut take: impl FnMut() -> Result<(), TryLockError>) -> io::Result<()> {
    for _ in 0..tries {
        match take() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_AGAIN),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::new(
        io::ErrorKind::TimedOut,
        "another process holds its lock",
    ))
}

/// The name of a file that is new is on disk too.
#[cfg(unix)]
fn sync_folder(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_file: &Path) -> io::Result<()> {
    Ok(())
}

/// Every note that is kept, the oldest first; none if the key was never unlocked. Where the system allows it, the file does
/// not show that it was read.
///
/// # Errors
/// What the system says.
pub fn read(file: &Path) -> io::Result<Vec<Note>> {
    let mut notes = match super::watch::open(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        opened => opened?,
    };
    locked(LOCK_TRIES_TO_READ, || notes.try_lock_shared())?;
    all(&mut notes)
}

/// Notes that stand where their numbers say.
fn all(file: &mut File) -> io::Result<Vec<Note>> {
    let mut bytes = Vec::new();
    file.take(NOTES_MAX * NOTE_BYTES as u64).read_to_end(&mut bytes)?;
    let (notes, _) = bytes.as_chunks::<NOTE_BYTES>();
    let placed = notes.iter().zip(0..).filter_map(|(note, slot)| {
        let note = Note(*note);
        (note.number() > 0 && note.place() == slot * NOTE_BYTES as u64).then_some(note)
    });
    let mut found: Vec<Note> = placed.collect();
    found.sort_by_key(Note::number);
    Ok(found)
}

fn place(number: u64) -> u64 {
    (number.saturating_sub(1) % NOTES_MAX) * NOTE_BYTES as u64
}

/// The public half of a secret one.
pub(super) fn public(secret: &Secret) -> [u8; SECRET_BYTES] {
    MontgomeryPoint::mul_base_clamped(secret.0).to_bytes()
}

/// X25519 (RFC 7748).
fn agreed(theirs: &[u8; SECRET_BYTES], secret: [u8; SECRET_BYTES]) -> Zeroizing<[u8; SECRET_BYTES]> {
    Zeroizing::new(MontgomeryPoint(*theirs).mul_clamped(secret).to_bytes())
}

fn mac(
    agreed: &[u8; SECRET_BYTES],
    officer: &str,
    note: &[u8],
    (watch, token): (&[u8; SECRET_BYTES], &Secret),
) -> [u8; NOTE_BYTES - MAC_AT] {
    // The token is in it.
    let said = Zeroizing::new([CONTEXT, officer.as_bytes(), b"\n", note, watch, &token.0].concat());
    let whole = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, agreed), &said);
    let mut mac = [0; NOTE_BYTES - MAC_AT];
    mac.copy_from_slice(&whole.as_ref()[..NOTE_BYTES - MAC_AT]);
    mac
}

#[cfg(unix)]
fn open(file: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    options().mode(0o600).open(file)
}

#[cfg(not(unix))]
fn open(file: &Path) -> io::Result<File> {
    options().open(file)
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options
}
