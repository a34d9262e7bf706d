//! S1 in memory: the plan, both players, and a line that delivers at once.
use std::collections::BTreeMap;

use hotline_audit::Hash;
use hotline_core::{
    precedence::Precedence,
    story::StoryClock,
    time::{LineTime, WallTime},
    words::{Answer, Rung},
};

use crate::{
    person::{Heard, Person, Wish},
    plan::{
        Status,
        tests::control::{Control, line, s1},
    },
    record::{Kind, Stamp},
    scenario::{
        lists::Act,
        mark::{Alias, Mark},
        msel::{Deed, Sending},
        player::Do,
    },
};

/// A play of S1: everything that is done, in order, with the second of the story.
struct Play {
    control: Control,
    people: Vec<Person>,
    names: BTreeMap<Hash, String>,
    sent: u8,
    journal: Vec<(u64, String)>,
    /// Names reach the players so much later than everything else, as records do.
    later: Vec<Heard>,
}

impl Play {
    fn new(seats: &[&str]) -> Self {
        let scenario = s1();
        let person = |seat: &&str| Person::new(&scenario, seat, None, None).unwrap();
        Self {
            people: seats.iter().map(person).collect(),
            control: Control::new(scenario, None),
            names: BTreeMap::new(),
            sent: 0,
            journal: Vec::new(),
            later: Vec::new(),
        }
    }

    fn clock(&self) -> StoryClock {
        self.control.plan.clock()
    }

    fn now(&self) -> LineTime {
        line(self.control.now)
    }

    fn tell(&mut self, heard: &Heard) {
        let (now, clock) = (self.now(), self.clock());
        for person in &mut self.people {
            person.hear(heard, now, &clock).unwrap();
        }
    }

    fn note(&mut self, what: String) {
        let second = self.control.story().since_startex().as_millis() / 1_000;
        self.journal.push((u64::try_from(second).unwrap(), what));
    }

    fn rung(&mut self, message: Hash, rung: Rung, at: &str) {
        let heard = Heard::Rung {
            message,
            rung,
            at: at.into(),
        };
        self.tell(&heard);
        let of: Alias = self.names[&message].parse().unwrap();
        let stamp: Stamp = self.control.stamp();
        let at = Some(at.to_owned());
        self.control.plan.seen(Mark::Rung { of, rung, at }, stamp);
    }

    fn send(&mut self, from: &str, sending: &Sending, precedence: Precedence, copy: Option<u16>) {
        self.sent += 1;
        let message = Hash([self.sent; 32]);
        let alias = Alias {
            name: sending.alias.as_ref().unwrap().name.clone(),
            copy,
        };
        self.names.insert(message, alias.to_string());
        let to = if from == "A" { "B" } else { "A" };
        for (desk, incoming) in [(from, false), (to, true)] {
            let code = sending.code.as_ref().map(|coding| coding.code.value.clone());
            let desk = desk.to_owned();
            self.tell(&Heard::Message {
                message,
                alias: None,
                code,
                precedence,
                incoming,
                desk,
            });
        }
        self.rung(message, Rung::Released, from);
        self.rung(message, Rung::Delivered, to);
        self.later.push(Heard::Named {
            alias: alias.clone(),
            message,
        });
        self.control.write(Kind::Named {
            alias: alias.to_string(),
            message: message.to_string(),
        });
    }

    fn wish(&mut self, seat: &str, wish: &Wish) {
        let about = wish.about.and_then(|message| self.names.get(&message).cloned());
        let about = about.unwrap_or_default();
        let rung = match &wish.deed {
            Do::Send(sending) => {
                self.note(format!("{seat} sends {}", sending.alias.as_ref().unwrap().value));
                return self.send(seat, sending, Precedence::Flash, None);
            }
            Do::Answer(answer, sending) => {
                assert_eq!(*answer, Answer::Roger);
                self.note(format!("{seat} answers {about}"));
                self.send(seat, sending, sending.precedence.unwrap(), None);
                Rung::Answered
            }
            Do::Display => Rung::Displayed,
            Do::Act { act: Act::Ack, .. } => Rung::Acknowledged,
            Do::Act {
                act: Act::Present, ..
            } => Rung::Presented,
            Do::Holding { .. } => Rung::Holding,
            Do::Translate { .. } => Rung::Translated,
            other => panic!("{other:?}"),
        };
        if rung != Rung::Answered {
            self.note(format!("{seat} {rung} {about}"));
        }
        self.rung(wish.about.unwrap(), rung, seat);
    }

