//! How an exercise stands, on a controller's screen. Every moment is shown on its three clocks.

use std::fmt::Write as _;

use hotline_core::text::inert_line;
use hotline_exercise::order::{Clocks, RecordStands, Standing};

use crate::{exit::Failure, log::say, out::Reader};

/// Prints how the exercise stands.
pub(crate) fn standing(standing: &Standing, json: bool) -> Result<(), Failure> {
    match json {
        true => say::object(standing),
        false => say::text(text(standing).trim_end()),
    }
}

/// Prints a record; tells whether anybody still reads.
pub(super) fn record(record: &RecordStands, json: bool) -> Result<Reader, Failure> {
    match json {
        true => say::line_of(&serde_json::to_string(record).unwrap_or_default()),
        false => say::line_of(&line(record)),
    }
}

/// Prints the record that an order became, and how the story stands behind it.
pub(super) fn done(record: &RecordStands, standing: &Standing, json: bool) -> Result<(), Failure> {
    if json {
        return say::object(record);
    }
    say::text(&format!("{}\n{}", line(record), banner(standing).trim_end()))
}

/// `2026-11-26T11:05:07.000Z | line 12.345 s | T+00:03:12 | 57 CLOCK PAUSE, ordered by lindqvist`.
fn line(record: &RecordStands) -> String {
    let by = record.by.as_deref();
    let by = by.map_or_else(String::new, |by| format!(", ordered by {}", inert_line(by).text));
    let words = inert_line(&record.words).text;
    let paused = if record.state == "PAUSED" { " [PAUSED]" } else { "" };
    format!(
        "{} | {} {} {words}{by}{paused}",
        clocks(&record.at),
        record.number,
        record.kind
    )
}

fn clocks(at: &Clocks) -> String {
    let line = at.line().since_start().as_secs_f64();
    format!("{} | line {line:.3} s | {}", at.wall().rfc3339(), at.story())
}

/// Nobody may take a pause for peace.
fn banner(standing: &Standing) -> String {
    let at = standing.at.story();
    let rate = standing.rate().map_or_else(String::new, |rate| rate.to_string());
    match standing.state.as_str() {
        "PAUSED" => {
            let frame = "#".repeat(82);
            let words = format!("PAUSED at {at}: injects and players stand still, the line goes on");
            format!("{frame}\n##  {words:<74}  ##\n{frame}\n")
        }
        "RUNNING" => format!("RUNNING {rate} at {at}\n"),
        "ENDED" => format!("ENDED at {at}\n"),
        _ => "NOT STARTED\n".to_owned(),
    }
}

fn text(standing: &Standing) -> String {
    let mut text = banner(standing);
    let variant = standing.variant.as_deref();
    let variant = variant.map_or_else(String::new, |variant| format!(", variant {variant}"));
    let end = Clocks {
        story_ms: standing.planned_end_ms,
        ..standing.at
    };
    let _ = writeln!(
        text,
        "{} \"{}\"{variant}, exercise {}",
        standing.scenario,
        inert_line(&standing.title).text,
        standing.exercise
    );
    let _ = writeln!(text, "now    {}", clocks(&standing.at));
    let _ = writeln!(text, "end    planned at {}, ordered by control", end.story());
    let _ = writeln!(text, "log    {} records", standing.records);
    injects(standing, &mut text);
    for fault in &standing.faults {
        let _ = writeln!(
            text,
            "fault  \"{}\": {} on {}, since {}, {}",
            inert_line(&fault.name).text,
            fault.fault,
            fault.links.join(", "),
            clocks(&fault.since),
            fault.until
        );
    }
    if standing.faults.is_empty() {
        text.push_str("fault  none\n");
    }
    for seat in &standing.seats {
        let who = if seat.who.is_empty() { "nobody" } else { &seat.who };
        let desk = match seat.desk.as_str() {
            "" => String::new(),
            desk => format!(", desk {desk} {}", seat.label),
        };
        let _ = writeln!(text, "seat   {}: {who}{}", seat.seat, desk.trim_end());
    }
    text
}

fn injects(standing: &Standing, text: &mut String) {
    for inject in &standing.injects {
        let at = inject.story_ms.map(|story_ms| {
            let at = Clocks {
                story_ms,
                ..standing.at
            };
            at.story().to_string()
        });
        let _ = write!(
            text,
            "inject {:<8} {:<10} {:<10} {}",
            inject.serial,
            inject.status,
            at.unwrap_or_default(),
            inert_line(&inject.title).text
        );
        if inject.offered {
            text.push_str("  <== waits for a controller: fire, publish, skip or move it");
        } else if !inject.waits.is_empty() {
            let _ = write!(text, "  ({})", inject.waits);
        }
        if !inject.what.is_empty() {
            let _ = write!(text, "  {}", inert_line(&inject.what).text);
        }
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use hotline_exercise::order::InjectStands;

    use super::*;

    fn standing(state: &str) -> Standing {
        Standing {
            exercise: "S1-1".into(),
            scenario: "S1".into(),
            title: "Mid-air collision".into(),
            variant: None,
            state: state.into(),
            rate: 60_000,
            at: Clocks {
                wall_ms: 1_795_000_000_000,
                line_ms: 12_345,
                story_ms: 192_000,
            },
            planned_end_ms: 1_800_000,
            records: 57,
            injects: vec![InjectStands {
                serial: "1.1.9".into(),
                title: "Your minister asks".into(),
                status: "PENDING".into(),
                story_ms: None,
                waits: "waits for inject 1.1.1".into(),
                what: String::new(),
                offered: false,
            }],
            faults: Vec::new(),
            seats: Vec::new(),
            heads: BTreeMap::new(),
        }
    }

    #[test]
    fn a_paused_exercise_says_so_above_everything_else_and_shows_three_clocks() {
        let paused = text(&standing("PAUSED"));
        let mut lines = paused.lines();
        assert!(lines.next().is_some_and(|line| line.starts_with("####")));
        assert!(
            lines
                .next()
                .is_some_and(|line| line.contains("PAUSED at T+00:03:12"))
        );
        assert!(paused.contains("Z | line 12.345 s | T+00:03:12"), "{paused}");
        assert!(paused.contains("1.1.9"), "{paused}");
        let running = text(&standing("RUNNING"));
        assert!(running.starts_with("RUNNING ×60 at T+00:03:12"), "{running}");
        assert!(!running.contains("PAUSED"), "{running}");
    }
}
