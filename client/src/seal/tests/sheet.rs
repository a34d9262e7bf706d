//! What stands on a sheet beside its sealed content.

use data_encoding::BASE64;
use hotline_audit::{
    PayloadType, SignedStatement, SigningKey,
    statement::{Approval, ApprovalBy, Message},
};
use hotline_core::release::Capacity;
use hotline_transport::Seams;

use super::*;
use crate::compose::{Officer, Sheet, SheetError, SheetOpening};

pub(super) fn message(content: Content) -> Message {
    Message {
        header: header(),
        traffic_class: 1,
        message_type: 1,
        function: 1,
        precedence: 5,
        channel: "MINISTER".into(),
        number: 1,
        response_attribute: 1,
        refers_to: None,
        answer: 0,
        approvals: Vec::new(),
        content,
        expires_ms: 0,
        safety_of_life: false,
        respond_by_ms: 0,
        contact: 0,
    }
}

fn officer() -> Officer {
    Officer {
        identity: "spiffe://exercise.avelia.example/officer/lindqvist".into(),
        key_statement: Hash([1; 32]),
        key: SigningKey::from_seed(&[2; 32]),
    }
}

#[test]
fn a_second_officer_approves_only_the_words_that_the_content_commits_to() {
    let (content, opening) = seal("We agree.", &to(&[key(1)]), context, &Counted::from(0)).unwrap();
    let by = ApprovalBy {
        officer: officer().identity,
        key_statement: officer().key_statement,
        capacity: Capacity::Drafter.to_wire(),
        claimed_time_ms: 1,
    };
    let approval = Approval::of(&message(content.clone()), by).encode();
    let approval = SignedStatement::sign(PayloadType::Approval, &approval, &officer().key).unwrap();
    let sheet = Sheet {
        approvals: vec![BASE64.encode(approval.bytes())],
        content: BASE64.encode(&content.encode()),
        opening: Some(SheetOpening {
            salt: BASE64.encode(&opening.salt),
            text: opening.text.clone(),
        }),
    };
    let clock = Seams::system().clock;
    let approve = |sheet: &Sheet| {
        let mut sheet = sheet.clone();
        sheet.approve(&officer(), Capacity::Releaser, clock.as_ref())
    };
    assert_eq!(sheet.words().unwrap(), opening);
    assert!(approve(&sheet).is_ok());
    let mut other = sheet.clone();
    other.opening.as_mut().unwrap().text = "We refuse.".into();
    let mut without = sheet;
    without.opening = None;
    for lie in [other, without] {
        let refused = approve(&lie).unwrap_err();
        assert!(
            matches!(refused, SheetError::Words(NotOpened::Mismatch(_))),
            "{refused}"
        );
    }
}
