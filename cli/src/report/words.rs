//! `hotline report trust` and `report public`: what both sides put their names to, counted from both logs.

use std::path::PathBuf;

use clap::Args;
use hotline_audit::report::{ReportKind, SignedReport, canonical};
use hotline_client::availability::{Collector, DAYS_MAX, DeskReport, Report};
use hotline_core::channel::cause::DORMANT_AFTER;
use serde_json::{Map, Value, json};

use super::{
    kept::{Kept, Side},
    plain,
    source::{Both, SourceArgs},
};
use crate::{
    exercise::fresh_file,
    exit::{self, Failure, Outcome},
};

/// What `trust` and `public` take.
#[derive(Debug, Args)]
pub struct WordsArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// A new file for the report.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Print one object.
    #[arg(long)]
    json: bool,
}

/// Counts, and writes the report, which nobody has signed yet.
///
/// # Errors
/// If the logs cannot be counted, or the file is there already.
pub fn run(args: &WordsArgs, kind: ReportKind) -> Outcome {
    write(args, kind).map_err(|failure| failure.as_json(args.json))
}

fn write(args: &WordsArgs, kind: ReportKind) -> Outcome {
    if !args.source.is_named() {
        return Err(Failure::new(
            "HL-REPORT-002",
            exit::USAGE,
            "neither an exercise nor logs were named",
            "name an exercise's folder with --from, or a desk's log of each side with --log and --trust",
        ));
    }
    let report = count(&args.source.read()?, kind)?;
    fresh_file(&args.out, report.to_file().as_bytes())?;
    let out = args.out.display().to_string();
    if args.json {
        let object: Value = serde_json::from_str(report.text()).unwrap_or(Value::Null);
        crate::say!(
            "{}",
            json!({ "file": out, "sha256": report.sha256().to_string(), "report": object })
        );
    } else {
        plain::tell(&report);
        crate::say!("{out}: SHA-256 of the report {}", report.sha256());
        eprintln!("  next: hotline report sign {out} --as NAME, a releaser of each side");
    }
    Ok(exit::OK)
}

/// The report of these statements. The same statements give the same bytes.
///
/// # Errors
/// If what they say has no writing in a report, which nothing that desks sign has.
pub fn count(both: &Both, kind: ReportKind) -> Result<SignedReport, Failure> {
    let (mut kept, mut collector) = (Kept::default(), Collector::default());
    for (hash, payload) in &both.statements {
        kept.add(*hash, payload);
        collector.add(*hash, payload);
    }
    let until_ms = kept.newest_ms.saturating_add(1);
    let human_ms = collector.last_human_check_ms();
    let checks = collector.report(DAYS_MAX, Some(until_ms));
    let counting = Counting {
        both,
        kept: &kept,
        checks: &checks,
        until_ms,
        human_ms,
    };
    let mut object = counting.common(kind);
    match kind {
        ReportKind::Trust => counting.trust(&mut object),
        ReportKind::Public => counting.public(&mut object),
    }
    let unwritable = |what: &str| {
        Failure::new(
            "HL-REPORT-002",
            exit::OTHER,
            what,
            "hotline log show lists what was signed",
        )
    };
    let text = canonical(&Value::Object(object))
        .ok_or_else(|| unwritable("a time that somebody claims has no writing in a report"))?;
    SignedReport::unsigned(&text).map_err(|error| unwritable(&error.to_string()))
}

struct Counting<'a> {
    both: &'a Both,
    kept: &'a Kept,
    checks: &'a Report,
    until_ms: u64,
    human_ms: Option<u64>,
}

