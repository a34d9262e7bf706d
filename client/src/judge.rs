//! Judging statements: what a verified statement means, and whether its officers could say so.
//!
//! Signatures of desks are checked by the lanes. Here the officers' signatures inside are checked, the same release
//! judge is asked that the sender had to ask, and facts for the ladder are made. A statement that fails is kept (its
//! place in the sender's chain is evidence) and never shown as formal.

mod annex;

use std::collections::BTreeSet;

use hotline_audit::{
    Hash, SignedStatement,
    check::{self, ByOfficer, StatementError},
    key::RosterSet,
    statement::{Act, Approval, Message, OfficerAct, Reference},
};
use hotline_core::{
    contact::{self, Contact},
    duty::OrderVerb,
    id::{Place, StatementId, StatementKey},
    identity::Identity,
    precedence::{Precedence, Urgency},
    release::{ApprovalFact, Capacity, Draft, Recipient, ReleaseRule, Released},
    words::{
        Answer, Function, MessageType, OfficerRole, RecipientKind, ResponseAttribute, Rung, TrafficClass,
    },
};

use crate::seal::{NotOpened, Words};

pub use annex::{AnnexSaid, JudgedAnnex, judge_annex, recall_annex, recall_their_annex};

/// A message whose approvals were checked: by whom it was released, and as what.
#[derive(Clone, Debug)]
pub struct JudgedMessage {
    /// The draft that was released.
    pub draft: Draft,
    /// The releasing officer.
    pub releaser: Identity,
    /// The releasing officer's roles.
    pub releaser_roles: BTreeSet<OfficerRole>,
    /// The second officer, where one signed.
    pub second: Option<Identity>,
}

/// An officer's act that was checked.
#[derive(Clone, Debug)]
pub struct JudgedAct {
    /// Who.
    pub officer: Identity,
    /// What the officer's key entitles to.
    pub roles: BTreeSet<OfficerRole>,
    /// At which desk.
    pub desk: Identity,
    /// The rung.
    pub rung: Rung,
    /// What was signed.
    pub act: OfficerAct,
    /// The place of the statement that placed it.
    pub place: Option<Place>,
}

/// Whether a message passes before everything. One of a precedence that no vocabulary defines does not.
pub(crate) fn urgency(message: &Message) -> Urgency {
    Urgency::of_wire(message.precedence)
}

/// Why a statement is not what it claims. Completes "rejected: …".
#[derive(Debug, thiserror::Error)]
pub enum Rejected {
    /// A number that no vocabulary defines.
    #[error("{field} {number} is not defined")]
    Undefined {
        /// Field of the statement.
        field: &'static str,
        /// What stood there.
        number: u32,
    },
    /// A name that is no identity.
    #[error("\"{name}\" is not an identity: {source}")]
    NoIdentity {
        /// What stood there.
        name: String,
        /// What is wrong.
        source: hotline_core::identity::IdentityError,
    },
    /// An officer's signature or key.
    #[error("an officer's signature is not in order: {0}")]
    Officer(String),
    /// An approval of something else.
    #[error("{officer} approved another message than this one")]
    OtherApproval {
        /// The officer.
        officer: String,
    },
    /// The release rule.
    #[error("it was not released: {0}")]
    Release(#[from] hotline_core::release::ReleaseError),
    /// The content.
    #[error("its text cannot be opened: {0}")]
    Content(#[from] NotOpened),
    /// The exercise or operation.
    #[error("it belongs to \"{found}\", and this line serves \"{expected}\"")]
    OtherExercise {
        /// What stood there.
        found: String,
        /// What this desk serves.
        expected: String,
    },
    /// It came after a key that signed it had ended.
    #[error("it is QUARANTINED: first received after {0}")]
    Quarantined(String),
    /// What the officer signed was placed before: its desk may not use it a second time.
    #[error("an officer signed it once, and it was placed before, in {0}")]
    PlacedBefore(Hash),
    /// The key has signed as much about the watch and channels as is known again.
    #[error(
        "its officer's key has signed {0} statements about the watch and channels, and no more of it are taken: the officer needs a new key"
    )]
    TooManyPlaced(usize),
    /// As it was judged when it came, in words.
    #[error("{0}")]
    AsItCame(String),
    /// Words, language or the principal of an annex.
    #[error("its annex is not in order: {0}")]
    Annex(#[from] hotline_core::annex::AnnexError),
    /// A translation without words.
    #[error("its annex has no words")]
    NoWords,
    /// What it asks of people.
    #[error("it cannot be answered as it asks: {0}")]
    Contact(#[from] hotline_core::contact::ContactError),
    /// An order that this version cannot carry out.
    #[error("{0} has no effect in this version: settings change by their files")]
    NoEffect(OrderVerb),
    /// A change of keys that does not say which, from when on and until when.
    #[error(
        "a REKEY is of the whole line, and names a key statement, from when on it counts, and until when the keys before it do"
    )]
    Rekey,
    /// The channel.
    #[error("it names the channel \"{0}\", which has no charter here")]
    NoCharter(String),
}

