//! One statement against the rosters: is it genuine, and is everything inside it?
//!
//! The order is fixed (`FORMAT.md` §5): size, envelope, key, purpose, standing of the key, signature, and only then the
//! strict reader. To find the key, the hash of the key statement is read out of the unverified payload; nothing else is
//! decided by that peek, and the strict reader must find the same hash afterwards.
//!
//! Whether the right people signed (two officers for a FLASH, who may acknowledge what) is decided by the core rules.

mod control;
mod officers;
mod refusal;
mod relay;
mod seen;

pub(crate) use control::control_record;
pub use control::{
    ByController, ControlVerified, verify_control, verify_control_archived, verify_control_order,
};
use officers::{
    approval, consent, officer_act, officer_annex, officer_order, officer_watch, report_signature,
};
pub use refusal::StatementError;
pub(crate) use relay::relay_record;
pub use relay::{
    RelayVerified, is_relay_record, is_relays_leaf, verify_relay_record, verify_relay_record_archived,
    verify_relay_record_to_append,
};
pub use seen::{SeenRefusal, check_seen};

use crate::dsse::{PayloadType, SignedStatement};
use crate::hash::Hash;
use crate::key::{KeyEntry, KeyRefusal, Purpose, RosterSet, Subject};
use crate::statement::{
    Annex, Approval, CharterConsent, CharterTerms, Content, Header, OfficerAct, OfficerAnnex, OfficerOrder,
    OfficerWatch, Payload, Presence, ReportSignature,
};
use crate::strict::{StrictError, StrictFault, peek_bytes};

/// A desk's statement that is genuine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The envelope with its exact bytes.
    pub statement: SignedStatement,
    /// What it says.
    pub payload: Payload,
    /// Hash of its bytes.
    pub hash: Hash,
}

impl Verified {
    /// Its header.
    #[must_use]
    pub fn header(&self) -> &Header {
        self.payload.header()
    }
}

/// What an officer signed, and who that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByOfficer<T> {
    /// What was signed.
    pub said: T,
    /// Identity of the officer.
    pub officer: String,
    /// The officer's roles, 1 DRAFTER to 8 AUDITOR, as the key statement has them.
    pub roles: Vec<u32>,
    /// Hash of the officer's key statement.
    pub key_statement: Hash,
    /// Hash of the signed bytes.
    pub hash: Hash,
}

/// What a genuine statement holds inside, verified as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parts {
    /// The approvals of a message, each for exactly this message.
    Message(Vec<ByOfficer<Approval>>),
    /// A receipt holds nothing that somebody else signed.
    Receipt,
    /// The officer's act.
    Act(ByOfficer<OfficerAct>),
    /// What the officer signed beside a message.
    Annex(ByOfficer<OfficerAnnex>),
    /// The terms of a charter, and each side's consent to exactly these.
    Charter(CharterTerms, Vec<ByOfficer<CharterConsent>>),
    /// A desk's word of itself holds nothing that somebody else signed.
    Service,
    /// What the officer signed about the watch.
    Watch(ByOfficer<OfficerWatch>),
    /// What the officer ordered.
    Lifecycle(ByOfficer<OfficerOrder>),
}

/// When a key must have been usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// At this time, milliseconds since 1970 (UTC); and not revoked.
    At(u64),
    /// At this time; whether it was revoked since is the caller's to judge.
    Stored(u64),
    /// In an archive there is no clock; revocation and validity are judged by whoever reads it.
    Archive,
}

/// Verifies the statement of a desk. What officers signed inside it is verified by [`verify_parts`].
///
/// # Errors
/// The first rule that is broken.
pub fn verify_statement(bytes: &[u8], rosters: &RosterSet, now_ms: u64) -> Result<Verified, StatementError> {
    desk_statement(bytes, rosters, When::At(now_ms))
}

/// Verifies the statement of a desk as an archive does: signature, purpose and subject count; whether the key has ended
/// is for the caller to judge.
///
/// # Errors
/// The first rule that is broken.
pub fn verify_statement_archived(bytes: &[u8], rosters: &RosterSet) -> Result<Verified, StatementError> {
    desk_statement(bytes, rosters, When::Archive)
}

