//! What breaking the line showed, told.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Failover, Happened, Kind, Noticed, Target};
use crate::bench::{
    measure::Measured,
    report::{
        run::Run,
        table::{number, row, table},
        times::{Times, ms, ratio},
    },
    slo::metric::{Catalogue, Kind as Unit, Values},
};

/// Metrics of gaps and of what was noticed have each of these behind their name; the last is the bare name's.
const SPREAD: [&str; 3] = ["p50", "p95", "max"];

/// What promises can be about.
pub fn catalogue() -> Catalogue {
    let times = [
        "gap_p50",
        "gap_p95",
        "gap_max",
        "gap_without_fault_p50",
        "gap_without_fault_p95",
        "gap_without_fault_max",
        "suspect_ms",
        "suspect_p50",
        "suspect_p95",
        "suspect_max",
        "down_ms",
        "down_p50",
        "down_p95",
        "down_max",
        "back_ms",
        "back_p50",
        "back_p95",
        "back_max",
        "session_ms",
        "session_p50",
        "session_p95",
        "session_max",
        "first_after_heal_ms",
        "first_after_heal_p50",
        "first_after_heal_p95",
        "first_after_heal_max",
    ];
    let mut single = vec![
        ("lost", Unit::Count),
        ("shown_twice", Unit::Count),
        ("out_of_order", Unit::Count),
        ("rate", Unit::Rate),
        ("gap_ratio", Unit::Ratio),
    ];
    single.extend(times.map(|name| (name, Unit::Time)));
    Catalogue {
        bench: "failover",
        series: vec![
            "released",
            "accepted",
            "accepted_north",
            "accepted_south",
            "delivered",
            "stored",
        ],
        single,
    }
}

/// The middle, the 95th of a hundred and the longest of few times, exactly.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Spread {
    count: usize,
    values: [f64; 3],
}

impl Spread {
    fn of(times: impl Iterator<Item = Duration>) -> Option<Self> {
        let mut sorted: Vec<f64> = times.map(ms).collect();
        sorted.sort_by(f64::total_cmp);
        // Nearest rank: the smallest that so many of a hundred do not exceed.
        let rank = |percent: usize| {
            let place = (sorted.len() * percent).div_ceil(100).max(1) - 1;
            sorted.get(place).copied()
        };
        Some(Self {
            count: sorted.len(),
            values: [rank(50)?, rank(95)?, rank(100)?],
        })
    }

    fn json(self) -> Value {
        let mut told: Map<String, Value> = SPREAD
            .iter()
            .zip(self.values)
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect();
        told.insert("count".into(), json!(self.count));
        Value::Object(told)
    }

    fn max(self) -> f64 {
        self.values[2]
    }
}

impl Happened {
    /// Of all its legs. A leg that was never called DOWN counts with all the time it was broken: at least so long nobody
    /// knew. What each leg itself told stands beside it.
    fn noticed(&self) -> Noticed {
        let never_down = |noticed: Noticed| Noticed {
            down: noticed.down.or(Some(self.lasted)),
            ..noticed
        };
        let legs: Vec<Noticed> = self
            .legs
            .iter()
            .map(|(_, noticed)| never_down(*noticed))
            .collect();
        Noticed::slowest(&legs)
    }

