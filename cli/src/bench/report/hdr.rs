//! HdrHistogram's percentile distribution, the text that its plotters and scripts read (`.hgrm`).
//!
//! Columns: value in milliseconds, percentile from 0 to 1, how many were counted up to it, and 1/(1 - percentile).

use std::fmt::Write as _;

use super::times::Times;

/// Steps in each half of the distance to 100 %. 5: what HdrHistogram's own tools print.
const TICKS: u32 = 5;

/// Sub-buckets of a histogram with three digits: the power of two above twice a thousand.
const SUB_BUCKETS: u32 = 2048;

/// The whole distribution of one series.
pub fn distribution(times: &Times) -> String {
    let histogram = times.histogram();
    let mut text = format!(
        "{:>12} {:>14} {:>10} {:>14}\n\n",
        "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
    );
    let mut counted = 0_u64;
    for step in histogram.iter_quantiles(TICKS) {
        counted = counted.saturating_add(step.count_since_last_iteration());
        let (value, quantile) = (
            step.value_iterated_to() as f64 / 1000.0,
            step.quantile_iterated_to(),
        );
        // Writing to a string does not fail.
        let _ = write!(text, "{value:12.3} {quantile:2.12} {counted:10}");
        let _ = if quantile < 1.0 {
            writeln!(text, " {:14.2}", 1.0 / (1.0 - quantile))
        } else {
            writeln!(text)
        };
    }
    let _ = writeln!(
        text,
        "#[Mean    = {:12.3}, StdDeviation   = {:12.3}]",
        histogram.mean() / 1000.0,
        histogram.stdev() / 1000.0
    );
    let _ = writeln!(
        text,
        "#[Max     = {:12.3}, Total count    = {:12}]",
        times.max(),
        times.count()
    );
    let _ = writeln!(
        text,
        "#[Buckets = {:12}, SubBuckets     = {:12}]",
        histogram.buckets(),
        SUB_BUCKETS
    );
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_distribution_rises_to_all_of_them_and_ends_with_the_longest() {
        let times: Times = (1..=1000).map(Duration::from_millis).collect();
        let text = distribution(&times);
        let rows: Vec<Vec<f64>> = text
            .lines()
            .skip(2)
            .filter(|line| !line.starts_with('#'))
            .map(|line| {
                line.split_whitespace()
                    .map(|cell| cell.parse().unwrap())
                    .collect()
            })
            .collect();
        assert!(rows.len() > 20, "{text}");
        assert!(
            rows.windows(2)
                .all(|two| two[0][0] <= two[1][0] && two[0][2] <= two[1][2])
        );
        let last = rows.last().unwrap();
        assert!(
            (last[0] - 1000.0).abs() < 1.0 && (last[1] - 1.0).abs() < 1e-9,
            "{text}"
        );
        assert!(
            (last[2] - 1000.0).abs() < f64::EPSILON && last.len() == 3,
            "{text}"
        );
        let half = rows.iter().find(|row| (row[1] - 0.5).abs() < 1e-9).unwrap();
        assert!(
            (half[0] - 500.0).abs() < 1.0 && (half[3] - 2.0).abs() < 1e-9,
            "{text}"
        );
        assert!(text.contains("Total count    =         1000"), "{text}");
    }
}
