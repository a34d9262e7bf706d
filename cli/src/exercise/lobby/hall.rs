//! What the facilitator sees and types until the exercise starts.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use hotline_core::text::inert_line;
use hotline_exercise::join::book::{Book, Part};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines, Stdin},
    time::{Instant, sleep_until},
};

use super::{Event, Lobby, waiting::Waiting};
use crate::exit::{self, Failure};

const HELP: &str = "yes WHO      their words are the same\n\
no WHO       they are not\n\
code WHO     a new code: a seat, control or observer\n\
who          who is in\n\
start        everybody is in: the exercise begins\n\
quit         no exercise";

/// How often an interruption is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What the facilitator decided.
enum Decided {
    Go,
    Wait,
    Quit,
}

impl Lobby {
    /// Gives out codes and lets people in until the facilitator starts, or the time is over.
    pub(in crate::exercise) async fn gather(&mut self, interrupted: &AtomicBool) -> Result<(), Failure> {
        self.open_codes()?;
        let mut lines = (!self.args.no_input).then(|| BufReader::new(tokio::io::stdin()).lines());
        let start = self.args.start_after.map(|after| Instant::now() + after);
        let mut waiting = Waiting::default();
        loop {
            let look = Instant::now() + LOOK_EVERY;
            let decided = tokio::select! {
                event = self.events.recv() => match event {
                    Some(event) => { self.heard(event, &mut waiting); Decided::Wait }
                    None => Decided::Quit,
                },
                typed = typed(&mut lines) => match typed {
                    Some(line) => self.typed(&line, &mut waiting),
                    // Nobody types any more: the time decides.
                    None if start.is_some() => { lines = None; Decided::Wait }
                    None => return Err(nobody_types()),
                },
                () = sleep_until(look) => match start.is_some_and(|start| Instant::now() >= start) {
                    true => Decided::Go,
                    false => Decided::Wait,
                },
            };
            match decided {
                _ if interrupted.load(Ordering::Relaxed) => return Err(quit()),
                Decided::Quit => return Err(quit()),
                Decided::Go => drop(waiting.go.get_or_insert_with(Instant::now)),
                Decided::Wait => {}
            }
            match waiting.starts() {
                true if self.may_start() => break,
                true if lines.is_none() => return Err(self.lacks()),
                true => {
                    waiting.go = None;
                    self.lacks().print();
                }
                false => {}
            }
        }
        self.close();
        self.say("starts", json!({}), "the exercise begins");
        Ok(())
    }

    fn close(&self) {
        let mut state = self.shared.state();
        state.closed = true;
        state.book = Book::default();
    }

    fn open_codes(&self) -> Result<(), Failure> {
        let words = self.shared.authority.words();
        self.say(
            "lobby",
            json!({ "words": words, "at": self.plane.at().to_string() }),
            &format!("control's words, to be read to everybody who joins: {words}"),
        );
        for seat in self.shared.open_seats() {
            self.give_code(&seat)?;
        }
        self.give_code("control")?;
        self.give_code("observer")?;
        if !self.args.no_input {
            self.say("ready", json!({}), &format!("\n{HELP}\n"));
        }
        Ok(())
    }

    /// A new code for a seat, control or an observer.
    fn give_code(&self, who: &str) -> Result<(), Failure> {
        let (part, verb, behind) = match who {
            "control" => (Part::Controller, "control join", ""),
            "observer" => (Part::Observer, "control join", " --observe"),
            seat => (Part::Seat(seat.to_owned()), "desk join", ""),
        };
        let code = self.issue(part).ok_or_else(|| {
            Failure::new(
                "HL-EX-195",
                exit::OTHER,
                "all numbers of codes are used up",
                "start again",
            )
        })?;
        let ticket = self.ticket(code).to_string();
        self.say(
            "code",
            json!({ "who": who, "code": ticket }),
            &format!("{who:<9} hotline {verb} {ticket}{behind}"),
        );
        Ok(())
    }

