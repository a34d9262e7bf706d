//! Composing: what an officer signs, made on the officer's side of the socket.
//!
//! A station holds the desk's keys and never an officer's. The verb process reads the officer's key, makes the approval
//! or the act, and hands the station only signed bytes. Everything about a message is inside its approvals, so a draft
//! *is* its drafter's approval and its content.

mod annex;

use hotline_audit::{
    Hash, PayloadType, SignedStatement, SigningKey,
    opening::Opening,
    report::SignedReport,
    sealed::SealContext,
    statement::{
        Approval, ApprovalBy, CharterConsent, Content, Header, Message, OfficerAct, OfficerOrder,
        OfficerWatch, Recipient, Reference, ReportSignature,
    },
};
use hotline_core::{
    contact::Contact,
    duty::{OrderVerb, WatchVerb},
    precedence::Precedence,
    release::Capacity,
    words::{Answer, Function, MessageType, RecipientKind, ResponseAttribute, Rung, TrafficClass},
};
use hotline_transport::{Clock, Entropy};
use serde::{Deserialize, Serialize};

use crate::{
    config::DeskConfig,
    seal::{NotOpened, SealError, Sealing},
};

pub use annex::{AnnexSheet, Annexing, annex};

/// An officer with the key at hand.
pub struct Officer {
    /// The officer's identity, as the roster has it.
    pub identity: String,
    /// SHA-256 of the officer's key statement.
    pub key_statement: Hash,
    /// The officer's key.
    pub key: SigningKey,
}

/// What a person writes.
#[derive(Clone, Debug)]
pub struct Wording {
    /// How urgent.
    pub precedence: Precedence,
    /// For what the line is used.
    pub class: TrafficClass,
    /// What it does.
    pub function: Function,
    /// What closes the dialogue.
    pub response: ResponseAttribute,
    /// The channel.
    pub channel: String,
    /// What it answers, updates or cancels, and its conversation.
    pub refers_to: Option<(Reference, [u8; 16])>,
    /// The answer, with a reply.
    pub answer: Option<Answer>,
    /// The words.
    pub text: String,
    /// When it expires, milliseconds since 1970 (UTC); 0 when it does not.
    pub expires_ms: u64,
    /// Whether it is about saving lives: it passes a suspension.
    pub safety_of_life: bool,
    /// By when an answer is asked for, milliseconds since 1970 (UTC); 0 when no time is named.
    pub respond_by_ms: u64,
    /// Whether it asks for people on the line.
    pub contact: Option<Contact>,
}

impl Wording {
    /// A formal notice: it refers to nothing, asks for no answer and does not expire.
    #[must_use]
    pub fn notice(precedence: Precedence, channel: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            precedence,
            class: TrafficClass::Formal,
            function: Function::Notify,
            response: ResponseAttribute::None,
            channel: channel.into(),
            refers_to: None,
            answer: None,
            text: text.into(),
            expires_ms: 0,
            safety_of_life: false,
            respond_by_ms: 0,
            contact: None,
        }
    }
}

/// What a releaser orders about a channel.
#[derive(Clone, Debug)]
pub struct Ordering {
    /// SUSPEND, SEVER, RESTORE or REKEY; desks refuse AMEND_CONFIG, which has no effect yet.
    pub verb: OrderVerb,
    /// The channel; empty for all of the line.
    pub channel: String,
    /// What of it, in words; empty for all.
    pub scope: String,
    /// Why, in words that the other side reads.
    pub reason: String,
    /// From when on it counts, milliseconds since 1970 (UTC); 0 for at once.
    pub effective_ms: u64,
    /// When it is to be looked at again, milliseconds since 1970 (UTC); 0 when no time is named.
    pub review_by_ms: u64,
    /// The order of the other side that it agrees to.
    pub consents_to: Option<Reference>,
    /// The key statement that a REKEY is about.
    pub subject: Option<Hash>,
}

/// A draft or a release: approvals and content, each as exact bytes in base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sheet {
    /// Exact bytes of each officer's signed approval, base64.
    pub approvals: Vec<String>,
    /// Exact bytes of the content, base64.
    pub content: String,
    /// Salt and text of a content that is sealed. It goes no further than the desk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening: Option<SheetOpening>,
}

/// Salt and text of a sealed content, beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SheetOpening {
    /// 32 bytes, base64.
    pub salt: String,
    /// The text.
    pub text: String,
}

