//! What both desks said of their legs, and when: SUSPECT, DOWN and up again.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hotline_client::{request::News, station::Event};
use hotline_core::time::LineTime;
use hotline_transport::Clock;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::{sync::broadcast, task::JoinHandle};

use super::gaps::Stretch;
use crate::bench::{
    error::BenchError,
    line::links::{Desk, LinkName},
    report::times::ms,
};

/// How a desk judges a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It counts as a way.
    Up,
    /// It has a session and carries, and is still being proved.
    Proving,
    /// A probe was missed.
    Suspect,
    /// Given up.
    Down,
}

impl State {
    /// As a desk tells it: a suspect leg has a session, too.
    fn of(session: bool, state: &str) -> Self {
        match (session, state) {
            (_, "SUSPECT") => Self::Suspect,
            (true, "PROVING") => Self::Proving,
            (true, _) => Self::Up,
            (false, _) => Self::Down,
        }
    }
}

/// A desk's judgement of a leg changed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Change {
    at: LineTime,
    link: LinkName,
    state: State,
}

/// Notes of both desks' judgements.
#[derive(Clone)]
pub struct Legs {
    clock: Arc<dyn Clock>,
    changes: Arc<Mutex<Vec<Change>>>,
    missed: Arc<AtomicU64>,
}

/// What was noticed of one leg while it was broken. Times count from the moment when the fault was applied, `session` and
/// `back` from the moment when it was mended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Noticed {
    /// First called SUSPECT.
    pub suspect: Option<Duration>,
    /// First called DOWN.
    pub down: Option<Duration>,
    /// It had a session again, and carried.
    pub session: Option<Duration>,
    /// UP again: it had proved itself.
    pub back: Option<Duration>,
}

/// How often a desk called a leg SUSPECT and DOWN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// SUSPECT.
    pub suspect: u32,
    /// DOWN, from any other state.
    pub down: u32,
}

/// When a fault was applied and mended, and when the line was whole again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Applied.
    pub at: LineTime,
    /// Mended.
    pub mended: LineTime,
    /// Whole again, and a while more.
    pub end: LineTime,
}

impl Broken {
    /// The whole stretch.
    pub fn stretch(self) -> Stretch {
        Stretch {
            from: self.at,
            to: self.end,
        }
    }
}

impl Legs {
    /// No notes yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            changes: Arc::default(),
            missed: Arc::default(),
        }
    }

    /// The time by which notes are taken.
    pub fn now(&self) -> LineTime {
        self.clock.line()
    }

    /// Notes what a desk said, as of now.
    pub fn note(&self, desk: Desk, news: &News) {
        if matches!(news, News::Alarm { code, .. } if code == "LAGGED") {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
        let News::Leg { leg, up, state, .. } = news else {
            return;
        };
        let state = State::of(*up, state);
        if let Ok(leg) = leg.parse() {
            self.changes
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(Change {
                    at: self.clock.line(),
                    link: LinkName { desk, leg },
                    state,
                });
        }
    }

    /// Notes what desk A says, until it closes or the task is ended.
    pub fn listen(&self, mut events: broadcast::Receiver<Event>) -> Listening {
        let legs = self.clone();
        Listening(tokio::spawn(async move {
            loop {
                match events.recv().await {
                    Ok(Event::Line(news)) => legs.note(Desk::A, &news),
                    Ok(_) => {}
                    Err(broadcast::error::RecvError::Lagged(missed)) => {
                        legs.missed.fetch_add(missed, Ordering::Relaxed);
                    }
                    Err(broadcast::error::RecvError::Closed) => return,
                }
            }
        }))
    }

    /// Nothing can be said of legs if some of what a desk said was missed.
    ///
    /// # Errors
    /// If so.
    pub fn missed_nothing(&self) -> Result<(), BenchError> {
        match self.missed.load(Ordering::Relaxed) {
            0 => Ok(()),
            missed => Err(BenchError::Missed(missed)),
        }
    }

    /// How often each leg was called SUSPECT and DOWN since then.
    ///
    /// # Errors
    /// If some of what was said was missed.
    pub fn changes_since(&self, from: LineTime) -> Result<BTreeMap<String, Changes>, BenchError> {
        self.missed_nothing()?;
        let changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = count(changes.iter(), from);
        let all = LinkName::all()?.into_iter();
        let all = all.map(|link| (link.to_string(), counted.get(&link).copied().unwrap_or_default()));
        Ok(all.collect())
    }

    /// What was noticed of a leg.
    pub fn noticed(&self, link: &LinkName, broken: Broken) -> Noticed {
        let changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut own = changes
            .iter()
            .filter(|change| change.link == *link && change.at >= broken.at && change.at <= broken.end);
        noticed(&mut own, broken)
    }
}

