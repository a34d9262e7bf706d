//! A report of kept words, for people.

use hotline_audit::report::{ReportKind, SignedReport};
use hotline_core::{text::inert_line, time::WallTime};
use serde_json::{Map, Value};

/// Prints the figures.
pub fn tell(report: &SignedReport) {
    let object: Value = serde_json::from_str(report.text()).unwrap_or(Value::Null);
    for line in lines(report.kind, &object) {
        crate::say!("{}", inert_line(&line).text);
    }
}

fn lines(kind: ReportKind, report: &Value) -> Vec<String> {
    let what = match kind {
        ReportKind::Trust => "words kept",
        ReportKind::Public => "what others may be shown",
    };
    let exercise = report["exercise"].as_str().unwrap_or_default();
    let (from, until) = (time(&report["from_ms"]), time(&report["until_ms"]));
    let mut lines = vec![format!("{what}, {exercise}, from {from} to {until}")];
    if kind == ReportKind::Public {
        lines.push(format!(
            "  label                        {}",
            text(&report["label"])
        ));
        let human = report
            .get("last_human_check_ms")
            .map_or_else(|| "none".to_owned(), time);
        lines.push(format!("  last human check             {human}"));
        for order in report["suspensions"].as_array().into_iter().flatten() {
            lines.push(suspension(order));
        }
    }
    for (side, of) in report["sides"].as_object().into_iter().flatten() {
        lines.push(side.clone());
        lines.extend(match kind {
            ReportKind::Trust => kept(of),
            ReportKind::Public => messages(of["messages"].as_object()),
        });
    }
    lines
}

fn kept(of: &Value) -> Vec<String> {
    let row = |what: &str, key: &str, good: &str, all: &str, rest: &[&str]| {
        let of = &of[key];
        let rest: Vec<String> = rest
            .iter()
            .map(|key| format!("{} {}", of[*key], key.replace('_', " ")))
            .collect();
        let rest = if rest.is_empty() {
            String::new()
        } else {
            format!(" ({})", rest.join(", "))
        };
        let all = match all {
            "" => sum(of).to_string(),
            key => of[key].to_string(),
        };
        format!("  {what:<28} {} of {all}{rest}", of[good])
    };
    vec![
        row(
            "checks answered on time",
            "checks",
            "on_time",
            "asked",
            &["late", "missed"],
        ),
        row(
            "human checks on time",
            "human_checks",
            "on_time",
            "asked",
            &["late", "missed"],
        ),
        row(
            "promised answers kept",
            "expect_by",
            "kept",
            "",
            &["late", "missed", "not_due_yet", "without_a_time"],
        ),
        row(
            "notices found sufficient",
            "notices",
            "sufficient",
            "sent",
            &["insufficient", "unanswered"],
        ),
        row(
            "suspensions announced before",
            "suspensions",
            "announced_before",
            "ordered",
            &[],
        ),
    ]
}

fn sum(of: &Value) -> u64 {
    of.as_object()
        .into_iter()
        .flatten()
        .filter_map(|(_, count)| count.as_u64())
        .sum()
}

fn messages(counts: Option<&Map<String, Value>>) -> Vec<String> {
    let counts: Vec<String> = counts
        .into_iter()
        .flatten()
        .map(|(level, count)| format!("{level} {count}"))
        .collect();
    let counts = if counts.is_empty() {
        "none".to_owned()
    } else {
        counts.join(", ")
    };
    vec![format!("  messages                     {counts}")]
}

fn suspension(order: &Value) -> String {
    let channel = order
        .get("channel")
        .map_or_else(|| "all channels".to_owned(), text);
    let until = order
        .get("until_ms")
        .map_or_else(|| "on".to_owned(), |ms| format!("until {}", time(ms)));
    format!(
        "  {} of {channel} by {}, from {} {until}",
        text(&order["verb"]),
        text(&order["side"]),
        time(&order["from_ms"])
    )
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn time(value: &Value) -> String {
    WallTime::from_unix_ms(value.as_u64().unwrap_or(0)).rfc3339()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_report_is_told_with_its_label_orders_and_counts() {
        let report = serde_json::json!({
            "exercise": "X", "from_ms": 0, "until_ms": 1_000, "label": "SUSPENDED",
            "suspensions": [{ "side": "b.example", "verb": "SUSPEND", "channel": "AIR", "from_ms": 500 }],
            "sides": { "a.example": { "messages": { "FLASH": 2 } }, "b.example": { "messages": {} } },
        });
        let told = lines(ReportKind::Public, &report).join("\n");
        let words = "what others may be shown, X, from 1970-01-01T00:00:00.000Z to 1970-01-01T00:00:01.000Z\n  label                        SUSPENDED\n  last human check             none\n  SUSPEND of AIR by b.example, from 1970-01-01T00:00:00.500Z on\na.example\n  messages                     FLASH 2\nb.example\n  messages                     none";
        assert_eq!(told, words);
    }
}
