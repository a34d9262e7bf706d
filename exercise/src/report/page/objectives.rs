//! Each objective with its ratings, its expectations and what evaluators noted.

use super::{heading, items, paragraph};
use crate::{
    record::Rating,
    report::{
        html::{Html, Links, Table, text},
        model::{Model, NoteRow, ObjectiveRow, Outcome},
        words::story,
    },
};

pub fn content(model: &Model, links: &Links<'_>) -> Html {
    let mut out = paragraph(
        "Ratings as in HSEEP: P, performed without challenges; S, performed with some challenges; M, performed with major \
         challenges; U, unable to be performed.",
    );
    for objective in &model.objectives {
        out.push(&one(model, objective, links));
    }
    if !model.notes.is_empty() {
        out.push(&heading("Notes about no single objective"));
        out.push(&notes(&model.notes, links));
    }
    out
}

fn one(model: &Model, objective: &ObjectiveRow, links: &Links<'_>) -> Html {
    let mut out = heading(&format!("{} {}", objective.id, objective.title));
    if let Some(capability) = &objective.capability {
        out.push(&paragraph(&format!("Capability: {capability}")));
    }
    if !objective.targets.is_empty() {
        out.push(&items(objective.targets.iter().map(|target| text(target))));
    }
    out.push(&paragraph(&format!(
        "Score of its expectations: {} of {}.",
        objective.score, objective.score_of
    )));
    out.push(&ratings(objective, links));
    out.push(&named(model, objective, "Strengths", &[Outcome::Met]));
    out.push(&named(
        model,
        objective,
        "Areas for improvement",
        &[Outcome::Missed, Outcome::Undecided],
    ));
    if !objective.notes.is_empty() {
        out.push(&Html::ours("<h4>Evaluators\u{2019} notes</h4>\n".into()));
        out.push(&notes(&objective.notes, links));
    }
    out
}

fn ratings(objective: &ObjectiveRow, links: &Links<'_>) -> Html {
    if objective.ratings.is_empty() {
        return paragraph("Nobody has rated it.");
    }
    let mut table = Table::new("ratings", &["rating", "by", "story", "why", "entry"]);
    for rating in &objective.ratings {
        table.row(&[
            Html::ours(format!("<strong>{}</strong>", text(words(rating.rating)))),
            text(&rating.author),
            text(&story(rating.at.story_ms)),
            text(&rating.text),
            links.entry(&rating.leaf),
        ]);
    }
    table.end()
}

const fn words(rating: Rating) -> &'static str {
    match rating {
        Rating::P => "P, without challenges",
        Rating::S => "S, some challenges",
        Rating::M => "M, major challenges",
        Rating::U => "U, unable to be performed",
    }
}

/// The objective's own expectations of some outcomes, under a heading; nothing if there are none.
fn named(model: &Model, objective: &ObjectiveRow, name: &str, outcomes: &[Outcome]) -> Html {
    let rows = model.expectations.iter().filter(|row| {
        row.objective.as_deref() == Some(objective.id.as_str()) && outcomes.contains(&row.outcome)
    });
    let lines: Vec<Html> = rows
        .map(|row| {
            Html::ours(format!(
                "<strong>{}</strong> {}: {}",
                text(&row.id),
                text(&row.title),
                text(&row.observed)
            ))
        })
        .collect();
    if lines.is_empty() {
        return Html::default();
    }
    let mut out = Html::ours(format!("<h4>{}</h4>\n", text(name)));
    out.push(&items(lines.into_iter()));
    out
}

fn notes(notes: &[NoteRow], links: &Links<'_>) -> Html {
    let mut table = Table::new("notes", &["story", "UTC", "by", "note", "entry"]);
    for note in notes {
        table.row(&[
            text(&story(note.at.story_ms)),
            text(&note.at.utc()),
            text(&note.author),
            text(&note.text),
            links.entry(&note.leaf),
        ]);
    }
    table.end()
}
