//! Reading a workbook, which is a zip of XML: how large it becomes is found out before anything of it is believed.

use std::io::{Cursor, Read as _};

use calamine::{DataRef, Reader as _, Xlsx, XlsxError};
use zip::ZipArchive;

use super::{
    grid::{COLUMNS_MAX, Cell, FILE_MAX, Grid, ROWS_MAX, Row, letters},
    mistake::{Mistake, NO_SHEET, SheetErrors},
};

/// Most bytes of all parts of a workbook together, as they are when they are unpacked.
pub const INFLATED_MAX: u64 = 64 * 1024 * 1024;
/// Most parts of a workbook.
const PARTS_MAX: usize = 1_000;
/// Most merged areas.
const MERGED_MAX: usize = 10_000;
/// The sheet that is read if there is one of that name, in letters of any size; else the first.
const SHEET: &str = "MSEL";

/// Reads one sheet of a workbook: `MSEL`, or else the first.
///
/// # Errors
/// [`SheetErrors`]: no workbook, one that is too large, or merged cells.
pub fn xlsx(file: &str, bytes: &[u8]) -> Result<Grid, SheetErrors> {
    let mut grid = Grid {
        file: file.to_owned(),
        sheet: None,
        rows: Vec::new(),
    };
    if bytes.len() > FILE_MAX {
        return Err(grid.refuse(None, format!("the file is larger than {FILE_MAX} bytes")));
    }
    bounded(bytes).map_err(|what| grid.refuse(None, what))?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| broken(&grid, &error))?;
    let names = book.sheet_names();
    let named = names.iter().find(|name| name.eq_ignore_ascii_case(SHEET));
    let Some(name) = named.or(names.first()).cloned() else {
        return Err(grid.refuse(None, "there is no sheet in it"));
    };
    grid.sheet = Some(name.clone());
    let mut reader = book
        .worksheet_cells_reader(&name)
        .map_err(|error| broken(&grid, &error))?;
    while let Some(cell) = reader.next_cell().map_err(|error| broken(&grid, &error))? {
        let (row, column) = cell.get_position();
        let (row, column) = (row as usize, column as usize);
        let value = value(cell.get_value());
        // A sheet may be formatted down to its last row; what is empty there is no part of the plan.
        if !value.is_empty() {
            grid.within(row, column, value.text().chars().count())?;
            put(&mut grid, row, column, value);
        }
    }
    drop(reader);
    let merged = book
        .merge_cells_by_sheet_name(&name)
        .map_err(|error| broken(&grid, &error))?;
    refuse_merged(&grid, &merged)?;
    Ok(grid)
}

/// Unpacks everything once, holding nothing of it: what a workbook says of its own sizes is no evidence.
fn bounded(bytes: &[u8]) -> Result<(), String> {
    let no_book = |error: &dyn std::fmt::Display| format!("it is no XLSX workbook: {error}");
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| no_book(&error))?;
    if archive.len() > PARTS_MAX {
        return Err(format!(
            "it has {} parts; a workbook has at most {PARTS_MAX}",
            archive.len()
        ));
    }
    let mut left = INFLATED_MAX;
    for part in 0..archive.len() {
        let entry = archive.by_index(part).map_err(|error| no_book(&error))?;
        let claimed = entry.size();
        let found = match claimed > left {
            true => claimed,
            false => std::io::copy(&mut entry.take(left + 1), &mut std::io::sink())
                .map_err(|error| no_book(&error))?,
        };
        if found > left {
            return Err(format!("unpacked it is larger than {INFLATED_MAX} bytes"));
        }
        left -= found;
    }
    Ok(())
}

fn broken(grid: &Grid, error: &XlsxError) -> SheetErrors {
    grid.refuse(None, format!("it is no XLSX workbook: {error}"))
}

fn value(value: &DataRef<'_>) -> Cell {
    match value {
        DataRef::Empty => Cell::Empty,
        DataRef::Int(number) => Cell::Number(*number as f64),
        DataRef::Float(number) => Cell::Number(*number),
        DataRef::String(text) => Cell::typed(text),
        DataRef::SharedString(text) => Cell::typed(text),
        DataRef::Bool(truth) => Cell::Text(if *truth { "TRUE" } else { "FALSE" }.to_owned()),
        // A time of day is a part of a day; from 1 on it is one of a certain day, unless it counts hours beyond 24.
        DataRef::DateTime(at) if at.is_duration() || (0.0..1.0).contains(&at.as_f64()) => {
            Cell::Time(at.as_f64())
        }
        DataRef::DateTime(_) | DataRef::DateTimeIso(_) | DataRef::DurationIso(_) => Cell::Date,
        DataRef::Error(error) => Cell::Error(error.to_string()),
    }
}

/// Puts a cell into its place, which is within bounds.
fn put(grid: &mut Grid, row: usize, column: usize, value: Cell) {
    let number = u32::try_from(row + 1).unwrap_or(u32::MAX);
    let at = match grid.rows.binary_search_by_key(&number, |row| row.number) {
        Ok(at) => at,
        Err(at) => {
            let cells = Vec::new();
            grid.rows.insert(at, Row { number, cells });
            at
        }
    };
    let cells = &mut grid.rows[at].cells;
    if cells.len() <= column {
        cells.resize(column + 1, Cell::Empty);
    }
    cells[column] = value;
}

/// What stands in merged cells belongs to several rows or columns at once, and to none for certain. A title above the plan
/// may be merged.
fn refuse_merged(grid: &Grid, merged: &[calamine::Dimensions]) -> Result<(), SheetErrors> {
    let Ok((_, rows)) = super::columns::heads(grid) else {
        // Whoever reads the columns says what is wrong with them.
        return Ok(());
    };
    let first = rows.first().map_or(u32::MAX, |row| row.number);
    let mut errors = SheetErrors::default();
    for area in merged.iter().take(MERGED_MAX) {
        let ((top, left), (bottom, right)) = (area.start, area.end);
        if bottom.saturating_add(1) < first || left as usize >= COLUMNS_MAX || top as usize >= ROWS_MAX {
            continue;
        }
        let name = |row: u32, column: u32| format!("{}{}", letters(column as usize), row.saturating_add(1));
        let (from, to) = (name(top, left), name(bottom, right));
        let what = format!("{from} to {to} are merged; unmerge them, and write into each cell what it means");
        let place = format!("{}, cell {from}", grid.place());
        errors.push(Mistake::new(NO_SHEET, place, what));
    }
    errors.or(())
}
