//! What an auditor says of copies that were prepared in every way the plan can ask for.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;

use hotline_audit::{Hash, Policy, bundle::Bundle, evidence};
use hotline_core::words::Rung;

use super::*;
use crate::{
    bundle::Evidence,
    scenario::{lists::Word, shipped},
    testing::{Draft, Play},
    timeline::Timeline,
    tongue::Tongue,
};

/// S1's cast, with a disputed message and what is handed in of it: how, and whose log.
fn disputed(hand_ins: &[(&str, &str)]) -> Play {
    let text = shipped::by_id("S1").unwrap().text;
    let (cast, _) = text.split_once("[[expect]]").unwrap();
    let injects = hand_ins.iter().enumerate().map(|(n, (how, who))| {
        format!(
            "[[event.incident.inject]]\nserial = \"1.1.{}\"\ntitle = {{ en = \"it\" }}\nkind = \"contextual\"\n\
             method = \"hand-in\"\nat = \"1m story\"\nhow = \"{how}\"\nwho = \"{who}\"\nof = \"x\"\n",
            20 + n
        )
    });
    let cast = cast.replacen(
        "[[player]]",
        &format!("{}[[player]]", injects.collect::<String>()),
        1,
    );
    // The contingency of the cast asks for E1.
    let mut play = Play::of(&format!(
        "{cast}[[expect]]\nid = \"E1\"\ntitle = {{ en = \"it\" }}\nof = {{ from = \"A\", as = \"x\" }}\n\
         is = {{ verdict = \"MATCH\", of = \"x\" }}\n"
    ));
    for n in 0..hand_ins.len() {
        play.inject(&format!("1.1.{}", 20 + n));
    }
    play
}

/// A message that arrives, is acknowledged, and is found insufficient later; and another one behind it.
fn notice(play: &mut Play) -> Hash {
    play.at(500).send(&Draft::flash("B", "good morning"));
    let message = play.at(1_000).send(&Draft::flash("A", "live fire from 1105Z"));
    play.at(1_020).receipt("B", Rung::Delivered, message);
    play.at(1_500).act("B", Rung::Acknowledged, message);
    play.at(2_000)
        .act_saying("B", Rung::Insufficient, message, "fields: scale");
    play.at(3_000).send(&Draft::flash("A", "we gave notice"));
    // It stands behind nothing that names the message, so that a history without it can go on.
    play.at(3_500).send(&Draft::flash("B", "good night"));
    message
}

/// What is handed in, as evidence.
fn handed(play: &mut Play) -> Evidence {
    play.at(4_000).endex();
    let mut evidence = play.evidence();
    let timeline = Timeline::load(&evidence).unwrap();
    assert!(timeline.ruling.is_none(), "nobody has handed in anything");
    let (copies, failed) = hand_in(&evidence, &timeline, &|log| Ok(play.world.log_signer(log)));
    assert_eq!(failed, Vec::<String>::new());
    evidence.copies = copies;
    evidence
}

fn ruled(hand_ins: &[(&str, &str)]) -> (Ruling, Hash) {
    let mut play = disputed(hand_ins);
    let message = notice(&mut play);
    let ruling = Timeline::load(&handed(&mut play)).unwrap().ruling.unwrap();
    assert_eq!(ruling.message, Some(message));
    assert_eq!(ruling.name, "A-0001");
    (ruling, message)
}

/// Where the message stands in every log of the play.
const PLACE: u64 = 1;

#[test]
fn where_both_hand_in_everything_both_hold_the_message() {
    let (ruling, _) = ruled(&[]);
    assert_eq!((ruling.word, ruling.against()), (Word::Match, None));
    assert_eq!(ruling.findings, []);
    assert!(
        ruling
            .handed
            .iter()
            .all(|log| log.entries.is_some() && log.fault.is_none())
    );
}

