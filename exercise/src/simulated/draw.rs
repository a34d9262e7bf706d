//! Scenarios that a seed draws: two desks and two relays, and whatever comes to pass.
//!
//! What is drawn is a scenario file as people write it, read and checked as theirs are. One that `check` refuses (two faults
//! that a link does not bear together) is drawn anew, from dice that follow from the same seed.

use std::{fmt::Write as _, sync::Arc};

use hotline_faults::Dice;

use crate::scenario::{self, Scenario, check::check};

/// Draws until one can be played. 64: of two draws one can.
const DRAWS_MAX: u64 = 64;
/// What every one of them begins with.
const CAST: &str = r#"format = 1
id = "SIM"
title = { en = "Drawn" }
ends = "when-done"
languages = ["en"]
officer = [
  { name = "haddad", side = "A", desk = "A", roles = ["DRAFTER"] },
  { name = "lindqvist", side = "A", desk = "A", roles = ["RELEASER", "DUTY_OFFICER"] },
  { name = "okoye", side = "A", desk = "A", roles = ["WATCH_OFFICER", "DRAFTER"] },
  { name = "rossi", side = "B", desk = "B", roles = ["WATCH_OFFICER", "DRAFTER"] },
  { name = "novak", side = "B", desk = "B", roles = ["RELEASER", "DUTY_OFFICER"] },
]
seat = [
  { name = "A", kind = "desk", desk = "A", officers = ["haddad", "lindqvist", "okoye"], scripted = "always" },
  { name = "B", kind = "desk", desk = "B", officers = ["rossi", "novak"], scripted = "always" },
]
"#;
const STAGE: &str = r#"
[stage]
allowed = ["simulated"]

[codebook]
file = "starter"
version = 1

[topology]
profile = "lan"
checks_every = "60s line"
relay = [{ name = "north", side = "A", path = 1 }, { name = "south", side = "B", path = 2 }]
desk = [{ name = "A", side = "A" }, { name = "B", side = "B" }]

[[event]]
serial = "1"
title = { en = "Drawn" }
[[event.incident]]
serial = "1.1"
title = { en = "Drawn" }
"#;
/// Links that a fault may be on.
const LINKS: [&str; 6] = [
    "path 1",
    "path 2",
    "A north/quic",
    "A south/tcp",
    "B north/tcp",
    "B south/quic",
];
/// Officers of a desk: drafter, releaser, watch.
const OFFICERS: [(&str, [&str; 3]); 2] = [
    ("A", ["haddad", "lindqvist", "okoye"]),
    ("B", ["rossi", "novak", "rossi"]),
];

/// The scenario of a seed; none if no draw of it can be played, which a test forbids.
#[must_use]
pub fn drawn(seed: u64) -> Option<Arc<Scenario>> {
    let dice = Dice::new(seed).apart("scenario");
    (0..DRAWS_MAX).find_map(|number| {
        let text = Drawing::new(dice.apart(&format!("draw {number}"))).text();
        let scenario = scenario::parse("drawn.toml", &text).ok()?;
        check(&scenario).is_empty().then(|| Arc::new(scenario))
    })
}

/// A scenario while it is drawn.
struct Drawing {
    dice: Dice,
    injects: String,
    serial: u32,
    /// The story's length, in seconds.
    length_s: u64,
    /// Names of messages, and the desk that sends each.
    sent: Vec<(String, usize)>,
}

impl Drawing {
    fn new(mut dice: Dice) -> Self {
        Self {
            length_s: 180 + 30 * dice.below(7),
            dice,
            injects: String::new(),
            serial: 0,
            sent: Vec::new(),
        }
    }

    fn text(mut self) -> String {
        self.messages();
        self.news();
        self.faults();
        self.deaths();
        self.clocks();
        let contingency = self.contingency();
        let mut text = format!(
            "{CAST}duration = \"{}s story\"\n{STAGE}{}",
            self.length_s, self.injects
        );
        for desk in 0..2 {
            text.push_str(&self.player(desk));
        }
        text.push_str(&contingency);
        text
    }

    /// A moment in the first two thirds.
    fn moment(&mut self) -> u64 {
        5 + self.dice.below(self.length_s * 2 / 3)
    }

    /// Begins an inject; its number.
    fn inject(&mut self, kind: &str, method: &str) -> String {
        self.serial += 1;
        let serial = format!("1.1.{}", self.serial);
        let _ = write!(
            self.injects,
            "[[event.incident.inject]]\nserial = \"{serial}\"\ntitle = {{ en = \"{method}\" }}\nkind = \"{kind}\"\n\
             method = \"{method}\"\n"
        );
        serial
    }