    fn json(&self) -> Value {
        let noticed = self.noticed();
        let mut told = Map::new();
        told.insert("kind".into(), json!(self.draw.kind.name()));
        match &self.draw.target {
            Target::Relay(which) => told.insert("relay".into(), json!(which.name())),
            Target::Line(first) => told.insert("heals_first".into(), json!(first.to_string())),
            Target::Link(link, way) => {
                told.insert("leg".into(), json!(link.leg.to_string()));
                told.insert("desk".into(), json!(link.desk.to_string()));
                told.insert("direction".into(), json!(way.direction().name()))
            }
        };
        told.insert("at_ms".into(), json!(ms(self.at)));
        told.insert("for_ms".into(), json!(ms(self.lasted)));
        told.insert("gap_ms".into(), json!(ms(self.gap)));
        told.insert("out_of_order".into(), json!(self.out_of_order));
        told.extend(noticed.json().map(|(key, value)| (key.to_owned(), value)));
        let mut why: Map<String, Value> = noticed
            .why()
            .into_iter()
            .map(|(key, why)| (key.to_owned(), json!(why)))
            .collect();
        if let Some(healed) = self.healed {
            told.insert("first_after_heal_ms".into(), json!(healed.first_shown.map(ms)));
            told.insert("others_heal_after_ms".into(), json!(ms(healed.others_after)));
            if healed.first_shown.is_none() {
                let nothing = "desk B showed nothing that was due since the cut";
                why.insert("first_after_heal_ms".into(), json!(nothing));
            }
        }
        told.insert("why_null".into(), Value::Object(why));
        let legs = self.legs.iter().map(|(leg, noticed)| {
            let mut told: Map<String, Value> = noticed
                .json()
                .map(|(key, value)| (key.to_owned(), value))
                .into_iter()
                .collect();
            told.insert("leg".into(), json!(leg));
            Value::Object(told)
        });
        told.insert("legs".into(), legs.collect());
        Value::Object(told)
    }
}

impl Failover {
    /// Faults whose gaps are compared: where all legs are cut, the gap is the cut.
    fn compared(&self) -> impl Iterator<Item = &Happened> {
        self.faults.iter().filter(|fault| fault.healed.is_none())
    }

    fn gaps(&self) -> Option<Spread> {
        Spread::of(self.compared().map(|fault| fault.gap))
    }

    /// Until the first message was shown, of each time that all legs were cut; none if once nothing was shown, which is
    /// longer than any.
    fn first_after_heal(&self) -> Option<Spread> {
        let healed = || self.faults.iter().filter_map(|fault| fault.healed);
        let shown: Vec<Duration> = healed().filter_map(|healed| healed.first_shown).collect();
        (shown.len() == healed().count())
            .then(|| Spread::of(shown.into_iter()))
            .flatten()
    }

    fn quiet_gaps(&self) -> Option<Spread> {
        Spread::of(self.quiet.iter().copied())
    }

    fn noticed(&self, of: fn(&Noticed) -> Option<Duration>) -> Option<Spread> {
        Spread::of(self.faults.iter().filter_map(|fault| of(&fault.noticed())))
    }

    /// Name, and how it is spread: what was noticed.
    fn all_noticed(&self) -> [(&'static str, Option<Spread>); 5] {
        [
            ("suspect", self.noticed(|noticed| noticed.suspect)),
            ("down", self.noticed(|noticed| noticed.down)),
            ("session", self.noticed(|noticed| noticed.session)),
            ("back", self.noticed(|noticed| noticed.back)),
            ("first_after_heal", self.first_after_heal()),
        ]
    }

    fn ratio(&self) -> Option<f64> {
        ratio(self.gaps()?.max(), self.quiet_gaps()?.max())
    }

    /// A line for each kind that was drawn.
    fn by_kind(&self) -> String {
        let mut rows = vec![row([
            "ms",
            "faults",
            "gap p50",
            "gap max",
            "SUSPECT max",
            "DOWN max",
            "back max",
        ])];
        for kind in Kind::ALL {
            let of = || self.faults.iter().filter(move |fault| fault.draw.kind == kind);
            let Some(gap) = Spread::of(of().map(|fault| fault.gap)) else {
                continue;
            };
            let most = |of_legs: fn(&Noticed) -> Option<Duration>| {
                let longest = Spread::of(of().filter_map(|fault| of_legs(&fault.noticed())));
                number(longest.map(Spread::max))
            };
            rows.push(row([
                kind.name(),
                &gap.count.to_string(),
                &number(Some(gap.values[0])),
                &number(Some(gap.max())),
                &most(|noticed| noticed.suspect),
                &most(|noticed| noticed.down),
                &most(|noticed| noticed.back),
            ]));
        }
        table(&rows)
    }
}

impl Measured for Failover {
    fn json(&self) -> Value {
        let told = |spread: Option<Spread>| spread.map(Spread::json);
        let each = |gaps: &mut dyn Iterator<Item = Duration>| gaps.map(ms).collect::<Vec<_>>();
        let delivered: Times = self.run.rows.iter().filter_map(|row| row.stored).collect();
        let mut whole = json!({
            "bench": "failover",
            "lost": self.lost,
            "shown_twice": self.shown_twice,
            "out_of_order": self.out_of_order,
            "released": self.released,
            "rate": self.run.rate,
            "gap_ms": told(self.gaps()),
            "gap_without_fault_ms": told(self.quiet_gaps()),
            "gap_ratio": self.ratio(),
            "faults": self.faults.iter().map(Happened::json).collect::<Vec<_>>(),
            "gaps_ms": {
                "with_fault": each(&mut self.compared().map(|fault| fault.gap)),
                "without_fault": each(&mut self.quiet.iter().copied()),
            },
            "delivered_ms": delivered.json(),
            "floor_ms": self.floor.json(),
            "open": self.run.json(),
            "conditions": self.conditions.json(),
        });
        if let Value::Object(keys) = &mut whole {
            for (name, spread) in self.all_noticed() {
                keys.insert(format!("{name}_ms"), json!(told(spread)));
            }
        }
        whole
    }

