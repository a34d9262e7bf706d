//! To whom a text is sealed: every desk that it names, the own desk, and the escrows of every side among them.

use std::collections::BTreeMap;

use super::{SealError, SealTo, seal, too_long};
use hotline_audit::{
    Hash,
    key::{RosterSet, SealKeyEntry},
    opening::Opening,
    sealed::{self, SealContext, container_bytes},
    statement::Content,
};
use hotline_core::identity::{Identity, World};
use hotline_transport::Entropy;

/// Bytes that a statement needs beside its sealed body: header with the largest identities, officers' approvals, and the
/// fields around. A header with one recipient and two relays has 600 bytes, two approvals have 1,400.
const BESIDE: usize = 4 * 1024;
/// Parsed keys that are kept. A line has four.
const KEPT_MAX: usize = 64;

/// When words are sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealRule {
    /// Always: what is in the clear is neither sent nor believed. Of every OPERATION.
    Required,
    /// Where every desk of a message has a seal key; else it goes in the clear. Of exercises.
    Offered,
}

impl SealRule {
    /// The rule of a world where nothing else is set.
    #[must_use]
    pub const fn of(world: World) -> Self {
        match world {
            World::Operation => Self::Required,
            World::Exercise => Self::Offered,
        }
    }
}

/// How one desk seals: its rule and the keys of the rosters, as they stood when they were read.
#[derive(Clone, Debug)]
pub struct Sealing {
    me: Identity,
    rule: SealRule,
    desks: BTreeMap<String, Result<SealTo, SealError>>,
    escrows: BTreeMap<String, Vec<SealTo>>,
}

impl Sealing {
    /// The keys that this desk seals to, at this time. Parsing them costs more than looking, so it is done once.
    #[must_use]
    pub fn new(me: &Identity, rule: SealRule, rosters: &RosterSet, now_ms: u64) -> Self {
        let mut desks = BTreeMap::new();
        let mut escrows = BTreeMap::new();
        for roster in rosters.rosters() {
            let domain = roster.trust_domain();
            let found = rosters.escrows(domain, now_ms);
            let keys: Vec<SealTo> = found.into_iter().filter_map(|entry| to(entry).ok()).collect();
            escrows.insert(domain.to_owned(), keys);
            let subjects = roster.seal_keys().map(|entry| entry.statement.subject.as_str());
            for subject in subjects.filter(|subject| is_desk(subject)) {
                if desks.len() < KEPT_MAX
                    && !desks.contains_key(subject)
                    && let Some(entry) = rosters.seal_key(subject, now_ms)
                {
                    desks.insert(subject.to_owned(), to(entry));
                }
            }
        }
        Self {
            me: me.clone(),
            rule,
            desks,
            escrows,
        }
    }

    /// One that seals nothing: of desks without keys.
    #[must_use]
    pub fn in_the_clear(me: &Identity) -> Self {
        Self {
            me: me.clone(),
            rule: SealRule::Offered,
            desks: BTreeMap::new(),
            escrows: BTreeMap::new(),
        }
    }

    /// The content of a text for these desks, and its opening: sealed, or in the clear where that is allowed and a desk has
    /// no key.
    ///
    /// # Errors
    /// [`SealError`] names the desk without a key, or what is too long.
    pub fn content(
        &self,
        text: &str,
        desks: &[&str],
        context: impl FnOnce(&Hash) -> SealContext,
        entropy: &dyn Entropy,
    ) -> Result<(Content, Opening), SealError> {
        match self.keys(desks) {
            Ok(keys) => {
                // Nothing is encrypted that will not fit.
                match container_bytes(keys.len(), text.len()) {
                    Some(bytes) if bytes + BESIDE <= hotline_audit::MAX_STATEMENT_BYTES => {}
                    _ => return Err(too_long(text, keys.len())),
                }
                seal(text, &keys, context, entropy)
            }
            Err(SealError::NoKey(_)) if self.rule == SealRule::Offered => {
                let mut salt = [0; 32];
                entropy.fill(&mut salt);
                let text = text.to_owned();
                Ok((Content::plain(salt, &text), Opening { salt, text }))
            }
            Err(error) => Err(error),
        }
    }

    /// The keys that a text for these desks is sealed to.
    fn keys(&self, desks: &[&str]) -> Result<Vec<SealTo>, SealError> {
        let me = self.me.to_string();
        let mut keys: BTreeMap<Hash, SealTo> = BTreeMap::new();
        for desk in desks.iter().copied().chain([me.as_str()]) {
            let key = self.desks.get(desk).cloned();
            let key = key.ok_or_else(|| SealError::NoKey(desk.to_owned()))??;
            keys.insert(key.key_statement, key);
            let side = desk.parse::<Identity>().ok();
            let escrows = side.and_then(|desk| self.escrows.get(desk.domain().as_str()));
            for escrow in escrows.into_iter().flatten() {
                keys.insert(escrow.key_statement, escrow.clone());
            }
        }
        Ok(keys.into_values().collect())
    }
}

fn is_desk(subject: &str) -> bool {
    subject
        .parse::<Identity>()
        .is_ok_and(|identity| identity.role() == hotline_core::identity::Role::Desk)
}

fn to(entry: &SealKeyEntry) -> Result<SealTo, SealError> {
    SealTo::new(entry.hash, entry.statement.public_key.as_slice())
}

/// The longest text, in bytes, that fits into a statement when it is sealed to so many keys; 0 when none does.
pub(super) fn longest_text(keys: usize) -> usize {
    let fits = |text: &usize| {
        container_bytes(keys, *text).is_some_and(|bytes| bytes + BESIDE <= hotline_audit::MAX_STATEMENT_BYTES)
    };
    // The longest text of each bucket, largest first.
    sealed::LONGEST_TEXTS
        .iter()
        .rev()
        .copied()
        .find(fits)
        .unwrap_or(0)
}
