//! Everything of the line, as if somebody else signed it.

use crate::check::domain_of;
use crate::dsse::PayloadType;
use crate::hash::Hash;
use crate::statement::{
    Act, Approval, ApprovalBy, Charter, CharterConsent, Lifecycle, Message, OfficerAct, OfficerOrder,
    OfficerWatch, Payload, Receipt, ReceiptItem, Reference, Service, Watch, samples,
};
use crate::testing::{NOW, Signer};

/// One of each kind that a desk signs, as if `by` were the desk.
pub(super) fn of_a_desk(by: &Signer) -> Vec<Payload> {
    let mut header = samples::header(1);
    header.sender.clone_from(&by.identity);
    header.key_statement = by.key_statement;
    header.trust_domain = domain_of(&by.identity).to_owned();
    let items = vec![ReceiptItem {
        id: [1; 16],
        sha256: Hash([1; 32]),
        leg: "north/tcp".into(),
    }];
    vec![
        Payload::Message(Message {
            header: header.clone(),
            ..samples::message(1)
        }),
        Payload::Receipt(Receipt {
            header: header.clone(),
            rung: 6,
            subject: samples::PEER.into(),
            items,
        }),
        Payload::Act(Act {
            header: header.clone(),
            act: vec![1],
        }),
        Payload::Charter(Charter {
            header: header.clone(),
            terms: vec![1],
            consents: vec![vec![1]],
        }),
        Payload::Service(Service {
            header: header.clone(),
            kind: 1,
            refers_to: None,
            legs: Vec::new(),
            clock_before_ms: 0,
            clock_after_ms: 0,
            step: 0,
            text: String::new(),
        }),
        Payload::Watch(Watch {
            header: header.clone(),
            officer_watch: vec![1],
        }),
        Payload::Lifecycle(Lifecycle {
            header,
            order: vec![1],
        }),
    ]
}

/// One of each kind that an officer signs, as if `by` were the officer.
pub(super) fn of_an_officer(by: &Signer) -> Vec<(PayloadType, Vec<u8>)> {
    let (officer, key_statement) = (by.identity.clone(), by.key_statement);
    let (desk, exercise) = (samples::DESK.to_owned(), "NORTHERN LIGHT".to_owned());
    let approval = Approval::of(
        &samples::message(1),
        ApprovalBy {
            officer: officer.clone(),
            key_statement,
            capacity: 2,
            claimed_time_ms: NOW,
        },
    );
    let act = OfficerAct {
        officer: officer.clone(),
        key_statement,
        rung: 7,
        desk: desk.clone(),
        exercise: exercise.clone(),
        message: Reference {
            sender: samples::PEER.into(),
            id: [1; 16],
            sha256: Hash([1; 32]),
        },
        text: String::new(),
        claimed_time_ms: NOW,
    };
    let consent = CharterConsent {
        officer: officer.clone(),
        key_statement,
        terms_sha256: Hash([1; 32]),
        claimed_time_ms: NOW,
    };
    let watch = OfficerWatch {
        officer: officer.clone(),
        key_statement,
        verb: 1,
        desk: desk.clone(),
        exercise: exercise.clone(),
        other: String::new(),
        remark: String::new(),
        claimed_time_ms: NOW,
    };
    let order = OfficerOrder {
        officer,
        key_statement,
        verb: 1,
        desk,
        exercise,
        channel: String::new(),
        scope: String::new(),
        reason: "r".into(),
        review_by_ms: 0,
        consents_to: None,
        subject_sha256: None,
        claimed_time_ms: NOW,
        effective_ms: 0,
    };
    vec![
        (PayloadType::Approval, approval.encode()),
        (PayloadType::OfficerAct, act.encode()),
        (PayloadType::CharterConsent, consent.encode()),
        (PayloadType::OfficerWatch, watch.encode()),
        (PayloadType::OfficerOrder, order.encode()),
    ]
}
