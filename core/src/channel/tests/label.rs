//! One test per row, and that every combination has a label.

use crate::channel::label::TABLE;
use crate::channel::{Carrier, Identified, Label, Political, Standing, Watched, label};

const WELL: Standing = Standing {
    carrier: Carrier::Up,
    watch: Watched::Manned,
    political: Political::Open,
    identity: Identified::Good,
    chartered: true,
    heard: true,
    restoring: false,
    overdue: false,
    dormant: false,
};

/// Everything that a lower row could say, so that only precedence decides.
const WORST: Standing = Standing {
    carrier: Carrier::Down,
    watch: Watched::Unmanned,
    political: Political::Severed,
    identity: Identified::Revoked,
    chartered: false,
    heard: false,
    restoring: true,
    overdue: true,
    dormant: true,
};

#[test]
fn a_line_that_is_well_is_open_also_while_nobody_signed_the_watch() {
    assert_eq!(label(&WELL), Label::Open);
    let watch = Watched::Unknown;
    assert_eq!(label(&Standing { watch, ..WELL }), Label::Open);
}

#[test]
fn an_identity_in_doubt_outranks_everything() {
    for identity in [Identified::Suspect, Identified::Revoked] {
        assert_eq!(label(&Standing { identity, ..WORST }), Label::Compromised);
        assert_eq!(label(&Standing { identity, ..WELL }), Label::Compromised);
    }
}

#[test]
fn a_channel_without_a_charter_is_provisioned() {
    let worst = Standing {
        identity: Identified::Good,
        ..WORST
    };
    assert_eq!(label(&worst), Label::Provisioned);
    let chartered = false;
    assert_eq!(label(&Standing { chartered, ..WELL }), Label::Provisioned);
}

#[test]
fn a_restoration_under_way_is_named_before_what_it_lifts_and_only_then() {
    let worst = Standing {
        identity: Identified::Good,
        chartered: true,
        ..WORST
    };
    assert_eq!(label(&worst), Label::Restoring);
    let restoring = true;
    assert_eq!(label(&Standing { restoring, ..WELL }), Label::Open);
}

#[test]
fn severed_and_suspended_are_named_before_a_cut() {
    for (political, expected) in [
        (Political::Severed, Label::Severed),
        (Political::Suspended, Label::Suspended),
    ] {
        let worst = Standing {
            identity: Identified::Good,
            chartered: true,
            restoring: false,
            political,
            ..WORST
        };
        assert_eq!(label(&worst), expected);
        assert_eq!(label(&Standing { political, ..WELL }), expected);
    }
}

#[test]
fn a_cut_without_an_order_is_interrupted() {
    let worst = Standing {
        identity: Identified::Good,
        chartered: true,
        restoring: false,
        political: Political::Open,
        ..WORST
    };
    assert_eq!(label(&worst), Label::Interrupted);
}

#[test]
fn a_line_on_which_the_other_desk_was_never_heard_is_testing() {
    let worst = Standing {
        heard: false,
        overdue: true,
        dormant: true,
        carrier: Carrier::Degraded,
        ..WELL
    };
    assert_eq!(label(&worst), Label::Testing);
}

#[test]
fn silent_people_are_unresponsive_and_never_a_line_that_is_down() {
    let worst = Standing {
        dormant: true,
        carrier: Carrier::Degraded,
        ..WELL
    };
    let overdue = true;
    let watch = Watched::Unmanned;
    assert_eq!(label(&Standing { overdue, ..worst }), Label::Unresponsive);
    assert_eq!(label(&Standing { watch, ..worst }), Label::Unresponsive);
}

#[test]
fn a_line_that_nobody_checked_for_thirty_days_is_dormant() {
    let worst = Standing {
        dormant: true,
        carrier: Carrier::Degraded,
        ..WELL
    };
    assert_eq!(label(&worst), Label::Dormant);
}

#[test]
fn lost_redundancy_is_degraded() {
    let carrier = Carrier::Degraded;
    assert_eq!(label(&Standing { carrier, ..WELL }), Label::Degraded);
}

#[test]
fn every_combination_has_a_label_and_every_row_is_reached() {
    let both = [false, true];
    let mut reached = vec![0usize; TABLE.len()];
    for &carrier in Carrier::ALL {
        for &watch in Watched::ALL {
            for &political in Political::ALL {
                for &identity in Identified::ALL {
                    for bits in 0..32usize {
                        let bit = |number: usize| both[(bits >> number) & 1];
                        let standing = Standing {
                            carrier,
                            watch,
                            political,
                            identity,
                            chartered: bit(0),
                            heard: bit(1),
                            restoring: bit(2),
                            overdue: bit(3),
                            dormant: bit(4),
                        };
                        let row = TABLE.iter().position(|row| (row.applies)(&standing)).unwrap();
                        assert_eq!(label(&standing), TABLE[row].label, "{standing:?}");
                        reached[row] += 1;
                    }
                }
            }
        }
    }
    assert!(reached.iter().all(|count| *count > 0), "{reached:?}");
    for label in Label::ALL {
        assert!(TABLE.iter().any(|row| row.label == *label), "{label}");
    }
}

#[test]
fn the_table_of_the_specification_is_the_table_of_the_code() {
    let specification = include_str!("../../../README.md");
    for row in TABLE {
        let line = format!("| {} | {} |", row.when, row.label);
        assert!(specification.contains(&line), "the specification lacks: {line}");
    }
}
