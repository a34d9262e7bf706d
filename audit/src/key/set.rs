//! The rosters of several trust domains, and the question whether a key may be used.

use std::collections::BTreeMap;

use super::{Denial, DenyList, EndedBy, KeyEntry, Purpose, Revoked, Roster, RosterError, subject_of_origin};
use crate::hash::Hash;

/// Why a key may not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefusal {
    /// No roster holds such a key statement.
    #[error("no roster of ours holds key statement {0}")]
    Unknown(Hash),
    /// The key is for something else.
    #[error("the key of {subject} is for {found}, not for {expected}")]
    WrongPurpose {
        /// Whose key it is.
        subject: String,
        /// What it is for.
        found: Purpose,
        /// What it would have to be for.
        expected: Purpose,
    },
    /// The key is somebody else's.
    #[error("the key is that of {found}, not of {expected}")]
    WrongSubject {
        /// Whose key it is.
        found: String,
        /// Whose it would have to be.
        expected: String,
    },
    /// The key has been revoked.
    #[error("the key of {subject} was revoked by {by} {number}: {reason}")]
    Revoked {
        /// Whose key it was.
        subject: String,
        /// By which list.
        by: EndedBy,
        /// Number of the revocation in it.
        number: u64,
        /// Why.
        reason: String,
    },
    /// The key is not valid yet.
    #[error("the key of {subject} is valid from {from_ms} ms since 1970, and it is {at_ms}")]
    NotYetValid {
        /// Whose key it is.
        subject: String,
        /// Start of its validity.
        from_ms: u64,
        /// The time asked about.
        at_ms: u64,
    },
    /// The key is no longer valid.
    #[error("the key of {subject} was valid until {until_ms} ms since 1970, and it is {at_ms}")]
    Expired {
        /// Whose key it is.
        subject: String,
        /// End of its validity.
        until_ms: u64,
        /// The time asked about.
        at_ms: u64,
    },
}

impl KeyRefusal {
    /// Stable name of the rule that was broken.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        match self {
            KeyRefusal::Unknown(_) => "UNKNOWN_KEY",
            KeyRefusal::WrongPurpose { .. } => "WRONG_PURPOSE",
            KeyRefusal::WrongSubject { .. } => "WRONG_SENDER",
            KeyRefusal::Revoked { .. } => "REVOKED_KEY",
            KeyRefusal::NotYetValid { .. } => "KEY_NOT_YET_VALID",
            KeyRefusal::Expired { .. } => "EXPIRED_KEY",
        }
    }
}

impl KeyEntry {
    /// Refuses a key that is for something else.
    ///
    /// # Errors
    /// [`KeyRefusal::WrongPurpose`].
    pub fn check_purpose(&self, expected: Purpose) -> Result<(), KeyRefusal> {
        if self.purpose == expected {
            return Ok(());
        }
        Err(KeyRefusal::WrongPurpose {
            subject: self.subject(),
            found: self.purpose,
            expected,
        })
    }

    /// Refuses a key that is somebody else's.
    ///
    /// # Errors
    /// [`KeyRefusal::WrongSubject`].
    pub fn check_subject(&self, expected: &str) -> Result<(), KeyRefusal> {
        if self.statement.subject == expected {
            return Ok(());
        }
        Err(KeyRefusal::WrongSubject {
            found: self.subject(),
            expected: expected.to_owned(),
        })
    }

    /// Refuses a key that has been revoked, or is not valid at this time.
    ///
    /// # Errors
    /// [`KeyRefusal::Revoked`], [`KeyRefusal::NotYetValid`] or [`KeyRefusal::Expired`].
    pub fn check_standing(&self, at_ms: u64) -> Result<(), KeyRefusal> {
        self.check_not_revoked()?;
        self.check_validity(at_ms)
    }

    /// Refuses a key that has been revoked.
    ///
    /// # Errors
    /// [`KeyRefusal::Revoked`].
    pub fn check_not_revoked(&self) -> Result<(), KeyRefusal> {
        match &self.revoked {
            None => Ok(()),
            Some(revoked) => Err(KeyRefusal::Revoked {
                subject: self.subject(),
                by: revoked.by,
                number: revoked.number,
                reason: revoked.reason.clone(),
            }),
        }
    }

    /// Refuses a key that is not valid at this time.
    ///
    /// # Errors
    /// [`KeyRefusal::NotYetValid`] or [`KeyRefusal::Expired`].
    pub fn check_validity(&self, at_ms: u64) -> Result<(), KeyRefusal> {
        let (from_ms, until_ms) = (self.statement.not_before_ms, self.statement.not_after_ms);
        if at_ms < from_ms {
            return Err(KeyRefusal::NotYetValid {
                subject: self.subject(),
                from_ms,
                at_ms,
            });
        }
        if at_ms > until_ms {
            return Err(KeyRefusal::Expired {
                subject: self.subject(),
                until_ms,
                at_ms,
            });
        }
        Ok(())
    }

