//! The swim-lane: what each desk, relay and control did, by story time, with faults shaded.

mod behind;
mod numbers;

use std::collections::BTreeMap;

use super::{Figure, LEFT, axis, ends};
use crate::report::{
    html::{Html, Links, Table, text},
    model::{Lane, Mark, MarkClass, Model},
    svg::{Anchor, Scale, Shape, Svg, Tenth, legend, mark, px, rect},
    words::{list, story},
};

/// Marks in a lane from which on they are counted by columns: more would hide each other, and a page of a thousand
/// messages would weigh more than its evidence.
pub const MARKS: usize = 400;
/// Width of such a column, in pixels.
pub const COLUMN: i64 = 8;
/// Height of one row of marks, in pixels. Each class that a lane has gets a row.
const ROW: i64 = 17;
/// Room above the first lane, for the names of faults, in pixels.
const TOP: i64 = 34;
/// Longest label beside a mark, in characters.
const LABEL: usize = 30;
/// Width of a character of a label, in tenths of a pixel, rather too wide than too narrow.
const LETTER: i64 = 72;

/// What stands in one row of a lane.
enum Shown<'a> {
    /// One mark.
    One(&'a Mark),
    /// Several in one column: the first, the last, how many.
    Many(&'a Mark, &'a Mark, usize),
}

pub fn figure(model: &Model, links: &Links<'_>) -> Figure {
    let lanes = &model.figures.lanes;
    let end = model.overview.took_story_ms.max(last(lanes));
    let (left, right) = ends();
    let scale = Scale::new(0, end, left, right);
    let words = words(model);
    let height: i64 = lanes.iter().map(height).sum();
    let mut svg = Svg::new(
        "fig-lanes-svg",
        "Swim-lane of the exercise",
        &words,
        TOP + height + 40,
    );
    let (top, bottom) = (px(TOP), px(TOP + height));
    behind::shades(&mut svg, model, &scale, links);
    let ticks: Vec<_> = scale
        .ticks(0)
        .into_iter()
        .map(|(ms, words)| (scale.at(ms), words))
        .collect();
    axis(&mut svg, &ticks, top, bottom, "story time since STARTEX");
    behind::pauses(&mut svg, model, &scale, bottom);
    let mut table = Table::new("marks", &["lane", "story", "UTC", "what", "about", "entry"]);
    let mut y = TOP;
    for lane in lanes {
        draw(&mut svg, lane, &scale, y, links);
        numbers::rows(&mut table, lane, &scale, links);
        y += self::height(lane);
    }
    let mut numbers = numbers::faults(&model.figures.faults, links);
    numbers.push(&table.end());
    Figure {
        id: "fig-lanes",
        heading: "Who did what, and when",
        drawing: (!lanes.is_empty()).then(|| svg.end()),
        legend: legend(&CLASSES.map(|(class, shape, words)| (css(class), shape, words))),
        words,
        table: numbers,
    }
}

/// Every class with its shape, from the top row to the lowest.
const CLASSES: [(MarkClass, Shape, &str); 6] = [
    (MarkClass::Message, Shape::Disc, "a message leaves"),
    (MarkClass::Receipt, Shape::Ring, "a machine's receipt"),
    (MarkClass::Person, Shape::Square, "a person's act"),
    (MarkClass::Service, Shape::Stroke, "the line's own business"),
    (MarkClass::Control, Shape::Triangle, "exercise control"),
    (MarkClass::Trouble, Shape::Cross, "a fault, refusal or alarm"),
];

const fn css(class: MarkClass) -> &'static str {
    match class {
        MarkClass::Message => "m-message",
        MarkClass::Receipt => "m-receipt",
        MarkClass::Person => "m-person",
        MarkClass::Service => "m-service",
        MarkClass::Control => "m-control",
        MarkClass::Trouble => "m-trouble",
    }
}

fn words(model: &Model) -> String {
    let lanes = &model.figures.lanes;
    let marks: usize = lanes.iter().map(|lane| lane.marks.len()).sum();
    let names: Vec<String> = lanes.iter().map(|lane| lane.name.clone()).collect();
    let faults = match model.figures.faults.len() {
        0 => "Nothing was broken on purpose.".to_owned(),
        1 => "One fault was put on; its time is shaded.".to_owned(),
        several => format!("{several} faults were put on; their times are shaded."),
    };
    let binned = if lanes.iter().any(|lane| lane.marks.len() > MARKS) {
        format!(
            " A lane with more than {MARKS} marks counts them by columns of {COLUMN} pixels; the height of a bar is its count."
        )
    } else {
        String::new()
    };
    format!(
        "{marks} marks in the lanes {}. {faults} Each mark leads to its entry in annex D.{binned}",
        list(&names)
    )
}

fn last(lanes: &[Lane]) -> u64 {
    let marks = lanes.iter().flat_map(|lane| &lane.marks);
    marks.map(|mark| mark.at.story_ms).max().unwrap_or(0)
}

/// The classes that a lane has, in order.
fn classes(lane: &Lane) -> Vec<MarkClass> {
    let has = |class: &MarkClass| lane.marks.iter().any(|mark| mark.class == *class);
    CLASSES.iter().map(|(class, _, _)| *class).filter(has).collect()
}

