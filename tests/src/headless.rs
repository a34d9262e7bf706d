//! Headless exercises as tests play them: with the first seed, as fast as they go, and what was not met.

use std::{fs, path::Path};

use serde_json::Value;

use crate::verb::{Said, typed, word};

/// The words that play a scenario headless into a folder.
#[must_use]
pub fn words(scenario: &str, out: &Path) -> Vec<String> {
    let mut words: Vec<String> = ["exercise", "run", scenario, "--headless", "--seed", "1", "--out"]
        .map(str::to_owned)
        .into();
    words.push(word(out));
    words
}

/// Plays a scenario, with more words behind.
pub async fn run(program: &str, scenario: &str, out: &Path, more: &[&str]) -> Said {
    let words = words(scenario, out);
    let words: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .chain(more.iter().copied())
        .collect();
    typed(Path::new(program), &words, b"").await
}

/// Plays a scenario, which must end with that code, and gives back what `--json` printed.
pub async fn played(program: &str, scenario: &str, out: &Path, code: i32) -> Value {
    run(program, scenario, out, &["--json"])
        .await
        .ended(code)
        .object()
}

/// Plays a copy of a scenario with one place changed, into a folder that the report lies in afterwards. It must fail with
/// the code of expectations that were not met; gives back what was printed.
pub async fn planted(
    program: &str,
    text: &str,
    (from, to): (&str, &str),
    more: &[&str],
    out: &Path,
) -> Value {
    assert!(text.contains(from), "the scenario has no {from}");
    let file = out.with_extension("toml");
    fs::write(&file, text.replacen(from, to, 1)).expect("a test's folder can be written");
    let more: Vec<&str> = ["--json"].iter().chain(more).copied().collect();
    let said = run(program, &word(&file), out, &more).await.ended(10).object();
    assert!(out.join("report.json").exists());
    said
}

/// Plays a shipped scenario, which must be met whole, and leave a report that is made again from its evidence.
pub async fn met_whole(program: &str, id: &str) {
    let place = tempfile::tempdir().expect("a test has a folder");
    met_whole_with(program, id, &[], &place.path().join(id)).await;
}

/// The same with more words behind, one variant among them if the scenario has any, into a folder that stays.
pub async fn met_whole_with(program: &str, id: &str, more: &[&str], out: &Path) {
    let more = [&["--json"], more].concat();
    let said = run(program, id, out, &more).await.ended(0).object();
    assert_eq!(not_met_of_those_asked(&said), Vec::<String>::new(), "{said:#}");
    assert_eq!((&said["score"], &said["of"]), (&100.into(), &100.into()));
    let again = out.with_extension("again");
    let words = ["exercise", "report", "--from", &word(out), "--out", &word(&again)];
    drop(typed(Path::new(program), &words, b"").await.ended(0));
    for file in ["report.html", "report.json", "timeline.csv"] {
        let read = |folder: &Path| fs::read(folder.join(file)).expect("a report was made");
        assert!(read(out) == read(&again), "{file}");
    }
}

/// Ids of the expectations that were not met, of all, or of those that were asked in this play.
fn missed(said: &Value, counts: impl Fn(&str) -> bool) -> Vec<String> {
    let expectations = said["expectations"].as_array().into_iter().flatten();
    let text = |expectation: &Value, key: &str| expectation[key].as_str().unwrap_or_default().to_owned();
    let missed = expectations.filter(|expectation| {
        let met = text(expectation, "met");
        met != "MET" && counts(&met)
    });
    missed.map(|expectation| text(expectation, "id")).collect()
}

/// Ids of all expectations that were not met; of one that was not asked, too.
#[must_use]
pub fn not_met(said: &Value) -> Vec<String> {
    missed(said, |_| true)
}

/// The same of those that this variant asks for.
#[must_use]
pub fn not_met_of_those_asked(said: &Value) -> Vec<String> {
    missed(said, |met| met != "NOT_ASKED")
}
