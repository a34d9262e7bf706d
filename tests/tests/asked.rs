//! What is asked for by a time: answers, calls and people, orders that count later; and orders that have no effect. Real
//! processes, as people type.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use hotline_client::{standing::ChannelView, view::MessageView};
use hotline_core::{duty::OrderVerb, leg::Door};
use hotline_tests::{
    AVELIA, BORENIA, Line,
    hand::{Counter, Hand, dialer},
    verb::{Said, word},
    wait::{PATIENCE, eventually},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");

/// `hotline channel VERB --config F --json WORDS`.
async fn channel(line: &Line, side: usize, verb: &str, words: &[&str]) -> Said {
    let config = word(&line.stage.sides[side].desk);
    let all = [&["channel", verb, "--config", &config, "--json"], words].concat();
    line.run(&all).await
}

async fn channels(line: &Line, side: usize) -> Vec<ChannelView> {
    let said = channel(line, side, "list", &[]).await.ended(0);
    let read = |object| serde_json::from_value(object).unwrap();
    said.objects().into_iter().map(read).collect()
}

async fn show(line: &Line, side: usize, name: &str) -> MessageView {
    line.desk(side, "show", &[name]).await.ended(0).message()
}

async fn overdue(line: &Line, side: usize) -> Option<u64> {
    line.status(side).await.alarms.get("OVERDUE").copied()
}

#[tokio::test(flavor = "current_thread")]
async fn a_call_that_nobody_answers_by_the_time_named_is_overdue_on_both_sides_and_may_still_be_answered() {
    let mut line = Line::open(PROGRAM).await;
    let words = [
        "Minister to minister, 1400Z or 1500Z.",
        "--respond-by",
        "2s",
        "--wait",
        "delivered",
    ];
    let call = line.desk(AVELIA, "call", &words).await.ended(0).message();
    assert_eq!(
        (call.contact.as_deref(), call.response.as_str()),
        (Some("CALL_REQUEST"), "ACCEPT_COUNTER_DECLINE")
    );
    assert!(call.respond_by_ms.is_some() && !call.unanswered);
    let shown = line
        .desk_plain(BORENIA, "show", &[&call.name])
        .await
        .ended(0)
        .text();
    assert!(shown.contains("asks for a call [CALL_REQUEST]"), "{shown}");
    for side in [AVELIA, BORENIA] {
        eventually("the answer is overdue", PATIENCE, async || {
            (overdue(&line, side).await == Some(1)).then_some(())
        })
        .await;
        assert!(show(&line, side, &call.name).await.unanswered);
        let desk = line.desk_config(side).identity.to_string();
        let signed = line.status(side).await.said.remove(&desk).unwrap();
        let told = |said: &&hotline_client::status::ServiceView| {
            said.kind == "OVERDUE" && said.message.as_ref() == Some(&call.sha256)
        };
        assert!(
            signed
                .iter()
                .find(told)
                .unwrap()
                .text
                .starts_with("no answer by 2")
        );
    }
    let shown = line
        .desk_plain(BORENIA, "show", &[&call.name])
        .await
        .ended(0)
        .text();
    assert!(shown.contains("and nobody has answered"), "{shown}");
    // Told once, also over a restart; and late is not too late.
    line.stage.kill_desk(BORENIA).await.unwrap();
    line.stage.start_desk(BORENIA).await.unwrap();
    line.whole().await;
    let _ = line
        .desk(BORENIA, "answer", &[&call.name, "ACCEPT"])
        .await
        .ended(0);
    assert!(!show(&line, BORENIA, &call.name).await.unanswered);
    assert_eq!(overdue(&line, BORENIA).await, None);
}

#[tokio::test(flavor = "current_thread")]
async fn a_presence_that_is_answered_in_time_is_never_overdue() {
    let line = Line::open(PROGRAM).await;
    let words = [
        "Is the duty officer at the machine?",
        "--respond-by",
        "3s",
        "--wait",
        "delivered",
    ];
    let asked = line.desk(AVELIA, "presence", &words).await.ended(0).message();
    assert_eq!(asked.contact.as_deref(), Some("PRESENCE_QUERY"));
    let words = [asked.name.as_str(), "ACCEPT", "--wait", "delivered"];
    let _ = line.desk(BORENIA, "answer", &words).await.ended(0);
    // One that its sender takes back is not waited for.
    let words = ["Is anybody there?", "--respond-by", "3s", "--wait", "delivered"];
    let taken_back = line.desk(AVELIA, "presence", &words).await.ended(0).message();
    let words = [
        "Never mind.",
        "--function",
        "CANCEL",
        "--response",
        "NONE",
        "--refers-to",
        &taken_back.name,
    ];
    let _ = line.desk(AVELIA, "send", &words).await.ended(0);
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    for side in [AVELIA, BORENIA] {
        assert_eq!(overdue(&line, side).await, None);
        assert!(!show(&line, side, &asked.name).await.unanswered);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_time_to_answer_by_is_signed_only_where_an_answer_is_asked_for() {
    let line = Line::open(PROGRAM).await;
    let words = ["--respond-by", "1h", "--response", "NONE", "Good morning."];
    let refused = line.desk(AVELIA, "send", &words).await.ended(1);
    let error = &refused.object()["error"];
    assert!(
        error["what"].as_str().unwrap().contains("asks for no answer"),
        "{error}"
    );
    let words = ["--respond-by", "1h", "--wait", "delivered", "Good morning?"];
    let sent = line.desk(AVELIA, "send", &words).await.ended(0).message();
    let came = show(&line, BORENIA, &sent.name).await;
    assert_eq!((came.respond_by_ms, came.contact), (sent.respond_by_ms, None));
}

#[tokio::test(flavor = "current_thread")]
async fn a_suspension_that_counts_later_is_shown_at_once_and_stops_nothing_before() {
    let line = Line::open(PROGRAM).await;
    let of_no_channel = ["--level", "WATCH KEEPERS"];
    let _ = channel(&line, BORENIA, "suspend", &of_no_channel).await.ended(1);
    let level = "ministers of defence and their duty officers";
    let words = ["--reason", "a visit", "--level", level, "--effective", "4s"];
    let _ = channel(&line, BORENIA, "suspend", &words).await.ended(0);
    let coming = eventually("the other side sees it", PATIENCE, async || {
        let view = channels(&line, AVELIA).await.remove(0);
        let names = |fact: &hotline_client::standing::FactView| fact.what.contains(", from ");
        view.political.facts.iter().any(names).then_some(view)
    })
    .await;
    assert_eq!(coming.political.state, "OPEN");
    let _ = line.desk(AVELIA, "send", &["Good morning."]).await.ended(0);
    eventually("it counts", PATIENCE, async || {
        let view = channels(&line, AVELIA).await.remove(0);
        (view.political.state == "SUSPENDED").then_some(())
    })
    .await;
    let _ = line.desk(AVELIA, "send", &["Good evening."]).await.ended(1);
    let came = line.incoming(BORENIA).await;
    assert!(came.iter().all(|view| view.under_order.is_none()), "{came:#?}");
}

#[tokio::test(flavor = "current_thread")]
async fn orders_that_have_no_effect_are_not_signed_and_not_taken() {
    let mut line = Line::with_relays(PROGRAM).await;
    line.stage.start_desk(BORENIA).await.unwrap();
    line.stage.legs_up(BORENIA, 4).await.unwrap();
    let refused = channel(&line, AVELIA, "amend-config", &["MINISTER"])
        .await
        .ended(2);
    assert!(
        refused.all().contains("it has no effect in this version"),
        "{}",
        refused.all()
    );
    let mut hand = Hand::of(&line, AVELIA, "lindqvist");
    let counter = Counter::open(&line, &dialer(&line, AVELIA), AVELIA, Door::Quic)
        .await
        .unwrap();
    counter
        .hand_in(&hand.order(OrderVerb::Rekey, "MINISTER").bytes)
        .await;
    eventually("it is told as foreign", PATIENCE, async || {
        let alarms = line.status(BORENIA).await.alarms;
        alarms.contains_key("FOREIGN").then_some(())
    })
    .await;
}
