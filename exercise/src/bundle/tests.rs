//! Evidence is what its manifest names, whole, and says which file is not.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;

use super::*;
use crate::testing::{Draft, Play};

/// A short exercise in a folder.
fn written() -> (tempfile::TempDir, Play) {
    let mut play = Play::s1();
    play.at(1_000).send(&Draft::flash("A", "an aircraft is missing"));
    play.at(2_000).endex();
    let dir = tempfile::tempdir().unwrap();
    play.write(dir.path());
    (dir, play)
}

#[test]
fn evidence_that_nobody_touched_opens_and_every_log_verifies() {
    let (dir, _) = written();
    let evidence = Evidence::open(dir.path()).unwrap();
    assert!(evidence.holds(), "{:?}", evidence.first_fault());
    let logs: Vec<&str> = evidence.logs.keys().map(String::as_str).collect();
    assert_eq!(logs, ["desk-A", "desk-B", "excon", "relay-north", "relay-south"]);
    assert_eq!(evidence.logs["excon"].kind, Some(LogKind::Control));
    let pairs: Vec<(&str, &str, &str)> = evidence
        .pairs
        .iter()
        .map(|pair| (pair.a.as_str(), pair.b.as_str(), pair.verdict.as_str()))
        .collect();
    assert_eq!(
        pairs,
        [
            ("desk-A", "desk-B", "MATCH"),
            ("relay-north", "relay-south", "MATCH")
        ]
    );
}

#[test]
fn every_file_whose_bytes_were_altered_is_named() {
    let (dir, _) = written();
    let names: Vec<String> = Evidence::open(dir.path()).unwrap().files.into_keys().collect();
    assert!(names.len() > 15, "{names:?}");
    for name in names {
        let path = dir.path().join(&name);
        let before = fs::read(&path).unwrap();
        let mut after = before.clone();
        *after.first_mut().unwrap() ^= 1;
        fs::write(&path, &after).unwrap();
        let error = Evidence::open(dir.path()).unwrap_err();
        assert!(
            matches!(&error, BundleError::Altered { name: named, .. } if *named == name),
            "{name}: {error}"
        );
        assert_eq!(error.code(), "HL-EX-181");
        fs::write(&path, &before).unwrap();
    }
    Evidence::open(dir.path()).unwrap();
}

#[test]
fn every_file_that_is_missing_is_named() {
    let (dir, _) = written();
    let mut names: Vec<String> = Evidence::open(dir.path()).unwrap().files.into_keys().collect();
    names.push(MANIFEST.to_owned());
    for name in names {
        let path = dir.path().join(&name);
        let before = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let error = Evidence::open(dir.path()).unwrap_err();
        assert!(
            matches!(&error, BundleError::Missing(named) if *named == name),
            "{name}: {error}"
        );
        fs::write(&path, &before).unwrap();
    }
}

#[test]
fn a_file_that_the_manifest_does_not_name_is_refused() {
    let (dir, _) = written();
    fs::write(dir.path().join("logs/desk-A/more"), "more").unwrap();
    let error = Evidence::open(dir.path()).unwrap_err();
    assert!(
        matches!(&error, BundleError::Extra(name) if name == "logs/desk-A/more"),
        "{error}"
    );
}

#[test]
#[cfg(unix)]
fn a_link_out_of_the_folder_is_not_followed() {
    let (dir, _) = written();
    let outside = tempfile::NamedTempFile::new().unwrap();
    let name = dir.path().join(SCENARIO);
    fs::rename(&name, outside.path()).unwrap();
    std::os::unix::fs::symlink(outside.path(), &name).unwrap();
    let error = Evidence::open(dir.path()).unwrap_err();
    assert!(
        matches!(&error, BundleError::Extra(name) if name == SCENARIO),
        "{error}"
    );
}

#[test]
fn a_file_larger_than_any_of_the_evidence_is_refused_by_name() {
    let (dir, _) = written();
    let file = fs::File::create(dir.path().join(CODEBOOK)).unwrap();
    file.set_len(FILE_MAX + 1).unwrap();
    let error = write_manifest(dir.path()).unwrap_err();
    assert!(
        matches!(&error, BundleError::TooLarge { name, .. } if name == CODEBOOK),
        "{error}"
    );
}

