//! Whether a signature counts whose key has ended since: judged from the order of leaves in logs, never from a clock alone.
//!
//! A key that was stolen can sign whatever times it likes, and an owner who regrets a statement can end the key and say
//! that it came later. What neither can change is where a statement lies in a tree that both sides have signed: the log's
//! owner by its checkpoint, the other side by its cosignature, or by a checkpoint of that log in its own.
//!
//! The rule is in `FORMAT.md` §19. [`counts`] takes several logs that were verified, with the cosignatures that are known
//! under trees of each, and judges every statement that a key has signed which has ended by the verifier's own rosters.

mod facts;
mod judge;

use std::fmt;

use super::LogReport;
use crate::checkpoint::Checkpoint;
use crate::compare::Log;
use crate::cosign::{CosignVerifier, CosignerName};
use crate::hash::Hash;
use crate::key::{Purpose, Roster, RosterSet, origin_of};
use crate::note::Note;
use crate::trust::TrustPolicy;

/// A tree of a log that somebody else has cosigned, verified by the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    /// Entries of the tree.
    pub size: u64,
    /// Its root. One that is not the log's at this size proves nothing here.
    pub root: Hash,
    /// Trust domain of the cosigner.
    pub by: String,
    /// When, by the cosigner's clock, milliseconds since 1970 (UTC). Cosignatures have seconds.
    pub at_ms: u64,
}

/// One log as evidence.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// Note and entries.
    pub log: &'a Log,
    /// What its verification found, under the same trust.
    pub report: &'a LogReport,
    /// Cosignatures under trees of it; checkpoints of it in other logs are found there and need not be named.
    pub cosigned: &'a [Cosigned],
}

/// What a signature of a key that has ended is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// It was made before the key ended, as both sides have signed.
    Counts,
    /// Nobody can tell; people have to.
    Review,
    /// It stands behind the end of its key wherever it stands.
    RevokedKey,
}

impl Standing {
    /// The word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Standing::Counts => "COUNTS",
            Standing::Review => "REVIEW",
            Standing::RevokedKey => "REVOKED_KEY",
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl serde::Serialize for Standing {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A leaf.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Place {
    /// The log.
    pub origin: String,
    /// Index in it.
    pub index: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{} of {}", self.index, self.origin.escape_debug())
    }
}

/// One signature of a key that has ended, and what it is worth.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Counted {
    /// Hash of the statement that holds the signature.
    pub sha256: Hash,
    /// What it is: `message`, `receipt` and so on.
    pub kind: &'static str,
    /// Whose key signed: the desk, or an officer inside.
    pub signer: String,
    /// Hash of the key's statement.
    pub key_statement: Hash,
    /// The list that ended the key: `roster entry` or `deny-list order`.
    pub ended_by: String,
    /// Number in that list.
    pub ended_number: u64,
    /// What the signature is worth.
    pub standing: Standing,
    /// Where the statement lies.
    pub places: Vec<Place>,
    /// Where the end of the key lies.
    pub ends: Vec<Place>,
    /// What shows that the statement came before the end of its key; none where nothing does.
    pub shown: Option<Shown>,
    /// From when on the key may have been in other hands, milliseconds since 1970 (UTC), as the end of the key says.
    pub doubtful_since_ms: Option<u64>,
    /// The earliest cosignature of the key's own side over a tree that holds the statement.
    pub witnessed: Option<Witnessed>,
    /// Why, in words.
    pub why: String,
}

/// What shows that a statement came before the end of its key: a leaf, and a tree with it that another side has seen.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Shown {
    /// Where the statement stands.
    pub leaf: Place,
    /// From where on the end of the key counts as known, in the log of the leaf or in that of whoever had seen the leaf;
    /// none where only the times tell.
    pub end: Option<Place>,
    /// Trust domain of whoever has seen the tree.
    pub by: String,
    /// Entries of that tree.
    pub size: u64,
    /// When it was cosigned, milliseconds since 1970 (UTC), by the cosigner's clock; none of a tree that is told by a leaf.
    pub at_ms: Option<u64>,
    /// The leaf of another log that holds the tree's checkpoint; none of a cosignature.
    pub kept: Option<Place>,
}

/// A cosignature over a tree that holds a statement.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Witnessed {
    /// The log.
    pub origin: String,
    /// Entries of the tree.
    pub size: u64,
    /// When, milliseconds since 1970 (UTC), by the cosigner's clock.
    pub at_ms: u64,
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self
            .places
            .first()
            .map_or_else(String::new, |place| format!(" {place}"));
        write!(
            f,
            "{}: {}{place}, signed by {}, whose key {} {} ended: {}",
            self.standing,
            self.kind,
            self.signer.escape_debug(),
            self.ended_by,
            self.ended_number,
            self.why
        )
    }
}

/// Judges every signature by a key that these rosters and deny-lists have ended, in the order of the first log that holds
/// its statement. A log whose tree is not the signed one says nothing.
#[must_use]
pub fn counts(evidence: &[Evidence<'_>], trust: &TrustPolicy) -> Vec<Counted> {
    let facts = facts::Facts::gather(evidence, trust);
    judge::all(&facts, trust)
}

/// The cosignatures under a checkpoint by WITNESS and MIRROR keys of these rosters that have not ended; each of a relay of the
/// roster's own trust domain. That the log itself has signed the note is not judged here.
#[must_use]
pub fn cosigned(note: &[u8], rosters: &RosterSet) -> Vec<Cosigned> {
    let (Ok(note), Ok(checkpoint)) = (Note::parse(note), Checkpoint::danger_parse_unverified(note)) else {
        return Vec::new();
    };
    let keys = rosters
        .rosters()
        .flat_map(Roster::keys)
        .filter(|key| key.revoked.is_none());
    let by = keys.filter_map(|key| {
        let origin = origin_of(&key.statement.subject)?;
        let name = match key.purpose {
            Purpose::Witness => CosignerName::witness(origin),
            Purpose::Mirror => CosignerName::mirror(origin),
            Purpose::Statement | Purpose::Log | Purpose::Officer | Purpose::Control => return None,
        };
        let unix_s = CosignVerifier::new(name.ok()?, key.key).verify(&note)?;
        Some(Cosigned {
            size: checkpoint.size,
            root: checkpoint.root,
            by: key.statement.trust_domain.clone(),
            at_ms: unix_s.saturating_mul(1_000),
        })
    });
    by.collect()
}

#[cfg(test)]
mod tests;