    fn keys(&mut self, lines: &str) {
        self.injects.push_str(lines);
        self.injects.push('\n');
    }

    fn messages(&mut self) {
        for number in 0..2 + self.dice.below(5) {
            let desk = usize::from(number != 0 && self.dice.chance(0.5));
            let (name, [drafter, releaser, _]) = OFFICERS[desk];
            let precedence = ["ROUTINE", "ROUTINE", "PRIORITY", "IMMEDIATE", "FLASH"];
            let precedence = self.dice.one_of(&precedence).copied().unwrap_or("ROUTINE");
            let by = match precedence {
                "FLASH" => format!("[\"{drafter}\", \"{releaser}\"]"),
                _ => format!("[\"{releaser}\"]"),
            };
            let repeat = if self.dice.chance(0.3) {
                2 + self.dice.below(4)
            } else {
                1
            };
            let at = self.moment();
            self.inject("contextual", "message");
            let alias = format!("m{number}");
            self.keys(&format!(
                "desk = \"{name}\"\nby = {by}\nat = \"{at}s story\"\nprecedence = \"{precedence}\"\n\
                 text = {{ en = \"Report {number} of {name}\" }}\nas = \"{alias}\"\nrepeat = {repeat}"
            ));
            if repeat == 1 {
                self.sent.push((alias, desk));
            }
        }
    }

    /// News; sometimes many of one moment, and sometimes by hand.
    fn news(&mut self) {
        let together = self.dice.chance(0.4).then(|| self.moment());
        for _ in 0..1 + self.dice.below(7) {
            let at = together.unwrap_or_else(|| self.moment());
            let seat = if self.dice.chance(0.5) { "A" } else { "B" };
            let serial = self.inject("contextual", "news");
            self.keys(&format!(
                "to = [\"{seat}\"]\ntext = {{ en = \"Something happens\" }}"
            ));
            if self.dice.chance(0.15) {
                self.keys("approve = \"hand\"");
            }
            match self.dice.chance(0.2) {
                true => {
                    let wait = self.dice.below(40);
                    self.follower(&serial, wait, at);
                }
                false => self.keys(&format!("at = \"{at}s story\"")),
            }
        }
    }

    /// It comes after the inject before it, if there is one.
    fn follower(&mut self, serial: &str, wait: u64, at: u64) {
        let number: u32 = serial
            .rsplit('.')
            .next()
            .and_then(|last| last.parse().ok())
            .unwrap_or(1);
        match number {
            0 | 1 => self.keys(&format!("at = \"{at}s story\"")),
            number => self.keys(&format!(
                "after = \"inject 1.1.{}\"\nwait = \"{wait}s story\"",
                number - 1
            )),
        }
    }

    fn faults(&mut self) {
        for _ in 0..self.dice.below(5) {
            let at = self.moment();
            let link = self.dice.one_of(&LINKS).copied().unwrap_or("path 1");
            let fault = match self.dice.below(6) {
                0 => format!("fault = \"loss\"\nshare = \"{}%\"", 2 + self.dice.below(30)),
                1 => format!("fault = \"latency\"\ndelay = \"{}ms\"", 10 + self.dice.below(300)),
                2 => "fault = \"partition\"".to_owned(),
                3 => {
                    let (up, down) = (500 + self.dice.below(3_000), 100 + self.dice.below(2_500));
                    format!("fault = \"flapping\"\nup = \"{up}ms\"\ndown = \"{down}ms\"")
                }
                4 => format!(
                    "fault = \"reorder\"\nshare = \"20%\"\nby = \"{}ms\"",
                    5 + self.dice.below(80)
                ),
                _ => {
                    let way = ["up", "down", "both"];
                    let way = self.dice.one_of(&way).copied().unwrap_or("both");
                    format!("fault = \"cut\"\ndirection = \"{way}\"")
                }
            };
            let lasts = match self.dice.chance(0.5) {
                true => format!("{}ms line", 200 + self.dice.below(5_000)),
                false => format!("{}s story", 10 + self.dice.below(120)),
            };
            self.inject("contextual", "fault");
            self.keys(&format!(
                "at = \"{at}s story\"\nlink = \"{link}\"\nfor = \"{lasts}\"\ncategory = \"ACCIDENTAL\"\n{fault}"
            ));
        }
    }

    /// Processes that are killed, and started again.
    fn deaths(&mut self) {
        for who in ["north", "south", "A", "B"] {
            if !self.dice.chance(0.3) {
                continue;
            }
            let (at, dead_ms) = (self.moment(), 100 + self.dice.below(6_000));
            let killed = self.inject("contextual", "process");
            self.keys(&format!("deed = \"kill\"\nwho = \"{who}\"\nat = \"{at}s story\""));
            self.inject("contextual", "process");
            self.keys(&format!(
                "deed = \"start\"\nwho = \"{who}\"\nafter = \"inject {killed}\"\nwait = \"{dead_ms}ms line\""
            ));
        }
    }

