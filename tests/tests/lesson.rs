//! The lessons, as a reader takes them: each on a line of its own, and each as it says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::process::Command;

/// Takes a lesson without a reader; everything that it printed.
fn take(name: &str) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_hotline-under-test"))
        .args(["lesson", name, "--no-input"])
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(
        out.status.success(),
        "{name}: {}\n{said}\n{}",
        out.status,
        String::from_utf8_lossy(&out.stderr)
    );
    assert!(!said.contains("FAIL"), "{said}");
    said
}

#[test]
fn a_relay_is_killed_in_the_middle_of_traffic_and_nothing_is_lost() {
    let said = take("kill-a-relay");
    assert!(said.contains("0 lost, 0 shown twice"), "{said}");
    assert!(said.contains("acknowledged by rossi"), "{said}");
}

#[test]
fn five_silences_are_told_apart_by_what_is_signed() {
    let said = take("why-silent");
    for cause in [
        "NOT_DISPLAYED",
        "DISPLAYED_NOT_ACKNOWLEDGED",
        "DECLINED",
        "REMOTE_DESK_DEAD",
        "ALL_PATHS_CUT",
    ] {
        assert!(said.contains(&format!("[{cause}]")), "{cause}: {said}");
    }
}

#[test]
fn only_both_relays_and_both_doors_carry_through_every_trouble() {
    let said = take("why-twice");
    assert!(
        said.contains("two relays, both doors waits for nothing"),
        "{said}"
    );
    assert!(said.contains("0 lost"), "{said}");
}

#[test]
fn a_log_that_was_changed_torn_or_put_back_is_found_out() {
    let said = take("tamper");
    assert!(said.contains("it is found"), "{said}");
    assert!(said.contains("alone it verifies"), "{said}");
}

#[test]
fn the_lessons_are_listed_with_the_first_one_to_take() {
    let out = Command::new(env!("CARGO_BIN_EXE_hotline-under-test"))
        .arg("lesson")
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&out.stdout);
    assert!(said.contains("Start with: hotline lesson kill-a-relay"), "{said}");
    assert_eq!(
        said.lines().filter(|line| line.contains(" min)")).count(),
        4,
        "{said}"
    );
}
