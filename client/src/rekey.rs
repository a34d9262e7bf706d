//! Changes of keys that both sides signed, read with the rosters: which key is to sign, and which no longer counts.

use hotline_audit::{
    Hash, Purpose,
    key::{KeyEntry, RosterSet},
};
use hotline_core::{
    channel::{Orders, Rekey, RekeyPhase},
    identity::Identity,
    time::WallTime,
};

/// The roster's entry of the new key, if it is a desk's key of the side that announces it.
pub(crate) fn entry_of<'r>(rekey: &Rekey<'_>, rosters: &'r RosterSet) -> Option<&'r KeyEntry> {
    let entry = rosters.by_hash(&Hash(rekey.key.0))?;
    let own = entry.statement.trust_domain == rekey.announced.desk.domain().as_str();
    (own && entry.purpose == Purpose::Statement).then_some(entry)
}

/// The key with which this desk is to sign by now: that of the newest change whose time has come.
pub(crate) fn due<'r>(
    orders: &Orders,
    rosters: &'r RosterSet,
    me: &Identity,
    now: WallTime,
) -> Option<&'r KeyEntry> {
    let mine = me.to_string();
    let rekeys = orders.rekeys().into_iter();
    let come = rekeys.filter(|rekey| rekey.phase(now) >= RekeyPhase::Overlap);
    come.filter_map(|rekey| entry_of(&rekey, rosters))
        .filter(|entry| entry.statement.subject == mine && entry.check_standing(now.unix_ms()).is_ok())
        .max_by_key(|entry| entry.statement.number)
}

/// Until when this key counted, if a change that both sides signed has put another in its place, and that time is over.
pub(crate) fn replaced(orders: &Orders, rosters: &RosterSet, key: &Hash, now: WallTime) -> Option<WallTime> {
    let rekeys = orders.rekeys();
    if rekeys.is_empty() {
        return None;
    }
    let old = rosters.by_hash(key)?;
    let over = rekeys
        .into_iter()
        .filter(|rekey| rekey.phase(now) == RekeyPhase::Over);
    let by = over.filter(|rekey| {
        entry_of(rekey, rosters).is_some_and(|new| {
            new.purpose == old.purpose
                && new.statement.subject == old.statement.subject
                && new.statement.number > old.statement.number
        })
    });
    by.map(|rekey| rekey.until).min()
}
