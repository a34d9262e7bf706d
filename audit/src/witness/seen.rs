//! What a witness keeps of one log: the newest checkpoint that it cosigned, as it was cosigned.

use crate::checkpoint::{Checkpoint, decimal};
use crate::cosign::{CosignSigner, CosignVerifier};
use crate::hash::Hash;
use crate::note::{Note, NoteSignature};

use super::Accepted;

/// The newest checkpoint that was cosigned of one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    checkpoint: Checkpoint,
    note: Note,
    time_s: u64,
}

/// What was kept cannot be what was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what was kept of the newest cosigned checkpoint is damaged")]
pub struct BadSeen;

const FIRST_LINE: &str = "hotline-seen/1";

impl Seen {
    /// What there is to keep once `accepted` is cosigned, and the cosignature, which may leave only when this is on disk.
    /// The time never runs back: a later cosignature of a log bears no earlier one.
    #[must_use]
    pub fn cosigned(
        before: Option<&Seen>,
        accepted: &Accepted,
        signer: &CosignSigner,
        now_s: u64,
    ) -> (Seen, NoteSignature) {
        let time_s = before.map_or(now_s, |before| before.time_s.max(now_s)).max(1);
        let line = signer.cosign(&accepted.note.text, time_s);
        let mut note = accepted.note.clone();
        note.signatures.push(line.clone());
        let seen = Seen {
            checkpoint: accepted.checkpoint.clone(),
            note,
            time_s,
        };
        (seen, line)
    }

    /// What a note says that `witness` has cosigned, as it is to be kept; none if it has not cosigned that note. For whoever
    /// finds such notes where they were written down, behind what was kept.
    #[must_use]
    pub fn recalled(note: &Note, witness: &CosignVerifier) -> Option<Seen> {
        let checkpoint = Checkpoint::danger_parse_extended(&note.text).ok()?;
        let own = |line: &&NoteSignature| witness.time_of(&note.text, line);
        let mut lines = note.signatures.iter();
        let line = lines.find(|line| own(line).is_some())?;
        let time_s = own(&line)?;
        let by_log = note
            .signatures
            .iter()
            .filter(|line| line.name == checkpoint.origin);
        Some(Seen {
            note: Note {
                text: note.text.clone(),
                signatures: by_log.chain([line]).cloned().collect(),
            },
            checkpoint,
            time_s,
        })
    }

    /// Size of the log.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// Root of the log.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.checkpoint.root
    }

    /// What it says.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note with the log's signatures and the cosignature.
    #[must_use]
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// When it was cosigned, in seconds since 1970.
    #[must_use]
    pub fn time_s(&self) -> u64 {
        self.time_s
    }

    /// For keeping it: a check sum, the time and the note.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut rest = format!("{}\n", self.time_s).into_bytes();
        rest.extend_from_slice(&self.note.encode());
        [
            format!("{FIRST_LINE}\n{}\n", Hash::of(&rest)).as_bytes(),
            rest.as_slice(),
        ]
        .concat()
    }

    /// Reads what was kept.
    ///
    /// # Errors
    /// When any bit of it is another one than was kept: then nothing may be cosigned on it.
    pub fn parse(bytes: &[u8]) -> Result<Seen, BadSeen> {
        let text = std::str::from_utf8(bytes).map_err(|_| BadSeen)?;
        let (first, rest) = text.split_once('\n').ok_or(BadSeen)?;
        let (sum, rest) = rest.split_once('\n').ok_or(BadSeen)?;
        if first != FIRST_LINE || sum != Hash::of(rest.as_bytes()).to_string() {
            return Err(BadSeen);
        }
        let (time, note) = rest.split_once('\n').ok_or(BadSeen)?;
        let note = Note::parse(note.as_bytes()).map_err(|_| BadSeen)?;
        Ok(Seen {
            checkpoint: Checkpoint::danger_parse_extended(&note.text).map_err(|_| BadSeen)?,
            note,
            time_s: decimal(time).ok_or(BadSeen)?,
        })
    }
}
