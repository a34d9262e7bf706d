//! The papers: the same bytes, no scripts, hostile words inert, every link with its entry.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod hostile;
mod large;
mod sample;
pub(in crate::report) mod schema;

use std::collections::BTreeSet;

use super::{json, mermaid, model::Model, page};

/// What stands between two marks, each time.
fn between<'a>(page: &'a str, before: &'a str, after: &'a str) -> impl Iterator<Item = &'a str> {
    page.split(before)
        .skip(1)
        .filter_map(move |rest| rest.split(after).next())
}

/// Every way in which a page could load, run or reach something, or point at nothing.
pub(in crate::report) fn faults_of(page: &str) -> Vec<String> {
    let ids: Vec<&str> = between(page, " id=\"", "\"").collect();
    let distinct: BTreeSet<&str> = ids.iter().copied().collect();
    let mut found = Vec::new();
    if distinct.len() != ids.len() {
        found.push("an id stands twice".to_owned());
    }
    for target in between(page, "href=\"", "\"") {
        match target.strip_prefix('#') {
            Some(id) if distinct.contains(id) => {}
            _ => found.push(format!("a link leads to {target}")),
        }
    }
    for named in ["aria-labelledby=\"", "aria-describedby=\""] {
        for id in between(page, named, "\"") {
            if !distinct.contains(id) {
                found.push(format!("{named}{id} names nothing"));
            }
        }
    }
    for active in [
        "<script", " src=", "@import", "url(", "<iframe", "<object", "<link", "<base", " style=", "<image",
    ] {
        if page.contains(active) {
            found.push(format!("it has {active}"));
        }
    }
    found
}

#[test]
fn the_same_model_gives_the_same_bytes() {
    let (one, two) = (sample::model(), sample::model());
    assert_eq!(page(&one), page(&two));
    assert_eq!(json(&one).unwrap(), json(&two).unwrap());
    assert_eq!(mermaid::sequence(&one), mermaid::sequence(&two));
}

#[test]
fn a_page_loads_nothing_and_every_link_leads_somewhere() {
    assert_eq!(faults_of(&page(&sample::model())), Vec::<String>::new());
}

#[test]
fn an_entry_that_is_not_in_the_annex_is_not_linked() {
    let mut model = sample::model();
    model.leaves.remove(3);
    assert_eq!(faults_of(&page(&model)), Vec::<String>::new());
    model.leaves.clear();
    assert_eq!(faults_of(&page(&model)), Vec::<String>::new());
}

