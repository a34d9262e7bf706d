//! The roster of one trust domain: a chain of key statements and revocations under one statement root.
//!
//! A roster is a text file, one base64 statement a line, so that it can be read, diffed and carried on paper. It only
//! grows: who has seen it once refuses an older or a forked one ([`Roster::parse`] with the newest head seen). Every
//! rule of enrolment is in [`Roster::append`], which reading and building share, so nothing can be built that a reader
//! refuses.

mod sealing;

use std::collections::BTreeMap;

use data_encoding::BASE64;

use super::fault::{EntryFault, RosterError};
use super::seal::SealKeyEntry;
use super::{Purpose, Subject, is_trust_domain};
use crate::dsse::{PayloadType, PublicKey, SignedStatement};
use crate::hash::Hash;
use crate::statement::{KeyStatement, Revocation, SealKey};

/// Largest roster file, in bytes. 10,000 entries of about 600 bytes of base64 are 6 MB.
pub const MAX_ROSTER_BYTES: usize = 16 * 1024 * 1024;
/// Most entries of a roster.
pub const MAX_ROSTER_ENTRIES: usize = 10_000;

/// The newest entry of a roster: what to remember in order to refuse an older one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RosterHead {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: Hash,
}

/// A key that a roster enrols.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyEntry {
    /// Hash of the key statement: what statements name.
    pub hash: Hash,
    /// What it says.
    pub statement: KeyStatement,
    /// What the key is for.
    pub purpose: Purpose,
    /// The key, checked for weakness.
    pub key: PublicKey,
    /// How it ended, if it did.
    pub revoked: Option<Revoked>,
}

/// Which list ended a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    /// The roster, with the statement root.
    Roster,
    /// The deny-list, with two officers.
    DenyList,
}

impl std::fmt::Display for EndedBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            EndedBy::Roster => "roster entry",
            EndedBy::DenyList => "deny-list order",
        })
    }
}

/// The end of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// Which list says so.
    pub by: EndedBy,
    /// Hash of the revocation statement, or of the order.
    pub hash: Hash,
    /// Number of the revocation in the roster, or of the order in the deny-list.
    pub number: u64,
    /// Why, in the officers' words.
    pub reason: String,
    /// The security officer's clock, milliseconds since 1970 (UTC).
    pub claimed_time_ms: u64,
}

/// All keys of one trust domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    trust_domain: String,
    root: PublicKey,
    entries: Vec<(Hash, Vec<u8>)>,
    keys: BTreeMap<Hash, KeyEntry>,
    seal_keys: BTreeMap<Hash, SealKeyEntry>,
}

impl Roster {
    /// A roster without entries.
    ///
    /// # Errors
    /// When the trust domain is none.
    pub fn empty(trust_domain: &str, root: PublicKey) -> Result<Roster, RosterError> {
        if !is_trust_domain(trust_domain) {
            return Err(RosterError::NotATrustDomain(trust_domain.to_owned()));
        }
        Ok(Roster {
            trust_domain: trust_domain.to_owned(),
            root,
            entries: Vec::new(),
            keys: BTreeMap::new(),
            seal_keys: BTreeMap::new(),
        })
    }

