//! Checkpoints (C2SP tlog-checkpoint): origin, size and root of a log, signed as a note under the log's own name.
//!
//! A log's origin is its identity without the scheme: `exercise.avelia.example/relay/north`. Extension lines are
//! refused: nobody can audit them. A checkpoint's signature is the relay's receipt, so it may leave the process only
//! after the commit that it describes; this module cannot know, its callers must.

use data_encoding::BASE64;

use crate::dsse::{PublicKey, SigningKey};
use crate::hash::Hash;
use crate::note::{Note, NoteError, NoteSigner, VerifierKey};

/// The head of one log at one size.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// Number of leaves.
    pub size: u64,
    /// Root of the tree of these leaves.
    pub root: Hash,
}

/// Why bytes are no checkpoint of the log that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note is malformed, or not signed by the log.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text of the note is not that of a checkpoint.
    #[error("not a checkpoint: {0}")]
    Malformed(&'static str),
    /// A checkpoint of another log.
    #[error("a checkpoint of {found}, not of {expected}")]
    WrongOrigin {
        /// The log that was asked for.
        expected: String,
        /// The origin in the text.
        found: String,
    },
}

impl Checkpoint {
    /// The signed note. A checkpoint of another origin than the signer's gives a note that nobody accepts; use
    /// [`LogSigner::checkpoint`] to make one that fits.
    #[must_use]
    pub fn sign(&self, signer: &LogSigner) -> Vec<u8> {
        Note {
            text: self.text(),
            signatures: vec![signer.0.line(&self.text())],
        }
        .encode()
    }

    /// Reads a note and believes it if the log signed it.
    ///
    /// # Errors
    /// When the note is malformed, not a checkpoint, of another origin, or not signed by the log.
    pub fn parse_and_verify(note: &[u8], log: &LogVerifier) -> Result<Checkpoint, CheckpointError> {
        let note = Note::parse(note)?;
        note.verify(&log.0)?;
        let checkpoint = Checkpoint::from_text(&note.text)?;
        if checkpoint.origin == log.origin() {
            Ok(checkpoint)
        } else {
            Err(CheckpointError::WrongOrigin {
                expected: log.origin().to_owned(),
                found: checkpoint.origin,
            })
        }
    }

    /// Reads a note without believing it: to learn which log's key to ask for.
    ///
    /// # Errors
    /// When the note is malformed or not a checkpoint.
    pub fn danger_parse_unverified(note: &[u8]) -> Result<Checkpoint, CheckpointError> {
        Checkpoint::from_text(&Note::parse(note)?.text)
    }

    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        format!(
            "{}\n{}\n{}\n",
            self.origin,
            self.size,
            BASE64.encode(self.root.as_bytes())
        )
    }

    /// Reads the three lines of a checkpoint that a log of others signed, whose text may go on with extension lines.
    /// Nothing is believed of it.
    ///
    /// # Errors
    /// When the text is not that of a checkpoint.
    pub fn danger_parse_extended(text: &str) -> Result<Checkpoint, CheckpointError> {
        let end = text
            .match_indices('\n')
            .nth(2)
            .map_or(text.len(), |(at, _)| at + 1);
        let (lines, extensions) = text.split_at(end);
        if extensions.split_terminator('\n').any(str::is_empty) {
            return Err(CheckpointError::Malformed("an empty extension line"));
        }
        Checkpoint::from_text(lines)
    }

    fn from_text(text: &str) -> Result<Checkpoint, CheckpointError> {
        let malformed = CheckpointError::Malformed;
        let mut lines = text
            .strip_suffix('\n')
            .ok_or(malformed("no newline at the end"))?
            .split('\n');
        let (Some(origin), Some(size), Some(root), None) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(malformed("not exactly the three lines origin, size and root"));
        };
        if origin.is_empty() {
            return Err(malformed("an empty origin"));
        }
        let size = decimal(size).ok_or(malformed("the size is not a plain decimal number"))?;
        let root = crate::base64::decode(root)
            .and_then(|bytes| Hash::from_slice(&bytes))
            .ok_or(malformed("the root is not base64 of 32 bytes"))?;
        Ok(Checkpoint {
            origin: origin.to_owned(),
            size,
            root,
        })
    }
}

