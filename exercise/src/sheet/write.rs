//! Rows as bytes: CSV and XLSX. The same rows give the same bytes.

use rust_xlsxwriter::{
    DataValidation, DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, XlsxError,
};

use super::{
    columns::Column,
    export::{Cells, neutral},
    grid::ROWS_MAX,
};
use crate::scenario::lists::{InjectKind, Method};
use hotline_core::precedence::Precedence;

/// The rows cannot be written as a sheet.
#[derive(Debug, thiserror::Error)]
pub enum CannotWrite {
    /// As CSV.
    #[error("the rows cannot be written as CSV")]
    Csv(#[source] csv::Error),
    /// As XLSX.
    #[error("the rows cannot be written as a workbook")]
    Xlsx(#[from] XlsxError),
}

/// CSV (RFC 4180): UTF-8 with a mark at its beginning, by which spreadsheets know it.
///
/// # Errors
/// [`CannotWrite`]: nothing that rows of a scenario hold.
pub fn to_csv(rows: &[Cells]) -> Result<Vec<u8>, CannotWrite> {
    let mut bytes = "\u{feff}".as_bytes().to_vec();
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(&mut bytes);
    for row in neutral(rows) {
        writer
            .write_record(row.iter().map(|cell| cell.as_bytes()))
            .map_err(CannotWrite::Csv)?;
    }
    writer.flush().map_err(|error| CannotWrite::Csv(error.into()))?;
    drop(writer);
    Ok(bytes)
}

/// A workbook with one sheet, `MSEL`: heads that stay, cells that are text, lists where a column has one.
///
/// # Errors
/// [`CannotWrite`]: a cell longer than a spreadsheet holds.
pub fn to_xlsx(rows: &[Cells]) -> Result<Vec<u8>, CannotWrite> {
    let mut book = Workbook::new();
    // No clock is read, so that the same rows give the same bytes.
    book.set_properties(&DocProperties::new().set_creation_datetime(&ExcelDateTime::from_ymd(2026, 1, 1)?));
    let sheet = book.add_worksheet();
    sheet.set_name("MSEL")?;
    sheet.set_freeze_panes(1, 1)?;
    let text = Format::new()
        .set_num_format("@")
        .set_text_wrap()
        .set_align(FormatAlign::Top);
    let head = Format::new().set_bold().set_align(FormatAlign::Top);
    for (no, column) in (0_u16..).zip(Column::ALL) {
        sheet.set_column_width(no, width(column))?;
        sheet.set_column_format(no, &text)?;
        if let Some(words) = words(column) {
            let last = u32::try_from(ROWS_MAX - 1).unwrap_or(u32::MAX);
            let list = DataValidation::new().allow_list_strings(&words)?;
            sheet.add_data_validation(1, no, last, no, &list)?;
        }
    }
    for (at, row) in (0_u32..).zip(neutral(rows)) {
        let format = if at == 0 { &head } else { &text };
        for (no, cell) in (0_u16..).zip(&row) {
            sheet.write_string_with_format(at, no, cell.as_ref(), format)?;
        }
    }
    Ok(book.save_to_buffer()?)
}

/// Wide enough to read, in characters.
const fn width(column: Column) -> u16 {
    match column {
        Column::Text | Column::Expected => 60,
        Column::Planned => 24,
        Column::Controller => 20,
        _ => 14,
    }
}

/// The words that a column takes, where it is a closed list.
fn words(column: Column) -> Option<Vec<&'static str>> {
    match column {
        Column::Type => Some(InjectKind::ALL.iter().map(|kind| kind.name()).collect()),
        Column::Method => Some(Method::ALL.iter().map(|method| method.name()).collect()),
        Column::Precedence => Some(Precedence::ALL.iter().map(|level| level.name()).collect()),
        _ => None,
    }
}
