//! From evidence to the model: what the report says is what was signed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::{
    bundle::Evidence,
    expect::judge,
    record::{Kind, Rating, Seen},
    report::{
        csv, json,
        model::*,
        page,
        tests::{faults_of, schema::violations},
    },
    scenario::lists::StageKind,
    testing::{
        Draft, Play,
        s1::{Wrong, played},
    },
};

fn model_of(evidence: &Evidence) -> Model {
    let timeline = Timeline::load(evidence).unwrap();
    let judged = judge(&evidence.scenario, None, StageKind::Headless, &timeline);
    build(evidence, &timeline, &judged)
}

fn papers(evidence: &Evidence) -> [Vec<u8>; 3] {
    let model = model_of(evidence);
    let timeline = Timeline::load(evidence).unwrap();
    [
        json(&model).unwrap(),
        page(&model).into(),
        csv(&timeline).into_bytes(),
    ]
}

#[test]
fn the_same_evidence_in_two_folders_gives_the_same_papers_and_each_is_well_formed() {
    let play = played(&Wrong::default());
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [one, other] = folders.each_ref().map(|dir| {
        play.write(dir.path());
        papers(&Evidence::open(dir.path()).unwrap())
    });
    assert!(one == other);
    assert_eq!(violations(&one[0]), Vec::<String>::new());
    assert_eq!(
        faults_of(std::str::from_utf8(&one[1]).unwrap()),
        Vec::<String>::new()
    );
    for (dir, paper) in folders.iter().zip(&one) {
        let path = dir.path().to_str().unwrap();
        assert!(!String::from_utf8_lossy(paper).contains(path));
    }
}

