//! What honest evidence says: one timeline, the life of a message, and a page that a person reads in five minutes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod line;

use hotline_audit::Hash;
use hotline_audit::evidence::{Evidence, NotFound, Ruling, Standing};
use line::story::{Play, SHORT, play};

const NOBODY: &str = "quorum none";

#[test]
fn a_dispute_tells_who_signed_what_and_that_it_was_found_insufficient_later() {
    let line = play(SHORT);
    let (a, b) = (line.bundle(0), line.bundle(1));
    let evidence = Evidence::judge(&[&a, &b], &line.policy(NOBODY)).unwrap();
    let report = evidence.dispute("A-0001").unwrap();
    assert_eq!(report.verdict, Ruling::Match, "{report}");
    assert!(report.life.acknowledged_then_insufficient);
    assert!(
        report.sentence.contains("INSUFFICIENT later"),
        "{}",
        report.sentence
    );
    let rungs: Vec<&str> = report.life.facts.iter().map(|fact| fact.rung.as_str()).collect();
    for rung in [
        "RELEASED",
        "ACCEPTED",
        "PEER_HELD",
        "DELIVERED",
        "DISPLAYED",
        "ACKNOWLEDGED",
        "INSUFFICIENT",
    ] {
        assert!(rungs.contains(&rung), "{rung} of {rungs:?}");
    }
    let shown = report
        .life
        .facts
        .iter()
        .find(|fact| fact.rung == "DISPLAYED")
        .unwrap();
    assert_eq!(
        shown.standing,
        Standing::Claimed,
        "what was on a screen is only claimed"
    );
    assert!(report.claimed.iter().any(|line| line.starts_with("DISPLAYED")));
    assert!(report.not_provable.iter().any(|line| line.contains("DISPLAYED")));
    assert_eq!(report.life.text.as_deref(), Some("Message 0 of a quiet day."));
    assert!(
        report
            .proofs
            .iter()
            .any(|proof| proof.text.starts_with("c2sp.org/tlog-proof@v1"))
    );
}

#[test]
fn a_message_is_found_by_name_hash_or_id_and_nothing_else() {
    let line = play(SHORT);
    let (a, b) = (line.bundle(0), line.bundle(1));
    let evidence = Evidence::judge(&[&a, &b], &line.policy(NOBODY)).unwrap();
    let life = evidence.dispute("B-0001").unwrap().life;
    for asked in [
        life.sha256.to_string(),
        life.sha256.to_string()[..12].to_owned(),
        life.id.clone(),
    ] {
        assert_eq!(evidence.dispute(&asked).unwrap().life.sha256, life.sha256);
    }
    for asked in ["A-0099", "C-0001", "abcd", "A0001", ""] {
        assert_eq!(
            evidence.dispute(asked).unwrap_err(),
            NotFound::Nobody(asked.to_owned())
        );
    }
}

#[test]
fn nothing_in_the_timeline_stands_before_what_it_names_whatever_clocks_say() {
    let mut line = play(SHORT);
    // Relays take statements in any order.
    let last = line.held[1].relay.len() - 1;
    line.held[1].relay.swap(0, last.min(3));
    line.held[1].notes.clear();
    line.held[1].mirrored_note = None;
    let a = line.bundle(0);
    let evidence = Evidence::judge(&[&a], &line.policy(NOBODY)).unwrap();
    let events = evidence.timeline();
    let place = |hash| events.iter().position(|event| event.sha256 == hash);
    for event in &events {
        let chain = events
            .iter()
            .find(|other| other.sender == event.sender && other.sequence + 1 == event.sequence);
        if let Some(before) = chain {
            assert!(place(before.sha256) < place(event.sha256));
        }
    }
    assert!(
        events.iter().any(|event| event.before.is_some()) && events.iter().any(|event| event.after.is_some())
    );
}

#[test]
fn a_statement_lies_after_what_it_has_seen_and_before_the_other_sides_cosignature() {
    let line = play(SHORT);
    let (a, b) = (line.bundle(0), line.bundle(1));
    let evidence = Evidence::judge(&[&a, &b], &line.policy(NOBODY)).unwrap();
    let events = evidence.timeline();
    let third = events
        .iter()
        .find(|event| event.name.as_deref() == Some("A-0003"))
        .unwrap();
    let after = third.after.as_ref().unwrap();
    assert_eq!(after.origin, line.sides[1].relay.origin());
    let before = third.before.as_ref().unwrap();
    assert!(before.by.starts_with(&line.sides[1].domain), "{before:?}");
    assert!(after.time_s.unwrap() <= third.claimed_ms / 1000 && third.claimed_ms / 1000 <= before.time_s);
}

