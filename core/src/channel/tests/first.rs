//! Which cause of several stands first: the newest and most severe that is still true.

use std::time::Duration;

use super::{at, change, order, paths, place};
use crate::channel::cause::{Silence, causes};
use crate::channel::watch::UNHEARD;
use crate::channel::{
    Attendance, Carrier, CauseKind, Evidence, Identified, Label, LegFact, Paths, Political, Stage, Standing,
    Waiting, WatchEntry, Watched, label_of_line,
};
use crate::duty::{OrderVerb, WatchVerb};
use crate::precedence::Precedence;

/// A message about which the remote desk signed this at this place of its chain, and at this second.
fn waiting(stage: Stage, precedence: Precedence, signed: u64) -> Waiting {
    Waiting {
        name: format!("A-{signed:04}"),
        channel: "MINISTER".into(),
        precedence,
        place: Some(place(signed)),
        stage,
        waited: Duration::from_secs(1000 - signed),
        evidence: vec![Evidence::observed("signed", "the other desk", at(signed))],
    }
}

fn declined(precedence: Precedence, signed: u64) -> Waiting {
    let stage = Stage::Declined {
        reason: "not now".into(),
        by: "sato".into(),
    };
    waiting(stage, precedence, signed)
}

fn displayed(precedence: Precedence, signed: u64) -> Waiting {
    waiting(Stage::Displayed, precedence, signed)
}

fn kinds_of(silence: &Silence<'_>) -> Vec<CauseKind> {
    causes(silence).iter().map(|cause| cause.kind).collect()
}

fn kinds(paths: &Paths, watch: &Attendance, messages: &[Waiting]) -> Vec<CauseKind> {
    kinds_of(&Silence {
        political: Political::Open,
        orders: &[],
        partial: false,
        paths,
        watch: &watch.axis((Some(Duration::ZERO), UNHEARD)),
        waiting: messages,
    })
}

/// MARITIME of two channels is suspended since second 10.
fn kinds_under_an_order(paths: &Paths, messages: &[Waiting]) -> Vec<CauseKind> {
    let mut order = order("B", OrderVerb::Suspend, 1);
    order.received = at(10);
    kinds_of(&Silence {
        political: Political::Suspended,
        orders: &[&order],
        partial: true,
        paths,
        watch: &Attendance::default().axis((Some(Duration::ZERO), UNHEARD)),
        waiting: messages,
    })
}

fn whole() -> Paths {
    paths([true; 4], &[])
}

/// North's doors are down since this second.
fn cut_since(second: u64) -> Paths {
    let all = paths([false, false, true, true], &[]);
    let legs = all.legs.iter().cloned().map(|fact| LegFact {
        at: at(second),
        ..fact
    });
    Paths {
        legs: legs.collect(),
        ..all
    }
}

#[test]
fn an_old_refusal_does_not_stand_before_what_fell_silent_since() {
    let nobody = Attendance::default();
    let old = declined(Precedence::Flash, 5);
    for stage in [
        Stage::Displayed,
        Stage::NotDisplayed { alerted: true },
        Stage::NotDelivered,
    ] {
        let mut since = waiting(stage.clone(), Precedence::Routine, 8);
        if stage == Stage::NotDelivered {
            since.place = None;
        }
        let found = kinds(&whole(), &nobody, &[old.clone(), since.clone()]);
        let first = since.cause().unwrap().kind;
        assert_eq!(found, [first, CauseKind::Declined], "both are named");
    }
    let found = kinds(&cut_since(9), &nobody, std::slice::from_ref(&old));
    assert_eq!(found, [CauseKind::OnePathCut, CauseKind::Declined]);
    let mut left = Attendance::default();
    let entry = WatchEntry {
        received: at(9),
        ..change(WatchVerb::Leave, "sato")
    };
    left.note(place(9), entry);
    let found = kinds(&whole(), &left, &[old]);
    assert_eq!(found, [CauseKind::WatchUnmanned, CauseKind::Declined]);
}

#[test]
fn a_new_refusal_stands_before_what_was_silent_before_it() {
    let nobody = Attendance::default();
    let messages = [
        displayed(Precedence::Routine, 5),
        declined(Precedence::Routine, 8),
    ];
    let found = kinds(&cut_since(3), &nobody, &messages);
    let rest = [CauseKind::DisplayedNotAcknowledged, CauseKind::OnePathCut];
    assert_eq!(found, [&[CauseKind::Declined][..], &rest[..]].concat());
}

#[test]
fn a_refusal_of_something_less_urgent_explains_no_flash() {
    let messages = [displayed(Precedence::Flash, 5), declined(Precedence::Routine, 8)];
    let found = kinds(&whole(), &Attendance::default(), &messages);
    assert_eq!(found, [CauseKind::DisplayedNotAcknowledged, CauseKind::Declined]);
}

#[test]
fn the_most_urgent_message_stands_first_however_far_it_came() {
    let routine = waiting(Stage::NotDisplayed { alerted: false }, Precedence::Routine, 2);
    let found = kinds(
        &whole(),
        &Attendance::default(),
        &[routine, displayed(Precedence::Flash, 5)],
    );
    assert_eq!(
        found,
        [CauseKind::DisplayedNotAcknowledged, CauseKind::NotDisplayed]
    );
}

#[test]
fn an_order_about_one_channel_of_several_hides_no_cut_and_no_silence_of_the_others() {
    let cut = paths([false; 4], &[]);
    assert_eq!(
        kinds_under_an_order(&cut, &[]),
        [CauseKind::AllPathsCut, CauseKind::Suspended]
    );
    let elsewhere = displayed(Precedence::Flash, 5);
    assert_eq!(
        kinds_under_an_order(&whole(), std::slice::from_ref(&elsewhere)),
        [CauseKind::DisplayedNotAcknowledged, CauseKind::Suspended]
    );
    let there = Waiting {
        channel: "MARITIME".into(),
        ..elsewhere
    };
    assert_eq!(
        kinds_under_an_order(&whole(), &[there]),
        [CauseKind::Suspended, CauseKind::DisplayedNotAcknowledged]
    );
    assert_eq!(
        kinds_under_an_order(&cut_since(20), &[]),
        [CauseKind::OnePathCut, CauseKind::Suspended]
    );
    assert_eq!(
        kinds_under_an_order(&cut_since(2), &[]),
        [CauseKind::Suspended, CauseKind::OnePathCut]
    );
}

#[test]
fn a_line_of_which_one_channel_is_suspended_is_interrupted_by_a_cut() {
    let standing = |carrier| Standing {
        carrier,
        watch: Watched::Manned,
        political: Political::Suspended,
        identity: Identified::Good,
        chartered: true,
        heard: true,
        restoring: false,
        overdue: false,
        dormant: false,
    };
    let down = standing(Carrier::Down);
    assert_eq!(label_of_line(&down, true), Label::Interrupted);
    assert_eq!(label_of_line(&down, false), Label::Suspended);
    assert_eq!(label_of_line(&standing(Carrier::Up), true), Label::Suspended);
}
