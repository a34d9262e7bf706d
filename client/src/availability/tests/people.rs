//! Whose word ends a comm check of people, and by when.

use hotline_audit::statement::{Content, Message};
use hotline_core::words::TrafficClass;

use super::*;

const HOUR: u64 = 60 * MINUTE;

impl Script {
    fn test(&mut self, desk: &str, at_ms: u64, answers: Option<Hash>) -> Hash {
        self.says(desk, ServiceKind::DeskOpens, at_ms, &[], None);
        let Some((_, Payload::Service(service))) = self.said.pop() else {
            panic!("a service statement was put there")
        };
        let payload = Payload::Message(Message {
            header: service.header,
            traffic_class: TrafficClass::Test.to_wire(),
            message_type: 1,
            function: if answers.is_some() { 3 } else { 2 },
            precedence: 4,
            channel: String::new(),
            number: self.said.len() as u64 + 1,
            response_attribute: 2,
            refers_to: answers.map(|sha256| Reference {
                sender: A.into(),
                id: [1; 16],
                sha256,
            }),
            answer: u32::from(answers.is_some()),
            approvals: Vec::new(),
            content: Content::plain([0; 32], "COMM CHECK"),
            expires_ms: 0,
            safety_of_life: false,
            respond_by_ms: 0,
            contact: 0,
        });
        let hash = Hash::of(&payload.encode());
        self.said.push((hash, payload));
        hash
    }
}

/// Avelia sorts first: the even hours are its own.
fn both_spoke() -> Script {
    let mut script = Script::default();
    for desk in [A, B] {
        script.says(desk, ServiceKind::DeskOpens, 1, &[], None);
    }
    script
}

#[test]
fn an_answer_by_a_person_of_the_asking_side_does_not_count() {
    let mut script = both_spoke();
    let test = script.test(A, 2 * HOUR + MINUTE, None);
    script.test(A, 2 * HOUR + 2 * MINUTE, Some(test));
    let human = script.of_avelia(3 * HOUR + 1).human;
    assert_eq!((human.scheduled, human.answered, human.missed), (1, 0, 1));
    script.test(B, 2 * HOUR + 2 * MINUTE, Some(test));
    let human = script.of_avelia(3 * HOUR + 1).human;
    assert_eq!((human.scheduled, human.answered), (1, 1));
}

#[test]
fn a_check_of_people_whose_answer_is_not_due_yet_is_not_counted() {
    let mut script = both_spoke();
    let test = script.test(A, 3 * HOUR - MINUTE, None);
    assert_eq!(script.of_avelia(3 * HOUR + 1).human.scheduled, 0);
    let human = script.of_avelia(3 * HOUR + 10 * MINUTE).human;
    assert_eq!((human.scheduled, human.missed), (1, 1));
    script.test(B, 3 * HOUR + MINUTE, Some(test));
    assert_eq!(script.of_avelia(3 * HOUR + 10 * MINUTE).human.answered, 1);
}

#[test]
fn a_line_on_which_no_person_answered_for_thirty_days_was_dormant_from_then_on() {
    let day = 24 * HOUR;
    let mut script = both_spoke();
    let test = script.test(A, day, None);
    script.test(B, day + MINUTE, Some(test));
    assert_eq!(script.report(31 * day).dormant_ms, 0);
    assert_eq!(script.report(33 * day + MINUTE).dormant_ms, 2 * day);
}
