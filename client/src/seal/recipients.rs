//! To whom a text is sealed: every desk that it names, the own desk, and the escrows of every side among them.

use std::{collections::BTreeMap, sync::Arc};

use super::{SealError, SealTo, seal, too_long};
use hotline_audit::{
    Hash,
    key::{RosterSet, SealKeyEntry},
    opening::Opening,
    sealed::{self, Container, SealContext, container_bytes},
    statement::Content,
};
use hotline_core::identity::{Identity, World};
use hotline_transport::Entropy;

/// Bytes that a statement needs beside its sealed body: header with the largest identities, officers' approvals, and the
/// fields around. A header with one recipient and two relays has 600 bytes, two approvals have 1,400.
const BESIDE: usize = 4 * 1024;
/// Escrows of one side that are sealed to. 4: an archive, one that follows it, and two more; each takes 1,200 of a
/// statement's bytes.
pub(crate) const ESCROWS_MAX: usize = 4;

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

/// How one desk seals: its rule and the rosters, as they stood when they were read.
#[derive(Clone, Debug)]
pub struct Sealing {
    me: Identity,
    rule: SealRule,
    rosters: Arc<RosterSet>,
    now_ms: u64,
    /// Keys that were parsed, by statement.
    parsed: BTreeMap<Hash, SealTo>,
}

impl Sealing {
    /// The keys that this desk seals to, at this time, in messages to `peer`. Parsing them costs more than looking, so it is
    /// done once.
    #[must_use]
    pub fn new(
        (me, peer): (&Identity, &Identity),
        rule: SealRule,
        rosters: &Arc<RosterSet>,
        now_ms: u64,
    ) -> Self {
        let entries = wanted(rosters, now_ms, me, &[&peer.to_string()]).unwrap_or_default();
        let parsed = entries
            .into_iter()
            .filter_map(|entry| Some((entry.hash, to(entry).ok()?)));
        Self {
            me: me.clone(),
            rule,
            parsed: parsed.collect(),
            rosters: Arc::clone(rosters),
            now_ms,
        }
    }

    /// One that seals nothing: of desks without keys.
    #[must_use]
    pub fn in_the_clear(me: &Identity) -> Self {
        Self {
            me: me.clone(),
            rule: SealRule::Offered,
            rosters: Arc::default(),
            now_ms: 0,
            parsed: BTreeMap::new(),
        }
    }

    /// The content of a text for these desks, and its opening: sealed, or in the clear where that is allowed and a desk
    /// never had a key. A key that has ended is no reason to say in the clear what was sealed before.
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
        let entries = wanted(&self.rosters, self.now_ms, &self.me, desks)?;
        let key = |entry: &SealKeyEntry| match self.parsed.get(&entry.hash) {
            Some(parsed) => Ok(parsed.clone()),
            None => to(entry),
        };
        entries.into_iter().map(key).collect()
    }
}

/// The roster entries that a text of this desk for these desks is sealed to at this time, by their hashes: the newest key of
/// each desk and of the own one, and of the escrows of their sides. Only who is named is looked up, so that nobody's many
/// keys take the place of another's.
fn wanted<'r>(
    rosters: &'r RosterSet,
    now_ms: u64,
    me: &Identity,
    desks: &[&str],
) -> Result<Vec<&'r SealKeyEntry>, SealError> {
    let me = me.to_string();
    let mut found: BTreeMap<Hash, &SealKeyEntry> = BTreeMap::new();
    for desk in desks.iter().copied().chain([me.as_str()]) {
        let named: Identity = desk.parse().map_err(|_| SealError::NoKey(desk.to_owned()))?;
        let key = of_desk(rosters, &named, now_ms)?;
        found.insert(key.hash, key);
        for escrow in of_escrows(rosters, named.domain().as_str(), now_ms)? {
            found.insert(escrow.hash, escrow);
        }
    }
    Ok(found.into_values().collect())
}

