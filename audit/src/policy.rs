//! Policy files (C2SP tlog-policy): which logs an auditor knows, which cosigners, and how many of them must have signed.
//!
//! Lines of ours stand beside those of the format and begin with `hotline-`, so that `grep -v '^hotline-'` gives a file that
//! other software takes: `hotline-root` pins a side's statement root, `hotline-roster` an entry that its roster must hold.
//! A policy is the auditor's own. Nothing of it ever comes from what is judged.

mod draft;
mod parse;

pub use draft::draft;
pub use parse::{MAX_POLICY_BYTES, MAX_POLICY_ITEMS, PolicyError, PolicyFault};

use crate::checkpoint::{Checkpoint, CheckpointError, LogVerifier};
use crate::cosign::CosignVerifier;
use crate::dsse::PublicKey;
use crate::hash::Hash;
use crate::key::Roster;
use crate::note::{Note, NoteError};

/// A name in a policy: bytes that mean nothing outside of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyName(Vec<u8>);

impl PolicyName {
    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// As well as the bytes can be shown.
impl std::fmt::Display for PolicyName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl std::fmt::Debug for PolicyName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(&self.0))
    }
}

/// A log that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyLog {
    /// Its origin and key.
    pub key: LogVerifier,
    /// Where it may be reached, as the file says it.
    pub url: Option<String>,
}

/// A cosigner that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyWitness {
    /// What the policy calls it.
    pub name: PolicyName,
    /// Its name and key.
    pub key: CosignVerifier,
    /// Where it may be reached, as the file says it.
    pub url: Option<String>,
}

/// Cosigners of whom so many must have signed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    name: PolicyName,
    needed: usize,
    members: Vec<Member>,
}

/// A witness or an earlier group, by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    Witness(usize),
    Group(usize),
}

/// That a side's roster must reach at least this entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterPin {
    /// The side.
    pub trust_domain: String,
    /// Number of the entry.
    pub number: u64,
    /// Hash of that entry.
    pub hash: Hash,
}

impl RosterPin {
    /// Whether this roster holds the entry.
    #[must_use]
    pub fn met_by(&self, roster: &Roster) -> bool {
        let head = crate::key::RosterHead {
            number: self.number,
            hash: self.hash,
        };
        roster.trust_domain() == self.trust_domain && roster.check_not_older(&head).is_ok()
    }
}

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    groups: Vec<Group>,
    quorum: Option<Member>,
    roots: Vec<(String, PublicKey)>,
    pins: Vec<RosterPin>,
}

/// One cosigner that has signed a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    /// What the policy calls it.
    pub name: PolicyName,
    /// The name it signs under.
    pub cosigner: String,
    /// When, in seconds since 1970 by its own clock: the earliest, if more than once.
    pub unix_s: u64,
}

/// Why a checkpoint does not satisfy a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unmet {
    /// A line of a cosigner that is known does not verify: the note is refused whole.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Not a checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// No log of the policy signed it.
    #[error("{0} is no log of the policy, or did not sign with a key that the policy knows")]
    UnknownLog(String),
    /// Too few cosigners signed.
    #[error("the quorum {quorum} is not reached; cosigned by {}", names(signed))]
    Quorum {
        /// The group or cosigner that would have had to sign.
        quorum: PolicyName,
        /// Who did sign.
        signed: Vec<Cosigned>,
    },
}