/// Verifies everything that officers signed inside a genuine statement, and that it belongs there.
///
/// # Errors
/// The first rule that is broken.
pub fn verify_parts(payload: &Payload, rosters: &RosterSet, now_ms: u64) -> Result<Parts, StatementError> {
    parts(payload, rosters, When::At(now_ms))
}

/// Verifies an officer's act by itself.
///
/// # Errors
/// The first rule that is broken.
pub fn verify_officer_act(
    bytes: &[u8],
    rosters: &RosterSet,
    now_ms: u64,
) -> Result<ByOfficer<OfficerAct>, StatementError> {
    officer_act(bytes, rosters, When::At(now_ms))
}

/// Verifies what an officer signed inside an annex, and that the content beside it is the one signed for.
///
/// # Errors
/// The first rule that is broken.
pub fn verify_officer_annex(
    annex: &Annex,
    rosters: &RosterSet,
    now_ms: u64,
) -> Result<ByOfficer<OfficerAnnex>, StatementError> {
    whole_annex(annex, rosters, When::At(now_ms))
}

/// Verifies an annex that was stored, as [`verify_approval_stored`] does an approval.
///
/// # Errors
/// The first rule that is broken.
pub fn verify_officer_annex_stored(
    annex: &Annex,
    rosters: &RosterSet,
    stored_ms: u64,
) -> Result<ByOfficer<OfficerAnnex>, StatementError> {
    whole_annex(annex, rosters, When::Stored(stored_ms))
}

/// Verifies what an officer signed about the watch, by itself.
///
/// # Errors
/// The first rule that is broken.
pub fn verify_officer_watch(
    bytes: &[u8],
    rosters: &RosterSet,
    now_ms: u64,
) -> Result<ByOfficer<OfficerWatch>, StatementError> {
    officer_watch(bytes, rosters, When::At(now_ms))
}

/// Verifies an officer's order about a channel, by itself.
///
/// # Errors
/// The first rule that is broken.
pub fn verify_officer_order(
    bytes: &[u8],
    rosters: &RosterSet,
    now_ms: u64,
) -> Result<ByOfficer<OfficerOrder>, StatementError> {
    officer_order(bytes, rosters, When::At(now_ms))
}

/// Verifies an approval by itself; [`Approval::first_difference`] says whether it covers a message.
///
/// # Errors
/// The first rule that is broken.
pub fn verify_approval(
    bytes: &[u8],
    rosters: &RosterSet,
    now_ms: u64,
) -> Result<ByOfficer<Approval>, StatementError> {
    approval(bytes, rosters, When::At(now_ms))
}

/// Verifies an approval that was stored at `stored_ms`, as it was judged then: the key's validity at that moment counts,
/// today's does not, and whether the key has ended since is for the caller to judge by what was noted when it came.
///
/// # Errors
/// The first rule that is broken.
pub fn verify_approval_stored(
    bytes: &[u8],
    rosters: &RosterSet,
    stored_ms: u64,
) -> Result<ByOfficer<Approval>, StatementError> {
    approval(bytes, rosters, When::Stored(stored_ms))
}

/// Verifies an officer's act that was stored, as [`verify_approval_stored`] does an approval.
///
/// # Errors
/// The first rule that is broken.
pub fn verify_officer_act_stored(
    bytes: &[u8],
    rosters: &RosterSet,
    stored_ms: u64,
) -> Result<ByOfficer<OfficerAct>, StatementError> {
    officer_act(bytes, rosters, When::Stored(stored_ms))
}

/// Verifies what an officer signed about the watch and was stored, as [`verify_approval_stored`] does an approval.
///
/// # Errors
/// The first rule that is broken.
pub fn verify_officer_watch_stored(
    bytes: &[u8],
    rosters: &RosterSet,
    stored_ms: u64,
) -> Result<ByOfficer<OfficerWatch>, StatementError> {
    officer_watch(bytes, rosters, When::Stored(stored_ms))
}

