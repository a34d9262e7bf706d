//! Who keeps the watch.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{change, officer, place, took};
use crate::channel::watch::{NotHolder, UNHEARD, may_be_unheard};
use crate::channel::{Attendance, Watched};
use crate::duty::{WatchVerb, may_order, may_watch};
use crate::words::OfficerRole;

const NOW: (Option<Duration>, Duration) = (Some(Duration::ZERO), UNHEARD);

#[test]
fn a_watch_that_is_taken_is_manned_and_one_that_is_left_is_not() {
    let mut watch = Attendance::default();
    assert_eq!(watch.axis(NOW).state, Watched::Unknown);
    watch.note(place(1), took("okoye"));
    assert_eq!(watch.axis(NOW).state, Watched::Manned);
    watch.note(place(2), change(WatchVerb::Leave, "okoye"));
    let axis = watch.axis(NOW);
    assert_eq!(axis.state, Watched::Unmanned);
    assert_eq!(axis.facts[0].what, "okoye left the watch");
    watch.note(place(3), took("sato"));
    assert_eq!(watch.axis(NOW).state, Watched::Manned);
}

#[test]
fn a_watch_that_is_handed_over_is_kept_until_the_other_takes_it() {
    let mut watch = Attendance::default();
    watch.note(place(1), took("okoye"));
    watch.note(place(2), change(WatchVerb::HandOver, "okoye"));
    let held = watch.held();
    assert_eq!(held.by.unwrap().officer, officer("B", "okoye"));
    assert!(held.offered.is_some());
    assert_eq!(watch.axis(NOW).state, Watched::Manned);
    watch.note(place(3), took("sato"));
    let held = watch.held();
    assert_eq!(held.by.unwrap().officer, officer("B", "sato"));
    assert!(held.offered.is_none());
}

#[test]
fn only_who_holds_the_watch_hands_it_over_or_leaves_it() {
    let mut watch = Attendance::default();
    let (okoye, sato) = (officer("B", "okoye"), officer("B", "sato"));
    assert_eq!(watch.permits(WatchVerb::Leave, &okoye), Err(NotHolder::Nobody));
    watch.note(place(1), took("okoye"));
    for verb in [WatchVerb::Leave, WatchVerb::HandOver] {
        assert_eq!(watch.permits(verb, &okoye), Ok(()));
        assert_eq!(watch.permits(verb, &sato), Err(NotHolder::Other(okoye.clone())));
    }
    assert_eq!(watch.permits(WatchVerb::Take, &sato), Ok(()));
    // One of another's that came all the same changes nothing.
    watch.note(place(2), change(WatchVerb::Leave, "sato"));
    assert_eq!(watch.axis(NOW).state, Watched::Manned);
}

#[test]
fn changes_of_the_watch_count_in_the_order_of_the_chain() {
    let mut watch = Attendance::default();
    watch.note(place(2), change(WatchVerb::Leave, "okoye"));
    assert_eq!(watch.axis(NOW).state, Watched::Unmanned);
    watch.note(place(1), took("okoye"));
    assert_eq!(watch.axis(NOW).state, Watched::Unmanned);
    watch.note(place(2), took("sato"));
    assert_eq!(watch.axis(NOW).state, Watched::Unmanned);
}

#[test]
fn what_a_desk_signed_about_its_watch_counts_no_more_once_it_is_unheard() {
    let mut watch = Attendance::default();
    watch.note(place(1), took("okoye"));
    assert_eq!(watch.axis((Some(UNHEARD), UNHEARD)).state, Watched::Manned);
    let later = UNHEARD + Duration::from_millis(1);
    assert_eq!(watch.axis((Some(later), UNHEARD)).state, Watched::Unknown);
    assert_eq!(watch.axis((None, UNHEARD)).state, Watched::Unknown);
    // Who says that it checks each half hour may be silent for longer, and not as long as it likes.
    let half_hour = may_be_unheard(Duration::from_secs(1800));
    assert_eq!(watch.axis((Some(later), half_hour)).state, Watched::Manned);
    assert_eq!(may_be_unheard(Duration::from_secs(1)), UNHEARD);
    assert_eq!(may_be_unheard(Duration::MAX), Duration::from_secs(3 * 3600));
    // The fact stays to be seen.
    assert_eq!(watch.axis((None, UNHEARD)).facts.len(), 1);
}

#[test]
fn a_stranger_who_signs_many_watches_fills_no_memory() {
    let mut watch = Attendance::default();
    for sequence in 1..2000 {
        watch.note(place(sequence), took("okoye"));
    }
    watch.note(place(2000), change(WatchVerb::Leave, "okoye"));
    assert_eq!(watch.axis(NOW).state, Watched::Unmanned);
    assert!(format!("{watch:?}").matches("WatchEntry").count() <= 256);
}

#[test]
fn watch_and_duty_officers_keep_the_watch_and_releasers_order() {
    let only = |role| BTreeSet::from([role]);
    for role in OfficerRole::ALL {
        let watches = matches!(role, OfficerRole::WatchOfficer | OfficerRole::DutyOfficer);
        assert_eq!(may_watch(&only(*role)), watches, "{role}");
        assert_eq!(may_order(&only(*role)), *role == OfficerRole::Releaser, "{role}");
    }
}
