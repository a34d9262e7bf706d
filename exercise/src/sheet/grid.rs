//! A sheet as cells with their places, whatever file it came from.

use std::borrow::Cow;

use super::mistake::{Mistake, NO_SHEET, SheetErrors};
use crate::formula::plain;

/// Largest file, in bytes. A plan of 300 injects has a hundredth of it.
pub const FILE_MAX: usize = 16 * 1024 * 1024;
/// Most rows.
pub const ROWS_MAX: usize = 2_000;
/// Most columns.
pub const COLUMNS_MAX: usize = 64;
/// Longest cell, in characters: what a spreadsheet holds.
pub const CELL_MAX: usize = 32_767;

/// A sheet.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// The file, as mistakes name it.
    pub file: String,
    /// The sheet's name, of a file that has several.
    pub sheet: Option<String>,
    /// Its rows; empty ones may be left out.
    pub rows: Vec<Row>,
}

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// As a spreadsheet counts it: from 1.
    pub number: u32,
    /// Its cells, from column A on.
    pub cells: Vec<Cell>,
}

/// A cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Cell {
    /// Nothing.
    #[default]
    Empty,
    /// Words, as they were typed: without the apostrophe that keeps them from being a formula.
    Text(String),
    /// A number.
    Number(f64),
    /// A time of day or a length of time, in days.
    Time(f64),
    /// A day of the calendar, as a spreadsheet makes one of `1.1.1`.
    Date,
    /// What a spreadsheet shows of a formula that failed: `#REF!`.
    Error(String),
}

impl Cell {
    /// Words as they stand in a file.
    pub(super) fn typed(text: &str) -> Self {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        if text.trim().is_empty() {
            return Self::Empty;
        }
        Self::Text(plain(&text).into_owned())
    }

    /// In words, as a person sees it.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Empty => Cow::Borrowed(""),
            Self::Text(text) | Self::Error(text) => Cow::Borrowed(text),
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Time(days) => Cow::Owned(format!("{days} days")),
            Self::Date => Cow::Borrowed("a date"),
        }
    }

    /// Nothing stands there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::Empty
    }
}

impl Row {
    /// The cell's name: `B7`. Columns are counted from 0.
    #[must_use]
    pub fn name(&self, column: usize) -> String {
        format!("{}{}", letters(column), self.number)
    }

    /// Nothing stands in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.iter().all(Cell::is_empty)
    }
}

/// `A` to `Z`, `AA` and so on.
pub(super) fn letters(column: usize) -> String {
    let letter = char::from(b'A' + u8::try_from(column % 26).unwrap_or(0));
    match column / 26 {
        0 => letter.to_string(),
        more => format!("{}{letter}", letters(more - 1)),
    }
}

impl Grid {
    /// `msel.xlsx, sheet "MSEL"`.
    #[must_use]
    pub fn place(&self) -> String {
        match &self.sheet {
            None => self.file.clone(),
            Some(sheet) => format!("{}, sheet \"{sheet}\"", self.file),
        }
    }

    pub(super) fn refuse(&self, at: Option<String>, what: impl Into<String>) -> SheetErrors {
        let place = match at {
            None => self.place(),
            Some(cell) => format!("{}, cell {cell}", self.place()),
        };
        SheetErrors::one(Mistake::new(NO_SHEET, place, what))
    }

    /// Refuses what is larger than any plan.
    pub(super) fn within(&self, row: usize, column: usize, letters_of: usize) -> Result<(), SheetErrors> {
        let at = || Some(format!("{}{}", letters(column), row + 1));
        if row >= ROWS_MAX {
            return Err(self.refuse(at(), format!("a plan has at most {ROWS_MAX} rows")));
        }
        if column >= COLUMNS_MAX {
            return Err(self.refuse(at(), format!("a plan has at most {COLUMNS_MAX} columns")));
        }
        if letters_of > CELL_MAX {
            return Err(self.refuse(at(), format!("a cell holds at most {CELL_MAX} characters")));
        }
        Ok(())
    }
}

/// Reads CSV: UTF-8, with or without a mark at its beginning, cells apart by `,`, `;` or tabs, as its first row shows.
///
/// # Errors
/// [`SheetErrors`]: too large, no UTF-8, or a quotation mark that nothing ends.
pub fn csv(file: &str, bytes: &[u8]) -> Result<Grid, SheetErrors> {
    let mut grid = Grid {
        file: file.to_owned(),
        sheet: None,
        rows: Vec::new(),
    };
    if bytes.len() > FILE_MAX {
        return Err(grid.refuse(None, format!("the file is larger than {FILE_MAX} bytes")));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        let what = format!("line {line} is no UTF-8; save it as \"CSV UTF-8\"");
        grid.refuse(None, what)
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(text))
        .from_reader(text.as_bytes());
    let numbers = row_numbers(text, delimiter(text));
    for (count, record) in reader.records().enumerate() {
        let no = numbers.get(count).copied().unwrap_or(count);
        let record = record.map_err(|error| grid.refuse(None, format!("it is no CSV: {error}")))?;
        for (column, cell) in record.iter().enumerate() {
            grid.within(no, column, cell.chars().count())?;
        }
        grid.rows.push(Row {
            number: u32::try_from(no + 1).unwrap_or(u32::MAX),
            cells: record.iter().map(Cell::typed).collect(),
        });
    }
    Ok(grid)
}

/// The number of each row that is not empty, from 0. The reader leaves empty ones out; a spreadsheet counts them.
fn row_numbers(text: &str, mark: u8) -> Vec<usize> {
    let (mut numbers, mut row) = (Vec::new(), 0);
    let (mut quoted, mut cell_begins, mut row_begins) = (false, true, true);
    let mut before = b'\n';
    for byte in text.bytes() {
        let ends = matches!(byte, b'\n' | b'\r');
        if ends && !quoted {
            // A carriage return and a line feed behind it end one row.
            row += usize::from(!(byte == b'\n' && before == b'\r'));
            (cell_begins, row_begins) = (true, true);
        } else {
            if row_begins {
                numbers.push(row);
                row_begins = false;
            }
            match byte {
                b'"' if quoted || cell_begins => quoted = !quoted,
                // Behind the second of two quotation marks the cell goes on as it was.
                b'"' if before == b'"' => quoted = true,
                _ => {}
            }
            cell_begins = byte == mark && !quoted;
        }
        before = byte;
    }
    numbers
}

/// What stands between cells: whatever the first row that has any has most of.
fn delimiter(text: &str) -> u8 {
    let count = |line: &str, mark: u8| line.bytes().filter(|byte| *byte == mark).count();
    let first = text.lines().find(|line| line.contains([',', ';', '\t']));
    let marks = [b',', b';', b'\t'];
    let most = marks
        .into_iter()
        .rev()
        .max_by_key(|mark| first.map_or(0, |line| count(line, *mark)));
    most.unwrap_or(b',')
}