    fn subject(&self) -> String {
        self.statement.subject.clone()
    }
}

/// The rosters of the trust domains that we believe, each in its own domain only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RosterSet {
    rosters: BTreeMap<String, Roster>,
    deny_lists: BTreeMap<String, DenyList>,
}

impl RosterSet {
    /// No roster at all.
    #[must_use]
    pub fn new() -> RosterSet {
        RosterSet::default()
    }

    /// Adds a roster, or replaces an older copy of the same one.
    ///
    /// # Errors
    /// When a newer or another roster of that trust domain is held already; it is kept.
    pub fn update(&mut self, roster: Roster) -> Result<(), RosterError> {
        if let Some(held) = self.rosters.get(roster.trust_domain()) {
            if held.root() != roster.root() {
                return Err(RosterError::Forked {
                    trust_domain: roster.trust_domain().to_owned(),
                    number: 0,
                });
            }
            if let Some(head) = held.head() {
                roster.check_not_older(&head)?;
            }
        }
        self.rosters.insert(roster.trust_domain().to_owned(), roster);
        Ok(())
    }

    /// Ends what a deny-list of one of these trust domains ends. A list is checked when it is read.
    pub fn deny(&mut self, list: DenyList) {
        let Some(roster) = self.rosters.get_mut(list.trust_domain()) else {
            return;
        };
        for denial in list.counting() {
            let revoked = Revoked {
                by: EndedBy::DenyList,
                hash: denial.hash,
                number: denial.order.number,
                reason: denial.order.reason.clone(),
                claimed_time_ms: denial.order.claimed_time_ms,
            };
            roster.end_all(&denial.order.identity, &revoked);
        }
        self.deny_lists.insert(list.trust_domain().to_owned(), list);
    }

    /// Everything that deny-lists end, by trust domain and in order.
    pub fn denials(&self) -> impl Iterator<Item = &Denial> {
        self.deny_lists.values().flat_map(DenyList::counting)
    }

    /// The order that ended an identity.
    #[must_use]
    pub fn denial(&self, identity: &str) -> Option<&Denial> {
        self.denials().find(|denial| denial.order.identity == identity)
    }

    /// Refuses rosters and deny-lists that are older than others of the same roots, or fork from them, and a set that
    /// lacks a trust domain of the others: half a folder looks like that. A trust domain under another root is somebody's
    /// decision and passes.
    ///
    /// # Errors
    /// What is older or missing, in words.
    pub fn check_not_older(&self, seen: &RosterSet) -> Result<(), String> {
        for (domain, before) in &seen.rosters {
            let Some(roster) = self.rosters.get(domain) else {
                return Err(format!(
                    "the trust folder of {domain} is missing, or its root.pub"
                ));
            };
            if before.root() != roster.root() {
                continue;
            }
            if let Some(head) = before.head() {
                roster.check_not_older(&head).map_err(|error| error.to_string())?;
            }
            if let Some(before) = seen.deny_lists.get(domain) {
                let none = DenyList::empty(roster);
                let now = self.deny_lists.get(domain).unwrap_or(&none);
                now.check_not_older(before).map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }

    /// The deny-list of one trust domain, if it has one.
    #[must_use]
    pub fn deny_list(&self, trust_domain: &str) -> Option<&DenyList> {
        self.deny_lists.get(trust_domain)
    }

    /// The roster of one trust domain.
    #[must_use]
    pub fn roster(&self, trust_domain: &str) -> Option<&Roster> {
        self.rosters.get(trust_domain)
    }

    /// All rosters, by trust domain.
    pub fn rosters(&self) -> impl Iterator<Item = &Roster> {
        self.rosters.values()
    }

    /// The key with this key-statement hash, revoked or not.
    #[must_use]
    pub fn by_hash(&self, hash: &Hash) -> Option<&KeyEntry> {
        self.rosters.values().find_map(|roster| roster.by_hash(hash))
    }

    /// The key with this key-statement hash, if this subject may use it for this purpose at this time.
    ///
    /// # Errors
    /// The first rule that refuses it.
    pub fn usable(
        &self,
        hash: &Hash,
        purpose: Purpose,
        subject: &str,
        at_ms: u64,
    ) -> Result<&KeyEntry, KeyRefusal> {
        let entry = self.by_hash(hash).ok_or(KeyRefusal::Unknown(*hash))?;
        entry.check_purpose(purpose)?;
        entry.check_subject(subject)?;
        entry.check_standing(at_ms)?;
        Ok(entry)
    }

    /// All LOG keys of the log with this origin, revoked or not, newest first.
    #[must_use]
    pub fn log_keys(&self, origin: &str) -> Vec<&KeyEntry> {
        let subject = subject_of_origin(origin);
        self.rosters
            .values()
            .flat_map(|roster| roster.keys_of(&subject, Purpose::Log))
            .collect()
    }
}