fn of_desk<'r>(rosters: &'r RosterSet, desk: &Identity, now_ms: u64) -> Result<&'r SealKeyEntry, SealError> {
    let name = desk.to_string();
    if let Some(key) = rosters.seal_key(&name, now_ms) {
        return Ok(key);
    }
    let roster = rosters.roster(desk.domain().as_str());
    let mut ever = roster.into_iter().flat_map(hotline_audit::Roster::seal_keys);
    Err(match ever.any(|entry| entry.statement.subject == name) {
        true => SealError::KeyEnded(name),
        false => SealError::NoKey(name),
    })
}

/// The escrows of one side that are sealed to: of more than [`ESCROWS_MAX`] those with the newest keys. A side that has
/// none, or has revoked all that it had, wants none.
fn of_escrows<'r>(
    rosters: &'r RosterSet,
    domain: &str,
    now_ms: u64,
) -> Result<Vec<&'r SealKeyEntry>, SealError> {
    let mut escrows = rosters.escrows(domain, now_ms);
    if escrows.is_empty() {
        let roster = rosters.roster(domain);
        let mut ever = roster.into_iter().flat_map(hotline_audit::Roster::seal_keys);
        let ended = ever.any(|entry| entry.revoked.is_none() && is_escrow(&entry.statement.subject));
        return match ended {
            true => Err(SealError::EscrowEnded(domain.to_owned())),
            false => Ok(escrows),
        };
    }
    escrows.sort_by_key(|entry| std::cmp::Reverse(entry.statement.number));
    escrows.truncate(ESCROWS_MAX);
    Ok(escrows)
}

/// Whether a sealed content is sealed to exactly the keys that the rosters name now for a text of this desk for these desks.
///
/// # Errors
/// [`SealError`] where it could not be sealed now; [`SealError::OtherKeys`] where it is sealed to others.
pub(crate) fn check_wraps(
    container: &Container,
    (me, desks): (&Identity, &[&str]),
    rosters: &RosterSet,
    now_ms: u64,
) -> Result<(), SealError> {
    let wanted = wanted(rosters, now_ms, me, desks)?;
    let wraps = container.wraps.iter().map(|wrap| wrap.key_statement);
    // Both ascend.
    match wanted.iter().map(|entry| entry.hash).eq(wraps) {
        true => Ok(()),
        false => Err(SealError::OtherKeys),
    }
}

/// The escrows of this side that a container leaves out: whoever sent it owes each of them a wrap, under any of its keys.
pub(crate) fn lacking_escrows(
    container: &Container,
    me: &Identity,
    rosters: &RosterSet,
    now_ms: u64,
) -> Vec<String> {
    let domain = me.domain().as_str();
    let of = |subject: &str| {
        let roster = rosters.roster(domain);
        let keys = roster.into_iter().flat_map(hotline_audit::Roster::seal_keys);
        let mut keys = keys.filter(|entry| entry.statement.subject == subject);
        keys.any(|entry| container.wrap_for(&entry.hash).is_some())
    };
    let escrows = of_escrows(rosters, domain, now_ms)
        .unwrap_or_default()
        .into_iter();
    let names = escrows.map(|entry| entry.statement.subject.clone());
    names.filter(|subject| !of(subject)).collect()
}

/// Sides with more escrows than are sealed to.
pub(crate) fn crowded_sides(rosters: &RosterSet, now_ms: u64) -> Vec<String> {
    let domains = rosters.rosters().map(hotline_audit::Roster::trust_domain);
    let crowded = domains.filter(|domain| rosters.escrows(domain, now_ms).len() > ESCROWS_MAX);
    crowded.map(str::to_owned).collect()
}

fn is_escrow(subject: &str) -> bool {
    let role = subject
        .strip_prefix("spiffe://")
        .and_then(|rest| rest.split('/').nth(1));
    role == Some("escrow")
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
