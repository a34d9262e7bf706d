//! The bench, as a script runs it: real lines, short runs, and every shape in which they are told.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use hotline_tests::{
    schema::violations,
    verb::{Said, typed, word},
};
use serde_json::Value;

const LATENCY: &str = include_str!("../../cli/schema/bench-latency.json");
const THROUGHPUT: &str = include_str!("../../cli/schema/bench-throughput.json");
const FAILOVER: &str = include_str!("../../cli/schema/bench-failover.json");

async fn bench(words: &[&str]) -> Said {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_hotline-under-test"));
    typed(&program, &[&["bench"], words].concat(), b"").await
}

#[track_caller]
fn fits(schema: &str, told: &Value) {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let found = violations(&schema, told);
    assert!(found.is_empty(), "{}\n{told:#}", found.join("\n"));
}

#[tokio::test(flavor = "current_thread")]
async fn latency_is_measured_with_and_without_faults_and_told_in_every_shape() {
    let place = tempfile::tempdir().unwrap();
    let file = |name: &str| word(&place.path().join(name));
    let (csv, hdr, html) = (file("out.csv"), file("out.hgrm"), file("out.html"));
    let said = bench(&[
        "latency",
        "--messages",
        "20",
        "--rounds",
        "2",
        "--rate",
        "20",
        "--acknowledge-every",
        "5",
        "--precedence",
        "FLASH",
        "--preset",
        "lan",
        "--each-leg",
        "5",
        "--slo",
        "lost==0",
        "--slo",
        "max_acknowledged<60s",
        "--json",
        "--csv",
        &csv,
        "--hdr",
        &hdr,
        "--html",
        &html,
    ])
    .await
    .ended(0);
    let told = said.object();
    fits(LATENCY, &told);
    for run in ["open", "with_faults"] {
        assert_eq!(
            (&told[run]["messages"], &told[run]["lost"]),
            (&20.into(), &0.into()),
            "{told:#}"
        );
        assert_eq!(told[run]["leg_changes"].as_object().unwrap().len(), 8, "{told:#}");
        for rung in ["released", "accepted_north", "accepted_south", "delivered"] {
            assert_eq!(
                told[run]["from_due_ms"][rung]["count"], 20,
                "{run} {rung}: {told:#}"
            );
        }
        assert!(
            told[run]["from_due_ms"]["acknowledged"]["count"]
                .as_u64()
                .unwrap()
                >= 3,
            "{told:#}"
        );
    }
    assert_eq!(told["legs"], "live links");
    let alone = told["each_leg"].as_array().unwrap();
    assert_eq!(alone.len(), 4, "{told:#}");
    for run in alone {
        let leg = run["name"].as_str().unwrap().strip_suffix(" alone").unwrap();
        assert_eq!(
            run["by_leg_ms"][leg]["count"], 5,
            "by that leg and no other: {run:#}"
        );
    }
    assert_eq!(fs::read_to_string(&csv).unwrap().lines().count(), 1 + 20 + 20);
    for beside in ["", ".accepted_north", ".faults.delivered"] {
        let text = fs::read_to_string(format!("{hdr}{beside}")).unwrap();
        assert!(text.contains("Total count    =           20"), "{text}");
    }
    let page = fs::read_to_string(&html).unwrap();
    assert_eq!(
        page.matches("role=\"img\"").count(),
        3,
        "percentiles and two timelines"
    );
    assert!(page.contains("preset lan") && !page.contains("<script"));
}

#[tokio::test(flavor = "current_thread")]
async fn throughput_is_measured_and_a_missed_promise_is_its_exit_code() {
    let said = bench(&[
        "throughput",
        "--in-flight",
        "8",
        "--seconds",
        "1",
        "--rate",
        "20",
        "--slo",
        "rate>0/s",
        "--slo",
        "p50_delivered<1us",
        "--json",
    ])
    .await
    .ended(9);
    let told = said.object();
    fits(THROUGHPUT, &told);
    let met: Vec<&Value> = told["slo"]
        .as_array()
        .unwrap()
        .iter()
        .map(|slo| &slo["met"])
        .collect();
    assert_eq!(met, [&Value::Bool(true), &Value::Bool(false)], "{told:#}");
    assert_eq!(
        (&told["legs"], &told["with_faults"]),
        (&"direct".into(), &Value::Null)
    );
}

