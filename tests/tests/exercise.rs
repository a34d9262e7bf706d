//! Exercises from outside: what `hotline exercise` plays, leaves behind, refuses, and how it ends.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use hotline_audit::Hash;
use hotline_tests::{
    headless::{self, not_met},
    verb::{Said, typed, word},
    wait::{PATIENCE, eventually},
};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");
const S1: &str = include_str!("../../exercise/scenarios/S1.toml");
const PAGE: &str = include_str!("../../exercise/SCENARIO.md");

/// Files of a report.
const REPORT: [&str; 3] = ["report.html", "report.json", "timeline.csv"];
/// Logs of an exercise with two relays and two desks.
const LOGS: [&str; 5] = ["desk-A", "desk-B", "relay-north", "relay-south", "excon"];
/// How long a killed exercise's processes may take to end. Ten times what a loaded machine takes.
const DIE_WITHIN: Duration = Duration::from_secs(10);

async fn exercise(words: &[&str]) -> Said {
    let words: Vec<&str> = ["exercise"].iter().chain(words).copied().collect();
    typed(Path::new(PROGRAM), &words, b"").await
}

/// Plays a scenario as fast as it goes, and says what `run --json` printed.
async fn played(scenario: &str, out: &Path, code: i32) -> Value {
    headless::played(PROGRAM, scenario, out, code).await
}

/// Plays S1 with one place changed, and says the ids of what was not met, and the folder's report.
async fn planted(place: &Path, name: &str, from: &str, to: &str) -> (Vec<String>, Value) {
    let out = place.join(name);
    let said = headless::planted(PROGRAM, S1, (from, to), &[], &out).await;
    (not_met(&said), object(&out.join("report.json")))
}

