//! Each verdict on the smallest run that deserves it.

use super::super::lines::{Delivered, Sent};
use super::*;

fn sent(run: &mut Run, id: &str, t_ms: u64) {
    for kept in [false, true] {
        run.sent.push(Sent {
            id: id.into(),
            class: "ROUTINE".into(),
            sha256: format!("content of {id}"),
            kept,
            t_ms,
        });
    }
}

fn delivered(run: &mut Run, id: &str, t_ms: u64) {
    run.delivered.push(Delivered { id: id.into(), t_ms });
}

fn shown(run: &mut Run, id: &str, t_ms: u64) {
    run.shown.push(Shown {
        id: id.into(),
        sha256: format!("content of {id}"),
        again: false,
        t_ms,
    });
}

/// Two messages that arrived in order.
fn good() -> Run {
    let mut run = Run::default();
    for (id, t_ms) in [("1", 10), ("2", 30)] {
        sent(&mut run, id, t_ms);
        shown(&mut run, id, t_ms + 5);
        delivered(&mut run, id, t_ms + 8);
    }
    run
}

fn judged(run: &Run) -> Judgement {
    judge(run, Rules::default())
}

/// The one verdict of a run, and whom it concerns.
fn only(run: &Run, verdict: Verdict, ids: &[&str]) {
    let judgement = judged(run);
    let concerned: Vec<&str> = judgement.found[&verdict].iter().map(String::as_str).collect();
    assert_eq!(concerned, ids);
    assert_eq!(judgement.found.len(), 1, "{judgement:?}");
    assert!(!judgement.passed());
}

#[test]
fn a_run_in_which_everything_arrived_passes() {
    let judgement = judged(&good());
    assert!(judgement.passed() && judgement.found.is_empty(), "{judgement:?}");
    assert_eq!((judgement.kept, judgement.delivered, judgement.shown), (2, 2, 2));
}

#[test]
fn what_was_kept_and_never_shown_is_lost() {
    let mut run = good();
    sent(&mut run, "3", 50);
    only(&run, Verdict::Lost, &["3"]);
}

#[test]
fn what_was_tried_and_never_answered_may_come_or_not() {
    let mut run = good();
    sent(&mut run, "3", 50);
    run.sent.pop();
    assert!(judged(&run).passed());
    shown(&mut run, "3", 60);
    let judgement = judged(&run);
    assert!(judgement.passed());
    assert_eq!((judgement.tried, judgement.kept, judgement.shown), (3, 2, 3));
}

#[test]
fn what_was_shown_as_new_twice_is_a_duplicate_and_what_was_marked_is_none() {
    let mut run = good();
    shown(&mut run, "1", 40);
    only(&run, Verdict::Duplicate, &["1"]);
    run.shown[2].again = true;
    let judgement = judged(&run);
    assert!(judgement.passed());
    assert_eq!(judgement.shown_again, 1);
}

#[test]
fn other_words_than_were_handed_in_are_altered_also_when_shown_again() {
    let mut run = good();
    run.shown[1].sha256 = "other words".into();
    only(&run, Verdict::Altered, &["2"]);
    let mut run = good();
    shown(&mut run, "1", 40);
    run.shown[2].again = true;
    run.shown[2].sha256 = "other words".into();
    only(&run, Verdict::Altered, &["1"]);
}

#[test]
fn what_nobody_handed_in_was_never_sent() {
    let mut run = good();
    shown(&mut run, "ghost", 40);
    only(&run, Verdict::NeverSent, &["ghost"]);
}

#[test]
fn what_is_shown_as_delivered_and_was_never_there_is_falsely_delivered() {
    let mut run = good();
    delivered(&mut run, "ghost", 40);
    only(&run, Verdict::FalselyDelivered, &["ghost"]);
}

#[test]
fn overtaking_within_a_class_is_counted_and_breaks_a_promise_only_where_order_is_one() {
    let mut run = good();
    run.shown.swap(0, 1);
    let judgement = judged(&run);
    assert_eq!(judgement.count(Verdict::OutOfOrder), 1);
    assert!(judgement.passed());
    let strict = Rules {
        order: Order::Strict,
        ..Rules::default()
    };
    assert!(!judge(&run, strict).passed());
    // One that is more urgent may pass.
    for line in &mut run.sent[2..] {
        line.class = "FLASH".into();
    }
    assert_eq!(judged(&run).count(Verdict::OutOfOrder), 0);
}

#[test]
fn silence_is_the_longest_time_in_which_something_waits_and_nothing_comes() {
    let mut run = good();
    assert_eq!(judged(&run).longest_silence_ms, 5);
    // Nothing waits between 38 and 1,000: that is quiet, and no silence.
    sent(&mut run, "3", 1_000);
    sent(&mut run, "4", 1_010);
    shown(&mut run, "4", 1_020);
    shown(&mut run, "3", 1_100);
    assert_eq!(judged(&run).longest_silence_ms, 80);
    let bounded = Rules {
        silence_ms_max: Some(79),
        ..Rules::default()
    };
    assert!(judge(&run, bounded).too_silent() && !judge(&run, bounded).passed());
}

#[test]
fn what_is_lost_is_waited_for_until_the_end() {
    let mut run = good();
    sent(&mut run, "3", 50);
    delivered(&mut run, "2", 950);
    assert_eq!(judged(&run).longest_silence_ms, 900);
}

#[test]
fn a_message_shown_before_its_sender_was_answered_has_not_waited() {
    let mut run = good();
    sent(&mut run, "3", 60);
    shown(&mut run, "3", 55);
    let judgement = judged(&run);
    assert!(judgement.passed());
    assert_eq!(judgement.longest_silence_ms, 5);
}
