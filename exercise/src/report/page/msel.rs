//! The plan beside what became of it.

use super::paragraph;
use crate::report::{
    html::{Html, Links, Table, text},
    model::MselRow,
    words::{list, signed, story},
};

pub fn content(rows: &[MselRow], links: &Links<'_>) -> Html {
    if rows.is_empty() {
        return paragraph("The scenario has no injects.");
    }
    let mut table = Table::new(
        "msel",
        &[
            "serial", "inject", "planned", "actual", "late by", "status", "entry",
        ],
    );
    for row in rows {
        let planned = row.planned.story_ms.map_or_else(|| "no moment".into(), story);
        table.row(&[
            text(&row.serial),
            inject(row),
            Html::ours(format!("{}<br>{}", text(&planned), small(&row.planned.words))),
            text(
                &row.actual
                    .map_or_else(|| "\u{2013}".into(), |at| story(at.story_ms)),
            ),
            text(&row.late_ms().map_or_else(|| "\u{2013}".into(), signed)),
            status(row),
            links.maybe(row.leaf.as_ref()),
        ]);
    }
    table.end()
}

fn small(words: &str) -> Html {
    Html::ours(format!("<small>{}</small>", text(words)))
}

fn status(row: &MselRow) -> Html {
    if row.result.is_empty() {
        text(&row.status)
    } else {
        Html::ours(format!("{}<br>{}", text(&row.status), small(&row.result)))
    }
}

fn inject(row: &MselRow) -> Html {
    let mut about = vec![row.kind.clone(), row.method.clone()];
    about.extend(row.category.clone());
    about.extend(row.precedence.clone());
    about.extend(row.from.as_ref().map(|from| format!("from {from}")));
    if !row.to.is_empty() {
        about.push(format!("to {}", row.to.join(" and ")));
    }
    about.extend(row.objective.as_ref().map(|id| format!("objective {id}")));
    about.extend(row.controller.as_ref().map(|name| format!("controller {name}")));
    let mut out = Html::ours(format!(
        "<strong>{}</strong><br>{}<br>{}",
        text(&row.title),
        small(&format!("{} \u{203a} {}", row.event, row.incident)),
        small(&list(&about)),
    ));
    if !row.text.is_empty() {
        out.push(&Html::ours(format!("<br>{}", text(&row.text))));
    }
    if !row.expected.is_empty() {
        out.push(&Html::ours(format!(
            "<br><em>Expected action:</em> {}",
            text(&row.expected)
        )));
    }
    out
}
