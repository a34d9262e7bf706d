//! The page of a fixed run is the golden one, and stands alone.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use std::time::Duration;

use super::*;
use crate::bench::{
    report::run::{Gap, Shade, tests::stalled},
    slo::{
        judge::judge,
        metric::{Catalogue, Values},
        parse::Slo,
    },
};

/// The page of a fixed measurement, as it was looked at in a browser.
const GOLDEN: &str = include_str!("golden.html");
/// Set to write it anew, after the page was meant to change.
const WRITE: &str = "HOTLINE_WRITE_GOLDEN";

fn about() -> About {
    About {
        command:
            "hotline bench latency --preset wan --seed 1 --slo 'p50_delivered<5ms' --slo 'p99_delivered<50ms'"
                .into(),
        seed: Some(1),
        began: "2026-11-26T04:00:00Z".into(),
        cpu: "Some <CPU> & Co.".into(),
        cores: 2,
        kernel: "Linux 6.1.0".into(),
        memory_mib: Some(2048),
        hotline: "0.1.0".into(),
        commit: "0123456789ab".into(),
        rustc: "rustc 1.95.0".into(),
    }
}

fn broken_run() -> Run {
    let mut run = stalled();
    run.name = "with preset wan".into();
    run.rows[90].delivered = None;
    run.shades = vec![Shade {
        from: Duration::from_millis(480),
        to: Duration::from_millis(720),
        what: "kill relay north".into(),
    }];
    run.gaps = vec![Gap {
        from: Duration::from_millis(493),
        length: Duration::from_millis(210),
    }];
    run
}

fn made() -> String {
    let (clean, broken) = (stalled(), broken_run());
    let catalogue = Catalogue {
        bench: "latency",
        series: vec!["delivered"],
        single: Vec::new(),
    };
    let slos: Vec<Slo> = ["p50_delivered<5ms", "p99_delivered<50ms"]
        .iter()
        .map(|text| Slo::parse(text, &catalogue).unwrap())
        .collect();
    let values: Values = clean.values();
    let judged = judge(&slos, &values);
    let floor: Times = (1..=100).map(|us| Duration::from_micros(us * 10)).collect();
    page(&Page {
        bench: "latency",
        table: "a <table>\n",
        runs: &[&clean, &broken],
        floor: Some(&floor),
        judged: &judged,
        about: &about(),
    })
}

#[test]
fn the_page_is_the_one_that_was_looked_at() {
    let made = made();
    if std::env::var_os(WRITE).is_some() {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bench/report/html/golden.html");
        std::fs::write(file, &made).unwrap();
        return;
    }
    assert!(
        made == GOLDEN,
        "the page has changed: look at it, then write it anew with {WRITE}=1 cargo test"
    );
}

#[test]
fn the_page_needs_no_other_file_and_no_script() {
    let made = made();
    for forbidden in ["<script", "http:", "https:", "src=", "href=", "@import", "url("] {
        assert!(!made.contains(forbidden), "{forbidden}");
    }
    assert!(made.contains("Some &lt;CPU&gt; &amp; Co."));
}

#[test]
fn every_figure_has_a_text_in_its_place() {
    let made = made();
    let figures = made.matches("role=\"img\"").count();
    assert_eq!(figures, 3, "percentiles, and a timeline for each run");
    assert_eq!(made.matches("<desc id=").count(), figures);
    assert_eq!(made.matches("<details>").count(), figures);
    assert!(made.contains("kill relay north from 0.5 s to 0.7 s"));
    assert!(made.contains(">210 ms</text>"), "the gap is labelled");
    assert!(made.contains("a message without receipt"));
}