#[tokio::test(flavor = "current_thread")]
async fn two_faults_lose_nothing_and_tell_when_their_legs_were_down_and_back() {
    let said = bench(&[
        "failover", "--faults", "2", "--seed", "1", "--rate", "20", "--json",
    ])
    .await
    .ended(0);
    let told = said.object();
    fits(FAILOVER, &told);
    assert_eq!(
        (&told["lost"], &told["shown_twice"]),
        (&0.into(), &0.into()),
        "{told:#}"
    );
    assert_eq!(told["seed"], 1);
    let faults = told["faults"].as_array().unwrap();
    assert_eq!(faults.len(), 2, "{told:#}");
    for fault in faults {
        assert!(fault["gap_ms"].as_f64().unwrap() > 0.0, "{fault:#}");
        for time in ["suspect_ms", "down_ms", "session_ms", "back_ms"] {
            let why = &fault["why_null"][time];
            assert!(fault[time].is_null() == why.is_string(), "{time}: {fault:#}");
        }
    }
    assert_eq!(told["gaps_ms"]["without_fault"].as_array().unwrap().len(), 3);
}

#[tokio::test(flavor = "current_thread")]
async fn all_legs_cut_lose_nothing_and_the_first_message_after_the_heal_is_timed() {
    let said = bench(&[
        "failover",
        "--kinds",
        "all-cut",
        "--faults",
        "1",
        "--fault-ms",
        "3000",
        "--rate",
        "20",
        "--slo",
        "first_after_heal_ms<30s",
        "--json",
    ])
    .await
    .ended(0);
    let told = said.object();
    fits(FAILOVER, &told);
    assert_eq!(
        (&told["lost"], &told["shown_twice"], &told["out_of_order"]),
        (&0.into(), &0.into(), &0.into()),
        "{told:#}"
    );
    assert_eq!(
        (&told["gap_ms"], &told["gap_ratio"]),
        (&Value::Null, &Value::Null),
        "{told:#}"
    );
    let fault = &told["faults"][0];
    assert_eq!(fault["legs"].as_array().unwrap().len(), 8, "{fault:#}");
    assert!(
        fault["others_heal_after_ms"].as_f64().unwrap() >= 2000.0,
        "{fault:#}"
    );
    assert!(
        fault["first_after_heal_ms"].is_f64() && fault["heals_first"].is_string(),
        "{fault:#}"
    );
    let _ = bench(&[
        "failover",
        "--kinds",
        "all-cut",
        "--fault-ms",
        "600000",
        "--rate",
        "1000",
    ])
    .await
    .ended(2);
}

#[tokio::test(flavor = "current_thread")]
async fn what_is_typed_wrong_is_told_with_a_caret_before_anything_is_measured() {
    let said = bench(&["latency", "--slo", "nonsense<1ms"]).await.ended(2);
    assert!(said.err.contains("  nonsense<1ms\n  ^^^^^^^^\n"), "{}", said.err);
    assert!(
        said.err.contains("delivered"),
        "what exists is listed: {}",
        said.err
    );
    let said = bench(&["failover", "--slo", "down_ms<1.5"]).await.ended(2);
    assert!(said.err.contains("a time: us, ms or s"), "{}", said.err);
    let _ = bench(&["latency", "--preset", "moon"]).await.ended(2);
    let plan = plan("[[faults]]\nat = \"1s\"\nfault = \"cutt\"\n");
    let said = bench(&["latency", "--fault-plan", &word(plan.path())])
        .await
        .ended(3);
    assert!(
        said.err.contains("faults[1].fault") && said.err.contains('^'),
        "{}",
        said.err
    );
    let nowhere = Path::new("/nowhere/page.html");
    let _ = bench(&["latency", "--html", &word(nowhere)]).await.ended(1);
}

fn plan(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    file
}
