//! What one message in flight and messages on schedule showed, told.

use serde_json::{Value, json};

use super::{Latency, Pairs};
use crate::bench::{
    measure::{Measured, open::Runs},
    report::{
        run::{Run, quantiles},
        table::{number, row, table},
        times::{COLUMNS, Times, median, rounded},
    },
    slo::metric::Values,
};

impl Measured for Latency {
    fn json(&self) -> Value {
        let Pairs { ways, floor, ratios } = &self.pairs;
        json!({
            "bench": "latency",
            "delivered_ms": ways.delivered.json(),
            "floor_ms": floor.json(),
            "ratio_p50": median(ratios).map(rounded),
            "rounds": ratios.len(),
            "ratios": ratios,
            "stored_ms": ways.stored.json(),
            "release_ms": ways.release.json(),
            "in_flight": 1,
            "legs": self.legs,
            "open": self.open.as_ref().map(|runs| runs.without.json()),
            "with_faults": self.open.as_ref().and_then(|runs| runs.with.as_ref()).map(Run::json),
            "each_leg": self.alone.iter().map(Run::json).collect::<Vec<_>>(),
            "conditions": self.conditions.json(),
        })
    }

    fn table(&self) -> String {
        let Pairs { ways, floor, ratios } = &self.pairs;
        let rows = [
            row(COLUMNS),
            ways.delivered.row("RELEASED to DELIVERED"),
            floor.row("the floor"),
            ways.stored.row("receipt on A's disk"),
            ways.release.row("asked to RELEASED"),
        ];
        let middle = number(median(ratios));
        let rounds = ratios.len();
        let mut open: String = self
            .runs()
            .iter()
            .map(|run| format!("\n{}", run.table()))
            .collect();
        if !self.alone.is_empty() {
            let legs = each_leg(&self.alone);
            open.push_str(&format!("\nEach leg alone, due to DELIVERED:\n{legs}"));
        }
        format!(
            "One message in flight:\n{}A message takes {middle} times the floor (p50; median of {rounds} paired \
             rounds).\n{open}{}",
            table(&rows),
            self.conditions.words()
        )
    }

    fn runs(&self) -> Vec<&Run> {
        self.open.as_ref().map(Runs::all).unwrap_or_default()
    }

    fn floor(&self) -> Option<&Times> {
        Some(&self.pairs.floor)
    }

    fn values(&self) -> Values {
        let mut values = match &self.open {
            Some(runs) => runs.judged().values(),
            None => closed(&self.pairs),
        };
        if let Some(ratio) = median(&self.pairs.ratios) {
            values.insert("ratio_p50".into(), rounded(ratio));
        }
        values
    }
}

fn each_leg(runs: &[Run]) -> String {
    let rows = runs.iter().flat_map(|run| {
        let series = run.series().into_iter().find(|series| series.key == "delivered");
        series.map(|series| series.from_due.row(&run.name))
    });
    let rows: Vec<Vec<String>> = std::iter::once(row(COLUMNS)).chain(rows).collect();
    table(&rows)
}

/// The rounds' own times, where nothing else was measured.
fn closed(pairs: &Pairs) -> Values {
    let ways = &pairs.ways;
    let named = [
        ("released", &ways.release),
        ("delivered", &ways.delivered),
        ("stored", &ways.stored),
    ];
    named
        .into_iter()
        .flat_map(|(key, times)| quantiles(times).map(move |(name, value)| (format!("{name}_{key}"), value)))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::bench::{
        line::Wiring,
        measure::latency::{Open, Plan, catalogue, pairs, wiring},
        report::{conditions::Conditions, run::tests::stalled},
    };

    const PLAN: Plan = Plan {
        messages: 100,
        rounds: 3,
        open: Some(Open {
            rate: 100,
            acknowledge_every: 10,
            each_leg: 0,
        }),
    };

    fn measured(run: Option<Run>) -> Latency {
        let folder = tempfile::tempdir().unwrap();
        Latency {
            conditions: Conditions::of(folder.path()),
            legs: "direct",
            pairs: pairs::tests::three_rounds(),
            open: run.map(|mut without| {
                without.leg_changes = Some(std::collections::BTreeMap::new());
                Runs { without, with: None }
            }),
            alone: Vec::new(),
        }
    }

    #[test]
    fn one_spoiled_round_does_not_move_the_ratio() {
        let told = measured(None).json();
        assert!((told["ratio_p50"].as_f64().unwrap() - 3.0).abs() < 0.01, "{told}");
        assert_eq!(
            (told["rounds"].as_u64(), told["ratios"].as_array().unwrap().len()),
            (Some(3), 3)
        );
    }

    #[test]
    fn the_object_has_the_fields_that_scripts_read() {
        let told = measured(Some(stalled())).json();
        for of in ["delivered_ms", "floor_ms", "stored_ms"] {
            for name in ["p50", "p90", "p99", "p999", "max"] {
                assert!(told[of][name].is_f64(), "{of}.{name}");
            }
        }
        assert!(!told.to_string().contains('\n'));
    }

    #[test]
    fn the_table_is_short() {
        let text = measured(Some(stalled())).table();
        assert!(text.contains("3.0") && text.lines().count() <= 25, "{text}");
    }

    #[test]
    fn every_metric_that_can_be_asked_for_is_measured() {
        for (plan, latency) in [
            (PLAN, measured(Some(stalled()))),
            (Plan { open: None, ..PLAN }, measured(None)),
        ] {
            catalogue(plan).is_measured(&latency.values());
        }
    }

    #[test]
    fn both_runs_are_told_and_the_one_with_faults_is_judged() {
        let mut latency = measured(Some(stalled()));
        let mut with = stalled();
        with.name = "with preset congested".into();
        for row in &mut with.rows {
            row.delivered = row.delivered.map(|time| time * 2);
        }
        latency.open = latency.open.map(|runs| Runs {
            with: Some(with),
            ..runs
        });
        let told = latency.json();
        assert_eq!(told["open"]["name"], "without faults");
        assert_eq!(told["with_faults"]["name"], "with preset congested");
        assert!((latency.values()["p50_delivered"] - 6.0).abs() < 0.1);
        assert!(latency.table().contains("with preset congested"));
        assert_eq!(latency.runs().len(), 2);
    }

    #[test]
    fn each_leg_alone_is_told_apart() {
        let mut latency = measured(Some(stalled()));
        let mut alone = stalled();
        alone.name = "north/tcp alone".into();
        latency.alone = vec![alone];
        assert_eq!(latency.json()["each_leg"][0]["name"], "north/tcp alone");
        assert!(latency.table().contains("north/tcp alone"));
        let open = PLAN.open.map(|open| Open { each_leg: 5, ..open });
        assert_eq!(wiring(Plan { open, ..PLAN }, None), Wiring::Links { seed: 0 });
        assert_eq!(wiring(PLAN, None), Wiring::Direct);
    }

    #[test]
    fn promises_are_held_against_the_schedule_and_not_against_the_rounds() {
        let latency = measured(Some(stalled()));
        assert!((latency.values()["max_delivered"] - 203.0).abs() < 1.0);
        assert!((measured(None).values()["max_delivered"] - 500.0).abs() < 1.0);
    }
}
