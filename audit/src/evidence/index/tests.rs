//! What a report costs, counted.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::cell::Cell;

use crate::evidence::Evidence;

/// A line of two sides, as the tests of whole bundles play it.
#[path = "../../../tests/line/mod.rs"]
mod line;

thread_local! {
    /// Steps of all searches in this thread.
    pub(super) static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// Statements, checkpoints, and steps of searches that it took to compare both sides.
fn compared(messages: u64) -> (u64, u64, u64) {
    let story = line::story::Story {
        messages,
        witnessed_every: 1,
    };
    let line = line::story::play(story);
    let (a, b) = (line.bundle(0), line.bundle(1));
    STEPS.with(|steps| steps.set(0));
    let evidence = Evidence::judge(&[&a, &b], &line.policy("quorum none")).unwrap();
    let report = evidence.compare();
    assert!(report.findings.is_empty(), "{report}");
    let steps = STEPS.with(Cell::get);
    (report.timeline.len() as u64, evidence.notes.len() as u64, steps)
}

#[test]
fn with_twice_the_messages_and_checkpoints_a_comparison_takes_little_more_than_twice_the_steps() {
    let (few, notes, steps) = compared(12);
    let (many, more_notes, more_steps) = compared(24);
    assert!(
        many >= 2 * few - 8 && more_notes >= 2 * notes - 8,
        "{many} {more_notes}"
    );
    println!("{few} statements, {notes} checkpoints: {steps} steps; {many}, {more_notes}: {more_steps}");
    assert!(
        steps > 0 && more_steps * 10 < steps * 30,
        "{steps} and {more_steps}"
    );
}

#[test]
fn what_one_leaf_says_is_taken_once_however_many_copies_hold_it() {
    let line = line::story::play(line::story::SHORT);
    let (a, b) = (line.bundle(0), line.bundle(1));
    let both = Evidence::judge(&[&a, &b], &line.policy("quorum none")).unwrap();
    let mut leaves: Vec<String> = both
        .notes
        .iter()
        .filter(|note| matches!(note.kept, crate::evidence::Source::Leaf { .. }))
        .map(|note| note.kept.to_string())
        .collect();
    let all = leaves.len();
    leaves.sort();
    leaves.dedup();
    assert_eq!(leaves.len(), all);
}
