//! `hotline path watch`: each leg's health, once or as it changes.

use std::{io::IsTerminal as _, time::Duration};

use clap::Args;
use hotline_client::status::{LegStatus, LineStatus};
use hotline_core::{text::inert_line, time::WallTime};
use serde_json::json;

use crate::{
    bench::table::{row, table},
    desk::{self, Common, print, seat::Seat},
    exit::{self, Failure, Outcome},
};

/// Between two looks. 1 s: people read no faster; a change is never missed, each leg keeps its last transitions.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// `hotline path watch`.
#[derive(Debug, Args)]
pub struct WatchArgs {
    #[command(flatten)]
    common: Common,
    /// Look once, and end.
    #[arg(long)]
    once: bool,
    /// With --once: end with code 11 unless so many legs are up.
    #[arg(long, value_name = "COUNT", requires = "once")]
    paths_min: Option<usize>,
}

/// Runs the verb.
///
/// # Errors
/// A failure.
pub async fn run(args: WatchArgs) -> Outcome {
    let config = desk::load(&args.common)?;
    let mut seat = Seat::open(config, args.common.json).await?;
    let seen = look(&mut seat, &args).await;
    seat.leave().await;
    let up = seen?;
    Ok(match args.paths_min {
        Some(wanted) if up < wanted => exit::REDUNDANCY,
        Some(_) | None => exit::OK,
    })
}

/// Prints until it is told to end; how many legs were up last.
async fn look(seat: &mut Seat, args: &WatchArgs) -> Result<usize, Failure> {
    loop {
        let status = seat.status().await?;
        let now_ms = seat.seams.clock.wall().unix_ms();
        if args.common.json {
            print::object(&json!({
                "at_ms": now_ms,
                "carrier": status.carrier,
                "redundancy": status.redundancy,
                "legs": status.legs,
            }));
        } else {
            if !args.once && std::io::stdout().is_terminal() {
                crate::say_part!("\x1b[H\x1b[2J");
            }
            crate::say!("{}", shown(&status, now_ms));
        }
        if args.once {
            return Ok(status.legs.values().filter(|leg| leg.state == "UP").count());
        }
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => return Ok(0),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// The table: a value that is absent says why.
fn shown(status: &LineStatus, now_ms: u64) -> String {
    let heading = row([
        "leg",
        "state",
        "since",
        "round trip",
        "loss",
        "sent",
        "won",
        "late",
        "late by",
        "last proven",
        "keys",
    ]);
    let mut rows = vec![heading];
    for (name, leg) in &status.legs {
        rows.push(row_of(name, leg, now_ms));
    }
    let mut text = format!(
        "{}  redundancy {}  {} -> {}\n{}",
        status.carrier,
        status.redundancy,
        status.desk,
        status.peer,
        table(&rows)
    );
    for (name, leg) in &status.legs {
        if !leg.why.is_empty() {
            text.push_str(&format!("{name}: {}\n", inert_line(&leg.why).text));
        }
        if let Some(last) = leg.transitions.last() {
            let at = WallTime::from_unix_ms(last.at_ms).rfc3339();
            let why = inert_line(&last.why).text;
            text.push_str(&format!("{name}: {at} {} -> {}: {why}\n", last.from, last.to));
        }
    }
    text.truncate(text.trim_end().len());
    text
}

fn row_of(name: &str, leg: &LegStatus, now_ms: u64) -> Vec<String> {
    let trip = match (leg.round_trip_smoothed_ms, leg.round_trip_variation_ms) {
        (Some(smoothed), Some(variation)) => format!("{smoothed:.2} ±{variation:.2} ms"),
        _ => "never measured".into(),
    };
    let late_by = match (leg.late_by_median_ms, leg.late_by_longest_ms) {
        (Some(median), Some(most)) => format!("{median:.1}, most {most:.1} ms"),
        _ if leg.late_copies == 0 => "none late".into(),
        _ => "first forgotten".into(),
    };
    vec![
        name.to_owned(),
        leg.lamp(),
        leg.since_ms
            .map_or_else(|| "never tried".into(), |since| ago(since, now_ms)),
        trip,
        leg.loss.map_or_else(
            || "no probe yet".into(),
            |loss| {
                format!(
                    "{:.0} %, {} of {}",
                    loss * 100.0,
                    leg.probes_missed,
                    leg.probes_sent
                )
            },
        ),
        leg.sent.to_string(),
        leg.first_copies.to_string(),
        leg.late_copies.to_string(),
        late_by,
        leg.last_proven_ms
            .map_or_else(|| "never".into(), |at| format!("{} ago", ago(at, now_ms))),
        match leg.key_exchange.as_str() {
            "" => "none agreed yet".into(),
            agreed => inert_line(agreed).text,
        },
    ]
}

/// How long ago, as people say it.
fn ago(then_ms: u64, now_ms: u64) -> String {
    let ms = now_ms.saturating_sub(then_ms);
    match ms / 1000 {
        0 => format!("{ms} ms"),
        seconds @ 1..=119 => format!("{seconds} s"),
        seconds @ 120..=7199 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use hotline_client::status::TransitionView;

    fn line(leg: LegStatus) -> LineStatus {
        LineStatus {
            carrier: "DEGRADED".into(),
            redundancy: "LOST".into(),
            legs: [("north/quic".to_owned(), leg)].into(),
            ..LineStatus::default()
        }
    }

    #[test]
    fn a_leg_of_which_nothing_is_known_says_so_in_every_place() {
        let leg = LegStatus {
            state: "DOWN".into(),
            why: "not tried yet".into(),
            ..LegStatus::default()
        };
        let text = shown(&line(leg), 1000);
        for part in [
            "never tried",
            "never measured",
            "no probe yet",
            "none late",
            "never",
            "none agreed yet",
            "not tried yet",
        ] {
            assert!(text.contains(part), "{text} lacks {part}");
        }
    }

    #[test]
    fn a_lamp_is_not_steady_while_a_relapse_is_young() {
        let leg = |steady| LegStatus {
            state: "UP".into(),
            since_ms: Some(1_000),
            steady,
            ..LegStatus::default()
        };
        let text = shown(&line(leg(false)), 61_000);
        assert!(text.contains("UP, not steady"), "{text}");
        assert!(!shown(&line(leg(true)), 301_000).contains("not steady"));
    }

    #[test]
    fn a_leg_that_is_suspect_says_why_and_since_when() {
        let leg = LegStatus {
            state: "SUSPECT".into(),
            up: true,
            why: "control lane: probe 7 was not answered within 250 ms".into(),
            since_ms: Some(1_000),
            round_trip_smoothed_ms: Some(0.4),
            round_trip_variation_ms: Some(0.1),
            loss: Some(0.01),
            probes_sent: 100,
            probes_missed: 1,
            last_proven_ms: Some(900),
            transitions: vec![TransitionView {
                at_ms: 1_000,
                from: "UP".into(),
                to: "SUSPECT".into(),
                why: "control lane: probe 7 was not answered within 250 ms".into(),
            }],
            ..LegStatus::default()
        };
        let text = shown(&line(leg), 1_400);
        for part in [
            "SUSPECT",
            "400 ms",
            "0.40 ±0.10 ms",
            "1 %, 1 of 100",
            "500 ms ago",
            "probe 7",
            "UP -> SUSPECT",
        ] {
            assert!(text.contains(part), "{text} lacks {part}");
        }
    }
}
