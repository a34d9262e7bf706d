//! Silence always carries its cause (promise 10): real processes, each cause named by `hotline status` alone.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;

use hotline_audit::Payload;
use hotline_cli::demo::stage::Pause;
use hotline_client::standing::{ChannelView, FactView, StandingView};
use hotline_core::{duty::OrderVerb, leg::Door, words::Rung};
use hotline_tests::{
    AVELIA, BORENIA, Line,
    hand::{Counter, Hand, dialer},
    verb::{Said, word},
    wait::{PATIENCE, eventually},
};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");

/// `hotline VERB... --config F --json WORDS`.
async fn verb(line: &Line, side: usize, verb: &[&str], words: &[&str]) -> Said {
    let config = word(&line.stage.sides[side].desk);
    let all = [verb, &["--config", &config, "--json"], words].concat();
    line.run(&all).await
}

/// What `hotline status --json` says; it ends with 5 when no relay can be reached.
async fn status(line: &Line, side: usize) -> Value {
    let said = verb(line, side, &["status"], &[]).await;
    assert!([0, 5].contains(&said.code), "{}", said.all());
    said.object()
}

async fn standing(line: &Line, side: usize) -> StandingView {
    serde_json::from_value(status(line, side).await).unwrap()
}

/// Waits until a side's status names this cause first.
async fn named(line: &Line, side: usize, code: &str) -> StandingView {
    let mut last = String::new();
    let found = tokio::time::timeout(PATIENCE, async {
        loop {
            let now = standing(line, side).await;
            if now.cause.code == code {
                return now;
            }
            last = format!("{:?}", now.causes);
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    });
    match found.await {
        Ok(now) => now,
        Err(_) => panic!("{code} is not named: {last}"),
    }
}

/// Everything runs, each desk has heard the other, and nothing is silent.
async fn open() -> Line {
    let line = Line::open(PROGRAM).await;
    for side in [AVELIA, BORENIA] {
        eventually("both relays tell of the other desk", PATIENCE, async || {
            let now = standing(&line, side).await;
            // Four legs, two relays; beside them stand the checks that were answered.
            let told = now.axes.carrier.facts.iter();
            let told = told.filter(|fact| fact.proof != "SIGNED_STATEMENT").count();
            (told == 6 && now.label == "OPEN").then_some(())
        })
        .await;
        let now = named(&line, side, "NONE").await;
        assert_eq!((now.label.as_str(), now.causes.len()), ("OPEN", 1), "{now:#?}");
    }
    line
}

async fn send(line: &Line, words: &[&str]) -> String {
    let all = [&["--wait", "delivered"], words].concat();
    line.desk(AVELIA, "send", &all).await.ended(0).message().name
}

#[tokio::test(flavor = "current_thread")]
async fn one_path_cut_is_named() {
    let mut line = open().await;
    let name = line.relay_name(AVELIA);
    line.stage.kill_relay(&name).await.unwrap();
    for side in [AVELIA, BORENIA] {
        // Its two legs end one after the other.
        eventually("redundancy is lost", PATIENCE, async || {
            let now = standing(&line, side).await;
            (now.axes.carrier.state == "DEGRADED").then_some(())
        })
        .await;
        let now = named(&line, side, "ONE_PATH_CUT").await;
        assert_eq!(now.label, "DEGRADED");
        assert!(now.cause.plain.contains(&name), "{}", now.cause.plain);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn all_paths_cut_is_named() {
    let mut line = open().await;
    for side in [AVELIA, BORENIA] {
        let name = line.relay_name(side);
        line.stage.kill_relay(&name).await.unwrap();
    }
    let now = named(&line, AVELIA, "ALL_PATHS_CUT").await;
    assert_eq!(
        (now.label.as_str(), now.axes.carrier.state.as_str()),
        ("INTERRUPTED", "DOWN")
    );
    assert_eq!(verb(&line, AVELIA, &["status"], &[]).await.code, 5);
}

#[tokio::test(flavor = "current_thread")]
async fn a_dead_remote_desk_is_named() {
    let mut line = open().await;
    line.stage.kill_desk(BORENIA).await.unwrap();
    let now = named(&line, AVELIA, "REMOTE_DESK_DEAD").await;
    assert_eq!(
        (now.label.as_str(), now.axes.carrier.state.as_str()),
        ("INTERRUPTED", "DOWN")
    );
    let told = &now.cause.facts[0];
    assert_eq!(told.proof, "RELAY_PRESENCE");
    assert!(told.sha256.is_some() && told.what.contains("RESET"), "{told:?}");
    line.stage.start_desk(BORENIA).await.unwrap();
    named(&line, AVELIA, "NONE").await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_remote_desk_that_closed_is_named_as_closed_in_good_order() {
    let mut line = open().await;
    line.stage.close_desk(BORENIA).await.unwrap();
    let now = named(&line, AVELIA, "REMOTE_DESK_DEAD").await;
    assert!(now.cause.plain.contains("in good order"), "{}", now.cause.plain);
}

#[tokio::test(flavor = "current_thread")]
async fn a_remote_desk_that_stands_still_is_unreachable_and_not_called_dead() {
    let mut line = open().await;
    line.stage.pause_desk(BORENIA, Pause::Stop).unwrap();
    named(&line, AVELIA, "REMOTE_DESK_UNREACHABLE").await;
    line.stage.pause_desk(BORENIA, Pause::GoOn).unwrap();
    named(&line, AVELIA, "NONE").await;
}

#[tokio::test(flavor = "current_thread")]
async fn an_unmanned_watch_is_named() {
    let line = open().await;
    let _ = verb(&line, BORENIA, &["watch", "take"], &[]).await.ended(0);
    eventually("the watch is seen as manned", PATIENCE, async || {
        let now = standing(&line, AVELIA).await;
        (now.axes.watch.state == "MANNED").then_some(())
    })
    .await;
    let _ = verb(&line, BORENIA, &["watch", "leave"], &[]).await.ended(0);
    let now = named(&line, AVELIA, "WATCH_UNMANNED").await;
    assert_eq!(
        (now.label.as_str(), now.axes.watch.state.as_str()),
        ("UNRESPONSIVE", "UNMANNED")
    );
    assert_eq!(now.axes.carrier.state, "UP");
    let fact = &now.cause.facts[0];
    assert_eq!(fact.proof, "SIGNED_STATEMENT");
    assert!(fact.by.contains("/officer/") && fact.sha256.is_some(), "{fact:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn what_arrived_and_was_not_displayed_is_named() {
    let line = open().await;
    let name = send(&line, &["-p", "FLASH", "Collision; help wanted."]).await;
    let now = named(&line, AVELIA, "NOT_DISPLAYED").await;
    assert_eq!(now.cause.message.as_deref(), Some(name.as_str()));
}

#[tokio::test(flavor = "current_thread")]
async fn a_message_that_nobody_looks_at_in_time_makes_the_line_unresponsive_and_never_down() {
    let mut line = Line::with_relays(PROGRAM).await;
    let mut settings = fs::read_to_string(&line.stage.sides[AVELIA].desk).unwrap();
    // The first alert step of a FLASH is 2 min; divided by 120 it is 1 s.
    settings.push_str("human_time_factor = 120\n");
    fs::write(&line.stage.sides[AVELIA].desk, settings).unwrap();
    for side in [AVELIA, BORENIA] {
        line.stage.start_desk(side).await.unwrap();
    }
    line.whole().await;
    let _ = send(&line, &["-p", "FLASH", "Collision; help wanted."]).await;
    eventually("the first alert step has passed", PATIENCE, async || {
        let now = standing(&line, AVELIA).await;
        (now.label == "UNRESPONSIVE").then_some(())
    })
    .await;
    let now = named(&line, AVELIA, "NOT_DISPLAYED").await;
    assert_eq!(now.axes.carrier.state, "UP");
    let plain = line
        .desk_plain(AVELIA, "send", &["--wait", "acked", "--deadline", "1s", "Again."])
        .await;
    let plain = plain.ended(6).err;
    assert!(plain.contains("delivered, not displayed"), "{plain}");
}

#[tokio::test(flavor = "current_thread")]
async fn displayed_and_not_acknowledged_is_named() {
    let line = open().await;
    let name = send(&line, &["Are you there?"]).await;
    let _ = line.desk(BORENIA, "inbox", &[]).await.ended(0);
    let now = named(&line, AVELIA, "DISPLAYED_NOT_ACKNOWLEDGED").await;
    assert_eq!(now.cause.message.as_deref(), Some(name.as_str()));
    assert!(
        now.cause
            .facts
            .iter()
            .any(|fact| fact.what.starts_with("on screen") && fact.sha256.is_some()),
        "{:#?}",
        now.cause
    );
    let _ = line.desk(BORENIA, "ack", &[&name]).await.ended(0);
    named(&line, AVELIA, "NONE").await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_refusal_is_named_with_its_reason() {
    let line = open().await;
    let name = send(&line, &["Will you talk?"]).await;
    let words = ["DECLINED", &name, "--text", "conditions not appropriate"];
    let _ = line.desk(BORENIA, "act", &words).await.ended(0);
    let now = named(&line, AVELIA, "DECLINED").await;
    assert!(
        now.cause.plain.ends_with(": conditions not appropriate"),
        "{}",
        now.cause.plain
    );
}

#[tokio::test(flavor = "current_thread")]
async fn an_old_refusal_hides_neither_a_flash_that_nobody_acknowledges_nor_a_cut_path() {
    let mut line = open().await;
    let declined = send(&line, &["Will you talk?"]).await;
    let _ = line.desk(BORENIA, "act", &["DECLINED", &declined]).await.ended(0);
    named(&line, AVELIA, "DECLINED").await;
    let flash = send(&line, &["-p", "FLASH", "Collision; help wanted."]).await;
    let _ = line.desk(BORENIA, "inbox", &[]).await.ended(0);
    let now = named(&line, AVELIA, "DISPLAYED_NOT_ACKNOWLEDGED").await;
    assert_eq!(now.cause.message.as_deref(), Some(flash.as_str()));
    let codes: Vec<&str> = now.causes.iter().map(|cause| cause.code.as_str()).collect();
    assert_eq!(
        codes,
        ["DISPLAYED_NOT_ACKNOWLEDGED", "DECLINED"],
        "both are named"
    );
    // Declined as well, and then a path is cut.
    let _ = line.desk(BORENIA, "act", &["DECLINED", &flash]).await.ended(0);
    named(&line, AVELIA, "DECLINED").await;
    let name = line.relay_name(AVELIA);
    line.stage.kill_relay(&name).await.unwrap();
    named(&line, AVELIA, "ONE_PATH_CUT").await;
}

#[tokio::test(flavor = "current_thread")]
async fn one_suspended_channel_of_two_hides_no_cut_of_all_paths() {
    let mut line = open().await;
    let words = ["MARITIME", "--scope", "ships and boats"];
    let _ = verb(&line, AVELIA, &["channel", "open"], &words).await.ended(0);
    let maritime = async |side: usize| {
        let of = |view: &ChannelView| view.name == "MARITIME";
        standing(&line, side).await.channels.into_iter().find(of)
    };
    eventually("the proposal has arrived", PATIENCE, async || {
        maritime(BORENIA).await
    })
    .await;
    let agree = verb(&line, BORENIA, &["channel", "open"], &["MARITIME"]).await;
    drop(agree.ended(0));
    let _ = verb(&line, BORENIA, &["channel", "suspend"], &["MARITIME"])
        .await
        .ended(0);
    let now = named(&line, AVELIA, "SUSPENDED").await;
    assert_eq!(now.axes.political.scope, ["MARITIME"]);
    for side in [AVELIA, BORENIA] {
        let name = line.relay_name(side);
        line.stage.kill_relay(&name).await.unwrap();
    }
    let now = named(&line, AVELIA, "ALL_PATHS_CUT").await;
    let codes: Vec<&str> = now.causes.iter().map(|cause| cause.code.as_str()).collect();
    assert_eq!((now.label.as_str(), codes[1]), ("INTERRUPTED", "SUSPENDED"));
}

#[tokio::test(flavor = "current_thread")]
async fn a_suspension_is_named_refuses_at_release_and_lets_safety_of_life_pass() {
    let line = open().await;
    let words = [
        "--scope",
        "policy topics",
        "--reason",
        "a visit",
        "--review-by",
        "48h",
    ];
    let _ = verb(&line, BORENIA, &["channel", "suspend"], &words)
        .await
        .ended(0);
    for side in [AVELIA, BORENIA] {
        let now = named(&line, side, "SUSPENDED").await;
        assert_eq!(
            (now.label.as_str(), now.axes.carrier.state.as_str()),
            ("SUSPENDED", "UP")
        );
        assert_eq!(now.axes.political.scope, ["MINISTER"]);
        for part in ["borenia", "policy topics", "a visit", "to be reviewed by"] {
            assert!(now.cause.plain.contains(part), "{}", now.cause.plain);
        }
    }
    let refused = line.desk(AVELIA, "send", &["Good morning."]).await.ended(1);
    let error = &refused.object()["error"];
    assert_eq!(error["code"], "HL-DESK-011");
    for part in [
        "suspended MINISTER",
        "a visit",
        "to be reviewed by",
        "nothing was queued",
    ] {
        assert!(error["what"].as_str().unwrap().contains(part), "{error}");
    }
    assert!(line.incoming(BORENIA).await.is_empty());
    send(&line, &["--safety-of-life", "Crew in the water at 54N."]).await;
    send(&line, &["--class", "SERVICE", "Line check at noon."]).await;
    let came = line.incoming(BORENIA).await;
    assert_eq!(came.len(), 2);
    // Its answer is about saving lives, too.
    let _ = line
        .desk(BORENIA, "answer", &[&came[0].name, "ROGER"])
        .await
        .ended(0);
    assert!(came[0].safety_of_life && came.iter().all(|view| view.under_order.is_none()));
}

#[tokio::test(flavor = "current_thread")]
async fn a_severed_channel_is_named_and_only_operators_pass() {
    let line = open().await;
    let words = ["MINISTER", "--reason", "by order of the minister"];
    let _ = verb(&line, BORENIA, &["channel", "sever"], &words).await.ended(0);
    for side in [AVELIA, BORENIA] {
        let now = named(&line, side, "SEVERED").await;
        assert_eq!(
            (now.label.as_str(), now.axes.political.state.as_str()),
            ("SEVERED", "SEVERED")
        );
        assert!(
            now.cause.plain.contains("by order of the minister"),
            "{}",
            now.cause.plain
        );
    }
    let words = ["--safety-of-life", "Crew in the water."];
    let _ = line.desk(AVELIA, "send", &words).await.ended(1);
    send(&line, &["--class", "TEST", "Comm check."]).await;
}

#[tokio::test(flavor = "current_thread")]
async fn promise_10_the_status_has_label_axes_and_the_facts_behind_each() {
    let line = open().await;
    let object = status(&line, AVELIA).await;
    for key in [
        "label",
        "plain",
        "cause",
        "causes",
        "axes",
        "own_watch",
        "channels",
        "desk",
        "peer",
        "line",
    ] {
        assert!(!object[key].is_null(), "{key} is missing: {object:#}");
    }
    let axes = &object["axes"];
    for (axis, state) in [
        ("carrier", "UP"),
        ("watch", "UNKNOWN"),
        ("political", "OPEN"),
        ("identity", "GOOD"),
    ] {
        assert_eq!(axes[axis]["state"], state, "{object:#}");
        assert!(axes[axis]["facts"].is_array());
    }
    let facts = axes["carrier"]["facts"].as_array().unwrap();
    let told = facts.iter().filter(|fact| fact["proof"] != "SIGNED_STATEMENT");
    assert_eq!(told.count(), 6, "four legs and two relays: {facts:#?}");
    for fact in facts {
        for key in ["what", "by", "received_ms", "proof"] {
            assert!(!fact[key].is_null(), "{key} is missing: {fact:#}");
        }
    }
    let channel = &object["channels"][0];
    assert_eq!(
        (&channel["name"], &channel["label"]),
        (&"MINISTER".into(), &"OPEN".into())
    );
    assert_eq!(channel["charter"]["signed_by"].as_array().unwrap().len(), 2);
    let plain = line
        .run(&["status", "--config", &word(&line.stage.sides[AVELIA].desk)])
        .await
        .ended(0)
        .text();
    assert!(plain.starts_with("Open [OPEN]\n"), "{plain}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_watch_is_handed_over_and_kept_until_it_is_taken() {
    let line = open().await;
    let take = ["--officer", "okoye"];
    let _ = verb(&line, AVELIA, &["watch", "take"], &take).await.ended(0);
    let other = ["--officer", "lindqvist"];
    let refused = verb(&line, AVELIA, &["watch", "leave"], &other).await.ended(1);
    assert!(
        refused.text().contains("okoye holds the watch"),
        "{}",
        refused.text()
    );
    let _ = verb(
        &line,
        AVELIA,
        &["watch", "handover"],
        &["--remark", "quiet night"],
    )
    .await
    .ended(0);
    let now = standing(&line, AVELIA).await.own_watch;
    assert!(now.holder.unwrap().ends_with("/officer/okoye"));
    assert!(now.offered_to.unwrap().ends_with("/officer/lindqvist"));
    let _ = verb(&line, AVELIA, &["watch", "take"], &[]).await.ended(0);
    eventually("the other side sees who has the watch", PATIENCE, async || {
        let watch = standing(&line, BORENIA).await.axes.watch;
        watch
            .holder
            .is_some_and(|holder| holder.ends_with("/officer/lindqvist"))
            .then_some(())
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_channel_opens_over_the_line_once_both_sides_signed_and_outlives_a_restart() {
    let mut line = open().await;
    let words = ["MARITIME", "--level", "THEATRE", "--scope", "ships and boats"];
    let proposed = verb(&line, AVELIA, &["channel", "open"], &words)
        .await
        .ended(0)
        .object();
    assert_eq!(proposed["label"], "PROVISIONED", "{proposed:#}");
    let _ = line
        .desk(AVELIA, "send", &["--channel", "MARITIME", "Too early."])
        .await
        .ended(1);
    let list = async |side: usize| {
        let said = verb(&line, side, &["channel", "list"], &[]).await.ended(0);
        let of = |object: &Value| object["name"] == "MARITIME";
        said.objects().into_iter().find(of)
    };
    eventually("the proposal has arrived", PATIENCE, async || list(BORENIA).await).await;
    let other = ["MARITIME", "--scope", "aircraft"];
    let _ = verb(&line, BORENIA, &["channel", "open"], &other).await.ended(2);
    let agreed = verb(&line, BORENIA, &["channel", "open"], &["MARITIME"])
        .await
        .ended(0)
        .object();
    assert_eq!(
        (&agreed["label"], &agreed["charter"]["scope"]),
        (&"OPEN".into(), &"ships and boats".into())
    );
    eventually("the channel is open at both sides", PATIENCE, async || {
        list(AVELIA).await.filter(|view| view["label"] == "OPEN")
    })
    .await;
    line.stage.kill_desk(AVELIA).await.unwrap();
    line.stage.start_desk(AVELIA).await.unwrap();
    line.whole().await;
    let sent = send(&line, &["--channel", "MARITIME", "A trawler drifts at 55N."]).await;
    // Small letters name no channel.
    let odd = ["minister two"];
    let _ = verb(&line, AVELIA, &["channel", "open"], &odd).await.ended(1);
    let view = line.until(BORENIA, &sent, Rung::Delivered).await;
    assert_eq!(view.rejected, None);
}

#[tokio::test(flavor = "current_thread")]
async fn a_suspension_outlives_a_restart_of_both_desks() {
    let mut line = open().await;
    let _ = verb(&line, BORENIA, &["channel", "suspend"], &["--all"])
        .await
        .ended(0);
    named(&line, AVELIA, "SUSPENDED").await;
    for side in [AVELIA, BORENIA] {
        line.stage.kill_desk(side).await.unwrap();
        line.stage.start_desk(side).await.unwrap();
    }
    line.whole().await;
    for side in [AVELIA, BORENIA] {
        let now = named(&line, side, "SUSPENDED").await;
        assert_eq!(now.label, "SUSPENDED");
        let _ = line.desk(side, "send", &["Good morning."]).await.ended(1);
    }
}

/// Only the desk of Borenia runs; Avelia's keys are in a hand.
async fn with_a_hand(officer: &str) -> (Line, Hand, Counter) {
    let mut line = Line::with_relays(PROGRAM).await;
    line.stage.start_desk(BORENIA).await.unwrap();
    line.stage.legs_up(BORENIA, 4).await.unwrap();
    let hand = Hand::of(&line, AVELIA, officer);
    let counter = Counter::open(&line, &dialer(&line, AVELIA), AVELIA, Door::Quic)
        .await
        .unwrap();
    (line, hand, counter)
}

/// Waits until Borenia has the first message of the hand.
async fn one_came(line: &Line) {
    eventually("the first message has come", PATIENCE, async || {
        (line.incoming(BORENIA).await.len() == 1).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn what_crosses_a_suspension_is_kept_and_marked() {
    let (line, mut hand, counter) = with_a_hand("lindqvist").await;
    let before = hand.message("Sent in time.");
    counter.hand_in(&before.bytes).await;
    one_came(&line).await;
    let words = ["--reason", "a visit"];
    let _ = verb(&line, BORENIA, &["channel", "suspend"], &words)
        .await
        .ended(0);
    let after = hand.message("Sent too late.");
    counter.hand_in(&after.bytes).await;
    let came = eventually("both have come", PATIENCE, async || {
        let came = line.incoming(BORENIA).await;
        (came.len() == 2).then_some(came)
    })
    .await;
    let [first, second] = came.as_slice() else {
        panic!("{came:#?}")
    };
    assert_eq!((&first.under_order, &first.rejected), (&None, &None));
    assert!(
        second.under_order.as_ref().unwrap().contains("a visit"),
        "{second:#?}"
    );
    assert_eq!(
        (second.text.as_str(), &second.rejected),
        ("Sent too late.", &None)
    );
    let shown = line.desk_plain(BORENIA, "show", &[&second.name]).await.ended(0);
    assert!(
        shown.text().contains("came in under an order, or crossed it"),
        "{}",
        shown.text()
    );
}

#[tokio::test(flavor = "current_thread")]
async fn an_order_by_an_officer_who_is_no_releaser_is_dropped_with_an_alarm() {
    let (line, mut hand, counter) = with_a_hand("okoye").await;
    let order = hand.order(OrderVerb::Suspend, "MINISTER");
    counter.hand_in(&order.bytes).await;
    alarmed(&line, "FOREIGN").await;
    let now = standing(&line, BORENIA).await;
    assert_eq!(now.axes.political.state, "OPEN", "{now:#?}");
}

#[tokio::test(flavor = "current_thread")]
async fn an_order_of_the_other_side_is_told_at_once() {
    let (line, mut hand, counter) = with_a_hand("lindqvist").await;
    let order = hand.order(OrderVerb::Suspend, "MINISTER");
    counter.hand_in(&order.bytes).await;
    alarmed(&line, "ORDER").await;
    let refused = line.desk(BORENIA, "send", &["Good morning."]).await.ended(1);
    assert_eq!(refused.object()["error"]["code"], "HL-DESK-011");
}

/// Waits until Borenia's desk has raised this alarm.
async fn alarmed(line: &Line, code: &str) {
    eventually(code, PATIENCE, async || {
        let alarms = line.status(BORENIA).await.alarms;
        alarms.contains_key(code).then_some(())
    })
    .await;
}

/// What a side knows of the channel of the settings.
async fn minister(line: &Line, side: usize) -> ChannelView {
    let of = |view: &ChannelView| view.name == "MINISTER";
    standing(line, side).await.channels.into_iter().find(of).unwrap()
}

async fn suspended_and_half_restored(line: &Line) {
    let words = ["--reason", "a visit"];
    let _ = verb(line, BORENIA, &["channel", "suspend"], &words)
        .await
        .ended(0);
    named(line, AVELIA, "SUSPENDED").await;
    let proposed = verb(line, AVELIA, &["channel", "restore"], &[])
        .await
        .ended(0)
        .object();
    assert_eq!(proposed["label"], "RESTORING", "{proposed:#}");
    assert_eq!(proposed["political"]["state"], "SUSPENDED", "{proposed:#}");
    eventually("the other side is asked to agree", PATIENCE, async || {
        minister(line, BORENIA).await.restoring
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_restoration_needs_both_sides_and_a_check_on_each_path() {
    let line = open().await;
    suspended_and_half_restored(&line).await;
    // Saying it twice is no second signature.
    let again = verb(&line, AVELIA, &["channel", "restore"], &[])
        .await
        .ended(0)
        .object();
    let lacking = again["restoring"]["lacking"][0].as_str().unwrap().to_owned();
    assert!(lacking.contains("a releaser of exercise.borenia"), "{again:#}");
    for side in [AVELIA, BORENIA] {
        let _ = line.desk(side, "send", &["Good morning."]).await.ended(1);
    }
    let _ = verb(&line, BORENIA, &["channel", "restore"], &[]).await.ended(0);
    for side in [AVELIA, BORENIA] {
        eventually("the channel is open again", PATIENCE, async || {
            let view = minister(&line, side).await;
            (view.label == "OPEN" && view.restoring.is_none()).then_some(())
        })
        .await;
    }
    let sent = send(&line, &["Good morning."]).await;
    let came = line.incoming(BORENIA).await;
    assert_eq!((&came[0].name, &came[0].under_order), (&sent, &None));
}

#[tokio::test(flavor = "current_thread")]
async fn a_restoration_stays_under_way_while_a_path_is_cut() {
    let mut line = open().await;
    suspended_and_half_restored(&line).await;
    let name = line.relay_name(AVELIA);
    line.stage.kill_relay(&name).await.unwrap();
    let _ = verb(&line, BORENIA, &["channel", "restore"], &[]).await.ended(0);
    for side in [AVELIA, BORENIA] {
        eventually(
            "only the check over the dead relay is lacking",
            PATIENCE,
            async || {
                let view = minister(&line, side).await;
                let lacking = view
                    .restoring
                    .filter(|restoring| restoring.agreed_by.is_some())?
                    .lacking;
                (lacking == [format!("a comm check over {name}")]).then_some(())
            },
        )
        .await;
        assert_eq!(minister(&line, side).await.label, "RESTORING");
        let _ = line.desk(side, "send", &["Good morning."]).await.ended(1);
    }
    line.stage.start_relay(&name).await.unwrap();
    for side in [AVELIA, BORENIA] {
        eventually("the channel is open again", PATIENCE, async || {
            (minister(&line, side).await.label == "OPEN").then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "current_thread")]
async fn the_commands_run_as_written_in_a_folder_with_one_desk() {
    let line = open().await;
    let typed = async |words: &[&str]| {
        let said = tokio::process::Command::new(line.program())
            .args(words)
            .current_dir(&line.stage.sides[BORENIA].folder)
            .env_remove("HOTLINE_CONFIG")
            .output()
            .await
            .unwrap();
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(&said.stdout),
            String::from_utf8_lossy(&said.stderr)
        );
        assert!(said.status.success(), "hotline {}: {text}", words.join(" "));
        text
    };
    for (words, says) in [
        (&["desk", "send", "Good morning."][..], "B-0001"),
        (&["desk", "inbox"], "nothing has come in"),
        (&["watch", "take"], "MANNED"),
        (&["watch", "handover"], "hands the watch over to"),
        (&["watch", "take"], "took the watch from"),
        (&["channel", "list"], "channel MINISTER: open [OPEN]"),
        (&["channel", "open"], "channel MINISTER: open [OPEN]"),
        (&["channel", "suspend"], "[SUSPENDED]"),
        (&["channel", "sever"], "[SEVERED]"),
        (
            &["channel", "restore"],
            "lacking: the signature of a releaser of exercise.avelia.example",
        ),
        (&["watch", "leave"], "UNMANNED"),
        (&["status"], "Being restored [RESTORING]"),
        (&["status", "--json"], "\"label\":\"RESTORING\""),
    ] {
        let text = typed(words).await;
        assert!(text.contains(says), "hotline {}: {text}", words.join(" "));
    }
}

#[tokio::test(flavor = "current_thread")]
async fn an_order_that_no_officer_signed_counts_for_nothing_also_after_a_restart() {
    let (mut line, mut hand, counter) = with_a_hand("lindqvist").await;
    let forged = hand.forged_order(OrderVerb::Sever, "MINISTER");
    counter.hand_in(&forged.bytes).await;
    counter.hand_in(&hand.message("Behind it.").bytes).await;
    one_came(&line).await;
    assert_eq!(minister(&line, BORENIA).await.political.state, "OPEN");
    line.stage.kill_desk(BORENIA).await.unwrap();
    line.stage.start_desk(BORENIA).await.unwrap();
    line.stage.legs_up(BORENIA, 4).await.unwrap();
    one_came(&line).await;
    assert_eq!(minister(&line, BORENIA).await.political.state, "OPEN");
}

#[tokio::test(flavor = "current_thread")]
async fn what_an_officer_signed_once_is_not_placed_twice() {
    let (line, mut hand, counter) = with_a_hand("lindqvist").await;
    let first = hand.order(OrderVerb::Suspend, "MINISTER");
    counter.hand_in(&first.bytes).await;
    alarmed(&line, "ORDER").await;
    let Payload::Lifecycle(placed) = first.payload else {
        panic!("an order is a lifecycle statement");
    };
    let again = hand.place_signed_order(placed.order);
    counter.hand_in(&again.bytes).await;
    alarmed(&line, "FOREIGN").await;
    assert_eq!(line.status(BORENIA).await.alarms["ORDER"], 1);
}

#[tokio::test(flavor = "current_thread")]
async fn a_desk_that_signs_two_histories_is_suspect_and_the_line_compromised() {
    let (line, hand, north) = with_a_hand("lindqvist").await;
    let south = Counter::open(&line, &dialer(&line, AVELIA), BORENIA, Door::Quic)
        .await
        .unwrap();
    let (one, other) = (hand.sign(hand.draft("One.")), hand.sign(hand.draft("Another.")));
    north.hand_in(&one.bytes).await;
    one_came(&line).await;
    south.hand_in(&other.bytes).await;
    eventually("the identity is in doubt", PATIENCE, async || {
        let now = standing(&line, BORENIA).await;
        (now.axes.identity.state == "SUSPECT" && now.label == "COMPROMISED").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn every_axis_shows_what_proves_it_also_when_nothing_is_wrong() {
    let mut line = Line::with_relays(PROGRAM).await;
    for side in [AVELIA, BORENIA] {
        let settings = fs::read_to_string(&line.stage.sides[side].desk).unwrap();
        let checked = settings.replace("checks_every = \"off\"", "checks_every = \"1s\"");
        assert_ne!(checked, settings);
        fs::write(&line.stage.sides[side].desk, checked).unwrap();
        line.stage.start_desk(side).await.unwrap();
    }
    line.whole().await;
    let now = eventually("a comm check is answered", PATIENCE, async || {
        let now = standing(&line, AVELIA).await;
        let checked = |fact: &FactView| fact.what.starts_with("it answered a comm check");
        now.axes.carrier.facts.iter().any(checked).then_some(now)
    })
    .await;
    let axes = &now.axes;
    for (state, axis) in [
        ("UP", &axes.carrier),
        ("UNKNOWN", &axes.watch),
        ("OPEN", &axes.political),
        ("GOOD", &axes.identity),
        ("OPEN", &now.channels[0].political),
    ] {
        assert_eq!(axis.state, state);
        assert!(axis.facts.iter().any(signed), "{state}: {:#?}", axis.facts);
    }
    let charter: Vec<&FactView> = axes.political.facts.iter().filter(|fact| signed(fact)).collect();
    assert_eq!(charter.len(), 2, "a releaser of each side: {charter:#?}");
    assert!(
        charter
            .iter()
            .all(|fact| fact.what.ends_with("signed the charter"))
    );
    let legs = axes
        .carrier
        .facts
        .iter()
        .filter(|fact| fact.what.starts_with("leg "));
    assert!(legs.clone().count() == 4 && legs.clone().all(|fact| fact.received_ms > 0));
    assert!(now.own_watch.facts[0].what.starts_with("no officer has signed"));
}

fn signed(fact: &FactView) -> bool {
    fact.proof == "SIGNED_STATEMENT" && fact.sha256.as_ref().is_some_and(|hash| hash.len() == 64)
}

#[tokio::test(flavor = "current_thread")]
async fn a_suspension_that_nobody_looked_at_again_in_time_is_told_on_both_sides() {
    let line = open().await;
    let words = ["--reason", "a visit", "--review-by", "1s"];
    let _ = verb(&line, BORENIA, &["channel", "suspend"], &words)
        .await
        .ended(0);
    for side in [AVELIA, BORENIA] {
        eventually("people are told", PATIENCE, async || {
            let alarms = line.status(side).await.alarms;
            (alarms.get("REVIEW_DUE") == Some(&1)).then_some(())
        })
        .await;
        let now = standing(&line, side).await;
        assert_eq!(now.axes.political.state, "SUSPENDED", "time alone lifts nothing");
        let due = |fact: &FactView| signed(fact) && fact.what.starts_with("its review was due by");
        assert!(
            now.axes.political.facts.iter().any(due),
            "{:#?}",
            now.axes.political
        );
    }
}
