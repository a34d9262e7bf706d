//! From a payload to what it says.

use std::collections::BTreeMap;

use hotline_audit::{
    Hash, SignedStatement,
    key::RosterSet,
    opening::Opening,
    statement::{
        Act, Annex, AnnexDone, Approval, CharterTerms, Content, ContentError, Lifecycle, Message, OfficerAct,
        OfficerAnnex, OfficerOrder, OfficerWatch, Payload, Receipt, Recipient, Service, Watch,
    },
    strict::{StrictError, StrictFault},
};
use hotline_core::{
    annex,
    duty::{OrderVerb, OverdueStep, ServiceKind, WatchVerb},
    precedence::Precedence,
    release::ReleaseRule,
    words::{Answer, Function, MessageType, ResponseAttribute, Rung, TrafficClass},
};

use super::{MessageFact, OfficerWord, ReceiptFact, ServiceFact, What, release};
use crate::{
    codebook::{
        Codebook,
        coded::{self, Decoded},
    },
    scenario::lists::Grade,
};

/// With what statements are read.
#[derive(Clone, Copy)]
pub(in crate::timeline) struct Reading<'r> {
    /// The exercise's codebook.
    pub(in crate::timeline) book: &'r Codebook,
    /// Whose key entitles to what.
    pub(in crate::timeline) rosters: &'r RosterSet,
    /// How many officers release.
    pub(in crate::timeline) rule: ReleaseRule,
    /// What sealed statements say, as the desks that could read them have exported it.
    pub(in crate::timeline) openings: &'r BTreeMap<Hash, Opening>,
    /// What the statement that is being read says, if it is sealed.
    pub(in crate::timeline) opening: Option<&'r Opening>,
}

impl<'r> Reading<'r> {
    /// For the statement with this hash.
    pub(in crate::timeline) fn of(self, statement: &Hash) -> Self {
        let opening = self.openings.get(statement);
        Self { opening, ..self }
    }

    /// The words of a content: those that its sender committed to, or none.
    fn words(self, content: &Content) -> Option<String> {
        match content.text() {
            Ok(text) => Some(text.to_owned()),
            Err(ContentError::Sealed) => self
                .opening
                .filter(|opening| opening.fits(content))
                .map(|opening| opening.text.clone()),
            Err(_) => None,
        }
    }
}

impl What {
    /// What a desk's statement says.
    ///
    /// # Errors
    /// A code that is on no list, or something inside that cannot be read: never in a log that verifies.
    pub(in crate::timeline) fn of(payload: &Payload, by: Reading<'_>) -> Result<Self, StrictError> {
        match payload {
            Payload::Message(message) => Ok(Self::Message(Box::new(message_fact(message, by)?))),
            Payload::Receipt(receipt) => receipt_fact(receipt).map(Self::Receipt),
            Payload::Act(act) => act_fact(act, by).map(Self::Act),
            Payload::Annex(annex) => annex_fact(annex, by).map(Self::Act),
            Payload::Service(service) => service_fact(service).map(Self::Service),
            Payload::Watch(watch) => watch_fact(watch),
            Payload::Lifecycle(lifecycle) => order_fact(lifecycle, by),
            Payload::Charter(charter) => {
                let terms = CharterTerms::decode(&charter.terms)?;
                Ok(Self::Charter {
                    channel: terms.channel,
                    codebook_sha256: terms.codebook_sha256,
                })
            }
        }
    }
}

fn known<T>(field: &'static str, number: u32, word: Option<T>) -> Result<T, StrictError> {
    let value = u64::from(number);
    word.ok_or_else(|| StrictError::new("statement", field, StrictFault::OutOfRange { value }))
}

fn message_fact(message: &Message, by: Reading<'_>) -> Result<MessageFact, StrictError> {
    let mut officers = Vec::new();
    for approval in &message.approvals {
        let approval = Approval::decode(&SignedStatement::parse(approval)?.payload)?;
        officers.push((
            approval.officer,
            approval.capacity == RELEASER,
            approval.claimed_time_ms,
        ));
    }
    let text = by.words(&message.content);
    let coding = text
        .as_deref()
        .map_or(Decoded::Free, |text| coded::decode(by.book, text));
    let named = |action: bool| {
        let recipients = message.header.recipients.iter();
        let named = recipients.filter(move |named: &&Recipient| (named.kind == ACTION) == action);
        named.map(|recipient| recipient.identity.clone()).collect()
    };
    Ok(MessageFact {
        class: known(
            "traffic_class",
            message.traffic_class,
            TrafficClass::from_wire(message.traffic_class),
        )?,
        message_type: known(
            "message_type",
            message.message_type,
            MessageType::from_wire(message.message_type),
        )?,
        function: known(
            "function",
            message.function,
            Function::from_wire(message.function),
        )?,
        precedence: known(
            "precedence",
            message.precedence,
            Precedence::from_wire(message.precedence),
        )?,
        channel: message.channel.clone(),
        number: message.number,
        response: known(
            "response_attribute",
            message.response_attribute,
            ResponseAttribute::from_wire(message.response_attribute),
        )?,
        refers_to: message.refers_to.as_ref().map(|reference| reference.sha256),
        answer: Answer::from_wire(message.answer),
        officers,
        to: named(true),
        copies: named(false),
        released: release::released(message, text.as_deref(), by.rosters, by.rule),
        text,
        coding,
        respond_by_ms: message.respond_by_ms,
        expires_ms: message.expires_ms,
    })
}

