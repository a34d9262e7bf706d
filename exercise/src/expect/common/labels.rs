//! Labels of silence beside what control knows.

use std::collections::BTreeSet;

use hotline_core::duty::{OrderVerb, ServiceKind};

use crate::{
    expect::{
        Met,
        by::Occurrence,
        case::{Case, Finding},
        when,
    },
    record::Kind,
    scenario::lists::Label,
    timeline::{Entry, Moment, Timeline, What},
};

/// How long after a fault or a dead process a label of silence may still come, and stay, on the wall clock: detection on
/// the slowest profile takes 15 s, and control looks every five.
const AFTERWARDS_MS: u64 = 30_000;

impl Case<'_> {
    pub(super) fn labels_fit(&self) -> Finding {
        let trouble = self.trouble();
        let mut looked = 0;
        for desk in self.timeline.startex.desks.keys() {
            let mut before: Option<String> = None;
            for look in self.looks(desk) {
                looked += 1;
                let label = look.standing.label.clone();
                let new = label != before;
                before.clone_from(&label);
                let why = match label.as_deref() {
                    Some(label) if new && label == Label::Interrupted.name() => {
                        let explained = trouble.iter().any(|trouble| trouble.explains(&look.at));
                        (!explained).then_some("nothing was cut, dead or ordered")
                    }
                    Some(label) if label == Label::Unresponsive.name() => {
                        let legs = &look.standing.legs;
                        let cut = !legs.is_empty() && legs.values().all(|leg| leg == "DOWN");
                        cut.then_some("every leg was down")
                    }
                    _ => None,
                };
                if let Some(why) = why {
                    let label = label.unwrap_or_default();
                    let seen = format!("{label} at {desk} at {}, and {why}", when(look.at));
                    return Finding::new(Met::No, seen).at(Some(look.at), look.entry);
                }
            }
        }
        let mut desks = self.timeline.startex.desks.keys();
        if let Some(unseen) = desks.find_map(|desk| self.unseen_while_here(desk)) {
            return Finding::new(Met::Undecided, unseen);
        }
        Finding::new(
            Met::Yes,
            format!("{looked} looks at desks, and no label contradicts them"),
        )
    }

    /// Without what people who left their seat explain: while they are away, and half a minute behind it, a line that says
    /// so says what is so.
    pub(in crate::expect) fn without_absences(&self, stood: Vec<Occurrence>) -> Vec<Occurrence> {
        let left = self.desks_that_were_left();
        let mut away = self.trouble();
        away.retain(|trouble| left.contains(&trouble.of));
        let explained = |occurrence: &Occurrence| {
            let from = occurrence.from.as_ref();
            from.is_some_and(|from| away.iter().any(|trouble| trouble.explains(from)))
        };
        stood
            .into_iter()
            .filter(|occurrence| !explained(occurrence))
            .collect()
    }

    /// Seats that people have left, and their desks, as [`Trouble`] calls them.
    fn desks_that_were_left(&self) -> BTreeSet<String> {
        let mut left = BTreeSet::new();
        for (_, record) in self.timeline.records() {
            if let Kind::Seat { seat, what } = &record.kind
                && what == "LEFT"
            {
                left.insert(format!("seat {seat}"));
                let desk = self.scenario.seat(seat).and_then(|card| card.desk.as_ref());
                left.extend(desk.map(|desk| format!("desk {}", desk.as_str())));
            }
        }
        left
    }

    /// Everything that explains a cut line: faults and dead processes as control wrote them down, desks that closed, a line
    /// that was severed, and control's own absence.
    pub(in crate::expect) fn trouble(&self) -> Vec<Trouble> {
        let mut trouble: Vec<Trouble> = Vec::new();
        for entry in &self.timeline.entries {
            let at_ms = entry.at.wall_ms;
            let (of, turn) = match turn(self.timeline, entry) {
                Some(turn) => turn,
                None => continue,
            };
            let known = entry.at.is_certain();
            if turn != Turn::Ends {
                // What nobody knows the time of explains nothing.
                if known {
                    trouble.push(Trouble {
                        of,
                        from_ms: at_ms.saturating_sub(entry.at.uncertainty_ms),
                        to_ms: (turn == Turn::Was).then_some(at_ms),
                    });
                }
                continue;
            }
            let open = trouble.iter_mut();
            for open in open.filter(|open| open.of == of && open.to_ms.is_none()) {
                open.to_ms = Some(if known { at_ms } else { open.from_ms });
            }
        }
        trouble
    }
}

/// What a statement is for something that explains a cut line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Begins,
    Ends,
    /// It was over when it was written down.
    Was,
}

/// What it is a turn of, under one key whoever tells of it: `desk A`, `relay north`, `fault cut`.
fn turn(timeline: &Timeline, entry: &Entry) -> Option<(String, Turn)> {
    let begins = |begins| if begins { Turn::Begins } else { Turn::Ends };
    let desk = |name: &str| format!("desk {name}");
    let process = |who: &str| match timeline.startex.desks.contains_key(who) {
        true => desk(who),
        false => who.to_owned(),
    };
    let opened = || desk(&timeline.name_of(&entry.who));
    match &entry.what {
        What::Control(record) => match &record.kind {
            Kind::Fault { name, on, .. } => Some((format!("fault {name}"), begins(*on))),
            Kind::Process { who, deed } => match deed.as_str() {
                "KILL" | "PAUSE" | "DIED" | "ASLEEP" => Some((process(who), Turn::Begins)),
                "RESUME" | "START" => Some((process(who), Turn::Ends)),
                _ => None,
            },
            // Of a desk whose people were away control knows nothing that a label could contradict.
            Kind::Seat { seat, what } => match what.as_str() {
                "LEFT" => Some((format!("seat {seat}"), Turn::Begins)),
                _ => Some((format!("seat {seat}"), Turn::Ends)),
            },
            Kind::Resumed { .. } => Some(("control".to_owned(), Turn::Was)),
            _ => None,
        },
        What::Service(service) => match service.kind {
            ServiceKind::DeskCloses => Some((opened(), Turn::Begins)),
            ServiceKind::DeskOpens => Some((opened(), Turn::Ends)),
            _ => None,
        },
        What::Order {
            verb,
            channel,
            stands: true,
            ..
        } => match verb {
            OrderVerb::Sever => Some((format!("order {channel}"), Turn::Begins)),
            OrderVerb::Restore => Some((format!("order {channel}"), Turn::Ends)),
            OrderVerb::Suspend | OrderVerb::Rekey | OrderVerb::AmendConfig => None,
        },
        _ => None,
    }
}

/// Something that explains a cut line.
pub(in crate::expect) struct Trouble {
    pub(in crate::expect) of: String,
    pub(in crate::expect) from_ms: u64,
    /// `None` if it has not ended.
    pub(in crate::expect) to_ms: Option<u64>,
}

impl Trouble {
    fn explains(&self, at: &Moment) -> bool {
        self.from_ms <= at.wall_ms
            && self
                .to_ms
                .is_none_or(|to| at.wall_ms <= to.saturating_add(AFTERWARDS_MS))
    }
}
