//! The ladder of chosen messages beside the medians of June 1967.

use super::{Figure, axis, ends, placed};
use crate::report::{
    history1967,
    html::{Html, Links, Table, text},
    model::{HistoryStep, Ladder, LadderStep},
    svg::{Anchor, LogScale, Shape, Svg, legend, mark, px},
    words::length,
};

/// Height of a step, in pixels.
const ROW: i64 = 24;
/// Room above the steps of one message, in pixels.
const HEAD: i64 = 26;
/// Room for a step's name, in pixels.
const NAMES: i64 = 236;
/// Room for its lengths, in pixels.
const NUMBERS: i64 = 212;

pub fn figure(ladders: &[Ladder], links: &Links<'_>) -> Figure {
    let steps = || ladders.iter().flat_map(|ladder| &ladder.steps);
    let lengths = steps().flat_map(|step| step.ms.into_iter().chain(then(step)));
    let (_, right) = ends();
    let scale = LogScale::over(lengths, px(NAMES), right - px(NUMBERS));
    let words = words(ladders);
    let rows = i64::try_from(steps().count()).unwrap_or(0);
    let height = rows * ROW + i64::try_from(ladders.len()).unwrap_or(0) * HEAD;
    let mut svg = Svg::new("fig-ladder-svg", "The ladder beside 1967", &words, height + 42);
    axis(
        &mut svg,
        &placed(&scale),
        px(0),
        px(height),
        "each step of the axis a multiple",
    );
    let mut y = 0;
    for ladder in ladders {
        let head = format!("{}: {}", ladder.message, ladder.about);
        svg.words("row-head", (px(0), px(y + 17)), Anchor::Start, &head);
        y += HEAD;
        for step in &ladder.steps {
            draw(&mut svg, step, &scale, y, links);
            y += ROW;
        }
    }
    let mut numbers = table(ladders, links);
    numbers.push(&source());
    Figure {
        id: "fig-ladder",
        heading: "The ladder beside 1967",
        drawing: (!ladders.is_empty()).then(|| svg.end()),
        legend: legend(&[
            ("m-message", Shape::Disc, "this exercise"),
            ("m-history", Shape::Rhombus, "median of June 1967"),
        ]),
        words,
        table: numbers,
    }
}

/// What the step took in 1967, milliseconds.
fn then(step: &LadderStep) -> Option<u64> {
    Some(step.history?.median()?.ms)
}

fn draw(svg: &mut Svg, step: &LadderStep, scale: &LogScale, y: i64, links: &Links<'_>) {
    let middle = px(y + ROW / 2);
    svg.line("lane", (px(0), px(y)), (ends().1, px(y)));
    svg.words("tick", (px(0), px(y + 16)), Anchor::Start, &name(step));
    if let (Some(now), Some(then)) = (step.ms, then(step)) {
        svg.line("between", (scale.at(now), middle), (scale.at(then), middle));
    }
    if let Some(then) = then(step) {
        let says = format!("1967: {}", length(then));
        svg.push(&mark(
            "m-history",
            Shape::Rhombus,
            (scale.at(then), middle),
            &says,
        ));
    }
    let took = step.ms.map_or_else(|| "not reached".into(), length);
    if let Some(now) = step.ms {
        let drawn = mark("m-message", Shape::Disc, (scale.at(now), middle), &took);
        match &step.leaf {
            Some(leaf) => svg.push(&links.around(leaf, &drawn)),
            None => svg.push(&drawn),
        }
    }
    let beside = then(step).map_or_else(String::new, |then| format!(" / 1967: {}", length(then)));
    svg.words(
        "tick",
        (ends().1, px(y + 16)),
        Anchor::End,
        &format!("{took}{beside}"),
    );
}

fn name(step: &LadderStep) -> String {
    format!("{} from {}, {}", step.rung, step.from, step.clock.name())
}

fn words(ladders: &[Ladder]) -> String {
    let Some(ladder) = ladders.first() else {
        return "No message was chosen for a ladder.".into();
    };
    let reached = ladder.steps.iter().filter(|step| step.ms.is_some()).count();
    format!(
        "{} reached {reached} of {} rungs. Machines' rungs are counted on line time, people's on story time; the medians of \
         1967 are of the Washington\u{2013}Moscow line, whose people and teleprinters had one clock.",
        ladder.message,
        ladder.steps.len()
    )
}

fn table(ladders: &[Ladder], links: &Links<'_>) -> Html {
    let mut table = Table::new(
        "ladder",
        &[
            "message",
            "rung",
            "from",
            "clock",
            "took",
            "in 1967",
            "step of 1967",
            "entry",
        ],
    );
    for ladder in ladders {
        for step in &ladder.steps {
            table.row(&[
                text(&ladder.message),
                text(&step.rung),
                text(&step.from),
                text(step.clock.name()),
                text(&step.ms.map_or_else(|| "not reached".into(), length)),
                text(&then(step).map_or_else(|| "\u{2013}".into(), length)),
                text(step.history.map_or("\u{2013}", HistoryStep::words)),
                links.maybe(step.leaf.as_ref()),
            ]);
        }
    }
    table.end()
}

fn source() -> Html {
    let medians = HistoryStep::ALL.iter().filter_map(|step| {
        let median = step.median()?;
        Some(format!(
            "{} {} (n = {})",
            step.words(),
            length(median.ms),
            median.count
        ))
    });
    let medians: Vec<String> = medians.collect();
    Html::ours(format!(
        "<p class=\"source\">Medians of June 1967: {}. Source: {}.</p>\n",
        text(&medians.join("; ")),
        text(history1967::SOURCE)
    ))
}
