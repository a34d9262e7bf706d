//! What officers put beside a message: translations, and that it was presented. Real processes, as people type.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use hotline_audit::statement::{Content, Reference};
use hotline_client::{compose::Annexing, view::MessageView};
use hotline_core::{
    annex::{Grade, MAX_TRANSLATION_BYTES},
    leg::Door,
    words::Rung,
};
use hotline_tests::{
    AVELIA, BORENIA, Line,
    hand::{Counter, Hand, dialer},
    verb::{self, Said, word},
    wait::{PATIENCE, eventually},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");

/// Words that a terminal must not obey, in a translation as in a message.
const SLY: &str = "Laiv ens\u{1b}[31m \u{202e}narst.";

async fn show(line: &Line, side: usize, name: &str) -> MessageView {
    line.desk(side, "show", &[name]).await.ended(0).message()
}

async fn shown(line: &Line, side: usize, name: &str) -> String {
    line.desk_plain(side, "show", &[name]).await.ended(0).text()
}

/// Types `desk translate` with words on standard input.
async fn translate(line: &Line, words: &[&str], text: &[u8]) -> Said {
    let config = word(&line.stage.sides[BORENIA].desk);
    let all = [
        &["desk", "translate", "--config", &config, "--json"],
        words,
        &["-"],
    ]
    .concat();
    verb::typed(line.program(), &all, text).await
}

/// A sends a message, and B has it.
async fn sent(line: &Line) -> MessageView {
    let words = ["The vessel is ours.", "--wait", "delivered"];
    line.desk(AVELIA, "send", &words).await.ended(0).message()
}

async fn verify(line: &Line, log: &std::path::Path) -> serde_json::Value {
    let (log, trust) = (word(log), word(&line.stage.trust(AVELIA)));
    let said = line
        .run(&["log", "verify", &log, "--trust", &trust, "--json"])
        .await;
    said.ended(0).object()
}

#[tokio::test(flavor = "current_thread")]
async fn a_translation_and_a_presentation_stand_beside_the_original_on_both_sides_and_in_every_log() {
    let mut line = Line::open(PROGRAM).await;
    let message = sent(&line).await;
    let name = message.name.as_str();
    let words = [
        name,
        "--officer",
        "adeyemi",
        "--grade",
        "sight",
        "--into",
        "qbo",
        SLY,
    ];
    let done = line.desk(BORENIA, "translate", &words).await.ended(0).message();
    assert!(done.reached(Rung::Translated));
    let words = [name, "--officer", "novak", "--to", "the minister"];
    let _ = line.desk(BORENIA, "present", &words).await.ended(0);
    line.until(AVELIA, &message.sha256, Rung::Translated).await;
    line.until(AVELIA, &message.sha256, Rung::Presented).await;
    for side in [AVELIA, BORENIA] {
        let view = show(&line, side, name).await;
        assert_eq!(view.text, "The vessel is ours.", "the original stays");
        assert_eq!(view.sha256, message.sha256);
        let [one] = &view.translations[..] else {
            panic!("{:?}", view.translations)
        };
        assert_eq!(
            (one.grade.as_str(), one.language.as_str(), one.text.as_str()),
            ("SIGHT", "qbo", SLY)
        );
        assert!(one.by.ends_with("/officer/adeyemi") && one.replaced_by.is_none());
        let translated = view.first(Rung::Translated).unwrap();
        assert_eq!(translated.text, "SIGHT into qbo");
        assert!(translated.at_ms > 0 && translated.claimed_ms > 0);
        let presented = view.first(Rung::Presented).unwrap();
        assert_eq!(
            (presented.by.as_str(), presented.text.as_str()),
            ("spiffe://exercise.borenia.example/officer/novak", "the minister")
        );
        let text = shown(&line, side, name).await;
        let original = text.find("| The vessel is ours.").unwrap();
        let beside = text.find("TRANSLATION into qbo, SIGHT, by adeyemi").unwrap();
        assert!(original < beside, "{text}");
        assert!(text.contains(": Laiv ens‹U+001B›[31m ‹U+202E›narst."), "{text}");
        assert!(text.contains("presented by novak"), "{text}");
    }
    line.nothing_owed().await;
    line.close().await;
    for (title, ledger) in line.stage.ledgers() {
        let report = verify(&line, &ledger).await;
        assert_eq!(report["verdict"], "MATCH", "{title}: {report:#}");
        let said = line
            .run(&["log", "show", &word(&ledger), "--text"])
            .await
            .ended(0);
        assert!(
            said.text().contains("translated into qbo, SIGHT, by"),
            "{title}: {}",
            said.text()
        );
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_certified_translation_replaces_the_sight_one_and_never_the_original() {
    let mut line = Line::open(PROGRAM).await;
    let message = sent(&line).await;
    let name = message.name.as_str();
    for (grade, text) in [
        ("sight", "Laiv ens."),
        ("CERTIFIED", "Laivo ens."),
        ("rough", "Laiv en."),
    ] {
        let words = [name, "--grade", grade, "--into", "qbo"];
        let _ = translate(&line, &words, text.as_bytes()).await.ended(0);
    }
    let all = |view: &MessageView| -> Vec<(String, String, bool)> {
        let of = view.translations.iter();
        of.map(|one| (one.grade.clone(), one.text.clone(), one.replaced_by.is_some()))
            .collect()
    };
    let expected = [
        ("SIGHT".to_owned(), "Laiv ens.".to_owned(), true),
        ("CERTIFIED".to_owned(), "Laivo ens.".to_owned(), false),
        ("ROUGH".to_owned(), "Laiv en.".to_owned(), false),
    ];
    eventually("all are there", PATIENCE, async || {
        (all(&show(&line, AVELIA, name).await) == expected).then_some(())
    })
    .await;
    // What both desks know they know from their own logs.
    line.nothing_owed().await;
    for side in [AVELIA, BORENIA] {
        line.stage.kill_desk(side).await.unwrap();
        line.stage.start_desk(side).await.unwrap();
    }
    line.whole().await;
    for side in [AVELIA, BORENIA] {
        let view = show(&line, side, name).await;
        assert_eq!(all(&view), expected);
        assert_eq!(view.text, "The vessel is ours.");
        let text = shown(&line, side, name).await;
        let marked = "TRANSLATION into qbo, SIGHT, by adeyemi, REPLACED by CERTIFIED of adeyemi";
        assert!(text.contains(marked), "{text}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn an_annex_that_the_other_side_would_drop_is_refused() {
    let line = Line::open(PROGRAM).await;
    let message = sent(&line).await;
    let name = message.name.as_str();
    let refused = |said: Said, why: &str| {
        assert!(
            said.code != 0 && said.all().contains(why),
            "{}: {}",
            said.typed,
            said.all()
        );
    };
    let by = |officer| {
        [
            name,
            "Laiv.",
            "--grade",
            "sight",
            "--into",
            "qbo",
            "--officer",
            officer,
        ]
    };
    let said = line.desk(BORENIA, "translate", &by("rossi")).await;
    refused(said, "has no role that may sign TRANSLATED");
    let words = [name, "--to", "the minister", "--officer", "adeyemi"];
    let said = line.desk(BORENIA, "present", &words).await;
    refused(said, "has no role that may sign PRESENTED");
    let words = [name, "Laiv.", "--grade", "sight", "--into", "qav"];
    let said = line.desk(AVELIA, "translate", &words).await;
    refused(said, "only the desk that received a message");
    let words = ["A-0099", "Laiv.", "--grade", "sight", "--into", "qbo"];
    let said = line.desk(BORENIA, "translate", &words).await;
    refused(said, "knows no message");
    let words = [name, "--grade", "sight", "--into", "qbo"];
    let long = vec![b'a'; MAX_TRANSLATION_BYTES + 1];
    refused(translate(&line, &words, &long).await, "and 49152 are allowed");
    refused(
        translate(&line, &words, b"\xe2\x80\x8b \n").await,
        "the translation is empty",
    );
    let words = [name, "--grade", "fine", "--into", "qbo"];
    refused(translate(&line, &words, b"Laiv.").await, "is no grade");
    let words = [name, "--grade", "sight", "--into", "QBO"];
    refused(
        translate(&line, &words, b"Laiv.").await,
        "is no code of a language",
    );
    let view = show(&line, BORENIA, name).await;
    assert!(
        view.translations.is_empty() && !view.reached(Rung::Translated) && !view.reached(Rung::Presented)
    );
    // The longest that is allowed does fit a statement.
    let words = [name, "--grade", "sight", "--into", "qbo"];
    let _ = translate(&line, &words, &long[1..]).await.ended(0);
    line.until(AVELIA, &message.sha256, Rung::Translated).await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_strangers_annex_and_exchanged_words_are_dropped_with_an_alarm() {
    let mut line = Line::with_relays(PROGRAM).await;
    line.stage.start_desk(AVELIA).await.unwrap();
    line.stage.legs_up(AVELIA, 4).await.unwrap();
    let words = ["The vessel is ours.", "--wait", "accepted"];
    let message = line.desk(AVELIA, "send", &words).await.ended(0).message();
    let reference = || Reference {
        sender: message.from.clone(),
        id: data_encoding::HEXLOWER
            .decode(message.id.as_bytes())
            .unwrap()
            .try_into()
            .unwrap(),
        sha256: message.sha256.parse().unwrap(),
    };
    let annexing = Annexing::Translated {
        grade: Grade::Certified,
        language: "qbo".parse().unwrap(),
        text: "Laiv ens.".to_owned(),
        of_annex: None,
    };
    let counter = Counter::open(&line, &dialer(&line, BORENIA), BORENIA, Door::Quic)
        .await
        .unwrap();
    let foreign = async |count: u64| {
        eventually("it is told as foreign", PATIENCE, async || {
            let alarms = line.status(AVELIA).await.alarms;
            (alarms.get("FOREIGN") == Some(&count)).then_some(())
        })
        .await;
    };
    // An officer without the role; then a translator whose words the desk has exchanged.
    let mut hand = Hand::of(&line, BORENIA, "rossi");
    let placed = hand.annex(reference(), &annexing, |_| {});
    counter.hand_in(&placed.bytes).await;
    foreign(1).await;
    let tip = hand.tip;
    let mut hand = Hand::of(&line, BORENIA, "adeyemi");
    hand.tip = tip;
    let other = Content::plain([1; 32], "Laiv nen ens.");
    let placed = hand.annex(reference(), &annexing, |content| *content = Some(other));
    counter.hand_in(&placed.bytes).await;
    foreign(2).await;
    let view = show(&line, AVELIA, &message.name).await;
    assert!(view.translations.is_empty() && !view.reached(Rung::Translated));
    // The same officer's own words are taken.
    let placed = hand.annex(reference(), &annexing, |_| {});
    counter.hand_in(&placed.bytes).await;
    let view = line.until(AVELIA, &message.sha256, Rung::Translated).await;
    assert_eq!(view.translations.len(), 1);
}
