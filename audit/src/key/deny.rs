//! The deny-list of one trust domain: identities that two of its officers have ended.
//!
//! A roster ends keys with the statement root, which lies on a machine that is switched off. A deny-list needs neither
//! root nor CA: two different officers of the side sign one order, one of them a SECURITY_OFFICER, and whoever holds the
//! roster can check it. It is a text file, one order a line (two base64 statements with a space between), numbered and
//! chained like a roster, and only grows. What it ends stays ended.

mod fault;
mod seen;

use std::collections::BTreeSet;

use data_encoding::BASE64;

use super::roster::KeyEntry;
use super::{Purpose, Roster, Subject};
use crate::dsse::{PayloadType, SignedStatement};
use crate::hash::Hash;
use crate::statement::{Deny, DenyOrder};

pub use fault::{DenyError, DenyFault};

/// Most orders of a list. A side has a few dozen identities.
pub const MAX_DENY_ENTRIES: usize = 1_000;
/// Largest deny-list file, in bytes. 1,000 orders of about 1,500 bytes of base64 are 1.5 MB.
pub const MAX_DENY_BYTES: usize = 4 * 1024 * 1024;
/// SECURITY_OFFICER in a key statement.
pub const SECURITY_OFFICER: u32 = 7;

/// One identity that was ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// What was signed.
    pub order: DenyOrder,
    /// The two officers, in the order of the line.
    pub officers: [String; 2],
    /// Their key statements.
    pub keys: [Hash; 2],
    /// Hash of the order's bytes.
    pub hash: Hash,
}

/// The newest order of a list that ends somebody: what to remember in order to refuse an older list, and to know which
/// orders are new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DenyHead {
    /// Its number; 0 for a list that ends nobody.
    pub number: u64,
    /// Its hash; zero for a list that ends nobody.
    pub hash: Hash,
}

/// All orders of one trust domain, checked against its roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DenyList {
    trust_domain: String,
    denials: Vec<Denial>,
    lines: Vec<[Vec<u8>; 2]>,
    void: BTreeSet<u64>,
}

impl DenyList {
    /// A list without orders.
    #[must_use]
    pub fn empty(roster: &Roster) -> DenyList {
        DenyList {
            trust_domain: roster.trust_domain().to_owned(),
            denials: Vec::new(),
            lines: Vec::new(),
            void: BTreeSet::new(),
        }
    }

