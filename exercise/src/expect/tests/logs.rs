//! What relays' logs and the cosignatures over them show: what a message is worth whose key has ended, and how long what
//! was said lay open.

use super::{
    forms::{judged, met, not_met},
    *,
};
use crate::testing::BEGAN;

/// From here on A's keys may have been in other hands.
const SINCE_MS: u64 = 15_000;

/// A says something before its keys were copied, in the window of doubt, and behind the end of its key; `asked` says which
/// of them is the one that is asked about.
fn copied(asked: usize, witnessed: bool) -> impl FnOnce(&mut Play) {
    move |play: &mut Play| {
        let cosigns = |play: &mut Play, ms: u64| {
            play.at(ms);
            if witnessed {
                play.cosign(0).cosign(1);
            }
        };
        let before = sent(play, 1_000, "before");
        cosigns(play, 5_000);
        let doubtful = sent(play, 20_000, "in the window");
        cosigns(play, 25_000);
        let order = play.world.end_desk_a(BEGAN + SINCE_MS, BEGAN + 30_000);
        for log in ["relay-north", "relay-south"] {
            play.logs.entry(log).or_default().extend(order.clone());
        }
        let behind = play
            .at(40_000)
            .send_into(&Draft::flash("A", "the thief"), &["relay-north"]);
        play.at(50_000)
            .name("x", [before, doubtful, behind][asked])
            .endex();
    }
}

#[test]
fn a_message_counts_where_the_logs_show_it_before_the_end_of_its_key_and_before_the_doubt() {
    let seen = met("{ standing = \"COUNTS\", of = \"x\" }", copied(0, true));
    assert!(
        seen.starts_with("A-0001: COUNTS: #0 of relay-north lies before #"),
        "{seen}"
    );
    for named in [
        "from where its key's end is known; B has cosigned that log at 4 entries, ",
        "; A itself cosigned relay-south at 3 entries with it ",
        ", before the doubt began, ",
    ] {
        assert!(seen.contains(named), "{named}: {seen}");
    }
    not_met("{ standing = \"REVIEW\", of = \"x\" }", copied(0, true));
}

#[test]
fn a_message_of_the_window_is_for_review_though_it_lies_before_the_end_of_its_key() {
    let seen = met("{ standing = \"REVIEW\", of = \"x\" }", copied(1, true));
    assert!(
        seen.starts_with("A-0002: REVIEW: #") && seen.contains(", not before the doubt began, "),
        "{seen}"
    );
    met("{ standing = \"NOT_COUNTED\", of = \"x\" }", copied(1, true));
    not_met("{ standing = \"COUNTS\", of = \"x\" }", copied(1, true));
}

#[test]
fn what_stands_behind_the_end_of_its_key_counts_nowhere() {
    let seen = met("{ standing = \"REVOKED_KEY\", of = \"x\" }", copied(2, true));
    assert!(seen.contains("REVOKED_KEY: #"), "{seen}");
    assert!(seen.contains("of relay-north stands behind #"), "{seen}");
    met("{ standing = \"NOT_COUNTED\", of = \"x\" }", copied(2, true));
    not_met("{ standing = \"COUNTS\", of = \"x\" }", copied(2, true));
}

#[test]
fn what_nobody_has_cosigned_cannot_be_told() {
    for asked in ["COUNTS", "REVIEW", "NOT_COUNTED"] {
        let is = format!("{{ standing = \"{asked}\", of = \"x\" }}");
        let judged = judged(&is, copied(0, false));
        assert_eq!(judged.met, Met::Undecided, "{asked}: {judged:#?}");
        assert!(
            judged.observed.contains("cannot be told: "),
            "{}",
            judged.observed
        );
    }
}

#[test]
fn of_a_key_that_has_not_ended_nothing_is_in_doubt() {
    let seen = not_met("{ standing = \"COUNTS\", of = \"x\" }", |play| {
        sent(play, 1_000, "one");
    });
    assert_eq!(seen, "A-0001: no relay's log holds it with a key that has ended");
}

