//! The rack, a smaller share: what the `rack` program does in full counts, with wider strides and fewer throws.
//!
//! Where strace or a small file system cannot be had, a test prints that it was skipped and why; the program of the full
//! counts fails instead.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{path::Path, process::Command, time::Duration};

use hotline_core::crash::Point;
use hotline_tests::{
    AVELIA, checker,
    rack::{
        Rack,
        flips::Resting,
        full_disk::{self, Mount},
        image, ledger_sweep, line_kills,
        plan::Counts,
        points::{self, Passes},
        process::Role,
        recording::Event,
        relay_sweep,
        tally::{Promise, Tally},
    },
};

/// Seed of these runs; any other must pass as well.
const SEED: u64 = 26;

/// A rack, or a line that says why there is none.
fn rack() -> Option<Rack> {
    match Rack::new(env!("CARGO_BIN_EXE_rack"), SEED) {
        Ok(rack) => Some(rack),
        Err(why) => {
            eprintln!("SKIPPED: {why}");
            None
        }
    }
}

fn nothing_broke(tally: &Tally) {
    assert!(tally.broken.is_empty(), "{}", tally.text());
}

#[tokio::test(flavor = "current_thread")]
async fn a_ledger_process_killed_or_failed_at_any_call_keeps_what_it_said_to_hold() {
    let Some(rack) = rack() else { return };
    let tally = ledger_sweep::every(&rack, 5).await;
    nothing_broke(&tally);
    assert!(tally.kills >= 40 && tally.faults >= 60, "{}", tally.in_short());
}