/// Verifies an order that was stored, as [`verify_approval_stored`] does an approval.
///
/// # Errors
/// The first rule that is broken.
pub fn verify_officer_order_stored(
    bytes: &[u8],
    rosters: &RosterSet,
    stored_ms: u64,
) -> Result<ByOfficer<OfficerOrder>, StatementError> {
    officer_order(bytes, rosters, When::Stored(stored_ms))
}

/// Verifies a consent to a charter by itself.
///
/// # Errors
/// The first rule that is broken.
pub fn verify_consent(
    bytes: &[u8],
    rosters: &RosterSet,
    now_ms: u64,
) -> Result<ByOfficer<CharterConsent>, StatementError> {
    consent(bytes, rosters, When::At(now_ms))
}

/// Verifies a consent that was given in the past: its signature, role and subject count, today's clock does not. Whether
/// its key was revoked since is for the caller to judge by what the revocation says.
///
/// # Errors
/// The first rule that is broken.
pub fn verify_consent_archived(
    bytes: &[u8],
    rosters: &RosterSet,
) -> Result<ByOfficer<CharterConsent>, StatementError> {
    consent(bytes, rosters, When::Archive)
}

/// Verifies a signature under a report by itself, as whoever has no clock: its key is not revoked, and was valid at the time
/// that the officer claims.
///
/// # Errors
/// The first rule that is broken.
pub fn verify_report_signature(
    bytes: &[u8],
    rosters: &RosterSet,
) -> Result<ByOfficer<ReportSignature>, StatementError> {
    let given = report_signature(bytes, rosters, When::Archive)?;
    if let Some(key) = rosters.by_hash(&given.said.key_statement) {
        key.check_standing(given.said.claimed_time_ms)?;
    }
    Ok(given)
}

/// As [`verify_consent_archived`], and it was made inside its key's time: within the key's validity, and before whatever has
/// ended it since, by the times that are claimed.
///
/// # Errors
/// The first rule that is broken.
pub fn verify_consent_made(
    bytes: &[u8],
    rosters: &RosterSet,
) -> Result<ByOfficer<CharterConsent>, StatementError> {
    let given = consent(bytes, rosters, When::Archive)?;
    if let Some(key) = rosters.by_hash(&given.said.key_statement) {
        key.check_validity(given.said.claimed_time_ms)?;
        if let Some(revoked) = &key.revoked
            && given.said.claimed_time_ms >= revoked.claimed_time_ms
        {
            key.check_not_revoked()?;
        }
    }
    Ok(given)
}

pub(crate) fn desk_statement(
    bytes: &[u8],
    rosters: &RosterSet,
    when: When,
) -> Result<Verified, StatementError> {
    let statement = SignedStatement::parse(bytes)?;
    let named = match statement.payload_type {
        PayloadType::Message
        | PayloadType::Receipt
        | PayloadType::Act
        | PayloadType::Annex
        | PayloadType::Charter
        | PayloadType::Service
        | PayloadType::Watch
        | PayloadType::Lifecycle => {
            peek_bytes(&statement.payload, 1).and_then(|header| peek_bytes(header, 6))
        }
        PayloadType::Approval
        | PayloadType::OfficerAct
        | PayloadType::OfficerAnnex
        | PayloadType::CharterConsent
        | PayloadType::OfficerWatch
        | PayloadType::OfficerOrder
        | PayloadType::Presence
        | PayloadType::PeerCheckpoint
        | PayloadType::CosignRefused
        | PayloadType::LogLink
        | PayloadType::Key
        | PayloadType::SealKey
        | PayloadType::Revocation
        | PayloadType::Deny
        | PayloadType::Control
        | PayloadType::ControlOrder
        | PayloadType::ReportSignature => return Err(wrong_type()),
    };
    let entry = signed_by(&statement, named, Purpose::Statement, rosters, when)?;
    let payload = Payload::parse(&statement)?;
    let header = payload.header();
    check_named(entry, header.key_statement, &header.sender)?;
    if header.trust_domain != entry.statement.trust_domain {
        let signer = entry.statement.subject.clone();
        return Err(StatementError::WrongDomain {
            signer,
            named: header.trust_domain.clone(),
        });
    }
    let hash = statement.hash();
    Ok(Verified {
        statement,
        payload,
        hash,
    })
}

