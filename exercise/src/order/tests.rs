//! What a controller signs: who signed it, when it is stale, what it becomes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use std::{collections::BTreeMap, sync::Arc, time::Duration};

use hotline_audit::{Enrolment, PayloadType, Purpose, RosterBuilder, RosterSet, SignedStatement, SigningKey};
use hotline_core::{
    story::Rate,
    time::{LineTime, WallTime},
};

use super::*;
use crate::{
    plan::Plan,
    record::{InjectStatus, Kind, Record, Startex, TurnWord},
    scenario::{self, shipped},
};

const NOW: u64 = 1_795_000_000_000;
const DOMAIN: &str = "exercise.excon.example";
const EXERCISE: &str = "S1-1";

/// Control of S1: its roster, its plan, and what was written down about it.
struct Control {
    rosters: RosterSet,
    statements: BTreeMap<String, (u8, Hash)>,
    plan: Plan,
    heads: Heads,
    number: u64,
    line: u64,
    ids: u8,
}

impl Control {
    /// Behind STARTEX, at ×1.
    fn started() -> Self {
        let mut builder = RosterBuilder::new(DOMAIN, SigningKey::from_seed(&[9; 32])).unwrap();
        let mut statements = BTreeMap::new();
        for (seed, name) in [(1, "conductor"), (2, "lindqvist"), (3, "rossi")] {
            let enrolment = Enrolment {
                purpose: Purpose::Control,
                subject: format!("spiffe://{DOMAIN}/control/{name}"),
                roles: Vec::new(),
                public_key: SigningKey::from_seed(&[seed; 32]).public(),
                not_before_ms: NOW - 1_000,
                not_after_ms: NOW + 1_000_000,
            };
            statements.insert(name.to_owned(), (seed, builder.enrol(enrolment).unwrap()));
        }
        let mut rosters = RosterSet::new();
        rosters.update(builder.finish()).unwrap();
        let scenario = Arc::new(scenario::parse("S1.toml", shipped::by_id("S1").unwrap().text).unwrap());
        let startex = Startex {
            scenario: "S1".into(),
            variant: None,
            scenario_sha256: Hash::of(scenario.source.text.as_bytes()).to_string(),
            codebook: "starter/1".into(),
            codebook_sha256: String::new(),
            stage: "headless".into(),
            seed: 1,
            rate: 1_000,
            release: 2,
            processes: Vec::new(),
            seats: BTreeMap::new(),
            desks: BTreeMap::new(),
        };
        let mut control = Self {
            rosters,
            statements,
            plan: Plan::new(scenario, None),
            heads: Heads::default(),
            number: 0,
            line: 0,
            ids: 0,
        };
        control.write(Kind::Startex(Box::new(startex)), None);
        control
    }

    fn line(&self) -> LineTime {
        LineTime::from_start(Duration::from_millis(self.line))
    }

    fn write(&mut self, kind: Kind, by: Option<&str>) -> Record {
        self.line += 1_000;
        let record = self
            .plan
            .record(kind, WallTime::from_unix_ms(NOW), self.line())
            .unwrap();
        self.plan.take(&record).unwrap();
        self.number += 1;
        let hash = Hash::of(format!("record {}", self.number).as_bytes());
        self.heads.take(self.number, hash, by, &record);
        record
    }

    fn authority(&self) -> Authority {
        Authority {
            rosters: self.rosters.clone(),
            exercise: EXERCISE.into(),
            conductor: format!("spiffe://{DOMAIN}/control/conductor"),
        }
    }

    fn signed(&mut self, name: &str, exercise: &str, command: &Command, expects: Hash) -> Vec<u8> {
        let (seed, key_statement) = self.statements[name];
        self.ids += 1;
        let by = By {
            id: [self.ids; 16],
            exercise: exercise.into(),
            controller: format!("spiffe://{DOMAIN}/control/{name}"),
            key_statement,
            claimed_ms: NOW,
        };
        let order = command.unsigned(by, expects).unwrap().encode();
        let key = SigningKey::from_seed(&[seed; 32]);
        SignedStatement::sign(PayloadType::ControlOrder, &order, &key)
            .unwrap()
            .into_bytes()
    }

    /// What a controller who looked at `seen` orders.
    fn order(
        &mut self,
        name: &str,
        command: &Command,
        seen: &BTreeMap<String, String>,
    ) -> Result<Becomes, Refusal> {
        let class = command.class().map(|class| class.to_string());
        let expects = class.and_then(|class| seen.get(&class)?.parse().ok());
        let bytes = self.signed(name, EXERCISE, command, expects.unwrap_or(Hash::ZERO));
        let genuine = Genuine::of(bytes, &self.authority(), NOW)?;
        let stamp = crate::record::Stamp {
            wall: WallTime::from_unix_ms(NOW),
            line: self.line(),
            story: self.plan.clock().at(self.line()),
        };
        let becomes = judge(&self.plan, &self.heads, &genuine, &["1.2.1"], stamp)?;
        if let Becomes::Record(kind) = &becomes {
            self.write(kind.clone(), Some(name));
        }
        Ok(becomes)
    }
}

