//! What was expected beside what was observed.

use super::paragraph;
use crate::report::{
    html::{Html, Links, Table, text},
    model::{ClockName, ExpectRow, Outcome},
    words::length,
};

pub fn content(rows: &[ExpectRow], links: &Links<'_>) -> Html {
    if rows.is_empty() {
        return paragraph("Nothing was expected.");
    }
    let heads = ["id", "expected", "observed", "result", "score", "entries"];
    let mut table = Table::new("expectations", &heads);
    for row in rows {
        table.row(&[
            text(&row.id),
            expected(row),
            observed(row),
            result(row),
            text(&format!("{} of {}", row.score, row.score_of)),
            entries(row, links),
        ]);
    }
    table.end()
}

fn expected(row: &ExpectRow) -> Html {
    let objective = row
        .objective
        .as_ref()
        .map_or_else(String::new, |id| format!(" (objective {id})"));
    Html::ours(format!(
        "<strong>{}</strong>{}<br><small>{}</small>",
        text(&row.title),
        text(&objective),
        text(&row.expected)
    ))
}

fn observed(row: &ExpectRow) -> Html {
    let Some(value) = row.value_ms else {
        return text(&row.observed);
    };
    let clock = match row.clock {
        Some(ClockName::Line) => " of line",
        Some(ClockName::Story) => " of story",
        None => "",
    };
    let uncertain = row
        .uncertain_ms
        .map_or_else(String::new, |ms| format!(" \u{b1} {}", length(ms)));
    let limit = row
        .limit_ms
        .map_or_else(String::new, |ms| format!(", limit {}", length(ms)));
    Html::ours(format!(
        "{}<br><small>{}</small>",
        text(&row.observed),
        text(&format!("{}{uncertain}{clock}{limit}", length(value)))
    ))
}

fn result(row: &ExpectRow) -> Html {
    let (class, words) = match row.outcome {
        Outcome::Met => ("met", "met"),
        Outcome::Missed => ("missed", "NOT met"),
        Outcome::Undecided => ("missed", "NOT decided: the clocks are too uncertain"),
        Outcome::NotAsked => ("unasked", "not asked on this stage"),
    };
    let must = if row.must {
        "<br><small>must be met</small>"
    } else {
        ""
    };
    Html::ours(format!("<span class=\"{class}\">{words}</span>{must}"))
}

fn entries(row: &ExpectRow, links: &Links<'_>) -> Html {
    let links: Vec<String> = row
        .leaves
        .iter()
        .map(|leaf| links.entry(leaf).to_string())
        .collect();
    Html::ours(if links.is_empty() {
        "\u{2013}".into()
    } else {
        links.join("<br>")
    })
}
