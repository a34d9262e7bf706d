//! What a throughput run tells.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use super::*;

fn two_slices() -> Throughput {
    let folder = tempfile::tempdir().unwrap();
    let mut whole = Throughput::nothing(Conditions::of(folder.path()), "direct", 64);
    for messages in [1000, 3000] {
        let passed = Passed {
            messages,
            time: Duration::from_secs(2),
        };
        let slice = Slice {
            passed,
            cpu: [Duration::from_secs(1); 4],
            resident: [messages * 10_000; 4],
        };
        whole.add(
            &slice,
            Passed {
                messages: 20_000,
                time: Duration::from_secs(2),
            },
        );
    }
    whole
}

#[test]
fn a_run_is_cut_into_slices_that_add_up() {
    for (seconds, expected) in [(1, 1), (3, 1), (10, 5), (11, 5)] {
        let (slices, each) = slices(Duration::from_secs(seconds));
        assert_eq!(
            (slices, (each * slices).as_millis()),
            (expected, u128::from(seconds) * 1000)
        );
    }
}

#[test]
fn the_object_has_the_fields_that_scripts_read() {
    let told = two_slices().json();
    assert_eq!(told["messages_per_second"], 1000.0);
    assert_eq!(told["floor_per_second"], 10_000.0);
    assert_eq!(told["ratio"], 0.1);
    assert_eq!((&told["in_flight"], &told["seconds"]), (&json!(64), &json!(4.0)));
    assert_eq!(told["cpu_ms_per_1000"]["whole"], 2000.0);
    for process in PROCESSES {
        assert_eq!(told["cpu_ms_per_1000"][process], 500.0, "{process}");
        assert_eq!(told["rss_mb"][process], 30.0, "the most that was seen");
    }
}

#[test]
fn every_metric_that_can_be_asked_for_is_measured() {
    let mut throughput = two_slices();
    let plan = Plan {
        in_flight: 64,
        time: Duration::from_secs(2),
        open: None,
    };
    catalogue(plan).is_measured(&throughput.values());
    throughput.open = Some(Runs {
        without: crate::bench::report::run::tests::stalled(),
        with: None,
    });
    let open = Some(Load::Percent(70));
    catalogue(Plan { open, ..plan }).is_measured(&throughput.values());
    assert!(
        (throughput.values()["rate"] - 1000.0).abs() < 0.1,
        "what it can carry, not what was asked for"
    );
}

#[test]
fn a_load_is_a_rate_or_a_share_of_what_was_carried() {
    assert_eq!(Load::Percent(70).rate(1000.0), 700);
    assert_eq!(Load::Percent(70).rate(0.0), 1);
    assert_eq!(Load::Rate(25).rate(1000.0), 25);
}

#[test]
fn the_table_names_every_process() {
    let text = two_slices().table();
    for name in PROCESSES.into_iter().chain(["the floor", "whole"]) {
        assert!(text.contains(name), "{text}");
    }
}