/// Reads an identity.
///
/// # Errors
/// [`Rejected::NoIdentity`].
pub fn identity(name: &str) -> Result<Identity, Rejected> {
    name.parse().map_err(|source| Rejected::NoIdentity {
        name: name.to_owned(),
        source,
    })
}

/// Officer roles from their wire numbers; a role of a later version entitles to nothing here.
#[must_use]
pub fn roles(numbers: &[u32]) -> BTreeSet<OfficerRole> {
    numbers
        .iter()
        .filter_map(|number| OfficerRole::from_wire(*number))
        .collect()
}

fn defined<T>(field: &'static str, number: u32, read: impl Fn(u32) -> Option<T>) -> Result<T, Rejected> {
    read(number).ok_or(Rejected::Undefined { field, number })
}

/// The draft that a message's fields describe, with the words that its content opens to.
///
/// # Errors
/// A field without meaning, or content that does not open.
pub fn draft_of(message: &Message, words: &Words) -> Result<Draft, Rejected> {
    let header = &message.header;
    let recipients = header
        .recipients
        .iter()
        .map(|named| {
            Ok(Recipient {
                identity: identity(&named.identity)?,
                kind: defined("recipient kind", named.kind, RecipientKind::from_wire)?,
            })
        })
        .collect::<Result<_, Rejected>>()?;
    let draft = Draft {
        sender: identity(&header.sender)?,
        recipients,
        class: defined("traffic class", message.traffic_class, TrafficClass::from_wire)?,
        message_type: defined("message type", message.message_type, MessageType::from_wire)?,
        function: defined("function", message.function, Function::from_wire)?,
        precedence: defined("precedence", message.precedence, Precedence::from_wire)?,
        channel: message.channel.clone(),
        response: defined(
            "response attribute",
            message.response_attribute,
            ResponseAttribute::from_wire,
        )?,
        refers_to: message.refers_to.as_ref().map(key_of).transpose()?,
        answer: match message.answer {
            0 => None,
            number => Some(defined("answer", number, Answer::from_wire)?),
        },
        code: None,
        text: words.as_ref().map_err(Clone::clone)?.text.clone(),
    };
    let asks = match message.contact {
        0 => None,
        number => Some(defined("contact", number, Contact::from_wire)?),
    };
    contact::check(asks, draft.function, draft.response, message.respond_by_ms)?;
    Ok(draft)
}

/// The key that a reference names.
///
/// # Errors
/// If its sender is no identity.
pub fn key_of(reference: &Reference) -> Result<StatementKey, Rejected> {
    Ok(StatementKey {
        sender: identity(&reference.sender)?,
        id: StatementId(reference.id),
    })
}

/// Checks a message's officers: their signatures, that they approved exactly this, and the release rule.
///
/// # Errors
/// [`Rejected`] with the first thing that is not in order.
pub fn judge_message(
    (message, words): (&Message, &Words),
    rosters: &RosterSet,
    now_ms: u64,
    rule: ReleaseRule,
) -> Result<JudgedMessage, Rejected> {
    judge_with((message, words), rule, |bytes| {
        check::verify_approval(bytes, rosters, now_ms)
    })
}

fn judge_with(
    (message, words): (&Message, &Words),
    rule: ReleaseRule,
    verify: impl Fn(&[u8]) -> Result<ByOfficer<Approval>, StatementError>,
) -> Result<JudgedMessage, Rejected> {
    let draft = draft_of(message, words)?;
    let mut facts = Vec::with_capacity(message.approvals.len());
    for bytes in &message.approvals {
        let checked = verify(bytes).map_err(|error| Rejected::Officer(error.to_string()))?;
        if checked.said.first_difference(message).is_some() {
            return Err(Rejected::OtherApproval {
                officer: checked.officer,
            });
        }
        facts.push(ApprovalFact {
            officer: identity(&checked.said.officer)?,
            roles: roles(&checked.roles),
            capacity: defined("capacity", checked.said.capacity, Capacity::from_wire)?,
        });
    }
    released(draft, &facts, rule)
}

