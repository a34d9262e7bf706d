//! Beside the answers: what is read back is confirmed or corrected, and a message is taken back in one step.

use hotline_core::words::Rung;
use hotline_tests::{
    AVELIA, BORENIA, Line,
    verb::word,
    wait::{PATIENCE, eventually},
};

use super::PROGRAM;

#[tokio::test(flavor = "current_thread")]
async fn a_message_is_read_back_corrected_read_back_again_and_confirmed() {
    let mut line = Line::open(PROGRAM).await;
    let sent = line
        .desk(AVELIA, "send", &["--wait", "delivered", "Stand off 18 miles."])
        .await
        .ended(0)
        .message();
    let nothing = line
        .desk_plain(BORENIA, "act", &["READ_BACK", &sent.name])
        .await
        .ended(1);
    assert!(nothing.err.contains("HL-DESK-016"), "{}", nothing.err);
    // Nothing was read back that could be corrected.
    let early = ["CORRECTED", &sent.name, "--text", "18 miles."];
    let early = line.desk_plain(AVELIA, "act", &early).await.ended(1);
    assert!(early.err.contains("HL-DESK-016"), "{}", early.err);
    let read = ["READ_BACK", &sent.name, "--text", "Stand off 80 miles."];
    let _ = line.desk(BORENIA, "act", &read).await.ended(0);
    let _ = line.until(AVELIA, &sent.sha256, Rung::ReadBack).await;
    let other = ["CONFIRMED", &sent.name, "--text", "Stand off 18 miles."];
    let other = line.desk_plain(AVELIA, "act", &other).await.ended(1);
    assert!(
        other.err.contains("not the words that were read back"),
        "{}",
        other.err
    );
    let right = ["CORRECTED", &sent.name, "--text", "18, not 80."];
    let _ = line.desk(AVELIA, "act", &right).await.ended(0);
    let corrected = line.until(BORENIA, &sent.sha256, Rung::Corrected).await;
    let [stands] = &corrected.read_backs[..] else {
        panic!("{:?}", corrected.read_backs);
    };
    assert_eq!(
        (stands.state.as_str(), stands.correction.as_str()),
        ("CORRECTED", "18, not 80.")
    );
    let read = ["READ_BACK", &sent.name, "--text", "Stand off 18 miles."];
    let _ = line.desk(BORENIA, "act", &read).await.ended(0);
    eventually("the second reading arrives", PATIENCE, async || {
        let view = line.seat(AVELIA).await.show(&sent.sha256).await.unwrap();
        view.awaits_confirmation()
            .filter(|read| read.words == "Stand off 18 miles.")
            .map(|_| ())
    })
    .await;
    // Without words it repeats what was read back, which is on screen before it is signed.
    let yes = line
        .desk_plain(AVELIA, "act", &["CONFIRMED", &sent.name])
        .await
        .ended(0);
    assert!(
        yes.text().contains("\"Stand off 18 miles.\""),
        "it is shown first"
    );
    let confirmed = line.until(BORENIA, &sent.sha256, Rung::Confirmed).await;
    assert_eq!(confirmed.read_backs[0].state, "CONFIRMED");
    let words = line
        .desk_plain(BORENIA, "show", &[&sent.name])
        .await
        .ended(0)
        .text();
    assert!(
        words.contains("read back, and confirmed by its sender [CONFIRMED]"),
        "{words}"
    );
    line.close().await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_message_is_cancelled_in_one_step_above_its_precedence_and_the_cancel_is_acknowledged() {
    let mut line = Line::open(PROGRAM).await;
    let words = ["-p", "PRIORITY", "--wait", "delivered", "We sail at noon."];
    let sent = line.desk(AVELIA, "send", &words).await.ended(0).message();
    let not_theirs = line.desk_plain(BORENIA, "cancel", &[&sent.name]).await.ended(1);
    assert!(
        not_theirs.err.contains("only its sender cancels it"),
        "{}",
        not_theirs.err
    );
    let back = ["--wait", "delivered", &sent.name, "Wrong day."];
    let cancel = line.desk(AVELIA, "cancel", &back).await.ended(0).message();
    assert_eq!(
        (cancel.precedence.as_str(), cancel.function.as_str()),
        ("IMMEDIATE", "CANCEL")
    );
    assert_eq!(cancel.response, "ROGER");
    for side in [AVELIA, BORENIA] {
        let view = line.seat(side).await.show(&sent.sha256).await.unwrap();
        assert!(view.cancelled, "{view:#?}");
    }
    let shown = line
        .desk_plain(BORENIA, "show", &[&sent.name])
        .await
        .ended(0)
        .text();
    assert!(shown.contains("CANCELLED by its sender"), "{shown}");
    // Nobody has seen the CANCEL yet, and that is what is silent.
    let config = word(&line.stage.sides[AVELIA].desk);
    let status = ["status", "--config", &config, "--json"];
    let stands = line.run(&status).await.ended(0).object();
    let named = stands["causes"].as_array().unwrap().iter();
    let messages: Vec<_> = named.filter_map(|cause| cause["message"].as_str()).collect();
    assert_eq!(messages, [cancel.name.as_str()], "{stands}");
    // What was taken back is not taken up by mistake.
    for (verb, words) in [
        ("ack", &[&sent.name[..]][..]),
        ("act", &["READ_BACK", &sent.name, "--text", "We sail at noon."]),
        ("answer", &[&sent.name, "ROGER"]),
    ] {
        let late = line.desk_plain(BORENIA, verb, words).await.ended(1);
        assert!(late.err.contains("HL-DESK-043"), "{verb}: {}", late.err);
    }
    let _ = line.desk(BORENIA, "ack", &[&cancel.name]).await.ended(0);
    let _ = line
        .desk(BORENIA, "answer", &[&cancel.name, "ROGER"])
        .await
        .ended(0);
    let done = line.until(AVELIA, &cancel.sha256, Rung::Answered).await;
    assert!(done.closed() && done.reached(Rung::Acknowledged), "{done:#?}");
    let again = line.desk_plain(AVELIA, "cancel", &[&sent.name]).await.ended(1);
    assert!(again.err.contains("cancelled already"), "{}", again.err);
    // A FLASH, too, with one officer.
    let flash = ["-p", "FLASH", "--wait", "delivered", "Collision."];
    let flash = line.desk(AVELIA, "send", &flash).await.ended(0).message();
    let cancel = line
        .desk(AVELIA, "cancel", &[&flash.name])
        .await
        .ended(0)
        .message();
    assert_eq!(cancel.precedence, "OVERRIDE");
    line.close().await;
}