/// Ends its task when it is dropped.
pub struct Listening(JoinHandle<()>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn noticed(changes: &mut dyn Iterator<Item = &Change>, broken: Broken) -> Noticed {
    let mut noticed = Noticed::default();
    for change in changes {
        let since = change.at.since(broken.at);
        match change.state {
            // A leg that was DOWN and is suspected on its way back was not suspected of this fault.
            State::Suspect if noticed.suspect.is_none() && noticed.down.is_none() => {
                noticed.suspect = Some(since);
            }
            State::Down if noticed.down.is_none() => noticed.down = Some(since),
            State::Up | State::Proving if noticed.down.is_some() && change.at >= broken.mended => {
                let since = change.at.since(broken.mended);
                noticed.session.get_or_insert(since);
                if change.state == State::Up {
                    noticed.back.get_or_insert(since);
                }
            }
            State::Up | State::Proving | State::Suspect | State::Down => {}
        }
    }
    noticed
}

/// A leg that is DOWN is told again with every dial that fails: only the first of them is a change.
fn count<'a>(changes: impl Iterator<Item = &'a Change>, from: LineTime) -> BTreeMap<LinkName, Changes> {
    let (mut all, mut last) = (BTreeMap::<LinkName, Changes>::new(), BTreeMap::new());
    for change in changes {
        let before = last.insert(&change.link, change.state);
        if change.at < from || before == Some(change.state) {
            continue;
        }
        let counts = all.entry(change.link.clone()).or_default();
        match change.state {
            State::Suspect => counts.suspect += 1,
            State::Down => counts.down += 1,
            State::Up | State::Proving => {}
        }
    }
    all
}

impl Noticed {
    /// The slowest of several legs in each: a leg that did not notice leaves what others noticed.
    pub fn slowest(all: &[Self]) -> Self {
        let slowest = |of: fn(&Self) -> Option<Duration>| all.iter().filter_map(of).max();
        Self {
            suspect: slowest(|noticed| noticed.suspect),
            down: slowest(|noticed| noticed.down),
            session: slowest(|noticed| noticed.session),
            back: slowest(|noticed| noticed.back),
        }
    }

    /// Why something is missing, in words; empty if nothing is.
    pub fn why(&self) -> Vec<(&'static str, &'static str)> {
        let mut why = Vec::new();
        if self.suspect.is_none() {
            why.push((
                "suspect_ms",
                if self.down.is_some() {
                    "the connection ended, so that the leg was DOWN at once"
                } else {
                    "no desk called the leg SUSPECT"
                },
            ));
        }
        if self.down.is_none() {
            why.push(("down_ms", "no desk called the leg DOWN"));
        }
        if self.back.is_none() {
            why.push((
                "back_ms",
                self.why_not_back("the leg was not UP again within its stretch"),
            ));
        }
        if self.session.is_none() {
            why.push((
                "session_ms",
                self.why_not_back("the leg came up before the fault was mended"),
            ));
        }
        why
    }