fn height(lane: &Lane) -> i64 {
    let rows = i64::try_from(classes(lane).len().max(1)).unwrap_or(1);
    rows * ROW + 10
}

/// Every row of a lane, with what is shown in it.
fn shown<'a>(lane: &'a Lane, scale: &Scale) -> Vec<(MarkClass, Vec<Shown<'a>>)> {
    let row = |class: MarkClass| {
        let marks = lane.marks.iter().filter(move |mark| mark.class == class);
        let shown = if lane.marks.len() > MARKS {
            columns(marks, scale)
        } else {
            marks.map(Shown::One).collect()
        };
        (class, shown)
    };
    classes(lane).into_iter().map(row).collect()
}

fn columns<'a>(marks: impl Iterator<Item = &'a Mark>, scale: &Scale) -> Vec<Shown<'a>> {
    let mut columns: BTreeMap<i64, Vec<&Mark>> = BTreeMap::new();
    for mark in marks {
        let column = (scale.at(mark.at.story_ms) - px(LEFT)).0 / px(COLUMN).0;
        columns.entry(column).or_default().push(mark);
    }
    let shown = columns.into_values().filter_map(|marks| match marks.as_slice() {
        [] => None,
        [one] => Some(Shown::One(one)),
        [first, .., last] => Some(Shown::Many(first, last, marks.len())),
    });
    shown.collect()
}

fn draw(svg: &mut Svg, lane: &Lane, scale: &Scale, y: i64, links: &Links<'_>) {
    let (_, right) = ends();
    svg.line("lane", (px(0), px(y)), (right, px(y)));
    svg.words("lane-name", (px(0), px(y + 17)), Anchor::Start, &lane.name);
    let most = shown(lane, scale)
        .iter()
        .flat_map(|(_, row)| row)
        .map(|shown| match shown {
            Shown::One(_) => 1,
            Shown::Many(_, _, count) => *count,
        })
        .max()
        .unwrap_or(1);
    for (number, (class, row)) in shown(lane, scale).into_iter().enumerate() {
        let middle = px(y + 5 + ROW / 2) + Tenth(px(ROW).0 * i64::try_from(number).unwrap_or(0));
        draw_row(svg, class, &row, scale, (middle, most), links);
    }
}

fn draw_row(
    svg: &mut Svg,
    class: MarkClass,
    row: &[Shown<'_>],
    scale: &Scale,
    (middle, most): (Tenth, usize),
    links: &Links<'_>,
) {
    let shape = CLASSES
        .iter()
        .find(|(known, _, _)| *known == class)
        .map(|(_, shape, _)| *shape);
    for (number, shown) in row.iter().enumerate() {
        match shown {
            Shown::One(one) => {
                let x = scale.at(one.at.story_ms);
                let says = format!("{} {} {}", story(one.at.story_ms), one.kind, one.text);
                let drawn = mark(css(class), shape.unwrap_or(Shape::Disc), (x, middle), &says);
                svg.push(&links.around(&one.leaf, &drawn));
                let next = row
                    .get(number + 1)
                    .map_or(ends().1, |next| scale.at(begins(next)));
                label(svg, one, (x, middle), next);
            }
            Shown::Many(first, last, count) => {
                let tall = Tenth(
                    (px(ROW - 3).0 * i64::try_from(*count).unwrap_or(1) / i64::try_from(most).unwrap_or(1))
                        .max(20),
                );
                let column = (scale.at(first.at.story_ms) - px(LEFT)).0 / px(COLUMN).0;
                let x = px(LEFT + column * COLUMN);
                let base = middle + px(ROW / 2);
                let says = format!(
                    "{count} marks, {} to {}",
                    story(first.at.story_ms),
                    story(last.at.story_ms)
                );
                let bar = rect(
                    &format!("{} full", css(class)),
                    (x, base - tall),
                    (px(COLUMN - 1), tall),
                );
                let titled = Html::ours(format!("<g>{bar}<title>{}</title></g>", text(&says)));
                svg.push(&links.around(&first.leaf, &titled));
            }
        }
    }
}

const fn begins(shown: &Shown<'_>) -> u64 {
    match shown {
        Shown::One(mark) | Shown::Many(mark, _, _) => mark.at.story_ms,
    }
}

/// What a mark is about, beside it, if there is room before the next one.
fn label(svg: &mut Svg, mark: &Mark, (x, middle): (Tenth, Tenth), next: Tenth) {
    let words: String = match mark.class {
        MarkClass::Service => return,
        MarkClass::Message | MarkClass::Control | MarkClass::Trouble => mark.text.clone(),
        MarkClass::Receipt | MarkClass::Person => mark.kind.clone(),
    };
    let words: String = words.chars().take(LABEL).collect();
    let width = Tenth(LETTER * i64::try_from(words.chars().count()).unwrap_or(0));
    // Behind the words a mark of its own width, and a little air.
    if x + px(20) + width < next {
        svg.words("label", (x + px(8), middle + Tenth(35)), Anchor::Start, &words);
    }
}