#[test]
fn who_denies_and_hands_in_no_log_of_its_desk_is_answered_with_its_own_receipt() {
    let (ruling, _) = ruled(&[("withhold", "B"), ("withhold", "south")]);
    assert_eq!(
        (ruling.word, ruling.against()),
        (Word::ReceiptProvesDelivery, None)
    );
    let delivered = ruling.life.iter().find(|fact| fact.rung == "DELIVERED").unwrap();
    assert_eq!(delivered.who, "desk/ops of B");
    assert!(
        delivered.places.contains(&("desk-A".to_owned(), PLACE + 1)),
        "{delivered:?}"
    );
    assert!(ruling.insufficient);
    let later = ruling
        .life
        .iter()
        .find(|fact| fact.rung == "INSUFFICIENT")
        .unwrap();
    assert_eq!(later.text, "fields: scale");
    let page = ruling.page();
    assert!(
        page.contains("NOT desk-B") && page.contains("NOT relay-south"),
        "{page}"
    );
}

#[test]
fn who_withholds_its_desks_log_and_hands_in_its_relays_has_shown_the_receipt_itself() {
    let (ruling, _) = ruled(&[("withhold", "B")]);
    assert_eq!((ruling.word, ruling.against()), (Word::Match, None));
    assert!(ruling.page().contains("NOT desk-B"), "{}", ruling.page());
}

#[test]
fn a_log_that_its_owner_cut_and_signed_anew_is_truncated_where_the_message_stood() {
    let (ruling, _) = ruled(&[("withhold", "B"), ("truncate", "south")]);
    assert_eq!((ruling.word, ruling.against()), (Word::Truncated, Some(Side::B)));
    let finding = &ruling.findings[0];
    assert_eq!(
        (finding.log.as_str(), finding.index),
        ("relay-south", Some(PLACE))
    );
    assert_eq!(ruling.of_message, Word::ReceiptProvesDelivery);
}

#[test]
fn a_desk_that_cuts_its_own_log_is_found_by_what_it_signed_later() {
    let (ruling, _) = ruled(&[("truncate", "B")]);
    assert_eq!((ruling.word, ruling.against()), (Word::Truncated, Some(Side::B)));
    let finding = &ruling.findings[0];
    assert_eq!((finding.log.as_str(), finding.index), ("desk-B", Some(PLACE)));
}

#[test]
fn words_that_their_sender_changed_afterwards_were_signed_by_nobody() {
    let (ruling, _) = ruled(&[("withhold", "north"), ("alter", "A")]);
    assert_eq!((ruling.word, ruling.against()), (Word::Altered, Some(Side::A)));
    let finding = &ruling.findings[0];
    assert_eq!((finding.log.as_str(), finding.index), ("desk-A", Some(PLACE)));
    assert_eq!(ruling.spoken, format!("ALTERED({PLACE})"));
    // B holds the true one.
    assert_eq!(ruling.of_message, Word::Match);
}

#[test]
fn two_histories_under_one_key_are_a_fork_at_the_message() {
    let (ruling, _) = ruled(&[("withhold", "B"), ("second-history", "south")]);
    assert_eq!((ruling.word, ruling.against()), (Word::Fork, Some(Side::B)));
    let finding = &ruling.findings[0];
    assert_eq!(
        (finding.log.as_str(), finding.index),
        ("relay-south", Some(PLACE))
    );
    let shown = ruling
        .handed
        .iter()
        .find(|log| log.by == Side::B && log.log == "relay-south");
    assert_eq!(shown.unwrap().fault, None, "by itself it is in order");
}

#[test]
fn of_a_message_that_only_its_sender_holds_nothing_proves_that_it_arrived() {
    let mut play = disputed(&[]);
    let message = play
        .at(1_000)
        .send_into(&Draft::flash("A", "live fire from 1105Z"), &["desk-A"]);
    let ruling = Timeline::load(&handed(&mut play)).unwrap().ruling.unwrap();
    assert_eq!(ruling.message, Some(message));
    assert_eq!((ruling.word, ruling.against()), (Word::SentNoReceipt, None));
    assert!(!ruling.insufficient);
}

