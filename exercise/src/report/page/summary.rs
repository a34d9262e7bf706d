//! One page for whoever reads one page. Nothing in it is made up: sentences are the scenario's and control's, the rest is
//! counted.

use std::collections::BTreeMap;

use super::{heading, items, paragraph};
use crate::report::{
    html::{Html, Links, Table, text},
    model::{Counts, ExpectRow, Model, Outcome},
    words::{length, story},
};

/// The precedences that need two officers and wake people.
const URGENT: [&str; 2] = ["OVERRIDE", "FLASH"];

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
    let heads = [
        "side",
        "precedence",
        "FORMAL messages",
        "share of the side\u{2019}s",
        "median until acknowledged",
        "words of the longest",
    ];
    let mut table = Table::new("precedences", &heads);
    for count in &counts.precedences {
        let median = count.acknowledge_median_ms;
        table.row(&[
            text(&count.side),
            text(&count.precedence),
            text(&count.messages.to_string()),
            text(&percent(count.share_thousandths)),
            text(&median.map_or_else(|| "\u{2013}".to_owned(), length)),
            text(&count.words_most.to_string()),
        ]);
    }
    let mut out = table.end();
    out.push(&items(urgent(counts).map(|line| text(&line))));
    out
}

/// What each side sent as urgent, in a sentence: where everything is urgent nothing is.
fn urgent(counts: &Counts) -> impl Iterator<Item = String> {
    let mut sides: BTreeMap<&str, (u32, u32, u32)> = BTreeMap::new();
    for count in &counts.precedences {
        let (urgent, share, all) = sides.entry(&count.side).or_default();
        *all += count.messages;
        if URGENT.contains(&count.precedence.as_str()) {
            *urgent += count.messages;
            *share += count.share_thousandths;
        }
    }
    sides.into_iter().map(|(side, (urgent, share, all))| {
        let share = percent(share.min(1_000));
        format!("Side {side} sent {urgent} of its {all} FORMAL messages ({share}) as FLASH or OVERRIDE.")
    })
}

/// `6.8 %`.
fn percent(thousandths: u32) -> String {
    format!("{}.{} %", thousandths / 10, thousandths % 10)
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
