//! Players, controllers and scenarios may say what they like: in the report it is only said.

use serde_json::Value;

use super::{faults_of, sample};
use crate::report::{json, mermaid, page};

/// Ends every context that a text can stand in, reorders, hides, and would act on a terminal.
const HOSTILE: &str = "</pre></style></title></svg><script>alert(1)</script>\"'><img src=x onerror=y>\u{202e}\u{2066}\u{200b}\u{1b}[2J\u{7}\r\n%%;&#x41;";

#[test]
fn whatever_anybody_types_is_only_shown() {
    let mut model = sample::model();
    let hostile = || HOSTILE.to_owned();
    model
        .overview
        .title
        .values_mut()
        .for_each(|text| *text = hostile());
    model
        .overview
        .summary
        .values_mut()
        .for_each(|text| *text = hostile());
    model.overview.title.insert(hostile(), hostile());
    model.overview.handling = hostile();
    model.overview.scenario = hostile();
    model.overview.sponsor = Some(hostile());
    model.overview.codebook = hostile();
    model.overview.languages = vec![hostile()];
    for seat in &mut model.overview.seats {
        (seat.name, seat.kind, seat.desk) = (hostile(), hostile(), Some(hostile()));
        seat.officers
            .iter_mut()
            .for_each(|officer| officer.name = hostile());
    }
    for log in &mut model.integrity.logs {
        (log.name, log.origin, log.signer, log.root) = (hostile(), hostile(), hostile(), hostile());
        log.refused = Some(hostile());
    }
    model
        .integrity
        .pairs
        .iter_mut()
        .for_each(|pair| (pair.verdict, pair.found) = (hostile(), hostile()));
    model
        .integrity
        .versions
        .iter_mut()
        .for_each(|version| version.version = hostile());
    model
        .integrity
        .turns
        .iter_mut()
        .for_each(|turn| turn.how = hostile());
    model
        .integrity
        .offsets
        .iter_mut()
        .for_each(|offset| offset.clock = hostile());
    model.integrity.limits = vec![hostile()];
    model.integrity.cosignatures = vec![hostile()];
    model.integrity.standings = vec![hostile()];
    if let Some(dispute) = &mut model.dispute {
        (dispute.title, dispute.verdict) = (hostile(), hostile());
        (dispute.sentence, dispute.command) = (hostile(), hostile());
        dispute.sentences = [(hostile(), hostile())].into();
        for lines in [
            &mut dispute.wrong,
            &mut dispute.proved,
            &mut dispute.handed,
            &mut dispute.claimed,
            &mut dispute.unprovable,
        ] {
            *lines = vec![hostile()];
        }
    }
    figures(&mut model);
    plan(&mut model);
    for message in &mut model.transcript {
        (message.name, message.from, message.text) = (hostile(), hostile(), hostile());
        (message.to, message.channel, message.code) = (vec![hostile()], hostile(), Some(hostile()));
        (message.language, message.alias, message.refers) =
            (Some(hostile()), Some(hostile()), Some(hostile()));
        message.ladder.iter_mut().for_each(|climb| {
            (climb.rung, climb.by, climb.detail) = (hostile(), hostile(), hostile());
        });
        message.translations.iter_mut().for_each(|translation| {
            (translation.grade, translation.language) = (hostile(), hostile());
            (translation.by, translation.text) = (hostile(), hostile());
        });
    }
    for row in &mut model.leaves {
        (row.kind, row.who, row.subject, row.sha256) = (hostile(), hostile(), hostile(), hostile());
    }
    model.verify.files.insert(hostile(), hostile());
    model
        .verify
        .commands
        .iter_mut()
        .for_each(|command| (command.run, command.proves) = (hostile(), hostile()));
    inert(&page(&model));
    let diagram = mermaid::sequence(&model);
    assert!(!diagram.contains(['<', '>', '\u{202e}', '\u{1b}'].as_slice()) || !diagram.contains("<img"));
}

fn figures(model: &mut crate::report::model::Model) {
    let hostile = || HOSTILE.to_owned();
    for lane in &mut model.figures.lanes {
        lane.name = hostile();
        lane.marks
            .iter_mut()
            .for_each(|mark| (mark.kind, mark.text) = (hostile(), hostile()));
    }
    model
        .figures
        .faults
        .iter_mut()
        .for_each(|fault| (fault.name, fault.fault) = (hostile(), hostile()));
    model
        .figures
        .waits
        .iter_mut()
        .for_each(|wait| (wait.message, wait.precedence) = (hostile(), hostile()));
    model
        .figures
        .strips
        .iter_mut()
        .for_each(|strip| strip.name = hostile());
    for ladder in &mut model.figures.ladders {
        (ladder.message, ladder.about) = (hostile(), hostile());
        ladder
            .steps
            .iter_mut()
            .for_each(|step| (step.from, step.rung) = (hostile(), hostile()));
    }
    model
        .figures
        .latency
        .iter_mut()
        .for_each(|row| (row.rung, row.only) = (hostile(), Some(hostile())));
}

fn plan(model: &mut crate::report::model::Model) {
    let hostile = || HOSTILE.to_owned();
    for row in &mut model.msel {
        (row.serial, row.title, row.text, row.expected) = (hostile(), hostile(), hostile(), hostile());
        (row.status, row.result, row.controller) = (hostile(), hostile(), Some(hostile()));
        (row.event, row.incident, row.to) = (hostile(), hostile(), vec![hostile()]);
        row.planned.words = hostile();
    }
    for row in &mut model.expectations {
        (row.id, row.title, row.expected, row.observed) = (hostile(), hostile(), hostile(), hostile());
    }
    for objective in &mut model.objectives {
        (objective.title, objective.capability) = (hostile(), Some(hostile()));
        objective
            .ratings
            .iter_mut()
            .for_each(|rating| (rating.author, rating.text) = (hostile(), hostile()));
        objective
            .notes
            .iter_mut()
            .for_each(|note| (note.author, note.text) = (hostile(), hostile()));
    }
    model.summary.asked = vec![hostile()];
    model
        .summary
        .noted
        .iter_mut()
        .for_each(|note| note.text = hostile());
    for row in &mut model.improvements {
        (row.finding, row.action, row.owner, row.due) = (hostile(), hostile(), hostile(), hostile());
    }
}

fn inert(page: &str) {
    let mut found = faults_of(page);
    // Handlers stand in the page as text, behind an escaped bracket; what may not stand there is an element.
    found.retain(|fault| fault != "it has  src=");
    assert_eq!(found, Vec::<String>::new());
    for active in [
        "<img",
        "<script",
        "alert(1)</script",
        "</style></title",
        "\u{202e}",
        "\u{2066}",
        "\u{200b}",
        "\u{1b}",
        "\u{7}",
        "\r",
    ] {
        assert!(!page.contains(active), "{active:?} stands in the page");
    }
    assert_eq!(page.matches("</style>").count(), page.matches("<style>").count());
    assert_eq!(page.matches("<pre").count(), page.matches("</pre>").count());
}

#[test]
fn the_json_holds_hostile_text_as_it_was_signed_and_in_ascii() {
    let mut model = sample::model();
    model.transcript.first_mut().unwrap().text = HOSTILE.to_owned();
    let bytes = json(&model).unwrap();
    assert!(bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n')));
    let value: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(value["transcript"][0]["text"], HOSTILE);
}