    /// Reads a deny-list file and checks all of it against the roster of its trust domain.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn parse(text: &str, roster: &Roster) -> Result<DenyList, DenyError> {
        if text.len() > MAX_DENY_BYTES {
            return Err(DenyError::TooLarge(text.len()));
        }
        let mut list = DenyList::empty(roster);
        for (place, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let not_two = || DenyError::NotTwo(place + 1);
            let (first, second) = line.split_once(' ').ok_or_else(not_two)?;
            let decode = |text: &str| crate::base64::decode(text).ok_or_else(not_two);
            list.append([&decode(first)?, &decode(second)?], roster)?;
        }
        Ok(list)
    }

    /// The order that would come next.
    #[must_use]
    pub fn next(&self, identity: &str, reason: &str, since_ms: u64, now_ms: u64) -> DenyOrder {
        DenyOrder {
            trust_domain: self.trust_domain.clone(),
            number: self.denials.len() as u64 + 1,
            previous: self.denials.last().map_or(Hash::ZERO, |last| last.hash),
            identity: identity.to_owned(),
            reason: reason.to_owned(),
            compromised_since_ms: since_ms,
            claimed_time_ms: now_ms,
        }
    }

    /// Adds the next order, as its two officers signed it.
    ///
    /// # Errors
    /// When it is not the next order of this list; nothing has changed then.
    pub fn append(&mut self, signed: [&[u8]; 2], roster: &Roster) -> Result<(), DenyError> {
        let denial = self.judge(signed, roster).map_err(|fault| DenyError::Entry {
            trust_domain: self.trust_domain.clone(),
            number: self.denials.len() as u64 + 1,
            fault,
        })?;
        self.denials.push(denial);
        self.lines.push(signed.map(<[u8]>::to_vec));
        Ok(())
    }

    /// Refuses a list that lacks an order of one that was seen before. Orders behind the newest one that ends somebody
    /// may be others or gone: whoever holds two old keys could else keep the next true order out.
    ///
    /// # Errors
    /// [`DenyError::Older`].
    pub fn check_not_older(&self, seen: &DenyList) -> Result<(), DenyError> {
        let counted = seen.head().number;
        let lacking = seen
            .denials
            .iter()
            .take_while(|seen| seen.order.number <= counted)
            .zip(self.denials.iter().map(Some).chain(std::iter::repeat(None)))
            .find(|(seen, held)| held.is_none_or(|held| held.hash != seen.hash));
        match lacking {
            None => Ok(()),
            Some((seen, _)) => Err(DenyError::Older {
                trust_domain: self.trust_domain.clone(),
                number: seen.order.number,
            }),
        }
    }

    /// How many orders both lists begin with.
    #[must_use]
    pub fn common(&self, other: &DenyList) -> usize {
        let both = self.denials.iter().zip(&other.denials);
        both.take_while(|(a, b)| a.hash == b.hash).count()
    }

    /// The list as it was with its first `count` orders.
    #[must_use]
    pub fn first(&self, count: usize) -> DenyList {
        DenyList {
            trust_domain: self.trust_domain.clone(),
            denials: self.denials.iter().take(count).cloned().collect(),
            lines: self.lines.iter().take(count).cloned().collect(),
            void: self.void.clone(),
        }
    }

    /// The trust domain.
    #[must_use]
    pub fn trust_domain(&self) -> &str {
        &self.trust_domain
    }

    /// Every order, in order, also those that end nobody.
    #[must_use]
    pub fn denials(&self) -> &[Denial] {
        &self.denials
    }

    /// The two statements of each order that ends somebody, in order.
    pub fn counting_statements(&self) -> impl Iterator<Item = &[Vec<u8>; 2]> {
        let placed = self.denials.iter().zip(&self.lines);
        placed
            .filter(|(denial, _)| !self.void.contains(&denial.order.number))
            .map(|(_, line)| line)
    }

    /// The file, without comments.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.lines
            .iter()
            .map(|[first, second]| format!("{} {}\n", BASE64.encode(first), BASE64.encode(second)))
            .collect()
    }

    fn judge(&self, signed: [&[u8]; 2], roster: &Roster) -> Result<Denial, DenyFault> {
        if self.denials.len() >= MAX_DENY_ENTRIES {
            return Err(DenyFault::TooMany);
        }
        let [first, second] = [
            self.signature(signed[0], roster)?,
            self.signature(signed[1], roster)?,
        ];
        if first.said.order != second.said.order {
            return Err(DenyFault::TwoOrders);
        }
        let order = DenyOrder::decode(&first.said.order)?;
        let officers = [first.said.officer.clone(), second.said.officer.clone()];
        if officers[0] == officers[1] {
            return Err(DenyFault::OneOfficer(officers[0].clone()));
        }
        for signature in [&first, &second] {
            self.may_sign(signature, &order)?;
        }
        if ![&first, &second]
            .iter()
            .any(|by| by.key.statement.roles.contains(&SECURITY_OFFICER))
        {
            return Err(DenyFault::NoSecurityOfficer(
                officers[0].clone(),
                officers[1].clone(),
            ));
        }
        self.check_place(&order)?;
        Ok(Denial {
            hash: Hash::of(&first.said.order),
            order,
            officers,
            keys: [first.key.hash, second.key.hash],
        })
    }

    fn signature<'r>(&self, bytes: &[u8], roster: &'r Roster) -> Result<Signature<'r>, DenyFault> {
        let statement = SignedStatement::parse(bytes)?;
        if statement.payload_type != PayloadType::Deny {
            return Err(DenyFault::WrongPayloadType(statement.payload_type));
        }
        let said = Deny::decode(&statement.payload)?;
        let unknown = || DenyFault::UnknownOfficer(said.officer.clone());
        let key = roster.by_hash(&said.key_statement).ok_or_else(unknown)?;
        if key.purpose != Purpose::Officer || key.statement.subject != said.officer {
            return Err(unknown());
        }
        if !statement.verify(&key.key) {
            return Err(DenyFault::BadSignature(said.officer));
        }
        Ok(Signature { said, key })
    }

    /// An order is a fact of the past: a key that ended by the roster since does not undo it. One that this very list had
    /// ended before could be in anybody's hands.
    fn may_sign(&self, by: &Signature<'_>, order: &DenyOrder) -> Result<(), DenyFault> {
        let officer = &by.said.officer;
        let denied = self
            .denials
            .iter()
            .any(|denial| denial.order.identity == *officer);
        if denied || order.identity == *officer {
            return Err(DenyFault::DeniedOfficer(officer.clone()));
        }
        let validity = by.key.statement.not_before_ms..=by.key.statement.not_after_ms;
        if validity.contains(&order.claimed_time_ms) {
            Ok(())
        } else {
            Err(DenyFault::OutOfDate(officer.clone()))
        }
    }

    fn check_place(&self, order: &DenyOrder) -> Result<(), DenyFault> {
        let ours = Subject::parse(&order.identity).is_some_and(|who| who.domain == self.trust_domain);
        if !ours || order.trust_domain != self.trust_domain {
            return Err(DenyFault::BadIdentity(order.identity.clone()));
        }
        if self
            .denials
            .iter()
            .any(|denial| denial.order.identity == order.identity)
        {
            return Err(DenyFault::Twice(order.identity.clone()));
        }
        let next = self.next("", "", 0, 0);
        if order.number != next.number {
            return Err(DenyFault::WrongNumber(order.number));
        }
        if order.previous != next.previous {
            return Err(DenyFault::BrokenChain);
        }
        if order.compromised_since_ms > order.claimed_time_ms {
            return Err(DenyFault::LateDoubt);
        }
        Ok(())
    }
}

struct Signature<'r> {
    said: Deny,
    key: &'r KeyEntry,
}

#[cfg(test)]
mod tests;
