//! Reading one: `METRIC OPERATOR NUMBER[UNIT]`, blanks anywhere between.

use std::{fmt, ops::Range};

use super::metric::{Catalogue, Kind};

/// How the measured value has to stand to the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `==`
    Exactly,
}

/// The operators as they are written; the longer first, so that `<=` is not read as `<`.
const OPERATORS: [(&str, Operator); 5] = [
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("==", Operator::Exactly),
    ("<", Operator::Below),
    (">", Operator::Above),
];

impl Operator {
    /// Whether a measured value keeps to the limit.
    pub fn holds(self, measured: f64, limit: f64) -> bool {
        match self {
            Self::Below => measured < limit,
            Self::AtMost => measured <= limit,
            Self::Above => measured > limit,
            Self::AtLeast => measured >= limit,
            // Counts are whole; a time is compared to the microsecond, as it was measured.
            Self::Exactly => (measured - limit).abs() < 0.000_5,
        }
    }
}

/// One promise.
#[derive(Clone, Debug, PartialEq)]
pub struct Slo {
    /// As it was typed.
    pub text: String,
    /// The metric's name.
    pub metric: String,
    /// In what it is counted.
    pub kind: Kind,
    /// How it is compared.
    pub operator: Operator,
    /// With what, in the unit of its kind.
    pub limit: f64,
}

/// What is wrong with one that was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SloError {
    text: String,
    at: Range<usize>,
    what: String,
    /// What exists.
    pub listing: String,
}

impl fmt::Display for SloError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = self.text.get(..self.at.start).unwrap_or_default().chars().count();
        let under = self.text.get(self.at.clone()).unwrap_or_default();
        let carets = "^".repeat(under.chars().count().max(1));
        write!(
            f,
            "--slo: {}\n  {}\n  {}{carets}",
            self.what,
            self.text,
            " ".repeat(before)
        )
    }
}

impl std::error::Error for SloError {}

impl Slo {
    /// Reads one against what the bench can measure.
    ///
    /// # Errors
    /// [`SloError`] shows the part that is wrong, and what exists.
    pub fn parse(text: &str, catalogue: &Catalogue) -> Result<Self, SloError> {
        let wrong = |at: Range<usize>, what: String| SloError {
            text: text.to_owned(),
            at,
            what,
            listing: catalogue.listing(),
        };
        let found = text.find(['<', '>', '=', '!']);
        let (sign_at, metric) = (
            found.unwrap_or(text.len()),
            part(text, 0..found.unwrap_or(text.len())),
        );
        let name = text.get(metric.clone()).unwrap_or_default();
        let Some(kind) = catalogue.kind(name) else {
            return Err(wrong(metric, format!("no metric is called \"{name}\"")));
        };
        let rest = text.get(sign_at..).unwrap_or_default();
        let known = OPERATORS.iter().find(|(sign, _)| rest.starts_with(sign));
        let Some((sign, operator)) = known else {
            let what = format!("behind \"{name}\" stands one of < <= > >= ==, then a limit");
            return Err(wrong(sign_at..(sign_at + 1).min(text.len()), what));
        };
        let value = part(text, sign_at + sign.len()..text.len());
        let written = text.get(value.clone()).unwrap_or_default();
        let digits = written
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(written.len());
        let (number, _) = written.split_at(digits);
        let Ok(number) = number.parse::<f64>() else {
            let what = format!("the limit of \"{name}\" is a number, not \"{written}\"");
            return Err(wrong(value, what));
        };
        let unit = part(text, value.start + digits..value.end);
        let word = text.get(unit.clone()).unwrap_or_default();
        match factor(kind, word) {
            Some(factor) => Ok(Self {
                text: text.to_owned(),
                metric: name.to_owned(),
                kind,
                operator: *operator,
                limit: number * factor,
            }),
            None if word.is_empty() => Err(wrong(value, format!("\"{name}\" is {}", kind.wants()))),
            None => Err(wrong(
                unit,
                format!("\"{word}\" does not fit: \"{name}\" is {}", kind.wants()),
            )),
        }
    }
}

