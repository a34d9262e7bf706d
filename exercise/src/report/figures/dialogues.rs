//! How many dialogues were open, over story time.

use super::{Figure, axis, ends};
use crate::report::{
    html::{Html, Table, text},
    model::{DialoguesAt, Model},
    svg::{Anchor, Scale, Svg, Tenth, legend, px},
    words::{counted, story},
};

/// Height of the area, in pixels.
const TALL: i64 = 120;
/// Room above it, in pixels.
const TOP: i64 = 12;
/// Most lines across.
const LINES: u32 = 5;

pub fn figure(model: &Model) -> Figure {
    let steps = &model.figures.dialogues;
    let most = steps.iter().map(|step| step.open).max().unwrap_or(0);
    let last = steps.last().map_or(0, |step| step.at.story_ms);
    let end = model.overview.took_story_ms.max(last);
    let (left, right) = ends();
    let scale = Scale::new(0, end, left, right);
    let words = words(steps, most);
    let mut svg = Svg::new("fig-dialogues-svg", "Open dialogues", &words, TOP + TALL + 42);
    let bottom = px(TOP + TALL);
    let ticks: Vec<_> = scale
        .ticks(0)
        .into_iter()
        .map(|(ms, words)| (scale.at(ms), words))
        .collect();
    axis(&mut svg, &ticks, px(TOP), bottom, "story time since STARTEX");
    let every = most.div_ceil(LINES).max(1);
    for number in (every..=most).step_by(usize::try_from(every).unwrap_or(1)) {
        let y = level(number, most);
        svg.line("grid", (left, y), (right, y));
        svg.words(
            "tick",
            (left - px(6), y + px(4)),
            Anchor::End,
            &number.to_string(),
        );
    }
    svg.words("lane-name", (px(0), px(TOP + 14)), Anchor::Start, "open");
    svg.push(&area(steps, &scale, most));
    Figure {
        id: "fig-dialogues",
        heading: "Open dialogues",
        drawing: (!steps.is_empty()).then(|| svg.end()),
        legend: legend(&[]),
        words,
        table: table(steps),
    }
}

fn level(open: u32, most: u32) -> Tenth {
    px(TOP + TALL) - Tenth(px(TALL).0 * i64::from(open) / i64::from(most.max(1)))
}

fn area(steps: &[DialoguesAt], scale: &Scale, most: u32) -> Html {
    let (left, right) = ends();
    let bottom = px(TOP + TALL);
    let mut path = format!("M{left} {bottom}");
    for step in steps {
        path.push_str(&format!(
            "H{}V{}",
            scale.at(step.at.story_ms),
            level(step.open, most)
        ));
    }
    path.push_str(&format!("H{right}V{bottom}z"));
    Html::ours(format!("<path class=\"area\" d=\"{path}\"/>"))
}

fn words(steps: &[DialoguesAt], most: u32) -> String {
    let Some(last) = steps.last() else {
        return "No dialogue was opened.".into();
    };
    format!(
        "At most {} open at once; {} at the end.",
        counted(usize::try_from(most).unwrap_or(usize::MAX), "dialogue"),
        last.open
    )
}

fn table(steps: &[DialoguesAt]) -> Html {
    let mut table = Table::new("dialogues", &["from, story", "UTC", "open dialogues"]);
    for step in steps {
        table.row(&[
            text(&story(step.at.story_ms)),
            text(&step.at.utc()),
            text(&step.open.to_string()),
        ]);
    }
    table.end()
}
