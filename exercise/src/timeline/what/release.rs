//! Whether a message was released, as both sides of the line judge it, and who a person is to the ladder.

use std::collections::BTreeSet;

use hotline_audit::{
    Hash, SignedStatement,
    key::RosterSet,
    statement::{Approval, Message},
};
use hotline_core::{
    id::{StatementId, StatementKey},
    identity::Identity,
    ladder::Signer,
    precedence::Precedence,
    release::{ApprovalFact, Capacity, Draft, Recipient, ReleaseRule, Released},
    words::{Answer, Function, MessageType, OfficerRole, RecipientKind, ResponseAttribute, TrafficClass},
};

/// Who released a message, or why nobody has. That every approval is signed, and is for this very message, the
/// verification of its log has found.
/// Of words that nobody opened no rule asks anything.
pub(super) fn released(
    message: &Message,
    text: Option<&str>,
    rosters: &RosterSet,
    rule: ReleaseRule,
) -> Result<Signer, String> {
    let draft = draft(message, text.unwrap_or(SEALED)).ok_or("it cannot be read as a message")?;
    let facts: Option<Vec<ApprovalFact>> = message
        .approvals
        .iter()
        .map(|bytes| approval(bytes, rosters))
        .collect();
    let facts = facts.ok_or("an approval of it cannot be read")?;
    let released = Released::judge(&draft, &facts, rule).map_err(|why| why.to_string())?;
    let by = released.releaser();
    let roles = facts
        .iter()
        .find(|fact| fact.officer == *by && fact.capacity == Capacity::Releaser)
        .map(|fact| fact.roles.clone());
    Ok(Signer::Officer {
        identity: by.clone(),
        roles: roles.unwrap_or_default(),
        desk: draft.sender.clone(),
    })
}

/// An officer at a desk, with what the key entitles to; `None` if a name is none.
pub(super) fn officer(officer: &str, key: &Hash, desk: &str, rosters: &RosterSet) -> Option<Signer> {
    Some(Signer::Officer {
        identity: officer.parse().ok()?,
        roles: roles(key, rosters),
        desk: desk.parse().ok()?,
    })
}

/// Whether a key is a releaser's.
pub(super) fn is_releaser(key: &Hash, rosters: &RosterSet) -> bool {
    roles(key, rosters).contains(&OfficerRole::Releaser)
}

fn approval(bytes: &[u8], rosters: &RosterSet) -> Option<ApprovalFact> {
    let said = Approval::decode(&SignedStatement::parse(bytes).ok()?.payload).ok()?;
    Some(ApprovalFact {
        officer: said.officer.parse().ok()?,
        roles: roles(&said.key_statement, rosters),
        capacity: Capacity::from_wire(said.capacity)?,
    })
}

/// Roles of a key in the roster. That it stood when it signed, the verification of the log has judged.
fn roles(key: &Hash, rosters: &RosterSet) -> BTreeSet<OfficerRole> {
    let numbers = rosters.by_hash(key).map(|entry| entry.statement.roles.as_slice());
    let numbers = numbers.unwrap_or_default().iter();
    numbers
        .filter_map(|number| OfficerRole::from_wire(*number))
        .collect()
}

/// What stands for words that nobody opened.
const SEALED: &str = "(sealed)";

/// The draft that was approved. Its code is left out, as the desks of the line leave it out.
fn draft(message: &Message, text: &str) -> Option<Draft> {
    let header = &message.header;
    let recipients: Option<Vec<Recipient>> = header
        .recipients
        .iter()
        .map(|named| {
            Some(Recipient {
                identity: named.identity.parse().ok()?,
                kind: RecipientKind::from_wire(named.kind)?,
            })
        })
        .collect();
    let refers_to = match &message.refers_to {
        Some(reference) => Some(StatementKey {
            sender: reference.sender.parse::<Identity>().ok()?,
            id: StatementId(reference.id),
        }),
        None => None,
    };
    Some(Draft {
        sender: header.sender.parse().ok()?,
        recipients: recipients?,
        class: TrafficClass::from_wire(message.traffic_class)?,
        message_type: MessageType::from_wire(message.message_type)?,
        function: Function::from_wire(message.function)?,
        precedence: Precedence::from_wire(message.precedence)?,
        channel: message.channel.clone(),
        response: ResponseAttribute::from_wire(message.response_attribute)?,
        refers_to,
        answer: Answer::from_wire(message.answer),
        code: None,
        text: text.to_owned(),
    })
}
