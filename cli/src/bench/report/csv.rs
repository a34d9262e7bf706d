//! Every message as a row of comma-separated values, for whoever computes with them.

use std::{collections::BTreeSet, time::Duration};

use super::{
    run::{Row, Run},
    times::ms,
};

/// One table over all runs. Times in milliseconds; all but `due_ms` count from when the message was due. What never came
/// is empty.
pub fn csv(runs: &[&Run]) -> String {
    let relays: BTreeSet<&str> = runs
        .iter()
        .flat_map(|run| run.rows.iter())
        .flat_map(|row| row.accepted.keys().map(String::as_str))
        .collect();
    let accepted: String = relays
        .iter()
        .map(|relay| format!(",accepted_{relay}_ms"))
        .collect();
    let mut text = format!(
        "run,due_ms,released_ms{accepted},delivered_ms,stored_ms,displayed_ms,acknowledged_ms,leg,broken\n"
    );
    for run in runs {
        for row in &run.rows {
            text.push_str(&line(run, row, &relays));
        }
    }
    text
}

fn line(run: &Run, row: &Row, relays: &BTreeSet<&str>) -> String {
    let time = |time: Option<Duration>| time.map(|time| ms(time).to_string()).unwrap_or_default();
    let broken: Vec<&str> = run
        .shades
        .iter()
        .filter(|shade| (shade.from..shade.to).contains(&row.due))
        .map(|shade| shade.what.as_str())
        .collect();
    let mut cells = vec![field(&run.name), ms(row.due).to_string(), time(row.released)];
    cells.extend(relays.iter().map(|relay| time(row.accepted.get(*relay).copied())));
    cells.extend([row.delivered, row.stored, row.displayed, row.acknowledged].map(time));
    cells.push(row.leg.as_deref().map(field).unwrap_or_default());
    cells.push(field(&broken.join("; ")));
    format!("{}\n", cells.join(","))
}

/// A field that any reader takes as one (RFC 4180).
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::bench::report::run::{Shade, tests::stalled};

    #[test]
    fn each_message_is_a_row_and_what_never_came_is_empty() {
        let mut run = stalled();
        run.name = "with plan \"a, b\"".into();
        run.rows.truncate(2);
        run.rows[1].delivered = None;
        run.shades.push(Shade {
            from: Duration::from_millis(5),
            to: Duration::from_millis(50),
            what: "kill north".into(),
        });
        let text = csv(&[&run]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "run,due_ms,released_ms,accepted_north_ms,accepted_south_ms,delivered_ms,stored_ms,displayed_ms,\
                 acknowledged_ms,leg,broken",
                "\"with plan \"\"a, b\"\"\",0,1,2,4,3,4,6,9,north/quic,",
                "\"with plan \"\"a, b\"\"\",10,1,2,4,,4,,,south/tcp,kill north",
            ]
        );
    }
}