#[test]
fn what_cannot_be_prepared_is_told_and_handed_in_as_it_is() {
    let mut play = disputed(&[("truncate", "south")]);
    play.at(1_000)
        .send_into(&Draft::flash("A", "live fire from 1105Z"), &["desk-A"]);
    play.at(4_000).endex();
    let evidence = play.evidence();
    let timeline = Timeline::load(&evidence).unwrap();
    let (copies, failed) = hand_in(&evidence, &timeline, &|log| Ok(play.world.log_signer(log)));
    assert_eq!(failed, ["truncate south x: it does not hold the message"]);
    assert_eq!(
        copies[&Side::B]["relay-south"].note,
        evidence.logs["relay-south"].log.note
    );
    let (_, failed) = hand_in(&evidence, &timeline, &|_| Err("no key is here".into()));
    assert_eq!(failed, ["truncate south x: no key is here"]);
}

#[test]
fn the_logs_of_the_exercise_stay_as_they_are() {
    let mut play = disputed(&[("withhold", "B"), ("second-history", "south"), ("alter", "A")]);
    notice(&mut play);
    let evidence = handed(&mut play);
    assert!(evidence.holds(), "{:?}", evidence.first_fault());
}

#[test]
fn the_bundles_and_the_policy_beside_a_ruling_give_its_very_words_to_anybody_who_asks_by_name() {
    for hand_ins in [
        &[][..],
        &[("withhold", "B"), ("withhold", "south")],
        &[("withhold", "B"), ("truncate", "south")],
        &[("withhold", "north"), ("alter", "A")],
        &[("withhold", "B"), ("second-history", "south")],
    ] {
        let (ruling, message) = ruled(hand_ins);
        let read = |side| Bundle::read(ruling.brought.bundles[&side].as_ref()).unwrap();
        let (a, b) = (read(Side::A), read(Side::B));
        let policy = Policy::parse(ruling.brought.policy.as_bytes()).unwrap();
        let judged = evidence::Evidence::judge(&[&a, &b], &policy).unwrap();
        let report = judged.dispute(&ruling.name).unwrap();
        assert_eq!(report.life.sha256, message);
        assert_eq!(
            (report.verdict.to_string(), report.exit_code),
            (ruling.spoken, ruling.word.exit())
        );
    }
}

/// How many words a person reads in a minute, of a text with names and numbers in it. 150: slower than prose is read.
const WORDS_A_MINUTE: usize = 150;

#[test]
fn every_ruling_is_one_page_that_is_read_in_five_minutes_and_says_its_verdict_in_each_language() {
    for hand_ins in [
        &[][..],
        &[("withhold", "B"), ("withhold", "south")],
        &[("withhold", "B"), ("truncate", "south")],
        &[("withhold", "north"), ("alter", "A")],
        &[("withhold", "B"), ("second-history", "south")],
    ] {
        let (ruling, _) = ruled(hand_ins);
        let page = ruling.page();
        assert!(page.split_whitespace().count() <= 3 * WORDS_A_MINUTE, "{page}");
        assert!(page.lines().count() <= 48, "{page}");
        for tongue in Tongue::ALL {
            assert!(page.contains(&ruling.sentence(*tongue)), "{tongue}: {page}");
        }
    }
}

#[test]
fn rulings_use_no_word_that_the_languages_do_not_have() {
    let tongues: toml::Table = toml::from_str(include_str!("../../codebook/tongues.toml")).unwrap();
    for (name, tongue) in [("qav", Tongue::Qav), ("qbo", Tongue::Qbo)] {
        let known: BTreeSet<&str> = tongues[name]
            .as_table()
            .unwrap()
            .values()
            .filter_map(|word| word.as_str())
            .collect();
        for word in Word::ALL {
            let (mut ruling, _) = ruled(&[("withhold", "B")]);
            ruling.word = *word;
            let sentence = ruling.sentence(tongue).to_lowercase();
            for said in sentence
                .split(|c: char| !c.is_alphabetic())
                .filter(|said| !said.is_empty())
            {
                assert!(known.contains(said), "{name}: {said}");
            }
        }
    }
}
