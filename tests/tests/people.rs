//! People at both desks: two real seats that joined, driven by typed lines alone, as a facilitator's players type them. What
//! the scenario asks is met, and what people judge and are refused is in control's records.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{collections::BTreeMap, fs, path::Path};

use hotline_tests::{
    talker::Talker,
    verb::{typed, word},
};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");
/// One exercise at a time: ports that were free a moment ago are another's otherwise.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Types what releases a message; its name.
async fn releases(at: &mut Talker, line: &str) -> String {
    at.say(line).await;
    let sent = at.reads(": sent [RELEASED]").await;
    let name = sent.split([' ', ':']).find(|word| word.contains("-0"));
    name.unwrap().to_owned()
}

/// Waits until a message is on the screen, and acknowledges it.
async fn takes_up(at: &mut Talker, message: &str) {
    at.reads(&format!("ack {message}   or   answer")).await;
    at.say(&format!("ack {message}")).await;
    at.reads("[ACKNOWLEDGED]").await;
}

/// An exercise with people at both desks, and a controller on its machine.
struct Evening {
    folder: tempfile::TempDir,
    run: Talker,
    a: Talker,
    b: Talker,
}

impl Evening {
    async fn begin(words: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        let all = ["exercise", "run"];
        let more = [
            "--json",
            "--listen",
            "127.0.0.1:0",
            "--out",
            "played",
            "--controlled",
        ];
        let mut run = Talker::start(PROGRAM, dir, &[&all, words, &more].concat());
        let said = run.event("lobby").await["words"].as_str().unwrap().to_owned();
        let mut codes = BTreeMap::new();
        for _ in 0..4 {
            let code = run.event("code").await;
            let text = |key: &str| code[key].as_str().unwrap().to_owned();
            codes.insert(text("who"), text("code"));
        }
        let a = Self::seat(dir, &mut run, ("A", &codes["A"]), &said).await;
        let b = Self::seat(dir, &mut run, ("B", &codes["B"]), &said).await;
        run.say("start").await;
        let mut evening = Self { folder, run, a, b };
        evening.a.reads("the story runs").await;
        evening.b.reads("the story runs").await;
        evening
    }

    async fn seat(dir: &Path, run: &mut Talker, (seat, code): (&str, &str), words: &str) -> Talker {
        let terminal = Talker::start(
            PROGRAM,
            dir,
            &["desk", "join", code, "--typed", "--yes-words", words],
        );
        run.event("joins").await;
        run.say(&format!("yes {seat}")).await;
        assert_eq!(run.event("in").await["who"], seat);
        terminal
    }

    async fn control(&self, words: &[&str]) {
        let dir = word(&self.folder.path().join("played"));
        let done = typed(
            Path::new(PROGRAM),
            &[&["control", "--dir", &dir], words].concat(),
            b"",
        )
        .await;
        assert_eq!(done.code, 0, "{done:?}");
    }

    /// Ends it; the report, and the timeline as a table.
    async fn ends(&mut self) -> (Value, String) {
        self.control(&["end"]).await;
        assert_eq!((self.a.ended().await, self.b.ended().await), (0, 0));
        self.run.ended().await;
        let read = |name: &str| fs::read(self.folder.path().join("played").join(name)).unwrap();
        let report = serde_json::from_slice(&read("report.json")).unwrap();
        (report, String::from_utf8(read("timeline.csv")).unwrap())
    }
}

/// What was not met, of everything that was asked.
fn not_met(report: &Value) -> Vec<String> {
    let asked = report["expectations"].as_array().unwrap().iter();
    let missed = asked.filter(|asked| asked["outcome"] != "MET" && asked["outcome"] != "NOT_ASKED");
    missed.map(ToString::to_string).collect()
}

