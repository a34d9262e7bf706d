//! A plan as a spreadsheet: CSV and XLSX in, CSV and XLSX out. `SHEETS.md` says how it is written.
//!
//! Bytes in, values and bytes out; nothing here opens a file. What is read is bounded before it is believed.

mod act;
mod columns;
mod deed;
mod export;
mod fault;
mod grid;
mod import;
mod message;
mod mistake;
mod text;
mod when;
mod write;
mod xlsx;

pub use columns::Column;
pub use deed::show as words;
pub use export::{Became, Cells, export};
pub use grid::{CELL_MAX, COLUMNS_MAX, Cell, FILE_MAX, Grid, ROWS_MAX, Row, csv};
pub use import::{Base, import};
pub use mistake::{Mistake, SheetErrors};
pub use write::{CannotWrite, to_csv, to_xlsx};
pub use xlsx::{INFLATED_MAX, xlsx};

#[cfg(test)]
mod tests;