#[test]
fn the_manifest_has_one_writing() {
    let (dir, _) = written();
    let path = dir.path().join(MANIFEST);
    let text = fs::read_to_string(&path).unwrap();
    for other in [
        text.replace("{\"format\"", "{ \"format\""),
        text.replace("\"format\":1", "\"format\":2"),
        text.replace("\"scenario.toml\"", "\"../scenario.toml\""),
        text.replace("\"format\":1", "\"format\":1,\"more\":1"),
    ] {
        assert_ne!(other, text);
        fs::write(&path, other).unwrap();
        let error = Evidence::open(dir.path()).unwrap_err();
        assert!(matches!(error, BundleError::NoManifest(_)), "{error}");
    }
}

#[test]
fn a_log_that_was_altered_before_the_manifest_was_made_does_not_hold() {
    let mut play = Play::s1();
    play.at(1_000).send(&Draft::flash("A", "an aircraft is missing"));
    let mut log = play.exported()["desk-B"].clone();
    let last = log.entries.last_mut().unwrap();
    *last.last_mut().unwrap() ^= 1;
    let mut logs = play.exported();
    logs.insert("desk-B".into(), play.world.log("desk-B", log.entries));
    let evidence = Evidence::of(
        &play.scenario,
        crate::codebook::shipped::STARTER,
        play.world.trust(),
        logs,
    )
    .unwrap();
    assert!(!evidence.holds());
    let fault = evidence.first_fault().unwrap();
    assert!(fault.starts_with("desk-B: #0 BAD_SIGNATURE"), "{fault}");
}

#[test]
fn more_logs_than_an_exercise_has_are_refused() {
    let (dir, _) = written();
    for n in 0..LOGS_MAX {
        let folder = dir.path().join(LOGS).join(format!("more-{n}"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("checkpoint"), "none").unwrap();
    }
    write_manifest(dir.path()).unwrap();
    let error = Evidence::open(dir.path()).unwrap_err();
    assert!(
        matches!(&error, BundleError::TooLarge { name, .. } if name == LOGS),
        "{error}"
    );
}

/// The evidence with a second copy of a log.
fn with_copy(play: &Play, of: &'static str, name: &str, entries: Vec<Vec<u8>>) -> Evidence {
    let mut logs = play.exported();
    logs.insert(name.to_owned(), play.world.log(of, entries));
    let codebook = crate::codebook::shipped::STARTER;
    Evidence::of(&play.scenario, codebook, play.world.trust(), logs).unwrap()
}

#[test]
fn two_copies_of_one_log_are_compared_and_two_histories_do_not_hold() {
    let mut play = Play::s1();
    play.at(1_000).send(&Draft::flash("A", "one"));
    play.at(2_000).send(&Draft::flash("A", "two"));
    let entries = play.logs["desk-B"].clone();
    let same = with_copy(&play, "desk-B", "desk-B-again", entries.clone());
    assert!(same.holds(), "{:?}", same.first_fault());
    assert!(
        same.pairs
            .iter()
            .any(|pair| pair.a == "desk-B" && pair.b == "desk-B-again")
    );

    let other = vec![entries[1].clone(), entries[0].clone()];
    let forked = with_copy(&play, "desk-B", "desk-B-again", other);
    assert!(!forked.holds());
}

#[test]
fn records_of_control_are_those_of_its_own_log() {
    let mut play = Play::s1();
    play.at(1_000).inject("1.1.1");
    let longer = play.logs["excon"].clone();
    play.logs.get_mut("excon").unwrap().pop();
    let evidence = with_copy(&play, "excon", "another", longer);
    let timeline = crate::timeline::Timeline::load(&evidence).unwrap();
    let injects = timeline
        .records()
        .filter(|(_, record)| record.kind.serial().is_some());
    assert_eq!(injects.count(), 0);
    assert!(
        evidence
            .pairs
            .iter()
            .any(|pair| pair.a == "another" && pair.b == "excon")
    );
}
