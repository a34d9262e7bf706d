//! The figures. Each has the drawing, words in its place, and a table with the same numbers.

mod acknowledge;
mod dialogues;
mod ladder;
mod lanes;
mod latency;
mod strips;

use super::{
    html::{Html, Links},
    model::Model,
    svg::{Anchor, LogScale, Svg, Tenth, px},
};

/// Room to the left of an axis, for the names of rows, in pixels.
const LEFT: i64 = 104;
/// Room to the right, in pixels.
const RIGHT: i64 = 20;

/// Room that the words of a tick need, in pixels; a tick that is nearer to the last one has none.
const TICK: i64 = 36;

/// A figure in a page.
pub struct Figure {
    /// Its id in the page: `fig-lanes`.
    pub id: &'static str,
    /// What it shows.
    pub heading: &'static str,
    /// The drawing; nothing if there is nothing to draw.
    pub drawing: Option<Html>,
    /// What each shape means.
    pub legend: Html,
    /// The same in words.
    pub words: String,
    /// The same in numbers.
    pub table: Html,
}

/// All figures, in order.
#[must_use]
pub fn all(model: &Model, links: &Links<'_>) -> Vec<Figure> {
    vec![
        lanes::figure(model, links),
        acknowledge::figure(&model.figures.waits, links),
        strips::figure(&model.figures.strips, links),
        latency::figure(&model.figures.latency),
        dialogues::figure(model),
        ladder::figure(&model.figures.ladders, links),
    ]
}

/// Where an axis begins and ends.
const fn ends() -> (Tenth, Tenth) {
    (px(LEFT), px(super::svg::WIDTH - RIGHT))
}

/// Upright lines and words of an axis, from `top` down to `bottom`. It begins at its first tick.
fn axis(svg: &mut Svg, ticks: &[(Tenth, String)], top: Tenth, bottom: Tenth, name: &str) {
    let mut free = px(0);
    for (x, words) in ticks {
        svg.line("grid", (*x, top), (*x, bottom));
        if *x >= free {
            // At the border half of the words would stand outside.
            let (at, anchor) = match *x + px(TICK / 2 + 6) > px(super::svg::WIDTH) {
                true => (px(super::svg::WIDTH - 1), Anchor::End),
                false => (*x, Anchor::Middle),
            };
            svg.words("tick", (at, bottom + px(15)), anchor, words);
            free = *x + px(TICK);
        }
    }
    let (left, right) = ends();
    let left = ticks.first().map_or(left, |(x, _)| *x);
    svg.line("axis", (left, bottom), (right, bottom));
    svg.words("axis-name", (right, bottom + px(31)), Anchor::End, name);
}

/// Ticks of a logarithmic axis with their places.
fn placed(scale: &LogScale) -> Vec<(Tenth, String)> {
    let ticks = scale.ticks().into_iter();
    ticks.map(|(ms, words)| (scale.at(ms), words)).collect()
}
