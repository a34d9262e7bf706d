//! The figure in numbers: what it shows, row by row, and the faults.

use super::{CLASSES, Shown, shown};
use crate::report::{
    html::{Html, Links, Table, text},
    model::{FaultSpan, Lane},
    svg::Scale,
    words::{list, story},
};

/// A lane's marks, or their columns.
pub fn rows(table: &mut Table, lane: &Lane, scale: &Scale, links: &Links<'_>) {
    for (class, row) in shown(lane, scale) {
        for shown in row {
            let (first, what, about) = match shown {
                Shown::One(mark) => (mark, mark.kind.clone(), mark.text.clone()),
                Shown::Many(first, last, count) => {
                    let until = format!("until {}", story(last.at.story_ms));
                    let named = CLASSES.iter().find(|(known, _, _)| *known == class);
                    let named = named.map_or("", |(_, _, words)| *words);
                    (first, format!("{count} times: {named}"), until)
                }
            };
            table.row(&[
                text(&lane.name),
                text(&story(first.at.story_ms)),
                text(&first.at.utc()),
                text(&what),
                text(&about),
                links.entry(&first.leaf),
            ]);
        }
    }
}

/// Every fault, with its number in the figure; nothing if there are none.
pub fn faults(faults: &[FaultSpan], links: &Links<'_>) -> Html {
    if faults.is_empty() {
        return Html::default();
    }
    let mut table = Table::new(
        "faults",
        &["", "fault", "what", "category", "links", "from", "to", "entry"],
    );
    for (number, fault) in faults.iter().enumerate() {
        let to = fault
            .to
            .map_or_else(|| "never taken off".into(), |to| story(to.story_ms));
        table.row(&[
            text(&format!("F{}", number + 1)),
            text(&fault.name),
            text(&fault.fault),
            text(fault.category.as_deref().unwrap_or("\u{2013}")),
            text(&list(&fault.links)),
            text(&story(fault.from.story_ms)),
            text(&to),
            links.entry(&fault.leaf),
        ]);
    }
    table.end()
}