#[test]
fn a_report_is_a_screen_and_a_half_before_its_proofs() {
    let line = play(SHORT);
    let (a, b) = (line.bundle(0), line.bundle(1));
    let evidence = Evidence::judge(&[&a, &b], &line.policy(NOBODY)).unwrap();
    let texts = [
        evidence.dispute("A-0001").unwrap().to_string(),
        evidence.compare().to_string(),
    ];
    for text in texts {
        let page: Vec<&str> = text
            .lines()
            .take_while(|line| !line.starts_with("----"))
            .collect();
        assert!(page.len() <= 60, "{} lines:\n{}", page.len(), page.join("\n"));
        assert!(page[0].starts_with("MATCH: "), "{}", page[0]);
    }
}

#[test]
fn an_acknowledgement_by_somebody_without_the_role_climbs_nothing() {
    let mut play = Play::new();
    let message = play.message(0, "To be acknowledged.", None);
    play.line.sides[1].watch = play.line.sides[1].releaser.clone();
    play.act(1, &message, 7, "");
    let line = play.line;
    let (a, b) = (line.bundle(0), line.bundle(1));
    let evidence = Evidence::judge(&[&a, &b], &line.policy(NOBODY)).unwrap();
    let report = evidence.dispute("A-0001").unwrap();
    let act = report
        .life
        .facts
        .iter()
        .find(|fact| fact.rung == "ACKNOWLEDGED")
        .unwrap();
    assert_eq!(act.standing, Standing::Foreign);
    assert_eq!(report.verdict, Ruling::SentNoReceipt, "{report}");
}

#[test]
fn what_its_own_sender_says_behind_a_message_does_not_prove_that_it_arrived() {
    let mut play = Play::new();
    let message = play.message(0, "Read it back.", None);
    play.act(0, &message, 24, "");
    let line = play.line;
    let (a, b) = (line.bundle(0), line.bundle(1));
    let evidence = Evidence::judge(&[&a, &b], &line.policy(NOBODY)).unwrap();
    let report = evidence.dispute("A-0001").unwrap();
    assert!(
        report.life.facts.iter().any(|fact| fact.rung == "CONFIRMED"),
        "{report}"
    );
    assert_eq!(report.verdict, Ruling::SentNoReceipt, "{report}");
}

#[test]
fn the_last_word_of_a_desk_that_closes_is_told_and_accuses_nobody() {
    let mut play = Play::new();
    let message = play.message(0, "Good night.", None);
    play.receipt(1, &message, 4);
    let last = Hash::of(&play.closes(0));
    let compared = |play: &Play| {
        let (a, b) = (play.line.bundle(0), play.line.bundle(1));
        let evidence = Evidence::judge(&[&a, &b], &play.line.policy(NOBODY)).unwrap();
        evidence.compare()
    };
    let report = compared(&play);
    assert_eq!(report.verdict, Ruling::Match, "{report}");
    assert!(report.sentence.contains("as it closed"), "{}", report.sentence);
    let told: Vec<_> = report.only_one.iter().map(|only| only.event.sha256).collect();
    assert_eq!(told, [last]);
    // In the middle of a chain it is a difference like any other.
    let next = play.message(0, "Back again.", None);
    play.receipt(1, &next, 4);
    assert_eq!(compared(&play).verdict, Ruling::OnlyOneHolds);
}

#[test]
fn nobody_names_the_messages_of_the_other_side() {
    let mut play = Play::new();
    let sent = Hash::of(&play.message(0, "Named by its own side.", None));
    let line = play.line;
    let desk = line.sides[0].desk.identity.clone();
    let names = [(desk, "Z".to_owned())].into();
    let b = line::read(&line::pack(&line.sides[1].domain, names, line.files(1))).unwrap();
    let a = line.bundle(0);
    let evidence = Evidence::judge(&[&b, &a], &line.policy(NOBODY)).unwrap();
    assert_eq!(evidence.dispute("A-0001").unwrap().life.sha256, sent);
    assert!(evidence.dispute("Z-0001").is_err());
}