    /// Everything that is done at this moment.
    fn turn(&mut self) {
        loop {
            let begun = self.control.fired.len();
            let before = self.control.turn_once() + self.later.len();
            for (serial, _) in self.control.fired.split_off(begun) {
                self.note(format!("inject {serial}"));
                let scenario = self.control.plan.scenario().clone();
                let inject = scenario.injects().find(|inject| inject.serial == serial).unwrap();
                for _ in &inject.to {
                    self.tell(&Heard::Inject(serial));
                }
                if let Deed::Message { desk, sending } = &inject.deed {
                    for copy in 1..=sending.repeat {
                        self.send(&desk.value, sending, sending.precedence.unwrap(), Some(copy));
                    }
                }
            }
            for heard in std::mem::take(&mut self.later) {
                self.tell(&heard);
            }
            let (now, clock) = (self.now(), self.clock());
            let mut wishes = Vec::new();
            for person in &mut self.people {
                let seat = person.seat().to_owned();
                wishes.extend(
                    person
                        .due(now, &clock)
                        .into_iter()
                        .map(|wish| (seat.clone(), wish)),
                );
            }
            for (seat, wish) in &wishes {
                self.wish(seat, wish);
            }
            if before + wishes.len() == 0 {
                return;
            }
        }
    }

    fn play(&mut self, rate: u32) -> &'static str {
        self.control.start(rate);
        loop {
            self.turn();
            let idle = self.people.iter().all(Person::idle);
            if let Some(why) = self.control.ended(idle) {
                return why;
            }
            let clock = self.clock();
            let wakes = self.people.iter().filter_map(|person| person.next_wake(&clock));
            let wakes = wakes.map(|wake| wake.since_start().as_nanos().div_ceil(1_000_000));
            let next = wakes
                .map(|ms| u64::try_from(ms).unwrap())
                .chain(self.control.wake())
                .min();
            self.control.now = next.unwrap().max(self.control.now + 1);
        }
    }
}

/// What a watch officer would expect of S1, by the second of the story.
const EXPECTED: [(u64, &str); 14] = [
    (60, "inject 1.1.1"),
    (60, "inject 1.1.2"),
    (100, "A sends m1"),
    (130, "B DISPLAYED m1"),
    (130, "B ACKNOWLEDGED m1"),
    (250, "B HOLDING m1"),
    (490, "B TRANSLATED m1"),
    (490, "B PRESENTED m1"),
    (850, "B answers m1"),
    (870, "A DISPLAYED r1"),
    (870, "A ACKNOWLEDGED r1"),
    (1_050, "A TRANSLATED r1"),
    (1_050, "A PRESENTED r1"),
    (1_050, "end DONE"),
];

#[test]
fn every_rule_of_s1_is_played_once_and_in_the_order_that_a_watch_officer_expects() {
    for rate in [100, 1_000, 7_300, 60_000] {
        let mut play = Play::new(&["A", "B"]);
        let why = play.play(rate);
        play.note(format!("end {why}"));
        let expected: Vec<(u64, String)> = EXPECTED.map(|(second, what)| (second, what.into())).into();
        assert_eq!(play.journal, expected, "at {rate} thousandths");
        let all: Mark = "sar.DELIVERED@B".parse().unwrap();
        assert!(play.control.plan.reached(&all).is_some());
        let contingency = play.control.plan.step("1.1.9".parse().unwrap()).unwrap();
        assert_eq!(contingency.status(), Status::NotNeeded);
    }
}

#[test]
fn when_nobody_sits_at_a_the_minister_asks_and_the_exercise_lasts_as_planned() {
    let mut play = Play::new(&["B"]);
    assert_eq!(play.play(60_000), "DONE");
    let expected = [(60, "inject 1.1.1"), (60, "inject 1.1.2"), (360, "inject 1.1.9")];
    assert_eq!(
        play.journal,
        expected.map(|(second, what)| (second, what.to_owned()))
    );
}

#[test]
fn what_is_done_is_told_by_the_records_alone() {
    let mut play = Play::new(&["A", "B"]);
    play.play(60_000);
    let log = &play.control.log;
    assert!(
        log.iter()
            .all(|record| record.stamp.wall >= WallTime::from_unix_ms(1))
    );
    let (plan, clock) = crate::plan::Plan::fold(s1(), None, log).unwrap();
    assert_eq!(clock, play.clock());
    let of = |plan: &crate::plan::Plan| {
        plan.steps()
            .map(|step| (step.status(), step.since()))
            .collect::<Vec<_>>()
    };
    assert_eq!(of(&plan), of(&play.control.plan));
}
