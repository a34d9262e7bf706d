//! The shipped S1, played well or with one thing wrong.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use hotline_core::{
    precedence::Precedence,
    words::{Answer, ResponseAttribute, Rung},
};

use super::{Draft, Play};
use crate::{
    codebook::coded::{self, Coded},
    record::Kind,
};

/// The notice of S1, coded.
fn notice() -> String {
    let book = crate::codebook::shipped::starter().unwrap();
    let code = book.code("HZ-01").unwrap();
    let mut coded = Coded::new("HZ-01");
    for (field, value) in [
        ("whose", "OURS"),
        ("dtg", "260942Z NOV 26"),
        ("position", "48-12.0N 012-24.0W within 2.0 NM"),
        ("platforms", "KESTREL 2; one aircraft of yours"),
        ("persons", "4"),
        ("intent", "patrol, not hostile"),
        ("help", "SEARCH_AND_RESCUE"),
    ] {
        let kind = &code.field(field).unwrap().kind;
        coded = coded.with(field, kind.read(value).unwrap());
    }
    coded::encode(&book, &coded).unwrap()
}

/// What a play of S1 may leave out or do late.
#[derive(Default)]
pub(crate) struct Wrong {
    pub(crate) acknowledged_late: bool,
    pub(crate) never_acknowledged: bool,
    pub(crate) free_text: bool,
    pub(crate) slow_line: bool,
    pub(crate) sar_sent: Option<u16>,
    pub(crate) sar_lost: bool,
}

/// S1 at ×60: one second of line is a minute of story.
pub(crate) fn played(wrong: &Wrong) -> Play {
    let mut play = Play::s1();
    play.at(1_000).inject("1.1.1").inject("1.1.2");
    let text = notice();
    let text = if wrong.free_text {
        "an aircraft is missing"
    } else {
        &text
    };
    let m1 = play.at(1_700).send(&Draft::flash("A", text));
    play.name("m1", m1);
    for copy in 1..=wrong.sar_sent.unwrap_or(40) {
        let sar = play.at(1_700 + u64::from(copy)).send(&Draft {
            precedence: Precedence::Routine,
            response: ResponseAttribute::None,
            ..Draft::flash("A", "search and rescue")
        });
        play.name(&format!("sar#{copy}"), sar);
        if copy != 7 || !wrong.sar_lost {
            play.at(2_000).receipt("B", Rung::Delivered, sar);
        }
    }
    let delivered = if wrong.slow_line { 3_900 } else { 1_710 };
    play.at(delivered).receipt("B", Rung::Delivered, m1);
    play.at(delivered + 10).receipt("B", Rung::Alerted, m1);
    play.at(delivered + 500).receipt("B", Rung::Displayed, m1);
    if !wrong.never_acknowledged {
        let at = if wrong.acknowledged_late {
            4_000
        } else {
            delivered + 510
        };
        play.at(at).act("B", Rung::Acknowledged, m1);
    }
    play.at(4_500).act("B", Rung::Holding, m1);
    play.looks();
    play.at(8_000).translate("B", 1, m1);
    play.at(8_100).present("B", m1);
    play.looks();
    let r1 = play.at(14_000).send(&Draft {
        refers_to: Some(m1),
        answer: Some(Answer::Roger),
        ..Draft::flash("B", "we search with you")
    });
    play.name("r1", r1);
    play.at(14_010).receipt("A", Rung::Delivered, r1);
    play.looks();
    play.at(18_000).present("A", r1);
    play.looks();
    play.at(25_000).record(Kind::Tick);
    play.looks();
    play.at(30_000).endex();
    play
}
