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

use super::{
    Event, Lobby,
    seats::Stands,
    waiting::{Said, Waiting, Whom},
};
use crate::exit::{self, Failure};

const HELP: &str = "yes WHO      their words are the same; WHO is a name, or the number of their code\n\
no WHO       they are not\n\
code WHO     a new code: a seat, control or observer; a seat whose people were lost is free then\n\
who          who is in\n\
start        everybody is in: the exercise begins\n\
quit         no exercise";

/// How often an interruption is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Whether somebody sits at this terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Typing {
    Somebody,
    Nobody,
}

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
        let mut start = self.args.start_after.map(|after| Instant::now() + after);
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
                    None if self.args.start_after.is_some() => { lines = None; Decided::Wait }
                    None => return Err(nobody_types()),
                },
                () = sleep_until(look) => match start.take_if(|start| Instant::now() >= *start) {
                    Some(_) => Decided::Go,
                    None => Decided::Wait,
                },
            };
            match decided {
                _ if interrupted.load(Ordering::Relaxed) => return Err(quit()),
                Decided::Quit => return Err(quit()),
                Decided::Go => drop(waiting.go.get_or_insert_with(Instant::now)),
                Decided::Wait => {}
            }
            let typing = match lines {
                Some(_) => Typing::Somebody,
                None => Typing::Nobody,
            };
            if waiting.starts(self.is_anybody_away()) && self.starts(&mut waiting, typing)? {
                break;
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
        for (seat, why) in &self.shared.about.closed {
            let words = format!("{seat:<9} its script plays: {why}");
            self.say("closed", json!({ "seat": seat, "why": why }), &words);
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
            "control" => (Part::Controller, "control join", " --name NAME"),
            "observer" => (Part::Observer, "control join", " --observe --name NAME"),
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
                number,
                who,
                from,
                words,
                answer,
            } => {
                let typed = waiting.ask(number, &who, answer);
                self.say(
                    "joins",
                    json!({ "who": who, "number": number, "from": from.to_string(), "words": words }),
                    &format!("{who} joins from {from}. Their words: {words}\n  the same as they read to you? yes {typed}, or no {typed}"),
                );
                if self.args.no_input {
                    waiting.answer(number, Said::Unasked);
                }
            }
            Event::In { number, who } => {
                waiting.over(number);
                self.say("in", json!({ "who": who }), &format!("{who} is in"));
            }
            Event::Out { number, who, why } => {
                let mut why = inert_line(&why).text;
                let untold = match number {
                    Some(number) => {
                        waiting.over(number);
                        0
                    }
                    None => match waiting.stranger(Instant::now()) {
                        Some(untold) => untold,
                        None => return,
                    },
                };
                if untold > 0 {
                    why = format!("{why} (and {untold} more since the last that was told)");
                }
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
            (Some("code"), Some(who)) => self.new_code(who, waiting),
            (Some("yes"), Some(who)) => self.answered(Said::Same, who, waiting),
            (Some("no"), Some(who)) => self.answered(Said::Differ, who, waiting),
            _ => crate::say!("{HELP}"),
        }
        Decided::Wait
    }

    /// Why a code cannot be given, where it cannot. A seat whose people are lost is free for others from then on.
    fn refuses_code(&self, who: &str, waiting: &mut Waiting) -> Option<String> {
        if matches!(who, "control" | "observer") {
            return None;
        }
        if !self.shared.open_seats().iter().any(|seat| seat == who) {
            return Some(match self.shared.about.closed.get(who) {
                Some(why) => format!("{who} is played by its script: {why}"),
                None => format!("there is no seat {} that could be taken", inert_line(who).text),
            });
        }
        match self.shared.stands(who) {
            Stands::In => {
                return Some(format!(
                    "somebody sits at {who}, and is connected: have them leave first"
                ));
            }
            Stands::Away => {
                self.shared.free(who);
                let words = format!("whoever was at {who} does not come back with what they have");
                self.say("free", json!({ "seat": who }), &words);
            }
            Stands::Scripted | Stands::Empty => {}
        }
        waiting.give_away(who);
        None
    }

    fn new_code(&self, who: &str, waiting: &mut Waiting) {
        let given = match self.refuses_code(who, waiting) {
            Some(what) => Err(Failure::new("HL-EX-195", exit::OTHER, what, "who says who is in")),
            None => self.give_code(who),
        };
        if let Err(failure) = given {
            failure.print();
        }
    }

    fn answered(&self, said: Said, whom: &str, waiting: &mut Waiting) {
        match waiting.whom(whom) {
            Whom::Waits(number) => waiting.answer(number, said),
            Whom::Nobody => eprintln!("nobody of that name or number waits"),
            Whom::Several(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(u16::to_string).collect();
                eprintln!(
                    "more than one has joined under that name: yes or no, and a number: {}",
                    numbers.join(", ")
                );
            }
        }
    }

    /// Whether it starts. What is missing is told; then it starts when somebody types that again or, where nobody types,
    /// once everybody is there.
    fn starts(&self, waiting: &mut Waiting, typing: Typing) -> Result<bool, Failure> {
        let lacking = self.lacking();
        if lacking.is_empty() {
            return Ok(true);
        }
        let what = format!("not started: {}", lacking.join("; "));
        let failure = Failure::new(
            "HL-EX-195",
            exit::OTHER,
            what.clone(),
            "have somebody join there first",
        );
        match typing {
            Typing::Somebody => waiting.go = None,
            Typing::Nobody if waiting.is_given_up() => return Err(failure),
            Typing::Nobody => {}
        }
        if !std::mem::replace(&mut waiting.told, typing == Typing::Nobody) {
            self.say("waits", json!({ "lacks": lacking }), &what);
        }
        Ok(false)
    }

    pub(super) fn say(&self, event: &str, mut object: serde_json::Value, words: &str) {
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
