//! A real process that is killed while it writes.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::*;

/// Set in the process that writes, to the folder of its log.
const CHILD: &str = "HOTLINE_EXCON_WRITER";
/// Records after which it is killed.
const BEFORE: usize = 25;
/// More than it will ever write: it ends with its parent's patience or its pipe.
const STEPS: u64 = 100_000;

/// Appends and tells each hash, until it is killed.
fn write_for_ever(folder: &Path) {
    let mut log = ExconLog::open(folder, keys(10)).unwrap();
    for step in 0..STEPS {
        let hash = log.append(&record(step, Kind::Tick), None).unwrap();
        println!("kept {hash}");
    }
}

#[test]
fn a_writer_that_is_killed_has_lost_nothing_that_append_had_returned() {
    if let Some(folder) = env::var_os(CHILD) {
        return write_for_ever(Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let name = "log::tests::kill::a_writer_that_is_killed_has_lost_nothing_that_append_had_returned";
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(CHILD, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = Vec::new();
    // The reader holds the pipe until the child is dead, so that nothing it said is missed.
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        // The harness writes on the same line before the test's first one.
        if let Some((_, hash)) = line.unwrap().split_once("kept ") {
            told.push(hash.to_owned());
        }
        if told.len() == BEFORE {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(told.len() >= BEFORE, "{} records", told.len());
    let mut log = ExconLog::open(folder.path(), keys(20)).unwrap();
    let kept = log.records().unwrap();
    // At most one more than was told: the one between its commit and its line.
    assert!(
        (told.len()..=told.len() + 1).contains(&kept.len()),
        "{} of {}",
        kept.len(),
        told.len()
    );
    let hashes: Vec<String> = kept.iter().map(|kept| kept.hash.to_string()).collect();
    assert_eq!(hashes[..told.len()], told[..]);
    log.append(&inject(1, InjectStatus::Unknown), None).unwrap();
    assert_eq!(log.records().unwrap().len(), kept.len() + 1);
}