/// A decimal number without sign or leading zeroes.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let plain = text == "0" || (!text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit()));
    if plain { text.parse().ok() } else { None }
}

/// Signs the checkpoints of one log.
#[derive(Debug)]
pub struct LogSigner(NoteSigner);

impl LogSigner {
    /// A signer for the log `origin`.
    ///
    /// # Errors
    /// When the origin cannot be the name of a note key.
    pub fn new(origin: &str, key: SigningKey) -> Result<LogSigner, NoteError> {
        NoteSigner::new(origin, key).map(LogSigner)
    }

    /// The log's name.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.0.name()
    }

    /// A checkpoint of this log.
    #[must_use]
    pub fn checkpoint(&self, size: u64, root: Hash) -> Checkpoint {
        Checkpoint {
            origin: self.origin().to_owned(),
            size,
            root,
        }
    }

    /// What verifies its checkpoints.
    #[must_use]
    pub fn verifier(&self) -> LogVerifier {
        LogVerifier(self.0.verifier())
    }
}

/// Verifies the checkpoints of one log under one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogVerifier(VerifierKey);

impl LogVerifier {
    /// A verifier for the log `origin`.
    ///
    /// # Errors
    /// When the origin cannot be the name of a note key.
    pub fn new(origin: &str, key: PublicKey) -> Result<LogVerifier, NoteError> {
        VerifierKey::new(origin, key).map(LogVerifier)
    }

    /// The log's name.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.0.name()
    }

    /// The key in the form that other software takes: `name+keyid+base64`.
    #[must_use]
    pub fn verifier_key(&self) -> &VerifierKey {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::tree::empty_root;

    fn signer(origin: &str) -> LogSigner {
        LogSigner::new(origin, SigningKey::from_seed(&[1; 32])).unwrap()
    }

    #[test]
    fn a_checkpoint_is_believed_under_its_own_log_only() {
        let north = signer("avelia.example/relay/north");
        let checkpoint = north.checkpoint(7, empty_root());
        let note = checkpoint.sign(&north);
        assert_eq!(
            Checkpoint::parse_and_verify(&note, &north.verifier()),
            Ok(checkpoint.clone())
        );
        assert_eq!(Checkpoint::danger_parse_unverified(&note), Ok(checkpoint.clone()));
        let south = signer("borenia.example/relay/south");
        assert!(Checkpoint::parse_and_verify(&note, &south.verifier()).is_err());
        let foreign = checkpoint.sign(&south);
        assert!(matches!(
            Checkpoint::parse_and_verify(&foreign, &south.verifier()),
            Err(CheckpointError::WrongOrigin { .. })
        ));
    }

    #[test]
    fn the_example_of_the_specification_parses() {
        let note = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
            — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
        let checkpoint = Checkpoint::danger_parse_unverified(note.as_bytes()).unwrap();
        assert_eq!(
            (checkpoint.origin.as_str(), checkpoint.size),
            ("example.com/behind-the-sofa", 20_852_163)
        );
    }

    #[test]
    fn odd_checkpoints_are_refused_even_when_signed() {
        let log = signer("o");
        let root = BASE64.encode(&[1; 32]);
        let odd = [
            format!("o\n07\n{root}\n"),
            format!("o\n+7\n{root}\n"),
            format!("o\n-7\n{root}\n"),
            format!("o\n18446744073709551616\n{root}\n"),
            format!("o\n7\n{root}\nextension\n"),
            format!("o\n7\n{root}\n\nextension\n"),
            "o\n7\nAAAA\n".to_owned(),
            "o\n7\n".to_owned(),
            format!("\n7\n{root}\n"),
        ];
        for text in odd {
            let note = Note::sign(&text, &log.0).unwrap().encode();
            let refused = Checkpoint::parse_and_verify(&note, &log.verifier());
            assert!(
                matches!(
                    refused,
                    Err(CheckpointError::Malformed(_) | CheckpointError::Note(_))
                ),
                "{text:?}"
            );
        }
        assert_eq!(decimal("0"), Some(0));
        assert_eq!(decimal(""), None);
        assert_eq!(decimal("00"), None);
    }
}