/// That part of the text without the blanks around it.
fn part(text: &str, range: Range<usize>) -> Range<usize> {
    let raw = text.get(range.clone()).unwrap_or_default();
    let start = range.start + (raw.len() - raw.trim_start().len());
    start..start + raw.trim().len()
}

/// What a number in that unit is multiplied with.
fn factor(kind: Kind, unit: &str) -> Option<f64> {
    match (kind, unit) {
        (Kind::Time, "us") => Some(0.001),
        (Kind::Time, "ms") | (Kind::Rate, "/s") | (Kind::Count | Kind::Ratio, "") => Some(1.0),
        (Kind::Time, "s") => Some(1000.0),
        (Kind::Time | Kind::Rate | Kind::Count | Kind::Ratio, _) => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn catalogue() -> Catalogue {
        Catalogue {
            bench: "latency",
            series: vec!["delivered"],
            single: vec![
                ("lost", Kind::Count),
                ("rate", Kind::Rate),
                ("ratio_p50", Kind::Ratio),
            ],
        }
    }

    fn read(text: &str) -> (String, Operator, f64) {
        let slo = Slo::parse(text, &catalogue()).unwrap();
        (slo.metric, slo.operator, slo.limit)
    }

    #[track_caller]
    fn refused(text: &str, what: &str, caret: &str) {
        let error = Slo::parse(text, &catalogue()).unwrap_err();
        let told = error.to_string();
        let mut lines = told.lines();
        assert!(lines.next().unwrap().contains(what), "{told}");
        assert_eq!(lines.next().unwrap(), format!("  {text}"));
        assert_eq!(lines.next().unwrap(), format!("  {caret}"), "{told}");
        assert!(error.listing.contains("delivered"));
    }

    #[test]
    fn limits_are_read_in_any_unit_that_fits() {
        assert_eq!(
            read("p99_delivered<50ms"),
            ("p99_delivered".into(), Operator::Below, 50.0)
        );
        assert_eq!(
            read(" max_delivered <= 1.5 s "),
            ("max_delivered".into(), Operator::AtMost, 1500.0)
        );
        assert_eq!(read("p50_delivered>=250us").2, 0.25);
        assert_eq!(read("rate>100/s"), ("rate".into(), Operator::Above, 100.0));
        assert_eq!(read("lost==0"), ("lost".into(), Operator::Exactly, 0.0));
    }

    #[test]
    fn an_unknown_metric_has_a_caret_under_its_name() {
        refused("nonsense<1ms", "no metric is called \"nonsense\"", "^^^^^^^^");
        refused("p98_delivered < 1ms", "no metric", "^^^^^^^^^^^^^");
        refused("<1ms", "no metric", "^");
    }

    #[test]
    fn a_unit_that_does_not_fit_has_a_caret_under_it() {
        refused("p99_delivered<50m", "\"m\" does not fit", "                ^");
        refused("rate>100ms", "a rate: /s", "        ^^");
        refused("lost==0ms", "without unit", "       ^^");
        refused("p99_delivered<50", "a time: us, ms or s", "              ^^");
    }

    #[test]
    fn a_missing_operator_or_limit_has_a_caret_where_it_should_stand() {
        refused("p99_delivered", "one of < <= > >= ==", "             ^");
        refused("lost=0", "one of < <= > >= ==", "    ^");
        refused("p99_delivered<", "is a number", "              ^");
        refused("lost==none", "not \"none\"", "      ^^^^");
        refused("p99_delivered<1.2.3ms", "is a number", "              ^^^^^^^");
    }

    #[test]
    fn each_operator_compares_as_it_is_written() {
        for (text, yes, no) in [
            ("lost<2", 1.0, 2.0),
            ("lost<=2", 2.0, 2.1),
            ("lost>2", 3.0, 2.0),
            ("lost>=2", 2.0, 1.0),
            ("lost==2", 2.0, 3.0),
        ] {
            let (_, operator, limit) = read(text);
            assert!(operator.holds(yes, limit) && !operator.holds(no, limit), "{text}");
        }
    }
}
