//! The columns of a plan.

use std::collections::BTreeMap;

use super::{
    grid::{Grid, Row},
    mistake::{COLUMNS, Mistake, SheetErrors},
};
use crate::scenario::suggest::nearest;

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// The inject's number.
    Serial,
    /// When it is to come.
    Planned,
    /// When it came.
    Actual,
    /// Contextual, expected-action or contingency.
    Type,
    /// How it comes.
    Method,
    /// Which desk sends; of other methods in whose name.
    From,
    /// Which seats are told.
    To,
    /// Of a message.
    Precedence,
    /// What it says or does.
    Text,
    /// What players are to do.
    Expected,
    /// Which objective it serves.
    Objective,
    /// Which controller is responsible.
    Controller,
    /// The expectation whose failing brings it.
    Contingency,
    /// What became of it.
    Status,
}

impl Column {
    /// All, in the order in which they are written.
    pub const ALL: [Self; 14] = [
        Self::Serial,
        Self::Planned,
        Self::Actual,
        Self::Type,
        Self::Method,
        Self::From,
        Self::To,
        Self::Precedence,
        Self::Text,
        Self::Expected,
        Self::Objective,
        Self::Controller,
        Self::Contingency,
        Self::Status,
    ];

    /// Those without which there is no plan.
    const NEEDED: [Self; 4] = [Self::Serial, Self::Planned, Self::Method, Self::Text];

    /// Its head.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Serial => "serial",
            Self::Planned => "planned T+",
            Self::Actual => "actual",
            Self::Type => "type",
            Self::Method => "method",
            Self::From => "from",
            Self::To => "to",
            Self::Precedence => "precedence",
            Self::Text => "text",
            Self::Expected => "expected action",
            Self::Objective => "objective",
            Self::Controller => "responsible controller",
            Self::Contingency => "contingency",
            Self::Status => "status",
        }
    }

    /// The column by its head, in letters of any size.
    fn by_name(head: &str) -> Option<Self> {
        let same = |column: &Self| column.name().eq_ignore_ascii_case(head);
        Self::ALL.into_iter().find(same)
    }
}

/// Where each column stands, counted from 0.
pub(super) type Places = BTreeMap<Column, usize>;

/// Rows above the columns' heads, at most: a title, an empty row, a line of handling.
const ABOVE_MAX: usize = 20;

/// Finds the row of heads: the first that has a cell `serial`. What stands above it is a title.
pub(super) fn heads(grid: &Grid) -> Result<(Places, &[Row]), SheetErrors> {
    let is_head = |row: &Row| {
        let mut heads = row.cells.iter().map(|cell| head(&cell.text()));
        heads.any(|head| Column::by_name(&head) == Some(Column::Serial))
    };
    let found = grid.rows.iter().take(ABOVE_MAX).position(is_head);
    let Some(at) = found else {
        let all = Column::ALL.map(Column::name).join(", ");
        let what = format!(
            "no cell of its first {ABOVE_MAX} rows is the head \"serial\"; the columns of a plan are {all}"
        );
        return Err(SheetErrors::one(Mistake::new(COLUMNS, grid.place(), what)));
    };
    let mut errors = SheetErrors::default();
    let mut places = Places::new();
    let row = &grid.rows[at];
    for (no, cell) in row.cells.iter().enumerate() {
        let head = head(&cell.text());
        if head.is_empty() {
            continue;
        }
        let place = format!("{}, cell {}", grid.place(), row.name(no));
        match Column::by_name(&head) {
            None => errors.push(Mistake::new(COLUMNS, place, unknown(&head))),
            Some(column) if places.contains_key(&column) => {
                let what = format!("\"{head}\" is the head of two columns; keep one");
                errors.push(Mistake::new(COLUMNS, place, what));
            }
            Some(column) => drop(places.insert(column, no)),
        }
    }
    for column in Column::NEEDED {
        if !places.contains_key(&column) {
            let what = format!("the column \"{}\" lacks; a plan needs it", column.name());
            let place = format!("{}, row {}", grid.place(), row.number);
            errors.push(Mistake::new(COLUMNS, place, what));
        }
    }
    errors.or((places, &grid.rows[at + 1..]))
}

/// A head as it counts: single spaces, none around it.
fn head(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn unknown(head: &str) -> String {
    let names = Column::ALL.map(Column::name);
    let small = head.to_lowercase();
    match nearest(&small, names) {
        Some(near) => format!("\"{head}\" is no column of a plan; did you mean \"{near}\"?"),
        None => format!(
            "\"{head}\" is no column of a plan; there is {}. Take it out, or leave its head empty",
            names.join(", ")
        ),
    }
}