#[tokio::test]
async fn s14_with_people_at_both_desks_is_met() {
    let _alone = ALONE.lock().await;
    let mut evening = Evening::begin(&["S14", "--speed", "10"]).await;
    evening.control(&["fire", "1.1.1"]).await;
    let (a, b) = (&mut evening.a, &mut evening.b);
    a.reads("Live fire north of the shoal").await;
    // What lacks is named with a caret, and nothing is sent.
    a.say("codes NT-01").await;
    a.reads("send NT-01 area=").await;
    let notice = releases(
        a,
        "send NT-01 area=\"48-40.0N 012-40.0W; 48-40.0N 012-10.0W; 48-55.0N 012-10.0W\" start=now+24h \
             end=now+30h scale=small live-fire=YES contact=\"Duty officer of Avelia\"",
    )
    .await;
    b.reads("NT-01 in qbo").await;
    takes_up(b, &notice).await;
    b.say(&format!("act INSUFFICIENT {notice} --fields scale")).await;
    b.reads("[INSUFFICIENT]").await;
    releases(
        b,
        &format!("answer {notice} INSUFFICIENT \"The scale is not said.\""),
    )
    .await;
    a.reads("[INSUFFICIENT]").await;
    let again = releases(
        a,
        &format!("send --refers-to {notice} scale=\"Two frigates and one aircraft; guns only; 240 people\""),
    )
    .await;
    takes_up(b, &again).await;
    releases(
        b,
        &format!("answer {again} SUFFICIENT \"Your notice is received.\""),
    )
    .await;

    for inject in ["2.1.1", "2.1.2"] {
        evening.control(&["fire", inject]).await;
    }
    let (a, b) = (&mut evening.a, &mut evening.b);
    b.reads("PETREL").await;
    let question = releases(
        b,
        "send QX-01 whose=THIRD(Caldria) activity=\"A fishing vessel of Caldria has collided with our ship \
             PETREL\" place=\"48-25.0N 012-35.0W within 1.0 NM\" concern=\"What Avelia has seen\"",
    )
    .await;
    takes_up(a, &question).await;
    let answer = releases(a, &format!(
            "answer {question} ROGER OURS:\"No ship of ours is within ten miles.\" YOURS:\"One ship, which our \
             radar saw.\" THIRD(Caldria):\"One fishing vessel of Caldria. We do not speak for Caldria.\""
        ))
        .await;
    b.reads("| THIRD(Caldria): One fishing vessel").await;
    takes_up(b, &answer).await;
    let proposal = releases(
        a,
        "send DE-01 area=\"48-15.0N 012-50.0W; 48-15.0N 012-20.0W; 48-35.0N 012-35.0W\" distance=\"12 NM\" \
             from=now until=now+24h",
    )
    .await;
    takes_up(b, &proposal).await;
    let counter = releases(
        b,
        &format!("answer {proposal} COUNTER distance=\"6 NM\" until=now+12h"),
    )
    .await;
    takes_up(a, &counter).await;
    let agreed = releases(a, &format!("answer {counter} ACCEPT")).await;
    b.reads(&format!("ack {agreed}")).await;
    // It is closed: the desk refuses more, and control writes that down.
    a.say(&format!("answer {counter} DECLINE \"no\"")).await;
    a.say("state label OPEN").await;
    a.reads("you state label: OPEN").await;

    let (report, timeline) = evening.ends().await;
    assert_eq!(not_met(&report), Vec::<String>::new(), "{:#?}", evening.a.heard);
    assert!(timeline.contains("A by hand"), "{timeline}");
    assert!(timeline.contains("A label: OPEN"), "{timeline}");
}

#[tokio::test]
async fn s3_with_people_at_both_desks_is_met_and_what_they_judge_counts() {
    let _alone = ALONE.lock().await;
    let mut evening = Evening::begin(&["S3", "--variant", "a", "--speed", "20"]).await;
    for inject in ["1.1.4", "1.1.2"] {
        evening.control(&["fire", inject]).await;
    }
    let (a, b) = (&mut evening.a, &mut evening.b);
    b.say("role").await;
    b.reads("An order tells you how to be silent").await;
    a.reads("Fire-control radar").await;
    let flash = releases(a, "send -p FLASH \"Is it yours?\"").await;
    b.reads(&format!("ack {flash}")).await;
    a.reads("out-of-band step is due").await;
    a.say("status").await;
    a.reads("[DISPLAYED_NOT_ACKNOWLEDGED]").await;
    a.say("state label UNRESPONSIVE").await;
    a.say("state cause displayed_not_acknowledged").await;
    a.reads("you state cause: DISPLAYED_NOT_ACKNOWLEDGED").await;
    let (report, _) = evening.ends().await;
    assert_eq!(not_met(&report), Vec::<String>::new());
}