    /// Reads a roster file and checks all of it; with `newest_seen` also that it is no older and no other one.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn parse(
        text: &str,
        trust_domain: &str,
        root: PublicKey,
        newest_seen: Option<&RosterHead>,
    ) -> Result<Roster, RosterError> {
        if text.len() > MAX_ROSTER_BYTES {
            return Err(RosterError::TooLarge(text.len()));
        }
        let mut roster = Roster::empty(trust_domain, root)?;
        for (place, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let bytes = crate::base64::decode(line).ok_or(RosterError::NotBase64(place + 1))?;
            roster.append(&bytes)?;
        }
        if let Some(seen) = newest_seen {
            roster.check_not_older(seen)?;
        }
        Ok(roster)
    }

    /// Refuses a roster that lacks an entry which has been seen.
    ///
    /// # Errors
    /// [`RosterError::Older`] or [`RosterError::Forked`].
    pub fn check_not_older(&self, seen: &RosterHead) -> Result<(), RosterError> {
        let trust_domain = self.trust_domain.clone();
        let found = self.entries.len() as u64;
        if seen.number > found {
            return Err(RosterError::Older {
                trust_domain,
                seen: seen.number,
                found,
            });
        }
        let held = seen
            .number
            .checked_sub(1)
            .and_then(|place| self.entries.get(usize::try_from(place).ok()?));
        match held {
            Some((hash, _)) if *hash == seen.hash => Ok(()),
            Some(_) | None => Err(RosterError::Forked {
                trust_domain,
                number: seen.number,
            }),
        }
    }

    /// Adds the next entry and returns its hash.
    ///
    /// # Errors
    /// When the bytes are not the next entry of this roster; nothing has changed then.
    pub fn append(&mut self, bytes: &[u8]) -> Result<Hash, RosterError> {
        let number = self.next_number();
        self.try_append(bytes, number)
            .map_err(|fault| RosterError::Entry {
                trust_domain: self.trust_domain.clone(),
                number,
                fault,
            })
    }

    /// The trust domain.
    #[must_use]
    pub fn trust_domain(&self) -> &str {
        &self.trust_domain
    }

    /// The statement root.
    #[must_use]
    pub fn root(&self) -> &PublicKey {
        &self.root
    }

    /// The newest entry; `None` while there is none.
    #[must_use]
    pub fn head(&self) -> Option<RosterHead> {
        let (hash, _) = self.entries.last()?;
        Some(RosterHead {
            number: self.entries.len() as u64,
            hash: *hash,
        })
    }

    /// Number of the entry that would come next.
    #[must_use]
    pub fn next_number(&self) -> u64 {
        self.entries.len() as u64 + 1
    }

    /// The exact bytes of every entry, in order.
    pub fn entries(&self) -> impl Iterator<Item = &[u8]> {
        self.entries.iter().map(|(_, bytes)| bytes.as_slice())
    }

    /// The roster file, without comments.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.entries().map(|bytes| BASE64.encode(bytes) + "\n").collect()
    }

    /// The key with this key-statement hash, revoked or not.
    #[must_use]
    pub fn by_hash(&self, hash: &Hash) -> Option<&KeyEntry> {
        self.keys.get(hash)
    }

    /// True when the key with this key-statement hash has been revoked.
    #[must_use]
    pub fn is_revoked(&self, hash: &Hash) -> bool {
        self.by_hash(hash).is_some_and(|entry| entry.revoked.is_some())
    }

    /// All keys, in the order of their hashes.
    pub fn keys(&self) -> impl Iterator<Item = &KeyEntry> {
        self.keys.values()
    }

    /// All keys of one subject for one purpose, revoked or not, newest first.
    #[must_use]
    pub fn keys_of(&self, subject: &str, purpose: Purpose) -> Vec<&KeyEntry> {
        let mut keys: Vec<&KeyEntry> = self
            .keys()
            .filter(|entry| entry.purpose == purpose && entry.statement.subject == subject)
            .collect();
        keys.sort_by_key(|entry| std::cmp::Reverse(entry.statement.number));
        keys
    }

    /// The newest key of one subject for one purpose that is valid and not revoked at this time.
    #[must_use]
    pub fn current_key(&self, subject: &str, purpose: Purpose, at_ms: u64) -> Option<&KeyEntry> {
        self.keys_of(subject, purpose).into_iter().find(|entry| {
            entry.revoked.is_none()
                && (entry.statement.not_before_ms..=entry.statement.not_after_ms).contains(&at_ms)
        })
    }

    fn try_append(&mut self, bytes: &[u8], number: u64) -> Result<Hash, EntryFault> {
        if self.entries.len() >= MAX_ROSTER_ENTRIES {
            return Err(EntryFault::TooMany);
        }
        let statement = SignedStatement::parse(bytes)?;
        if !is_roster_entry(statement.payload_type) {
            return Err(EntryFault::WrongPayloadType(statement.payload_type));
        }
        if !statement.verify(&self.root) {
            return Err(EntryFault::ForeignRoot);
        }
        let hash = statement.hash();
        if statement.payload_type == PayloadType::Key {
            let key = KeyStatement::decode(&statement.payload)?;
            self.check_place(&key.trust_domain, key.number, key.previous, number)?;
            let entry = self.enrol(key, hash)?;
            self.keys.insert(hash, entry);
        } else if statement.payload_type == PayloadType::SealKey {
            let key = SealKey::decode(&statement.payload)?;
            self.check_place(&key.trust_domain, key.number, key.previous, number)?;
            let entry = self.enrol_seal(key, hash)?;
            self.seal_keys.insert(hash, entry);
        } else {
            let revocation = Revocation::decode(&statement.payload)?;
            self.check_place(
                &revocation.trust_domain,
                revocation.number,
                revocation.previous,
                number,
            )?;
            self.revoke(revocation, hash)?;
        }
        self.entries.push((hash, statement.into_bytes()));
        Ok(hash)
    }

    fn check_place(
        &self,
        domain: &str,
        number: u64,
        previous: Hash,
        expected: u64,
    ) -> Result<(), EntryFault> {
        if domain != self.trust_domain {
            return Err(EntryFault::WrongDomain(domain.to_owned()));
        }
        if number != expected {
            return Err(EntryFault::WrongNumber(number));
        }
        if previous != self.head().map_or(Hash::ZERO, |head| head.hash) {
            return Err(EntryFault::BrokenChain);
        }
        Ok(())
    }

    fn enrol(&self, statement: KeyStatement, hash: Hash) -> Result<KeyEntry, EntryFault> {
        let key = PublicKey::parse(&statement.public_key).map_err(EntryFault::BadKey)?;
        let bad_subject = || EntryFault::BadSubject(statement.subject.clone());
        let purpose = Purpose::from_wire(statement.purpose).ok_or_else(bad_subject)?;
        let subject = Subject::parse(&statement.subject).ok_or_else(bad_subject)?;
        if subject.domain != self.trust_domain {
            return Err(bad_subject());
        }
        if !purpose.fits_role(subject.role) {
            return Err(EntryFault::WrongRole {
                subject: statement.subject.clone(),
                purpose,
            });
        }
        if (purpose == Purpose::Officer) == statement.roles.is_empty() {
            return Err(EntryFault::WrongRoles);
        }
        if statement.not_before_ms >= statement.not_after_ms {
            return Err(EntryFault::EmptyValidity);
        }
        let reused = self.keys().any(|other| {
            let same_use = other.purpose == purpose && other.statement.subject == statement.subject;
            other.key == key && (other.revoked.is_some() || !same_use)
        });
        if reused || key == self.root {
            return Err(EntryFault::ReusedKey);
        }
        Ok(KeyEntry {
            hash,
            statement,
            purpose,
            key,
            revoked: None,
        })
    }

    /// Ends every key of one subject that the roster has not ended itself.
    pub(super) fn end_all(&mut self, subject: &str, revoked: &Revoked) {
        for entry in self.keys.values_mut() {
            if entry.statement.subject == subject {
                entry.revoked.get_or_insert_with(|| revoked.clone());
            }
        }
        for entry in self.seal_keys.values_mut() {
            if entry.statement.subject == subject {
                entry.revoked.get_or_insert_with(|| revoked.clone());
            }
        }
    }

    /// A second revocation of the same key changes nothing: the first one counts.
    fn revoke(&mut self, revocation: Revocation, hash: Hash) -> Result<(), EntryFault> {
        let key = revocation.key_statement;
        let held = match (self.keys.get_mut(&key), self.seal_keys.get_mut(&key)) {
            (Some(entry), _) => &mut entry.revoked,
            (None, Some(entry)) => &mut entry.revoked,
            (None, None) => return Err(EntryFault::RevokesNothing(key)),
        };
        held.get_or_insert(Revoked {
            by: EndedBy::Roster,
            hash,
            number: revocation.number,
            reason: revocation.reason,
            claimed_time_ms: revocation.claimed_time_ms,
        });
        Ok(())
    }
}

/// True for what a roster is made of.
#[must_use]
pub fn is_roster_entry(kind: PayloadType) -> bool {
    matches!(
        kind,
        PayloadType::Key | PayloadType::SealKey | PayloadType::Revocation
    )
}
