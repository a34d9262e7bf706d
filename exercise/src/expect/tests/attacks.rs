//! What prepared attacks came to.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use crate::record::Seen;

/// The cast of S1 with an attacker who has copied A's keys, and these expectations.
fn attacked(is: &[&str]) -> String {
    let attack = "[[attack]]\nid = \"copy\"\nkind = \"stolen-key\"\nof = \"A\"\n\n[[player]]";
    expecting(is).replacen("[[player]]", attack, 1)
}

fn played(seat: &str, refused: &str) -> Kind {
    Kind::Played {
        seat: seat.to_owned(),
        rule: "copy".to_owned(),
        refused: refused.to_owned(),
    }
}

#[test]
fn what_was_refused_is_counted_by_whoever_is_asked_for() {
    let text = attacked(&[
        "{ refused = \"REVOKED\", by = \"attacker-copy\", count = \"== 2\" }",
        "{ refused = \"REVOKED\", by = \"relay north\", count = \"== 1\" }",
        "{ refused = \"REVOKED\", by = \"relay south\", count = \">= 1\" }",
        "{ refused = \"REVOKED\", count = \"== 3\" }",
    ]);
    let mut play = Play::of(&text);
    for (ms, seat) in [
        (1_000, "attacker-copy"),
        (1_100, "attacker-copy"),
        (1_200, "relay north"),
    ] {
        play.at(ms)
            .record(played(seat, "REVOKED: its certificate was revoked"));
    }
    let judged = judge_of(&play);
    let mets: Vec<Met> = ["E1", "E2", "E3", "E4"].map(|id| one(&judged, id).met).to_vec();
    assert_eq!(mets, [Met::Yes, Met::Yes, Met::No, Met::Yes]);
}

#[test]
fn what_an_attacker_forged_with_a_copied_key_is_not_lost_and_is_false_where_it_is_shown() {
    let text = attacked(&[
        "{ figure = \"lost\", is = \"== 0\" }",
        "{ figure = \"false_displays\", is = \"== 0\" }",
    ]);
    let named = |play: &mut Play, message: Hash| {
        play.at(2_000).record(Kind::Named {
            alias: "copy".into(),
            message: message.to_string(),
        });
    };
    let mut kept_apart = Play::of(&text);
    let forged = kept_apart
        .at(1_000)
        .send(&Draft::flash("A", "we withdraw everything"));
    named(&mut kept_apart, forged);
    let judged = judge_of(&kept_apart);
    assert_eq!(
        [one(&judged, "E1").met, one(&judged, "E2").met],
        [Met::Yes, Met::Yes]
    );

    let mut shown = Play::of(&text);
    let forged = shown.at(1_000).send(&Draft::flash("A", "we withdraw everything"));
    named(&mut shown, forged);
    let look = Seen {
        shown: vec![forged.to_string()],
        ..Seen::default()
    };
    shown.at(3_000).look("B", look);
    let judged = judge_of(&shown);
    assert_eq!(
        one(&judged, "E2").met,
        Met::No,
        "a copied key signs as well as its owner's"
    );
}
