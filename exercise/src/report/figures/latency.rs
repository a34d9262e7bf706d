//! How long each rung took over all messages: shortest, median, nine of ten, 99 of 100, longest.

use super::{Figure, axis, ends, placed};
use crate::report::{
    html::{Html, Table, text},
    model::LatencyRow,
    svg::{Anchor, LogScale, Shape, Svg, legend, mark, px},
    words::length,
};

/// Height of a row, in pixels.
const ROW: i64 = 26;
/// Room for a row's name, in pixels.
const NAMES: i64 = 272;

pub fn figure(rows: &[LatencyRow]) -> Figure {
    let lengths = rows.iter().flat_map(|row| [row.min_ms, row.max_ms]);
    let scale = LogScale::over(lengths, px(NAMES), ends().1);
    let words = words(rows);
    let height = ROW * i64::try_from(rows.len()).unwrap_or(0);
    let mut svg = Svg::new("fig-latency-svg", "Latency of each rung", &words, height + 42);
    axis(
        &mut svg,
        &placed(&scale),
        px(0),
        px(height),
        "each step of the axis a multiple",
    );
    for (row, number) in rows.iter().zip(0..) {
        draw(&mut svg, row, &scale, number * ROW);
    }
    Figure {
        id: "fig-latency",
        heading: "Latency of each rung",
        drawing: (!rows.is_empty()).then(|| svg.end()),
        legend: legend(&[
            ("m-message", Shape::Disc, "median"),
            ("m-receipt", Shape::Ring, "nine of ten"),
            ("m-receipt", Shape::Rhombus, "99 of 100"),
            ("m-service", Shape::Stroke, "shortest and longest"),
        ]),
        words,
        table: table(rows),
    }
}

fn draw(svg: &mut Svg, row: &LatencyRow, scale: &LogScale, y: i64) {
    let middle = px(y + ROW / 2);
    svg.line("lane", (px(0), px(y)), (ends().1, px(y)));
    svg.words("tick", (px(0), px(y + 17)), Anchor::Start, &name(row));
    svg.line(
        "between",
        (scale.at(row.min_ms), middle),
        (scale.at(row.max_ms), middle),
    );
    let marks = [
        (row.min_ms, "m-service", Shape::Stroke, "shortest"),
        (row.max_ms, "m-service", Shape::Stroke, "longest"),
        (row.p99_ms, "m-receipt", Shape::Rhombus, "99 of 100"),
        (row.p90_ms, "m-receipt", Shape::Ring, "nine of ten"),
        (row.p50_ms, "m-message", Shape::Disc, "median"),
    ];
    for (ms, class, shape, words) in marks {
        let says = format!("{words}: {}", length(ms));
        svg.push(&mark(class, shape, (scale.at(ms), middle), &says));
    }
}

fn name(row: &LatencyRow) -> String {
    let only = row
        .only
        .as_ref()
        .map_or_else(String::new, |only| format!(", {only}"));
    format!("{} from {}{only}, {}", row.rung, row.from, row.clock.name())
}

fn words(rows: &[LatencyRow]) -> String {
    if rows.is_empty() {
        return "No rung was reached.".into();
    }
    let sentences: Vec<String> = rows
        .iter()
        .map(|row| {
            format!(
                "{}: median {}, longest {}, n = {}.",
                name(row),
                length(row.p50_ms),
                length(row.max_ms),
                row.count
            )
        })
        .collect();
    sentences.join(" ")
}

fn table(rows: &[LatencyRow]) -> Html {
    let heads = [
        "rung",
        "from",
        "only",
        "clock",
        "messages",
        "shortest",
        "median",
        "9 of 10",
        "99 of 100",
        "longest",
    ];
    let mut table = Table::new("latency", &heads);
    for row in rows {
        let mut cells = vec![
            text(&row.rung),
            text(&row.from),
            text(row.only.as_deref().unwrap_or("all")),
            text(row.clock.name()),
            text(&row.count.to_string()),
        ];
        let lengths = [row.min_ms, row.p50_ms, row.p90_ms, row.p99_ms, row.max_ms];
        cells.extend(lengths.map(|ms| text(&length(ms))));
        table.row(&cells);
    }
    table.end()
}