fn receipt_fact(receipt: &Receipt) -> Result<ReceiptFact, StrictError> {
    Ok(ReceiptFact {
        rung: known("rung", receipt.rung, Rung::from_wire(receipt.rung))?,
        messages: receipt
            .items
            .iter()
            .map(|item| (item.sha256, item.leg.clone()))
            .collect(),
    })
}

fn act_fact(act: &Act, by: Reading<'_>) -> Result<OfficerWord, StrictError> {
    let said = OfficerAct::decode(&SignedStatement::parse(&act.act)?.payload)?;
    Ok(OfficerWord {
        rung: known("rung", said.rung, Rung::from_wire(said.rung))?,
        signer: release::officer(&said.officer, &said.key_statement, &said.desk, by.rosters),
        officer: said.officer,
        message: said.message.sha256,
        text: said.text,
        grade: None,
        language: String::new(),
    })
}

/// A translation, with its words from beside the signature; or that the message was put before somebody.
fn annex_fact(annex: &Annex, by: Reading<'_>) -> Result<OfficerWord, StrictError> {
    let said = OfficerAnnex::decode(&SignedStatement::parse(&annex.annex)?.payload)?;
    let (grade, language, text) = match &said.done {
        AnnexDone::Translated { grade, language, .. } => {
            let words = annex.content.as_ref().and_then(|content| by.words(content));
            (grade_of(*grade), language.clone(), words.unwrap_or_default())
        }
        AnnexDone::Presented { to } => (None, String::new(), to.clone()),
    };
    Ok(OfficerWord {
        rung: known("kind", said.done.kind(), Rung::from_wire(said.done.kind()))?,
        signer: release::officer(&said.officer, &said.key_statement, &said.desk, by.rosters),
        officer: said.officer,
        message: said.message.sha256,
        text,
        grade,
        language,
    })
}

/// The scenario's word for a grade of the line: both bear one name.
fn grade_of(number: u32) -> Option<Grade> {
    let name = annex::Grade::from_wire(number)?.name();
    Grade::ALL.iter().copied().find(|grade| grade.name() == name)
}

fn service_fact(service: &Service) -> Result<ServiceFact, StrictError> {
    Ok(ServiceFact {
        kind: known("kind", service.kind, ServiceKind::from_wire(service.kind))?,
        about: service.refers_to.as_ref().map(|reference| reference.sha256),
        legs: service
            .legs
            .iter()
            .map(|fact| (fact.leg.clone(), fact.ms))
            .collect(),
        step: OverdueStep::from_wire(service.step),
        clock_ms: (service.clock_before_ms, service.clock_after_ms),
        text: service.text.clone(),
    })
}

fn watch_fact(watch: &Watch) -> Result<What, StrictError> {
    let said = OfficerWatch::decode(&SignedStatement::parse(&watch.officer_watch)?.payload)?;
    Ok(What::Watch {
        verb: known("verb", said.verb, WatchVerb::from_wire(said.verb))?,
        officer: said.officer,
        other: said.other,
        remark: said.remark,
    })
}

fn order_fact(lifecycle: &Lifecycle, by: Reading<'_>) -> Result<What, StrictError> {
    let said = OfficerOrder::decode(&SignedStatement::parse(&lifecycle.order)?.payload)?;
    Ok(What::Order {
        verb: known("verb", said.verb, OrderVerb::from_wire(said.verb))?,
        stands: release::is_releaser(&said.key_statement, by.rosters),
        officer: said.officer,
        channel: said.channel,
        scope: said.scope,
        reason: said.reason,
        consents_to: said.consents_to.map(|reference| reference.sha256),
    })
}

const RELEASER: u32 = 2;
const ACTION: u32 = 1;
