//! What control sees while it plays, held against expectations that contingencies ask about and no mark decides.

use std::collections::BTreeMap;

use hotline_core::words::{Answer, Rung};

use super::{Basis, Plan};
use crate::{
    record::{Seen, Stamp},
    scenario::{
        Scenario,
        expect::{By, Compare, Expect, Is, Reached},
        lists::Grade,
        mark::{Alias, Mark},
        msel::Link,
    },
};

/// Something that control sees.
#[derive(Clone, Copy, Debug)]
pub enum Sight<'a> {
    /// How a desk stands at a look: all of it, not what has changed.
    Desk {
        /// Which.
        desk: &'a str,
        /// How.
        stands: &'a Seen,
    },
    /// A desk raised an alarm.
    Alarm {
        /// Which desk.
        desk: &'a str,
        /// The alarm's stable name.
        code: &'a str,
        /// Its sentence.
        says: &'a str,
    },
    /// A message reached a rung.
    Climb {
        /// The message's name.
        of: &'a Alias,
        /// Which rung.
        rung: Rung,
        /// At which desk, if at one.
        at: Option<&'a str>,
        /// Of ANSWERED, with what.
        answer: Option<&'a str>,
        /// The signer's words; of a translation `SIGHT into qbo`.
        text: &'a str,
    },
    /// A seat wrote down a judgement.
    Stated {
        /// Which seat.
        seat: &'a str,
        /// About what.
        what: &'a str,
        /// What it says.
        is: &'a str,
    },
    /// A desk refused what a script did.
    Refused {
        /// At which seat.
        seat: &'a str,
        /// Stable name, then a sentence.
        what: &'a str,
    },
}

/// Whether control can say while it plays that this has happened: by the marks of messages, or by what it sees. What logs
/// alone tell is known behind ENDEX.
#[must_use]
pub fn is_seen_while_played(scenario: &Scenario, is: &Is) -> bool {
    match is {
        Is::Rung(reached, _) => {
            let plain = reached.grade.is_none() && reached.answer.is_none() && reached.text.is_none();
            // Of a translation control sees grade and language; its words stand in the log.
            let hidden = reached.text.is_some() && reached.rung == Rung::Translated;
            reached.over.is_none() && !hidden && (plain || sent_once(scenario, &reached.of))
        }
        Is::Interval { .. }
        | Is::Label(..)
        | Is::Cause(..)
        | Is::Axis(..)
        | Is::Leg(..)
        | Is::Stated { .. } => true,
        Is::Alarm(_, _, count, _, _) => *count == Compare::AtLeast(1),
        Is::Refused { count, shown, by, .. } => {
            let seen = by.as_deref().is_none_or(|by| refuses_in_sight(scenario, by));
            *count == Compare::AtLeast(1) && *shown == 0 && seen
        }
        Is::Said(..)
        | Is::Ordered(..)
        | Is::Third(..)
        | Is::Duress(..)
        | Is::Alike(..)
        | Is::Step(..)
        | Is::Verdict { .. }
        | Is::Standing(..)
        | Is::Witnessed { .. }
        | Is::Figure(..)
        | Is::TextIdentical(..) => false,
    }
}

/// Whether control sees at once what is refused there: deeds at a seat or of an attacker, alarms at a desk. What a relay
/// wrote down is read when it is over.
fn refuses_in_sight(scenario: &Scenario, by: &str) -> bool {
    let desk = scenario.topology.desks.iter().any(|desk| *desk.name == *by);
    let attacker = by
        .strip_prefix("attacker-")
        .is_some_and(|id| scenario.attacks.iter().any(|attack| *attack.id == *id));
    desk || attacker || scenario.seat(by).is_some()
}

/// Whether nothing in the file sends a message of this name more than once.
fn sent_once(scenario: &Scenario, of: &Alias) -> bool {
    super::Marks::new(scenario, None).copies(&of.name) <= 1
}

impl Plan {
    /// Control saw something. Whatever a contingency of this play waits for, and this is, has happened.
    pub fn see(&mut self, sight: &Sight<'_>, stamp: Stamp) {
        let asked = self.steps.iter().filter_map(|step| match &step.basis {
            Basis::Unless { asks, .. } if step.status.is_open() => Some(asks.expect.as_str()),
            _ => None,
        });
        let expects = asked.filter_map(|id| {
            let mut expects = self.scenario.expects.iter();
            expects.find(|expect| expect.id.value == id && self.plays(&expect.only))
        });
        let came = expects.filter(|expect| self.is_it(expect, sight));
        let came: Vec<String> = came.map(|expect| expect.id.value.clone()).collect();
        for expect in came {
            self.met(&expect, stamp);
        }
    }