pub(crate) fn parts(payload: &Payload, rosters: &RosterSet, when: When) -> Result<Parts, StatementError> {
    match payload {
        Payload::Message(message) => {
            let mut approvals = Vec::new();
            for (place, bytes) in message.approvals.iter().enumerate() {
                let inside = |error| inside("approval", place, error);
                let given = approval(bytes, rosters, when).map_err(inside)?;
                if let Some(field) = given.said.first_difference(message) {
                    return Err(inside(StatementError::ApprovalMismatch(field)));
                }
                approvals.push(given);
            }
            Ok(Parts::Message(approvals))
        }
        Payload::Receipt(_) => Ok(Parts::Receipt),
        Payload::Act(act) => {
            let inside = |error| inside("act", 0, error);
            let done = officer_act(&act.act, rosters, when).map_err(inside)?;
            placed_by(&done.said.desk, &done.said.exercise, &act.header).map_err(inside)?;
            Ok(Parts::Act(done))
        }
        Payload::Annex(annex) => {
            let inside = |error| inside("annex", 0, error);
            whole_annex(annex, rosters, when)
                .map(Parts::Annex)
                .map_err(inside)
        }
        Payload::Charter(charter) => {
            let terms = CharterTerms::decode(&charter.terms)?;
            let consents = consents(&charter.consents, &charter.terms, &terms, rosters, when)?;
            Ok(Parts::Charter(terms, consents))
        }
        Payload::Service(_) => Ok(Parts::Service),
        Payload::Watch(watch) => {
            let inside = |error| inside("watch", 0, error);
            let done = officer_watch(&watch.officer_watch, rosters, when).map_err(inside)?;
            placed_by(&done.said.desk, &done.said.exercise, &watch.header).map_err(inside)?;
            Ok(Parts::Watch(done))
        }
        Payload::Lifecycle(lifecycle) => {
            let inside = |error| inside("order", 0, error);
            let done = officer_order(&lifecycle.order, rosters, when).map_err(inside)?;
            placed_by(&done.said.desk, &done.said.exercise, &lifecycle.header).map_err(inside)?;
            Ok(Parts::Lifecycle(done))
        }
    }
}

/// Of a message whose parts do not all hold those approvals that do; it is its desk's word all the same. Nothing else says
/// anything without what is inside it.
pub(crate) fn parts_that_hold(payload: &Payload, rosters: &RosterSet, when: When) -> Option<Parts> {
    let Payload::Message(message) = payload else {
        return None;
    };
    let given = message
        .approvals
        .iter()
        .filter_map(|bytes| approval(bytes, rosters, when).ok());
    let fitting = given.filter(|given| given.said.first_difference(message).is_none());
    Some(Parts::Message(fitting.collect()))
}

/// The officer's statement of an annex, that it was placed by the officer's own desk, and that its content stands beside.
fn whole_annex(
    annex: &Annex,
    rosters: &RosterSet,
    when: When,
) -> Result<ByOfficer<OfficerAnnex>, StatementError> {
    let done = officer_annex(&annex.annex, rosters, when)?;
    placed_by(&done.said.desk, &done.said.exercise, &annex.header)?;
    let content = annex.content.as_ref().map(Content::sha256);
    if content.as_ref() == done.said.done.content_sha256() {
        Ok(done)
    } else {
        Err(StatementError::AnnexMismatch("content"))
    }
}

/// What an officer signed is placed by the officer's own desk, for its own exercise.
fn placed_by(desk: &str, exercise: &str, header: &Header) -> Result<(), StatementError> {
    if desk != header.sender {
        return Err(StatementError::ActMismatch("desk"));
    }
    if exercise != header.exercise {
        return Err(StatementError::ActMismatch("exercise"));
    }
    Ok(())
}