#[test]
fn the_report_says_of_every_message_of_a_key_that_has_ended_what_it_is_worth() {
    let mut play = Play::of(&expecting(&[]));
    copied(0, true)(&mut play);
    let (evidence, timeline) = (play.evidence(), play.timeline());
    let judged = judge(&evidence.scenario, None, StageKind::Headless, &timeline);
    let lines = crate::report::build(&evidence, &timeline, &judged)
        .integrity
        .standings;
    let has = |words: &str| {
        assert!(
            lines.iter().any(|line| line.contains(words)),
            "{words}: {lines:#?}"
        );
    };
    has("The key of A was ended by deny-list order 1 of its side; it may have been in other hands from ");
    has("A-0001 COUNTS: ");
    has("A-0002 REVIEW: ");
    // What nobody else holds is no part of what happened, and is told all the same.
    has("REVOKED_KEY");
}

const BOUND: &str = "{ witnessed = \"north\", within = \"60s line\", entries = 3 }";

#[test]
fn what_is_cosigned_soon_and_often_bounds_what_a_relay_could_deny() {
    let seen = met(BOUND, |play| {
        sent(play, 1_000, "one");
        play.at(21_000).cosign(1);
        play.at(30_000).looks().endex();
    });
    assert!(
        seen.starts_with(
            "of 3 statements in relay-north the one that lay open longest (#0) did for 20.500 s line"
        ),
        "{seen}"
    );
    assert!(
        seen.ends_with("at most 3 lay open at once; the newest cosigned checkpoint holds 3 of 3 entries"),
        "{seen}"
    );
}

#[test]
fn a_witness_that_is_silent_or_late_or_slept_through_too_much_bounds_nothing() {
    let silent = not_met(BOUND, |play| {
        sent(play, 1_000, "one");
        play.at(90_000).looks().endex();
    });
    assert!(
        silent.contains("and nobody has cosigned anything of this log"),
        "{silent}"
    );
    let stopped = not_met(BOUND, |play| {
        sent(play, 1_000, "one");
        play.at(3_000).cosign(1);
        play.at(4_000).send(&Draft::flash("A", "two"));
        play.at(90_000).looks().endex();
    });
    assert!(
        stopped.contains("(#3)") && stopped.contains("and nobody has cosigned it"),
        "{stopped}"
    );
    let late = not_met(BOUND, |play| {
        sent(play, 1_000, "one");
        play.at(70_000).cosign(1);
        play.at(71_000).looks().endex();
    });
    assert!(late.contains("until it was cosigned"), "{late}");
    let much = not_met(BOUND, |play| {
        sent(play, 1_000, "one");
        sent(play, 2_000, "two");
        play.at(3_000).cosign(1);
        play.at(4_000).looks().endex();
    });
    assert!(much.contains("at most 6 lay open at once"), "{much}");
}

#[test]
fn what_was_said_just_before_the_end_has_not_lain_open_for_long() {
    met(BOUND, |play| {
        sent(play, 1_000, "one");
        play.at(9_000).cosign(1);
        sent(play, 10_000, "two");
        play.at(30_000).looks().endex();
    });
}

#[test]
fn of_a_log_of_which_nobody_has_cosigned_anything_nothing_is_bounded_however_short_the_exercise() {
    let seen = not_met(BOUND, |play| {
        sent(play, 1_000, "one");
        play.at(30_000).looks().endex();
    });
    assert!(seen.contains("nobody has cosigned anything"), "{seen}");
}

#[test]
fn that_a_side_cosigns_its_own_log_bounds_nothing() {
    let seen = not_met(BOUND, |play| {
        sent(play, 1_000, "one");
        let log = play.world.log("relay-north", play.logs["relay-north"].clone());
        let own = play.world.anchor(0, &log, BEGAN / 1_000 + 3);
        play.logs.entry("relay-south").or_default().push(own);
        play.at(90_000).looks().endex();
    });
    assert!(seen.contains("nobody has cosigned anything"), "{seen}");
}
