//! By when: within a time of a mark, at any time, or never.

use crate::{
    scenario::{
        expect::{By, Compare},
        mark::Mark,
        moment::Span,
    },
    timeline::{Apart, Measured, Moment},
};

use super::{
    Met,
    case::{About, Case, Finding},
    when,
};

/// Something that happened, or a state that held.
#[derive(Clone, Debug)]
pub(super) struct Occurrence {
    /// When it began; `None` where no time is known.
    pub(super) from: Option<Moment>,
    /// Until when it held.
    pub(super) until: Until,
    /// The statement that says so.
    pub(super) entry: usize,
    /// What it was, for people: `DELIVERED at B`.
    pub(super) what: String,
    /// It counts behind ENDEX too: a message that was sent before it came.
    pub(super) late: bool,
}

/// Until when something held.
#[derive(Clone, Copy, Debug)]
pub(super) enum Until {
    /// It was at one moment.
    Point,
    /// Until then.
    Moment(Moment),
    /// It still held when the records end.
    Open,
}

impl Case<'_> {
    /// Judges what occurred, in its order. `subject` names it where nothing did.
    pub(super) fn by(
        &self,
        occurrences: &[Occurrence],
        by: &By,
        subject: &str,
        about: Option<About<'_>>,
    ) -> Finding {
        let counts = self.counted(occurrences);
        let occurrences = counts.as_slice();
        match by {
            By::Recorded => match occurrences.first() {
                Some(first) => Finding::new(Met::Yes, said(first)).at(first.from, first.entry),
                None => Finding::new(Met::No, format!("{subject} did not come")),
            },
            By::Within(span, mark) => self.within(occurrences, *span, mark, subject, about),
            By::Never(None) => match occurrences.first() {
                Some(first) => Finding::new(Met::No, said(first)).at(first.from, first.entry),
                None => Finding::new(Met::Yes, format!("{subject} did not come")),
            },
            By::Never(Some((from, to))) => self.never_between(occurrences, from, to, subject, about),
        }
    }

    /// Without what surely came behind ENDEX, unless it was still to come then.
    fn counted(&self, occurrences: &[Occurrence]) -> Vec<Occurrence> {
        let counts = |occurrence: &&Occurrence| occurrence.late || !self.is_over(occurrence.from.as_ref());
        occurrences.iter().filter(counts).cloned().collect()
    }

    fn within(
        &self,
        occurrences: &[Occurrence],
        span: Span,
        mark: &Mark,
        subject: &str,
        about: Option<About<'_>>,
    ) -> Finding {
        let start = match self.mark(mark, about) {
            Ok(start) => start,
            Err(lacking) => return Finding::new(Met::No, lacking),
        };
        let Some(begin) = start.at else {
            let why = format!("when {mark} came is not known");
            return Finding::new(Met::Undecided, why).seen_in([start.entry]);
        };
        let (mut before, mut untimed) = (None, None);
        for occurrence in occurrences {
            match since(occurrence, &begin, span) {
                Since::After(measured) => {
                    let met = measured.apart.at_most(millis(span));
                    let seen = format!("{} {measured} after {mark}", occurrence.what);
                    return Finding::new(met, seen)
                        .at(occurrence.from, occurrence.entry)
                        .within(measured, span)
                        .seen_in([start.entry]);
                }
                Since::Before => before = Some(occurrence),
                Since::Unknown => untimed = untimed.or(Some(occurrence)),
            }
        }
        if let Some(untimed) = untimed {
            let why = format!("{}, and when is not known", untimed.what);
            return Finding::new(Met::Undecided, why).seen_in([untimed.entry, start.entry]);
        }
        match before {
            Some(before) => Finding::new(Met::No, format!("{}, before {mark}", said(before)))
                .at(before.from, before.entry),
            None => Finding::new(Met::No, format!("{subject} did not come")).seen_in([start.entry]),
        }
    }

    fn never_between(
        &self,
        occurrences: &[Occurrence],
        from: &Mark,
        to: &Mark,
        subject: &str,
        about: Option<About<'_>>,
    ) -> Finding {
        let begin = match self.mark(from, about) {
            Ok(begin) => begin,
            Err(lacking) => return Finding::new(Met::No, lacking),
        };
        // What has not come yet has no end: the window is open.
        let end = self.mark(to, about).ok().map(|end| end.at);
        let mut undecided = None;
        for occurrence in occurrences {
            match overlaps(occurrence, begin.at, end) {
                Met::No => {}
                Met::Yes => {
                    return Finding::new(Met::No, said(occurrence)).at(occurrence.from, occurrence.entry);
                }
                Met::Undecided | Met::NotAsked => undecided = undecided.or(Some(occurrence)),
            }
        }
        match undecided {
            Some(near) => {
                let why = format!("{}, too close to {from} or {to} to say", said(near));
                Finding::new(Met::Undecided, why).at(near.from, near.entry)
            }
            None => Finding::new(
                Met::Yes,
                format!("{subject} did not come between {from} and {to}"),
            )
            .seen_in([begin.entry]),
        }
    }

    /// How often something came, against a number: within a time of a mark, or at any time.
    pub(super) fn often(
        &self,
        occurrences: &[Occurrence],
        by: &By,
        count: Compare,
        subject: &str,
    ) -> Finding {
        let counts = self.counted(occurrences);
        let occurrences = counts.as_slice();
        let By::Within(span, mark) = by else {
            if matches!(by, By::Never(_)) {
                return self.by(occurrences, by, subject, None);
            }
            return counted(occurrences.len() as u64, 0, count, subject)
                .seen_in(occurrences.iter().map(|occurrence| occurrence.entry));
        };
        let begin = match self.mark(mark, None) {
            Ok(start) => start.at,
            Err(lacking) => return Finding::new(Met::No, lacking),
        };
        let (mut sure, mut open) = (0, 0);
        for occurrence in occurrences {
            let since = begin.map_or(Since::Unknown, |begin| since(occurrence, &begin, *span));
            match since {
                Since::Before => {}
                Since::Unknown => open += 1,
                Since::After(measured) => match measured.apart.at_most(millis(*span)) {
                    Met::Yes => sure += 1,
                    Met::Undecided => open += 1,
                    Met::No | Met::NotAsked => {}
                },
            }
        }
        counted(sure, open, count, subject).seen_in(occurrences.iter().map(|occurrence| occurrence.entry))
    }
}

