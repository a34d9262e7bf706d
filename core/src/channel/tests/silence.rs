//! The carrier, and every cause of silence by its name (promise 10).

use std::time::Duration;

use super::{change, order, paths, place, took};
use crate::channel::cause::{ON_ITS_WAY, Silence, causes};
use crate::channel::watch::UNHEARD;
use crate::channel::{
    Attendance, Axis, Carrier, Cause, CauseKind, Evidence, Identified, Paths, Political, Stage, Told, Waiting,
};
use crate::duty::{OrderVerb, PresenceState, WatchVerb};
use crate::precedence::Precedence;

const WHOLE: [bool; 4] = [true; 4];

fn waiting(stage: Stage, seconds: u64) -> Waiting {
    Waiting {
        name: "A-0017".into(),
        channel: "MARITIME".into(),
        precedence: Precedence::Flash,
        place: None,
        stage,
        waited: Duration::from_secs(seconds),
        evidence: Vec::new(),
    }
}

fn named(paths: &Paths, watch: &Attendance, waiting: &[Waiting]) -> Vec<Cause> {
    causes(&Silence {
        political: Political::Open,
        orders: &[],
        partial: false,
        paths,
        watch: &watch.axis((Some(Duration::ZERO), UNHEARD)),
        waiting,
    })
}

fn of_paths(paths: &Paths) -> CauseKind {
    named(paths, &Attendance::default(), &[])[0].kind
}

fn of_message(stage: Stage) -> CauseKind {
    let whole = paths(WHOLE, &[]);
    named(&whole, &Attendance::default(), &[waiting(stage, 6)])[0].kind
}

#[test]
fn nothing_silent_is_named_as_nothing() {
    let here = [
        ("north", PresenceState::Present),
        ("south", PresenceState::Present),
    ];
    let found = named(&paths(WHOLE, &here), &Attendance::default(), &[]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].kind, CauseKind::None);
}

#[test]
fn one_path_cut_is_one_path_cut_wherever_it_is_cut() {
    let ours = paths([false, false, true, true], &[]);
    assert_eq!(
        (of_paths(&ours), ours.carrier().state),
        (CauseKind::OnePathCut, Carrier::Degraded)
    );
    let away = [
        ("north", PresenceState::Silent),
        ("south", PresenceState::Present),
    ];
    let theirs = paths(WHOLE, &away);
    assert_eq!(
        (of_paths(&theirs), theirs.carrier().state),
        (CauseKind::OnePathCut, Carrier::Degraded)
    );
    // What the other desk signed of its own legs is among the facts.
    let said = Evidence::observed("its legs north/quic are down", "the other desk", super::at(1));
    let told = Paths {
        said: vec![said.clone()],
        ..theirs
    };
    assert!(told.carrier().facts.contains(&said));
    assert!(told.cause().unwrap().evidence.contains(&said));
    // A single leg is named, and redundancy is not lost by it.
    let leg = paths([false, true, true, true], &[]);
    assert_eq!(
        (of_paths(&leg), leg.carrier().state),
        (CauseKind::OnePathCut, Carrier::Up)
    );
}

#[test]
fn all_paths_cut_is_all_paths_cut_whatever_relays_said_before() {
    let said = [("north", PresenceState::Present), ("south", PresenceState::Reset)];
    let cut = paths([false; 4], &said);
    assert_eq!(
        (of_paths(&cut), cut.carrier().state),
        (CauseKind::AllPathsCut, Carrier::Down)
    );
}

#[test]
fn a_dead_desk_is_told_from_one_that_cannot_be_reached() {
    use PresenceState::{Closed, Present, Reset, Silent};
    for (north, south, expected) in [
        (Reset, Reset, CauseKind::RemoteDeskDead),
        (Reset, Silent, CauseKind::RemoteDeskDead),
        (Closed, Closed, CauseKind::RemoteDeskDead),
        (Silent, Silent, CauseKind::RemoteDeskUnreachable),
        (Present, Reset, CauseKind::OnePathCut),
        (Present, Present, CauseKind::None),
    ] {
        let told = paths(WHOLE, &[("north", north), ("south", south)]);
        assert_eq!(of_paths(&told), expected, "{north} {south}");
    }
    // A relay that we do not reach says nothing that counts.
    let told = [("north", Reset), ("south", Present)];
    let one = paths([true, true, false, false], &told);
    assert_eq!(
        (of_paths(&one), one.carrier().state),
        (CauseKind::RemoteDeskDead, Carrier::Down)
    );
}

