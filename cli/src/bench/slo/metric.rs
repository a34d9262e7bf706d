//! What can be asked of each bench, and in which unit.

use std::collections::BTreeMap;

/// What was measured, by a metric's name, in the unit of its kind. A metric that nothing showed is absent.
pub type Values = BTreeMap<String, f64>;

/// The quantiles that every series of times has.
pub const QUANTILES: [(&str, f64); 6] = [
    ("p50", 0.5),
    ("p90", 0.9),
    ("p95", 0.95),
    ("p99", 0.99),
    ("p999", 0.999),
    ("max", 1.0),
];

/// In what a metric is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Milliseconds; `us`, `ms` and `s` are understood.
    Time,
    /// A second: `/s`.
    Rate,
    /// A whole number without unit.
    Count,
    /// A number without unit.
    Ratio,
}

impl Kind {
    /// The unit in which values of this kind are kept and told.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Time => "ms",
            Self::Rate => "/s",
            Self::Count | Self::Ratio => "",
        }
    }

    /// What an error says of the units that fit.
    pub fn wants(self) -> &'static str {
        match self {
            Self::Time => "a time: us, ms or s",
            Self::Rate => "a rate: /s",
            Self::Count | Self::Ratio => "a number without unit",
        }
    }
}

/// What exists for one bench as it is asked for: series of times by quantile, and single metrics.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// The bench's name.
    pub bench: &'static str,
    /// `delivered` of `p99_delivered`.
    pub series: Vec<&'static str>,
    /// Metrics by their whole name.
    pub single: Vec<(&'static str, Kind)>,
}

impl Catalogue {
    /// The kind of a metric; none if there is no such metric here.
    pub fn kind(&self, name: &str) -> Option<Kind> {
        if let Some((_, kind)) = self.single.iter().find(|(single, _)| *single == name) {
            return Some(*kind);
        }
        let (quantile, series) = name.split_once('_')?;
        let known = QUANTILES.iter().any(|(known, _)| *known == quantile) && self.series.contains(&series);
        known.then_some(Kind::Time)
    }

    /// Everything that exists, for people.
    pub fn listing(&self) -> String {
        let quantiles: Vec<&str> = QUANTILES.iter().map(|(name, _)| *name).collect();
        let single: Vec<String> = self
            .single
            .iter()
            .map(|(name, kind)| match kind.unit() {
                "" => (*name).to_owned(),
                unit => format!("{name} ({unit})"),
            })
            .collect();
        format!(
            "metrics of bench {}: {}_ before {} (us, ms, s); {}",
            self.bench,
            quantiles.join("_, "),
            self.series.join(", "),
            single.join(", ")
        )
    }
}

#[cfg(test)]
impl Catalogue {
    /// Fails if something can be asked for that a whole measurement does not show.
    #[track_caller]
    pub fn is_measured(&self, values: &Values) {
        let all = self
            .series
            .iter()
            .flat_map(|series| QUANTILES.iter().map(move |(name, _)| format!("{name}_{series}")));
        for name in all.chain(self.single.iter().map(|(name, _)| (*name).to_owned())) {
            assert!(values.contains_key(&name), "{name} is not among {values:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_a_quantile_of_a_series_or_stands_alone() {
        let catalogue = Catalogue {
            bench: "latency",
            series: vec!["delivered", "accepted_north"],
            single: vec![("rate", Kind::Rate), ("gap_p95", Kind::Time)],
        };
        assert_eq!(catalogue.kind("p99_delivered"), Some(Kind::Time));
        assert_eq!(catalogue.kind("max_accepted_north"), Some(Kind::Time));
        assert_eq!(catalogue.kind("rate"), Some(Kind::Rate));
        for unknown in ["p98_delivered", "delivered", "p99_", "p99_read", "nonsense", ""] {
            assert_eq!(catalogue.kind(unknown), None, "{unknown}");
        }
        let listing = catalogue.listing();
        for name in ["p999_", "accepted_north", "rate (/s)", "bench latency"] {
            assert!(listing.contains(name), "{listing}");
        }
    }
}
