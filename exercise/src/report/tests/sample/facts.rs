//! What was played, and what came of it.

use super::{Evidence, at, strings, texts};
use crate::{record::Rating, report::model::*};

pub fn overview() -> Overview {
    let officer = |name: &str, roles: &[&str]| Officer {
        name: name.into(),
        roles: strings(roles),
    };
    let seat = |name: &str, kind: &str, desk: Option<&str>, officers, played_by| Seat {
        name: name.into(),
        kind: kind.into(),
        desk: desk.map(Into::into),
        officers,
        played_by,
    };
    Overview {
        scenario: "S1".into(),
        title: texts(&[
            ("en", "Mid-air collision"),
            ("qav", "Batu ni aeru"),
            ("qbo", "Dravek orun-silt"),
        ]),
        summary: texts(&[(
            "en",
            "An aircraft of Avelia is lost beside one of Borenia's; A must notify, both must search.",
        )]),
        handling: "EXERCISE EXERCISE EXERCISE".into(),
        sponsor: None,
        contact: Some("exercise office".into()),
        stage: "headless".into(),
        variant: None,
        seed: 1,
        rate: 1_000,
        startex: at(0),
        endex: Some(at(1_240_000)),
        ended: Some("DONE".into()),
        planned_story_ms: 1_800_000,
        took_story_ms: 1_240_000,
        took_line_ms: 1_360_000,
        release: 2,
        languages: strings(&["en", "qav", "qbo"]),
        scenario_sha256: format!("{:064x}", 77),
        codebook: "starter/1".into(),
        codebook_sha256: format!("{:064x}", 78),
        seats: vec![
            seat(
                "A",
                "desk",
                Some("A"),
                vec![
                    officer("haddad", &["DRAFTER", "TRANSLATOR"]),
                    officer("lindqvist", &["RELEASER", "DUTY_OFFICER"]),
                ],
                PlayedBy::Script,
            ),
            seat(
                "B",
                "desk",
                Some("B"),
                vec![officer("rossi", &["WATCH_OFFICER"])],
                PlayedBy::Script,
            ),
            seat("control", "control", None, Vec::new(), PlayedBy::Script),
            seat("observer", "observer", None, Vec::new(), PlayedBy::Nobody),
        ],
        at_control: vec![
            Attendee {
                name: "hollis".into(),
                part: "OBSERVER".into(),
                joined: at(0),
                left: Some(at(300_000)),
            },
            Attendee {
                name: "lindqvist".into(),
                part: "CONTROLLER".into(),
                joined: at(0),
                left: None,
            },
        ],
        signed_off: None,
    }
}

pub fn integrity(turns: Vec<TurnRow>, evidence: &Evidence, leaf: &Leaf) -> Integrity {
    let log = |(name, size): (&String, &u64)| LogRow {
        name: name.clone(),
        origin: format!("exercise.example/{name}"),
        size: *size,
        root: format!("{:064x}", size * 0x0123_4567_89ab_cdef),
        signer: format!("spiffe://exercise.example/{name}"),
        refused: None,
    };
    let pair = |first: &str, second: &str| Pair {
        first: first.into(),
        second: second.into(),
        verdict: "MATCH".into(),
        found: String::new(),
        contradict: false,
    };
    let version = |who: &str| Version {
        who: who.into(),
        version: "hotline 0.1.0".into(),
    };
    Integrity {
        logs: evidence.sizes.iter().map(log).collect(),
        pairs: vec![
            pair("desk-A", "desk-B"),
            pair("desk-A", "relay-north"),
            pair("desk-B", "relay-south"),
        ],
        offsets: ["desk A", "desk B"]
            .iter()
            .map(|clock| Offset {
                clock: (*clock).into(),
                at: at(5_000),
                offset_ms: if *clock == "desk A" { 1 } else { -2 },
                uncertain_ms: 2,
                leaf: leaf.clone(),
            })
            .collect(),
        turns,
        versions: ["relay north", "relay south", "desk A", "desk B", "control"]
            .map(version)
            .to_vec(),
        cosignatures: Vec::new(),
        standings: strings(&["The key of A was ended by deny-list order 1 of its side."]),
        limits: strings(&["Story times follow from control\u{2019}s records, one a second of line."]),
    }
}

pub fn dispute() -> Dispute {
    Dispute {
        title: "Ruling about A-0001 in exercise S1-1".into(),
        verdict: "TRUNCATED, against B (Borenia)".into(),
        exit: 12,
        sentence: "log relay-south, handed in by B: 4 entries are missing".into(),
        sentences: super::texts(&[
            ("en", "One side handed in a log whose end is missing."),
            ("qav", "Aler siamer."),
        ]),
        wrong: strings(&["TRUNCATED: B handed in 12 entries of relay-south"]),
        proved: strings(&["DELIVERED: desk B [A/relay-south #13]"]),
        handed: strings(&[
            "A (Avelia): desk-A (40 entries, verifies)",
            "B (Borenia): NOT desk-B",
        ]),
        claimed: strings(&["every time above is its signer\u{2019}s clock"]),
        unprovable: strings(&["that a person read it"]),
        command:
            "hotline-audit dispute dispute/A.bundle dispute/B.bundle --policy dispute/policy --message A-0001"
                .into(),
    }
}