/// The same, and these relays said it before they were lost, each a second after the one before it.
fn before(paths: Paths, relays: &[&str]) -> Paths {
    let mut paths = paths;
    for (second, fact) in (1..).zip(&mut paths.presence) {
        fact.evidence.received = super::at(second);
        fact.there = fact.there.map(|_| super::at(second));
        if relays.contains(&fact.relay.as_str()) {
            fact.told = Told::Before;
        }
    }
    paths
}

#[test]
fn a_relay_that_was_lost_and_says_nothing_yet_carries_nothing() {
    use PresenceState::{Closed, Present, Reset, Silent};
    for (said, expected) in [
        (Present, CauseKind::RemoteDeskUnreachable),
        (Silent, CauseKind::RemoteDeskUnreachable),
        (Reset, CauseKind::RemoteDeskDead),
        (Closed, CauseKind::RemoteDeskDead),
    ] {
        let told = paths(WHOLE, &[("north", said), ("south", said)]);
        let lost = before(told, &["north", "south"]);
        assert_eq!(
            (of_paths(&lost), lost.carrier().state),
            (expected, Carrier::Down),
            "{said}"
        );
        // The other relay still has it.
        let told = paths(WHOLE, &[("north", said), ("south", Present)]);
        let one = before(told, &["north"]);
        assert_eq!(
            (of_paths(&one), one.carrier().state),
            (CauseKind::OnePathCut, Carrier::Degraded),
            "{said}"
        );
    }
    // One that never said anything is given the benefit of the doubt.
    let new = before(paths(WHOLE, &[("north", Reset)]), &["north"]);
    assert_eq!(new.carrier().state, Carrier::Degraded);
    assert_eq!(
        paths(WHOLE, &[]).carrier().state,
        Carrier::Up,
        "nobody said anything yet"
    );
}

#[test]
fn a_desk_that_came_back_elsewhere_is_not_called_dead_by_what_a_relay_said_before() {
    use PresenceState::{Present, Reset};
    // It was gone from north, then at south, and south cannot be heard any more.
    let told = paths(
        [true, true, false, false],
        &[("north", Reset), ("south", Present)],
    );
    let back = before(told, &["north", "south"]);
    assert_eq!(of_paths(&back), CauseKind::RemoteDeskUnreachable);
    // It was at north, and then gone from south.
    let told = paths(
        [false, false, true, true],
        &[("north", Present), ("south", Reset)],
    );
    let gone = before(told, &["north", "south"]);
    assert_eq!(of_paths(&gone), CauseKind::RemoteDeskDead);
}

#[test]
fn a_desk_that_was_elsewhere_since_is_not_called_dead_though_it_was_lost_there_too() {
    use PresenceState::{Reset, Silent};
    // Gone from north, which was lost; then at south, which says SILENT now.
    let told = paths(WHOLE, &[("north", Reset), ("south", Silent)]);
    let mut since = before(told, &["north"]);
    since.presence[1].there = Some(super::at(2));
    let cause = since.cause().unwrap();
    assert_eq!(cause.kind, CauseKind::RemoteDeskUnreachable);
    assert!(
        cause.plain.contains("no longer answers south:"),
        "only who says it is named: {}",
        cause.plain
    );
    // It was at south, and then gone from north.
    since.presence[1].there = Some(super::at(0));
    let cause = since.cause().unwrap();
    assert_eq!(cause.kind, CauseKind::RemoteDeskDead);
    assert!(
        cause.plain.ends_with("the connections to north"),
        "{}",
        cause.plain
    );
}

#[test]
fn what_a_relay_said_before_this_desk_was_started_calls_nobody_dead() {
    use PresenceState::{Closed, Present, Reset, Silent};
    for said in [Present, Closed, Reset, Silent] {
        let mut told = paths(WHOLE, &[("north", said), ("south", said)]);
        for fact in &mut told.presence {
            fact.told = Told::Remembered;
        }
        let cause = told.cause().unwrap();
        assert_eq!(
            (cause.kind, told.carrier().state),
            (CauseKind::RemoteDeskUnreachable, Carrier::Down),
            "{said}"
        );
        assert!(cause.plain.contains("nobody says yet"), "{}", cause.plain);
        // One relay says it in this life.
        told.presence[0].told = Told::Now;
        let dead = matches!(said, Closed | Reset);
        let kind = told.cause().map(|cause| cause.kind);
        assert_eq!(kind == Some(CauseKind::RemoteDeskDead), dead, "{said}");
    }
}

