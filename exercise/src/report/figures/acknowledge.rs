//! How long people took to acknowledge and to answer, by precedence: a dot a message, the median, the deadline.

use std::collections::{BTreeMap, BTreeSet};

use super::{Figure, LEFT, axis, ends, placed};
use crate::report::{
    html::{Links, Table, text},
    model::{Wait, WaitKind, median_wait},
    svg::{Anchor, LogScale, Shape, Svg, Tenth, legend, mark, px},
    words::length,
};

/// Messages from which on a row is a histogram: fewer make bars that say more than they know.
const HISTOGRAM: usize = 30;
/// Width of a bar, in pixels.
const BAR: i64 = 14;
/// Height of a row, in pixels.
const ROW: i64 = 52;
/// Room above the rows of one kind, in pixels.
const HEAD: i64 = 26;
/// Room for the distances under the axis, in pixels.
const FLOWN: i64 = 32;
/// Room for one of them, in pixels.
const FLOWN_TICK: i64 = 52;
/// Metres that an aircraft flies in a second: 900 km/h.
const METRES_A_SECOND: u64 = 250;
/// What they are.
const FLOWN_NAME: &str = "flown by then at 900 km/h";
/// Room between the longest time and those that did not come, in pixels.
const NEVER: i64 = 64;
/// The precedences, most urgent first.
const PRECEDENCES: [&str; 6] = [
    "OVERRIDE",
    "FLASH",
    "IMMEDIATE",
    "PRIORITY",
    "ROUTINE",
    "DEFERRED",
];

pub fn figure(waits: &[Wait], links: &Links<'_>) -> Figure {
    let words = words(waits);
    let rows = groups(waits);
    let (left, right) = ends();
    let lengths = waits
        .iter()
        .flat_map(|wait| wait.story_ms.into_iter().chain(wait.deadline_ms));
    let scale = LogScale::over(lengths, left, right - px(NEVER));
    let kinds: BTreeSet<WaitKind> = rows.keys().map(|(kind, _)| *kind).collect();
    let height = count(kinds.len()) * HEAD + count(rows.len()) * ROW;
    let mut svg = Svg::new(
        "fig-acknowledge-svg",
        "Time to acknowledge and to answer, by precedence",
        &words,
        height + 46 + FLOWN,
    );
    axis(
        &mut svg,
        &placed(&scale),
        px(0),
        px(height),
        "story time from DELIVERED, each step of the axis a multiple",
    );
    flown(&mut svg, &scale, px(height + 47));
    let mut y = 0;
    let mut before = None;
    for ((kind, rank), waits) in &rows {
        if before != Some(*kind) {
            svg.words("row-head", (px(0), px(y + 17)), Anchor::Start, heading(*kind));
            y += HEAD;
            before = Some(*kind);
        }
        let name = PRECEDENCES.get(*rank).copied().unwrap_or("other");
        svg.words("lane-name", (px(0), px(y + ROW / 2 + 4)), Anchor::Start, name);
        row(&mut svg, waits, &scale, y, links);
        y += ROW;
    }
    Figure {
        id: "fig-acknowledge",
        heading: "Time to acknowledge and to answer",
        drawing: (!waits.is_empty()).then(|| svg.end()),
        legend: legend(&[
            ("m-person", Shape::Disc, "one message"),
            ("m-late", Shape::Square, "one message, past its deadline"),
            ("m-trouble", Shape::Cross, "it did not come"),
            ("median", Shape::Stroke, "median"),
            ("deadline", Shape::Stroke, "deadline (dashed)"),
        ]),
        words,
        table: table(waits, links),
    }
}

/// Under the axis: how far an aircraft has flown by each tick. What a silence costs is read off it.
fn flown(svg: &mut Svg, scale: &LogScale, y: Tenth) {
    let mut free = px(0);
    for (ms, _) in scale.ticks().into_iter().filter(|(ms, _)| *ms >= 1_000) {
        let x = scale.at(ms);
        if x >= free {
            svg.words("tick", (x, y), Anchor::Middle, &distance(ms));
            free = x + px(FLOWN_TICK);
        }
    }
    svg.words("axis-name", (ends().1, y + px(16)), Anchor::End, FLOWN_NAME);
}

