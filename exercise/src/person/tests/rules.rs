//! Which rule is played upon what, and how often.

use std::sync::Arc;

use super::super::*;
use crate::plan::tests::control::{line, read, s1};
use crate::scenario::{lists::Act, player::Do};
use hotline_core::story::{Rate, Turn};

/// S1's cast with other rules for seat B.
pub(super) fn rules(rules: &str) -> Arc<Scenario> {
    let text = &s1().source.text;
    let (head, rest) = text.split_once("[[player]]\nseat = \"B\"").unwrap();
    let (_, expects) = rest.split_once("[[expect]]").unwrap();
    let sends = "[[player.rule]]\nid = \"sends-r1\"\nwhen = { mark = \"ENDEX\" }\ndo = [{ verb = \"send\", by = [\"novak\"], precedence = \"ROUTINE\", text = { en = \"x\" }, as = \"r1\" }]\n";
    read(&format!(
        "{head}[[player]]\nseat = \"B\"\n{rules}{sends}[[expect]]{expects}"
    ))
}

pub(super) fn rule(id: &str, when: &str, rest: &str) -> String {
    format!("[[player.rule]]\nid = \"{id}\"\nwhen = {{ {when} }}\n{rest}\n")
}

pub(super) const DISPLAY: &str = "do = [{ verb = \"display\" }]";

fn message(number: u8) -> Hash {
    Hash([number; 32])
}

pub(super) fn arrives(number: u8, precedence: Precedence) -> Heard {
    Heard::Message {
        message: message(number),
        alias: None,
        code: (precedence == Precedence::Flash).then(|| "HZ-01".into()),
        precedence,
        incoming: true,
        desk: "B".into(),
    }
}

pub(super) fn rung(number: u8, rung: Rung, at: &str) -> Heard {
    Heard::Rung {
        message: message(number),
        rung,
        at: at.into(),
    }
}

pub(super) fn named(alias: &str, number: u8) -> Heard {
    Heard::Named {
        alias: alias.parse().unwrap(),
        message: message(number),
    }
}

/// A player, and a clock that it is told.
pub(super) struct Bench {
    pub(super) person: Person,
    pub(super) clock: StoryClock,
    pub(super) now: u64,
}

impl Bench {
    pub(super) fn new(scenario: &Arc<Scenario>, seed: Option<u64>) -> Self {
        let mut clock = StoryClock::new();
        clock.turn(Turn::Start(Rate::REAL), line(0)).unwrap();
        let person = Person::new(scenario, "B", None, seed).unwrap();
        Self {
            person,
            clock,
            now: 0,
        }
    }

    pub(super) fn of(scenario: &str) -> Self {
        Self::new(&rules(scenario), None)
    }

    pub(super) fn hear(&mut self, heard: &[Heard]) {
        for heard in heard {
            self.person.hear(heard, line(self.now), &self.clock).unwrap();
        }
    }

    pub(super) fn turn(&mut self, turn: Turn) {
        self.clock.turn(turn, line(self.now)).unwrap();
        self.person.turned(line(self.now), &self.clock);
    }

    /// Rule and message of everything that is due.
    pub(super) fn due(&mut self) -> Vec<(String, Option<u8>)> {
        let wishes = self.person.due(line(self.now), &self.clock);
        let told = |wish: Wish| (wish.rule, wish.about.map(|message| message.0[0]));
        wishes.into_iter().map(told).collect()
    }

    pub(super) fn due_at(&mut self, now: u64) -> Vec<(String, Option<u8>)> {
        self.now = now;
        self.due()
    }
}

pub(super) fn does(rule: &str, about: u8) -> (String, Option<u8>) {
    (rule.into(), Some(about))
}

#[test]
fn a_seat_that_is_not_there_is_named() {
    let error = Person::new(&s1(), "C", None, None).unwrap_err();
    assert_eq!(error.to_string(), "there is no seat \"C\"");
    assert!(Person::new(&s1(), "control", None, None).unwrap().idle());
}

#[test]
fn the_first_rule_in_the_order_of_the_file_is_played_once_for_each_message() {
    let coded = rule("coded", "arrives = \"HZ-01\"", DISPLAY);
    let fast = rule(
        "fast",
        "arrives = \"any\", precedence = [\"FLASH\", \"PRIORITY\"]",
        DISPLAY,
    );
    let any = rule("any", "arrives = \"any\"", DISPLAY);
    let mut bench = Bench::of(&(coded + &fast + &any));
    bench.hear(&[
        arrives(1, Precedence::Flash),
        arrives(2, Precedence::Priority),
        arrives(3, Precedence::Routine),
    ]);
    let all = [does("coded", 1), does("fast", 2), does("any", 3)];
    assert_eq!(bench.due(), all);
    // Told again by another leg, or by another desk, it is no news.
    bench.hear(&[arrives(1, Precedence::Flash)]);
    assert_eq!(bench.due(), []);
}

#[test]
fn what_a_side_sends_itself_and_what_comes_to_another_desk_arrives_nowhere() {
    let mut bench = Bench::of(&rule("any", "arrives = \"any\"", DISPLAY));
    for (sent, at) in [(false, "B"), (true, "A")] {
        let Heard::Message {
            message, precedence, ..
        } = arrives(1, Precedence::Routine)
        else {
            panic!()
        };
        let (alias, code, desk) = (None, None, at.to_owned());
        bench.hear(&[Heard::Message {
            message,
            alias,
            code,
            precedence,
            incoming: sent,
            desk,
        }]);
    }
    assert_eq!(bench.due(), []);
}

