//! A small report like S1's: a FLASH that is held, translated, presented and answered, under a cut path and a pause.

mod drawn;
mod facts;

use std::collections::BTreeMap;

use crate::report::model::*;

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
        uncertain_ms: Some(2),
        story_uncertain_ms: Some(2),
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
    let figures = drawn::figures(&mut evidence, &transcript, &cut);
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
    let expectations = facts::expectations(&transcript);
    let noted = NoteRow {
        at: at(700_000),
        author: "Dr. Imre".into(),
        text: "B\u{2019}s translator was called late; the roster did not name a deputy.".into(),
        leaf: note,
    };
    Model {
        report: FORMAT,
        overview: facts::overview(),
        integrity: facts::integrity(turns, &evidence, &startex),
        dispute: Some(facts::dispute()),
        summary: facts::summary(&expectations, &noted),
        figures,
        msel: facts::msel(&news),
        objectives: facts::objectives(&noted, rating),
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