    fn table(&self) -> String {
        let mut rows = vec![row(["ms", "p50", "p95", "max", "of"])];
        let gaps = [
            ("longest gap with a fault", self.gaps()),
            ("longest gap without", self.quiet_gaps()),
        ];
        for (name, spread) in gaps.into_iter().chain(self.all_noticed()) {
            let name = match name {
                "suspect" => "fault to SUSPECT",
                "down" => "fault to DOWN",
                "session" => "mended to a session",
                "back" => "mended to UP again",
                "first_after_heal" => "first leg healed to first shown",
                name => name,
            };
            let cells = spread.map_or([None; 3], |spread| spread.values.map(Some));
            let [p50, p95, max] = cells.map(number);
            let count = spread.map_or(0, |spread| spread.count).to_string();
            rows.push(row([name, &p50, &p95, &max, &count]));
        }
        let (count, times) = (self.faults.len(), number(self.ratio()));
        let Self {
            released,
            lost,
            shown_twice,
            out_of_order,
            run,
            ..
        } = self;
        format!(
            "{}\n{}\n{}\n{count} faults, {released} messages at {} a second: {lost} lost, {shown_twice} shown twice, \
             {out_of_order} out of order.\n\
             The longest gap with a fault is {times} times the longest without. The floor: p50 {} ms, p99 {} ms.\n{}",
            table(&rows),
            self.by_kind(),
            run.table(),
            run.rate,
            self.floor.p50(),
            self.floor.at(0.99),
            self.conditions.words()
        )
    }

    fn runs(&self) -> Vec<&Run> {
        vec![&self.run]
    }

    fn floor(&self) -> Option<&Times> {
        Some(&self.floor)
    }

    fn values(&self) -> Values {
        let mut values = self.run.values();
        values.insert("lost".into(), self.lost as f64);
        values.insert("shown_twice".into(), self.shown_twice as f64);
        values.insert("out_of_order".into(), self.out_of_order as f64);
        values.extend(self.ratio().map(|ratio| ("gap_ratio".to_owned(), ratio)));
        let gaps = [("gap", self.gaps()), ("gap_without_fault", self.quiet_gaps())];
        for (name, spread) in gaps.into_iter().chain(self.all_noticed()) {
            let Some(spread) = spread else { continue };
            for (quantile, value) in SPREAD.iter().zip(spread.values) {
                values.insert(format!("{name}_{quantile}"), value);
            }
            if !name.starts_with("gap") {
                values.insert(format!("{name}_ms"), spread.max());
            }
        }
        values
    }
}

#[cfg(test)]
mod tests;
