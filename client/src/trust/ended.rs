//! Whether a key that signed something has ended, by the rosters that one round holds.

use hotline_audit::{
    Hash, SignedStatement,
    check::Verified,
    key::{KeyRefusal, RosterSet},
    statement::{Act, Approval, Message, OfficerAct, OfficerAnnex, OfficerOrder, OfficerWatch, Payload},
};

use crate::ended_keys::Over;

/// Why the desk's key that signed a statement has ended by these rosters, if it has.
pub(crate) fn ended(rosters: &RosterSet, statement: &Verified) -> Option<String> {
    ended_key(rosters, &statement.header().key_statement)
}

/// Why an officer's key that signed something inside a statement has ended by these rosters, if one has. The consents of a
/// charter are judged one by one.
pub(crate) fn ended_inside(rosters: &RosterSet, payload: &Payload) -> Option<String> {
    ended_key_inside(rosters, payload).map(|(_, why)| why)
}

/// As [`ended_inside`], with the hash of the key's statement.
pub(crate) fn ended_key_inside(rosters: &RosterSet, payload: &Payload) -> Option<(Hash, String)> {
    keys_inside(payload)
        .into_iter()
        .find_map(|key| Some((key, ended_key(rosters, &key)?)))
}

/// The keys of officers that a statement names inside, as far as it can be read; none of a charter.
pub(crate) fn keys_inside(payload: &Payload) -> Vec<Hash> {
    match payload {
        Payload::Message(message) => {
            let approvals = officers_of(message).into_iter();
            approvals.map(|approval| approval.key_statement).collect()
        }
        Payload::Act(act) => act_in(act).map(|said| said.key_statement).into_iter().collect(),
        Payload::Annex(annex) => key_in(&annex.annex, |payload| {
            Some(OfficerAnnex::decode(payload).ok()?.key_statement)
        }),
        Payload::Watch(watch) => key_in(&watch.officer_watch, |payload| {
            Some(OfficerWatch::decode(payload).ok()?.key_statement)
        }),
        Payload::Lifecycle(lifecycle) => key_in(&lifecycle.order, |payload| {
            Some(OfficerOrder::decode(payload).ok()?.key_statement)
        }),
        Payload::Receipt(_) | Payload::Charter(_) | Payload::Service(_) => Vec::new(),
    }
}

fn key_in(signed: &[u8], read: impl Fn(&[u8]) -> Option<Hash>) -> Vec<Hash> {
    let signed = SignedStatement::parse(signed).ok();
    signed
        .and_then(|signed| read(&signed.payload))
        .into_iter()
        .collect()
}

/// The approvals inside a message that can be read.
pub(crate) fn officers_of(message: &Message) -> Vec<Approval> {
    let read = |bytes: &Vec<u8>| {
        let signed = SignedStatement::parse(bytes).ok()?;
        Approval::decode(&signed.payload).ok()
    };
    message.approvals.iter().filter_map(read).collect()
}

fn act_in(act: &Act) -> Option<OfficerAct> {
    let signed = SignedStatement::parse(&act.act).ok()?;
    OfficerAct::decode(&signed.payload).ok()
}

/// Why a key has ended, if it has.
pub(crate) fn ended_key(rosters: &RosterSet, key: &Hash) -> Option<String> {
    let entry = rosters.by_hash(key)?;
    entry.check_not_revoked().err().map(|refusal| refusal.to_string())
}

/// Why a key cannot be used now, if so: ended, or not valid at this time.
pub(crate) fn unusable_key(rosters: &RosterSet, key: &Hash, now_ms: u64) -> Option<String> {
    let entry = rosters.by_hash(key)?;
    entry
        .check_standing(now_ms)
        .err()
        .map(|refusal| refusal.to_string())
}

/// Whether a key that cannot be used at this time may be one day.
pub(crate) fn over(rosters: &RosterSet, key: &Hash, now_ms: u64) -> Over {
    match rosters.by_hash(key).map(|entry| entry.check_standing(now_ms)) {
        Some(Err(KeyRefusal::NotYetValid { .. })) => Over::NotYetValid,
        _ => Over::ForGood,
    }
}
