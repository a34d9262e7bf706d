//! The improvement plan, as control entered it.

use super::paragraph;
use crate::report::{
    html::{Html, Links, Table, text},
    model::ImprovementRow,
};

pub fn content(rows: &[ImprovementRow], links: &Links<'_>) -> Html {
    if rows.is_empty() {
        return paragraph("Control has entered no findings.");
    }
    let mut table = Table::new("improvements", &["finding", "action", "owner", "due", "entry"]);
    for row in rows {
        table.row(&[
            text(&row.finding),
            text(&row.action),
            text(&row.owner),
            text(&row.due),
            links.entry(&row.leaf),
        ]);
    }
    table.end()
}