/// Every object with a log and a leaf, and nothing else.
fn links(value: &Value, found: &mut BTreeSet<(String, u64)>) {
    match value {
        Value::Object(map) => {
            if let (Some(log), Some(leaf), 2) = (map.get("log"), map.get("leaf"), map.len()) {
                found.insert((log.as_str().unwrap().into(), leaf.as_u64().unwrap()));
            }
            map.values().for_each(|value| links(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| links(value, found)),
        _ => {}
    }
}

#[test]
fn every_statement_that_something_links_to_is_in_the_annex() {
    let model = model_of(&played(&Wrong::default()).evidence());
    let mut linked = BTreeSet::new();
    links(&serde_json::to_value(&model).unwrap(), &mut linked);
    let rows: BTreeSet<(String, u64)> = model
        .leaves
        .iter()
        .map(|row| (row.leaf.log.clone(), row.leaf.leaf))
        .collect();
    assert!(linked.len() > 50, "{}", linked.len());
    let lacking: Vec<_> = linked.difference(&rows).collect();
    assert!(lacking.is_empty(), "{lacking:?}");
}

#[test]
fn a_play_of_s1_is_told_as_it_was() {
    let model = model_of(&played(&Wrong::default()).evidence());
    let counts = &model.summary.counts;
    assert_eq!(
        (counts.messages, counts.delivered, counts.acknowledged),
        (42, 42, 1)
    );
    assert_eq!((counts.answered, counts.lost, counts.shown_twice), (1, 0, 0));
    assert_eq!((counts.score, counts.score_of), (100, 100));
    assert_eq!(counts.injects_done, 2);
    let overview = &model.overview;
    assert_eq!(
        (overview.scenario.as_str(), overview.stage.as_str()),
        ("S1", "headless")
    );
    assert_eq!(
        (overview.took_line_ms, overview.took_story_ms),
        (30_000, 1_800_000)
    );
    assert_eq!(overview.ended.as_deref(), Some("DONE"));
    let lanes: Vec<&str> = model
        .figures
        .lanes
        .iter()
        .map(|lane| lane.name.as_str())
        .collect();
    assert_eq!(
        lanes,
        ["desk A", "relay north", "relay south", "desk B", "control"]
    );
    assert!(model.figures.lanes[1].marks.len() > 40, "what north accepted");
    let news = &model.msel[0];
    assert_eq!(
        (news.serial.as_str(), news.status.as_str()),
        ("1.1.1", "DELIVERED")
    );
    assert_eq!(news.late_ms(), Some(0));
    let ladders: Vec<&str> = model
        .figures
        .ladders
        .iter()
        .map(|ladder| ladder.about.as_str())
        .collect();
    assert_eq!(ladders, ["m1, HZ-01, FLASH, A to B", "r1, FLASH, B to A"]);
    let sight = &model.figures.ladders[0].steps[7];
    assert_eq!(
        (sight.rung.as_str(), sight.ms),
        ("TRANSLATED SIGHT", Some(377_400))
    );
    let hazard = model
        .transcript
        .iter()
        .find(|message| message.alias.as_deref() == Some("m1"));
    let hazard = hazard.unwrap();
    assert_eq!(
        (hazard.name.as_str(), hazard.code.as_deref()),
        ("A-0001", Some("HZ-01"))
    );
    assert_eq!(hazard.translations[0].text, "KESTREL 2 ve-orun narst");
    let rungs: Vec<&str> = hazard.ladder.iter().map(|climb| climb.rung.as_str()).collect();
    assert_eq!(
        rungs,
        [
            "RELEASED",
            "ACCEPTED",
            "DELIVERED",
            "ALERTED",
            "DISPLAYED",
            "ACKNOWLEDGED",
            "HOLDING",
            "TRANSLATED",
            "PRESENTED",
            "ANSWERED",
            "CLOSED"
        ]
    );
    let wait = model
        .figures
        .waits
        .iter()
        .find(|wait| wait.message == "A-0001")
        .unwrap();
    assert_eq!((wait.story_ms, wait.deadline_ms), (Some(30_600), Some(120_000)));
    let open: Vec<u32> = model.figures.dialogues.iter().map(|at| at.open).collect();
    assert_eq!(open, [1, 2, 1], "the answer asks for one itself");
}

#[test]
fn an_outage_that_control_saw_is_a_gap_of_its_path_and_shaded() {
    let mut play = Play::s1();
    let lamps = |state: &str| Seen {
        legs: ["north/quic", "north/tcp"]
            .map(|leg| (leg.to_owned(), state.to_owned()))
            .into(),
        ..Seen::default()
    };
    play.at(1_000).look("A", lamps("UP"));
    let fault = |on| Kind::Fault {
        name: "1.1.4".into(),
        on,
        fault: "cut".into(),
        links: vec!["A north/quic".into(), "A north/tcp".into()],
    };
    play.at(2_000).record(fault(true));
    play.at(3_000).look("A", lamps("DOWN"));
    play.at(8_000).record(fault(false));
    play.at(9_000).look("A", lamps("UP"));
    play.at(20_000).endex();
    let figures = model_of(&play.evidence()).figures;
    let path = &figures.strips[0];
    assert_eq!((path.name.as_str(), path.kind), ("path 1", StripKind::Path));
    let states: Vec<(StripState, u64, u64)> = path
        .spans
        .iter()
        .map(|span| (span.state, span.from_line_ms, span.to_line_ms))
        .collect();
    assert_eq!(
        states,
        [
            (StripState::Up, 1_000, 3_000),
            (StripState::Down, 3_000, 9_000),
            (StripState::Up, 9_000, 20_000)
        ]
    );
    assert_eq!(
        (path.gaps[0].from_line_ms, path.gaps[0].length_ms),
        (3_000, 6_000)
    );
    let fault = &figures.faults[0];
    assert_eq!(fault.lanes, ["desk A", "relay north"]);
    assert_eq!((fault.from.line_ms, fault.to.unwrap().line_ms), (2_000, 8_000));
}

#[test]
fn ratings_and_notes_of_two_people_stand_side_by_side() {
    let mut play = Play::s1();
    for (author, rating) in [("imre", Rating::P), ("osei", Rating::M)] {
        play.record(Kind::Rating {
            author: author.into(),
            objective: "O2".into(),
            rating,
            text: String::new(),
        });
    }
    play.record(Kind::Note {
        author: "imre".into(),
        text: "the translator came late".into(),
        objective: Some("O2".into()),
    });
    play.at(1_000).record(Kind::Note {
        author: "DIRECTOR".into(),
        text: "SIGNED_OFF".into(),
        objective: None,
    });
    let model = model_of(&play.evidence());
    let objective = &model.objectives[1];
    let ratings: Vec<(&str, Rating)> = objective
        .ratings
        .iter()
        .map(|row| (row.author.as_str(), row.rating))
        .collect();
    assert_eq!(ratings, [("imre", Rating::P), ("osei", Rating::M)]);
    assert_eq!(objective.notes[0].text, "the translator came late");
    assert_eq!(model.notes.len(), 1);
    assert_eq!(model.overview.signed_off.unwrap().by, "DIRECTOR");
}

#[test]
fn a_log_that_does_not_verify_is_refused_in_the_integrity_statement() {
    let mut play = Play::s1();
    play.at(1_000).send(&Draft::flash("A", "one"));
    *play.logs.get_mut("relay-south").unwrap()[0].last_mut().unwrap() ^= 1;
    let model = model_of(&play.evidence());
    let refused: Vec<&str> = model
        .integrity
        .logs
        .iter()
        .filter(|log| log.refused.is_some())
        .map(|log| log.name.as_str())
        .collect();
    assert_eq!(refused, ["relay-south"]);
}

#[test]
fn what_does_not_count_is_said_with_its_entry() {
    let mut play = played(&Wrong::default());
    let alone = play.at(26_000).send(&Draft {
        alone: true,
        ..Draft::flash("A", "one officer's")
    });
    play.at(26_100)
        .act("A", hotline_core::words::Rung::Acknowledged, alone);
    let limits = model_of(&play.evidence()).integrity.limits;
    let said = |start: &str| limits.iter().any(|limit| limit.starts_with(start));
    assert!(said("RELEASED of A-"), "{limits:?}");
    assert!(said("ACKNOWLEDGED of A-"), "{limits:?}");
    assert!(
        limits
            .iter()
            .any(|limit| limit.contains("two different officers")),
        "{limits:?}"
    );
}

#[test]
fn how_far_a_story_time_can_be_off_is_that_of_the_story_or_unknown() {
    let mut play = Play::s1();
    let seen = play.at(1_000).send(&Draft::flash("A", "one"));
    play.name("m1", seen);
    let evidence = play.evidence();
    let model = model_of(&evidence);
    let row = |model: &Model| {
        let row = model.leaves.iter().find(|row| row.kind == "RELEASED");
        row.unwrap().at
    };
    let at = row(&model);
    assert_eq!(at.story_uncertain_ms, at.uncertain_ms.map(|ms| ms * 60));

    // Control never sees A's clock: nobody knows.
    let startex = play.logs["excon"][0].clone();
    play.logs.insert("excon", vec![startex]);
    play.name("m1", seen);
    let model = model_of(&play.evidence());
    assert_eq!(
        (row(&model).uncertain_ms, row(&model).story_uncertain_ms),
        (None, None)
    );
    let page = page(&model);
    assert!(page.contains("\u{b1} unknown") && !page.contains("4294967295"));
    assert_eq!(violations(&json(&model).unwrap()), Vec::<String>::new());
}

#[test]
fn how_each_side_used_the_precedences_is_counted_shared_and_timed() {
    let model = model_of(&played(&Wrong::default()).evidence());
    let counts = &model.summary.counts.precedences;
    let row = |side: &str, precedence: &str| {
        counts
            .iter()
            .find(|count| count.side == side && count.precedence == precedence)
            .unwrap()
    };
    let (flash, routine) = (row("A", "FLASH"), row("A", "ROUTINE"));
    assert_eq!((flash.messages, flash.share_thousandths), (1, 24));
    assert_eq!((routine.messages, routine.share_thousandths), (40, 976));
    // Delivered at 1.71 s and acknowledged at 2.22 s of line, at ×60.
    assert_eq!(flash.acknowledge_median_ms, Some(30_600));
    assert_eq!(
        routine.acknowledge_median_ms, None,
        "nothing was to be acknowledged"
    );
    assert!(flash.words_most > routine.words_most);
    assert_eq!(row("B", "FLASH").share_thousandths, 1_000);
    let page = page(&model);
    assert!(page.contains("Side A sent 1 of its 41 FORMAL messages (2.4 %) as FLASH or OVERRIDE."));
    assert!(page.contains("Side B sent 1 of its 1 FORMAL messages (100.0 %) as FLASH or OVERRIDE."));

    let silent = played(&Wrong {
        never_acknowledged: true,
        ..Wrong::default()
    });
    let model = model_of(&silent.evidence());
    let flash = &model.summary.counts.precedences[0];
    assert_eq!((flash.side.as_str(), flash.acknowledge_median_ms), ("A", None));
}
