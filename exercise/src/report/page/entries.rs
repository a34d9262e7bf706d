//! Every entry that something in the page links to, one table a log.

use super::{code, paragraph};
use crate::report::{
    html::{Html, Table, leaf_id, text},
    model::LeafRow,
    words::{length, story},
};

pub fn content(rows: &[LeafRow]) -> Html {
    let mut out = paragraph(
        "Index of the entry in its log, from 0; who signed it; story time; SHA-256 of its bytes. Annex E says how to see an \
         entry and prove that it is in its log.",
    );
    let mut rest = rows;
    while let Some(first) = rest.first() {
        let count = rest
            .iter()
            .take_while(|row| row.leaf.log == first.leaf.log)
            .count();
        let (log, behind) = rest.split_at(count);
        out.push(&Html::ours(format!("<h3>{}</h3>\n", text(&first.leaf.log))));
        out.push(&table(log));
        rest = behind;
    }
    out
}

fn table(rows: &[LeafRow]) -> Html {
    let mut table = Table::new(
        "entries",
        &["entry", "kind", "about", "signed by", "story", "SHA-256"],
    );
    for row in rows {
        let uncertain = match row.at.story_uncertain_ms {
            Some(0) => String::new(),
            Some(ms) => format!(" \u{b1} {}", length(u64::from(ms))),
            None => " \u{b1} unknown".to_owned(),
        };
        table.row_named(
            &leaf_id(&row.leaf),
            &[
                text(&row.leaf.leaf.to_string()),
                text(&row.kind),
                text(&row.subject),
                text(&row.who),
                text(&format!("{}{uncertain}", story(row.at.story_ms))),
                code(&row.sha256),
            ],
        );
    }
    table.end()
}
