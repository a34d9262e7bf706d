//! What its figures are drawn from.

use super::{Evidence, at, strings};
use crate::report::model::*;

pub fn figures(evidence: &mut Evidence, transcript: &[Message], cut: &Leaf) -> Figures {
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