#[test]
fn the_reporters_version_is_nowhere() {
    let mut model = sample::model();
    model.integrity.versions.clear();
    let page = page(&model);
    assert!(!page.contains(env!("CARGO_PKG_VERSION")));
    assert!(!page.contains(env!("CARGO_MANIFEST_DIR")));
    let bytes = json(&model).unwrap();
    assert!(
        !String::from_utf8(bytes)
            .unwrap()
            .contains(env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn every_figure_has_words_and_a_table_with_its_numbers() {
    let model = sample::model();
    let page = page(&model);
    for id in ["lanes", "acknowledge", "strips", "latency", "dialogues", "ladder"] {
        let svg = between(&page, &format!("<svg id=\"fig-{id}-svg\""), "</svg>")
            .next()
            .unwrap()
            .to_owned();
        assert!(svg.contains("<title id="), "{id}");
        assert!(svg.contains("<desc id="), "{id}");
        let table = between(&page, &format!("id=\"fig-{id}-table\""), "</div>")
            .next()
            .unwrap()
            .to_owned();
        for number in numbers(&model, id) {
            assert!(
                table.contains(&format!(">{number}<")),
                "figure {id} has no {number} in its table"
            );
        }
    }
}

/// What must stand in a cell of a figure's table.
fn numbers(model: &Model, id: &str) -> Vec<String> {
    use super::words::{length, story};
    let figures = &model.figures;
    match id {
        "lanes" => {
            let marks = figures.lanes.iter().flat_map(|lane| &lane.marks);
            let faults = figures.faults.iter().map(|fault| story(fault.from.story_ms));
            marks.map(|mark| story(mark.at.story_ms)).chain(faults).collect()
        }
        "acknowledge" => {
            let waits = figures.waits.iter();
            waits
                .flat_map(|wait| wait.story_ms.into_iter().chain(wait.deadline_ms))
                .map(length)
                .collect()
        }
        "strips" => {
            let gaps = figures.strips.iter().flat_map(|strip| &strip.gaps);
            // Both paths were down from 320 900 ms to 335 120 ms.
            gaps.map(|gap| gap.length_ms.to_string())
                .chain(["14220".to_owned()])
                .collect()
        }
        "latency" => {
            let rows = figures.latency.iter();
            rows.flat_map(|row| [row.min_ms, row.p50_ms, row.p90_ms, row.p99_ms, row.max_ms])
                .map(length)
                .collect()
        }
        "dialogues" => figures
            .dialogues
            .iter()
            .map(|step| story(step.at.story_ms))
            .collect(),
        _ => {
            let steps = figures.ladders.iter().flat_map(|ladder| &ladder.steps);
            let then = steps.clone().filter_map(|step| Some(step.history?.median()?.ms));
            steps.filter_map(|step| step.ms).chain(then).map(length).collect()
        }
    }
}

#[test]
fn a_report_is_a_draft_until_somebody_has_signed_it_off() {
    let mut model = sample::model();
    let marks = ["<p class=\"draft\">DRAFT", "content:\"DRAFT\""];
    assert!(marks.iter().all(|mark| page(&model).contains(mark)));
    model.overview.signed_off = Some(super::model::SignedOff {
        by: "Director".into(),
        at: sample::at(1_240_000),
        leaf: super::model::Leaf::new("excon", 0),
    });
    assert!(!marks.iter().any(|mark| page(&model).contains(mark)));
}

#[test]
fn an_empty_exercise_has_a_report_too() {
    let mut model = sample::model();
    model.figures.lanes.clear();
    model.figures.faults.clear();
    model.figures.waits.clear();
    model.figures.strips.clear();
    model.figures.ladders.clear();
    model.figures.dialogues.clear();
    model.figures.latency.clear();
    model.transcript.clear();
    model.expectations.clear();
    model.msel.clear();
    model.leaves.clear();
    let page = page(&model);
    assert_eq!(faults_of(&page), Vec::<String>::new());
    assert!(page.contains("No dialogue was opened."));
}

#[test]
fn a_log_that_does_not_verify_is_said_first() {
    let mut model = sample::model();
    model.integrity.logs.first_mut().unwrap().refused = Some("entry 7 was altered".into());
    let page = page(&model);
    assert!(page.contains("class=\"verdict bad\""));
    assert!(page.contains("<strong>no:</strong> entry 7 was altered"));
}

#[test]
fn times_of_any_size_are_drawn_inside_the_figures() {
    let mut model = sample::model();
    let far = super::model::Moment {
        story_ms: u64::MAX,
        line_ms: u64::MAX,
        wall_ms: u64::MAX,
        uncertain_ms: Some(u32::MAX),
        story_uncertain_ms: None,
    };
    let lanes = model.figures.lanes.iter_mut().flat_map(|lane| &mut lane.marks);
    lanes.step_by(3).for_each(|mark| mark.at = far);
    model
        .figures
        .faults
        .iter_mut()
        .for_each(|fault| (fault.from, fault.to) = (far, Some(sample::at(0))));
    model
        .figures
        .waits
        .iter_mut()
        .step_by(2)
        .for_each(|wait| wait.story_ms = Some(u64::MAX));
    model
        .figures
        .dialogues
        .iter_mut()
        .for_each(|step| (step.at, step.open) = (far, u32::MAX));
    let spans = model.figures.strips.iter_mut().flat_map(|strip| &mut strip.spans);
    spans.for_each(|span| (span.from_line_ms, span.to_line_ms) = (0, u64::MAX));
    let paths = model.figures.strips.iter_mut().flat_map(|strip| &mut strip.spans);
    paths.for_each(|span| span.state = super::model::StripState::Down);
    let steps = model
        .figures
        .ladders
        .iter_mut()
        .flat_map(|ladder| &mut ladder.steps);
    steps.for_each(|step| step.ms = Some(u64::MAX));
    model
        .figures
        .latency
        .iter_mut()
        .for_each(|row| row.max_ms = u64::MAX);
    model.msel.iter_mut().for_each(|row| row.actual = Some(far));
    model.overview.took_story_ms = u64::MAX;
    assert_eq!(faults_of(&page(&model)), Vec::<String>::new());
}