    fn heard(&self, event: Event, waiting: &mut Waiting) {
        match event {
            Event::Joins {
                who,
                from,
                words,
                answer,
            } => {
                self.say(
                    "joins",
                    json!({ "who": who, "from": from.to_string(), "words": words }),
                    &format!("{who} joins from {from}. Their words: {words}\n  the same as they read to you? yes {who}, or no {who}"),
                );
                waiting.asked.insert(who.clone(), answer);
                if self.args.no_input {
                    waiting.answer(who, None);
                }
            }
            Event::In { who } => {
                waiting.over(&who);
                self.say("in", json!({ "who": who }), &format!("{who} is in"));
            }
            Event::Out { who, why } => {
                waiting.over(&who);
                let why = inert_line(&why).text;
                let help = match self.shared.open_seats().contains(&who) {
                    true => format!("; code {who} gives a new one"),
                    false => String::new(),
                };
                self.say(
                    "out",
                    json!({ "who": who, "why": why }),
                    &format!("{who}: {why}{help}"),
                );
            }
        }
    }

    fn typed(&self, line: &str, waiting: &mut Waiting) -> Decided {
        let mut words = line.split_whitespace();
        match (words.next(), words.next()) {
            (None, _) => {}
            (Some("start"), _) => return Decided::Go,
            (Some("quit"), _) => return Decided::Quit,
            (Some("who"), _) => self.who(),
            (Some("code"), Some(who)) if self.has(who) => {
                if let Err(failure) = self.give_code(who) {
                    failure.print();
                }
            }
            (Some(said @ ("yes" | "no")), who) => {
                let asked = &waiting.asked;
                let only = asked.keys().next().cloned().filter(|_| asked.len() == 1);
                let who = who.map(str::to_owned).or(only);
                if !who.is_some_and(|who| waiting.answer(who, Some(said == "yes"))) {
                    eprintln!("nobody of that name waits");
                }
            }
            _ => crate::say!("{HELP}"),
        }
        Decided::Wait
    }

    fn has(&self, who: &str) -> bool {
        let free = |who: &str| !self.shared.state().seats.contains_key(who);
        matches!(who, "control" | "observer")
            || self.shared.open_seats().iter().any(|seat| seat == who) && free(who)
    }

    fn who(&self) {
        let here = |seat: &String| {
            let state = self.shared.state();
            state.seats.get(seat).map(|seat| seat.line.here().is_some())
        };
        for seat in self.shared.open_seats() {
            let how = match here(&seat) {
                Some(true) => "is in",
                Some(false) => "is in, and not connected now",
                None if self.shared.has_script(&seat) => "is empty: its script plays",
                None => "is empty, and has no script",
            };
            self.say(
                "seat",
                json!({ "seat": seat, "how": how }),
                &format!("{seat} {how}"),
            );
        }
    }

    /// Whether every seat has somebody to play it.
    fn may_start(&self) -> bool {
        self.missing().is_empty()
    }

    fn missing(&self) -> Vec<String> {
        let taken = self.shared.state().seats.keys().cloned().collect::<Vec<_>>();
        let seats = self.shared.open_seats().into_iter();
        seats
            .filter(|seat| !taken.contains(seat) && !self.shared.has_script(seat))
            .collect()
    }

    fn lacks(&self) -> Failure {
        let what = format!(
            "nobody sits at {}, and no script plays there",
            self.missing().join(", ")
        );
        Failure::new("HL-EX-195", exit::OTHER, what, "have somebody join there first")
    }

    fn say(&self, event: &str, mut object: serde_json::Value, words: &str) {
        match self.json {
            true => {
                object["event"] = event.into();
                crate::say!("{object}");
            }
            false => crate::say!("{words}"),
        }
    }
}

fn nobody_types() -> Failure {
    let what = "standard input has ended before the exercise was started";
    let help = "type start, or have it start by itself with --start-after TIME";
    Failure::new("HL-EX-195", exit::USAGE, what, help)
}

fn quit() -> Failure {
    Failure::new("HL-EX-195", exit::OTHER, "the exercise was not started", "")
}

/// The next line that is typed; never, where nobody types.
async fn typed(lines: &mut Option<Lines<BufReader<Stdin>>>) -> Option<String> {
    match lines {
        Some(lines) => lines.next_line().await.ok().flatten(),
        None => std::future::pending().await,
    }
}
