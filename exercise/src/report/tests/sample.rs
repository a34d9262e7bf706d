//! A small report like S1's: a FLASH that is held, translated, presented and answered, under a cut path and a pause.

use std::collections::BTreeMap;

use crate::{record::Rating, report::model::*};

/// STARTEX, wall: 2026-11-26T09:00:00Z.
const BEGAN_MS: u64 = 1_795_683_600_000;
/// The pause: story stands here, for two minutes of line.
const PAUSED_AT_MS: u64 = 600_000;
/// How long.
const PAUSED_MS: u64 = 120_000;

/// A moment by its story time, at rate 1 with one pause.
pub fn at(story_ms: u64) -> Moment {
    let paused = if story_ms > PAUSED_AT_MS { PAUSED_MS } else { 0 };
    Moment {
        story_ms,
        line_ms: 4_000 + story_ms + paused,
        wall_ms: BEGAN_MS + story_ms + paused,
        uncertain_ms: 2,
    }
}

/// A text of both languages.
fn texts(pairs: &[(&str, &str)]) -> Texts {
    pairs
        .iter()
        .map(|(language, text)| ((*language).to_owned(), (*text).to_owned()))
        .collect()
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Entries and marks as they come about.
#[derive(Default)]
pub struct Evidence {
    sizes: BTreeMap<String, u64>,
    rows: Vec<LeafRow>,
    marks: BTreeMap<String, Vec<Mark>>,
}

impl Evidence {
    /// One more entry of a log, signed in this lane.
    pub fn entry(&mut self, (log, lane): (&str, &str), kind: &str, subject: &str, story_ms: u64) -> Leaf {
        let size = self.sizes.entry(log.to_owned()).or_default();
        let leaf = Leaf::new(log, *size);
        *size += 1;
        self.rows.push(LeafRow {
            leaf: leaf.clone(),
            sha256: format!(
                "{:064x}",
                0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(self.rows.len() as u64 + 1)
            ),
            kind: kind.to_owned(),
            who: lane.to_owned(),
            subject: subject.to_owned(),
            at: at(story_ms),
        });
        self.marks.entry(lane.to_owned()).or_default().push(Mark {
            at: at(story_ms),
            kind: kind.to_owned(),
            class: MarkClass::of(kind),
            text: subject.to_owned(),
            leaf: leaf.clone(),
        });
        leaf
    }

    /// Its lanes and its entries.
    pub fn end(mut self) -> (Vec<Lane>, Vec<LeafRow>) {
        (self.lanes(), self.leaves())
    }

    fn lanes(&mut self) -> Vec<Lane> {
        let names = [
            ("desk A", LaneKind::Desk),
            ("relay north", LaneKind::Relay),
            ("relay south", LaneKind::Relay),
            ("desk B", LaneKind::Desk),
            ("control", LaneKind::Control),
        ];
        let lane = |(name, kind): (&str, LaneKind)| {
            let mut marks = self.marks.remove(name).unwrap_or_default();
            marks.sort_by_key(|mark| (mark.at, mark.leaf.clone()));
            Lane {
                name: name.into(),
                kind,
                marks,
            }
        };
        names.map(lane).into_iter().collect()
    }

    fn leaves(&self) -> Vec<LeafRow> {
        let mut rows = self.rows.clone();
        rows.sort_by(|one, other| one.leaf.cmp(&other.leaf));
        rows
    }
}

const DESK_A: (&str, &str) = ("desk-A", "desk A");
const DESK_B: (&str, &str) = ("desk-B", "desk B");
const NORTH: (&str, &str) = ("relay-north", "relay north");
const SOUTH: (&str, &str) = ("relay-south", "relay south");
/// Control's log and lane.
pub const EXCON: (&str, &str) = ("excon", "control");

/// A message from one desk to another, by rungs: who, rung, detail, story time.
pub struct Sent<'a> {
    pub name: &'a str,
    pub precedence: &'a str,
    pub from: (&'a str, (&'a str, &'a str)),
    pub to: &'a str,
    pub text: &'a str,
    pub rungs: &'a [((&'a str, &'a str), &'a str, &'a str, u64)],
}

/// Its entries and its place in the transcript.
pub fn send(evidence: &mut Evidence, sent: &Sent<'_>) -> Message {
    let released = sent.rungs.first().map_or(0, |rung| rung.3);
    let mut ladder = Vec::new();
    for (signer, rung, detail, story_ms) in sent.rungs {
        ladder.push(Climb {
            rung: (*rung).into(),
            by: signer.1.into(),
            detail: (*detail).into(),
            at: at(*story_ms),
            leaf: evidence.entry(
                *signer,
                rung,
                &format!("{} {}", sent.name, sent.precedence),
                *story_ms,
            ),
        });
    }
    let leaf = ladder
        .first()
        .map_or_else(|| Leaf::new(sent.from.1.0, 0), |climb| climb.leaf.clone());
    Message {
        name: sent.name.into(),
        sha256: format!("{released:064x}"),
        alias: None,
        from: sent.from.0.into(),
        to: vec![sent.to.into()],
        class: "FORMAL".into(),
        function: "NOTIFY".into(),
        precedence: sent.precedence.into(),
        channel: "AIR".into(),
        code: None,
        language: Some("qav".into()),
        text: sent.text.into(),
        refers: None,
        released: at(released),
        leaf,
        translations: Vec::new(),
        ladder,
    }
}

/// The whole of it.
pub fn model() -> Model {
    let mut evidence = Evidence::default();
    let startex = evidence.entry(EXCON, "STARTEX", "S1", 0);
    let news = evidence.entry(EXCON, "INJECT", "1.1.1 Radar contact lost", 60_000);
    let mut transcript = messages(&mut evidence);
    let cut = evidence.entry(EXCON, "FAULT", "cut-north on", 240_000);
    evidence.entry(EXCON, "FAULT", "cut-north off", 330_000);
    let paused = evidence.entry(EXCON, "CLOCK", "PAUSE", PAUSED_AT_MS);
    let resumed = evidence.entry(EXCON, "CLOCK", "RESUME", PAUSED_AT_MS + 1);
    let note = evidence.entry(EXCON, "NOTE", "O2", 700_000);
    let rating = evidence.entry(EXCON, "RATING", "O2", 1_230_000);
    let improvement = evidence.entry(EXCON, "IMPROVEMENT", "1", 1_235_000);
    let endex = evidence.entry(EXCON, "ENDEX", "DONE", 1_240_000);
    let figures = figures(&mut evidence, &transcript, &cut);
    transcript.sort_by_key(|message| (message.released, message.name.clone()));
    let turn = |story_ms, turn, how: &str, leaf: &Leaf| TurnRow {
        at: at(story_ms),
        turn,
        how: how.into(),
        leaf: leaf.clone(),
    };
    let turns = vec![
        turn(0, TurnKind::Startex, "at 1 times", &startex),
        turn(PAUSED_AT_MS, TurnKind::Pause, "", &paused),
        turn(PAUSED_AT_MS + 1, TurnKind::Resume, "", &resumed),
        turn(1_240_000, TurnKind::Endex, "everything was done", &endex),
    ];
    let expectations = expectations(&transcript);
    let noted = NoteRow {
        at: at(700_000),
        author: "Dr. Imre".into(),
        text: "B\u{2019}s translator was called late; the roster did not name a deputy.".into(),
        leaf: note,
    };
    Model {
        report: FORMAT,
        overview: overview(),
        integrity: integrity(turns, &evidence, &startex),
        summary: summary(&expectations, &noted),
        figures,
        msel: msel(&news),
        objectives: objectives(&noted, rating),
        notes: Vec::new(),
        improvements: vec![ImprovementRow {
            finding: "No deputy translator on B\u{2019}s roster".into(),
            action: "Name one for every watch".into(),
            owner: "Borenia, duty office".into(),
            due: "2027-01-15".into(),
            leaf: improvement,
        }],
        expectations,
        transcript,
        leaves: evidence.leaves(),
        verify: verify(),
    }
}

fn messages(evidence: &mut Evidence) -> Vec<Message> {
    let mut all = vec![hazard(evidence), reply(evidence)];
    for number in 0..12_u64 {
        let begin = 60_200 + number * 4_500;
        let name = format!("A-{:04}", number + 2);
        all.push(send(
            evidence,
            &Sent {
                name: &name,
                precedence: "ROUTINE",
                from: ("A", DESK_A),
                to: "B",
                text: "Seku ni aeru: lisu ni freku, una ta desu.",
                rungs: &[
                    (DESK_A, "RELEASED", "", begin),
                    (NORTH, "ACCEPTED", "", begin + 2),
                    (DESK_B, "DELIVERED", "", begin + 5 + number % 3),
                ],
            },
        ));
    }
    all
}

fn hazard(evidence: &mut Evidence) -> Message {
    let mut message = send(
        evidence,
        &Sent {
            name: "A-0001",
            precedence: "FLASH",
            from: ("A", DESK_A),
            to: "B",
            text: "HOTLINE-CODED 1\ncode: HZ-01\nwhose: OURS\nposition: 48.20N 012.40W +-2NM\npersons: 4 missing\n--\n",
            rungs: &[
                (DESK_A, "RELEASED", "", 101_000),
                (NORTH, "ACCEPTED", "", 101_002),
                (SOUTH, "ACCEPTED", "", 101_003),
                (DESK_B, "DELIVERED", "", 101_006),
                (DESK_B, "ALERTED", "", 101_009),
                (DESK_B, "DISPLAYED", "", 131_100),
                (DESK_B, "ACKNOWLEDGED", "rossi", 132_400),
                (DESK_B, "HOLDING", "rossi, expects to answer in 15 min", 252_400),
                (DESK_B, "TRANSLATED", "SIGHT, castellan", 492_900),
                (DESK_B, "PRESENTED", "novak", 493_300),
                (DESK_B, "ANSWERED", "ROGER, B-0001", 854_000),
            ],
        },
    );
    message.alias = Some("m1".into());
    message.code = Some("HZ-01".into());
    let translated = message.ladder.iter().find(|climb| climb.rung == "TRANSLATED");
    message.translations = translated
        .map(|climb| Translation {
            grade: "SIGHT".into(),
            language: "qbo".into(),
            by: "castellan".into(),
            text: "KESTREL 2 ve-orun narst.".into(),
            at: climb.at,
            leaf: climb.leaf.clone(),
        })
        .into_iter()
        .collect();
    message
}

fn reply(evidence: &mut Evidence) -> Message {
    let mut message = send(
        evidence,
        &Sent {
            name: "B-0001",
            precedence: "FLASH",
            from: ("B", DESK_B),
            to: "A",
            text: "Vem skarit hael-orun.",
            rungs: &[
                (DESK_B, "RELEASED", "", 854_000),
                (SOUTH, "ACCEPTED", "", 854_002),
                (DESK_A, "DELIVERED", "", 854_004),
                (DESK_A, "ACKNOWLEDGED", "okoye", 875_100),
                (DESK_A, "PRESENTED", "lindqvist", 1_055_700),
            ],
        },
    );
    message.alias = Some("r1".into());
    message.function = "REPLY".into();
    message.language = Some("qbo".into());
    message.refers = Some("A-0001".into());
    message
}

fn overview() -> Overview {
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
        signed_off: None,
    }
}

