//! Plans as spreadsheets from outside: what `hotline exercise new`, `import`, `export` and `dry-run` write, refuse, and
//! that what comes of them can be played.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{fs, path::Path};

use hotline_tests::{
    headless,
    verb::{Said, typed, word},
};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");

async fn exercise(words: &[&str]) -> Said {
    let words: Vec<&str> = ["exercise"].iter().chain(words).copied().collect();
    typed(Path::new(PROGRAM), &words, b"").await
}

/// What a verb says that does what it was asked.
async fn good(words: &[&str]) -> String {
    exercise(words).await.ended(0).text()
}

/// Plays a scenario without people, and says what `run --json` printed.
async fn played(scenario: &Path, out: &Path) -> Value {
    headless::played(PROGRAM, &word(scenario), out, 0).await
}

#[tokio::test]
async fn a_new_scenario_is_checked_shown_and_played_and_its_sheet_says_what_became_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("border.toml");
    let named = word(&file);
    good(&["new", "--out", &named, "--title", "A rumour at the border"]).await;
    let text = fs::read_to_string(&file).unwrap();
    assert!(
        text.contains("title = { en = \"A rumour at the border\" }"),
        "{text}"
    );
    assert!(
        text.contains("id = \"border\"") && text.contains("# A contingency comes only if"),
        "{text}"
    );
    let again = exercise(&["new", "--out", &named]).await.ended(3).all();
    assert!(
        again.contains("HL-EX-130") && again.contains("nothing is replaced"),
        "{again}"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    good(&["check", &named]).await;
    let agenda = exercise(&["dry-run", &named]).await.ended(0).text();
    assert!(
        agenda.contains("T+00:01:00") && agenda.contains("(if E2 is not met within 600s story)"),
        "{agenda}"
    );

    let out = folder.path().join("played");
    let told = played(&file, &out).await;
    assert_eq!(
        (told["score"].as_u64(), told["of"].as_u64()),
        (Some(100), Some(100)),
        "{told}"
    );
    let sheet = folder.path().join("became.csv");
    good(&["export", "--from", &word(&out), "--out", &word(&sheet)]).await;
    let rows = fs::read_to_string(&sheet).unwrap();
    let row = |serial: &str| {
        rows.lines()
            .find(|line| line.starts_with(serial))
            .unwrap()
            .to_owned()
    };
    assert!(
        row("1.1.1,").contains(",0:01:0") && row("1.1.1,").ends_with(",DELIVERED"),
        "{rows}"
    );
    assert!(row("1.1.3,").ends_with(",E2,NOT_NEEDED"), "{rows}");
}

#[tokio::test]
async fn a_plan_goes_through_a_spreadsheet_and_comes_back_whole() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| word(&folder.path().join(name));
    good(&["new", "--from", "S3", "--out", &place("S3.toml")]).await;
    for form in ["csv", "xlsx"] {
        let (sheet, back) = (place(&format!("msel.{form}")), place(&format!("{form}.toml")));
        good(&["export", "S3", "--out", &sheet]).await;
        good(&["import", &sheet, "--base", "S3", "--out", &back]).await;
        let text = fs::read_to_string(&back).unwrap();
        let first = fs::read_to_string(place("S3.toml")).unwrap();
        let plan = |text: &str| text.split_once('\n').unwrap().1.to_owned();
        assert_eq!(
            plan(&text),
            plan(&first),
            "but for the line that says where it is from"
        );
        let refused = exercise(&["import", &sheet, "--base", "S3", "--out", &back])
            .await
            .ended(3)
            .all();
        assert!(refused.contains("HL-EX-130"), "{refused}");
    }
}

#[tokio::test]
async fn a_sheet_alone_becomes_a_scenario_that_is_played() {
    let folder = tempfile::tempdir().unwrap();
    let sheet = folder.path().join("msel.csv");
    let rows = "serial;planned T+;method;from;to;precedence;text\n1.1.1;0:01;news;;A;;Shots were heard.\n\
                1.1.2;2m;message;A;;ROUTINE;What do you know?\n";
    fs::write(&sheet, rows).unwrap();
    let file = folder.path().join("msel.toml");
    good(&["import", &word(&sheet), "--out", &word(&file)]).await;
    let told = played(&file, &folder.path().join("out")).await;
    assert!(
        told["expectations"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["met"] == "MET"),
        "{told}"
    );
}

#[tokio::test]
async fn a_sheet_with_mistakes_is_refused_with_each_cell_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (sheet, out) = (folder.path().join("msel.csv"), folder.path().join("out.toml"));
    fs::write(
        &sheet,
        "serial,planned T+,method,to,text\n1.1.1,5,news,A,Hi\n1.1.2,0:01,nws,A,Hi\n",
    )
    .unwrap();
    let told = exercise(&["import", &word(&sheet), "--out", &word(&out)])
        .await
        .ended(3)
        .all();
    for part in [
        "has 2 mistakes",
        "cell B2 (planned T+): 5 names no unit",
        "cell C3 (method)",
        "did you mean \"news\"?",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!out.exists());
    let told = exercise(&["import", &word(folder.path()), "--out", &word(&out)])
        .await
        .ended(2)
        .all();
    assert!(told.contains("HL-EX-120"), "{told}");
}

#[tokio::test]
async fn a_dry_run_shows_what_clashes_and_starts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("late.toml");
    let said = exercise(&["dry-run", "S3", "--variant", "c", "--json"])
        .await
        .ended(0)
        .object();
    assert_eq!(
        (said["scenario"].as_str(), said["variant"].as_str()),
        (Some("S3"), Some("c"))
    );
    let items = said["items"].as_array().unwrap();
    assert!(
        !items.is_empty() && items.iter().all(|item| item["serial"].is_string()),
        "{said}"
    );
    let refused = exercise(&["dry-run", "S3", "--variant", "z"])
        .await
        .ended(3)
        .all();
    assert!(
        refused.contains("S3 has no variant z") && refused.contains("one of a, b, c"),
        "{refused}"
    );
    good(&["new", "--out", &word(&file)]).await;
    let late = fs::read_to_string(&file)
        .unwrap()
        .replace("at = \"3m story\"", "at = \"40m story\"");
    fs::write(&file, late).unwrap();
    let told = exercise(&["dry-run", &word(&file)]).await.ended(3).text();
    assert!(
        told.contains("T+00:40:00") && told.contains("HL-EX-111"),
        "{told}"
    );
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing but the file");
}