    fn is_it(&self, expect: &Expect, sight: &Sight<'_>) -> bool {
        match (&expect.is, sight) {
            (Is::Label(label, at, by), Sight::Desk { desk, stands }) => {
                **at == *desk && stands.label.as_deref() == Some(label.name()) && self.is_open(by)
            }
            (Is::Cause(cause, at, by), Sight::Desk { desk, stands }) => {
                let told = stands.causes.iter().flatten().any(|told| told == cause);
                **at == *desk && told && self.is_open(by)
            }
            (Is::Axis(axis, state, at, by), Sight::Desk { desk, stands }) => {
                **at == *desk && stands.axes.get(axis) == Some(state) && self.is_open(by)
            }
            (Is::Leg(link, state, at, by), Sight::Desk { desk, stands }) => {
                **at == *desk && self.is_lit(link, state.name(), &stands.legs) && self.is_open(by)
            }
            (
                Is::Alarm(alarm, at, _, says, by),
                Sight::Alarm {
                    desk,
                    code,
                    says: said,
                },
            ) => {
                let worded = says.as_ref().is_none_or(|says| said.contains(says.as_str()));
                **at == *desk && alarm == code && worded && self.is_open(by)
            }
            (Is::Rung(reached, by), Sight::Climb { .. }) => self.is_open_for(by) && is_climb(reached, sight),
            (
                Is::Stated { what, by, is },
                Sight::Stated {
                    seat,
                    what: about,
                    is: said,
                },
            ) => **by == *seat && what == about && is == said,
            (Is::Refused { reason, by, says, .. }, Sight::Refused { seat, what }) => {
                let code = what.split([' ', ':']).next();
                let said = says.as_ref().is_none_or(|says| what.contains(says.as_str()));
                let here = by.as_deref().is_none_or(|by| by == *seat);
                code == Some(reason.as_str()) && said && here
            }
            // A desk's own alarm of that name is a refusal too, as behind ENDEX.
            (
                Is::Refused {
                    reason,
                    by,
                    says: None,
                    ..
                },
                Sight::Alarm { desk, code, .. },
            ) => reason == code && by.as_deref().is_none_or(|by| by == *desk),
            _ => false,
        }
    }

    /// Whether a state counts now: since its mark, or between its two.
    fn is_open(&self, by: &By) -> bool {
        let came = |mark: &Mark| self.marks.when(mark).is_some();
        match by {
            By::Within(_, from) => came(from),
            By::Never(Some((from, to))) => came(from) && !came(to),
            By::Recorded | By::Never(None) => true,
        }
    }

    /// The same of what is at one moment: what happened before its mark meets an expectation too.
    fn is_open_for(&self, by: &By) -> bool {
        matches!(by, By::Within(..)) || self.is_open(by)
    }

    /// Whether the lamp of a leg, or each of a path, stands so.
    fn is_lit(&self, link: &Link, state: &str, legs: &BTreeMap<String, String>) -> bool {
        let is_of = |leg: &str| {
            let (of, by) = leg.split_once('/').unwrap_or((leg, ""));
            match link {
                Link::Leg { relay, door, .. } => *relay == *of && *door == *by,
                Link::Path(path) => {
                    let mut relays = self.scenario.topology.relays.iter();
                    relays.any(|card| *card.name == *of && card.path == *path)
                }
            }
        };
        let mut lamps = legs.iter().filter(|(leg, _)| is_of(leg)).peekable();
        lamps.peek().is_some() && lamps.all(|(_, lamp)| lamp == state)
    }
}

fn is_climb(reached: &Reached, sight: &Sight<'_>) -> bool {
    let Sight::Climb {
        of,
        rung,
        at,
        answer,
        text,
    } = sight
    else {
        return false;
    };
    let same = reached.of.value == **of && reached.rung == *rung;
    let here = reached.at.as_ref().is_none_or(|desk| *at == Some(desk.as_str()));
    let graded = |grade: Grade| text.split(' ').next() == Some(grade.name());
    let answered = |wanted: Answer| *answer == Some(wanted.name());
    let said = |wanted: &String| wanted.as_str() == *text;
    same && here
        && reached.grade.is_none_or(graded)
        && reached.answer.is_none_or(answered)
        && reached.text.as_ref().is_none_or(said)
}
