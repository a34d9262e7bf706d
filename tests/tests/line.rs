//! The line, from outside: messages climb their ladder, nobody signs for anybody else, and whatever is killed, paused or
//! put back, nothing is lost and nothing is shown twice.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use hotline_audit::{SignedStatement, statement::Payload};
use hotline_cli::demo::{stage::Pause, traffic::Watchers};
use hotline_client::{request::Request, view::MessageView};
use hotline_core::words::Rung;
use hotline_ledger::Inspector;
use hotline_tests::{
    AVELIA, BORENIA, Line, ledgers,
    traffic::{Sender, Traffic},
    verb::word,
    wait::{PATIENCE, eventually},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");

/// Every rung that a message which is answered must have been on.
const WHOLE_LADDER: [Rung; 6] = [
    Rung::Released,
    Rung::Accepted,
    Rung::Delivered,
    Rung::Displayed,
    Rung::Acknowledged,
    Rung::Answered,
];

/// Alarms that an honest line never raises, whatever dies.
const DISHONEST: [&str; 11] = [
    "EQUIVOCATION",
    "OWN_FORK",
    "UNPROVEN",
    "REOPENED",
    "FORGED",
    "FOREIGN",
    "REJECTED",
    "FORK",
    "ROLLBACK",
    "BAD_CHECKPOINT",
    "GAP",
];

/// Asserts that somebody entitled is named on every rung.
fn climbed_the_whole_ladder(view: &MessageView) {
    for rung in WHOLE_LADDER {
        assert!(
            view.reached(rung),
            "{} lacks {}: {view:#?}",
            view.name,
            rung.name()
        );
    }
    let by = |rung: Rung| view.first(rung).unwrap().by.clone();
    assert!(by(Rung::Accepted).contains("/relay/"), "{view:#?}");
    assert_eq!(by(Rung::Delivered), "spiffe://exercise.borenia.example/desk/ops");
    assert_eq!(by(Rung::Displayed), "spiffe://exercise.borenia.example/desk/ops");
    assert!(
        by(Rung::Acknowledged).starts_with("spiffe://exercise.borenia.example/officer/"),
        "{view:#?}"
    );
    assert_eq!(
        view.first(Rung::Answered).unwrap().answer.as_deref(),
        Some("ACCEPT")
    );
    assert!(view.closed());
}

/// The officers whose approvals are inside a message, as its exact bytes in a ledger say.
fn approved_by(ledger: &std::path::Path, sha256: &str) -> BTreeSet<String> {
    let bytes = ledgers::bytes_of(ledger, &sha256.parse().unwrap()).unwrap();
    let signed = SignedStatement::parse(&bytes).unwrap();
    let Payload::Message(message) = Payload::parse(&signed).unwrap() else {
        panic!("no message")
    };
    let approvals = message.approvals.iter().map(|bytes| {
        let signed = SignedStatement::parse(bytes).unwrap();
        hotline_audit::statement::Approval::decode(&signed.payload)
            .unwrap()
            .officer
    });
    approvals.collect()
}

async fn send_flash(line: &Line) -> MessageView {
    let words = [
        "-p",
        "FLASH",
        "--response",
        "ACCEPT_UNABLE",
        "--wait",
        "delivered",
        "Collision; help wanted.",
    ];
    line.desk(AVELIA, "send", &words).await.ended(0).message()
}

async fn read_acknowledge_and_accept(line: &Line, sent: &MessageView) {
    let read = line.desk(BORENIA, "inbox", &[]).await.ended(0).messages();
    let [read] = read.as_slice() else {
        panic!("{read:#?}")
    };
    assert_eq!((&read.name, &read.sha256), (&sent.name, &sent.sha256));
    assert_eq!(read.text, "Collision; help wanted.");
    let acknowledged = line.desk(BORENIA, "ack", &[&sent.name]).await.ended(0).message();
    assert!(acknowledged.reached(Rung::Acknowledged));
    let answer = line
        .desk(BORENIA, "answer", &[&sent.name, "ACCEPT"])
        .await
        .ended(0)
        .message();
    assert_eq!(
        (answer.name.as_str(), answer.answer.as_deref()),
        ("B-0001", Some("ACCEPT"))
    );
}

#[tokio::test(flavor = "current_thread")]
async fn a_flash_climbs_the_whole_ladder_and_two_officers_sign() {
    let mut line = Line::open(PROGRAM).await;
    let sent = send_flash(&line).await;
    assert_eq!(sent.name, "A-0001");
    assert!(sent.reached(Rung::Delivered));
    read_acknowledge_and_accept(&line, &sent).await;
    line.until(AVELIA, &sent.sha256, Rung::Answered).await;
    let shown = line.desk(AVELIA, "show", &[&sent.name]).await.ended(0).message();
    climbed_the_whole_ladder(&shown);
    let plain = line
        .desk_plain(AVELIA, "show", &[&sent.name])
        .await
        .ended(0)
        .text();
    for words in [
        "EXERCISE EXERCISE",
        "held by relay north",
        "arrived",
        "on screen",
        "acknowledged by",
        "[ANSWERED",
    ] {
        assert!(plain.contains(words), "{words} is missing in:\n{plain}");
    }
    line.close().await;
    let officers = approved_by(&line.desk_config(AVELIA).ledger, &sent.sha256);
    assert_eq!(officers.len(), 2, "{officers:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn without_any_station_each_verb_opens_the_ledger_itself_and_the_ladder_is_climbed_too() {
    let line = Line::with_relays(PROGRAM).await;
    let words = [
        "-p",
        "FLASH",
        "--response",
        "ACCEPT_UNABLE",
        "--wait",
        "accepted",
        "Collision; help wanted.",
    ];
    let sent = line.desk(AVELIA, "send", &words).await.ended(0).message();
    assert!(sent.reached(Rung::Accepted) && !sent.reached(Rung::Delivered));
    read_acknowledge_and_accept(&line, &sent).await;
    let shown = line.desk(AVELIA, "show", &[&sent.name]).await.ended(0).message();
    climbed_the_whole_ladder(&shown);
}

#[tokio::test(flavor = "current_thread")]
async fn a_verb_that_waits_says_by_its_exit_code_why_it_ends() {
    let mut line = Line::open(PROGRAM).await;
    let unacknowledged = ["--wait", "acked", "--deadline", "700ms", "Is anybody there?"];
    let said = line.desk_plain(AVELIA, "send", &unacknowledged).await.ended(6);
    assert!(
        said.err.contains("A-0001: delivered, not displayed"),
        "{}",
        said.err
    );

    // An UNABLE ends the wait of a sender, who sees it in the exit code.
    let asking = [
        "-p",
        "IMMEDIATE",
        "--response",
        "ACCEPT_UNABLE",
        "--wait",
        "answered",
        "Can you send a tug?",
    ];
    let both = async {
        let name = eventually("the question", PATIENCE, async || {
            let incoming = line.incoming(BORENIA).await;
            incoming
                .iter()
                .find(|view| view.text.contains("tug"))
                .map(|view| view.name.clone())
        })
        .await;
        line.desk(BORENIA, "answer", &[&name, "UNABLE"]).await
    };
    let (asked, answered) = tokio::join!(line.desk(AVELIA, "send", &asking), both);
    let _ = answered.ended(0);
    let asked = asked.ended(7).message();
    assert_eq!(
        asked.first(Rung::Answered).unwrap().answer.as_deref(),
        Some("UNABLE")
    );

    for side in [AVELIA, BORENIA] {
        let name = line.relay_name(side);
        line.stage.kill_relay(&name).await.unwrap();
    }
    let unreachable = ["--wait", "acked", "--deadline", "3s", "Does anybody hear?"];
    let said = line.desk_plain(AVELIA, "send", &unreachable).await.ended(5);
    assert!(said.err.contains("no relay can be reached"), "{}", said.err);
    let _ = line.desk(AVELIA, "status", &[]).await.ended(5);
}

#[tokio::test(flavor = "current_thread")]
async fn nothing_acknowledges_by_itself() {
    let line = Line::open(PROGRAM).await;
    let sent = line
        .desk(
            AVELIA,
            "send",
            &["-p", "IMMEDIATE", "--wait", "delivered", "Read this."],
        )
        .await;
    let sent = sent.ended(0).message();
    assert!(
        !sent.reached(Rung::Displayed),
        "nobody looks, and somebody signed that it was on screen"
    );
    // Read twice, shown once more: it is displayed, and that is all that a desk may sign.
    for verb in [&["inbox"][..], &["inbox"], &["show", &sent.name]] {
        let _ = line.desk(BORENIA, verb[0], &verb[1..]).await.ended(0);
    }
    let displayed = line.until(AVELIA, &sent.sha256, Rung::Displayed).await;
    let said = line
        .desk(
            AVELIA,
            "send",
            &["--wait", "acked", "--deadline", "1s", "And this."],
        )
        .await;
    let _ = said.ended(6);
    for side in [AVELIA, BORENIA] {
        let view = line.seat(side).await.show(&sent.sha256).await.unwrap();
        for rung in [
            Rung::Acknowledged,
            Rung::Answered,
            Rung::Closed,
            Rung::ReadBack,
            Rung::Holding,
        ] {
            assert!(
                !view.reached(rung),
                "{} without an officer: {view:#?}",
                rung.name()
            );
        }
    }
    let signed_displayed = displayed
        .rungs
        .iter()
        .filter(|rung| rung.rung == "DISPLAYED")
        .count();
    assert_eq!(
        signed_displayed, 1,
        "three readings are one DISPLAYED: {displayed:#?}"
    );
}

#[tokio::test(flavor = "current_thread")]
async fn each_response_attribute_is_closed_by_its_own_answers_and_by_no_other() {
    let line = Line::open(PROGRAM).await;
    for (asks, closes, refused) in [
        ("ROGER", "ROGER", "AFFIRM"),
        ("AFFIRM_NEGATIVE", "NEGATIVE", "ACCEPT"),
        ("ACCEPT_UNABLE", "UNABLE", "COUNTER"),
        ("ACCEPT_COUNTER_DECLINE", "DECLINE", "UNABLE"),
        ("YES_NO_UNKNOWN", "UNKNOWN", "AFFIRM"),
        ("SUFFICIENT_INSUFFICIENT", "SUFFICIENT", "YES"),
    ] {
        let words = ["--response", asks, "--wait", "delivered", asks];
        let sent = line.desk(AVELIA, "send", &words).await.ended(0).message();
        let said = line
            .desk_plain(BORENIA, "answer", &[&sent.name, refused])
            .await
            .ended(1);
        assert!(
            said.err.contains(&format!("{refused} does not answer")),
            "{}",
            said.err
        );
        let _ = line.desk(BORENIA, "answer", &[&sent.name, closes]).await.ended(0);
        let view = line.until(AVELIA, &sent.sha256, Rung::Answered).await;
        assert!(view.closed(), "{asks} answered {closes} is {}", view.state);
        let again = line
            .desk_plain(BORENIA, "answer", &[&sent.name, closes])
            .await
            .ended(1);
        assert!(again.err.contains("closed already"), "{}", again.err);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_standby_a_counter_and_free_text_leave_the_dialogue_open() {
    let line = Line::open(PROGRAM).await;
    let words = [
        "--response",
        "ACCEPT_COUNTER_DECLINE",
        "--wait",
        "delivered",
        "Call at 1200Z?",
    ];
    let asked = line.desk(AVELIA, "send", &words).await.ended(0).message();
    for answer in ["STANDBY", "FREE_TEXT", "COUNTER"] {
        let words = [
            &asked.name,
            answer,
            "--text",
            "1230Z instead.",
            "--wait",
            "delivered",
        ];
        let reply = line.desk(BORENIA, "answer", &words).await.ended(0).message();
        let view = line.seat(AVELIA).await.show(&asked.sha256).await.unwrap();
        assert!(
            !view.closed() && !view.reached(Rung::Closed),
            "{answer} closed it: {view:#?}"
        );
        if answer == "COUNTER" {
            // The turn has passed: the counter itself wants an answer.
            assert_eq!(reply.response, "ACCEPT_COUNTER_DECLINE");
            let _ = line
                .desk(AVELIA, "answer", &[&reply.name, "ACCEPT"])
                .await
                .ended(0);
            let countered = line.until(BORENIA, &reply.sha256, Rung::Answered).await;
            assert!(countered.closed(), "{countered:#?}");
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_draft_is_released_by_a_second_officer_and_never_by_the_first() {
    let line = Line::open(PROGRAM).await;
    let words = ["-p", "FLASH", "--officer", "lindqvist", "Draft of a FLASH."];
    let draft = line.desk(AVELIA, "draft", &words).await.ended(0).object();
    let id = draft["id"].as_str().unwrap().to_owned();
    assert_eq!(
        draft["signed_by"][0],
        "spiffe://exercise.avelia.example/officer/lindqvist"
    );

    let said = line
        .desk_plain(AVELIA, "release", &[&id, "--officer", "lindqvist"])
        .await
        .ended(1);
    assert!(said.err.contains("could not release"), "{}", said.err);
    let said = line
        .desk_plain(AVELIA, "release", &[&id, "--officer", "okoye"])
        .await
        .ended(1);
    assert!(
        said.err.contains("could not release"),
        "a DRAFTER released: {}",
        said.err
    );
    let listed = line.desk(AVELIA, "release", &[]).await.ended(0).objects();
    assert_eq!(listed.len(), 1, "a refused release keeps the draft");

    let words = [&id, "--officer", "moreau", "--wait", "delivered"];
    let sent = line.desk(AVELIA, "release", &words).await.ended(0).message();
    assert_eq!(
        (sent.text.as_str(), sent.precedence.as_str()),
        ("Draft of a FLASH.", "FLASH")
    );
    let officers = approved_by(&line.desk_config(AVELIA).ledger, &sent.sha256);
    let named: Vec<&str> = officers
        .iter()
        .filter_map(|officer| officer.rsplit('/').next())
        .collect();
    assert_eq!(named, ["lindqvist", "moreau"]);
    assert_eq!(
        line.desk(AVELIA, "release", &[]).await.ended(0).objects().len(),
        0
    );

    // One officer alone cannot be both, whatever the flags.
    let words = [
        "-p",
        "FLASH",
        "--officer",
        "lindqvist",
        "--drafter",
        "lindqvist",
        "Alone.",
    ];
    let said = line.desk_plain(AVELIA, "send", &words).await.ended(1);
    assert!(said.err.contains("could not release"), "{}", said.err);
}

/// Every message sent is at Borenia's desk, once.
async fn all_there_once(line: &Line, sent: &[MessageView]) {
    let there = eventually("all messages", PATIENCE, async || {
        let there = line.incoming(BORENIA).await;
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for view in &there {
            *counts.entry(view.sha256.clone()).or_default() += 1;
        }
        sent.iter()
            .all(|message| counts.contains_key(&message.sha256))
            .then_some(counts)
    })
    .await;
    assert_eq!(there.len(), sent.len(), "messages that nobody sent");
    assert!(there.values().all(|count| *count == 1), "entered twice");
}

#[tokio::test(flavor = "current_thread")]
async fn killing_or_pausing_any_relay_under_traffic_loses_nothing_and_shows_nothing_twice() {
    let mut line = Line::open(PROGRAM).await;
    let watchers = Watchers::start(&line.stage).await.unwrap();
    let traffic = Traffic::start(&line, AVELIA, Duration::from_millis(20)).await;
    for side in [AVELIA, BORENIA] {
        let relay = line.relay_name(side);
        arrives(&line, AVELIA, "before the kill").await;
        line.stage.kill_relay(&relay).await.unwrap();
        arrives(&line, AVELIA, "with one relay").await;
        line.stage.start_relay(&relay).await.unwrap();
        line.whole().await;
    }
    let paused = line.relay_name(AVELIA);
    line.stage.pause_relay(&paused, Pause::Stop).unwrap();
    // A stalled machine, longer than a leg may be silent.
    tokio::time::sleep(Duration::from_secs(2)).await;
    arrives(&line, AVELIA, "while one stands still").await;
    line.stage.pause_relay(&paused, Pause::GoOn).unwrap();
    line.whole().await;
    let mut sent = traffic.stop().await;
    let hashes: Vec<String> = sent.iter().map(|view| view.sha256.clone()).collect();
    watchers.all_delivered(&hashes, PATIENCE).await;
    assert_eq!(
        watchers.losses(&hashes),
        (0, 0),
        "(lost, shown twice) of {}",
        sent.len()
    );
    let incoming = line.incoming(BORENIA).await;
    sent.extend(incoming.into_iter().filter(|view| view.text.starts_with("probe")));
    all_there_once(&line, &sent).await;
    for side in [AVELIA, BORENIA] {
        let status = line.status(side).await;
        assert!(status.gaps.is_empty(), "{:?}", status.gaps);
        for code in DISHONEST {
            assert_eq!(status.alarms.get(code), None, "{status:#?}");
        }
    }
    line.close().await;
    for (title, ledger) in line.stage.ledgers() {
        let kept = Inspector::open(&ledger).unwrap().conflicts(16).unwrap().kept;
        assert!(
            kept.is_empty(),
            "{title} keeps evidence against an honest desk: {kept:?}"
        );
    }
}

/// One message more passes, now.
async fn arrives(line: &Line, side: usize, when: &str) {
    let mut sender = Sender::at(line, side).await;
    let sent = sender.send(&format!("probe {when}")).await;
    line.until(side, &sent.sha256, Rung::Delivered).await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_receiving_desk_killed_again_and_again_loses_nothing_and_shows_nothing_as_new_twice() {
    let mut line = Line::open(PROGRAM).await;
    let traffic = Traffic::start(&line, AVELIA, Duration::from_millis(15)).await;
    let mut on_screen: Vec<String> = Vec::new();
    let mut instances = 0;
    for _ in 0..6 {
        // Something new has come in since the last start; it is about to be drawn when the desk dies.
        let fresh = eventually("something new", PATIENCE, async || {
            let incoming = line.incoming(BORENIA).await;
            incoming.into_iter().rev().find(|view| view.shown == "never")
        })
        .await;
        line.seat(BORENIA)
            .await
            .ask(Request::Showing {
                messages: vec![fresh.sha256.clone()],
            })
            .await
            .unwrap();
        on_screen.push(fresh.sha256);
        line.stage.kill_desk(BORENIA).await.unwrap();
        line.stage.start_desk(BORENIA).await.unwrap();
        instances += 1;
        let again = line.incoming(BORENIA).await;
        for sha256 in &on_screen {
            let view = again
                .iter()
                .find(|view| view.sha256 == *sha256)
                .expect("what was on screen is lost");
            assert_eq!(view.shown, "before", "after restart {instances}");
        }
    }
    line.stage.legs_up(BORENIA, 4).await.unwrap();
    let sent = traffic.stop().await;
    all_there_once(&line, &sent).await;
    for message in &sent {
        line.until(AVELIA, &message.sha256, Rung::Delivered).await;
    }
    // Its own chain has no fork and no hole: each place once.
    let desk = line.desk_config(BORENIA);
    let places: Vec<(u64, u64)> = ledgers::leaves_of(&desk.ledger, &desk.identity.to_string())
        .iter()
        .map(|leaf| (leaf.epoch, leaf.sequence))
        .collect();
    let expected: Vec<(u64, u64)> = (1..=places.len() as u64).map(|sequence| (1, sequence)).collect();
    assert_eq!(places, expected);
}

#[tokio::test(flavor = "current_thread")]
async fn what_a_desk_released_is_delivered_though_it_is_killed_right_afterwards() {
    let mut line = Line::open(PROGRAM).await;
    let mut sent = Vec::new();
    for number in 0..5 {
        let mut sender = Sender::at(&line, AVELIA).await;
        sent.push(sender.send(&format!("Released, then killed: {number}.")).await);
        line.stage.kill_desk(AVELIA).await.unwrap();
        line.stage.start_desk(AVELIA).await.unwrap();
    }
    all_there_once(&line, &sent).await;
    for message in &sent {
        line.until(AVELIA, &message.sha256, Rung::Delivered).await;
    }
    let names: Vec<&str> = sent.iter().map(|view| view.name.as_str()).collect();
    assert_eq!(names, ["A-0001", "A-0002", "A-0003", "A-0004", "A-0005"]);
    let status = line.status(BORENIA).await;
    assert!(status.gaps.is_empty() && status.alarms.is_empty(), "{status:#?}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_relay_that_was_away_gets_what_it_missed() {
    let mut line = Line::open(PROGRAM).await;
    let north = line.relay_name(AVELIA);
    line.stage.kill_relay(&north).await.unwrap();
    let mut sender = Sender::at(&line, AVELIA).await;
    let mut sent = Vec::new();
    for number in 0..20 {
        sent.push(sender.send(&format!("While north is away: {number}.")).await);
    }
    all_there_once(&line, &sent).await;
    line.stage.start_relay(&north).await.unwrap();
    for side in [AVELIA, BORENIA] {
        eventually("nothing is owed to north", PATIENCE, async || {
            let status = line.status(side).await;
            (status.relays[&north].pending == 0 && status.legs_up() == 4).then_some(())
        })
        .await;
    }
    line.close().await;
    let held: BTreeSet<String> = ledgers::leaves(
        &line.stage.sides[AVELIA]
            .relay
            .config
            .with_file_name("relay.ledger"),
    )
    .iter()
    .map(|leaf| leaf.hash.to_string())
    .collect();
    for message in &sent {
        assert!(held.contains(&message.sha256), "north lacks {}", message.name);
    }
}

/// The places of a desk's own chain in its ledger.
fn own_places(line: &Line, side: usize) -> Vec<(u64, u64)> {
    let desk = line.desk_config(side);
    let own = ledgers::leaves_of(&desk.ledger, &desk.identity.to_string());
    own.iter().map(|leaf| (leaf.epoch, leaf.sequence)).collect()
}

/// Three messages, a backup, and three more that the backup does not know. Avelia's station is dead at the end.
async fn backed_up(line: &mut Line) -> (String, Vec<MessageView>) {
    let backup = line.folder().join("backup.ledger");
    let mut sender = Sender::at(line, AVELIA).await;
    let mut sent = Vec::new();
    for number in 1..=6 {
        let message = sender.send(&format!("Number {number}.")).await;
        line.until(AVELIA, &message.sha256, Rung::Delivered).await;
        sent.push(message);
        if number == 3 {
            let _ = line
                .desk(AVELIA, "backup", &["--to", &word(&backup)])
                .await
                .ended(0);
        }
    }
    drop(sender);
    line.stage.kill_desk(AVELIA).await.unwrap();
    (word(&backup), sent)
}

/// Restores the backup and asserts that nothing of Avelia's chain is lost or signed twice by it.
async fn restore_and_go_on(line: &mut Line, backup: &str, mut sent: Vec<MessageView>) {
    let before = own_places(line, AVELIA);
    let status = line
        .desk(AVELIA, "restore", &["--from", backup])
        .await
        .ended(0)
        .object();
    assert_eq!(
        own_places(line, AVELIA),
        before,
        "the newer tail was not adopted whole: {status:#}"
    );
    line.stage.start_desk(AVELIA).await.unwrap();
    let mut sender = Sender::at(line, AVELIA).await;
    let next = sender.send("Number 7.").await;
    assert_eq!(next.name, "A-0007");
    sent.push(next);
    all_there_once(line, &sent).await;
    // What was adopted is continued in a new epoch: whatever else the desk signed and no relay in reach knows, nothing
    // can stand at a place that it takes now.
    let after = own_places(line, AVELIA);
    let (old, new) = after.split_at(before.len());
    assert_eq!(old, before, "the adopted tail stands as it was");
    let epoch = new[0].0;
    assert!(epoch > 1, "{after:?}");
    let expected: Vec<(u64, u64)> = (1..=new.len() as u64).map(|sequence| (epoch, sequence)).collect();
    assert_eq!(new, expected, "one new epoch, each place once");
    for side in [AVELIA, BORENIA] {
        let status = line.status(side).await;
        assert!(status.gaps.is_empty(), "{status:#?}");
        for code in DISHONEST {
            assert_eq!(status.alarms.get(code), None, "{status:#?}");
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_restored_backup_adopts_what_the_relays_know_and_the_numbers_go_on() {
    let mut line = Line::open(PROGRAM).await;
    let (backup, sent) = backed_up(&mut line).await;
    // Relays that were started since know of no connection of the dead desk.
    for side in [AVELIA, BORENIA] {
        let name = line.relay_name(side);
        line.stage.kill_relay(&name).await.unwrap();
        line.stage.start_relay(&name).await.unwrap();
    }
    restore_and_go_on(&mut line, &backup, sent).await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_desk_that_dies_and_is_restored_at_once_adopts_what_the_relays_know() {
    let mut line = Line::open(PROGRAM).await;
    let (backup, sent) = backed_up(&mut line).await;
    restore_and_go_on(&mut line, &backup, sent).await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_backup_restored_without_any_relay_opens_a_new_epoch_and_the_peer_accepts_what_follows() {
    let mut line = Line::open(PROGRAM).await;
    let (backup, mut sent) = backed_up(&mut line).await;
    for side in [AVELIA, BORENIA] {
        let name = line.relay_name(side);
        line.stage.kill_relay(&name).await.unwrap();
    }
    let _ = line.desk(AVELIA, "restore", &["--from", &backup]).await.ended(0);
    line.stage.start_desk(AVELIA).await.unwrap();
    let mut sender = Sender::at(&line, AVELIA).await;
    let alone = sender.send("Signed while nobody could be asked.").await;
    for side in [AVELIA, BORENIA] {
        let name = line.relay_name(side);
        line.stage.start_relay(&name).await.unwrap();
    }
    line.whole().await;
    line.until(AVELIA, &alone.sha256, Rung::Delivered).await;
    sent.push(alone);
    sent.push(sender.send("And afterwards.").await);
    all_there_once(&line, &sent).await;
    let epochs: BTreeSet<u64> = own_places(&line, AVELIA)
        .iter()
        .map(|(epoch, _)| *epoch)
        .collect();
    assert!(epochs.len() == 2 && epochs.contains(&1), "{epochs:?}");
    let status = line.status(BORENIA).await;
    for code in DISHONEST.into_iter().filter(|code| *code != "REOPENED") {
        assert_eq!(status.alarms.get(code), None, "{status:#?}");
    }
    // Whom it concerns is told that newest statements were lost.
    assert!(status.alarms.contains_key("REOPENED"), "{status:#?}");
}

/// All four ledgers verify, and no two of them tell two stories.
async fn logs_agree(line: &mut Line) {
    line.close().await;
    let trust = word(&line.stage.trust(AVELIA));
    let ledgers: Vec<String> = line
        .stage
        .ledgers()
        .iter()
        .map(|(_, ledger)| word(ledger))
        .collect();
    for ledger in &ledgers {
        let _ = line
            .run(&["log", "verify", ledger, "--trust", &trust])
            .await
            .ended(0);
    }
    for [a, b] in [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]] {
        let words = ["log", "compare", &ledgers[a], &ledgers[b], "--trust", &trust];
        let _ = line.run(&words).await.ended(0);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_restored_desk_that_reaches_only_a_relay_that_lags_signs_no_second_history() {
    let mut line = Line::open(PROGRAM).await;
    let (north, south) = (line.relay_name(AVELIA), line.relay_name(BORENIA));
    let backup = word(&line.folder().join("backup.ledger"));
    let mut sender = Sender::at(&line, AVELIA).await;
    let mut sent = vec![sender.send("Before the backup.").await];
    line.until(AVELIA, &sent[0].sha256, Rung::Delivered).await;
    let _ = line.desk(AVELIA, "backup", &["--to", &backup]).await.ended(0);
    // What follows is held by north and the peer, and south knows nothing of it.
    line.stage.kill_relay(&south).await.unwrap();
    for number in 2..=4 {
        let message = sender
            .send(&format!("Number {number}, while south is away."))
            .await;
        line.until(AVELIA, &message.sha256, Rung::Delivered).await;
        sent.push(message);
    }
    drop(sender);
    let before = own_places(&line, AVELIA);
    line.stage.kill_desk(AVELIA).await.unwrap();
    line.stage.kill_relay(&north).await.unwrap();
    line.stage.start_relay(&south).await.unwrap();
    let _ = line.desk(AVELIA, "restore", &["--from", &backup]).await.ended(0);
    line.stage.start_desk(AVELIA).await.unwrap();
    let mut sender = Sender::at(&line, AVELIA).await;
    let alone = sender.send("Signed while only south could be asked.").await;
    line.until(AVELIA, &alone.sha256, Rung::Delivered).await;
    sent.push(alone);
    line.stage.start_relay(&north).await.unwrap();
    line.whole().await;
    // North tells what the desk had forgotten: it is taken up, and the pen stays open.
    eventually("the desk knows what it had forgotten", PATIENCE, async || {
        let held: BTreeSet<(u64, u64)> = own_places(&line, AVELIA).into_iter().collect();
        before.iter().all(|place| held.contains(place)).then_some(())
    })
    .await;
    sent.push(sender.send("And afterwards.").await);
    all_there_once(&line, &sent).await;
    for message in &sent {
        line.until(AVELIA, &message.sha256, Rung::Delivered).await;
    }
    let status = line.status(AVELIA).await;
    assert_eq!(status.read_only, None);
    assert!(status.alarms.contains_key("ADOPTED"), "{status:#?}");
    for side in [AVELIA, BORENIA] {
        let status = line.status(side).await;
        for code in DISHONEST.into_iter().filter(|code| *code != "REOPENED") {
            assert_eq!(status.alarms.get(code), None, "{status:#?}");
        }
    }
    // South gets what it missed, from the desk that had forgotten it.
    line.nothing_owed().await;
    drop(sender);
    logs_agree(&mut line).await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_desk_that_is_only_killed_and_started_stays_in_its_epoch() {
    let mut line = Line::open(PROGRAM).await;
    for number in 1..=3 {
        let mut sender = Sender::at(&line, AVELIA).await;
        let message = sender.send(&format!("Number {number}.")).await;
        line.until(AVELIA, &message.sha256, Rung::Delivered).await;
        line.stage.kill_desk(AVELIA).await.unwrap();
        line.stage.start_desk(AVELIA).await.unwrap();
        line.whole().await;
    }
    let places = own_places(&line, AVELIA);
    let expected: Vec<(u64, u64)> = (1..=places.len() as u64).map(|sequence| (1, sequence)).collect();
    assert_eq!(places, expected);
}