#[tokio::test(flavor = "current_thread")]
async fn after_any_failed_sync_nothing_more_is_said_to_be_held() {
    let Some(mut rack) = rack() else { return };
    for part in ["ledger/fresh/sync/eio", "ledger/killed/sync/eio"] {
        rack.only = Some(part.into());
        let tally = ledger_sweep::every(&rack, 1).await;
        nothing_broke(&tally);
        assert!(tally.faults >= 9, "{part}: {}", tally.in_short());
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_relay_killed_or_failed_at_any_call_holds_what_it_answered_and_takes_the_rest() {
    let Some(rack) = rack() else { return };
    let tally = relay_sweep::every(&rack, 6).await;
    nothing_broke(&tally);
    assert!(tally.kills >= 15 && tally.faults >= 15, "{}", tally.in_short());
}

#[tokio::test(flavor = "current_thread")]
async fn processes_of_a_line_killed_at_their_nth_call_under_traffic_lose_nothing() {
    let Some(rack) = rack() else { return };
    let tally = line_kills::sweep(&rack, 9, 24).await;
    nothing_broke(&tally);
    assert!(tally.kills >= 10, "{}", tally.in_short());
}

#[tokio::test(flavor = "current_thread")]
async fn a_process_that_ends_or_stops_at_any_named_point_loses_nothing_and_shows_nothing_twice() {
    let Some(rack) = rack() else { return };
    let passes = Passes {
        kills: 1,
        stop_stride: 6,
        ..Passes::FULL
    };
    let tally = points::every(&rack, &passes).await.unwrap();
    nothing_broke(&tally);
    let named: usize = points::DRIVEN.iter().map(|(_, points)| points.len()).sum();
    let named = named as u64;
    assert_eq!((tally.points, tally.point_kills), (named, named));
    assert!(tally.pauses >= 6 && tally.messages > 0, "{}", tally.in_short());
}

#[tokio::test(flavor = "current_thread")]
async fn a_point_that_is_not_passed_is_an_error_and_no_clean_run() {
    let Some(rack) = rack() else { return };
    let passes = Passes {
        kills: 1,
        within: Duration::from_secs(1),
        ..Passes::FULL
    };
    let driven = points::at(&rack, Role::Relay(AVELIA), &[Point::DraftSaved], &passes).await;
    let why = driven.unwrap_err();
    assert!(why.contains("points/relay-0/draft-saved/kill/1"), "{why}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_line_killed_at_random_moments_in_part_and_whole_loses_nothing_and_shows_nothing_twice() {
    let Some(rack) = rack() else { return };
    let mut tally = line_kills::all_at_once(&rack, 8).await;
    tally.add(line_kills::at_random(&rack, 16).await);
    nothing_broke(&tally);
    assert_eq!((tally.kills, tally.line_kills, tally.pauses), (24, 8, 5));
    assert!(tally.messages > 24, "{}", tally.in_short());
}

#[tokio::test(flavor = "current_thread")]
async fn whatever_a_power_cut_leaves_of_a_ledger_holds_what_was_acknowledged() {
    let Some(rack) = rack() else { return };
    let events = image::record(&rack).await.unwrap();
    let tally = image::open_all(&rack, &events, 100);
    nothing_broke(&tally);
    assert_eq!((tally.images, tally.images_refused), (100, 0));
    // In full counts every second image is cut before or behind a sync: all of them have their turn.
    let syncs = events
        .iter()
        .filter(|event| matches!(event, Event::Synced { .. } | Event::NamesSynced))
        .count();
    assert!(
        syncs > 50 && 4 * syncs as u64 <= Counts::FULL.images,
        "{syncs} syncs"
    );
}

#[tokio::test(flavor = "current_thread")]
async fn a_disk_that_never_syncs_is_found_out_so_the_images_can_fail() {
    let Some(rack) = rack() else { return };
    let mut events = image::record(&rack).await.unwrap();
    events.retain(|event| !matches!(event, Event::Synced { .. }));
    let tally = image::open_all(&rack, &events, 30);
    assert!(
        tally.count(Promise::Lost) + tally.count(Promise::Recovers) > 0,
        "{}",
        tally.text()
    );
    // Whatever is left, nothing altered passes as good.
    assert_eq!(tally.count(Promise::Altered), 0, "{}", tally.text());
}

#[tokio::test(flavor = "current_thread")]
async fn a_flipped_bit_is_named_or_changes_nothing_that_is_read() {
    let Some(rack) = rack() else { return };
    let resting = Resting::made(&rack.program).await;
    let tally = resting.flip(&rack, 400);
    nothing_broke(&tally);
    assert_eq!(tally.flips, 400);
    assert!(tally.flips_named > 200, "{}", tally.in_short());
}

#[tokio::test(flavor = "current_thread")]
async fn a_relay_on_a_nearly_full_disk_refuses_routine_first_and_recovers_unaided() {
    let Some(rack) = rack() else { return };
    match Mount::find() {
        Ok(mount) => nothing_broke(&full_disk::fill(&rack, mount).await),
        Err(why) => eprintln!("SKIPPED: {why}"),
    }
}

/// A run's files, judged by the checker's program as by its library.
#[tokio::test(flavor = "current_thread")]
async fn the_files_of_a_run_are_judged_by_the_checkers_program() {
    let Some(rack) = rack() else { return };
    let folder = tempfile::tempdir().unwrap();
    let tally = line_kills::carried(&rack, folder.path(), 3).await;
    nothing_broke(&tally);
    let object = judged(folder.path());
    let run = checker::read(folder.path()).unwrap();
    let judgement = checker::judge(&run, checker::Rules::default());
    assert_eq!(object["kept"], judgement.kept);
    assert!(
        judgement.kept > 0 && judgement.shown >= judgement.kept,
        "{judgement:?}"
    );
}

fn judged(folder: &Path) -> serde_json::Value {
    let said = Command::new(env!("CARGO_BIN_EXE_checker"))
        .arg(folder)
        .arg("--json")
        .output()
        .unwrap();
    assert_eq!(
        said.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&said.stdout)
    );
    serde_json::from_slice(&said.stdout).unwrap()
}

#[test]
fn the_program_says_what_makes_no_sense_and_plays_one_case_again() {
    if rack().is_none() {
        return;
    }
    let program = || Command::new(env!("CARGO_BIN_EXE_rack"));
    assert_eq!(program().arg("--gently").output().unwrap().status.code(), Some(2));
    let said = program()
        .args(["--only", "ledger/fresh/sync/kill/7", "--json"])
        .output()
        .unwrap();
    assert_eq!(
        said.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&said.stderr)
    );
    let text = String::from_utf8(said.stdout).unwrap();
    let object: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&object["kills"], &object["lost"]),
        (&1.into(), &0.into()),
        "{object:#}"
    );
}