    fn clocks(&mut self) {
        if self.dice.chance(0.2) {
            let (at, by_s) = (self.moment(), 1 + self.dice.below(40));
            let (desk, sign) = (
                ["A", "B"][self.serial as usize % 2],
                if by_s % 2 == 0 { '+' } else { '-' },
            );
            self.inject("contextual", "clock");
            self.keys(&format!(
                "who = \"{desk}\"\nat = \"{at}s story\"\noffset = \"{sign}{by_s}s\""
            ));
        }
    }

    /// Somebody is reminded if the first message is not acknowledged; what comes behind all players of the file.
    fn contingency(&mut self) -> String {
        let Some((alias, desk)) = self.sent.first().cloned() else {
            return String::new();
        };
        let other = OFFICERS[1 - desk].0;
        if self.dice.chance(0.5) {
            let within = 10 + self.dice.below(60);
            self.inject("contingency", "order");
            self.keys(&format!(
                "role = \"DUTY_OFFICER\"\nto = [\"{other}\"]\nunless = \"E1\"\nwithin = \"{within}s story\"\n\
                 text = {{ en = \"Read it.\" }}"
            ));
        }
        format!(
            "[[expect]]\nid = \"E1\"\ntitle = {{ en = \"It is read\" }}\nis = {{ rung = \"ACKNOWLEDGED\", of = \"{alias}\", \
             at = \"{other}\", within = \"60s story\", after = \"{alias}.RELEASED\" }}\n"
        )
    }

    /// A seat's people: they read, most of the time, and answer now and then.
    fn player(&mut self, desk: usize) -> String {
        let (seat, [drafter, releaser, watch]) = OFFICERS[desk];
        let mut text = format!("[[player]]\nseat = \"{seat}\"\n");
        for (alias, from) in self.sent.clone() {
            if from == desk || !self.dice.chance(0.4) {
                continue;
            }
            let wait = 1 + self.dice.below(40);
            let _ = write!(
                text,
                "[[player.rule]]\nid = \"answers-{alias}\"\n\
                 when = {{ rung = \"ACKNOWLEDGED\", of = \"{alias}\", at = \"{seat}\" }}\nwait = \"{wait}s story\"\n\
                 do = [{{ verb = \"answer\", by = [\"{drafter}\", \"{releaser}\"], with = \"ROGER\", precedence = \"ROUTINE\", \
                 text = {{ en = \"Understood\" }} }}]\n"
            );
        }
        let (wait, chance) = (1 + self.dice.below(30), 70 + self.dice.below(31));
        let _ = write!(
            text,
            "[[player.rule]]\nid = \"reads-{seat}\"\nwhen = {{ arrives = \"any\" }}\nwait = \"{wait}s story\"\n\
             chance = {chance}\ndo = [{{ verb = \"display\" }}, {{ verb = \"ack\", by = [\"{watch}\"] }}]\n"
        );
        text
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::simulated::lacking::lacking_in_worlds;

    #[test]
    fn most_draws_can_be_played() {
        let mut why: std::collections::BTreeMap<String, u32> = Default::default();
        for seed in 1..=300 {
            let text = Drawing::new(Dice::new(seed)).text();
            let found = match scenario::parse("drawn.toml", &text) {
                Ok(scenario) => check(&scenario)
                    .first()
                    .map(|found| format!("{} {} {}", found.code, found.marked.key, found.marked.what)),
                Err(errors) => errors.mistakes.first().map(|found| found.marked.what.clone()),
            };
            *why.entry(found.unwrap_or_default()).or_default() += 1;
        }
        // Each seed draws up to so many times until one can be played.
        assert!(why.get("").is_some_and(|good| *good > 100), "{why:#?}");
    }

    #[test]
    fn every_seed_draws_a_scenario_that_can_be_played_and_the_same_each_time() {
        for seed in 1..=200 {
            let Some(scenario) = drawn(seed) else {
                let text = Drawing::new(Dice::new(seed).apart("scenario").apart("draw 0")).text();
                panic!(
                    "{seed}: {:?}\n{text}",
                    scenario::parse("drawn.toml", &text).map(|s| check(&s))
                );
            };
            assert_eq!(lacking_in_worlds(&scenario), Vec::<String>::new(), "{seed}");
            assert_eq!(scenario.source.text, drawn(seed).unwrap().source.text);
        }
    }
}