fn object(file: &Path) -> Value {
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

/// How an inject stands in a report.
fn status(report: &Value, serial: &str) -> String {
    let mut msel = report["msel"].as_array().unwrap().iter();
    let inject = msel.find(|inject| inject["serial"] == serial).unwrap();
    inject["status"].as_str().unwrap().to_owned()
}

/// The specification's example: one message, played in a few seconds.
fn tiny(place: &Path) -> String {
    let text = PAGE
        .split("```toml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let file = place.join("tiny.toml");
    fs::write(&file, text).unwrap();
    word(&file)
}

/// Processes of this system whose command line names the folder.
fn processes_about(folder: &Path) -> Vec<String> {
    let folder = word(folder);
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(&folder))
        .collect()
}

async fn nothing_is_left(folder: &Path) {
    eventually("no process is left", DIE_WITHIN, async || {
        processes_about(folder).is_empty().then_some(())
    })
    .await;
}

async fn verify(log: &Path, trust: &Path) -> Said {
    let words = ["log", "verify", &word(log), "--trust", &word(trust), "--json"];
    typed(Path::new(PROGRAM), &words, b"").await
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let there = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &there);
        } else {
            fs::copy(entry.path(), there).unwrap();
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn s1_is_played_headless_and_every_expectation_is_met() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("S1");
    let said = played("S1", &out, 0).await;
    assert_eq!(not_met(&said), Vec::<String>::new(), "{said:#}");
    assert_eq!((&said["score"], &said["of"]), (&100.into(), &100.into()));
    assert!(
        said["expectations"].as_array().unwrap().len() >= 16,
        "nine of its own and the common ones"
    );
    nothing_is_left(&out).await;

    // The report is a function of the evidence: made again, it is the same bytes.
    let again = place.path().join("again");
    let made = exercise(&["report", "--from", &word(&out), "--out", &word(&again)])
        .await
        .ended(0);
    assert!(made.text().contains("100 of 100 points"), "{}", made.text());
    for file in REPORT {
        assert!(
            fs::read(out.join(file)).unwrap() == fs::read(again.join(file)).unwrap(),
            "{file}"
        );
    }
    let report = object(&out.join("report.json"));
    assert_eq!(status(&report, "1.1.1"), "DELIVERED");
    assert_eq!(status(&report, "1.1.9"), "NOT_NEEDED", "A notified in time");

    // Whoever does not believe the report verifies the logs.
    let evidence = out.join("evidence");
    for log in LOGS {
        let said = verify(&evidence.join("logs").join(log), &evidence.join("trust"))
            .await
            .ended(0);
        let said = said.object();
        assert_eq!(said["passed"], true, "{said:#}");
        assert!(said["size"].as_u64().unwrap() > 20, "{said:#}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_wrong_outcome_planted_in_s1_makes_it_fail_and_names_it() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    let ack = "do = [ { verb = \"display\" }, { verb = \"ack\", by = [\"rossi\"] } ]";
    let (missed, report) = planted(place, "silent", ack, "do = [ { verb = \"display\" } ]").await;
    assert!(
        missed.contains(&"E4".into()),
        "B acknowledges nothing: {missed:?}"
    );
    for met in ["E1", "E2", "E3", "E8"] {
        assert!(!missed.contains(&met.into()), "{met}: {missed:?}");
    }
    let named = report["expectations"].as_array().unwrap().iter();
    let told = named
        .filter(|told| told["outcome"] != "MET" && told["id"] == "E4")
        .count();
    assert_eq!(told, 1, "{:#}", report["expectations"]);

    let notifies = "when = { inject = \"1.1.1\" }\nwait = \"40s story\"\ndo = [ ";
    let nothing = format!("{notifies}{{ verb = \"nothing\" }} ]\n# ");
    let (missed, report) = planted(place, "nobody", notifies, &nothing).await;
    assert!(missed.contains(&"E1".into()), "A notifies nobody: {missed:?}");
    assert_eq!(status(&report, "1.1.9"), "DELIVERED", "the minister asks why");
}

#[tokio::test(flavor = "current_thread")]
async fn a_line_that_is_cut_when_it_matters_makes_s1_fail_and_is_named() {
    let place = tempfile::tempdir().unwrap();
    let cut = |path: u32| {
        format!(
            "[[event.incident.inject]]\nserial = \"1.1.2{path}\"\ntitle = {{ en = \"Path {path} is cut\" }}\n\
             kind = \"contextual\"\nmethod = \"fault\"\ncategory = \"ADVERSARIAL\"\nfault = \"cut\"\nlink = \"path {path}\"\n\
             at = \"30s story\"\nfor = \"6m story\"\n"
        )
    };
    let player = "[[player]]\nseat = \"A\"";
    let both = format!("{}{}\n{player}", cut(1), cut(2));
    let (missed, report) = planted(place.path(), "cut", player, &both).await;
    assert!(
        missed.contains(&"E2".into()),
        "nearly five seconds of line are no two: {missed:?}"
    );
    for met in ["E1", "E8", "C3", "C7"] {
        assert!(
            !missed.contains(&met.into()),
            "nothing is lost, and the label says why: {missed:?}"
        );
    }
    assert_eq!(status(&report, "1.1.21"), "DELIVERED");
}

#[tokio::test(flavor = "current_thread")]
async fn a_flipped_byte_in_the_evidence_is_refused_by_name() {
    let place = tempfile::tempdir().unwrap();
    let (place, out) = (place.path(), place.path().join("tiny"));
    let _ = played(&tiny(place), &out, 0).await;
    let evidence = out.join("evidence");
    let report = async |folder: &Path, code| {
        let made = folder.with_extension("report");
        let words = ["report", "--from", &word(folder), "--out", &word(&made)];
        (exercise(&words).await.ended(code).err, made)
    };
    let entries = "logs/desk-B/tile/entries";
    let bundle = fs::read_dir(evidence.join(entries).join("000.p")).unwrap();
    let bundle = format!(
        "{entries}/000.p/{}",
        word(Path::new(&bundle.flatten().next().unwrap().file_name()))
    );
    let flip = |folder: &Path, name: &str| {
        let file = folder.join(name);
        let mut bytes = fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&file, &bytes).unwrap();
        bytes
    };

    for name in [
        bundle.as_str(),
        "logs/excon/checkpoint",
        "scenario.toml",
        "trust/exercise.excon.example/roster",
    ] {
        let altered = place.join(format!("altered-{}", name.replace('/', "-")));
        copy(&evidence, &altered);
        flip(&altered, name);
        let (said, made) = report(&altered, 3).await;
        assert!(said.contains("HL-EX-181") && said.contains(name), "{said}");
        assert!(!made.join("report.html").exists());
    }

    let missing = place.join("missing");
    copy(&evidence, &missing);
    fs::remove_file(missing.join("logs/desk-A/checkpoint")).unwrap();
    let (said, _) = report(&missing, 3).await;
    assert!(said.contains("logs/desk-A/checkpoint"), "{said}");

    let foreign = place.join("foreign");
    copy(&evidence, &foreign);
    fs::write(foreign.join("logs/excon/note.txt"), "believe me").unwrap();
    let (said, _) = report(&foreign, 3).await;
    assert!(said.contains("logs/excon/note.txt"), "{said}");

    // Whoever writes the manifest anew still cannot sign what was signed.
    let forged = place.join("forged");
    copy(&evidence, &forged);
    let bytes = flip(&forged, &bundle);
    let mut manifest = object(&forged.join("manifest.json"));
    manifest["files"][&bundle]["sha256"] = Hash::of(&bytes).to_string().into();
    fs::write(forged.join("manifest.json"), manifest_line(&manifest)).unwrap();
    let (said, made) = report(&forged, 8).await;
    assert!(said.contains("HL-EX-180") && said.contains("desk-B"), "{said}");
    let page = fs::read_to_string(made.join("report.html")).unwrap();
    assert!(page.contains("desk-B"), "the report says so first");
}

/// The manifest in its one writing: keys of each object in the order of its fields.
fn manifest_line(manifest: &Value) -> String {
    let files = manifest["files"].as_object().unwrap().iter();
    let files: Vec<String> = files
        .map(|(name, fact)| {
            format!(
                "\"{name}\":{{\"bytes\":{},\"sha256\":{}}}",
                fact["bytes"], fact["sha256"]
            )
        })
        .collect();
    format!(
        "{{\"format\":{},\"files\":{{{}}}}}\n",
        manifest["format"],
        files.join(",")
    )
}

#[tokio::test(flavor = "current_thread")]
async fn a_scenario_with_mistakes_is_told_with_place_and_what_was_meant() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("mine.toml");
    fs::write(&file, S1.replacen("roles = [", "rols = [", 1)).unwrap();
    let said = exercise(&["check", &word(&file)]).await.ended(3);
    for part in [
        "HL-EX-102",
        "mine.toml, line ",
        "officer[1].rols",
        "did you mean \"roles\"?",
        "^^^^",
    ] {
        assert!(said.err.contains(part), "{part} in {}", said.err);
    }
    // What can be read and not be played: once only the player found this.
    fs::write(
        &file,
        S1.replacen("persons = \"4\"", "persons = \"4 missing\"", 1),
    )
    .unwrap();
    for words in [
        &["check", &word(&file)][..],
        &[
            "run",
            &word(&file),
            "--headless",
            "--out",
            &word(&place.path().join("never")),
        ],
    ] {
        let said = exercise(words).await.ended(3);
        for part in [
            "error [HL-EX-114]",
            "fields.persons",
            "\"4 missing\" is no number",
            "^^^^",
        ] {
            assert!(said.err.contains(part), "{part} in {}", said.err);
        }
    }
    assert!(!place.path().join("never").exists(), "nothing was made for it");
    let said = exercise(&["check", "S1"]).await.ended(0);
    assert!(
        said.text().contains("nothing is wrong with it"),
        "{}",
        said.text()
    );
}

#[tokio::test(flavor = "current_thread")]
async fn what_there_is_not_and_what_is_not_empty_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let out = word(&place.path().join("out"));
    let said = exercise(&["run", "S99", "--headless", "--out", &out])
        .await
        .ended(2);
    assert!(
        said.err.contains("HL-EX-140") && said.err.contains("S1"),
        "the list is told: {}",
        said.err
    );
    fs::create_dir(&out).unwrap();
    fs::write(Path::new(&out).join("mine"), "kept").unwrap();
    let said = exercise(&["run", "S1", "--headless", "--out", &out])
        .await
        .ended(3);
    assert!(
        said.err.contains("HL-EX-130") && said.err.contains("not empty"),
        "{}",
        said.err
    );
    assert_eq!(fs::read_to_string(Path::new(&out).join("mine")).unwrap(), "kept");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
}

#[tokio::test(flavor = "current_thread")]
async fn a_killed_run_leaves_no_process_and_a_log_that_verifies_up_to_there() {
    /// STARTEX, both desks' looks, and the first injects.
    const IN_THE_MIDDLE: u64 = 12;
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("killed");
    let mut run = tokio::process::Command::new(PROGRAM)
        .args(headless::words("S1", &out))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let domain = out.join("stage/exercise.excon.example");
    let (ledger, trust): (PathBuf, PathBuf) = (
        domain.join("control/conductor/excon.ledger"),
        domain.join("trust"),
    );
    let before = eventually(
        "control has written down the first injects",
        PATIENCE,
        async || {
            // It is being made and written meanwhile: what cannot be read yet is looked at again.
            let said = verify(&ledger, &trust).await;
            let size = (said.code == 0).then(|| said.object()["size"].as_u64())??;
            (size >= IN_THE_MIDDLE).then_some(size)
        },
    )
    .await;
    let there = processes_about(&out);
    assert!(
        there.len() >= 7,
        "two relays, two desks, two players and the run: {there:#?}"
    );
    run.start_kill().unwrap();
    let ended = run.wait().await.unwrap();
    assert_eq!(ended.code(), None, "it was killed, and had not ended: {ended}");
    nothing_is_left(&out).await;

    let said = verify(&ledger, &trust).await.ended(0).object();
    assert_eq!(
        (&said["passed"], &said["verdict"]),
        (&true.into(), &"MATCH".into()),
        "{said:#}"
    );
    assert!(
        said["size"].as_u64().unwrap() >= before,
        "nothing that was written is lost: {said:#}"
    );
    assert!(
        !out.join("evidence").exists(),
        "and nothing passes for a whole exercise"
    );
}