enum Since {
    After(Measured),
    Before,
    Unknown,
}

/// How far something began behind a moment. A state that held at the moment began at it.
fn since(occurrence: &Occurrence, begin: &Moment, span: Span) -> Since {
    let Some(from) = &occurrence.from else {
        return Since::Unknown;
    };
    // What began before STARTEX has no story time.
    match begin.until(from, span) {
        Some(measured) if !measured.apart.is_before() => return Since::After(measured),
        Some(_) | None => {}
    }
    let held = match occurrence.until {
        Until::Point => false,
        Until::Open => true,
        Until::Moment(until) => begin
            .until(&until, span)
            .is_some_and(|rest| rest.apart.value_ms > 0),
    };
    let apart = Apart {
        value_ms: 0,
        uncertainty_ms: 0,
    };
    let story = matches!(span, Span::Story(_));
    if held {
        Since::After(Measured { apart, story })
    } else {
        Since::Before
    }
}

/// Whether something was between two moments: met if surely, not met if surely not.
fn overlaps(occurrence: &Occurrence, begin: Option<Moment>, end: Option<Option<Moment>>) -> Met {
    let Some(from) = occurrence.from else {
        return Met::Undecided;
    };
    let ended_before = match (occurrence.until, begin) {
        (_, None) => Met::Undecided,
        (Until::Open, _) => Met::No,
        (Until::Point, Some(begin)) => earlier(&from, &begin),
        (Until::Moment(until), Some(begin)) => earlier(&until, &begin),
    };
    let began_behind = match end {
        None => Met::No,
        Some(None) => Met::Undecided,
        Some(Some(end)) => earlier(&end, &from),
    };
    match (ended_before, began_behind) {
        (Met::Yes, _) | (_, Met::Yes) => Met::No,
        (Met::No, Met::No) => Met::Yes,
        _ => Met::Undecided,
    }
}

/// Whether one moment came before another.
pub(super) fn earlier(one: &Moment, other: &Moment) -> Met {
    let off = one.uncertainty_ms.saturating_add(other.uncertainty_ms);
    if one.wall_ms.saturating_add(off) < other.wall_ms {
        Met::Yes
    } else if other.wall_ms.saturating_add(off) < one.wall_ms {
        Met::No
    } else {
        Met::Undecided
    }
}

fn counted(sure: u64, open: u64, count: Compare, subject: &str) -> Finding {
    let mut possible = (sure..=sure.saturating_add(open)).map(|number| count.holds(number));
    let first = possible.next().unwrap_or(false);
    let met = match (first, possible.all(|holds| holds == first)) {
        (true, true) => Met::Yes,
        (false, true) => Met::No,
        (_, false) => Met::Undecided,
    };
    let seen = match open {
        0 => format!("{subject}: {sure}"),
        open => format!("{subject}: {sure}, and {open} too close to the bound to say"),
    };
    Finding::new(met, seen)
}

fn said(occurrence: &Occurrence) -> String {
    match occurrence.from {
        Some(from) => format!("{} at {}", occurrence.what, when(from)),
        None => format!("{}, at a time that is not known", occurrence.what),
    }
}

/// A span's length in whole milliseconds.
pub(super) fn millis(span: Span) -> u64 {
    u64::try_from(span.length().as_millis()).unwrap_or(u64::MAX)
}