    fn why_not_back(&self, otherwise: &'static str) -> &'static str {
        match (self.down, self.session) {
            (None, _) => "the leg was never DOWN",
            (Some(_), None) => "the leg came up before the fault was mended",
            (Some(_), Some(_)) => otherwise,
        }
    }

    /// Its keys.
    pub fn json(&self) -> [(&'static str, Value); 4] {
        let told = |time: Option<Duration>| json!(time.map(ms));
        [
            ("suspect_ms", told(self.suspect)),
            ("down_ms", told(self.down)),
            ("session_ms", told(self.session)),
            ("back_ms", told(self.back)),
        ]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn at(ms: u64) -> LineTime {
        LineTime::from_start(Duration::from_millis(ms))
    }

    fn changed(changes: &[(u64, State)]) -> Vec<Change> {
        let link = LinkName {
            desk: Desk::A,
            leg: "north/quic".parse().unwrap(),
        };
        let changes = changes.iter().map(|(ms, state)| Change {
            at: at(*ms),
            link: link.clone(),
            state: *state,
        });
        changes.collect()
    }

    fn of(changes: &[(u64, State)]) -> Noticed {
        let changes = changed(changes);
        let broken = Broken {
            at: at(1000),
            mended: at(3000),
            end: at(6000),
        };
        noticed(&mut changes.iter(), broken)
    }

    fn millis(ms: u64) -> Option<Duration> {
        Some(Duration::from_millis(ms))
    }

    #[test]
    fn a_leg_that_is_being_proved_and_a_suspect_one_are_not_up() {
        assert_eq!(State::of(true, "PROVING"), State::Proving);
        assert_eq!(State::of(true, "UP"), State::Up);
        assert_eq!(State::of(true, "SUSPECT"), State::Suspect);
        assert_eq!(State::of(false, "DOWN"), State::Down);
    }

    #[test]
    fn suspect_and_down_count_from_the_fault_and_back_from_its_end() {
        let noticed = of(&[
            (1400, State::Suspect),
            (2300, State::Down),
            (2500, State::Down),
            (3700, State::Proving),
            (4600, State::Up),
        ]);
        assert_eq!(
            (noticed.suspect, noticed.down, noticed.session, noticed.back),
            (millis(400), millis(1300), millis(700), millis(1600))
        );
        assert!(noticed.why().is_empty());
    }

    #[test]
    fn what_a_fault_cannot_show_has_a_reason() {
        let killed = of(&[(1002, State::Down), (3500, State::Up)]);
        assert_eq!(killed.suspect, None);
        assert!(killed.why()[0].1.contains("DOWN at once"));
        let unseen = of(&[]);
        assert_eq!(unseen.why().len(), 4);
        let early = of(&[(1002, State::Down), (1500, State::Up)]);
        assert_eq!(early.back, None);
        assert!(
            early
                .why()
                .iter()
                .any(|(key, why)| *key == "back_ms" && why.contains("before"))
        );
    }

    #[test]
    fn a_leg_that_only_has_a_session_is_not_back() {
        let proving = of(&[(1002, State::Down), (3500, State::Proving)]);
        assert_eq!((proving.session, proving.back), (millis(500), None));
        assert!(
            proving
                .why()
                .iter()
                .any(|(key, why)| *key == "back_ms" && why.contains("not UP again"))
        );
    }

    #[test]
    fn a_leg_that_is_told_down_at_every_dial_was_down_once() {
        let told = [
            (500, State::Up),
            (900, State::Suspect),
            (1400, State::Suspect),
            (1500, State::Up),
            (1900, State::Suspect),
            (2000, State::Down),
            (2500, State::Down),
            (3000, State::Proving),
            (3200, State::Down),
        ];
        let changes = changed(&told);
        let counts = count(changes.iter(), at(1000));
        let one = counts.values().next().copied();
        assert_eq!(one, Some(Changes { suspect: 1, down: 2 }));
        assert_eq!(count(changes.iter(), at(4000)), BTreeMap::new());
    }

    #[test]
    fn a_leg_that_is_suspected_on_its_way_back_was_not_suspected_of_the_fault() {
        let killed = of(&[
            (1002, State::Down),
            (3500, State::Up),
            (3900, State::Suspect),
            (4000, State::Up),
        ]);
        assert_eq!((killed.suspect, killed.back), (None, millis(500)));
        // What was noticed late is late, and not left out.
        assert_eq!(of(&[(3100, State::Down), (3500, State::Up)]).down, millis(2100));
    }

    #[test]
    fn of_several_legs_the_slowest_counts() {
        let one = of(&[(1002, State::Down), (3500, State::Up)]);
        let other = of(&[(1300, State::Suspect), (2400, State::Down), (3400, State::Up)]);
        let slowest = Noticed::slowest(&[one, other, Noticed::default()]);
        assert_eq!(
            (slowest.suspect, slowest.down, slowest.back),
            (millis(300), millis(1400), millis(500))
        );
    }
}