#[test]
fn an_empty_watch_is_named_and_one_of_which_nothing_is_known_is_not() {
    let whole = paths(WHOLE, &[]);
    let mut watch = Attendance::default();
    watch.note(place(1), took("okoye"));
    assert_eq!(named(&whole, &watch, &[])[0].kind, CauseKind::None);
    watch.note(place(2), change(WatchVerb::Leave, "okoye"));
    let found = named(&whole, &watch, &[]);
    assert_eq!(found[0].kind, CauseKind::WatchUnmanned);
    assert!(!found[0].evidence.is_empty());
}

#[test]
fn each_stage_of_a_message_that_waits_has_its_own_cause() {
    assert_eq!(of_message(Stage::Displayed), CauseKind::DisplayedNotAcknowledged);
    for alerted in [false, true] {
        assert_eq!(
            of_message(Stage::NotDisplayed { alerted }),
            CauseKind::NotDisplayed
        );
    }
    assert_eq!(of_message(Stage::NotDelivered), CauseKind::NotDelivered);
    let on_its_way = waiting(Stage::NotDelivered, ON_ITS_WAY.as_secs() - 1);
    assert_eq!(on_its_way.cause(), None);
}

#[test]
fn a_refusal_is_named_with_its_reason_verbatim() {
    let stage = Stage::Declined {
        reason: "conditions not appropriate".into(),
        by: "sato".into(),
    };
    let cause = waiting(stage, 0).cause().unwrap();
    assert_eq!(cause.kind, CauseKind::Declined);
    assert!(
        cause.plain.contains("conditions not appropriate"),
        "{}",
        cause.plain
    );
    assert_eq!(cause.message.as_deref(), Some("A-0017"));
}

#[test]
fn an_order_is_named_before_what_it_explains() {
    let cut = paths([false; 4], &[]);
    let watch = Attendance::default().axis((Some(Duration::ZERO), UNHEARD));
    let messages = [waiting(Stage::Displayed, 9)];
    for (verb, political, expected) in [
        (OrderVerb::Suspend, Political::Suspended, CauseKind::Suspended),
        (OrderVerb::Sever, Political::Severed, CauseKind::Severed),
    ] {
        let order = order("B", verb, 1);
        let found = causes(&Silence {
            political,
            orders: &[&order],
            partial: false,
            paths: &cut,
            watch: &watch,
            waiting: &messages,
        });
        let kinds: Vec<CauseKind> = found.iter().map(|cause| cause.kind).collect();
        let rest = [CauseKind::AllPathsCut, CauseKind::DisplayedNotAcknowledged];
        assert_eq!(kinds, [&[expected][..], &rest[..]].concat());
        assert!(found[0].plain.contains("a visit"), "{}", found[0].plain);
    }
}

#[test]
fn of_two_messages_the_more_urgent_is_named_first() {
    let whole = paths(WHOLE, &[]);
    let routine = Waiting {
        name: "A-0001".into(),
        precedence: Precedence::Routine,
        ..waiting(Stage::Displayed, 900)
    };
    let found = named(
        &whole,
        &Attendance::default(),
        &[routine, waiting(Stage::Displayed, 9)],
    );
    assert_eq!(found[0].message.as_deref(), Some("A-0017"));
}

#[test]
fn a_message_is_overdue_at_the_first_alert_step_of_its_precedence() {
    assert!(!waiting(Stage::Displayed, 119).overdue());
    assert!(waiting(Stage::Displayed, 120).overdue());
    assert!(!waiting(Stage::NotDelivered, 900).overdue());
    let deferred = Waiting {
        precedence: Precedence::Deferred,
        ..waiting(Stage::Displayed, 1_000_000)
    };
    assert!(!deferred.overdue());
}

#[test]
fn the_worst_that_was_found_is_the_state_of_an_identity() {
    let fact = || Evidence::observed("two statements for one id", "me", super::at(1));
    assert_eq!(Axis::identity(Vec::new()).state, Identified::Good);
    let found = Axis::identity(vec![(Identified::Revoked, fact()), (Identified::Suspect, fact())]);
    assert_eq!((found.state, found.facts.len()), (Identified::Revoked, 2));
}