impl Counting<'_> {
    /// What both kinds say.
    fn common(&self, kind: ReportKind) -> Map<String, Value> {
        let sides = self.kept.sides.values();
        let from_ms = sides.filter_map(|side| side.oldest_ms).min().unwrap_or(0);
        let logs = self.both.logs.iter().map(|(origin, (size, root))| {
            (origin.clone(), json!({ "size": size, "root": root.to_string() }))
        });
        let mut object = Map::new();
        object.insert("report".into(), kind.name().into());
        object.insert("exercise".into(), self.kept.exercise.clone().into());
        object.insert("from_ms".into(), from_ms.into());
        object.insert("until_ms".into(), self.until_ms.into());
        object.insert("logs".into(), Value::Object(logs.collect()));
        object
    }

    /// One side's words and the other's.
    fn sides(&self, each: impl Fn(&str, &Side, &Side) -> Value) -> Value {
        let nothing = Side::default();
        let of = |side: &String| self.kept.sides.get(side).unwrap_or(&nothing);
        let [a, b] = &self.both.sides;
        let sides = [(a, b), (b, a)].map(|(mine, other)| (mine.clone(), each(mine, of(mine), of(other))));
        Value::Object(sides.into_iter().collect())
    }

    fn trust(&self, object: &mut Map<String, Value>) {
        let sides = self.sides(|name, mine, other| {
            json!({
                "checks": self.automatic(name),
                "human_checks": self.human(name),
                "expect_by": mine.expect_by(self.until_ms),
                "notices": mine.notices(other),
                "suspensions": mine.suspensions(),
            })
        });
        object.insert("sides".into(), sides);
    }

    /// The desks that ask this side: the other side's.
    fn asking(&self, side: &str) -> impl Iterator<Item = &DeskReport> {
        let of =
            |desk: &str| hotline_audit::key::Subject::parse(desk).map(|subject| subject.domain.to_owned());
        let side = side.to_owned();
        self.checks
            .desks
            .iter()
            .filter(move |(desk, _)| of(desk).is_some_and(|domain| domain != side))
            .map(|(_, report)| report)
    }

    /// What became of the automatic checks that were sent to this side.
    fn automatic(&self, side: &str) -> Value {
        let [mut asked, mut on_time, mut late, mut missed] = [0_u64; 4];
        for desk in self.asking(side) {
            asked += desk.automatic.scheduled.saturating_sub(desk.automatic.not_sent);
            on_time += desk.automatic.answered;
            late += desk.automatic.late;
            missed += desk.automatic.missed;
        }
        json!({ "asked": asked, "on_time": on_time, "late": late, "missed": missed })
    }

    /// The same of people's checks, by the hour.
    fn human(&self, side: &str) -> Value {
        let [mut asked, mut on_time, mut late, mut missed] = [0_u64; 4];
        for desk in self.asking(side) {
            asked += desk.human.scheduled.saturating_sub(desk.human.not_made);
            on_time += desk.human.answered;
            late += desk.human.late;
            missed += desk.human.missed;
        }
        json!({ "asked": asked, "on_time": on_time, "late": late, "missed": missed })
    }

    fn public(&self, object: &mut Map<String, Value>) {
        object.insert("label".into(), self.label().into());
        if let Some(human_ms) = self.human_ms {
            object.insert("last_human_check_ms".into(), human_ms.into());
        }
        object.insert("suspensions".into(), self.suspensions());
        object.insert("sides".into(), self.sides(|_, mine, _| mine.messages()));
    }

    /// The label as far as statements tell it: an order that stands, no check of people for 30 days, else OPEN. Whether a leg
    /// carries at this minute is nobody's statement.
    fn label(&self) -> &'static str {
        let orders = || self.checks.desks.values().flat_map(|desk| &desk.orders);
        let mut standing = orders().filter(|order| order.until_ms.is_none()).peekable();
        if standing.peek().is_some() {
            let severed = standing.any(|order| order.verb == "SEVER" && order.channel.is_none());
            return if severed { "SEVERED" } else { "SUSPENDED" };
        }
        let begun = self
            .both
            .sides
            .iter()
            .map(|side| self.kept.sides.get(side)?.oldest_ms);
        let Some(begun) = begun.collect::<Option<Vec<u64>>>() else {
            return "PROVISIONED";
        };
        let awake = begun.into_iter().chain(self.human_ms).max().unwrap_or(0);
        let dormant_ms = u64::try_from(DORMANT_AFTER.as_millis()).unwrap_or(u64::MAX);
        if self.until_ms.saturating_sub(awake) > dormant_ms {
            return "DORMANT";
        }
        "OPEN"
    }

    /// Orders that stood, without their reasons: those are content.
    fn suspensions(&self) -> Value {
        let mut rows: Vec<(u64, Value)> = Vec::new();
        for (desk, report) in &self.checks.desks {
            let side = hotline_audit::key::Subject::parse(desk).map_or("", |subject| subject.domain);
            for order in &report.orders {
                let mut row = json!({ "side": side, "verb": order.verb, "from_ms": order.from_ms });
                if let Some(channel) = &order.channel {
                    row["channel"] = channel.clone().into();
                }
                if let Some(until_ms) = order.until_ms {
                    row["until_ms"] = until_ms.into();
                }
                rows.push((order.from_ms, row));
            }
        }
        rows.sort_by_key(|(from_ms, _)| *from_ms);
        rows.into_iter().map(|(_, row)| row).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use std::collections::BTreeMap;

    use hotline_client::availability::OrderReport;

    use super::*;

    const DAY_MS: u64 = 86_400_000;
    const SIDES: [&str; 2] = ["a.example", "b.example"];

    /// The label of a line whose sides began on day 1, seen on this day.
    fn label(silent: bool, human_day: Option<u64>, orders: Vec<OrderReport>, day: u64) -> &'static str {
        let mut kept = Kept::default();
        for side in &SIDES[usize::from(silent)..] {
            kept.sides.entry((*side).to_owned()).or_default().oldest_ms = Some(DAY_MS);
        }
        let mut checks = Collector::default().report(1, Some(day * DAY_MS));
        let desk = DeskReport {
            orders,
            ..DeskReport::default()
        };
        checks.desks.insert("spiffe://a.example/desk/ops".into(), desk);
        let both = Both {
            statements: BTreeMap::new(),
            logs: BTreeMap::new(),
            sides: SIDES.map(str::to_owned),
        };
        Counting {
            both: &both,
            kept: &kept,
            checks: &checks,
            until_ms: day * DAY_MS,
            human_ms: human_day.map(|day| day * DAY_MS),
        }
        .label()
    }

    fn order(verb: &'static str, channel: Option<&str>, until_ms: Option<u64>) -> OrderReport {
        OrderReport {
            verb,
            channel: channel.map(str::to_owned),
            officer: "spiffe://a.example/officer/novak".into(),
            reason: "a visit".into(),
            from_ms: DAY_MS,
            until_ms,
        }
    }

    #[test]
    fn a_public_label_is_what_statements_tell() {
        assert_eq!(label(true, None, vec![], 2), "PROVISIONED");
        assert_eq!(label(false, None, vec![], 2), "OPEN");
        assert_eq!(label(false, None, vec![], 40), "DORMANT");
        assert_eq!(label(false, Some(39), vec![], 40), "OPEN");
        let suspended = || vec![order("SUSPEND", Some("AIR"), None)];
        assert_eq!(label(false, None, suspended(), 40), "SUSPENDED");
        assert_eq!(
            label(false, None, vec![order("SUSPEND", None, Some(DAY_MS + 1))], 2),
            "OPEN"
        );
        assert_eq!(
            label(false, None, vec![order("SEVER", Some("AIR"), None)], 2),
            "SUSPENDED"
        );
        let severed = suspended()
            .into_iter()
            .chain([order("SEVER", None, None)])
            .collect();
        assert_eq!(label(false, None, severed, 2), "SEVERED");
    }
}
