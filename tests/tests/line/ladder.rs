//! The ladder: every rung is signed, nothing acknowledges by itself, and every dialogue closes as it should.

use hotline_core::words::Rung;
use hotline_tests::{
    AVELIA, BORENIA, Line,
    wait::{PATIENCE, eventually},
};

use super::{PROGRAM, approved_by, climbed_the_whole_ladder, read_acknowledge_and_accept, send_flash};

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