fn consents(
    statements: &[Vec<u8>],
    exact_terms: &[u8],
    terms: &CharterTerms,
    rosters: &RosterSet,
    when: When,
) -> Result<Vec<ByOfficer<CharterConsent>>, StatementError> {
    let mut consents: Vec<ByOfficer<CharterConsent>> = Vec::new();
    let mut agreed: Vec<String> = Vec::new();
    for (place, bytes) in statements.iter().enumerate() {
        let refuse = |why| inside("consent", place, StatementError::ConsentMismatch(why));
        let given = consent(bytes, rosters, when).map_err(|error| inside("consent", place, error))?;
        if given.said.terms_sha256 != Hash::of(exact_terms) {
            return Err(refuse("was given to other terms"));
        }
        let side = domain_of(&given.officer).to_owned();
        if !terms.sides.contains(&side) {
            return Err(refuse("comes from no side of the charter"));
        }
        if agreed.contains(&side) {
            return Err(refuse("of this side is there already"));
        }
        agreed.push(side);
        consents.push(given);
    }
    Ok(consents)
}

/// Verifies a relay's word about a desk: signed with the LOG key of that relay.
///
/// # Errors
/// The first rule that is broken.
pub fn verify_presence(bytes: &[u8], rosters: &RosterSet, now_ms: u64) -> Result<Presence, StatementError> {
    let statement = SignedStatement::parse(bytes)?;
    if statement.payload_type != PayloadType::Presence {
        return Err(wrong_type());
    }
    let named = peek_bytes(&statement.payload, 2);
    let entry = signed_by(&statement, named, Purpose::Log, rosters, When::At(now_ms))?;
    let said = Presence::decode(&statement.payload)?;
    check_named(entry, said.key_statement, &said.relay)?;
    if Subject::parse(&said.relay).is_none_or(|relay| relay.role != "relay") {
        return Err(StatementError::NotARelay(said.relay));
    }
    Ok(said)
}

/// Finds the key, judges it, and verifies the signature with it.
fn signed_by<'r>(
    statement: &SignedStatement,
    named: Option<&[u8]>,
    purpose: Purpose,
    rosters: &'r RosterSet,
    when: When,
) -> Result<&'r KeyEntry, StatementError> {
    let hash = named
        .and_then(Hash::from_slice)
        .ok_or(StatementError::NoKeyNamed)?;
    let entry = rosters.by_hash(&hash).ok_or(KeyRefusal::Unknown(hash))?;
    entry.check_purpose(purpose)?;
    match when {
        When::At(now_ms) => entry.check_standing(now_ms)?,
        When::Stored(then_ms) => entry.check_validity(then_ms)?,
        When::Archive => {}
    }
    if statement.verify(&entry.key) {
        Ok(entry)
    } else {
        Err(StatementError::BadSignature(entry.statement.subject.clone()))
    }
}

/// The strict reader must have found the key statement of the peek, and its subject as the signer.
fn check_named(entry: &KeyEntry, key_statement: Hash, signer: &str) -> Result<(), StatementError> {
    if entry.hash != key_statement {
        return Err(StatementError::NoKeyNamed);
    }
    Ok(entry.check_subject(signer)?)
}

/// Officers sign for desks of their own trust domain only.
fn check_desk(entry: &KeyEntry, desk: &str) -> Result<(), StatementError> {
    if domain_of(desk) == entry.statement.trust_domain {
        return Ok(());
    }
    Err(StatementError::WrongDomain {
        signer: entry.statement.subject.clone(),
        named: desk.to_owned(),
    })
}

/// The trust domain of an identity; empty, which no trust domain is, when it is none.
fn domain_of(identity: &str) -> &str {
    Subject::parse(identity).map_or("", |subject| subject.domain)
}

fn by_officer<T>(said: T, entry: &KeyEntry, statement: &SignedStatement) -> ByOfficer<T> {
    ByOfficer {
        said,
        officer: entry.statement.subject.clone(),
        roles: entry.statement.roles.clone(),
        key_statement: entry.hash,
        hash: statement.hash(),
    }
}

fn inside(what: &'static str, place: usize, error: StatementError) -> StatementError {
    StatementError::Inside {
        what,
        place: place + 1,
        error: Box::new(error),
    }
}

fn wrong_type() -> StatementError {
    StrictError::new("SignedStatement", "payload_type", StrictFault::WrongPayloadType).into()
}

#[cfg(test)]
mod tests;
