//! Labels of silence beside what control knows.

use crate::{
    expect::{
        Met,
        case::{Case, Finding},
        when,
    },
    record::Kind,
    scenario::lists::Label,
    timeline::{Moment, What},
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
        Finding::new(
            Met::Yes,
            format!("{looked} looks at desks, and no label contradicts them"),
        )
    }

    /// Everything that explains a cut line, as control wrote it down: faults, dead processes, clocks that were set, orders.
    fn trouble(&self) -> Vec<Trouble> {
        let mut trouble: Vec<Trouble> = Vec::new();
        let end = |trouble: &mut Vec<Trouble>, of: &str, at: Moment| {
            if let Some(open) = trouble
                .iter_mut()
                .rfind(|open| open.of == of && open.to_ms.is_none())
            {
                open.to_ms = Some(at.wall_ms);
            }
        };
        for entry in &self.timeline.entries {
            let (of, begins) = match &entry.what {
                What::Control(record) => match &record.kind {
                    Kind::Fault { name, on, .. } => (format!("fault {name}"), *on),
                    Kind::Process { who, deed } => match deed.as_str() {
                        "KILL" | "PAUSE" | "DIED" => (who.clone(), true),
                        "RESUME" | "START" => (who.clone(), false),
                        _ => continue,
                    },
                    Kind::Resumed { .. } => ("control".to_owned(), true),
                    _ => continue,
                },
                What::Order { verb, .. } => (format!("order {verb}"), true),
                _ => continue,
            };
            if begins {
                trouble.push(Trouble {
                    of,
                    from_ms: entry.at.wall_ms,
                    to_ms: None,
                });
            } else {
                end(&mut trouble, &of, entry.at);
            }
        }
        trouble
    }
}

/// Something that explains a cut line.
struct Trouble {
    of: String,
    from_ms: u64,
    to_ms: Option<u64>,
}

impl Trouble {
    fn explains(&self, at: &Moment) -> bool {
        self.from_ms <= at.wall_ms
            && self
                .to_ms
                .is_none_or(|to| at.wall_ms <= to.saturating_add(AFTERWARDS_MS))
    }
}