fn integrity(turns: Vec<TurnRow>, evidence: &Evidence, leaf: &Leaf) -> Integrity {
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
        limits: strings(&["Story times follow from control\u{2019}s records, one a second of line."]),
    }
}

fn summary(expectations: &[ExpectRow], noted: &NoteRow) -> Summary {
    let count = |side: &str, precedence: &str, messages| PrecedenceCount {
        side: side.into(),
        precedence: precedence.into(),
        messages,
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
                count("A", "FLASH", 1),
                count("A", "ROUTINE", 12),
                count("B", "FLASH", 1),
            ],
            ..Counts::default()
        },
        strengths: Summary::best(expectations),
        weaknesses: Summary::worst(expectations),
        noted: vec![noted.clone()],
    }
}

fn msel(leaf: &Leaf) -> Vec<MselRow> {
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

fn expectations(transcript: &[Message]) -> Vec<ExpectRow> {
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

fn objectives(note: &NoteRow, leaf: Leaf) -> Vec<ObjectiveRow> {
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

fn figures(evidence: &mut Evidence, transcript: &[Message], cut: &Leaf) -> Figures {
    Figures {
        lanes: evidence.lanes(),
        faults: vec![FaultSpan {
            name: "cut-north".into(),
            fault: "cut both ways".into(),
            category: Some("ADVERSARIAL".into()),
            links: strings(&["path 1"]),
            lanes: strings(&["relay north"]),
            from: at(240_000),
            to: Some(at(330_000)),
            leaf: cut.clone(),
        }],
        waits: waits(transcript),
        strips: strips(cut),
        ladders: vec![ladder(transcript)],
        dialogues: [(0, 0), (101_000, 1), (854_000, 0)]
            .map(|(story_ms, open)| DialoguesAt {
                at: at(story_ms),
                open,
            })
            .to_vec(),
        latency: vec![
            LatencyRow::over("ACCEPTED", "RELEASED", ClockName::Line, vec![2; 14]),
            LatencyRow::over(
                "DELIVERED",
                "RELEASED",
                ClockName::Line,
                vec![4, 5, 5, 6, 7, 9, 14],
            ),
            LatencyRow::over(
                "ACKNOWLEDGED",
                "DELIVERED",
                ClockName::Story,
                vec![21_096, 31_394],
            ),
        ]
        .into_iter()
        .flatten()
        .collect(),
    }
}

fn waits(transcript: &[Message]) -> Vec<Wait> {
    let leaf = transcript.first().map(|message| message.leaf.clone());
    let wait = |message: &str, precedence: &str, kind, story_ms: Option<u64>, deadline_ms| Wait {
        message: message.into(),
        precedence: precedence.into(),
        kind,
        desk: "B".into(),
        from: at(101_006),
        story_ms,
        deadline_ms,
        leaf: story_ms.and(leaf.clone()),
    };
    let mut waits = vec![
        wait(
            "A-0001",
            "FLASH",
            WaitKind::Acknowledge,
            Some(31_394),
            Some(120_000),
        ),
        wait(
            "B-0001",
            "FLASH",
            WaitKind::Acknowledge,
            Some(21_096),
            Some(120_000),
        ),
        wait("A-0001", "FLASH", WaitKind::Answer, Some(752_994), Some(600_000)),
    ];
    waits.extend((2..14).map(|number| {
        let name = format!("A-{number:04}");
        wait(
            &name,
            "ROUTINE",
            WaitKind::Acknowledge,
            (number % 4 != 0).then_some(number * 61_000),
            Some(10_800_000),
        )
    }));
    waits
}

fn strips(leaf: &Leaf) -> Vec<Strip> {
    let span = |state, from_line_ms, to_line_ms| StripSpan {
        state,
        from_line_ms,
        to_line_ms,
    };
    let strip = |name: &str, kind, down: Option<(u64, u64)>| Strip {
        name: name.into(),
        kind,
        spans: match down {
            None => vec![span(StripState::Up, 4_000, 1_364_000)],
            Some((from, to)) => vec![
                span(StripState::Up, 4_000, from),
                span(StripState::Suspect, from, from + 900),
                span(StripState::Down, from + 900, to),
                span(StripState::Up, to, 1_340_000),
                span(StripState::Unknown, 1_340_000, 1_364_000),
            ],
        },
        gaps: down
            .map(|(from_line_ms, to)| Gap {
                from_line_ms,
                length_ms: to - from_line_ms,
                leaf: Some(leaf.clone()),
            })
            .into_iter()
            .collect(),
    };
    vec![
        strip("path 1", StripKind::Path, Some((244_312, 335_120))),
        strip("path 2", StripKind::Path, Some((320_000, 338_300))),
        strip("A north/quic", StripKind::Leg, Some((244_312, 335_120))),
        strip("A north/tcp", StripKind::Leg, Some((244_420, 335_600))),
        strip("A south/quic", StripKind::Leg, None),
        strip("B south/tcp", StripKind::Leg, None),
    ]
}

fn ladder(transcript: &[Message]) -> Ladder {
    let leaf = |rung: &str| {
        let ladder = transcript.first().map(|message| message.ladder.iter());
        let climb = ladder
            .into_iter()
            .flatten()
            .find(|climb| rung.starts_with(&climb.rung));
        climb.map(|climb| climb.leaf.clone())
    };
    let step = |from: &str, rung: &str, clock, ms, history| LadderStep {
        from: from.into(),
        rung: rung.into(),
        clock,
        ms,
        history,
        leaf: leaf(rung),
    };
    use ClockName::{Line, Story};
    use HistoryStep::{ApprovedToSent, ReceivedToSight, SentToCertified, SentToPrincipal, SentToReceived};
    Ladder {
        message: "A-0001".into(),
        about: "m1, HZ-01, FLASH, A to B".into(),
        steps: vec![
            step("approval", "RELEASED", Story, Some(220), Some(ApprovedToSent)),
            step("RELEASED", "ACCEPTED", Line, Some(2), None),
            step("RELEASED", "DELIVERED", Line, Some(6), Some(SentToReceived)),
            step("DELIVERED", "ACKNOWLEDGED", Story, Some(31_394), None),
            step(
                "DELIVERED",
                "TRANSLATED SIGHT",
                Story,
                Some(391_894),
                Some(ReceivedToSight),
            ),
            step(
                "RELEASED",
                "PRESENTED",
                Story,
                Some(392_300),
                Some(SentToPrincipal),
            ),
            step(
                "RELEASED",
                "TRANSLATED CERTIFIED",
                Story,
                None,
                Some(SentToCertified),
            ),
            step("DELIVERED", "ANSWERED", Story, Some(752_994), None),
        ],
    }
}

fn verify() -> Verify {
    Verify {
        files: [("evidence/logs/desk-A/checkpoint", 1), ("evidence/scenario.toml", 2)]
            .map(|(name, hash)| (name.to_owned(), format!("{hash:064x}")))
            .into_iter()
            .collect(),
        commands: vec![
            Command {
                run: "hotline exercise report --from . --out again".into(),
                proves: "The report follows from the evidence, byte by byte.".into(),
            },
            Command {
                run: "hotline-audit verify evidence/logs/desk-A --trust evidence/trust".into(),
                proves: "Every entry of the log of desk A is signed by whom it names, and its root is that of section 2.".into(),
            },
        ],
    }
}
