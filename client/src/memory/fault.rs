//! Two notes of a relay that signed two histories, as they are kept: the whole proof against it, for people and for
//! whoever judges the evidence.

use hotline_audit::{Checkpoint, Hash, LogVerifier};
use hotline_core::{leg::RelayName, time::WallTime};
use hotline_ledger::Record;

use super::FAULT;
use crate::logview::LogFault;

/// Proofs that are kept of one relay. 64: one is enough, and others say since when and how often.
pub const FAULTS_MAX: usize = 64;

/// Two checkpoints of one log that do not go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The relay.
    pub relay: RelayName,
    /// When it was found here.
    pub found: WallTime,
    /// The two signed notes: the one that was known, and the one that was shown.
    pub notes: [Vec<u8>; 2],
}

impl Fault {
    /// What is to be kept of a fault, if it has two notes.
    #[must_use]
    pub fn of(relay: &RelayName, fault: &LogFault, found: WallTime) -> Option<Self> {
        match fault {
            LogFault::Fork { notes, .. } | LogFault::Inconsistent { notes, .. } => Some(Self {
                relay: relay.clone(),
                found,
                notes: (**notes).clone(),
            }),
            LogFault::Rollback { .. } | LogFault::Note(_) | LogFault::Malformed(_) => None,
        }
    }

    /// Its key: the same two notes are kept once.
    #[must_use]
    pub fn key(&self) -> Vec<u8> {
        let mut key = prefix(&self.relay);
        key.extend_from_slice(Hash::of(&self.framed()).as_bytes());
        key
    }

    /// As a record.
    #[must_use]
    pub fn record(&self) -> Record {
        let mut value = self.found.unix_ms().to_be_bytes().to_vec();
        value.extend_from_slice(&self.framed());
        Record::Put {
            space: FAULT,
            key: self.key(),
            value,
        }
    }

    /// The length of the first note (8 bytes), and both.
    fn framed(&self) -> Vec<u8> {
        let [known, shown] = &self.notes;
        let length = (known.len() as u64).to_be_bytes();
        [length.as_slice(), known, shown].concat()
    }

    /// Reads a record back.
    #[must_use]
    pub fn read(key: &[u8], value: &[u8]) -> Option<Self> {
        let (name, rest) = key.split_at_checked(key.len().checked_sub(33)?)?;
        let (found, framed) = value.split_first_chunk()?;
        let (length, notes) = framed.split_first_chunk()?;
        let length = usize::try_from(u64::from_be_bytes(*length)).ok()?;
        let (known, shown) = notes.split_at_checked(length)?;
        let fault = Self {
            relay: std::str::from_utf8(name).ok()?.parse().ok()?,
            found: WallTime::from_unix_ms(u64::from_be_bytes(*found)),
            notes: [known.to_vec(), shown.to_vec()],
        };
        (rest.first() == Some(&b'\n')).then_some(fault)
    }

    /// The fork that the two notes prove by themselves: this key signed two roots of one size. Two notes of two sizes prove
    /// one only to who has the log.
    #[must_use]
    pub fn fork(&self, verifier: &LogVerifier) -> Option<LogFault> {
        let [known, shown] = &self.notes;
        let checkpoint = |note: &[u8]| Checkpoint::parse_and_verify(note, verifier).ok();
        let (a, b) = (checkpoint(known)?, checkpoint(shown)?);
        (a.size == b.size && a.root != b.root).then(|| LogFault::Fork {
            size: a.size,
            notes: Box::new(self.notes.clone()),
        })
    }
}

/// What the keys of all records of one relay begin with.
#[must_use]
pub fn prefix(relay: &RelayName) -> Vec<u8> {
    format!("{relay}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use hotline_audit::{LogSigner, SigningKey};

    use super::*;

    const FOUND: WallTime = WallTime::from_unix_ms(1_795_000_000_000);

    fn signer(seed: u8) -> LogSigner {
        let key = SigningKey::from_seed(&[seed; 32]);
        LogSigner::new("exercise.avelia.example/relay/north", key).unwrap()
    }

    fn note(size: u64, root: u8) -> Vec<u8> {
        let signer = signer(7);
        signer.checkpoint(size, Hash([root; 32])).sign(&signer)
    }

    fn fault(notes: [Vec<u8>; 2]) -> Fault {
        Fault {
            relay: "north".parse().unwrap(),
            found: FOUND,
            notes,
        }
    }

    #[test]
    fn the_two_notes_of_a_fork_read_back_apart() {
        let fault = fault([note(3, 1), note(3, 2)]);
        let Record::Put { key, value, .. } = fault.record() else {
            panic!("it is put")
        };
        assert_eq!(Fault::read(&key, &value), Some(fault));
        for odd in [&value[..7], &value[..15], &[255; 40]] {
            assert_eq!(Fault::read(&key, odd), None);
        }
        assert_eq!(Fault::read(b"north", &value), None);
    }

    #[test]
    fn two_roots_of_one_size_are_a_fork_of_the_key_that_signed_both_and_of_no_other() {
        let fork = |fault: &Fault, seed| fault.fork(&signer(seed).verifier()).is_some();
        let forked = fault([note(3, 1), note(3, 2)]);
        assert!(fork(&forked, 7) && !fork(&forked, 8), "a new key is a new log");
        assert!(!fork(&fault([note(3, 1), note(3, 1)]), 7));
        assert!(!fork(&fault([note(3, 1), note(4, 2)]), 7));
    }
}
