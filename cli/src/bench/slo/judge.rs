//! Holding promises against what was measured.

use serde_json::{Value, json};

use super::{metric::Values, parse::Slo};

/// One promise, judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The promise.
    pub slo: Slo,
    /// What was measured, in the unit of its kind; none if nothing showed it.
    pub measured: Option<f64>,
    /// Whether it was kept.
    pub met: bool,
}

/// Judges all.
pub fn judge(slos: &[Slo], values: &Values) -> Vec<Judged> {
    slos.iter()
        .map(|slo| {
            let measured = values.get(&slo.metric).copied();
            Judged {
                slo: slo.clone(),
                measured,
                met: measured.is_some_and(|measured| slo.operator.holds(measured, slo.limit)),
            }
        })
        .collect()
}

impl Judged {
    /// As an object.
    pub fn json(&self) -> Value {
        json!({
            "slo": self.slo.text,
            "metric": self.slo.metric,
            "limit": self.slo.limit,
            "unit": self.slo.kind.unit(),
            "measured": self.measured,
            "met": self.met,
        })
    }

    /// As a sentence.
    pub fn words(&self) -> String {
        let verdict = if self.met { "met" } else { "MISSED" };
        let unit = self.slo.kind.unit();
        let space = if unit == "ms" { " " } else { "" };
        let measured = self.measured.map_or_else(
            || "no value: nothing showed it, or what was lost stands there".to_owned(),
            |measured| format!("measured {measured}{space}{unit}"),
        );
        format!("SLO {}: {verdict}, {measured}", self.slo.text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::bench::slo::metric::{Catalogue, Kind};

    #[test]
    fn a_promise_is_met_missed_or_missed_for_want_of_a_measurement() {
        let catalogue = Catalogue {
            bench: "failover",
            series: vec!["delivered"],
            single: vec![("lost", Kind::Count), ("down_ms", Kind::Time)],
        };
        let slos: Vec<Slo> = ["p99_delivered<50ms", "lost==0", "down_ms<=1.5s"]
            .iter()
            .map(|text| Slo::parse(text, &catalogue).unwrap())
            .collect();
        let values = Values::from([("p99_delivered".to_owned(), 61.5), ("lost".to_owned(), 0.0)]);
        let told: Vec<String> = judge(&slos, &values).iter().map(Judged::words).collect();
        assert_eq!(
            told,
            [
                "SLO p99_delivered<50ms: MISSED, measured 61.5 ms",
                "SLO lost==0: met, measured 0",
                "SLO down_ms<=1.5s: MISSED, no value: nothing showed it, or what was lost stands there",
            ]
        );
    }
}