pub fn summary(expectations: &[ExpectRow], noted: &NoteRow) -> Summary {
    let count = |side: &str, precedence: &str, messages, of| PrecedenceCount {
        side: side.into(),
        precedence: precedence.into(),
        messages,
        share_thousandths: messages * 1_000 / of,
        acknowledge_median_ms: (messages == 1).then_some(112_000),
        words_most: 63,
    };
    Summary {
        asked: strings(&[
            "Notify at once, with the agreed code",
            "Hold, translate and put before the principal in time",
        ]),
        counts: Counts {
            messages: 14,
            delivered: 14,
            acknowledged: 2,
            answered: 1,
            open: 0,
            injects_done: 1,
            injects_not_needed: 1,
            faults: 1,
            score: 60,
            score_of: 70,
            precedences: vec![
                count("A", "FLASH", 1, 13),
                count("A", "ROUTINE", 12, 13),
                count("B", "FLASH", 1, 1),
            ],
            ..Counts::default()
        },
        strengths: Summary::best(expectations),
        weaknesses: Summary::worst(expectations),
        noted: vec![noted.clone()],
    }
}

pub fn msel(leaf: &Leaf) -> Vec<MselRow> {
    let row = |serial: &str, title: &str, kind: &str| MselRow {
        serial: serial.into(),
        event: "The collision".into(),
        incident: "Aircraft lost".into(),
        title: title.into(),
        kind: kind.into(),
        method: "news".into(),
        category: None,
        from: None,
        to: strings(&["A"]),
        precedence: None,
        text: "Patrol aircraft KESTREL 2 of Avelia has vanished from radar. Crew of four missing.".into(),
        expected: "A sends HZ-01 as FLASH, signed by two officers".into(),
        objective: Some("O1".into()),
        controller: None,
        planned: Planned {
            words: "1m story after STARTEX".into(),
            story_ms: Some(60_000),
        },
        actual: Some(at(60_000)),
        status: "DELIVERED".into(),
        result: String::new(),
        leaf: Some(leaf.clone()),
    };
    let mut contingency = row(
        "1.1.9",
        "Your minister asks why Borenia was not told",
        "contingency",
    );
    contingency.method = "order".into();
    contingency.text = "Notify Borenia now, with HZ-01.".into();
    contingency.expected = String::new();
    contingency.planned = Planned {
        words: "unless E1 within 5m story".into(),
        story_ms: None,
    };
    contingency.actual = None;
    contingency.status = "NOT_NEEDED".into();
    contingency.leaf = None;
    vec![row("1.1.1", "Radar contact lost", "contextual"), contingency]
}

pub fn expectations(transcript: &[Message]) -> Vec<ExpectRow> {
    let leaf = transcript.first().map(|message| message.leaf.clone());
    let row = |id: &str, title: &str, objective: &str, (value, limit): (u64, u64), outcome| ExpectRow {
        id: id.into(),
        title: title.into(),
        objective: Some(objective.into()),
        must: id == "E2" || id == "E4",
        outcome,
        expected: format!("m1 within {limit} ms"),
        observed: "A-0001 reached it".into(),
        value_ms: Some(value),
        uncertain_ms: Some(2),
        limit_ms: Some(limit),
        clock: Some(if limit <= 2_000 {
            ClockName::Line
        } else {
            ClockName::Story
        }),
        score: if outcome == Outcome::Met { 10 } else { 0 },
        score_of: 10,
        leaves: leaf.clone().into_iter().collect(),
    };
    let mut unasked = row("E7", "Kept during the night", "O2", (0, 1), Outcome::NotAsked);
    (unasked.value_ms, unasked.score_of) = (None, 0);
    vec![
        row(
            "E1",
            "A notifies with HZ-01",
            "O1",
            (41_000, 300_000),
            Outcome::Met,
        ),
        row("E2", "It arrives within 2 s", "O1", (6, 2_000), Outcome::Met),
        row(
            "E4",
            "B acknowledges within 2 min",
            "O2",
            (31_394, 120_000),
            Outcome::Met,
        ),
        row(
            "E5",
            "Holding reply within 10 min",
            "O2",
            (151_394, 600_000),
            Outcome::Met,
        ),
        row(
            "E6",
            "Sight translation within 5 min",
            "O2",
            (391_894, 300_000),
            Outcome::Missed,
        ),
        row(
            "E8",
            "The principal sees it within 6 s of the translation",
            "O2",
            (6_001, 6_000),
            Outcome::Undecided,
        ),
        unasked,
    ]
}

pub fn objectives(note: &NoteRow, leaf: Leaf) -> Vec<ObjectiveRow> {
    let objective = |id: &str, title: &str, score| ObjectiveRow {
        id: id.into(),
        title: title.into(),
        capability: Some("Operational communications".into()),
        targets: Vec::new(),
        score,
        score_of: 30,
        ratings: Vec::new(),
        notes: Vec::new(),
    };
    let mut second = objective("O2", "Hold, translate and put before the principal in time", 20);
    second.notes.push(note.clone());
    second.ratings.push(RatingRow {
        at: at(1_230_000),
        author: "Dr. Imre".into(),
        rating: Rating::S,
        text: "The translation came after the time that was agreed.".into(),
        leaf,
    });
    vec![
        objective("O1", "Notify at once, with the agreed code", 20),
        second,
    ]
}