fn released(draft: Draft, facts: &[ApprovalFact], rule: ReleaseRule) -> Result<JudgedMessage, Rejected> {
    let released = Released::judge(&draft, facts, rule)?;
    let releaser = released.releaser().clone();
    let releaser_roles = facts
        .iter()
        .find(|fact| fact.officer == releaser && fact.capacity == Capacity::Releaser)
        .map(|fact| fact.roles.clone())
        .unwrap_or_default();
    Ok(JudgedMessage {
        second: released.second().cloned(),
        draft,
        releaser,
        releaser_roles,
    })
}

/// Reads a message of others in our ledger again. It stands there whatever its officers signed, because its desk did sign
/// it; so their signatures are judged as when it came, by the clock of then, and but for keys that ended since.
///
/// # Errors
/// [`Rejected`], as when it came in.
pub fn recall_theirs(
    (message, words): (&Message, &Words),
    rosters: &RosterSet,
    stored_ms: u64,
    rule: ReleaseRule,
) -> Result<JudgedMessage, Rejected> {
    judge_with((message, words), rule, |bytes| {
        check::verify_approval_stored(bytes, rosters, stored_ms)
    })
}

/// Reads a message of our own again: it was judged before this desk signed it, and the ledger's root proves that it is
/// what was stored.
///
/// # Errors
/// [`Rejected`], as when it was released.
pub fn recall_message(
    (message, words): (&Message, &Words),
    rosters: &RosterSet,
    rule: ReleaseRule,
) -> Result<JudgedMessage, Rejected> {
    let draft = draft_of(message, words)?;
    let facts = message
        .approvals
        .iter()
        .map(|bytes| {
            let approval = read_approval(bytes)?;
            Ok(ApprovalFact {
                officer: identity(&approval.officer)?,
                roles: roles(&roles_in(rosters, &approval.key_statement)),
                capacity: defined("capacity", approval.capacity, Capacity::from_wire)?,
            })
        })
        .collect::<Result<Vec<_>, Rejected>>()?;
    released(draft, &facts, rule)
}

/// Roles of a key in the roster, revoked or not: what was stored was judged when it came.
pub(crate) fn roles_in(rosters: &RosterSet, key: &Hash) -> Vec<u32> {
    rosters
        .by_hash(key)
        .map(|entry| entry.statement.roles.clone())
        .unwrap_or_default()
}

fn read_approval(bytes: &[u8]) -> Result<Approval, Rejected> {
    let unreadable = |error: hotline_audit::StrictError| Rejected::Officer(error.to_string());
    Approval::decode(&SignedStatement::parse(bytes).map_err(unreadable)?.payload).map_err(unreadable)
}

/// Checks an officer's act.
///
/// # Errors
/// [`Rejected`].
pub fn judge_act(act: &Act, rosters: &RosterSet, now_ms: u64) -> Result<JudgedAct, Rejected> {
    let checked = check::verify_officer_act(&act.act, rosters, now_ms)
        .map_err(|error| Rejected::Officer(error.to_string()))?;
    act_of(act, checked.said, &checked.roles)
}

/// Reads an act of others in our ledger again, judged as [`recall_theirs`] does.
///
/// # Errors
/// [`Rejected`], as when it came in.
pub fn recall_their_act(act: &Act, rosters: &RosterSet, stored_ms: u64) -> Result<JudgedAct, Rejected> {
    let checked = check::verify_officer_act_stored(&act.act, rosters, stored_ms)
        .map_err(|error| Rejected::Officer(error.to_string()))?;
    act_of(act, checked.said, &checked.roles)
}

/// Reads an act of our own again.
///
/// # Errors
/// [`Rejected`], as when it was placed.
pub fn recall_act(act: &Act, rosters: &RosterSet) -> Result<JudgedAct, Rejected> {
    let unreadable = |error: hotline_audit::StrictError| Rejected::Officer(error.to_string());
    let signed = SignedStatement::parse(&act.act).map_err(unreadable)?;
    let read = OfficerAct::decode(&signed.payload).map_err(unreadable)?;
    let roles = roles_in(rosters, &read.key_statement);
    act_of(act, read, &roles)
}

fn act_of(placed: &Act, act: OfficerAct, numbers: &[u32]) -> Result<JudgedAct, Rejected> {
    if act.desk != placed.header.sender || act.exercise != placed.header.exercise {
        return Err(Rejected::OtherApproval { officer: act.officer });
    }
    Ok(JudgedAct {
        officer: identity(&act.officer)?,
        roles: roles(numbers),
        desk: identity(&act.desk)?,
        rung: defined("rung", act.rung, Rung::from_wire)?,
        act,
        place: Place::new(placed.header.epoch, placed.header.sequence).ok(),
    })
}
