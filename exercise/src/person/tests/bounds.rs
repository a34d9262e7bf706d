//! What holds of every script.
use std::time::Duration;

use proptest::prelude::*;

use super::super::*;
use super::rules::{Bench, DISPLAY, arrives, does, named, rule, rules, rung};
use crate::plan::tests::control::{line, s1};
use hotline_core::story::Turn;

#[test]
fn chance_is_drawn_with_a_seed_only_and_once_for_a_message() {
    let half = rule("half", "arrives = \"any\"", &format!("chance = 50\n{DISPLAY}"));
    let scenario = rules(&(half + &rule("else", "arrives = \"any\"", DISPLAY)));
    let played = |seed| {
        let mut bench = Bench::new(&scenario, seed);
        for number in (0..200).chain(0..200) {
            bench.hear(&[arrives(number, Precedence::Routine)]);
        }
        bench.due()
    };
    assert!(played(None).iter().all(|(rule, _)| rule == "half"));
    let drawn = played(Some(1));
    assert_eq!((drawn.len(), &drawn), (200, &played(Some(1))));
    let half = drawn.iter().filter(|(rule, _)| rule == "half").count();
    assert!((60..140).contains(&half), "{half}");
    assert_ne!(drawn, played(Some(2)));
}

#[test]
fn a_script_that_runs_away_is_stopped_with_its_number() {
    let sixteen = format!(
        "wait = \"1h story\"\ndo = [{}]",
        ["{ verb = \"nothing\" }"; 16].join(", ")
    );
    let mut bench = Bench::of(&rule("flood", "arrives = \"any\"", &sixteen));
    for number in 0..64 {
        bench.hear(&[arrives(number, Precedence::Routine)]);
    }
    let heard = arrives(64, Precedence::Routine);
    let error = bench.person.hear(&heard, line(0), &bench.clock).unwrap_err();
    assert_eq!(error.number(), 170);
    assert!(
        error
            .to_string()
            .starts_with("HL-EX-170 the script of seat \"B\" ran away"),
        "{error}"
    );
    assert_eq!(bench.due_at(3_600_000).len(), PENDING_MAX);
}

#[test]
fn a_script_says_when_in_the_story_its_next_deed_is_due_and_nothing_while_one_waits_for_the_line() {
    let later = "wait = \"2h story\"\ndo = [{ verb = \"display\" }]";
    let line_wait = "wait = \"30s line\"\ndo = [{ verb = \"display\" }]";
    let flash = "arrives = \"any\", precedence = [\"FLASH\"]";
    let mut bench = Bench::of(&(rule("line", flash, line_wait) + &rule("later", "arrives = \"any\"", later)));
    assert_eq!(bench.person.next_story(), None);
    bench.hear(&[arrives(1, Precedence::Routine)]);
    let due = StoryTime::from_startex(Duration::from_secs(7_200));
    assert_eq!(bench.person.next_story(), Some(due));
    bench.hear(&[arrives(2, Precedence::Flash)]);
    assert_eq!(bench.person.next_story(), None);
    assert!(!bench.person.idle());
}

#[test]
fn while_the_story_stands_a_script_does_nothing_and_waits_on_the_line_stand_too() {
    let line_wait = "wait = \"30s line\"\ndo = [{ verb = \"display\" }]";
    let mut bench = Bench::of(&rule("line", "arrives = \"any\"", line_wait));
    bench.hear(&[arrives(1, Precedence::Routine)]);
    bench.now = 20_000;
    bench.turn(Turn::Pause);
    assert_eq!(
        (bench.due_at(500_000), bench.person.next_wake(&bench.clock)),
        (vec![], None)
    );
    bench.turn(Turn::Resume);
    assert_eq!(bench.person.next_wake(&bench.clock), Some(line(510_000)));
    assert_eq!(bench.due_at(509_999), []);
    assert_eq!(bench.due_at(510_000), [does("line", 1)]);
}

/// Everything that may be heard of three messages, in S1's own script of B.
fn news() -> Vec<Heard> {
    let mut news = vec![arrives(1, Precedence::Flash), named("m1", 1), named("r1", 2)];
    for number in [1, 2, 3] {
        for step in [
            Rung::Delivered,
            Rung::Acknowledged,
            Rung::Holding,
            Rung::Presented,
        ] {
            news.extend(["A", "B"].map(|desk| rung(number, step, desk)));
        }
    }
    news
}

proptest! {
    #[test]
    fn in_whatever_order_and_however_often_news_come_the_same_is_done(
        order in Just(news()).prop_shuffle(), again in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let scenario = s1();
        let done = |news: &[Heard]| {
            let mut bench = Bench::new(&scenario, None);
            bench.hear(news);
            let mut due = bench.due_at(3_600_000);
            due.sort();
            due
        };
        let twice: Vec<Heard> = order.iter().cloned().chain(again.iter().map(|index| index.get(&order).clone())).collect();
        prop_assert_eq!(done(&twice), done(&news()));
    }

    #[test]
    fn a_pause_of_any_length_moves_no_deed_of_a_player(
        heard in 0..200_000_u64, pause in 0..200_000_u64, length in 0..100_000_000_u64,
    ) {
        let mut bench = Bench::new(&s1(), None);
        let mut told = false;
        bench.now = pause.min(heard);
        if heard <= pause {
            bench.hear(&[arrives(1, Precedence::Flash)]);
            told = true;
            let due = if pause >= heard + 30_000 { 2 } else { 0 };
            prop_assert_eq!(bench.due_at(pause).len(), due);
            if due > 0 {
                return Ok(());
            }
        }
        bench.turn(Turn::Pause);
        bench.now = pause + length;
        bench.turn(Turn::Resume);
        if !told {
            bench.now = heard + length;
            bench.hear(&[arrives(1, Precedence::Flash)]);
        }
        let at = heard + 30_000 + length;
        prop_assert_eq!(bench.person.next_wake(&bench.clock), Some(line(at)));
        prop_assert_eq!(bench.due_at(at - 1), []);
        prop_assert_eq!(bench.due_at(at).len(), 2);
        let story = bench.clock.at(line(at)).since_startex();
        prop_assert_eq!(story, Duration::from_millis(heard + 30_000));
    }
}