/// `250 m`, `2.5 km`, `15 km`.
fn distance(ms: u64) -> String {
    let metres = ms.saturating_mul(METRES_A_SECOND) / 1_000;
    let (km, tenths) = (metres / 1_000, metres % 1_000 / 100);
    match (km, tenths) {
        (0, _) => format!("{metres} m"),
        (km, 0) => format!("{km} km"),
        (km, tenths) => format!("{km}.{tenths} km"),
    }
}

const fn heading(kind: WaitKind) -> &'static str {
    match kind {
        WaitKind::Acknowledge => "to ACKNOWLEDGED",
        WaitKind::Answer => "to ANSWERED",
    }
}

fn count(things: usize) -> i64 {
    i64::try_from(things).unwrap_or(0)
}

/// Waits by kind and precedence; an unknown precedence comes last.
fn groups(waits: &[Wait]) -> BTreeMap<(WaitKind, usize), Vec<&Wait>> {
    let mut groups: BTreeMap<_, Vec<&Wait>> = BTreeMap::new();
    for wait in waits {
        let known = PRECEDENCES.iter().position(|name| *name == wait.precedence);
        let rank = known.unwrap_or(PRECEDENCES.len());
        groups.entry((wait.kind, rank)).or_default().push(wait);
    }
    groups
}

/// The median of all; one that did not come is longer than any. `None`: half of them did not come.
fn median(waits: &[&Wait]) -> Option<u64> {
    median_wait(waits.iter().map(|wait| wait.story_ms))
}

fn late(wait: &Wait) -> bool {
    match (wait.story_ms, wait.deadline_ms) {
        (Some(took), Some(allowed)) => took > allowed,
        _ => false,
    }
}

fn row(svg: &mut Svg, waits: &[&Wait], scale: &LogScale, y: i64, links: &Links<'_>) {
    let (top, bottom) = (px(y + 3), px(y + ROW - 3));
    svg.line("lane", (px(0), px(y)), (ends().1, px(y)));
    let deadlines: BTreeSet<u64> = waits.iter().filter_map(|wait| wait.deadline_ms).collect();
    for deadline in deadlines {
        let x = scale.at(deadline);
        svg.line("deadline", (x, top), (x, bottom));
    }
    if waits.len() < HISTOGRAM {
        let (came, never): (Vec<&Wait>, Vec<&Wait>) = waits.iter().partition(|wait| wait.story_ms.is_some());
        for side in [came, never] {
            for (number, wait) in side.into_iter().enumerate() {
                dot(svg, wait, scale, px(y + 20 + count(number % 4) * 8), links);
            }
        }
    } else {
        bars(svg, waits, scale, bottom);
    }
    if let Some(median) = median(waits) {
        let x = scale.at(median);
        svg.line("median", (x, top), (x, bottom));
        svg.words("label", (x + px(4), px(y + 11)), Anchor::Start, &length(median));
    }
}

fn dot(svg: &mut Svg, wait: &Wait, scale: &LogScale, y: Tenth, links: &Links<'_>) {
    let (class, shape, x) = match wait.story_ms {
        None => ("m-trouble", Shape::Cross, ends().1 - px(NEVER / 3)),
        Some(took) if late(wait) => ("m-late", Shape::Square, scale.at(took)),
        Some(took) => ("m-person", Shape::Disc, scale.at(took)),
    };
    let took = wait.story_ms.map_or_else(|| "did not come".into(), length);
    let drawn = mark(
        class,
        shape,
        (x, y),
        &format!("{}, desk {}: {took}", wait.message, wait.desk),
    );
    match &wait.leaf {
        Some(leaf) => svg.push(&links.around(leaf, &drawn)),
        None => svg.push(&drawn),
    }
}

