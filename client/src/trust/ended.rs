//! Whether a key that signed something has ended, by the rosters that one round holds.

use hotline_audit::{
    Hash, SignedStatement,
    check::Verified,
    key::RosterSet,
    statement::{Act, Approval, Message, OfficerAct, OfficerOrder, OfficerWatch, Payload},
};

/// Why the desk's key that signed a statement has ended by these rosters, if it has.
pub(crate) fn ended(rosters: &RosterSet, statement: &Verified) -> Option<String> {
    ended_key(rosters, &statement.header().key_statement)
}

/// Why an officer's key that signed something inside a statement has ended by these rosters, if one has. The consents of a
/// charter are judged one by one.
pub(crate) fn ended_inside(rosters: &RosterSet, payload: &Payload) -> Option<String> {
    match payload {
        Payload::Message(message) => officers_of(message)
            .into_iter()
            .find_map(|approval| ended_key(rosters, &approval.key_statement)),
        Payload::Act(act) => ended_key(rosters, &act_in(act)?.key_statement),
        Payload::Watch(watch) => {
            let signed = SignedStatement::parse(&watch.officer_watch).ok()?;
            ended_key(
                rosters,
                &OfficerWatch::decode(&signed.payload).ok()?.key_statement,
            )
        }
        Payload::Lifecycle(lifecycle) => {
            let signed = SignedStatement::parse(&lifecycle.order).ok()?;
            ended_key(
                rosters,
                &OfficerOrder::decode(&signed.payload).ok()?.key_statement,
            )
        }
        Payload::Receipt(_) | Payload::Charter(_) | Payload::Service(_) => None,
    }
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

pub(super) fn ended_key(rosters: &RosterSet, key: &Hash) -> Option<String> {
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
