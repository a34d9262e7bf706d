//! Handing a report over: to standard output, and to the files that were asked for.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{
    about::About,
    csv, hdr,
    html::{self, Page},
    run::Run,
};
use crate::bench::{error::BenchError, measure::Measured, slo::judge::Judged};

/// The files that were asked for.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Every message.
    pub csv: Option<PathBuf>,
    /// The distribution of DELIVERED, and beside it those of the other series.
    pub hdr: Option<PathBuf>,
    /// The page.
    pub html: Option<PathBuf>,
}

impl Files {
    /// Makes them empty, so that a path that cannot be written is told before anything is measured.
    ///
    /// # Errors
    /// If one of them cannot be made.
    pub fn make(&self) -> Result<(), BenchError> {
        for file in [&self.csv, &self.hdr, &self.html].into_iter().flatten() {
            File::create(file).map_err(|source| unwritten(file, source))?;
        }
        Ok(())
    }

    /// Writes them.
    ///
    /// # Errors
    /// If one of them cannot be written.
    pub fn write(&self, told: &Told<'_>) -> Result<(), BenchError> {
        let write = |file: &Path, text: &str| fs::write(file, text).map_err(|source| unwritten(file, source));
        if let Some(file) = &self.csv {
            write(file, &csv::csv(&told.runs))?;
        }
        if let Some(file) = &self.hdr {
            for (name, text) in distributions(&told.runs) {
                write(&beside(file, &name), &text)?;
            }
        }
        if let Some(file) = &self.html {
            write(file, &html::page(&told.page()))?;
        }
        Ok(())
    }
}

fn unwritten(file: &Path, source: std::io::Error) -> BenchError {
    BenchError::Output {
        file: file.to_owned(),
        source,
    }
}

/// A whole report.
pub struct Told<'a> {
    own: Value,
    table: String,
    runs: Vec<&'a Run>,
    measured: &'a dyn Measured,
    judged: &'a [Judged],
    about: &'a About,
}

impl<'a> Told<'a> {
    /// What was measured, what came of the promises, and how it came about.
    pub fn new(measured: &'a dyn Measured, judged: &'a [Judged], about: &'a About) -> Self {
        Self {
            own: measured.json(),
            table: measured.table(),
            runs: measured.runs(),
            measured,
            judged,
            about,
        }
    }

    /// One object.
    pub fn json(&self) -> Value {
        let mut whole = self.own.clone();
        if let Value::Object(keys) = &mut whole {
            for (name, value) in self.about.json() {
                keys.insert(name.into(), value);
            }
            let judged = self.judged.iter().map(Judged::json).collect();
            keys.insert("slo".into(), Value::Array(judged));
        }
        whole
    }

    /// Lines for a terminal.
    pub fn text(&self) -> String {
        let about: String = self
            .about
            .rows()
            .iter()
            .map(|(name, value)| format!("{name}: {value}\n"))
            .collect();
        let judged: String = self
            .judged
            .iter()
            .map(|judged| format!("{}\n", judged.words()))
            .collect();
        format!("{}{about}{judged}", self.table)
    }

    fn page(&self) -> Page<'_> {
        Page {
            bench: self.own.get("bench").and_then(Value::as_str).unwrap_or_default(),
            table: &self.table,
            runs: &self.runs,
            floor: self.measured.floor(),
            judged: self.judged,
            about: self.about,
        }
    }
}

/// A name and a distribution for each series of each run; the first, DELIVERED of the first run, has no name.
fn distributions(runs: &[&Run]) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (number, run) in runs.iter().enumerate() {
        let faults = if number == 0 { "" } else { "faults." };
        for series in run.series() {
            let name = match (number, series.key.as_str()) {
                (0, "delivered") => String::new(),
                (_, key) => format!("{faults}{key}"),
            };
            all.push((name, hdr::distribution(&series.from_due)));
        }
    }
    all
}

/// `out.hgrm` becomes `out.hgrm.accepted`.
fn beside(file: &Path, name: &str) -> PathBuf {
    if name.is_empty() {
        return file.to_owned();
    }
    let mut whole = file.as_os_str().to_owned();
    whole.push(format!(".{name}"));
    PathBuf::from(whole)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::bench::report::run::tests::stalled;

    #[test]
    fn every_series_has_a_file_and_delivered_the_one_that_was_named() {
        let (first, second) = (stalled(), stalled());
        let names: Vec<String> = distributions(&[&first, &second])
            .into_iter()
            .map(|(name, _)| beside(Path::new("out.hgrm"), &name).display().to_string())
            .collect();
        for name in ["out.hgrm", "out.hgrm.accepted_north", "out.hgrm.faults.delivered"] {
            assert!(names.iter().any(|known| known == name), "{names:?}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_written_is_told_before_anything_is_measured() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files {
            html: Some(folder.path().join("none/page.html")),
            ..Files::default()
        };
        assert!(matches!(files.make(), Err(BenchError::Output { .. })));
    }
}