fn bars(svg: &mut Svg, waits: &[&Wait], scale: &LogScale, bottom: Tenth) {
    let mut columns: BTreeMap<i64, usize> = BTreeMap::new();
    for took in waits.iter().filter_map(|wait| wait.story_ms) {
        *columns
            .entry((scale.at(took) - px(LEFT)).0 / px(BAR).0)
            .or_default() += 1;
    }
    let never = waits.iter().filter(|wait| wait.story_ms.is_none()).count();
    let most = count(columns.values().copied().max().unwrap_or(1).max(1));
    for (column, messages) in columns {
        let tall = Tenth((px(ROW - 22).0 * count(messages) / most).max(10));
        let place = (px(LEFT + column * BAR), bottom - tall);
        svg.rect("m-person full", place, (px(BAR - 1), tall));
    }
    if never > 0 {
        let words = format!("{never} never");
        svg.words("label", (ends().1, bottom - px(8)), Anchor::End, &words);
    }
}

fn words(waits: &[Wait]) -> String {
    if waits.is_empty() {
        return "No message waited for people.".into();
    }
    let rows = groups(waits);
    let sentences = rows.iter().map(|((kind, rank), waits)| {
        let name = PRECEDENCES.get(*rank).copied().unwrap_or("other precedences");
        let median = median(waits).map_or_else(
            || "half of them or more did not come".into(),
            |ms| format!("median {}", length(ms)),
        );
        let never = waits.iter().filter(|wait| wait.story_ms.is_none()).count();
        let late = waits.iter().filter(|wait| late(wait)).count();
        format!(
            "{name} {}: n = {}, {median}, {late} past the deadline, {never} did not come.",
            heading(*kind),
            waits.len()
        )
    });
    let sentences: Vec<String> = sentences.collect();
    format!(
        "{} Under the axis stands how far an aircraft at 900 km/h has flown by then.",
        sentences.join(" ")
    )
}

fn table(waits: &[Wait], links: &Links<'_>) -> crate::report::html::Html {
    let mut table = Table::new(
        "waits",
        &[
            "message",
            "precedence",
            "desk",
            "waited for",
            "took, story",
            "allowed",
            "kept",
            "entry",
        ],
    );
    for wait in waits {
        let kept = match (wait.story_ms, wait.deadline_ms) {
            (_, None) => "no deadline",
            (None, Some(_)) => "no, it did not come",
            (Some(_), Some(_)) if late(wait) => "no",
            (Some(_), Some(_)) => "yes",
        };
        table.row(&[
            text(&wait.message),
            text(&wait.precedence),
            text(&wait.desk),
            text(match wait.kind {
                WaitKind::Acknowledge => "ACKNOWLEDGED",
                WaitKind::Answer => "ANSWERED",
            }),
            text(&wait.story_ms.map_or_else(|| "\u{2013}".into(), length)),
            text(&wait.deadline_ms.map_or_else(|| "\u{2013}".into(), length)),
            text(kept),
            links.maybe(wait.leaf.as_ref()),
        ]);
    }
    table.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn under_the_axis_stands_how_far_an_aircraft_has_flown_by_then() {
        for (ms, flown) in [
            (1_000, "250 m"),
            (10_000, "2.5 km"),
            (60_000, "15 km"),
            (300_000, "75 km"),
            (7_200_000, "1800 km"),
        ] {
            assert_eq!(distance(ms), flown);
        }
        let mut svg = Svg::new("fig", "title", "words", 100);
        let scale = LogScale::over([5, 300_000].into_iter(), px(0), px(700));
        super::flown(&mut svg, &scale, px(50));
        let drawn = svg.end();
        let drawn = drawn.as_str();
        for words in ["250 m", "2.5 km", "15 km", "75 km", FLOWN_NAME] {
            assert!(drawn.contains(words), "{words} in {drawn}");
        }
        assert!(!drawn.contains("25 m"), "nothing flies far in 100 ms: {drawn}");
    }
}
