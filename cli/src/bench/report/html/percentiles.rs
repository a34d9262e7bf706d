//! Figure 1: how long the slowest share of the messages took, for each rung.

use super::svg::{COLOURS, Figure, Upright, legend};
use crate::bench::report::{
    run::{Run, plain},
    times::Times,
};

/// Rungs that are drawn. The others stand in the table: more lines hide one another.
const DRAWN: [&str; 5] = ["released", "accepted", "delivered", "displayed", "acknowledged"];
/// Points of a line.
const POINTS: u32 = 120;

struct Line<'a> {
    name: String,
    times: Times,
    colour: &'a str,
    class: &'a str,
}

/// The figure with its legend; empty if there is nothing to draw.
pub fn figure(runs: &[&Run], floor: Option<&Times>) -> String {
    let lines = lines(runs, floor);
    let most = lines.iter().map(|line| line.times.count()).max().unwrap_or(0);
    if most == 0 {
        return String::new();
    }
    // As many nines as there are messages to show them.
    let nines = (most as f64).log10().clamp(1.0, 5.0);
    let values = lines
        .iter()
        .flat_map(|line| [line.times.at(0.0), line.times.max()]);
    let words: Vec<String> = lines
        .iter()
        .map(|line| {
            let Line { name, times, .. } = line;
            format!(
                "{name}: p50 {} ms, p99 {} ms, longest {} ms",
                times.p50(),
                times.at(0.99),
                times.max()
            )
        })
        .collect();
    let title = "Time from when a message was due, by percentile";
    let mut figure = Figure::new("percentiles", title, &words.join("; "), Upright::over(values));
    figure.lying(&ticks(nines), "percentile of messages");
    for line in &lines {
        let points: Vec<(f64, f64)> = (0..=POINTS)
            .map(|point| {
                let share = f64::from(point) / f64::from(POINTS);
                (share, line.times.at(1.0 - 10_f64.powf(-share * nines)))
            })
            .collect();
        figure.line(&points, line.colour, line.class);
    }
    let entries: Vec<(&str, &str, String)> = lines
        .iter()
        .map(|line| (line.colour, line.class, line.name.clone()))
        .collect();
    format!("{}{}", figure.finish(), legend(&entries))
}

fn lines<'a>(runs: &[&Run], floor: Option<&Times>) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    for (number, run) in runs.iter().enumerate() {
        for series in run.series() {
            let Some(place) = DRAWN.iter().position(|drawn| *drawn == series.key) else {
                continue;
            };
            let name = if runs.len() > 1 {
                format!("{}, {}", plain(&series.key), run.name)
            } else {
                plain(&series.key)
            };
            lines.push(Line {
                name,
                times: series.from_due,
                colour: COLOURS.get(place).copied().unwrap_or("#000"),
                class: if number == 0 { "line" } else { "line dashed" },
            });
        }
    }
    lines.extend(floor.map(|times| Line {
        name: "the floor, one in flight".into(),
        times: times.clone(),
        colour: "#666666",
        class: "line dotted",
    }));
    lines
}

/// 0, 50, 90, 99, 99.9 … as far as there are nines.
fn ticks(nines: f64) -> Vec<(f64, String)> {
    let mut ticks = vec![
        (0.0, "0".to_owned()),
        (0.5_f64.log10().abs() / nines, "50".to_owned()),
    ];
    let mut words = "90".to_owned();
    for nine in 1..=5_u32 {
        let share = f64::from(nine) / nines;
        if share > 1.001 {
            break;
        }
        ticks.push((share, words.clone()));
        words = match nine {
            1 => "99".into(),
            2 => "99.9".into(),
            _ => format!("{words}9"),
        };
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lying_axis_has_as_many_nines_as_messages_can_show() {
        let words = |nines| -> Vec<String> { ticks(nines).into_iter().map(|(_, words)| words).collect() };
        assert_eq!(words(2.0), ["0", "50", "90", "99"]);
        assert_eq!(words(4.3), ["0", "50", "90", "99", "99.9", "99.99"]);
    }

    #[test]
    fn nothing_measured_is_no_figure() {
        assert_eq!(figure(&[], None), "");
    }
}
