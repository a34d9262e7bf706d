//! A scenario's plan as rows.

use std::{borrow::Cow, collections::BTreeMap};

use super::{columns::Column, deed, text, when};
use crate::scenario::{
    Scenario,
    mark::Serial,
    msel::{Deed, Inject},
};

/// What became of an inject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Became {
    /// When it came, as T+; empty if it did not.
    pub actual: String,
    /// Its last status.
    pub status: String,
}

impl Became {
    /// What the report's row says of it.
    #[must_use]
    pub fn of(row: &crate::report::model::MselRow) -> Self {
        let at = row.actual.as_ref();
        Self {
            actual: at.map_or_else(String::new, |at| {
                when::show_at(std::time::Duration::from_millis(at.story_ms))
            }),
            status: row.status.clone(),
        }
    }
}

/// A row of a sheet, a cell for each of [`Column::ALL`].
pub type Cells = [String; Column::ALL.len()];

/// A row for each inject, in the order of the file. `became` is empty for a plan that was not played.
#[must_use]
pub fn export(scenario: &Scenario, became: &BTreeMap<Serial, Became>) -> Vec<Cells> {
    let rows = scenario.injects().map(|inject| row(inject, became));
    rows.collect()
}

fn row(inject: &Inject, became: &BTreeMap<Serial, Became>) -> Cells {
    let (planned, contingency) = when::show(&inject.when);
    let here = became.get(&inject.serial).cloned().unwrap_or_else(|| Became {
        actual: String::new(),
        status: if became.is_empty() {
            "PENDING".into()
        } else {
            String::new()
        },
    });
    let to: Vec<&str> = inject.to.iter().map(|seat| seat.value.as_str()).collect();
    let precedence = match &inject.deed {
        Deed::Message { sending, .. } => sending.precedence.map_or("", |level| level.name()),
        _ => "",
    };
    Column::ALL.map(|column| match column {
        Column::Serial => inject.serial.to_string(),
        Column::Planned => planned.clone(),
        Column::Actual => here.actual.clone(),
        Column::Type => inject.kind.name().to_owned(),
        Column::Method => inject.deed.method().name().to_owned(),
        Column::From => deed::show_from(inject),
        Column::To => to.join(", "),
        Column::Precedence => precedence.to_owned(),
        Column::Text => deed::show(inject),
        Column::Expected => text::show(&inject.expected),
        Column::Objective => inject
            .objective
            .as_ref()
            .map_or_else(String::new, |of| of.value.clone()),
        Column::Controller => inject.controller.clone().unwrap_or_default(),
        Column::Contingency => contingency.clone(),
        Column::Status => here.status.clone(),
    })
}

/// The heads of the columns, then the rows, each cell as it may stand in a file.
pub(super) fn neutral(rows: &[Cells]) -> impl Iterator<Item = [Cow<'_, str>; Column::ALL.len()]> {
    let heads = Column::ALL.map(|column| Cow::Borrowed(column.name()));
    let rows = rows
        .iter()
        .map(|row| row.each_ref().map(|cell| crate::formula::neutral(cell)));
    std::iter::once(heads).chain(rows)
}