impl SheetOpening {
    /// What is put beside a content: nothing beside one in the clear.
    fn beside(content: &Content, opening: &Opening) -> Option<Self> {
        content.is_sealed().then(|| Self {
            salt: data_encoding::BASE64.encode(&opening.salt),
            text: opening.text.clone(),
        })
    }

    fn read(&self) -> Option<Opening> {
        let salt = base64(&self.salt).ok()?;
        Some(Opening {
            salt: salt.try_into().ok()?,
            text: self.text.clone(),
        })
    }
}

/// The words of a content on a sheet, as whoever signs it or lets it go must see them: what it commits to.
fn words_of(content: &Content, beside: Option<&SheetOpening>) -> Result<Opening, NotOpened> {
    if !content.is_sealed() {
        return Ok(Opening::in_the_clear(content)?);
    }
    let opening = beside.and_then(SheetOpening::read);
    let opening = opening.ok_or(NotOpened::Mismatch("no salt and text beside it"))?;
    if opening.fits(content) {
        Ok(opening)
    } else {
        Err(NotOpened::Mismatch("another salt or text beside it"))
    }
}

/// Why a sheet cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    /// Not base64, or not an approval.
    #[error("the sheet is not in order: {0}")]
    Malformed(String),
    /// No approval at all.
    #[error("nobody has signed the draft")]
    Unsigned,
    /// Two officers signed different messages.
    #[error("{0} approved another message than the first officer")]
    Different(String),
    /// Words of an annex that are none, or too many.
    #[error("the annex is not in order: {0}")]
    Annex(#[from] hotline_core::annex::AnnexError),
    /// Its words cannot be sealed.
    #[error("it cannot be sealed: {0}")]
    Seal(#[from] SealError),
    /// Its words are not those that its content commits to.
    #[error("its words are not those of its content: {0}")]
    Words(#[from] NotOpened),
}

/// The message that an approval and a content describe, before the desk gives it a place in its chain.
#[must_use]
pub fn message_of(approval: &Approval, content: Content, approvals: Vec<Vec<u8>>) -> Message {
    Message {
        header: header_of(approval),
        traffic_class: approval.traffic_class,
        message_type: approval.message_type,
        function: approval.function,
        precedence: approval.precedence,
        channel: approval.channel.clone(),
        number: 0,
        response_attribute: approval.response_attribute,
        refers_to: approval.refers_to.clone(),
        answer: approval.answer,
        approvals,
        content,
        expires_ms: approval.expires_ms,
        safety_of_life: approval.safety_of_life,
        respond_by_ms: approval.respond_by_ms,
        contact: approval.contact,
    }
}

/// The header that an approval describes.
fn header_of(approval: &Approval) -> Header {
    Header {
        id: approval.id,
        trust_domain: String::new(),
        exercise: approval.exercise.clone(),
        conversation: approval.conversation,
        sender: approval.desk.clone(),
        key_statement: Hash::ZERO,
        recipients: approval.recipients.clone(),
        claimed_time_ms: 0,
        epoch: 0,
        sequence: 0,
        previous: Hash::ZERO,
        seen: Vec::new(),
    }
}

impl Sheet {
    /// The message it describes.
    ///
    /// # Errors
    /// [`SheetError`].
    pub fn message(&self) -> Result<Message, SheetError> {
        let malformed = |error: String| SheetError::Malformed(error);
        let content = Content::decode(&base64(&self.content).map_err(malformed)?)
            .map_err(|error| malformed(error.to_string()))?;
        let mut bytes = Vec::with_capacity(self.approvals.len());
        let mut message: Option<Message> = None;
        for text in &self.approvals {
            let raw = base64(text).map_err(malformed)?;
            let signed = SignedStatement::parse(&raw).map_err(|error| malformed(error.to_string()))?;
            let approval = Approval::decode(&signed.payload).map_err(|error| malformed(error.to_string()))?;
            match &message {
                None => message = Some(message_of(&approval, content.clone(), Vec::new())),
                Some(first) if approval.first_difference(first).is_some() => {
                    return Err(SheetError::Different(approval.officer));
                }
                Some(_) => {}
            }
            bytes.push(raw);
        }
        let mut message = message.ok_or(SheetError::Unsigned)?;
        message.approvals = bytes;
        Ok(message)
    }

    /// Salt and text of its content, as they were committed to.
    ///
    /// # Errors
    /// [`SheetError`] if the sheet cannot be read, or has other words.
    pub fn words(&self) -> Result<Opening, SheetError> {
        let content = Content::decode(&base64(&self.content).map_err(SheetError::Malformed)?)
            .map_err(|error| SheetError::Malformed(error.to_string()))?;
        Ok(words_of(&content, self.opening.as_ref())?)
    }

    /// Adds another officer's approval of the same message. What it approves are the words that the content commits to.
    ///
    /// # Errors
    /// [`SheetError`] if the sheet cannot be read, or has other words.
    pub fn approve(&mut self, by: &Officer, capacity: Capacity, clock: &dyn Clock) -> Result<(), SheetError> {
        let message = self.message()?;
        self.words()?;
        self.approvals.push(sign_approval(&message, by, capacity, clock)?);
        Ok(())
    }
}

fn base64(text: &str) -> Result<Vec<u8>, String> {
    data_encoding::BASE64
        .decode(text.as_bytes())
        .map_err(|error| format!("not base64: {error}"))
}

/// Writes a sheet: fresh ids, the words sealed to everybody who is to read them, and the first officer's approval.
///
/// # Errors
/// If what is to be signed is larger than a statement may be, or cannot be sealed where it must be.
pub fn write(
    (desk, sealing): (&DeskConfig, &Sealing),
    wording: &Wording,
    by: &Officer,
    capacity: Capacity,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<Sheet, SheetError> {
    let mut id = [0; 16];
    entropy.fill(&mut id);
    let message_type = match desk.identity.world() {
        hotline_core::identity::World::Exercise => MessageType::Exercise,
        hotline_core::identity::World::Operation => MessageType::Operation,
    };
    let mut approval = Approval {
        officer: by.identity.clone(),
        key_statement: by.key_statement,
        capacity: capacity.to_wire(),
        id,
        desk: desk.identity.to_string(),
        exercise: desk.exercise.clone(),
        conversation: wording
            .refers_to
            .as_ref()
            .map_or(id, |(_, conversation)| *conversation),
        recipients: vec![Recipient {
            identity: desk.peer.to_string(),
            kind: RecipientKind::Action.to_wire(),
        }],
        traffic_class: wording.class.to_wire(),
        message_type: message_type.to_wire(),
        function: wording.function.to_wire(),
        precedence: wording.precedence.to_wire(),
        channel: wording.channel.clone(),
        response_attribute: wording.response.to_wire(),
        refers_to: wording.refers_to.as_ref().map(|(reference, _)| reference.clone()),
        answer: wording.answer.map_or(0, Answer::to_wire),
        content_sha256: Hash::ZERO,
        claimed_time_ms: clock.wall().unix_ms(),
        expires_ms: wording.expires_ms,
        safety_of_life: wording.safety_of_life,
        respond_by_ms: wording.respond_by_ms,
        contact: wording.contact.map_or(0, Contact::to_wire),
    };
    let (content, opening) = seal_for(&approval, &wording.text, sealing, entropy)?;
    approval.content_sha256 = content.sha256();
    let message = message_of(&approval, content.clone(), Vec::new());
    Ok(Sheet {
        approvals: vec![sign_approval(&message, by, capacity, clock)?],
        content: data_encoding::BASE64.encode(&content.encode()),
        opening: SheetOpening::beside(&content, &opening),
    })
}

/// The words of the message that an approval describes, as content.
fn seal_for(
    approval: &Approval,
    text: &str,
    sealing: &Sealing,
    entropy: &dyn Entropy,
) -> Result<(Content, Opening), SealError> {
    let desks: Vec<&str> = approval
        .recipients
        .iter()
        .map(|to| to.identity.as_str())
        .collect();
    let header = header_of(approval);
    let context = |commitment: &Hash| SealContext::message(&header, &approval.channel, commitment);
    sealing.content(text, &desks, context, entropy)
}

fn sign_approval(
    message: &Message,
    by: &Officer,
    capacity: Capacity,
    clock: &dyn Clock,
) -> Result<String, SheetError> {
    let approval = Approval::of(
        message,
        ApprovalBy {
            officer: by.identity.clone(),
            key_statement: by.key_statement,
            capacity: capacity.to_wire(),
            claimed_time_ms: clock.wall().unix_ms(),
        },
    );
    let signed = SignedStatement::sign(PayloadType::Approval, &approval.encode(), &by.key)
        .map_err(|error| SheetError::Malformed(error.to_string()))?;
    Ok(data_encoding::BASE64.encode(signed.bytes()))
}

/// Signs an officer's act on a message; base64 of the exact bytes.
///
/// # Errors
/// If what is to be signed is larger than a statement may be.
pub fn act(
    desk: &DeskConfig,
    by: &Officer,
    rung: Rung,
    message: Reference,
    text: &str,
    clock: &dyn Clock,
) -> Result<String, SheetError> {
    let act = OfficerAct {
        officer: by.identity.clone(),
        key_statement: by.key_statement,
        rung: rung.to_wire(),
        desk: desk.identity.to_string(),
        exercise: desk.exercise.clone(),
        message,
        text: text.to_owned(),
        claimed_time_ms: clock.wall().unix_ms(),
    };
    sign(PayloadType::OfficerAct, &act.encode(), by)
}

/// Signs a change of the watch; base64 of the exact bytes. `other` is to whom it is handed over, or from whom it is
/// taken; empty if nobody is named.
///
/// # Errors
/// If what is to be signed is larger than a statement may be.
pub fn watch(
    desk: &DeskConfig,
    by: &Officer,
    verb: WatchVerb,
    (other, remark): (&str, &str),
    clock: &dyn Clock,
) -> Result<String, SheetError> {
    let watch = OfficerWatch {
        officer: by.identity.clone(),
        key_statement: by.key_statement,
        verb: verb.to_wire(),
        desk: desk.identity.to_string(),
        exercise: desk.exercise.clone(),
        other: other.to_owned(),
        remark: remark.to_owned(),
        claimed_time_ms: clock.wall().unix_ms(),
    };
    sign(PayloadType::OfficerWatch, &watch.encode(), by)
}

/// Signs an order about a channel; base64 of the exact bytes.
///
/// # Errors
/// If what is to be signed is larger than a statement may be.
pub fn order(
    desk: &DeskConfig,
    by: &Officer,
    ordering: &Ordering,
    clock: &dyn Clock,
) -> Result<String, SheetError> {
    let order = OfficerOrder {
        officer: by.identity.clone(),
        key_statement: by.key_statement,
        verb: ordering.verb.to_wire(),
        desk: desk.identity.to_string(),
        exercise: desk.exercise.clone(),
        channel: ordering.channel.clone(),
        scope: ordering.scope.clone(),
        reason: ordering.reason.clone(),
        review_by_ms: ordering.review_by_ms,
        consents_to: ordering.consents_to.clone(),
        subject_sha256: ordering.subject,
        claimed_time_ms: clock.wall().unix_ms(),
        effective_ms: ordering.effective_ms,
    };
    sign(PayloadType::OfficerOrder, &order.encode(), by)
}

/// Signs a consent to the exact bytes of a charter's terms; base64 of the exact bytes.
///
/// # Errors
/// If what is to be signed is larger than a statement may be.
pub fn consent(by: &Officer, terms: &[u8], clock: &dyn Clock) -> Result<String, SheetError> {
    let consent = CharterConsent {
        officer: by.identity.clone(),
        key_statement: by.key_statement,
        terms_sha256: Hash::of(terms),
        claimed_time_ms: clock.wall().unix_ms(),
    };
    sign(PayloadType::CharterConsent, &consent.encode(), by)
}

/// A releaser's signature under a report: the exact bytes of the signed statement.
///
/// # Errors
/// If what is to be signed is larger than a statement may be, which none is.
pub fn report_signature(
    by: &Officer,
    report: &SignedReport,
    clock: &dyn Clock,
) -> Result<Vec<u8>, SheetError> {
    let signature = ReportSignature {
        officer: by.identity.clone(),
        key_statement: by.key_statement,
        exercise: report.exercise.clone(),
        report_sha256: report.sha256(),
        claimed_time_ms: clock.wall().unix_ms(),
    };
    SignedStatement::sign(PayloadType::ReportSignature, &signature.encode(), &by.key)
        .map(SignedStatement::into_bytes)
        .map_err(|error| SheetError::Malformed(error.to_string()))
}

fn sign(kind: PayloadType, payload: &[u8], by: &Officer) -> Result<String, SheetError> {
    let signed = SignedStatement::sign(kind, payload, &by.key)
        .map_err(|error| SheetError::Malformed(error.to_string()))?;
    Ok(data_encoding::BASE64.encode(signed.bytes()))
}