fn speed(rate: &str) -> Command {
    Command::Speed {
        rate: rate.parse::<Rate>().unwrap().thousandths(),
    }
}

#[test]
fn an_order_is_read_as_it_was_signed_and_in_no_other_words() {
    let commands = [
        Command::Pause,
        speed("2"),
        Command::Shift { by_ms: -300_000 },
        Command::Skip {
            serial: "1.1.9".into(),
            why: "they notified".into(),
        },
        Command::Note {
            text: "the first call was late".into(),
            objective: None,
        },
        Command::Rate {
            objective: "O1".into(),
            rating: Rating::P,
            text: String::new(),
        },
        Command::Fault(cut()),
        Command::End,
    ];
    let mut control = Control::started();
    for command in commands {
        let bytes = control.signed("rossi", EXERCISE, &command, Hash::ZERO);
        let genuine = Genuine::of(bytes, &control.authority(), NOW).unwrap();
        assert_eq!(genuine.command, command);
        assert_eq!(genuine.controller, "rossi");
    }
    let by = By {
        id: [1; 16],
        exercise: EXERCISE.into(),
        controller: format!("spiffe://{DOMAIN}/control/rossi"),
        key_statement: Hash::ZERO,
        claimed_ms: NOW,
    };
    let signed = Command::Pause.unsigned(by, Hash::ZERO).unwrap();
    let changed = |change: fn(&mut ControlOrder)| {
        let mut other = signed.clone();
        change(&mut other);
        Command::parse(&other).is_err()
    };
    assert!(changed(|order| order.detail = r#"{"order": "pause"}"#.into()));
    assert!(changed(
        |order| order.detail = r#"{"order":"pause","more":1}"#.into()
    ));
    assert!(changed(|order| order.detail = r#"{"order":"launch"}"#.into()));
    assert!(changed(|order| order.kind = 4));
    assert!(changed(|order| order.subject = "1.1.1".into()));
}

#[test]
fn only_a_controller_of_this_exercise_orders_anything() {
    let mut control = Control::started();
    let refused = |bytes: Vec<u8>, control: &Control| {
        let refusal = Genuine::of(bytes, &control.authority(), NOW).unwrap_err();
        assert_eq!((refusal.number, refusal.code().as_str()), (173, "HL-EX-173"));
        refusal.what
    };
    control.statements.insert("mallory".into(), (7, Hash([7; 32])));
    let bytes = control.signed("mallory", EXERCISE, &Command::Pause, Hash::ZERO);
    refused(bytes, &control);
    let bytes = control.signed("conductor", EXERCISE, &Command::Pause, Hash::ZERO);
    assert!(refused(bytes, &control).contains("orders nothing"));
    let bytes = control.signed("rossi", "S1-2", &Command::Pause, Hash::ZERO);
    assert!(refused(bytes, &control).contains("another exercise"));
    let mut bytes = control.signed("rossi", EXERCISE, &Command::Pause, Hash::ZERO);
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    refused(bytes, &control);
    refused(b"pause".to_vec(), &control);
}

#[test]
fn of_two_controllers_the_one_that_looked_before_the_other_acted_is_refused_and_told_why() {
    let mut control = Control::started();
    let seen = control.heads.seen();
    control.order("lindqvist", &speed("10"), &seen).unwrap();
    let refusal = control.order("rossi", &speed("2"), &seen).unwrap_err();
    assert_eq!(refusal.number, 172);
    for word in ["lindqvist", "SPEED ×10", "clock", "record 2"] {
        assert!(refusal.what.contains(word), "{word}: {}", refusal.what);
    }
    // Ending is about the same clock; a note is about nothing.
    assert_eq!(
        control.order("rossi", &Command::End, &seen).unwrap_err().number,
        172
    );
    let note = Command::Note {
        text: "too fast for me".into(),
        objective: Some("O1".into()),
    };
    control.order("rossi", &note, &seen).unwrap();
    // Whoever looks again may.
    let seen = control.heads.seen();
    control.order("rossi", &speed("2"), &seen).unwrap();
}

#[test]
fn ones_own_orders_and_what_the_plan_did_by_itself_are_no_conflict() {
    let mut control = Control::started();
    let seen = control.heads.seen();
    control.order("rossi", &Command::Pause, &seen).unwrap();
    control.order("rossi", &Command::Resume, &seen).unwrap();
    control.write(
        Kind::Inject {
            serial: "1.1.1".into(),
            status: InjectStatus::Entered,
            what: String::new(),
        },
        None,
    );
    let publish = Command::Publish {
        serial: "1.1.1".into(),
    };
    let becomes = control.order("rossi", &publish, &seen).unwrap();
    assert!(matches!(
        becomes,
        Becomes::Record(Kind::Inject {
            status: InjectStatus::Approved,
            ..
        })
    ));
    // Another controller who saw none of it may not.
    let skip = Command::Skip {
        serial: "1.1.1".into(),
        why: "not today".into(),
    };
    assert_eq!(control.order("lindqvist", &skip, &seen).unwrap_err().number, 172);
}

#[test]
fn an_order_about_a_state_that_is_no_more_says_what_would_do() {
    let mut control = Control::started();
    let seen = control.heads.seen();
    control.order("rossi", &Command::Pause, &seen).unwrap();
    let refusal = control.order("rossi", &Command::Pause, &seen).unwrap_err();
    assert_eq!(
        (refusal.number, refusal.help.as_str()),
        (171, "hotline control resume")
    );
    for (command, word) in [
        (
            Command::Fire {
                serial: "9.9.9".into(),
            },
            "9.9.9",
        ),
        (
            Command::Fire {
                serial: "soon".into(),
            },
            "soon",
        ),
        (Command::Mend { name: "fog".into() }, "1.2.1"),
        (
            Command::Rate {
                objective: "O9".into(),
                rating: Rating::U,
                text: String::new(),
            },
            "O9",
        ),
        (
            Command::Note {
                text: " ".into(),
                objective: None,
            },
            "a note",
        ),
        (Command::SignOff { text: String::new() }, "ENDEX"),
        (Command::Leap { to_ms: 60_000 }, "leap"),
    ] {
        let refusal = control.order("rossi", &command, &seen).unwrap_err();
        assert_eq!(refusal.number, 171, "{}", refusal.what);
        assert!(refusal.what.contains(word), "{}", refusal.what);
    }
}

fn cut() -> FaultWord {
    FaultWord {
        name: "cut path 1".into(),
        kind: "cut".into(),
        values: BTreeMap::new(),
        link: "path 1".into(),
        direction: "both".into(),
        lasts: None,
    }
}

#[test]
fn a_fault_by_hand_is_the_same_deed_as_one_of_the_file() {
    let deed = cut().deed().unwrap();
    assert_eq!(deed.link.to_string(), "path 1");
    assert!(matches!(&deed.until, crate::scenario::msel::Until::Mark(mark) if mark.to_string() == "ENDEX"));
    let late = FaultWord {
        kind: "latency".into(),
        values: BTreeMap::from([("delay".into(), "100ms".into())]),
        link: "A north/quic".into(),
        direction: "up".into(),
        lasts: Some("30s story".into()),
        ..cut()
    };
    late.deed().unwrap();
    let refused = |change: &dyn Fn(&mut FaultWord)| {
        let mut word = late.clone();
        change(&mut word);
        word.deed().unwrap_err()
    };
    assert!(refused(&|word| word.kind = "fog".into()).contains("no fault"));
    assert!(refused(&|word| word.link = "north".into()).contains("no link"));
    assert!(refused(&|word| word.direction = "sideways".into()).contains("no direction"));
    assert!(refused(&|word| word.lasts = Some("30s".into())).contains("clock"));
    assert!(refused(&|word| word.lasts = Some("0s line".into())).contains("longer than nothing"));
    assert!(refused(&|word| word.name = "1.1.1".into()).contains("inject"));
    assert!(refused(&|word| word.name = "a\nb".into()).contains("one line"));
}

#[test]
fn behind_endex_a_report_is_signed_off_and_nothing_is_turned() {
    let mut control = Control::started();
    let seen = control.heads.seen();
    control.order("rossi", &Command::End, &seen).unwrap();
    for command in [Command::Pause, Command::Fault(cut())] {
        let refusal = control.order("rossi", &command, &seen).unwrap_err();
        assert!(refusal.help.contains("sign-off"), "{}", refusal.help);
    }
    let sign = Command::SignOff {
        text: "as discussed".into(),
    };
    let becomes = control.order("rossi", &sign, &seen).unwrap();
    let Becomes::Record(Kind::Note { author, text, .. }) = becomes else {
        panic!("a note")
    };
    assert_eq!(
        (author.as_str(), text.as_str()),
        (DIRECTOR, "SIGNED_OFF by rossi: as discussed")
    );
}

#[test]
fn an_order_is_judged_once() {
    let mut heads = Heads::default();
    assert!(heads.first_time([1; 16]));
    assert!(heads.first_time([2; 16]));
    assert!(!heads.first_time([1; 16]));
}

#[test]
fn every_turn_of_the_clock_has_its_words() {
    let turns = [
        (TurnWord::Pause, "PAUSE"),
        (TurnWord::Speed(60_000), "SPEED ×60"),
        (TurnWord::Leap(90_000), "LEAP to T+00:01:30"),
        (TurnWord::Shift(-300_000), "SHIFT by -300s of story"),
    ];
    for (turn, said) in turns {
        assert_eq!(words(&Kind::Clock { turn }), said);
        assert_eq!(label(&Kind::Clock { turn }), "CLOCK");
    }
}
