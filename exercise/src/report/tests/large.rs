//! A page of a thousand messages.

use super::{faults_of, sample};
use crate::report::{
    model::{Model, Wait, WaitKind},
    page,
};

/// What a page of a thousand messages may weigh.
const BYTES: usize = 3_000_000;

/// A thousand ROUTINE messages of a minute's text each, acknowledged by people.
pub fn thousand() -> Model {
    let mut model = sample::model();
    let mut evidence = sample::Evidence::default();
    for number in 0..1_000_u64 {
        let begin = number * 1_200;
        let name = format!("A-{number:04}");
        let message = sample::send(
            &mut evidence,
            &sample::Sent {
                name: &name,
                precedence: "ROUTINE",
                from: ("A", ("desk-A", "desk A")),
                to: "B",
                text: "Seku ni aeru: lisu ni freku, una ta desu.",
                rungs: &[
                    (("desk-A", "desk A"), "RELEASED", "", begin),
                    (("relay-north", "relay north"), "ACCEPTED", "", begin + 2),
                    (("relay-south", "relay south"), "ACCEPTED", "", begin + 3),
                    (("desk-B", "desk B"), "DELIVERED", "", begin + 6),
                    (("desk-B", "desk B"), "DISPLAYED", "", begin + 9_000),
                    (("desk-B", "desk B"), "ACKNOWLEDGED", "rossi", begin + 21_000),
                ],
            },
        );
        model.figures.waits.push(Wait {
            message: name,
            precedence: "ROUTINE".into(),
            kind: WaitKind::Acknowledge,
            desk: "B".into(),
            from: message.released,
            story_ms: Some(20_994 + number * 7),
            deadline_ms: Some(10_800_000),
            leaf: message.ladder.last().map(|climb| climb.leaf.clone()),
        });
        model.transcript.push(message);
    }
    (model.figures.lanes, model.leaves) = evidence.end();
    model
}

#[test]
fn a_page_of_a_thousand_messages_stays_light_and_whole() {
    let page = page(&thousand());
    assert_eq!(faults_of(&page), Vec::<String>::new());
    assert!(page.len() < BYTES, "{} bytes", page.len());
    assert!(page.contains("counts them by columns of 8 pixels"));
}

#[test]
fn thirty_messages_of_a_precedence_make_a_histogram() {
    let page = page(&thousand());
    let figure = page.split("<svg id=\"fig-acknowledge-svg\"").nth(1).unwrap();
    let figure = figure.split("</svg>").next().unwrap();
    assert!(figure.matches("<rect class=\"m-person full\"").count() > 1);
    assert!(figure.matches("<path class=\"m-person full\"").count() < 30);
}