#[test]
fn times_counts_for_one_message_and_unless_holds_also_while_a_rule_waits() {
    let twice = "wait = \"10s story\"\ntimes = 3\ndo = [{ verb = \"display\" }]";
    let unless = "wait = \"10s story\"\nunless = \"r1.RELEASED\"\ndo = [{ verb = \"display\" }]";
    let mut bench = Bench::of(
        &(rule("twice", "rung = \"DISPLAYED\", of = \"m1\"", twice)
            + &rule("unless", "arrives = \"any\"", unless)
            + &rule("else", "arrives = \"any\"", DISPLAY)),
    );
    bench.hear(&[
        named("m1", 1),
        rung(1, Rung::Displayed, "A"),
        rung(1, Rung::Displayed, "B"),
    ]);
    bench.hear(&[rung(1, Rung::Displayed, "B"), arrives(2, Precedence::Routine)]);
    bench.now = 5_000;
    bench.hear(&[
        Heard::Mark("r1.RELEASED@A".parse().unwrap()),
        arrives(3, Precedence::Routine),
    ]);
    assert_eq!(bench.due(), [does("else", 3)]);
    assert_eq!(bench.due_at(10_000), [does("twice", 1), does("twice", 1)]);
    assert!(bench.person.idle());
}

#[test]
fn a_rung_that_was_heard_before_the_name_counts_from_when_it_was_heard() {
    let wait = "wait = \"1m story\"\ndo = [{ verb = \"display\" }]";
    let mut bench = Bench::of(&rule(
        "holds",
        "rung = \"ACKNOWLEDGED\", of = \"m1\", at = \"B\"",
        wait,
    ));
    bench.hear(&[rung(7, Rung::Acknowledged, "B"), rung(8, Rung::Acknowledged, "B")]);
    assert_eq!(bench.person.next_wake(&bench.clock), None);
    bench.now = 20_000;
    bench.hear(&[named("m1", 7)]);
    assert_eq!(bench.person.next_wake(&bench.clock), Some(line(60_000)));
    assert_eq!(bench.due_at(59_999), []);
    assert_eq!(bench.due_at(60_000), [does("holds", 7)]);
    assert!(
        bench.person.reached.is_empty(),
        "nothing waits for a name any longer"
    );
    // Another message does not take the name.
    bench.hear(&[named("m1", 8)]);
    assert_eq!(bench.due_at(600_000), []);
}

#[test]
fn a_deed_about_a_message_without_a_name_yet_waits_for_it_and_holds_up_what_follows() {
    let deeds = "do = [{ verb = \"display\" }, { verb = \"ack\", by = [\"rossi\"], of = \"m1\" }, { verb = \"nothing\" }]";
    let mut bench = Bench::of(&rule("acks", "arrives = \"any\"", deeds));
    bench.hear(&[arrives(2, Precedence::Routine)]);
    assert_eq!(bench.due(), [does("acks", 2)]);
    assert!(bench.person.idle());
    assert_eq!(bench.person.next_wake(&bench.clock), None);
    bench.hear(&[named("m1", 1)]);
    assert!(!bench.person.idle());
    let wishes = bench.person.due(line(0), &bench.clock);
    assert!(matches!(wishes[0].deed, Do::Act { act: Act::Ack, .. }));
    assert_eq!(wishes[0].about, Some(message(1)));
    assert_eq!((wishes.len(), wishes[1].about), (2, Some(message(2))));
}

#[test]
fn a_repeated_message_is_a_cue_by_each_copy_and_a_mark_by_all() {
    let each = rule("each", "rung = \"DELIVERED\", of = \"sar\"", DISPLAY);
    let one = rule("one", "rung = \"DISPLAYED\", of = \"sar#2\"", DISPLAY);
    let all = rule(
        "all",
        "mark = \"sar.DELIVERED@B\"",
        "do = [{ verb = \"nothing\" }]",
    );
    let mut bench = Bench::of(&(each + &one + &all));
    for copy in 1..=40 {
        bench.hear(&[
            named(&format!("sar#{copy}"), copy),
            rung(copy, Rung::Displayed, "B"),
        ]);
        bench.hear(&[rung(copy, Rung::Delivered, "B")]);
    }
    let due = bench.due();
    assert_eq!(due.len(), 42);
    assert_eq!(due.iter().filter(|(rule, _)| rule == "each").count(), 40);
    assert!(due.contains(&does("one", 2)));
    assert_eq!(due.last(), Some(&("all".into(), None)));
}

#[test]
fn labels_injects_and_marks_are_cues_and_a_label_is_news_when_it_changes() {
    let label = rule(
        "label",
        "label = \"DEGRADED\", at = \"B\"",
        "times = 2\ndo = [{ verb = \"nothing\" }]",
    );
    let inject = rule("inject", "inject = \"1.1.1\"", "do = [{ verb = \"nothing\" }]");
    let mark = rule("mark", "mark = \"inject 1.1.1\"", "do = [{ verb = \"nothing\" }]");
    let mut bench = Bench::of(&(label + &inject + &mark));
    let shows = |label, at: &str| Heard::Label { label, at: at.into() };
    let degraded = shows(Label::Degraded, "B");
    bench.hear(&[degraded.clone(), degraded.clone(), shows(Label::Degraded, "A")]);
    assert_eq!(bench.due().len(), 1);
    bench.hear(&[shows(Label::Open, "B"), degraded]);
    assert_eq!(bench.due().len(), 1);
    bench.hear(&[Heard::Inject("1.1.1".parse().unwrap())]);
    assert_eq!(bench.due(), [("inject".into(), None), ("mark".into(), None)]);
}
