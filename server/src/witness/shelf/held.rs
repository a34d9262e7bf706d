//! How far one log is mirrored.

use data_encoding::BASE64;
use hotline_audit::{
    Checkpoint, Frontier, Hash,
    note::Note,
    tree::{CompletedNode, leaf_hash},
};

/// The newest checkpoint that the mirror cosigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigned {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The note with the log's signatures and the mirror's cosignature.
    pub note: Note,
}

/// How far one log is mirrored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    frontier: Frontier,
    /// Of all entries together.
    bytes: u64,
    cosigned: Option<Cosigned>,
}

const FIRST_LINE: &str = "hotline-mirrored/1";

impl Held {
    /// Nothing yet, of a log of which this was cosigned.
    pub(super) fn nothing_of(cosigned: Option<Cosigned>) -> Self {
        Self {
            cosigned,
            ..Self::default()
        }
    }

    /// Index of the first entry that is missing: how many there are.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.frontier.size()
    }

    /// Bytes of all entries that are held.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Root of all entries that are held.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// The newest checkpoint that the mirror cosigned.
    #[must_use]
    pub fn cosigned(&self) -> Option<&Cosigned> {
        self.cosigned.as_ref()
    }

    /// Its size; 0 if there is none.
    #[must_use]
    pub fn cosigned_size(&self) -> u64 {
        self.cosigned().map_or(0, |cosigned| cosigned.checkpoint.size)
    }

    /// Whether everything that was cosigned is there. It is not while entries that were altered are brought anew.
    #[must_use]
    pub fn whole(&self) -> bool {
        self.next() >= self.cosigned_size()
    }

    /// The same with another newest checkpoint.
    #[must_use]
    pub(in crate::witness) fn with(self, cosigned: Cosigned) -> Self {
        Self {
            cosigned: Some(cosigned),
            ..self
        }
    }

    pub(super) fn push(&mut self, entry: &[u8]) -> Vec<CompletedNode> {
        self.bytes = self.bytes.saturating_add(entry.len() as u64);
        self.frontier.push(leaf_hash(entry))
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut rest = format!("{} {}\n", self.next(), self.bytes);
        for hash in self.frontier.parts() {
            rest.push_str(&BASE64.encode(hash.as_bytes()));
            rest.push('\n');
        }
        let mut rest = rest.into_bytes();
        if let Some(cosigned) = &self.cosigned {
            rest.extend_from_slice(&cosigned.note.encode());
        }
        let sum = Hash::of(&rest);
        [format!("{FIRST_LINE}\n{sum}\n").as_bytes(), &rest].concat()
    }

    /// What was kept; `None` when any bit of it is another one.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (sum, rest) = text
            .strip_prefix(FIRST_LINE)?
            .strip_prefix('\n')?
            .split_once('\n')?;
        if Hash::of(rest.as_bytes()).to_string() != sum {
            return None;
        }
        let (size, mut rest) = rest.split_once('\n')?;
        let (size, bytes) = size.split_once(' ')?;
        let (size, bytes): (u64, u64) = (size.parse().ok()?, bytes.parse().ok()?);
        let mut edge = Vec::new();
        for _ in 0..size.count_ones() {
            let (line, behind) = rest.split_once('\n')?;
            edge.push(Hash::from_slice(&BASE64.decode(line.as_bytes()).ok()?)?);
            rest = behind;
        }
        let cosigned = match rest {
            "" => None,
            note => {
                let note = Note::parse(note.as_bytes()).ok()?;
                let checkpoint = Checkpoint::danger_parse_extended(&note.text).ok()?;
                Some(Cosigned { checkpoint, note })
            }
        };
        let frontier = Frontier::from_parts(size, edge).ok()?;
        Some(Self {
            frontier,
            bytes,
            cosigned,
        })
    }
}