fn names(signed: &[Cosigned]) -> String {
    if signed.is_empty() {
        return "nobody of the policy".into();
    }
    let names: Vec<String> = signed.iter().map(|by| by.name.to_string()).collect();
    names.join(", ")
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// [`PolicyError`] names the line and what is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Policy, PolicyError> {
        parse::policy(bytes)
    }

    /// The logs, in the order of the file.
    #[must_use]
    pub fn logs(&self) -> &[PolicyLog] {
        &self.logs
    }

    /// The cosigners, in the order of the file.
    #[must_use]
    pub fn witnesses(&self) -> &[PolicyWitness] {
        &self.witnesses
    }

    /// The statement roots that `hotline-root` lines pin, with their trust domains.
    #[must_use]
    pub fn roots(&self) -> &[(String, PublicKey)] {
        &self.roots
    }

    /// The statement root of one trust domain.
    #[must_use]
    pub fn root(&self, trust_domain: &str) -> Option<&PublicKey> {
        self.roots
            .iter()
            .find(|(domain, _)| domain == trust_domain)
            .map(|(_, root)| root)
    }

    /// What rosters must hold.
    #[must_use]
    pub fn pins(&self) -> &[RosterPin] {
        &self.pins
    }

    /// The keys of the log with this origin; empty when the policy does not know it.
    #[must_use]
    pub fn log_keys(&self, origin: &str) -> Vec<LogVerifier> {
        self.logs
            .iter()
            .filter(|log| log.key.origin() == origin)
            .map(|log| log.key.clone())
            .collect()
    }

    /// Who of the policy's cosigners signed this note.
    ///
    /// # Errors
    /// When a line of one of them does not verify: then the whole note is to be refused.
    pub fn cosigned(&self, note: &Note) -> Result<Vec<Cosigned>, NoteError> {
        let mut signed = Vec::new();
        for witness in &self.witnesses {
            if let Some(unix_s) = witness.key.times(note)?.into_iter().min() {
                signed.push(Cosigned {
                    name: witness.name.clone(),
                    cosigner: witness.key.name().to_string(),
                    unix_s,
                });
            }
        }
        Ok(signed)
    }

    /// Who cosigned this note, if they are enough. Whether the log itself signed it is [`Policy::log_signed`].
    ///
    /// # Errors
    /// [`Unmet::Quorum`], or a line that does not verify.
    pub fn quorum_met(&self, note: &Note) -> Result<Vec<Cosigned>, Unmet> {
        let signed = self.cosigned(note)?;
        let Some(quorum) = self.quorum else {
            return Ok(signed);
        };
        let witnessed: Vec<bool> = self
            .witnesses
            .iter()
            .map(|witness| signed.iter().any(|by| by.name == witness.name))
            .collect();
        let mut reached: Vec<bool> = Vec::new();
        for group in &self.groups {
            let members = group.members.iter().filter(|member| match member {
                Member::Witness(at) => witnessed.get(*at) == Some(&true),
                Member::Group(at) => reached.get(*at) == Some(&true),
            });
            reached.push(members.count() >= group.needed);
        }
        let met = match quorum {
            Member::Witness(at) => witnessed.get(at),
            Member::Group(at) => reached.get(at),
        };
        if met == Some(&true) {
            return Ok(signed);
        }
        Err(Unmet::Quorum {
            quorum: self.name_of(quorum),
            signed,
        })
    }

    /// The checkpoint, if one of the policy's logs signed it under its own origin.
    ///
    /// # Errors
    /// When it is no checkpoint, the log is not known, or a line of it does not verify.
    pub fn log_signed(&self, note: &Note) -> Result<Checkpoint, Unmet> {
        let checkpoint = Checkpoint::danger_parse_extended(&note.text)?;
        let mut signed = false;
        for key in self.log_keys(&checkpoint.origin) {
            match note.verify(key.verifier_key()) {
                Ok(()) => signed = true,
                Err(NoteError::NotSigned(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if signed {
            Ok(checkpoint)
        } else {
            Err(Unmet::UnknownLog(checkpoint.origin))
        }
    }

    fn name_of(&self, member: Member) -> PolicyName {
        let name = match member {
            Member::Witness(at) => self.witnesses.get(at).map(|witness| &witness.name),
            Member::Group(at) => self.groups.get(at).map(|group| &group.name),
        };
        name.cloned().unwrap_or(PolicyName(Vec::new()))
    }
}

#[cfg(test)]
mod tests;
