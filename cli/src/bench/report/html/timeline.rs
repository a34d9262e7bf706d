//! Figure 2: every stretch of the run, what was broken in it, and how long no receipt came.

use super::svg::{COLOURS, Figure, Upright, legend};
use crate::bench::report::{
    run::{Gap, Run},
    times::ms,
};

/// Most stretches into which a run is cut; each shows its median and its longest.
const STRETCHES: usize = 300;
/// Fewest messages of a stretch, on average: a median of two says nothing.
const MESSAGES: usize = 8;
/// Gaps that are labelled: the longest of a run. More labels than that cover one another.
const LABELS: usize = 40;
/// From so many labels on they stand upright.
const CROWDED: usize = 12;

/// One stretch: its middle as a share of the run, median and longest in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stretch {
    middle: f64,
    median: f64,
    longest: f64,
}

/// The figure with its legend; empty if no message was receipted.
pub fn figure(run: &Run, id: &'static str) -> String {
    let whole = whole(run);
    let stretches = stretches(run, whole);
    if stretches.is_empty() {
        return String::new();
    }
    let gaps = labelled(&run.gaps);
    let values = stretches
        .iter()
        .flat_map(|stretch| [stretch.median, stretch.longest])
        .chain(gaps.iter().map(|gap| ms(gap.length)));
    let title = format!("Time from due to DELIVERED along the run, {}", run.name);
    let mut figure = Figure::new(id, &title, &words(run), Upright::over(values));
    figure.lying(&ticks(whole), "seconds since the first message was due");
    for shade in &run.shades {
        let share = |at: std::time::Duration| at.as_secs_f64() / whole;
        figure.shade(share(shade.from), share(shade.to), &shade.what);
    }
    let points = |of: fn(&Stretch) -> f64| -> Vec<(f64, f64)> {
        stretches
            .iter()
            .map(|stretch| (stretch.middle, of(stretch)))
            .collect()
    };
    figure.line(&points(|stretch| stretch.longest), COLOURS[1], "line thin");
    figure.line(&points(|stretch| stretch.median), COLOURS[0], "line");
    for row in run.rows.iter().filter(|row| row.delivered.is_none()) {
        figure.mark(row.due.as_secs_f64() / whole, "a message without receipt");
    }
    for gap in &gaps {
        let (from, to) = (gap.from.as_secs_f64(), (gap.from + gap.length).as_secs_f64());
        let label = format!("{:.0} ms", ms(gap.length));
        figure.bar(
            (from / whole, to / whole),
            ms(gap.length),
            &label,
            gaps.len() >= CROWDED,
        );
    }
    let mut entries = vec![
        (COLOURS[0], "line", "median of the stretch".to_owned()),
        (COLOURS[1], "line thin", "longest of the stretch".to_owned()),
    ];
    if !gaps.is_empty() {
        entries.push(("#000000", "gap", "time without a receipt, in ms".to_owned()));
    }
    format!("{}{}", figure.finish(), legend(&entries))
}

/// Seconds of the run.
fn whole(run: &Run) -> f64 {
    let rows = run
        .rows
        .iter()
        .map(|row| row.due + row.delivered.unwrap_or_default());
    let shades = run.shades.iter().map(|shade| shade.to);
    let end = rows.chain(shades).max().unwrap_or_default();
    end.as_secs_f64().max(0.001)
}

fn stretches(run: &Run, whole: f64) -> Vec<Stretch> {
    let count = STRETCHES.min(run.rows.len() / MESSAGES).max(1);
    let mut times = vec![Vec::new(); count];
    for row in &run.rows {
        let Some(time) = row.delivered else { continue };
        // A share below 1 of a small count.
        let place = (row.due.as_secs_f64() / whole * count as f64) as usize;
        if let Some(stretch) = times.get_mut(place.min(count - 1)) {
            stretch.push(ms(time));
        }
    }
    let stretch = |(place, mut times): (usize, Vec<f64>)| {
        times.sort_by(f64::total_cmp);
        Some(Stretch {
            middle: (place as f64 + 0.5) / count as f64,
            median: *times.get(times.len() / 2)?,
            longest: *times.last()?,
        })
    };
    times.into_iter().enumerate().filter_map(stretch).collect()
}

/// The longest, in the order of time.
fn labelled(gaps: &[Gap]) -> Vec<Gap> {
    let mut longest = gaps.to_vec();
    longest.sort_by_key(|gap| std::cmp::Reverse(gap.length));
    longest.truncate(LABELS);
    longest.sort_by_key(|gap| gap.from);
    longest
}

fn words(run: &Run) -> String {
    let broken: Vec<String> = run
        .shades
        .iter()
        .map(|shade| {
            format!(
                "{} from {:.1} s to {:.1} s",
                shade.what,
                shade.from.as_secs_f64(),
                shade.to.as_secs_f64()
            )
        })
        .collect();
    let broken = if broken.is_empty() {
        "nothing was broken".to_owned()
    } else {
        broken.join("; ")
    };
    let longest = run.gaps.iter().map(|gap| gap.length).max();
    let gap = longest.map_or_else(String::new, |gap| {
        format!(" The longest time without a receipt was {} ms.", ms(gap))
    });
    format!("{} messages, {} lost; {broken}.{gap}", run.rows.len(), run.lost())
}

/// Round numbers of seconds, at most ten of them.
fn ticks(whole: f64) -> Vec<(f64, String)> {
    let mut step = 10_f64.powf((whole / 10.0).log10().floor());
    for times in [1.0, 2.0, 5.0, 10.0] {
        if whole / (step * times) <= 10.0 {
            step *= times;
            break;
        }
    }
    let count = (whole / step) as u32;
    (0..=count)
        .map(|tick| {
            let at = f64::from(tick) * step;
            (at / whole, format!("{}", (at * 1000.0).round() / 1000.0))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use std::time::Duration;

    use super::*;
    use crate::bench::report::run::tests::stalled;

    #[test]
    fn a_stall_stands_where_it_was() {
        let run = stalled();
        let stretches = stretches(&run, 1.0);
        assert_eq!(stretches.len(), 12);
        let longest = stretches
            .iter()
            .max_by(|a, b| a.longest.total_cmp(&b.longest))
            .unwrap();
        assert!((longest.middle - 0.54).abs() < 0.01, "{longest:?}");
        assert!((longest.longest - 203.0).abs() < 0.1, "{longest:?}");
    }

    #[test]
    fn seconds_are_round_numbers() {
        let words = |whole| -> Vec<String> { ticks(whole).into_iter().map(|(_, words)| words).collect() };
        assert_eq!(
            words(1.0),
            [
                "0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "1"
            ]
        );
        assert_eq!(words(250.0), ["0", "50", "100", "150", "200", "250"]);
    }

    #[test]
    fn the_longest_gaps_are_labelled_in_the_order_of_time() {
        let gaps: Vec<Gap> = (0..50_u64)
            .map(|number| Gap {
                from: Duration::from_secs(number),
                length: Duration::from_millis(1000 - number),
            })
            .collect();
        let labelled = labelled(&gaps);
        assert_eq!(labelled.len(), LABELS);
        assert_eq!(labelled[0].length, Duration::from_millis(1000));
        assert!(labelled.windows(2).all(|two| two[0].from < two[1].from));
    }
}
