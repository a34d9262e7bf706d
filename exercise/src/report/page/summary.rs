//! One page for whoever reads one page. Nothing in it is made up: sentences are the scenario's and control's, the rest is
//! counted.

use super::{heading, items, paragraph};
use crate::report::{
    html::{Html, Links, Table, text},
    model::{Counts, ExpectRow, Model, Outcome},
    words::story,
};

pub fn content(model: &Model, links: &Links<'_>) -> Html {
    let summary = &model.summary;
    let mut out = heading("What was asked");
    out.push(&items(summary.asked.iter().map(|line| text(line))));
    out.push(&heading("What happened"));
    out.push(&paragraph(&result(model)));
    out.push(&counts(&summary.counts));
    if !summary.counts.precedences.is_empty() {
        out.push(&precedences(&summary.counts));
    }
    out.push(&heading("Strengths"));
    out.push(&named(model, &summary.strengths, "No expectation was met."));
    out.push(&heading("Areas for improvement"));
    out.push(&named(
        model,
        &summary.weaknesses,
        "Every expectation that was asked was met.",
    ));
    if !summary.noted.is_empty() {
        out.push(&heading("Noted by control"));
        out.push(&items(summary.noted.iter().map(|note| {
            Html::ours(format!(
                "{} ({}, {}) {}",
                text(&note.text),
                text(&note.author),
                text(&story(note.at.story_ms)),
                links.entry(&note.leaf)
            ))
        })));
    }
    out
}

fn result(model: &Model) -> String {
    let asked = |row: &&ExpectRow| row.outcome != Outcome::NotAsked;
    let met = |row: &&ExpectRow| row.outcome == Outcome::Met;
    let must = model.expectations.iter().filter(asked).filter(|row| row.must);
    let (all, kept) = (must.clone().count(), must.filter(met).count());
    format!(
        "{} of {} expectations were met, {kept} of the {all} that must be. Score: {} of {}.",
        model.expectations.iter().filter(met).count(),
        model.expectations.iter().filter(asked).count(),
        model.summary.counts.score,
        model.summary.counts.score_of
    )
}

fn counts(counts: &Counts) -> Html {
    let mut table = Table::new("counts", &["counted", "number"]);
    let rows = [
        ("FORMAL messages released", counts.messages),
        ("delivered", counts.delivered),
        ("acknowledged by a person", counts.acknowledged),
        ("answered", counts.answered),
        ("accepted and lost", counts.lost),
        ("shown twice", counts.shown_twice),
        ("dialogues open at the end", counts.open),
        ("injects delivered or done by hand", counts.injects_done),
        ("injects skipped", counts.injects_skipped),
        ("injects failed or unknown", counts.injects_failed),
        ("contingencies not needed", counts.injects_not_needed),
        ("faults put on", counts.faults),
        ("orders of control refused", counts.refused),
    ];
    for (name, number) in rows {
        table.row(&[text(name), text(&number.to_string())]);
    }
    table.end()
}

fn precedences(counts: &Counts) -> Html {
    let mut table = Table::new("precedences", &["side", "precedence", "FORMAL messages"]);
    for count in &counts.precedences {
        table.row(&[
            text(&count.side),
            text(&count.precedence),
            text(&count.messages.to_string()),
        ]);
    }
    table.end()
}

fn named(model: &Model, ids: &[String], none: &str) -> Html {
    let rows = ids
        .iter()
        .filter_map(|id| model.expectations.iter().find(|row| row.id == *id));
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return paragraph(none);
    }
    items(rows.map(|row| {
        Html::ours(format!(
            "<strong>{}</strong> {} Observed: {} ({} of {} points)",
            text(&row.id),
            text(&format!("{}.", row.title)),
            text(&row.observed),
            row.score,
            row.score_of
        ))
    }))
}
